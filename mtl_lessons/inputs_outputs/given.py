"""What somebody hands over: names, NumPy scalars, masked arrays, DataFrames.

It is made plain, or refused by name. `Declared` is what features and tasks have
in common: a name, and settings that are checked at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

# ---------------------------------------------------------------- declarations


def plain(value: Any) -> Any:
    """NumPy's scalars and arrays as Python's numbers and lists, which compare
    and can be JSON.

    >>> plain((np.float32(0.5), np.arange(2)))
    (0.5, [0, 1])
    """
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    return value


@dataclass(frozen=True)
class Declared:
    """A name and settings, made `plain`, lists as tuples.

    A subclass checks its own settings after that. Raises `ValueError` for what
    is no name.

    >>> Declared(name="a/b")
    Traceback (most recent call last):
        ...
    ValueError: declaration 'a/b': expected a text without '/' as its name, found 'a/b'
    """

    name: str

    what = "declaration"  # what errors call it

    def __post_init__(self) -> None:
        for field in fields(self):
            value = plain(getattr(self, field.name))
            if isinstance(value, list):
                value = tuple(value)
            object.__setattr__(self, field.name, value)
        named = (
            isinstance(self.name, str)
            and self.name != ""
            and "/" not in self.name
        )
        self.expect(named, "a text without '/' as its name", repr(self.name))

    @property
    def called(self) -> str:
        """What errors call it: `feature 'price'`."""
        return f"{self.what} {self.name!r}"

    def expect(self, holds: bool, expected: str, found: object) -> None:
        """Raise `ValueError` that names the declaration, unless it `holds`."""
        if not holds:
            raise ValueError(
                f"{self.called}: expected {expected}, found {found}"
            )

    def whole(
        self, setting: str, least: int = 1, most: int = 2**31 - 3
    ) -> None:
        """The setting is a whole number from `least` to `most`.

        The largest is, by default, what a 32-bit table can have rows.
        """
        value = getattr(self, setting)
        whole = isinstance(value, int) and not isinstance(value, bool)
        expected = f"{setting} to be a whole number from {least} to {most}"
        self.expect(whole and least <= value <= most, expected, repr(value))

    def finite(self, setting: str, above: float = -np.inf) -> None:
        """The setting is a finite number, and above a bound."""
        value = getattr(self, setting)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = number and bool(np.isfinite(value)) and value > above
        bound = "" if above == -np.inf else f" above {above:g}"
        self.expect(
            fits, f"{setting} to be a finite number{bound}", repr(value)
        )


# ---------------------------------------------------------------- columns


def columns_by_name(who: object, rows: Any) -> dict[str, Any]:
    """Columns by name: those of a mapping, or of a DataFrame (whatever has
    `columns`).

    Raises `ValueError` for anything else.

    >>> columns_by_name("log 1", [1, 2])
    Traceback (most recent call last):
        ...
    ValueError: log 1: expected a dict of columns or a DataFrame, found list
    """
    if isinstance(rows, Mapping):
        return dict(rows)
    if hasattr(rows, "columns"):
        return {name: rows[name] for name in rows.columns}
    kind = type(rows).__name__
    raise ValueError(
        f"{who}: expected a dict of columns or a DataFrame, found {kind}"
    )


def numbers(who: object, values: ArrayLike) -> np.ndarray:
    """The values in float64, NaN where one is masked, None or pandas' NA.

    Raises `ValueError` for what is no number (a text, a date) and for rows of
    unequal length.

    >>> numbers("price", [1, None, 2.5]).tolist()
    [1.0, nan, 2.5]
    """
    array = _array(who, values)
    if array.dtype == object:
        entries = [
            np.nan if _is_none(value) else value for value in array.ravel()
        ]
        array = _array(who, entries).reshape(array.shape)
    if array.dtype.kind in "SUMmcO":
        raise ValueError(f"{who}: expected numbers, found {_in_a_word(array)}")
    return array.astype("float64", copy=False)


def whole_numbers(who: object, values: ArrayLike) -> np.ndarray:
    """The values in int64.

    Raises `ValueError` for anything else, also for a float or a text that looks
    like one, and for missing values.

    >>> whole_numbers("user", [1, 2.0])
    Traceback (most recent call last):
        ...
    ValueError: user: expected whole numbers, found float64
    """
    array = _array(who, values)
    if array.dtype == object:
        array = _array(who, array.tolist())
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(
            f"{who}: expected whole numbers, found {_in_a_word(array)}"
        )
    return in_int64(array)


def in_int64(values: np.ndarray) -> np.ndarray:
    """Whole numbers in int64; what is too large for it, as the largest.

    >>> bool(in_int64(np.array([2**64 - 1], "uint64"))[0] == 2**63 - 1)
    True
    """
    if values.dtype == "uint64":
        values = np.minimum(values, np.uint64(2**63 - 1))
    return values.astype("int64", copy=False)


def _array(who: object, values: ArrayLike) -> np.ndarray:
    """An array of the values, None where one is masked."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        masked = np.ma.getmaskarray(values)
        values = values.data.astype(object)
        values[masked] = None
    try:
        return np.asarray(values)
    except ValueError:
        lengths = "lists of unequal length"
        raise ValueError(
            f"{who}: expected rows of one length, found {lengths}"
        ) from None


def _is_none(value: object) -> bool:
    return value is None or repr(value) in ("<NA>", "NaT")


def _in_a_word(values: np.ndarray) -> str:
    """What a column holds: its type or, if mixed, the first value that is no
    whole number.
    """
    if values.dtype.kind in "SU":
        return "text"
    if values.dtype != object:
        return str(values.dtype)
    for value in values.ravel():
        whole = type(value) is int or isinstance(value, np.integer)
        if not whole:
            return repr(value)
    return str(values.dtype)
