"""Whether what a bank says is so: its numbers, and the bugs of its code. Imported where it is checked, not where it is shown."""

import ast
from importlib import import_module
from pkgutil import iter_modules

import mtl_lessons

from .bank import Question


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
        modules = {"np": "numpy"} | {module.name: f"mtl_lessons.{module.name}" for module in iter_modules(mtl_lessons.__path__)}
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
