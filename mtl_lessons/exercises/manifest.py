"""What an exercise is made of, as its `manifest.yml` says it: read, checked,
frozen.

    title: Item recommendation and user interest in one model
    module: mtl_lessons.two_tasks       # of the model answer
    sections:                           # of the chapter: title by target
      history: From a history to a vector
    steps:
      - name: inputs                    # of its check; `exercise.inputs`
        title: a vector from a history
        section: history                # where to read again
        answer: user_vector             # the name that a learner defines
        starter: starter_inputs.py      # what a learner begins with
        solution: [user_vector]         # names in `module`
        hints: ["Item ids are names, not quantities."]
        question: two-tasks-plain-mean  # of the bank, on the same mistakes
        passed: "A vector of {width}."  # filled in by what its check returns
        seconds: 60                     # until its check gives up, if not 20
        light: true                     # if its check needs no TensorFlow
    messages:
      too-narrow:
        text: "Found: {width}. Expected: at least {least}."
        read: trunk                     # a section, if it is not the step's

A message is what a learner is told of a `Mistake` with that key. Those of the
common probes are in `web/strings.en.json`, part `mistakes`; a message of the
same name replaces them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mtl_lessons import shapes
from mtl_lessons.mistake import Message

SECONDS = 20.0  # until a check gives up, if the manifest says nothing
WORD, KEY = (
    re.compile(r"[a-z][a-z0-9_]*"),
    re.compile(r"[a-z0-9]+(-[a-z0-9]+)*"),
)
STEP = {
    "name": WORD,
    "title": str,
    "section": KEY,
    "answer": WORD,
    "starter": re.compile(r"starter_\w+\.py"),
    "solution": [WORD],
    "hints": [str],
    "question": KEY,
    "passed": str,
    "seconds?": float,
    "light?": bool,
}
SHAPE = {
    "title": str,
    "module": re.compile(r"mtl_lessons(\.\w+)+"),
    "sections": {str: str},
    "steps": [STEP],
    "messages": {str: {"text": str, "read?": KEY}},
}


@dataclass(frozen=True)
class StepSpec:
    """One step, as the manifest declares it."""

    name: str
    title: str
    section: str
    answer: str
    starter: str
    solution: tuple[str, ...]
    hints: tuple[str, ...]
    question: str
    passed: str
    seconds: float = SECONDS
    light: bool = False

    @classmethod
    def of(cls, entry: dict[str, Any]) -> "StepSpec":
        """From the YAML of a step; nothing in it can be changed."""
        lists: dict[str, Any] = {
            name: tuple(entry[name]) for name in ("solution", "hints")
        }
        return cls(**entry | lists)


@dataclass(frozen=True)
class Manifest:
    """All that a `manifest.yml` says."""

    title: str
    module: str
    sections: dict[str, str]
    steps: tuple[StepSpec, ...]
    messages: dict[str, Message]

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Raises `ValueError` for the first thing that is wrong, with its file
        and line.
        """
        root, data = shapes.parsed(path)
        wrong = list(shapes.mismatches(root, SHAPE))
        if root is not None and not wrong:
            wrong = list(_contradictions(root, data, path.parent))
        for line, reason in wrong:
            raise ValueError(f"{path.parent.name}/{path.name}:{line}: {reason}")
        messages = {
            key: Message(**message) for key, message in data["messages"].items()
        }
        return cls(
            title=data["title"],
            module=data["module"],
            sections=data["sections"],
            steps=tuple(StepSpec.of(step) for step in data["steps"]),
            messages=messages,
        )


def _contradictions(
    root: yaml.Node, data: dict, folder: Path
) -> Iterator[tuple[int, str]]:
    """What no shape sees: pairs of a line and a reason."""
    sections = ", ".join(data["sections"])
    names = [step["name"] for step in data["steps"]]
    for place, step in enumerate(data["steps"]):
        node = shapes.inside(root, "steps", place)
        if names.index(step["name"]) < place:
            reason = f"expected a name of its own for each step, found {step['name']} twice"
            yield shapes.line_of(node), reason
        if step["section"] not in data["sections"]:
            found = step["section"]
            yield (
                _line_of(node, "section"),
                f"section: expected one of {sections}, found {found}",
            )
        if not (folder / step["starter"]).is_file():
            file = f"{folder.name}/{step['starter']}"
            yield (
                _line_of(node, "starter"),
                f"starter: expected the file {file}, found none",
            )
        yield from shapes.badly_braced(node, "passed", step["passed"])
    for key, message in data["messages"].items():
        node = shapes.inside(root, "messages", key)
        if (
            message.get("read", next(iter(data["sections"])))
            not in data["sections"]
        ):
            yield (
                _line_of(node, "read"),
                f"read: expected one of {sections}, found {message['read']}",
            )
        yield from shapes.badly_braced(node, "text", message["text"])


def _line_of(node: yaml.Node, key: str) -> int:
    return shapes.line_of(shapes.inside(node, key))
