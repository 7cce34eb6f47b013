"""A control with more room: each task alone, in a network of three times the
width.

The control of `experiment.transfer` is as narrow as the framework that shares.
What a task gains against it may be a gain of room and not of sharing.
"""

from typing import Any

from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import World

from .experiment import (
    LABELS,
    RELATEDNESS,
    SEEDS,
    built,
    compare,
    declare,
    logs,
)

WIDTH = 24
# how the measures of a task begin in what `transfer` and `wider` return
PREFIX = {"ad_click": "", "chosen": "chosen_", "rating": "rating_"}


def wider(
    relatedness: float,
    labels: int,
    seeds: int = SEEDS,
    width: int = WIDTH,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The three tasks, each alone at `width`, in the worlds of `transfer`.

    Returns, a list over seeds each, the AUC of the ads `wider`, recall@10 of
    the items `chosen_wider`, and RMSE of the ratings `rating_wider`.
    `progress(done, total)` counts trainings.

    >>> from mtl_lessons import stored
    >>> kept = stored.read("three_tasks_controls")["cells"]
    >>> len(stored.at(kept, relatedness=0.0, labels=30_000)["wider"])
    5
    """
    worlds = [World(seed=s, ad_relatedness=relatedness) for s in range(seeds)]
    past, future = zip(*(logs(world, labels) for world in worlds))
    alone = built(declare(width, shared=False))
    (scores,) = compare([alone], past, future, progress)
    found: dict[str, Any] = {"relatedness": relatedness, "labels": labels}
    for task, prefix in PREFIX.items():
        found[f"{prefix}wider"] = [float(run[task]) for run in scores]
    return found


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """`wider` at every point of the map.

    >>> from mtl_lessons import stored
    >>> stored.read("three_tasks_controls")["width"]  # what it gave
    24
    """
    points = [(r, labels) for r in RELATEDNESS for labels in LABELS]
    return {
        "width": WIDTH,
        "cells": [
            rounded(wider(*point, SEEDS), digits=4)
            for point in counted(points, progress)
        ],
    }
