"""Arguments that make sense, or an error that says what was expected and what was found."""

from collections.abc import Iterable, Sequence

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


def flat(shape) -> tuple:
    """The shape of an input, which has to be `(batch, d)`."""
    if isinstance(shape, dict) or len(shape) != 2 or shape[-1] is None:
        raise ValueError(f"expected input of shape (batch, d), found {shape}")
    return tuple(shape)
