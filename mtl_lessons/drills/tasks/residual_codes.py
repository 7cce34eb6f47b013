"""A semantic id of one item: residual quantisation."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect


def residual_codes(
    vector: list[float], codebooks: list[list[list[float]]]
) -> tuple[list[int], list[float]]:
    """The codes of a vector, one for each level, and what they leave.

    codebooks[level] has the centres of a level, at least one, each with
    as many entries as the vector; levels may have different numbers of
    centres. A code is the position of a centre; of two that are equally
    near, the lower. Without levels there is no code, and the vector is
    left.

    >>> residual_codes([7.0], [[[0.0], [7.0]]])
    ([1], [0.0])
    """
    left = list(vector)
    codes = []
    for centres in codebooks:
        distances = [squared_distance(left, centre) for centre in centres]
        code = distances.index(min(distances))
        codes.append(code)
        left = [x - c for x, c in zip(left, centres[code])]
    return codes, left


def squared_distance(first: list[float], second: list[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(first, second))


def check(answer: Callable) -> None:
    # 10 is nearest to 6; -4 is left
    expect(
        "levels",
        answer,
        [6.0],
        [[[0.0], [10.0]], [[-4.0], [0.0], [4.0], [6.0]]],
        gives=([1, 0], [0.0]),
        instead={
            "wrong-sign": ([1, 2], [0.0]),
            "jointly": ([0, 3], [0.0]),
            "last-not-taken": ([1, 0], [-4.0]),
            "centres-for-codes": ([[10.0], [-4.0]], [0.0]),
            "rebuilt": ([1, 0], [6.0]),
            "levels-forgotten": ([1, 0], [10.0]),
        },
    )
    # the distances are (0, .5) and (4, 4.5)
    expect(
        "nearest",
        answer,
        [1.0, 0.5],
        [[[1.0, 0.0], [5.0, 5.0]]],
        gives=([0], [0.0, 0.5]),
    )
    # squares of 8 and 9; sums of absolute values of 4 and 3
    expect(
        "euclidean",
        answer,
        [0.0, 0.0],
        [[[2.0, 2.0], [3.0, 0.0]]],
        gives=([0], [-2.0, -2.0]),
    )
    equal = [[[1.0], [-1.0]]]
    expect("ties", answer, [0.0], equal, gives=([0], [-1.0]))
    expect("no-levels", answer, [3.0, 1.0], [], gives=([], [3.0, 1.0]))
    draw = random.Random(0)
    for _ in range(20):
        books = []
        for level in range(3):
            size = draw.randint(1, 6)
            books.append([_drawn(draw, 0.5**level) for _ in range(size)])
        vector = _drawn(draw, 1.0)
        found = residual_codes(vector, books)
        expect("other-vectors", answer, vector, books, gives=found)


def _drawn(draw: random.Random, scale: float) -> list[float]:
    return [draw.gauss(0, scale) for _ in range(3)]
