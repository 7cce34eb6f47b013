"""What a reader takes along from the bank: a deck for Anki, and what paper shares with it."""

import re
from pathlib import Path
from zlib import crc32

import genanki

from mtl_lessons import embed
from mtl_lessons.markup import tag
from mtl_lessons.quiz import Bank, Question, kind_of, rich

SAY = embed.strings("quiz") | embed.strings("trainer")

# ---- a question on paper: what is asked, and its answer ----


def front(question: Question) -> str:
    """What is asked, as HTML without controls; nothing of it gives the answer away."""
    return rich(question["stem"]) + kind_of(question).front(question)


def back(question: Question) -> str:
    """The answer as HTML: why it is right, and the common mistake."""
    mistake = tag("p", tag("em", SAY["mistake"])) + rich(question["mistake"])
    return kind_of(question).back(question) + mistake


# ---- Anki ----

STYLE = """\
.card { font: 1.1rem/1.5 system-ui, sans-serif; text-align: left; \
max-width: 45rem; margin: 1rem auto; }
pre { padding: .5rem; background: #8881; overflow-x: auto; }
.hint { color: #777; font-size: .875rem; }"""
MODEL = genanki.Model(
    # never to change: it tells Anki that a card of a later deck is the same kind
    1_623_118_001,
    "Multi-task learning interview",
    fields=[{"name": name} for name in ("Question", "Answer", "Level", "Id")],
    templates=[
        {
            "name": "Card",
            "qfmt": '<p class="hint">{{Level}}</p>{{Question}}',
            "afmt": "{{FrontSide}}<hr id=answer>{{Answer}}",
        }
    ],
    css=STYLE,
)
MATH = re.compile(r"<math\b([^>]*)>.*?</math>", re.DOTALL)


def mathjax(html: str) -> str:
    """`html` with its formulas as TeX for Anki's MathJax: older Ankis do not draw MathML."""

    def tex(found: re.Match) -> str:
        text = re.search(r'alttext="([^"]*)"', found[1])[1]
        return (
            rf"\[{text}\]" if 'display="block"' in found[1] else rf"\({text}\)"
        )

    return MATH.sub(tex, html)


def note(question: Question, topic: str) -> genanki.Note:
    """A note that a later deck updates, since its guid depends on the question's id alone."""
    fields = [
        mathjax(front(question)),
        mathjax(back(question)),
        SAY[f"level-{question['level']}"],
        question["id"],
    ]
    tags = [topic, question["level"], f"type-{question['type']}"]
    return genanki.Note(
        model=MODEL,
        fields=fields,
        tags=tags,
        guid=genanki.guid_for("mtl-lessons", question["id"]),
    )


def deck(title: str, bank: Bank) -> genanki.Deck:
    """A deck for a topic, under one for all. Its number depends on the name of the bank alone."""
    found = genanki.Deck(
        1_500_000_000 + crc32(bank.path.stem.encode()) % 500_000_000,
        f"{MODEL.name}::{title}",
    )
    for question in bank.questions:
        found.add_note(note(question, bank.path.stem))
    return found


def write_anki(topics: list[tuple[str, Bank]], path: Path) -> None:
    """All topics as one `.apkg`. Anki takes a note anew if the file is younger than what it has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    genanki.Package(
        [deck(title, bank) for title, bank in topics]
    ).write_to_file(path)
