"""What a power law through four points is worth.

`loss = floor + a N^-b` has three parameters; four points fit it well whatever
they are. Here the widths of a click model's tables grow while the rows stay the
same; the law is fitted through four widths and asked for the next.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import curve_fit

from mtl_lessons import metrics
from mtl_lessons.metrics import Array
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import World, split_by_time

from .items import Parts, later_loss, train

USERS, ITEMS, IMPRESSIONS, DIM, SEEDS = 600, 300, 120_000, 16, 5
WIDTHS = (1, 2, 4, 8, 16, 32, 64)
PULLS = (0.001, 0.003, 0.01, 0.03)


class Law(NamedTuple):
    """`floor + a N^-b`.

    >>> Law(floor=0.5, a=1.0, b=0.5)(np.array([4.0])).tolist()
    [1.0]
    """

    floor: float
    a: float
    b: float

    def __call__(self, size: Array) -> Array:
        return self.floor + self.a * np.asarray(size, float) ** -self.b


def fit_law(size: Sequence[float], loss: Sequence[float]) -> Law:
    """The law through some points, by least squares.

    Raises `ValueError` with fewer points than parameters, `RuntimeError` if
    no fit is found.

    >>> law = Law(0.3, 0.2, 0.5)
    >>> found = fit_law([1, 2, 4, 8], law(np.array([1, 2, 4, 8])))
    >>> [round(float(value), 3) for value in found]
    [0.3, 0.2, 0.5]
    """
    if len(size) < 3 or len(size) != len(loss):
        raise ValueError(
            f"size: expected 3 points or more, one loss each, found "
            f"{len(size)} and {len(loss)}"
        )
    x, y = np.log(np.asarray(size, float)), np.asarray(loss, float)
    x = x - x[0]
    guess = (y.min() - 0.01, 0.02, 0.5)

    def law(x: Array, floor: float, a: float, b: float) -> Array:
        return floor + a * np.exp(-b * x)

    (floor, a, b), _ = curve_fit(law, x, y, p0=guess, maxfev=20_000)
    return Law(float(floor), float(a * float(size[0]) ** b), float(b))


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """Expected log loss of every width, five seeds, with the best pull each."""
    worlds = [
        World(seed=s, users=USERS, items=ITEMS, dim=DIM) for s in range(SEEDS)
    ]
    pairs = [split_by_time(w.impressions(IMPRESSIONS), 0.2) for w in worlds]
    halves = [split_by_time(past, 0.1) for past, _ in pairs]
    logs, later = ([half[k] for half in halves] for k in (0, 1))
    tests = [pair[1] for pair in pairs]
    ids = Parts([np.arange(ITEMS)[:, None]] * SEEDS)
    cells = []
    for width in counted(WIDTHS, progress):
        tried = {}
        for pull in PULLS:
            models = train(logs, USERS, ids, width=width, pull=pull)
            losses = [later_loss(*pair) for pair in zip(models, later)]
            tried[pull] = (float(np.mean(losses)), models)
        pull = min(tried, key=lambda p: tried[p][0])
        found = []
        for model, test in zip(tried[pull][1], tests):
            z = model.score(test)
            found.append(np.mean(np.logaddexp(0, z) - test["p_click"] * z))
        cells.append(
            {"width": width, "pull": pull}
            | {"losses": {str(p): round(v[0], 5) for p, v in tried.items()}}
            | {"loss": rounded(found, 5)}
        )
    floor = [
        np.mean([metrics.binary_entropy(p) for p in test["p_click"][:5000]])
        for test in tests
    ]
    return {
        "recipe": "mtl_lessons.large_models.scaling.grid",
        "floor": rounded(floor, 4),
        "cells": cells,
    }
