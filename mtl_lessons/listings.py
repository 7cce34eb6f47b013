"""The source of the package, shown in a chapter as it is.

The last line of a cell::

    listings.show(concept.shared_bottom, io.tasks.TaskLoss.__call__)

What a reader sees is what ran: no copy that could go stale.
"""

import inspect
import textwrap
from dataclasses import dataclass
from typing import Any

from mtl_lessons import embed
from mtl_lessons.console import showable


@dataclass(frozen=True)
class Listing:
    """Python code, to be displayed: highlighted where Markdown is.

    >>> Listing("x = 1")
    x = 1
    """

    source: str

    def _repr_markdown_(self) -> str:
        fence = "````" if "```" in self.source else "```"
        return f"{fence}python\n{self.source}\n{fence}"

    def __repr__(self) -> str:
        return showable(self.source)


def show(*objects: Any) -> None:
    """Display the source of functions, classes and methods, with their
    docstrings.

    Raises:
        ValueError: if there is none, or one has no source in Python.

    >>> show(Listing.__repr__)
    def __repr__(self) -> str:
        return showable(self.source)
    """
    if not objects:
        raise ValueError("objects: expected at least one, found none")
    embed.display(Listing("\n\n\n".join(map(source, objects))))


def source(thing: Any) -> str:
    """The source of a function, class or method, without its indentation.

    >>> source(Listing.__repr__).splitlines()[0]
    'def __repr__(self) -> str:'
    """
    try:
        lines = inspect.getsource(inspect.unwrap(thing))
    except (TypeError, OSError):
        raise ValueError(
            "objects: expected functions, classes or methods in Python, found "
            f"{thing!r}"
        ) from None
    return textwrap.dedent(lines).strip()
