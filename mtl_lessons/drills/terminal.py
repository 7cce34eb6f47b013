"""Drills in a terminal: `python -m mtl_lessons drill auc --watch`.

The first run writes `auc.py` with the starter. Later ones check it.
"""

import argparse
from pathlib import Path

from mtl_lessons import drills, embed
from mtl_lessons.console import showable, wait_for_change
from mtl_lessons.drills import process
from mtl_lessons.drills.drill import Drill
from mtl_lessons.drills.judge import Verdict
from mtl_lessons.exercises import state
from mtl_lessons.exercises.result import MARKS
from mtl_lessons.mistake import NOT_ATTEMPTED, PASSED
from mtl_lessons.quiz.bank import home
from mtl_lessons.quiz.page import section_of

SAY = embed.strings("drill-terminal")
KEPT = "drills"  # the name under which the state has them


def register(commands: argparse._SubParsersAction) -> None:
    """Add `drill` to the commands of the package."""
    drill = commands.add_parser("drill", help="write code, and have it checked")
    drill.add_argument(
        "name", nargs="?", choices=drills.names(), help="by default: list them"
    )
    drill.add_argument(
        "--watch",
        action="store_true",
        help="check again whenever the file is saved",
    )
    drill.add_argument("--hint", type=int, metavar="number", help="show a hint")
    drill.add_argument(
        "--solution", action="store_true", help="show the model answer"
    )
    drill.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """The command; its status: 0 if the answer passed or nothing was checked,
    else 1.
    """
    if asked.name is None:
        return show("\n".join(listed()))
    drill = drills.load(asked.name)
    if asked.hint is not None:
        return show(hint(drill, asked.hint))
    if asked.solution:
        return show(f"{drill.model_answer}\n{drill.explained}")
    file = Path(f"{drill.name}.py")
    if not file.exists():
        file.write_text(drill.starter, encoding="utf-8")
        show(f"{head(drill)}\n\n{drill.task}\n{say('started', file=file)}")
        if not asked.watch:
            return 0
        wait_for_change(file, file.stat().st_mtime_ns)
    while True:
        saved = file.stat().st_mtime_ns
        verdict = process.checked(drill, file)
        show("\n".join(told(drill, verdict)))
        if verdict.outcome == PASSED:
            state.note(KEPT, drill.name, passed=True)
        if not asked.watch:
            return int(verdict.outcome != PASSED)
        wait_for_change(file, saved)


def listed() -> list[str]:
    """A line for each drill, marked if it was passed, by chapter."""
    passed = state.of(KEPT)
    found = sorted(
        (drills.load(name) for name in drills.names()),
        key=lambda drill: (drill.topic, drill.name),
    )
    return [
        SAY["list"].format(
            mark=MARKS[PASSED if drill.name in passed else NOT_ATTEMPTED],
            name=drill.name,
            level=drill.level,
            minutes=drill.minutes,
            title=drill.title,
        )
        for drill in found
    ]


def told(drill: Drill, verdict: Verdict) -> list[str]:
    """The lines of a verdict."""
    facts = verdict.facts
    lines = [f"{MARKS[verdict.outcome]} {SAY[verdict.outcome]}"]
    if {"call", "found", "expected"} <= facts.keys():
        lines.append(say("call", **facts))
    lines.append(verdict.text)
    if verdict.line:
        lines.append(say("line", line=verdict.line))
    if verdict.printed:
        lines.append(say("printed", printed=verdict.printed))
    if verdict.outcome == PASSED:
        return [*lines, say("follow-up", text=drill.follow_up)]
    if verdict.key in drill.messages:
        chapter, _, name = drill.read_after(verdict.key).partition("#")
        lines.append(say("read", read=section_of(chapter, name, home(None))))
    return [*lines, say("hints-left", total=len(drill.hints))]


def hint(drill: Drill, number: int) -> str:
    """One hint; the last for a number that is too high."""
    at = min(max(number, 1), len(drill.hints))
    return say(
        "hint", number=at, total=len(drill.hints), text=drill.hints[at - 1]
    )


def head(drill: Drill) -> str:
    """Title, level and time."""
    return say(
        "head", title=drill.title, level=drill.level, minutes=drill.minutes
    )


def say(key: str, **facts: object) -> str:
    """A text of the terminal with its facts."""
    return SAY[key].format(**facts)


def show(text: str) -> int:
    """Print a text with characters that the terminal has."""
    print(showable(text), flush=True)
    return 0
