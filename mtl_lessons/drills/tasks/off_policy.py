"""What a new policy would have earned, from the log of another: IPS, SNIPS."""

import random
from collections.abc import Callable
from math import inf

from mtl_lessons.drills.probes import expect


def off_policy(
    rewards: list[float],
    logged: list[float],
    target: list[float],
    clip: float,
) -> tuple[float | None, float | None]:
    """The value of the new policy, by IPS and by SNIPS: `(ips, snips)`.

    None for what has nothing to divide by.

    >>> off_policy([1.0, 0.0], [0.5, 0.5], [0.75, 0.75], clip=10.0)
    (0.75, 0.5)
    """
    earned = 0.0
    weights = 0.0
    for reward, chance, wanted in zip(rewards, logged, target):
        weight = min(wanted / chance, clip)
        earned += weight * reward
        weights += weight
    ips = earned / len(rewards) if rewards else None
    snips = earned / weights if weights else None
    return ips, snips


def check(answer: Callable) -> None:
    # weights 1.6 and 0.4
    expect(
        "weights",
        answer,
        [1.0, 0.0],
        [0.5, 0.5],
        [0.8, 0.2],
        inf,
        gives=(0.8, 0.8),
        instead={
            "unweighted": (0.5, 0.5),
            "upside-down": (0.625 / 2, 0.625 / 3.125),
            "not-divided": (0.4, 0.8),
            "new-chance-left-out": (1.0, 0.5),
            "sums": (1.6, 0.8),
        },
    )
    # weights 1 and 3, and both rows were clicked
    expect(
        "snips",
        answer,
        [1.0, 1.0],
        [0.5, 0.25],
        [0.5, 0.75],
        inf,
        gives=(2.0, 1.0),
        instead={
            "ips-by-weights": (1.0, 1.0),
            "swapped": (1.0, 2.0),
        },
    )
    # the new policy would show the first item alone
    expect(
        "never-wanted",
        answer,
        [1.0, 1.0, 0.0, 0.0],
        [0.5, 0.5, 0.5, 0.5],
        [1.0, 0.0, 0.0, 0.0],
        inf,
        gives=(0.5, 1.0),
        instead={"rows-left-out": (2.0, 1.0)},
    )
    # weights 50 and 1, cut to 5 and 1
    expect(
        "clip",
        answer,
        [1.0, 0.0],
        [0.01, 0.5],
        [0.5, 0.5],
        5.0,
        gives=(2.5, 5 / 6),
        instead={
            "not-clipped": (25.0, 50 / 51),
            "clipped-rows-left-out": (0.0, 0.0),
            "divisor-not-clipped": (2.5, 5 / 51),
        },
    )
    # not a click but a price: 20 · 2 may not be cut to 5
    expect(
        "weight-alone",
        answer,
        [20.0, 0.0],
        [0.25, 0.5],
        [0.5, 0.5],
        5.0,
        gives=(20.0, 40 / 3),
        instead={"reward-clipped": (2.5, 5 / 3)},
    )
    expect(
        "no-overlap",
        answer,
        [1.0, 0.0],
        [0.5, 0.5],
        [0.0, 0.0],
        inf,
        gives=(0.0, None),
    )
    expect("no-row", answer, [], [], [], inf, gives=(None, None))
    rng = random.Random(0)
    for _ in range(20):
        logged = [0.05 + 0.95 * rng.random() for _ in range(30)]
        target = [rng.random() for _ in logged]
        rewards = [rng.gauss(0.2, 1.0) for _ in logged]
        gives = off_policy(rewards, logged, target, 4.0)
        expect("any", answer, rewards, logged, target, 4.0, gives=gives)
