"""Chapter 3's first figure: two gradients, and the step that each aggregator
makes of them.

Two arrows are dragged. It shows who hurts whom, and that with two tasks PCGrad
and UPGrad are one step, and IMTL-G and Nash-MTL are another. Python's steps are
those of `loss_balancing`; the browser has them in closed form
(`web/view_gradients.js`).
"""

import math
from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Any

import numpy as np

from mtl_lessons import embed

from .drawing import decimal, pair, rounded, table
from .explorable import Explorable, Guess
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
    *("same", "chosen", "drawn", "step", "change", "raised", "gradient"),
    *("more", "larger", *AGGREGATORS),
)
SIDE, UNIT = 320, 41  # of the drawing, and of one unit in it
FAR = 500  # a length that leaves the drawing
# by how much steps are drawn larger, as long as the longest is no longer
LARGER, LONG = (16, 12, 8, 6, 4, 3, 2), 150
WIDE, TALL = 7, 16  # of a letter of a name, and of a line
# where a name may stand, from the tip of its arrow, the nearest first
AWAY = sorted(
    ((16 * i, 8 * j) for i in range(-12, 13) for j in range(-38, 39)),
    key=lambda away: (away[0] ** 2 + away[1] ** 2, away),
)

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
        options = tuple(SAY[f"guess-{i}"] for i in range(4))
        at = start | {"ay": 0.0, "by": 0.5}
        self.guess = Guess(SAY["ask"], options, 1, SAY["told"], at)

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
            SAY["same"] if name == "all" else _step_of(name, found[name], a, b)
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
        return _gradient_plane(a, b, found, shown) + _steps_table(
            found, shown, a, b
        )


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


def _step_of(name: str, d: Vector, a: Vector, b: Vector) -> str:
    change = {task: decimal(value) for task, value in changes(d, a, b).items()}
    return SAY["chosen"].format(name=SAY[name], step=pair(d), **change)


# ---- the plane ----


def _gradient_plane(a: Vector, b: Vector, found: Steps, shown: Steps) -> str:
    ends = ", ".join(f"{SAY[name]} {pair(d)}" for name, d in shown.items())
    said = escape(SAY["drawn"].format(steps=ends))
    larger = _larger(found)
    half = SIDE // 2
    much = (
        f'<text class="mtl-larger" x="6" y="{SIDE - 10}">'
        f"{SAY['larger'].format(times=larger)}</text>"
    )
    return (
        f'<svg class="mtl-plane" viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{said}">'
        f'<path class="mtl-good" d="{_segment(*_cone(a, b))}z"/>'
        f'<path class="mtl-axis" d="M0 {half}h{SIDE}M{half} 0v{SIDE}"/>'
        f'<path class="mtl-hull" d="{_segment(larger * a, larger * b)}"/>'
        f"{_named(a, b, shown, larger)}{much if larger > 1 else ''}"
        f"{_handle('a', a)}{_handle('b', b)}</svg>"
    )


def _larger(found: Steps) -> int:
    """By how much the steps are drawn larger than the gradients."""
    longest = max(math.hypot(*map(rounded, d)) for d in found.values())
    fits = [times for times in LARGER if times * longest * UNIT <= LONG]
    return fits[0] if fits and longest else 1


def _end_of(v: Vector) -> tuple[str, str]:
    """Where a vector ends, in the drawing."""
    return f"{SIDE / 2 + UNIT * v[0]:.1f}", f"{SIDE / 2 - UNIT * v[1]:.1f}"


def _segment(*vectors: Vector) -> str:
    return "M" + "L".join(" ".join(_end_of(v)) for v in vectors)


def _unit(v: Vector) -> Vector:
    return v / (np.linalg.norm(v) or 1)


def _arrow(v: Vector) -> str:
    """From the origin to v, with a head of 8, or of half the arrow."""
    back = _unit(v) * min(8 / UNIT, np.linalg.norm(v) / 2)
    side = back[::-1] * [-0.5, 0.5]
    head = _segment(v - back + side, v, v - back - side)
    return f'<path d="{_segment(np.zeros(2), v)}{head}"/>'


