"""MGDA for two tasks: the shortest mixture of two gradients."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect


def mgda(first: list[float], second: list[float]) -> list[float]:
    """The shortest vector w · first + (1 - w) · second, 0 ≤ w ≤ 1.

    Both have equally many entries, at least one. They may be equal, and
    either may be zero.

    >>> mgda([2.0, 0.0], [2.0, 0.0])
    [2.0, 0.0]
    """
    apart = [a - b for a, b in zip(first, second)]
    distance = dot(apart, apart)
    if distance == 0:
        return list(first)
    weight = -dot(apart, second) / distance
    weight = min(max(weight, 0.0), 1.0)
    return [b + weight * gap for b, gap in zip(second, apart)]


def dot(first: list[float], second: list[float]) -> float:
    return sum(a * b for a, b in zip(first, second))


def check(answer: Callable) -> None:
    # w = 1/5
    expect(
        "shortest",
        answer,
        [2.0, 0.0],
        [0.0, 1.0],
        gives=[0.4, 0.8],
        instead={
            "upside-down": [1.6, 0.2],
            "mean": [1.0, 0.5],
            "by-lengths": [2 / 3, 2 / 3],
            "unit-vectors": [0.5, 0.5],
            "shorter-one": [0.0, 1.0],
        },
    )
    # the line through both comes nearest to 0 outside of the two: w = 7/5
    expect(
        "ends",
        answer,
        [1.0, 0.0],
        [3.0, 1.0],
        gives=[1.0, 0.0],
        instead={"past-the-end": [0.2, -0.4], "wrong-end": [3.0, 1.0]},
    )
    expect(
        "ends",
        answer,
        [3.0, 1.0],
        [1.0, 0.0],
        gives=[1.0, 0.0],
        instead={"past-the-end": [0.2, -0.4], "wrong-end": [3.0, 1.0]},
    )
    expect("opposed", answer, [1.0, 1.0], [-3.0, -3.0], gives=[0.0, 0.0])
    expect("zero", answer, [0.0, 0.0], [3.0, 4.0], gives=[0.0, 0.0])
    expect("equal", answer, [1.0, 2.0], [1.0, 2.0], gives=[1.0, 2.0])
    expect("equal", answer, [0.0], [0.0], gives=[0.0])
    draw = random.Random(0)
    for _ in range(20):
        rows = [[draw.gauss(0.5, 1) for _ in range(3)] for _ in range(2)]
        expect("other-rows", answer, *rows, gives=mgda(*rows))
