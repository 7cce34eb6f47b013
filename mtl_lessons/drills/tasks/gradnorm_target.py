"""GradNorm: how long each gradient should be, and which way weights move."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect


def gradnorm(
    weights: list[float],
    lengths: list[float],
    losses: list[float],
    initial: list[float],
    alpha: float,
) -> tuple[list[float], list[float]]:
    """The target length of each gradient, and the slope of each weight.

    lengths[i] is the length of the gradient of loss i, without its
    weight, at the last shared layer; initial[i] is the loss at the
    start. At least one task; all numbers are above 0. Where a gradient
    has just its target's length, the slope is 0.

    >>> gradnorm([1.0, 1.0], [4.0, 2.0], [0.5, 0.2], [0.5, 0.2], 1.0)
    ([3.0, 3.0], [4.0, -2.0])
    """
    weighted = [w * length for w, length in zip(weights, lengths)]
    mean_length = sum(weighted) / len(weighted)
    left = [now / start for now, start in zip(losses, initial)]
    mean_left = sum(left) / len(left)
    targets = [mean_length * (part / mean_left) ** alpha for part in left]
    slopes = []
    for now, target, length in zip(weighted, targets, lengths):
        sign = (now > target) - (now < target)
        slopes.append(sign * length)
    return targets, slopes


def check(answer: Callable) -> None:
    # nothing has been learned yet: all targets are the mean length, 3
    start = [0.5, 0.2]
    expect(
        "mean-length",
        answer,
        [1.0, 1.0],
        [4.0, 2.0],
        start,
        start,
        1.0,
        gives=([3.0, 3.0], [4.0, -2.0]),
        instead={
            "sign-alone": ([3.0, 3.0], [1.0, -1.0]),
            "distance": ([3.0, 3.0], [1.0, 1.0]),
            "wrong-way": ([3.0, 3.0], [-4.0, 2.0]),
            # 3 · .5 / .35 and 3 · .2 / .35
            "raw-losses": ([4.285714, 1.714286], [-4.0, 2.0]),
        },
    )
    # half of the first loss is left, a quarter of the second: 4/3 and 2/3
    expect(
        "relative",
        answer,
        [1.0, 1.0],
        [3.0, 3.0],
        [1.0, 1.0],
        [2.0, 4.0],
        1.0,
        gives=([4.0, 2.0], [-3.0, 3.0]),
        instead={
            "not-relative": ([1.5, 0.75], [3.0, 3.0]),
            "upside-down": ([2.0, 4.0], [3.0, -3.0]),
            "one-target": ([1.125, 1.125], [3.0, 3.0]),
            # by the first: -(3 - 3/2 · 4/3) - 3/2 · 2/3
            "moving-target": ([4.0, 2.0], [-2.0, 4.0]),
        },
    )
    # the weighted gradients are 2 and 2, and equally much is left
    expect(
        "weighted",
        answer,
        [2.0, 1.0],
        [1.0, 2.0],
        [1.0, 1.0],
        [2.0, 2.0],
        1.0,
        gives=([2.0, 2.0], [0.0, 0.0]),
    )
    # shares of 1/2 and 3/2 of the mean, squared
    expect(
        "alpha",
        answer,
        [1.0, 1.0],
        [2.0, 2.0],
        [1.0, 3.0],
        [2.0, 2.0],
        2.0,
        gives=([0.5, 4.5], [2.0, -2.0]),
        instead={
            "alpha-times": ([2.0, 6.0], [0.0, -2.0]),
            "alpha-ignored": ([1.0, 3.0], [2.0, -2.0]),
        },
    )
    one = [[2.0], [4.0], [1.0], [2.0]]
    expect("other-rows", answer, *one, 1.0, gives=([8.0], [0.0]))
    draw = random.Random(0)
    for _ in range(20):
        tasks = draw.randint(2, 4)
        rows = [[draw.uniform(0.1, 2) for _ in range(tasks)] for _ in range(4)]
        alpha = draw.choice([0.0, 0.5, 1.5])
        expect("other-rows", answer, *rows, alpha, gives=gradnorm(*rows, alpha))
