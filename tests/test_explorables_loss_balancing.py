"""Chapter 3's explorables: the browser's closed forms against the package, dragging by mouse and finger, what the page says."""

import re
import subprocess
import sys
from html import unescape

import numpy as np
import pytest
from access import NONE, until, violations_by_theme
from test_explorables import Tags

from mtl_lessons import embed, stored
from mtl_lessons.explorables import front as drawn
from mtl_lessons.explorables import two_gradients as shown

SAY = embed.strings("loss_balancing")
ARROWS = shown.two_gradients()
GRID = stored.read("loss_balancing_front")
FRONT = drawn.front()

EDGES = [
    ((2, 0), (-1, 0)),  # opposed
    ((1, 2), (-1, -2)),  # opposed, equal lengths
    ((1, 2), (3, 6)),  # parallel
    ((1, 2), (1, 2)),  # equal
    ((1, 0), (0, 3)),  # orthogonal
    ((0, 0), (1, 2)),
    ((1, 2), (0, 0)),
    ((0, 0), (0, 0)),
    ((1e-4, 2e-4), (-3, 1)),
    ((1e-6, 0), (-1e-6, 2e-6)),
    ((0.1, 0), (-3.5, 0.1)),
]


def point(a, b, name="all"):
    return dict(zip(("shown", "ax", "ay", "bx", "by"), (SAY[name], *map(float, (*a, *b)))))


def numbers_apart(text: str) -> tuple[str, list[float]]:
    """The text without its numbers, and the numbers."""
    pattern = r"[-−]?\d+(?:\.\d+)?"
    return re.sub(pattern, "#", text), [float(number.replace("−", "-")) for number in re.findall(pattern, text)]


def same_but_for_the_last_digit(found: str, expected: str, unit: float) -> None:
    (found, numbers), (expected, wanted) = numbers_apart(found), numbers_apart(expected)
    assert found == expected
    np.testing.assert_allclose(numbers, wanted, atol=1.01 * unit)


# ---------------------------------------------------------------- what Python says of two gradients


def test_the_chapters_example_worked_out_by_hand():
    found = shown.steps(np.array([3.0, 1.0]), np.array([-1.0, 1.0]))
    impartial = (np.array([3, 1]) / 10**0.5 + np.array([-1, 1]) / 2**0.5) / (10**-0.5 + 2**-0.5)
    expected = {"mean": (1, 1), "pcgrad": (0.8, 1.6), "upgrad": (0.8, 1.6), "mgda": (0, 1), "imtlg": impartial, "nash": impartial}
    for name, step in expected.items():
        np.testing.assert_allclose(found[name], step, atol=1e-5, err_msg=name)


def test_the_example_in_words():
    words = ARROWS.words(ARROWS.start)
    assert words == [
        "Gradients A (3.0, 1.0), B (−1.0, 1.0)",
        "Cosine −0.45: they conflict.",
        "Hurts A: none. Hurts B: none.",
        SAY["same"],
    ]
    assert ARROWS.words(ARROWS.start | {"shown": "PCGrad"})[3] == "PCGrad: step (0.80, 1.60), loss A −4.00, loss B −0.80."


def test_who_hurts_whom_is_named_and_marked():
    at = point((3, 0), (-1, 0.5))
    assert ARROWS.words(at)[2] == "Hurts A: none. Hurts B: Mean, CAGrad."
    marked = re.findall(r'<tr class="mtl-(\w+)">((?:(?!</tr>).)*▲.*?)</tr>', ARROWS.draw(at))
    assert [name for name, _ in marked] == ["mean", "cagrad"]
    assert all(re.search(r"<td>[^<]*</td><td>\d\.\d\d <span.*▲.*raised", cells) for _, cells in marked)  # B's column, not A's


@pytest.mark.parametrize(
    "a, b, said",
    [
        ((2, 0), (-1, 0), "Cosine −1.00: opposed, no step lowers both losses."),
        ((1, 0), (0, 1), "Cosine 0.00: no conflict."),
        ((1, 2), (2, 4), "Cosine 1.00: no conflict."),
        ((0, 0), (2, 4), "A gradient of zero has no direction, so there is no cosine."),
    ],
)
def test_how_gradients_stand_to_each_other(a, b, said):
    assert ARROWS.words(point(a, b))[1] == said


