"""Metrics, one task at a time, and intervals over seeds.

No one number tells all about a multi-task model: a gain on clicks can pay for a loss on purchases. So `table`
reports every task on its own rows, with the metrics that fit its kind of label. Where scikit-learn has the
metric, it is used.

| question                                       | metric                                   |
|------------------------------------------------|------------------------------------------|
| are rows in the right order?                   | `auc`                                    |
| ... within a user, which is what one sees?     | `gauc`                                   |
| are the probabilities good?                    | `log_loss`, `normalised_entropy`         |
| are they right on average? in every range?     | `calibration_ratio`, `calibration_error` |
| ... as papers report it, in bins of one width? | `expected_calibration_error`             |
| are the right items on top?                    | `recall_at_k`, `ndcg_at_k`               |
| how far off is a number?                       | `rmse`                                   |
| the mean of all rows, if only some were seen?  | `ips_mean`, `doubly_robust_mean`         |
| what do all tasks gain, in one number?         | `relative_gain`                          |

All functions raise `ValueError` for labels or predictions that make no sense, and say what they found. A masked
array is refused if anything in it is masked: leave these rows out yourself, so that you know how many are left.
"""

from collections.abc import Collection, Iterable, Mapping
from numbers import Integral
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
    Deep Interest Network.) `users` are ids of any kind, none of them missing.
    """
    labels, predictions = _scores(labels, predictions)
    user = _numbered(_same_length(users, labels))
    rows = np.bincount(user)
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
    _check_whole("bins", bins)
    edges = np.quantile(predictions, np.arange(1, bins) / bins)
    return _mean_gap(labels, predictions, np.searchsorted(edges, predictions, side="right"))


def expected_calibration_error(labels: ArrayLike, predictions: ArrayLike, bins: int = 15) -> float:
    """As `calibration_error`, but with bins of one width, `((b - 1) / bins, b / bins]`: the ECE of papers.

    (Naeini et al. 2015; Guo et al. 2017, On calibration of modern neural networks, with 15 bins.) There a
    prediction is the confidence in the class chosen; here it is the probability of a positive. Where all
    predictions are small, as those of clicks are, most rows share the first bin, and errors within it cancel.

    >>> round(expected_calibration_error([0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8], bins=2), 3)  # .2 for 0, .7 for 1
    0.25
    """
    labels, predictions = _rates(labels, predictions)
    _check_whole("bins", bins)
    return _mean_gap(labels, predictions, np.searchsorted(np.arange(1, bins) / bins, predictions))


def _mean_gap(labels: np.ndarray, predictions: np.ndarray, bin_of_row: np.ndarray) -> float:
    """`Σ_b |Σ_rows in b (prediction - label)| / rows`."""
    gaps = np.bincount(bin_of_row, predictions - labels)
    return float(np.abs(gaps).sum() / len(labels))


# ---------------------------------------------------------------------- means of what was seen in part


def ips_mean(values: ArrayLike, observed: ArrayLike, propensities: ArrayLike, normalised: bool = False) -> float:
    """Inverse propensity scoring: the mean of all rows' values, from those that were observed.

    `Σ o v / e / n`, where o is 1 for the rows that were observed and e is the chance of that. Unbiased if every
    e is right and above 0, however e depends on v; a small e makes it vary much. `normalised` divides by
    `Σ o / e` in place of n: a little biased, and steadier. (Horvitz and Thompson 1952; Schnabel et al. 2016;
    normalised: Swaminathan and Joachims 2015.)

    `values`: what a row contributes to a mean, a label or its loss, such as the squared error; those of rows
    that were not observed do not matter and may be NaN. All arguments have shape (rows,).

    >>> bought, clicked, p_click = [1, 0, np.nan, np.nan], [1, 1, 0, 0], [0.8, 0.5, 0.5, 0.2]
    >>> ips_mean(bought, clicked, p_click)  # (1 / .8 + 0 / .5) / 4
    0.3125
    >>> round(ips_mean(bought, clicked, p_click, normalised=True), 4)  # 1.25 / (1.25 + 2)
    0.3846
    """
    values, weights = _seen(values, observed, propensities)
    if normalised and weights.sum() == 0:
        raise ValueError(f"observed: expected a 1 among {len(weights)} rows, found none")
    return float((weights * values).sum() / (weights.sum() if normalised else len(weights)))


def doubly_robust_mean(values: ArrayLike, observed: ArrayLike, propensities: ArrayLike, imputed: ArrayLike) -> float:
    """The mean of all rows' values: a guess for every row, corrected by IPS where the value was observed.

    `Σ (m + o (v - m) / e) / n` with the guesses m, `imputed`. Unbiased if the guesses are right *or* the propensities
    are, and the better the guesses, the less it varies. (Robins et al. 1994; Dudík et al. 2011; Wang et al. 2019.)
    The other arguments are those of `ips_mean`.

    >>> bought, clicked, p_click = [1, 0, np.nan, np.nan], [1, 1, 0, 0], [0.8, 0.5, 0.5, 0.2]
    >>> round(doubly_robust_mean(bought, clicked, p_click, imputed=[0.4] * 4), 4)  # .4 + (.6 / .8 - .4 / .5) / 4
    0.3875
    """
    values, weights = _seen(values, observed, propensities)
    imputed = _finite("imputed", imputed)
    if imputed.shape != values.shape:
        raise ValueError(f"imputed: expected shape {values.shape}, found {imputed.shape}")
    return float((imputed + weights * (values - imputed)).mean())


def _seen(values: ArrayLike, observed: ArrayLike, propensities: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Values, 0 where they were not observed, and `o / e`."""
    values, observed = _numbers("values", values), _finite("observed", observed)
    chances = _probabilities("propensities", propensities)
    shapes = values.shape, observed.shape, chances.shape
    if values.ndim != 1 or len(set(shapes)) > 1:
        raise ValueError(f"values, observed, propensities: expected one shape (rows,), found {', '.join(map(str, shapes))}")
    if not np.isin(observed, (0, 1)).all():
        raise ValueError(f"observed: expected 0 and 1, found {observed[~np.isin(observed, (0, 1))][0]:g}")
    if not chances.all():
        raise ValueError("propensities: expected chances above 0, found 0: what can never be seen cannot be weighted up")
    seen = np.where(observed == 1, values, 0.0)
    return _finite("values of observed rows", seen), observed / chances


