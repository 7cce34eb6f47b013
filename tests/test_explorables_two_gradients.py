"""Chapter 3's first figure: closed forms in browser and package, dragging, what is said."""

import re

import numpy as np
import pytest
from access import room, until
from figure import Tags, as_browsers_write, turned

from mtl_lessons import embed
from mtl_lessons.explorables import two_gradients as shown

ARROWS = shown.TwoGradients()

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
    return dict(
        zip(("shown", "ax", "ay", "bx", "by"), (name, *map(float, (*a, *b))))
    )


@pytest.fixture(scope="module", autouse=True)
def remembered_steps():
    """The package's steps of a pair are computed once, whoever asks: they take most of the time."""
    known, compute = {}, shown.steps

    def steps(a, b):
        key = (*a, *b)
        if key not in known:
            known[key] = compute(a, b)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shown, "steps", steps)
        yield


def numbers_apart(text: str) -> tuple[str, list[float]]:
    """The text without its numbers, and the numbers."""
    pattern = r"[-−]?\d+(?:\.\d+)?"
    return re.sub(pattern, "#", text), [
        float(number.replace("−", "-")) for number in re.findall(pattern, text)
    ]


def same_but_for_the_last_digit(found: str, expected: str, unit: float) -> None:
    (found, numbers), (expected, wanted) = (
        numbers_apart(found),
        numbers_apart(expected),
    )
    assert found == expected
    np.testing.assert_allclose(numbers, wanted, atol=1.01 * unit)


# ---------------------------------------------------------------- what Python says of two gradients


def test_the_chapters_example_worked_out_by_hand():
    found = shown.steps(np.array([3.0, 1.0]), np.array([-1.0, 1.0]))
    impartial = (np.array([3, 1]) / 10**0.5 + np.array([-1, 1]) / 2**0.5) / (
        10**-0.5 + 2**-0.5
    )
    expected = {
        "mean": (1, 1),
        "pcgrad": (0.8, 1.6),
        "upgrad": (0.8, 1.6),
        "mgda": (0, 1),
        "imtlg": impartial,
        "nash": impartial,
    }
    for name, step in expected.items():
        np.testing.assert_allclose(found[name], step, atol=1e-5, err_msg=name)


def test_the_example_in_words():
    words = ARROWS.words(ARROWS.start)
    assert words == [
        "Gradients A (3.0, 1.0), B (−1.0, 1.0)",
        "Cosine −0.45: they conflict.",
        "Hurts A: none. Hurts B: none.",
        shown.SAY["same"],
    ]
    assert (
        ARROWS.words(ARROWS.start | {"shown": "pcgrad"})[3]
        == "PCGrad: step (0.80, 1.60), loss A −4.00, loss B −0.80."
    )


def test_who_hurts_whom_is_named_and_marked():
    at = point((3, 0), (-1, 0.5))
    assert ARROWS.words(at)[2] == "Hurts A: none. Hurts B: Mean, CAGrad."
    marked = re.findall(
        r'<tr class="mtl-(\w+)" tabindex="0">((?:(?!</tr>).)*▲.*?)</tr>',
        ARROWS.draw(at),
    )
    assert [name for name, _ in marked] == ["mean", "cagrad"]
    # B's column, not A's
    assert all(
        re.search(r"<td>[^<]*</td><td>\d\.\d\d <span.*▲.*raised", cells)
        for _, cells in marked
    )


@pytest.mark.parametrize(
    "a, b, said",
    [
        ((2, 0), (-1, 0), "Cosine −1.00: opposed, no step lowers both losses."),
        ((1, 0), (0, 1), "Cosine 0.00: no conflict."),
        ((1, 2), (2, 4), "Cosine 1.00: no conflict."),
        (
            (0, 0),
            (2, 4),
            "A gradient of zero has no direction, so there is no cosine.",
        ),
    ],
)
def test_how_gradients_stand_to_each_other(a, b, said):
    assert ARROWS.words(point(a, b))[1] == said


def test_with_two_tasks_there_are_five_steps_as_the_page_says():
    for a, b in np.random.default_rng(0).normal(size=(5, 2, 2)):
        found = shown.steps(a, b)
        np.testing.assert_allclose(found["pcgrad"], found["upgrad"], atol=1e-4)
        np.testing.assert_allclose(found["imtlg"], found["nash"], atol=1e-4)


