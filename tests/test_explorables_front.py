"""Chapter 3's second figure: what is said of the front, and its layers, are what was measured."""

import re

import numpy as np
import pytest
from access import room
from figure import Tags, as_browsers_write, turned

from mtl_lessons import stored
from mtl_lessons.explorables.front import (
    BOTTOM,
    LEFT,
    RIGHT,
    SAY,
    TOP,
    Front,
    _as_good,
    clearly_better,
)

GRID = stored.read("loss_balancing_front")
FRONT = Front()
SIDE = 320  # of the drawing


def on_front(case: str, weight: float, method: str = "none") -> dict:
    return {"case": case, "weight": weight, "method": method}


def test_the_grid_is_the_one_that_the_recipe_makes():
    from mtl_lessons.loss_balancing import front

    assert GRID["weights"] == list(front.WEIGHTS) and list(
        GRID["methods"]
    ) == list(front.METHODS)
    assert np.shape(GRID["sweep"]) == (len(front.WEIGHTS), front.SEEDS, 2)
    assert {np.shape(runs) for runs in GRID["methods"].values()} == {
        (front.SEEDS, 2)
    }


def test_the_stored_front_is_what_training_gives():
    from mtl_lessons.loss_balancing import front

    kept = GRID["sweep"][GRID["weights"].index(0.5)][:1]
    np.testing.assert_allclose(
        front.train(front.fixed(0.5), seeds=range(1)), kept, atol=0.03
    )


def test_the_concave_points_are_where_descent_ends_now():
    from mtl_lessons.loss_balancing import front

    for name, points in front.concave().items():
        np.testing.assert_allclose(
            points, GRID["concave"][name], atol=1e-4, err_msg=name
        )


@pytest.mark.parametrize("case", ["sum", "worst"])
def test_no_point_of_the_concave_front_is_better_than_the_one_reached(case):
    """Against every x of a fine grid."""
    x = np.linspace(-2, 2, 8001)
    everywhere = 1 - np.exp(-((x - [[1], [-1]]) ** 2))
    for weight, reached in zip(
        GRID["weights"], GRID["concave"][case], strict=True
    ):
        terms = np.array([[weight], [1 - weight]]) * np.column_stack(
            [reached, everywhere]
        )
        ours, *others = terms.max(0) if case == "worst" else terms.sum(0)
        assert ours == pytest.approx(min(others), abs=2e-4)


def test_the_sum_jumps_and_chebyshev_walks():
    jumps = {
        case: np.abs(np.diff(GRID["concave"][case], axis=0)).max()
        for case in ("sum", "worst")
    }
    assert jumps["sum"] > 0.95 and jumps["worst"] < 0.2
    said = {case: FRONT.words(on_front(case, 0.5))[2] for case in jumps}
    assert said["sum"].endswith("any weight comes is (0.98, 0.00).") and said[
        "worst"
    ].endswith("any weight comes is (0.63, 0.63).")


def test_the_front_says_what_the_grid_holds():
    point, line = FRONT.words(FRONT.start)
    a, b = np.mean(GRID["sweep"][GRID["weights"].index(0.5)], axis=0)
    assert point == "Weight 0.500 of a, two trained tasks"
    assert line.startswith(f"Loss of a {a:.3f} ±") and f"of b {b:.3f} ±" in line
    *_, errors, against = FRONT.words(on_front("trained", 0.5, "CAGrad"))
    assert errors.startswith(
        f"CAGrad: loss of a {np.mean(GRID['methods']['CAGrad'], axis=0)[0]:.3f} ±"
    )
    assert re.fullmatch(
        r"On both tasks clearly better than \d+ of the 13 weights, clearly worse than \d+\.",
        against,
    )
    assert FRONT.words(on_front("sum", 0.5, "CAGrad"))[-1] == SAY[
        "only-trained"
    ].format(method="CAGrad")


def test_clearly_better_means_on_both_tasks_and_seed_by_seed():
    # seeds differ by more than 0.01 does
    runs = np.array([[0.1, 0.5], [0.2, 0.6], [0.3, 0.7]])
    jitter = [[0.001, 0], [0, 0.001], [0, 0]]
    assert clearly_better(runs - 0.01 + jitter, runs) and not clearly_better(
        runs, runs - 0.01
    )
    assert not clearly_better(runs + [-0.01, 0.01] + jitter, runs)
    assert not clearly_better(
        runs + [[-0.03, -0.01], [0.01, -0.01], [-0.01, -0.01]], runs
    )


