"""Chapter 3's second figure to play with: a slider of weights along a front that was trained.

The front is that of `loss_balancing.front`, eight seeds a point, with the other methods on it; and a concave front, where a weighted
sum jumps from end to end and a Chebyshev weighting walks.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .. import embed, stored
from ..metrics import Interval, interval
from .explorable import Explorable
from .grid import Axis, Point
from .two_gradients import GRADIENTS, _pair

SAY = embed.strings("loss_balancing")

CASES = ("trained", "sum", "worst")
LEFT, RIGHT, TOP, BOTTOM = 34, 308, 26, 258  # of the plot, in a drawing 320 wide
NAMES = 180  # where the names of methods begin

Frame = tuple[tuple[float, float], tuple[float, float]]  # lowest and highest a, and b


def front(grid: Mapping | None = None) -> Explorable:
    """Which front x the weight of a x a method to compare with. `grid` as from `loss_balancing.front.grid`."""
    grid = grid or stored.read("loss_balancing_front")
    case = Axis("case", SAY["case"], tuple(SAY[f"case-{case}"] for case in CASES))
    weight = Axis("weight", SAY["weight"], tuple(grid["weights"]), ".3f")
    method = Axis("method", SAY["method"], (SAY["none"], SAY["every"], *grid["methods"]))
    marks = {(c, w): _mark(grid, c, i) for c in CASES for i, w in enumerate(weight.values)}
    extras = {(c, m): _extra(grid, c, m) for c in CASES for m in method.values}
    grounds = {c: _ground(grid, c) for c in CASES}

    def pieces(point: Point) -> tuple[dict, str, dict]:
        name = CASES[case.values.index(point["case"])]
        return marks[name, point["weight"]], grounds[name], extras[name, point["method"]]

    return Explorable(
        (case, weight, method),
        title=SAY["front-title"],
        caption=SAY["front-caption"].format(seeds=len(grid["sweep"][0])),
        words=lambda point: _joined_words(*pieces(point)),
        draw=lambda point: _joined(*pieces(point)),
        start={"case": case.values[0], "weight": 0.5, "method": SAY["none"]},
        view="layers",
        given={"marks": list(marks.values()), "grounds": list(grounds.values()), "extras": list(extras.values())},
    )


def _joined_words(mark: Mapping, ground: str, extra: Mapping) -> list[str]:
    return [mark["point"], *mark["lines"], *extra["lines"]]


def _joined(mark: Mapping, ground: str, extra: Mapping) -> str:
    return f"{mark['open']}{ground}{extra['drawing']}{mark['drawing']}</svg>{extra['below']}"


def means(runs: Sequence[Sequence[float]]) -> tuple[Interval, Interval]:
    """Mean and 95 % interval of both tasks' errors, from `(seeds, 2)`."""
    a, b = np.transpose(runs)
    return interval(a), interval(b)


