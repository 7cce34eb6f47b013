"""A figure in a live kernel: the same dials as ipywidgets (7.7 or 8)."""

import sys
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from mtl_lessons import embed

from .grid import Axis, Cell, DialSetting, Point, as_cell

if TYPE_CHECKING:
    import ipywidgets  # at run time only where there is a kernel

SAY = embed.strings("explorable")
VIEW = "application/vnd.jupyter.widget-view+json"


class Figure(Protocol):
    """What a widget asks of a figure."""

    axes: tuple[Axis, ...]
    start: Any

    def state(self, point: Point) -> Any: ...
    def point(self, state: Any) -> Point: ...
    def head(self) -> str: ...
    def panel(self, state: Any) -> str: ...
    def foot(self) -> str: ...


class Trainable(Figure, Protocol):
    """What a widget asks of a map at whose points a reader trains."""

    limits: Mapping[str, tuple[float, float]]
    extra: Sequence[str]
    train: Callable[..., Mapping[str, Any]]

    def table(self, current: Cell | None, own: Sequence[Cell] = ()) -> str: ...
    def says(self, state: Cell) -> str: ...


def live() -> bool:
    """Is this a kernel that can talk to widgets?"""
    shell = (
        sys.modules["IPython"].get_ipython()
        if "IPython" in sys.modules
        else None
    )
    return hasattr(shell, "kernel") and find_spec("ipywidgets") is not None


class Widget:
    """A figure with its dials."""

    def __init__(self, figure: Figure) -> None:
        import ipywidgets

        self.figure = figure
        layout = ipywidgets.Layout(width="98%", max_width="36em")
        self.wide = {"style": {"description_width": "14em"}, "layout": layout}
        at = figure.point(figure.start)
        self.dials = {
            axis.name: self._dial(axis, at[axis.name]) for axis in figure.axes
        }
        self.head, self.panel, self.foot = (ipywidgets.HTML() for _ in range(3))
        self.foot.value = _styled(figure.foot())
        style = ipywidgets.HTML(f"<style>{embed.sheets('explorable')}</style>")
        parts = [style, self.head, *self.dials.values(), self.panel, self.foot]
        self.box = ipywidgets.VBox(parts)
        for dial in self.dials.values():
            dial.observe(self._turn, "value")
        self.show(figure.start)

    def _dial(self, axis: Axis, value: DialSetting) -> "ipywidgets.ValueWidget":
        import ipywidgets

        kind = (
            ipywidgets.Dropdown if axis.choice else ipywidgets.SelectionSlider
        )
        options = [(axis.text(one), one) for one in axis.values]
        return kind(
            options=options, value=value, description=axis.label, **self.wide
        )

    def show(self, state: Any) -> None:
        self.head.value = _styled(self.figure.head())
        self.panel.value = _styled(self.figure.panel(state))

    def _turn(self, _change: Any) -> None:
        point = {name: dial.value for name, dial in self.dials.items()}
        self.show(self.figure.state(point))


def _styled(html: str) -> str:
    """A part of a figure as a widget shows it: styled, and not mounted by the
    engine.
    """
    return f'<div class="mtl-explorable" data-mounted>{html}</div>'


class Trainer(Widget):
    """A map with its dials, and with a button that trains where the reader
    likes.
    """

    figure: Trainable

    def __init__(self, figure: Trainable) -> None:
        import ipywidgets

        self.own: list[Cell] = []
        super().__init__(figure)
        self.inputs = {axis.name: self._input(axis) for axis in figure.axes}
        seeds = {"value": 5, "min": 2, "max": 20, "description": SAY["seeds"]}
        self.seeds = ipywidgets.BoundedIntText(**seeds, **self.wide)
        self.button = ipywidgets.Button(
            description=SAY["train"], button_style="primary"
        )
        self.bar = ipywidgets.IntProgress(
            description=SAY["progress"], **self.wide
        )
        self.bar.layout.visibility = "hidden"
        self.message = ipywidgets.HTML()
        heading = ipywidgets.HTML(f"<strong>{SAY['own']}</strong>")
        controls = (*self.inputs.values(), self.seeds, self.button, self.bar)
        self.box.children += (heading, *controls, self.message)
        self.button.on_click(self._train)

    def _input(self, axis: Axis) -> "ipywidgets.ValueWidget":
        import ipywidgets

        low, high = self.figure.limits.get(
            axis.name, (axis.values[0], axis.values[-1])
        )
        value = self.shown.point[axis.name]
        given = {
            "value": value,
            "min": low,
            "max": high,
            "description": axis.label,
        }
        if isinstance(value, float):
            return ipywidgets.FloatSlider(
                step=(high - low) / 100, **given, **self.wide
            )
        return ipywidgets.BoundedIntText(**given, **self.wide)

    def show(self, state: Cell) -> None:
        self.shown = state
        self.head.value = _styled(self.figure.table(state, self.own))
        self.panel.value = _styled(self.figure.panel(state))

    def _train(self, button: Any) -> None:
        button.disabled, self.bar.layout.visibility, self.message.value = (
            True,
            "visible",
            "",
        )
        point = {name: control.value for name, control in self.inputs.items()}
        try:
            seeds = self.seeds.value
            record = self.figure.train(
                **point, seeds=seeds, progress=self._progress
            )
            cell = as_cell(record, self.figure.axes, self._measures(record))
            self.own.append(cell)
            self.show(cell)
            said = f"{SAY['trained']}: {self.figure.says(cell)}"
            self.message.value = f'<p role="status">{said}</p>'
        # whatever it is, the reader sees it here
        except (Exception, KeyboardInterrupt) as error:
            reason = f"{type(error).__name__}: {error}".removesuffix(": ")
            said = escape(SAY["failed"].format(reason=reason))
            self.message.value = f'<p role="alert">{said}</p>'
        finally:
            button.disabled, self.bar.layout.visibility, self.bar.value = (
                False,
                "hidden",
                0,
            )

    def _measures(self, record: Mapping[str, Any]) -> list[str]:
        """What a new cell has to have, and what else was measured."""
        extra = self.figure.extra
        names = self.figure.start.runs
        return [name for name in names if name in record or name not in extra]

    def _progress(self, done: int, total: int) -> None:
        self.bar.max, self.bar.value = total, done
