"""What readers hand in to a drill, right and wrong, from `tests/drills/<name>.yml`.

    right:
      - {name: mean_ranks, code: "def auc(labels, scores): …"}
    wrong:
      - {name: ties_lose, gets: ties-lose, from: solution, replace: {"old": "new"}}

`from: solution` is the model answer with small changes; each of the texts that it replaces has to
stand there exactly once, so that no wrong answer turns right in silence.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from handed_in import replaced

from mtl_lessons import drills, shapes

FOLDER = Path(__file__).parent / "drills"
WORD = re.compile(r"[a-z0-9_]+")
ENTRY = {
    "name": WORD,
    "code?": str,
    "from?": {"solution"},
    "replace?": {str: re.compile("(?s).*")},
}
SHAPE = {
    "right": [ENTRY],
    "wrong": [ENTRY | {"gets": re.compile("[a-z0-9-]+")}],
}


@dataclass(frozen=True)
class Answer:
    """One answer to a drill; `gets`: the key of its message, or `passed`."""

    drill: str
    name: str
    code: str
    gets: str

    def __str__(self) -> str:
        return f"{self.drill}-{self.name}"


@cache
def of(drill: str) -> tuple[Answer, ...]:
    """The answers to a drill.

    Raises `ValueError` with the file, the line and what was expected there.
    """
    file = FOLDER / f"{drill}.yml"
    root, data = shapes.parsed(file)
    for line, reason in shapes.mismatches(root, SHAPE):
        raise ValueError(f"drills/{file.name}:{line}: {reason}")
    return tuple(
        Answer(
            drill,
            entry["name"],
            _code(drill, entry),
            entry.get("gets", "passed"),
        )
        for entry in data["right"] + data["wrong"]
    )


def _code(drill: str, entry: dict) -> str:
    where = f"drills/{drill}.yml, {entry['name']}"
    if ("code" in entry) == ("from" in entry):
        raise ValueError(
            f"{where}: expected either code or from, found not one"
        )
    if "code" in entry:
        return entry["code"]
    text = drills.load(drill).model_answer
    for old, new in entry["replace"].items():
        text = replaced(text, old, new, where)
    return text
