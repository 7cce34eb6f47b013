"""Chapter 2's second figure to play with: the weights that the gates of a trained MMoE give its experts.

Over the square of its two inputs (`shared_networks.gate_map`).
"""

from functools import partial
from html import escape

import numpy as np

from .. import embed
from .explorable import Explorable
from .grid import Axis, Point
from .wiring import TASKS, measured

SAY = embed.strings("shared_networks")

CELL, LEFT, TOP = 13, 40, 10
SHADES = (0.1, 0.2, 0.3, 0.4, 0.5)  # from which weight on a cell is darker


def gates(found: dict | None = None) -> Explorable:
    """Weight of an expert in a task's gate over the square of inputs. `found` as from `shared_networks.gate_map`."""
    weights = (found or measured()["gates"])["weights"]
    experts = tuple(range(1, len(weights["a"]) + 1))
    axes = (Axis("task", SAY["task"], TASKS), Axis("expert", SAY["expert"], experts))
    return Explorable(
        axes,
        title=SAY["gates-title"],
        caption=SAY["gates-caption"],
        words=partial(_gate_words, weights),
        draw=partial(_gate_drawing, weights),
        start={"task": "a", "expert": max(experts, key=lambda e: _split(weights, "a", e))},
    )


def _halves(weights: dict, task: str, expert: int) -> tuple[float, float]:
    """Mean weight where the task's one rule holds, and where the other: left and right for a, below and above for b."""
    cells = np.array(weights[task][expert - 1])
    cells = cells if task == "b" else cells.T
    return float(cells[: len(cells) // 2].mean()), float(cells[len(cells) // 2 :].mean())


def _split(weights: dict, task: str, expert: int) -> float:
    one, other = _halves(weights, task, expert)
    return abs(one - other)


def _gate_words(weights: dict, point: Point) -> list[str]:
    one, other = _halves(weights, point["task"], point["expert"])
    return [SAY["gates-point"].format(**point), SAY[f"gates-words-{point['task']}"].format(one=one, other=other)]


def _gate_drawing(weights: dict, point: Point) -> str:
    cells = np.array(weights[point["task"]][point["expert"] - 1])
    side, shade = CELL * len(cells), np.digitize(cells, SHADES)
    paths = "".join(_cells(np.argwhere(shade == i), i, len(cells)) for i in range(1, len(SHADES) + 1))
    rule = f"M{LEFT + side // 2} {TOP}v{side}" if point["task"] == "a" else f"M{LEFT} {TOP + side // 2}h{side}"
    key = "".join(_key(i, lowest, LEFT + side + 8) for i, lowest in enumerate((0, *SHADES)))
    said = SAY["gates-drawn"].format(**point, low=cells.min(), high=cells.max())
    return (
        f'<svg class="mtl-gates" viewBox="0 0 320 {TOP + side + 22}" role="img" aria-label="{escape(said)}">'
        f'{paths}<path class="mtl-frame" d="M{LEFT} {TOP}h{side}v{side}h-{side}z"/><path class="mtl-rule" d="{rule}"/>{key}'
        f'<text x="{LEFT}" y="{TOP + side + 16}">x₁ = −1</text><text class="mtl-end" x="{LEFT + side}" y="{TOP + side + 16}">1</text>'
        f'<text class="mtl-end" x="{LEFT - 6}" y="{TOP + 11}">1</text><text class="mtl-end" x="{LEFT - 6}" y="{TOP + side}">x₂</text></svg>'
    )


def _cells(places: np.ndarray, shade: int, side: int) -> str:
    """All cells of a shade as one path; neighbours in a row are one rectangle."""
    spans, taken = [], {tuple(place) for place in places}
    for row, column in map(tuple, places):
        if (row, column - 1) not in taken:
            width = next(n for n in range(1, side + 1) if (row, column + n) not in taken)
            spans.append(f"M{LEFT + CELL * column} {TOP + CELL * (side - 1 - row)}h{CELL * width}v{CELL}h-{CELL * width}z")
    return f'<path class="mtl-shade-{shade}" d="{"".join(spans)}"/>' if spans else ""


def _key(shade: int, lowest: float, x: int) -> str:
    y = TOP + 150 - 28 * shade
    text = SAY["from"].format(weight=f"{lowest:g}")
    return f'<path class="mtl-shade-{shade}" d="M{x} {y}h16v16h-16z"/><text x="{x + 21}" y="{y + 13}">{text}</text>'
