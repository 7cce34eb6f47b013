"""Holm's correction of several p-values."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect


def holm(p_values: list[float]) -> list[float]:
    """The p-values corrected for their number, in the order given.

    >>> holm([0.2, 0.01])
    [0.2, 0.02]
    """
    count = len(p_values)
    order = sorted(range(count), key=lambda place: p_values[place])
    corrected = [0.0] * count
    largest = 0.0
    for rank, place in enumerate(order):
        times = count - rank
        largest = max(largest, p_values[place] * times)
        corrected[place] = min(largest, 1.0)
    return corrected


def check(answer: Callable) -> None:
    expect("none", answer, [], gives=[])
    expect(
        "factors",
        answer,
        [0.01, 0.02, 0.2],
        gives=[0.03, 0.04, 0.2],
        instead={
            "bonferroni": [0.03, 0.06, 0.6],
            "rank-times": [0.01, 0.04, 0.6],
            "benjamini-hochberg": [0.03, 0.03, 0.2],
            "uncorrected": [0.01, 0.02, 0.2],
        },
    )
    expect(
        "order",
        answer,
        [0.2, 0.01, 0.02],
        gives=[0.2, 0.03, 0.04],
        instead={"sorted": [0.03, 0.04, 0.2]},
    )
    # 0.04 · 3, then 0.05 · 2 = 0.1 and 0.06 · 1, which may not be smaller
    expect(
        "falls",
        answer,
        [0.04, 0.05, 0.06],
        gives=[0.12, 0.12, 0.12],
        instead={"not-monotone": [0.12, 0.1, 0.06], "step-up": [0.06] * 3},
    )
    expect("above-one", answer, [0.5, 0.6, 0.9], gives=[1.0, 1.0, 1.0])
    expect("ties", answer, [0.01, 0.5, 0.01], gives=[0.03, 0.5, 0.03])
    rng = random.Random(0)
    for count in range(1, 13):
        p_values = [rng.random() ** 2 / 3 for _ in range(count)]
        expect("any", answer, p_values, gives=holm(p_values))
