"""Metrics, one task at a time, and intervals over seeds.

No one number tells all about a multi-task model: a gain on clicks can pay for a
loss on purchases. So `table` reports every task on its own rows, with the
metrics that fit its kind of label. Where scikit-learn has the metric, it is
used.

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

All functions raise `ValueError` for labels or predictions that make no sense,
and say what they expected and what they found. A masked array is refused if
anything in it is masked: leave these rows out yourself, so that you know how
many are left.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from sklearn import metrics as sklearn_metrics

from mtl_lessons.numerals import numeral

Array = np.ndarray


class Interval(NamedTuple):
    """A mean and the two ends of its confidence interval. Prints as `+0.203
    [+0.187, +0.219]`, with a true minus.

    >>> print(Interval(0.203, 0.187, 0.219))
    +0.203 [+0.187, +0.219]
    >>> print(f"{Interval(-0.256, -0.314, -0.197):.2f}")
    −0.26 [−0.31, −0.20]
    """

    mean: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        mean, low, high = (numeral(value, spec or "+.3f") for value in self)
        return f"{mean} [{low}, {high}]"

    def __str__(self) -> str:
        return format(self)


class Gauc(NamedTuple):
    """GAUC, how many of the users counted, and the share of rows that they
    hold.

    >>> Gauc(value=0.8, users=3, of_users=4, coverage=0.9).of_users
    4
    """

    value: float
    users: int
    of_users: int
    coverage: float


def interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of the runs and its t-interval, `mean ± t s / √n`.

    `s` is the standard deviation with n - 1.

    For the gain of one model over another, give the *differences*, paired by
    seed. Needs two runs or more.

    >>> print(interval([1.0, 2.0, 3.0]))  # 2 ± 4.303 · 1 / √3
    +2.000 [−0.484, +4.484]
    """
    runs = _finite("values", values)
    if runs.ndim != 1 or len(runs) < 2:
        raise ValueError(
            "values: expected a list of at least 2 runs, found shape "
            f"{runs.shape}"
        )
    if not 0 < level < 1:
        raise ValueError(
            f"level: expected a number between 0 and 1, found {level}"
        )
    mean = runs.mean()
    t = stats.t.ppf((1 + level) / 2, len(runs) - 1)
    half = t * runs.std(ddof=1) / np.sqrt(len(runs))
    return Interval(float(mean), float(mean - half), float(mean + half))


def p_value(values: ArrayLike) -> float:
    """Two-sided p of the t-test that the mean of the runs is 0.

    Below 0.05 exactly where the 95 % `interval` leaves 0 out.

    >>> round(p_value([1.0, 2.0, 3.0]), 3)  # t = 2 · √3 / 1, 2 degrees
    0.074
    """
    runs = _finite("values", values)
    interval(runs)  # raises if these are no runs
    return float(stats.ttest_1samp(runs, 0.0).pvalue)


def holm(p_values: ArrayLike) -> list[float]:
    """The p of each of several comparisons, corrected for their number (Holm,
    1979).

    The smallest of m is multiplied by m, the next by m - 1, and so on; none
    becomes smaller than one before it, none larger than 1. With those below
    0.05 called clear, the chance that *any* of them is a false one is at most
    5 %, however the comparisons depend on each other.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    p = _finite("p_values", p_values)
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(p[order] * factors)
    return np.minimum(corrected, 1.0).tolist()


# ---------------------------------------------------------------- yes/no labels


def auc(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Chance that a random positive is scored above a random negative, a tie
    counting half.

    Any monotone change of the scores leaves it as it is. Undefined with one
    class.

    >>> auc([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])  # right in 3 of the 4 pairs
    0.75
    """
    labels, predictions = _scores(labels, predictions)
    return float(sklearn_metrics.roc_auc_score(labels, predictions))


