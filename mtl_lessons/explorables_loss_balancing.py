"""Chapter 3's figures to play with.

- `two_gradients`: two arrows that are dragged, and the step that each aggregator makes of them. It shows who hurts whom, and that
  with two tasks PCGrad and UPGrad are one step, and IMTL-G and Nash-MTL are another. Python's steps are those of `loss_balancing`;
  the browser has them in closed form.
- `front`: a slider of weights along a front that was trained (`loss_balancing.front`, eight seeds a point), the other methods on it, and
  a concave front, where a weighted sum jumps from end to end and a Chebyshev weighting walks.
"""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from html import escape

import numpy as np

from . import embed, stored
from .explorables import Axis, Explorable, Point
from .metrics import Interval, interval

SAY = embed.strings("loss_balancing")

# ---------------------------------------------------------------- two gradients

AGGREGATORS = {
    "mean": "Aggregator",
    "pcgrad": "PCGrad",
    "upgrad": "UPGrad",
    "mgda": "MGDA",
    "cagrad": "CAGrad",
    "imtlg": "IMTLG",
    "nash": "NashMTL",
}
GRADIENTS = ("a", "b")
ENDS = tuple(round(0.1 * i, 1) for i in range(-35, 36))  # where an arrow's end may lie, in each direction
TOLD = ("gradients", "cosine", "no-cosine", "conflict", "opposed", "agree", "hurts", "nobody", "same", "chosen", "drawn")
TOLD += ("step", "change", "raised", *AGGREGATORS)  # strings for the browser
SIDE, UNIT = 320, 41  # of the drawing, and of one unit in it
FAR = 500  # a length that leaves the drawing

Vector = np.ndarray


def two_gradients(ends: Sequence[float] = ENDS) -> Explorable:
    """The steps of all aggregators for two gradients in the plane; `ends` are the coordinates that a gradient may have."""
    shown = Axis("shown", SAY["shown"], (SAY["all"], *(SAY[name] for name in AGGREGATORS)))
    arrows = [Axis(g + xy, SAY["coordinate"].format(task=g.upper(), xy=xy), tuple(ends), ".1f") for g in GRADIENTS for xy in "xy"]
    given = {"ends": ends, "names": list(AGGREGATORS), "unit": UNIT, "say": {key: SAY[key] for key in TOLD}}
    return Explorable(
        (shown, *arrows),
        title=SAY["gradients-title"],
        caption=SAY["gradients-caption"],
        words=partial(_gradient_words, arrows),
        draw=_gradient_drawing,
        start={"shown": SAY["all"], "ax": 3.0, "ay": 1.0, "bx": -1.0, "by": 1.0},
        view="gradients",
        given=given,
        legend="drag",
    )


@cache
def _aggregators() -> dict:
    from . import loss_balancing  # TensorFlow, when it is needed

    return {name: getattr(loss_balancing, kind)() for name, kind in AGGREGATORS.items()}


def gradients(point: Point) -> tuple[Vector, Vector]:
    return np.array([point["ax"], point["ay"]]), np.array([point["bx"], point["by"]])


def steps(a: Vector, b: Vector) -> dict[str, Vector]:
    """The step d of every aggregator: the shared weights move by `-rate d`."""
    from .loss_balancing import step

    return {name: step(aggregator, [a, b]) for name, aggregator in _aggregators().items()}


def changes(d: Vector, a: Vector, b: Vector) -> dict[str, float]:
    """Change of each loss per unit of learning rate, in first order, as printed: `-d · g`."""
    return {"a": _round(-d @ a), "b": _round(-d @ b)}


def _round(x: float) -> float:
    return round(float(x), 2) + 0.0  # never -0.0


def _number(x: float) -> str:
    return f"{_round(x):.2f}".replace("-", "−")


def _pair(d: Vector) -> str:
    return f"({_number(d[0])}, {_number(d[1])})"


def _relation(a: Vector, b: Vector) -> str:
    """How two gradients stand to each other, in words."""
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if not lengths:
        return SAY["no-cosine"]
    cosine = a @ b / lengths
    kind = "opposed" if cosine < -1 + 1e-9 else "conflict" if cosine < -1e-9 else "agree"
    return SAY["cosine"].format(cosine=_number(cosine), kind=SAY[kind])


def _gradient_words(arrows: Sequence[Axis], point: Point) -> list[str]:
    a, b = gradients(point)
    found = steps(a, b)
    chosen = next((name for name in found if SAY[name] == point["shown"]), None)
    last = _chosen(chosen, found[chosen], a, b) if chosen else SAY["same"]
    said = {axis.name: axis.text(point[axis.name]).replace("-", "−") for axis in arrows}
    return [SAY["gradients"].format(**said), _relation(a, b), _hurt(found, a, b), last]


def _hurt(found: Mapping[str, Vector], a: Vector, b: Vector) -> str:
    hurt = {g: [SAY[name] for name, d in found.items() if changes(d, a, b)[g] > 0] for g in GRADIENTS}
    return SAY["hurts"].format(**{g: ", ".join(names) or SAY["nobody"] for g, names in hurt.items()})


