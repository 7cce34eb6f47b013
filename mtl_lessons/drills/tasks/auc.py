"""AUC with ties, in O(n log n)."""

from collections.abc import Callable
from itertools import groupby

from mtl_lessons.drills.probes import expect, grows


def auc(labels: list[int], scores: list[float]) -> float | None:
    """The chance that a positive row is scored above a negative one.

    A pair with equal scores counts half. None if there is no such pair.

    >>> auc([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1])
    0.75
    """
    rows = sorted(zip(scores, labels))
    below = 0  # negatives with a lower score
    pairs = 0.0
    for _, tied in groupby(rows, key=lambda row: row[0]):
        group = [label for _, label in tied]
        positives = sum(group)
        negatives = len(group) - positives
        pairs += positives * (below + negatives / 2)
        below += negatives
    positives = sum(labels)
    return pairs / (positives * below) if positives * below else None


def check(answer: Callable) -> None:
    expect(
        "upside-down",
        answer,
        [1, 0],
        [0.9, 0.1],
        gives=1.0,
    )
    labels = [1, 0, 1, 0]
    scores = [0.9, 0.8, 0.3, 0.1]
    expect("wrong-order", answer, labels, scores, gives=0.75)
    expect(
        "ties",
        answer,
        [1, 0],
        [0.5, 0.5],
        gives=0.5,
        instead={"ties-lose": 0.0, "ties-win": 1.0},
    )
    labels = [0, 1, 1, 0, 1]
    scores = [0.5, 0.5, 0.5, 0.5, 0.7]
    expect("tied-groups", answer, labels, scores, gives=auc(labels, scores))
    expect("one-class", answer, [1, 1], [0.2, 0.4], gives=None)
    expect("one-class", answer, [0, 0], [0.2, 0.4], gives=None)
    grows("all-pairs", answer, _rows, most=8)


def _rows(count: int) -> tuple[list[int], list[float]]:
    labels = [int(row % 3 == 0) for row in range(count)]
    scores = [(row * 37 % count) / count for row in range(count)]
    return labels, scores
