"""Isotonic recalibration, by pooling adjacent violators."""

import random
from collections.abc import Callable
from itertools import groupby

from mtl_lessons.drills.probes import expect, grows


def isotonic(labels: list[int], predictions: list[float]) -> list[float]:
    """The recalibrated probability of each row, in the order of the rows.

    >>> isotonic([1, 0, 1], [0.9, 0.1, 0.5])
    [1.0, 0.0, 1.0]
    """
    order = sorted(range(len(labels)), key=lambda row: predictions[row])
    blocks = []  # of neighbours: the sum of their labels, their number
    for _, tied in groupby(order, key=lambda row: predictions[row]):
        own = [labels[row] for row in tied]
        total = sum(own)
        count = len(own)
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            total_before, count_before = blocks.pop()
            total += total_before
            count += count_before
        blocks.append((total, count))
    values = []
    for total, count in blocks:
        values += [total / count] * count
    recalibrated = [0.0] * len(labels)
    for row, value in zip(order, values):
        recalibrated[row] = value
    return recalibrated


def check(answer: Callable) -> None:
    # the higher prediction has the lower label: both get the mean
    expect(
        "pool",
        answer,
        [1, 0],
        [0.2, 0.7],
        gives=[0.5, 0.5],
        instead={
            "labels-back": [1, 0],
            "running-maximum": [1, 1],
            "labels-sorted": [0, 1],
        },
    )
    expect(
        "still-falls",
        answer,
        [1, 0, 0],
        [0.1, 0.2, 0.3],
        gives=[1 / 3, 1 / 3, 1 / 3],
        instead={"mean-of-means": [0.25, 0.25, 0.25]},
    )
    # the last three share 1/3, which is below the 1/2 of the first two
    expect(
        "look-back",
        answer,
        [1, 0, 1, 0, 0],
        [0.1, 0.2, 0.3, 0.4, 0.5],
        gives=[0.4, 0.4, 0.4, 0.4, 0.4],
    )
    expect(
        "too-much",
        answer,
        [0, 1, 0, 1],
        [0.1, 0.2, 0.3, 0.4],
        gives=[0, 0.5, 0.5, 1],
    )
    expect(
        "sorted-order",
        answer,
        [1, 0, 1],
        [0.9, 0.1, 0.5],
        gives=[1, 0, 1],
        instead={"not-sorted": [0.5, 0.5, 1]},
    )
    expect("ties", answer, [0, 1], [0.4, 0.4], gives=[0.5, 0.5])
    expect("ties", answer, [1, 0], [0.4, 0.4], gives=[0.5, 0.5])
    expect("nothing", answer, [], [], gives=[])
    rng = random.Random(0)
    for _ in range(20):
        predictions = [round(rng.random(), 2) for _ in range(40)]
        labels = [int(rng.random() < p * p) for p in predictions]
        gives = isotonic(labels, predictions)
        expect("any", answer, labels, predictions, gives=gives)
    grows("passes", answer, _falling, most=8)


def _falling(count: int) -> tuple[list[int], list[float]]:
    """All positives below all negatives, so that one block is left."""
    half = count // 2
    labels = [1] * half + [0] * half
    return labels, [row / count for row in range(count)]
