"""Pieces of HTML of which questions and answers are made, and the words that
they need.
"""

from collections.abc import Iterable
from html import escape

from mtl_lessons import embed
from mtl_lessons.markup import tag, to_html

SAY = embed.strings("quiz")
# the shape of what is said of an answer
FEEDBACK = {"right": str, "wrong": str}


def inline(text: str) -> str:
    """Markdown as HTML within a line."""
    return to_html(text, inline=True)


def rich(text: str) -> str:
    """Markdown as HTML blocks; code that scrolls can be reached by keyboard and
    has a name.
    """
    name = escape(SAY["code"])
    return to_html(text).replace(
        "<pre>", f'<pre tabindex="0" role="group" aria-label="{name}">'
    )


def code_block(text: str) -> str:
    """Code as a block that can be reached by keyboard and has a name."""
    code = tag("code", escape(text))
    return tag("pre", code, tabindex=0, role="group", aria_label=SAY["code"])


def listed(texts: Iterable[str], name: str = "ol") -> str:
    """Texts in Markdown as a list."""
    return tag(name, *(tag("li", inline(text)) for text in texts))


def field(label: str, control: str) -> str:
    """A control in which something is typed, with its label."""
    return tag("label", label, control, class_="mtl-field")


def why(name: str | int, word: str, text: str, verdict: str) -> str:
    """Feedback that the script finds by `name`; `word` is for readers without a
    script.
    """
    word = tag("span", escape(word), class_="mtl-word")
    return tag(
        "li",
        word,
        tag("div", rich(text), class_="mtl-why"),
        data_for=name,
        data_verdict=verdict,
    )


def both_verdicts(question: dict, *more: str) -> str:
    """The feedback for a right and for a wrong answer, and `more` of the same
    form.
    """
    feedback = question["feedback"]
    rows = [why(name, SAY[name], feedback[name], name) for name in FEEDBACK]
    return tag("ul", *rows, *more, class_="mtl-key")


def worth(number: int) -> str:
    """A number of points, in words."""
    return SAY["points-1" if number == 1 else "points-n"].format(points=number)
