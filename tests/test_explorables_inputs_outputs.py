"""Chapter 4's explorables: the box against its grid and a fresh training, fusion against the served formulas and in a browser."""

import random
import re
import subprocess
import sys
from html import unescape

import numpy as np
import pytest
from access import NONE, violations_by_theme
from test_explorables import Tags

from mtl_lessons import inputs_outputs as io
from mtl_lessons import stored
from mtl_lessons.explorables import bias_box, fusion, points, show

GRID = stored.read("inputs_outputs_bias")
BOX, FUSION = show("bias_box"), show("fusion")


# ---------------------------------------------------------------- the selection bias box


def test_the_grid_is_the_one_that_the_recipe_makes():
    dials = [(cell["confounding"], cell["selection_bias"]) for cell in GRID["cells"]]
    assert dials == [(c, b) for c in io.funnel.CONFOUNDING for b in io.funnel.SELECTION]
    assert all(
        len(cell[name][measure]) == 5 for cell in GRID["cells"] for name in io.funnel.ESTIMATORS for measure in io.funnel.MEASURES
    )


def test_the_stored_grid_is_what_training_gives():
    (fresh,) = io.funnel.compare([{"selection_bias": 1.0}], ["natural"])
    stored = bias_box.scores_at(GRID, {"confounding": 0.0, "selection_bias": 1.0})
    for measure in io.funnel.MEASURES:
        assert np.mean(stored["natural"][measure]) == pytest.approx(np.mean(fresh["natural"][measure]), abs=0.03), measure


def test_the_box_says_what_the_grid_holds():
    point, line, gain = BOX.words(BOX.start)
    scores = bias_box.scores_at(GRID, BOX.start)
    assert point == "Weight of the hidden mood 0.00, Selection bias 0.70, all impressions"
    assert f"naive {np.mean(scores['naive']['ratio']):.2f}" in line and f"ESMM {np.mean(scores['esmm']['ratio']):.2f}" in line
    assert f"{np.mean(np.subtract(scores['esmm']['auc'], scores['naive']['auc'])):+.3f}" in gain
    clicks = BOX.words(BOX.start | {"judged": fusion.SAY["judged-clicks"]})[1]
    assert f"naive {np.mean(scores['naive']['ratio_clicked']):.2f}" in clicks


def test_every_state_of_the_box_is_drawn_inside_its_frame():
    for point in BOX.states:
        Tags(BOX.draw(point))
        places = [float(place) for place in re.findall(r"M(\d+) \d+h0", BOX.draw(point))]
        assert len(places) == 30 and all(bias_box.LEFT <= place <= bias_box.RIGHT for place in places)
    assert len(BOX.html()) < 60_000


# ---------------------------------------------------------------- fusion


def video_predictions(point):
    factors = dict(zip((fusion.SAY[f"wrong-{name}"] for name in fusion.WRONG), fusion.WRONG.values(), strict=True))[
        point["wrong"]
    ]
    click, like, minutes, new = (np.array(column) for column in zip(*fusion.VIDEOS.values(), strict=True))
    return {"click": click, "like": like * np.where(new, factors[1], factors[0]), "minutes": minutes}


def test_fusion_is_what_the_package_serves():
    for point in points(FUSION.axes):
        weights = {head: point[head] for head in fusion.HEADS}
        fuse = io.weighted_sum if point["form"] == fusion.SAY["sum"] else io.power
        np.testing.assert_allclose(list(fusion.scores(point).values()), fuse(video_predictions(point), weights), rtol=1e-12)


def test_one_factor_for_all_moves_sums_and_never_powers():
    moved = {form: 0 for form in (fusion.SAY["sum"], fusion.SAY["powers"])}
    for point in points(FUSION.axes):
        if point["wrong"] == fusion.SAY["wrong-all"]:
            moved[point["form"]] += fusion.order(point) != fusion.order(point, right=True)
    assert moved[fusion.SAY["powers"]] == 0 < moved[fusion.SAY["sum"]]


def test_what_is_wrong_for_new_videos_moves_powers_too():
    point = {"form": fusion.SAY["powers"], "click": 1.0, "like": 1.0, "minutes": 0.0, "wrong": fusion.SAY["wrong-new"]}
    assert fusion.order(point) != fusion.order(point, right=True)
    assert "▲" in FUSION.draw(point) and "stand elsewhere" in FUSION.words(point)[2]


def test_equal_scores_stand_as_listed():
    point = FUSION.start | dict.fromkeys(fusion.HEADS, 0.0)
    assert fusion.order(point) == list(fusion.VIDEOS)
    Tags(FUSION.draw(point))


# ---------------------------------------------------------------- in a browser


def turn(figure, explorable, point):
    for axis, dial in zip(explorable.axes, figure.locator("select, input").all(), strict=True):
        place = str(axis.values.index(point[axis.name]))
        if axis.choice:
            dial.select_option(place)
        else:
            dial.evaluate("(dial, at) => { dial.value = at; dial.dispatchEvent(new Event('input', { bubbles: true })); }", place)


def test_the_browser_fuses_as_python_does(page):
    figure = page(shown=FUSION).locator("figure").first
    for point in random.Random(0).sample(points(FUSION.axes), 40):
        turn(figure, FUSION, point)
        words, drawing = (figure.locator(f".mtl-panel > {part}").last.inner_html() for part in ("p", "div"))
        assert unescape(words) == FUSION.says(point)
        assert drawing == FUSION.draw(point).replace("/>", "></path>"), point


def test_the_box_turns_by_keyboard_and_says_so(page):
    figure = page(shown=BOX).locator("figure").first
    figure.get_by_label("Weight of the hidden mood").press("End")
    figure.get_by_label("Judged on").select_option(fusion.SAY["judged-clicks"])
    point = {"confounding": 1.0, "selection_bias": 0.7, "judged": fusion.SAY["judged-clicks"]}
    assert unescape(figure.locator(".mtl-panel p").inner_html()) == BOX.says(point)
    figure.get_by_role("status").get_by_text("hidden mood 1.00").wait_for(state="attached")


@pytest.mark.parametrize("explorable", [BOX, FUSION], ids=["box", "fusion"])
@pytest.mark.parametrize("width", [320, 1300])
def test_they_fit_a_phone_and_axe_finds_nothing(page, width, explorable):
    opened = page(width, shown=explorable, reduced_motion="reduce")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert violations_by_theme(opened) == NONE


@pytest.mark.parametrize("explorable", [BOX, FUSION], ids=["box", "fusion"])
def test_without_a_script_the_start_stands(page, explorable):
    figure = page(script=False, shown=explorable).locator("figure").first
    assert unescape(figure.locator(".mtl-panel p").inner_html()) == explorable.says(explorable.start)
    assert figure.locator("svg").is_visible() and figure.locator("input, select").count() == 0


def test_showing_them_does_not_import_tensorflow():
    code = "import sys; from mtl_lessons.explorables import show; show('bias_box').html(); show('fusion').html(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras"} & set(loaded)