@pytest.mark.parametrize(
    "a, b", [*EDGES, *np.random.default_rng(1).normal(size=(20, 2, 2))]
)
def test_the_shaded_part_is_where_both_losses_fall(a, b):
    """The polygon's corners against the definition; its edges, against the gradients."""
    a, b = np.array(a, float), np.array(b, float)
    corners = np.array(shown._cone(a, b)) * shown.UNIT / shown.FAR
    units = np.array([shown._unit(a), shown._unit(b)])
    assert (corners @ units.T >= -1e-9).all()
    if a.any() and b.any():
        assert (
            abs(corners[1] @ units[0]) < 1e-9
            and abs(corners[4] @ units[1]) < 1e-9
        )
        angle = np.pi - np.arccos(np.clip(units[0] @ units[1], -1, 1))
        between = np.arccos(np.clip(corners[1] @ corners[4], -1, 1))
        assert between == pytest.approx(angle, abs=1e-6)


NAME = re.compile(
    r'<text class="mtl-name" x="([-\d.]+)" y="([-\d.]+)">([^<]+)<'
)


def names_on(svg: str) -> list[tuple[tuple[float, ...], str]]:
    """Each name with its box: left, top, right, bottom."""
    found = [(float(x), float(y), said) for x, y, said in NAME.findall(svg)]
    half = shown.TALL / 2
    return [
        ((x - w, y - half, x + w, y + half), said)
        for x, y, said in found
        for w in [shown.WIDE * len(said) / 2]
    ]


def test_names_stand_apart_and_inside_and_off_the_handles():
    strong = ((3, 0.3), (-3, 0.1))
    for a, b in [*EDGES, ((3, 1), (-1, 1)), ((0.1, 0.1), (0, 0.1)), strong]:
        boxes = [box for box, _ in names_on(ARROWS.draw(point(a, b)))]
        assert boxes
        for g in map(np.array, (a, b)):
            x, y = shown._tip(g.astype(float))
            # what the printing rounds away
            boxes.append((x - 13.8, y - 13.8, x + 13.8, y + 13.8))
        names, grips = boxes[:-2], boxes[-2:]
        for i, box in enumerate(names):
            assert min(box[:2]) >= 1.9 and max(box[2:]) <= shown.SIDE - 1.9
            inner = (box[0] + 0.1, box[1] + 0.1, box[2] - 0.1, box[3] - 0.1)
            others = names[:i] + grips
            assert not any(shown._meet(inner, other) for other in others)


def test_equal_steps_share_an_arrow_and_a_name():
    said = [name for _, name in names_on(ARROWS.draw(ARROWS.start))]
    assert said == [
        "Mean",
        "PCGrad = UPGrad",
        "MGDA",
        "CAGrad",
        "IMTL-G = Nash-MTL",
    ]
    same = ARROWS.draw(point((1, 2), (1, 2)))
    assert sum(name == "Mean" for _, name in names_on(same)) == 0
    assert "more" in names_on(same)[0][1]


def test_steps_are_drawn_large_enough_to_be_read():
    """However strong the conflict; and never so large that they leave."""
    for a, b in [((3, 1), (-1, 1)), ((3, 0.3), (-3, 0.1)), ((3, 0), (-1, 0.5))]:
        found = shown.steps(np.array(a, float), np.array(b, float))
        larger = shown._larger(found)
        longest = max(np.linalg.norm(d) for d in found.values())
        assert 75 < larger * longest * shown.UNIT <= shown.LONG + 1
        said = f"steps and dashed line × {larger}"
        assert said in ARROWS.draw(point(a, b))
    long = shown.steps(np.array([3.0, 3.0]), np.array([3.0, 2.0]))
    assert shown._larger(long) == 1
    assert "dashed line ×" not in ARROWS.draw(point((3, 3), (3, 2)))


def test_what_the_guess_is_told_is_so():
    guess = ARROWS.guess
    assert "A is (3, 0), B is (−1, 0.5)" in guess.ask
    a, b = shown.gradients(guess.at)
    assert (*a, *b) == (3.0, 0.0, -1.0, 0.5)
    found = shown.steps(a, b)
    change = {name: shown.changes(d, a, b) for name, d in found.items()}
    raised = [name for name in change if change[name]["b"] > 0]
    assert raised == ["mean", "cagrad"]
    assert guess.options[guess.right] == "the mean and CAGrad"
    for name in set(change) - set(raised):
        assert max(change[name].values()) < 0, name
    # CAGrad: within half the length of the mean around it
    apart = np.linalg.norm(found["cagrad"] * 1.5 - found["mean"])
    assert apart == pytest.approx(np.linalg.norm(found["mean"]) / 2, abs=1e-3)


def test_every_drawing_is_well_formed_and_the_page_light():
    for a, b in EDGES:
        for name in ("all", "nash"):
            Tags(ARROWS.draw(point(a, b, name)))
    assert ARROWS.draw(point(*EDGES[0], "nash")).count("<g ") == 3
    assert len(ARROWS.html()) < 13_000


