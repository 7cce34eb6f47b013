"""Metrics, one task at a time, and intervals over seeds.

There is no one number for a multi-task model: a gain on clicks can pay for a loss on purchases. So `table`
reports every task on its own rows, with the metrics that fit its kind of label. Where scikit-learn has the
metric, it is used.

| question                                       | metric                                   |
|------------------------------------------------|------------------------------------------|
| are rows in the right order?                   | `auc`                                    |
| ... within a user, which is what one sees?     | `gauc`                                   |
| are the probabilities good?                    | `log_loss`, `normalised_entropy`         |
| are they right on average? in every range?     | `calibration_ratio`, `calibration_error` |
| are the right items on top?                    | `recall_at_k`, `ndcg_at_k`               |
| how far off is a number?                       | `rmse`                                   |

All functions raise `ValueError` for labels or predictions that make no sense, and say what they found.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from sklearn import metrics as sklearn_metrics


class Interval(NamedTuple):
    """A mean and the two ends of its confidence interval. Prints as `+0.203 [+0.187, +0.219]`."""

    mean: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        mean, low, high = (format(value, spec or "+.3f") for value in self)
        return f"{mean} [{low}, {high}]"

    def __str__(self) -> str:
        return format(self)


class Gauc(NamedTuple):
    """GAUC, how many of the users counted, and the share of rows that they hold."""

    value: float
    users: int
    of_users: int
    coverage: float


def interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of the runs and its t-interval: `mean ± t s / √n`, `s` the standard deviation with n - 1.

    For the gain of one model over another, give the *differences*, paired by seed. Needs two runs or more.
    """
    runs = _finite("values", values)
    if runs.ndim != 1 or len(runs) < 2:
        raise ValueError(f"an interval needs a list of at least 2 runs, found shape {runs.shape}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, found {level}")
    mean = runs.mean()
    half = stats.t.ppf((1 + level) / 2, len(runs) - 1) * runs.std(ddof=1) / np.sqrt(len(runs))
    return Interval(float(mean), float(mean - half), float(mean + half))


# ---------------------------------------------------------------------- yes/no labels


