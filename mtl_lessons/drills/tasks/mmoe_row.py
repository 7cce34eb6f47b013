"""One row through a multi-gate mixture of experts."""

import random
from collections.abc import Callable
from math import exp, log

from mtl_lessons.drills.probes import expect, grows, survives


def mmoe_row(
    x: list[float],
    experts: list[list[list[float]]],
    gates: dict[str, list[list[float]]],
) -> dict[str, list[float]]:
    """The vector that each task's tower reads, for one row of inputs.

    x: the row, d numbers. experts: for each expert a matrix with a row
    for each of its units, d weights; a dense layer with ReLU, no bias.
    gates: for each task a matrix with a row for each expert, d weights,
    no bias.

    >>> mmoe_row([1.0], [[[2.0]], [[6.0]]], {"click": [[0.0], [0.0]]})
    {'click': [4.0]}
    """
    outputs = [
        [max(dot(unit, x), 0.0) for unit in expert] for expert in experts
    ]
    by_unit = [list(said) for said in zip(*outputs)]
    mixed = {}
    for task, gate in gates.items():
        weights = softmax([dot(row, x) for row in gate])
        mixed[task] = [dot(weights, said) for said in by_unit]
    return mixed


def dot(a: list[float], b: list[float]) -> float:
    """The sum of the products, entry by entry."""
    return sum(one * other for one, other in zip(a, b))


def softmax(logits: list[float]) -> list[float]:
    """Shares in proportion to exp(logit)."""
    highest = max(logits)
    parts = [exp(z - highest) for z in logits]
    return [part / sum(parts) for part in parts]


def check(answer: Callable) -> None:
    # the experts give [4, 8] and [0, 4]; the gate 3/4 and 1/4
    experts = [[[4.0, 0.0], [0.0, 8.0]], [[0.0, 0.0], [2.0, 2.0]]]
    expect(
        "mix",
        answer,
        [1.0, 1.0],
        experts,
        {"click": [[log(6), 0.0], [0.0, log(2)]]},
        gives={"click": [3.0, 7.0]},
        instead={
            "no-gate": {"click": [2.0, 6.0]},
            "hard-choice": {"click": [4.0, 8.0]},
            "over-tasks": {"click": [4.0, 12.0]},
            "sigmoids": {"click": [4 * 6 / 7, 8 * 6 / 7 + 4 * 2 / 3]},
            "no-softmax": {"click": [4 * log(6), 8 * log(6) + 4 * log(2)]},
        },
    )
    # two experts of one unit, 4 and 8; even shares for the purchase
    expect(
        "gate-per-task",
        answer,
        [1.0],
        [[[4.0]], [[8.0]]],
        {"click": [[log(3)], [0.0]], "buy": [[0.0], [0.0]]},
        gives={"click": [5.0], "buy": [6.0]},
    )
    expect(
        "relu",
        answer,
        [1.0],
        [[[-4.0]], [[8.0]]],
        {"click": [[0.0], [0.0]]},
        gives={"click": [4.0]},
        instead={"relu-late": {"click": [2.0]}},
    )
    survives(
        "overflows",
        answer,
        [1000.0],
        [[[0.001]], [[0.002]]],
        {"click": [[-2.0], [2.0]], "buy": [[-2.0], [-2.0]]},
        gives={"click": [2.0], "buy": [1.5]},
    )
    row = _row(random.Random(0), tasks=3)
    expect("mix", answer, *row, gives=mmoe_row(*row))
    grows("experts-again", answer, _wide, most=2.5, small=2, large=8)


def _row(chance: random.Random, tasks: int) -> tuple:
    """Five inputs, four experts of three units."""

    def matrix(rows: int) -> list[list[float]]:
        return [[chance.gauss(0, 1) for _ in range(5)] for _ in range(rows)]

    gates = {f"task {number}": matrix(4) for number in range(tasks)}
    return matrix(1)[0], [matrix(3) for _ in range(4)], gates


def _wide(tasks: int) -> tuple:
    """Experts of many units, so that they are nearly all of the cost."""
    experts = [[[1.0] * 16 for _ in range(16)] for _ in range(4)]
    gates = {f"task {number}": [[0.0] * 16] * 4 for number in range(tasks)}
    return [1.0] * 16, experts, gates