# ---------------------------------------------------------------------- ranked lists, numbers


def recall_at_k(relevant: ArrayLike, scores: ArrayLike, k: int) -> float:
    """Share of a row's relevant items among its k best scored, averaged over rows that have one.

    Shapes (rows, items), `relevant` 0/1. Of equal scores, the item that stands first wins. A score of -inf is
    that of an item which cannot be shown, one already seen for instance: it is never among the best.
    """
    relevant, scores = _lists(relevant, scores, k)
    if not np.isin(relevant, (0, 1)).all():
        raise ValueError("relevant must hold 0 and 1 only")
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    hits = np.take_along_axis(relevant * np.isfinite(scores), best, axis=1).sum(1)
    return float((hits / relevant.sum(1)).mean())


def ndcg_at_k(relevance: ArrayLike, scores: ArrayLike, k: int) -> float:
    """`Σ (2^relevance - 1) / log2(1 + place)` over the k best scored, divided by the best possible; mean over
    rows.

    Shapes (rows, items), relevance 0 or more. Rows with nothing relevant do not count; ties are averaged. A score
    of -inf as in `recall_at_k`: such an item adds nothing, but the best possible has it.
    """
    relevance, scores = _lists(relevance, scores, k)
    most = relevance.max(1, keepdims=True)
    gains = 2 ** (relevance - most) - 2**-most  # 2^relevance - 1 over 2^most, which the ratio cancels: no overflow
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideal = -np.sort(-gains, axis=1)[:, :k] @ discounts
    shares = gains * np.isfinite(scores) / ideal[:, None]
    return min(1.0, float(sklearn_metrics.dcg_score(shares, stats.rankdata(scores, axis=1), k=k)))  # 1 but for rounding


