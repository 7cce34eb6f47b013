"""What the book consists of, for what shows how far a reader is.

`write` puts it beside the bank as `outline.json`: the chapters with their sections and how long
each takes to read, and the questions of every topic. A section is a heading of the second level
under a target; the sources and the quiz of a chapter are nothing to read. Minutes are those that
the chapter says it takes, shared out by words.
"""

import json
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from mtl_lessons import embed, quiz
from mtl_lessons.markup import to_text
from mtl_lessons.quiz import Bank, coding

from . import chapters

BOOK = Path(__file__).resolve().parents[2]
OUTLINE = "_static/mtl/outline.json"
HEADING = re.compile(
    r"^\(([\w-]+)\)=\n+##(?!#)[ \t]+(.+?)[ \t]*$", re.MULTILINE
)
UNREAD = {"sources", "self-quiz"}
UNSEEN = {"setup", "remove-cell", "remove-input", "hide-input"}


@dataclass(frozen=True)
class Section:
    id: str  # its target
    title: str
    words: int


def sections(notebook: Path) -> list[Section]:
    """The sections of a chapter that are read, in order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    shown = (
        "".join(cell["source"])
        for cell in cells
        if not UNSEEN & set(cell["metadata"].get("tags", []))
    )
    # what stands before the first heading, then for each its target, title and text
    _, *parts = HEADING.split("\n\n".join(shown))
    prefix = quiz.prefix(notebook.stem)
    return [
        Section(target, to_text(title), len(text.split()))
        for target, title, text in zip(parts[::3], parts[1::3], parts[2::3])
        if target.removeprefix(prefix) not in UNREAD
    ]


def minutes(name: str) -> int:
    """How long a chapter takes to read, as it says."""
    return int(re.search(r"(\d+) minutes", chapters.said_first(name))[1])


def timed(found: list[Section], total: float) -> list[dict]:
    """Sections with their part of the `total` minutes.

    >>> timed([Section("a", "A", 300), Section("b", "B", 100)], 20)[1]
    {'id': 'b', 'title': 'B', 'minutes': 5.0}
    """
    words = sum(section.words for section in found)
    return [
        {
            "id": section.id,
            "title": section.title,
            "minutes": round(total * section.words / words, 1),
        }
        for section in found
    ]


def chapter(name: str, number: str) -> dict:
    """A chapter, at an address from the file of the outline."""
    page = posixpath.relpath(f"book/{name}.html", posixpath.dirname(OUTLINE))
    return {
        "name": name,
        "number": number,
        "title": quiz.load(name, BOOK / "questions").data["title"],
        "href": page,
        "sections": timed(sections(BOOK / f"{name}.ipynb"), minutes(name)),
    }


def outline(found: list[dict], topics: list[tuple[str, Bank]]) -> dict:
    """The outline of these chapters and topics, with the words to tell of it."""
    return {
        "say": embed.strings("done"),
        "chapters": found,
        "topics": [
            {
                "id": bank.path.stem,
                "title": title,
                "questions": [one["id"] for one in coding.asked(bank)],
            }
            for title, bank in topics
        ],
    }


def write(out: Path, topics: list[tuple[str, Bank]]) -> None:
    """Put the outline of the book beside the bank."""
    found = [chapter(*one) for one in chapters.numbers().items()]
    text = json.dumps(
        outline(found, topics), ensure_ascii=False, separators=(",", ":")
    )
    (out / OUTLINE).write_text(text, encoding="utf-8")
