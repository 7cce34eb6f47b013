"""Candidates in the order of a product of powers."""

import random
from collections.abc import Callable
from math import inf, log

from mtl_lessons.drills.probes import expect


def ranked(
    heads: dict[str, list[float]], exponents: dict[str, float]
) -> list[int]:
    """The positions of the candidates, the highest fused score first.

    heads[head] has one prediction for each candidate, 0 or above;
    exponents[head] is 0 or above. There is at least one head, and maybe
    no candidate. Candidates of one score keep the order in which they
    came.

    >>> ranked({"click": [0.2, 0.1]}, {"click": 1.0})
    [0, 1]
    """
    candidates = len(next(iter(heads.values())))
    scores = [0.0] * candidates  # logarithms: products would underflow
    for head, predictions in heads.items():
        exponent = exponents[head]
        if exponent == 0:
            continue
        for place, p in enumerate(predictions):
            scores[place] += exponent * log(p) if p > 0 else -inf
    return sorted(range(candidates), key=lambda place: -scores[place])


def check(answer: Callable) -> None:
    both = {"click": 1.0, "like": 1.0}
    expect(
        "best-first",
        answer,
        {"click": [0.2, 0.1, 0.3]},
        {"click": 1.0},
        gives=[2, 0, 1],
        instead={
            "worst-first": [1, 0, 2],
            "ranks": [1, 2, 0],
            "scores": [0.2, 0.1, 0.3],
        },
    )
    # .2 · .01 against .1 · .03
    heads = {"click": [0.2, 0.1], "like": [0.01, 0.03]}
    expect("product", answer, heads, both, gives=[1, 0])
    # .04 · .01 against .01 · .03
    powers = {"click": 2.0, "like": 1.0}
    expect("powers", answer, heads, powers, gives=[0, 1])
    # the second candidate is never liked
    heads = {"click": [0.0001, 0.9], "like": [0.0001, 0.0]}
    expect("veto", answer, heads, both, gives=[0, 1])
    heads = {"click": [0.2, 0.3], "like": [0.5, 0.0]}
    off = {"click": 1.0, "like": 0.0}
    expect("switched-off", answer, heads, off, gives=[1, 0])
    heads = {"click": [0.1, 0.2, 0.2]}
    expect("ties", answer, heads, {"click": 1.0}, gives=[1, 2, 0])
    # 1e-400 against 2^50 times as much
    heads = {"buy": [1e-8, 2e-8]}
    expect("underflow", answer, heads, {"buy": 50.0}, gives=[1, 0])
    none = {"click": []}
    expect("no-candidates", answer, none, {"click": 1.0}, gives=[])
    draw = random.Random(0)
    for _ in range(20):
        heads = {}
        for name in ("click", "like", "minutes"):
            some = [draw.choice([0.0, draw.random()]) for _ in range(5)]
            heads[name] = some + some[:2]  # the first two once more
        exponents = {name: draw.choice([0.0, draw.random()]) for name in heads}
        found = ranked(heads, exponents)
        expect("other-heads", answer, heads, exponents, gives=found)
