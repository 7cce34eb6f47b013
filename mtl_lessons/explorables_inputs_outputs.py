"""Chapter 4's figures to play with.

- `bias_box`: six ways to train a conversion rate, in twelve kinds of worlds. It shows that clicks do not show the selection bias,
  that all but the true propensities keep a part of it, and that a hidden mood defeats them. Really trained, five seeds a point
  (`inputs_outputs.funnel.bias_grid`).
- `fusion`: eight videos, three heads, a formula with exponents. It shows that the form of the formula decides what a head
  that is too high can do to the order. Computed, here as in the browser.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from . import embed, stored
from .explorables import Axis, Explorable, Point, signed
from .metrics import interval

SAY = embed.strings("inputs_outputs")

# ---------------------------------------------------------------- the selection bias box

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


# ---------------------------------------------------------------- fusion

HEADS = ("click", "like", "minutes")
VIDEOS = {  # predictions of the heads, and is it new?
    "Trailer": (0.221, 0.0103, 1.1, False),
    "Tutorial": (0.063, 0.0397, 5.9, False),
    "Live show": (0.104, 0.0211, 8.8, True),
    "Clip": (0.178, 0.0152, 0.6, False),
    "Interview": (0.052, 0.0309, 11.3, False),
    "Song": (0.137, 0.0347, 3.1, False),
    "Recipe": (0.089, 0.0454, 2.7, True),
    "News": (0.161, 0.0056, 1.7, False),
}
FORMS = ("sum", "powers")
WRONG = {"right": (1.0, 1.0), "all": (1.5, 1.5), "new": (1.0, 3.0)}  # factors on the likes of old and of new videos
EXPONENTS = (0.0, 0.5, 1.0, 1.5, 2.0)
BAR, BAR_ROW = 150, 26


def fusion() -> Explorable:
    """Eight videos in the order of a formula: its form x a weight or exponent per head x a head that may be wrong."""
    weights = [Axis(head, SAY[head], EXPONENTS, ".1f") for head in HEADS]
    form = Axis("form", SAY["form"], tuple(SAY[name] for name in FORMS))
    wrong = Axis("wrong", SAY["wrong"], tuple(SAY[f"wrong-{name}"] for name in WRONG))
    axes = (form, *weights, wrong)
    given = {
        "videos": [{"name": name, "heads": video[:3], "new": video[3]} for name, video in VIDEOS.items()],
        "exponents": EXPONENTS,
        "factors": list(WRONG.values()),
        "say": {key: SAY[key] for key in ("first", "same", "moved", "drawing")},
    }
    return Explorable(
        axes,
        title=SAY["fusion-title"],
        caption=SAY["fusion-caption"],
        words=partial(_fusion_words, axes),
        draw=_fusion_drawing,
        start={"form": SAY["sum"], "click": 1.0, "like": 1.0, "minutes": 0.0, "wrong": SAY["wrong-right"]},
        view="fusion",
        given=given,
    )


def scores(point: Point) -> dict[str, float]:
    """The score of each video, as the heads have it."""
    return _scores(point, next(factors for name, factors in WRONG.items() if SAY[f"wrong-{name}"] == point["wrong"]))


def order(point: Point, right: bool = False) -> list[str]:
    """The videos by score, equal ones as they stand above; `right`: as they would be if no head were wrong."""
    found = _scores(point, WRONG["right"]) if right else scores(point)
    return sorted(found, key=lambda name: -found[name])


def _scores(point: Point, factors: tuple[float, float]) -> dict[str, float]:
    fused = {}
    for name, (click, like, minutes, new) in VIDEOS.items():
        predictions = zip((click, like * factors[new], minutes), (point[head] for head in HEADS), strict=True)
        terms = [weight * p if point["form"] == SAY["sum"] else p**weight for p, weight in predictions]
        fused[name] = sum(terms) if point["form"] == SAY["sum"] else terms[0] * terms[1] * terms[2]
    return fused


def _fusion_words(axes: Sequence[Axis], point: Point) -> list[str]:
    _, *weights, wrong = axes
    said = ", ".join(f"{axis.label} {axis.text(point[axis.name])}" for axis in weights)
    now, fair = order(point), order(point, right=True)
    moved = sum(one != other for one, other in zip(now, fair, strict=True))
    lines = [SAY["first"].format(names=", ".join(now[:3])), SAY["moved"].format(moved=moved) if moved else SAY["same"]]
    return [f"{point['form']}: {said}; {wrong.label} {point['wrong']}", *lines]


def _fusion_drawing(point: Point) -> str:
    """A bar per video, the best first; ▲ and ▼ say by how many places a wrong head moved it."""
    now, fair, found = order(point), order(point, right=True), scores(point)
    rows = "".join(_video(i, name, fair.index(name) - i, found[name] / (found[now[0]] or 1)) for i, name in enumerate(now))
    said = SAY["drawing"].format(names=", ".join(now))
    return f'<svg viewBox="0 0 320 {BAR_ROW * len(VIDEOS) + 4}" role="img" aria-label="{said}">{rows}</svg>'


def _video(place: int, name: str, up: int, share: float) -> str:
    y = 18 + BAR_ROW * place
    mark = f"{'▲' if up > 0 else '▼'}{abs(up)}" if up else ""
    new = " *" if VIDEOS[name][3] else ""
    return (
        f'<g class="mtl-{"single" if up else "shared"}"><text y="{y}">{place + 1} {name}{new}</text>'
        f'<text x="{BAR - 8}" y="{y}" text-anchor="end">{mark}</text><path class="mtl-bar" d="M{BAR} {y - 5}h{160 * share:.1f}"/></g>'
    )
