"""The softmax over the items of a batch, corrected for their popularity."""

import random
from collections.abc import Callable
from math import exp, log, log1p

from mtl_lessons.drills.probes import expect, survives


def in_batch_loss(
    scores: list[list[float]], items: list[str], chance: dict[str, float]
) -> float:
    """The mean softmax loss of a batch of pairs, one user and item a row.

    scores: scores[i][j] is the score of user i for the item of row j.
    items: the item of each row, by its id, which may come repeatedly.
    chance: by id, how likely a row of a batch has this item; above 0.

    The classes of row i are the rows of the batch, and its own is right.
    Other rows with the same item as row i are left out of its softmax.

    >>> scores = [[7.0, 7.0], [7.0, 7.0]]
    >>> loss = in_batch_loss(scores, ["a", "b"], {"a": 0.1, "b": 0.1})
    >>> round(loss, 4)
    0.6931
    """
    total = 0.0
    for row, own in enumerate(items):
        logits = [
            scores[row][column] - log(chance[item])
            for column, item in enumerate(items)
            if column == row or item != own
        ]
        right = scores[row][row] - log(chance[own])
        total += log_sum_exp(logits) - right
    return total / len(items)


def log_sum_exp(logits: list[float]) -> float:
    """log of the sum of exp(logit), without overflow."""
    highest = max(logits)
    return highest + log(sum(exp(z - highest) for z in logits))


def check(answer: Callable) -> None:
    # exp(score) is 4, 1 and 3, 3; over the chance 8, 4 and 6, 12
    expect(
        "corrected",
        answer,
        [[log(4), 0.0], [log(3), log(3)]],
        ["a", "b"],
        {"a": 0.5, "b": 0.25},
        gives=log(3 / 2),
        instead={
            "uncorrected": (log(5 / 4) + log(2)) / 2,
            "added": (log(9 / 8) + log(3)) / 2,
            "others-only": (log(2) + log(3)) / 2,
            "over-users": (log(7 / 4) + log(4 / 3)) / 2,
            "no-logarithm": (log1p(exp(1 / 4) / 4) + log1p(exp(-1 / 4))) / 2,
            "summed": 2 * log(3 / 2),
        },
    )
    expect(
        "own-item",
        answer,
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        ["a", "a", "b"],
        {"a": 0.5, "b": 0.5},
        gives=(log(2) + log(2) + log(3)) / 3,
        instead={"own-item-loses": log(3)},
    )
    # the second row: 0 for its own, log 3 for the other item
    expect(
        "right-row",
        answer,
        [[0.0, 9.0, 0.0], [9.0, 0.0, log(3)], [0.0, 0.0, 0.0]],
        ["a", "a", "b"],
        {"a": 0.5, "b": 0.5},
        gives=(log(2) + log(4) + log(3)) / 3,
    )
    survives(
        "overflows",
        answer,
        [[-1000.0, 1000.0], [1000.0, -1000.0]],
        ["a", "b"],
        {"a": 0.5, "b": 0.5},
        gives=2000.0,
    )
    scores, items, chance = _batch(random.Random(0))
    right = in_batch_loss(scores, items, chance)
    expect("right-row", answer, scores, items, chance, gives=right)


def _batch(
    chance: random.Random,
) -> tuple[list[list[float]], list[str], dict[str, float]]:
    """Eight rows of five items, some of which are popular."""
    popularity = {"a": 0.4, "b": 0.3, "c": 0.15, "d": 0.1, "e": 0.05}
    items = chance.choices(list(popularity), list(popularity.values()), k=8)
    scores = [[chance.gauss(0, 2) for _ in items] for _ in items]
    return scores, items, popularity
