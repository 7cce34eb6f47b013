"""The check of a file in a process of its own: whatever befalls that process is
a verdict.

`verdicts` starts it and passes on what it reports, each step when it is done.
Run as a module, this file is that process. It writes its reports into a file, a
JSON object a line, so that a learner's code may print and close what it likes.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from mtl_lessons import embed, exercises
from mtl_lessons.console import forgiving, limit_memory
from mtl_lessons.exercises.engine import Exercise, Step
from mtl_lessons.exercises.result import Result

START = 120.0  # seconds for the imports, before the learner's code runs
SPARE = 15.0  # seconds that the process has beyond what the step may take
STACKS = 64 * 2**20 * (os.cpu_count() or 1)  # bytes for those of threads
MEMORY = 8 * 2**30 + STACKS  # bytes: four times what an exercise needs

Verdicts = Iterator[tuple[Step, Result | None]]


class Child:
    """A process that waits for a file to check. `warm`: it imports TensorFlow
    while it waits.
    """

    def __init__(self, exercise: Exercise, warm: bool = False) -> None:
        self.exercise, self.folder = (
            exercise,
            tempfile.TemporaryDirectory(prefix="mtl-check-"),
        )
        self.report = Path(self.folder.name) / "report"
        self.report.touch()
        module = [sys.executable, "-m", "mtl_lessons.exercises.child"]
        command = [
            *module,
            exercise.name,
            str(self.report),
            *(["warm"] if warm else []),
        ]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert self.process.stdin is not None  # it is a pipe
        self.stdin = self.process.stdin

    def verdicts(self, file: Path, steps: Sequence[Step]) -> Verdicts:
        """The step with None when its check begins, with its result when it
        ends; asked once.
        """
        plan = {
            "file": str(file),
            "steps": [step.name for step in steps],
            "memory": MEMORY,
        }
        named, limit = {step.name: step for step in steps}, START
        at = next((step for step in steps if step.light), steps[0])
        try:
            self._send(json.dumps(plan))
            yield at, None
            for event in self._events():
                if event is None:
                    if time.monotonic() > self._since + limit:
                        self.close()
                        yield at, at.verdict(_late(at))
                        return
                elif event["step"] is None:
                    return
                elif "result" in event:
                    at, limit = named[event["step"]], START
                    yield at, Result(**event["result"])
                else:
                    limit = (
                        START
                        if event["running"]
                        else named[event["step"]].seconds + SPARE
                    )
                    if at is not named[event["step"]]:
                        at = named[event["step"]]
                        yield at, None
            yield at, at.died(_how(self.process.wait()))
        finally:
            self.close()

    def close(self) -> None:
        """End the process, if it has not ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.stdin.close()
        self.folder.cleanup()

    def _send(self, line: str) -> None:
        try:
            self.stdin.write(line + "\n")
            self.stdin.flush()
        # it has died while it waited: the exit status will tell
        except OSError:
            pass

    def _events(self) -> Iterator[dict | None]:
        """What is reported, until the process has ended; None now and then if
        nothing is.
        """
        self._since = time.monotonic()
        with self.report.open(encoding="utf-8") as lines:
            rest = ""
            while True:
                # first: what it wrote before is read below
                ended = self.process.poll() is not None
                rest += lines.read()
                *whole, rest = rest.split("\n")
                for line in whole:
                    self._since = time.monotonic()
                    yield json.loads(line)
                if ended and not whole:
                    return
                if not whole:
                    yield None
                    time.sleep(0.02)


def _late(step: Step) -> BaseException:
    from mtl_lessons.exercises.sandbox import TimeUp

    return TimeUp(step.seconds)


def _how(status: int) -> str:
    """How a process ended, from its exit status.

    Below 0 it is a signal, and on Windows a large number is a crash.
    """
    words = embed.strings("exercises")
    if status > 255:
        return words["ended-by-signal"].format(signal=hex(status))
    if status >= 0:
        return words["ended-by-exit"].format(status=status)
    name = signal.Signals(-status).name
    return words[
        "ended-by-kill" if name == "SIGKILL" else "ended-by-signal"
    ].format(signal=name)


# -------------------------------------------------------- in the process itself


def main(name: str, report: str, *options: str) -> None:
    """Wait for a plan on standard input, check, report."""
    forgiving()
    exercise = exercises.load(name)
    if "warm" in options:
        import mtl_lessons.backend  # noqa: F401
    line = sys.stdin.readline()
    if not line:  # nobody is there any more
        return
    plan = json.loads(line)
    limit_memory(plan["memory"])

    def tell(**event: object) -> None:
        sys.stdout.flush()
        with open(report, "a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    steps = [step for step in exercise.steps if step.name in plan["steps"]]
    begun = False
    for step, result in exercise.check_file(plan["file"], steps):
        if result is None:
            tell(step=step.name, running=not (begun or step.light))
            begun = begun or not step.light
        else:
            tell(step=step.name, result=_writable(result))
    tell(step=None)


def _writable(result: Result) -> dict:
    """A result without what cannot be written down."""
    return {
        "heading": result.heading,
        "text": result.text,
        "more": list(result.more) if result.more else None,
        "outcome": result.outcome,
        "key": result.key,
    }


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        os._exit(130)
    sys.stdout.flush()
    # a thread that the learner's code has left running does not keep the
    # process
    os._exit(0)
