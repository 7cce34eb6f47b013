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


def undo_sampling(p: ArrayLike, kept: float) -> np.ndarray:
    """True probabilities from those of a model that saw all positives and a share `kept` of the negatives.

    `q = p / (p + (1 - p) / kept)`: throwing negatives away multiplies the odds by 1 / kept. Positives of sample weight w do the same
    with `kept = 1 / w`. (He et al., 2014.)
    """
    p = _probabilities(p)
    if not 0 < kept <= 1:
        raise ValueError(f"the share of negatives kept must lie in (0, 1], found {kept}")
    return p / (p + (1 - p) / kept)


@dataclass(frozen=True)
class Calibration:
    """A monotone correction of one head: `σ(slope · logit(p) + intercept)`. It leaves the order of rows, so every AUC, as it is.

    `fit` chooses both by maximum likelihood (Platt, 1999), so that on the rows it has seen the mean prediction is the mean label.
    """

    slope: float
    intercept: float

    @classmethod
    def fit(cls, labels: ArrayLike, p: ArrayLike) -> "Calibration":
        """From 0/1 labels and predictions, `(rows,)` each; rows without a label (NaN) do not count."""
        labels, p = np.asarray(labels, float), _probabilities(p)
        if labels.shape != p.shape or p.ndim != 1:
            raise ValueError(f"expected labels and predictions of shape (rows,), found {labels.shape} and {p.shape}")
        known = ~np.isnan(labels)
        if set(np.unique(labels[known])) != {0, 1}:
            raise ValueError(f"expected labels 0 and 1, both of them, found {np.unique(labels[known])[:3]}")
        line = LogisticRegression(C=np.inf, tol=1e-8).fit(_logits(p[known])[:, None], labels[known])
        if line.coef_[0, 0] <= 0:
            raise ValueError(f"expected predictions that rise with the labels, found a slope of {line.coef_[0, 0]:.3g}")
        return cls(float(line.coef_[0, 0]), float(line.intercept_[0]))

    def __call__(self, p: ArrayLike) -> np.ndarray:
        return expit(self.slope * _logits(_probabilities(p)) + self.intercept)


def recalibrate(labels: Mapping[str, ArrayLike], predictions: Mapping[str, ArrayLike]) -> dict[str, Calibration]:
    """A `Calibration` for each head, fitted on the rows on which its task has a label. Errors name the task."""
    _same_names(labels, predictions)
    fitted = {}
    for task, label in labels.items():
        try:
            fitted[task] = Calibration.fit(label, predictions[task])
        except ValueError as error:
            raise ValueError(f"task {task!r}: {error}") from error
    return fitted


# ---------------------------------------------------------------- one score per item


def weighted_sum(predictions: Mapping[str, ArrayLike], weights: Mapping[str, float]) -> np.ndarray:
    """`Σ w p`. A head's *scale* counts: doubling it doubles its say. A negative weight is for what one does not want."""
    _same_names(predictions, weights)
    return sum(weight * np.asarray(predictions[task], float) for task, weight in weights.items())


def product(predictions: Mapping[str, ArrayLike]) -> np.ndarray:
    """`Π p`. For the steps of a funnel (bid × click × purchase) it is an expected value."""
    return power(predictions, dict.fromkeys(predictions, 1.0))


def power(predictions: Mapping[str, ArrayLike], exponents: Mapping[str, float]) -> np.ndarray:
    """`Π p^w`: a head's *ratios* count. A head that is wrong by one factor everywhere changes no order; one near 0 vetoes."""
    _same_names(predictions, exponents)
    for task, p in predictions.items():
        if np.min(p) < 0 or (np.min(p) == 0 and exponents[task] < 0):
            raise ValueError(f"task {task!r}: expected predictions above 0, found {np.min(p):g}")
    return np.prod([np.asarray(predictions[task], float) ** exponent for task, exponent in exponents.items()], axis=0)


def _same_names(one: Mapping, other: Mapping) -> None:
    if set(one) != set(other) or not one:
        raise ValueError(f"expected the same tasks twice, found {', '.join(one) or 'none'} and {', '.join(other) or 'none'}")


def _probabilities(p: ArrayLike) -> np.ndarray:
    p = np.asarray(p, float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"probabilities must lie in [0, 1], found {p.min():g} to {p.max():g}")
    return p


def _logits(p: np.ndarray) -> np.ndarray:
    return logit(np.clip(p, 1e-7, 1 - 1e-7))
