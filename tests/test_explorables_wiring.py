"""Chapter 2's first figure: it shows what backward passes give, in words, drawn, without colour."""

import re
from xml.etree import ElementTree

from mtl_lessons import shared_networks as sn
from mtl_lessons import stored
from mtl_lessons.explorables.wiring import HEIGHT, WIDTH, Wiring

FIGURE = Wiring()


def at(design: str, levels: int, loss: str) -> dict:
    return {"design": design, "levels": levels, "loss": loss}


def boxes(svg: str) -> list[tuple[str, str, str]]:
    """Class, name and lower line of every box."""
    text = "<text[^>]*>([^<]*)</text>"
    return re.findall(
        rf"<g class='mtl-by-(\w+)'[^>]*><path[^>]*/>{text}{text}</g>", svg
    )


def test_the_stored_wirings_are_those_of_real_backward_passes():
    assert stored.read("shared_networks")["wirings"] == sn.wirings()


def test_every_state_is_well_formed_and_has_a_label():
    for state in FIGURE.states:
        svg = ElementTree.fromstring(FIGURE.draw(state))
        assert svg.get("role") == "img" and len(svg.get("aria-label")) > 15
        assert len(FIGURE.words(state)) >= 2


def test_every_block_is_a_box_that_says_who_trains_it():
    svg = FIGURE.draw(at(design="CGC, PLE", levels=2, loss="loss-b"))
    found = boxes(svg)
    # experts and gates of level 1, of level 2, and towers
    assert len(found) == 3 + 3 + 3 + 2 + 2
    assert {line for hue, _, line in found if hue == "b"} == {"by b"}
    assert {line for hue, _, line in found if hue == "none"} == {"not trained"}
    assert [hue for hue, name, _ in found if name == "tower a"] == ["none"]


def test_the_leak_appears_when_a_level_is_added():
    one, two = (
        FIGURE.words(at(design="CGC, PLE", levels=n, loss="loss-b"))
        for n in (1, 2)
    )
    assert one[1] == "The loss of b trains nothing that is a's own."
    assert (
        two[1]
        == "The loss of b also trains what is a's own: experts of level 1."
    )


def test_with_both_losses_a_box_names_both():
    found = boxes(FIGURE.draw(at(design="MMoE", levels=1, loss="loss-both")))
    assert (
        ("both", "experts", "by a + b") in found
        and ("a", "gate", "by a") in found
        and ("b", "gate", "by b") in found
    )


def test_where_nothing_is_private_it_says_so():
    words = FIGURE.words(at(design="Shared bottom", levels=2, loss="loss-a"))
    assert words[1] == "Nothing below the towers is b's own."


def test_boxes_do_not_overlap_and_stay_inside():
    for state in FIGURE.states:
        svg = FIGURE.draw(state)
        height = int(re.search(r"viewBox=\"0 0 320 (\d+)\"", svg)[1])
        centres = [
            tuple(map(int, c))
            for c in re.findall(r"<path d='M(\d+) (\d+)h", svg)
        ]
        half, low = WIDTH // 2, HEIGHT // 2
        centres = [(x + half, y + low) for x, y in centres]
        assert len(centres) == len(boxes(svg)) > 2
        assert all(
            half < x < 320 - half and low < y <= height - low - 18
            for x, y in centres
        )
        for i, (x, y) in enumerate(centres):
            assert all(
                abs(x - u) >= WIDTH or abs(y - v) >= HEIGHT
                for u, v in centres[:i]
            )
