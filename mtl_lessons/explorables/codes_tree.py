"""Chapter 10's figure: the codes of a small catalogue as a tree one can walk,
and where new items land in it.

A map of contents, on it the items that share the new item's code as far as it
is compared; below it the tree. The three rows of the table compare semantic,
random and hashed ids. The data are stored (`large_models.catalogue`), and the
browser has the same drawing (`web/view_tree.js`).
"""

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons import embed, stored

from .drawing import table
from .explorable import Explorable, Guess
from .grid import Axis, Point

SAY = embed.strings("codes_tree")
KINDS = ("semantic", "random", "hashed")
WORDS = {"semantic": 4, "random": 4, "hashed": 16}  # to choose from at a place
WIDE, MAP, ROW, BOX = 320, 196, 30, 22  # the drawing, its map, rows of boxes
SCALE = (82, 62)  # of the contents
TOLD = (
    *("new", "point", "shares", "nobody", "predicts", "drawn", "none"),
    *("column-count", "column-topic", "column-rate", "truth", "topics"),
    *(f"name-{kind}" for kind in KINDS),
)


class Shared(NamedTuple):
    """The items that share a code: which, and what they have in common."""

    items: np.ndarray
    count: int
    share: str  # of them with the new item's topic
    rate: str  # at which they are clicked


