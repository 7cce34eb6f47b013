"""The weights of an MMoE ranker, counted by part."""

from collections.abc import Callable
from typing import Any

from mtl_lessons.drills.probes import called, expect, shown, shown_call
from mtl_lessons.mistake import Mistake


def count_weights(
    tables: dict[str, tuple[int, int]],
    experts: int,
    units: list[int],
    tasks: int,
    tower: int,
) -> dict[str, int]:
    """How many weights a ranker has, by part.

    tables: for each feature its ids and the width of its vectors.
    experts: how many. units: the widths of an expert's layers, from the
    inputs upwards, at least one. tower: units of a task's hidden layer.

    Returns the weights of all "tables", "experts", "gates" and "towers".

    >>> parts = count_weights({"user": (1000, 8)}, 1, [4], 1, 2)
    >>> parts["tables"]
    8000
    """
    inputs = sum(width for _, width in tables.values())
    expert = 0
    width = inputs
    for size in units:
        expert += dense(width, size)
        width = size
    return {
        "tables": sum(ids * wide for ids, wide in tables.values()),
        "experts": experts * expert,
        "gates": tasks * inputs * experts,
        "towers": tasks * (dense(width, tower) + dense(tower, 1)),
    }


def dense(inputs: int, units: int) -> int:
    """The weights of a dense layer with a bias for each unit."""
    return (inputs + 1) * units


PARTS = ("tables", "experts", "gates", "towers")


def check(answer: Callable) -> None:
    # 2 + 3 inputs, 4 experts of one layer, 2 tasks
    tables = {"user": (10, 2), "item": (5, 3)}
    shallow = (tables, 4, [8], 2, 6)
    _has_parts(answer, shallow)
    expect(
        "tables",
        _part(answer, "tables"),
        *shallow,
        gives=10 * 2 + 5 * 3,
        instead={
            "tables-per-task": 2 * (10 * 2 + 5 * 3),
            "one-table": (10 + 5) * (2 + 3),
        },
    )
    expect(
        "experts",
        _part(answer, "experts"),
        *shallow,
        gives=4 * (5 + 1) * 8,
        instead={
            "no-bias": 4 * 5 * 8,
            "experts-per-task": 2 * 4 * (5 + 1) * 8,
            "inputs-are-widths": 4 * (2 + 1) * 8,
        },
    )
    expect(
        "gates",
        _part(answer, "gates"),
        *shallow,
        gives=2 * 5 * 4,
        instead={
            "gate-bias": 2 * (5 + 1) * 4,
            "one-gate": 5 * 4,
            "gate-reads-experts": 2 * 8 * 4,
        },
    )
    expect(
        "towers",
        _part(answer, "towers"),
        *shallow,
        gives=2 * ((8 + 1) * 6 + (6 + 1) * 1),
        instead={
            "no-output": 2 * (8 + 1) * 6,
            "one-tower": (8 + 1) * 6 + (6 + 1) * 1,
            "experts-joined": 2 * ((4 * 8 + 1) * 6 + (6 + 1) * 1),
        },
    )
    deep = (tables, 4, [8, 3], 2, 6)
    expect(
        "layers",
        _part(answer, "experts"),
        *deep,
        gives=4 * ((5 + 1) * 8 + (8 + 1) * 3),
    )
    expect(
        "layers",
        _part(answer, "towers"),
        *deep,
        gives=2 * ((3 + 1) * 6 + (6 + 1) * 1),
    )
    large = ({"user": (10**7, 32), "item": (10**6, 64)}, 8, [256, 64], 3, 32)
    expect("layers", answer, *large, gives=count_weights(*large))


def _has_parts(answer: Callable, design: tuple) -> None:
    found = called(answer, *design)
    if not isinstance(found, dict) or set(found) != set(PARTS):
        raise Mistake(
            "parts",
            call=shown_call(answer, design),
            found=shown(found),
            expected=f"a dict with {', '.join(PARTS)}",
        )


def _part(answer: Callable, name: str) -> Callable:
    """One part of what the answer returns."""

    def part(*design: Any) -> Any:
        return answer(*design)[name]

    part.__name__ = f"{name} of count_weights"
    return part
