"""From predictions to a decision: probabilities put right, then fused into one
score per item.

The order matters. First undo what training did on purpose (negatives thrown
away, positives weighted), then recalibrate each head on fresh rows of *its*
sample space, then fuse. Plain NumPy: this runs where the model is served.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from .given import columns_by_name, numbers, plain


def undo_sampling(p: ArrayLike, kept: float) -> np.ndarray:
    """True probabilities from those of a model that saw all positives and some
    of the negatives.

    `q = p / (p + (1 - p) / kept)`, `kept` the share of the negatives: throwing
    negatives away multiplies the odds by 1 / kept. Positives of sample weight w
    do the same with `kept = 1 / w`. (He et al., 2014.) Raises `ValueError` for
    a `kept` outside (0, 1] and for p outside [0, 1].

    >>> undo_sampling([0.5], kept=0.25).tolist()  # odds of 1 become odds of 1/4
    [0.2]
    """
    p = _checked_probabilities("p", p)
    if not 0 < kept <= 1:
        raise ValueError(
            f"kept: expected a share of the negatives in (0, 1], found {kept}"
        )
    return p / (p + (1 - p) / kept)


@dataclass(frozen=True)
class Calibration:
    """A monotone correction of one head: `σ(slope · logit(p) + intercept)`.

    It leaves the order of rows, so every AUC, as it is. (Very close to 1, where
    float64 tells two results no longer apart, they tie.) `fit` chooses both by
    maximum likelihood, so that on the rows it has seen the mean prediction is
    the mean label: Platt scaling of logits. (Platt, 1999, took the scores of a
    support vector machine, and smoothed labels.) Raises `ValueError` for a slope that is not
    above 0, or an intercept that is not finite.

    >>> # odds divided by 4
    >>> lower = Calibration(slope=1.0, intercept=-np.log(4))
    >>> lower([0.5]).round(4).tolist()
    [0.2]
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "slope", plain(self.slope))
        object.__setattr__(self, "intercept", plain(self.intercept))
        rises = 0 < self.slope < np.inf
        if not rises or not np.isfinite(self.intercept):
            expected = "slope > 0 and a finite intercept"
            pair = f"{self.slope} and {self.intercept}"
            raise ValueError(f"Calibration: expected {expected}, found {pair}")

    @classmethod
    def fit(cls, labels: ArrayLike, p: ArrayLike) -> "Calibration":
        """From 0/1 labels and predictions, `(rows,)` each; rows without a label
        do not count.

        Raises `ValueError` for labels of one class, for labels that a threshold
        separates, as the likelihood then rises with the slope for ever, and for
        predictions that fall as the labels rise.

        >>> # of 0.2 a third, of 0.8 two thirds
        >>> labels = [0, 0, 1, 0, 1, 1, np.nan]
        >>> p = [0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0.5]
        >>> Calibration.fit(labels, p)([0.2, 0.8]).round(3).tolist()
        [0.333, 0.667]
        """
        labels = numbers("labels", labels)
        p = numbers("predictions", p)
        if labels.shape != p.shape or p.ndim != 1:
            shapes = f"{labels.shape} and {p.shape}"
            expected = "both of shape (rows,)"
            raise ValueError(
                f"labels and predictions: expected {expected}, found {shapes}"
            )
        known = ~np.isnan(labels)
        labels = labels[known]
        p = _checked_probabilities("predictions", p[known])
        classes = np.unique(labels)
        if set(classes) != {0, 1}:
            raise ValueError(
                f"labels: expected 0 and 1, both of them, found {classes[:3]}"
            )
        _check_overlap(p[labels == 0], p[labels == 1])
        log_odds = logit(_between(p))[:, None]
        line = LogisticRegression(C=np.inf, tol=1e-8).fit(log_odds, labels)
        slope = line.coef_[0, 0]
        if slope <= 0:
            expected = "some that rise with the labels"
            raise ValueError(
                f"predictions: expected {expected}, found a slope of "
                f"{slope:.3g}"
            )
        return cls(slope, line.intercept_[0])

    def __call__(self, p: ArrayLike) -> np.ndarray:
        log_odds = logit(_checked_probabilities("p", p))
        return expit(self.slope * log_odds + self.intercept)


def _check_overlap(negatives: np.ndarray, positives: np.ndarray) -> None:
    """Predictions of the labels 0 and of the labels 1 have to overlap, or no
    slope is the best.
    """
    if negatives.min() == positives.max() == negatives.max() == positives.min():
        same = f"{negatives.min():g} in every row"
        raise ValueError(
            f"predictions: expected some that differ, found {same}"
        )
    if negatives.max() <= positives.min():
        expected = "labels 0 and 1 among the same"
        ranges = f"0 up to {negatives.max():g}, 1 from {positives.min():g}"
        raise ValueError(
            f"predictions: expected {expected}, found a threshold that "
            f"separates them: {ranges}"
        )


def _between(p: np.ndarray) -> np.ndarray:
    """A prediction of just 0 or 1, of infinite logit, counts as 1e-7 from it.

    If another lies nearer to the end than 1e-7, it counts as that one.
    """
    finite = p[(p > 0) & (p < 1)]
    return np.clip(p, finite.min(initial=1e-7), finite.max(initial=1 - 1e-7))


