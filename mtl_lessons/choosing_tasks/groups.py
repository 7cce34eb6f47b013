"""Gains of pairs and of groups, and what a signal would choose.

A *gain* is `log(excess loss alone / excess loss together)`: 0.1 is about a
tenth less excess loss. It is 0 for a task that has its network for itself.
Excess losses are arrays `(seeds, sets, tasks)` in the order of `SETS`.
"""

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np
from scipy.stats import spearmanr

from mtl_lessons.choosing_tasks.sets import SETS, Set, T
from mtl_lessons.metrics import Array, ArrayLike

Grouping = tuple[Set, ...]

PAIRS = tuple(permutations(range(T), 2))  # (helper, target)


def excess(
    rows: Sequence[Sequence[Sequence[float]]], sets: Sequence[Set] = SETS
) -> Array:
    """What `experiment.measured` returned, as an array (seeds, sets, tasks), `nan` for a
    task that is not in the set.

    >>> excess([[[0.25], [0.5, 0.125]]], sets=[(0,), (0, 1)])[0, :, :2].tolist()
    [[0.25, nan], [0.5, 0.125]]
    """
    result = np.full((len(rows), len(sets), T), np.nan)
    for seed, by_set in enumerate(rows):
        for k, (tasks, values) in enumerate(zip(sets, by_set, strict=True)):
            result[seed, k, list(tasks)] = values
    return result


def gain(excess: Array, tasks: Set, sets: Sequence[Set] = SETS) -> Array:
    """What each task of a set gains from the others: (seeds, tasks of the set).

    >>> row = [[[2.0, np.nan], [np.nan, 1.0], [1.0, 1.0]]]
    >>> gain(np.array(row), (0, 1), sets=[(0,), (1,), (0, 1)]).round(3).tolist()
    [[0.693, 0.0]]
    """
    at = {one: k for k, one in enumerate(sets)}
    alone = np.stack([excess[:, at[(t,)], t] for t in tasks], axis=1)
    return np.log(alone / excess[:, at[tuple(sorted(tasks))], list(tasks)])


def pair_gains(excess: Array, sets: Sequence[Set] = SETS) -> Array:
    """What each target gains from each helper: (seeds, helper, target); `nan`
    on the diagonal.

    >>> row = [[[2.0, np.nan], [np.nan, 1.0], [1.0, 1.0]]]
    >>> found = pair_gains(np.array(row), sets=[(0,), (1,), (0, 1)])
    >>> found[0].round(2).tolist()  # row: helper; column: target
    [[nan, 0.0], [0.69, nan]]
    """
    tasks = sum(len(one) == 1 for one in sets)
    found = np.full((len(excess), tasks, tasks), np.nan)
    for helper, target in permutations(range(tasks), 2):
        both = gain(excess, (target, helper), sets)
        found[:, helper, target] = both[:, 0]
    return found


def joining(excess: Array, tasks: Set, new: int) -> Array:
    """What each task of a set gains when a `new` one joins it, and last what
    the new one gains over being alone: (seeds, tasks of the set + 1).

    Raises `ValueError` if the new task is in the set already.

    >>> joining(np.ones((1, 63, 6)), (0, 1), new=5).tolist()
    [[0.0, 0.0, 0.0]]
    """
    if new in tasks:
        raise ValueError(f"new: expected none of {tasks}, found {new}")
    after = gain(excess, (*tasks, new))
    return after - np.c_[gain(excess, tasks), np.zeros(len(excess))]


# ----------------------------------------------------------------- groupings


def partitions(tasks: Sequence[int], networks: int) -> list[Grouping]:
    """Every way to put tasks into a number of networks, none of them empty.

    Raises `ValueError` for fewer tasks than networks.

    >>> partitions([0, 1, 2], 2)
    [((0,), (1, 2)), ((0, 1), (2,)), ((0, 2), (1,))]
    >>> [len(partitions(range(6), k)) for k in (1, 2, 3, 6)]
    [1, 31, 90, 1]
    """
    if not 1 <= networks <= len(tasks):
        raise ValueError(
            f"networks: expected from 1 to {len(tasks)}, found {networks}"
        )
    return [
        tuple(sorted(groups)) for groups in _partitions(list(tasks), networks)
    ]


