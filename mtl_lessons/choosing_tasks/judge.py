"""What each signal is worth: how it ranks, and what it would choose.

A signal is measured in the world of one seed, and held to the gains of all
*other* seeds: no luck of a run counts for it. `reliability` does the same with
the measured gains themselves.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons import stored
from mtl_lessons.choosing_tasks import groups
from mtl_lessons.choosing_tasks.groups import Array, Grouping
from mtl_lessons.choosing_tasks.sets import SETS, T

Measure = Callable[[Array, Array], float]


class Found(NamedTuple):
    """A world as it is stored: excess losses (seeds, sets, tasks), the gains of
    pairs and each signal (seeds, helper, target).

    >>> found = read("orthogonal")
    >>> found.gains.shape[1:], sorted(found.signals)[:2]
    ((6, 6), ['CKA', 'first order'])
    """

    excess: Array
    gains: Array
    signals: dict[str, Array]


def read(world: str) -> Found:
    """The stored grid of a world, as arrays.

    >>> len(read("friendly").excess) == len(read("orthogonal").excess)
    True
    """
    return found(stored.read("choosing_tasks")[world])


def found(parts: dict[str, Any]) -> Found:
    """The same of what `experiment.world` gave.

    >>> found(stored.read("choosing_tasks")["friendly"]).excess.shape[1:]
    (63, 6)
    """
    signals = {
        name: np.array(part) for name, part in parts.items() if name != "excess"
    }
    excess = groups.excess(parts["excess"])
    return Found(excess, groups.pair_gains(excess), signals)


def ranks(
    signal: Array, gains: Array, measure: Measure = groups.agreement
) -> list[float]:
    """Rank correlation of each seed's signal with the mean gains of the other
    seeds.

    >>> gains = np.random.default_rng(0).normal(size=(3, 6, 6))
    >>> len(ranks(gains, gains))
    3
    """
    return [
        measure(signal[seed], groups.without(gains, seed))
        for seed in range(len(gains))
    ]


def reliability(
    gains: Array, measure: Measure = groups.agreement
) -> list[float]:
    """How well the measured gains of one seed rank those of the others: what a
    signal competes with.

    >>> gains = np.stack([np.arange(36.0).reshape(6, 6)] * 3)
    >>> reliability(gains)
    [1.0, 1.0, 1.0]
    """
    return ranks(gains, gains, measure)


def values(excess: Array, groupings: Sequence[Grouping]) -> Array:
    """Mean gain of each grouping: (seeds, groupings).

    >>> values(np.ones((2, 63, 6)), groups.partitions(range(6), 2)).shape
    (2, 31)
    """
    gains = {one: groups.gain(excess, one) for one in SETS}
    columns = [
        np.concatenate([gains[group] for group in grouping], 1).mean(1)
        for grouping in groupings
    ]
    return np.stack(columns, axis=1)


def chosen(
    world: Found, networks: int, signals: dict[str, Array]
) -> dict[str, tuple[Array, list[Grouping]]]:
    """For each way to choose a grouping into some networks: its value in each
    seed, and the groupings that it chose.

    A signal of a seed chooses, and is worth what its choice gains in that seed.
    `best` is the grouping that is best on the other seeds, `measured pairs` the
    choice by the pair gains of the other seeds, `random` the mean over all
    groupings; `all in one` has one network, whatever the budget.

    >>> found = chosen(read("orthogonal"), 2, {})
    >>> list(found)
    ['best', 'measured pairs', 'random', 'all in one']
    """
    groupings = groups.partitions(range(T), networks)
    value = values(world.excess, groupings)
    seeds = range(len(value))
    best = [int(groups.without(value, seed).argmax()) for seed in seeds]
    pairs = np.stack([groups.without(world.gains, seed) for seed in seeds])
    result = {"best": _taken(value, groupings, best)}
    for name, signal in {"measured pairs": pairs, **signals}.items():
        places = [
            groupings.index(groups.choose(signal[seed], groupings))
            for seed in seeds
        ]
        result[name] = _taken(value, groupings, places)
    result["random"] = (value.mean(1), [])
    whole = (tuple(range(T)),)
    together = values(world.excess, [whole])[:, 0]
    return result | {"all in one": (together, [whole] * len(value))}


def _taken(
    value: Array, groupings: Sequence[Grouping], places: Sequence[int]
) -> tuple[Array, list[Grouping]]:
    picked = value[np.arange(len(value)), list(places)]
    return picked, [groupings[place] for place in places]


def most_often(groupings: Sequence[Grouping]) -> tuple[Grouping, int]:
    """The grouping that was chosen by most seeds, and by how many.

    >>> most_often([((0,), (1,)), ((0, 1),), ((0, 1),)])
    (((0, 1),), 2)
    """
    counts = {one: list(groupings).count(one) for one in groupings}
    winner = max(counts, key=lambda one: counts[one])
    return winner, counts[winner]
