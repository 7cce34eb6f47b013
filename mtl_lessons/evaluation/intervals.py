"""How sure a difference is: over rows, over users, over seeds.

An AUC is a mean over pairs, so its rows do not simply add up. Its *influence
values* make it a mean again, to first order: row i moves the AUC by
`influence_i / n`. Then every question about a standard error is one about a
mean:

- of one model: the influences of its scores;
- of a difference on the same rows: the *differences* of the influences, in
  which what both models find hard cancels (the paired test);
- over users: the influences summed per user first, because the rows of a user
  are not independent.

One sort a model, in place of a thousand resamples.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from mtl_lessons.metrics import Array, Interval, interval

LEVEL = 0.95


def influence(labels: ArrayLike, scores: ArrayLike) -> tuple[float, Array]:
    """The AUC, and by how much each row moves it: shape (rows,), mean 0.

    With V_i the share of the other class that row i is on the right side of
    (a tie counts half), and m_i the rows of its own class: `influence_i = (V_i
    - AUC) n / m_i`. The variance of the AUC is about `Σ influence² / n²`.
    (DeLong, DeLong and Clarke-Pearson 1988.)

    Raises `ValueError` if the labels are of one class.

    >>> auc, moves = influence([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])
    >>> auc, moves.tolist()  # the second and the third row are in each other's way
    (0.75, [0.5, -0.5, -0.5, 0.5])
    """
    y, s = _columns(labels=labels, scores=scores)
    positive = y > 0.5
    n, positives = len(y), int(positive.sum())
    if not 0 < positives < n:
        raise ValueError(
            "labels: expected both classes, found one of them alone"
        )
    won = np.empty(n)
    # among all rows, less those of the own class: what is left is the others
    rank = stats.rankdata(s)
    for own, others in ((positive, n - positives), (~positive, positives)):
        won[own] = (rank[own] - stats.rankdata(s[own])) / others
    won[~positive] = 1 - won[~positive]
    auc = float(won[positive].mean())
    in_class = np.where(positive, positives, n - positives)
    return auc, (won - auc) * n / in_class


def standard_error(
    influences: ArrayLike, groups: ArrayLike | None = None
) -> float:
    """`√Σ_g (Σ_{i in g} influence_i)² / n`: without `groups` each row is one.

    `groups` are what was drawn independently, the users for instance; shape
    (rows,).

    >>> standard_error([1.0, -1.0, 1.0, -1.0])  # √4 / 4
    0.5
    >>> standard_error([1.0, 1.0, -1.0, -1.0], groups=["a", "a", "b", "b"])
    0.7071067811865476
    """
    moves = np.asarray(influences, "float64")
    if groups is not None:
        names = np.asarray(groups)
        if names.shape != moves.shape:
            raise ValueError(
                f"groups: expected shape {moves.shape}, found {names.shape}"
            )
        moves = np.bincount(np.unique(names, return_inverse=True)[1], moves)
    count = len(np.asarray(influences))
    return float(np.sqrt((moves**2).sum()) / count)


def auc_gain(
    labels: ArrayLike,
    old: ArrayLike,
    new: ArrayLike,
    groups: ArrayLike | None = None,
    level: float = LEVEL,
) -> Interval:
    """AUC of `new` minus AUC of `old` on the same rows, with its paired
    interval.

    It covers *other rows* (`groups`: other users) with these two models as they
    are. It knows nothing of another training.

    >>> labels = np.tile([0, 1], 500)
    >>> noise = np.random.default_rng(0).normal(size=(2, 1000))
    >>> gain = auc_gain(labels, noise[0], noise[0] + labels)
    >>> gain.low > 0
    True
    """
    before, moved_before = influence(labels, old)
    after, moved_after = influence(labels, new)
    error = standard_error(moved_after - moved_before, groups)
    return around(after - before, error, level)


def around(mean: float, error: float, level: float = LEVEL) -> Interval:
    """`mean ± z error`, the interval of a normal estimate.

    >>> print(around(0.5, 0.1))
    +0.500 [+0.304, +0.696]
    """
    half = stats.norm.ppf((1 + level) / 2) * error
    return Interval(float(mean), float(mean - half), float(mean + half))


def joint(one: Interval, other: Interval) -> Interval:
    """One interval for two independent sources of luck: half-widths added in
    squares.

    For the gain of a recipe: over users (with the mean influence of the seeds),
    and over seeds. Both must be intervals around the same mean.

    >>> print(joint(Interval(1.0, 0.7, 1.3), Interval(1.0, 0.6, 1.4)))
    +1.000 [+0.500, +1.500]
    """
    if not math.isclose(one.mean, other.mean, abs_tol=1e-9):
        raise ValueError(
            f"other: expected an interval around {one.mean}, found one around "
            f"{other.mean}"
        )
    half = math.hypot(one.high - one.mean, other.high - other.mean)
    return Interval(one.mean, one.mean - half, one.mean + half)


def recipe_gain(
    labels: ArrayLike,
    old: ArrayLike,
    new: ArrayLike,
    groups: ArrayLike,
    level: float = LEVEL,
) -> dict[str, Interval]:
    """Intervals for the mean gain of several seeds: over `"seeds"`, over
    `"users"`, over `"both"`.

    `old` and `new`: scores of shape (seeds, rows), paired by seed. `"seeds"` is
    about other seeds on this very data; `"users"` about other users and these
    very models; the claim "the new recipe is better" needs both.

    >>> rng = np.random.default_rng(0)
    >>> labels, users = np.tile([0, 1], 300), np.repeat(np.arange(60), 10)
    >>> old = rng.normal(size=(3, 600)) + labels
    >>> found = recipe_gain(labels, old, old + 0.5 * labels, users)
    >>> sorted(found)
    ['both', 'seeds', 'users']
    """
    gains, moves = [], []
    for one, other in zip(np.asarray(old), np.asarray(new), strict=True):
        before, moved_before = influence(labels, one)
        after, moved_after = influence(labels, other)
        gains.append(after - before)
        moves.append(moved_after - moved_before)
    seeds = interval(gains, level)
    error = standard_error(np.mean(moves, axis=0), groups)
    users = around(seeds.mean, error, level)
    return {"seeds": seeds, "users": users, "both": joint(users, seeds)}


def needed(
    error: float, groups: int, difference: float, power: float = 0.8
) -> int:
    """How many groups (users) show a true difference with this power, at 5 %.

    `n ((z_.975 + z_power) error / difference)²`, from the standard error that
    `groups` of them gave. A standard error falls with the root of their number.

    >>> needed(error=0.01, groups=1000, difference=0.028016)  # 2.8 errors
    1000
    """
    if difference <= 0 or error <= 0:
        raise ValueError(
            "difference, error: expected numbers above 0, found "
            f"{difference}, {error}"
        )
    sizes = stats.norm.ppf(0.975) + stats.norm.ppf(power)
    return round(groups * (sizes * error / difference) ** 2)


def ratio(
    numerators: ArrayLike,
    denominators: ArrayLike,
    groups: ArrayLike | None = None,
    level: float = LEVEL,
) -> Interval:
    """`Σ numerator / Σ denominator` with its interval by the delta method.

    For what is a ratio of two sums over users: clicks per impression, predicted
    over observed. To first order `Δ(a/b) = (Δa - r Δb) / b`, so the influence of
    a row is `(a_i - r b_i) / mean(b)`. (Deng et al. 2018.) `groups` are the
    units that were drawn; shape (rows,) each.

    >>> print(f"{ratio([1, 0, 3, 0], [2, 2, 4, 2]):.2f}")
    0.40 [0.05, 0.75]
    """
    a, b = _columns(numerators=numerators, denominators=denominators)
    if b.sum() <= 0:
        raise ValueError(
            f"denominators: expected a sum above 0, found {b.sum()}"
        )
    rate = a.sum() / b.sum()
    moves = (a - rate * b) / b.mean()
    return around(rate, standard_error(moves, groups), level)


def _columns(**columns: ArrayLike) -> tuple[Array, ...]:
    """Columns of finite numbers of one length."""
    arrays = {
        name: np.asarray(values, "float64") for name, values in columns.items()
    }
    names, shapes = (
        ", ".join(arrays),
        {array.shape for array in arrays.values()},
    )
    if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
        found = ", ".join(str(array.shape) for array in arrays.values())
        raise ValueError(f"{names}: expected one shape (rows,), found {found}")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name}: expected finite numbers, found others")
    return tuple(arrays.values())
