"""Self-quizzes: from a file of questions to something that a page shows, with the checks that keep the questions good.

A bank is one YAML file per chapter, or per topic that has no chapter (`SHAPES` below is its schema)::

    bank = load("concept")
    validate(bank)                    # is every question complete and well formed? a list of problems, each with its line
    rules(bank)                       # is the bank fair, cited, free of duplicates? likewise
    show("concept")                   # in a notebook: the quiz
    print(without_keys(bank))         # on paper: the questions alone

`python -m mtl_lessons.quiz` does the first two for all banks, follows the chains of questions, and says what there is too
little of.

What `show` returns is plain HTML with native form controls and a folded answer per question, so it can be read without a
script; `web/quiz.js` adds grading, feedback and progress.
"""

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import NamedTuple

import yaml

from . import console, embed, shapes
from .markup import to_html
from .shapes import mismatches

Question = dict

PACKAGED = Path(__file__).parent / "questions"
CHECKOUT = Path(__file__).parents[1] / "book" / "questions"

# ---- the schema: a type, a pattern, a set of words, [items of a shape], {key: shape}; "key?" may be left out ----
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
OPTIONS = {"options": [{"text": str, "correct": bool, "feedback": str}]}
FEEDBACK = {"right": str, "wrong": str}
COMMON = {
    "id": NAME,
    "level": {"junior", "senior", "staff"},
    "type": {"one", "several", "numeric", "order", "bug", "open"},
    "stem": str,
    "mistake": str,
    "follow_up": str,
    "next?": NAME,  # the question to which a good answer leads, of any bank
    "numbers?": [{"expression": str, "value": float, "tolerance": float}],  # that its texts state, and no cell computes
}
CHAPTER = {"anchor": NAME, "source": [re.compile(r"cell:[a-z0-9-]+|[\w-]+")]}  # targets of the chapter itself
TOPIC = {  # targets of any chapter, `concept#what-is-a-task`, where one fits
    "anchor?": re.compile(r"[a-z0-9_]+#[a-z0-9-]+"),
    "source": [re.compile(r"cell:[a-z0-9_]+#[a-z0-9-]+|[\w-]+")],
}
RUN = {"setup": str, "fault": str, "repair": {int: str}}  # code to run first; what is true of the bug; lines that make it false
SHAPES = {
    "one": COMMON | OPTIONS,
    "several": COMMON | OPTIONS,
    "numeric": COMMON
    | {
        "answer": {"expression": str, "value": float, "tolerance": float, "unit": str},
        "feedback": FEEDBACK,
        "slips?": [{"value": float, "feedback": str}],
    },
    "order": COMMON | {"items": [str], "feedback": FEEDBACK},
    "bug": COMMON | {"code": str, "answer": {"lines": [int]}, "lines": {int: str}, "feedback": {"wrong": str}, "run?": RUN},
    "open": COMMON | {"rubric": [{"points": int, "text": str}], "red_flags": [str], "model_answer": str, "minutes?": int},
}


class Problem(NamedTuple):
    """What is wrong with a question, and where; `id` is empty if it is the bank as a whole."""

    file: str
    line: int
    id: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (f"{self.file}:{self.line}", self.id, self.reason)))


@dataclass(frozen=True)
class Bank:
    """The questions of a chapter or topic: the file, its YAML nodes (which know their lines) and its data."""

    path: Path
    root: yaml.Node
    data: dict

    @property
    def is_topic(self) -> bool:
        """Whether it has no chapter, so that its targets lie in others."""
        return "topic" in self.data

    @property
    def questions(self) -> list[Question]:
        return self.data["questions"]

    @property
    def nodes(self) -> list[yaml.MappingNode]:
        return next(value.value for key, value in self.root.value if key.value == "questions")


