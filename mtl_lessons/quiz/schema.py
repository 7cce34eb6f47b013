"""Whether a bank is well formed: what keeps it from being shown."""

import re
from collections.abc import Iterator

import yaml

from ..markup import check_formulas
from ..shapes import line_of, mismatches
from .bank import Bank, Problem, Question
from .kinds import CHAPTER, SHAPES, TOPIC, contradictions


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
    line = line_of(node)
    if (kind := str(question.get("type"))) not in SHAPES:
        yield line, f"expected a type of {', '.join(SHAPES)}, found {kind}"
    elif bad := list(mismatches(node, SHAPES[kind] | home)):
        yield from bad
    elif bad := list(contradictions(question)):
        yield from ((line, reason) for reason in bad)
    else:
        yield from wrong_formulas(node)


VERBATIM = {"id", "anchor", "source", "code", "expression", "unit", "run"}  # all other texts are Markdown


def wrong_formulas(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """TeX that cannot be shown, in any text of a question: pairs of a line and a reason."""
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if key.value not in VERBATIM:
                yield from wrong_formulas(child)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from wrong_formulas(child)
    else:
        try:
            check_formulas(node.value)
        except ValueError as error:
            yield line_of(node), str(error)
