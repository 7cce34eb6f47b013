"""The losses of several heads, where many labels are missing."""

import random
from collections.abc import Callable
from math import log

from mtl_lessons.drills.probes import expect, survives


def masked_losses(
    labels: dict[str, list[int | None]],
    predictions: dict[str, list[float]],
) -> dict[str, float]:
    """The loss of each task: its mean cross-entropy over known labels.

    Both have a list for each task, with an entry for each row. A label is
    1, 0 or None (not known). A prediction lies between 0 and 1, and is
    neither. A task without any label has the loss 0.0.

    >>> labels = {"click": [1], "buy": [None]}
    >>> masked_losses(labels, {"click": [1 / 2], "buy": [1 / 2]})
    {'click': 0.6931471805599453, 'buy': 0.0}
    """
    losses = {}
    for task, column in labels.items():
        errors = [
            cross_entropy(label, p)
            for label, p in zip(column, predictions[task])
            if label is not None
        ]
        losses[task] = sum(errors) / len(errors) if errors else 0.0
    return losses


def cross_entropy(label: int, p: float) -> float:
    """-log of the chance that was given to what happened."""
    return -log(p if label else 1 - p)


def check(answer: Callable) -> None:
    expect(
        "cross-entropy",
        answer,
        {"click": [1, 0]},
        {"click": [0.5, 0.8]},
        gives={"click": (log(2) + log(5)) / 2},
        instead={
            "summed": {"click": log(2) + log(5)},
            "only-positives": {"click": log(2) / 2},
            "zero-is-missing": {"click": log(2)},
        },
    )
    survives(
        "none",
        answer,
        {"click": [1, None]},
        {"click": [0.5, 0.8]},
        gives={"click": log(2)},
        instead={
            "as-zeros": {"click": (log(2) + log(5)) / 2},
            "by-rows": {"click": log(2) / 2},
        },
    )
    clicks = (log(2) + log(5) + log(2)) / 3
    survives(
        "per-task",
        answer,
        {"click": [1, 0, 1], "buy": [1, None, None]},
        {"click": [0.5, 0.8, 0.5], "buy": [0.5, 0.5, 0.5]},
        gives={"click": clicks, "buy": log(2)},
        instead={
            "complete-rows": {"click": log(2), "buy": log(2)},
            "pooled": {"click": clicks * 3 / 4, "buy": log(2) / 4},
        },
    )
    survives(
        "no-label",
        answer,
        {"click": [0], "buy": [None]},
        {"click": [0.5], "buy": [0.9]},
        gives={"click": log(2), "buy": 0.0},
    )
    labels, predictions = _rows(random.Random(0))
    right = masked_losses(labels, predictions)
    expect("per-task", answer, labels, predictions, gives=right)


def _rows(chance: random.Random) -> tuple[dict, dict]:
    """Three tasks, the one with fewer labels than the other."""
    labels, predictions = {}, {}
    for task, missing in (("click", 1), ("like", 4), ("buy", 12)):
        known = [0, 1] + [None] * missing
        labels[task] = [chance.choice(known) for _ in range(40)]
        predictions[task] = [chance.uniform(0.05, 0.95) for _ in range(40)]
    return labels, predictions