def expected_auc(
    probabilities: ArrayLike, predictions: ArrayLike | None = None
) -> float:
    """AUC expected of `predictions` when row i is positive with the true
    probability p_i.

    Every row counts as a positive of weight p_i and a negative of weight 1 -
    p_i. Without predictions the rows are scored by the truth itself: the
    **Bayes-optimal AUC**, which no model can beat in expectation.

    >>> # (.8 · .8 + a half of .2 · .8 + .8 · .2) / (1 · 1)
    >>> round(expected_auc([0.2, 0.8]), 3)
    0.8
    """
    truth = _probabilities("probabilities", probabilities)
    scores = (
        truth if predictions is None else _finite("predictions", predictions)
    )
    _same_shape(truth, scores)
    if truth.sum() == 0 or truth.sum() == len(truth):
        raise ValueError(
            "probabilities: expected positives and negatives, found one class "
            "only"
        )
    labels = np.repeat([1, 0], len(truth))
    weights = np.concatenate([truth, 1 - truth])
    twice = np.tile(scores, 2)
    return float(
        sklearn_metrics.roc_auc_score(labels, twice, sample_weight=weights)
    )


def gauc(labels: ArrayLike, predictions: ArrayLike, users: ArrayLike) -> Gauc:
    """AUC within each user, averaged over users with weight = rows of the user.

    A user without a positive or without a negative has no AUC and does not
    count; `coverage` is the share of rows that do. Rewards no knowledge of who
    clicks much, only of what a user prefers. (Zhou et al. 2018, Deep Interest
    Network.) `users` are ids of any kind, none of them missing.

    >>> users = ["ann", "ann", "bob", "bob"]  # bob has no negative
    >>> gauc([1, 0, 1, 1], [0.9, 0.1, 0.2, 0.3], users)
    Gauc(value=1.0, users=1, of_users=2, coverage=0.5)
    """
    labels, predictions = _scores(labels, predictions)
    user = _numbered(_same_length(users, labels))
    rows = np.bincount(user)
    positives = np.bincount(user, labels)
    negatives = rows - positives
    ranks = np.bincount(user, labels * _ranks_within(user, predictions))
    # of positives over negatives of the user
    wins = ranks - positives * (positives + 1) / 2
    counts = (positives > 0) & (negatives > 0)
    if not counts.any():
        raise ValueError(
            "labels: expected a user with both classes, found none among "
            f"{len(rows)}"
        )
    per_user = wins[counts] / (positives * negatives)[counts]
    value = np.average(per_user, weights=rows[counts])
    coverage = rows[counts].sum() / rows.sum()
    return Gauc(float(value), int(counts.sum()), len(rows), float(coverage))


def log_loss(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Mean of `-y log p - (1 - y) log(1 - p)`, in nats.

    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)  # log 2
    0.6931
    """
    labels, predictions = _scores(
        labels, predictions, probabilities=True, classes=1
    )
    return float(sklearn_metrics.log_loss(labels, predictions, labels=[0, 1]))


def binary_entropy(p: float) -> float:
    """`-p log p - (1 - p) log(1 - p)` in nats: the log loss of always
    predicting the base rate p.

    >>> round(binary_entropy(0.5), 4)  # log 2
    0.6931
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p: expected a probability in [0, 1], found {p}")
    return float(stats.entropy([p, 1 - p]))


