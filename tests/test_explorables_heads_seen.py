"""Chapter 5's figure: it says and draws what was measured, in every position."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from figure import as_browsers_write, turned

from mtl_lessons import stored, two_tasks
from mtl_lessons.explorables import points
from mtl_lessons.explorables.heads_seen import (
    AXES,
    HISTORIES,
    HOBBIES,
    LONG,
    PEOPLE,
    STEP,
    TOP,
    HeadsSeen,
)
from mtl_lessons.world import World

FOUND = stored.read("two_tasks")["seen"]
FIGURE = HeadsSeen()
POINTS = points(FIGURE.axes)


def test_there_is_a_record_for_every_position_and_no_other():
    records = [FIGURE.record(point) for point in POINTS]
    assert len(POINTS) == len(FOUND) == 24 and {
        id(record) for record in records
    } == {id(record) for record in FIGURE.found}


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


def test_everybody_and_every_tag_has_a_name_of_its_own():
    assert len(set(HOBBIES)) == len(HOBBIES) == two_tasks.TAGS
    assert len(set(PEOPLE)) == len(PEOPLE) == len(HISTORIES)


def test_the_histories_are_those_of_the_world():
    world = World(seed=0, **two_tasks.WORLD)
    rows = two_tasks.Data.of_world(world).test.x
    for user, tags in HISTORIES.items():
        assert world.catalogue.category[rows[user]].tolist() == list(tags)


# ---------------------------------------------------------------- the guess


def test_the_interest_head_is_the_one_that_its_partner_helps():
    """What the guess is told, from the records, by another way."""
    far = {
        (head, trained): np.mean(
            [
                np.abs(np.array(one[head]) - one[f"true_{head}"])
                for one in FOUND
                if one["trained"] == trained and one["length"] == 10
            ]
        )
        for head in ("items", "tags")
        for trained in ("both", "alone")
    }
    said = re.findall(r"0\.\d{3}", FIGURE.guess.told)
    order = (
        ("tags", "both"),
        ("tags", "alone"),
        ("items", "both"),
        ("items", "alone"),
    )
    assert said == [f"{far[one]:.3f}" for one in order]
    assert far["tags", "alone"] > far["tags", "both"] + 0.05
    assert abs(far["items", "alone"] - far["items", "both"]) < 0.05
    assert FIGURE.guess.options[FIGURE.guess.right] == "The interest head"


def test_without_a_history_everybody_gets_the_same_answer():
    for trained in ("both", "alone"):
        alike = {
            (tuple(one["items"]), tuple(one["tags"]))
            for one in FOUND
            if one["length"] == 0 and one["trained"] == trained
        }
        assert len(alike) == 1
    words = FIGURE.words({"user": "Ben", "length": 0, "trained": "both"})
    assert "nothing of Ben" in words[1]


# ---------------------------------------------------------------- the drawing


@pytest.mark.parametrize("point", POINTS[::5], ids=str)
def test_bars_and_marks_stand_where_the_numbers_are(point):
    record = FIGURE.record(point)
    root = ElementTree.fromstring(FIGURE.draw(point))
    names = [
        text.text
        for text in root.iter("text")
        if text.get("class") == "mtl-name"
    ]
    likes = dict(zip(HOBBIES, record["true_tags"]))
    assert names == sorted(HOBBIES, key=lambda name: -likes[name])
    order = [HOBBIES.index(name) for name in names]
    bars = [
        path.get("d")
        for path in root.iter("path")
        if path.get("class") == "mtl-bar"
    ]
    (marks,) = [
        path.get("d")
        for path in root.iter("path")
        if path.get("class") == "mtl-true" and "M4 3" not in path.get("d")
    ]
    places = [
        tuple(map(int, one)) for one in re.findall(r"M(\d+) (\d+)v14", marks)
    ]
    for i, (head, bar) in enumerate(zip(("items", "tags"), bars, strict=True)):
        end = 1.0 if head == "tags" else FIGURE._end(point["user"], "items")
        lengths = np.array([int(long) for long in re.findall(r"h(\d+)", bar)])
        np.testing.assert_allclose(
            lengths, LONG * np.array(record[head])[order] / end, atol=0.51
        )
        of_head = places[12 * i : 12 * (i + 1)]
        truth = np.array(record[f"true_{head}"])[order]
        np.testing.assert_allclose(
            [x - AXES[head] for x, _ in of_head], LONG * truth / end, atol=0.51
        )
        assert [y + 7 for _, y in of_head] == [
            TOP + STEP * n for n in range(12)
        ]


def test_the_item_head_fills_at_least_half_of_its_axis():
    """Its axis ends where the largest of a person's values needs it."""
    for user in PEOPLE:
        end = FIGURE._end(user, "items")
        most = max(
            value
            for record in FOUND
            if PEOPLE[record["user"]] == user
            for value in (*record["items"], *record["true_items"])
        )
        assert 0.5 * end < most <= end <= 1


def test_every_state_has_a_label():
    for point in POINTS:
        root = ElementTree.fromstring(FIGURE.draw(point))
        assert root.get("role") == "img" and len(root.get("aria-label")) > 15


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
        "Ana, 2 items in the history, both tasks together",
        "The history, by hobby: gardening, hiking.",
        "Item head: cooking first. Interest head: hiking first.",
        "Mean distance from the truth: item head 0.200, interest head 0.200.",
    ]


def test_the_browser_draws_the_same(page):
    figure = page(shown=FIGURE, copies=1).locator("figure")
    for point, (words, drawing) in zip(
        POINTS, turned(figure, FIGURE, POINTS), strict=True
    ):
        assert words == FIGURE.says(point)
        assert drawing == as_browsers_write(FIGURE.draw(point))


def test_the_scales_were_measured_in_five_worlds():
    for point in stored.read("two_tasks")["scales"]:
        assert len(point["item"]) == len(point["interest"]) == 5