def rmse(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Root of the mean squared error, in the unit of the label."""
    labels, predictions = _finite("labels", labels), _finite("predictions", predictions)
    _same_shape(labels, predictions)
    return float(sklearn_metrics.root_mean_squared_error(labels, predictions))


# ---------------------------------------------------------------------- all tasks


def relative_gain(multi: Mapping[str, float], single: Mapping[str, float], less_is_better: str | Collection[str] = ()) -> float:
    """Δm, in percent: the mean over tasks of the relative change from single-task models to the multi-task one.

    `100 / T Σ_t s_t (multi_t - single_t) / single_t`, with `s_t = -1` for the tasks of which less is better (an
    error), else 1. (Maninis et al. 2019, Attentive single-tasking of multiple tasks; Vandenhende et al. 2022.)

    It is the usual summary of papers, and a choice: a percent of AUC, which starts at 50 %, weighs like a percent
    of RMSE. So report it beside the tasks' own gains, not in their place.

    >>> round(relative_gain({"click": 0.66, "rating": 0.95}, {"click": 0.60, "rating": 1.0}, ["rating"]), 2)
    7.5
    """
    if not single or multi.keys() != single.keys():
        raise ValueError(f"multi, single: expected the same tasks, found {list(multi)} and {list(single)}")
    less = [less_is_better] if isinstance(less_is_better, str) else list(less_is_better)
    if strange := [task for task in less if task not in single]:
        raise ValueError(f"less_is_better: expected tasks among {list(single)}, found {strange}")
    together, alone = (_finite(name, [of[t] for t in single]) for name, of in (("multi", multi), ("single", single)))
    if alone.min() <= 0:
        raise ValueError(f"single: expected values above 0, which a change is relative to, found {alone.min():g}")
    signs = np.array([-1 if task in less else 1 for task in single])
    return float(100 * np.mean(signs * (together - alone) / alone))


def table(tasks: dict[str, dict]) -> list[dict]:
    """The metrics of every task, a row each; `markdown` prints it.

    A task is a dict of `kind`, `labels`, `predictions` and options:

    - `"binary"`: 0/1 labels, probabilities; option `users` adds GAUC and its coverage
    - `"regression"`: numbers
    - `"ranking"`: relevance and scores of shape (rows, items); option `k` (10, or all items if they are fewer)

    A row whose label is NaN is left out; `rows` says how many were used and `of` how many there were. Raises
    `ValueError` that names the task.
    """
    return [_table_row(name, task) for name, task in tasks.items()]


def markdown(rows: Iterable[dict], digits: int = 3) -> str:
    """A Markdown table of the rows, with a dash where a row lacks a column."""
    rows = list(rows)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [[_cell(column, digits) for column in columns], ["---"] * len(columns)]
    lines += [[_cell(row.get(column), digits) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _table_row(name: str, task: dict) -> dict:
    try:
        return {"task": name} | _measured(**_expected(task))
    except ValueError as error:
        raise ValueError(f"task {name!r}: {error}") from error


def _expected(task: dict) -> dict:
    """The task, if it has what a task must have, and no more than its kind can have."""
    kind = task.get("kind")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, found {kind!r}")
    _, options = KINDS[kind]
    needed = ["kind", "labels", "predictions"]
    if missing := [part for part in needed if part not in task]:
        raise ValueError(f"expected {', '.join(needed)}, found no {', '.join(missing)}")
    if strange := [option for option in task if option not in (*needed, *options)]:
        raise ValueError(f"options of {kind}: expected {' or '.join(options) or 'none'}, found {', '.join(map(repr, strange))}")
    return task


def _measured(kind: str, labels: ArrayLike, predictions: ArrayLike, **options) -> dict:
    labels, predictions = _numbers("labels", labels), _numbers("predictions", predictions)
    _same_shape(labels, predictions)
    if labels.ndim == 0:
        raise ValueError(f"labels: expected a list, found {labels}")
    known = ~np.isnan(labels.reshape(len(labels), -1)).any(1)
    if not known.any():
        raise ValueError(f"no label among {len(labels)} rows")
    if options.get("users") is not None:
        options["users"] = _same_length(options["users"], labels)[known]
    row, _ = KINDS[kind]
    return {"kind": kind, "rows": int(known.sum()), "of": len(labels), **row(labels[known], predictions[known], **options)}


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


def _ranking_row(relevance: np.ndarray, scores: np.ndarray, k: int | None = None) -> dict:
    k = min(10, relevance.shape[-1]) if k is None else k
    recall = recall_at_k((relevance > 0).astype(float), scores, k)
    return {f"recall@{k}": recall, f"ndcg@{k}": ndcg_at_k(relevance, scores, k)}


KINDS = {  # of a task in `table`: what makes its row, and the options that it may have
    "binary": (_binary_row, ["users"]),
    "regression": (_regression_row, []),
    "ranking": (_ranking_row, ["k"]),
}


def _cell(value: object, digits: int) -> str:
    if value is None:
        return "–"
    if isinstance(value, float | np.floating):
        return f"{value:.{digits}f}"
    return " ".join(str(value).replace("|", r"\|").splitlines())


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


def _numbers(name: str, values: ArrayLike) -> np.ndarray:
    """As an array of floats. The one way in: what is masked has no value, and must not pass as one."""
    _check_unmasked(name, values)
    values = np.asarray(values, float)
    if values.size == 0:
        raise ValueError(f"{name} must not be empty")
    return values


def _check_unmasked(name: str, values: ArrayLike) -> None:
    if masked := np.ma.count_masked(values) if isinstance(values, np.ma.MaskedArray) else 0:
        raise ValueError(f"{name}: expected no masked entries, found {masked} of {values.size}: leave these rows out")


def _check_whole(name: str, value: int, most: int | None = None) -> None:
    """A whole number from 1; `most` is the number of items, if they are the bound."""
    bounds = f"must lie in [1, {most}], the number of items" if most else "must be at least 1"
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise ValueError(f"{name}: expected a whole number, which {bounds}, found {value!r}")
    if value < 1 or (most and value > most):
        raise ValueError(f"{name} {bounds}, found {value}")


def _finite(name: str, values: ArrayLike) -> np.ndarray:
    values = _numbers(name, values)
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
    """As an array. A list keeps its objects: NumPy would make one kind of them, `None` and NaN a text among texts."""
    _check_unmasked("users", users)
    users = np.asarray(users) if hasattr(users, "dtype") else np.asarray(users, dtype=object)
    if users.shape != labels.shape[:1]:
        raise ValueError(f"users must have shape {labels.shape[:1]}, found {users.shape}")
    return users


def _numbered(users: np.ndarray) -> np.ndarray:
    """The users as 0, 1, 2, …, `(rows,)`; an id that is missing belongs to nobody and is refused."""
    missing = sum(map(_is_missing, users.tolist())) if users.dtype == object else np.count_nonzero(users != users)
    if missing:
        raise ValueError(f"users: expected an id for every row, found {missing} missing of {len(users)}")
    if users.dtype != object:
        return np.unique(users, return_inverse=True)[1]
    numbers = {user: number for number, user in enumerate(dict.fromkeys(users.tolist()))}
    return np.array([numbers[user] for user in users.tolist()])


def _is_missing(user: object) -> bool:
    return user is None or type(user).__name__ == "NAType" or (isinstance(user, float) and user != user)


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
    """Relevance and scores, (rows, items), of the rows that have something relevant. A score may be -inf."""
    relevance, scores = _finite("relevance", relevance), _numbers("scores", scores)
    _finite("scores (but for -inf)", np.where(scores == -np.inf, 0, scores))
    _same_shape(relevance, scores)
    if relevance.ndim != 2 or relevance.shape[1] < 2:
        raise ValueError(f"relevance must have shape (rows, items) with 2 items or more, found {relevance.shape}")
    _check_whole("k", k, most=relevance.shape[1])
    if relevance.min() < 0:
        raise ValueError(f"relevance must not be negative, found {relevance.min():g}")
    some = relevance.sum(1) > 0
    if not some.any():
        raise ValueError(f"nothing is relevant in any of {len(some)} rows")
    return relevance[some], scores[some]