def test_in_a_kernel_the_package_computes(monkeypatch):
    widget = ARROWS.widget
    monkeypatch.setattr(
        shown, "steps", lambda a, b: dict.fromkeys(shown.AGGREGATORS, a - b)
    )
    widget.dials["bx"].value = -1.5
    assert (
        "B (−1.5, 1.0)" in widget.panel.value
        and "(4.50, 0.00)" in widget.panel.value
    )
    widget.dials["shown"].value = "mgda"
    assert "MGDA: step (4.50, 0.00)" in widget.panel.value


# ---------------------------------------------------------------- the browser against the package


PAIRS = [
    *EDGES,
    *(
        np.random.default_rng(2).normal(size=(15, 2, 2))
        * 10.0 ** np.random.default_rng(3).uniform(-2, 2, (15, 2, 1))
    ),
]


def test_closed_forms_of_the_browser_are_the_packages_steps(browser):
    """To 1e-6 of the longer gradient: the package adds that to a diagonal before it solves."""
    with browser.new_page() as opened:
        opened.add_script_tag(
            content=f"{embed.bundle('view_gradients')}\nwindow.STEPS = AGGREGATORS;",
            type="module",
        )
        opened.wait_for_function("window.STEPS")
        for a, b in PAIRS:
            a, b = np.array(a, float), np.array(b, float)
            each = """([a, b]) => {
              const steps = Object.entries(STEPS).map(([name, step]) => [name, step(a, b)]);
              return Object.fromEntries(steps);
            }"""
            found = opened.evaluate(each, [a.tolist(), b.tolist()])
            assert list(found) == list(shown.AGGREGATORS)
            for name, step in shown.steps(a, b).items():
                bound = 2e-6 * max(np.linalg.norm(a), np.linalg.norm(b))
                np.testing.assert_allclose(
                    found[name], step, atol=bound, err_msg=f"{name} {a} {b}"
                )


def test_the_browser_says_and_draws_what_python_does(page):
    """Numbers may differ in the last digit, since Python's are off by 1e-6."""
    figure = page(shown=ARROWS).locator("figure").first
    random = np.random.default_rng(4)
    pairs = [
        ((3, 1), (-1, 1)),
        *(pair for pair in EDGES if np.isin(pair, shown.ENDS).all()),
    ]
    pairs += random.choice(shown.ENDS, (6, 2, 2)).tolist()
    points = [
        point(a, b, random.choice(["all", *shown.AGGREGATORS]))
        for a, b in pairs
    ]
    for at, (words, drawing) in zip(
        points, turned(figure, ARROWS, points), strict=True
    ):
        same_but_for_the_last_digit(words, ARROWS.says(at), 0.01)
        same_but_for_the_last_digit(
            drawing, as_browsers_write(ARROWS.draw(at)), 0.1
        )


# ---------------------------------------------------------------- held and dragged


def middle(figure, task: str) -> tuple[float, float]:
    box = figure.locator(f"[data-held={task}] circle").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def gradients(figure) -> list[str]:
    return [
        figure.get_by_label(f"Gradient {task}, {xy}").get_attribute(
            "aria-valuetext"
        )
        for task in "AB"
        for xy in "xy"
    ]


def unit_on_screen(figure) -> float:
    return (
        figure.locator("svg").bounding_box()["width"] / shown.SIDE * shown.UNIT
    )


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
    assert gradients(first) == ["3.0", "1.0", "0.0", "−0.5"]
    assert "B (0.0, −0.5)" in first.locator(".mtl-panel p").text_content()
    assert gradients(second) == ["3.0", "1.0", "−1.0", "1.0"]
    first.get_by_role("status").get_by_text("B (0.0, −0.5)").wait_for(
        state="attached"
    )


def test_an_arrow_stops_at_the_edge_and_the_ground_holds_nothing(page):
    opened = page(shown=ARROWS)
    figure = opened.locator("figure").first
    (x, y), one = middle(figure, "a"), unit_on_screen(figure)
    opened.mouse.move(x, y - one)
    opened.mouse.down()
    opened.mouse.move(x, y + one)
    opened.mouse.up()
    assert gradients(figure) == ["3.0", "1.0", "−1.0", "1.0"]
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x + 9 * one, y - 9 * one, steps=3)
    opened.mouse.up()
    assert gradients(figure) == ["3.5", "3.5", "−1.0", "1.0"]


def test_only_the_main_button_drags(page):
    opened = page(shown=ARROWS)
    figure = opened.locator("figure").first
    x, y = middle(figure, "a")
    opened.mouse.move(x, y)
    opened.mouse.down(button="right")
    opened.mouse.move(x - 60, y, steps=3)
    opened.mouse.up(button="right")
    assert gradients(figure) == ["3.0", "1.0", "−1.0", "1.0"]