def auc(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Chance that a random positive is scored above a random negative, a tie counting half.

    Any monotone change of the scores leaves it as it is. Undefined with one class.
    """
    labels, predictions = _scores(labels, predictions)
    return float(sklearn_metrics.roc_auc_score(labels, predictions))


def expected_auc(probabilities: ArrayLike, predictions: ArrayLike | None = None) -> float:
    """AUC expected of `predictions` when row i is positive with the true probability p_i, with no luck of the
    draw.

    Every row counts as a positive of weight p_i and a negative of weight 1 - p_i. Without predictions the
    rows are scored by the truth itself: the **Bayes-optimal AUC**, which no model can beat in expectation.
    """
    truth = _probabilities("probabilities", probabilities)
    scores = truth if predictions is None else _finite("predictions", predictions)
    _same_shape(truth, scores)
    weights = np.concatenate([truth, 1 - truth])
    if truth.sum() == 0 or truth.sum() == len(truth):
        raise ValueError("AUC needs positives and negatives, found probabilities of one class only")
    labels = np.repeat([1, 0], len(truth))
    return float(sklearn_metrics.roc_auc_score(labels, np.tile(scores, 2), sample_weight=weights))


def gauc(labels: ArrayLike, predictions: ArrayLike, users: ArrayLike) -> Gauc:
    """AUC within each user, averaged over users with weight = rows of the user.

    A user without a positive or without a negative has no AUC and does not count; `coverage` is the share of
    rows that do. Rewards no knowledge of who clicks much, only of what a user prefers. (Zhou et al. 2018,
    Deep Interest Network.)
    """
    labels, predictions = _scores(labels, predictions)
    _, user, rows = np.unique(_same_length(users, labels), return_inverse=True, return_counts=True)
    positives = np.bincount(user, labels)
    negatives = rows - positives
    wins = np.bincount(user, labels * _ranks_within(user, predictions)) - positives * (positives + 1) / 2
    counts = (positives > 0) & (negatives > 0)
    if not counts.any():
        raise ValueError(f"GAUC needs a user with both classes, found none among {len(rows)}")
    per_user = wins[counts] / (positives * negatives)[counts]
    value = np.average(per_user, weights=rows[counts])
    return Gauc(float(value), int(counts.sum()), len(rows), float(rows[counts].sum() / rows.sum()))


def log_loss(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Mean of `-y log p - (1 - y) log(1 - p)`, in nats."""
    labels, predictions = _scores(labels, predictions, probabilities=True, classes=1)
    return float(sklearn_metrics.log_loss(labels, predictions, labels=[0, 1]))


def binary_entropy(p: float) -> float:
    """`-p log p - (1 - p) log(1 - p)` in nats: the log loss of always predicting the base rate p."""
    if not 0 <= p <= 1:
        raise ValueError(f"a probability must lie in [0, 1], found {p}")
    return float(stats.entropy([p, 1 - p]))


def normalised_entropy(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Log loss divided by that of the base rate: 1 = learned nothing. Comparable between tasks, as log loss
    is not.

    (He et al. 2014, Practical lessons from predicting clicks on ads at Facebook.)
    """
    labels, predictions = _scores(labels, predictions, probabilities=True)
    return log_loss(labels, predictions) / binary_entropy(labels.mean())


def calibration_ratio(labels: ArrayLike, predictions: ArrayLike) -> float:
    """PCOC, predicted over observed: `mean(prediction) / mean(label)`. 1 is right, 1.2 promises a fifth too
    much.

    `labels` may be true probabilities.
    """
    labels, predictions = _rates(labels, predictions)
    if labels.sum() == 0:
        raise ValueError("the calibration ratio needs a positive label, found none")
    return float(predictions.mean() / labels.mean())


def calibration_error(labels: ArrayLike, predictions: ArrayLike, bins: int = 20) -> float:
    """Mean over rows of |mean prediction - mean label| of the row's bin; equally filled bins of the
    prediction.

    In units of probability. Equal predictions share a bin. `labels` may be true probabilities; with 0/1
    labels even perfect predictions get about `.8 √(p (1-p) bins / rows)`.
    """
    labels, predictions = _rates(labels, predictions)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, found {bins}")
    edges = np.quantile(predictions, np.arange(1, bins) / bins)
    gaps = np.bincount(np.searchsorted(edges, predictions, side="right"), predictions - labels)
    return float(np.abs(gaps).sum() / len(labels))


# ---------------------------------------------------------------------- ranked lists, numbers


def recall_at_k(relevant: ArrayLike, scores: ArrayLike, k: int) -> float:
    """Share of a row's relevant items among its k best scored, averaged over rows that have one.

    Shapes (rows, items), `relevant` 0/1. Of equal scores, the item that stands first wins.
    """
    relevant, scores = _lists(relevant, scores, k)
    if not np.isin(relevant, (0, 1)).all():
        raise ValueError("relevant must hold 0 and 1 only")
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    hits = np.take_along_axis(relevant, best, axis=1).sum(1)
    return float((hits / relevant.sum(1)).mean())


def ndcg_at_k(relevance: ArrayLike, scores: ArrayLike, k: int) -> float:
    """`Σ (2^relevance - 1) / log2(1 + place)` over the k best scored, divided by the best possible; mean over
    rows.

    Shapes (rows, items), relevance 0 or more. Rows with nothing relevant do not count; ties are averaged.
    """
    relevance, scores = _lists(relevance, scores, k)
    return float(sklearn_metrics.ndcg_score(2**relevance - 1, scores, k=k))


def rmse(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Root of the mean squared error, in the unit of the label."""
    labels, predictions = _finite("labels", labels), _finite("predictions", predictions)
    _same_shape(labels, predictions)
    return float(sklearn_metrics.root_mean_squared_error(labels, predictions))


# ---------------------------------------------------------------------- all tasks


def table(tasks: dict[str, dict]) -> list[dict]:
    """The metrics of every task, a row each; `markdown` prints it.

    A task is a dict of `kind`, `labels`, `predictions` and options:

    - `"binary"`: 0/1 labels, probabilities; option `users` adds GAUC and its coverage
    - `"regression"`: numbers
    - `"ranking"`: relevance and scores of shape (rows, items); option `k` (10)

    A row whose label is NaN is left out; `rows` says how many were used and `of` how many there were. Raises
    `ValueError` that names the task.
    """
    return [_table_row(name, **task) for name, task in tasks.items()]


def markdown(rows: Iterable[dict], digits: int = 3) -> str:
    """A Markdown table of the rows, with a dash where a row lacks a column."""
    rows = list(rows)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[_cell(row.get(column), digits) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _table_row(name: str, kind: str, labels: ArrayLike, predictions: ArrayLike, **options) -> dict:
    kinds = {"binary": _binary_row, "regression": _regression_row, "ranking": _ranking_row}
    if kind not in kinds:
        raise ValueError(f"task {name!r}: kind must be one of {', '.join(kinds)}, found {kind!r}")
    labels, predictions = np.asarray(labels, float), np.asarray(predictions, float)
    try:
        _same_shape(labels, predictions)
        known = ~np.isnan(labels.reshape(len(labels), -1)).any(1)
        if not known.any():
            raise ValueError(f"no label among {len(labels)} rows")
        if "users" in options:
            options["users"] = _same_length(options["users"], labels)[known]
        values = kinds[kind](labels[known], predictions[known], **options)
    except ValueError as error:
        raise ValueError(f"task {name!r}: {error}") from error
    return {"task": name, "kind": kind, "rows": int(known.sum()), "of": len(labels), **values}


def _binary_row(labels: np.ndarray, predictions: np.ndarray, users: np.ndarray | None = None) -> dict:
    row = {"auc": auc(labels, predictions)}
    if users is not None:
        within = gauc(labels, predictions, users)
        row |= {"gauc": within.value, "gauc_coverage": within.coverage}
    for metric in (log_loss, normalised_entropy, calibration_ratio, calibration_error):
        row[metric.__name__] = metric(labels, predictions)
    return row


def _regression_row(labels: np.ndarray, predictions: np.ndarray) -> dict:
    return {"rmse": rmse(labels, predictions)}


def _ranking_row(relevance: np.ndarray, scores: np.ndarray, k: int = 10) -> dict:
    recall = recall_at_k((relevance > 0).astype(float), scores, k)
    return {f"recall@{k}": recall, f"ndcg@{k}": ndcg_at_k(relevance, scores, k)}


def _cell(value: object, digits: int) -> str:
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


# ---------------------------------------------------------------------- checks of what comes in


def _ranks_within(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Rank of each value among those of its group, 1 = lowest, equal values sharing their mean rank."""
    order = np.lexsort((values, group))
    group, values = group[order], values[order]
    new_tie = np.r_[True, (np.diff(group) != 0) | (np.diff(values) != 0)]
    first = np.flatnonzero(new_tie)
    last = np.r_[first[1:], len(values)] - 1
    place = ((first + last) / 2)[np.cumsum(new_tie) - 1]
    ranks = np.empty(len(values))
    ranks[order] = place - np.searchsorted(group, group) + 1
    return ranks


def _finite(name: str, values: ArrayLike) -> np.ndarray:
    values = np.asarray(values, float)
    if values.size == 0:
        raise ValueError(f"{name} must not be empty")
    bad = np.count_nonzero(~np.isfinite(values))
    if bad:
        raise ValueError(f"{name} must be finite, found {bad} NaN or infinite of {values.size}")
    return values


def _probabilities(name: str, values: ArrayLike) -> np.ndarray:
    values = _finite(name, values)
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"{name} must lie in [0, 1], found {values.min():g} to {values.max():g}")
    return values


def _same_shape(labels: np.ndarray, predictions: np.ndarray) -> None:
    if labels.shape != predictions.shape:
        raise ValueError(f"labels and predictions must have one shape, found {labels.shape} and {predictions.shape}")


def _same_length(users: ArrayLike, labels: np.ndarray) -> np.ndarray:
    users = np.asarray(users)
    if users.shape != labels.shape[:1]:
        raise ValueError(f"users must have shape {labels.shape[:1]}, found {users.shape}")
    return users


def _scores(labels: ArrayLike, predictions: ArrayLike, probabilities: bool = False, classes: int = 2):
    """0/1 labels of at least so many classes, and scores or probabilities, of one shape (rows,)."""
    labels = _finite("labels", labels)
    predictions = (_probabilities if probabilities else _finite)("predictions", predictions)
    _same_shape(labels, predictions)
    if labels.ndim != 1:
        raise ValueError(f"labels must have shape (rows,), found {labels.shape}")
    found = np.unique(labels)
    if not np.isin(found, (0, 1)).all():
        raise ValueError(f"labels must be 0 or 1, found {found[~np.isin(found, (0, 1))][:3].tolist()}")
    if len(found) < classes:
        raise ValueError(f"labels of both classes are needed, found only {int(found[0])}")
    return labels, predictions


def _rates(labels: ArrayLike, predictions: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    labels, predictions = _probabilities("labels", labels), _probabilities("predictions", predictions)
    _same_shape(labels, predictions)
    return labels.ravel(), predictions.ravel()


def _lists(relevance: ArrayLike, scores: ArrayLike, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Relevance and scores, (rows, items), of the rows that have something relevant."""
    relevance, scores = _finite("relevance", relevance), _finite("scores", scores)
    _same_shape(relevance, scores)
    if relevance.ndim != 2 or relevance.shape[1] < 2:
        raise ValueError(f"relevance must have shape (rows, items) with 2 items or more, found {relevance.shape}")
    if not 1 <= k <= relevance.shape[1]:
        raise ValueError(f"k must lie in [1, {relevance.shape[1]}], the number of items, found {k}")
    if relevance.min() < 0:
        raise ValueError(f"relevance must not be negative, found {relevance.min():g}")
    some = relevance.sum(1) > 0
    if not some.any():
        raise ValueError(f"nothing is relevant in any of {len(some)} rows")
    return relevance[some], scores[some]
