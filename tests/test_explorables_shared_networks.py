"""Chapter 2's explorables: what they show is what backward passes and a trained model give, in words, drawn and without colour."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from access import NONE, violations_by_theme

from mtl_lessons import embed
from mtl_lessons import shared_networks as sn
from mtl_lessons.explorables import gates, wiring

BOTH = {"wiring": wiring.wiring, "gates": gates.gates}
SAY = embed.strings("shared_networks")


def at(explorable, **point):
    return next(state for state in explorable.states if state.items() >= point.items())


def boxes(svg: str) -> list[tuple[str, str, str]]:
    """Class, name and lower line of every box."""
    return re.findall(r"<g class='mtl-by-(\w+)'[^>]*><path[^>]*/><text[^>]*>([^<]*)</text><text[^>]*>([^<]*)</text></g>", svg)


# ---------------------------------------------------------------- what is stored is what the modules compute


def test_the_stored_wirings_are_those_of_real_backward_passes():
    assert wiring.measured()["wirings"] == sn.wirings()


def test_the_stored_gates_are_those_of_a_model_trained_now():
    stored, fresh = wiring.measured()["gates"], sn.gate_map()
    assert stored["error"] < 0.02 and fresh["error"] < 0.02  # it solves both tasks: a constant guess has an error near 0.5
    for task in sn.TASKS:
        np.testing.assert_allclose(stored["weights"][task], fresh["weights"][task], atol=0.15)
        np.testing.assert_allclose(np.sum(stored["weights"][task], 0), 1, atol=0.021)  # rounded to two decimals


def test_the_rules_change_where_the_page_says():
    x = np.array([[-0.5, 0.3], [0.5, 0.3], [0.3, -0.5], [0.3, 0.5]])
    y = sn.two_rules(x)
    np.testing.assert_allclose(y[:2, 0], [np.sin(1.2), np.cos(1.2)])
    np.testing.assert_allclose(y[2:, 1], [np.sin(1.2), np.cos(1.2)])


# ---------------------------------------------------------------- both figures


@pytest.mark.parametrize("name", BOTH)
def test_every_state_is_well_formed_and_has_a_name_and_a_label(name):
    explorable = BOTH[name]()
    for state in explorable.states:
        svg = ElementTree.fromstring(explorable.draw(state))
        assert svg.get("role") == "img" and len(svg.get("aria-label")) > 15
        assert svg.get("viewBox").startswith("0 0 320 ") and not re.search(r"style=|fill=", explorable.draw(state))
        assert len(explorable.words(state)) >= 2


@pytest.mark.parametrize("name", BOTH)
def test_the_page_stays_light(name):
    assert len(BOTH[name]().html()) < 61_000


@pytest.mark.parametrize("name", BOTH)
def test_it_stands_without_a_script(name):
    explorable = BOTH[name]()
    html = explorable.html()
    assert html.count("<svg") >= 1 and explorable.draw(explorable.start) in html


# ---------------------------------------------------------------- the wiring


def test_every_block_is_a_box_that_says_who_trains_it():
    explorable = wiring.wiring()
    svg = explorable.draw(at(explorable, design="CGC, PLE", levels=2, loss=SAY["loss-b"]))
    found = boxes(svg)
    assert len(found) == 3 + 3 + 3 + 2 + 2  # experts and gates of level 1, of level 2, and towers
    assert {line for hue, _, line in found if hue == "b"} == {"by b"}
    assert {line for hue, _, line in found if hue == "none"} == {"not trained"}
    assert [hue for hue, name, _ in found if name == "tower a"] == ["none"]


def test_the_leak_appears_when_a_level_is_added():
    explorable = wiring.wiring()
    one, two = (explorable.words(at(explorable, design="CGC, PLE", levels=n, loss=SAY["loss-b"])) for n in (1, 2))
    assert one[1] == "The loss of b trains nothing that is a's own."
    assert two[1] == "The loss of b also trains what is a's own: experts of level 1."


def test_with_both_losses_a_box_names_both():
    explorable = wiring.wiring()
    found = boxes(explorable.draw(at(explorable, design="MMoE", levels=1, loss=SAY["loss-both"])))
    assert ("both", "experts", "by a + b") in found and ("a", "gate", "by a") in found and ("b", "gate", "by b") in found


def test_where_nothing_is_private_it_says_so():
    explorable = wiring.wiring()
    words = explorable.words(at(explorable, design="Shared bottom", levels=2, loss=SAY["loss-a"]))
    assert words[1] == "Nothing below the towers is b's own."


def test_boxes_do_not_overlap_and_stay_inside():
    explorable = wiring.wiring()
    for state in explorable.states:
        svg = explorable.draw(state)
        height = int(re.search(r"viewBox=\"0 0 320 (\d+)\"", svg)[1])
        centres = [tuple(map(int, c)) for c in re.findall(r"<path d='M(\d+) (\d+)h", svg)]
        half, low = wiring.WIDTH // 2, wiring.HEIGHT // 2
        centres = [(x + half, y + low) for x, y in centres]
        assert len(centres) == len(boxes(svg)) > 2
        assert all(half < x < 320 - half and low < y <= height - low - 18 for x, y in centres)
        for i, (x, y) in enumerate(centres):
            assert all(abs(x - u) >= wiring.WIDTH or abs(y - v) >= wiring.HEIGHT for u, v in centres[:i])


# ---------------------------------------------------------------- the gates


def test_the_words_are_the_means_of_the_two_halves():
    maps = np.zeros((1, 4, 4))
    maps[0, :, 2:] = 0.4  # x1 > 0
    found = {"weights": {"a": maps.tolist(), "b": maps.transpose(0, 2, 1).tolist()}}
    explorable = gates.gates(found)
    assert explorable.words({"task": "a", "expert": 1})[1] == "Mean weight 0.00 left of the line, 0.40 right of it."
    assert explorable.words({"task": "b", "expert": 1})[1] == "Mean weight 0.00 below the line, 0.40 above it."


def test_cells_are_drawn_where_they_are():
    maps = np.zeros((1, 4, 4))
    maps[0, 0, 2:] = 0.25  # the lowest row, right half
    svg = gates.gates({"weights": {"a": maps.tolist(), "b": maps.tolist()}}).draw({"task": "a", "expert": 1})
    c, left, top = gates.CELL, gates.LEFT, gates.TOP
    assert f'<path class="mtl-shade-2" d="M{left + 2 * c} {top + 3 * c}h{2 * c}v{c}h-{2 * c}z"/>' in svg


# ---------------------------------------------------------------- in a browser


@pytest.mark.parametrize("name", BOTH)
def test_dials_move_words_and_drawing_by_keyboard(page, name):
    figure = page(shown=BOTH[name]()).locator("figure").first
    before = figure.locator(".mtl-panel svg").inner_html()
    figure.locator("select").first.focus()
    figure.locator("select").first.press("ArrowUp" if name == "wiring" else "ArrowDown")
    assert figure.locator(".mtl-panel svg").inner_html() != before
    figure.locator("input").first.press("Home")
    assert figure.locator(".mtl-panel p").inner_text()


@pytest.mark.parametrize("name", BOTH)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(page, name):
    for width in (320, 1300):
        opened = page(width, shown=BOTH[name](), reduced_motion="reduce")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert violations_by_theme(opened) == NONE
