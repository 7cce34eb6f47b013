"""What every figure of the book keeps, found by itself: a new figure needs no test of these.

It works without a script, fits a phone, can be turned by keyboard and says so, reads in both
themes, is light, asks nothing of anybody, and lets nothing be forgotten: its line in the list, its
texts, its place on a page.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from html import escape, unescape
from pathlib import Path

import nbformat
import pytest
from access import NONE, until, violations_by_theme
from figure import Tags, as_browsers_write, turned

import mtl_lessons
from mtl_lessons import embed, explorables
from mtl_lessons.explorables import (
    FIGURES,
    Explorable,
    race,
    show,
    two_gradients,
)

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(explorables.__file__).parent
LIST = "mtl_lessons/explorables/__init__.py"
STRINGS = "mtl_lessons/web/strings.en.json"
CLASS = re.compile(r"^class (\w+)\((?:Explorable|GainMap)\):", re.MULTILINE)
KINDS = {"gain_map"}  # files of a kind of figure, not of one

LIGHT = 61_000  # characters of HTML
# whose steps are those of `loss_balancing`, which needs TensorFlow
COMPUTED = {"race", "two_gradients"}


@pytest.fixture(scope="module", autouse=True)
def without_tensorflow():
    """No test here is about the steps; the browser makes its own."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (two_gradients, race):
            patch.setattr(module, "step_of", lambda _, a, b: (a + b) / 2)
        yield


@cache
def figure(name: str) -> Explorable:
    return show(name)


# ---------------------------------------------------------------- nothing is forgotten


def sources() -> dict[str, str]:
    """The code of every file that has a class of a figure, by its name."""
    read = {
        path.stem: path.read_text(encoding="utf-8")
        for path in PACKAGE.glob("*.py")
    }
    return {
        name: code
        for name, code in read.items()
        if CLASS.search(code) and name not in KINDS
    }


def pages() -> str:
    """The code of all notebooks."""
    notebooks = [
        nbformat.read(path, as_version=4)
        for path in sorted((ROOT / "book").glob("*.ipynb"))
    ]
    return "\n".join(
        cell.source
        for one in notebooks
        for cell in one.cells
        if cell.cell_type == "code"
    )


def forgotten(
    figures: dict[str, str],
    sources: dict[str, str],
    strings: dict[str, dict],
    pages: str,
) -> Iterator[str]:
    """What a figure still needs, in sentences that name the file."""
    for name, code in sources.items():
        line = f'"{name}": "{CLASS.search(code)[1]}",'
        if f'"{name}": "{figures.get(name)}",' != line:
            yield f"{LIST}: expected the line {line} in FIGURES, found none"
    for name in figures:
        if name not in sources:
            yield f"mtl_lessons/explorables/{name}.py: expected the class of a figure, found none"
        for key in ("title", "caption"):
            if not strings.get(name, {}).get(key):
                yield f"{STRINGS}: expected a text {key!r} in the part {name!r}, found none"
        if f'explorables.show("{name}"' not in pages:
            yield f'book: expected a notebook with explorables.show("{name}"), found none'


def test_nothing_is_forgotten():
    strings = json.loads(embed.asset("strings.en.json"))
    lacks = list(forgotten(FIGURES, sources(), strings, pages()))
    assert not lacks, "\n".join(lacks)


WHOLE = {
    "figures": {"duel": "Duel"},
    "sources": {"duel": "class Duel(Explorable):\n"},
    "strings": {"duel": {"title": "A duel", "caption": "Of two."}},
    "pages": 'explorables.show("duel")',
}


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ({}, None),
        (
            {"figures": {}},
            f'{LIST}: expected the line "duel": "Duel", in FIGURES, found none',
        ),
        (
            {"sources": {}},
            "mtl_lessons/explorables/duel.py: expected the class of a figure, found none",
        ),
        (
            {"strings": {"duel": {"title": "A duel"}}},
            f"{STRINGS}: expected a text 'caption' in the part 'duel', found none",
        ),
        (
            {"pages": "duel"},
            'book: expected a notebook with explorables.show("duel"), found none',
        ),
    ],
)
def test_what_is_forgotten_is_said_with_its_file(missing, sentence):
    assert list(forgotten(**WHOLE | missing)) == (
        [sentence] if sentence else []
    )