def load(chapter: str, folder: Path | str | None = None) -> Bank:
    """The bank of a chapter, unchecked.

    Args:
        chapter: the stem of the file, such as `"concept"`.
        folder: where it lies; by default the package's own bank or, in a checkout, `book/questions`.

    Raises:
        FileNotFoundError: no such chapter; the message lists those that there are.
        ValueError: not YAML; the message has the line.
    """
    folder = Path(folder or (PACKAGED if PACKAGED.is_dir() else CHECKOUT))
    path = folder / f"{chapter}.yml"
    if not path.is_file():
        there = ", ".join(sorted(file.stem for file in folder.glob("*.yml"))) or "none"
        raise FileNotFoundError(f"expected a chapter with questions (in {folder}: {there}), found {chapter!r}")
    return Bank(path, *shapes.read(path))


# ---- is each question well formed? ----


def contradictions(question: Question) -> Iterator[str]:
    """What no schema sees: a number or an answer that does not fit its question."""
    for number in question.get("numbers", []):
        if number["tolerance"] <= 0:
            yield f"expected a tolerance above 0, found {number['tolerance']}"
        if not states(question, number["value"]):
            yield f"expected only numbers that the question states, found {number['value']}"
    match question["type"]:
        case "one" | "several" as kind:
            right = sum(option["correct"] for option in question["options"])
            if len(question["options"]) < 2 or right < 1 or (kind == "one" and right > 1):
                yield f"expected two options or more, {'one' if kind == 'one' else 'at least one'} of them correct, found {right} of {len(question['options'])}"
        case "numeric":
            answer = question["answer"]
            if answer["tolerance"] <= 0:
                yield f"expected a tolerance above 0, found {answer['tolerance']}"
            for slip in question.get("slips", []):
                if abs(slip["value"] - answer["value"]) <= 2 * answer["tolerance"]:
                    yield f"expected a slip that differs from the answer by more than two tolerances, found {slip['value']}"
        case "order":
            if len(set(question["items"])) < max(3, len(question["items"])):
                yield "expected three items or more, all different"
        case "bug":
            lines = set(range(1, len(question["code"].splitlines()) + 1))
            if stray := {*question["answer"]["lines"], *question["lines"]} - lines:
                yield f"expected lines of the code (1 to {len(lines)}), found {sorted(stray)}"
            if silent := set(question["answer"]["lines"]) - set(question["lines"]):
                yield f"expected feedback for every line that is right, found none for {sorted(silent)}"
            if "run" in question and (repaired := set(question["run"]["repair"])) != set(question["answer"]["lines"]):
                yield f"expected a repair of every line that is right, and of no other, found them of {sorted(repaired)}"
        case "open":
            if min(item["points"] for item in question["rubric"]) < 1:
                yield "expected 1 point or more for every line of the rubric"


def states(question: Question, value: float) -> bool:
    """Whether a text of the question has this number, in its digits: -0.5 also as "−0.50". The answer itself is no text."""
    texts = json.dumps({name: part for name, part in question.items() if name not in ("numbers", "answer")}, ensure_ascii=False)
    return bool(re.search(rf"(?<![\d.]){re.escape(f'{abs(value):.10g}')}0*(?!\d)", texts))


def validate(bank: Bank) -> list[Problem]:
    """Whatever keeps the bank from being shown: missing and unknown keys, wrong types, answers that do not fit, TeX that fails."""
    name, stem = bank.path.name, re.compile(re.escape(bank.path.stem))
    kind = {"topic": stem, "title": str} if isinstance(bank.data, dict) and bank.is_topic else {"chapter": stem}
    if problems := [Problem(name, line, "", reason) for line, reason in mismatches(bank.root, kind | {"questions": [dict]})]:
        return problems
    home = TOPIC if bank.is_topic else CHAPTER
    for node, question in zip(bank.nodes, bank.questions):
        problems += [Problem(name, line, str(question.get("id", "")), reason) for line, reason in faults(node, question, home)]
    return problems


