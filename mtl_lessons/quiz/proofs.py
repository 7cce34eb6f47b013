"""Whether what a bank says is so: the sections to which it leads, its numbers,
its bugs.

Whatever stands in the bank is run here. So it is for banks of this repository,
where they are checked, and not where they are shown.
"""

import ast
import contextlib
import io
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import yaml

import mtl_lessons
from mtl_lessons.shapes import inside, line_of

from . import sections
from .bank import Bank, Problem, Question, prefix
from .kinds import kind_of

# of what expressions name: it leaves TensorFlow out
WITHOUT_TENSORFLOW = {"np", "metrics", "world"}
Doubt = tuple[yaml.Node, str]  # where something is said, and why it is not so


def proofs(bank: Bank, quick: bool = False) -> list[Problem]:
    """What a valid bank says that is not so.

    Args:
        quick: without what needs TensorFlow: runs of bugs, and numbers of the
            chapters' modules.
    """
    problems = []
    for node, question in zip(bank.nodes, bank.questions):
        doubts = [
            *lost_sections(node, question, bank),
            *refuted_numbers(node, question, quick),
        ]
        doubts += refused_answers(node, question)
        if not quick:
            doubts += sound_bugs(node, question)
        for at, reason in doubts:
            problems.append(
                Problem(bank.path.name, line_of(at), question["id"], reason)
            )
    return problems


# ---- sections ----


def lost_sections(
    node: yaml.Node, question: Question, bank: Bank
) -> Iterator[Doubt]:
    """Links to sections that no chapter has. The package alone has no chapters:
    there, none.
    """
    book = bank.path.parents[1]
    if not any(book.glob("*.ipynb")):
        return
    for at, anchor in links(node, question, bank):
        chapter, _, name = anchor.rpartition("#")
        chapter = chapter or bank.path.stem
        if name not in sections.titles(chapter, bank.path.parent):
            yield (
                at,
                f"expected a section of {chapter}.ipynb, found "
                f"{prefix(chapter)}{name}",
            )


def links(
    node: yaml.Node, question: Question, bank: Bank
) -> Iterator[tuple[yaml.Node, str]]:
    """The sections to which a question leads, each with where it says so."""
    if "anchor" in question:
        yield inside(node, "anchor"), question["anchor"]
    for i, source in enumerate(question["source"]):
        if source.startswith("cell:"):
            yield inside(node, "source", i), source.removeprefix("cell:")
        elif not bank.is_topic:
            yield inside(node, "source", i), "sources"


# ---- numbers ----


def refuted_numbers(
    node: yaml.Node, question: Question, quick: bool
) -> Iterator[Doubt]:
    """Numbers that their expressions do not give."""
    for path, claim in claims(question):
        expression, value = claim["expression"], claim["value"]
        if quick and not named_modules(expression) <= WITHOUT_TENSORFLOW:
            continue
        at = inside(node, *path, "value")
        try:
            found = recompute(expression)
        except ValueError as error:
            yield at, str(error)
            continue
        # NaN is no number's neighbour
        if not abs(found - value) <= claim["tolerance"]:
            yield (
                at,
                f"expected {found:.6g}, which its expression gives, found "
                f"{value}",
            )


def refused_answers(node: yaml.Node, question: Question) -> Iterator[Doubt]:
    """Numbers that are the answer and are graded wrong, written in one way or
    another.
    """
    answer = question.get("answer", {})
    if "value" not in answer:
        return
    for text in (
        f"{answer['value']}",
        f"{answer['value']:,}",
        f"{answer['value']:e}",
    ):
        score, _ = kind_of(question).grade(question, text)
        if score < 1:
            yield (
                inside(node, "answer", "tolerance"),
                f"expected {text} to be right, found it wrong",
            )


def claims(question: Question) -> list[tuple[tuple, dict]]:
    """What can be recomputed, and the keys that lead there: `numbers`, and a
    number as answer.
    """
    found = [
        (("numbers", i), number)
        for i, number in enumerate(question.get("numbers", []))
    ]
    answer = question.get("answer", {})
    return found + ([(("answer",), answer)] if "expression" in answer else [])


def recompute(expression: str) -> float:
    """The value of an expression over `np` and the modules of `mtl_lessons`
    that it names.

    Raises:
        ValueError: the expression fails; the message has it.
    """
    try:
        known = package_modules()
        space = {
            name: import_module(known[name])
            for name in named_modules(expression)
        }
        return float(eval(expression.strip(), space))
    except Exception as error:  # an expression may fail in any way
        found = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"expected a number from {expression}, found {found}"
        ) from error


def named_modules(expression: str) -> set[str]:
    """The modules that an expression names. One that is no expression names
    none.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError:
        return set()
    return {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name)
    } & package_modules().keys()


@cache
def package_modules() -> dict[str, str]:
    """What an expression may name, and which module that is."""
    ours = (module.name for module in iter_modules(mtl_lessons.__path__))
    return {"np": "numpy"} | {name: f"mtl_lessons.{name}" for name in ours}


# ---- bugs ----

FAULT = {True: "to show its fault", False: "to be free of its fault"}


def sound_bugs(node: yaml.Node, question: Question) -> Iterator[Doubt]:
    """Bugs that can run and show no fault, and repairs that do not cure it."""
    if "run" not in question:
        return
    at = inside(node, "run")
    for line in (None, *question["answer"]["lines"]):
        what = (
            "its code"
            if line is None
            else f"its code with line {line} repaired"
        )
        try:
            shown = shows_fault(question, *([] if line is None else [line]))
        except Exception as error:  # so may code
            yield (
                at,
                f"expected {what} to run, found {type(error).__name__}: "
                f"{error}",
            )
            continue
        if shown != (line is None):
            yield (
                at,
                f"expected {what} {FAULT[not shown]}, found it {FAULT[shown]}",
            )


def shows_fault(question: Question, *repaired: int) -> bool:
    """Whether a bug with a `run` shows itself, with lines of `repaired` as the
    repair has them.
    """
    run, code = question["run"], question["code"].splitlines()
    for line in repaired:
        code[line - 1] = run["repair"][line]
    program = compile("\n".join([run["setup"], *code]), question["id"], "exec")
    space: dict = {}
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a bug may well be warned of
        exec(program, space)
        return bool(eval(run["fault"], space))
