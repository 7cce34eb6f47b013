"""The book's tools for a terminal.

python -m mtl_lessons start two_tasks             # a file to fill in: two_tasks.py
python -m mtl_lessons check two_tasks.py          # check it, step by step
python -m mtl_lessons check two_tasks.py --watch  # and again whenever it is saved
python -m mtl_lessons reset two_tasks             # forget what was passed
python -m mtl_lessons quiz --chapter concept      # ten questions of the bank; --help has more
"""

import argparse
import sys
import time
from pathlib import Path

from mtl_lessons import embed, exercises, quiz_terminal
from mtl_lessons.exercises.engine import PASSED, Exercise


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit status is 0 if all is well, 1 if a step is not passed, 2 for a wrong command."""
    asked = _parser().parse_args(arguments)
    return asked.run(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m mtl_lessons", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="command")
    start = commands.add_parser("start", help="write a file to fill in")
    start.add_argument("exercise", choices=exercises.names())
    start.set_defaults(run=_start)
    check = commands.add_parser("check", help="check a file, step by step")
    check.add_argument("file", type=Path)
    check.add_argument("--exercise", choices=exercises.names(), help="which one, if the file does not bear its name")
    check.add_argument("--watch", action="store_true", help="check again whenever the file is saved")
    check.set_defaults(run=_check)
    reset = commands.add_parser("reset", help="forget what was passed")
    reset.add_argument("exercise", choices=exercises.names())
    reset.set_defaults(run=_reset)
    quiz_terminal.register(commands)
    return parser


def _start(asked: argparse.Namespace) -> int:
    exercise, file = exercises.load(asked.exercise), Path(f"{asked.exercise}.py")
    if file.exists():
        return _refuse("exists", file=file)
    starters = dict.fromkeys(step.data["starter"] for step in exercise.steps)
    file.write_text("\n\n".join((exercise.folder / name).read_text(encoding="utf-8") for name in starters), encoding="utf-8")
    print(_words("started", file=file))
    return 0


def _check(asked: argparse.Namespace) -> int:
    name = asked.exercise or asked.file.stem
    if name not in exercises.names():
        return _refuse("which", file=asked.file, names=", ".join(exercises.names()))
    if not asked.file.is_file():
        return _refuse("no-file", file=asked.file)
    exercise = exercises.load(name)
    while True:
        saved = asked.file.stat().st_mtime_ns
        status = _report(exercise, asked.file)
        if not asked.watch:
            return status
        print(_words("watching", file=asked.file), flush=True)
        _wait(asked.file, saved)


def _report(exercise: Exercise, file: Path) -> int:
    results = exercise.check_file(file)
    for result in results:
        print(result, end="\n\n", flush=True)
    passed = sum(result.outcome == PASSED for result in results)
    print(_words("summary", passed=passed, total=len(exercise.steps)), flush=True)
    return int(passed < len(exercise.steps))


def _wait(file: Path, saved: int) -> None:
    while not file.exists() or file.stat().st_mtime_ns == saved:  # some editors replace the file
        time.sleep(0.2)


def _reset(asked: argparse.Namespace) -> int:
    exercises.load(asked.exercise).reset()
    print(_words("reset", exercise=asked.exercise))
    return 0


def _words(key: str, **facts) -> str:
    return embed.strings("exercises")[key].format(**facts)


def _refuse(key: str, **facts) -> int:
    print(_words(key, **facts), file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
