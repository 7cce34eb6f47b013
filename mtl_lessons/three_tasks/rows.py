"""Several logs as one: what a step sees, and what a row has no label for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mtl_lessons.inputs_outputs.features import PADDING, Feature, Numeric
from mtl_lessons.inputs_outputs.given import columns_by_name, numbers

# features and labels by name, equally long; a DataFrame is one, too
Log = Mapping[str, Any]


def several(logs: Log | Sequence[Log]) -> list[dict[str, Any]]:
    """The logs as dicts of columns; one log may come without a list around it.

    Raises `ValueError` that names the log: what is no log, no column, columns
    of unequal length.

    >>> several({"user": [1, 2], "click": [0, 1]})
    [{'user': [1, 2], 'click': [0, 1]}]
    """
    if not isinstance(logs, Iterable):
        kind = type(logs).__name__
        expected = "a list of dicts of columns, or of DataFrames"
        raise ValueError(f"logs: expected {expected}, found {kind}")
    one = isinstance(logs, Mapping) or hasattr(logs, "columns")
    listed = [logs] if one else logs
    tables = [
        columns_by_name(f"log {number}", log)
        for number, log in enumerate(listed, 1)
    ]
    if not tables:
        raise ValueError("logs: expected one or more, found none")
    for number, log in enumerate(tables, 1):
        lengths = sorted(
            {_row_count(name, column) for name, column in log.items()}
        )
        if len(lengths) != 1:
            shown = lengths or "none"
            raise ValueError(
                f"log {number}: expected columns of one length, found {shown}"
            )
    return tables


def _row_count(name: str, column: Any) -> int:
    try:
        return len(column)
    except TypeError:
        expected = "a column, a value for each row"
        raise ValueError(
            f"{name}: expected {expected}, found {column!r}"
        ) from None


def draw(
    lengths: Sequence[int],
    batch: Sequence[int],
    steps: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Which of the stacked rows each step sees: `(steps · Σ batch,)`, whole
    numbers.

    `batch` rows of each log, without replacement until a log is used up, then
    anew. The logs alternate evenly within a step, so that half of it has half
    the rows of each. Raises `ValueError` for a batch without a row of each log,
    and for a log without rows.

    >>> order = draw([2, 4], batch=[1, 2], steps=2, rng=np.random.default_rng(0))
    >>> sorted(order.tolist())  # 2 steps see each of the 2 + 4 rows once
    [0, 1, 2, 3, 4, 5]
    """
    if len(lengths) != len(batch) or min(batch) < 1:
        expected = f"at least 1 row of each of {len(lengths)} logs"
        raise ValueError(f"batch: expected {expected}, found {list(batch)}")
    if min(lengths) < 1:
        raise ValueError(
            f"logs: expected at least 1 row in each, found {list(lengths)}"
        )
    starts = np.cumsum([0, *lengths[:-1]])
    by_log = []
    for start, rows, seen in zip(starts, lengths, batch):
        order = start + _endless(rows, steps * seen, rng)
        by_log.append(order.reshape(steps, seen))
    evenly = [(np.arange(seen) + 0.5) / seen for seen in batch]
    alternating = np.argsort(np.concatenate(evenly), kind="stable")
    by_step = np.concatenate(by_log, axis=1)
    return by_step[:, alternating].ravel()


def _endless(rows: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """The first `count` of the rows in random order, again and again."""
    rounds = -(-count // rows)
    orders = [rng.permutation(rows) for _ in range(rounds)]
    return np.concatenate(orders)[:count]


def length(log: Log) -> int:
    """How many rows a log has."""
    return len(next(iter(log.values())))


def stacked_feature(feature: Feature, logs: Sequence[Log]) -> np.ndarray:
    """The column of a feature in all logs, as the network reads it.

    A log that lacks the feature has its mean, if it is a number, or an unknown
    id.

    >>> from mtl_lessons.inputs_outputs import Categorical
    >>> logs = [{"ad": [3, 1], "ad_click": [0, 1]}, {"rating": [4]}]
    >>> stacked_feature(Categorical("ad", ids=60), logs).tolist()
    [3, 1, -1]
    """
    columns = []
    for log in logs:
        if feature.name in log:
            columns.append(feature.column(log[feature.name]))
        else:
            columns.append(_unknown(feature, length(log)))
    widths = [column.shape[1:] for column in columns]
    longest = np.max(widths, axis=0)
    return np.concatenate([_padded(column, longest) for column in columns])


def _unknown(feature: Any, rows: int) -> np.ndarray:
    """A column of a `Numeric`, or of `Ids`, in which the feature is known of no
    row.
    """
    if isinstance(feature, Numeric):
        return feature.column(
            np.broadcast_to(feature.mean, (rows, feature.size))
        )
    expected = "a column of that name in every log, as no id may be unknown"
    feature.expect(feature.unknown, expected, "a log without it")
    shape = (rows, 1) if feature.lists else (rows,)
    return np.full(shape, PADDING, "int32")


def _padded(column: np.ndarray, longest: Sequence[int]) -> np.ndarray:
    """Lists made as long as the longest."""
    widths = zip(longest, column.shape[1:])
    behind = [(0, int(width) - own) for width, own in widths]
    return np.pad(column, [(0, 0), *behind], constant_values=PADDING)


def stacked_label(name: str, columns: int, logs: Sequence[Log]) -> np.ndarray:
    """A label in all logs, `(rows, columns)`; a log that lacks it has NaN.

    Raises `ValueError` that names the task: what is no number, a wrong shape.

    >>> stacked_label("ad_click", 1, [{"ad_click": [0, 1]}, {"rating": [4]}]).ravel().tolist()
    [0.0, 1.0, nan]
    """
    return np.concatenate([_label(name, columns, log) for log in logs])


def _label(name: str, columns: int, log: Log) -> np.ndarray:
    shape = (length(log), columns)
    if name not in log:
        return np.full(shape, np.nan)
    label = numbers(f"task {name!r}", log[name])
    if label.ndim == 1:
        label = label[:, None]
    if label.shape != shape:
        raise ValueError(
            f"task {name!r}: expected labels of shape {shape}, found "
            f"{label.shape}"
        )
    return label