def recalibrate(
    labels: Mapping[str, ArrayLike],
    predictions: Mapping[str, ArrayLike],
) -> dict[str, Calibration]:
    """A `Calibration` for each head, fitted on the rows on which its task has a
    label.

    Raises `ValueError` as `Calibration.fit` does, and names the task.

    >>> labels = {"click": [0, 0, 1, 0, 1, 1]}
    >>> fitted = recalibrate(labels, {"click": [0.2, 0.2, 0.2, 0.8, 0.8, 0.8]})
    >>> fitted["click"]([0.2, 0.8]).round(3).tolist()
    [0.333, 0.667]
    """
    columns = columns_by_name("labels", labels)
    predicted = columns_by_name("predictions", predictions)
    _check_same_tasks(columns, predicted)
    fitted = {}
    for task, label in columns.items():
        try:
            fitted[task] = Calibration.fit(label, predicted[task])
        except ValueError as error:
            raise ValueError(f"task {task!r}: {error}") from error
    return fitted


# ----------------------------------------------------------- one score per item

# Heads are arrays of one shape, a score for each entry. A single number, such
# as a bid, goes with all of them; a column `(rows, 1)`, as `predict` gives,
# goes with `(rows,)`.


def weighted_sum(
    predictions: Mapping[str, ArrayLike], weights: Mapping[str, float]
) -> np.ndarray:
    """`Σ w p`: a head's *scale* counts; double it, and the head counts twice.

    A negative weight is for what one does not want. Raises `ValueError` for
    tasks that are not the same in both, and for shapes that do not go together.

    >>> p = {"click": [0.5, 0.25], "skip": [0.25, 0.0]}
    >>> weighted_sum(p, {"click": 2.0, "skip": -1.0}).tolist()
    [0.75, 0.5]
    """
    heads = _aligned(predictions, weights)
    total = np.zeros(())
    for task, weight in weights.items():
        total = total + weight * heads[task]
    return total


def product(predictions: Mapping[str, ArrayLike]) -> np.ndarray:
    """`Π p`. For the steps of a funnel (bid × click × purchase) it is an
    expected value.

    >>> product({"bid": 8.0, "click": [0.5, 0.25], "purchase": [0.25, 0.5]}).tolist()
    [1.0, 1.0]
    """
    ones = dict.fromkeys(columns_by_name("predictions", predictions), 1.0)
    return power(predictions, ones)


def power(
    predictions: Mapping[str, ArrayLike], exponents: Mapping[str, float]
) -> np.ndarray:
    """`Π p^w`: a head's *ratios* count.

    A head that is wrong by one factor everywhere changes no order; one near 0
    vetoes. Raises `ValueError` for tasks that are not the same in both, shapes
    that do not go together, and predictions that have no such power.

    >>> power({"click": [0.25, 0.0], "watch": [8.0, 9.0]}, {"click": 0.5, "watch": 1.0}).tolist()
    [4.0, 0.0]
    """
    heads = _aligned(predictions, exponents)
    for task, p in heads.items():
        infinite = (p == 0) & (exponents[task] < 0)
        strange = p[~(p >= 0) | infinite]
        if strange.size:
            least = f"{strange.min():g}"
            raise ValueError(
                f"task {task!r}: expected predictions above 0, found {least}"
            )
    factors = [heads[task] ** exponent for task, exponent in exponents.items()]
    return np.prod(np.broadcast_arrays(*factors), axis=0)


def _aligned(
    predictions: Mapping[str, ArrayLike],
    by_task: Mapping[str, float],
) -> dict[str, np.ndarray]:
    """The predictions as arrays that meet entry by entry: no shape grows when
    they do.
    """
    columns = columns_by_name("predictions", predictions)
    _check_same_tasks(columns, by_task)
    arrays = {task: numbers(f"task {task!r}", p) for task, p in columns.items()}
    if _entry_by_entry(arrays):
        return arrays
    flat = {
        task: p[:, 0] if p.shape[1:] == (1,) else p
        for task, p in arrays.items()
    }
    if _entry_by_entry(flat):
        return flat
    shapes = ", ".join(f"{task} {p.shape}" for task, p in arrays.items())
    expected = "one shape, or single numbers beside it"
    raise ValueError(f"predictions: expected {expected}, found {shapes}")


def _entry_by_entry(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether one of the shapes is that of all of them together."""
    shapes = [p.shape for p in arrays.values()]
    try:
        return np.broadcast_shapes(*shapes) in shapes
    except ValueError:
        return False


def _check_same_tasks(one: Iterable[str], other: Iterable[str]) -> None:
    if set(one) != set(other) or not set(one):
        first = ", ".join(one) or "none"
        second = ", ".join(other) or "none"
        raise ValueError(
            f"tasks: expected the same ones twice, found {first} and {second}"
        )


def _checked_probabilities(who: str, p: ArrayLike) -> np.ndarray:
    p = numbers(who, p)
    inside = (p >= 0) & (p <= 1)
    if not inside.all():
        extremes = f"{p.min():g} to {p.max():g}"
        raise ValueError(
            f"{who}: expected probabilities in [0, 1], found {extremes}"
        )
    return p
