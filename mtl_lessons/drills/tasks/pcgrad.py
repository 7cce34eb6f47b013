"""PCGrad: take away what conflicts."""

import random
from collections.abc import Callable
from math import sqrt

from mtl_lessons.drills.probes import expect


def pcgrad(gradients: list[list[float]]) -> list[float]:
    """The sum of the gradients, after each gave up what conflicts.

    There is one gradient for each task, at least one, and all have
    equally many entries. A task meets the others in the order of the
    list. A gradient may be zero.

    >>> pcgrad([[1.0, 0.0], [0.0, 2.0]])
    [1.0, 2.0]
    """
    step = [0.0] * len(gradients[0])
    for own in gradients:
        projected = list(own)
        for other in gradients:
            along = dot(projected, other)
            if other is not own and along < 0:
                share = along / dot(other, other)
                pairs = zip(projected, other)
                projected = [p - share * o for p, o in pairs]
        step = [s + p for s, p in zip(step, projected)]
    return step


def dot(first: list[float], second: list[float]) -> float:
    return sum(a * b for a, b in zip(first, second))


def check(answer: Callable) -> None:
    expect(
        "agreeing",
        answer,
        [[1.0, 0.0], [1.0, 1.0]],
        gives=[2.0, 1.0],
        instead={"mean": [1.0, 0.5], "agreeing-cut": [0.5, 0.5]},
    )
    # (3, 1) + (-1, 1) = (2, 2), and (-1, 1) + (3, 1) / 5 = (-.4, 1.2)
    expect(
        "conflict",
        answer,
        [[3.0, 1.0], [-1.0, 1.0]],
        gives=[1.6, 3.2],
        instead={
            "no-projection": [2.0, 2.0],
            # the second meets (2, 2), with which it agrees
            "already-cut": [1.0, 3.0],
            "not-squared": _not_squared(),
            # (3, 1) + (-1, 1) / 5 and (-1, 1) + (3, 1)
            "component": [4.8, 3.2],
        },
    )
    # the first meets the second, (.5, .5) is left, and then the third
    expect(
        "as-it-is-now",
        answer,
        [[1.0, 0.0], [-1.0, 1.0], [-1.0, 0.0]],
        gives=[0.0, 1.5],
    )
    expect(
        "zero",
        answer,
        [[1.0, 0.0], [0.0, 0.0]],
        gives=[1.0, 0.0],
    )
    expect("one-task", answer, [[2.0, -1.0]], gives=[2.0, -1.0])
    draw = random.Random(0)
    for _ in range(20):
        tasks = draw.randint(2, 5)
        rows = [[draw.gauss(0, 1) for _ in range(3)] for _ in range(tasks)]
        expect("other-rows", answer, rows, gives=pcgrad(rows))


def _not_squared() -> list[float]:
    """The conflict of 2, over a length instead of its square."""
    first = [3 - 2 / sqrt(2), 1 + 2 / sqrt(2)]
    second = [-1 + 6 / sqrt(10), 1 + 2 / sqrt(10)]
    return [a + b for a, b in zip(first, second)]