@pytest.mark.parametrize("name", FIGURES)
def test_every_text_of_a_figure_is_used(name):
    code = "".join(
        (PACKAGE / f"{part}.py").read_text(encoding="utf-8")
        for part in (name, "gain_map")
    )
    # such as case- of SAY[f"case-{case}"]
    stems = tuple(re.findall(r'SAY\[f"([\w-]+-)\{', code))
    named = {axis.name for axis in figure(name).axes}
    for key in embed.strings(name):
        used = (
            f'"{key}"' in code
            or key in named
            or key.startswith(stems or ("-",))
        )
        assert used, (
            f"{STRINGS}: {key!r} of the part {name!r} is used nowhere in explorables/{name}.py"
        )


def test_a_name_without_a_line_is_refused_and_the_file_named():
    with pytest.raises(
        ValueError,
        match=r"name: expected one of transfer_map, .*, found 'fission'.*explorables.__init__\.py",
    ):
        show("fission")


# ---------------------------------------------------------------- as HTML


@pytest.mark.parametrize("name", FIGURES)
def test_the_start_stands_in_the_html_in_words_and_drawn(name):
    shown = figure(name)
    html = shown.html()
    assert shown.says(shown.start) in html and shown.draw(shown.start) in html
    assert escape(shown.title) in html and escape(shown.caption) in html
    lines = shown.words(shown.start)
    assert len(lines) >= 2, (
        f"{name}.py: expected words of two lines or more, found {lines}"
    )


@pytest.mark.parametrize("name", FIGURES)
def test_it_is_well_formed_has_a_name_and_no_style_of_its_own(name):
    """A strict policy of a page would block the latter."""
    tags = Tags(figure(name).html()).tags
    pictures = [attributes for tag, attributes in tags if tag == "svg"]
    assert pictures, f"{name}.py: expected a drawing with an <svg>, found none"
    for one in pictures:
        assert (
            one.get("role") == "img" and len(one.get("aria-label", "")) > 15
        ), (
            f"{name}.py: expected an svg of role img with a label of a few words, found {one}"
        )
    for tag, attributes in tags:
        own = [
            key
            for key in attributes
            if key in ("style", "fill") or key.startswith("on")
        ]
        assert not own, (
            f"{name}.py: expected classes of explorable.css, found {own} in <{tag}>"
        )
        assert tag != "script" or attributes == {"type": "application/json"}


@pytest.mark.parametrize("name", FIGURES)
def test_it_is_light(name):
    assert len(figure(name).html()) < LIGHT


@pytest.mark.parametrize("name", FIGURES)
def test_in_a_kernel_every_setting_has_its_dial(name):
    shown = figure(name)
    assert shown.says(shown.start) in shown.widget.panel.value
    assert {
        key: dial.description for key, dial in shown.widget.dials.items()
    } == {axis.name: axis.label for axis in shown.axes}


