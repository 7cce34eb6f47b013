"""Learned uncertainty: the loss to descend, and its slopes."""

import random
from collections.abc import Callable
from math import exp, log

from mtl_lessons.drills.probes import expect


def uncertainty_loss(
    losses: list[float | None],
    kinds: list[str],
    log_variances: list[float],
) -> tuple[float, list[float]]:
    """The total loss, and its derivative by each log variance.

    Task i has losses[i], or None if no row of the batch has its label;
    kinds[i], "regression" or "classification"; and log_variances[i],
    which is log σ². A task without labels takes no part: it adds
    nothing to the total, and its derivative is 0.

    >>> kinds = ["regression", "classification"]
    >>> uncertainty_loss([2.0, 3.0], kinds, [0.0, 0.0])
    (4.0, [-0.5, -2.5])
    """
    total = 0.0
    slopes = []
    for loss, kind, s in zip(losses, kinds, log_variances):
        if loss is None:
            slopes.append(0.0)
            continue
        factor = 0.5 if kind == "regression" else 1.0
        scaled = factor * loss * exp(-s)
        total += scaled + s / 2  # log σ is half of log σ²
        slopes.append(0.5 - scaled)
    return total, slopes


def check(answer: Callable) -> None:
    both = ["regression", "classification"]
    expect(
        "kinds",
        answer,
        [2.0, 2.0],
        both,
        [0.0, 0.0],
        gives=(3.0, [-0.5, -1.5]),
        instead={
            "log-of-square": (3.0, [0.0, -1.0]),
            "times-variance": (3.0, [1.5, 2.5]),
            "s-is-log-sigma": (3.0, [-1.0, -3.0]),
        },
    )
    # σ² = 4 = 2 L: the best variance of a classification
    expect(
        "one-variance",
        answer,
        [2.0],
        ["classification"],
        [log(4)],
        gives=(0.5 + log(2), [0.0]),
        instead={"log-of-square": (0.5 + log(4), [0.0])},
    )
    # σ² = .04 = 2 L: a small loss has a negative total at its best
    expect(
        "one-variance",
        answer,
        [0.02],
        ["classification"],
        [log(0.04)],
        gives=(0.5 + log(0.2), [0.0]),
        instead={
            "clamped": (0.02, [0.48]),
            "clamped-total": (0.0, [0.0]),
        },
    )
    expect(
        "no-labels",
        answer,
        [None, 2.0],
        both,
        [log(4), 0.0],
        gives=(2.0, [0.0, -1.5]),
        instead={"counted-as-0": (2 + log(2), [0.5, -1.5])},
    )
    expect(
        "all-unlabelled", answer, [None], ["regression"], [1.0], gives=(0, [0])
    )
    draw = random.Random(0)
    for _ in range(20):
        tasks = draw.randint(1, 5)
        losses = [draw.choice([None, draw.random()]) for _ in range(tasks)]
        kinds = [draw.choice(both) for _ in range(tasks)]
        logs = [draw.uniform(-2, 2) for _ in range(tasks)]
        found = uncertainty_loss(losses, kinds, logs)
        expect("other-rows", answer, losses, kinds, logs, gives=found)
