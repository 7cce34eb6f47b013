"""Chapter 1's figure: what sharing gains, by relatedness of two tasks and
labels of the sparse one.

Really trained, five seeds a point (`concept.transfer_grid`).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mtl_lessons import embed, stored

from .gain_map import DRAWN, GainMap, Train
from .grid import Grid

SAY = embed.strings("transfer_map")
MEASURES = (*DRAWN, "item_single", "item_shared")


class TransferMap(GainMap):
    """The gain over a single-task model, and beside each cell that of the dense
    task, too.

    By default with the grid that ships with the package; a reader trains with
    `concept.transfer`.
    """

    tasks = {"sparse": "", "dense": "item_"}
    limits = {"relatedness": (0.0, 1.0)}

    def __init__(
        self, grid: Grid | None = None, train: Train | None = None
    ) -> None:
        grid = grid or Grid.read(stored.read("concept_transfer"), MEASURES, SAY)
        most = max(grid.cells, key=lambda cell: cell.gain().mean)
        super().__init__(
            grid,
            SAY,
            start=most,
            span=_span(grid, DRAWN),
            train=train or _train,
        )


def _train(**arguments: Any) -> Mapping[str, Any]:
    # TensorFlow, when the reader presses the button
    from mtl_lessons.concept import transfer

    return transfer(**arguments)


def _span(grid: Grid, measures: Sequence[str]) -> tuple[float, float]:
    """Round ends, in tenths, that hold every run of the grid."""
    runs = [
        run
        for cell in grid.cells
        for name in measures
        for run in cell.runs[name]
    ]
    return math.floor(min(runs) * 10) / 10, math.ceil(max(runs) * 10) / 10
