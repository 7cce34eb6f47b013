"""ESMM's loss from two logits, in log space."""

import random
from collections.abc import Callable
from math import exp, log, log1p

from mtl_lessons.drills.probes import expect, survives


def esmm_loss(
    click_logits: list[float],
    conversion_logits: list[float],
    clicks: list[int],
    conversions: list[int | None],
) -> float:
    """The loss of ESMM: its mean over the impressions, at least one.

    click_logits, conversion_logits: of the two heads, P(click) and
    P(conversion | click). clicks: 1 or 0. conversions: 1 or 0 where
    clicks is 1, None where it is 0.

    >>> round(esmm_loss([0.0], [0.0], [1], [1]), 4)  # log 2 + log 4
    2.0794
    """
    total = 0.0
    rows = zip(click_logits, conversion_logits, clicks, conversions)
    for click, conversion, clicked, converted in rows:
        total -= log_sigmoid(click if clicked else -click)
        both = log_sigmoid(click) + log_sigmoid(conversion)
        left = log_sigmoid(click) + log_sigmoid(-conversion)
        not_both = log_sum(log_sigmoid(-click), left)
        total -= both if converted else not_both
    return total / len(clicks)


def log_sigmoid(z: float) -> float:
    """log of 1 / (1 + exp(-z)), for any z."""
    return min(z, 0.0) - log1p(exp(-abs(z)))


def log_sum(a: float, b: float) -> float:
    """log(exp(a) + exp(b)), for any a and b."""
    return max(a, b) + log1p(exp(-abs(a - b)))


def check(answer: Callable) -> None:
    expect(
        "two-losses",
        answer,
        [log(3)],  # P(click) is 3/4
        [0.0],  # P(conversion | click) is 1/2
        [1],
        [0],
        gives=log(4 / 3) + log(8 / 5),
        instead={
            "conversion-alone": log(4 / 3) + log(2),
            "click-forgotten": log(8 / 5),
            "logits-added": log(4 / 3) + log(4),
            "product-as-logit": log(4 / 3) + log1p(exp(3 / 8)),
        },
    )
    survives(
        "not-clicked",
        answer,
        [log(3)],
        [0.0],
        [0],
        [None],
        gives=log(4) + log(8 / 5),
        instead={
            "left-out": log(4),
            "conversion-is-no": log(4) + log(2),
        },
    )
    expect(
        "mean",
        answer,
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0],
        [1, 1, 0],
        [1, 0, None],
        gives=(3 * log(2) + log(4) + log(4 / 3) + log(4 / 3)) / 3,
    )
    for far, loss in ((-40.0, 120.0), (-1000.0, 3000.0)):
        survives("underflows", answer, [far], [far], [1], [1], gives=loss)
    # P(click) and P(conversion) are 1 - 4e-18: 1 - p is 8e-18
    survives("cancels", answer, [40.0], [40.0], [1], [0], gives=40 - log(2))
    rows = _rows(random.Random(0))
    expect("mean", answer, *rows, gives=esmm_loss(*rows))


def _rows(
    chance: random.Random,
) -> tuple[list[float], list[float], list[int], list[int | None]]:
    clicks = [chance.randint(0, 1) for _ in range(40)]
    conversions = [chance.randint(0, 1) if click else None for click in clicks]
    click_logits = [chance.gauss(0, 5) for _ in clicks]
    conversion_logits = [chance.gauss(0, 5) for _ in clicks]
    return click_logits, conversion_logits, clicks, conversions