def faults(node: yaml.MappingNode, question: Question, home: dict) -> Iterator[tuple[int, str]]:
    """What is wrong with one question of `home`, `CHAPTER` or `TOPIC`: pairs of a line and a reason.

    Each stage presumes the one before.
    """
    line = node.start_mark.line + 1
    if (kind := str(question.get("type"))) not in SHAPES:
        yield line, f"expected a type of {', '.join(SHAPES)}, found {kind}"
    elif bad := list(mismatches(node, SHAPES[kind] | home)):
        yield from bad
    elif bad := list(contradictions(question)):
        yield from ((line, reason) for reason in bad)
    else:
        try:
            render(question, "", Place({}))
        except ValueError as error:  # TeX
            yield line, str(error)


# ---- is the bank good? ----


def rules(bank: Bank, others: Iterable[Bank] = ()) -> list[Problem]:
    """What makes a valid bank unfair, unchecked or dull. Every question has to be

    - named uniquely, beginning with its chapter (`others`: banks that must not share a name or a stem with this one);
    - cited: keys of `references.bib`, or a cell of the chapter;
    - different from the rest: the sets of three-word runs of two stems overlap by less than half;
    - answered aloud in the minutes that it gives, if any: 110 to 160 words a minute.

    And over all questions with one right choice, guessing must not pay: the right one is the longest in a third of them
    at most, and every position is right about equally often.
    """
    lines = [node.start_mark.line + 1 for node in bank.nodes]
    known = references(bank.path.parent)
    seen = [question for other in others for question in other.questions]
    problems = []
    for line, question in zip(lines, bank.questions):
        problems += [
            Problem(bank.path.name, line, question["id"], reason) for reason in flaws(question, bank.path.stem, known, seen)
        ]
        seen.append(question)
    return problems + [Problem(bank.path.name, 1, "", reason) for reason in giveaways(bank.questions)]


def prefix(chapter: str) -> str:
    """How a chapter's ids and targets begin: `shared-networks-` for `shared_networks`."""
    return f"{chapter.replace('_', '-')}-"


def flaws(question: Question, chapter: str, known: dict[str, str], seen: list[Question]) -> Iterator[str]:
    """Rules that a question breaks by itself or against those `seen` before."""
    if not question["id"].startswith(prefix(chapter)):
        yield f"expected an id that begins with {prefix(chapter)}"
    for key in question["source"]:
        if not key.startswith("cell:") and key not in known:
            yield f"expected a source in references.bib, found {key}"
    minutes, words = question.get("minutes", 0), len(question.get("model_answer", "").split())
    if minutes and not 110 * minutes <= words <= 160 * minutes:
        yield f"expected a model answer of {110 * minutes} to {160 * minutes} words, for {minutes} minutes, found {words}"
    for other in seen:
        if question["id"] == other["id"]:
            yield "expected an id of its own, found it twice"
        elif overlap(question["stem"], other["stem"]) >= 0.5:
            yield f"expected a question of its own, found one much like {other['id']}"


def overlap(one: str, other: str) -> float:
    """Jaccard similarity of the three-word runs (shingles) of two texts: 0 nothing shared, 1 the same."""
    a, b = (
        {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}
        for words in (re.findall(r"\w+", text.lower()) for text in (one, other))
    )
    return len(a & b) / len(a | b)


def giveaways(questions: list[Question]) -> Iterator[str]:
    """Habits by which the right choice could be guessed."""
    options = [question["options"] for question in questions if question["type"] == "one"]
    keys = [[option["correct"] for option in choice].index(True) for choice in options]
    lengths = [[len(option["text"]) for option in choice] for choice in options]
    longest = sum(size[key] == max(size) and size.count(max(size)) == 1 for size, key in zip(lengths, keys))
    if longest > max(1, len(options) / 3):
        yield f"expected the right choice to be the longest in a third of {len(options)} questions at most, found {longest}"
    for position in range(max(map(len, options), default=0)):
        fair = sum(1 / len(choice) for choice in options if len(choice) > position)
        if abs(keys.count(position) - fair) > max(1.5, fair / 2):
            yield f"expected position {position + 1} to be right in about {fair:.1f} of {len(options)} questions, found {keys.count(position)}"


