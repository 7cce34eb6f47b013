"""Chapter 2's second figure: what it shows is what a trained model gives, in words and drawn."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from figure import as_browsers_write, turned

from mtl_lessons import shared_networks as sn
from mtl_lessons import stored
from mtl_lessons.explorables.gates import (
    CELL,
    LEFT,
    MAP,
    NEXT,
    ROW,
    SHADES,
    Gates,
)

GATES = Gates()


def small(a, b) -> Gates:
    """A figure of maps by hand, `(experts, side, side)`."""
    weights = {"a": np.array(a).tolist(), "b": np.array(b).tolist()}
    return Gates({"weights": weights, "error": 0.0})


def halves(side: int = 4) -> np.ndarray:
    """Two experts: the first has 0.2 left, 0.8 right; the second the rest."""
    first = np.full((side, side), 0.2)
    first[:, side // 2 :] = 0.8
    return np.stack([first, 1 - first])


def test_the_stored_gates_are_those_of_a_model_trained_now():
    kept, fresh = stored.read("shared_networks")["gates"], sn.gate_map()
    # it solves both tasks: a constant guess has an error near 0.5
    assert kept["error"] < 0.02 and fresh["error"] < 0.02
    for task in sn.TASKS:
        np.testing.assert_allclose(
            kept["weights"][task], fresh["weights"][task], atol=0.15
        )
        # rounded to two decimals
        np.testing.assert_allclose(
            np.sum(kept["weights"][task], 0), 1, atol=0.021
        )


def test_the_rules_change_where_the_page_says():
    x = np.array([[-0.5, 0.3], [0.5, 0.3], [0.3, -0.5], [0.3, 0.5]])
    y = sn.two_rules(x)
    np.testing.assert_allclose(y[:2, 0], [np.sin(1.2), np.cos(1.2)])
    np.testing.assert_allclose(y[2:, 1], [np.sin(1.2), np.cos(1.2)])


# ---------------------------------------------------------------- how the square is divided


def test_moved_weight_by_hand():
    left_and_right, level = halves(), halves().transpose(0, 2, 1)
    figure = small(left_and_right, level)
    assert figure.moved("a", "a") == pytest.approx(0.6)
    assert figure.moved("a", "b") == pytest.approx(0.0)
    assert figure.moved("b", "b") == pytest.approx(0.6)
    assert figure.moved("b", "a") == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("turned_a", "turned_b", "right"),
    [(False, False, 0), (True, True, 1), (False, True, 2), (True, False, 3)],
)
def test_the_right_answer_follows_from_the_maps(turned_a, turned_b, right):
    """A gate that divides the square left and right does so at a's line."""
    maps = [
        halves().transpose(0, 2, 1) if turn else halves()
        for turn in (turned_a, turned_b)
    ]
    assert small(*maps).guess.right == right


def test_what_the_guess_is_told_is_what_is_stored():
    """Both by another way: total variation between the mean mixes of two halves."""
    kept = stored.read("shared_networks")["gates"]
    said = re.findall(r"0\.\d+", GATES.guess.told)
    found = []
    for task, own in (("a", 2), ("b", 1)):
        maps = np.array(kept["weights"][task])
        for axis in (own, 3 - own):
            one, other = np.split(maps, 2, axis=axis)
            mixes = one.mean((1, 2)), other.mean((1, 2))
            found.append(np.maximum(*mixes).sum() - mixes[0].sum())
    np.testing.assert_allclose(list(map(float, said[:4])), found, atol=0.011)
    assert float(said[4]) == kept["error"]
    own_a, other_a, own_b, other_b = found
    assert GATES.guess.right == 0 and own_a > other_a and own_b < other_b


# ---------------------------------------------------------------- words and drawing


def test_words_by_hand():
    figure = small(halves(), halves().transpose(0, 2, 1))
    assert figure.words({"x1": 0.75, "x2": -0.25}) == [
        "At x₁ = 0.75, x₂ = −0.25",
        "The gate of a gives the most to expert 1: 0.80.",
        "The gate of b gives the most to expert 2: 0.80.",
    ]