def test_with_two_tasks_there_are_five_steps_as_the_page_says():
    for a, b in np.random.default_rng(0).normal(size=(20, 2, 2)):
        found = shown.steps(a, b)
        np.testing.assert_allclose(found["pcgrad"], found["upgrad"], atol=1e-4)
        np.testing.assert_allclose(found["imtlg"], found["nash"], atol=1e-4)


@pytest.mark.parametrize("a, b", [*EDGES, *np.random.default_rng(1).normal(size=(20, 2, 2))])
def test_the_shaded_part_is_where_both_losses_fall(a, b):
    """The polygon's corners, and points inside, against the definition; its edges, against the gradients."""
    a, b = np.array(a, float), np.array(b, float)
    corners = np.array(shown._cone(a, b)) * shown.UNIT / shown.FAR
    units = np.array([shown._unit(a), shown._unit(b)])
    assert (corners @ units.T >= -1e-9).all()
    if a.any() and b.any():
        assert abs(corners[1] @ units[0]) < 1e-9 and abs(corners[4] @ units[1]) < 1e-9
        angle = np.pi - np.arccos(np.clip(units[0] @ units[1], -1, 1))
        between = np.arccos(np.clip(corners[1] @ corners[4], -1, 1))
        assert between == pytest.approx(angle, abs=1e-6)


def test_numbers_on_the_plane_stand_apart_and_equal_steps_share_one():
    for a, b in [*EDGES, ((3, 1), (-1, 1)), ((0.1, 0.1), (0, 0.1))]:
        labels = re.findall(r'<text class="mtl-number" x="([-\d.]+)" y="([-\d.]+)">([\d ]+)<', ARROWS.draw(point(a, b)))
        assert sorted(" ".join(names for *_, names in labels).split()) == list("1234567")
        places = np.array([(float(x), float(y)) for x, y, _ in labels])
        apart = np.abs(places[:, None] - places).max(-1)[~np.eye(len(places), dtype=bool)]
        assert (apart >= 12.9).all()


def test_every_drawing_is_well_formed_and_the_page_light():
    for a, b in EDGES:
        for name in ("all", "nash"):
            Tags(ARROWS.draw(point(a, b, name)))
    assert ARROWS.draw(point(*EDGES[0], "nash")).count("<g ") == 3
    assert len(ARROWS.html()) < 10_000 and len(FRONT.html()) < 45_000


def test_describing_it_does_not_import_tensorflow():
    code = (
        "import sys; from mtl_lessons.explorables import show; show('two_gradients'); show('front').html(); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras"} & set(loaded)


def test_in_a_kernel_the_package_computes(monkeypatch):
    widget = ARROWS.widget
    monkeypatch.setattr(shown, "steps", lambda a, b: dict.fromkeys(shown.AGGREGATORS, a - b))
    widget.dials["bx"].value = -1.5
    assert "B (−1.5, 1.0)" in widget.panel.value and "(4.50, 0.00)" in widget.panel.value
    widget.dials["shown"].value = "MGDA"
    assert "MGDA: step (4.50, 0.00)" in widget.panel.value


# ---------------------------------------------------------------- what Python says of the front


def on_front(case: str, weight: float, method: str = "none") -> dict:
    return {"case": SAY[f"case-{case}"], "weight": weight, "method": SAY.get(method, method)}


def test_the_grid_is_the_one_that_the_recipe_makes():
    from mtl_lessons.loss_balancing import front

    assert GRID["weights"] == list(front.WEIGHTS) and list(GRID["methods"]) == list(front.METHODS)
    assert np.shape(GRID["sweep"]) == (len(front.WEIGHTS), front.SEEDS, 2)
    assert {np.shape(runs) for runs in GRID["methods"].values()} == {(front.SEEDS, 2)}


def test_the_stored_front_is_what_training_gives():
    from mtl_lessons.loss_balancing import front

    stored = GRID["sweep"][GRID["weights"].index(0.5)][:2]
    np.testing.assert_allclose(front.train(front.fixed(0.5), seeds=range(2)), stored, atol=0.03)


def test_the_concave_points_are_where_descent_ends_now():
    from mtl_lessons.loss_balancing import front

    for name, points in front.concave().items():
        np.testing.assert_allclose(points, GRID["concave"][name], atol=1e-4, err_msg=name)


