"""What somebody hands over: names, NumPy scalars, masked arrays, DataFrames. It is made plain, or refused by name.

`Declared` is what features and tasks have in common: a name, and settings that are checked at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

# ---------------------------------------------------------------- declarations


def plain(value):
    """NumPy's scalars and arrays as Python's numbers and lists, which compare and can be JSON."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return type(value)(map(plain, value)) if type(value) in (list, tuple) else value


@dataclass(frozen=True)
class Declared:
    """A name and settings, made `plain`, lists as tuples. A subclass checks its own settings after that."""

    name: str

    what = "declaration"  # what errors call it

    def __post_init__(self):
        for field in fields(self):
            value = plain(getattr(self, field.name))
            object.__setattr__(self, field.name, tuple(value) if isinstance(value, list) else value)
        named = isinstance(self.name, str) and self.name and "/" not in self.name
        self.expect(named, "a text without '/' as its name", repr(self.name))

    @property
    def called(self) -> str:
        return f"{self.what} {self.name!r}"

    def expect(self, holds: bool, expected: str, found: object) -> None:
        """Raise `ValueError` that names the declaration, unless it `holds`."""
        if not holds:
            raise ValueError(f"{self.called}: expected {expected}, found {found}")

    def whole(self, setting: str, least: int = 1, most: int = 2**31 - 3) -> None:
        """The setting is a whole number in this range: by default, what a 32-bit table can have rows."""
        value = getattr(self, setting)
        holds = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        self.expect(holds, f"{setting} to be a whole number from {least} to {most}", repr(value))

    def finite(self, setting: str, above: float = -np.inf) -> None:
        """The setting is a finite number, and above a bound."""
        value = getattr(self, setting)
        holds = isinstance(value, int | float) and not isinstance(value, bool)
        holds = holds and np.isfinite(value) and value > above
        bound = "" if above == -np.inf else f" above {above:g}"
        self.expect(holds, f"{setting} to be a finite number{bound}", repr(value))


# ---------------------------------------------------------------- columns


def table(who: object, rows) -> dict:
    """Columns by name: those of a mapping, or of a DataFrame (whatever has `columns`)."""
    if not isinstance(rows, Mapping) and not hasattr(rows, "columns"):
        found = type(rows).__name__
        raise ValueError(f"{who}: expected a dict of columns or a DataFrame, found {found}")
    names = rows if isinstance(rows, Mapping) else rows.columns
    return {name: rows[name] for name in names}


def numbers(who: object, values: ArrayLike) -> np.ndarray:
    """The values in float64, NaN where one is masked, None or pandas' NA.

    Raises `ValueError` for what is no number (a text, a date) and for rows of unequal length.
    """
    values = _array(who, values)
    if values.dtype == object:
        there = [np.nan if _missing(value) else value for value in values.ravel()]
        values = _array(who, there).reshape(values.shape)
    if values.dtype.kind in "SUMmcO":
        raise ValueError(f"{who}: expected numbers, found {_sight(values)}")
    return values.astype("float64", copy=False)


def whole_numbers(who: object, values: ArrayLike) -> np.ndarray:
    """The values in int64.

    Raises `ValueError` for anything else, also for a float or a text that looks like one, and for missing values.
    """
    values = _array(who, values)
    if values.dtype == object:
        values = _array(who, values.tolist())
    if values.size and values.dtype.kind not in "iu":
        raise ValueError(f"{who}: expected whole numbers, found {_sight(values)}")
    return signed(values)


def signed(values: np.ndarray) -> np.ndarray:
    """Whole numbers in int64; what is too large for it, as the largest."""
    if values.dtype == "uint64":
        values = np.minimum(values, np.uint64(2**63 - 1))
    return values.astype("int64", copy=False)


def _array(who: object, values: ArrayLike) -> np.ndarray:
    if np.ma.is_masked(values):
        values = np.where(np.ma.getmaskarray(values), None, values.data.astype(object))
    try:
        return np.asarray(values)
    except ValueError:
        found = "lists of unequal length"
        raise ValueError(f"{who}: expected rows of one length, found {found}") from None


def _missing(value) -> bool:
    return value is None or repr(value) in ("<NA>", "NaT")


def _sight(values: np.ndarray) -> str:
    """What a column holds, in a word: its type or, if mixed, the first value that is no whole number."""
    if values.dtype.kind in "SU":
        return "text"
    if values.dtype != object:
        return str(values.dtype)
    whole = [type(value) is int or isinstance(value, np.integer) for value in values.ravel()]
    return str(values.dtype) if all(whole) else repr(values.ravel()[whole.index(False)])
