"""Chapter 5's figure to play with.

`heads_seen`: what the two heads say of one user, for histories of several lengths, with each head trained alone or both together. It shows
that one representation answers two questions, that without a history everybody gets the same answer, and which head the other one
helps. Really trained (`two_tasks.seen`).
"""

from collections.abc import Sequence
from functools import cache, partial
from html import escape

import numpy as np

from .. import embed, stored
from .explorable import Explorable
from .grid import Axis, Point

SAY = embed.strings("two_tasks")

TRAINED = ("both", "alone")
LEFT, STEP, HEIGHT, GAP = 22, 25, 84, 40  # in units of the drawing, which is 320 wide


@cache
def measured() -> dict:
    """What `two_tasks.grid` found, as it ships with the package."""
    return stored.read("two_tasks")


def heads_seen(found: Sequence[dict] | None = None) -> Explorable:
    """The item head by kind of item, and the interest head, of a user; `found` as from `two_tasks.seen`."""
    found = found or measured()["seen"]
    users, lengths = (tuple(sorted({record[dial] for record in found})) for dial in ("user", "length"))
    axes = (
        Axis("user", SAY["user"], tuple(user + 1 for user in users)),
        Axis("length", SAY["length"], lengths),
        Axis("trained", SAY["trained"], tuple(SAY[kind] for kind in TRAINED)),
    )
    return Explorable(
        axes,
        title=SAY["title"],
        caption=SAY["caption"],
        words=partial(_words, found),
        draw=partial(_drawing, found),
        start={"user": users[0] + 1, "length": lengths[-1], "trained": SAY["both"]},
    )


def record_at(found: Sequence[dict], point: Point) -> dict:
    """What the heads said at a point."""
    kind = next(kind for kind in TRAINED if SAY[kind] == point["trained"])
    wanted = {"user": point["user"] - 1, "length": point["length"], "trained": kind}
    return next(record for record in found if all(record[dial] == value for dial, value in wanted.items()))


def _words(found: Sequence[dict], point: Point) -> list[str]:
    record = record_at(found, point)
    far = {name: float(np.abs(np.subtract(record[name], record[f"true_{name}"])).mean()) for name in ("items", "tags")}
    first = {name: int(np.argmax(record[name])) + 1 for name in ("items", "tags")}
    said = SAY["point"].format(**point)
    return [said, SAY["first"].format(**first), SAY["far"].format(**far)]


def _drawing(found: Sequence[dict], point: Point) -> str:
    """Two rows of twelve columns, one a tag; a line across each column stands at the truth."""
    record = record_at(found, point)
    panels = "".join(_panel(record, name, i * (HEIGHT + GAP)) for i, name in enumerate(("items", "tags")))
    foot = 2 * (HEIGHT + GAP) - 4
    ticks = "".join(f'<text x="{_x(i)}" y="{foot}" text-anchor="middle">{i + 1}</text>' for i in range(len(record["tags"])))
    said = escape(" ".join(_words(found, point)[1:]))
    return f'<svg viewBox="0 0 320 {foot + 6}" role="img" aria-label="{said}">{panels}{ticks}</svg>'


def _panel(record: dict, name: str, top: int) -> str:
    low = top + 20 + HEIGHT
    bars = "".join(f"M{_x(i)} {low}v-{HEIGHT * value:.0f}" for i, value in enumerate(record[name]))
    truth = "".join(f"M{_x(i) - 10} {low - HEIGHT * value:.0f}h20" for i, value in enumerate(record[f"true_{name}"]))
    return (
        f'<text x="4" y="{top + 13}">{SAY[name]}</text><path class="mtl-axis" d="M4 {low}H316"/>'
        f'<g class="mtl-shared"><path class="mtl-bar" d="{bars}"/></g><g class="mtl-bayes"><path d="{truth}"/></g>'
    )


def _x(place: int) -> int:
    return LEFT + STEP * place
