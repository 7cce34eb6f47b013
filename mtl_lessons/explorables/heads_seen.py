"""Chapter 5's figure: what two heads say of one user, for histories of several
lengths.

Each head was trained alone, or both together. It shows that one representation
answers two questions, that without a history everybody gets the same answer,
and which head the other one helps. Really trained (`two_tasks.seen`).
"""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from mtl_lessons import embed, stored

from .explorable import Explorable
from .grid import Axis, Point

SAY = embed.strings("heads_seen")
TRAINED = ("both", "alone")
HEADS = ("items", "tags")
# in units of the drawing, which is 320 wide
LEFT, STEP, HEIGHT, GAP = 22, 25, 84, 40

# of a head what it says of each kind, and `true_<head>`, what is true
Record = dict[str, Any]


class HeadsSeen(Explorable):
    """The item head by kind of item, and the interest head; `found` as from
    `two_tasks.seen`.
    """

    def __init__(self, found: Sequence[Record] | None = None) -> None:
        self.found = found or stored.read("two_tasks")["seen"]
        users = tuple(sorted({record["user"] for record in self.found}))
        lengths = tuple(sorted({record["length"] for record in self.found}))
        axes = (
            Axis(
                "user",
                SAY["user"],
                users,
                labels=tuple(str(user + 1) for user in users),
            ),
            Axis("length", SAY["length"], lengths),
            Axis(
                "trained",
                SAY["trained"],
                TRAINED,
                labels=tuple(SAY[how] for how in TRAINED),
            ),
        )
        start = {"user": users[0], "length": lengths[-1], "trained": "both"}
        super().__init__(axes, SAY["title"], SAY["caption"], start)

    def words(self, state: Point) -> list[str]:
        record = stored.at(self.found, **state)
        first = {name: int(np.argmax(record[name])) + 1 for name in HEADS}
        far = {
            name: _distance(record[name], record[f"true_{name}"])
            for name in HEADS
        }
        said = {axis.name: axis.text(state[axis.name]) for axis in self.axes}
        return [
            SAY["point"].format(**said),
            SAY["first"].format(**first),
            SAY["far"].format(**far),
        ]

    def draw(self, state: Point) -> str:
        """Two rows of twelve columns, one a tag; a line across each stands at
        the truth.
        """
        record = stored.at(self.found, **state)
        rows = "".join(
            _row(record, name, i * (HEIGHT + GAP))
            for i, name in enumerate(HEADS)
        )
        foot = 2 * (HEIGHT + GAP) - 4
        ticks = "".join(
            f'<text x="{_x(i)}" y="{foot}" text-anchor="middle">{i + 1}</text>'
            for i in range(len(record["tags"]))
        )
        said = escape(" ".join(self.words(state)[1:]))
        frame = f'viewBox="0 0 320 {foot + 6}" role="img" aria-label="{said}"'
        return f"<svg {frame}>{rows}{ticks}</svg>"


def _distance(found: Sequence[float], true: Sequence[float]) -> float:
    return float(np.abs(np.subtract(found, true)).mean())


def _row(record: Record, name: str, top: int) -> str:
    low = top + 20 + HEIGHT
    found = "".join(
        f"M{_x(i)} {low}v-{HEIGHT * p:.0f}" for i, p in enumerate(record[name])
    )
    true = "".join(
        f"M{_x(i) - 10} {low - HEIGHT * p:.0f}h20"
        for i, p in enumerate(record[f"true_{name}"])
    )
    return (
        f'<text x="4" y="{top + 13}">{SAY[name]}</text><path class="mtl-axis" d="M4 {low}H316"/>'
        f'<g class="mtl-shared"><path class="mtl-bar" d="{found}"/></g>'
        f'<g class="mtl-bayes"><path d="{true}"/></g>'
    )


def _x(place: int) -> int:
    return LEFT + STEP * place
