"""Each question of the bank at an address of its own, and the list of all.

`book/question/<id>.html` holds one question: it can be read without a script, answered with one,
shared, and practised from there. `{mtl-vault}` lists all by topic; its script filters the list.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mtl_lessons import embed, quiz
from mtl_lessons.markup import tag, to_text
from mtl_lessons.quiz import Bank, Question, coding
from mtl_lessons.quiz.pieces import inline

from . import chapters, quizzes, singles, trainer

FOLDER = "question"
SAY = {
    name: words
    for part in ("quiz", "trainer", "vault")
    for name, words in embed.strings(part).items()
}
ROUND = 10  # questions that are practised from the page of one
HEADLINE = 90  # characters of a question by which it is known


def topics() -> list[tuple[str, Bank]]:
    """The banks with their titles, in the order of the book."""
    return trainer.titled(
        quiz.everything(quizzes.QUESTIONS), list(chapters.names())
    )


def beginning(question: Question) -> str:
    """The beginning of what is asked, as Markdown; no formula is cut.

    >>> beginning({"stem": "What does `DWA` weigh? And why?"})
    'What does `DWA` weigh?'
    """
    text = re.sub(r"```.*?```", " ", question["stem"], flags=re.DOTALL)
    text = " ".join(text.replace("**", "").split())
    first = re.match(r".*?[?.:](?= |$)", text)
    if first and len(first[0]) > HEADLINE // 3 and whole(first[0]):
        text = first[0]
    while len(text) > HEADLINE or not whole(text):
        text = text.rpartition(" ")[0]
        if len(text) <= HEADLINE and whole(text):
            return f"{text} …"
    return text


def whole(text: str) -> bool:
    """Whether no formula and no code is open at the end."""
    return text.count("$") % 2 == text.count("`") % 2 == 0


def headline(question: Question) -> str:
    """The same as plain text.

    >>> headline({"stem": "What does `DWA` weigh? And why?"})
    'What does DWA weigh?'
    """
    return to_text(beginning(question)).replace("$", "")


# ---- the list ----


def listing() -> str:
    """All questions by topic, with the choices that a script turns into filters."""
    found = topics()
    return tag(
        "div",
        embed.data({"strings": SAY}),
        tag("p", tag("a", SAY["today"], href="#today"), class_="mtl-day"),
        chosen_by(found),
        *(topic(title, bank) for title, bank in found),
        class_="mtl-vault",
    )


def chosen_by(found: list[tuple[str, Bank]]) -> str:
    """The form of filters; without a script it is not shown."""
    topic = [("", SAY["any-topic"])]
    options = {
        "topic": topic + [(bank.path.stem, title) for title, bank in found],
        "level": choices("level", quiz.LEVELS),
        "type": choices("type", quiz.KINDS),
    }
    words = tag(
        "label",
        SAY["words"],
        '<input name="words" type="search" autocomplete="off">',
        class_="mtl-choice",
    )
    found_line = tag("p", "", class_="mtl-found", role="status")
    return tag(
        "form",
        *(select(SAY[name], name, given) for name, given in options.items()),
        words,
        found_line,
        class_="mtl-filter",
        method="dialog",
        hidden="",
    )


def choices(part: str, values: Iterable[str]) -> list[tuple[str, str]]:
    """All, or one of these values, with the words for each."""
    named = [(value, SAY[f"{part}-{value}"]) for value in values]
    return [("", SAY[f"any-{part}"]), *named]


def select(label: str, name: str, options: list[tuple[str, str]]) -> str:
    """A labelled choice of one from `(value, text)`s."""
    given = (
        tag("option", escape(text), value=value) for value, text in options
    )
    return tag(
        "label", label, tag("select", *given, name=name), class_="mtl-choice"
    )


def topic(title: str, bank: Bank) -> str:
    """The questions and the drills of a topic."""
    name = bank.path.stem
    asked = coding.asked(bank)
    rows = (row(question) for question in asked)
    heading = f"{escape(title)} ({len(asked)})"
    return tag(
        "section",
        tag("h2", heading),
        tag("ol", *rows),
        id=f"topic-{name}",
        data_topic=name,
    )


def address(question: Question) -> str:
    """The page of a question; a drill has one of its own."""
    if "drill" in question:
        return f"drill/{question['drill']}.html"
    return f"{FOLDER}/{question['id']}.html"


def row(question: Question) -> str:
    link = tag(
        "a",
        inline(beginning(question)),
        href=address(question),
    )
    what = ", ".join(
        SAY[f"{part}-{question[part]}"] for part in ("level", "type")
    )
    return tag(
        "li",
        link,
        " ",
        tag("small", what),
        data_level=question["level"],
        data_type=question["type"],
    )


class VaultDirective(SphinxDirective):
    """The list of all questions: `{mtl-vault}`."""

    def run(self) -> list[nodes.Node]:
        for path in (*quizzes.QUESTIONS.glob("*.yml"), quizzes.STRINGS):
            self.env.note_dependency(str(path))
        return [nodes.raw("", listing(), format="html")]


# ---- a page for each ----


def pages(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    """A page for each question, with the one before and after it in its topic."""
    yield from singles.changed(app, FOLDER, contexts(app))


def contexts(app: Sphinx) -> Iterator[tuple[str, dict]]:
    """The name of each page, and what its template needs."""
    there = {Path(name).name for name in app.env.found_docs}
    for title, bank in topics():
        place = quiz.Place.of(bank, page="", pages=there, up="../")
        questions = bank.questions
        for i, question in enumerate(questions):
            context = singles.context_of(
                escape(headline(question)),
                page(title, bank, question, place, app.config),
                turn(questions[i - 1]) if i else None,
                turn(questions[i + 1]) if questions[i + 1 :] else None,
            ) | {
                "about": about(title, question),
                "source": f"book/questions/{bank.path.name}",
            }
            folder = Path(app.config.root_doc).parent
            yield f"{folder}/{FOLDER}/{question['id']}", context


def about(title: str, question: Question) -> str:
    """What the page of a question says to those who have not opened it."""
    level, kind = (
        SAY[f"{part}-{question[part]}"] for part in ("level", "type")
    )
    return f"{headline(question)} ({title}; {level}, {kind})"


def turn(question: Question) -> dict[str, str]:
    """A link to the page of a question, as the frame of a page wants it."""
    return {
        "link": f"{question['id']}.html",
        "title": escape(headline(question)),
    }


def page(
    title: str, bank: Bank, question: Question, place: quiz.Place, config
) -> str:
    """A question with its way back, and what can be done with it."""
    name = bank.path.stem
    way = tag(
        "p",
        tag("a", SAY["all"], href="../questions.html"),
        " › ",
        tag("a", escape(title), href=f"../questions.html?topic={name}"),
        class_="mtl-way",
    )
    ids = [one["id"] for one in bank.questions]
    place_in_bank = ids.index(question["id"])
    following = ids[place_in_bank : place_in_bank + ROUND]
    practise = tag(
        "a",
        SAY["practise"],
        href=f"../practice.html?questions={','.join(following)}",
    )
    share = tag("button", SAY["share"], type="button", hidden="")
    report = report_address(question, config)
    actions = tag(
        "p",
        practise,
        share,
        tag("a", SAY["report"], href=report, rel="noopener") if report else "",
        class_="mtl-vault mtl-actions",
        data_copied=SAY["copied"],
    )
    asked = quiz.block([question], [SAY["one"]], place)
    heading = tag("h1", inline(beginning(question)))
    return tag("section", way, heading, asked, actions, class_="mtl-one")


def report_address(question: Question, config) -> str:
    """Where a fault of a question can be told; "" where the repository is not known."""
    if not config.mtl_repository:
        return ""
    title = quote(f"Question {question['id']}")
    return (
        f"https://github.com/{config.mtl_repository}/issues/new?title={title}"
    )


def setup(app: Sphinx) -> None:
    app.add_directive("mtl-vault", VaultDirective)
    app.connect("html-collect-pages", pages)
