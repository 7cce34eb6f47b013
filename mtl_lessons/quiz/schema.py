"""Whether a bank is well formed: what keeps it from being shown."""

import json
import re
from collections.abc import Iterator

import yaml

from mtl_lessons.levels import LEVELS
from mtl_lessons.markup import check_formulas, prose
from mtl_lessons.shapes import line_of, mismatches

from .bank import FIVE, Bank, Problem, Question
from .kinds import KINDS, kind_of

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
COMMON = {  # keys of every question; those of its kind are in kinds/
    "id": ID,
    "level": set(LEVELS),
    "type": str,
    "stem": str,
    "mistake": str,
    "follow_up": str,
    "next?": ID,  # the question to which a good answer leads, of any bank
    "numbers?": [  # that its texts state, and no cell computes
        {"expression": str, "value": float, "tolerance": float},
    ],
}
CHAPTER = {  # targets of the chapter itself
    "anchor": ID,
    "source": [re.compile(r"cell:[a-z0-9-]+|[\w-]+")],
}
TOPIC = {  # targets of any chapter, `concept#what-is-a-task`, where one fits
    "anchor?": re.compile(r"[a-z0-9_]+#[a-z0-9-]+"),
    "source": [re.compile(r"cell:[a-z0-9_]+#[a-z0-9-]+|[\w-]+")],
}
# what the chapter asks, for the map of the book
# of a chapter, also the ids of the questions that its page asks
CHAPTER_HEAD = {"title": str, "about": str, "five?": [ID]}
TOPIC_HEAD = {"title": str}
# the rest is Markdown
VERBATIM = {"id", "anchor", "source", "code", "expression", "unit", "run"}
MARKS = {  # how a text does not write what is wanted
    r"\S+ - \S+": "a dash (–)",
    r"(?<![\d.,])\d{5,}(?!\d)": "commas between thousands (12,500)",
    r"(?<![\d.,])\d{1,3}( \d{3})+(?!\d)": "commas between thousands (12,500)",
}


def validate(bank: Bank) -> list[Problem]:
    """Whatever keeps the bank from being shown.

    Missing and unknown keys, wrong types, answers that do not fit, TeX that
    fails.
    """
    name, stem = bank.path.name, re.compile(re.escape(bank.path.stem))
    is_topic = isinstance(bank.data, dict) and bank.is_topic
    head = TOPIC_HEAD if is_topic else CHAPTER_HEAD
    kind = "topic" if is_topic else "chapter"
    if found := list(
        mismatches(bank.root, {kind: stem} | head | {"questions": [dict]})
    ):
        return [Problem(name, line, "", reason) for line, reason in found]
    problems = [
        Problem(name, line, "", reason) for line, reason in wrong_five(bank)
    ]
    for node, question in zip(bank.nodes, bank.questions):
        for line, reason in faults(
            node, question, TOPIC if is_topic else CHAPTER
        ):
            problems.append(
                Problem(name, line, str(question.get("id", "")), reason)
            )
    return problems


def wrong_five(bank: Bank) -> Iterator[tuple[int, str]]:
    """Where `five` does not name five questions of the bank: lines and
    reasons.
    """
    if (named := bank.data.get("five")) is None:
        return
    line = bank.line("five")
    if len(named) != FIVE or len(set(named)) != FIVE:
        found = ", ".join(named)
        yield line, f"five: expected {FIVE} different ids, found {found}"
    there = {question.get("id") for question in bank.questions}
    if unknown := [name for name in named if name not in there]:
        yield (
            line,
            f"five: expected ids of this bank, found {', '.join(unknown)}",
        )


def faults(
    node: yaml.MappingNode, question: Question, home: dict
) -> Iterator[tuple[int, str]]:
    """What is wrong with one question of `home`, `CHAPTER` or `TOPIC`: lines
    and reasons.

    Each stage presumes the one before.
    """
    kind = str(question.get("type"))
    if kind not in KINDS:
        yield (
            line_of(node),
            f"expected a type of {', '.join(KINDS)}, found {kind}",
        )
    elif bad := list(mismatches(node, COMMON | KINDS[kind].shape | home)):
        yield from bad
    elif reasons := [
        *wrong_numbers(question),
        *kind_of(question).faults(question),
    ]:
        yield from ((line_of(node), reason) for reason in reasons)
    else:
        for text in texts(node):
            yield from ((line_of(text), reason) for reason in wrong_text(text))


def wrong_numbers(question: Question) -> Iterator[str]:
    """Numbers without a tolerance, or that the question does not state."""
    for number in question.get("numbers", []):
        if number["tolerance"] <= 0:
            yield f"expected a tolerance above 0, found {number['tolerance']}"
        if not states(question, number["value"]):
            yield f"expected only numbers that the question states, found {number['value']}"


def states(question: Question, value: float) -> bool:
    """Whether a text of the question has this number, in its digits: -0.5 also
    as "−0.50", 49184 also as "49,184".

    The answer itself is no text.
    """
    said = {
        name: part
        for name, part in question.items()
        if name not in ("numbers", "answer")
    }
    plain, grouped = f"{abs(value):.10g}", f"{abs(value):,.10g}"
    digits = f"({re.escape(plain)}|{re.escape(grouped)})"
    return bool(
        re.search(
            rf"(?<![\d.])(?<!\d,){digits}0*(?!\d)",
            json.dumps(said, ensure_ascii=False),
        )
    )


def texts(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """All texts of a question that are Markdown."""
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if key.value not in VERBATIM:
                yield from texts(child)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from texts(child)
    elif isinstance(node, yaml.ScalarNode):
        yield node


def wrong_text(text: yaml.ScalarNode) -> Iterator[str]:
    """TeX that cannot be shown, and marks that a book does not print."""
    try:
        check_formulas(text.value)
    except ValueError as error:
        yield str(error)
        return
    if text.tag.endswith(":str"):
        words = prose(text.value)
        for pattern, wanted in MARKS.items():
            if found := re.search(pattern, words):
                yield f"expected {wanted}, found {found[0].strip()}"