def chains(banks: Iterable[Bank]) -> list[Problem]:
    """What is wrong with the questions to which others lead: a `next` that does not exist, and chains that never end."""
    places = {
        q["id"]: (bank.path.name, node.start_mark.line + 1) for bank in banks for node, q in zip(bank.nodes, bank.questions)
    }
    after = {q["id"]: q["next"] for bank in banks for q in bank.questions if "next" in q}
    lost = [
        Problem(*places[one], one, f"expected next: a question of a bank, found {two}")
        for one, two in after.items()
        if two not in places
    ]
    return lost + [
        Problem(*places[one], one, f"expected a chain that ends, found {' → '.join(passed)}")
        for one in after
        if len(passed := list(chain(one, after))) > 1 and passed[-1] == one
    ]


def chain(start: str, after: dict[str, str]) -> Iterator[str]:
    """The ids from `start` on, each led to by the one before, until there is none or one comes back."""
    seen = {start}
    yield start
    while (start := after.get(start)) is not None:
        yield start
        if start in seen:
            return
        seen.add(start)


def claims(question: Question) -> list[dict]:
    """What can be recomputed, each with `expression`, `value` and `tolerance`: the `numbers`, and a numeric question's answer."""
    return question.get("numbers", []) + ([question["answer"]] if question["type"] == "numeric" else [])


def recompute(question: Question, expression: str) -> float:
    """The value of an expression of a question, over `np` and the modules of `mtl_lessons` that it names.

    Raises:
        ValueError: the expression fails; the message has the question and the expression.
    """
    try:
        names = {node.id for node in ast.walk(ast.parse(expression.strip(), mode="eval")) if isinstance(node, ast.Name)}
        modules = {"np": "numpy"} | {
            module.name: f"{__package__}.{module.name}" for module in iter_modules([str(Path(__file__).parent)])
        }
        return float(eval(expression.strip(), {name: import_module(modules[name]) for name in names & modules.keys()}))
    except Exception as error:  # an expression may fail in any way
        raise ValueError(
            f"{question['id']}: expected a number from {expression}, found {type(error).__name__}: {error}"
        ) from error


def shows_fault(question: Question, *repaired: int) -> bool:
    """Whether a bug with a `run` shows itself when its code runs, with lines of `repaired` as the repair has them.

    It runs whatever stands in the bank; for banks of this repository, from tests.
    """
    run, code = question["run"], question["code"].splitlines()
    for line in repaired:
        code[line - 1] = run["repair"][line]
    space: dict = {}
    exec(compile("\n".join([run["setup"], *code]), question["id"], "exec"), space)
    return bool(eval(run["fault"], space))


# ---- what there is, and what is missing ----

FEW = 3  # fewer questions of a level than these are a weak spot, and so is a type without one


def everything(folder: Path | str | None = None) -> list[Bank]:
    """All banks of a folder (by default as for `load`), by name."""
    folder = Path(folder or (PACKAGED if PACKAGED.is_dir() else CHECKOUT))
    return [load(path.stem, folder) for path in sorted(folder.glob("*.yml"))]


def check(banks: list[Bank]) -> list[Problem]:
    """All that is wrong with all banks; rules and chains only once every bank is valid."""
    if invalid := [problem for bank in banks for problem in validate(bank)]:
        return invalid
    return [problem for i, bank in enumerate(banks) for problem in rules(bank, banks[:i])] + chains(banks)


