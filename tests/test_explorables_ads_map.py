"""Chapter 6's map: what it shows is what was measured, in every state."""

import re
from xml.etree import ElementTree

import pytest

from mtl_lessons import stored
from mtl_lessons.explorables import Grid, brief
from mtl_lessons.explorables.ads_map import MEASURES, SAY, SPAN, AdsMap
from mtl_lessons.metrics import interval

STORED = stored.read("three_tasks")


def test_it_begins_where_the_harm_is_largest():
    start = AdsMap().start
    assert start.point == {"relatedness": 0.0, "labels": 30_000}
    assert start.gain().mean == min(
        cell.gain().mean for cell in AdsMap().grid.cells
    )


@pytest.mark.parametrize(
    "record",
    STORED["cells"],
    ids=lambda record: f"{record['relatedness']}-{record['labels']}",
)
def test_the_words_are_the_measurements(record):
    the_map = AdsMap()
    cell = the_map.grid.at(
        relatedness=record["relatedness"], labels=record["labels"]
    )
    _, ads, items, ratings = (
        line.replace("−", "-") for line in the_map.words(cell)
    )
    for line, task in ((ads, ""), (items, "chosen_"), (ratings, "rating_")):
        gain = interval(
            [
                b - a
                for a, b in zip(
                    record[f"{task}single"], record[f"{task}shared"]
                )
            ]
        )
        assert re.findall(r"[+-]\d\.\d{3}", line) == [
            f"{value:+.3f}" for value in gain
        ]


def test_the_table_has_every_cell_and_the_drawing_every_seed():
    the_map = AdsMap()
    table = the_map.table(the_map.start)
    for cell in the_map.grid.cells:
        assert brief(cell.gain().mean) in table
        svg = ElementTree.fromstring(the_map.draw(cell))
        assert svg.get("role") == "img" and "Single task" in svg.get(
            "aria-label"
        )
        seeds = [
            len(re.findall("M", path.get("d")))
            for path in svg.iter("path")
            if path.get("class") == "mtl-dots"
        ]
        assert seeds == [5, 5, 5]


def test_no_run_lies_off_the_axis():
    runs = [
        run
        for cell in AdsMap().grid.cells
        for name in ("single", "shared", "bayes")
        for run in cell.runs[name]
    ]
    assert SPAN[0] < min(runs) and max(runs) < SPAN[1]


def test_a_reader_trains_what_the_map_was_made_of(monkeypatch):
    from mtl_lessons import three_tasks

    calls = []
    monkeypatch.setattr(
        three_tasks,
        "transfer",
        lambda **arguments: calls.append(arguments) or STORED["cells"][0],
    )
    assert (
        AdsMap().train(relatedness=0.0, labels=2_000, seeds=5, progress=None)
        == STORED["cells"][0]
    )
    assert calls == [
        {"relatedness": 0.0, "labels": 2_000, "seeds": 5, "progress": None}
    ]


def test_a_grid_without_a_task_is_refused():
    less = STORED | {
        "cells": [
            {k: v for k, v in cell.items() if k != "rating_single"}
            for cell in STORED["cells"]
        ]
    }
    with pytest.raises(ValueError, match="found no rating_single"):
        Grid.read(less, MEASURES, SAY)
