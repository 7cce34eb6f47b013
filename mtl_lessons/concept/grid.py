"""What is stored for the chapter: the map of its explorable, the search, and the
six ways at three points.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any

from mtl_lessons import stored
from mtl_lessons.stored import Progress, counted, rounded

from .experiment import transfer
from .neighbours import ways

RELATEDNESS = (0.0, 0.25, 0.5, 0.75, 0.95)
LABELS = (500, 2_000, 8_000, 30_000, 120_000)

# what is tried at (0, 30 000), the most harmful point of the map
WIDTHS = (2, 4, 8, 16, 32)
AD_WEIGHTS = (0.0586, 0.15, 0.4, 1.0)  # the first is the natural one
ALL_DECAYS = (0.0125, 0.05, 0.2, 0.5, 1.0)
POINTS = ((0.95, 2_000), (0.75, 8_000), (0.0, 30_000))  # of `ways`


def search(
    widths: Sequence[int] = WIDTHS,
    ad_weights: Sequence[float] = AD_WEIGHTS,
    decays: Sequence[float] = ALL_DECAYS,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """The shared and the single models of unrelated tastes and 30 000 labels,
    at every setting.

    Returns a row for each width, weight of the ads and decay: AUCs of each
    seed, named as in `transfer`, those to choose by with `check_` before.

    >>> rows = shipped()["search"]
    >>> len(rows) == len(WIDTHS) * len(AD_WEIGHTS) * len(ALL_DECAYS)
    True
    """
    rows = []
    for width, weight in counted(list(product(widths, ad_weights)), progress):
        result = transfer(
            0.0, 30_000, width=width, ad_weight=weight, decays=decays
        )
        for decay, aucs in result["at"].items():
            setting = {"width": width, "ad_weight": weight, "decay": decay}
            rows.append(setting | rounded(aucs, digits=4))
    return rows


def transfer_grid(progress: Progress | None = None) -> dict[str, Any]:
    """`transfer` at every point of RELATEDNESS x LABELS; `search`; and `ways`
    at three points.

    >>> sorted(shipped())  # what it gave; it takes two hours
    ['axes', 'cells', 'recipe', 'search', 'ways']
    """
    points = list(product(RELATEDNESS, LABELS))
    cells = []
    for point in counted(points, progress):
        result = transfer(*point)
        judged = [
            name for name in result if not name.startswith(("check_", "at"))
        ]
        cells.append(rounded({name: result[name] for name in judged}, digits=4))
    return {
        "axes": [
            {"name": "relatedness", "values": list(RELATEDNESS)},
            {"name": "labels", "values": list(LABELS)},
        ],
        "cells": cells,
        "search": search(),
        "ways": [ways(*point) for point in POINTS],
        "recipe": "mtl_lessons.concept.transfer(relatedness, labels): "
        "5 seeds, width 4, natural weight, each model's own decay",
    }


def shipped() -> dict[str, Any]:
    """What `transfer_grid` gave when the package was made.

    >>> # five values of relatedness, five numbers of labels
    >>> len(shipped()["cells"])
    25
    """
    return stored.read("concept_transfer")
