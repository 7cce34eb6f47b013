"""Chapter 3's race: two losses over two shared weights, and the path of every
aggregator.

All start at one place and take the same number of steps at one rate. It shows
where each method ends on the front, whom the size of a loss moves, and whom it
does not. Python's paths are those of `loss_balancing`; the browser has the
steps in closed form (`web/aggregators.js`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import numpy as np

from mtl_lessons import embed

from .drawing import decimal, table
from .explorable import Explorable, Guess
from .grid import Axis, Point
from .two_gradients import step_of

SAY = embed.strings("race")
# Of the seven aggregators of `two_gradients`, those that differ in a step for
# two tasks: PCGrad is UPGrad, and IMTL-G is Nash-MTL in its direction.
RUNNERS = ("mean", "pcgrad", "mgda", "cagrad", "imtlg")
RATE, STEPS = 0.05, 60
# places of the start
PLACES = tuple(round(0.1 * i, 1) for i in range(-20, 21))
SIDE, UNIT = 320, 72  # of the drawing, and of one unit in it
CONTOURS = (0.25, 1.0, 2.25, 4.0)  # of the losses, where a contour is drawn
TOLD = (
    "drawn",
    "held",
    "at",
    "loss-a",
    "loss-b",
    "ahead",
    *RUNNERS,
)  # to the browser

Spot = np.ndarray


@dataclass(frozen=True)
class Bowl:
    """`½ p (x - c)² + ½ q (y - d - k x²)²`: a bowl, bent if k is not 0.

    >>> Bowl(c=-1.0, d=0.0, p=1.0, q=2.0, k=0.0).value(np.array([1.0, 1.0]))
    3.0
    """

    c: float
    d: float
    p: float
    q: float
    k: float

    def value(self, at: Spot) -> float:
        x, y = at
        off = y - self.d - self.k * x**2
        return float(0.5 * self.p * (x - self.c) ** 2 + 0.5 * self.q * off**2)

    def gradient(self, at: Spot) -> Spot:
        x, y = at
        pull = self.q * (y - self.d - self.k * x**2)
        return np.array([self.p * (x - self.c) - 2 * self.k * x * pull, pull])


LANDSCAPES = {
    "bowls": (
        Bowl(c=-1.0, d=-0.6, p=1.0, q=3.0, k=0.0),
        Bowl(c=1.0, d=0.6, p=3.0, q=1.0, k=0.0),
    ),
    "valley": (
        Bowl(c=-1.0, d=-0.6, p=1.0, q=2.0, k=0.4),
        Bowl(c=1.0, d=-0.6, p=1.0, q=2.0, k=0.4),
    ),
}
FACTORS_OF_B = (0.1, 1.0, 10.0)
NOISES = (0.0, 0.5, 2.0)


def draws() -> np.ndarray:
    """What noise adds to the gradients, `(STEPS, task, xy)`: one draw for all.

    >>> draws().shape
    (60, 2, 2)
    """
    rng = np.random.default_rng(0)
    return rng.normal(size=(STEPS, 2, 2)).round(2)


class Race(Explorable):
    """The paths of five aggregators from one start."""

    view = "race"
    legend = "drag"
    plays = "step"

    def __init__(self) -> None:
        cases = tuple(SAY[f"case-{name}"] for name in LANDSCAPES)
        scales = tuple(f"× {scale:g}" for scale in FACTORS_OF_B)
        start = {
            "step": STEPS,
            "case": "bowls",
            "scale": 10.0,
            "noise": 0.0,
            "x": -1.4,
            "y": 1.6,
        }
        axes = (
            Axis("step", SAY["steps"], tuple(range(STEPS + 1))),
            Axis("case", SAY["case"], tuple(LANDSCAPES), cases),
            Axis("scale", SAY["scale"], FACTORS_OF_B, scales),
            Axis("noise", SAY["noise"], NOISES, format=".1f"),
            Axis("x", SAY["x"], PLACES, format=".1f"),
            Axis("y", SAY["y"], PLACES, format=".1f"),
        )
        super().__init__(axes, SAY["title"], SAY["caption"], start)
        self.guess = Guess(
            SAY["ask"],
            tuple(SAY[name] for name in ("mean", "pcgrad", "mgda", "imtlg")),
            3,
            SAY["told"],
            start | {"scale": 1.0},
        )

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "runners": RUNNERS,
            "losses": {
                name: [vars(loss) for loss in pair]
                for name, pair in LANDSCAPES.items()
            },
            "scales": FACTORS_OF_B,
            "noises": NOISES,
            "places": PLACES,
            "draws": draws().tolist(),
            "rate": RATE,
            "unit": UNIT,
            "grounds": {name: ground(name) for name in LANDSCAPES},
            "say": {key: SAY[key] for key in TOLD},
        }

    def words(self, state: Point) -> list[str]:
        ends = self.ends(state)
        first = SAY["at"].format(
            step=state["step"],
            case=SAY[f"case-{state['case']}"],
            scale=f"{state['scale']:g}",
        )
        return [first, *(_ahead(ends, task) for task in "ab")]

    def draw(self, state: Point) -> str:
        """The plane with all paths up to the step, and their losses there."""
        runs = {
            name: paths(**_setting(state))[name][: state["step"] + 1]
            for name in RUNNERS
        }
        return _loss_plane(state, runs) + _ends_table(self.ends(state))

    def ends(self, state: Point) -> dict[str, tuple[float, float]]:
        """Both losses, unscaled, of each runner at the step of the dial."""
        loss_a, loss_b = LANDSCAPES[state["case"]]
        step = state["step"]
        places = {
            name: path[step] for name, path in paths(**_setting(state)).items()
        }
        return {
            name: (loss_a.value(place), loss_b.value(place))
            for name, place in places.items()
        }


def _setting(state: Point) -> dict[str, Any]:
    """All of a state but the step."""
    return {key: value for key, value in state.items() if key != "step"}


# ---- the paths ----


@lru_cache(maxsize=64)
def paths(
    case: str, scale: float, noise: float, x: float, y: float
) -> dict[str, np.ndarray]:
    """The places of each runner, `(STEPS + 1, 2)`.

    A step is `-RATE d`, where d is the aggregator's of the gradient of a, and
    of b times `scale`; `noise` times a fixed draw is added to both gradients
    before that.
    """
    loss_a, loss_b = LANDSCAPES[case]
    extra = noise * draws()
    found = {}
    for name in RUNNERS:
        place = np.array([x, y])
        path = [place]
        for a, b in extra:
            grad_a = loss_a.gradient(place) + a
            grad_b = scale * (loss_b.gradient(place) + b)
            place = place - RATE * step_of(name, grad_a, grad_b)
            path.append(place)
        found[name] = np.array(path)
    return found


# ---- what does not move: contours and the front ----


def front(case: str) -> np.ndarray:
    """Places where no step lowers both losses, from a's minimum to b's: the
    minima of `w a + (1 - w) b`.
    """
    a, b = LANDSCAPES[case]
    w = np.linspace(1, 0, 21)
    on_a, on_b = w * a.p, (1 - w) * b.p
    x = (on_a * a.c + on_b * b.c) / (on_a + on_b)
    on_a, on_b = w * a.q, (1 - w) * b.q
    y = (on_a * a.d + on_b * b.d) / (on_a + on_b) + a.k * x**2
    return np.stack([x, y], axis=1)


def ground(case: str) -> dict[str, str]:
    """The contours of both losses and the front, as paths of the drawing."""
    drawn = {"front": _path(front(case))}
    for task, loss in zip("ab", LANDSCAPES[case]):
        drawn[task] = "".join(_contour(loss, level) for level in CONTOURS)
    return drawn


def _contour(loss: Bowl, level: float) -> str:
    """Where the loss is `level`: an ellipse in x and in `y - k x²`."""
    angle = np.linspace(0, 2 * np.pi, 37)
    x = loss.c + np.sqrt(2 * level / loss.p) * np.cos(angle)
    y = loss.d + np.sqrt(2 * level / loss.q) * np.sin(angle) + loss.k * x**2
    return _path(np.stack([x, y], axis=1)) + "z"


# ---- the drawing ----


def _mark(place: Spot) -> str:
    return f"{SIDE / 2 + UNIT * place[0]:.1f} {SIDE / 2 - UNIT * place[1]:.1f}"


def _path(places: np.ndarray) -> str:
    return "M" + "L".join(map(_mark, places))


def _loss_plane(state: Point, runs: Mapping[str, np.ndarray]) -> str:
    still = ground(state["case"])
    ends = ", ".join(
        f"{SAY[name]} ({decimal(x)}, {decimal(y)})"
        for name, (x, y) in ((name, run[-1]) for name, run in runs.items())
    )
    said = escape(SAY["drawn"].format(ends=ends))
    ways = "".join(
        f'<g class="mtl-{name}"><path d="{_path(run)}"/></g>'
        for name, run in runs.items()
    )
    marks = "".join(
        _runner(i, name, run[-1])
        for i, (name, run) in enumerate(runs.items(), 1)
    )
    x, y = _mark(np.array([state["x"], state["y"]])).split()
    return (
        f'<svg class="mtl-plane mtl-race" viewBox="0 0 {SIDE} {SIDE}" role="img"'
        f' aria-label="{said}">'
        f'<g class="mtl-by-a"><path class="mtl-contour" d="{still["a"]}"/></g>'
        f'<g class="mtl-by-b"><path class="mtl-contour" d="{still["b"]}"/></g>'
        f'<path class="mtl-front-line" d="{still["front"]}"/>{ways}'
        f'<g class="mtl-handle" data-held="start" data-name="{SAY["held"]}">'
        f'<circle cx="{x}" cy="{y}" r="9"/></g>'
        f"{marks}</svg>"
    )


def _runner(number: int, name: str, place: Spot) -> str:
    """The mark of a runner, which has its number."""
    x, y = _mark(place).split()
    return (
        f'<g class="mtl-{name} mtl-runner"><circle cx="{x}" cy="{y}" r="8"/>'
        f'<text x="{x}" y="{y}">{number}</text></g>'
    )


def _ends_table(ends: Mapping[str, tuple[float, float]]) -> str:
    columns = [SAY["loss-a"], SAY["loss-b"]]
    rows = "".join(
        f'<tr class="mtl-{name}"><th scope="row">{i} {SAY[name]}</th>'
        f"<td>{decimal(a)}</td><td>{decimal(b)}</td></tr>"
        for i, (name, (a, b)) in enumerate(ends.items(), 1)
    )
    return table(columns, rows)


def _ahead(ends: Mapping[str, tuple[float, float]], task: str) -> str:
    """Who has the lowest loss of a task, of those printed alike all."""
    lost = {
        name: decimal(pair["ab".index(task)]) for name, pair in ends.items()
    }
    best = min(lost.values(), key=float)
    names = ", ".join(SAY[name] for name in ends if lost[name] == best)
    return SAY["ahead"].format(task=task, loss=best, names=names)
