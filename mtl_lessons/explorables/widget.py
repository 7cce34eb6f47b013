"""An explorable in a live kernel: the same dials as ipywidgets (7.7 or 8)."""

import sys
from html import escape
from importlib.util import find_spec
from typing import Any

from .. import embed
from .grid import Axis, Cell, as_cell

SAY = embed.strings("explorable")
VIEW = "application/vnd.jupyter.widget-view+json"


def live() -> bool:
    """Is this a kernel that can talk to widgets?"""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel") and find_spec("ipywidgets") is not None


class Widget:
    """The explorable as ipywidgets (7.7 or 8): the same dials."""

    def __init__(self, explorable):
        import ipywidgets

        self.explorable = explorable
        self.wide = {"style": {"description_width": "14em"}, "layout": ipywidgets.Layout(width="98%", max_width="36em")}
        at = explorable.point(explorable.start)
        self.dials = {axis.name: self._dial(ipywidgets, axis, at[axis.name]) for axis in explorable.axes}
        self.head, self.panel, self.foot = (ipywidgets.HTML() for _ in range(3))
        style = ipywidgets.HTML(f"<style>{embed.style('explorable')}</style>")
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

    def __init__(self, explorable):
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
