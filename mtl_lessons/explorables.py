"""Figures to play with: one dial per setting, and for every position of the dials something in words and drawn.

An explorable has three lives, all from the same object::

    transfer_map()            # the last line of a notebook's cell

- without a script it is a figure: the point to begin with, in words and drawn;
- on the site, or in a notebook's output, `web/explorable.js` adds the dials;
- in a live kernel it is ipywidgets with the same dials.

There are two kinds. `Explorable` has any number of dials; it brings words and a drawing for each of their positions, or the
name of a view of `web/explorable.js` that computes them in the browser. `GainMap` is one over measurements on a grid of
two settings: it shows them as a table too, coloured and signed, and in a live kernel it trains at a point that the
reader picks. `transfer_map` is an example of how to describe one.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from html import escape
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np

from . import embed, stored
from .metrics import Interval, interval

SAY = embed.strings("explorable")
SIGNS = {"gain": "▲", "loss": "▼", "unclear": "○"}
VIEW = "application/vnd.jupyter.widget-view+json"

Point = Mapping[str, float | str]
Train = Callable[..., Mapping[str, Any]]  # train(**point, seeds=5, progress=progress) -> a record as in a grid's file


# ---------------------------------------------------------------- settings


@dataclass(frozen=True)
class Axis:
    """A setting: its name in code and for readers, its values, and how to write one (a format specification).

    Values that are text are choices: they are picked from a list, numbers with a slider.
    """

    name: str
    label: str
    values: tuple[float | str, ...]
    format: str = ""

    @property
    def choice(self) -> bool:
        return isinstance(self.values[0], str)

    def text(self, value: float | str) -> str:
        return format(value, self.format or ("" if isinstance(value, str) else "," if isinstance(value, int) else ".2f"))

    def short(self, value: float) -> str:
        """For the head of a narrow column: `120k`."""
        return f"{value // 1000}k" if value >= 1000 and value % 1000 == 0 else self.text(value)


def points(axes: Sequence[Axis]) -> list[Point]:
    """Every position of the dials, the last axis fastest."""
    return [dict(zip((axis.name for axis in axes), values)) for values in product(*(axis.values for axis in axes))]


def place(axes: Sequence[Axis], point: Point) -> int:
    """The index of a point in `points(axes)`, without listing them."""
    at = 0
    for axis in axes:
        at = at * len(axis.values) + axis.values.index(point[axis.name])
    return at


# ---------------------------------------------------------------- measurements


@dataclass(frozen=True)
class Cell:
    """What was measured at a point: for each measure a number per seed, in the same order of seeds."""

    point: Point
    runs: Mapping[str, Sequence[float]]

    def gain(self, task: str = "") -> Interval:
        """Mean and 95 % t-interval of `shared - single`, paired by seed; `task` is a prefix of both names."""
        return interval(np.subtract(self.runs[f"{task}shared"], self.runs[f"{task}single"]))

    def verdict(self, task: str = "") -> str:
        """`"gain"` or `"loss"` if the interval lies on one side of 0, else `"unclear"`."""
        _, low, high = self.gain(task)
        return "gain" if low > 0 else "loss" if high < 0 else "unclear"


@dataclass(frozen=True)
class Grid:
    """A cell for every combination of the axes' values, the last axis fastest."""

    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]

    @classmethod
    def read(cls, data: Mapping[str, Any], measures: Sequence[str]) -> "Grid":
        """A grid from `{"axes": [{"name", "label", "values"}], "cells": [{<axis>: value, <measure>: [a number per seed]}]}`.

        Raises `ValueError` that names the point where a cell or a measure is missing, a cell is there twice, or measures
        have unequal numbers of seeds.
        """
        axes = tuple(Axis(**axis | {"values": tuple(axis["values"])}) for axis in data["axes"])
        found = {}
        for record in data["cells"]:
            cell = as_cell(record, axes, measures)
            if (position := tuple(cell.point.values())) in found:
                raise ValueError(f"expected one cell at {_at(cell.point)}, found two")
            found[position] = cell
        wanted = {tuple(point.values()): point for point in points(axes)}
        for position, point in wanted.items():
            if position not in found:
                raise ValueError(f"expected a cell at {_at(point)}, found none")
        if strange := found.keys() - wanted.keys():
            raise ValueError(f"expected cells on the grid only, found {_at(found[min(strange)].point)}")
        return cls(axes, tuple(found[position] for position in wanted))

    def at(self, **point: float) -> Cell:
        """The cell at a point, such as `grid.at(relatedness=.5, labels=500)`."""
        names = [axis.name for axis in self.axes]
        if set(point) != set(names):
            raise ValueError(f"expected the dials {', '.join(names)}, found {', '.join(point) or 'none'}")
        for axis in self.axes:
            if point[axis.name] not in axis.values:
                raise ValueError(
                    f"dial {axis.name}: expected one of {', '.join(map(str, axis.values))}, found {point[axis.name]}"
                )
        return next(cell for cell in self.cells if cell.point == point)

    def words(self, point: Point) -> str:
        """A point for readers: `Relatedness of the tasks 0.5, labels of the sparse task 500`."""
        text = ", ".join(f"{axis.label[0].lower()}{axis.label[1:]} {axis.text(point[axis.name])}" for axis in self.axes)
        return text[0].upper() + text[1:]