@pytest.mark.parametrize("case", ["sum", "worst"])
def test_no_point_of_the_concave_front_is_better_than_the_one_reached(case):
    """Against every x of a fine grid."""
    x = np.linspace(-2, 2, 8001)
    everywhere = 1 - np.exp(-((x - [[1], [-1]]) ** 2))
    for weight, reached in zip(GRID["weights"], GRID["concave"][case], strict=True):
        terms = np.array([[weight], [1 - weight]]) * np.column_stack([reached, everywhere])
        ours, *others = terms.max(0) if case == "worst" else terms.sum(0)
        assert ours == pytest.approx(min(others), abs=2e-4)


def test_the_sum_jumps_and_chebyshev_walks():
    jumps = {case: np.abs(np.diff(GRID["concave"][case], axis=0)).max() for case in ("sum", "worst")}
    assert jumps["sum"] > 0.95 and jumps["worst"] < 0.2
    said = {case: FRONT.words(on_front(case, 0.5))[2] for case in jumps}
    assert said["sum"].endswith("any weight comes is (0.98, 0.00).") and said["worst"].endswith(
        "any weight comes is (0.63, 0.63)."
    )


def test_the_front_says_what_the_grid_holds():
    point, line = FRONT.words(FRONT.start)
    a, b = np.mean(GRID["sweep"][GRID["weights"].index(0.5)], axis=0)
    assert point == "Weight 0.500 of a, two trained tasks"
    assert line.startswith(f"Loss of a {a:.3f} ±") and f"of b {b:.3f} ±" in line
    *_, errors, against = FRONT.words(on_front("trained", 0.5, "CAGrad"))
    assert errors.startswith(f"CAGrad: loss of a {np.mean(GRID['methods']['CAGrad'], axis=0)[0]:.3f} ±")
    assert re.fullmatch(r"On both tasks clearly better than \d+ of the 13 weights, clearly worse than \d+\.", against)
    assert FRONT.words(on_front("sum", 0.5, "CAGrad"))[-1] == SAY["only-trained"]


def test_clearly_better_means_on_both_tasks_and_seed_by_seed():
    runs = np.array([[0.1, 0.5], [0.2, 0.6], [0.3, 0.7]])  # seeds differ by more than 0.01 does
    jitter = [[0.001, 0], [0, 0.001], [0, 0]]
    assert drawn.clearly_better(runs - 0.01 + jitter, runs) and not drawn.clearly_better(runs, runs - 0.01)
    assert not drawn.clearly_better(runs + [-0.01, 0.01] + jitter, runs)
    assert not drawn.clearly_better(runs + [[-0.03, -0.01], [0.01, -0.01], [-0.01, -0.01]], runs)


