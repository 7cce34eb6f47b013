"""Chapter 8's figure: what a new ranking is worth, estimated from the log of the
old one, against the truth.

It shows that the rows on which both rankings agree are no sample, that a log
without exploration cannot tell, and what a bound on the weights costs and saves.
The estimates are those of 300 simulated logs a point
(`evaluation.policy_grid.grid`).
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from mtl_lessons import embed, stored

from .explorable import Explorable, Guess
from .grid import Axis, Point

SAY = embed.strings("policy_value")
ESTIMATORS = ("replay", "model", "IPS", "SNIPS", "DR")
ENDLESS = -1.0  # stands for infinity in what is stored
WORTH = (0.05, 0.75)  # ends of the axis
# of the drawing, which is 320 wide
LEFT, RIGHT, TOP, ROW = 64, 304, 38, 30
FOOT = TOP + ROW * len(ESTIMATORS)


class PolicyValue(Explorable):
    """Exploration of the log x bound of the weights; by default with the grid
    that ships with the package.
    """

    view = "grounded"
    plays = "temperature"
    pace = 900

    def __init__(self, grid: Mapping[str, Any] | None = None) -> None:
        self.grid = grid or stored.read("evaluation_policy")
        temperatures, clips = (
            tuple(axis["values"]) for axis in self.grid["axes"]
        )
        axes = (
            Axis(
                "temperature",
                SAY["temperature"],
                temperatures,
                labels=tuple(map(_temperature, temperatures)),
            ),
            Axis("clip", SAY["clip"], clips, labels=tuple(map(_clip, clips))),
        )
        self.true, self.old = (self.grid["truth"][k] for k in ("new", "old"))
        start = {"temperature": 0.0, "clip": ENDLESS}
        caption = SAY["caption"].format(
            logs=self.grid["logs"], rows=self.grid["rows"]
        )
        super().__init__(axes, SAY["title"], caption, start)
        self.guess = self._asked(start)

    def _asked(self, start: Point) -> Guess:
        cell = self.cell(start)
        replayed = cell["replay"]["mean"]
        worths = (replayed, self.old, self.true)
        options = tuple(
            SAY[f"worth-{i}"].format(worth=worth)
            for i, worth in enumerate(worths)
        )
        best = self.cell({"temperature": 1.0, "clip": ENDLESS})["DR"]
        return Guess(
            SAY["ask"].format(replay=replayed, old=self.old),
            options,
            2,
            SAY["told"].format(true=self.true, dr=best["mean"]),
            {"temperature": 1.0, "clip": ENDLESS},
        )

    def cell(self, state: Point) -> dict[str, Any]:
        """What was measured at a point: mean, sd and quantiles by estimator."""
        return stored.at(self.grid["cells"], **state)

    def error(self, state: Point, name: str) -> float:
        """Root mean squared error of an estimator."""
        found = self.cell(state)[name]
        return (found["sd"] ** 2 + (found["mean"] - self.true) ** 2) ** 0.5

    # ---- in words ----

    def words(self, state: Point) -> list[str]:
        cell = self.cell(state)
        where = [
            f"{axis.label} {axis.text(state[axis.name])}" for axis in self.axes
        ]
        said = ", ".join(
            f"{name} {cell[name]['mean']:.2f} ± {cell[name]['sd']:.2f}"
            for name in ESTIMATORS
        )
        best = min(ESTIMATORS, key=lambda name: self.error(state, name))
        return [
            ", ".join(where),
            SAY["said"].format(true=self.true, said=said),
            SAY["best"].format(best=best, error=self.error(state, best)),
        ]

    # ---- drawn ----

    @property
    def given(self) -> Mapping[str, Any]:
        temperatures = self.axes[0].values
        return {
            "grounds": [self._ground()] * len(temperatures),
            "cells": [
                {"words": self.says(state), "open": self._open(state)}
                | {"drawing": self._estimates(state)}
                for state in self.states
            ],
        }

    def draw(self, state: Point) -> str:
        """A row for each estimator: where its estimates lie; across them the
        truth and the old ranking's worth.
        """
        return (
            f"{self._open(state)}{self._ground()}{self._estimates(state)}</svg>"
        )

    def _open(self, state: Point) -> str:
        cell = self.cell(state)
        said = "; ".join(
            SAY["drawn"].format(
                name=name,
                low=cell[name]["quantiles"][0],
                high=cell[name]["quantiles"][-1],
            )
            for name in ESTIMATORS
        )
        label = escape(SAY["drawing"].format(true=self.true, said=said))
        # single quotes, since a page carries these as JSON
        return (
            f"<svg class='mtl-policy' viewBox='0 0 320 {FOOT + 38}' role='img' "
            f"aria-label='{label}'>"
        )

    def _ground(self) -> str:
        """What is the same everywhere: names, the axis, truth and old ranking."""
        names = "".join(
            f"<text y='{_row(i) + 4}'>{name}</text>"
            for i, name in enumerate(ESTIMATORS)
        )
        ticks = [tick / 10 for tick in range(1, 8, 2)]
        lines = "".join(f"M{_x(tick)} {TOP}V{FOOT}" for tick in ticks)
        scale = "".join(
            f"<text x='{_x(tick)}' y='{FOOT + 16}'>{tick:.1f}</text>"
            for tick in ticks
        )
        middle, axis = (LEFT + RIGHT) // 2, SAY["axis"]
        marks = "".join(
            f"<g class='mtl-{name}'><path d='M{_x(worth)} {TOP - 6}V{FOOT}'/>"
            f"<text x='{_x(worth)}' y='{TOP - 22}'>{SAY[name]}</text>"
            f"<text x='{_x(worth)}' y='{TOP - 9}'>{worth:.2f}</text></g>"
            for name, worth in (("old", self.old), ("true", self.true))
        )
        return (
            f"{names}<path class='mtl-axis' d='{lines}'/>{marks}"
            f"<g class='mtl-ticks'>{scale}"
            f"<text x='{middle}' y='{FOOT + 32}'>{axis}</text></g>"
        )

    def _estimates(self, state: Point) -> str:
        cell = self.cell(state)
        wide, middle, dots, numbers = "", "", "", ""
        for i, name in enumerate(ESTIMATORS):
            found, y = cell[name], _row(i)
            low, first, _, third, high = map(_x, found["quantiles"])
            wide += f"M{low} {y}H{high}"
            middle += f"M{first} {y}H{third}"
            at = _x(found["mean"])
            dots += f"<path data-key='{i}' d='M{at} {y}h0'/>"
            numbers += f"<text x='{at}' y='{y - 9}'>{found['mean']:.2f}</text>"
        return (
            f"<g class='mtl-said'><path d='{wide}'/>"
            f"<path class='mtl-middle' d='{middle}'/>{dots}{numbers}</g>"
        )


def _row(place: int) -> int:
    return TOP + ROW * place + 20


def _x(value: float) -> int:
    """Where a worth stands; what is outside of the axis stands at its end."""
    low, high = WORTH
    share = (value - low) / (high - low)
    return round(LEFT + (RIGHT - LEFT) * min(max(share, 0), 1))


def _temperature(value: float) -> str:
    if value == ENDLESS:
        return SAY["uniform"]
    return SAY["greedy"] if value == 0 else f"{value:g}"


def _clip(value: float) -> str:
    return SAY["unbounded"] if value == ENDLESS else f"{value:g}"