def as_cell(record: Mapping[str, Any], axes: Sequence[Axis], measures: Sequence[str]) -> Cell:
    """A record of a file, or of a training, as a cell; raises `ValueError` if something is missing or uneven."""
    names = [axis.name for axis in axes]
    if missing := [name for name in names if name not in record]:
        raise ValueError(f"expected a cell with the dials {', '.join(names)}, found none for {', '.join(missing)}")
    point = {name: record[name] for name in names}
    if missing := [name for name in measures if name not in record]:
        raise ValueError(f"at {_at(point)}: expected {', '.join(measures)}, found no {', '.join(missing)}")
    seeds = {name: len(record[name]) for name in measures}
    if len(set(seeds.values())) > 1:
        raise ValueError(
            f"at {_at(point)}: expected as many seeds of each, found {', '.join(f'{n} of {k}' for k, n in seeds.items())}"
        )
    return Cell(point, {name: tuple(record[name]) for name in measures})


def _at(point: Point) -> str:
    return ", ".join(f"{name}={value}" for name, value in point.items())


def signed(value: float) -> str:
    """`+0.203` or `−0.032`, with a real minus."""
    return f"{value:+.3f}".replace("-", "−")


def brief(value: float) -> str:
    """`+.20` or `−.03`: two decimals, for a narrow cell."""
    return signed(value)[:1] + f"{abs(value):.2f}".removeprefix("0")


# ---------------------------------------------------------------- what is shown


@dataclass(frozen=True)
class Explorable:
    """Dials, and for every position of them something in words and drawn.

    `title` and `caption` stand above and below; `words` says a point, in lines of text of which the first names it, and
    `draw` draws it, as HTML (an `<svg role="img" aria-label=...>` or a table); `start` is the point to begin with.

    By default all points are drawn beforehand. With `view`, the browser computes them: it is the name of a view of
    `web/explorable.js`, and `given` is what that view is told besides the dials. `words` and `draw` are then what a kernel
    shows, and a page without scripts for `start`: they have to say the same as the view.
    """

    axes: tuple[Axis, ...]
    title: str
    caption: str
    words: Callable[[Any], list[str]]
    draw: Callable[[Any], str]
    start: Any
    view: str = "drawing"
    given: Mapping[str, Any] = field(default_factory=dict)
    legend: str = "turn"  # what is said above the dials, of the strings

    def state(self, point: Point) -> Any:
        """What there is at a position of the dials: here the point itself."""
        return point

    def point(self, state: Any) -> Point:
        """The position of the dials for a state."""
        return state

    @property
    def states(self) -> list[Any]:
        """The state at each position of the dials, the last axis fastest."""
        return list(map(self.state, points(self.axes)))

    def html(self) -> str:
        """The static figure and the data of its dials, without the engine."""
        data = {
            "view": self.view,
            "dials": [
                {"label": axis.label, "choice": axis.choice, "values": [axis.text(value) for value in axis.values]}
                for axis in self.axes
            ],
            "start": place(self.axes, self.point(self.start)),
            "say": {"dials": SAY[self.legend]},
        }
        if self.view == "drawing":
            data["cells"] = [{"words": self.says(state), "drawing": self.draw(state)} for state in self.states]
        data |= {"given": dict(self.given)} if self.given else {}
        return f'<figure class="mtl-explorable">{self.head()}{self.panel(self.start)}{self.foot()}{embed.data(data)}</figure>'

    def head(self) -> str:
        return f'<p class="mtl-title">{escape(self.title)}</p>'

    def foot(self) -> str:
        return f"<figcaption>{escape(self.caption)}</figcaption>"

    def panel(self, state: Any) -> str:
        """One point in words and drawn."""
        return f'<div class="mtl-panel"><p>{self.says(state)}</p><div>{self.draw(state)}</div></div>'

    def says(self, state: Any) -> str:
        point, *lines = map(escape, self.words(state))
        return " ".join([f"<strong>{point}.</strong>", *(f"<span>{line}</span>" for line in lines)])

    def __repr__(self) -> str:
        return "\n".join([self.title, *self.words(self.start), self.caption])

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        bundle = {"text/plain": repr(self), "text/html": embed.carry(self.html(), "explorable")}
        if live():
            bundle[VIEW] = {"version_major": 2, "version_minor": 0, "model_id": self.widget.box.model_id}
        return bundle

    @cached_property
    def widget(self) -> "Widget":
        return Widget(self)


