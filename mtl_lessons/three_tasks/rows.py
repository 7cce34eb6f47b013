"""Several logs as one: what a step sees, and what a row has no label for."""

from collections.abc import Mapping, Sequence

import numpy as np

from mtl_lessons.inputs_outputs.features import PADDING, Feature, Numeric

Log = Mapping[str, np.ndarray]  # features and labels by name, equally long


def draw(lengths: Sequence[int], batch: Sequence[int], steps: int, rng: np.random.Generator) -> np.ndarray:
    """Which of the stacked rows each step sees: `(steps · Σ batch,)`, whole numbers.

    `batch` rows of each log, without replacement until a log is used up, then anew. The logs alternate evenly within a step, so
    that half of it has half the rows of each.
    """
    if len(lengths) != len(batch) or min(batch) < 1:
        raise ValueError(f"batch: expected at least 1 row of each of {len(lengths)} logs, found {list(batch)}")
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
        return np.broadcast_to(feature.mean, (rows, feature.size))
    return np.full((rows, 1) if feature.lists else rows, PADDING)


def _padded(column: np.ndarray, longest: Sequence[int]) -> np.ndarray:
    """Lists made as long as the longest."""
    behind = [(0, int(n) - m) for n, m in zip(longest, column.shape[1:])]
    return np.pad(column, [(0, 0), *behind], constant_values=PADDING)


def stacked_label(name: str, columns: int, logs: Sequence[Log]) -> np.ndarray:
    """A label in all logs, `(rows, columns)`; a log that lacks it has NaN."""
    found = [np.reshape(log[name], (-1, columns)) if name in log else np.full((length(log), columns), np.nan) for log in logs]
    return np.concatenate(found)
