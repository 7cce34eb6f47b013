"""Log loss, and normalised entropy, of a head with unknown labels."""

import random
from collections.abc import Callable
from math import log

from mtl_lessons.drills.probes import expect


def normalised_entropy(
    labels: list[int | None], predictions: list[float]
) -> float | None:
    """Log loss of the rows with a label, over that of their base rate.

    None if there is no such row, or all have the same label.

    >>> normalised_entropy([1, 0, None], [0.5, 0.5, 0.9])
    1.0
    """
    rows = zip(labels, predictions)
    known = [(label, p) for label, p in rows if label is not None]
    positives = sum(label for label, _ in known)
    if positives in (0, len(known)):
        return None
    rate = positives / len(known)
    loss = sum(log_loss(label, p) for label, p in known) / len(known)
    entropy = -rate * log(rate) - (1 - rate) * log(1 - rate)
    return loss / entropy


def log_loss(label: int, p: float) -> float:
    """The loss of one row, with p kept away from 0 and 1."""
    p = min(max(p, 1e-6), 1 - 1e-6)
    return -log(p) if label == 1 else -log(1 - p)


def check(answer: Callable) -> None:
    # predicting the base rate has learned nothing, whatever the rate
    positive = -log(0.25) / 4  # what the positive row adds to the mean
    negative = -3 * log(0.75) / 4
    quarter = positive + negative
    half = log(2)  # the mean loss of a constant 0.5
    expect(
        "base-rate",
        answer,
        [1, 0, 0, 0],
        [0.25, 0.25, 0.25, 0.25],
        gives=1.0,
        instead={
            "log-loss": quarter,
            "one-minus": 0.0,
            "upside-down": -1.0,
            "against-half": quarter / half,
            "half-an-entropy": quarter / positive,
            "positives-only": positive / quarter,
        },
    )
    loss = -log(0.2) / 2 - log(0.8) / 2
    entropy_of_predictions = -0.2 * log(0.2) - 0.8 * log(0.8)
    expect(
        "losses",
        answer,
        [1, 0],
        [0.2, 0.2],
        gives=loss / half,
        instead={
            "rate-of-predictions": loss / entropy_of_predictions,
            "inverted": half / loss,
        },
    )
    expect(
        "unknown",
        answer,
        [1, 0, None, None],
        [0.5, 0.5, 0.9, 0.9],
        gives=1.0,
        instead={
            "unknown-as-zero": (half - log(0.1)) / 2 / quarter,
            "divided-by-all": 1 / 2,
            "unknown-in-the-rate": half / quarter,
        },
    )
    # the first row pays -log 0.000001 = 13.8
    third = -log(1 / 3) / 3 - 2 * log(2 / 3) / 3
    expect(
        "certain",
        answer,
        [1, 0, 1],
        [0.0, 0.5, 0.5],
        gives=(-log(1e-6) + 2 * half) / 3 / third,
        instead={
            "certain-left-out": 1.0,
            "certain-for-nothing": 2 * half / 3 / third,
        },
    )
    expect(
        "certain",
        answer,
        [0, 1],
        [1.0, 0.5],
        gives=(-log(1e-6) + half) / 2 / half,
    )
    expect("one-class", answer, [0, 0, None], [0.1, 0.2, 0.3], gives=None)
    expect("one-class", answer, [1, 1], [0.9, 0.8], gives=None)
    expect("one-class", answer, [None], [0.5], gives=None)
    expect("one-class", answer, [], [], gives=None)
    rng = random.Random(0)
    for _ in range(20):
        predictions = [rng.random() ** 3 for _ in range(30)]
        labels: list[int | None] = [
            None if rng.random() < 0.2 else int(rng.random() < p)
            for p in predictions
        ]
        labels[:2] = [0, 1]
        gives = normalised_entropy(labels, predictions)
        expect("any", answer, labels, predictions, gives=gives)
