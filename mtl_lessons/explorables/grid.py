"""Settings and measurements: what the dials of a figure stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from mtl_lessons.metrics import Interval, interval
from mtl_lessons.numerals import numeral

# A value of a dial: a number or text. Which of them, each figure knows of its
# own dials.
DialSetting = Any
Point = Mapping[
    str, DialSetting
]  # a value for each dial, by the name of its axis


# ---- settings ----


@dataclass(frozen=True)
class Axis:
    """A setting: its name in code and for readers, its values, and how each of
    them reads.

    A value reads as `labels` has it, else as `format` (a format specification)
    writes it. Values that are text are choices: they are picked from a list,
    numbers with a slider.
    """

    name: str
    label: str
    values: tuple[DialSetting, ...]
    labels: tuple[str, ...] = ()
    format: str = ""

    @property
    def choice(self) -> bool:
        return isinstance(self.values[0], str)

    def text(self, value: DialSetting) -> str:
        """The value for readers."""
        if self.labels:
            return self.labels[self.values.index(value)]
        if isinstance(value, str):
            return value
        default = "," if isinstance(value, int) else ".2f"
        return numeral(value, self.format or default)

    def short(self, value: float) -> str:
        """For the head of a narrow column: `120k`."""
        if value >= 1000 and value % 1000 == 0:
            return f"{value // 1000}k"
        return self.text(value)


def points(axes: Sequence[Axis]) -> list[Point]:
    """Every position of the dials, the last axis fastest."""
    names = [axis.name for axis in axes]
    return [
        dict(zip(names, values))
        for values in product(*(axis.values for axis in axes))
    ]


def place(axes: Sequence[Axis], point: Point) -> int:
    """The index of a point in `points(axes)`, without listing them."""
    at = 0
    for axis in axes:
        at = at * len(axis.values) + axis.values.index(point[axis.name])
    return at


def stored_axes(
    data: Mapping[str, Any], say: Mapping[str, str]
) -> tuple[Axis, ...]:
    """The settings of what is stored, `{"axes": [{"name", "values"}]}`.

    Labels are a figure's own: its text under the name of the axis.
    """
    axes = [(axis["name"], axis["values"]) for axis in data["axes"]]
    return tuple(Axis(name, say[name], tuple(values)) for name, values in axes)


# ---- measurements ----


@dataclass(frozen=True)
class Cell:
    """What was measured at a point: for each measure a number per seed, in one
    order of seeds.
    """

    point: Point
    runs: Mapping[str, Sequence[float]]

    def gain(self, task: str = "", control: str = "single") -> Interval:
        """Mean and 95 % t-interval of `shared - single`, paired by seed.

        `task` is a prefix of both names; `control` is what sharing is compared
        with.
        """
        return interval(
            np.subtract(self.runs[f"{task}shared"], self.runs[task + control])
        )

    def verdict(self, task: str = "", control: str = "single") -> str:
        """`"gain"` or `"loss"` if the interval lies on one side of 0, else
        `"unclear"`.
        """
        _, low, high = self.gain(task, control)
        return "gain" if low > 0 else "loss" if high < 0 else "unclear"


@dataclass(frozen=True)
class Grid:
    """A cell for every combination of the axes' values, the last axis fastest."""

    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]

    @classmethod
    def read(
        cls,
        data: Mapping[str, Any],
        measures: Sequence[str],
        say: Mapping[str, str],
        extra: Sequence[str] = (),
    ) -> "Grid":
        """The grid of what is stored, with labels from a figure's texts.

        Args:
            data: `{"axes": [{"name", "values"}], "cells": [record]}`, where a
                record is `{<axis>: value, <measure>: [a number per seed]}`.
            measures: what every record has to have.
            say: texts, with one under the name of each axis.
            extra: measures that a record may have.

        Raises:
            ValueError: a cell or a measure is missing, a cell is there twice,
                or measures have unequal numbers of seeds; the message names the
                point.
        """
        axes = stored_axes(data, say)
        found: dict[tuple, Cell] = {}
        for record in data["cells"]:
            there = [name for name in extra if name in record]
            cell = as_cell(record, axes, [*measures, *there])
            position = tuple(cell.point.values())
            if position in found:
                raise ValueError(
                    f"expected one cell at {_at(cell.point)}, found two"
                )
            found[position] = cell
        wanted = {tuple(point.values()): point for point in points(axes)}
        for position, point in wanted.items():
            if position not in found:
                raise ValueError(f"expected a cell at {_at(point)}, found none")
        if strange := found.keys() - wanted.keys():
            point = found[min(strange)].point
            raise ValueError(
                f"expected cells on the grid only, found {_at(point)}"
            )
        return cls(axes, tuple(found[position] for position in wanted))

    def at(self, **point: float) -> Cell:
        """The cell at a point, such as `grid.at(relatedness=.5, labels=500)`."""
        names = [axis.name for axis in self.axes]
        if set(point) != set(names):
            found = ", ".join(point) or "none"
            raise ValueError(
                f"expected the dials {', '.join(names)}, found {found}"
            )
        for axis in self.axes:
            if point[axis.name] not in axis.values:
                values = ", ".join(map(str, axis.values))
                raise ValueError(
                    f"dial {axis.name}: expected one of {values}, found "
                    f"{point[axis.name]}"
                )
        return next(cell for cell in self.cells if cell.point == point)

    def words(self, point: Point) -> str:
        """A point for readers: `Relatedness of the tasks 0.5, labels of the
        sparse task 500`.
        """
        said = [(axis.label, axis.text(point[axis.name])) for axis in self.axes]
        text = ", ".join(
            f"{label[0].lower()}{label[1:]} {value}" for label, value in said
        )
        return text[0].upper() + text[1:]


def as_cell(
    record: Mapping[str, Any], axes: Sequence[Axis], measures: Sequence[str]
) -> Cell:
    """A record of a file, or of a training, as a cell.

    Raises:
        ValueError: something is missing, or seeds are uneven.
    """
    names = [axis.name for axis in axes]
    if missing := [name for name in names if name not in record]:
        dials = ", ".join(names)
        raise ValueError(
            f"expected a cell with the dials {dials}, found none for "
            f"{', '.join(missing)}"
        )
    point = {name: record[name] for name in names}
    if missing := [name for name in measures if name not in record]:
        wanted = ", ".join(measures)
        raise ValueError(
            f"at {_at(point)}: expected {wanted}, found no {', '.join(missing)}"
        )
    seeds = {name: len(record[name]) for name in measures}
    if len(set(seeds.values())) > 1:
        found = ", ".join(f"{total} of {name}" for name, total in seeds.items())
        raise ValueError(
            f"at {_at(point)}: expected as many seeds of each, found {found}"
        )
    return Cell(point, {name: tuple(record[name]) for name in measures})


def _at(point: Point) -> str:
    return ", ".join(f"{name}={value}" for name, value in point.items())
