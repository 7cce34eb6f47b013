"""Predicted over observed, in all and by bins."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect


def calibration(
    labels: list[int], predictions: list[float], bins: int
) -> tuple[float | None, float | None]:
    """PCOC and calibration error of one head: `(pcoc, error)`.

    `pcoc` is None without a positive label, `error` without a row.

    >>> calibration([0, 1], [0.25, 0.5], 2)
    (0.75, 0.375)
    """
    rows = sorted(zip(predictions, labels))
    count = len(rows)
    error = 0.0
    for number in range(bins):
        start = count * number // bins
        end = count * (number + 1) // bins
        predicted = sum(p for p, _ in rows[start:end])
        observed = sum(label for _, label in rows[start:end])
        error += abs(predicted - observed)
    pcoc = sum(predictions) / sum(labels) if sum(labels) else None
    return pcoc, error / count if count else None


def check(answer: Callable) -> None:
    # 1.2 clicks were promised, and 1 came
    expect(
        "ratio",
        answer,
        [1, 0, 0, 0],
        [0.4, 0.5, 0.2, 0.1],
        1,
        gives=(1.2, 0.05),
        instead={
            "inverted": (1 / 1.2, 0.05),
            "difference": (0.2, 0.05),
            "by-row": (1.2, 0.35),
        },
    )
    # bins of the predictions 0.1, 0.2 (one click) and 0.7, 0.8 (one click)
    expect(
        "bins",
        answer,
        [0, 0, 1, 1],
        [0.7, 0.2, 0.1, 0.8],
        2,
        gives=(0.9, 0.3),
        instead={"signed": (0.9, -0.05), "unsorted": (0.9, 0.5)},
    )
    # all below 0.05, as clicks are: bins of one width would be one bin
    expect(
        "one-width",
        answer,
        [0, 0, 0, 1],
        [0.01, 0.02, 0.03, 0.04],
        2,
        gives=(0.1, 0.24),
    )
    # three rows in two bins: 0.1 alone, then 0.3 and 0.5
    expect(
        "unequal",
        answer,
        [0, 1, 1],
        [0.1, 0.3, 0.5],
        2,
        gives=(0.45, (1 * 0.1 + 2 * 0.6) / 3),
        instead={
            "mean-of-bins": (0.45, (0.1 + 0.6) / 2),
            "rest-left-out": (0.45, (0.1 + 0.7) / 3),
        },
    )
    expect("empty-bins", answer, [1, 0], [0.8, 0.4], 4, gives=(1.2, 0.3))
    expect("no-click", answer, [0, 0], [0.1, 0.3], 1, gives=(None, 0.2))
    expect("no-row", answer, [], [], 3, gives=(None, None))
    rng = random.Random(0)
    for _ in range(20):
        predictions = [rng.random() ** 2 for _ in range(23)]
        labels = [int(rng.random() < p) for p in predictions]
        labels[0] = 1
        bins = rng.randrange(2, 8)
        gives = calibration(labels, predictions, bins)
        expect("any", answer, labels, predictions, bins, gives=gives)
