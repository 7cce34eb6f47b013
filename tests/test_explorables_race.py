"""Chapter 3's race: losses by hand, paths in package and browser, what is told."""

import re
from itertools import pairwise

import numpy as np
import pytest
from figure import as_browsers_write, turned
from test_explorables_two_gradients import same_but_for_the_last_digit

from mtl_lessons.explorables import race as shown

RACE = shown.Race()
BOWL, OTHER = shown.LANDSCAPES["bowls"]
BENT, _ = shown.LANDSCAPES["valley"]


def state(**changes):
    return RACE.start | changes


def test_losses_and_gradients_by_hand():
    # ½ · 1 · (1 + 1)² + ½ · 3 · (0.4 + 0.6)²
    assert BOWL.value(np.array([1.0, 0.4])) == pytest.approx(3.5)
    assert BOWL.gradient(np.array([1.0, 0.4])) == pytest.approx([2.0, 3.0])
    # y - d - k x² = 0.6 + 0.6 - 0.4 = 0.8, times q = 2, times -2 k x = -0.8
    assert BENT.gradient(np.array([1.0, 0.6])) == pytest.approx([0.72, 1.6])


@pytest.mark.parametrize("loss", [BOWL, OTHER, BENT])
def test_the_gradient_is_the_slope_of_the_loss(loss):
    at, tiny = np.array([0.7, -1.1]), 1e-6
    steps = np.eye(2) * tiny
    slope = [
        (loss.value(at + step) - loss.value(at - step)) / (2 * tiny)
        for step in steps
    ]
    np.testing.assert_allclose(loss.gradient(at), slope, atol=1e-6)


@pytest.mark.parametrize("case", shown.LANDSCAPES)
def test_on_the_front_no_step_lowers_both_losses(case):
    """The gradients there point against each other, or one is 0."""
    for at in shown.front(case):
        a, b = (loss.gradient(at) for loss in shown.LANDSCAPES[case])
        length = np.linalg.norm(a) * np.linalg.norm(b)
        assert a @ b == pytest.approx(-length, abs=1e-9)


@pytest.mark.parametrize("case", shown.LANDSCAPES)
def test_a_contour_joins_places_of_one_loss(case):
    drawn = shown.ground(case)["a"].split("z")[0]
    for spot in drawn[1:].split("L"):
        x, y = map(float, spot.split())
        half, unit = shown.SIDE / 2, shown.UNIT
        at = np.array([(x - half) / unit, (half - y) / unit])
        found = shown.LANDSCAPES[case][0].value(at)
        assert found == pytest.approx(shown.CONTOURS[0], abs=0.02)


def test_the_first_step_by_hand():
    """At (-1.4, 1.6) the gradients are (-0.4, 6.6) and (-7.2, 1)."""
    found = shown.paths("bowls", 1.0, 0.0, -1.4, 1.6)
    mean = np.array([-3.8, 3.8])
    np.testing.assert_allclose(
        found["mean"][1], [-1.4, 1.6] - 0.05 * mean, atol=1e-9
    )
    # no conflict: PCGrad takes the mean, too
    np.testing.assert_allclose(found["pcgrad"][1], found["mean"][1], atol=1e-6)
    # with a factor of 10 and noise 0.5, drawn as (a, b)
    a, b = shown.draws()[0]
    noisy = shown.paths("bowls", 10.0, 0.5, -1.4, 1.6)["mean"][1]
    grad_a, grad_b = np.array([-0.4, 6.6]), np.array([-7.2, 1.0])
    step = (grad_a + 0.5 * a + 10 * (grad_b + 0.5 * b)) / 2
    np.testing.assert_allclose(noisy, [-1.4, 1.6] - 0.05 * step, atol=1e-9)


def apart(path, other):
    """The greatest distance of a place of `path` to the line through `other`."""
    fine = np.concatenate([np.linspace(p, q, 50) for p, q in pairwise(other)])
    return max(np.linalg.norm(fine - place, axis=1).min() for place in path)


def test_what_the_guess_is_told_is_so():
    with_factor = shown.paths("bowls", 10.0, 0.0, -1.4, 1.6)
    without = shown.paths("bowls", 1.0, 0.0, -1.4, 1.6)
    moved = {name: apart(with_factor[name], without[name]) for name in without}
    assert moved.pop("imtlg") < 0.1
    assert all(distance > 0.3 for distance in moved.values()), moved
    losses = RACE.ends(state(scale=10.0)), RACE.ends(state(scale=1.0))
    for name in ("mean", "pcgrad", "cagrad"):  # towards b
        assert losses[0][name][1] < losses[1][name][1] - 0.3
    assert losses[0]["mgda"][0] < losses[1]["mgda"][0] - 0.3  # towards a


def test_the_start_is_the_interesting_state_in_words():
    assert RACE.words(RACE.start) == [
        "Step 60, two bowls, loss b × 10",
        "Lowest loss a, 0.00: MGDA.",
        "Lowest loss b, 0.01: PCGrad = UPGrad.",
    ]


STATES = [
    state(),
    state(step=0),
    state(step=17, case="valley", scale=0.1),
    state(case="valley", scale=1.0, noise=2.0, x=2.0, y=-2.0),
    state(step=33, scale=1.0, noise=0.5, x=0.0, y=0.0),
]


def test_the_browser_runs_the_same_race(page):
    figure = page(shown=RACE, copies=1).locator("figure")
    for at, (words, drawing) in zip(
        STATES, turned(figure, RACE, STATES), strict=True
    ):
        expected = " ".join(RACE.says(at).split())
        same_but_for_the_last_digit(words, expected, 0.01)
        same_but_for_the_last_digit(
            drawing, as_browsers_write(RACE.draw(at)), 0.1
        )


def test_the_start_is_dragged(page):
    opened = page(shown=RACE, copies=1)
    figure = opened.locator("figure")
    box = figure.locator("[data-held=start] circle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    scale = figure.locator("svg").bounding_box()["width"] / shown.SIDE
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x + shown.UNIT * scale, y, steps=4)
    opened.mouse.up()
    dial = figure.get_by_label(re.compile("Start, x"))
    assert dial.get_attribute("aria-valuetext") == "−0.4"
    assert RACE.draw(state(x=-0.4)).count("L") > 100


def test_arrow_keys_move_the_start(page):
    opened = page(shown=RACE, copies=1)
    figure = opened.locator("figure")
    figure.get_by_role("button", name="Start, moved by arrow keys").focus()
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowDown")
    said = [
        figure.get_by_label(f"Start, {xy}").get_attribute("aria-valuetext")
        for xy in "xy"
    ]
    assert said == ["−1.3", "1.5"]
