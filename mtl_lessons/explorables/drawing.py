"""What several figures draw with. A drawing is 320 units wide."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np

from mtl_lessons.metrics import interval
from mtl_lessons.numerals import numeral

from .grid import Cell

LEFT, RIGHT = 98, 306  # ends of an axis, beside names
ROW = 40


def across(value: float, span: tuple[float, float]) -> float:
    """Where a value stands on an axis with the ends `span`."""
    low, high = span
    return LEFT + (RIGHT - LEFT) * (value - low) / (high - low)


def dots(
    cell: Cell,
    measures: Mapping[str, str],
    span: tuple[float, float],
    label: str,
) -> str:
    """A row per measure: a dot per seed, the mean and its 95 % interval.

    `measures` has the name of each for readers. `span` is the axis, the same
    for all cells; it grows where a run lies outside. `label` is for who cannot
    see the drawing, with `{said}` for the numbers.
    """
    runs = [run for name in measures for run in cell.runs[name]]
    low, high = min(span[0], *runs), max(span[1], *runs)

    def x(value: float) -> str:
        return f"{across(value, (low, high)):.1f}"

    means = {name: interval(cell.runs[name]) for name in measures}
    rows = "".join(
        _measure_row(name, measures[name], cell.runs[name], 18 + ROW * i, x)
        for i, name in enumerate(measures)
    )
    foot = ROW * len(measures)
    ticks = [
        tick / 10
        for tick in range(math.ceil(low * 10), math.floor(high * 10) + 1)
    ]
    lines = "".join(f"M{x(tick)} 4V{foot}" for tick in ticks)
    numbers = "".join(
        f'<text x="{x(tick)}" y="{foot + 16}" text-anchor="middle">{tick:.1f}</text>'
        for tick in ticks
    )
    said = "; ".join(
        f"{measures[name]} {found.mean:.3f} ({found.low:.3f}–{found.high:.3f})"
        for name, found in means.items()
    )
    label = escape(label.format(said=said))
    return (
        f'<svg viewBox="0 0 320 {foot + 20}" role="img" aria-label="{label}">'
        f'<path class="mtl-axis" d="{lines}"/>{numbers}<text y="{foot + 16}">AUC</text>{rows}</svg>'
    )


def _measure_row(
    measure: str,
    name: str,
    runs: Sequence[float],
    y: int,
    x: Callable[[float], str],
) -> str:
    mean = interval(runs)
    # so that equal runs stay apart
    heights = [y + 6 * (i % 3 - 1) for i in range(len(runs))]
    points = "".join(
        f"M{x(run)} {height}h0" for run, height in zip(runs, heights)
    )
    bar = f"M{x(mean.low)} {y}H{x(mean.high)}M{x(mean.mean)} {y - 11}V{y + 11}"
    return (
        f'<g class="mtl-{measure}"><text y="{y - 2}">{name}</text>'
        f'<text y="{y + 13}">{mean.mean:.3f}</text>'
        f'<path class="mtl-dots" d="{points}"/><path d="{bar}"/></g>'
    )


def table(columns: Sequence[str], rows: str) -> str:
    """A table below a drawing, whose rows have their names in front; `rows` is
    HTML.
    """
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    return (
        f'<table class="mtl-steps"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def rounded(x: float) -> float:
    """To two decimals, and never -0.0."""
    return round(float(x), 2) + 0.0


def decimal(x: float) -> str:
    """`0.25` or `−0.25`: two decimals, with a real minus."""
    return numeral(x, ".2f")


def pair(v: Sequence[float] | np.ndarray) -> str:
    """`(0.25, −1.00)`."""
    return f"({decimal(v[0])}, {decimal(v[1])})"
