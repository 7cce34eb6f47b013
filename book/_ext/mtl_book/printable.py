"""Questions to print, answers apart.

`book/printable/<topic>.html` has all questions of a topic and, on other pages of paper, their
answers; it needs no script. `{mtl-printable}` lists these pages. Its script (`web/printable.js`)
makes of the list a choice of topic, level and type, and takes what was chosen from these pages.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mtl_lessons import embed, quiz
from mtl_lessons.markup import tag
from mtl_lessons.quiz import Bank, Question, labels

from . import quizzes, singles, take_along, vault

FOLDER = "printable"
SAY = embed.strings("quiz") | embed.strings("trainer") | embed.strings("paper")
KEYS = ("apart", "none")  # where the answers are
# what the script says
SAID = (
    "questions",
    "answers",
    "to-question",
    "to-answer",
    "loading",
    "loading-failed",
    "found-none",
    "laid-out",
)


def entry(
    question: Question, number: int, here: str, there: str, html: str
) -> str:
    """A question or an answer, with a link from one to the other."""
    link = tag(
        "a",
        str(number),
        href=f"#{there}-{number}",
        aria_label=SAY[f"to-{there}"].format(number=number),
    )
    return tag(
        "li",
        tag("p", link, *labels(question), class_="mtl-hint"),
        html,
        id=f"{here}-{number}",
        data_level=question["level"],
        data_type=question["type"],
    )


def sheet(bank: Bank) -> str:
    """The questions of a topic, then its answers; links lead from each to the other."""
    numbered = list(enumerate(bank.questions, 1))
    asked = [
        entry(one, i, "question", "answer", take_along.front(one))
        for i, one in numbered
    ]
    keys = [
        entry(one, i, "answer", "question", take_along.back(one))
        for i, one in numbered
    ]
    return tag(
        "div",
        part("questions", "mtl-asked", asked),
        part("answers", "mtl-keys", keys),
        class_="mtl-printed mtl-quiz",
    )


def part(heading: str, name: str, entries: list[str]) -> str:
    return tag(
        "section",
        tag("h2", SAY[heading]),
        tag("ol", *entries, class_="mtl-answers"),
        class_=name,
    )


# ---- the pages ----


def pages(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    """A page for each topic."""
    yield from singles.changed(app, FOLDER, contexts(app))


def contexts(app: Sphinx) -> Iterator[singles.Page]:
    """The name of each page, and what its template needs."""
    folder = Path(app.config.root_doc).parent
    for title, bank in vault.topics():
        name = SAY["topic-to-print"].format(topic=title)
        way = tag(
            "p",
            tag("a", SAY["choose"], href="../printable.html"),
            class_="mtl-way",
        )
        body = tag("section", way, tag("h1", escape(name)), sheet(bank))
        context = singles.context_of(escape(name), body, None, None)
        yield f"{folder}/{FOLDER}/{bank.path.stem}", context


class PrintableDirective(SphinxDirective):
    """The pages of the topics, and the choices that a script makes of them."""

    def run(self) -> list[nodes.Node]:
        for path in (*quizzes.QUESTIONS.glob("*.yml"), quizzes.STRINGS):
            self.env.note_dependency(str(path))
        return [nodes.raw("", choice(vault.topics()), format="html")]


def choice(topics: list[tuple[str, Bank]]) -> str:
    links = (
        tag(
            "li",
            tag(
                "a",
                escape(title),
                href=f"{FOLDER}/{bank.path.stem}.html",
                data_topic=bank.path.stem,
            ),
            f" ({len(bank.questions)})",
        )
        for title, bank in topics
    )
    plain = tag(
        "div",
        tag("p", SAY["by-topic-to-print"]),
        tag("ul", *links),
        class_="mtl-plain",
    )
    return tag(
        "div",
        embed.data({"strings": {name: SAY[name] for name in SAID}}),
        form(topics),
        plain,
        tag("div", "", class_="mtl-printed"),
        class_="mtl-printable mtl-quiz",
    )


def form(topics: list[tuple[str, Bank]]) -> str:
    """The choices; without a script they are not shown."""
    options = {
        "topic": [("", SAY["any-topic"])]
        + [(bank.path.stem, title) for title, bank in topics],
        "level": vault.choices("level", quiz.LEVELS),
        "type": vault.choices("type", quiz.KINDS),
        "keys": [(name, SAY[f"keys-{name}"]) for name in KEYS],
    }
    selects = (
        vault.select(SAY[name], name, given) for name, given in options.items()
    )
    return tag(
        "form",
        *selects,
        tag("p", "", class_="mtl-found", role="status"),
        tag("button", SAY["lay-out"], type="submit"),
        tag("button", SAY["print"], type="button", hidden=""),
        class_="mtl-filter",
        method="dialog",
        autocomplete="off",
        hidden="",
    )


def setup(app: Sphinx) -> None:
    app.add_directive("mtl-printable", PrintableDirective)
    app.connect("html-collect-pages", pages)
