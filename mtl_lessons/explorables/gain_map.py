"""A map of gains: an explorable over measurements on a grid of two settings."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from html import escape
from typing import Any

from .explorable import SAY, Explorable
from .grid import Cell, Grid, Point, brief, signed
from .widget import Trainer

SIGNS = {"gain": "▲", "loss": "▼", "unclear": "○"}

Train = Callable[..., Mapping[str, Any]]  # train(**point, seeds=5, progress=progress) -> a record as in a grid's file


@dataclass(frozen=True, kw_only=True)
class GainMap(Explorable):
    """A grid with two axes: a table of gains whose cells are the dials' positions, too.

    `words` and `draw` get a cell; `train(**point, seeds, progress)` measures at a new point, within `limits` (by default, the
    ends of the axis).
    """

    grid: Grid
    train: Train
    limits: Mapping[str, tuple[float, float]]
    legend: str = "dials"

    def state(self, point: Point) -> Cell:
        return self.grid.at(**point)

    def point(self, state: Cell) -> Point:
        return state.point

    def head(self) -> str:
        return self.table(self.start)

    def foot(self) -> str:
        return ""  # it stands under the table

    def table(self, current: Cell | None, own: Sequence[Cell] = ()) -> str:
        """The map as a table, `current` marked, the reader's `own` cells below."""
        rows, columns = self.axes
        width = len(columns.values)
        strongest = max(abs(cell.gain().mean) for cell in self.grid.cells)
        mark = partial(_field, current=current, strongest=strongest)
        head = "".join(f'<th scope="col">{columns.short(value)}</th>' for value in columns.values)
        body = ""
        for i, value in enumerate(rows.values):
            fields = "".join(map(mark, self.grid.cells[i * width : (i + 1) * width]))
            body += f'<tr><th scope="row">{rows.text(value)}</th>{fields}</tr>'
        mine = "".join(
            f'<tr><th scope="row" colspan="{width}">{SAY["yours"]}: {escape(self.grid.words(cell.point))}</th>{mark(cell)}</tr>'
            for cell in own
        )
        key = "".join(f"<li>{SIGNS[verdict]} {SAY[verdict]}</li>" for verdict in SIGNS)
        return (
            f'<div class="mtl-map"><table><caption>{escape(self.title)}</caption>'
            f'<thead><tr><th scope="col" rowspan="2">{escape(rows.label)}</th><th scope="colgroup" colspan="{width}">{escape(columns.label)}</th></tr>'
            f"<tr>{head}</tr></thead><tbody>{body}</tbody>{mine and f'<tbody>{mine}</tbody>'}</table>"
            f'<ul class="mtl-legend">{key}</ul><figcaption>{escape(self.caption)}</figcaption></div>'
        )

    def __repr__(self) -> str:
        rows, columns = self.axes
        width = len(columns.values)
        lines = [["", *map(columns.text, columns.values)]]
        for i, value in enumerate(rows.values):
            cells = self.grid.cells[i * width : (i + 1) * width]
            lines.append([rows.text(value), *(f"{signed(cell.gain().mean)} {SIGNS[cell.verdict()]}" for cell in cells)])
        table = "\n".join("".join(f"{text:>10}" for text in line) for line in lines)
        key = ", ".join(f"{SIGNS[verdict]} {SAY[verdict]}" for verdict in SIGNS)
        return f"{self.title}\n{rows.label} (rows), {columns.label} (columns)\n{table}\n{key}. {self.caption}"

    @cached_property
    def widget(self) -> "Trainer":
        return Trainer(self)


def _field(cell: Cell, current: Cell | None, strongest: float) -> str:
    """A cell of the table; its sign says what its colour says, its heat (1 to 4) how large the gain is."""
    mean, verdict = cell.gain().mean, cell.verdict()
    heat = math.ceil(4 * abs(mean) / strongest) if verdict != "unclear" else 0
    mark = ' aria-current="true"' if cell is current else ""
    return (
        f'<td data-verdict="{verdict}" data-heat="{heat}"{mark}>{brief(mean)} '
        f'<span aria-hidden="true">{SIGNS[verdict]}</span><span class="mtl-unseen">{SAY[verdict]}</span></td>'
    )
