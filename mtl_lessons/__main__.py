"""The package on the command line.

python -m mtl_lessons start two_tasks             # a file to fill in
python -m mtl_lessons check two_tasks.py          # check it, step by step
python -m mtl_lessons check two_tasks.py --watch  # again whenever it is saved
python -m mtl_lessons reset two_tasks             # forget what was passed
python -m mtl_lessons drill                       # the coding drills
python -m mtl_lessons drill auc --watch           # write one, check it
python -m mtl_lessons grid two_tasks              # compute anew what is stored
python -m mtl_lessons cluster two.json            # train on parameter servers
python -m mtl_lessons serve models                # chapter 9's server
python -m mtl_lessons quiz --chapter concept      # ten questions of the bank
python -m mtl_lessons questions                   # check the bank, count it
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from mtl_lessons import embed, exercises, stored
from mtl_lessons.console import forgiving, wait_for_change
from mtl_lessons.drills import terminal as drill_terminal
from mtl_lessons.exercises.child import Child
from mtl_lessons.exercises.engine import Exercise, Step
from mtl_lessons.exercises.mistakes import NotAttempted
from mtl_lessons.exercises.result import Result
from mtl_lessons.exercises.source import Source
from mtl_lessons.mistake import PASSED
from mtl_lessons.quiz import report, terminal


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its status: 0 if all is well, 1 if a step is not passed, 2
    if it is wrong.
    """
    forgiving()
    asked = _parser().parse_args(arguments)
    return asked.run(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m mtl_lessons",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    start = commands.add_parser("start", help="write a file to fill in")
    start.add_argument("exercise", choices=exercises.names())
    start.set_defaults(run=_start)
    check = commands.add_parser("check", help="check a file, step by step")
    check.add_argument("file", type=Path)
    check.add_argument(
        "--exercise",
        choices=exercises.names(),
        help="which one, if the file does not bear its name",
    )
    check.add_argument(
        "--watch",
        action="store_true",
        help="check again whenever the file is saved",
    )
    check.set_defaults(run=_check_exercise)
    reset = commands.add_parser("reset", help="forget what was passed")
    reset.add_argument("exercise", choices=exercises.names())
    reset.set_defaults(run=_reset)
    grid = commands.add_parser(
        "grid", help="compute anew what is stored (minutes)"
    )
    grid.add_argument(
        "names",
        nargs="*",
        metavar="name",
        type=_stored,
        help="which; by default all of them",
    )
    grid.set_defaults(run=_grid)
    cluster = commands.add_parser(
        "cluster", help="train chapter 6's framework on several machines"
    )
    cluster.add_argument(
        "description", type=Path, help='{"cluster": {"worker": [...], ...}}'
    )
    cluster.add_argument("--steps", type=int, default=100)
    cluster.add_argument(
        "--checkpoint",
        type=Path,
        metavar="folder",
        help="where to go on from, and to keep the end",
    )
    cluster.add_argument(
        "--asynchronous", action="store_true", help="wait for no step"
    )
    cluster.set_defaults(run=_cluster)
    serve = commands.add_parser(
        "serve", help="answer requests with a model of chapter 6, over HTTP"
    )
    serve.add_argument(
        "folder", type=Path, help="of versions that Framework.save wrote"
    )
    serve.add_argument("--version", help="which; by default the last by name")
    serve.add_argument("--port", type=int, default=8000)
    serve.set_defaults(run=_serve)
    drill_terminal.register(commands)
    terminal.register(commands)
    report.register(commands)
    return parser


def _start(asked: argparse.Namespace) -> int:
    exercise, file = (
        exercises.load(asked.exercise),
        Path(f"{asked.exercise}.py"),
    )
    if file.exists():
        return _refuse("exists", file=file)
    # two steps may share one
    starters = dict.fromkeys(step.begin_with for step in exercise.steps)
    file.write_text("\n\n".join(starters), encoding="utf-8")
    print(_words("started", file=file))
    return 0


def _check_exercise(asked: argparse.Namespace) -> int:
    name = asked.exercise or asked.file.stem
    if name not in exercises.names():
        return _refuse(
            "which", file=asked.file, names=", ".join(exercises.names())
        )
    if not asked.file.is_file():
        return _refuse("no-file", file=asked.file)
    check = _Check(exercises.load(name), asked.file)
    try:
        while True:
            saved = asked.file.stat().st_mtime_ns
            status = check.report()
            if not asked.watch:
                return status
            check.make_ready()
            print(_words("watching", file=asked.file), flush=True)
            wait_for_change(asked.file, saved)
    finally:
        check.close()


class _Check:
    """The check of a file, which may be repeated: what has not changed is not
    checked again.
    """

    def __init__(self, exercise: Exercise, file: Path) -> None:
        self.exercise, self.file = exercise, file
        # what its answer was, and what was said
        self.known: dict[Step, tuple[str, Result]] = {}
        self.child: Child | None = None

    def report(self) -> int:
        """Print the verdicts as they come; the exit status."""
        try:
            source = Source.read(self.file)
        except (SyntaxError, ValueError, OSError) as error:
            passed = []
            _print(self.exercise.steps[0].verdict(error))
        else:
            passed = self._checked(source)
        print(
            _words(
                "summary", passed=len(passed), total=len(self.exercise.steps)
            ),
            flush=True,
        )
        return int(len(passed) < len(self.exercise.steps))

    def _checked(self, source: Source) -> list[Step]:
        """The steps that are passed."""
        digests = {
            step: source.digest(step.answer) for step in self.exercise.steps
        }
        known = self.known.items()
        self.known = {
            step: found for step, found in known if found[0] == digests[step]
        }
        starters = [
            step
            for step in self.exercise.steps
            if source.is_starter(step.answer)
        ]
        for _, result in self.known.values():
            heading = f"{result.heading} {_words('unchanged')}"
            _print(
                heading
                if result.outcome == PASSED
                else replace(result, heading=heading)
            )
        for number, step in enumerate(starters):
            result = step.verdict(NotAttempted())
            _print(result if number == 0 else result.heading)
        for step, result in self._verdicts(self._to_do(starters)):
            if result is None:
                print(
                    _words("checking", number=step.number, title=step.title),
                    flush=True,
                )
            else:
                self.known[step] = digests[step], result
                _print(result)
        return [
            step
            for step, (_, result) in self.known.items()
            if result.outcome == PASSED
        ]

    def _to_do(self, starters: list[Step]) -> list[Step]:
        """Light steps, and of the others those before the first that cannot
        pass.

        That is a starter, or known to be not passed.
        """
        found = [
            step
            for step in self.exercise.steps
            if step.light and step not in starters
        ]
        for step in (step for step in self.exercise.steps if not step.light):
            if step in starters or (
                step in self.known and self.known[step][1].outcome != PASSED
            ):
                break
            found.append(step)
        return [
            step
            for step in self.exercise.steps
            if step in found and step not in self.known
        ]

    def _verdicts(
        self, steps: list[Step]
    ) -> Iterator[tuple[Step, Result | None]]:
        if steps:
            child, self.child = self.child or Child(self.exercise), None
            yield from child.verdicts(self.file, steps)

    def make_ready(self) -> None:
        """Start the next process already, so that the next check need not wait
        for TensorFlow.
        """
        self.child = self.child or Child(self.exercise, warm=True)

    def close(self) -> None:
        if self.child:
            self.child.close()


def _print(result: object) -> None:
    print(result, end="\n\n", flush=True)


def _reset(asked: argparse.Namespace) -> int:
    exercises.load(asked.exercise).reset()
    print(_words("reset", exercise=asked.exercise))
    return 0


def _grid(asked: argparse.Namespace) -> int:
    for name in asked.names or stored.RECIPES:
        stored.write(name, stored.compute(name, partial(_show_count, name)))
    return 0


def _cluster(asked: argparse.Namespace) -> int:
    from mtl_lessons.scale import cluster  # imports TensorFlow

    found = cluster.run(
        asked.description,
        asked.steps,
        asked.checkpoint,
        wait=not asked.asynchronous,
    )
    print(*cluster.lines(found), sep="\n")
    return 0


def _serve(asked: argparse.Namespace) -> int:
    try:
        from mtl_lessons.serving import server
    except ModuleNotFoundError as error:
        return _refuse("serving", missing=error.name)
    try:
        server.run(asked.folder, asked.version, port=asked.port)
    except (LookupError, ValueError) as error:
        print(error.args[0], file=sys.stderr)
        return 2
    return 0


def _stored(name: str) -> str:
    if name not in stored.RECIPES:
        raise argparse.ArgumentTypeError(
            f"expected one of {', '.join(stored.RECIPES)}, found {name!r}"
        )
    return name


def _show_count(name: str, done: int, total: int) -> None:
    print(f"{name}: {done}/{total}", file=sys.stderr)


def _words(key: str, **facts: object) -> str:
    return embed.strings("exercises")[key].format(**facts)


def _refuse(key: str, **facts: object) -> int:
    print(_words(key, **facts), file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
