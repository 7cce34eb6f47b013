"""What a page shows: questions as forms with native controls and a folded
answer.

They can be read without a script; `web/quiz.js` adds grading, feedback and
progress.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path

from mtl_lessons import embed
from mtl_lessons.markup import tag

from . import coding, sections, stored
from .bank import (
    Bank,
    Question,
    addresses,
    load,
    prefix,
    references,
    title_of,
)
from .kinds import kind_of
from .pieces import SAY, inline, rich
from .schema import validate

# ---- a quiz ----


@dataclass(frozen=True)
class Quiz:
    """A quiz to be displayed: HTML for whoever has a browser, text for whoever
    has not.
    """

    html: str
    text: str
    mark: str = ""  # by which a notebook of the book stores it (stored.py)

    # IPython names what it wants
    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {
            "text/html": embed.carry(self.mark + self.html, "quiz"),
            "text/plain": self.mark + self.text,
        }


def show(
    chapter: str,
    ids: Iterable[str] | None = None,
    every: bool = False,
    folded: bool = False,
    folder: Path | str | None = None,
    page: str | None = None,
) -> Quiz:
    """The quiz of a chapter: as the last line of a cell, it is displayed.

    Args:
        chapter: such as `"concept"`.
        ids: only these questions, in this order; by default the five that the
            bank names.
        every: all questions instead of five.
        folded: behind a line that opens it.
        folder: where the bank lies, as for `load`.
        page: where it is displayed, as for `Place.of`; by default on the page
            of the chapter.

    Raises:
        ValueError: the bank is not valid (every problem with its line), or has
            no such question.
    """
    ids = None if ids is None else list(ids)
    bank = load(chapter, folder)
    if problems := validate(bank):
        raise ValueError("\n".join(map(str, problems)))
    questions, place = chosen(bank, ids, every), Place.of(bank, page)
    total = len(questions)
    numbers = [
        SAY["number"].format(number=i, total=total) for i in range(1, total + 1)
    ]
    rest = "" if ids else the_rest(bank, total, page)
    html = block(questions, numbers, place, rest)
    if folded:
        summary = tag("summary", SAY["instead"])
        html = tag("details", summary, html, class_="mtl-exercise")
    texts = [
        as_text(question, number)
        for question, number in zip(questions, numbers)
    ]
    mark = f"{stored.mark(chapter, ids, every, folded)}\n"
    mark = mark if folder is None else ""
    return Quiz(html, "\n\n".join(texts), mark)


def block(
    questions: Iterable[Question],
    numbers: Iterable[str],
    place: "Place",
    rest: str = "",
) -> str:
    """Questions as one element, which `web/quiz.js` finds and makes interactive."""
    questions = list(questions)
    keys = {
        question["id"]: kind_of(question).key(question)
        for question in questions
    }
    return tag(
        "div",
        embed.data({"strings": SAY, "keys": keys}),
        *(
            render(question, number, place)
            for question, number in zip(questions, numbers)
        ),
        rest,
        class_="mtl-quiz",
        role="group",
        aria_label=SAY["label"],
        data_lm_suppress_shortcuts="true",
    )


def chosen(
    bank: Bank, ids: list[str] | None, every: bool = False
) -> list[Question]:
    """The questions with these ids, in this order; without ids, five or all."""
    if ids is None:
        return bank.questions if every else bank.five
    by_id = {question["id"]: question for question in bank.questions}
    if unknown := [name for name in ids if name not in by_id]:
        raise ValueError(
            f"expected ids of {bank.path.name}, found {', '.join(unknown)}"
        )
    return [by_id[name] for name in ids]


def the_rest(bank: Bank, total: int, page: str | None) -> str:
    """Where the other questions of a chapter are: on the site in Practice, in a
    notebook behind a call.
    """
    rest = len(bank.questions) - total
    if not rest:
        return ""
    name = bank.path.stem
    code = ""
    if page is not None and (drills := coding.questions_of(bank)):
        words = SAY["drills-there"].format(total=len(drills))
        code = " " + tag("a", words, href=f"drills.html#drills-{name}")
    if page is None:
        call = tag("code", f'quiz.show("{name}", every=True)')
        words = SAY["rest-here"].format(rest=rest, call=call)
    else:
        words = tag(
            "a",
            SAY["rest-there"].format(rest=rest),
            href=f"practice.html?topic={name}",
        )
    return tag(
        "p",
        f"{SAY['five'].format(total=total)} {words}{code}",
        class_="mtl-rest",
    )


def minutes(questions: Iterable[Question]) -> int:
    """How long these questions take, as an interview allows for them."""
    seconds = sum(kind_of(question).seconds(question) for question in questions)
    return max(1, round(seconds / 60))


# ---- where a question stands ----


@dataclass(frozen=True)
class Place:
    """The page on which a question stands, and so where its links lead.

    All chapters lie in one folder; `up` leads there from the page.
    """

    chapter: str  # to which the question belongs; a topic has none
    page: str  # the name of the page
    pages: Collection[str] | None  # the chapters that there are; None: all
    names: dict[str, str]  # how sources read
    addresses: dict[str, str]  # where sources can be read, at their publishers'
    folder: Path  # where the bank lies
    up: str = ""

    @classmethod
    def of(
        cls,
        bank: Bank,
        page: str | None = None,
        pages: Collection[str] | None = None,
        up: str = "",
    ) -> "Place":
        """A page for the questions of a bank.

        Args:
            page: its name, such as `"concept"`; by default that of the bank.
            pages: the chapters that there are, by name; by default every
                chapter that is named.
            up: the way from the page to the folder of the chapters.
        """
        name, folder = bank.path.stem, bank.path.parent
        chapter, page = (
            "" if bank.is_topic else name,
            name if page is None else page,
        )
        return cls(
            chapter,
            page,
            pages,
            references(folder),
            addresses(folder),
            folder,
            up,
        )

    def section(self, anchor: str) -> str:
        """How a section reads, in Markdown: its title and, where a topic leads
        to a chapter, that of the chapter before it.
        """
        chapter, _, name = anchor.rpartition("#")
        if chapter:
            return section_of(chapter, name, self.folder)
        return sections.read_again(self.chapter, name, self.folder)

    def target(self, anchor: str) -> str:
        """Where a section is, of the chapter or of one that it names,
        `concept#checks`.
        """
        chapter, _, name = anchor.rpartition("#")
        return self.address(chapter or self.chapter, name)

    def source(self, key: str) -> str:
        """Where a reference is: in its chapter's list or, for a topic, at its
        publisher's.
        """
        if self.chapter:
            return self.address(self.chapter, "sources")
        return self.addresses.get(key, "")

    def address(self, chapter: str, section: str) -> str:
        """The address of a section, as seen from this page; "" where there is
        no such chapter.
        """
        if self.pages is not None and chapter not in self.pages:
            return ""
        page = "" if chapter == self.page else f"{self.up}{chapter}.html"
        return f"{page}#{prefix(chapter)}{section}"


def section_of(chapter: str, name: str, folder: Path) -> str:
    """How a section of a chapter reads elsewhere, in Markdown: both titles.

    >>> from mtl_lessons.quiz.bank import home
    >>> section_of("evaluation", "users-needed", home(None))
    'Evaluation: How many users does it take?'
    """
    title = sections.read_again(chapter, name, folder)
    return SAY["section-of"].format(
        chapter=title_of(chapter, folder), section=title
    )


# ---- a question ----


def render(question: Question, number: str, place: Place) -> str:
    """A question as a form: stem, controls, what is folded, and what follows an
    answer.
    """
    kind = kind_of(question)
    return tag(
        "form",
        tag(
            "fieldset",
            tag("legend", heading(number, place), *labels(question)),
            tag("div", rich(question["stem"]), class_="mtl-stem"),
            hint(kind.name),
            kind.controls(question),
        ),
        tag(
            "details",
            tag("summary", SAY["answer"]),
            kind.answer(question),
            after(question, place),
            class_="mtl-answer",
        ),
        class_="mtl-question",
        autocomplete="off",
        # outside a dialog it goes nowhere: Enter does not leave the page
        method="dialog",
        data_id=question["id"],
        data_type=kind.name,
        data_edition=edition(question),
    )


def heading(number: str, place: Place) -> str:
    """The number of a question as a heading: in a section of its page or, where
    it stands alone, right below the page's title.
    """
    level = 3 if place.page else 2
    return tag("strong", number, role="heading", aria_level=str(level))


def labels(question: Question) -> list[str]:
    """Its level and its type, for readers."""
    return [tag("span", words) for words in level_and_type(question)]


def level_and_type(question: Question) -> list[str]:
    return [SAY[f"{part}-{question[part]}"] for part in ("level", "type")]


def hint(kind: str) -> str:
    """How a kind of question is answered, where that needs a word."""
    words = SAY.get(f"hint-{kind}")
    return tag("p", words, class_="mtl-hint") if words else ""


def edition(question: Question) -> str:
    """Eight digits that change when the question does.

    Not with the question that follows, nor with how its code is run.
    """
    asked = {
        name: part
        for name, part in question.items()
        if name not in ("next", "run")
    }
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:8]


def after(question: Question, place: Place) -> str:
    """What follows an answer: common mistake, next question, where to read
    again, sources.
    """
    rows = {
        "mistake": rich(question["mistake"]),
        "follow-up": rich(question["follow_up"]),
        "read-again": read_again(question, place),
        "source": "; ".join(
            cite(source, place) for source in question["source"]
        ),
    }
    shown = [
        tag("dt", SAY[name]) + tag("dd", html)
        for name, html in rows.items()
        if html
    ]
    return tag("dl", *shown, class_="mtl-after")


def read_again(question: Question, place: Place) -> str:
    if "anchor" not in question:
        return ""
    anchor = question["anchor"]
    return link(inline(place.section(anchor)), place.target(anchor))


def link(html: str, href: str) -> str:
    """`html` as a link, if it leads somewhere."""
    return tag("a", html, href=href) if href else html


def cite(source: str, place: Place) -> str:
    """A source as a link: to the run in a chapter, or to where the reference
    is.
    """
    if source.startswith("cell:"):
        anchor = source.removeprefix("cell:")
        return link(
            SAY["cell"].format(section=inline(place.section(anchor))),
            place.target(anchor),
        )
    return link(escape(place.names.get(source, source)), place.source(source))


# ---- as text ----


def title(question: Question, number: str) -> str:
    """The line above a question: `Question 1 of 3 (junior, one choice)`."""
    return f"{number} ({', '.join(level_and_type(question))})"


def asked(question: Question, number: str) -> str:
    """A question as text, without anything that gives its answer away."""
    lines = kind_of(question).paper(question)
    return "\n".join(
        [title(question, number), question["stem"].strip(), *lines]
    )


def as_text(question: Question, number: str) -> str:
    """A question and its answer as text, for where HTML is not shown."""
    solution = "; ".join(kind_of(question).solution(question))
    return f"{asked(question, number)}\n{SAY['answer']}: {solution}"


def without_keys(bank: Bank) -> str:
    """The questions of a bank to be printed and answered: no key, no feedback,
    no source.
    """
    total, texts = len(bank.questions), []
    for i, question in enumerate(bank.questions, 1):
        text = asked(question, SAY["number"].format(number=i, total=total))
        if unit := kind_of(question).unit(question):
            text += f"\n{SAY['your-answer']} ({unit}):"
        texts.append(text)
    return "\n\n".join(texts)