def test_better_and_worse_are_counted():
    """Three weights on a line; a method below the middle one, and another above."""
    runs = [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    sweep = [[[a, b], [a + 0.01, b], [a, b + 0.01]] for a, b in runs]
    methods = {"good": [[0.4, 0.4]] * 3, "bad": [[0.6, 0.6]] * 3}
    grid = {
        "weights": [0.2, 0.5, 0.8],
        "sweep": sweep,
        "methods": methods,
        "concave": GRID["concave"],
    }
    said = {
        name: Front(grid).words(on_front("trained", 0.5, name))[-1]
        for name in methods
    }
    assert (
        said["good"]
        == "On both tasks clearly better than 1 of the 3 weights, clearly worse than 0."
    )
    assert (
        said["bad"]
        == "On both tasks clearly better than 0 of the 3 weights, clearly worse than 1."
    )


def test_the_dashed_line_holds_what_is_as_good():
    frame = ((0.0, 0.8), (0.4, 1.0))
    for weight in (0.05, 0.5, 0.9):
        line = np.array(_as_good(frame, weight, 0.2, 0.7, False))
        np.testing.assert_allclose(
            line @ [weight, 1 - weight], weight * 0.2 + (1 - weight) * 0.7
        )
        assert (line >= np.array([0, 0.4]) - 1e-9).all() and (
            line <= np.array([0.8, 1.0]) + 1e-9
        ).all()
    corner = np.array(_as_good(((0, 1), (0, 1)), 0.25, 0.6, 0.2, True))
    np.testing.assert_allclose(np.max(corner * [0.25, 0.75], axis=1), 0.15)


def test_every_state_of_the_front_is_drawn_inside_its_frame():
    for at in FRONT.states:
        svg = FRONT.draw(at)
        Tags(svg)
        for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)(?=[ML\"h])", svg):
            assert LEFT <= float(x) <= RIGHT and TOP <= float(y) <= BOTTOM, (
                at,
                x,
                y,
            )


def test_names_of_methods_stand_apart_and_inside():
    svg = FRONT.draw(on_front("trained", 0.5, "every"))
    texts = re.findall(
        r'<text x="(\d+)" y="(\d+)">([^<]+)<',
        svg.split("mtl-lead")[1].split("</svg>")[0],
    )
    assert sorted(", ".join(name for *_, name in texts).split(", ")) == sorted(
        GRID["methods"]
    )
    heights = sorted(int(y) for _, y, _ in texts)
    assert min(np.diff(heights)) >= 13 and heights[-1] < BOTTOM
    assert all(int(x) + 7 * len(name) <= SIDE for x, _, name in texts)
    assert svg.count("<tr class") == len(GRID["methods"])


def test_the_browser_puts_the_layers_together_as_python_does(page):
    figure = page(shown=FRONT).locator("figure").first
    for at, (words, drawing) in zip(
        FRONT.states, turned(figure, FRONT, FRONT.states), strict=True
    ):
        assert words == FRONT.says(at)
        assert drawing == as_browsers_write(FRONT.draw(at)), at


def test_what_the_guess_is_told_is_so():
    """Of the sum, every end is one of two; Chebyshev's go along the front."""
    guess = FRONT.guess
    assert guess.options[guess.right] == SAY["guess-2"]
    low, *_, high = GRID["weights"]
    asked = f"for {len(GRID['weights'])} weights from {low:.2f} to {high:.2f}."
    assert asked in guess.ask
    ends = np.array([GRID["concave"]["curve"][at] for at in (0, -1)])
    apart = {
        case: np.abs(np.array(GRID["concave"][case])[:, None] - ends)
        .max(axis=2)
        .min(axis=1)
        for case in ("sum", "worst")
    }
    assert apart["sum"].max() < 0.01
    assert np.sort(apart["worst"])[2:].min() > 0.05
    assert guess.at["case"] == "sum"


def test_all_methods_are_shown_at_first_and_named():
    start = FRONT.draw(FRONT.start)
    assert FRONT.start["method"] == "every"
    assert all(f"{name}</th>" in start for name in GRID["methods"])


def weight_on(figure) -> str:
    dial = figure.get_by_label("Weight of a (b has the rest)")
    return dial.get_attribute("aria-valuetext")


def test_the_dot_is_dragged_along_the_curve(page):
    opened = page(shown=FRONT, copies=1)
    figure = opened.locator("figure").first
    frame = figure.locator("svg").bounding_box()
    scale = frame["width"] / SIDE
    spots = FRONT.spots["trained"]
    start = FRONT.grid["weights"].index(FRONT.start["weight"])
    opened.mouse.move(
        *(frame[xy] + scale * at for xy, at in zip("xy", spots[start]))
    )
    opened.mouse.down()
    for at in (2, 0):
        x, y = spots[at]
        # off the curve: the nearest weight is taken
        opened.mouse.move(
            frame["x"] + scale * x + 3, frame["y"] + scale * y - 6, steps=4
        )
        assert weight_on(figure) == f"{GRID['weights'][at]:.3f}"
    opened.mouse.up()


def test_keys_move_the_dot_where_they_point(page):
    """To the left, loss a is lower, so the weight of a is higher."""
    opened = page(shown=FRONT, copies=1)
    figure = opened.locator("figure").first
    grip = figure.get_by_role("button", name="The dot on the front")
    grip.focus()
    left = grip.bounding_box()["x"]
    opened.keyboard.press("ArrowLeft")
    weights = GRID["weights"]
    after = weights[weights.index(FRONT.start["weight"]) + 1]
    assert weight_on(figure) == f"{after:.3f}"
    assert grip.bounding_box()["x"] < left


def test_on_a_phone_drawing_and_dials_are_on_one_screen(page):
    figure = page(360, shown=FRONT, copies=1).locator("figure")
    top = figure.locator("svg").bounding_box()["y"]
    dials = figure.locator("fieldset").bounding_box()
    foot = dials["y"] + dials["height"]
    assert top < dials["y"] < foot < top + 740 * room(figure.page)


def test_the_mark_jumps_on_the_concave_front(page):
    figure = page(shown=FRONT).locator("figure").first
    figure.get_by_role("combobox", name="Front").select_option(SAY["case-sum"])
    figure.get_by_label("Weight of a").press("ArrowRight")
    right = figure.locator("svg circle").bounding_box()["x"]
    figure.get_by_label("Weight of a").press("ArrowLeft")
    width = (
        figure.locator("svg").bounding_box()["width"] * (RIGHT - LEFT) / SIDE
    )
    assert (
        abs(figure.locator("svg circle").bounding_box()["x"] - right)
        > 0.9 * width
    )
