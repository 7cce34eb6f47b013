"""Two heads whose negatives were sampled, made probabilities again."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect, survives


def purchase_chances(
    click: list[float],
    purchase: list[float],
    kept_click: float,
    kept_purchase: float,
) -> list[float]:
    """P(click and purchase) of each impression, in the real traffic.

    click, purchase: what the two heads say, P(click) and P(purchase |
    click), from 0 to 1. kept_click, kept_purchase: which share of its
    negatives each was trained on, above 0 and at most 1.

    >>> purchase_chances([0.5], [0.5], 1.0, 1.0)
    [0.25]
    """
    return [
        undone(p_click, kept_click) * undone(p_purchase, kept_purchase)
        for p_click, p_purchase in zip(click, purchase)
    ]


def undone(p: float, kept: float) -> float:
    """A chance where all negatives are there again."""
    return p / (p + (1 - p) / kept)


def check(answer: Callable) -> None:
    expect(
        "odds",
        answer,
        [0.5],
        [0.5],
        0.25,
        0.25,
        gives=[1 / 5 * 1 / 5],
        instead={
            "not-undone": [0.5 * 0.5],
            "other-way": [4 / 5 * 4 / 5],
            "scaled": [0.125 * 0.125],
            "after-the-product": [1 / 49],  # odds 1/3 · 1/4 · 1/4
        },
    )
    expect(
        "own-rate",
        answer,
        [0.5],
        [0.8],
        0.25,
        0.5,
        gives=[1 / 5 * 2 / 3],
        instead={
            "one-rate": [1 / 5 * 1 / 2],
            "swapped": [1 / 3 * 1 / 2],
        },
    )
    survives(
        "ends",
        answer,
        [0.0, 1.0, 1.0],
        [0.5, 1.0, 0.0],
        0.25,
        0.5,
        gives=[0.0, 1.0, 0.0],
    )
    click, purchase, *kept = _rows(random.Random(0))
    right = purchase_chances(click, purchase, *kept)
    expect("odds", answer, click, purchase, *kept, gives=right)


def _rows(
    chance: random.Random,
) -> tuple[list[float], list[float], float, float]:
    click = [chance.random() for _ in range(40)]
    purchase = [chance.random() for _ in range(40)]
    return click, purchase, 0.1, 0.02