def test_better_and_worse_are_counted():
    """Three weights on a line; a method below the middle one, and another above."""
    runs = [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    sweep = [[[a, b], [a + 0.01, b], [a, b + 0.01]] for a, b in runs]
    methods = {"good": [[0.4, 0.4]] * 3, "bad": [[0.6, 0.6]] * 3}
    grid = {"weights": [0.2, 0.5, 0.8], "sweep": sweep, "methods": methods, "concave": GRID["concave"]}
    said = {name: drawn.front(grid).words(on_front("trained", 0.5, name))[-1] for name in methods}
    assert said["good"] == "On both tasks clearly better than 1 of the 3 weights, clearly worse than 0."
    assert said["bad"] == "On both tasks clearly better than 0 of the 3 weights, clearly worse than 1."


def test_the_dashed_line_holds_what_is_as_good():
    frame = ((0.0, 0.8), (0.4, 1.0))
    for weight in (0.05, 0.5, 0.9):
        line = np.array(drawn._as_good(frame, weight, 0.2, 0.7, False))
        np.testing.assert_allclose(line @ [weight, 1 - weight], weight * 0.2 + (1 - weight) * 0.7)
        assert (line >= np.array([0, 0.4]) - 1e-9).all() and (line <= np.array([0.8, 1.0]) + 1e-9).all()
    corner = np.array(drawn._as_good(((0, 1), (0, 1)), 0.25, 0.6, 0.2, True))
    np.testing.assert_allclose(np.max(corner * [0.25, 0.75], axis=1), 0.15)


def test_every_state_of_the_front_is_drawn_inside_its_frame():
    for at in FRONT.states:
        svg = FRONT.draw(at)
        Tags(svg)
        for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)(?=[ML\"h])", svg):
            assert drawn.LEFT <= float(x) <= drawn.RIGHT and drawn.TOP <= float(y) <= drawn.BOTTOM, (at, x, y)


def test_names_of_methods_stand_apart_and_inside():
    svg = FRONT.draw(on_front("trained", 0.5, "every"))
    texts = re.findall(r'<text x="(\d+)" y="(\d+)">([^<]+)<', svg.split("mtl-lead")[1].split("</svg>")[0])
    assert sorted(", ".join(name for *_, name in texts).split(", ")) == sorted(GRID["methods"])
    heights = sorted(int(y) for _, y, _ in texts)
    assert min(np.diff(heights)) >= 13 and heights[-1] < drawn.BOTTOM
    assert all(int(x) + 7 * len(name) <= shown.SIDE for x, _, name in texts)
    assert svg.count("<tr class") == len(GRID["methods"])


# ---------------------------------------------------------------- the browser against the package


PAIRS = [
    *EDGES,
    *(np.random.default_rng(2).normal(size=(40, 2, 2)) * 10.0 ** np.random.default_rng(3).uniform(-2, 2, (40, 2, 1))),
]


def test_closed_forms_of_the_browser_are_the_packages_steps(browser):
    """To about 1e-6 of the longer gradient, which is what the package adds to a diagonal before it solves."""
    with browser.new_page() as opened:
        opened.add_script_tag(content=f"{embed.bundle('view_gradients')}\nwindow.STEPS = AGGREGATORS;", type="module")
        opened.wait_for_function("window.STEPS")
        for a, b in PAIRS:
            a, b = np.array(a, float), np.array(b, float)
            each = "([a, b]) => Object.fromEntries(Object.entries(STEPS).map(([name, step]) => [name, step(a, b)]))"
            found = opened.evaluate(each, [a.tolist(), b.tolist()])
            assert list(found) == list(shown.AGGREGATORS)
            for name, step in shown.steps(a, b).items():
                bound = 2e-6 * max(np.linalg.norm(a), np.linalg.norm(b))
                np.testing.assert_allclose(found[name], step, atol=bound, err_msg=f"{name} {a} {b}")


def turn(figure, explorable, at):
    for axis, dial in zip(explorable.axes, figure.locator("select, input").all(), strict=True):
        place = axis.values.index(at[axis.name])
        dial.evaluate("(dial, at) => { dial.value = at; dial.dispatchEvent(new Event('input', { bubbles: true })); }", place)


def parts(figure) -> tuple[str, str]:
    """Words and drawing, as HTML."""
    words, drawing = (figure.locator(f".mtl-panel > {part}").last.inner_html() for part in ("p", "div"))
    return unescape(words), unescape(drawing)


def test_the_browser_says_and_draws_what_python_does(page):
    """Numbers may differ in the last digit, since Python's are off by 1e-6."""
    figure = page(shown=ARROWS).locator("figure").first
    random = np.random.default_rng(4)
    pairs = [((3, 1), (-1, 1)), *(pair for pair in EDGES if np.isin(pair, shown.ENDS).all())]
    pairs += random.choice(shown.ENDS, (20, 2, 2)).tolist()
    for a, b in pairs:
        at = point(a, b, random.choice(["all", *shown.AGGREGATORS]))
        turn(figure, ARROWS, at)
        words, drawing = parts(figure)
        same_but_for_the_last_digit(words, ARROWS.says(at), 0.01)
        same_but_for_the_last_digit(drawing, re.sub(r"<(path|circle)([^>]*)/>", r"<\1\2></\1>", ARROWS.draw(at)), 0.1)


def test_the_browser_puts_the_layers_together_as_python_does(page):
    figure = page(shown=FRONT).locator("figure").first
    seen = figure.evaluate(
        """figure => {
             const dials = [...figure.querySelectorAll("input, select")];
             const sizes = dials.map((dial) => dial.options?.length ?? Number(dial.max) + 1);
             const [panel, seen] = [figure.querySelector(".mtl-panel"), []];
             for (let i = 0; i < sizes[0]; i++) for (let j = 0; j < sizes[1]; j++) for (let k = 0; k < sizes[2]; k++) {
               [i, j, k].forEach((at, dial) => { dials[dial].value = at; });
               dials[0].dispatchEvent(new Event("input"));
               seen.push([panel.querySelector("p").innerHTML, panel.querySelector("div").innerHTML]);
             }
             return seen;
           }"""
    )
    assert len(seen) == len(FRONT.states)
    for (words, drawing), at in zip(seen, FRONT.states, strict=True):
        assert unescape(words) == FRONT.says(at)
        assert drawing == re.sub(r"<(path|circle)([^>]*)/>", r"<\1\2></\1>", FRONT.draw(at)), at


# ---------------------------------------------------------------- held and dragged


def middle(figure, task: str) -> tuple[float, float]:
    box = figure.locator(f"[data-held={task}] circle").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def gradients(figure) -> list[str]:
    return [figure.get_by_label(f"Gradient {task}, {xy}").get_attribute("aria-valuetext") for task in "AB" for xy in "xy"]


def unit_on_screen(figure) -> float:
    return figure.locator("svg").bounding_box()["width"] / shown.SIDE * shown.UNIT


@pytest.mark.parametrize("width", [320, 1300])
def test_the_mouse_drags_the_arrow_it_took(page, width):
    opened = page(width, shown=ARROWS)
    first, second = opened.locator("figure").all()
    first.scroll_into_view_if_needed()
    (x, y), one = middle(first, "b"), unit_on_screen(first)
    opened.mouse.move(x + 5, y - 4)  # not at its middle: it must not jump there
    opened.mouse.down()
    opened.mouse.move(x + 5 + one, y - 4, steps=5)
    assert gradients(first) == ["3.0", "1.0", "0.0", "1.0"]
    opened.mouse.move(x + 5 + one, y - 4 + 1.5 * one, steps=5)
    opened.mouse.up()
    opened.mouse.move(x, y, steps=3)  # let go, it stays
    assert gradients(first) == ["3.0", "1.0", "0.0", "-0.5"]
    assert "B (0.0, −0.5)" in first.locator(".mtl-panel p").text_content()
    assert gradients(second) == ["3.0", "1.0", "-1.0", "1.0"]
    first.get_by_role("status").get_by_text("B (0.0, −0.5)").wait_for(state="attached")


def test_an_arrow_stops_at_the_edge_and_the_ground_holds_nothing(page):
    opened = page(shown=ARROWS)
    figure = opened.locator("figure").first
    (x, y), one = middle(figure, "a"), unit_on_screen(figure)
    opened.mouse.move(x, y - one)
    opened.mouse.down()
    opened.mouse.move(x, y + one)
    opened.mouse.up()
    assert gradients(figure) == ["3.0", "1.0", "-1.0", "1.0"]
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x + 9 * one, y - 9 * one, steps=3)
    opened.mouse.up()
    assert gradients(figure) == ["3.5", "3.5", "-1.0", "1.0"]


