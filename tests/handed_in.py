"""What learners hand in, right and wrong, from `tests/exercises/<exercise>/answers.yml`.

    for answer in of("two_tasks"):
        answer.name, answer.steps, answer.gets      # "plain_mean", ("inputs",), "padding-counts"
        answer.text                                 # its Python

An answer is a file, `right/<name>.py` or `wrong/<name>.py`, or a small change of a right one. Such
a change holds only if each of the texts that it replaces stands in that file exactly once;
otherwise `of` raises, so that no wrong answer turns right in silence.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mtl_lessons import exercises, shapes

FOLDER = Path(__file__).parent / "exercises"
WORD = re.compile(r"[a-z0-9_]+")
CHANGE = {"from?": WORD, "replace?": {str: re.compile("(?s).*")}}


@dataclass(frozen=True)
class Answer:
    """One file of a learner's.

    Right, it passes `steps`; wrong, it fails the one step, with the message `gets`.
    """

    exercise: str
    name: str
    steps: tuple[str, ...]
    text: str
    gets: str = ""

    @property
    def is_right(self) -> bool:
        return not self.gets


@cache
def of(exercise: str) -> tuple[Answer, ...]:
    """The answers to an exercise.

    Raises `ValueError` with the file, the line and what was expected there.
    """
    steps = {step.name for step in exercises.load(exercise).steps}
    folder = FOLDER / exercise
    file = folder / "answers.yml"
    root, data = shapes.parsed(file)
    right = {"name": WORD, "steps": [steps]} | CHANGE
    wrong = {"name": WORD, "gets": re.compile("[a-z0-9-]+")} | CHANGE
    shape = {"right": [right], "wrong": {step: [wrong] for step in steps}}
    for line, reason in shapes.mismatches(root, shape):
        raise ValueError(f"{exercise}/{file.name}:{line}: {reason}")
    _nothing_beside(folder, data)
    found = []
    for one in data["right"]:
        text = _text(folder, "right", one)
        found.append(Answer(exercise, one["name"], tuple(one["steps"]), text))
    for step, answers in data["wrong"].items():
        for one in answers:
            text = _text(folder, "wrong", one)
            found.append(
                Answer(exercise, one["name"], (step,), text, one["gets"])
            )
    return tuple(found)


def _text(folder: Path, kind: str, entry: dict) -> str:
    """The Python of an answer."""
    name = entry["name"]
    file = folder / kind / f"{name}.py"
    if "from" in entry:
        file = folder / "right" / f"{entry['from']}.py"
    where = f"{folder.name}/answers.yml, {name}"
    if not file.is_file():
        raise ValueError(
            f"{where}: expected the file {file.relative_to(folder)}, found none"
        )
    text = file.read_text(encoding="utf-8")
    for old, new in entry.get("replace", {}).items():
        text = replaced(text, old, new, f"{where}: {file.name}")
    return text


def replaced(text: str, old: str, new: str, where: str) -> str:
    """The text with `new` for `old`, which has to stand there exactly once."""
    if (times := text.count(old)) != 1:
        raise ValueError(
            f"{where}: expected {old!r} once, found it {times} times"
        )
    return text.replace(old, new)


def _nothing_beside(folder: Path, data: dict) -> None:
    """No file that nobody names, which would never be checked."""
    wrong = [answer for answers in data["wrong"].values() for answer in answers]
    for kind, entries in (("right", data["right"]), ("wrong", wrong)):
        named = {entry["name"] for entry in entries if "from" not in entry}
        for file in (folder / kind).glob("*.py"):
            if file.stem not in named:
                reason = f"expected an entry for {kind}/{file.name}, found none"
                raise ValueError(f"{folder.name}/answers.yml: {reason}")