@dataclass(frozen=True, kw_only=True)
class GainMap(Explorable):
    """A grid with two axes: a table of gains whose cells are the dials' positions, too.

    `words` and `draw` get a cell; `train(**point, seeds, progress)` measures at a new point, within `limits` (by default, the
    ends of the axis).
    """

    grid: Grid
    train: Train
    limits: Mapping[str, tuple[float, float]]
    legend: str = "dials"

    def state(self, point: Point) -> Cell:
        return self.grid.at(**point)

    def point(self, state: Cell) -> Point:
        return state.point

    def head(self) -> str:
        return self.table(self.start)

    def foot(self) -> str:
        return ""  # it stands under the table

    def table(self, current: Cell | None, own: Sequence[Cell] = ()) -> str:
        """The map as a table, `current` marked, the reader's `own` cells below."""
        rows, columns = self.axes
        width = len(columns.values)
        strongest = max(abs(cell.gain().mean) for cell in self.grid.cells)
        mark = partial(_field, current=current, strongest=strongest)
        head = "".join(f'<th scope="col">{columns.short(value)}</th>' for value in columns.values)
        body = ""
        for i, value in enumerate(rows.values):
            fields = "".join(map(mark, self.grid.cells[i * width : (i + 1) * width]))
            body += f'<tr><th scope="row">{rows.text(value)}</th>{fields}</tr>'
        mine = "".join(
            f'<tr><th scope="row" colspan="{width}">{SAY["yours"]}: {escape(self.grid.words(cell.point))}</th>{mark(cell)}</tr>'
            for cell in own
        )
        key = "".join(f"<li>{SIGNS[verdict]} {SAY[verdict]}</li>" for verdict in SIGNS)
        return (
            f'<div class="mtl-map"><table><caption>{escape(self.title)}</caption>'
            f'<thead><tr><th scope="col" rowspan="2">{escape(rows.label)}</th><th scope="colgroup" colspan="{width}">{escape(columns.label)}</th></tr>'
            f"<tr>{head}</tr></thead><tbody>{body}</tbody>{mine and f'<tbody>{mine}</tbody>'}</table>"
            f'<ul class="mtl-legend">{key}</ul><figcaption>{escape(self.caption)}</figcaption></div>'
        )

    def __repr__(self) -> str:
        rows, columns = self.axes
        width = len(columns.values)
        lines = [["", *map(columns.text, columns.values)]]
        for i, value in enumerate(rows.values):
            cells = self.grid.cells[i * width : (i + 1) * width]
            lines.append([rows.text(value), *(f"{signed(cell.gain().mean)} {SIGNS[cell.verdict()]}" for cell in cells)])
        table = "\n".join("".join(f"{text:>10}" for text in line) for line in lines)
        key = ", ".join(f"{SIGNS[verdict]} {SAY[verdict]}" for verdict in SIGNS)
        return f"{self.title}\n{rows.label} (rows), {columns.label} (columns)\n{table}\n{key}. {self.caption}"

    @cached_property
    def widget(self) -> "Trainer":
        return Trainer(self)


def _field(cell: Cell, current: Cell | None, strongest: float) -> str:
    """A cell of the table; its sign says what its colour says, its heat (1 to 4) how large the gain is."""
    mean, verdict = cell.gain().mean, cell.verdict()
    heat = math.ceil(4 * abs(mean) / strongest) if verdict != "unclear" else 0
    mark = ' aria-current="true"' if cell is current else ""
    return (
        f'<td data-verdict="{verdict}" data-heat="{heat}"{mark}>{brief(mean)} '
        f'<span aria-hidden="true">{SIGNS[verdict]}</span><span class="mtl-unseen">{SAY[verdict]}</span></td>'
    )