class Fingers:
    """Touches as the browser gets them from a screen, scrolling included."""

    def __init__(self, opened):
        self.session = opened.context.new_cdp_session(opened)

    def send(self, kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        self.session.send(
            "Input.dispatchTouchEvent",
            {"type": f"touch{kind}", "touchPoints": points},
        )

    def swipe(
        self, *ways: tuple[float, float, float, float], steps: int = 12
    ) -> None:
        """One finger per way `(x, y, dx, dy)`."""
        self.send("Start", *((x, y) for x, y, *_ in ways))
        for step in range(1, steps + 1):
            self.send(
                "Move",
                *(
                    (x + dx * step / steps, y + dy * step / steps)
                    for x, y, dx, dy in ways
                ),
            )
        self.send("End")


@pytest.fixture
def phone(page):
    opened = page(360, shown=ARROWS, has_touch=True, is_mobile=True)
    return opened, opened.locator("figure").first, Fingers(opened)


def test_a_finger_drags_an_arrow_and_the_page_stays(phone):
    opened, figure, fingers = phone
    one = unit_on_screen(figure)
    fingers.swipe((*middle(figure, "a"), -one, -2 * one))
    assert gradients(figure) == ["2.0", "3.0", "−1.0", "1.0"]
    assert opened.evaluate("scrollY") == 0


def test_a_finger_beside_the_arrows_scrolls_the_page(phone):
    opened, figure, fingers = phone
    x, y = middle(figure, "a")
    fingers.swipe((x, y + 150, 0, -150))
    until(opened, "scrollY > 50")
    assert gradients(figure) == ["3.0", "1.0", "−1.0", "1.0"]


def test_two_fingers_hold_two_arrows(phone):
    _, figure, fingers = phone
    one = unit_on_screen(figure)
    fingers.swipe(
        (*middle(figure, "a"), 0, one), (*middle(figure, "b"), -one, 0)
    )
    assert gradients(figure) == ["3.0", "0.0", "−2.0", "1.0"]


def test_the_drawing_stays_under_the_finger_whatever_is_said(page):
    """Words wrap as they grow; they stand below the drawing."""
    opened = page(320, shown=ARROWS)
    figure = opened.locator("figure").first
    tops = set()
    for at in (
        ARROWS.start,
        point((3, 0), (-1, 0.5), "nash"),
        point((0, 0), (0, 0)),
    ):
        turned(figure, ARROWS, [at])
        tops.add(figure.locator("svg").bounding_box()["y"])
    assert len(tops) == 1


# ---------------------------------------------------------------- by keyboard


def test_arrow_keys_move_a_handle_that_has_focus(page):
    opened = page(shown=ARROWS, copies=1)
    figure = opened.locator("figure").first
    grip = figure.get_by_role("button", name="Gradient B, moved by arrow keys")
    grip.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        opened.keyboard.press(key)
    assert gradients(figure) == ["3.0", "1.0", "−1.1", "1.2"]
    opened.keyboard.press("Shift+ArrowDown")
    assert gradients(figure) == ["3.0", "1.0", "−1.1", "0.7"]
    assert grip.evaluate("one => one === document.activeElement")
    # it stands over the handle
    box, (x, y) = grip.bounding_box(), middle(figure, "b")
    assert abs(box["x"] + box["width"] / 2 - x) < 1
    assert abs(box["y"] + box["height"] / 2 - y) < 1


def test_a_handle_that_was_dragged_is_moved_on_by_keys(page):
    opened = page(shown=ARROWS, copies=1)
    figure = opened.locator("figure").first
    (x, y), one = middle(figure, "a"), unit_on_screen(figure)
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x - one, y, steps=3)
    opened.mouse.up()
    opened.keyboard.press("ArrowDown")
    assert gradients(figure) == ["2.0", "0.9", "−1.0", "1.0"]


@pytest.mark.parametrize("way", ["hover", "focus", "click"])
def test_a_row_of_the_table_lights_its_arrow(page, way):
    figure = page(shown=ARROWS, copies=1).locator("figure").first
    getattr(figure.locator("tr.mtl-nash"), way)()
    opacity = "one => Number(getComputedStyle(one).opacity)"
    shown_of = {
        name: figure.locator(f"svg g.mtl-{name}").evaluate(opacity)
        for name in shown.AGGREGATORS
    }
    lit = {name for name, value in shown_of.items() if value == 1}
    assert lit == {"imtlg", "nash"}
    assert max(shown_of[name] for name in shown_of if name not in lit) < 0.2


def test_on_a_phone_drawing_and_dials_are_on_one_screen(page):
    figure = page(360, shown=ARROWS, copies=1).locator("figure")
    top = figure.locator("svg").bounding_box()["y"]
    dials = figure.locator("fieldset").bounding_box()
    foot = dials["y"] + dials["height"]
    assert top < dials["y"] < foot < top + 740 * room(figure.page)