def _handle(task: str, g: Vector) -> str:
    """A gradient, with what it is dragged by at its end."""
    x, y = _end_of(g)
    name = SAY["gradient"].format(task=task.upper())
    grip = f'<circle cx="{x}" cy="{y}" r="14"/><text x="{x}" y="{y}">{task.upper()}</text>'
    return (
        f'<g class="mtl-handle mtl-by-{task}" data-held="{task}" data-name="{name}">'
        f"{_arrow(g)}{grip}</g>"
    )


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


def _named(a: Vector, b: Vector, shown: Steps, larger: int) -> str:
    """The arrows of the steps, equal ones together, with their names."""
    equal: dict[str, list[str]] = {}
    for name, d in shown.items():
        equal.setdefault(pair(d), []).append(name)
    tips = [
        _tip(larger * np.array([rounded(x) for x in shown[names[0]]]))
        for names in equal.values()
    ]
    taken = [_axis(*_tip(g), 14) for g in (a, b)]
    origin = SIDE / 2
    for x, y in [*map(_tip, (a, b)), *tips]:
        taken += [
            _axis(
                origin + (x - origin) * i / 12, origin + (y - origin) * i / 12
            )
            for i in range(13)
        ]
    drawn = ""
    for (x, y), names in zip(tips, equal.values()):
        first, *others = (SAY[name] for name in names)
        said = first
        if len(others) == 1:
            said = f"{first} = {others[0]}"
        elif others:
            said = SAY["more"].format(name=first, more=len(others))
        left, top, right, low = box = _free((x, y), len(said), taken)
        taken.append(box)
        near = min(max(x, left), right), min(max(y, top), low)
        lead = ""
        if math.dist(near, (x, y)) > 12:
            lead = f'<path class="mtl-lead" d="M{x:.1f} {y:.1f}L{near[0]:.1f} {near[1]:.1f}"/>'
        kinds = " ".join(f"mtl-{name}" for name in names)
        drawn += (
            f'<g class="{kinds}">{_arrow(larger * shown[names[0]])}{lead}'
            f'<text class="mtl-name" x="{(left + right) / 2:.1f}" '
            f'y="{(top + low) / 2:.1f}">{said}</text></g>'
        )
    return drawn


Box = tuple[float, float, float, float]  # left, top, right, bottom


def _tip(v: Vector) -> tuple[float, float]:
    return float(SIDE / 2 + UNIT * v[0]), float(SIDE / 2 - UNIT * v[1])


def _axis(x: float, y: float, far: float = 3) -> Box:
    return x - far, y - far, x + far, y + far


def _free(tip: tuple[float, float], letters: int, taken: list[Box]) -> Box:
    """Where a name of so many letters stands: beyond the tip, or as near to
    there as it meets nothing.
    """
    x, y = tip
    dx, dy = x - SIDE / 2, y - SIDE / 2
    length = math.hypot(dx, dy)
    dx, dy = (dx / length, dy / length) if length else (0.0, -1.0)
    wide = WIDE * letters
    # to the side that the arrow points to
    shift = wide / 2 if abs(dx) < 0.3 else wide if dx < 0 else 0
    left, top = x + 10 * dx - shift, y + 10 * dy - TALL / 2
    for across, down in AWAY:
        box = (
            left + across,
            top + down,
            left + across + wide,
            top + down + TALL,
        )
        inside = min(box[:2]) >= 2 and max(box[2:]) <= SIDE - 2
        if inside and not any(_meet(box, one) for one in taken):
            return box
    return (2, 2, 2 + wide, 2 + TALL)


def _meet(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2]
        and other[0] < one[2]
        and one[1] < other[3]
        and other[1] < one[3]
    )


# ---- the table ----


def _steps_table(found: Steps, shown: Steps, a: Vector, b: Vector) -> str:
    columns = [SAY["step"], *(SAY["change"].format(task=task) for task in "AB")]
    mark = ' aria-current="true"' if len(shown) == 1 else ""
    rows = "".join(
        f'<tr class="mtl-{name}" tabindex="0"{mark if name in shown else ""}>'
        f'<th scope="row">{SAY[name]}</th><td>{pair(d)}</td>{_changed(changes(d, a, b))}</tr>'
        for name, d in found.items()
    )
    return table(columns, rows)


def _changed(change: Mapping[str, float]) -> str:
    raised = SAY["raised"]
    flag = f' <span aria-hidden="true">▲</span><span class="mtl-unseen">{raised}</span>'
    return "".join(
        f"<td>{decimal(x)}{flag if x > 0 else ''}</td>" for x in change.values()
    )
