"""Chapter 1's figure to play with: what sharing gains, by relatedness of two tasks and labels of the sparse one."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from .. import stored
from .drawing import dots
from .explorable import SAY
from .gain_map import GainMap, Train
from .grid import Cell, Grid, signed

MEASURES = ("single", "shared", "bayes", "item_single", "item_shared")
DRAWN = ("single", "shared", "bayes")


def transfer_map(grid: Grid | None = None, train: Train | None = None) -> GainMap:
    """What sharing gains over a single-task model: relatedness of two tasks x labels of the sparse one.

    By default the grid that ships with the package, and `concept.transfer` to train (TensorFlow is imported when the reader
    presses the button, not before).
    """
    if grid is None:
        grid = Grid.read(stored.read("concept_transfer"), MEASURES)
    seeds = len(grid.cells[0].runs["single"])
    return GainMap(
        grid.axes,
        title=SAY["transfer-title"].format(seeds=seeds),
        caption=SAY["transfer-caption"],
        words=partial(_transfer_words, grid),
        draw=partial(dots, measures=DRAWN, span=_span(grid, DRAWN)),
        start=max(grid.cells, key=lambda cell: cell.gain().mean),  # the largest gain
        grid=grid,
        train=train or _train,
        limits={"relatedness": (0.0, 1.0)},
    )


def _train(**arguments) -> dict[str, Any]:
    from ..concept import transfer

    return transfer(**arguments)


def _transfer_words(grid: Grid, cell: Cell) -> list[str]:
    lines = [grid.words(cell.point)]
    for task in ("", "item_"):
        gain = {name: signed(value) for name, value in cell.gain(task)._asdict().items()}
        lines.append(SAY[f"transfer-{task}words"].format(verdict=SAY[cell.verdict(task)], **gain))
    return lines


def _span(grid: Grid, measures: Sequence[str]) -> tuple[float, float]:
    """Round ends, in tenths, that hold every run of the grid."""
    runs = [run for cell in grid.cells for name in measures for run in cell.runs[name]]
    return math.floor(min(runs) * 10) / 10, math.ceil(max(runs) * 10) / 10
