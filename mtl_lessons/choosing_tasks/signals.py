"""Cheap signals of which task would help which, each as on a whiteboard.

Every signal is a matrix `(helper, target)` over the tasks: the higher, the more
the target should gain from sharing a trunk with the helper. None of them sees a
pair of tasks trained together. The first three are measured while all tasks
train in one net, `cka` after each task was trained alone, the last two on the
labels, before any training.
"""

import numpy as np

from mtl_lessons.metrics import Array, ArrayLike


def gradient_cosine(gradients: ArrayLike) -> Array:
    """Cosine of the tasks' gradients on the shared weights: `g_i · g_j / (‖g_i‖
    ‖g_j‖)`. Symmetric.

    `gradients` is (..., tasks, weights), the result (..., tasks, tasks).

    >>> gradient_cosine([[1.0, 0.0], [3.0, 4.0]]).tolist()
    [[1.0, 0.6], [0.6, 1.0]]
    """
    g = np.asarray(gradients, float)
    length = np.linalg.norm(g, axis=-1, keepdims=True)
    unit = g / np.maximum(length, 1e-12)
    return unit @ np.swapaxes(unit, -1, -2)


def lookahead(before: ArrayLike, after: ArrayLike) -> Array:
    """TAG (Fifty et al., 2021): by what share the loss of j falls when the
    shared weights take one step for task i alone, `1 - L_j(after i) / L_j`.

    `before` is (..., tasks), the losses now; `after` (..., helper, target), the
    losses after a step for the helper. Not symmetric.

    >>> lookahead([1.0, 2.0], [[0.9, 1.8], [1.0, 1.0]]).round(3).tolist()
    [[0.1, 0.1], [0.0, 0.5]]
    """
    now = np.asarray(before, float)[..., None, :]
    return 1 - np.asarray(after, float) / now


def first_order(gradients: ArrayLike, losses: ArrayLike, rate: float) -> Array:
    """What `lookahead` is for a small step of plain descent: `rate g_i · g_j /
    L_j`. It needs no further pass through the net.

    >>> first_order([[1.0, 0.0], [3.0, 4.0]], [1.0, 2.0], rate=0.1).round(3).tolist()
    [[0.1, 0.15], [0.3, 1.25]]
    """
    g = np.asarray(gradients, float)
    return (
        rate * (g @ np.swapaxes(g, -1, -2)) / np.asarray(losses)[..., None, :]
    )


def cka(a: ArrayLike, b: ArrayLike) -> float:
    """Linear CKA (Kornblith et al., 2019): how alike two representations of the
    same rows are, `‖A'B‖² / (‖A'A‖ ‖B'B‖)` with centred columns.

    `a` (rows, units) and `b` (rows, units) may differ in their units. 1 for
    representations that differ by a rotation and a scale; 0 if no unit of one
    correlates with a unit of the other.

    >>> a = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> round(cka(a, 3 * a[:, ::-1]), 3), round(cka(a, a**2), 3)
    (1.0, 0.0)
    """
    one, other = np.asarray(a, float), np.asarray(b, float)
    first, second = one - one.mean(0), other - other.mean(0)
    return float(
        np.linalg.norm(first.T @ second) ** 2
        / np.linalg.norm(first.T @ first)
        / np.linalg.norm(second.T @ second)
    )


def label_correlation(labels: ArrayLike, known: ArrayLike) -> Array:
    """Correlation of the labels of two tasks on the rows that have both:
    (tasks, tasks).

    `labels` and `known` are (rows, tasks). Symmetric. `nan` for two tasks that
    have no row in common, or a constant label there.

    >>> y = [[1, 1], [0, 0], [1, 0], [0, 1], [1, 1]]
    >>> round(float(label_correlation(y, np.ones((5, 2)))[0, 1]), 3)
    0.167
    """
    y, both = np.asarray(labels, float), np.asarray(known) > 0
    tasks = y.shape[1]
    result = np.eye(tasks)
    for i in range(tasks):
        for j in range(i):
            rows = both[:, i] & both[:, j]
            pair = y[rows][:, [i, j]]
            told = len(pair) > 1 and np.ptp(pair, axis=0).all()
            r = np.corrcoef(pair.T)[0, 1] if told else np.nan
            result[i, j] = result[j, i] = r
    return result


def label_counts(known: ArrayLike) -> Array:
    """Labels of the helper over labels of the target, as a logarithm: `log(n_i
    / n_j)`. The baseline that costs nothing.

    >>> label_counts([[1, 1], [1, 0], [1, 0], [1, 0]]).round(2).tolist()
    [[0.0, 1.39], [-1.39, 0.0]]
    """
    n = np.asarray(known, float).sum(0)
    return np.log(n[:, None] / n)