# ---------------------------------------------------------------- in a live kernel


def live() -> bool:
    """Is this a kernel that can talk to widgets?"""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel") and find_spec("ipywidgets") is not None


class Widget:
    """The explorable as ipywidgets (7.7 or 8): the same dials."""

    def __init__(self, explorable: Explorable):
        import ipywidgets

        self.explorable = explorable
        self.wide = {"style": {"description_width": "14em"}, "layout": ipywidgets.Layout(width="98%", max_width="36em")}
        at = explorable.point(explorable.start)
        self.dials = {axis.name: self._dial(ipywidgets, axis, at[axis.name]) for axis in explorable.axes}
        self.head, self.panel, self.foot = (ipywidgets.HTML() for _ in range(3))
        style = ipywidgets.HTML(f"<style>{embed.asset('mtl.css')}</style>")
        self.foot.value = _figure(explorable.foot())
        self.box = ipywidgets.VBox([style, self.head, *self.dials.values(), self.panel, self.foot])
        for dial in self.dials.values():
            dial.observe(self._turn, "value")

        self.show(explorable.start)

    def _dial(self, ipywidgets, axis: Axis, value: float | str):
        kind = ipywidgets.Dropdown if axis.choice else ipywidgets.SelectionSlider
        options = [(axis.text(value), value) for value in axis.values]
        return kind(options=options, value=value, description=axis.label, **self.wide)

    def show(self, state: Any) -> None:
        self.head.value = _figure(self.explorable.head())
        self.panel.value = _figure(self.explorable.panel(state))

    def _turn(self, change) -> None:
        self.show(self.explorable.state({name: dial.value for name, dial in self.dials.items()}))


def _figure(html: str) -> str:
    """A part of an explorable as a widget shows it: styled, and not mounted by the engine."""
    return f'<div class="mtl-explorable" data-mounted>{html}</div>'


class Trainer(Widget):
    """A map as ipywidgets, with a button that trains where the reader likes."""

    def __init__(self, explorable: GainMap):
        import ipywidgets

        self.own = []
        super().__init__(explorable)
        self.inputs = {axis.name: self._input(ipywidgets, axis) for axis in explorable.axes}
        self.seeds = ipywidgets.BoundedIntText(value=5, min=2, max=20, description=SAY["seeds"], **self.wide)
        self.button = ipywidgets.Button(description=SAY["train"], button_style="primary")
        self.bar = ipywidgets.IntProgress(description=SAY["progress"], **self.wide)
        self.bar.layout.visibility = "hidden"
        self.message = ipywidgets.HTML()
        heading = ipywidgets.HTML(f"<strong>{SAY['own']}</strong>")
        self.box.children += (heading, *self.inputs.values(), self.seeds, self.button, self.bar, self.message)
        self.button.on_click(self._train)

    def _input(self, ipywidgets, axis: Axis):
        low, high = self.explorable.limits.get(axis.name, (axis.values[0], axis.values[-1]))
        value = self.shown.point[axis.name]
        if isinstance(value, float):
            slider = ipywidgets.FloatSlider
            return slider(value=value, min=low, max=high, step=(high - low) / 100, description=axis.label, **self.wide)
        return ipywidgets.BoundedIntText(value=value, min=low, max=high, description=axis.label, **self.wide)

    def show(self, cell: Cell) -> None:
        self.shown = cell
        self.head.value = _figure(self.explorable.table(cell, self.own))
        self.panel.value = _figure(self.explorable.panel(cell))

    def _train(self, button) -> None:
        button.disabled, self.bar.layout.visibility, self.message.value = True, "visible", ""
        point = {name: control.value for name, control in self.inputs.items()}
        try:
            record = self.explorable.train(**point, seeds=self.seeds.value, progress=self._progress)
            cell = as_cell(record, self.explorable.axes, list(self.shown.runs))
            self.own.append(cell)
            self.show(cell)
            self.message.value = f'<p role="status">{SAY["trained"]}: {self.explorable.says(cell)}</p>'
        except (Exception, KeyboardInterrupt) as error:  # whatever it is, the reader sees it here, and can try again
            reason = f"{type(error).__name__}: {error}".removesuffix(": ")
            self.message.value = f'<p role="alert">{escape(SAY["failed"].format(reason=reason))}</p>'
        finally:
            button.disabled, self.bar.layout.visibility, self.bar.value = False, "hidden", 0

    def _progress(self, done: int, total: int) -> None:
        self.bar.max, self.bar.value = total, done


