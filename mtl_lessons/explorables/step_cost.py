"""Chapter 9's figure: what a training step costs, by optimiser, for tables of
several lengths that are read in two ways.

It shows that a step is independent of the table only if both the optimiser and
the layer touch the rows of the batch alone. Really measured
(`scale.steps.grid`): processor time, on one machine.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from mtl_lessons import embed, stored

from .explorable import Explorable, Guess
from .grid import Axis, Point

SAY = embed.strings("step_cost")
OPTIMIZERS = ("Adam", "Adagrad", "SGD", "LazyAdam", "RowAdagrad")
LAZY = ("LazyAdam", "RowAdagrad")  # those that touch rows alone
AXES = ("rows", "batch", "table")
AXIS = SAY["axis"]

# in units of the drawing, which is 320 wide
LEFT, RIGHT, TOP, STEP = 84, 262, 34, 30
ENDS = (0.5, 500.0)  # of the axis, in ms: a logarithm
TICKS = (1, 10, 100)


class StepCost(Explorable):
    """Rows x batch x layer: a bar for each optimiser; `grid` as from
    `scale.steps.grid`.
    """

    plays = "rows"
    pace = 900

    def __init__(self, grid: Mapping[str, Any] | None = None) -> None:
        grid = grid or stored.read("scale_steps")
        self.cells: Sequence[dict[str, Any]] = grid["cells"]
        axes = tuple(
            Axis(name, SAY[name], tuple(dict.fromkeys(self._all(name))))
            for name in AXES
        )
        start = {"rows": 1_000_000, "batch": 512, "table": "Embedding"}
        super().__init__(axes, SAY["title"], SAY["caption"], start)
        self.guess = self._asked(start)

    def _all(self, name: str) -> list[Any]:
        return [cell[name] for cell in self.cells]

    def _asked(self, start: Point) -> Guess:
        """Which change makes a step of Adam independent of the table."""
        by_rows = {**start, "table": "RowEmbedding"}
        found = {
            "adam": self.ms(start, "Adam"),
            "optimizer": self.ms(start, "LazyAdam"),
            "layer": self.ms(by_rows, "Adam"),
            "both": self.ms(by_rows, "LazyAdam"),
        }
        least = self.ms({**by_rows, "rows": min(self._all("rows"))}, "LazyAdam")
        enough = [
            found[change] < 3 * least
            for change in ("optimizer", "layer", "both")
        ]
        return Guess(
            SAY["ask"],
            tuple(SAY[f"change-{n}"] for n in ("optimizer", "layer", "both")),
            enough.index(True),
            SAY["told"].format(**found),
            by_rows,
        )

    def ms(self, state: Point, optimizer: str) -> float:
        """A step in milliseconds of processor time."""
        return stored.at(self.cells, optimizer=optimizer, **state)["ms"]

    def words(self, state: Point) -> list[str]:
        named = ", ".join(
            f"{axis.label} {axis.text(state[axis.name])}" for axis in self.axes
        )
        listed = ", ".join(
            f"{name} {_ms(self.ms(state, name))}" for name in OPTIMIZERS
        )
        few = {**state, "rows": min(self._all("rows"))}
        times = {
            name: self.ms(state, name) / self.ms(few, name)
            for name in ("Adam", "RowAdagrad")
        }
        lines = [SAY["said"].format(listed=listed)]
        if state["rows"] > few["rows"]:
            lines.append(SAY["times"].format(rows=few["rows"], **times))
        return [named, *lines]

    def draw(self, state: Point) -> str:
        """A bar for each optimiser, on a logarithmic axis."""
        foot = TOP + STEP * len(OPTIMIZERS)
        grid = "".join(f"M{_x(tick)} {TOP - 14}V{foot - 8}" for tick in TICKS)
        numbers = "".join(
            f"<text class='mtl-tick' x='{_x(tick)}' y='{foot + 6}'>{tick}</text>"
            for tick in TICKS
        )
        bars = "".join(
            _bar(name, self.ms(state, name), TOP + STEP * i)
            for i, name in enumerate(OPTIMIZERS)
        )
        said = escape(" ".join(self.words(state)), quote=False)
        middle = (LEFT + RIGHT) // 2
        return (
            f"<svg class='mtl-cost' viewBox='0 0 320 {foot + 26}' role='img' "
            f"aria-label='{said}'><path class='mtl-axis' d='{grid}'/>{numbers}"
            f"<text class='mtl-tick' x='{middle}' y='{foot + 22}'>"
            f"{AXIS}</text>{bars}</svg>"
        )


def _bar(name: str, ms: float, y: int) -> str:
    hue = "a" if name in LAZY else "b"
    end = _x(ms)
    # the first one is what is asked about; the others are covered till then
    cover = "" if name == OPTIMIZERS[0] else " mtl-cover"
    return (
        f"<text x='0' y='{y + 4}'>{name}</text>"
        f"<g class='mtl-by-{hue}{cover}'>"
        f"<path class='mtl-bar' data-key='{name}' d='M{LEFT} {y}H{end}'/>"
        f"<text x='{end + 6}' y='{y + 4}'>{_ms(ms)}</text></g>"
    )


def _x(ms: float) -> int:
    """Where so many milliseconds stand on the axis."""
    low, high = map(math.log, ENDS)
    share = (math.log(max(ms, ENDS[0])) - low) / (high - low)
    return round(LEFT + (RIGHT - LEFT) * share)


def _ms(ms: float) -> str:
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"
