"""From predictions to a decision: probabilities put right, then fused into one score per item.

The order matters. First undo what training did on purpose (negatives thrown away, positives weighted), then recalibrate each
head on fresh rows of *its* sample space, then fuse. Plain NumPy: this runs where the model is served.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from .given import numbers, plain, table


def undo_sampling(p: ArrayLike, kept: float) -> np.ndarray:
    """True probabilities from those of a model that saw all positives and a share `kept` of the negatives.

    `q = p / (p + (1 - p) / kept)`: throwing negatives away multiplies the odds by 1 / kept. Positives of sample weight w do the same
    with `kept = 1 / w`. (He et al., 2014.)
    """
    p = _probabilities("p", p)
    if not 0 < kept <= 1:
        raise ValueError(f"kept: expected a share of the negatives in (0, 1], found {kept}")
    return p / (p + (1 - p) / kept)


@dataclass(frozen=True)
class Calibration:
    """A monotone correction of one head: `σ(slope · logit(p) + intercept)`. It leaves the order of rows, so every AUC, as it is.

    (Very close to 1, where float64 tells two results no longer apart, they tie.) `fit` chooses both by maximum
    likelihood (Platt, 1999), so that on the rows it has seen the mean prediction is the mean label.
    """

    slope: float
    intercept: float

    def __post_init__(self):
        for setting in ("slope", "intercept"):
            object.__setattr__(self, setting, plain(getattr(self, setting)))
        if not 0 < self.slope < np.inf or not np.isfinite(self.intercept):
            found = f"{self.slope} and {self.intercept}"
            raise ValueError(f"Calibration: expected slope > 0 and a finite intercept, found {found}")

    @classmethod
    def fit(cls, labels: ArrayLike, p: ArrayLike) -> "Calibration":
        """From 0/1 labels and predictions, `(rows,)` each; rows without a label (NaN) do not count.

        Raises `ValueError` for labels of one class, for labels that a threshold separates, as the likelihood
        then rises with the slope for ever, and for predictions that fall as the labels rise.
        """
        labels, p = numbers("labels", labels), numbers("predictions", p)
        if labels.shape != p.shape or p.ndim != 1:
            raise ValueError(f"expected labels and predictions of shape (rows,), found {labels.shape} and {p.shape}")
        known = ~np.isnan(labels)
        labels, p = labels[known], _probabilities("predictions", p[known])
        if set(np.unique(labels)) != {0, 1}:
            raise ValueError(f"expected labels 0 and 1, both of them, found {np.unique(labels)[:3]}")
        _overlap(p[labels == 0], p[labels == 1])
        line = LogisticRegression(C=np.inf, tol=1e-8).fit(logit(_inside(p))[:, None], labels)
        if line.coef_[0, 0] <= 0:
            raise ValueError(f"expected predictions that rise with the labels, found a slope of {line.coef_[0, 0]:.3g}")
        return cls(line.coef_[0, 0], line.intercept_[0])

    def __call__(self, p: ArrayLike) -> np.ndarray:
        return expit(self.slope * logit(_probabilities("p", p)) + self.intercept)


def _overlap(without: np.ndarray, with_label: np.ndarray) -> None:
    """Predictions of the labels 0 and of the labels 1 have to overlap, or no slope is the best."""
    if without.min() == with_label.max() == without.max() == with_label.min():
        raise ValueError(f"expected predictions that differ, found {without.min():g} in every row")
    if without.max() <= with_label.min():
        raise ValueError(
            "expected labels 0 and 1 among the same predictions, found a threshold that separates them: "
            f"0 up to {without.max():g}, 1 from {with_label.min():g}"
        )


def _inside(p: np.ndarray) -> np.ndarray:
    """A prediction of just 0 or 1, of infinite logit, counts as 1e-7 from it, or as the nearest in between."""
    between = p[(p > 0) & (p < 1)]
    return np.clip(p, between.min(initial=1e-7), between.max(initial=1 - 1e-7))


def recalibrate(labels: Mapping[str, ArrayLike], predictions: Mapping[str, ArrayLike]) -> dict[str, Calibration]:
    """A `Calibration` for each head, fitted on the rows on which its task has a label. Errors name the task."""
    labels, predictions = table("labels", labels), table("predictions", predictions)
    _same_names(labels, predictions)
    fitted = {}
    for task, label in labels.items():
        try:
            fitted[task] = Calibration.fit(label, predictions[task])
        except ValueError as error:
            raise ValueError(f"task {task!r}: {error}") from error
    return fitted


# ---------------------------------------------------------------- one score per item

# Heads are arrays of one shape, a score for each entry. A single number, such as a bid, goes with all of them;
# a column `(rows, 1)`, as `predict` gives, goes with `(rows,)`.


def weighted_sum(predictions: Mapping[str, ArrayLike], weights: Mapping[str, float]) -> np.ndarray:
    """`Σ w p`. A head's *scale* counts: doubling it doubles its say. A negative weight is for what one does not want."""
    predictions = _aligned(predictions, weights)
    return sum(weight * predictions[task] for task, weight in weights.items())


def product(predictions: Mapping[str, ArrayLike]) -> np.ndarray:
    """`Π p`. For the steps of a funnel (bid × click × purchase) it is an expected value."""
    return power(predictions, dict.fromkeys(table("predictions", predictions), 1.0))


def power(predictions: Mapping[str, ArrayLike], exponents: Mapping[str, float]) -> np.ndarray:
    """`Π p^w`: a head's *ratios* count. A head that is wrong by one factor everywhere changes no order; one near 0 vetoes."""
    predictions = _aligned(predictions, exponents)
    for task, p in predictions.items():
        strange = p[~(p >= 0) | ((p == 0) & (exponents[task] < 0))]
        if strange.size:
            raise ValueError(f"task {task!r}: expected predictions above 0, found {strange.min():g}")
    powers = [predictions[task] ** exponent for task, exponent in exponents.items()]
    return np.prod(np.broadcast_arrays(*powers), axis=0)


def _aligned(predictions: Mapping[str, ArrayLike], by_task: Mapping[str, float]) -> dict[str, np.ndarray]:
    """The predictions as arrays that meet entry by entry: no shape grows when they do."""
    predictions = table("predictions", predictions)
    _same_names(predictions, by_task)
    arrays = {task: numbers(f"task {task!r}", p) for task, p in predictions.items()}
    flat = {task: p[:, 0] if p.shape[1:] == (1,) else p for task, p in arrays.items()}
    for columns in (arrays, flat):
        shapes = [p.shape for p in columns.values()]
        if _meet(shapes):
            return columns
    found = ", ".join(f"{task} {p.shape}" for task, p in arrays.items())
    raise ValueError(f"predictions: expected one shape, or single numbers beside it, found {found}")


def _meet(shapes: list[tuple[int, ...]]) -> bool:
    try:
        return np.broadcast_shapes(*shapes) in shapes
    except ValueError:
        return False


def _same_names(one: Mapping, other: Mapping) -> None:
    if set(one) != set(other) or not one:
        raise ValueError(f"expected the same tasks twice, found {', '.join(one) or 'none'} and {', '.join(other) or 'none'}")


def _probabilities(who: str, p: ArrayLike) -> np.ndarray:
    p = numbers(who, p)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"{who}: expected probabilities in [0, 1], found {p.min():g} to {p.max():g}")
    return p
