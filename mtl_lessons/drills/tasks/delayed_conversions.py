"""Conversions that come late: the likelihood of what has been seen."""

import random
from collections.abc import Callable
from math import exp, log

from mtl_lessons.drills.probes import expect, survives

LateRows = list[tuple[float, float | None, float]]


def delayed_loss(
    rows: list[tuple[float, float | None, float]], rate: float, now: float
) -> float:
    """The mean negative log-likelihood of the clicks, as seen at `now`.

    rows: for each click (clicked, converted, p): its day, at most `now`;
    the day of its conversion, or None if the log has none; and the
    model's chance that it ever converts, above 0 and below 1. There is at
    least one row. rate: of the delay, per day, above 0. A conversion at
    `now` has been seen, a later one has not.

    >>> round(delayed_loss([(0.0, 1.0, 0.5)], rate=1.0, now=5.0), 4)
    1.6931
    """
    total = 0.0
    for clicked, converted, p in rows:
        if converted is not None and converted <= now:
            delay = converted - clicked
            total -= log(p) + log(rate) - rate * delay
        else:
            age = now - clicked
            total -= log(1 - p + p * exp(-rate * age))
    return total / len(rows)


HALVES = log(2)  # the rate at which half of what is left comes each day


def check(answer: Callable) -> None:
    # density: 1/2 converts; rate × 1/4 after two days
    seen = (0.0, 2.0, 0.5)
    survives(
        "converted",
        answer,
        [seen],
        HALVES,
        4.0,
        gives=log(8) - log(HALVES),
        instead={
            "no-delay": log(2),
            "no-density": log(8),
            "by-then": log(8 / 3),
            "age-for-delay": log(32) - log(HALVES),
        },
    )
    # 1/2 never converts, 1/8 converts later
    waiting = (0.0, None, 0.5)
    survives(
        "waiting",
        answer,
        [waiting],
        HALVES,
        2.0,
        gives=log(8 / 5),
        instead={
            "as-no": log(2),
            "converts-for-sure": log(8),
            "survival-alone": log(4),
            "left-out": 0.0,
        },
    )
    expect(
        "future",
        answer,
        [(0.0, 3.0, 0.5)],
        HALVES,
        2.0,
        gives=log(8 / 5),
    )
    expect("future", answer, [seen], HALVES, 2.0, gives=log(8) - log(HALVES))
    expect(
        "mean",
        answer,
        [waiting, (2.0, None, 0.5), (2.0, None, 0.9)],
        HALVES,
        2.0,
        gives=log(8 / 5) / 3,
    )
    survives(
        "underflows",
        answer,
        [(0.0, 2000.0, 0.5), (0.0, None, 0.5)],
        1.0,
        3000.0,
        gives=(log(2) + 2000.0 + log(2)) / 2,
    )
    rows = _rows(random.Random(0))
    right = delayed_loss(rows, 0.3, 20.0)
    expect("waiting", answer, rows, 0.3, 20.0, gives=right)


def _rows(chance: random.Random) -> LateRows:
    rows: LateRows = []
    for _ in range(40):
        clicked = chance.uniform(0, 20)
        late = clicked + chance.expovariate(0.3)
        converted = late if chance.random() < 0.5 else None
        rows.append((clicked, converted, chance.uniform(0.1, 0.9)))
    return rows
