"""The gate of CGC: who may read whom, before the softmax."""

import random
from collections.abc import Callable
from math import exp, log

from mtl_lessons.drills.probes import expect, survives


def gate_weights(
    logits: list[float], owners: list[str], gate: str
) -> list[float]:
    """How much of each expert a gate mixes, for one row of inputs.

    logits: of this gate, for all experts. owners: for each expert its
    task, or "shared". gate: a task, or "shared" for the shared gate,
    which mixes all experts.

    >>> gate_weights([7.0, 7.0], ["shared", "shared"], "click")
    [0.5, 0.5]
    """
    read = [
        number
        for number, owner in enumerate(owners)
        if gate == "shared" or owner in (gate, "shared")
    ]
    highest = max(logits[number] for number in read)
    weights = [0.0] * len(logits)
    for number in read:
        weights[number] = exp(logits[number] - highest)
    total = sum(weights)
    return [weight / total for weight in weights]


def check(answer: Callable) -> None:
    expect(
        "own-and-shared",
        answer,
        [log(2), 0.0, 0.0],
        ["buy", "click", "shared"],
        "click",
        gives=[0.0, 0.5, 0.5],
        instead={
            "too-short": [0.0, 0.25, 0.25],
            "no-mask": [0.5, 0.25, 0.25],
            "zero-is-no-mask": [1 / 3, 1 / 3, 1 / 3],
            "own-alone": [0.0, 1.0, 0.0],
            "shared-alone": [0.0, 0.0, 1.0],
            "places-lost": [0.5, 0.5],
        },
    )
    expect(
        "shared-gate",
        answer,
        [log(2), 0.0, 0.0],
        ["buy", "click", "shared"],
        "shared",
        gives=[0.5, 0.25, 0.25],
    )
    survives(
        "mask-too-late",
        answer,
        [1000.0, 0.0, 0.0],
        ["buy", "click", "shared"],
        "click",
        gives=[0.0, 0.5, 0.5],
    )
    survives(
        "overflows",
        answer,
        [1000.0, 1000.0, 0.0],
        ["click", "shared", "shared"],
        "click",
        gives=[0.5, 0.5, 0.0],
    )
    survives(
        "small-mask",
        answer,
        [0.0, -5000.0, -5000.0],
        ["buy", "click", "shared"],
        "click",
        gives=[0.0, 0.5, 0.5],
    )
    logits, owners = _gate(random.Random(0))
    for gate in ("click", "buy", "shared"):
        right = gate_weights(logits, owners, gate)
        expect("own-and-shared", answer, logits, owners, gate, gives=right)


def _gate(chance: random.Random) -> tuple[list[float], list[str]]:
    owners = ["click", "shared", "buy", "buy", "shared", "click", "buy"]
    return [chance.gauss(0, 2) for _ in owners], owners
