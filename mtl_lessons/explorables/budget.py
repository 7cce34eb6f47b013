"""Chapter 9's budget: what a request waits for, by candidates, heads, experts and
batch.

Processor time of the ranker of `serving.calls` was measured (`serving_budget`);
what is added is arithmetic. The browser does the same (`web/view_budget.js`).
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from mtl_lessons import embed, stored

from .drawing import table
from .explorable import Explorable, Guess
from .grid import Axis, Point

SAY = embed.strings("budget")
CANDIDATES, BATCHES = (125, 250, 500, 1000), (1, 2, 4, 8)
LAYERS = (1, 4, 16)  # of heads, of experts
DIALS = ("candidates", "heads", "experts", "batch")
ASKED = DIALS[:3]  # which of them costs most is guessed
GAP, BUDGET = 2.0, 20.0  # ms: from a request to the next; what one may take
SPAN, LEFT, WIDE = 40.0, 8, 304  # of the axis: ms, and units of the drawing
PARTS = ("wait", "user", "rows")
TICKS = (0, 10, 20, 30, 40)
NUDGE = 1e-9  # halves round alike in Python and in a browser
TOLD = (
    *("at", "takes", "within", "over", "rate", "drawn", "budget-line"),
    *("more", "now", "then", "times", "none", *DIALS, *PARTS),
)


class Budget(Explorable):
    """The time of a request, and what one more step of each dial does to it."""

    view = "budget"

    def __init__(self) -> None:
        data = stored.read("serving_budget")
        self.user = {cell["users"]: cell["ms"] for cell in data["user"]}
        self.joint = {
            (cell["heads"], cell["experts"], cell["rows"]): cell["ms"]
            for cell in data["joint"]
        }
        values = (CANDIDATES, LAYERS, LAYERS, BATCHES)
        axes = tuple(
            Axis(name, SAY[name], choices)
            for name, choices in zip(DIALS, values, strict=True)
        )
        start = {"candidates": 500, "heads": 4, "experts": 4, "batch": 1}
        super().__init__(axes, SAY["title"], SAY["caption"], start)
        options = tuple(SAY[f"option-{name}"] for name in ASKED)
        steps = [self.further(start, name)[1] for name in ASKED]
        self.guess = Guess(
            SAY["ask"],
            options,
            steps.index(max(steps)),
            SAY["told"].format(
                **{
                    name: _fixed(ms / self.total(start))
                    for name, ms in zip(ASKED, steps)
                }
            ),
            start | {"experts": 16},
        )

    # ---- the time ----

    def parts(self, state: Point) -> dict[str, float]:
        """Milliseconds of a request, by part."""
        batch = state["batch"]
        rows = state["candidates"] * batch
        return {
            "wait": GAP * (batch - 1),
            "user": self.user[batch],
            "rows": self.joint[state["heads"], state["experts"], rows],
        }

    def total(self, state: Point) -> float:
        return sum(self.parts(state).values())

    def further(self, state: Point, dial: str) -> tuple[Any, Any]:
        """The next value of a dial and the time there; no time at its end."""
        values = next(axis.values for axis in self.axes if axis.name == dial)
        place = values.index(state[dial]) + 1
        if place == len(values):
            return None, None
        return values[place], self.total({**state, dial: values[place]})

    # ---- words and drawing ----

    def words(self, state: Point) -> list[str]:
        parts = self.parts(state)
        total = self.total(state)
        work = parts["user"] + parts["rows"]
        found = {name: _fixed(ms) for name, ms in parts.items()}
        said = {axis.name: axis.text(state[axis.name]) for axis in self.axes}
        return [
            SAY["at"].format(**said),
            SAY["takes"].format(total=_fixed(total), **found),
            SAY["within" if total <= BUDGET else "over"].format(
                budget=f"{BUDGET:g}"
            ),
            SAY["rate"].format(rate=round(1000 * state["batch"] / work)),
        ]

    def draw(self, state: Point) -> str:
        return self._bar(state) + self._table(state)

    def _bar(self, state: Point) -> str:
        said = escape(" ".join(self.words(state)[1:]))
        bars, x = [], 0.0
        for name, ms in self.parts(state).items():
            end = min(x + ms, SPAN)
            if end > x:
                bars.append(
                    f'<path class="mtl-part mtl-{name}" '
                    f'd="M{_x(x)} 34H{_x(end)}"/>'
                )
            x = end
        total = self.total(state)
        arrow = " →" if total > SPAN else ""
        grid = "".join(f"M{_x(tick)} 18V52" for tick in TICKS)
        numbers = "".join(
            f'<text class="mtl-tick" x="{_x(tick)}" y="66">{tick}</text>'
            for tick in TICKS
        )
        return (
            f'<svg class="mtl-budget" viewBox="0 0 320 90" role="img" '
            f'aria-label="{said}">'
            f'<path class="mtl-axis" d="{grid}"/>{numbers}{"".join(bars)}'
            f'<path class="mtl-limit" d="M{_x(BUDGET)} 16V56"/>'
            f'<text class="mtl-tick" x="{_x(BUDGET)}" y="12">'
            f"{SAY['budget-line']}</text>"
            f'<text class="mtl-total" x="{_x(SPAN)}" y="12">'
            f"{_fixed(total)} ms{arrow}</text>{_key()}</svg>"
        )

    def _table(self, state: Point) -> str:
        total = self.total(state)
        rows = []
        for axis in self.axes:
            value, ms = self.further(state, axis.name)
            cells = (
                [SAY["none"]] * 2
                if ms is None
                else [axis.text(value), f"× {_fixed(ms / total)}"]
            )
            now = axis.text(state[axis.name])
            rows.append(
                f'<tr><th scope="row">{axis.label}</th><td>{now}</td>'
                f"<td>{cells[0]}</td><td>{cells[1]}</td></tr>"
            )
        heads = [SAY["now"], SAY["then"], SAY["times"]]
        return table(heads, "".join(rows))

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "user": [self.user[batch] for batch in BATCHES],
            "joint": [
                {"heads": heads, "experts": experts}
                | {
                    "rows": {
                        rows: self.joint[heads, experts, rows]
                        for h, e, rows in self.joint
                        if (h, e) == (heads, experts)
                    }
                }
                for heads in LAYERS
                for experts in LAYERS
            ],
            "values": [list(axis.values) for axis in self.axes],
            "dials": DIALS,
            "parts": PARTS,
            "gap": GAP,
            "budget": BUDGET,
            "span": SPAN,
            "ticks": TICKS,
            "say": {key: SAY[key] for key in TOLD if key in SAY},
        }


def _fixed(value: float) -> str:
    return f"{value + NUDGE:.1f}"


def _x(ms: float) -> str:
    return f"{LEFT + WIDE * ms / SPAN + NUDGE:.1f}"


def _key() -> str:
    """What the colours of the parts mean."""
    return "".join(
        f'<path class="mtl-part mtl-{name}" d="M{x} 80h10"/>'
        f'<text class="mtl-key" x="{x + 14}" y="84">{SAY[name]}</text>'
        for name, x in zip(PARTS, (8, 126, 216))
    )
