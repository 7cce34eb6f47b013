"""Chapter 6's figure: what sharing gains the ads, by relatedness of their taste
to the items', against a narrow control and a wide one.

Every cell is a mean over worlds, in which one framework of three tasks and its
controls were trained (`three_tasks.transfer`, `three_tasks.controls.wider`). The
table shows the ads; the words beside a cell tell what happened to the items and
the ratings.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from mtl_lessons import embed, stored
from mtl_lessons.numerals import signed

from .drawing import dots
from .explorable import SAY as SHARED
from .gain_map import GainMap, Train, signed_cell
from .grid import Cell, Grid

SAY = embed.strings("ads_map")
PAIRED = ("", "chosen_", "rating_")
ADS_MEASURES = (
    *(f"{task}{kind}" for task in PAIRED for kind in ("single", "shared")),
    "bayes",
)
WIDER = tuple(f"{task}wider" for task in PAIRED)
RIVALS = {"single": "narrow", "wider": "wide"}  # measure -> its text
ADS_DRAWN = ("single", "wider", "shared", "bayes")
# tasks judged by an error: less of it is a gain
ERROR_TASKS = ("rating",)
OPPOSITE = {"gain": "loss", "loss": "gain", "unclear": "unclear"}
NARROW = 8  # the width of the framework and of its control
SPAN = (0.4, 0.9)  # of AUC


def measured() -> dict[str, Any]:
    """What ships of both controls, as one grid: a cell whose wide control was
    not measured lacks it.

    >>> sorted(set(measured()["cells"][0]) & set(WIDER))
    ['chosen_wider', 'rating_wider', 'wider']
    """
    data = stored.read("three_tasks")
    names = [axis["name"] for axis in data["axes"]]

    def at(record: Mapping[str, Any]) -> tuple:
        return tuple(record[name] for name in names)

    wide = {
        at(record): record
        for record in stored.read("three_tasks_controls")["cells"]
    }
    cells = [record | wide.get(at(record), {}) for record in data["cells"]]
    return data | {"cells": cells}


class AdsMap(GainMap):
    """The gain of the ads, by relatedness and labels, against both controls.

    By default with the grid that ships with the package; a reader trains with
    `three_tasks.transfer` and, for the wide control, `controls.wider`.
    """

    tasks = {"ads": "", "chosen": "chosen_", "rating": "rating_"}
    limits = {"relatedness": (0.0, 1.0)}
    extra = WIDER

    def __init__(
        self, grid: Grid | None = None, train: Train | None = None
    ) -> None:
        grid = grid or Grid.read(measured(), ADS_MEASURES, SAY, extra=WIDER)
        # the largest harm
        least = min(grid.cells, key=lambda cell: cell.gain().mean)
        widths = {
            "width": NARROW,
            "wider": stored.read("three_tasks_controls")["width"],
        }
        total = sum(len(_controls(cell)) for cell in grid.cells)
        said = {
            key: SAY[key].format(comparisons=total, **widths)
            for key in ("caption", "upper", "lower")
        }
        super().__init__(
            grid,
            {**SAY, **said},
            start=least,
            span=SPAN,
            train=train or _train,
        )

    def _guess(self) -> dict[str, Any]:
        """Where sharing clearly helps against every control."""
        helps = [
            all(
                cell.verdict(control=control) == "gain"
                for control in _controls(cell)
            )
            for cell in self.grid.cells
        ]
        return super()._guess() | {"helps": helps}

    def words(self, state: Cell) -> list[str]:
        """A line for each task: its gain against each control."""
        return [
            self.grid.words(state.point),
            *(self._line(state, task) for task in self.tasks),
        ]

    def _line(self, cell: Cell, task: str) -> str:
        prefix = self.tasks[task]
        gains = "; ".join(
            self.say["gain"].format(
                control=self.say[RIVALS[control]],
                verdict=SHARED[_verdict(cell.verdict(prefix, control), task)],
                **{
                    name: signed(value)
                    for name, value in cell.gain(prefix, control)
                    ._asdict()
                    .items()
                },
            )
            for control in _controls(cell)
        )
        return self.say[task].format(gains=gains)

    def draw(self, state: Cell) -> str:
        names = {name: SAY[name] for name in ADS_DRAWN if name in state.runs}
        return dots(state, names, self.span, self.say["dots"])

    def field(self, cell: Cell, current: Cell | None) -> str:
        """A cell of the table: a line for each control."""
        mark = ' aria-current="true"' if cell is current else ""
        lines = "".join(self._half(cell, control) for control in RIVALS)
        return f'<td class="mtl-halves"{mark}>{lines}</td>'

    def _half(self, cell: Cell, control: str) -> str:
        against = f'<span class="mtl-unseen">{self.say[RIVALS[control]]}</span>'
        if control not in _controls(cell):
            missing = self.say["missing"]
            return (
                f'<span class="mtl-half">·<span class="mtl-unseen">{missing}</span>'
                f" {against}</span>"
            )
        mean = cell.gain(control=control).mean
        verdict = cell.verdict(control=control)
        heat = self.heat(mean, verdict)
        return (
            f'<span class="mtl-half" data-verdict="{verdict}" data-heat="{heat}">'
            f"{signed_cell(mean, verdict)} {against}</span>"
        )

    @cached_property
    def strongest(self) -> float:
        """The largest gain or loss of the map, against any control."""
        return max(
            abs(cell.gain(control=control).mean)
            for cell in self.grid.cells
            for control in _controls(cell)
        )

    def key(self) -> Iterable[str]:
        return [*super().key(), self.say["upper"], self.say["lower"]]


def _controls(cell: Cell) -> list[str]:
    """The controls that a cell was measured with."""
    return [control for control in RIVALS if control in cell.runs]


def _verdict(verdict: str, task: str) -> str:
    """What a difference is to its task: of an error, less is a gain.

    >>> _verdict("loss", "rating"), _verdict("loss", "ads")
    ('gain', 'loss')
    """
    return OPPOSITE[verdict] if task in ERROR_TASKS else verdict


def _train(**arguments: Any) -> Mapping[str, Any]:
    # TensorFlow, when the reader presses the button
    from mtl_lessons.three_tasks import controls, transfer

    return {**transfer(**arguments), **controls.wider(**arguments)}
