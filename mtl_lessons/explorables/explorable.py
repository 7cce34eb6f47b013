"""A figure with dials, and for every position of them something in words and
drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from mtl_lessons import embed

from .grid import Axis, Point, place, points
from .widget import VIEW, Widget, live

SAY = embed.strings("explorable")
# texts for the browser, whatever the figure
SAID = (
    *("guess", "reveal", "right", "wrong", "again", "link", "play", "pause"),
    "arrows",
)


@dataclass(frozen=True)
class Guess:
    """What a figure asks before it tells.

    Args:
        ask: the question.
        options: the answers to choose from.
        right: the place of the right one in `options`.
        told: what is shown then, and why.
        at: the position of the dials that shows it.

    >>> Guess("Who wins?", ("a", "b"), 1, "b does.", {"round": 3}).right
    1
    """

    ask: str
    options: tuple[str, ...]
    right: int
    told: str
    at: Point

    def html(self) -> str:
        """The question with its answer folded, for where no script runs."""
        answer = f"{self.options[self.right]}. {self.told}"
        return (
            f'<div class="mtl-guess"><p>{escape(self.ask)}</p><details>'
            f"<summary>{SAY['answer']}</summary><p>{escape(answer)}</p>"
            "</details></div>"
        )


class Explorable:
    """Dials, and for every position of them something in words and drawn.

    A figure is a class with two methods: `words` and `draw`. By default all
    points are drawn beforehand. A figure whose browser computes them names its
    `view` (of `VIEWS` in `web/explorable.js`) and, in `given`, what that view
    is told besides the dials. Its `words` and `draw` are then what a kernel
    shows, and a page without scripts for `start`: they have to say the same as
    the view.

    Args:
        axes: the dials.
        title: stands above.
        caption: stands below.
        start: the state to begin with.
    """

    # of FIGURES: a link to a state names it
    name = ""
    view = "drawing"
    # the axis that "Play" turns, where a process is the point, and the time
    # that a step of it takes, in ms
    plays = ""
    pace = 100
    # what is asked first
    guess: Guess | None = None
    # what is said above the dials, of the texts that all figures share
    legend = "turn"

    def __init__(
        self, axes: Sequence[Axis], title: str, caption: str, start: Any
    ) -> None:
        self.axes = tuple(axes)
        self.title = title
        self.caption = caption
        self.start = start
        for axis in self.axes:
            value = self.point(start)[axis.name]
            if value not in axis.values:
                expected = ", ".join(map(str, axis.values))
                raise ValueError(
                    f"start: expected {axis.name} of {expected}, found "
                    f"{value!r}"
                )

    # ---- what a figure brings ----

    def words(self, state: Any) -> list[str]:
        """A state in lines of text, of which the first names it."""
        raise NotImplementedError

    def draw(self, state: Any) -> str:
        """A state drawn, as HTML: an `<svg role="img" aria-label=...>` or a
        table.
        """
        raise NotImplementedError

    @property
    def given(self) -> Mapping[str, Any]:
        """What the view is told, where the browser computes."""
        return {}

    def state(self, point: Point) -> Any:
        """What there is at a position of the dials: by default the point
        itself.
        """
        return point

    def point(self, state: Any) -> Point:
        """The position of the dials for a state."""
        return state

    # ---- the figure as HTML and as text ----

    @property
    def states(self) -> list[Any]:
        """The state at each position of the dials, the last axis fastest."""
        return list(map(self.state, points(self.axes)))

    def html(self) -> str:
        """The static figure and the data of its dials, without the engine."""
        parts = (
            self.asked(),
            self.head(),
            self.panel(self.start),
            self.foot(),
            embed.data(self._data()),
        )
        mark = f' id="{self.name}"' if self.name else ""
        return f'<figure class="mtl-explorable"{mark}>{"".join(parts)}</figure>'

    def _data(self) -> dict[str, Any]:
        data = {
            "name": self.name,
            "view": self.view,
            "dials": list(map(_dial, self.axes)),
            "start": place(self.axes, self.point(self.start)),
            "guess": self._guess(),
            "say": {"dials": SAY[self.legend]}
            | {key: SAY[key] for key in SAID},
        }
        if self.plays:
            names = [axis.name for axis in self.axes]
            data["play"] = {"dial": names.index(self.plays), "pace": self.pace}
        if self.view == "drawing":
            data["cells"] = [self._cell(state) for state in self.states]
        else:
            data["given"] = dict(self.given)
        return data

    def _guess(self) -> dict[str, Any] | None:
        """What the browser needs to judge a guess."""
        if self.guess is None:
            return None
        return {
            "options": self.guess.options,
            "right": self.guess.right,
            "told": self.guess.told,
            "at": place(self.axes, self.guess.at),
        }

    def _cell(self, state: Any) -> dict[str, str]:
        return {"words": self.says(state), "drawing": self.draw(state)}

    def head(self) -> str:
        return f'<p class="mtl-title">{escape(self.title)}</p>'

    def asked(self) -> str:
        """What is asked first, if anything is."""
        return self.guess.html() if self.guess else ""

    def foot(self) -> str:
        return f"<figcaption>{escape(self.caption)}</figcaption>"

    def panel(self, state: Any) -> str:
        """One point in words and drawn."""
        words, drawing = self.says(state), self.draw(state)
        return (
            f'<div class="mtl-panel"><p>{words}</p><div>{drawing}</div></div>'
        )

    def says(self, state: Any) -> str:
        """The words as HTML."""
        point, *lines = map(escape, self.words(state))
        return " ".join(
            [
                f"<strong>{point}.</strong>",
                *(f"<span>{line}</span>" for line in lines),
            ]
        )

    def __repr__(self) -> str:
        return "\n".join([self.title, *self.words(self.start), self.caption])

    # ---- in a notebook ----

    # IPython names what it wants
    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        html = embed.carry(self.html(), "explorable")
        bundle: dict[str, Any] = {"text/plain": repr(self), "text/html": html}
        if live():
            model = self.widget.box.model_id
            bundle[VIEW] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": model,
            }
        return bundle

    @cached_property
    def widget(self) -> Widget:
        return Widget(self)


def _dial(axis: Axis) -> dict[str, Any]:
    values = [axis.text(value) for value in axis.values]
    return {"label": axis.label, "choice": axis.choice, "values": values}
