"""The check of a drill in a process of its own, which may hang, die, or fill the
memory: each is a verdict.

Run as a module, this file is that process. It writes its verdict into a file,
so that an answer may print and close what it likes.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from mtl_lessons import drills
from mtl_lessons.console import limit_memory
from mtl_lessons.drills.drill import Drill
from mtl_lessons.drills.judge import Verdict
from mtl_lessons.mistake import NOT_YET, RAISED

SECONDS = 10.0  # that an answer may take; a right one takes less than one
START = 120.0  # seconds more for the process to begin, on a slow machine
MEMORY = 2**30  # bytes
LATE = 75  # exit status of a process that ran out of time


def checked(drill: Drill, file: Path, seconds: float = SECONDS) -> Verdict:
    """The verdict on a file, from a process that may take `seconds`."""
    with tempfile.TemporaryDirectory(prefix="mtl-drill-") as folder:
        report = Path(folder, "report")
        command = [sys.executable, "-m", "mtl_lessons.drills.process"]
        given = [drill.name, str(file.resolve()), str(report), str(seconds)]
        try:
            process = subprocess.run(
                [*command, *given],
                stdin=subprocess.DEVNULL,
                timeout=START + seconds,
            )
        except subprocess.TimeoutExpired:
            return _without_report(drill, "too-slow", seconds=f"{seconds:g}")
        if report.is_file():
            return Verdict(**json.loads(report.read_text(encoding="utf-8")))
    if process.returncode == LATE:
        return _without_report(drill, "too-slow", seconds=f"{seconds:g}")
    return _without_report(drill, "died", status=process.returncode)


def _without_report(drill: Drill, key: str, **facts: object) -> Verdict:
    """The verdict when the process could not give one."""
    outcome = NOT_YET if key == "too-slow" else RAISED
    text = drill.texts[key].format(**facts)
    return Verdict(outcome, key, text, facts=facts)


# ---- in the process itself


def main(name: str, file: str, report: str, seconds: str) -> None:
    """Judge, and write the verdict down; end with `LATE` after `seconds`."""
    drill = drills.load(name)
    source = Path(file).read_text(encoding="utf-8")
    limit_memory(MEMORY)
    clock = threading.Timer(float(seconds), os._exit, [LATE])
    clock.daemon = True
    clock.start()
    verdict = drill.judge(source)
    part = Path(report).with_suffix(".part")
    part.write_text(json.dumps(verdict.plain()), encoding="utf-8")
    part.replace(report)


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # a thread that the answer left running does not keep it
