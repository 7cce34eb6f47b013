"""How many users an A/B test needs, from the power that it shall have."""

from collections.abc import Callable
from math import ceil
from statistics import NormalDist

from mtl_lessons.drills.probes import expect


def users_per_arm(
    rate: float,
    lift: float,
    level: float,
    power: float,
) -> int | None:
    """The smallest number of users per arm; None if no number is enough.

    >>> users_per_arm(rate=0.5, lift=0.2, level=0.05, power=0.8)
    385
    """
    changed = rate * (1 + lift)
    difference = changed - rate
    if difference == 0:
        return None
    variance = rate * (1 - rate) + changed * (1 - changed)
    normal = NormalDist()
    errors = normal.inv_cdf(1 - level / 2) + normal.inv_cdf(power)
    return ceil(variance * (errors / difference) ** 2)


def check(answer: Callable) -> None:
    # variances 0.09 and 0.0979, difference 0.01, (1.960 + 0.842)² = 7.849
    expect(
        "size",
        answer,
        0.1,
        0.1,
        0.05,
        0.8,
        gives=14749,
        instead={
            "one-sided": 11618,
            "power-left-out": 7219,
            "power-subtracted": 2351,
            "one-arm": 7064,
            "both-arms": 29498,
            "absolute-lift": 197,
            "rounded-down": 14748,
        },
    )
    # variances 0.25 and 0.24, difference 0.1, (2.576 + 1.282)² = 14.879
    expect("constants", answer, 0.5, 0.2, 0.01, 0.9, gives=730)
    # variances 0.09 and 0.0819
    expect("drop", answer, 0.1, -0.1, 0.05, 0.8, gives=13493)
    expect("no-lift", answer, 0.1, 0.0, 0.05, 0.8, gives=None)
    for level in (0.01, 0.05, 0.1):
        for chance in (0.5, 0.7, 0.95):
            for lift in (-0.3, 0.05, 1.0):
                given = 0.04, lift, level, chance
                expect("any", answer, *given, gives=users_per_arm(*given))
