"""Chapter 6's map: what it shows is what was measured, in every state, against both controls."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from access import room, until

from mtl_lessons import stored
from mtl_lessons.explorables import Grid, brief
from mtl_lessons.explorables.ads_map import (
    ADS_MEASURES,
    SAY,
    SPAN,
    WIDER,
    AdsMap,
    measured,
)
from mtl_lessons.metrics import interval

STORED = stored.read("three_tasks")
WIDE = stored.read("three_tasks_controls")
MEASURED = measured()
MAP = AdsMap()
PREFIXES = ("", "chosen_", "rating_")


def without_wide(*places: int) -> Grid:
    """The grid, as if the wide control had not been measured at some cells."""
    cells = [
        {k: v for k, v in cell.items() if i not in places or k not in WIDER}
        for i, cell in enumerate(MEASURED["cells"])
    ]
    return Grid.read(
        MEASURED | {"cells": cells}, ADS_MEASURES, SAY, extra=WIDER
    )


def test_it_begins_where_the_harm_is_largest():
    assert MAP.start.point == {"relatedness": 0.0, "labels": 30_000}
    assert MAP.start.gain().mean == min(
        cell.gain().mean for cell in MAP.grid.cells
    )


def test_the_wide_control_is_as_wide_as_the_cure_and_was_measured_everywhere():
    """At the point of the cures it is the same training, so the same numbers."""
    cure = STORED["cures"]["wider"]
    kept = stored.at(WIDE["cells"], relatedness=0.0, labels=30_000)
    for task in PREFIXES:
        np.testing.assert_allclose(
            kept[f"{task}wider"], cure[f"{task}single"], atol=0.003
        )
    assert WIDE["width"] == 24
    assert all(name in cell.runs for cell in MAP.grid.cells for name in WIDER)


def test_a_control_is_trained_as_it_was(monkeypatch):
    """The tasks alone are compared, in worlds with so many labels."""
    from mtl_lessons.three_tasks import controls

    calls = {}

    def compare(frameworks, past, future, progress):
        (calls["one"],) = frameworks
        calls["labels"] = [len(train[1]["user"]) for train in past]
        return [[dict.fromkeys(controls.PREFIX, 0.5)] * len(past)]

    monkeypatch.setattr(controls, "compare", compare)
    found = controls.wider(0.5, 1_000, seeds=2)
    assert found == {"relatedness": 0.5, "labels": 1_000} | {
        name: [0.5, 0.5] for name in WIDER
    }
    assert calls["labels"] == [1_000, 1_000] and not calls["one"].shared


@pytest.mark.parametrize(
    "record",
    MEASURED["cells"],
    ids=lambda record: f"{record['relatedness']}-{record['labels']}",
)
def test_the_words_are_the_measurements(record):
    cell = MAP.grid.at(
        relatedness=record["relatedness"], labels=record["labels"]
    )
    _, *lines = (line.replace("−", "-") for line in MAP.words(cell))
    for line, task in zip(lines, PREFIXES, strict=True):
        expected = []
        for control in ("single", "wider"):
            runs = zip(record[f"{task}{control}"], record[f"{task}shared"])
            gain = interval([b - a for a, b in runs])
            expected += [f"{value:+.3f}" for value in gain]
        # zero has no sign in words
        found = re.findall(r"[+-]?\d\.\d{3}", line)
        zeros = {"-0.000": "0.000", "+0.000": "0.000"}
        assert found == [zeros.get(text, text) for text in expected]


def test_less_of_an_error_is_a_gain_in_words():
    ads, _, ratings = MAP.words(MAP.start)[1:]
    assert ads.count("clear loss") == 2
    assert ratings.count("−0.") and ratings.count("clear gain") == 2


def test_the_table_has_every_gain_and_the_drawing_every_seed():
    table = MAP.table(MAP.start)
    shown = re.findall(r'data-verdict="(\w+)" data-heat="(\d)">([^ ]+) ', table)
    cells = [
        (cell.verdict(control=control), brief(cell.gain(control=control).mean))
        for cell in MAP.grid.cells
        for control in ("single", "wider")
    ]
    assert [(verdict, text) for verdict, _, text in shown] == cells
    assert {heat for verdict, heat, _ in shown if verdict != "unclear"} <= set(
        "1234"
    )
    for cell in MAP.grid.cells:
        svg = ElementTree.fromstring(MAP.draw(cell))
        assert svg.get("role") == "img"
        assert svg.get("aria-label").startswith("AUC of the ads, mean and")
        seeds = [
            len(re.findall("M", path.get("d")))
            for path in svg.iter("path")
            if path.get("class") == "mtl-dots"
        ]
        assert seeds == [5, 5, 5, 5]


def test_help_is_what_both_controls_show():
    assert MAP._guess()["helps"] == [
        cell.verdict() == cell.verdict(control="wider") == "gain"
        for cell in MAP.grid.cells
    ]


def test_most_of_what_ratings_gain_is_a_narrow_control():
    """Of the ads' gain nearly all is left, of the ratings' a third."""
    for cell in MAP.grid.cells:
        narrow, wide = (
            cell.gain("rating_").mean,
            cell.gain("rating_", "wider").mean,
        )
        assert narrow < wide < 0 and wide / narrow < 0.45
    cell = MAP.grid.at(relatedness=0.95, labels=2_000)
    assert cell.gain(control="wider").mean > 0.8 * cell.gain().mean > 0


def test_a_cell_without_the_wide_control_says_so():
    figure = AdsMap(grid=without_wide(0))
    assert figure.table(figure.start).count(SAY["missing"]) == 1
    first, second = figure.grid.cells[:2]
    assert "wide" not in figure.words(first)[1]
    assert "wide" in figure.words(second)[1]
    svg = ElementTree.fromstring(figure.draw(first))
    assert "Alone, wide" not in svg.get("aria-label")
    assert "for the 17 comparisons" in figure.caption
    assert "for the 18 comparisons" in MAP.caption


def test_no_run_lies_off_the_axis():
    runs = [
        run
        for cell in MAP.grid.cells
        for name in ("single", "wider", "shared", "bayes")
        for run in cell.runs[name]
    ]
    assert SPAN[0] < min(runs) and max(runs) < SPAN[1]


def test_a_reader_trains_what_the_map_was_made_of(monkeypatch):
    from mtl_lessons import three_tasks
    from mtl_lessons.three_tasks import controls

    calls = []
    for module, name, cells in (
        (three_tasks, "transfer", STORED["cells"]),
        (controls, "wider", WIDE["cells"]),
    ):
        monkeypatch.setattr(
            module,
            name,
            lambda cells=cells, **arguments: (
                calls.append(arguments) or cells[0]
            ),
        )
    asked = {"relatedness": 0.0, "labels": 2_000, "seeds": 5, "progress": None}
    assert AdsMap().train(**asked) == {**STORED["cells"][0], **WIDE["cells"][0]}
    assert calls == [asked, asked]


@pytest.mark.parametrize("wide", [True, False])
def test_a_point_of_ones_own_stands_in_the_map(wide):
    """With both controls, or, from a function that trains one, with one."""
    record = MEASURED["cells"][4] if wide else STORED["cells"][4]
    figure = AdsMap(train=lambda **_: record | {"labels": 5_000})
    figure.widget.button.click()
    (own,) = figure.widget.own
    assert ("wider" in own.runs) == wide
    assert figure.widget.message.value.startswith('<p role="status">')


def test_a_grid_without_a_task_is_refused():
    less = STORED | {
        "cells": [
            {k: v for k, v in cell.items() if k != "rating_single"}
            for cell in STORED["cells"]
        ]
    }
    with pytest.raises(ValueError, match="found no rating_single"):
        Grid.read(less, ADS_MEASURES, SAY)


# ---------------------------------------------------------------- in a browser


BORDER = "getComputedStyle(document.querySelector('.mtl-map td[aria-current]')).borderTopWidth"


def test_the_chosen_cell_is_seen_in_forced_colours(page):
    """Which know no shadow."""
    shown = page(shown=MAP, copies=1, forced_colors="active")
    assert shown.evaluate(BORDER) == "3px"
    covered = page(shown=MAP, copies=1, guess=True, forced_colors="active")
    assert covered.evaluate(BORDER) == "0px"


def test_on_a_phone_table_dials_and_drawing_fit_one_screen(page):
    figure = page(360, shown=MAP, copies=1).locator("figure")
    top = figure.locator(".mtl-map table").bounding_box()["y"]
    drawing = figure.locator(".mtl-panel svg").bounding_box()
    assert drawing["y"] + drawing["height"] - top < 740 * room(figure.page)


def swipe(opened, slider, dx: int, dy: int) -> None:
    """A finger that comes down in the middle of a slider and moves."""
    box = slider.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = opened.context.new_cdp_session(opened)

    def touch(kind, *points):
        given = {"type": kind, "touchPoints": list(points)}
        session.send("Input.dispatchTouchEvent", given)

    touch("touchStart", {"x": x, "y": y})
    for step in range(1, 11):
        at = {"x": x + dx * step / 10, "y": y + dy * step / 10}
        touch("touchMove", at)
        opened.wait_for_timeout(20)
    touch("touchEnd")


@pytest.fixture
def slider(page):
    """One of the map's, on a phone."""
    opened = page(360, shown=MAP, copies=1, has_touch=True)
    one = opened.get_by_label("Relatedness of ads to items")
    one.scroll_into_view_if_needed()
    return one


def test_a_finger_that_scrolls_the_page_turns_no_slider(slider):
    swipe(slider.page, slider, 0, -200)
    until(slider.page, "scrollY > 50")
    assert slider.input_value() == "0"
    assert slider.get_attribute("aria-valuetext") == "0.00"


def test_a_finger_along_the_slider_turns_it(slider):
    swipe(slider.page, slider, 120, 0)
    assert slider.input_value() == "2"
