"""What a notebook stores of a quiz: a mark and a sentence, not the questions.

A copy of them would be stale as soon as a question is added. So the site and
the published copy of a notebook put the questions where the mark is. In a
kernel, the cell shows the quiz itself.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from mtl_lessons import embed
from mtl_lessons.markup import tag

MARK = re.compile(r"<!-- mtl-quiz: (\w+)( \*)?((?: [\w-]+)*)( ~)? -->")


class Asked(NamedTuple):
    """Of which chapter a quiz is, and which questions it has: its five, if None
    are named, or every one; `folded`: behind a line that opens it.
    """

    chapter: str
    ids: list[str] | None = None
    every: bool = False
    folded: bool = False


def mark(
    chapter: str,
    ids: Iterable[str] | None = None,
    every: bool = False,
    folded: bool = False,
) -> str:
    """The mark of a quiz: a comment in HTML."""
    words = [
        chapter,
        *(["*"] if every else []),
        *(ids or []),
        *(["~"] if folded else []),
    ]
    return f"<!-- mtl-quiz: {' '.join(words)} -->"


def asked(html: str) -> Asked | None:
    """What `html` is marked as; None if that is no quiz of the book."""
    found = MARK.match(html)
    if not found:
        return None
    chapter, every, ids, folded = found.groups()
    return Asked(chapter, ids.split() or None, bool(every), bool(folded))


def kept(data: dict[str, str]) -> dict[str, str]:
    """The data of a notebook's output as it is stored: of a quiz the mark and a
    sentence.
    """
    quiz = asked(data.get("text/html", ""))
    if quiz is None:
        return data
    words = embed.strings("notebook")["quiz"].format(chapter=quiz.chapter)
    shown = {"text/html": tag("p", words), "text/plain": words}
    return {name: f"{mark(*quiz)}\n{text}" for name, text in shown.items()}
