"""What a page shows: questions as forms with native controls and a folded answer, readable without a script.

`web/quiz.js` adds grading, feedback and progress.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from pathlib import Path

from .. import embed
from ..markup import tag
from .bank import Bank, Question, addresses, load, prefix, references
from .kinds import ANSWERS, CONTROLS, asked, key, solution, unit
from .pieces import SAY, rich
from .schema import validate


@dataclass(frozen=True)
class Quiz:
    """A quiz to be displayed: HTML for whoever has a browser, text for whoever has not."""

    html: str
    text: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": embed.carry(self.html, "quiz"), "text/plain": self.text}


def show(chapter: str, ids: Iterable[str] | None = None, folder: Path | str | None = None) -> Quiz:
    """The quiz of a chapter: as the last line of a cell, it is displayed.

    Args:
        chapter: such as `"concept"`.
        ids: only these questions, in this order; all of them by default.
        folder: where the bank lies, as for `load`.

    Raises:
        ValueError: the bank is not valid (every problem with its line), or has no question with such an id.
    """
    bank = load(chapter, folder)
    if problems := validate(bank):
        raise ValueError("\n".join(map(str, problems)))
    by_id = {question["id"]: question for question in bank.questions}
    ids = list(by_id if ids is None else ids)
    if unknown := [name for name in ids if name not in by_id]:
        raise ValueError(f"expected ids of {bank.path.name}, found {', '.join(unknown)}")
    questions, place = [by_id[name] for name in ids], Place.of(bank)
    numbers = [SAY["number"].format(number=i, total=len(ids)) for i in range(1, len(ids) + 1)]
    data = embed.data({"strings": SAY, "keys": {question["id"]: key(question) for question in questions}})
    body = [render(question, number, place) for question, number in zip(questions, numbers)]
    html = tag("div", data, *body, class_="mtl-quiz", role="group", aria_label=SAY["label"], data_lm_suppress_shortcuts="true")
    return Quiz(html, "\n\n".join(plain(question, number) for question, number in zip(questions, numbers)))


@dataclass(frozen=True)
class Place:
    """What a question needs to link: how sources read, how the targets of its chapter begin (a topic has none), addresses."""

    names: dict[str, str]
    home: str = ""
    addresses: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, bank: Bank) -> "Place":
        folder = bank.path.parent
        return cls(references(folder), "" if bank.is_topic else prefix(bank.path.stem), addresses(folder))

    def target(self, anchor: str) -> str:
        """Where a section is: on the page of the chapter, or of the one that it names, `concept#checks`, beside this page."""
        chapter, _, name = anchor.rpartition("#")
        return f"{chapter}.html#{prefix(chapter)}{name}" if chapter else f"#{self.home}{name}"

    def source(self, key: str) -> str:
        """Where a reference is: in the chapter's list of sources or, for a topic, at its publisher's."""
        return f"#{self.home}sources" if self.home else self.addresses.get(key, "")


def render(question: Question, number: str, place: Place) -> str:
    """A question as a form: stem, controls, what is folded and what follows once it is answered."""
    kind = question["type"]
    head = [tag("strong", number), *(tag("span", SAY[f"{part}-{question[part]}"]) for part in ("level", "type"))]
    hint = [tag("p", SAY[f"hint-{kind}"], class_="mtl-hint")] if f"hint-{kind}" in SAY else []
    return tag(
        "form",
        tag(
            "fieldset",
            tag("legend", *head),
            tag("div", rich(question["stem"]), class_="mtl-stem"),
            *hint,
            CONTROLS[kind](question),
        ),
        tag("details", tag("summary", SAY["answer"]), ANSWERS[kind](question), after(question, place), class_="mtl-answer"),
        class_="mtl-question",
        autocomplete="off",
        method="dialog",  # outside a dialog such a form goes nowhere: without a script, Enter does not leave the page
        data_id=question["id"],
        data_type=kind,
        data_edition=edition(question),
    )


def edition(question: Question) -> str:
    """Eight digits that change when the question does: not with the question that follows, nor with how its code is run."""
    asked = {name: part for name, part in question.items() if name not in ("next", "run")}
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:8]


def after(question: Question, place: Place) -> str:
    """What follows an answer: the common mistake, the next question, where to read again, where it comes from."""
    rows = {
        "mistake": rich(question["mistake"]),
        "follow-up": rich(question["follow_up"]),
        "read-again": link(section(question["anchor"]), place.target(question["anchor"])) if "anchor" in question else "",
        "source": "; ".join(cite(source, place) for source in question["source"]),
    }
    rows = {name: html for name, html in rows.items() if html}
    return tag("dl", *(tag("dt", SAY[name]) + tag("dd", html) for name, html in rows.items()), class_="mtl-after")


def section(anchor: str) -> str:
    """How a target reads: `concept#what-is-a-task` is `what is a task`."""
    return escape(anchor.rpartition("#")[2].replace("-", " "))


def link(html: str, href: str) -> str:
    return tag("a", html, href=href) if href else html


def cite(source: str, place: Place) -> str:
    """A source as a link: to the run in a chapter, or to where the reference is."""
    if source.startswith("cell:"):
        anchor = source.removeprefix("cell:")
        return link(SAY["cell"].format(section=section(anchor)), place.target(anchor))
    return link(escape(place.names.get(source, source)), place.source(source))


def plain(question: Question, number: str) -> str:
    """A question and its answer as text, for where HTML is not shown."""
    return f"{asked(question, number)}\n{SAY['answer']}: {'; '.join(solution(question))}"


def without_keys(bank: Bank) -> str:
    """The questions of a bank as text to be printed and answered: no key, no feedback, no source."""
    total = len(bank.questions)
    return "\n\n".join(
        "\n".join([asked(question, SAY["number"].format(number=i, total=total)), *unit(question)])
        for i, question in enumerate(bank.questions, 1)
    )
