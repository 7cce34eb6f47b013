"""Chapter 4's second figure against the formulas that the package serves, and in a browser."""

import random

import numpy as np
from figure import Tags, as_browsers_write, turned

from mtl_lessons import inputs_outputs as io
from mtl_lessons.explorables import points
from mtl_lessons.explorables.fusion import (
    FORMS,
    HEADS,
    VIDEOS,
    WRONG,
    Fusion,
    order,
    scores,
)

FUSION = Fusion()


def video_predictions(point):
    factors = WRONG[point["wrong"]]
    click, like, minutes, new = (
        np.array(column) for column in zip(*VIDEOS.values(), strict=True)
    )
    return {
        "click": click,
        "like": like * np.where(new, factors[1], factors[0]),
        "minutes": minutes,
    }


def test_fusion_is_what_the_package_serves():
    for point in points(FUSION.axes):
        weights = {head: point[head] for head in HEADS}
        fuse = io.weighted_sum if point["form"] == "sum" else io.power
        np.testing.assert_allclose(
            list(scores(point).values()),
            fuse(video_predictions(point), weights),
            rtol=1e-12,
        )


def test_one_factor_for_all_moves_sums_and_never_powers():
    moved = dict.fromkeys(FORMS, 0)
    for point in points(FUSION.axes):
        if point["wrong"] == "all":
            moved[point["form"]] += order(point) != order(point, right=True)
    assert moved["powers"] == 0 < moved["sum"]


def test_what_is_wrong_for_new_videos_moves_powers_too():
    point = {
        "form": "powers",
        "click": 1.0,
        "like": 1.0,
        "minutes": 0.0,
        "wrong": "new",
    }
    assert order(point) != order(point, right=True)
    assert (
        "▲" in FUSION.draw(point)
        and "stand elsewhere" in FUSION.words(point)[2]
    )


def test_equal_scores_stand_as_listed():
    point = FUSION.start | dict.fromkeys(HEADS, 0.0)
    assert order(point) == list(VIDEOS)
    Tags(FUSION.draw(point))


def test_the_browser_fuses_as_python_does(page):
    figure = page(shown=FUSION).locator("figure").first
    chosen = random.Random(0).sample(points(FUSION.axes), 60)
    for point, (words, drawing) in zip(
        chosen, turned(figure, FUSION, chosen), strict=True
    ):
        assert words == FUSION.says(point)
        assert drawing == as_browsers_write(FUSION.draw(point)), point
