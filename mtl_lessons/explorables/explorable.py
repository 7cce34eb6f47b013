"""A figure with dials, and for every position of them something in words and drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

from .. import embed
from .grid import Axis, Point, place, points
from .widget import VIEW, Widget, live

SAY = embed.strings("explorable")


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
