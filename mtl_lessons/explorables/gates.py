"""Chapter 2's second figure: how the gates of a trained MMoE divide the square of
its two inputs among four experts.

Eight maps at once, a row for each gate (`shared_networks.gate_map`), and a
point to drag: what every gate gives every expert there. The browser has the
same drawing (`web/view_gates.js`).
"""

from collections.abc import Mapping
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from mtl_lessons import embed, stored

from .drawing import decimal
from .explorable import Explorable, Guess
from .grid import Axis, Point

SAY = embed.strings("gates")
TASKS = ("a", "b")
# a drawing is 640 wide: of a map, its cells, its left end and the next map's
WIDTH, CELL, LEFT, NEXT = 640, 8, 16, 160
HEAD, MAP, BAR, NUMBER, ROW = 28, 72, 216, 250, 282  # heights in a row of maps
SHADES = tuple(0.035 * n for n in range(1, 19))  # a shade more each
TOLD = ("drawn", "held", "point", "most")  # to the browser


class Gates(Explorable):
    """Weights of the experts in both gates; `found` as from
    `shared_networks.gate_map`.
    """

    view = "gates"
    legend = "drag"
    plays = "x1"
    pace = 150

    def __init__(self, found: Mapping[str, Any] | None = None) -> None:
        found = found or stored.read("shared_networks")["gates"]
        self.weights = {
            task: np.array(found["weights"][task]) for task in TASKS
        }
        self.experts, self.side, _ = self.weights["a"].shape
        ticks = (2 * np.arange(self.side) + 1) / self.side - 1
        places = tuple(map(float, ticks))
        axes = (Axis("x1", SAY["x1"], places), Axis("x2", SAY["x2"], places))
        start = {"x1": places[2], "x2": places[-3]}
        super().__init__(axes, SAY["title"], SAY["caption"], start)
        moved = {
            f"{task}_{which}": decimal(self.moved(task, line))
            for task in TASKS
            for which, line in (("own", task), ("other", _other_task(task)))
        }
        self.guess = Guess(
            SAY["ask"],
            tuple(SAY[f"gate-{which}"] for which in ("a", "b", "both", "none")),
            self._right(),
            SAY["told"].format(error=f"{found['error']:.3f}", **moved),
            start,
        )

    def moved(self, task: str, line: str) -> float:
        """Weight that a task's gate moves to other experts from one side of a
        line to the other, in the mean: a's line is upright, b's level.
        """
        maps = self.weights[task]
        maps = maps if line == "b" else maps.transpose(0, 2, 1)
        middle = self.side // 2
        one, other = maps[:, :middle], maps[:, middle:]
        change = one.mean(axis=(1, 2)) - other.mean(axis=(1, 2))
        return float(np.abs(change).sum() / 2)

    def _right(self) -> int:
        """The place in the guess of the gates that turn at their own line."""
        own = [
            task
            for task in TASKS
            if self.moved(task, task) > self.moved(task, _other_task(task))
        ]
        return {("a",): 0, ("b",): 1, ("a", "b"): 2, (): 3}[tuple(own)]

    @property
    def given(self) -> Mapping[str, Any]:
        hundredths = {
            task: (100 * maps).round().astype(int).tolist()
            for task, maps in self.weights.items()
        }
        sizes = {"left": LEFT, "next": NEXT, "cell": CELL, "row": ROW}
        return {
            "weights": hundredths,
            "ground": self.ground,
            "sizes": sizes | {"map": MAP, "bar": BAR, "number": NUMBER},
            "say": {key: SAY[key] for key in TOLD},
        }

    def at(self, task: str, state: Point) -> np.ndarray:
        """What a task's gate gives each expert at a point."""
        column, row = self._place(state)
        return self.weights[task][:, row, column]

    def _place(self, state: Point) -> tuple[int, int]:
        first, second = self.axes
        return (
            first.values.index(state["x1"]),
            second.values.index(state["x2"]),
        )

    # ---- words ----

    def words(self, state: Point) -> list[str]:
        said = {axis.name: axis.text(state[axis.name]) for axis in self.axes}
        lines = [self._most(task, state) for task in TASKS]
        return [SAY["point"].format(**said), *lines]

    def _most(self, task: str, state: Point) -> str:
        weights = self.at(task, state)
        expert = int(np.argmax(weights))
        weight = decimal(weights[expert])
        return SAY["most"].format(task=task, expert=expert + 1, weight=weight)

    # ---- the drawing ----

    def draw(self, state: Point) -> str:
        """A row of maps for each gate, and under each map the weight at the
        point.
        """
        column, row = self._place(state)
        bars, handles = [], []
        for i, task in enumerate(TASKS):
            for n, weight in enumerate(self.at(task, state)):
                left, top = LEFT + NEXT * n, ROW * i
                bars.append(_bar(left, top, task, float(weight)))
                x = left + CELL * column + CELL // 2
                y = top + MAP + CELL * (self.side - 1 - row) + CELL // 2
                handles.append(_gate_handle(x, y, f"{i}.{n}"))
        said = escape(SAY["drawn"].format(said=" ".join(self.words(state)[1:])))
        frame = f'viewBox="0 0 {WIDTH} {2 * ROW - 20}"'
        return (
            f'<svg class="mtl-squares" {frame} role="img" aria-label="{said}">'
            f"{self.ground}{''.join(bars)}{''.join(handles)}</svg>"
        )

    @cached_property
    def ground(self) -> str:
        """What no dial moves: the maps with their names and rules."""
        rows = []
        for i, task in enumerate(TASKS):
            top, head = ROW * i, SAY[f"head-{task}"]
            maps = (
                self._map(task, n, LEFT + NEXT * n, top + MAP)
                for n in range(self.experts)
            )
            rows.append(
                f'<text class="mtl-head" x="{LEFT}" y="{top + HEAD}">{head}</text>'
                f"{''.join(maps)}"
            )
        return "".join(rows)

    def _map(self, task: str, expert: int, left: int, top: int) -> str:
        side = CELL * self.side
        middle = side // 2
        name = SAY["expert"].format(expert=expert + 1)
        rule = (
            f"M{left + middle} {top}v{side}"
            if task == "a"
            else f"M{left} {top + middle}h{side}"
        )
        return (
            f'<text x="{left + middle}" y="{top - 10}">{name}</text>'
            f'<g class="mtl-by-{task} mtl-heat">'
            f"{_shades(self.weights[task][expert], left, top)}</g>"
            f'<path class="mtl-frame" d="M{left} {top}h{side}v{side}h-{side}z"/>'
            f'<path class="mtl-rule" d="{rule}"/>'
        )


