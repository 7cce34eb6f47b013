"""Chapter 3's first figure: two gradients, and the step that each aggregator
makes of them.

Two arrows are dragged. It shows who hurts whom, and that with two tasks PCGrad
and UPGrad are one step, and IMTL-G and Nash-MTL are another. Python's steps are
those of `loss_balancing`; the browser has them in closed form
(`web/view_gradients.js`).
"""

from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Any

import numpy as np

from mtl_lessons import embed

from .drawing import decimal, pair, rounded, table
from .explorable import Explorable
from .grid import Axis, Point

SAY = embed.strings("two_gradients")
AGGREGATORS = {  # name here and in the texts -> class of `loss_balancing`
    "mean": "Aggregator",
    "pcgrad": "PCGrad",
    "upgrad": "UPGrad",
    "mgda": "MGDA",
    "cagrad": "CAGrad",
    "imtlg": "IMTLG",
    "nash": "NashMTL",
}
# coordinates that an arrow's end may have
ENDS = tuple(round(0.1 * i, 1) for i in range(-35, 36))
TOLD = (  # texts for the browser
    *(
        "gradients",
        "cosine",
        "no-cosine",
        "conflict",
        "opposed",
        "agree",
        "hurts",
        "nobody",
    ),
    *("same", "chosen", "drawn", "step", "change", "raised", *AGGREGATORS),
)
SIDE, UNIT = 320, 41  # of the drawing, and of one unit in it
FAR = 500  # a length that leaves the drawing

Vector = np.ndarray
Steps = Mapping[str, Vector]  # by aggregator


class TwoGradients(Explorable):
    """The steps of all aggregators for two gradients in the plane."""

    view = "gradients"
    legend = "drag"

    def __init__(self) -> None:
        labels = (SAY["all"], *(SAY[name] for name in AGGREGATORS))
        shown = Axis("shown", SAY["shown"], ("all", *AGGREGATORS), labels)
        arrows = [_coordinate(task, xy) for task in "ab" for xy in "xy"]
        start = {"shown": "all", "ax": 3.0, "ay": 1.0, "bx": -1.0, "by": 1.0}
        super().__init__((shown, *arrows), SAY["title"], SAY["caption"], start)

    @property
    def given(self) -> Mapping[str, Any]:
        say = {key: SAY[key] for key in TOLD}
        return {
            "ends": ENDS,
            "names": list(AGGREGATORS),
            "unit": UNIT,
            "say": say,
        }

    def words(self, state: Point) -> list[str]:
        a, b = gradients(state)
        found = steps(a, b)
        _, *arrows = self.axes
        said = {axis.name: axis.text(state[axis.name]) for axis in arrows}
        name = state["shown"]
        last = (
            SAY["same"] if name == "all" else _chosen(name, found[name], a, b)
        )
        return [
            SAY["gradients"].format(**said),
            _relation(a, b),
            _hurt(found, a, b),
            last,
        ]

    def draw(self, state: Point) -> str:
        """The plane, and a table of all steps; the plane shows all of them or
        the chosen one.
        """
        a, b = gradients(state)
        found = steps(a, b)
        shown = {
            name: d
            for name, d in found.items()
            if state["shown"] in ("all", name)
        }
        return _plane(a, b, shown) + _table(found, shown, a, b)


def _coordinate(task: str, xy: str) -> Axis:
    label = SAY["coordinate"].format(task=task.upper(), xy=xy)
    return Axis(task + xy, label, ENDS, format=".1f")


# ---- gradients and steps ----


def gradients(point: Point) -> tuple[Vector, Vector]:
    return np.array([point["ax"], point["ay"]]), np.array(
        [point["bx"], point["by"]]
    )


@cache
def _aggregators() -> dict[str, Any]:
    from mtl_lessons import loss_balancing  # TensorFlow, when it is needed

    return {
        name: getattr(loss_balancing, kind)()
        for name, kind in AGGREGATORS.items()
    }


def step_of(name: str, a: Vector, b: Vector) -> Vector:
    """The step d of an aggregator: the shared weights move by `-rate d`."""
    from mtl_lessons.loss_balancing import step

    return step(_aggregators()[name], [a, b])


def steps(a: Vector, b: Vector) -> dict[str, Vector]:
    """The step of every aggregator."""
    return {name: step_of(name, a, b) for name in AGGREGATORS}


def changes(d: Vector, a: Vector, b: Vector) -> dict[str, float]:
    """Change of each loss per unit of learning rate, in first order, as
    printed: `-d · g`.
    """
    return {"a": rounded(float(-d @ a)), "b": rounded(float(-d @ b))}


# ---- words ----


