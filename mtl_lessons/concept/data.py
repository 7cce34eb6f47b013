"""What is trained and judged on: the logs of several worlds, side by side."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mtl_lessons.world import Rows, World, split_by_time

STEPS = 250
BATCH = 2048
# item impressions to learn from: one pass over them, in order of time
IMPRESSIONS = STEPS * BATCH
# of items and of ads alike:
CHECK = 20_000  # later impressions to choose a setting by
TEST = 20_000  # still later ones to judge by


def side_by_side(logs: Sequence[Rows], worlds: Sequence[World]) -> Rows:
    """Logs of several worlds as one log in which they never touch.

    Row 0 of each world comes first, then row 1 of each, and so on.

    The ids of world s are moved up by s times the size of a world, so that
    every world has its own rows in each table and one `fit` trains all seeds.
    Adam treats each weight by itself, and a summed loss adds nothing across
    worlds, so that equals training one world after the other.

    >>> worlds = [World(seed=seed, users=100) for seed in range(2)]
    >>> side_by_side([{"user": np.array([3, 4])}] * 2, worlds)["user"].tolist()
    [3, 103, 4, 104]
    """
    first = worlds[0]
    size = {
        "user": first.users,
        "item": first.items,
        "ad_user": first.users,
        "ad": first.ads,
    }
    together = {}
    for name in logs[0]:
        moved = [
            log[name] + s * size.get(name, 0) for s, log in enumerate(logs)
        ]
        together[name] = np.stack(moved, axis=1).reshape(-1)
    return together


class ConceptLogs(NamedTuple):
    """The logs of several worlds side by side, and the sizes of the tables."""

    past: Rows
    check: Rows
    future: Rows
    sizes: tuple[int, int, int]


def side_by_side_logs(
    relatedness: float, labels: int, seeds: int
) -> ConceptLogs:
    worlds = [
        World(seed=seed, ad_relatedness=relatedness) for seed in range(seeds)
    ]
    by_world = [_logs(world, labels) for world in worlds]
    past, check, future = (
        side_by_side(logs, worlds) for logs in zip(*by_world, strict=True)
    )
    first = worlds[0]
    users, items, ads = (
        seeds * n for n in (first.users, first.items, first.ads)
    )
    return ConceptLogs(past, check, future, (users, items, ads))


@lru_cache(maxsize=5)  # the worlds of the settings tried last
def _logs(world: World, labels: int) -> tuple[Rows, Rows, Rows]:
    """Rows to train on, to choose by and to test on, by time, both tasks' in
    pairs.

    Few ad rows repeat until they are as many.
    """
    items = _items(replace(world, ad_relatedness=0.0))
    ads = _in_three(world.ad_impressions, labels)
    past, check, future = map(_pair, items, ads)
    return past, check, future


@lru_cache(maxsize=5)
def _items(world: World) -> tuple[Rows, Rows, Rows]:
    """The same for items, whatever the taste for ads.

    What one setting drew, the next need not draw again.
    """
    columns = ("user", "item", "time", "click", "p_click")

    def draw(n: int) -> Rows:
        log = world.impressions(n)
        return {name: log[name] for name in columns}

    return _in_three(draw, IMPRESSIONS)


def _in_three(draw: Callable[[int], Rows], n: int) -> tuple[Rows, Rows, Rows]:
    rows = n + CHECK + TEST
    past, later = split_by_time(draw(rows), (CHECK + TEST) / rows)
    check, future = split_by_time(later, TEST / (CHECK + TEST))
    return past, check, future


def _pair(items: Rows, ads: Rows) -> Rows:
    rows = {
        "user": items["user"],
        "item": items["item"],
        "item_click": items["click"],
        "item_truth": items["p_click"],
        "ad_user": ads["user"],
        "ad": ads["ad"],
        "ad_click": ads["click"],
        "ad_truth": ads["p_click"],
    }
    return {
        name: np.resize(column, len(items["user"]))
        for name, column in rows.items()
    }
