"""Chapter 7's figure: six tasks in up to three networks, what each really gains,
and what a cheap signal promised.

All 63 sets of tasks were trained (`choosing_tasks.experiment`), so every
grouping has a measured gain. It shows which signals promise what comes.
"""

from collections.abc import Mapping
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from mtl_lessons import embed, stored
from mtl_lessons.choosing_tasks import groups as of
from mtl_lessons.choosing_tasks.sets import SETS, T
from mtl_lessons.choosing_tasks.world import TASKS, WORLD, WORLDS
from mtl_lessons.metrics import Interval, interval

from .drawing import decimal
from .explorable import Explorable, Guess
from .grid import Axis, Point

SAY = embed.strings("groups")
# name in the store -> key of its text
SIGNALS = {
    "lookahead": "lookahead",
    "gradient cosine": "cosine",
    "CKA": "cka",
    "label correlation": "correlation",
    "label counts": "counts",
}
GROUPINGS = [
    grouping for k in (1, 2, 3) for grouping in of.partitions(range(T), k)
]
START = "lookahead"
TOLD = ("at", "mean", "choice", "drawn", "network", "gain", "promise")

# in units of the drawing, 320 wide: the first row, from row to row; circles;
# middle and half length of both axes; where they end
TOP, STEP = 44, 27
CIRCLE, NEXT = 90, 21
GAIN, GAIN_HALF, GAIN_END = 186, 34, 0.8
PROMISE, PROMISE_HALF = 290, 27
NAME, NUMBER = 77, 260


def networks(grouping: of.Grouping) -> tuple[int, ...]:
    """The network of each task, numbered in the order of their first tasks.

    >>> networks(((0, 2), (1, 3, 4, 5)))
    (0, 1, 0, 1, 1, 1)
    """
    found = [0] * T
    for k, group in enumerate(grouping):
        for task in group:
            found[task] = k
    return tuple(found)


def moved(grouping: of.Grouping, task: int, network: int) -> int:
    """The place in GROUPINGS after a task has moved to a network; one more than
    there are is a new one.
    """
    at = list(networks(grouping))
    at[task] = network
    groups = [[t for t in range(T) if at[t] == k] for k in sorted(set(at))]
    return GROUPINGS.index(tuple(sorted(map(tuple, groups))))