def clearly_better(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> bool:
    """Are the errors of `one` lower on both tasks, seed by seed, with 95 % intervals that leave out 0?"""
    return all(gain.high < 0 for gain in means(np.subtract(one, other)))


def reached(grid: Mapping, case: str) -> np.ndarray:
    """Where each weight ends: `(weights, 2)`."""
    return np.mean(grid["sweep"], axis=1) if case == "trained" else np.array(grid["concave"][case])


def _measured(runs: Sequence[Sequence[float]]) -> dict[str, str]:
    """Both errors as `0.062 ± 0.003`."""
    return {task: f"{mean:.3f} ± {high - mean:.3f}" for task, (mean, _, high) in zip(GRADIENTS, means(runs))}


def _frame(grid: Mapping, case: str) -> Frame:
    """Ends, in fifths, that hold all points."""
    points = np.concatenate([*grid["sweep"], *grid["methods"].values()] if case == "trained" else [grid["concave"]["curve"]])
    low, high = np.floor(points.min(0) * 5) / 5, np.ceil(points.max(0) * 5) / 5
    return (low[0], high[0]), (low[1], high[1])


def _spot(frame: Frame, point: Sequence[float]) -> np.ndarray:
    """A pair of losses in the drawing; what lies outside goes to the edge."""
    low, high = np.transpose(frame)
    share = np.clip((np.asarray(point) - low) / (high - low), 0, 1)
    return np.array([LEFT, BOTTOM]) + share * [RIGHT - LEFT, TOP - BOTTOM]


def _path(frame: Frame, points: Sequence[Sequence[float]]) -> str:
    return "M" + "L".join("{:.1f} {:.1f}".format(*_spot(frame, point)) for point in points)


def _dots(frame: Frame, points: Sequence[Sequence[float]]) -> str:
    return f'<path class="mtl-dots" d="{"".join(_path(frame, [point]) + "h0" for point in points)}"/>'


def _cross(frame: Frame, runs: Sequence[Sequence[float]]) -> str:
    """Both intervals through the mean."""
    a, b = means(runs)
    return f'<path d="{_path(frame, [(a.low, b.mean), (a.high, b.mean)])}{_path(frame, [(a.mean, b.low), (a.mean, b.high)])}"/>'


# ---- the layers of the drawing, from the ground up


def _ground(grid: Mapping, case: str) -> str:
    """Axes, the front, and where the weights end."""
    frame = _frame(grid, case)
    ticks = [np.arange(low, high + 0.1, 0.2) for low, high in frame]
    numbers = "".join(
        f'<text x="{_spot(frame, (tick, 0))[0]:.0f}" y="{BOTTOM + 16}" text-anchor="middle">{tick:.1f}</text>'
        for tick in ticks[0]
    )
    numbers += "".join(
        f'<text x="{LEFT - 6}" y="{_spot(frame, (0, t))[1] + 4:.0f}" text-anchor="end">{t:.1f}</text>' for t in ticks[1]
    )
    ends = reached(grid, case)
    curve = ends if case == "trained" else grid["concave"]["curve"]
    return (
        f'<path class="mtl-axis" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>{numbers}<text x="{RIGHT}" y="{BOTTOM + 32}" text-anchor="end">'
        f'{SAY["loss-a"]}</text><text x="4" y="14">{SAY["loss-b"]}</text>'
        f'<g class="mtl-shared"><path d="{_path(frame, curve)}"/>{_dots(frame, ends)}</g>'
    )


def _extra(grid: Mapping, case: str, method: str) -> dict:
    """One method with its seeds, or all by number with a table of them."""
    nothing = {"lines": [], "drawing": "", "below": ""}
    if method == SAY["none"]:
        return nothing
    if case != "trained":
        return nothing | {"lines": [SAY["only-trained"]]}
    if method == SAY["every"]:
        return nothing | {"drawing": _named(grid), "below": _method_table(grid["methods"])}
    runs, frame = grid["methods"][method], _frame(grid, case)
    drawing = f'<g class="mtl-method">{_dots(frame, runs)}{_cross(frame, runs)}</g>'
    return nothing | {"lines": _method_lines(grid, method, runs), "drawing": drawing}


def _method_lines(grid: Mapping, method: str, runs: Sequence) -> list[str]:
    better = sum(clearly_better(runs, other) for other in grid["sweep"])
    worse = sum(clearly_better(other, runs) for other in grid["sweep"])
    return [
        SAY["method-errors"].format(method=method, **_measured(runs)),
        SAY["against-weights"].format(better=better, worse=worse, weights=len(grid["sweep"])),
    ]


def _named(grid: Mapping) -> str:
    """Means of all methods, and a line from each to its name in a column on the right; equal ones share one."""
    frame, equal = _frame(grid, "trained"), {}
    for name, runs in grid["methods"].items():
        equal.setdefault(tuple(_spot(frame, [a.mean for a in means(runs)]).round(1)), []).append(name)
    dots, lines, texts, last = "", "", "", 0.0
    for (x, y), names in sorted(equal.items(), key=lambda item: item[0][1]):
        last, column = max(last + 14, y - 10), max(NAMES, x + 14)
        dots += f"M{x} {y}h0"
        lines += f"M{x} {y}L{column - 4:.0f} {last:.0f}"
        texts += f'<text x="{column:.0f}" y="{last + 4:.0f}">{", ".join(names)}</text>'
    return f'<path class="mtl-lead" d="{lines}"/><g class="mtl-method"><path class="mtl-dots" d="{dots}"/></g>{texts}'


def _method_table(methods: Mapping[str, Sequence]) -> str:
    head = f'<th scope="col">{SAY["loss-a"]}</th><th scope="col">{SAY["loss-b"]}</th>'
    rows = "".join(
        '<tr class="mtl-method"><th scope="row">{name}</th><td>{a}</td><td>{b}</td></tr>'.format(name=name, **_measured(runs))
        for name, runs in methods.items()
    )
    return f'<table class="mtl-steps"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _mark(grid: Mapping, case: str, i: int) -> dict:
    """Where the weight ends, and a dashed line of what the weighting holds to be as good."""
    frame, weight, (a, b) = _frame(grid, case), grid["weights"][i], reached(grid, case)[i]
    lines = [SAY["errors"].format(**_measured(grid["sweep"][i]))] if case == "trained" else _concave_lines(grid, case, a, b)
    said = {"case": SAY[f"case-{case}"], "weight": weight, "a": a, "b": b}
    cross = _cross(frame, grid["sweep"][i]) if case == "trained" else ""
    x, y = _spot(frame, (a, b))
    return {
        "point": SAY["front-point"].format(**said),
        "lines": lines,
        "open": f'<svg class="mtl-front" viewBox="0 0 320 {BOTTOM + 38}" role="img" aria-label="{SAY["front-drawn"].format(**said)}">',
        "drawing": f'<path class="mtl-hull" d="{_path(frame, _as_good(frame, weight, a, b, case == "worst"))}"/>'
        f'<g class="mtl-single"><circle cx="{x:.1f}" cy="{y:.1f}" r="6"/>{cross}</g>',
    }


def _concave_lines(grid: Mapping, case: str, a: float, b: float) -> list[str]:
    middle = np.array(grid["concave"]["curve"][len(grid["concave"]["curve"]) // 2])
    ends = reached(grid, case)
    nearest = ends[np.linalg.norm(ends - middle, axis=1).argmin()]
    say = {"a": a, "b": b, "middle": _pair(middle), "nearest": _pair(nearest)}
    return [SAY["losses"].format(**say), SAY["middle"].format(**say)]


def _as_good(frame: Frame, weight: float, a: float, b: float, worst: bool) -> list[tuple[float, float]]:
    """A line of equal `w a + (1 - w) b` through a point, or a corner of equal `max(w a, (1 - w) b)`, within the frame."""
    (low_a, high_a), (low_b, high_b) = frame
    if worst:
        level = max(weight * a, (1 - weight) * b)
        return [(low_a, level / (1 - weight)), (level / weight, level / (1 - weight)), (level / weight, low_b)]
    slope = weight / (1 - weight)
    ends = np.clip([a - (high_b - b) / slope, a + (b - low_b) / slope], low_a, high_a)
    return [(end, b + (a - end) * slope) for end in ends]
