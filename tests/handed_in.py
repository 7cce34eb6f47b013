"""What learners hand in: the right and wrong answers of `tests/exercises/<exercise>/answers.yml`, with what each must get.

    for answer in of("two_tasks"):
        answer.name, answer.steps, answer.gets      # "plain_mean", ("inputs",), "padding-counts"
        answer.text                                 # its Python

An answer is a file, `right/<name>.py` or `wrong/<name>.py`, or a small change of a right one. Such a change holds only if each of
the texts that it replaces stands in that file exactly once; otherwise `of` raises, so that no wrong answer turns right in silence.
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
    """One file of a learner's. Right, it passes `steps`; wrong, it fails the one step, with the message `gets`."""

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
    """The answers to an exercise. Raises `ValueError` with the file, the line and what was expected there."""
    steps = {step.name for step in exercises.load(exercise).steps}
    folder = FOLDER / exercise
    file = folder / "answers.yml"
    root, data = shapes.read(file)
    right = {"name": WORD, "steps": [steps]} | CHANGE
    wrong = {"name": WORD, "gets": re.compile("[a-z0-9-]+")} | CHANGE
    shape = {"right": [right], "wrong": {step: [wrong] for step in steps}}
    for line, reason in shapes.mismatches(root, shape):
        raise ValueError(f"{exercise}/{file.name}:{line}: {reason}")
    found = [Answer(exercise, one["name"], tuple(one["steps"]), _text(folder, "right", one)) for one in data["right"]]
    for step, answers in data["wrong"].items():
        found += [Answer(exercise, one["name"], (step,), _text(folder, "wrong", one), one["gets"]) for one in answers]
    _nothing_beside(folder, data)
    return tuple(found)


def _text(folder: Path, kind: str, entry: dict) -> str:
    """The Python of an answer."""
    name = entry["name"]
    file = folder / "right" / f"{entry['from']}.py" if "from" in entry else folder / kind / f"{name}.py"
    if not file.is_file():
        raise ValueError(f"{folder.name}/answers.yml, {name}: expected the file {file.relative_to(folder)}, found none")
    text = file.read_text(encoding="utf-8")
    for old, new in entry.get("replace", {}).items():
        text = replaced(text, old, new, f"{folder.name}/answers.yml, {name}: {file.name}")
    return text


def replaced(text: str, old: str, new: str, where: str) -> str:
    """The text with `new` for `old`, which has to stand there exactly once."""
    if (times := text.count(old)) != 1:
        raise ValueError(f"{where}: expected {old!r} once, found it {times} times")
    return text.replace(old, new)


def _nothing_beside(folder: Path, data: dict) -> None:
    """No file that nobody names, which would never be checked."""
    wrong = [answer for answers in data["wrong"].values() for answer in answers]
    for kind, entries in (("right", data["right"]), ("wrong", wrong)):
        named = {entry["name"] for entry in entries if "from" not in entry}
        stray = {file.stem for file in (folder / kind).glob("*.py")} - named
        if stray:
            raise ValueError(f"{folder.name}/answers.yml: expected an entry for {kind}/{min(stray)}.py, found none")
