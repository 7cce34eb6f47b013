"""Chapter 3's second figure: a slider of weights along a front that was
trained.

The front is that of `loss_balancing.front`, eight seeds a point, with the other
methods on it; and a concave front, where a weighted sum jumps from end to end
and a Chebyshev weighting walks.

There are too many positions to draw each of them, so they are drawn in layers:
a ground for each front, on it a mark for each weight, and extras for each
method. `web/view_layers.js` puts them together, as `Front.words` and
`Front.draw` do here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons import embed, stored
from mtl_lessons.metrics import Interval, interval

from .drawing import pair, table
from .explorable import Explorable, Guess
from .grid import Axis, Point

SAY = embed.strings("front")
# the trained front, and two weightings of the concave one
CASES = ("trained", "sum", "worst")
# of the plot, in a drawing 320 wide
LEFT, RIGHT, TOP, BOTTOM = 34, 308, 26, 258
NAMES_WIDTH = 180  # where the names of methods begin

Runs = Sequence[Sequence[float]]  # a pair of losses per seed
Losses = Sequence[float]  # of a, and of b
# lowest and highest a, and b
Ends = tuple[tuple[float, float], tuple[float, float]]
Layer = dict[str, Any]


class Front(Explorable):
    """Which front x the weight of a x a method to compare with.

    `grid` is as from `loss_balancing.front.grid`.
    """

    view = "layers"
    legend = "drag"

    def __init__(self, grid: Mapping[str, Any] | None = None) -> None:
        self.grid = grid or stored.read("loss_balancing_front")
        methods = tuple(self.grid["methods"])
        labels = tuple(SAY[f"case-{case}"] for case in CASES)
        case = Axis("case", SAY["case"], CASES, labels)
        weight = Axis(
            "weight", SAY["weight"], tuple(self.grid["weights"]), format=".3f"
        )
        readings = (SAY["none"], SAY["every"], *methods)
        method = Axis(
            "method", SAY["method"], ("none", "every", *methods), readings
        )
        caption = SAY["caption"].format(seeds=len(self.grid["sweep"][0]))
        start = {"case": "trained", "weight": 0.5, "method": "every"}
        super().__init__((case, weight, method), SAY["title"], caption, start)
        low, *_, high = weight.values
        ask = SAY["ask"].format(weights=len(weight.values), low=low, high=high)
        ends = tuple(SAY[f"guess-{i}"] for i in range(3))
        middle = weight.values[len(weight.values) // 2]
        at = start | {"case": "sum", "weight": middle}
        self.guess = Guess(ask, ends, 2, SAY["told"], at)
        plots = {name: Plot(self.grid, name) for name in CASES}
        self.spots = {
            name: plot.spots(plot.reached) for name, plot in plots.items()
        }
        self.grounds = {name: plot.ground() for name, plot in plots.items()}
        self.marks = {
            (name, value): plot.mark(value)
            for name, plot in plots.items()
            for value in weight.values
        }
        self.extras = {
            (name, value): plot.extra(value)
            for name, plot in plots.items()
            for value in method.values
        }

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "marks": list(self.marks.values()),
            "grounds": list(self.grounds.values()),
            "extras": list(self.extras.values()),
            "spots": list(self.spots.values()),
        }

    def words(self, state: Point) -> list[str]:
        mark = self.marks[state["case"], state["weight"]]
        extra = self.extras[state["case"], state["method"]]
        return [mark["point"], *mark["lines"], *extra["lines"]]

    def draw(self, state: Point) -> str:
        mark = self.marks[state["case"], state["weight"]]
        extra = self.extras[state["case"], state["method"]]
        layers = (
            self.grounds[state["case"]] + extra["drawing"] + mark["drawing"]
        )
        return f"{mark['open']}{layers}</svg>{extra['below']}"


# ---- what was measured ----


def means(runs: ArrayLike) -> tuple[Interval, Interval]:
    """Mean and 95 % interval of both tasks' losses, from `(seeds, 2)`."""
    a, b = np.transpose(runs)
    return interval(a), interval(b)


def clearly_better(one: Runs, other: Runs) -> bool:
    """Are the losses of `one` lower on both tasks, seed by seed, with 95 %
    intervals below 0?
    """
    return all(gain.high < 0 for gain in means(np.subtract(one, other)))


