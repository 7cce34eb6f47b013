"""A map of gains: a figure over measurements on a grid of two settings."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from html import escape
from typing import Any

from mtl_lessons.numerals import brief, signed

from .drawing import dots
from .explorable import SAY, Explorable
from .grid import Cell, Grid, Point
from .widget import Trainer

SIGNS = {"gain": "▲", "loss": "▼", "unclear": "○"}
DRAWN = ("single", "shared", "bayes")  # the measures that are drawn

# train(**point, seeds=5, progress=progress) -> a record as in a grid's file
Train = Callable[..., Mapping[str, Any]]


class GainMap(Explorable):
    """A table of gains whose cells are the dials' positions, too.

    A state is a cell. In a live kernel the reader trains at a point of their
    own.

    Args:
        grid: measurements by two settings, with the measures of `DRAWN`.
        say: texts: title, caption, and a line of words under the name of each
            of the `tasks`.
        start: the cell to begin with.
        span: ends of the axis on which runs are drawn.
        train: measures at a new point.
    """

    legend = "dials"
    # a name in `say` -> prefix of the task's measures; what words tell of
    tasks: Mapping[str, str]
    # of new points, where not the ends of the axis
    limits: Mapping[str, tuple[float, float]] = {}
    # measures that a cell may lack
    extra: Sequence[str] = ()

    def __init__(
        self,
        grid: Grid,
        say: Mapping[str, str],
        start: Cell,
        span: tuple[float, float],
        train: Train,
    ) -> None:
        title = say["title"].format(seeds=len(start.runs["single"]))
        super().__init__(grid.axes, title, say["caption"], start)
        self.grid = grid
        self.say = say
        self.span = span
        self.train = train

    def words(self, state: Cell) -> list[str]:
        return [
            self.grid.words(state.point),
            *(self._line(state, task) for task in self.tasks),
        ]

    def _line(self, cell: Cell, task: str) -> str:
        prefix = self.tasks[task]
        gain = {
            name: signed(value)
            for name, value in cell.gain(prefix)._asdict().items()
        }
        return self.say[task].format(verdict=SAY[cell.verdict(prefix)], **gain)

    def draw(self, state: Cell) -> str:
        names = {name: SAY[name] for name in DRAWN}
        return dots(state, names, self.span, self.say["dots"])

    def state(self, point: Point) -> Cell:
        return self.grid.at(**point)

    def point(self, state: Cell) -> Point:
        return state.point

    # ---- the table ----

    def head(self) -> str:
        return self.table(self.start)

    def asked(self) -> str:
        return f'<div class="mtl-guess"><p>{escape(self.say["ask"])}</p></div>'

    def _guess(self) -> dict[str, Any]:
        """Where sharing clearly helps: the reader guesses it cell by cell."""
        return {
            "helps": [cell.verdict() == "gain" for cell in self.grid.cells],
            "told": self.say["told"],
        }

    def foot(self) -> str:
        return ""  # it stands under the table

    def rows(self) -> list[tuple[str, Sequence[Cell]]]:
        """The rows of the table: how the first setting reads, and the cells
        there.
        """
        first, second = self.axes
        width = len(second.values)
        cells = [
            self.grid.cells[i * width : (i + 1) * width]
            for i in range(len(first.values))
        ]
        return list(zip(map(first.text, first.values), cells))

    def table(self, current: Cell | None, own: Sequence[Cell] = ()) -> str:
        """The map as a table, `current` marked, the reader's `own` cells below."""
        first, second = self.axes
        width = len(second.values)
        mark = partial(self.field, current=current)
        body = "".join(
            f'<tr><th scope="row">{value}</th>{"".join(map(mark, cells))}</tr>'
            for value, cells in self.rows()
        )
        mine = "".join(
            f'<tr><th scope="row" colspan="{width}">{SAY["yours"]}: '
            f"{escape(self.grid.words(cell.point))}</th>{mark(cell)}</tr>"
            for cell in own
        )
        head = "".join(
            f'<th scope="col">{second.short(value)}</th>'
            for value in second.values
        )
        key = "".join(f"<li>{line}</li>" for line in self.key())
        return (
            f'<div class="mtl-map"><table><caption>{escape(self.title)}</caption>'
            f'<thead><tr><th scope="col" rowspan="2">{escape(first.label)}</th>'
            f'<th scope="colgroup" colspan="{width}">{escape(second.label)}</th></tr>'
            f"<tr>{head}</tr></thead><tbody>{body}</tbody>"
            f"{mine and f'<tbody>{mine}</tbody>'}</table>"
            f'<ul class="mtl-legend">{key}</ul>'
            f"<figcaption>{escape(self.caption)}</figcaption></div>"
        )

    def key(self) -> Iterable[str]:
        """What stands in the legend."""
        return [f"{SIGNS[verdict]} {SAY[verdict]}" for verdict in SIGNS]

    def field(self, cell: Cell, current: Cell | None) -> str:
        """A cell of the table, marked if it is the current one."""
        mark = ' aria-current="true"' if cell is current else ""
        gain, verdict = cell.gain(), cell.verdict()
        heat = self.heat(gain.mean, verdict)
        return (
            f'<td data-verdict="{verdict}" data-heat="{heat}"{mark}>'
            f"{signed_cell(gain.mean, verdict)}</td>"
        )

    def heat(self, mean: float, verdict: str) -> int:
        """How strongly a gain or loss is coloured, of 4."""
        return math.ceil(4 * abs(mean) / self.strongest) * (
            verdict != "unclear"
        )

    @cached_property
    def strongest(self) -> float:
        """The largest gain or loss of the map."""
        return max(abs(cell.gain().mean) for cell in self.grid.cells)

    def __repr__(self) -> str:
        first, second = self.axes
        lines = [["", *map(second.text, second.values)]]
        for value, cells in self.rows():
            gains = [
                f"{signed(cell.gain().mean)} {SIGNS[cell.verdict()]}"
                for cell in cells
            ]
            lines.append([value, *gains])
        table = "\n".join(
            "".join(f"{text:>10}" for text in line) for line in lines
        )
        key = ", ".join(f"{SIGNS[verdict]} {SAY[verdict]}" for verdict in SIGNS)
        names = f"{first.label} (rows), {second.label} (columns)"
        return f"{self.title}\n{names}\n{table}\n{key}. {self.caption}"

    @cached_property
    def widget(self) -> Trainer:  # ty: ignore[incompatible-mutable-override]: nobody sets it
        return Trainer(self)


def signed_cell(mean: float, verdict: str) -> str:
    """A gain in a cell: its sign says what its colour says."""
    return (
        f'{brief(mean)} <span aria-hidden="true">{SIGNS[verdict]}</span>'
        f'<span class="mtl-unseen">{SAY[verdict]}</span>'
    )
