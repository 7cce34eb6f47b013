"""Chapter 4's second figure against the formulas that the package serves, and in a browser."""

import random
import re

import numpy as np
import pytest
from figure import Tags, as_browsers_write, turned

from mtl_lessons import inputs_outputs as io
from mtl_lessons.explorables import points
from mtl_lessons.explorables.fusion import (
    FORMS,
    FUSED_HEADS,
    VIDEOS,
    WRONG,
    FusionFigure,
    order,
    parts,
    scores,
)

FUSION = FusionFigure()


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
        weights = {head: point[head] for head in FUSED_HEADS}
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
        and "stand elsewhere" in FUSION.words(point)[3]
    )


def test_equal_scores_stand_as_listed():
    point = FUSION.start | dict.fromkeys(FUSED_HEADS, 0.0)
    assert order(point) == list(VIDEOS)
    Tags(FUSION.draw(point))


def test_the_parts_of_a_bar_add_up_to_the_score():
    """Of a product, to its logarithm, but for a constant."""
    for point in random.Random(1).sample(points(FUSION.axes), 40):
        added = np.array([sum(one) for one in parts(point).values()])
        assert (np.array(list(parts(point).values())) >= 0).all()
        found = np.array(list(scores(point).values()))
        if point["form"] == "powers":
            found = np.log(found)
            added, found = added - added[0], found - found[0]
        np.testing.assert_allclose(added, found, atol=1e-9)


def test_the_bars_are_the_parts_and_the_longest_is_full():
    state = FUSION.start | {"minutes": 0.5, "form": "powers"}
    bars = re.findall(r"M([\d.]+) \d+h([\d.]+)\"", FUSION.draw(state))
    rows = np.array(bars[3:], dtype=float).reshape(-1, 3, 2)
    # each begins where the one before it ends
    np.testing.assert_allclose(
        rows[:, 1:, 0], rows[:, :-1].sum(axis=2), atol=0.11
    )
    wide = rows[:, :, 1].sum(axis=1)
    assert wide[0] == pytest.approx(160, abs=0.2)
    assert (np.diff(wide) <= 0.1).all()


@pytest.mark.parametrize(
    "weights, said",
    [
        ((1.0, 2.0, 0.0), "A like counts as much as 2.00 clicks."),
        (
            (2.0, 0.5, 1.5),
            "A like counts as much as 0.25 clicks. "
            "A minute counts as much as 0.75 clicks.",
        ),
        ((0.0, 1.0, 2.0), "A minute counts as much as 2.00 likes."),
        ((0.0, 1.0, 0.0), "All that counts is like."),
        ((0.0, 0.0, 0.0), "No head counts: all scores are equal."),
    ],
)
def test_the_exchange_rate_in_words(weights, said):
    state = FUSION.start | dict(zip(FUSED_HEADS, weights, strict=True))
    assert FUSION.words(state)[2] == said


def test_the_exchange_rate_of_a_product_is_that_of_its_powers():
    state = FUSION.start | {"form": "powers", "like": 2.0}
    said = "1 % more like counts as much as about 2.00 % more click."
    assert FUSION.words(state)[2] == said
    assert abs(1.01**2.0 - 1.02) < 2e-4


def test_what_the_guess_is_told_is_so():
    at = FUSION.guess.at
    moved = {
        (form, wrong): sum(
            one != other
            for one, other in zip(
                order(at | {"form": form, "wrong": wrong}),
                order(at | {"form": form}, right=True),
                strict=True,
            )
        )
        for form in FORMS
        for wrong in ("all", "new")
    }
    assert FUSION.guess.right == FORMS.index("sum")
    assert moved["sum", "all"] == 6 and moved["powers", "all"] == 0
    assert "so 6 of 8 videos stand elsewhere" in FUSION.guess.told
    assert moved["sum", "new"] and moved["powers", "new"]


def test_rows_glide_to_their_places(page):
    figure = page(
        shown=FUSION, copies=1, reduced_motion="no-preference"
    ).locator("figure")
    # in one go, for a glide is over soon
    gliding = """figure => {
      const [head] = [...figure.querySelectorAll("select")].slice(-1);
      head.value = 0;
      head.dispatchEvent(new Event("input", { bubbles: true }));
      const all = figure.getAnimations({ subtree: true });
      return all.map((one) => one.effect.target.dataset.key);
    }"""
    assert {"Recipe", "Trailer"} <= set(figure.evaluate(gliding))


def test_the_browser_fuses_as_python_does(page):
    figure = page(shown=FUSION).locator("figure").first
    chosen = random.Random(0).sample(points(FUSION.axes), 60)
    for point, (words, drawing) in zip(
        chosen, turned(figure, FUSION, chosen), strict=True
    ):
        assert words == FUSION.says(point)
        assert drawing == as_browsers_write(FUSION.draw(point)), point
