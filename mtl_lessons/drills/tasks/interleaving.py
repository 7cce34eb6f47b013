"""Team-draft interleaving: the page of two rankings, and who gets a click."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect


def interleave(
    old: list[str],
    new: list[str],
    coins: list[int],
    length: int,
    clicked: set[str],
) -> tuple[list[str], int]:
    """The page, and the clicks of the new ranking minus those of the old.

    >>> interleave(["a", "b"], ["c", "d"], [0, 0], 2, {"c"})
    (['a', 'c'], 1)
    """
    rankings = {0: old, 1: new}
    team: dict[str, int] = {}  # of each item on the page, from the top
    for coin in coins:
        for side in (coin, 1 - coin):
            item = best_left(rankings[side], team)
            if item is not None and len(team) < length:
                team[item] = side
    votes = 0
    for item, side in team.items():
        if item in clicked:
            votes += 1 if side == 1 else -1
    return list(team), votes


def best_left(ranking: list[str], taken: dict[str, int]) -> str | None:
    """The first item of a ranking that is not taken; None without one."""
    for item in ranking:
        if item not in taken:
            return item
    return None


def check(answer: Callable) -> None:
    first, second = ["a", "b"], ["c", "d"]
    # new picks first in both rounds
    expect(
        "turns",
        answer,
        first,
        second,
        [1, 1, 0, 0],
        4,
        set(),
        gives=(["c", "a", "d", "b"], 0),
        instead={
            "one-after-the-other": (["a", "b", "c", "d"], 0),
            "coin-ignored": (["a", "c", "b", "d"], 0),
            "coin-per-place": (["c", "d", "a", "b"], 0),
        },
    )
    expect(
        "coin-once",
        answer,
        first,
        second,
        [1, 0, 0, 0],
        4,
        set(),
        gives=(["c", "a", "b", "d"], 0),
    )
    expect(
        "votes",
        answer,
        first,
        second,
        [0, 0, 0, 0],
        4,
        {"a", "c", "d"},
        gives=(["a", "c", "b", "d"], 1),
        instead={
            "reversed": (["a", "c", "b", "d"], -1),
            "new-alone": (["a", "c", "b", "d"], 2),
        },
    )
    expect(
        "length",
        answer,
        first,
        second,
        [0, 0, 0],
        3,
        set(),
        gives=(["a", "c", "b"], 0),
        instead={"too-long": (["a", "c", "b", "d"], 0)},
    )
    # both want a; it is on the page, so the new ranking goes on to d
    expect(
        "same-item",
        answer,
        ["a", "b", "c"],
        ["a", "d", "e"],
        [0, 0],
        4,
        set(),
        gives=(["a", "d", "b", "e"], 0),
        instead={
            "twice": (["a", "a", "b", "d"], 0),
            "turn-lost": (["a", "b", "d"], 0),
        },
    )
    # old picks c in its second turn, though new ranks c higher
    expect(
        "credit",
        answer,
        ["a", "b", "c", "d"],
        ["b", "c", "a", "d"],
        [0, 0, 0],
        3,
        {"c"},
        gives=(["a", "b", "c"], -1),
    )
    expect(
        "two-clicks",
        answer,
        first,
        second,
        [0, 0, 0, 0],
        4,
        {"c", "d"},
        gives=(["a", "c", "b", "d"], 2),
    )
    # "d" would be clicked, and is not shown
    expect(
        "not-shown",
        answer,
        first,
        second,
        [0, 0, 0],
        3,
        {"d"},
        gives=(["a", "c", "b"], 0),
    )
    expect(
        "short-ranking",
        answer,
        ["a"],
        ["b", "c", "d"],
        [0, 0, 0, 0],
        4,
        set(),
        gives=(["a", "b", "c", "d"], 0),
    )
    expect(
        "short-ranking",
        answer,
        ["a"],
        ["a"],
        [0, 0, 0],
        3,
        {"a"},
        gives=(["a"], -1),
    )
    rng = random.Random(0)
    for _ in range(20):
        items = list("abcdefghij")
        old, new = rng.sample(items, 8), rng.sample(items, 8)
        coins = [rng.randrange(2) for _ in range(7)]
        clicked = set(rng.sample(items, 4))
        given = old, new, coins, 7, clicked
        expect("any", answer, *given, gives=interleave(*given))
