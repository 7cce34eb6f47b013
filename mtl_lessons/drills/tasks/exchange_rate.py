"""What makes up for a change of one head, in a product of powers."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect


def exchange_rate(
    exponents: dict[str, float], head: str, factor: float
) -> dict[str, float | None]:
    """What makes up for a change of one head, by any other head alone.

    The prediction of `head` is multiplied by `factor`, above 0. For
    each other head: the factor by which its prediction has to be
    multiplied, so that the fused score is as before. None if no factor
    can do that; 1 if nothing has to be done. Exponents may be negative
    (a report of abuse) or 0.

    >>> exchange_rate({"click": 1.0, "like": 1.0}, "click", 0.5)
    {'like': 2.0}
    """
    found: dict[str, float | None] = {}
    for other, exponent in exponents.items():
        if other == head:
            continue
        if factor == 1 or exponents[head] == 0:
            found[other] = 1.0
        elif exponent == 0:
            found[other] = None
        else:
            found[other] = factor ** (-exponents[head] / exponent)
    return found


def check(answer: Callable) -> None:
    # an eighth to the power 1, and 2 to the power 3
    expect(
        "powers",
        answer,
        {"click": 1.0, "like": 3.0},
        "click",
        0.125,
        gives={"like": 2.0},
        instead={
            "ratio-upside-down": {"like": 512.0},
            "same-direction": {"like": 0.5},
            "linear": {"like": 1 + 0.875 / 3},
            "own-exponent": {"like": 8.0},
            "head-itself": {"click": 8.0, "like": 2.0},
        },
    )
    expect(
        "several-heads",
        answer,
        {"click": 2.0, "like": 1.0, "share": 4.0},
        "click",
        0.25,
        gives={"like": 16.0, "share": 2.0},
    )
    # half of the clicks, and half of the reports
    expect(
        "negative",
        answer,
        {"click": 1.0, "report": -1.0},
        "click",
        0.5,
        gives={"report": 0.5},
        instead={"sign-lost": {"report": 2.0}},
    )
    off = {"click": 1.0, "like": 0.0}
    expect("cannot-pay", answer, off, "click", 0.5, gives={"like": None})
    expect("free", answer, off, "like", 0.5, gives={"click": 1.0})
    expect("free", answer, off, "click", 1.0, gives={"like": 1.0})
    none = {"click": 0.0, "like": 0.0}
    expect("free", answer, none, "click", 0.5, gives={"like": 1.0})
    draw = random.Random(0)
    for _ in range(20):
        exponents = {
            name: draw.choice([-1, 1]) * draw.uniform(0.2, 2)
            for name in ("click", "like", "share")
        }
        factor = draw.uniform(0.5, 1.5)
        found = exchange_rate(exponents, "like", factor)
        expect("other-heads", answer, exponents, "like", factor, gives=found)