class CodesTree(Explorable):
    """New item x kind of ids x places that are compared."""

    view = "tree"
    plays = "depth"
    pace = 900

    def __init__(self, found: Mapping[str, Any] | None = None) -> None:
        found = found or stored.read("large_models_catalogue")
        self.found = found
        self.warm = found["warm"]
        self.topic = np.array(found["topic"])
        self.rate = np.array(found["rate"])
        self.codes = {
            kind: np.array(codes) for kind, codes in found["codes"].items()
        }
        cold = range(self.warm, len(self.topic))
        names = tuple(
            SAY["new"].format(topic=SAY["topics"][self.topic[i]]) for i in cold
        )
        values = tuple(f"item-{i}" for i in cold)
        axes = (
            Axis("item", SAY["item"], values, names),
            Axis("kind", SAY["kind"], KINDS, tuple(SAY[k] for k in KINDS)),
            Axis("depth", SAY["depth"], (0, 1, 2, 3)),
        )
        start = {"item": values[0], "kind": "semantic", "depth": 2}
        super().__init__(axes, SAY["title"], SAY["caption"], start)
        told = {k: self.shared(start | {"kind": k}).share for k in KINDS[:2]}
        options = ("answer-both", "answer-semantic", "answer-neither")
        self.guess = Guess(
            SAY["ask"],
            tuple(SAY[name] for name in options),
            1,
            SAY["told"].format(**told),
            start,
        )

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "warm": self.warm,
            "spots": [list(_spot(at)) for at in self.found["content"]],
            "topic": self.topic.tolist(),
            "rate": self.rate.tolist(),
            "codes": {k: c.tolist() for k, c in self.codes.items()},
            "kinds": KINDS,
            "words": WORDS,
            "ground": self.ground(),
            "say": {key: SAY[key] for key in TOLD},
        }

    # ---- what is shared ----

    def number(self, state: Point) -> int:
        """The place of the new item among all items."""
        return int(state["item"].split("-")[1])

    def shared(self, state: Point) -> Shared:
        """The old items that share the new item's code, as far as it is
        compared.
        """
        item, codes = self.number(state), self.codes[state["kind"]]
        places = min(state["depth"], codes.shape[1])
        same = (codes[: self.warm, :places] == codes[item, :places]).all(1)
        items = np.flatnonzero(same)
        if not len(items):
            return Shared(items, 0, SAY["none"], SAY["none"])
        share = np.mean(self.topic[items] == self.topic[item])
        rate = self.rate[items].mean()
        return Shared(items, len(items), _percent(share), _percent(rate))

    # ---- words ----

    def words(self, state: Point) -> list[str]:
        said = {axis.name: axis.text(state[axis.name]) for axis in self.axes}
        places = self.codes[state["kind"]].shape[1]
        said["depth"] = str(min(state["depth"], places))
        point = SAY["point"].format(places=places, **said)
        found = self.shared(state)
        if not found.count:
            return [point, SAY["nobody"]]
        truth = _percent(self.rate[self.number(state)])
        return [
            point,
            SAY["shares"].format(count=found.count, share=found.share),
            SAY["predicts"].format(rate=found.rate, truth=truth),
        ]

    # ---- the drawing ----

    def ground(self) -> str:
        """What no dial moves: the old items, and the names of topics."""
        spots = [_spot(at) for at in self.found["content"]]
        dots = "".join(f"M{x} {y}h0" for x, y in spots[: self.warm])
        names = []
        for k, name in enumerate(SAY["topics"]):
            mine = [
                spot
                for spot, topic in zip(spots[: self.warm], self.topic)
                if topic == k
            ]
            x = round(sum(x for x, _ in mine) / len(mine))
            top = sorted(y for _, y in mine)[2]  # but for an outlier or two
            names.append(f'<text x="{x}" y="{max(top - 9, 12)}">{name}</text>')
        return f'<path class="mtl-dots" d="{dots}"/>{"".join(names)}'

    def draw(self, state: Point) -> str:
        found = self.shared(state)
        spots = [_spot(at) for at in self.found["content"]]
        dots = "".join(
            f"M{x} {y}h0" for x, y in (spots[i] for i in found.items)
        )
        x, y = spots[self.number(state)]
        said = SAY["drawn"].format(count=found.count, share=found.share)
        rows = self.codes[state["kind"]].shape[1]
        return (
            f'<svg class="mtl-tree" viewBox="0 0 {WIDE} {MAP + ROW * 3}" '
            f'role="img" aria-label="{escape(said)}">{self.ground()}'
            f'<g class="mtl-by-a"><path class="mtl-dots" d="{dots}"/></g>'
            f'<g class="mtl-by-b mtl-ring"><circle cx="{x}" cy="{y}" r="8"/></g>'
            f"{''.join(self._boxes(state, row) for row in range(rows))}</svg>"
            f"{self._table(state)}"
        )

    def _boxes(self, state: Point, row: int) -> str:
        """A level of the tree below the new item's path: a box per word."""
        codes, item = self.codes[state["kind"]], self.number(state)
        number = WORDS[state["kind"]]
        old = codes[: self.warm]
        below = old[(old[:, :row] == codes[item, :row]).all(1)]
        sizes = np.bincount(below[:, row], minlength=number)
        step, top = WIDE // number, MAP + ROW * row + 4
        boxes = []
        for word, size in enumerate(sizes):
            on_path = word == codes[item, row] and row < state["depth"]
            group = "mtl-by-a" if on_path else "mtl-by-none"
            left = step * word + 2
            boxes.append(
                f'<g class="{group} mtl-box" data-turn="2.{row + 1}">'
                f'<path d="M{left} {top}h{step - 4}v{BOX}h-{step - 4}z"/>'
                f'<text x="{left + step // 2 - 2}" y="{top + 15}">{size}</text>'
                "</g>"
            )
        return "".join(boxes)

    def _table(self, state: Point) -> str:
        columns = [SAY[f"column-{c}"] for c in ("count", "topic", "rate")]
        rows = ""
        for kind in KINDS:
            found = self.shared(dict(state) | {"kind": kind})
            here = ' aria-current="true"' if kind == state["kind"] else ""
            rows += (
                f'<tr{here}><th scope="row">{SAY[f"name-{kind}"]}</th>'
                f"<td>{found.count}</td><td>{found.share}</td>"
                f"<td>{found.rate}</td></tr>"
            )
        truth = _percent(self.rate[self.number(state)])
        rows += (
            f'<tr><th scope="row">{SAY["truth"]}</th>'
            f"<td></td><td></td><td>{truth}</td></tr>"
        )
        return table(columns, rows)


def _spot(content: Any) -> tuple[int, int]:
    """Where a content stands on the map, in whole units."""
    x, y = content
    return round(WIDE / 2 + SCALE[0] * x), round(MAP / 2 + 6 - SCALE[1] * y)


def _percent(share: float) -> str:
    """Whole percent, halves up, as the browser rounds.

    >>> _percent(0.125)
    '13%'
    """
    return f"{int(100 * float(share) + 0.5 + 1e-9)}%"
