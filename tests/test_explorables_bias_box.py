"""Chapter 4's first figure: it says and draws what its grid holds, which is what training gives."""

import re

import numpy as np
import pytest
from figure import Tags

from mtl_lessons import inputs_outputs as io
from mtl_lessons import stored
from mtl_lessons.explorables.bias_box import BiasBox
from mtl_lessons.explorables.drawing import LEFT, RIGHT

GRID = stored.read("inputs_outputs_bias")
BOX = BiasBox()


def test_the_grid_is_the_one_that_the_recipe_makes():
    dials = [
        (cell["confounding"], cell["selection_bias"]) for cell in GRID["cells"]
    ]
    assert dials == [
        (c, b) for c in io.funnel.CONFOUNDING for b in io.funnel.SELECTION
    ]
    assert all(
        len(cell[name][measure]) == 5
        for cell in GRID["cells"]
        for name in io.funnel.ESTIMATORS
        for measure in io.funnel.MEASURES
    )


def test_the_stored_grid_is_what_training_gives():
    """One seed alone starts from other weights than the five that were trained side by side.

    So numbers are near, not equal; they are nearer than those of another estimator.
    """
    (fresh,) = io.funnel.compare(
        [{"selection_bias": 1.0}], ["natural"], seeds=1
    )
    kept = BOX.scores(confounding=0.0, selection_bias=1.0)
    found = {
        measure: fresh["natural"][measure][0]
        for measure in ("auc", "ratio", "ratio_clicked", "error")
    }
    assert found == pytest.approx(
        {measure: kept["natural"][measure][0] for measure in found}, abs=0.15
    )
    assert abs(found["auc"] - kept["natural"]["auc"][0]) < 0.02
    # of the same world, so equal but for the rounding
    truth = {measure: fresh["bayes"][measure][0] for measure in found}
    assert truth == pytest.approx(
        {measure: kept["bayes"][measure][0] for measure in found}, abs=0.001
    )
    assert abs(found["ratio"] - kept["naive"]["ratio"][0]) > 0.15


def test_the_box_says_what_the_grid_holds():
    point, line, gain = BOX.words(BOX.start)
    scores = BOX.scores(confounding=0.0, selection_bias=0.7)
    assert (
        point
        == "Weight of the hidden mood 0.00, Selection bias 0.70, all impressions"
    )
    assert (
        f"naive {np.mean(scores['naive']['ratio']):.2f}" in line
        and f"ESMM {np.mean(scores['esmm']['ratio']):.2f}" in line
    )
    assert (
        f"{np.mean(np.subtract(scores['esmm']['auc'], scores['naive']['auc'])):+.3f}"
        in gain
    )
    clicks = BOX.words(BOX.start | {"judged": "clicks"})[1]
    assert f"naive {np.mean(scores['naive']['ratio_clicked']):.2f}" in clicks


def test_every_state_of_the_box_is_drawn_inside_its_frame():
    for point in BOX.states:
        Tags(BOX.draw(point))
        places = [
            float(place)
            for place in re.findall(r"M(\d+) \d+h0", BOX.draw(point))
        ]
        assert len(places) == 30 and all(
            LEFT <= place <= RIGHT for place in places
        )
