"""The linear view of a shared bottom: what a width imposes, and what it does
not.

Without activations a bottom `h = B x` of width r and heads `a_t · h` are one
matrix for all tasks, `W = A B`, `(tasks, d)`. Any matrix of rank r or less can
be written so, and no other. So the width imposes a rank, if it is smaller than
the number of tasks; otherwise it imposes nothing, and each task has at the
optimum what it would have alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mtl_lessons.metrics import Array


class LinearTasks(NamedTuple):
    """Rows of some linear tasks, and the truth.

    x is `(rows, d)`, y `(rows, tasks)`, `truth` `(tasks, d)`.

    >>> linear_tasks(tasks=3, rank=1, rows=5, seed=0).y.shape
    (5, 3)
    """

    x: Array
    y: Array
    truth: Array


def linear_tasks(
    tasks: int, rank: int, rows: int, seed: int, d: int = 20
) -> LinearTasks:
    """`y_t = w_t · x + noise`: x and the noise are standard normal, and all
    `w_t` have length 1.

    With `rank = tasks` the `w_t` are orthogonal: nothing is common. With a
    smaller rank they are random directions of one subspace of that dimension.

    >>> _, _, truth = linear_tasks(tasks=4, rank=2, rows=10, seed=0)
    >>> int(np.linalg.matrix_rank(truth))
    2
    """
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.normal(size=(d, rank)))[0].T
    parts = np.eye(tasks) if rank == tasks else rng.normal(size=(tasks, rank))
    truth = parts @ directions
    truth /= np.linalg.norm(truth, axis=1, keepdims=True)
    x = rng.normal(size=(rows, d))
    y = x @ truth.T + rng.normal(size=(rows, tasks))
    return LinearTasks(x, y, truth)


def nearest(weights: Array, rank: int) -> Array:
    """The nearest matrix of a rank: its largest singular values, kept.

    >>> # two tasks of length 1 with a cosine of 0.6, and one unit for both
    >>> weights = np.array([[1.0, 0.0], [0.6, 0.8]])
    >>> left = ((weights - nearest(weights, rank=1)) ** 2).sum(axis=1)
    >>> left.round(6).tolist()  # (1 - 0.6) / 2 of each task's variance
    [0.2, 0.2]
    """
    u, values, v = np.linalg.svd(weights, full_matrices=False)
    return (u[:, :rank] * values[:rank]) @ v[:rank]


def least_squares(x: Array, y: Array) -> Array:
    """Each task's own least squares, `(tasks, d)`.

    >>> x, y, truth = linear_tasks(tasks=2, rank=2, rows=5000, seed=0)
    >>> bool(np.abs(least_squares(x, y) - truth).max() < 0.1)
    True
    """
    return np.linalg.lstsq(x, y, rcond=None)[0].T


def bottom(x: Array, y: Array, width: int) -> Array:
    """What a linear bottom of a width learns from all tasks, `(tasks, d)`: the
    optimum of the sum of squared errors (reduced-rank regression).

    >>> x, y, _ = linear_tasks(tasks=3, rank=1, rows=50, seed=0)
    >>> bool(np.allclose(bottom(x, y, width=3), least_squares(x, y)))
    True
    """
    own = least_squares(x, y)
    predicted = x @ own.T
    heads = np.linalg.svd(predicted, full_matrices=False)[2][:width]
    return heads.T @ heads @ own


def ridge(x: Array, y: Array, decay: float) -> Array:
    """Each task alone, with weight decay on its weights: `(tasks, d)`.

    >>> x, y, _ = linear_tasks(tasks=2, rank=2, rows=50, seed=0)
    >>> bool(np.allclose(ridge(x, y, decay=0.0), least_squares(x, y)))
    True
    """
    rows, d = x.shape
    return np.linalg.solve(x.T @ x / rows + decay * np.eye(d), x.T @ y / rows).T


def decayed_bottom(
    x: Array,
    y: Array,
    width: int,
    decay: float,
    steps: int = 500,
    rate: float = 0.1,
) -> tuple[Array, Array]:
    """Heads `(tasks, width)` and bottom `(width, d)` after gradient descent on
    `Σ_t mean squared error / 2 + decay (|A|² + |B|²) / 2`.

    >>> x, y, _ = linear_tasks(tasks=3, rank=3, rows=50, seed=0)
    >>> a, b = decayed_bottom(x, y, width=3, decay=0.0, steps=3000)
    >>> bool(np.abs(a @ b - least_squares(x, y)).max() < 0.01)
    True
    """
    rng = np.random.default_rng(0)
    a = 0.3 * rng.normal(size=(y.shape[1], width))
    b = 0.3 * rng.normal(size=(width, x.shape[1]))
    among_inputs = x.T @ x / len(x)
    with_labels = y.T @ x / len(x)
    for _ in range(steps):
        slope = a @ b @ among_inputs - with_labels
        a, b = (
            a - rate * (slope @ b.T + decay * a),
            b - rate * (a.T @ slope + decay * b),
        )
    return a, b


class Widths(NamedTuple):
    """Errors of tasks' weights, `|ŵ - w|²` averaged over tasks, by seed.

    `bottoms` is `(widths, seeds)` for widths 1, 2, …, T; the others are
    `(seeds,)`: least squares alone, with decay alone (`ridge`), and a bottom of
    width T with decay.

    >>> widths(rank=1, seeds=2, tasks=2, decays=[0.1]).bottoms.shape
    (2, 2)
    """

    bottoms: Array
    alone: Array
    ridge: Array
    decayed: Array


def widths(
    rank: int,
    seeds: int = 12,
    tasks: int = 8,
    rows: int = 60,
    decays: Sequence[float] = (0.03, 0.06, 0.12, 0.2, 0.3, 0.45, 0.7, 1.2),
) -> Widths:
    """Bottoms of every width on `linear_tasks` of a rank, with 60 rows.

    Both kinds of decay are chosen among the same values, by the error of
    prediction on 1000 rows of their own.

    >>> found = widths(rank=1, seeds=2, tasks=2, decays=[0.1])
    >>> bool(np.allclose(found.bottoms[-1], found.alone))  # width = tasks
    True
    """
    by_seed = [
        _at_widths(rank, seed, tasks, rows, decays) for seed in range(seeds)
    ]
    bottoms, alone, with_decay, decayed = map(np.array, zip(*by_seed))
    return Widths(bottoms.T, alone, with_decay, decayed)


def _at_widths(
    rank: int, seed: int, tasks: int, rows: int, decays: Sequence[float]
) -> tuple[list[float], float, float, float]:
    x, y, truth = linear_tasks(tasks, rank, rows + 1000, seed)
    rest = LinearTasks(x[rows:], y[rows:], truth)
    x, y = x[:rows], y[:rows]
    alone = [ridge(x, y, decay) for decay in decays]
    shared = []
    for decay in decays:
        heads, trunk = decayed_bottom(x, y, tasks, decay)
        shared.append(heads @ trunk)
    return (
        [_error(bottom(x, y, width), truth) for width in range(1, tasks + 1)],
        _error(least_squares(x, y), truth),
        _error(_best_decay(alone, rest), truth),
        _error(_best_decay(shared, rest), truth),
    )


def _best_decay(found: Sequence[Array], rest: LinearTasks) -> Array:
    """The weights that predict the rest of the rows best; not the first or the
    last of three or more, for then the search is not closed.
    """
    errors = [np.mean((rest.x @ w.T - rest.y) ** 2) for w in found]
    best = int(np.argmin(errors))
    if len(found) > 2 and best in (0, len(found) - 1):
        raise ValueError(
            "decays: expected the best one within the range that was tried, "
            f"found number {best} of {len(found)}"
        )
    return found[best]


def _error(weights: Array, truth: Array) -> float:
    return float(((weights - truth) ** 2).sum(1).mean())
