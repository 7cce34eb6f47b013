"""Chapter 4's first figure: six ways to train a conversion rate, in twelve
kinds of worlds.

It shows that clicks do not show the selection bias, that all but the true
propensities keep a part of it, and that a hidden mood defeats them. Really
trained, five seeds a point (`inputs_outputs.funnel.bias_grid`).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtl_lessons import embed, stored
from mtl_lessons.metrics import interval
from mtl_lessons.numerals import signed

from .drawing import across
from .explorable import Explorable
from .grid import Axis, Point, stored_axes

SAY = embed.strings("bias_box")
ESTIMATORS = ("naive", "natural", "esmm", "ips", "dr", "oracle")
# on which rows -> the measure of the grid
JUDGED = {"all": "ratio", "clicks": "ratio_clicked"}
ROW = 30  # of the drawing

Runs = Sequence[float]  # a number per seed


class BiasBox(Explorable):
    """Predicted over true conversion rate: hidden mood x selection bias x the
    rows to judge by.

    By default with the grid that ships with the package.
    """

    def __init__(self, grid: Mapping[str, Any] | None = None) -> None:
        self.grid = grid or stored.read("inputs_outputs_bias")
        self.span = _span(self.grid)
        labels = tuple(SAY[f"judged-{rows}"] for rows in JUDGED)
        judged = Axis("judged", SAY["judged"], tuple(JUDGED), labels)
        axes = (*stored_axes(self.grid, SAY), judged)
        start = {"confounding": 0.0, "selection_bias": 0.7, "judged": "all"}
        super().__init__(axes, SAY["title"], SAY["caption"], start)

    def scores(
        self, confounding: float, selection_bias: float
    ) -> dict[str, dict[str, Runs]]:
        """What was measured in a kind of world: by estimator, by measure."""
        point = {"confounding": confounding, "selection_bias": selection_bias}
        return stored.at(self.grid["cells"], **point)

    def _judged(
        self, point: Point
    ) -> tuple[dict[str, dict[str, Runs]], dict[str, Runs]]:
        """The scores at a point, and of each estimator the ratio that is shown."""
        scores = self.scores(point["confounding"], point["selection_bias"])
        measure = JUDGED[point["judged"]]
        return scores, {name: scores[name][measure] for name in ESTIMATORS}

    def words(self, state: Point) -> list[str]:
        scores, ratios = self._judged(state)
        means = {name: f"{np.mean(runs):.2f}" for name, runs in ratios.items()}
        gain = interval(
            np.subtract(scores["esmm"]["auc"], scores["naive"]["auc"])
        )
        ends = {end: signed(value) for end, value in gain._asdict().items()}
        *dials, judged = self.axes
        where = [
            f"{axis.label} {axis.text(state[axis.name])}" for axis in dials
        ]
        point = ", ".join([*where, judged.text(state["judged"])])
        return [
            point,
            SAY["ratios"].format(**means),
            SAY["gain"].format(**ends),
        ]

    def draw(self, state: Point) -> str:
        """A row per estimator: a dot per seed, a bar at the mean; a line at 1,
        which is right.
        """
        _, ratios = self._judged(state)
        low, high = self.span
        foot = ROW * len(ESTIMATORS)

        def x(value: float) -> str:
            return f"{across(value, self.span):.0f}"

        rows = "".join(
            _estimator(
                name,
                [x(run) for run in runs],
                x(float(np.mean(runs))),
                16 + ROW * i,
            )
            for i, (name, runs) in enumerate(ratios.items())
        )
        ticks = "".join(
            f'<text x="{x(tick)}" y="{foot + 16}" text-anchor="middle">{tick:.1f}</text>'
            for tick in (low, 1.0, high)
        )
        said = ", ".join(
            f"{SAY[name]} {np.mean(runs):.2f}" for name, runs in ratios.items()
        )
        label = SAY["drawing"].format(said=said)
        return (
            f'<svg viewBox="0 0 320 {foot + 20}" role="img" aria-label="{label}">'
            f'<path class="mtl-axis" d="M{x(low)} {foot}H{x(high)}"/>'
            f'<path d="M{x(1)} 2V{foot}"/>{ticks}{rows}</svg>'
        )


def _span(grid: Mapping[str, Any]) -> tuple[float, float]:
    """Ends, in tenths, that hold every ratio of the grid."""
    measured = [cell[name] for cell in grid["cells"] for name in ESTIMATORS]
    ratios = [
        ratio
        for one in measured
        for measure in JUDGED.values()
        for ratio in one[measure]
    ]
    return math.floor(min(ratios) * 10) / 10, math.ceil(max(ratios) * 10) / 10


def _estimator(name: str, runs: Sequence[str], mean: str, y: int) -> str:
    # one above the other, so that equal runs stay apart
    dots = "".join(
        f"M{run} {y + 5 * (i % 3 - 1)}h0" for i, run in enumerate(runs)
    )
    kind = "bayes" if name == "oracle" else "shared"
    return (
        f'<g class="mtl-{kind}"><text y="{y + 4}">{SAY[name]}</text>'
        f'<path class="mtl-dots" d="{dots}"/><path d="M{mean} {y - 10}v20"/></g>'
    )
