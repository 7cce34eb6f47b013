"""IMTL-G for two tasks: a step that is impartial."""

import random
from collections.abc import Callable
from math import hypot

from mtl_lessons.drills.probes import expect


def imtl(first: list[float], second: list[float]) -> list[float]:
    """The step w · first + (1 - w) · second that is impartial.

    Both have equally many entries, at least one. If one gradient is
    zero, its task has no say: the step is the other gradient.

    >>> imtl([2.0, 0.0], [2.0, 0.0])
    [2.0, 0.0]
    """
    one = hypot(*first)
    two = hypot(*second)
    if one == 0:
        return list(second)
    if two == 0:
        return list(first)
    weight = two / (one + two)
    return [weight * a + (1 - weight) * b for a, b in zip(first, second)]


def check(answer: Callable) -> None:
    # w = 1/3, for lengths of 2 and 1
    expect(
        "impartial",
        answer,
        [2.0, 0.0],
        [0.0, 1.0],
        gives=[2 / 3, 2 / 3],
        instead={
            "own-length": [4 / 3, 1 / 3],
            "mean": [1.0, 0.5],
            "mean-of-units": [0.5, 0.5],
            "sum-of-units": [1.0, 1.0],
            "shortest": [0.4, 0.8],
        },
    )
    # lengths of 5 and 5; their absolute values sum to 7 and 5
    expect(
        "length",
        answer,
        [3.0, 4.0],
        [0.0, 5.0],
        gives=[1.5, 4.5],
    )
    # three numbers: lengths of 3 and 6
    expect(
        "length",
        answer,
        [1.0, 2.0, 2.0],
        [2.0, 4.0, -4.0],
        gives=[4 / 3, 8 / 3, 0.0],
    )
    expect(
        "opposed",
        answer,
        [1.0, 1.0],
        [-3.0, -3.0],
        gives=[0.0, 0.0],
    )
    given = [0.0, 0.0], [3.0, 4.0]
    nothing = {"no-step": [0.0, 0.0]}
    expect("zero", answer, *given, gives=[3.0, 4.0], instead=nothing)
    expect("zero", answer, *given[::-1], gives=[3.0, 4.0], instead=nothing)
    expect("both-zero", answer, [0.0, 0.0], [0.0, 0.0], gives=[0.0, 0.0])
    draw = random.Random(0)
    for _ in range(20):
        rows = [[draw.gauss(0, 1) for _ in range(4)] for _ in range(2)]
        expect("length", answer, *rows, gives=imtl(*rows))
