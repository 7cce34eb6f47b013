"""One step of FAMO: the weights, and the logits after it."""

import random
from collections.abc import Callable
from math import exp, log

from mtl_lessons.drills.probes import expect


def famo_step(
    logits: list[float],
    before: list[float],
    after: list[float],
    rate: float,
    gamma: float,
) -> tuple[list[float], list[float]]:
    """The weights of the losses in this step, and the logits after it.

    before and after are the losses of the same batch, before and after
    the step of the network, all above 0. rate is β, gamma is γ.

    >>> famo_step([0.0, 0.0], [1.0, 1.0], [0.5, 0.5], 0.1, 0.0)
    ([0.5, 0.5], [0.0, 0.0])
    """
    powers = [exp(logit) for logit in logits]
    z = [power / sum(powers) for power in powers]
    raw = [share / loss for share, loss in zip(z, before)]
    weights = [r / sum(raw) for r in raw]
    fall = [log(b) - log(a) for b, a in zip(before, after)]
    mean = sum(share * f for share, f in zip(z, fall))
    moved = []
    for logit, share, f in zip(logits, z, fall):
        slope = share * (f - mean) + gamma * logit
        moved.append(logit - rate * slope)
    return weights, moved


def check(answer: Callable) -> None:
    # 1 : 1/3
    expect(
        "weights",
        answer,
        [0.0, 0.0],
        [1.0, 3.0],
        [1.0, 3.0],
        0.1,
        0.0,
        gives=([0.75, 0.25], [0.0, 0.0]),
        instead={
            "z-alone": ([0.5, 0.5], [0.0, 0.0]),
            "not-normalised": ([0.5, 1 / 6], [0.0, 0.0]),
            "times-loss": ([0.25, 0.75], [0.0, 0.0]),
        },
    )
    # log losses fell by log 2 and 0; z = (1/2, 1/2); 1/4 : 1/2
    weights = [1 / 3, 2 / 3]
    quarter = log(2) / 4
    expect(
        "logits",
        answer,
        [0.0, 0.0],
        [2.0, 1.0],
        [1.0, 1.0],
        1.0,
        0.0,
        gives=(weights, [-quarter, quarter]),
        instead={
            "wrong-way": (weights, [quarter, -quarter]),
            "no-jacobian": (weights, [-log(2), 0.0]),
            "own-slope-only": (weights, [-quarter, 0.0]),
            "not-logs": (weights, [-0.25, 0.25]),
            "relative-fall": (weights, [-0.125, 0.125]),
            "plain-mean": (weights, [-log(2) / 2, log(2) / 2]),
            "weights-after": ([0.5, 0.5], [-quarter, quarter]),
            # the fall of each, less the mean by w: log 2 / 3
            "w-for-z": (weights, [-2 * log(2) / 9, 2 * log(2) / 9]),
        },
    )
    # nothing fell; e^2 : e^-2, and logits decay by .5 · .1 · 2
    expect(
        "decay",
        answer,
        [2.0, -2.0],
        [1.0, 1.0],
        [1.0, 1.0],
        0.5,
        0.1,
        gives=([0.982014, 0.017986], [1.9, -1.9]),
        instead={
            "no-decay": ([0.982014, 0.017986], [2.0, -2.0]),
            "decay-without-rate": ([0.982014, 0.017986], [1.8, -1.8]),
        },
    )
    draw = random.Random(0)
    for _ in range(20):
        tasks = draw.randint(1, 5)
        rows = [
            [draw.gauss(0, 1) for _ in range(tasks)],
            [draw.uniform(0.1, 2) for _ in range(tasks)],
            [draw.uniform(0.1, 2) for _ in range(tasks)],
        ]
        found = famo_step(*rows, 0.5, 0.01)
        expect("other-rows", answer, *rows, 0.5, 0.01, gives=found)
