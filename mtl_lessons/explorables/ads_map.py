"""Chapter 6's figure to play with: what sharing gains each of the three tasks, by relatedness of the ads and by their labels.

Every cell is a mean over worlds, in which one framework of three tasks and its control were trained (`three_tasks.transfer`). The table shows
the ads; the words beside a cell tell what happened to the items and the ratings.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from .. import embed, stored
from .drawing import dots
from .explorable import SAY as COMMON
from .gain_map import GainMap, Train
from .grid import Cell, Grid, signed
from .transfer_map import DRAWN

SAY = embed.strings("three_tasks")
MEASURES = tuple(f"{task}{kind}" for task in ("", "chosen_", "rating_") for kind in ("single", "shared")) + ("bayes",)
SPAN = (0.4, 0.9)  # of AUC


def transfer_map(grid: Grid | None = None, train: Train | None = None) -> GainMap:
    """What sharing gains the ads: relatedness of their taste to the items' x labels.

    By default the grid that ships with the package, and `three_tasks.transfer` to train (TensorFlow is imported when the reader
    presses the button, not before).
    """
    if grid is None:
        grid = Grid.read(stored.read("three_tasks"), MEASURES)
    return GainMap(
        grid.axes,
        title=SAY["title"].format(seeds=len(grid.cells[0].runs["single"])),
        caption=SAY["caption"],
        words=partial(_words, grid),
        draw=partial(dots, measures=DRAWN, span=SPAN),
        start=min(grid.cells, key=lambda cell: cell.gain().mean),  # the largest harm
        grid=grid,
        train=train or _train,
        limits={"relatedness": (0.0, 1.0)},
    )


def _train(**arguments) -> Mapping[str, Any]:
    from ..three_tasks import transfer

    return transfer(**arguments)


def _words(grid: Grid, cell: Cell) -> list[str]:
    lines = [grid.words(cell.point), SAY["ads"].format(verdict=COMMON[cell.verdict()], **_signed(cell, ""))]
    return [*lines, *(SAY[task].format(**_signed(cell, f"{task}_")) for task in ("chosen", "rating"))]


def _signed(cell: Cell, task: str) -> dict[str, str]:
    return {name: signed(value) for name, value in cell.gain(task)._asdict().items()}
