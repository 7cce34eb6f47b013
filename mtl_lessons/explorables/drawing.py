"""Drawings that several explorables share."""

import math
from collections.abc import Callable, Sequence
from html import escape

from ..metrics import Interval, interval
from .explorable import SAY
from .grid import Cell

LEFT, RIGHT, ROW = 98, 306, 40  # in units of the drawing, which is 320 wide


def dots(cell: Cell, measures: Sequence[str], span: tuple[float, float]) -> str:
    """A row per measure: a dot per seed, the mean and its 95 % interval; `span` is the axis, the same for all cells."""
    runs = [run for name in measures for run in cell.runs[name]]
    low, high = min(span[0], *runs), max(span[1], *runs)

    def x(value: float) -> str:
        return f"{LEFT + (RIGHT - LEFT) * (value - low) / (high - low):.1f}"

    means = {name: interval(cell.runs[name]) for name in measures}
    rows = "".join(_row(name, cell.runs[name], means[name], 18 + ROW * i, x) for i, name in enumerate(measures))
    foot = ROW * len(measures)
    ticks = [tick / 10 for tick in range(math.ceil(low * 10), math.floor(high * 10) + 1)]
    axis = "".join(f'<text x="{x(tick)}" y="{foot + 16}" text-anchor="middle">{tick:.1f}</text>' for tick in ticks)
    lines = "".join(f"M{x(tick)} 4V{foot}" for tick in ticks)
    said = "; ".join(f"{SAY[name]} {found.mean:.3f} ({found.low:.3f}–{found.high:.3f})" for name, found in means.items())
    return (
        f'<svg viewBox="0 0 320 {foot + 20}" role="img" aria-label="{escape(SAY["dots"].format(said=said))}">'
        f'<path class="mtl-axis" d="{lines}"/>{axis}<text y="{foot + 16}">AUC</text>{rows}</svg>'
    )


def _row(name: str, runs: Sequence[float], mean: Interval, y: int, x: Callable[[float], str]) -> str:
    spread = [y + 6 * (i % 3 - 1) for i in range(len(runs))]  # so that equal runs stay apart
    points = "".join(f"M{x(run)} {height}h0" for run, height in zip(runs, spread))
    bar = f"M{x(mean.low)} {y}H{x(mean.high)}M{x(mean.mean)} {y - 11}V{y + 11}"
    return f'<g class="mtl-{name}"><text y="{y - 2}">{SAY[name]}</text><text y="{y + 13}">{mean.mean:.3f}</text><path class="mtl-dots" d="{points}"/><path d="{bar}"/></g>'
