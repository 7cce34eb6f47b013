"""Chapter 4's funnel: the people in it to scale, and beside them every way to
train a conversion rate, judged on clicks and on all impressions at once.

It shows that the check on clicks does not show the selection bias, that all but
the true propensities keep a part of it, and that a hidden mood defeats them.
People are counted in the simulated world (`inputs_outputs.crowd`), ratios are
of models that were trained, five seeds a point
(`inputs_outputs.funnel.bias_grid`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from mtl_lessons import embed, stored
from mtl_lessons.metrics import interval
from mtl_lessons.numerals import signed

from .explorable import Explorable, Guess
from .grid import Point, stored_axes

SAY = embed.strings("bias_box")
# on which rows -> the measure of the grid
JUDGED = {"clicks": "ratio_clicked", "all": "ratio"}
TRUTH = "bayes"  # stands beside the estimators in a cell
BIASES = (1.0, 1.3, 1.7)  # to guess from

# ---- of the drawings, which are 320 wide ----
EACH = 1000  # impressions a dot
PITCH, DEEP = 6, 6  # between dots; how many one below the other
BLOCK = PITCH * DEEP
TOPS = (20, 100, 156)  # of the blocks of dots
BESIDE = 74  # where words begin beside a block
LEFT, RIGHT = 84, 286  # ends of the axis
ROW, HEAD = 30, 26

Ratios = Sequence[float]  # a number per seed


class BiasBox(Explorable):
    """Hidden mood x selection bias: the funnel, and predicted over true
    conversion rate.

    By default with the grids that ship with the package. The estimators are
    those of the grid.
    """

    def __init__(self, grid: Mapping[str, Any] | None = None) -> None:
        self.grid = grid or stored.read("inputs_outputs_bias")
        self.crowd = stored.read("inputs_outputs_crowd")["cells"]
        axes = stored_axes(self.grid, SAY)
        settings = {axis.name for axis in axes} | {TRUTH}
        first = self.grid["cells"][0]
        self.estimators = tuple(name for name in first if name not in settings)
        self.span = self._span()
        start = {"confounding": 0.0, "selection_bias": 0.7}
        super().__init__(axes, SAY["title"], SAY["caption"], start)
        at = {"confounding": 1.0, "selection_bias": 0.7}
        self.guess = Guess(
            SAY["ask"],
            (SAY["near"], *(SAY["far"].format(by=by) for by in BIASES[1:])),
            2,
            SAY["told"].format(**self._told(at)),
            at,
        )

    def _span(self) -> tuple[float, float]:
        """Ends of the axis, in tenths, that hold every mean of the grid."""
        means = [
            np.mean(cell[name][measure])
            for cell in self.grid["cells"]
            for name in self.estimators
            for measure in JUDGED.values()
        ]
        return math.floor(min(means) * 10) / 10, math.ceil(max(means) * 10) / 10

    def scores(
        self, confounding: float, selection_bias: float
    ) -> dict[str, dict[str, Ratios]]:
        """What was measured in a kind of world: by estimator, by measure."""
        point = {"confounding": confounding, "selection_bias": selection_bias}
        return stored.at(self.grid["cells"], **point)

    def people(self, state: Point) -> dict[str, int]:
        """How many are shown something, click and buy."""
        return stored.at(self.crowd, **state)

    def ratios(self, state: Point) -> dict[str, dict[str, float]]:
        """The mean ratio of each estimator on clicks and on all."""
        scores = self.scores(**state)
        return {
            name: {
                rows: float(np.mean(scores[name][measure]))
                for rows, measure in JUDGED.items()
            }
            for name in self.estimators
        }

    def _told(self, point: Point) -> dict[str, str]:
        found = {
            f"{name}_{rows}": f"{value:.2f}"
            for name, by_rows in self.ratios(point).items()
            for rows, value in by_rows.items()
        }
        people = self.people(point)
        return found | {
            "glad_clicks": _share(people["glad_clicks"], people["clicks"]),
            "glad": _share(people["glad"], people["impressions"]),
        }

    # ---- in words ----

    def words(self, state: Point) -> list[str]:
        where = [
            f"{axis.label} {axis.text(state[axis.name])}" for axis in self.axes
        ]
        scores, ratios = self.scores(**state), self.ratios(state)
        lines = [
            SAY[f"said-{rows}"].format(said=_listed(ratios, rows))
            for rows in JUDGED
        ]
        gain = interval(
            np.subtract(scores["esmm"]["auc"], scores["naive"]["auc"])
        )
        ends = {end: signed(value) for end, value in gain._asdict().items()}
        return [", ".join(where), *lines, SAY["gain"].format(**ends)]

    # ---- drawn ----

    def draw(self, state: Point) -> str:
        """The stream of people, and every estimator judged twice."""
        stream = _stream(self.people(state))
        judged = _verdict_rows(self.ratios(state), self.span)
        return f'<div class="mtl-funnel">{stream}{judged}</div>'


def title_of(estimator: str) -> str:
    """The name of an estimator for readers; one without a text has its own."""
    key = f"way-{estimator}"
    return SAY[f"way-{estimator}"] if key in SAY else estimator


def _listed(ratios: Mapping[str, Mapping[str, float]], rows: str) -> str:
    return ", ".join(
        f"{title_of(name)} {by_rows[rows]:.2f}"
        for name, by_rows in ratios.items()
    )


def _share(part: int, whole: int) -> str:
    """`23 %`, with a space that does not break."""
    return f"{100 * part / whole:.0f}\N{NO-BREAK SPACE}%"


# ---- the stream of people; quotes are single, for they cost less in JSON ----


def _stream(people: Mapping[str, int]) -> str:
    """Impressions, clicks and purchases in dots, and how many of each are in a
    good mood.
    """
    shown, clicks, bought = (
        people[kind] for kind in ("impressions", "clicks", "purchases")
    )
    texts = {
        "impressions": f"{shown:,}",
        "would": _share(people["would_buy"], shown),
        "clicks": f"{clicks:,}",
        "buy": _share(bought, clicks),
        "purchases": f"{bought:,}",
    }
    crowds = [
        ("all", shown, people["would_buy"], people["glad"]),
        ("clicks", clicks, bought, people["glad_clicks"]),
        ("clicks", bought, bought, people["glad_purchases"]),
    ]
    said = [SAY[f"stream-{i}"].format(**texts) for i in (1, 2, 3)]
    shares = [_share(glad, count) for _, count, _, glad in crowds]
    label = escape(
        SAY["stream"].format(said="; ".join(said), moods=", ".join(shares))
    )
    blocks = "".join(
        _block(kind, top, count, buyers, glad)
        for top, (kind, count, buyers, glad) in zip(TOPS, crowds)
    )
    # what flows from one block to the next, to scale
    widths = [_width(count) for _, count, *_ in crowds]
    flows = "".join(
        f"M0 {top + BLOCK + 8}H{wide:.0f}L{narrow:.0f} {below - 4}H0z"
        for top, below, wide, narrow in zip(TOPS, TOPS[1:], widths, widths[1:])
    )
    places = [(0, TOPS[0] - 8), (BESIDE, TOPS[1] + 14), (BESIDE, TOPS[2] + 14)]
    moods = [(0, TOPS[0] + BLOCK + 24), *((x, y + 18) for x, y in places[1:])]
    names = "".join(
        f"<text x='{x}' y='{y}'>{text}</text>"
        for (x, y), text in zip(places, said)
    )
    in_mood = SAY["mood"]
    names += "".join(
        f"<text x='{x}' y='{y}'>{in_mood.format(share=share)}</text>"
        for (x, y), share in zip(moods, shares)
    )
    return (
        f"<svg viewBox='-4 0 324 {TOPS[2] + BLOCK + 12}' role='img' "
        f"aria-label='{label}'><path class='mtl-flow' d='{flows}'/>"
        f"{blocks}{names}</svg>"
    )


def _width(count: int) -> float:
    return PITCH * count / EACH / DEEP


def _block(kind: str, top: int, count: int, buyers: int, glad: int) -> str:
    """Dots in columns, those who buy (or would) first; under them the share in
    a good mood.
    """
    dots, buying = round(count / EACH), round(buyers / EACH)
    rest = "".join(_dots(top, row, buying, dots) for row in range(DEEP))
    bought = "".join(_dots(top, row, 0, buying) for row in range(DEEP))
    under, wide = top + BLOCK + 3, _width(count)
    return (
        f"<g class='mtl-people'><path class='mtl-on-{kind}' d='{rest}'/>"
        f"<path class='mtl-buys' d='{bought}'/></g>"
        f"<path class='mtl-mood' d='M0 {under}h{wide * glad / count:.0f}'/>"
    )


def _dots(top: int, row: int, start: int, end: int) -> str:
    """A line of dots of a block that is filled by columns: from person `start`
    to before person `end`.
    """
    first = math.ceil((start - row) / DEEP)
    dots = math.ceil((end - row) / DEEP) - first
    if dots < 1:
        return ""
    x, y = PITCH * first + PITCH // 2, top + PITCH * row + PITCH // 2
    return f"M{x} {y}h{PITCH * (dots - 1) + 0.1:g}"


# ---- the estimators ----


def _verdict_rows(
    ratios: Mapping[str, Mapping[str, float]], span: tuple[float, float]
) -> str:
    """A row per estimator: how far its mean is from 1, on clicks and on all."""
    low, high = span
    foot = HEAD + ROW * len(ratios)

    def x(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (value - low) / (high - low))

    names = "".join(
        f"<text y='{HEAD + ROW * i + 20}'>{escape(title_of(name))}</text>"
        for i, name in enumerate(ratios)
    )
    views = "".join(
        _view(rows, [two[rows] for two in ratios.values()], x)
        for rows in JUDGED
    )
    ticks = [
        1 + tick / 10
        for tick in range(-8, 100, 4)
        if low <= 1 + tick / 10 <= high
    ]
    lines = "".join(f"M{x(tick)} {HEAD}V{foot}" for tick in ticks if tick != 1)
    numbers = "".join(
        f"<text x='{x(tick)}' y='{foot + 14}'>{tick:.1f}</text>"
        for tick in ticks
    )
    ends = {}
    for rows in JUDGED:
        found = [two[rows] for two in ratios.values()]
        ends[rows] = SAY["range"].format(low=min(found), high=max(found))
    label = escape(SAY["drawing"].format(**ends))
    middle, axis = (LEFT + RIGHT) // 2, SAY["axis"]
    return (
        f"<svg viewBox='0 0 320 {foot + 34}' role='img' aria-label='{label}'>"
        f"<path class='mtl-axis' d='{lines}'/><path d='M{x(1)} {HEAD - 4}V{foot}'/>"
        f"{views}{names}<g class='mtl-ticks'>{numbers}"
        f"<text x='{middle}' y='{foot + 30}'>{axis}</text></g></svg>"
    )


def _view(
    rows: str, values: Sequence[float], x: Callable[[float], float]
) -> str:
    """All estimators judged on some of the rows, under the name of these."""
    first = list(JUDGED).index(rows)
    bars, ends = "", ""
    for i, value in enumerate(values):
        at, y = x(value), HEAD + ROW * i + (9, 22)[first]
        # the number stands where the bar does not
        beside = (
            f"x='{at + 8}'" if value >= 1 else f"class='mtl-end' x='{at - 8}'"
        )
        bars += f"M{x(1)} {y}H{at}"
        ends += (
            f"<path data-key='{rows}{i}' d='M{at} {y}h0'/>"
            f"<text {beside} y='{y + 4}'>{value:.2f}</text>"
        )
    place, named = LEFT + 86 * first, SAY[f"on-{rows}"]
    return (
        f"<g class='mtl-on-{rows}'><circle cx='{place}' cy='9' r='4'/>"
        f"<text x='{place + 8}' y='13'>{named}</text>"
        f"<path d='{bars}'/>{ends}</g>"
    )
