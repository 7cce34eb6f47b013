"""How much each head decides about the order of a list."""

import random
from collections.abc import Callable
from math import log
from statistics import fmean, pstdev

from mtl_lessons.drills.probes import expect


def head_shares(
    heads: dict[str, list[list[float]]], exponents: dict[str, float]
) -> dict[str, float] | None:
    """The share of each head in what moves candidates past each other.

    heads[head] has a list for each request: the predictions for its
    candidates, all above 0. Every head has the same requests and
    candidates; there is at least one request, and a request has at
    least one candidate. Exponents may be negative. The shares sum to 1;
    None if no head can move anything.

    >>> head_shares({"click": [[0.1, 0.2], [0.3, 0.1]]}, {"click": 1.0})
    {'click': 1.0}
    """
    moved = {}
    for head, requests in heads.items():
        spreads = [pstdev([log(p) for p in row]) for row in requests]
        moved[head] = abs(exponents[head]) * fmean(spreads)
    total = sum(moved.values())
    if total == 0:
        return None
    return {head: value / total for head, value in moved.items()}


def check(answer: Callable) -> None:
    both = {"click": 1.0, "like": 1.0}
    # spreads of log 4 / 2 and log 2 / 2
    expect(
        "logs",
        answer,
        {"click": [[0.1, 0.4]], "like": [[0.1, 0.2]]},
        both,
        gives={"click": 2 / 3, "like": 1 / 3},
        instead={
            "plain-spread": {"click": 0.75, "like": 0.25},
            "exponents-alone": {"click": 0.5, "like": 0.5},
            "variance": {"click": 0.8, "like": 0.2},
            "not-shares": {"click": log(2), "like": log(2) / 2},
        },
    )
    # likes differ between requests alone
    expect(
        "within",
        answer,
        {
            "click": [[0.1, 0.2], [0.1, 0.2]],
            "like": [[0.1, 0.1], [0.4, 0.4]],
        },
        both,
        gives={"click": 1.0, "like": 0.0},
    )
    expect(
        "exponents",
        answer,
        {"click": [[0.1, 0.2]], "like": [[0.2, 0.4]]},
        {"click": 1.0, "like": 2.0},
        gives={"click": 1 / 3, "like": 2 / 3},
    )
    expect(
        "negative",
        answer,
        {"click": [[0.1, 0.2]], "report": [[0.2, 0.4]]},
        {"click": 1.0, "report": -2.0},
        gives={"click": 1 / 3, "report": 2 / 3},
    )
    # clicks: spreads of log 4 / 2 and 0; likes: log 2 / 2 twice
    expect(
        "mean-over-requests",
        answer,
        {
            "click": [[0.1, 0.4], [0.2, 0.2]],
            "like": [[0.1, 0.2], [0.1, 0.2]],
        },
        both,
        gives={"click": 0.5, "like": 0.5},
    )
    # of one candidate nothing can be moved
    expect(
        "one-candidate",
        answer,
        {"click": [[0.3], [0.1, 0.4]], "like": [[0.9], [0.1, 0.2]]},
        both,
        gives={"click": 2 / 3, "like": 1 / 3},
    )
    flat = {"click": [[0.3, 0.3]], "like": [[0.5, 0.5]]}
    expect("nothing-moves", answer, flat, both, gives=None)
    draw = random.Random(0)
    for _ in range(20):
        sizes = [draw.randint(2, 5) for _ in range(4)]
        heads = {
            name: [[draw.uniform(0.1, 1) for _ in range(n)] for n in sizes]
            for name in ("click", "like", "share")
        }
        exponents = {name: draw.uniform(-1, 2) for name in heads}
        found = head_shares(heads, exponents)
        expect("other-requests", answer, heads, exponents, gives=found)
