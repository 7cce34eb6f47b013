"""The natural weight of rare labels, when several devices share a batch."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect, survives


def label_weights(
    known: list[dict[str, int]], rows: list[int]
) -> list[dict[str, float]]:
    """By what each device multiplies its loss of each task.

    known: for each device, by task, how many of its rows have a label.
    rows: for each device, how many rows it has, at least 1. A device
    without a label of a task has the factor 0.0 for it.

    >>> label_weights([{"click": 8}, {"click": 8}], [8, 8])
    [{'click': 1.0}, {'click': 1.0}]
    """
    devices = len(rows)
    every = sum(rows)
    return [
        {task: devices * labels / every for task, labels in here.items()}
        for here in known
    ]


def check(answer: Callable) -> None:
    survives(
        "label-alike",
        answer,
        [{"buy": 1}, {"buy": 3}],
        [5, 5],
        gives=[{"buy": 0.2}, {"buy": 0.6}],
        instead={
            "one-share": [{"buy": 0.4}, {"buy": 0.4}],
            "not-averaged": [{"buy": 0.1}, {"buy": 0.3}],
            "by-labels": [{"buy": 0.5}, {"buy": 1.5}],
            "rare-is-loud": [{"buy": 5}, {"buy": 5 / 3}],
        },
    )
    expect(
        "own-rows",
        answer,
        [{"buy": 1}, {"buy": 3}],
        [2, 6],
        gives=[{"buy": 0.25}, {"buy": 0.75}],
    )
    survives(
        "several-tasks",
        answer,
        [{"click": 6, "buy": 0}, {"click": 2, "buy": 1}],
        [6, 2],
        gives=[{"click": 1.5, "buy": 0.0}, {"click": 0.5, "buy": 0.25}],
    )
    known, rows = _devices(random.Random(0))
    right = label_weights(known, rows)
    expect("label-alike", answer, known, rows, gives=right)


def _devices(chance: random.Random) -> tuple[list[dict[str, int]], list[int]]:
    rows = [chance.randint(1, 50) for _ in range(8)]
    known = [
        {"click": n, "like": chance.randint(0, n), "buy": n // 20} for n in rows
    ]
    return known, rows
