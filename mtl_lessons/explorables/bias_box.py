"""Chapter 4's first figure to play with: six ways to train a conversion rate, in twelve kinds of worlds.

It shows that clicks do not show the selection bias, that all but the true propensities keep a part of it, and that a hidden mood
defeats them. Really trained, five seeds a point (`inputs_outputs.funnel.bias_grid`).
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from .. import embed, stored
from ..metrics import interval
from .explorable import Explorable
from .grid import Axis, Point, signed

SAY = embed.strings("inputs_outputs")

ESTIMATORS = ("naive", "natural", "esmm", "ips", "dr", "oracle")
JUDGED = {"all": "ratio", "clicks": "ratio_clicked"}  # on which rows -> the measure of the grid
LEFT, RIGHT, ROW = 98, 306, 30  # in units of the drawing, which is 320 wide

Scores = Mapping[str, Mapping[str, Sequence[float]]]  # of an estimator: of a measure: a number per seed


def bias_box(grid: Mapping | None = None) -> Explorable:
    """Predicted over true conversion rate: hidden mood x selection bias x the rows that one judges by.

    By default with the grid that ships with the package.
    """
    grid = grid or stored.read("inputs_outputs_bias")
    axes = [Axis(**axis | {"values": tuple(axis["values"])}) for axis in grid["axes"]]
    judged = Axis("judged", SAY["judged"], tuple(SAY[f"judged-{rows}"] for rows in JUDGED))
    return Explorable(
        (*axes, judged),
        title=SAY["bias-title"],
        caption=SAY["bias-caption"],
        words=partial(_bias_words, grid, axes),
        draw=partial(_bias_drawing, grid, _span(grid)),
        start={"confounding": 0.0, "selection_bias": 0.7, "judged": SAY["judged-all"]},
    )


def scores_at(grid: Mapping, point: Point) -> Scores:
    """What was measured at a point, by estimator."""
    dials = ("confounding", "selection_bias")
    return next(cell for cell in grid["cells"] if all(cell[dial] == point[dial] for dial in dials))


def _ratios(grid: Mapping, point: Point) -> dict[str, Sequence[float]]:
    measure = next(JUDGED[rows] for rows in JUDGED if SAY[f"judged-{rows}"] == point["judged"])
    return {name: scores_at(grid, point)[name][measure] for name in ESTIMATORS}


def _span(grid: Mapping) -> tuple[float, float]:
    """Ends, in tenths, that hold every ratio of the grid."""
    ratios = [cell[name][measure] for cell in grid["cells"] for name in ESTIMATORS for measure in JUDGED.values()]
    return float(np.floor(np.min(ratios) * 10) / 10), float(np.ceil(np.max(ratios) * 10) / 10)


def _bias_words(grid: Mapping, axes: Sequence[Axis], point: Point) -> list[str]:
    where = ", ".join(f"{axis.label} {axis.text(point[axis.name])}" for axis in axes)
    means = {name: f"{np.mean(values):.2f}" for name, values in _ratios(grid, point).items()}
    scores = scores_at(grid, point)
    gain = interval(np.subtract(scores["esmm"]["auc"], scores["naive"]["auc"]))
    ends = {end: signed(value) for end, value in gain._asdict().items()}
    return [f"{where}, {point['judged']}", SAY["bias-ratios"].format(**means), SAY["bias-gain"].format(**ends)]


def _bias_drawing(grid: Mapping, span: tuple[float, float], point: Point) -> str:
    """A row per estimator: a dot per seed and a bar at the mean; a line stands at 1, where predictions are right."""
    low, high = span
    foot = ROW * len(ESTIMATORS)
    x = lambda value: f"{LEFT + (RIGHT - LEFT) * (value - low) / (high - low):.0f}"
    ratios = _ratios(grid, point)
    rows = "".join(_estimator(name, values, 16 + ROW * i, x) for i, (name, values) in enumerate(ratios.items()))
    ticks = [low, 1.0, high]
    axis = "".join(f'<text x="{x(tick)}" y="{foot + 16}" text-anchor="middle">{tick:.1f}</text>' for tick in ticks)
    said = ", ".join(f"{SAY[name]} {np.mean(values):.2f}" for name, values in ratios.items())
    return (
        f'<svg viewBox="0 0 320 {foot + 20}" role="img" aria-label="{SAY["bias-drawing"].format(said=said)}">'
        f'<path class="mtl-axis" d="M{x(low)} {foot}H{x(high)}"/><path d="M{x(1)} 2V{foot}"/>{axis}{rows}</svg>'
    )


def _estimator(name: str, values: Sequence[float], y: int, x) -> str:
    dots = "".join(f"M{x(value)} {y + 5 * (i % 3 - 1)}h0" for i, value in enumerate(values))  # equal runs stay apart
    bar = f"M{x(np.mean(values))} {y - 10}v20"
    kind = "bayes" if name == "oracle" else "shared"
    return f'<g class="mtl-{kind}"><text y="{y + 4}">{SAY[name]}</text><path class="mtl-dots" d="{dots}"/><path d="{bar}"/></g>'
