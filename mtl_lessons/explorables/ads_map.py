"""Chapter 6's figure: what sharing gains the ads, by relatedness of their taste
to the items'.

Every cell is a mean over worlds, in which one framework of three tasks and its
control were trained (`three_tasks.transfer`). The table shows the ads; the
words beside a cell tell what happened to the items and the ratings.
"""

from collections.abc import Mapping
from typing import Any

from mtl_lessons import embed, stored

from .gain_map import GainMap, Train
from .grid import Grid

SAY = embed.strings("ads_map")
PAIRED = ("", "chosen_", "rating_")
MEASURES = (
    *(f"{task}{kind}" for task in PAIRED for kind in ("single", "shared")),
    "bayes",
)
SPAN = (0.4, 0.9)  # of AUC


class AdsMap(GainMap):
    """The gain of the ads, by relatedness and labels.

    By default with the grid that ships with the package; a reader trains with
    `three_tasks.transfer`.
    """

    tasks = {"ads": "", "chosen": "chosen_", "rating": "rating_"}
    limits = {"relatedness": (0.0, 1.0)}

    def __init__(
        self, grid: Grid | None = None, train: Train | None = None
    ) -> None:
        grid = grid or Grid.read(stored.read("three_tasks"), MEASURES, SAY)
        # the largest harm
        least = min(grid.cells, key=lambda cell: cell.gain().mean)
        super().__init__(
            grid, SAY, start=least, span=SPAN, train=train or _train
        )


def _train(**arguments: Any) -> Mapping[str, Any]:
    # TensorFlow, when the reader presses the button
    from mtl_lessons.three_tasks import transfer

    return transfer(**arguments)