def _chosen(name: str, d: Vector, a: Vector, b: Vector) -> str:
    change = {g: _number(value) for g, value in changes(d, a, b).items()}
    return SAY["chosen"].format(name=SAY[name], step=_pair(d), **change)


def _gradient_drawing(point: Point) -> str:
    """The plane, and a table with the step of every aggregator; the plane shows all or the chosen one."""
    a, b = gradients(point)
    found = steps(a, b)
    shown = {name: d for name, d in found.items() if point["shown"] in (SAY["all"], SAY[name])}
    said = SAY["drawn"].format(steps=", ".join(f"{SAY[name]} {_pair(d)}" for name, d in shown.items()))
    arrows = "".join(f'<g class="mtl-{name}">{_arrow(d)}</g>' for name, d in shown.items())
    handles = "".join(_handle(task, g) for task, g in zip(GRADIENTS, (a, b)))
    return (
        f'<svg class="mtl-plane" viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{escape(said)}">'
        f'<path class="mtl-good" d="{_line(*_cone(a, b))}z"/><path class="mtl-axis" d="M0 {SIDE // 2}h{SIDE}M{SIDE // 2} 0v{SIDE}"/>'
        f'<path class="mtl-hull" d="{_line(a, b)}"/>{arrows}{_labels(shown)}{handles}</svg>{_table(found, shown, a, b)}'
    )


def _at(v: Vector) -> tuple[str, str]:
    """Where a vector ends, in the drawing."""
    return f"{SIDE / 2 + UNIT * v[0]:.1f}", f"{SIDE / 2 - UNIT * v[1]:.1f}"


def _line(*vectors: Vector) -> str:
    return "M" + "L".join(" ".join(_at(v)) for v in vectors)


def _unit(v: Vector) -> Vector:
    return v / (np.linalg.norm(v) or 1)


def _arrow(v: Vector) -> str:
    """From the origin to v, with a head of 8, or of half the arrow."""
    back = _unit(v) * min(8 / UNIT, np.linalg.norm(v) / 2)
    side = back[::-1] * [-0.5, 0.5]
    return f'<path d="{_line(np.zeros(2), v)}{_line(v - back + side, v, v - back - side)}"/>'


def _handle(task: str, g: Vector) -> str:
    """A gradient, with what it is dragged by at its end."""
    x, y = _at(g)
    grip = f'<circle cx="{x}" cy="{y}" r="14"/><text x="{x}" y="{y}">{task.upper()}</text>'
    return f'<g class="mtl-handle" data-held="{task}">{_arrow(g)}{grip}</g>'


def _cone(a: Vector, b: Vector) -> list[Vector]:
    """A polygon of the steps that lower both losses: between the perpendiculars of both gradients, and beyond the drawing."""
    a, b = (a if a.any() else b), (b if b.any() else a)
    turn = 1 if a[0] * b[1] >= a[1] * b[0] else -1
    edges = [turn * _unit(a)[::-1] * [-1, 1], turn * _unit(b)[::-1] * [1, -1]]
    middle = _unit(a) + _unit(b)
    return [FAR / UNIT * v for v in (np.zeros(2), edges[0], edges[0] + middle, edges[1] + middle, edges[1])]


def _labels(shown: Mapping[str, Vector]) -> str:
    """The number of each step beyond its end, equal steps together; further out where another number stands already."""
    numbers, places, texts = {}, [], ""
    for name, d in shown.items():
        numbers.setdefault(_pair(d), (d, []))[1].append(str(list(AGGREGATORS).index(name) + 1))
    for d, names in numbers.values():
        way = _unit(d) if np.linalg.norm(d) > 0.005 else np.array([0, 1])
        place = UNIT * d + 12 * way
        while any(np.abs(place - other).max() < 13 for other in places):
            place = place + 4 * way
        places.append(place)
        x, y = _at(place / UNIT)
        texts += f'<text class="mtl-number" x="{x}" y="{y}">{" ".join(names)}</text>'
    return texts


def _table(found: Mapping[str, Vector], shown: Mapping[str, Vector], a: Vector, b: Vector) -> str:
    head = "".join(
        f'<th scope="col">{SAY[key].format(task=task)}</th>' for key, task in (("step", ""), ("change", "A"), ("change", "B"))
    )
    mark = ' aria-current="true"' if len(shown) == 1 else ""
    rows = "".join(
        f'<tr class="mtl-{name}"{mark if name in shown else ""}>'
        f'<th scope="row">{i} {SAY[name]}</th><td>{_pair(d)}</td>{_changed(changes(d, a, b))}</tr>'
        for i, (name, d) in enumerate(found.items(), 1)
    )
    return f'<table class="mtl-steps"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _changed(change: Mapping[str, float]) -> str:
    flag = f' <span aria-hidden="true">▲</span><span class="mtl-unseen">{SAY["raised"]}</span>'
    return "".join(f"<td>{_number(value)}{flag if value > 0 else ''}</td>" for value in change.values())


# ---------------------------------------------------------------- the front

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
