"""Chapter 2's second figure: the weights that the gates of a trained MMoE give
its experts.

Over the square of its two inputs (`shared_networks.gate_map`).
"""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from mtl_lessons import embed, stored

from .explorable import Explorable
from .grid import Axis, Point

SAY = embed.strings("gates")
TASKS = ("a", "b")
CELL, LEFT, TOP = 13, 40, 10  # in units of the drawing, which is 320 wide
SHADES = (0.1, 0.2, 0.3, 0.4, 0.5)  # from which weight on a cell is darker


class Gates(Explorable):
    """Weight of an expert in a task's gate; `found` as from
    `shared_networks.gate_map`.
    """

    def __init__(self, found: Mapping[str, Any] | None = None) -> None:
        found = found or stored.read("shared_networks")["gates"]
        self.weights = {
            task: np.array(maps) for task, maps in found["weights"].items()
        }
        experts = tuple(range(1, len(self.weights["a"]) + 1))
        axes = (
            Axis("task", SAY["task"], TASKS),
            Axis("expert", SAY["expert"], experts),
        )
        clearest = max(experts, key=lambda expert: self._split("a", expert))
        start = {"task": "a", "expert": clearest}
        super().__init__(axes, SAY["title"], SAY["caption"], start)

    def cells(self, task: str, expert: int) -> np.ndarray:
        """Weights over the square: a row for each x₂, a column for each x₁,
        from low to high.
        """
        return self.weights[task][expert - 1]

    def halves(self, task: str, expert: int) -> tuple[float, float]:
        """Mean weight where one rule of the task holds, and where the other.

        Left and right for a, below and above for b.
        """
        cells = self.cells(task, expert)
        cells = cells if task == "b" else cells.T
        middle = len(cells) // 2
        return float(cells[:middle].mean()), float(cells[middle:].mean())

    def _split(self, task: str, expert: int) -> float:
        one, other = self.halves(task, expert)
        return abs(one - other)

    def words(self, state: Point) -> list[str]:
        one, other = self.halves(**state)
        line = SAY[f"words-{state['task']}"].format(one=one, other=other)
        return [SAY["point"].format(**state), line]

    def draw(self, state: Point) -> str:
        cells = self.cells(**state)
        side = CELL * len(cells)
        right, bottom = LEFT + side, TOP + side
        shade = np.digitize(cells, SHADES)
        shades = range(1, len(SHADES) + 1)
        paths = "".join(
            _cells(np.argwhere(shade == i), i, len(cells)) for i in shades
        )
        upright = f"M{LEFT + side // 2} {TOP}v{side}"
        level = f"M{LEFT} {TOP + side // 2}h{side}"
        rule = upright if state["task"] == "a" else level
        keys = "".join(
            _key(i, lowest, right + 8) for i, lowest in enumerate((0, *SHADES))
        )
        said = escape(
            SAY["drawn"].format(**state, low=cells.min(), high=cells.max())
        )
        frame = (
            f'viewBox="0 0 320 {bottom + 22}" role="img" aria-label="{said}"'
        )
        return (
            f'<svg class="mtl-gates" {frame}>{paths}'
            f'<path class="mtl-frame" d="M{LEFT} {TOP}h{side}v{side}h-{side}z"/>'
            f'<path class="mtl-rule" d="{rule}"/>{keys}'
            f'<text x="{LEFT}" y="{bottom + 16}">x₁ = −1</text>'
            f'<text class="mtl-end" x="{right}" y="{bottom + 16}">1</text>'
            f'<text class="mtl-end" x="{LEFT - 6}" y="{TOP + 11}">1</text>'
            f'<text class="mtl-end" x="{LEFT - 6}" y="{bottom}">x₂</text></svg>'
        )


def _cells(places: np.ndarray, shade: int, side: int) -> str:
    """All cells of a shade as one path; neighbours in a row are one rectangle."""
    taken = {tuple(place) for place in places}
    spans = []
    for row, column in map(tuple, places):
        if (row, column - 1) in taken:
            continue
        cells = next(
            n for n in range(1, side + 1) if (row, column + n) not in taken
        )
        x, y, width = (
            LEFT + CELL * column,
            TOP + CELL * (side - 1 - row),
            CELL * cells,
        )
        spans.append(f"M{x} {y}h{width}v{CELL}h-{width}z")
    return (
        f'<path class="mtl-shade-{shade}" d="{"".join(spans)}"/>'
        if spans
        else ""
    )


def _key(shade: int, lowest: float, x: int) -> str:
    y = TOP + 150 - 28 * shade
    text = SAY["from"].format(weight=f"{lowest:g}")
    square = f'<path class="mtl-shade-{shade}" d="M{x} {y}h16v16h-16z"/>'
    return f'{square}<text x="{x + 21}" y="{y + 13}">{text}</text>'
