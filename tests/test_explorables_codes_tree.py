"""Chapter 10's tree of codes: who shares, what is told, package and browser alike."""

import numpy as np
import pytest
from figure import Tags, as_browsers_write, turned

from mtl_lessons.explorables import codes_tree as shown

TREE = shown.CodesTree()


def state(**changes):
    return TREE.start | changes


def test_who_shares_by_hand():
    found = {
        "warm": 3,
        "content": [[0, 0], [1, 0], [0, 1], [0, 0.1]],
        "topic": [0, 1, 0, 0],
        "rate": [0.1, 0.3, 0.2, 0.5],
        "codes": {
            "semantic": [[1, 1, 0], [1, 2, 0], [0, 1, 0], [1, 2, 3]],
            "random": [[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0]],
            "hashed": [[5], [5], [6], [6]],
        },
    }
    figure = shown.CodesTree.__new__(shown.CodesTree)
    figure.warm, figure.topic = 3, np.array(found["topic"])
    figure.rate = np.array(found["rate"])
    figure.codes = {k: np.array(c) for k, c in found["codes"].items()}
    at = {"item": "item-3", "kind": "semantic", "depth": 1}
    assert figure.shared(at)[1:] == (2, "50%", "20%")
    assert figure.shared(at | {"depth": 2})[1:] == (1, "0%", "30%")
    assert figure.shared(at | {"depth": 0})[1:] == (3, "67%", "20%")
    assert figure.shared(at | {"kind": "random"}).count == 0
    assert figure.shared(at | {"kind": "hashed", "depth": 3}).count == 1


def test_what_the_guess_is_told_is_so():
    """Most with semantic codes, about one in six with random ones, of all new items."""
    shares = {kind: [] for kind in ("semantic", "random")}
    for item in TREE.axes[0].values:
        for kind, found in shares.items():
            one = TREE.shared(state(item=item, kind=kind))
            mine = TREE.topic[TREE.number(state(item=item))]
            found.append(np.mean(TREE.topic[one.items] == mine))
    assert min(shares["semantic"]) > 0.9
    assert np.mean(shares["random"]) < 0.25
    assert TREE.guess.right == 1
    for kind in ("semantic", "random"):
        assert TREE.shared(state(kind=kind)).share in TREE.guess.told


@pytest.mark.parametrize("kind", shown.KINDS)
def test_boxes_of_a_level_add_up_to_those_that_share(kind):
    here = state(kind=kind, depth=1)
    places = TREE.codes[kind].shape[1]
    for row in range(places):
        drawn = TREE._boxes(here, row)
        sizes = [
            int(part.split("<")[0])
            for part in drawn.split('">')[1:]
            if part[0].isdigit()
        ]
        assert sum(sizes) == TREE.shared(here | {"depth": row}).count


def test_it_is_well_formed_and_light():
    Tags(TREE.draw(TREE.start))
    assert len(TREE.html()) < 61_000


STATES = [
    state(),
    state(depth=0),
    state(item="item-153", depth=3),
    state(item="item-152", kind="random", depth=3),
    state(item="item-150", kind="random", depth=3),
    state(item="item-155", kind="hashed", depth=2),
]


def test_the_browser_draws_the_same(page):
    figure = page(shown=TREE, copies=1).locator("figure")
    for at, (words, drawing) in zip(
        STATES, turned(figure, TREE, STATES), strict=True
    ):
        assert words == " ".join(TREE.says(at).split())
        assert drawing == as_browsers_write(TREE.draw(at))


def test_a_box_is_a_step_down_the_tree(page):
    figure = page(shown=TREE, copies=1).locator("figure")
    figure.locator("[data-turn='2.3']").first.click()
    assert "3 of 3 places" in figure.locator(".mtl-panel p").inner_text()
