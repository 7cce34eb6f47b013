"""NDCG of one ranked list, with grades."""

import random
from collections.abc import Callable
from math import log2

from mtl_lessons.drills.probes import expect


def ndcg(grades: list[int], scores: list[float], k: int) -> float | None:
    """Discounted gain of the k best scored items, over the best possible.

    None if no item has a grade above 0.

    >>> ndcg([0, 2, 0], [0.1, 0.9, 0.5], 2)
    1.0
    """
    order = sorted(range(len(scores)), key=lambda item: -scores[item])
    ranked = [grades[item] for item in order]
    best = sorted(grades, reverse=True)
    ideal = dcg(best[:k])
    return dcg(ranked[:k]) / ideal if ideal else None


def dcg(grades: list[int]) -> float:
    """Discounted cumulative gain of a list, from its first place on."""
    total = 0.0
    for place, grade in enumerate(grades, start=1):
        total += (2**grade - 1) / log2(1 + place)
    return total


def check(answer: Callable) -> None:
    expect("upside-down", answer, [1, 0, 0], [0.9, 0.5, 0.1], 1, gives=1.0)
    # the one good item stands second
    expect(
        "discount",
        answer,
        [0, 1],
        [0.9, 0.1],
        2,
        gives=1 / log2(3),
        instead={
            "no-discount": 1.0,
            "reciprocal": 1 / 2,
            "one-place-late": log2(3) / log2(4),
            "minus-one-left-out": (1 + 2 / log2(3)) / (2 + 1 / log2(3)),
        },
    )
    second = 1 / log2(3)
    expect(
        "gains",
        answer,
        [1, 3],
        [0.9, 0.1],
        2,
        gives=(1 + 7 * second) / (7 + 1 * second),
        instead={
            "linear-gains": (1 + 3 * second) / (3 + 1 * second),
            "not-normalised": 1 + 7 * second,
        },
    )
    # an item of grade 1 stands third, where two are shown
    expect(
        "own-ideal",
        answer,
        [2, 0, 1],
        [0.9, 0.8, 0.1],
        2,
        gives=3 / (3 + second),
        instead={"not-cut": (3 + 1 / 2) / (3 + second)},
    )
    # three good items, two places: the list could not be better
    expect(
        "ideal-not-cut",
        answer,
        [1, 1, 1],
        [0.9, 0.8, 0.1],
        2,
        gives=1.0,
    )
    expect("all-missed", answer, [0, 0, 2], [0.9, 0.8, 0.1], 2, gives=0.0)
    expect("nothing-good", answer, [0, 0], [0.9, 0.8], 2, gives=None)
    expect("nothing-good", answer, [], [], 3, gives=None)
    expect("short-list", answer, [1], [0.4], 5, gives=1.0)
    rng = random.Random(0)
    for _ in range(20):
        grades = [rng.randrange(5) for _ in range(12)]
        scores = [rng.gauss(0, 1) for _ in grades]
        k = rng.randrange(1, 15)
        expect("any", answer, grades, scores, k, gives=ndcg(grades, scores, k))
