"""A judge that labels: many cheap labels with a habit, and few true ones.

Items have features; a "good" item is one that people call good. A judge (a
language model, in practice) labels every item. It sees most of what makes an
item good, and it likes long texts, which people do not. Questions: do its
labels help a model? does the habit go away with more of them? and what do a few
true labels repair?
"""

from typing import NamedTuple

import numpy as np

from mtl_lessons.metrics import Array, Interval

FEATURES, LENGTH = 10, 0  # the feature that the judge likes and people do not


class Labels(NamedTuple):
    """`x` `(n, FEATURES)`, the truth and the judge's label `(n,)`, and the true
    chance.

    >>> draw(3).x.shape
    (3, 10)
    """

    x: Array
    truth: Array
    judged: Array
    chance: Array


def sigmoid(z: Array) -> Array:
    """`1 / (1 + exp(-z))`.

    >>> float(sigmoid(np.array(0.0)))
    0.5
    """
    return 1 / (1 + np.exp(-z))


def taste(seed: int) -> Array:
    """What makes an item good: weights of the features; length has none.

    >>> taste(0)[LENGTH]
    np.float64(0.0)
    """
    weights = np.random.default_rng([seed, 1]).normal(size=FEATURES)
    weights[LENGTH] = 0
    return 1.5 * weights / np.linalg.norm(weights)


def draw(n: int, habit: float = 1.0, seed: int = 0, part: int = 0) -> Labels:
    """Items with both labels; `habit` is what the judge gives to length.

    >>> draw(5).judged.shape
    (5,)
    """
    rng = np.random.default_rng([seed, 2, part])
    x = rng.normal(size=(n, FEATURES))
    logit = x @ taste(seed)
    chance = sigmoid(logit)
    truth = (rng.random(n) < chance).astype(float)
    says = sigmoid(logit + habit * x[:, LENGTH])
    judged = (rng.random(n) < says).astype(float)
    return Labels(x, truth, judged, chance)


def logistic(
    x: Array,
    y: Array,
    prior: Array | None = None,
    strength: float = 1.0,
    rounds: int = 25,
) -> Array:
    """Weights of a logistic regression, by Newton's steps, drawn towards
    `prior` by `strength / 2 ‖w - prior‖²` (by default towards 0).

    >>> x = np.array([[1.0], [-1.0]])
    >>> logistic(x, np.array([1.0, 0.0])).round(2)
    array([0.67])
    """
    start = np.zeros(x.shape[1]) if prior is None else np.asarray(prior)
    weights = start.copy()
    for _ in range(rounds):
        p = sigmoid(x @ weights)
        slope = x.T @ (p - y) + strength * (weights - start)
        bend = (x * (p * (1 - p))[:, None]).T @ x
        bend += strength * np.eye(len(weights))
        weights = weights - np.linalg.solve(bend, slope)
    return weights


WAYS = ("true labels", "judge's labels", "both in one pool", "judge, then true")
STRENGTHS = (0.1, 1.0, 10.0, 100.0)


def learn(way: str, cheap: Labels, dear: Labels, seed: int = 0) -> Array:
    """Weights learnt in one of `WAYS`, with the strength of the prior chosen by
    five folds of the true labels where there is one to choose.

    Raises `ValueError` for a way that does not exist.

    >>> learn("both in one pool", draw(500), draw(50, part=1)).shape
    (10,)
    """
    if way == "judge's labels":
        return logistic(cheap.x, cheap.judged)
    if way == "both in one pool":
        x = np.concatenate([cheap.x, dear.x])
        return logistic(x, np.concatenate([cheap.judged, dear.truth]))
    if way == "judge, then true":
        prior = logistic(cheap.x, cheap.judged)
    elif way == "true labels":
        prior = np.zeros(FEATURES)
    else:
        raise ValueError(
            f"way: expected one of {', '.join(WAYS)}, found {way!r}"
        )
    strength = _by_folds(dear, prior, seed)
    return logistic(dear.x, dear.truth, prior, strength)


def _by_folds(dear: Labels, prior: Array, seed: int, folds: int = 5) -> float:
    rng = np.random.default_rng([seed, 4])
    fold = rng.permutation(len(dear.x)) % folds
    lost = dict.fromkeys(STRENGTHS, 0.0)
    for k in range(folds):
        on, off = fold != k, fold == k
        for strength in STRENGTHS:
            w = logistic(dear.x[on], dear.truth[on], prior, strength)
            z = dear.x[off] @ w
            lost[strength] += float(
                np.sum(np.logaddexp(0, z) - dear.truth[off] * z)
            )
    return min(lost, key=lambda strength: lost[strength])


# ---- estimating a mean ----


def mean_of(values: Array) -> Interval:
    """A mean with its 95 % interval by the normal law.

    >>> print(mean_of(np.array([0.0, 1.0, 1.0, 0.0])))
    +0.500 [−0.066, +1.066]
    """
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    mean = values.mean()
    return Interval(float(mean), float(mean - half), float(mean + half))


def prediction_powered(
    judged: Array, judged_of_labelled: Array, truth: Array
) -> Interval:
    """The judge's mean, plus the mean of what it gets wrong where the truth is
    known (Angelopoulos et al. 2023).

    `judged` are the judge's labels of the many items without a true label; its
    interval counts both means' noise.

    >>> judged = np.array([1.0, 1.0, 0.0, 1.0])
    >>> found = prediction_powered(judged, np.array([1.0, 1.0]), np.array([1.0, 0.0]))
    >>> found.mean  # 0.75 - 0.5
    0.25
    """
    if len(judged_of_labelled) != len(truth):
        raise ValueError(
            f"truth: expected {len(judged_of_labelled)} labels, found "
            f"{len(truth)}"
        )
    wrong = truth - judged_of_labelled
    mean = judged.mean() + wrong.mean()
    variance = judged.var(ddof=1) / len(judged)
    variance += wrong.var(ddof=1) / len(wrong)
    half = 1.96 * np.sqrt(variance)
    return Interval(float(mean), float(mean - half), float(mean + half))
