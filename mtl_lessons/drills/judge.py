"""Runs an answer to a drill and says how it stands.

The same code judges in a terminal and in the browser, so it needs the standard
library alone. It limits what an answer may print; time and memory are limited
by whoever calls it, from outside: a process in a terminal, a worker on the site.
"""

import ast
import io
import re
import traceback
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from types import ModuleType
from typing import Any

from mtl_lessons.drills.probes import ANSWER
from mtl_lessons.mistake import (
    NOT_ATTEMPTED,
    NOT_YET,
    PASSED,
    RAISED,
    Mistake,
    NotAttempted,
)

PLACE = re.compile(rf" \({ANSWER}, line \d+\)")  # told as `line`
PRINTED = 4000  # characters of its output that are kept


@dataclass(frozen=True)
class Verdict:
    """How an answer stands: `outcome`, the `key` of a message, its `text`, the
    `line` that raised (0: none), and what was `printed`.
    """

    outcome: str
    key: str
    text: str
    line: int = 0
    printed: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON has it, for a page."""
        shown = {name: str(fact) for name, fact in self.facts.items()}
        return asdict(self) | {"facts": shown}


def judge(
    task: ModuleType, name: str, source: str, texts: Mapping[str, str]
) -> Verdict:
    """The verdict on an answer.

    Args:
        task: the module of the drill, with its `check`.
        name: of the function or class that is asked for.
        source: what the reader wrote.
        texts: the messages by key; facts stand in braces.

    Raises:
        LookupError: the check has a mistake for which there is no message.
    """
    printed = Printed()
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            task.check(defined(source, name))
        outcome, key, facts, line = PASSED, "passed", {}, 0
    except NotAttempted:
        outcome, key, facts, line = NOT_ATTEMPTED, "not-attempted", {}, 0
    except Mistake as mistake:
        outcome, key, facts = NOT_YET, mistake.key, mistake.facts
        line = 0
    # SystemExit, too: an answer ends nothing but itself
    except BaseException as error:
        outcome, key = RAISED, "raised"
        facts = {"kind": type(error).__name__, "said": said(error)}
        line = line_of(error)
    if key not in texts:
        raise LookupError(
            f"{task.__name__}: expected a message {key} in its .yml, found none"
        )
    text = texts[key].format_map({"answer": name, "line": line} | facts)
    return Verdict(outcome, key, text, line, printed.text(), facts)


def defined(source: str, name: str) -> Any:
    """What an answer defines under a name.

    Raises `NotAttempted` for a starter, `Mistake` if nothing has that name, and
    whatever the source raises.
    """
    tree = ast.parse(source, ANSWER)
    found = [node for node in tree.body if getattr(node, "name", "") == name]
    if found and is_bare(found[-1]):
        raise NotAttempted
    if found and returns_nothing(found[-1]):
        raise Mistake("returns-nothing")
    space: dict[str, Any] = {"__name__": "answer"}
    exec(compile(source, ANSWER, "exec"), space)
    if not callable(space.get(name)):
        raise Mistake("no-answer")
    return space[name]


def is_bare(node: ast.AST) -> bool:
    """Whether a function, or every method of a class, has nothing in it but
    words and dots.
    """
    if isinstance(node, ast.ClassDef):
        methods = [part for part in node.body if hasattr(part, "body")]
        return all(is_bare(method) for method in methods)
    if not isinstance(node, ast.FunctionDef):
        return False
    return all(
        isinstance(part, ast.Pass)
        or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        for part in node.body
    )


def returns_nothing(node: ast.AST) -> bool:
    """Whether a function neither raises nor has a `return` with a value."""
    return isinstance(node, ast.FunctionDef) and not any(
        isinstance(part, ast.Raise)
        or (isinstance(part, ast.Return) and part.value is not None)
        for part in ast.walk(node)
    )


def line_of(error: BaseException) -> int:
    """The last line of the answer's own that an error came from; else 0."""
    if isinstance(error, SyntaxError) and error.filename == ANSWER:
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.lineno for frame in frames if frame.filename == ANSWER]
    return (own or [0])[-1] or 0


def said(error: BaseException) -> str:
    """The message of an error, at most its beginning.

    >>> said(SyntaxError("invalid syntax (<answer>, line 3)"))
    'invalid syntax'
    """
    try:
        return PLACE.sub("", str(error)[:300])
    except Exception as second:  # an error that cannot even say what it is
        return f"({type(second).__name__} in its `__str__`)"


class Printed(io.TextIOBase):
    """Keeps the beginning of what is printed, and throws the rest away."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.left = PRINTED
        self.cut = False

    def write(self, text: str, /) -> int:
        self.parts.append(text[: self.left])
        self.cut = self.cut or len(text) > self.left
        self.left -= len(self.parts[-1])
        return len(text)

    def text(self) -> str:
        """What was printed, with a mark where it was cut."""
        return "".join(self.parts) + (" …" if self.cut else "")