# ---------------------------------------------------------------- chapter 1: the transfer map

MEASURES = ("single", "shared", "bayes", "item_single", "item_shared")
DRAWN = ("single", "shared", "bayes")


def transfer_map(grid: Grid | None = None, train: Train | None = None) -> GainMap:
    """What sharing gains over a single-task model: relatedness of two tasks x labels of the sparse one.

    By default the grid that ships with the package, and `concept.transfer` to train (TensorFlow is imported when the reader
    presses the button, not before).
    """
    if grid is None:
        grid = Grid.read(stored.read("concept_transfer"), MEASURES)
    seeds = len(grid.cells[0].runs["single"])
    return GainMap(
        grid.axes,
        title=SAY["transfer-title"].format(seeds=seeds),
        caption=SAY["transfer-caption"],
        words=partial(_transfer_words, grid),
        draw=partial(dots, measures=DRAWN, span=_span(grid, DRAWN)),
        start=max(grid.cells, key=lambda cell: cell.gain().mean),  # the largest gain
        grid=grid,
        train=train or _train,
        limits={"relatedness": (0.0, 1.0)},
    )


def _train(**arguments) -> dict[str, Any]:
    from .concept import transfer

    return transfer(**arguments)


def _transfer_words(grid: Grid, cell: Cell) -> list[str]:
    lines = [grid.words(cell.point)]
    for task in ("", "item_"):
        gain = {name: signed(value) for name, value in cell.gain(task)._asdict().items()}
        lines.append(SAY[f"transfer-{task}words"].format(verdict=SAY[cell.verdict(task)], **gain))
    return lines


def _span(grid: Grid, measures: Sequence[str]) -> tuple[float, float]:
    """Round ends, in tenths, that hold every run of the grid."""
    runs = [run for cell in grid.cells for name in measures for run in cell.runs[name]]
    return math.floor(min(runs) * 10) / 10, math.ceil(max(runs) * 10) / 10


# ---------------------------------------------------------------- a drawing that many explorables can use

LEFT, RIGHT, ROW = 98, 306, 40  # in units of the drawing, which is 320 wide


def dots(cell: Cell, measures: Sequence[str], span: tuple[float, float]) -> str:
    """A row per measure: a dot per seed, the mean and its 95 % interval; `span` is the axis, the same for all cells."""
    runs = [run for name in measures for run in cell.runs[name]]
    low, high = min(span[0], *runs), max(span[1], *runs)

    def x(value: float) -> str:
        return f"{LEFT + (RIGHT - LEFT) * (value - low) / (high - low):.1f}"

    means = {name: interval(cell.runs[name]) for name in measures}
    rows = "".join(_row(name, cell.runs[name], means[name], 18 + ROW * i, x) for i, name in enumerate(measures))
    foot = ROW * len(measures)
    ticks = [tick / 10 for tick in range(math.ceil(low * 10), math.floor(high * 10) + 1)]
    axis = "".join(f'<text x="{x(tick)}" y="{foot + 16}" text-anchor="middle">{tick:.1f}</text>' for tick in ticks)
    lines = "".join(f"M{x(tick)} 4V{foot}" for tick in ticks)
    said = "; ".join(f"{SAY[name]} {found.mean:.3f} ({found.low:.3f}–{found.high:.3f})" for name, found in means.items())
    return (
        f'<svg viewBox="0 0 320 {foot + 20}" role="img" aria-label="{escape(SAY["dots"].format(said=said))}">'
        f'<path class="mtl-axis" d="{lines}"/>{axis}<text y="{foot + 16}">AUC</text>{rows}</svg>'
    )


def _row(name: str, runs: Sequence[float], mean: Interval, y: int, x: Callable[[float], str]) -> str:
    spread = [y + 6 * (i % 3 - 1) for i in range(len(runs))]  # so that equal runs stay apart
    points = "".join(f"M{x(run)} {height}h0" for run, height in zip(runs, spread))
    bar = f"M{x(mean.low)} {y}H{x(mean.high)}M{x(mean.mean)} {y - 11}V{y + 11}"
    return f'<g class="mtl-{name}"><text y="{y - 2}">{SAY[name]}</text><text y="{y + 13}">{mean.mean:.3f}</text><path class="mtl-dots" d="{points}"/><path d="{bar}"/></g>'
