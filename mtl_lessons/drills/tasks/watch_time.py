"""Watch time by weighted logistic regression, whose odds are seconds."""

import random
from collections.abc import Callable
from math import exp, log, log1p

from mtl_lessons.drills.probes import expect, survives


def watch_loss(seconds: list[float], logits: list[float]) -> float:
    """The loss of the watch-time head: its mean over the impressions.

    seconds: how long each impression was watched, 0.0 if it was not
    played. There is at least one impression.

    >>> round(watch_loss([0.0], [0.0]), 4)
    0.6931
    """
    total = 0.0
    for watched, logit in zip(seconds, logits):
        if watched > 0:
            total += watched * softplus(-logit)
        else:
            total += softplus(logit)
    return total / len(seconds)


def softplus(z: float) -> float:
    """log(1 + exp(z)), for any z."""
    return max(z, 0.0) + log1p(exp(-abs(z)))


def check(answer: Callable) -> None:
    expect(
        "weights",
        answer,
        [60.0, 0.0],
        [0.0, log(3)],  # chances of a play: 1/2 and 3/4
        gives=(60 * log(2) + log(4)) / 2,
        instead={
            "skips-weigh-nothing": 60 * log(2) / 2,
            "unweighted": (log(2) + log(4)) / 2,
            "by-weights": (60 * log(2) + log(4)) / 61,
            "summed": 60 * log(2) + log(4),
            "sign": (60 * log(2) + log(4 / 3)) / 2,
            "both-sides": (61 * log(2) + log(4)) / 2,
        },
    )
    expect("weights", answer, [0.5], [0.0], gives=log(2) / 2)
    survives(
        "overflows",
        answer,
        [5.0, 0.0],
        [-1000.0, 1000.0],
        gives=(5 * 1000 + 1000) / 2,
    )
    survives("overflows", answer, [0.0], [40.0], gives=40.0)
    seconds, logits = _rows(random.Random(0))
    right = watch_loss(seconds, logits)
    expect("weights", answer, seconds, logits, gives=right)


def _rows(chance: random.Random) -> tuple[list[float], list[float]]:
    seconds = [
        chance.expovariate(1 / 30) if chance.random() < 0.2 else 0.0
        for _ in range(40)
    ]
    return seconds, [chance.uniform(-20, 20) for _ in range(40)]