def test_showing_them_imports_no_tensorflow():
    code = (
        "import sys; from mtl_lessons.explorables import FIGURES, show; "
        "figures = {name: show(name) for name in FIGURES}; "
        f"[figures[name].html() for name in FIGURES if name not in {COMPUTED!r}]; "
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert (
        not {"tensorflow", "keras"} & set(done.stdout.split())
        and "mtl_lessons" in done.stdout
    )


# ---------------------------------------------------------------- in a browser, all on one page


@pytest.fixture
def opened(page):
    """Opens the page of all figures; it fails if one of them logs an error or asks for anything."""

    def open_page(width: int = 1300, **options):
        shelf = page(
            width,
            shown=[figure(name) for name in FIGURES],
            copies=1,
            reduced_motion="reduce",
            **options,
        )
        return shelf, dict(
            zip(
                FIGURES,
                shelf.locator("figure.mtl-explorable").all(),
                strict=True,
            )
        )

    return open_page


# Turns each dial to its values (of many, to some) and back; stays where most is shown. Returns the
# greatest width of the page.
EVERYWHERE = """figure => {
  const dials = [...figure.querySelectorAll("fieldset input, fieldset select")];
  const turn = (dial, at) => {
    dial.value = at;
    dial.dispatchEvent(new Event("input", { bubbles: true }));
  };
  let widest = 0, most = { size: 0 };
  for (const dial of dials) {
    const start = dial.value;
    const last = dial.options ? dial.options.length - 1 : Number(dial.max);
    const step = Math.max(1, last >> 3);
    for (let at = 0; at <= last; at += step) {
      turn(dial, at);
      widest = Math.max(widest, document.documentElement.scrollWidth);
      const size = figure.querySelectorAll("*").length;
      if (size > most.size) most = { size, dial, at };
    }
    turn(dial, start);
  }
  turn(most.dial, most.at);
  return widest;
}"""


@pytest.mark.parametrize("width", [320, 360, 1300])
def test_they_fit_the_screen_wherever_a_dial_is_turned_and_axe_finds_nothing(
    opened, width
):
    shelf, figures = opened(width)
    widths = {name: one.evaluate(EVERYWHERE) for name, one in figures.items()}
    assert widths == {
        name: widths[name] for name in FIGURES if widths[name] <= width
    }
    if width != 360:  # what it would find there it finds at 320
        assert violations_by_theme(shelf) == NONE


CAN_GO_UP = """dial => {
  const last = dial.options ? dial.options.length - 1 : Number(dial.max);
  return Number(dial.value) < last;
}"""
ALL_SAID = """[...document.querySelectorAll("figure.mtl-explorable")].every((figure) => {
  const [status, words] = ["[role=status]", ".mtl-panel p"].map((one) => figure.querySelector(one));
  return status.textContent === words.textContent;
})"""


def test_the_keyboard_turns_every_dial_and_a_live_region_says_so(opened):
    shelf, figures = opened()
    for name, one in figures.items():
        controls = one.locator("fieldset").locator("input, select").all()
        assert len(controls) == len(figure(name).axes)
        for axis, control in zip(figure(name).axes, controls, strict=True):
            words = one.locator(".mtl-panel p").text_content()
            up, down = (
                ("ArrowDown", "ArrowUp")
                if axis.choice
                else ("ArrowRight", "ArrowLeft")
            )
            control.press(up if control.evaluate(CAN_GO_UP) else down)
            assert one.locator(".mtl-panel p").text_content() != words, (
                f"{name}: {axis.name} changes no word"
            )
    until(shelf, ALL_SAID)


def test_the_browser_shows_what_python_says_and_draws(opened):
    """At both ends of all dials; where the browser computes, a figure's own tests ask for more."""
    _, figures = opened()
    for name in FIGURES.keys() - COMPUTED:
        shown = figure(name)
        ends = [
            {axis.name: axis.values[end] for axis in shown.axes}
            for end in (0, -1)
        ]
        expected = [
            (unescape(shown.says(state)), as_browsers_write(shown.draw(state)))
            for state in map(shown.state, ends)
        ]
        assert turned(figures[name], shown, ends) == expected, name


def test_without_a_script_every_figure_stands(opened):
    _, figures = opened(360, script=False)
    for name, one in figures.items():
        shown = figure(name)
        assert unescape(one.locator(".mtl-panel p").inner_html()) == unescape(
            shown.says(shown.start)
        )
        assert (
            one.locator(".mtl-panel svg").first.is_visible()
            and one.locator("input, select, button").count() == 0
        )
        box = one.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360


def test_the_package_is_the_one_of_this_checkout():
    assert Path(mtl_lessons.__file__).is_relative_to(ROOT)
