"""Chapter 2's second figure: what it shows is what a trained model gives, in words and drawn."""

from xml.etree import ElementTree

import numpy as np

from mtl_lessons import shared_networks as sn
from mtl_lessons import stored
from mtl_lessons.explorables.gates import CELL, LEFT, TOP, Gates


def test_the_stored_gates_are_those_of_a_model_trained_now():
    kept, fresh = stored.read("shared_networks")["gates"], sn.gate_map()
    # it solves both tasks: a constant guess has an error near 0.5
    assert kept["error"] < 0.02 and fresh["error"] < 0.02
    for task in sn.TASKS:
        np.testing.assert_allclose(
            kept["weights"][task], fresh["weights"][task], atol=0.15
        )
        # rounded to two decimals
        np.testing.assert_allclose(
            np.sum(kept["weights"][task], 0), 1, atol=0.021
        )


def test_the_rules_change_where_the_page_says():
    x = np.array([[-0.5, 0.3], [0.5, 0.3], [0.3, -0.5], [0.3, 0.5]])
    y = sn.two_rules(x)
    np.testing.assert_allclose(y[:2, 0], [np.sin(1.2), np.cos(1.2)])
    np.testing.assert_allclose(y[2:, 1], [np.sin(1.2), np.cos(1.2)])


def test_every_state_is_well_formed_and_has_a_label():
    figure = Gates()
    for state in figure.states:
        svg = ElementTree.fromstring(figure.draw(state))
        assert svg.get("role") == "img" and len(svg.get("aria-label")) > 15
        assert svg.get("viewBox").startswith("0 0 320 ")


def test_the_words_are_the_means_of_the_two_halves():
    maps = np.zeros((1, 4, 4))
    maps[0, :, 2:] = 0.4  # x1 > 0
    found = {
        "weights": {"a": maps.tolist(), "b": maps.transpose(0, 2, 1).tolist()}
    }
    figure = Gates(found)
    assert (
        figure.words({"task": "a", "expert": 1})[1]
        == "Mean weight 0.00 left of the line, 0.40 right of it."
    )
    assert (
        figure.words({"task": "b", "expert": 1})[1]
        == "Mean weight 0.00 below the line, 0.40 above it."
    )


def test_cells_are_drawn_where_they_are():
    maps = np.zeros((1, 4, 4))
    maps[0, 0, 2:] = 0.25  # the lowest row, right half
    svg = Gates({"weights": {"a": maps.tolist(), "b": maps.tolist()}}).draw(
        {"task": "a", "expert": 1}
    )
    c, left, top = CELL, LEFT, TOP
    assert (
        f'<path class="mtl-shade-2" d="M{left + 2 * c} {top + 3 * c}h{2 * c}v{c}h-{2 * c}z"/>'
        in svg
    )
