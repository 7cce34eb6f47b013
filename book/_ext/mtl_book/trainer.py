"""The interview trainer on the site: its pages, the bank that they load, what can be taken along.

`{mtl-trainer} practice` makes a page of the trainer. Once all pages are written, `write` puts the
bank beside them: as JSON for the trainer, and as a deck for Anki.
"""

import json
import posixpath
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mtl_lessons import embed, quiz
from mtl_lessons.markup import tag, to_text
from mtl_lessons.quiz import Bank, Question, coding

from . import chapters, outline, take_along

PAGES = ("today", "practice", "interview", "cards", "progress")
BANK = "_static/mtl/bank.json"  # beside it, a file of texts for each topic
DECK = "anki/mtl-lessons.apkg"
STRINGS = Path(embed.__file__).parent / "web" / "strings.en.json"

# ---- the bank ----


def titled(banks: list[Bank], order: list[str]) -> list[tuple[str, Bank]]:
    """The banks with their titles: those of chapters in the `order` of the book, then topics."""
    place = {name: i for i, name in enumerate(order)}
    banks = sorted(
        banks,
        key=lambda bank: (
            place.get(bank.path.stem, len(order)),
            bank.path.stem,
        ),
    )
    return [(bank.data["title"], bank) for bank in banks]


def data(question: Question, place: quiz.Place) -> dict:
    """What a page of the trainer needs of a question."""
    kind = quiz.kind_of(question)
    found = {
        name: question[name]
        for name in ("id", "level", "type", "next")
        if name in question
    }
    found["seconds"] = kind.seconds(question)
    anchor = question.get("anchor")
    if anchor and (href := place.target(anchor)):
        found["section"] = {
            "text": to_text(place.section(anchor)),
            "href": href,
        }
    return found


def text(question: Question, place: quiz.Place) -> dict:
    """What it needs of one that is asked: most of the bank."""
    key = quiz.kind_of(question).key(question)
    return {"key": key, "html": quiz.render(question, "", place)}


def bank_json(topics: list[tuple[str, Bank]], pages: set[str]) -> str:
    """The bank as `bank.js` reads it, without its texts; `pages`: the chapters that are there."""
    found = []
    for title, bank in topics:
        # any page but those of chapters
        place = quiz.Place.of(bank, page="", pages=pages)
        questions = [data(question, place) for question in coding.asked(bank)]
        found.append(
            {"id": bank.path.stem, "title": title, "questions": questions}
        )
    whole = {"levels": quiz.LEVELS, "types": list(quiz.KINDS), "topics": found}
    return compact(whole)


def texts_json(bank: Bank, pages: set[str]) -> str:
    """The texts of a topic, by the ids of its questions."""
    place = quiz.Place.of(bank, page="", pages=pages)
    found = {
        question["id"]: text(question, place) for question in coding.asked(bank)
    }
    return compact(found)


def compact(data: dict) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def write_bank(
    topics: list[tuple[str, Bank]], pages: set[str], path: Path
) -> None:
    """The bank as `path`, and beside it `bank-<topic>.json` for each topic."""
    path.write_text(bank_json(topics, pages), encoding="utf-8")
    for _, bank in topics:
        name = f"{path.stem}-{bank.path.stem}.json"
        texts = texts_json(bank, pages)
        path.with_name(name).write_text(texts, encoding="utf-8")


# ---- pages ----


def root_of(name: str, bank: str) -> str:
    """The element that the script `name` fills, with its strings and the address of the bank."""
    own = embed.strings("today") if name == "today" else {}
    say = embed.strings("quiz") | embed.strings("trainer") | own
    return tag(
        "div",
        embed.data({"strings": say}),
        tag("p", say["no-script"], class_="mtl-instead"),
        class_=f"mtl-{name} mtl-quiz",
        role="group",
        aria_label=say[f"label-{name}"],
        data_bank=bank,
    )


class TrainerDirective(SphinxDirective):
    """A page of the trainer, mounted by the script of its name: `{mtl-trainer} practice`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        if name not in PAGES:
            raise self.error(
                f"expected a page of {', '.join(PAGES)}, found {name}"
            )
        self.env.note_dependency(str(STRINGS))
        bank = posixpath.relpath(
            BANK, posixpath.dirname(self.env.docname) or "."
        )
        return [nodes.raw("", root_of(name, bank), format="html")]


def write(app: Sphinx, banks: list[Bank]) -> None:
    """Put the bank beside the pages in both forms, and the outline of the book."""
    out = Path(app.outdir)
    topics = titled(banks, chapters.names())
    there = {posixpath.basename(name) for name in app.env.found_docs}
    write_bank(topics, there, out / BANK)
    outline.write(out, topics)
    take_along.write_anki(topics, out / DECK)


def setup(app: Sphinx) -> None:
    app.add_directive("mtl-trainer", TrainerDirective)
