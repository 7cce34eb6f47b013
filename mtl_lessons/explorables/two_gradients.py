"""Chapter 3's first figure to play with: two gradients, and the step that each aggregator makes of them.

Two arrows are dragged. It shows who hurts whom, and that with two tasks PCGrad and UPGrad are one step, and IMTL-G and Nash-MTL are
another. Python's steps are those of `loss_balancing`; the browser has them in closed form.
"""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from html import escape

import numpy as np

from .. import embed
from .explorable import Explorable
from .grid import Axis, Point

SAY = embed.strings("loss_balancing")

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
    from .. import loss_balancing  # TensorFlow, when it is needed

    return {name: getattr(loss_balancing, kind)() for name, kind in AGGREGATORS.items()}


def gradients(point: Point) -> tuple[Vector, Vector]:
    return np.array([point["ax"], point["ay"]]), np.array([point["bx"], point["by"]])


def steps(a: Vector, b: Vector) -> dict[str, Vector]:
    """The step d of every aggregator: the shared weights move by `-rate d`."""
    from ..loss_balancing import step

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