def counts(banks: list[Bank]) -> list[list[str]]:
    """A table: a row per bank and their sum, with the number of its questions, of each level and of each type."""
    parts = {"level": ["junior", "senior", "staff"], "type": list(SHAPES)}
    found = {bank.path.stem: Counter(q[part] for q in bank.questions for part in parts) for bank in banks}
    found["all"] = sum(found.values(), Counter())
    columns = parts["level"] + parts["type"]
    rows = [
        [name, str(sum(row[level] for level in parts["level"])), *(str(row[column]) for column in columns)]
        for name, row in found.items()
    ]
    return [["bank", "all", *columns], *rows]


def weak_spots(banks: list[Bank]) -> Iterator[str]:
    """Where a bank has few questions of a level, or none of a type. A bank of free answers alone is meant to be one."""
    for bank in banks:
        found = Counter(q[part] for q in bank.questions for part in ("level", "type"))
        if set(found) & set(SHAPES) == {"open"}:
            continue
        yield from (f"{bank.path.stem}: {found[level]} {level}" for level in ("junior", "senior", "staff") if found[level] < FEW)
        yield from (f"{bank.path.stem}: no question of type {kind}" for kind in SHAPES if not found[kind])


def main() -> int:
    """Validate all banks; print what is wrong with them or how much there is of what. Returns the exit code."""
    console.forgiving()
    banks = everything()
    if problems := check(banks):
        print("\n".join(map(str, problems)))
        return 1
    table, weak = counts(banks), list(weak_spots(banks))
    widths = [max(map(len, column)) for column in zip(*table)]
    print("\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in table))
    print("\nWeak spots:\n" + "\n".join(f"  {spot}" for spot in weak) if weak else "\nNo weak spots.")
    return 0


# ---- what a page shows ----


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


SAY = embed.strings("quiz")


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


def entries(folder: Path) -> dict[str, dict[str, str]]:
    """The fields of each key of `references.bib`, beside the bank or one folder up."""
    for path in (folder / "references.bib", folder.parent / "references.bib"):
        if path.is_file():
            found = re.findall(r"^@\w+\{\s*([\w-]+)\s*,(.*?)^\}", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
            return {
                name: dict(re.findall(r"^\s*(\w+)\s*=\s*[{\"]?(.*?)[}\"]?,?\s*$", fields, re.MULTILINE)) for name, fields in found
            }
    return {}


def references(folder: Path) -> dict[str, str]:
    """How each key of `references.bib` reads: `caruana1997` is `Caruana 1997`."""
    return {name: citation(fields) for name, fields in entries(folder).items()}


def addresses(folder: Path) -> dict[str, str]:
    """Where each key of `references.bib` can be read, if its entry says so: by its DOI or its address."""
    where = {name: fields.get("url", "") or fields.get("doi", "") for name, fields in entries(folder).items()}
    return {name: at if at.startswith("https://") else f"https://doi.org/{at}" for name, at in where.items() if at}


def citation(fields: dict[str, str]) -> str:
    """Surnames and year of a BibTeX entry: one author, two, or the first and "et al."."""
    authors = re.sub(r"[{}]", "", fields.get("author", fields.get("title", ""))).split(" and ")
    surnames = [author.split(",")[0] if "," in author else author.split()[-1] for author in authors if author]
    shown = " and ".join(surnames) if len(surnames) < 3 else f"{surnames[0]} et al."
    return f"{shown} {fields.get('year', '')}".strip()


def tag(element: str, /, *children: str, **attributes: str | int | bool) -> str:
    """An HTML element. Attributes are escaped (`class_` is class, `data_id` is data-id, True has no value); children are HTML."""
    given = {key.strip("_").replace("_", "-"): value for key, value in attributes.items()}
    opening = " ".join([element, *(key if value is True else f'{key}="{escape(str(value))}"' for key, value in given.items())])
    return f"<{opening}>" if element == "input" else f"<{opening}>{''.join(children)}</{element}>"


def rich(text: str) -> str:
    """Markdown as HTML blocks; code that scrolls can be reached by keyboard and has a name."""
    return to_html(text).replace("<pre>", f'<pre tabindex="0" role="group" aria-label="{escape(SAY["code"])}">')


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


def ticks(question: Question) -> str:
    kind = "radio" if question["type"] == "one" else "checkbox"
    labels = (
        tag("label", tag("input", type=kind, name=question["id"], value=i), tag("span", to_html(option["text"], inline=True)))
        for i, option in enumerate(question["options"])
    )
    return tag("ol", *(tag("li", label) for label in labels), class_="mtl-options")


def number_field(question: Question) -> str:
    label = f"{SAY['your-answer']} ({escape(question['answer']['unit'])})"
    return tag(
        "label", label, tag("input", type="text", name=question["id"], autocomplete="off", spellcheck="false"), class_="mtl-field"
    )


def order(question: Question) -> list[int]:
    """The items in an order that depends on the id alone, and is not the right one."""
    mixed = sorted(range(len(question["items"])), key=lambda i: sha256(f"{question['id']} {i}".encode()).digest())
    return mixed if mixed != sorted(mixed) else mixed[1:] + mixed[:1]


def shuffled(question: Question) -> str:
    items = (
        tag("li", tag("span", to_html(question["items"][i], inline=True), class_="mtl-item"), data_value=i)
        for i in order(question)
    )
    return tag("ol", *items, class_="mtl-order")


def listing(question: Question) -> str:
    labels = (
        tag("label", tag("input", type="radio", name=question["id"], value=i), tag("code", escape(line)))
        for i, line in enumerate(question["code"].splitlines(), 1)
    )
    return tag("ol", *(tag("li", label) for label in labels), class_="mtl-lines")


def textarea(question: Question) -> str:
    return tag("label", SAY["your-answer"], tag("textarea", name=question["id"], rows=6), class_="mtl-field")


def why(name, word: str, text: str, verdict: str) -> str:
    """Feedback that the script finds by `name`, with a word before it for readers without a script."""
    return tag(
        "li",
        tag("span", escape(word), class_="mtl-word"),
        tag("div", rich(text), class_="mtl-why"),
        data_for=name,
        data_verdict=verdict,
    )


def judged(question: Question, first: str = "") -> str:
    """`first`, then the feedback for a right and for a wrong answer."""
    feedback = question["feedback"]
    slips = [
        why(f"slip-{i}", SAY["slip"].format(value=slip["value"]), slip["feedback"], "wrong")
        for i, slip in enumerate(question.get("slips", []))
    ]
    return first + tag("ul", *(why(name, SAY[name], feedback[name], name) for name in FEEDBACK), *slips, class_="mtl-key")


def ticks_answer(question: Question) -> str:
    verdicts = ["right" if option["correct"] else "wrong" for option in question["options"]]
    rows = (
        why(i, SAY[verdict], option["feedback"], verdict)
        for i, (option, verdict) in enumerate(zip(question["options"], verdicts))
    )
    return tag("ol", *rows, class_="mtl-key")


def field_answer(question: Question) -> str:
    answer = question["answer"]
    value = tag("p", tag("strong", escape(f"{answer['value']} {answer['unit']}")))
    return judged(question, value + tag("p", f"{SAY['computed']} ", tag("code", escape(answer["expression"].strip()))))


def shuffled_answer(question: Question) -> str:
    items = (tag("li", to_html(item, inline=True)) for item in question["items"])
    return judged(question, tag("p", SAY["right-order"]) + tag("ol", *items))


def listing_answer(question: Question) -> str:
    right = question["answer"]["lines"]
    rows = [
        why(
            line,
            f"{SAY['line'].format(line=line)}: {SAY['found' if line in right else 'sound']}",
            text,
            "right" if line in right else "wrong",
        )
        for line, text in sorted(question["lines"].items())
    ]
    return tag("ul", *rows, why("wrong", SAY["other-lines"], question["feedback"]["wrong"], "wrong"), class_="mtl-key")


def textarea_answer(question: Question) -> str:
    rubric = (
        tag(
            "li",
            tag(
                "label",
                tag("input", type="checkbox", data_points=item["points"]),
                tag("span", to_html(item["text"], inline=True), f" ({points(item['points'])})"),
            ),
        )
        for item in question["rubric"]
    )
    flags = (tag("li", to_html(flag, inline=True)) for flag in question["red_flags"])
    return "".join(
        (
            tag("p", tag("strong", SAY["model-answer"])),
            rich(question["model_answer"]),
            tag("fieldset", tag("legend", tag("strong", SAY["rubric"])), tag("ul", *rubric, class_="mtl-rubric")),
            tag("p", tag("strong", SAY["red-flags"])),
            tag("ul", *flags),
        )
    )


def points(number: int) -> str:
    return SAY["points-1" if number == 1 else "points-n"].format(points=number)


CONTROLS = {"one": ticks, "several": ticks, "numeric": number_field, "order": shuffled, "bug": listing, "open": textarea}
ANSWERS = {
    "one": ticks_answer,
    "several": ticks_answer,
    "numeric": field_answer,
    "order": shuffled_answer,
    "bug": listing_answer,
    "open": textarea_answer,
}


def key(question: Question) -> dict:
    """What the script needs to grade an answer."""
    match question["type"]:
        case "one" | "several":
            return {"right": [str(i) for i, option in enumerate(question["options"]) if option["correct"]]}
        case "bug":
            return {"right": [str(line) for line in question["answer"]["lines"]]}
        case "numeric":
            answer, slips = question["answer"], question.get("slips", [])
            return {
                "value": answer["value"],
                "tolerance": answer["tolerance"],
                "percent": answer["unit"].startswith("%"),
                "slips": [slip["value"] for slip in slips],
            }
    return {}


def plain(question: Question, number: str) -> str:
    """A question and its answer as text, for where HTML is not shown."""
    return f"{asked(question, number)}\n{SAY['answer']}: {'; '.join(solution(question))}"


def asked(question: Question, number: str) -> str:
    """A question as text, without anything that gives its answer away."""
    match question["type"]:
        case "one" | "several":
            body = [f"  ( ) {option['text']}" for option in question["options"]]
        case "order":
            body = [f"  - {item}" for item in sorted(question["items"])]
        case "bug":
            body = [f"  {i:2d}  {line}" for i, line in enumerate(question["code"].splitlines(), 1)]
        case _:
            body = []
    title = f"{number} ({', '.join(SAY[f'{part}-{question[part]}'] for part in ('level', 'type'))})"
    return "\n".join([title, question["stem"].strip(), *body])


def solution(question: Question) -> list[str]:
    """The answer of a question as texts."""
    match question["type"]:
        case "one" | "several":
            return [option["text"] for option in question["options"] if option["correct"]]
        case "numeric":
            return [f"{question['answer']['value']} {question['answer']['unit']}"]
        case "order":
            return question["items"]
        case "bug":
            code = question["code"].splitlines()
            return [f"line {i}: {code[i - 1].strip()}" for i in question["answer"]["lines"]]
        case "open":
            return [question["model_answer"].strip()]


def without_keys(bank: Bank) -> str:
    """The questions of a bank as text to be printed and answered: no key, no feedback, no source."""
    total = len(bank.questions)
    return "\n\n".join(
        "\n".join([asked(question, SAY["number"].format(number=i, total=total)), *unit(question)])
        for i, question in enumerate(bank.questions, 1)
    )


def unit(question: Question) -> list[str]:
    """In which unit a numeric question wants its answer."""
    return [f"{SAY['your-answer']} ({question['answer']['unit']}):"] if question["type"] == "numeric" else []


if __name__ == "__main__":
    sys.exit(main())