def test_only_the_main_button_drags(page):
    opened = page(shown=ARROWS)
    figure = opened.locator("figure").first
    x, y = middle(figure, "a")
    opened.mouse.move(x, y)
    opened.mouse.down(button="right")
    opened.mouse.move(x - 60, y, steps=3)
    opened.mouse.up(button="right")
    assert gradients(figure) == ["3.0", "1.0", "-1.0", "1.0"]


class Fingers:
    """Touches as the browser gets them from a screen, scrolling included."""

    def __init__(self, opened):
        self.session = opened.context.new_cdp_session(opened)

    def send(self, kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        self.session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    def swipe(self, *ways: tuple[float, float, float, float], steps: int = 12) -> None:
        """One finger per way `(x, y, dx, dy)`."""
        self.send("Start", *((x, y) for x, y, *_ in ways))
        for step in range(1, steps + 1):
            self.send("Move", *((x + dx * step / steps, y + dy * step / steps) for x, y, dx, dy in ways))
        self.send("End")


@pytest.fixture
def phone(page):
    opened = page(360, shown=ARROWS, has_touch=True, is_mobile=True)
    return opened, opened.locator("figure").first, Fingers(opened)


def test_a_finger_drags_an_arrow_and_the_page_stays(phone):
    opened, figure, fingers = phone
    one = unit_on_screen(figure)
    fingers.swipe((*middle(figure, "a"), -one, -2 * one))
    assert gradients(figure) == ["2.0", "3.0", "-1.0", "1.0"]
    assert opened.evaluate("scrollY") == 0


def test_a_finger_beside_the_arrows_scrolls_the_page(phone):
    opened, figure, fingers = phone
    x, y = middle(figure, "a")
    fingers.swipe((x, y + 150, 0, -150))
    until(opened, "scrollY > 50")
    assert gradients(figure) == ["3.0", "1.0", "-1.0", "1.0"]


def test_two_fingers_hold_two_arrows(phone):
    _, figure, fingers = phone
    one = unit_on_screen(figure)
    fingers.swipe((*middle(figure, "a"), 0, one), (*middle(figure, "b"), -one, 0))
    assert gradients(figure) == ["3.0", "0.0", "-2.0", "1.0"]


def test_the_drawing_stays_under_the_finger_whatever_is_said(page):
    """Words wrap as they grow; they stand below the drawing."""
    opened = page(320, shown=ARROWS)
    figure = opened.locator("figure").first
    tops = set()
    for at in (ARROWS.start, point((3, 0), (-1, 0.5), "nash"), point((0, 0), (0, 0))):
        turn(figure, ARROWS, at)
        tops.add(figure.locator("svg").bounding_box()["y"])
    assert len(tops) == 1


def test_the_keyboard_moves_each_end(page):
    opened = page(shown=ARROWS)
    figure = opened.locator("figure").first
    for label, key, said in (
        ("A, x", "ArrowLeft", "2.9"),
        ("A, y", "End", "3.5"),
        ("B, x", "Home", "-3.5"),
        ("B, y", "ArrowDown", "0.9"),
    ):
        dial = figure.get_by_label(f"Gradient {label}")
        dial.focus()
        dial.press(key)
        assert dial.get_attribute("aria-valuetext") == said
    figure.get_by_label("Draw").select_option("CAGrad")
    assert figure.locator("svg .mtl-cagrad").count() == 1 and figure.locator("svg .mtl-mean").count() == 0
    assert figure.locator("tr[aria-current]").inner_text().startswith("5 CAGrad")
    figure.get_by_role("status").get_by_text("CAGrad: step").wait_for(state="attached")


def test_the_weight_slides_by_keyboard_and_the_methods_are_switched_on(page):
    figure = page(shown=FRONT).locator("figure").first
    figure.get_by_label("Weight of a").press("ArrowRight")
    figure.get_by_label("Method to compare").select_option("MGDA")
    at = on_front("trained", GRID["weights"][GRID["weights"].index(0.5) + 1], "MGDA")
    assert unescape(figure.locator(".mtl-panel p").inner_html()) == FRONT.says(at)
    figure.get_by_role("status").get_by_text("MGDA").wait_for(state="attached")
    figure.get_by_role("combobox", name="Front").select_option(SAY["case-sum"])
    left = figure.locator("svg circle").bounding_box()["x"]
    figure.get_by_label("Weight of a").press("ArrowLeft")
    assert (
        figure.locator("svg circle").bounding_box()["x"] - left > 0.9 * figure.locator("svg").bounding_box()["width"] * 274 / 320
    )


# ---------------------------------------------------------------- on any page

WIDEST = {"arrows": (ARROWS, point((3.5, 0), (-3.5, 0.5), "mean")), "front": (FRONT, on_front("trained", 0.5, "every"))}


@pytest.mark.parametrize("name", WIDEST)
@pytest.mark.parametrize("width", [320, 1300])
def test_they_fit_a_phone_and_axe_finds_nothing(page, width, name):
    explorable, widest = WIDEST[name]
    opened = page(width, shown=explorable, reduced_motion="reduce")
    turn(opened.locator("figure").first, explorable, widest)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert violations_by_theme(opened) == NONE


@pytest.mark.parametrize("explorable", [ARROWS, FRONT], ids=["arrows", "front"])
def test_without_a_script_the_start_stands(page, explorable):
    figure = page(script=False, shown=explorable).locator("figure").first
    assert unescape(figure.locator(".mtl-panel p").inner_html()) == explorable.says(explorable.start)
    assert figure.locator("svg").is_visible() and figure.locator("input, select").count() == 0
    assert figure.locator(".mtl-steps tbody tr").count() == (7 if explorable is ARROWS else 0)
