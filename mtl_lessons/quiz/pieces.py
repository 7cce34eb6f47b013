"""Pieces of HTML of which questions and answers are made."""

from html import escape

from .. import embed
from ..markup import tag, to_html

SAY = embed.strings("quiz")


def rich(text: str) -> str:
    """Markdown as HTML blocks; code that scrolls can be reached by keyboard and has a name."""
    return to_html(text).replace("<pre>", f'<pre tabindex="0" role="group" aria-label="{escape(SAY["code"])}">')


def why(name, word: str, text: str, verdict: str) -> str:
    """Feedback that the script finds by `name`, with a word before it for readers without a script."""
    return tag(
        "li",
        tag("span", escape(word), class_="mtl-word"),
        tag("div", rich(text), class_="mtl-why"),
        data_for=name,
        data_verdict=verdict,
    )


def points(number: int) -> str:
    return SAY["points-1" if number == 1 else "points-n"].format(points=number)
