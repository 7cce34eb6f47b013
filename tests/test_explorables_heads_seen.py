"""Chapter 5's figure: it says and draws what was measured, in every position."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from mtl_lessons import stored
from mtl_lessons.explorables import points
from mtl_lessons.explorables.heads_seen import HEIGHT, HeadsSeen

FOUND = stored.read("two_tasks")["seen"]
FIGURE = HeadsSeen()
POINTS = points(FIGURE.axes)


def test_there_is_a_record_for_every_position_and_no_other():
    records = [stored.at(FOUND, **point) for point in POINTS]
    assert len(POINTS) == len(FOUND) == 24 and {
        id(record) for record in records
    } == {id(record) for record in FOUND}


def test_what_is_measured_are_probabilities():
    for record in FOUND:
        for name in ("items", "true_items"):
            # of the next item, by kind
            assert sum(record[name]) == pytest.approx(1, abs=0.01)
        assert all(
            0 <= value <= 1
            for name in ("tags", "true_tags")
            for value in record[name]
        )


@pytest.mark.parametrize("point", POINTS[::5], ids=str)
def test_columns_and_marks_stand_where_the_numbers_are(point):
    record = stored.at(FOUND, **point)
    root = ElementTree.fromstring(FIGURE.draw(point))
    paths = [
        path.get("d")
        for path in root.iter("path")
        if path.get("class") != "mtl-axis"
    ]
    for drawn, name in zip(
        paths, ("items", "true_items", "tags", "true_tags"), strict=True
    ):
        if name.startswith("true"):
            low = 104 if name == "true_items" else 228
            heights = [
                low - int(y) for y in re.findall(r"M\d+ (\d+)h20", drawn)
            ]
        else:
            heights = [int(height) for height in re.findall(r"v-(\d+)", drawn)]
        assert np.allclose(heights, HEIGHT * np.array(record[name]), atol=0.51)
    assert root.get("role") == "img" and root.get("aria-label")


def test_words_by_hand():
    record = {
        "user": 0,
        "length": 2,
        "trained": "both",
        "items": [0.2, 0.8],
        "tags": [0.9, 0.5],
    }
    record |= {"true_items": [0.4, 0.6], "true_tags": [0.8, 0.8]}
    figure = HeadsSeen(
        [record | {"trained": kind} for kind in ("both", "alone")]
    )
    assert figure.words(figure.start) == [
        "User 1, 2 items in the history, both tasks together",
        "Item head: kind 2 first. Interest head: tag 1 first.",
        "Mean distance from the truth: item head 0.200, interest head 0.200.",
    ]


def test_the_scales_were_measured_in_five_worlds():
    for point in stored.read("two_tasks")["scales"]:
        assert len(point["item"]) == len(point["interest"]) == 5
