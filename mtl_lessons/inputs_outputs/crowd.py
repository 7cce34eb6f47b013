"""The people of a funnel, counted: who is shown something, who clicks, who
buys.

`World` knows more than a log does: who *would* buy if one made them click, and
the hidden mood of each. `grid` counts them in the worlds of `funnel.bias_grid`,
for the explorable.
"""

from itertools import product
from typing import Any

import numpy as np

from mtl_lessons.stored import Progress, counted
from mtl_lessons.world import World

from .funnel import CONFOUNDING, SELECTION

IMPRESSIONS = 300_000


def people(world: World, impressions: int = IMPRESSIONS) -> dict[str, int]:
    """How many there are of each kind in a log.

    `would_buy` would, if one made them click; `glad` are impressions in a mood
    better than the mean, `glad_clicks` and `glad_purchases` those of them that
    go on.

    >>> found = people(World(seed=0), 1000)
    >>> found["impressions"], found["purchases"] < found["clicks"]
    (1000, True)
    """
    rows = world.impressions(impressions)
    click = rows["click"] == 1
    bought = rows["conversion"] == 1
    glad = rows["hidden"] > 0
    kinds = {
        "clicks": click,
        "purchases": bought,
        "would_buy": rows["would_convert"] == 1,
        "glad": glad,
        "glad_clicks": glad & click,
        "glad_purchases": glad & bought,
    }
    counts = {name: int(np.sum(kind)) for name, kind in kinds.items()}
    return {"impressions": impressions} | counts


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """`people` of seed 0 at every point of SELECTION x CONFOUNDING."""
    points = list(product(CONFOUNDING, SELECTION))
    return {
        "recipe": "mtl_lessons.inputs_outputs.crowd.people(World(**point))",
        "cells": [_one_world(*point) for point in counted(points, progress)],
    }


def _one_world(confounding: float, bias: float) -> dict[str, Any]:
    world = World(seed=0, confounding=confounding, selection_bias=bias)
    point = {"confounding": confounding, "selection_bias": bias}
    return point | people(world)
