"""Chapter 5's figure: what two heads say of one person, for histories of several
lengths.

Each head was trained alone, or both together. It shows that one representation
answers two questions, that without a history everybody gets the same answer,
and which head the other one helps. Really trained (`two_tasks.seen`); people
and tags have invented names here.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from mtl_lessons import embed, stored

from .explorable import Explorable, Guess
from .grid import Axis, Point

SAY = embed.strings("heads_seen")
PEOPLE = tuple(SAY["people"].split(", "))
HOBBIES = tuple(SAY["hobbies"].split(", "))  # a name for every tag
TRAINED = ("both", "alone")
HEADS = {"items": "a", "tags": "b"}  # -> the class of its colour
CLEAR = 0.05  # of mean distance: what counts as worse

# The tags of the ten items in a person's history, the last one last: of the
# test users of `two_tasks.Data`, which a test holds them to.
HISTORIES = {
    0: (4, 2, 4, 0, 0, 9, 0, 4, 4, 0),
    1: (9, 9, 9, 9, 9, 9, 3, 9, 9, 9),
    2: (11, 6, 6, 6, 3, 8, 6, 6, 3, 6),
    3: (2, 11, 7, 6, 2, 8, 2, 2, 1, 11),
}

# in units of the drawing, which is 320 wide: where the axes of both heads
# begin, their length, the first row, and from a row to the next
AXES = {"items": 78, "tags": 210}
LONG, TOP, STEP = 100, 40, 18

# of a head what it says of each tag, and `true_<head>`, what is true
Record = dict[str, Any]


class HeadsSeen(Explorable):
    """The item head by tag of the item, and the interest head; `found` as from
    `two_tasks.seen`.
    """

    view = "grounded"

    def __init__(self, found: Sequence[Record] | None = None) -> None:
        self.found = found or stored.read("two_tasks")["seen"]
        users = tuple(sorted({record["user"] for record in self.found}))
        self.lengths = tuple(
            sorted({record["length"] for record in self.found})
        )
        people = tuple(PEOPLE[user] for user in users)
        axes = (
            Axis("user", SAY["user"], people),
            Axis("length", SAY["length"], self.lengths),
            Axis(
                "trained",
                SAY["trained"],
                TRAINED,
                labels=tuple(SAY[how] for how in TRAINED),
            ),
        )
        start = {
            "user": people[0],
            "length": self.lengths[-1],
            "trained": "both",
        }
        super().__init__(axes, SAY["title"], SAY["caption"], start)
        self.guess = self._asked(start)

    def _asked(self, start: Point) -> Guess:
        """Which head the other one helps: by distances over all people."""
        far = {
            f"{head}_{trained}": self.far(head, trained, self.lengths[-1])
            for head in HEADS
            for trained in TRAINED
        }
        worse = tuple(
            far[f"{head}_alone"] > far[f"{head}_both"] + CLEAR for head in HEADS
        )
        heads = ("item-head", "interest-head", "both-heads", "none")
        outcomes = ((True, False), (False, True), (True, True), (False, False))
        return Guess(
            SAY["ask"],
            tuple(SAY[head] for head in heads),
            outcomes.index(worse),
            SAY["told"].format(user=start["user"], **far),
            {**start, "trained": "alone"},
        )

    def far(self, head: str, trained: str, length: int) -> float:
        """Mean distance of a head from the truth, over all people."""
        chosen = [
            record
            for record in self.found
            if (record["trained"], record["length"]) == (trained, length)
        ]
        return float(np.mean([_distance(record, head) for record in chosen]))

    def record(self, state: Point) -> Record:
        user = PEOPLE.index(state["user"])
        return stored.at(self.found, **{**state, "user": user})

    def words(self, state: Point) -> list[str]:
        record = self.record(state)
        first = {head: HOBBIES[np.argmax(record[head])] for head in HEADS}
        far = {head: _distance(record, head) for head in HEADS}
        said = {axis.name: axis.text(state[axis.name]) for axis in self.axes}
        return [
            SAY["point"].format(**said),
            self._history(record, said["user"]),
            SAY["first"].format(**first),
            SAY["far"].format(**far),
        ]

    def _history(self, record: Record, user: str) -> str:
        """The hobbies of what the heads see, the most frequent first."""
        length = record["length"]
        if not length:
            return SAY["no-history"].format(user=user)
        tags = HISTORIES[record["user"]][-length:]
        items = ", ".join(
            f"{HOBBIES[tag]} × {count}" if count > 1 else HOBBIES[tag]
            for tag, count in Counter(tags).most_common()
        )
        return SAY["history"].format(items=items)

    # ---- the drawing ----

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "grounds": [self._ground(user) for user in self.axes[0].values],
            "cells": [
                {"words": self.says(state), "open": self._open(state)}
                | {"drawing": self._bars(state)}
                for state in self.states
            ],
        }

    def draw(self, state: Point) -> str:
        """A row for each hobby, in the order of what the person truly likes: a
        bar for each head, and across it the truth.
        """
        ground = self._ground(state["user"])
        return f"{self._open(state)}{ground}{self._bars(state)}</svg>"

    def _open(self, state: Point) -> str:
        said = escape(" ".join(self.words(state)[1:]), quote=False)
        # single quotes, since a page carries these as JSON
        return (
            f"<svg class='mtl-heads' viewBox='0 0 320 {_row(len(HOBBIES)) + 12}' "
            f"role='img' aria-label='{said}'>"
        )

    def _ground(self, user: str) -> str:
        """What is the same whatever the heads say of a person: names and axes."""
        names = "".join(
            f"<text class='mtl-name' x='70' y='{_row(i) + 4}'>{HOBBIES[tag]}</text>"
            for i, tag in enumerate(self._order(user))
        )
        key = (
            "<path class='mtl-true' d='M4 3v14'/>"
            f"<text x='10' y='14'>{SAY['true']}</text>"
        )
        axes = (_axis(head, self._end(user, head)) for head in HEADS)
        return f"{key}{names}{''.join(axes)}"

    def _bars(self, state: Point) -> str:
        """What both heads say, and over it the truth."""
        record, order = self.record(state), self._order(state["user"])
        bars, true = [], []
        for head, hue in HEADS.items():
            end, left = self._end(state["user"], head), AXES[head]
            said, truth = (
                [round(LONG * record[name][tag] / end) for tag in order]
                for name in (head, f"true_{head}")
            )
            path = "".join(f"M{left} {_row(i)}h{n}" for i, n in enumerate(said))
            bars.append(
                f"<g class='mtl-by-{hue}'><path class='mtl-bar' d='{path}'/></g>"
            )
            true += [
                f"M{left + n} {_row(i) - 7}v14" for i, n in enumerate(truth)
            ]
        return f"{''.join(bars)}<path class='mtl-true' d='{''.join(true)}'/>"

    def _of(self, user: str) -> list[Record]:
        """All that is known of a person."""
        number = PEOPLE.index(user)
        return [record for record in self.found if record["user"] == number]

    def _order(self, user: str) -> list[int]:
        """The tags, what the person truly likes most first."""
        likes = self._of(user)[0]["true_tags"]
        return sorted(range(len(likes)), key=lambda tag: -likes[tag])

    def _end(self, user: str, head: str) -> float:
        """Where a head's axis ends: the item head's, in fifths, is the same for
        all that is known of a person.
        """
        if head == "tags":
            return 1.0
        most = max(
            max(*record["items"], *record["true_items"])
            for record in self._of(user)
        )
        return math.ceil(5 * most) / 5


def _distance(record: Record, head: str) -> float:
    apart = np.subtract(record[head], record[f"true_{head}"])
    return float(np.abs(apart).mean())


def _row(place: int) -> int:
    return TOP + STEP * place


def _axis(head: str, end: float) -> str:
    """The axis of a head, from 0 to `end`, with its name."""
    left, foot = AXES[head], _row(len(HOBBIES))
    places = [left + LONG * i // 2 for i in range(3)]
    grid = "".join(f"M{x} {TOP - 10}V{foot - 8}" for x in places)
    ticks = "".join(
        f"<text class='mtl-tick' x='{x}' y='{foot + 6}'>{end * i / 2:.1f}</text>"
        for i, x in enumerate(places)
    )
    return (
        f"<text class='mtl-head' x='{left}' y='14'>{SAY[head]}</text>"
        f"<path class='mtl-axis' d='{grid}'/>{ticks}"
    )
