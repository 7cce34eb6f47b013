"""Several logs as one: what a step sees, and what a row has no label for."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from mtl_lessons.inputs_outputs.features import PADDING, Feature, Numeric
from mtl_lessons.inputs_outputs.given import numbers, table

Log = Mapping[str, np.ndarray]  # features and labels by name, equally long; a DataFrame is one, too


def several(logs: Log | Sequence[Log]) -> list[dict]:
    """The logs as dicts of columns; one log may come without a list around it.

    Raises `ValueError` that names the log: what is no log, no column, columns of unequal length.
    """
    if not isinstance(logs, Iterable):
        found = type(logs).__name__
        raise ValueError(f"logs: expected a list of dicts of columns, or of DataFrames, found {found}")
    one = isinstance(logs, Mapping) or hasattr(logs, "columns")
    found = [table(f"log {number}", log) for number, log in enumerate([logs] if one else logs, 1)]
    if not found:
        raise ValueError("logs: expected one or more, found none")
    for number, log in enumerate(found, 1):
        lengths = sorted({_rows(name, column) for name, column in log.items()})
        if len(lengths) != 1:
            raise ValueError(f"log {number}: expected columns of one length, found {lengths or 'none'}")
    return found


def _rows(name: str, column) -> int:
    try:
        return len(column)
    except TypeError:
        raise ValueError(f"{name}: expected a column, a value for each row, found {column!r}") from None


def draw(lengths: Sequence[int], batch: Sequence[int], steps: int, rng: np.random.Generator) -> np.ndarray:
    """Which of the stacked rows each step sees: `(steps · Σ batch,)`, whole numbers.

    `batch` rows of each log, without replacement until a log is used up, then anew. The logs alternate evenly within a step, so
    that half of it has half the rows of each.
    """
    if len(lengths) != len(batch) or min(batch) < 1:
        raise ValueError(f"batch: expected at least 1 row of each of {len(lengths)} logs, found {list(batch)}")
    if min(lengths) < 1:
        raise ValueError(f"logs: expected at least 1 row in each, found {list(lengths)}")
    starts = np.cumsum([0, *lengths[:-1]])
    parts = [start + _endless(n, steps * b, rng).reshape(steps, b) for start, n, b in zip(starts, lengths, batch)]
    places = np.concatenate([(np.arange(b) + 0.5) / b for b in batch])
    return np.concatenate(parts, axis=1)[:, np.argsort(places, kind="stable")].ravel()


def _endless(rows: int, count: int, rng: np.random.Generator) -> np.ndarray:
    return np.concatenate([rng.permutation(rows) for _ in range(-(-count // rows))])[:count]


def length(log: Log) -> int:
    return len(next(iter(log.values())))


def stacked_feature(feature: Feature, logs: Sequence[Log]) -> np.ndarray:
    """The column of a feature in all logs; a log that lacks it has its mean, if it is a number, or an unknown id."""
    columns = [feature.column(log[feature.name]) if feature.name in log else _blank(feature, length(log)) for log in logs]
    longest = np.max([column.shape[1:] for column in columns], axis=0)
    return np.concatenate([_padded(column, longest) for column in columns])


def _blank(feature: Feature, rows: int) -> np.ndarray:
    if isinstance(feature, Numeric):
        return feature.column(np.broadcast_to(feature.mean, (rows, feature.size)))
    expected = "a column of that name in every log, as no id may be unknown"
    feature.expect(feature.unknown, expected, "a log without it")
    return np.full((rows, 1) if feature.lists else rows, PADDING, "int32")


def _padded(column: np.ndarray, longest: Sequence[int]) -> np.ndarray:
    """Lists made as long as the longest."""
    behind = [(0, int(n) - m) for n, m in zip(longest, column.shape[1:])]
    return np.pad(column, [(0, 0), *behind], constant_values=PADDING)


def stacked_label(name: str, columns: int, logs: Sequence[Log]) -> np.ndarray:
    """A label in all logs, `(rows, columns)`; a log that lacks it has NaN."""
    return np.concatenate([_label(name, columns, log) for log in logs])


def _label(name: str, columns: int, log: Log) -> np.ndarray:
    rows = length(log)
    if name not in log:
        return np.full((rows, columns), np.nan)
    label = numbers(f"task {name!r}", log[name])
    label = label[:, None] if label.ndim == 1 else label
    expected = rows, columns
    if label.shape != expected:
        raise ValueError(f"task {name!r}: expected labels of shape {expected}, found {label.shape}")
    return label