def test_every_state_on_an_edge_is_well_formed_and_has_a_label():
    for state in (GATES.states[0], GATES.states[-1], GATES.start):
        svg = ElementTree.fromstring(GATES.draw(state))
        assert svg.get("role") == "img" and len(svg.get("aria-label")) > 15


def test_a_cell_is_as_dark_as_its_weight_and_stands_in_its_place():
    """The layers over each cell are the levels that its weight reaches."""
    root = ElementTree.fromstring(GATES.draw(GATES.start))
    maps = [g for g in root.iter("g") if "mtl-heat" in g.get("class")]
    assert len(maps) == 8
    for i, group in enumerate(maps):
        task, expert = "ab"[i // 4], i % 4
        left, top = LEFT + NEXT * expert, ROW * (i // 4) + MAP
        layers = np.zeros((16, 16), int)
        for path in group.iter("path"):
            for spans in re.findall(r"M(\d+) (\d+)h(\d+)", path.get("d")):
                x, y, width = map(int, spans)
                row = 15 - (y - top) // CELL
                start = (x - left) // CELL
                layers[row, start : start + width // CELL] += 1
        weights = GATES.weights[task][expert]
        expected = sum(
            (weights >= level - 1e-9).astype(int) for level in SHADES
        )
        np.testing.assert_array_equal(layers, expected)


def test_each_task_has_its_rule_and_each_map_its_number():
    svg = GATES.draw(GATES.start)
    rules = re.findall(r'class="mtl-rule" d="M\d+ \d+([vh])128"', svg)
    assert rules == ["v"] * 4 + ["h"] * 4
    numbers = re.findall(r"<text[^>]*>(0\.\d\d)</text>", svg)
    expected = [
        f"{weight:.2f}"
        for task in "ab"
        for weight in GATES.at(task, GATES.start)
    ]
    assert numbers == expected


# ---------------------------------------------------------------- in a browser


def test_the_browser_draws_the_same(page):
    figure = page(shown=GATES, copies=1).locator("figure")
    states = [GATES.start, *GATES.states[::23]]
    for state, (words, drawing) in zip(
        states, turned(figure, GATES, states), strict=True
    ):
        assert words == GATES.says(state)
        assert drawing == as_browsers_write(GATES.draw(state))


def test_the_point_is_dragged_in_any_map(page):
    opened = page(shown=GATES, copies=1)
    figure = opened.locator("figure")
    box = figure.locator("[data-held='1.3'] circle").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    unit = figure.locator("svg").bounding_box()["width"] / 640
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x + 5 * CELL * unit, y + 4 * CELL * unit, steps=4)
    opened.mouse.up()
    first, second = GATES.axes
    columns = first.values.index(GATES.start["x1"]) + 5
    rows = second.values.index(GATES.start["x2"]) - 4
    assert figure.get_by_label("x₁").input_value() == str(columns)
    assert figure.get_by_label("x₂").input_value() == str(rows)


def moved_by_keys(opened, figure) -> list[int]:
    """By how many cells the arrows to the right and down move the point."""
    dials = [figure.get_by_label(name) for name in ("x₁", "x₂")]
    before = [int(dial.input_value()) for dial in dials]
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowDown")
    return [int(d.input_value()) - b for d, b in zip(dials, before)]


def test_arrow_keys_move_the_point(page):
    """The eight points are one, and one stop of the Tab key."""
    opened = page(shown=GATES, copies=1)
    figure = opened.locator("figure")
    grip = figure.get_by_role("button", name=re.compile("moved by arrow keys"))
    assert grip.count() == 1
    assert grip.get_attribute("aria-label").startswith("Point in all maps")
    grip.focus()
    assert moved_by_keys(opened, figure) == [1, -1]


def test_a_point_that_was_taken_in_any_map_is_moved_on_by_keys(page):
    opened = page(shown=GATES, copies=1)
    figure = opened.locator("figure")
    box = figure.locator("[data-held='1.3'] circle").first.bounding_box()
    opened.mouse.click(
        box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    )
    assert moved_by_keys(opened, figure) == [1, -1]
