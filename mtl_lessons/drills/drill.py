"""What a reader sees of a drill, as its `.yml` says it: read, checked, frozen.

::

    title: AUC with ties
    topic: evaluation            # the page that leads to it
    level: junior                # or senior, staff
    minutes: 15
    answer: auc                  # what is asked for: a function or a class
    solution: [ranks, auc]       # its model answer, if that is more than one
    read: evaluation#by-slice    # the section that explains it, without the
                                 # prefix of its target, as in a question
    source: [hanley-1982]        # as of a question
    task: |                      # Markdown, as an interviewer says it
      ...
    hints: ["...", "..."]
    explained: |                 # below the solution: why, and what it costs
      ...
    follow_up: "..."
    messages:                    # by key of a `Mistake`; facts in braces
      ties: {text: "...", read: evaluation#by-slice}

The starter is made of the model answer: its signature and docstring, without
its body and what that imports.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

import yaml

from mtl_lessons import embed, shapes
from mtl_lessons.drills import judge
from mtl_lessons.levels import LEVELS
from mtl_lessons.mistake import Message

TASKS = Path(__file__).parent / "tasks"
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
PLACE = re.compile(r"[a-z0-9_]+#[a-z0-9-]+")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SHAPE = {
    "title": str,
    "topic": re.compile("[a-z0-9_]+"),
    "level": set(LEVELS),
    "minutes": int,
    "answer": WORD,
    "solution?": [WORD],
    "read": PLACE,
    "source": [re.compile(r"cell:[a-z0-9_]+#[a-z0-9-]+|[\w-]+")],
    "task": str,
    "hints": [str],
    "explained": str,
    "follow_up": str,
    "messages": {str: {"text": str, "read?": PLACE}},
}


@dataclass(frozen=True)
class Drill:
    """A drill: what its `.yml` says, and what its module defines."""

    name: str
    title: str
    topic: str
    level: str
    minutes: int
    answer: str
    read: str
    source: tuple[str, ...]
    task: str
    hints: tuple[str, ...]
    explained: str
    follow_up: str
    messages: dict[str, Message]
    solution: tuple[str, ...]

    @classmethod
    def of(cls, name: str, folder: Path = TASKS) -> "Drill":
        """From `<name>.yml` of a folder.

        Raises `ValueError` for the first thing that is wrong, with its file and
        line.
        """
        path = folder / f"{name}.yml"
        root, data = shapes.parsed(path)
        wrong = list(shapes.mismatches(root, SHAPE))
        if root is not None and not wrong:
            wrong = list(_badly_braced(root, data))
        for line, reason in wrong:
            raise ValueError(f"{path.name}:{line}: {reason}")
        lists = {key: tuple(data[key]) for key in ("source", "hints")}
        messages = {
            key: Message(**message) for key, message in data["messages"].items()
        }
        solution = tuple(data.get("solution", [data["answer"]]))
        return cls(
            name=name,
            **data | lists | {"messages": messages, "solution": solution},
        )

    @property
    def key(self) -> str:
        """Under which results are kept, beside those of questions.

        >>> Drill.of("recall_at_k").key
        'drill-recall-at-k'
        """
        return f"drill-{self.name.replace('_', '-')}"

    @property
    def path(self) -> Path:
        """The file with the model answer and the check."""
        return TASKS / f"{self.name}.py"

    @cached_property
    def module(self) -> ModuleType:
        """The same, imported."""
        return importlib.import_module(f"mtl_lessons.drills.tasks.{self.name}")

    @cached_property
    def texts(self) -> dict[str, str]:
        """All messages by key: those of every drill, and its own."""
        own = {key: told.text for key, told in self.messages.items()}
        return embed.strings("drill-messages") | own

    def judge(self, source: str) -> judge.Verdict:
        """The verdict on an answer, in this process and without a limit."""
        return judge.judge(self.module, self.answer, source, self.texts)

    def read_after(self, key: str) -> str:
        """The section to read after a message, as `page#anchor`."""
        return self.messages[key].read or self.read

    @cached_property
    def starter(self) -> str:
        """What a reader begins with: the answer without its body."""
        return _as_file([_emptied(self._parts[self.answer])])

    @cached_property
    def model_answer(self) -> str:
        """The source of the solution, with what it imports."""
        parts = [self._parts[name] for name in self.solution]
        return _as_file([*self._imports(parts), *parts])

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    def _imports(self, parts: list[str]) -> list[str]:
        """What the parts import, as one piece of text, if anything."""
        used = {
            node.id
            for part in parts
            for node in ast.walk(ast.parse(part))
            if isinstance(node, ast.Name)
        }
        found = [
            ast.unparse(node)
            for node in self._tree.body
            if isinstance(node, ast.Import | ast.ImportFrom)
            and used & {alias.asname or alias.name for alias in node.names}
        ]
        return ["\n".join(found)] if found else []

    @property
    def _parts(self) -> dict[str, str]:
        """The source of what the module defines, by name."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        parts = {}
        for node in self._tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                marked = [mark.lineno for mark in node.decorator_list]
                first = min([node.lineno, *marked])
                parts[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
        return parts


def _as_file(parts: list[str]) -> str:
    return "\n\n\n".join(parts) + "\n"


def _emptied(source: str) -> str:
    """A function or class of which every body is its docstring and dots."""
    lines = source.splitlines()
    kept = lines
    for node in reversed(_functions(ast.parse(source))):
        body = node.body
        told = ast.get_docstring(node) is not None
        first = body[1] if told and len(body) > 1 else body[0]
        dots = " " * body[0].col_offset + "..."
        kept = [*kept[: first.lineno - 1], dots, *kept[node.end_lineno :]]
    return "\n".join(kept)


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """A function, or the methods of a class, from top to bottom."""
    (top,) = tree.body
    inside = top.body if isinstance(top, ast.ClassDef) else [top]
    return [node for node in inside if isinstance(node, ast.FunctionDef)]


def _badly_braced(root: yaml.Node, data: dict) -> Iterator[tuple[int, str]]:
    """Messages in which no facts can be filled in: lines and reasons."""
    for key, message in data["messages"].items():
        node = shapes.inside(root, "messages", key)
        yield from shapes.badly_braced(node, "text", message["text"])
