"""Chapter 2's first figure: it shows what backward passes give, in words, drawn, without colour."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from figure import as_browsers_write, turned

from mtl_lessons import inputs_outputs as io
from mtl_lessons import shared_networks as sn
from mtl_lessons import stored
from mtl_lessons.backend import keras, tf
from mtl_lessons.explorables.wiring import (
    ALL,
    ESMM,
    LARGE,
    LOSS_CHOICES,
    PHONE,
    WIRINGS,
    Wiring,
    drawn_network,
)

FIGURE = Wiring()
NETWORKS = FIGURE.networks
STORED = {
    (one["design"], one["levels"]): one
    for one in stored.read("shared_networks")["wirings"]
}


def at(loss: str, design: str = ALL) -> dict:
    return {"loss": loss, "design": design}


def boxes(svg: str) -> list[tuple[str, ...]]:
    """Class of every box, and its lines."""
    found = re.findall(
        r'<g class="mtl-by-(\w+) mtl-box"><path[^>]*/>(.*?)</g>', svg
    )
    return [(hue, *re.findall(">([^<]+)<", lines)) for hue, lines in found]


# ---------------------------------------------------------------- true to gradients


def test_the_stored_wirings_are_those_of_real_backward_passes():
    assert stored.read("shared_networks")["wirings"] == sn.wirings()


@pytest.mark.parametrize("task", "ab")
@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_lit_is_what_can_be_reached_along_the_wires_drawn(name, task):
    """So the wires are those along which the gradients came."""
    one = NETWORKS[name]
    lit = {i for i, block in enumerate(one.blocks) if task in block.tasks}
    assert one.below(one.last(task)) - {-1} == lit


@pytest.mark.parametrize("kept", STORED, ids=str)
def test_all_that_is_stored_can_be_drawn_truly(kept):
    one = drawn_network(STORED[kept])
    for task in "ab":
        lit = {i for i, block in enumerate(one.blocks) if task in block.tasks}
        assert one.below(one.last(task)) - {-1} == lit


def touched(tape, loss, weights) -> bool:
    found = tape.gradient(
        loss,
        [weight.value for weight in weights],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    return any(np.any(np.asarray(one)) for one in found)


def test_a_tower_is_trained_by_its_own_loss_alone():
    """The towers stand on what `reach` looks at."""
    keras.utils.set_random_seed(0)
    model = sn.two_towers(sn.PLE(["a", "b"], 2, 1, [[8]] * 2), d=6)
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    for task in "ab":
        for owner in "ab":
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(model(x)[task] ** 2)
            weights = model.get_layer(owner).trainable_weights
            assert touched(tape, loss, weights) == (task == owner)


def test_esmm_is_wired_as_its_gradients_say():
    """a: the loss of the click; b: that of the purchase, the product of both towers."""
    keras.utils.set_random_seed(0)
    x = keras.Input((6,))
    tables = keras.layers.Dense(8, "relu", name="tables")(x)
    heads = {
        task: keras.layers.Dense(1, "sigmoid", name=task)(tables)
        for task in "ab"
    }
    model = keras.Model(x, io.entire_space(heads["a"], heads["b"]))
    rows = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    parts = {
        ("tables", "shared"): "tables",
        ("tower", "a"): "a",
        ("tower", "b"): "b",
    }
    found = dict.fromkeys(parts, "")
    for task, output in (("a", "click"), ("b", "purchase")):
        for part, layer in parts.items():
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(model(rows)[output] ** 2)
            weights = model.get_layer(layer).trainable_weights
            found[part] += task * touched(tape, loss, weights)
    drawn = {
        (one.kind, one.owner): one.tasks
        for one in ESMM
        if one.kind != "product"
    }
    assert drawn == found


# ---------------------------------------------------------------- the leak


def ways(name: str, task: str) -> set[tuple[str, str]]:
    """The bold wires, as (reader, source)."""
    one = NETWORKS[name]

    def named(place: int) -> str:
        block = one.blocks[place]
        return f"{block.kind} {block.level} {block.owner}"

    return {(named(w.reader), named(w.source)) for w in one.leaks(task)}


def test_the_leak_of_ple_goes_over_the_shared_gate_of_the_first_level():
    assert ways("PLE", "b") == {
        ("tower 5 b", "gate 2 b"),
        ("gate 2 b", "experts 2 shared"),
        ("experts 2 shared", "gate 1 shared"),
        ("gate 1 shared", "experts 1 a"),
    }


def test_other_leaks_by_hand():
    assert ways("AdaTT", "b") == {
        ("tower 3 b", "gate 1 b"),
        ("gate 1 b", "experts 1 a"),
    }
    assert ways("ESMM", "b") == {("product 3 b", "tower 2 a")}
    assert ways("ESMM", "a") == set()
    for name in ("Shared bottom", "OMoE", "MMoE", "CGC"):
        assert ways(name, "a") == ways(name, "b") == set()


def test_the_right_answer_is_the_one_that_gradients_give():
    """Of the designs to choose from, where is a private expert of a reached by b?"""
    guess = FIGURE.guess
    fresh = {(one["design"], one["levels"]): one for one in sn.wirings()}
    reached = [
        option
        for option in guess.options
        if option in WIRINGS
        and any(
            kind == "experts" and owner == "a" and "b" in tasks
            for _, kind, owner, tasks in fresh[WIRINGS[option]]["blocks"]
        )
    ]
    assert reached == [guess.options[guess.right]] == ["PLE"]
    # and the way that is told is the one that is drawn
    assert [
        wire in ways("PLE", "b")
        for wire in (
            ("gate 2 b", "experts 2 shared"),
            ("gate 1 shared", "experts 1 a"),
        )
    ] == [True, True]
    assert {
        one.owner for one in NETWORKS["MMoE"].blocks if one.kind == "experts"
    } == {"shared"}


# ---------------------------------------------------------------- words


def test_words_over_all_designs():
    assert FIGURE.words(FIGURE.start) == [
        "All designs, lit by the loss of b",
        "The loss of b also changes what is a’s own in Cross-stitch (network), "
        "PLE (experts), AdaTT (experts), ESMM (tower).",
        "It does not in Shared bottom, OMoE, MMoE, CGC.",
    ]
    assert len(FIGURE.words(at("loss-both"))) == 5


@pytest.mark.parametrize(
    ("design", "said"),
    [
        ("CGC", "The loss of b trains nothing that is a’s own."),
        (
            "PLE",
            "The loss of b also trains what is a’s own: experts of level 1.",
        ),
        ("ESMM", "The loss of b also trains what is a’s own: tower a."),
        ("Shared bottom", "Nothing below the towers is a’s own."),
    ],
)
def test_words_of_a_design(design, said):
    assert FIGURE.words(at("loss-b", design))[1] == said


def test_mmoe_owns_its_gates_and_no_expert():
    assert "every expert is common" in FIGURE.words(at("loss-a", "MMoE"))[1]


# ---------------------------------------------------------------- the drawing


def test_every_state_is_well_formed_and_has_a_label():
    for state in FIGURE.states:
        root = ElementTree.fromstring(FIGURE.draw(state))
        pictures = list(root.iter("svg"))
        assert len(pictures) == (8 if state["design"] == ALL else 1)
        for svg in pictures:
            assert svg.get("role") == "img" and len(svg.get("aria-label")) > 15
        assert len(FIGURE.words(state)) >= 2


def test_a_large_box_says_who_trains_it():
    found = boxes(FIGURE.draw(at("loss-b", "PLE")))
    # experts and gates of level 1, of level 2, and towers
    assert len(found) == 3 + 3 + 3 + 2 + 2
    assert {line for hue, _, line in found if hue == "b"} == {"by b"}
    assert {line for hue, _, line in found if hue == "none"} == {"not trained"}
    assert [hue for hue, name, _ in found if name == "tower a"] == ["none"]
    both = boxes(FIGURE.draw(at("loss-both", "MMoE")))
    assert ("both", "experts", "by a + b") in both
    assert ("a", "gate", "by a") in both and ("b", "gate", "by b") in both


@pytest.mark.parametrize("size", [PHONE, LARGE], ids=["small", "large"])
def test_boxes_do_not_overlap_and_stay_inside(size):
    width, height = size.box
    for name in NETWORKS:
        svg = FIGURE._svg(name, "ab", size)
        full = int(re.search(r'viewBox="0 0 \d+ (\d+)"', svg)[1])
        corners = [
            tuple(map(int, corner))
            for corner in re.findall(r'<path d="M(\d+) (\d+)h', svg)
        ]
        assert len(corners) == len(NETWORKS[name].blocks)
        for i, (x, y) in enumerate(corners):
            assert 0 < x < size.width - width and 0 <= y < full - height - 14
            assert all(
                abs(x - u) >= width or abs(y - v) >= height
                for u, v in corners[:i]
            )


# ---------------------------------------------------------------- in a browser


def test_the_browser_draws_the_same(page):
    figure = page(shown=FIGURE, copies=1).locator("figure")
    for state, (words, drawing) in zip(
        FIGURE.states, turned(figure, FIGURE, FIGURE.states), strict=True
    ):
        assert words == FIGURE.says(state).replace("&#x27;", "'")
        assert drawing == as_browsers_write(FIGURE.draw(state))


def test_a_click_makes_one_large_and_another_shows_all(page):
    figure = page(shown=FIGURE, copies=1).locator("figure")
    figure.locator("[data-turn]", has_text="PLE").click()
    assert figure.locator("svg").count() == 1
    assert figure.get_by_label("Show").input_value() == "6"
    figure.locator("svg").click()
    assert figure.locator("svg").count() == 8


def test_it_lights_up_when_the_guess_is_made_or_a_dial_turned(page):
    figure = page(shown=FIGURE, copies=1).locator("figure")
    words = figure.locator(".mtl-panel p")
    assert not words.is_visible()
    figure.get_by_role("button", name="CGC").click()
    assert figure.get_by_text("Not so. PLE. The way").is_visible()
    assert words.is_visible()
    figure.get_by_role("button", name="Start again").click()
    assert not words.is_visible()
    figure.get_by_label("Train with").select_option("0")
    assert words.is_visible()


def test_every_design_stands_in_the_dial():
    assert FIGURE.axes[1].values == (ALL, *NETWORKS)
    assert set(WIRINGS) | {"ESMM"} == set(NETWORKS)
    assert list(LOSS_CHOICES.values()) == ["a", "b", "ab"]