def _other_task(task: str) -> str:
    return "ba"[TASKS.index(task)]


def _shades(cells: np.ndarray, left: int, top: int) -> str:
    """A path for each level: over it lie the cells that reach the level, those
    of a row side by side as one line.
    """
    paths = []
    for level in SHADES:
        lines = [
            f"M{left + CELL * start} {top + CELL * (len(cells) - 1 - row) + CELL // 2}"
            f"h{CELL * length}"
            for row, reached in enumerate(cells >= level - 1e-9)
            for start, length in _neighbours(reached)
        ]
        if lines:
            paths.append(f'<path d="{"".join(lines)}"/>')
    return "".join(paths)


def _neighbours(reached: np.ndarray) -> list[tuple[int, int]]:
    """Where neighbours begin, and how many they are.

    >>> _neighbours(np.array([True, True, False, True]))
    [(0, 2), (3, 1)]
    """
    edges = np.flatnonzero(np.diff([0, *reached, 0]))
    return [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2])]


def _bar(left: int, top: int, task: str, weight: float) -> str:
    """The weight at the point, as a part of the whole."""
    y, length = top + BAR, round(128 * weight)
    return (
        f'<path class="mtl-whole" d="M{left} {y}h128"/><g class="mtl-by-{task}">'
        f'<path class="mtl-share" d="M{left} {y}h{length}"/></g>'
        f'<text x="{left + 64}" y="{top + NUMBER}">{decimal(weight)}</text>'
    )


def _gate_handle(x: int, y: int, held: str) -> str:
    return (
        f'<g class="mtl-handle" data-held="{held}" data-name="{SAY["held"]}">'
        f'<circle cx="{x}" cy="{y}" r="10"/>'
        f'<circle class="mtl-reach" cx="{x}" cy="{y}" r="28"/></g>'
    )
