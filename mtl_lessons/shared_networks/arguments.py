"""Arguments that make sense, or an error that says what was expected and what was found."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np


def at_least_one(name: str, number: int) -> int:
    if not isinstance(number, int | np.integer) or number < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, found {number!r}")
    return int(number)


def widths(units: Sequence[int]) -> list[int]:
    if not isinstance(units, Iterable) or isinstance(units, str) or not list(units):
        raise ValueError(f"units: expected the widths of one layer or more, such as (64, 32), found {units!r}")
    return [at_least_one("units", n) for n in units]


def widths_by_level(units: Sequence[Sequence[int]]) -> list[list[int]]:
    if not isinstance(units, Iterable) or isinstance(units, str) or not list(units):
        raise ValueError(f"units: expected the widths of every level, such as [(64,), (32,)], found {units!r}")
    return [widths(level) for level in units]


def by_task(name: str, number: int | Mapping[str, int] | Sequence[int], tasks: Sequence[str]) -> dict[str, int]:
    """One number for every task, from a number for all, `{task: number}`, or a list in the order of the tasks."""
    if not isinstance(number, Mapping | Sequence) or isinstance(number, str):
        return dict.fromkeys(tasks, at_least_one(name, number))
    given = dict(number) if isinstance(number, Mapping) else dict(zip(tasks, number))
    if len(number) != len(tasks) or set(given) != set(tasks):
        raise ValueError(f"{name}: expected a number for each of {list(tasks)}, found {number!r}")
    return {task: at_least_one(f"{name} of {task}", given[task]) for task in tasks}


def flat(shape) -> tuple:
    """The shape of an input, which has to be `(batch, d)`."""
    if isinstance(shape, dict) or len(shape) != 2 or shape[-1] is None:
        raise ValueError(f"expected input of shape (batch, d), found {shape}")
    return tuple(shape)
