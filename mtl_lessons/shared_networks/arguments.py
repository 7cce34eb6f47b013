"""Arguments that make sense, or an error that says what was expected and what
was found.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

TensorShape = tuple  # of an input: (batch, d)
# a number for all tasks, or for each
PerTask = int | Mapping[str, int] | Sequence[int]


def at_least_one(name: str, number: Any) -> int:
    """The number as an `int`, if it counts something.

    >>> at_least_one("count", 0)
    Traceback (most recent call last):
    ValueError: count: expected a whole number of at least 1, found 0
    """
    if not isinstance(number, int | np.integer) or number < 1:
        raise ValueError(
            f"{name}: expected a whole number of at least 1, found {number!r}"
        )
    return int(number)


def widths(units: Sequence[int]) -> list[int]:
    """The widths of the layers of one stack.

    >>> widths((64, 32))
    [64, 32]
    """
    _expect_some("the widths of one layer or more, such as (64, 32)", units)
    return [at_least_one("units", width) for width in units]


def widths_by_level(units: Sequence[Sequence[int]]) -> list[list[int]]:
    """The same for every level.

    >>> widths_by_level([(64,), (32,)])
    [[64], [32]]
    """
    _expect_some("the widths of every level, such as [(64,), (32,)]", units)
    return [widths(level) for level in units]


def by_task(name: str, number: PerTask, tasks: Sequence[str]) -> dict[str, int]:
    """From a number for all tasks, `{task: number}`, or a list in the order of
    the tasks.

    >>> by_task("own", [2, 1], tasks=["click", "buy"])
    {'click': 2, 'buy': 1}
    """
    if isinstance(number, str) or not isinstance(number, Mapping | Sequence):
        return dict.fromkeys(tasks, at_least_one(name, number))
    numbers = (
        dict(number)
        if isinstance(number, Mapping)
        else dict(zip(tasks, number))
    )
    if len(number) != len(tasks) or set(numbers) != set(tasks):
        raise ValueError(
            f"{name}: expected a number for each of {list(tasks)}, found "
            f"{number!r}"
        )
    return {
        task: at_least_one(f"{name} of {task}", numbers[task]) for task in tasks
    }


def flat(shape: Any) -> TensorShape:
    """The shape of an input, which has to be `(batch, d)`."""
    if isinstance(shape, dict) or len(shape) != 2 or shape[-1] is None:
        raise ValueError(
            f"x: expected input of shape (batch, d), found {shape}"
        )
    return tuple(shape)


def _expect_some(expected: str, units: Any) -> None:
    if (
        not isinstance(units, Iterable)
        or isinstance(units, str)
        or not list(units)
    ):
        raise ValueError(f"units: expected {expected}, found {units!r}")