def _partitions(tasks: list[int], networks: int) -> Iterator[Grouping]:
    if networks == 1:
        yield (tuple(tasks),)
        return
    first, *rest = tasks
    # first by itself, or joined to one group of a partition of the rest
    if len(rest) >= networks - 1:
        for others in _partitions(rest, networks - 1):
            yield ((first,), *others)
    if len(rest) >= networks:
        for groups in _partitions(rest, networks):
            for k, group in enumerate(groups):
                yield (*groups[:k], (first, *group), *groups[k + 1 :])


def value(excess: Array, grouping: Grouping) -> Array:
    """Mean gain over all tasks of a grouping, for each seed.

    >>> value(np.ones((2, 63, 6)), ((0, 1), (2, 3, 4, 5))).tolist()
    [0.0, 0.0]
    """
    return np.concatenate([gain(excess, group) for group in grouping], 1).mean(
        1
    )


def promise(signal: ArrayLike, grouping: Grouping) -> float:
    """What a signal `(helper, target)` promises for a grouping: for each task
    the mean over the others of its group, 0 for a task alone; summed over
    tasks, as TAG does.

    >>> signal = np.zeros((6, 6))
    >>> signal[0, 1] = 1.0
    >>> promise(signal, ((0, 1), (2, 3, 4, 5))), promise(signal, ((0, 1, 2), (3, 4, 5)))
    (1.0, 0.5)
    """
    s = np.asarray(signal)
    total = 0.0
    for group in grouping:
        for j in group:
            others = [i for i in group if i != j]
            total += s[others, j].mean() if others else 0.0
    return float(total)


def centred(signal: Array) -> Array:
    """A signal less its mean over all pairs of different tasks: so that 0 means
    "as good as the average pair", for signals that have no zero of their own.

    >>> centred(np.array([[9.0, 1.0], [3.0, 9.0]])).tolist()
    [[7.0, -1.0], [1.0, 7.0]]
    """
    off = ~np.eye(signal.shape[-1], dtype=bool)
    return signal - signal[..., off].mean(-1)[..., None, None]


def choose(signal: ArrayLike, groupings: Sequence[Grouping]) -> Grouping:
    """The grouping of which a signal promises most.

    >>> signal = np.zeros((6, 6))
    >>> signal[0, 1] = signal[1, 0] = 1.0
    >>> signal[:, 2:] = -1.0
    >>> choose(signal, partitions(range(6), 5))
    ((0, 1), (2,), (3,), (4,), (5,))
    """
    return max(groupings, key=lambda grouping: promise(signal, grouping))


# ----------------------------------------------------- how well a signal ranks


def agreement(signal: Array, truth: Array) -> float:
    """Spearman's rank correlation of two matrices over the pairs of different
    tasks; their diagonals do not count.

    >>> a = np.arange(36.0).reshape(6, 6)
    >>> round(agreement(a, a**3), 3), round(agreement(a, -a), 3)
    (1.0, -1.0)
    """
    off = ~np.eye(len(signal), dtype=bool)
    return _spearman(signal[off], truth[off])


def symmetric_agreement(signal: Array, truth: Array) -> float:
    """The same over unordered pairs: both directions are added up first. 0 for
    a signal whose directions cancel, such as `label_counts`.

    >>> a = np.arange(36.0).reshape(6, 6)
    >>> round(symmetric_agreement(a, a.T), 3)
    1.0
    """
    upper = np.triu_indices(len(signal), 1)
    one, other = signal + signal.T, truth + truth.T
    return _spearman(one[upper], other[upper])


def helper_agreement(signal: Array, truth: Array) -> float:
    """The same within a target, which of the others helps it most: a mean over
    targets.

    >>> a = np.arange(36.0).reshape(6, 6)
    >>> round(helper_agreement(a, a + 100 * np.arange(6)), 3)
    1.0
    """
    tasks = len(signal)
    found = []
    for j in range(tasks):
        others = [i for i in range(tasks) if i != j]
        found.append(_spearman(signal[others, j], truth[others, j]))
    return float(np.mean(found))


def _spearman(one: Array, other: Array) -> float:
    """0 where one of both is constant up to rounding: it has no order."""
    if min(np.ptp(one), np.ptp(other)) < 1e-9:
        return 0.0
    return float(spearmanr(one, other)[0])


def without(values: Array, seed: int) -> Array:
    """Mean over all seeds but one: a truth to hold that seed's signal to.

    >>> float(without(np.array([1.0, 2.0, 6.0]), 0))
    4.0
    """
    return np.delete(values, seed, axis=0).mean(0)