def _relation(a: Vector, b: Vector) -> str:
    """How two gradients stand to each other."""
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if not lengths:
        return SAY["no-cosine"]
    cosine = a @ b / lengths
    kind = (
        "opposed"
        if cosine < -1 + 1e-9
        else "conflict"
        if cosine < -1e-9
        else "agree"
    )
    return SAY["cosine"].format(cosine=decimal(cosine), kind=SAY[kind])


def _hurt(found: Steps, a: Vector, b: Vector) -> str:
    """Which steps raise which loss."""
    change = {SAY[name]: changes(d, a, b) for name, d in found.items()}
    names = {
        task: [name for name in change if change[name][task] > 0]
        for task in "ab"
    }
    return SAY["hurts"].format(
        **{t: ", ".join(by) or SAY["nobody"] for t, by in names.items()}
    )


def _chosen(name: str, d: Vector, a: Vector, b: Vector) -> str:
    change = {task: decimal(value) for task, value in changes(d, a, b).items()}
    return SAY["chosen"].format(name=SAY[name], step=pair(d), **change)


# ---- the plane ----


def _plane(a: Vector, b: Vector, shown: Steps) -> str:
    ends = ", ".join(f"{SAY[name]} {pair(d)}" for name, d in shown.items())
    said = escape(SAY["drawn"].format(steps=ends))
    arrows = "".join(
        f'<g class="mtl-{name}">{_arrow(d)}</g>' for name, d in shown.items()
    )
    half = SIDE // 2
    return (
        f'<svg class="mtl-plane" viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{said}">'
        f'<path class="mtl-good" d="{_line(*_cone(a, b))}z"/>'
        f'<path class="mtl-axis" d="M0 {half}h{SIDE}M{half} 0v{SIDE}"/>'
        f'<path class="mtl-hull" d="{_line(a, b)}"/>{arrows}{_numbers(shown)}'
        f"{_handle('a', a)}{_handle('b', b)}</svg>"
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
    head = _line(v - back + side, v, v - back - side)
    return f'<path d="{_line(np.zeros(2), v)}{head}"/>'


def _handle(task: str, g: Vector) -> str:
    """A gradient, with what it is dragged by at its end."""
    x, y = _at(g)
    grip = f'<circle cx="{x}" cy="{y}" r="14"/><text x="{x}" y="{y}">{task.upper()}</text>'
    return f'<g class="mtl-handle" data-held="{task}">{_arrow(g)}{grip}</g>'


def _cone(a: Vector, b: Vector) -> list[Vector]:
    """A polygon of the steps that lower both losses.

    It lies between the perpendiculars of both gradients, and reaches beyond the
    drawing.
    """
    a, b = (a if a.any() else b), (b if b.any() else a)
    turn = 1 if a[0] * b[1] >= a[1] * b[0] else -1
    edges = [turn * _unit(a)[::-1] * [-1, 1], turn * _unit(b)[::-1] * [1, -1]]
    middle = _unit(a) + _unit(b)
    corners = (
        np.zeros(2),
        edges[0],
        edges[0] + middle,
        edges[1] + middle,
        edges[1],
    )
    return [FAR / UNIT * corner for corner in corners]


def _numbers(shown: Steps) -> str:
    """The number of each step beyond its end, equal steps together.

    It stands further out where another number stands already.
    """
    number = {name: str(i) for i, name in enumerate(AGGREGATORS, 1)}
    equal: dict[str, list[str]] = {}
    for name, d in shown.items():
        equal.setdefault(pair(d), []).append(name)
    places: list[Vector] = []
    texts = ""
    for names in equal.values():
        d = shown[names[0]]
        way = _unit(d) if np.linalg.norm(d) > 0.005 else np.array([0, 1])
        place = UNIT * d + 12 * way
        while any(np.abs(place - other).max() < 13 for other in places):
            place = place + 4 * way
        places.append(place)
        x, y = _at(place / UNIT)
        said = " ".join(number[name] for name in names)
        texts += f'<text class="mtl-number" x="{x}" y="{y}">{said}</text>'
    return texts


# ---- the table ----


def _table(found: Steps, shown: Steps, a: Vector, b: Vector) -> str:
    columns = [SAY["step"], *(SAY["change"].format(task=task) for task in "AB")]
    mark = ' aria-current="true"' if len(shown) == 1 else ""
    rows = "".join(
        f'<tr class="mtl-{name}"{mark if name in shown else ""}>'
        f'<th scope="row">{i} {SAY[name]}</th><td>{pair(d)}</td>{_changed(changes(d, a, b))}</tr>'
        for i, (name, d) in enumerate(found.items(), 1)
    )
    return table(columns, rows)


def _changed(change: Mapping[str, float]) -> str:
    raised = SAY["raised"]
    flag = f' <span aria-hidden="true">▲</span><span class="mtl-unseen">{raised}</span>'
    return "".join(
        f"<td>{decimal(x)}{flag if x > 0 else ''}</td>" for x in change.values()
    )