def normalised_entropy(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Log loss divided by that of the base rate: 1 = learned nothing.

    Comparable between tasks, as log loss is not. (He et al. 2014, Practical
    lessons from predicting clicks on ads at Facebook.)

    >>> round(normalised_entropy([1, 0], [0.5, 0.5]), 4)
    1.0
    """
    labels, predictions = _scores(labels, predictions, probabilities=True)
    return log_loss(labels, predictions) / binary_entropy(labels.mean())


def calibration_ratio(labels: ArrayLike, predictions: ArrayLike) -> float:
    """PCOC, predicted over observed: `mean(prediction) / mean(label)`.

    1 is right, 1.2 promises a fifth too much. `labels` may be true
    probabilities.

    >>> round(calibration_ratio([1, 0, 0, 0], [0.5, 0.3, 0.2, 0.2]), 3)
    1.2
    """
    labels, predictions = _rates(labels, predictions)
    if labels.sum() == 0:
        raise ValueError("labels: expected a positive label, found none")
    return float(predictions.mean() / labels.mean())


def calibration_error(
    labels: ArrayLike, predictions: ArrayLike, bins: int = 20
) -> float:
    """Mean over rows of |mean prediction - mean label| of the row's bin; bins
    are equally filled.

    In units of probability. Equal predictions share a bin. `labels` may be true
    probabilities; with 0/1 labels even perfect predictions get about `.8 √(p
    (1-p) bins / rows)`.

    >>> # .3 and .1
    >>> round(calibration_error([0, 1, 0, 1], [0.2, 0.2, 0.6, 0.6], bins=2), 3)
    0.2
    """
    labels, predictions = _rates(labels, predictions)
    _check_whole("bins", bins)
    edges = np.quantile(predictions, np.arange(1, bins) / bins)
    bin_of_row = np.searchsorted(edges, predictions, side="right")
    return _mean_gap(labels, predictions, bin_of_row)


def expected_calibration_error(
    labels: ArrayLike, predictions: ArrayLike, bins: int = 15
) -> float:
    """The ECE of papers: as `calibration_error`, but with bins of one width.

    The bins are `((b - 1) / bins, b / bins]`.

    (Naeini et al. 2015; Guo et al. 2017, On calibration of modern neural
    networks, with 15 bins.) There a prediction is the confidence in the class
    chosen; here it is the probability of a positive. Where all predictions are
    small, as those of clicks are, most rows share the first bin, and errors
    within it cancel.

    >>> # means: .2 for labels 0, .7 for labels 1
    >>> predictions = [0.1, 0.3, 0.6, 0.8]
    >>> round(expected_calibration_error([0, 0, 1, 1], predictions, bins=2), 3)
    0.25
    """
    labels, predictions = _rates(labels, predictions)
    _check_whole("bins", bins)
    edges = np.arange(1, bins) / bins
    return _mean_gap(labels, predictions, np.searchsorted(edges, predictions))


def _mean_gap(labels: Array, predictions: Array, bin_of_row: Array) -> float:
    """`Σ_b |Σ_rows in b (prediction - label)| / rows`."""
    gaps = np.bincount(bin_of_row, predictions - labels)
    return float(np.abs(gaps).sum() / len(labels))


# ----------------------------------------------- means of what was seen in part


def ips_mean(
    values: ArrayLike,
    observed: ArrayLike,
    propensities: ArrayLike,
    normalised: bool = False,
) -> float:
    """Inverse propensity scoring: the mean of all rows' values, from those that
    were observed.

    `Σ o v / e / n`, where o is 1 for the rows that were observed and e is the
    chance of that. Unbiased if every e is right and above 0, however e depends
    on v; a small e makes it vary much. `normalised` divides by `Σ o / e` in
    place of n: a little biased, and steadier. (Horvitz and Thompson 1952;
    Schnabel et al. 2016; normalised: Swaminathan and Joachims 2015.)

    `values`: what a row contributes to a mean, a label or its loss, such as the
    squared error; those of rows that were not observed do not matter and may be
    NaN. All arguments have shape (rows,).

    >>> bought = [1, 0, np.nan, np.nan]
    >>> clicked = [1, 1, 0, 0]
    >>> p_click = [0.8, 0.5, 0.5, 0.2]
    >>> ips_mean(bought, clicked, p_click)  # (1 / .8 + 0 / .5) / 4
    0.3125
    >>> # 1.25 / (1.25 + 2)
    >>> round(ips_mean(bought, clicked, p_click, normalised=True), 4)
    0.3846
    """
    seen, weights = _seen(values, observed, propensities)
    if normalised and weights.sum() == 0:
        raise ValueError(
            f"observed: expected a 1 among {len(weights)} rows, found none"
        )
    divisor = weights.sum() if normalised else len(weights)
    return float((weights * seen).sum() / divisor)


def doubly_robust_mean(
    values: ArrayLike,
    observed: ArrayLike,
    propensities: ArrayLike,
    imputed: ArrayLike,
) -> float:
    """The mean of all rows' values: a guess for each, corrected by IPS where
    one was observed.

    `Σ (m + o (v - m) / e) / n` with the guesses m, `imputed`. Unbiased if the
    guesses are right *or* the propensities are, and the better the guesses, the
    less it varies. (Robins et al. 1994; Dudík et al. 2011; Wang et al. 2019.)
    The other arguments are those of `ips_mean`.

    >>> bought = [1, 0, np.nan, np.nan]
    >>> clicked = [1, 1, 0, 0]
    >>> p_click = [0.8, 0.5, 0.5, 0.2]
    >>> found = doubly_robust_mean(bought, clicked, p_click, imputed=[0.4] * 4)
    >>> round(found, 4)  # .4 + (.6 / .8 - .4 / .5) / 4
    0.3875
    """
    seen, weights = _seen(values, observed, propensities)
    guesses = _finite("imputed", imputed)
    if guesses.shape != seen.shape:
        raise ValueError(
            f"imputed: expected shape {seen.shape}, found {guesses.shape}"
        )
    return float((guesses + weights * (seen - guesses)).mean())


def _seen(
    values: ArrayLike, observed: ArrayLike, propensities: ArrayLike
) -> tuple[Array, Array]:
    """Values, 0 where they were not observed, and `o / e`."""
    numbers = _numbers("values", values)
    flags = _finite("observed", observed)
    chances = _probabilities("propensities", propensities)
    shapes = (numbers.shape, flags.shape, chances.shape)
    if numbers.ndim != 1 or len(set(shapes)) > 1:
        found = ", ".join(map(str, shapes))
        raise ValueError(
            "values, observed, propensities: expected one shape (rows,), "
            f"found {found}"
        )
    strange = flags[~np.isin(flags, (0, 1))]
    if strange.size:
        raise ValueError(f"observed: expected 0 and 1, found {strange[0]:g}")
    if not chances.all():
        raise ValueError(
            "propensities: expected chances above 0, found 0: "
            "what can never be seen cannot be weighted up"
        )
    seen = np.where(flags == 1, numbers, 0.0)
    return _finite("values of observed rows", seen), flags / chances


# -------------------------------------------------------- ranked lists, numbers


def recall_at_k(relevant: ArrayLike, scores: ArrayLike, k: int) -> float:
    """Share of a row's relevant items among its k best scored, averaged over
    rows that have one.

    Shapes (rows, items), `relevant` 0/1. Of equal scores, the item that stands
    first wins. A score of -inf is that of an item which cannot be shown, one
    already seen for instance: it is never among the best.

    >>> # one of the two relevant items
    >>> recall_at_k([[1, 0, 1]], [[0.9, 0.8, 0.1]], k=2)
    0.5
    """
    relevant, scores = _lists(relevant, scores, k)
    strange = relevant[~np.isin(relevant, (0, 1))]
    if strange.size:
        raise ValueError(
            f"relevant: expected 0 and 1 only, found {strange[0]:g}"
        )
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    shown = relevant * np.isfinite(scores)
    hits = np.take_along_axis(shown, best, axis=1).sum(1)
    return float((hits / relevant.sum(1)).mean())


def ndcg_at_k(relevance: ArrayLike, scores: ArrayLike, k: int) -> float:
    """`Σ (2^relevance - 1) / log2(1 + place)` over the k best scored, over the
    best possible.

    The mean over rows. Shapes (rows, items), relevance 0 or more. Rows with
    nothing relevant do not count; ties are averaged. A score of -inf as in
    `recall_at_k`: such an item adds nothing, but the best possible has it.

    >>> # 1 / log2(3) in place of 1
    >>> round(ndcg_at_k([[1, 0]], [[0.1, 0.9]], k=2), 4)
    0.6309
    """
    relevance, scores = _lists(relevance, scores, k)
    most = relevance.max(1, keepdims=True)
    # 2^relevance - 1 over 2^most, which the ratio cancels: no overflow
    gains = 2 ** (relevance - most) - 2**-most
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideal = -np.sort(-gains, axis=1)[:, :k] @ discounts
    shares = gains * np.isfinite(scores) / ideal[:, None]
    ranks = stats.rankdata(scores, axis=1)
    ndcg = sklearn_metrics.dcg_score(shares, ranks, k=k)
    return min(1.0, float(ndcg))  # rounding may take it above 1


def rmse(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Root of the mean squared error, in the unit of the label.

    >>> round(rmse([1, 2], [1, 4]), 3)  # √(4 / 2)
    1.414
    """
    labels = _finite("labels", labels)
    predictions = _finite("predictions", predictions)
    _same_shape(labels, predictions)
    return float(sklearn_metrics.root_mean_squared_error(labels, predictions))


# ---------------------------------------------------------------- all tasks


def relative_gain(
    multi: Mapping[str, float],
    single: Mapping[str, float],
    less_is_better: str | Collection[str] = (),
) -> float:
    """Δm, in percent: the mean over tasks of the relative change from
    single-task models.

    `100 / T Σ_t s_t (multi_t - single_t) / single_t`, with `s_t = -1` for the
    tasks of which less is better (an error), else 1. (Maninis et al. 2019,
    Attentive single-tasking of multiple tasks; Vandenhende et al. 2022.)

    It is the usual summary of papers, and a choice: a percent of AUC, which
    starts at 50 %, weighs like a percent of RMSE. So report it beside the
    tasks' own gains, not in their place.

    >>> # 10 % more, and 5 % less, which is better
    >>> multi = {"click": 0.66, "rating": 0.95}
    >>> single = {"click": 0.60, "rating": 1.0}
    >>> round(relative_gain(multi, single, less_is_better="rating"), 2)
    7.5
    """
    if not single or multi.keys() != single.keys():
        found = f"{list(multi)} and {list(single)}"
        raise ValueError(
            f"multi, single: expected the same tasks, found {found}"
        )
    less = (
        [less_is_better]
        if isinstance(less_is_better, str)
        else list(less_is_better)
    )
    strange = [task for task in less if task not in single]
    if strange:
        raise ValueError(
            f"less_is_better: expected tasks among {list(single)}, found "
            f"{strange}"
        )
    together = _finite("multi", [multi[task] for task in single])
    alone = _finite("single", [single[task] for task in single])
    if alone.min() <= 0:
        expected = (
            "single: expected values above 0, which a change is relative to"
        )
        raise ValueError(f"{expected}, found {alone.min():g}")
    signs = np.array([-1 if task in less else 1 for task in single])
    return float(100 * np.mean(signs * (together - alone) / alone))


def table(tasks: dict[str, dict]) -> list[dict]:
    """The metrics of every task, a row each; `markdown` prints it.

    A task is a dict of `kind`, `labels`, `predictions` and options:

    - `"binary"`: 0/1 labels, probabilities; option `users` adds GAUC and its
      coverage
    - `"regression"`: numbers
    - `"ranking"`: relevance and scores of shape (rows, items); option `k` (10,
      or all items if they are fewer)

    A row whose label is NaN is left out; `rows` says how many were used and
    `of` how many there were. Raises `ValueError` that names the task.

    >>> stars = {"kind": "regression", "labels": [1, 2, np.nan], "predictions": [1, 4, 5]}
    >>> (row,) = table({"rating": stars})
    >>> row["rows"], row["of"], round(row["rmse"], 3)
    (2, 3, 1.414)
    """
    return [_table_row(name, task) for name, task in tasks.items()]


def markdown(rows: Iterable[dict], digits: int = 3) -> str:
    """A Markdown table of the rows, with a dash where a row lacks a column.

    >>> print(markdown([{"task": "click", "auc": 0.75}, {"task": "rating"}]))
    | task | auc |
    | --- | --- |
    | click | 0.750 |
    | rating | – |
    """
    rows = list(rows)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [list(map(row.get, columns)) for row in rows]
    return "\n".join(_line(cells, digits) for cells in lines)


def _line(cells: Iterable[object], digits: int) -> str:
    return f"| {' | '.join(_cell(cell, digits) for cell in cells)} |"


def _table_row(name: str, task: dict) -> dict:
    try:
        return {"task": name} | _measured(**_expected(task))
    except ValueError as error:
        raise ValueError(f"task {name!r}: {error}") from error


def _expected(task: dict) -> dict:
    """The task, if it has what a task must have, and no more than its kind can
    have.
    """
    kind = task.get("kind")
    if kind not in REPORTS:
        raise ValueError(
            f"kind: expected one of {', '.join(REPORTS)}, found {kind!r}"
        )
    needed = ["kind", "labels", "predictions"]
    missing = [name for name in needed if name not in task]
    if missing:
        raise ValueError(
            f"expected {', '.join(needed)}, found no {', '.join(missing)}"
        )
    options = REPORTS[kind].options
    strange = [repr(name) for name in task if name not in (*needed, *options)]
    if strange:
        expected = " or ".join(options) or "none"
        raise ValueError(
            f"options of {kind}: expected {expected}, found "
            f"{', '.join(strange)}"
        )
    return task


def _measured(
    kind: str, labels: ArrayLike, predictions: ArrayLike, **options: Any
) -> dict:
    labels = _numbers("labels", labels)
    predictions = _numbers("predictions", predictions)
    _same_shape(labels, predictions)
    if labels.ndim == 0:
        raise ValueError(f"labels: expected a list, found {labels}")
    known = ~np.isnan(labels.reshape(len(labels), -1)).any(1)
    if not known.any():
        raise ValueError(
            f"labels: expected a label, found none among {len(labels)} rows"
        )
    if options.get("users") is not None:
        options["users"] = _same_length(options["users"], labels)[known]
    measured = REPORTS[kind].row(labels[known], predictions[known], **options)
    return {
        "kind": kind,
        "rows": int(known.sum()),
        "of": len(labels),
    } | measured


def _binary_row(
    labels: Array, predictions: Array, users: Array | None = None
) -> dict:
    row = {"auc": auc(labels, predictions)}
    if users is not None:
        within = gauc(labels, predictions, users)
        row |= {"gauc": within.value, "gauc_coverage": within.coverage}
    for metric in (
        log_loss,
        normalised_entropy,
        calibration_ratio,
        calibration_error,
    ):
        row[metric.__name__] = metric(labels, predictions)
    return row


def _regression_row(labels: Array, predictions: Array) -> dict:
    return {"rmse": rmse(labels, predictions)}


def _ranking_row(relevance: Array, scores: Array, k: int | None = None) -> dict:
    k = min(10, relevance.shape[-1]) if k is None else k
    relevant = (relevance > 0).astype(float)
    return {
        f"recall@{k}": recall_at_k(relevant, scores, k),
        f"ndcg@{k}": ndcg_at_k(relevance, scores, k),
    }


class Report(NamedTuple):
    """Of a task in `table`: what makes its row, and the options that it may
    have.
    """

    row: Callable[..., dict]
    options: list[str]


REPORTS = {
    "binary": Report(_binary_row, options=["users"]),
    "regression": Report(_regression_row, options=[]),
    "ranking": Report(_ranking_row, options=["k"]),
}


def _cell(value: object, digits: int) -> str:
    if value is None:
        return "–"
    if isinstance(value, float | np.floating):
        return f"{value:.{digits}f}"
    return " ".join(str(value).replace("|", r"\|").splitlines())


# ------------------------------------------------------ checks of what comes in


def _ranks_within(group: Array, values: Array) -> Array:
    """Rank of each value in its group, 1 = lowest; equal values share their
    mean rank.
    """
    order = np.lexsort((values, group))
    group = group[order]
    values = values[order]
    changed = (np.diff(group) != 0) | (np.diff(values) != 0)
    new_tie = np.r_[True, changed]
    first = np.flatnonzero(new_tie)
    last = np.r_[first[1:], len(values)] - 1
    middle = ((first + last) / 2)[np.cumsum(new_tie) - 1]
    ranks = np.empty(len(values))
    ranks[order] = middle - np.searchsorted(group, group) + 1
    return ranks


def _numbers(name: str, values: ArrayLike) -> Array:
    """As an array of floats.

    The one way in: what is masked has no value, and must not pass as one.
    """
    _check_unmasked(name, values)
    numbers = np.asarray(values, float)
    if numbers.size == 0:
        raise ValueError(f"{name}: expected at least one number, found none")
    return numbers


def _check_unmasked(name: str, values: ArrayLike) -> None:
    if not isinstance(values, np.ma.MaskedArray):
        return
    masked = np.ma.count_masked(values)
    if masked:
        found = f"{masked} of {values.size}"
        raise ValueError(
            f"{name}: expected no masked entries, found {found}: leave these "
            "rows out"
        )


def _check_whole(name: str, value: int, most: int | None = None) -> None:
    """A whole number from 1; `most` is the number of items, if they are the
    bound.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < 1 or (most and value > most):
        bounds = (
            f"in [1, {most}], the number of items" if most else "of at least 1"
        )
        raise ValueError(
            f"{name}: expected a whole number {bounds}, found {value!r}"
        )


def _finite(name: str, values: ArrayLike) -> Array:
    numbers = _numbers(name, values)
    bad = np.count_nonzero(~np.isfinite(numbers))
    if bad:
        found = f"{bad} NaN or infinite of {numbers.size}"
        raise ValueError(f"{name}: expected finite numbers, found {found}")
    return numbers


def _probabilities(name: str, values: ArrayLike) -> Array:
    numbers = _finite(name, values)
    if numbers.min() < 0 or numbers.max() > 1:
        found = f"{numbers.min():g} to {numbers.max():g}"
        raise ValueError(
            f"{name}: expected probabilities in [0, 1], found {found}"
        )
    return numbers


def _same_shape(labels: Array, predictions: Array) -> None:
    if labels.shape != predictions.shape:
        found = f"{labels.shape} and {predictions.shape}"
        raise ValueError(
            f"labels, predictions: expected one shape, found {found}"
        )


def _same_length(users: ArrayLike, labels: Array) -> Array:
    """As an array, one user for each label.

    A list keeps its objects: NumPy would make one kind of them, `None` and NaN
    a text among texts.
    """
    _check_unmasked("users", users)
    dtype = None if hasattr(users, "dtype") else object
    ids = np.asarray(users, dtype=dtype)
    if ids.shape != labels.shape[:1]:
        raise ValueError(
            f"users: expected shape {labels.shape[:1]}, found {ids.shape}"
        )
    return ids


def _numbered(users: Array) -> Array:
    """The users as 0, 1, 2, …, `(rows,)`; a missing id belongs to nobody and is
    refused.
    """
    missing = _missing(users)
    if missing:
        raise ValueError(
            f"users: expected an id for every row, found {missing} missing of "
            f"{len(users)}"
        )
    if users.dtype != object:
        return np.unique(users, return_inverse=True)[1]
    numbers = {
        user: number
        for number, user in enumerate(dict.fromkeys(users.tolist()))
    }
    return np.array([numbers[user] for user in users.tolist()])


def _missing(users: Array) -> int:
    """How many ids are missing."""
    if users.dtype == object:
        return sum(map(_is_missing, users.tolist()))
    return int(np.count_nonzero(users != users))  # NaN alone is not itself


def _is_missing(user: object) -> bool:
    is_nan = isinstance(user, float) and np.isnan(user)
    return user is None or type(user).__name__ == "NAType" or is_nan


def _scores(
    labels: ArrayLike,
    predictions: ArrayLike,
    probabilities: bool = False,
    classes: int = 2,
) -> tuple[Array, Array]:
    """0/1 labels of at least so many classes, and scores or probabilities, of
    one shape (rows,).
    """
    labels = _finite("labels", labels)
    check = _probabilities if probabilities else _finite
    predictions = check("predictions", predictions)
    _same_shape(labels, predictions)
    if labels.ndim != 1:
        raise ValueError(
            f"labels: expected shape (rows,), found {labels.shape}"
        )
    values = np.unique(labels)
    strange = values[~np.isin(values, (0, 1))]
    if strange.size:
        raise ValueError(
            f"labels: expected 0 or 1, found {strange[:3].tolist()}"
        )
    if len(values) < classes:
        raise ValueError(
            f"labels: expected both classes, found only {int(values[0])}"
        )
    return labels, predictions


def _rates(labels: ArrayLike, predictions: ArrayLike) -> tuple[Array, Array]:
    labels = _probabilities("labels", labels)
    predictions = _probabilities("predictions", predictions)
    _same_shape(labels, predictions)
    return labels.ravel(), predictions.ravel()


def _lists(
    relevance: ArrayLike, scores: ArrayLike, k: int
) -> tuple[Array, Array]:
    """Relevance and scores, (rows, items), of the rows that have something
    relevant.

    A score may be -inf.
    """
    relevance = _finite("relevance", relevance)
    scores = _numbers("scores", scores)
    _finite("scores (but for -inf)", np.where(scores == -np.inf, 0, scores))
    _same_shape(relevance, scores)
    if relevance.ndim != 2 or relevance.shape[1] < 2:
        expected = (
            "relevance: expected shape (rows, items) with 2 items or more"
        )
        raise ValueError(f"{expected}, found {relevance.shape}")
    _check_whole("k", k, most=relevance.shape[1])
    if relevance.min() < 0:
        raise ValueError(
            f"relevance: expected 0 or more, found {relevance.min():g}"
        )
    some = relevance.sum(1) > 0
    if not some.any():
        expected = "relevance: expected a row with something relevant"
        raise ValueError(f"{expected}, found none among {len(some)}")
    return relevance[some], scores[some]
