"""Chapter 8's figure: it says and draws what its grid holds."""

import re

import numpy as np
import pytest
from access import room
from figure import Tags

from mtl_lessons import stored
from mtl_lessons.evaluation import policies, policy_grid
from mtl_lessons.explorables import policy_value as shown
from mtl_lessons.explorables.policy_value import PolicyValue

GRID = stored.read("evaluation_policy")
FIGURE = PolicyValue()


def test_the_grid_is_the_one_that_the_recipe_makes():
    points = [(c["temperature"], c["clip"]) for c in GRID["cells"]]
    written = policy_grid._written
    assert points == [
        (written(t), written(c))
        for t in policy_grid.TEMPERATURES
        for c in policy_grid.CLIPS
    ]
    assert shown.ESTIMATORS == policies.ESTIMATORS
    assert GRID["truth"] == pytest.approx(policy_grid.truth(100_000), abs=0.006)


def test_what_the_guess_is_told_is_so():
    guess = FIGURE.guess
    cell = FIGURE.cell(FIGURE.start)
    assert f"{cell['replay']['mean']:.2f}" in guess.ask
    assert cell["replay"]["mean"] > FIGURE.old > FIGURE.true
    assert f"{FIGURE.true:.2f}" in guess.options[guess.right]
    best = FIGURE.cell(guess.at)["DR"]
    assert abs(best["mean"] - FIGURE.true) < 0.01
    # no estimator repairs the log without exploration
    for name in shown.ESTIMATORS:
        assert abs(cell[name]["mean"] - FIGURE.true) > 0.02


def test_it_says_the_estimates_and_the_best_of_them():
    state = {"temperature": 1.0, "clip": 5.0}
    point, said, best = FIGURE.words(state)
    cell = FIGURE.cell(state)
    assert point.endswith("Largest weight 5")
    for name in shown.ESTIMATORS:
        assert f"{name} {cell[name]['mean']:.2f} ±" in said
    errors = {
        name: np.hypot(cell[name]["sd"], cell[name]["mean"] - FIGURE.true)
        for name in shown.ESTIMATORS
    }
    assert min(errors, key=errors.get) in best


def test_every_state_is_drawn_inside_its_frame():
    for state in FIGURE.states:
        svg = FIGURE.draw(state)
        Tags(svg)
        dots = re.findall(r"data-key='\d' d='M(\d+) (\d+)h0'", svg)
        assert len(dots) == len(shown.ESTIMATORS)
        places = np.array(dots, dtype=float)
        assert (places[:, 0] >= shown.LEFT).all()
        assert (places[:, 0] <= shown.RIGHT).all()
        cell = FIGURE.cell(state)
        for (x, _), name in zip(dots, shown.ESTIMATORS):
            assert int(x) == shown._x(cell[name]["mean"])


def test_no_estimate_lies_outside_of_the_axis():
    low, high = shown.WORTH
    for cell in GRID["cells"]:
        for name in shown.ESTIMATORS:
            assert low <= cell[name]["quantiles"][0]
            assert cell[name]["quantiles"][-1] <= high


def test_the_truth_is_covered_until_one_has_guessed(page):
    figure = page(760, shown=FIGURE, copies=1).locator("figure")
    true = figure.locator(".mtl-true").first
    assert not true.is_visible()
    figure.locator(".mtl-answers button").nth(2).click()
    assert true.is_visible()


def test_on_a_phone_dials_and_drawing_are_on_one_screen(page):
    figure = page(360, shown=FIGURE, copies=1).locator("figure")
    top = figure.locator("fieldset").bounding_box()["y"]
    drawn = figure.locator("svg").last.bounding_box()
    assert drawn["y"] + drawn["height"] - top < 740 * room(figure.page)