class Measured:
    """What one world holds for the figure."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.excess = of.excess(found["excess"])
        self.gains = {one: of.gain(self.excess, one) for one in SETS}
        values = np.array([self._value(g) for g in GROUPINGS])
        self.values = [_brief(interval(one)) for one in values]
        self.places = _places(values.mean(1))
        self.signals: dict[str, np.ndarray] = {}
        self.promised: dict[str, list[int]] = {}
        for name in SIGNALS:
            mean = np.mean(found[name], axis=0)
            off = mean[~np.eye(T, dtype=bool)]
            # as the browser has them
            self.signals[name] = np.round(mean / np.abs(off).max(), 3)
            promises = [of.promise(mean, grouping) for grouping in GROUPINGS]
            self.promised[name] = _places(np.round(promises, 9))

    def _value(self, grouping: of.Grouping) -> np.ndarray:
        parts = [self.gains[group] for group in grouping]
        return np.concatenate(parts, axis=1).mean(1)

    def gain(self, grouping: of.Grouping, task: int) -> Interval:
        """Measured gain of a task in its group."""
        group = next(g for g in grouping if task in g)
        return _brief(interval(self.gains[group][:, group.index(task)]))

    def promise(self, name: str, grouping: of.Grouping, task: int) -> float:
        """Mean of a signal over the others of the group, in units of the
        largest of the matrix; 0 for a task alone."""
        group = next(g for g in grouping if task in g)
        others = [i for i in group if i != task]
        return float(self.signals[name][others, task].mean()) if others else 0.0

    def choice(self, name: str, count: int) -> int:
        """The place in GROUPINGS of what a signal would choose."""
        places = self.promised[name]
        return next(
            k
            for k, grouping in enumerate(GROUPINGS)
            if len(grouping) == count and places[k] == 1
        )


def _places(values: np.ndarray) -> list[int]:
    """The place of each grouping among those with as many networks, from 1."""
    counts = np.array([len(grouping) for grouping in GROUPINGS])
    return [
        1 + int((values[counts == n] > value).sum())
        for n, value in zip(counts, values, strict=True)
    ]


class Groups(Explorable):
    """Six tasks, put into networks; `found` as from the stored grid."""

    view = "groups"

    def __init__(self, found: Mapping[str, Any] | None = None) -> None:
        found = found or stored.read("choosing_tasks")
        self.measured = {name: Measured(found[name]) for name in WORLDS}
        texts = tuple(_named(grouping) for grouping in GROUPINGS)
        start = {
            "world": "orthogonal",
            "signal": START,
            "grouping": self.measured["orthogonal"].choice(START, 2),
        }
        axes = (
            Axis(
                "world",
                SAY["world"],
                tuple(WORLDS),
                tuple(SAY[f"world-{name}"] for name in WORLDS),
            ),
            Axis(
                "signal",
                SAY["signal"],
                tuple(SIGNALS),
                tuple(SAY[f"signal-{key}"] for key in SIGNALS.values()),
            ),
            Axis(
                "grouping",
                SAY["grouping"],
                tuple(range(len(GROUPINGS))),
                texts,
            ),
        )
        super().__init__(axes, SAY["title"], SAY["caption"], start)
        self.guess = self._asked(start)

    def _asked(self, start: Point) -> Guess:
        """Which of four groupings into two networks is best."""
        offered = (
            ((0, 2), (1, 3, 4, 5)),
            ((0, 2, 3, 5), (1, 4)),
            ((0, 1, 2), (3, 4, 5)),
            ((0, 2, 5), (1, 3, 4)),
        )
        world = self.measured[start["world"]]
        places = [GROUPINGS.index(grouping) for grouping in offered]
        means = [world.values[place].mean for place in places]
        right = int(np.argmax(means))
        told = SAY["told"].format(
            best=decimal(means[right]),
            next=decimal(sorted(means)[-2]),
            worst=decimal(min(means)),
        )
        return Guess(
            SAY["ask"],
            tuple(_named(grouping) for grouping in offered),
            right,
            told,
            {**start, "grouping": places[right]},
        )

    # ---- words ----

    def words(self, state: Point) -> list[str]:
        world, place = self.measured[state["world"]], state["grouping"]
        count = len(GROUPINGS[place])
        same = sum(len(grouping) == count for grouping in GROUPINGS)
        value = world.values[place]
        chosen = world.choice(state["signal"], count)
        texts = {axis.name: axis.text(state[axis.name]) for axis in self.axes}
        return [
            SAY["at"].format(**texts),
            SAY["mean"].format(
                mean=_signed(value.mean),
                low=_signed(value.low),
                high=_signed(value.high),
                place=world.places[place],
                same=same,
                count=count,
            ),
            SAY["choice"].format(
                signal=texts["signal"],
                place=world.promised[state["signal"]][place],
                choice=_named(GROUPINGS[chosen]),
                worth=_signed(world.values[chosen].mean),
            ),
        ]

    # ---- the drawing ----

    @cached_property
    def given(self) -> Mapping[str, Any]:
        counts = [len(grouping) for grouping in GROUPINGS]
        worlds = [self._world(name) for name in WORLDS]
        return {
            "tasks": [_task(name) for name in TASKS],
            "groupings": ["".join(map(str, networks(g))) for g in GROUPINGS],
            "turns": [_turns(grouping) for grouping in GROUPINGS],
            "same": [counts.count(n) for n in (1, 2, 3)],
            "worlds": worlds,
            "say": {key: SAY[key] for key in TOLD},
        }

    def _world(self, name: str) -> dict[str, Any]:
        world = self.measured[name]
        gains = {}
        for one in SETS:
            found = [interval(world.gains[one][:, k]) for k in range(len(one))]
            gains["".join(map(str, one))] = [_brief(part) for part in found]
        return {
            "gains": gains,
            "values": world.values,
            "places": world.places,
            "signals": [world.signals[s].tolist() for s in SIGNALS],
            "promised": [world.promised[s] for s in SIGNALS],
            "choices": [
                [world.choice(s, n) for n in (1, 2, 3)] for s in SIGNALS
            ],
        }

    def draw(self, state: Point) -> str:
        """A row for each task: its network, its measured gain, the promise."""
        world = self.measured[state["world"]]
        grouping = GROUPINGS[state["grouping"]]
        turns = _turns(grouping)
        rows, said = [], []
        for task, name in enumerate(TASKS):
            gain = world.gain(grouping, task)
            promise = world.promise(state["signal"], grouping, task)
            rows.append(_row(task, grouping, turns, gain, promise))
            said.append(f"{name} {_signed(gain.mean)}")
        label = SAY["drawn"].format(gains=", ".join(said))
        height = TOP + STEP * T
        foot = height - 10
        axes = f"M{GAIN} 26V{foot}M{PROMISE} 26V{foot}"
        return (
            f'<svg class="mtl-groups" viewBox="0 0 320 {height}" role="img" '
            f'aria-label="{escape(label)}">'
            f'<text class="mtl-head" x="{CIRCLE + NEXT}" y="14">'
            f"{SAY['network']}</text>"
            f'<text class="mtl-head" x="{GAIN}" y="14">{SAY["gain"]}</text>'
            f'<text class="mtl-head" x="{PROMISE}" y="14">{SAY["promise"]}'
            f'</text><path class="mtl-axis" d="{axes}"/>{"".join(rows)}</svg>'
        )


def _row(
    task: int,
    grouping: of.Grouping,
    turns: list[list[int]],
    gain: Interval,
    promise: float,
) -> str:
    """The same as `taskRow` of web/view_groups.js."""
    mine, y = networks(grouping)[task], TOP + STEP * task
    circles = "".join(
        _circle(CIRCLE + NEXT * k, y, k, mine, turn)
        for k, turn in enumerate(turns[task])
    )
    mean, low, high = (GAIN + GAIN_HALF * _held(v / GAIN_END) for v in gain)
    end = PROMISE + PROMISE_HALF * promise
    hue = "a" if gain.mean >= 0 else "b"
    return (
        f'<g class="mtl-net-{mine + 1}"><text class="mtl-name" x="{NAME}" y="{y + 4}">'
        f"{_task(TASKS[task])}</text>{circles}</g>"
        f'<g class="mtl-by-{hue}"><path class="mtl-bar" '
        f'd="M{GAIN} {y}H{mean:.1f}"/></g>'
        f'<path class="mtl-whisker" d="M{low:.1f} {y}H{high:.1f}"/>'
        f'<text class="mtl-number" x="{NUMBER}" y="{y + 4}">'
        f"{_signed(gain.mean)}</text>"
        f'<g class="mtl-by-none"><path class="mtl-bar" '
        f'd="M{PROMISE} {y}H{end:.1f}"/></g>'
    )


def _circle(x: int, y: int, network: int, mine: int, turn: int) -> str:
    if network == mine:
        return (
            f'<circle class="mtl-in" cx="{x}" cy="{y}" r="9"/>'
            f'<text class="mtl-digit" x="{x}" y="{y + 4}">{network + 1}</text>'
        )
    return (
        f'<g data-turn="2.{turn}"><circle cx="{x}" cy="{y}" r="9"/>'
        f'<text class="mtl-digit" x="{x}" y="{y + 4}">{network + 1}</text></g>'
    )


def _turns(grouping: of.Grouping) -> list[list[int]]:
    """For each task and each network that it can move to, one new one if there
    is room: the grouping after that."""
    room = min(3, len(grouping) + 1)
    return [
        [moved(grouping, task, network) for network in range(room)]
        for task in range(T)
    ]


def _named(grouping: of.Grouping) -> str:
    return " | ".join(
        " + ".join(TASKS[task] for task in group) for group in grouping
    )


def _task(name: str) -> str:
    return f"{name} {WORLD[name].labels:.0%}"


def _signed(value: float) -> str:
    text = decimal(value)
    return text if value < 0 or text == "0.00" else f"+{text}"


def _brief(value: Interval) -> Interval:
    """As the browser has it."""
    return Interval(*(round(part, 4) + 0.0 for part in value))


def _held(value: float) -> float:
    return min(1.0, max(-1.0, value))