def reached(grid: Mapping[str, Any], case: str) -> np.ndarray:
    """Where each weight ends: `(weights, 2)`."""
    if case == "trained":
        return np.mean(grid["sweep"], axis=1)
    return np.array(grid["concave"][case])


def _both_losses(runs: Runs) -> dict[str, str]:
    """Both losses as `0.062 ± 0.003`."""
    found = zip("ab", means(runs))
    return {
        task: f"{mean:.3f} ± {high - mean:.3f}"
        for task, (mean, _, high) in found
    }


# ---- the drawing ----


class Plot:
    """A front in the plane of both losses, and what is drawn on it."""

    def __init__(self, grid: Mapping[str, Any], case: str) -> None:
        self.grid = grid
        self.case = case
        self.is_trained = case == "trained"
        self.reached = reached(grid, case)
        trained = [*grid["sweep"], *grid["methods"].values()]
        points = np.concatenate(
            trained if self.is_trained else [grid["concave"]["curve"]]
        )
        low, high = (
            np.floor(points.min(0) * 5) / 5,
            np.ceil(points.max(0) * 5) / 5,
        )
        # in fifths, that hold all points
        self.ends: Ends = (low[0], high[0]), (low[1], high[1])

    def spot(self, losses: Losses) -> np.ndarray:
        """A pair of losses in the drawing; what lies outside goes to the edge."""
        low, high = np.transpose(self.ends)
        share = np.clip((np.asarray(losses) - low) / (high - low), 0, 1)
        return np.array([LEFT, BOTTOM]) + share * [RIGHT - LEFT, TOP - BOTTOM]

    def spots(self, points: Iterable[Losses]) -> list[list[float]]:
        """The same of several, rounded."""
        return [self.spot(point).round(1).tolist() for point in points]

    def path(self, points: Iterable[Losses]) -> str:
        return "M" + "L".join(
            "{:.1f} {:.1f}".format(*self.spot(point)) for point in points
        )

    def dots(self, points: Iterable[Losses]) -> str:
        path = "".join(f"{self.path([point])}h0" for point in points)
        return f'<path class="mtl-dots" d="{path}"/>'

    def cross(self, runs: Runs) -> str:
        """Both intervals through the mean."""
        a, b = means(runs)
        across = self.path([(a.low, b.mean), (a.high, b.mean)])
        upright = self.path([(a.mean, b.low), (a.mean, b.high)])
        return f'<path d="{across}{upright}"/>'

    # ---- the layers, from the ground up ----

    def ground(self) -> str:
        """Axes, the front, and where the weights end."""
        across, upright = (
            np.arange(low, high + 0.1, 0.2) for low, high in self.ends
        )
        numbers = "".join(
            f'<text x="{self.spot((a, 0))[0]:.0f}" y="{BOTTOM + 16}" text-anchor="middle">'
            f"{a:.1f}</text>"
            for a in across
        )
        numbers += "".join(
            f'<text x="{LEFT - 6}" y="{self.spot((0, b))[1] + 4:.0f}" text-anchor="end">'
            f"{b:.1f}</text>"
            for b in upright
        )
        curve = (
            self.reached if self.is_trained else self.grid["concave"]["curve"]
        )
        return (
            f'<path class="mtl-axis" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>{numbers}'
            f'<text x="{RIGHT}" y="{BOTTOM + 32}" text-anchor="end">{SAY["loss-a"]}</text>'
            f'<text x="4" y="14">{SAY["loss-b"]}</text>'
            f'<g class="mtl-shared"><path d="{self.path(curve)}"/>{self.dots(self.reached)}</g>'
        )

    def mark(self, weight: float) -> Layer:
        """Where the weight ends, and a dashed line of what the weighting holds
        to be as good.
        """
        at = self.grid["weights"].index(weight)
        a, b = self.reached[at]
        runs = self.grid["sweep"][at]
        said = {
            "case": SAY[f"case-{self.case}"],
            "weight": weight,
            "a": a,
            "b": b,
        }
        x, y = self.spot((a, b))
        cross = self.cross(runs) if self.is_trained else ""
        label = SAY["drawn"].format(**said)
        frame = (
            f'viewBox="0 0 320 {BOTTOM + 38}" role="img" aria-label="{label}"'
        )
        as_good = self.path(
            _as_good(self.ends, weight, a, b, self.case == "worst")
        )
        errors = [SAY["errors"].format(**_both_losses(runs))]
        return {
            "point": SAY["point"].format(**said),
            "lines": errors if self.is_trained else self._concave_lines(a, b),
            "open": f'<svg class="mtl-front" {frame}>',
            "drawing": f'<path class="mtl-hull" d="{as_good}"/><g class="mtl-single" '
            f'data-held="dot" data-name="{SAY["held"]}">'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6"/>{cross}</g>',
        }

    def _concave_lines(self, a: float, b: float) -> list[str]:
        curve = self.grid["concave"]["curve"]
        middle = np.array(curve[len(curve) // 2])
        nearest = self.reached[
            np.linalg.norm(self.reached - middle, axis=1).argmin()
        ]
        ends = SAY["middle"].format(middle=pair(middle), nearest=pair(nearest))
        return [SAY["losses"].format(a=a, b=b), ends]

    def extra(self, method: str) -> Layer:
        """One method with its seeds, or every one by name, with a table of
        them.
        """
        nothing = {"lines": [], "drawing": "", "below": ""}
        if method == "none":
            return nothing
        if not self.is_trained:
            named = SAY["every"] if method == "every" else method
            said = SAY["only-trained"].format(method=named)
            return nothing | {"lines": [said]}
        if method == "every":
            return nothing | {
                "drawing": self._named(),
                "below": _methods_table(self.grid["methods"]),
            }
        runs = self.grid["methods"][method]
        drawing = (
            f'<g class="mtl-method">{self.dots(runs)}{self.cross(runs)}</g>'
        )
        return nothing | {
            "lines": self._method_lines(method, runs),
            "drawing": drawing,
        }

    def _method_lines(self, method: str, runs: Runs) -> list[str]:
        sweep = self.grid["sweep"]
        better = sum(clearly_better(runs, other) for other in sweep)
        worse = sum(clearly_better(other, runs) for other in sweep)
        return [
            SAY["method-errors"].format(method=method, **_both_losses(runs)),
            SAY["against-weights"].format(
                better=better, worse=worse, weights=len(sweep)
            ),
        ]

    def _named(self) -> str:
        """Means of all methods, and a line from each to its name in a column on
        the right.

        Methods with equal means share a name.
        """
        equal: dict[tuple, list[str]] = {}
        for name, runs in self.grid["methods"].items():
            spot = self.spot([found.mean for found in means(runs)]).round(1)
            equal.setdefault(tuple(spot), []).append(name)
        dots, lines, texts, last = "", "", "", 0.0
        for (x, y), names in sorted(equal.items(), key=lambda item: item[0][1]):
            last, column = max(last + 14, y - 10), max(NAMES_WIDTH, x + 14)
            dots += f"M{x} {y}h0"
            lines += f"M{x} {y}L{column - 4:.0f} {last:.0f}"
            texts += f'<text x="{column:.0f}" y="{last + 4:.0f}">{", ".join(names)}</text>'
        return (
            f'<path class="mtl-lead" d="{lines}"/>'
            f'<g class="mtl-method"><path class="mtl-dots" d="{dots}"/></g>{texts}'
        )


def _methods_table(methods: Mapping[str, Runs]) -> str:
    rows = ""
    for name, runs in methods.items():
        found = _both_losses(runs)
        losses = f"<td>{found['a']}</td><td>{found['b']}</td>"
        rows += (
            f'<tr class="mtl-method"><th scope="row">{name}</th>{losses}</tr>'
        )
    return table([SAY["loss-a"], SAY["loss-b"]], rows)


def _as_good(
    ends: Ends, weight: float, a: float, b: float, worst: bool
) -> list[Losses]:
    """A line of equal `w a + (1 - w) b` through a point, within the ends.

    `worst`: a corner of equal `max(w a, (1 - w) b)` instead.
    """
    (low_a, high_a), (low_b, high_b) = ends
    if worst:
        level = max(weight * a, (1 - weight) * b)
        corner = (level / weight, level / (1 - weight))
        return [(low_a, corner[1]), corner, (corner[0], low_b)]
    slope = weight / (1 - weight)
    stops = np.clip(
        [a - (high_b - b) / slope, a + (b - low_b) / slope], low_a, high_a
    )
    return [(stop, b + (a - stop) * slope) for stop in stops]
