"""The whole suite, a few files at a time, each file in a process of its own.

    python tests/run.py                   # every test file and every chapter
    python tests/run.py --jobs 1 metrics  # files whose path contains one of these words
    python tests/run.py -- -k gauc        # what stands behind -- goes to pytest
    python tests/run.py --coverage        # which lines of the package no test file reaches

A process of its own gives its memory back when its file is done, and no file depends on what ran
before it. The file that took longest last time comes first, so that none runs alone at the end.
Ctrl-C ends everything at once: pytest, kernels, browsers.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
SLOWEST = 10
COVERAGE = ["coverage", "run", "-m"]
# Endless code of a learner is stopped by a trace function, and a process has room for one.
UNTRACED = ("tests/test_exercise_limits.py",)
QUIET = (0, 5)  # pytest's exit codes for "all passed" and "no test was chosen"
THREADS = (
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)


@dataclass
class Done:
    """What came of one file.

    Seconds on the clock and of the processor, the largest process in GB, and pytest's own report.
    """

    file: str
    code: int
    output: str
    seconds: float
    cpu: float
    memory: float
    report: Path
    tests: list[tuple[str, float]] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)

    def read(self) -> "Done":
        """Take names, times and verdicts from the report, if pytest lived to write one."""
        if self.report.exists():
            suite = ET.parse(self.report).getroot().find("testsuite")
            cases = suite.iter("testcase")
            self.tests = [
                (f"{self.file}::{case.get('name')}", float(case.get("time")))
                for case in cases
            ]
            count = {
                name: int(suite.get(name))
                for name in ("tests", "failures", "errors", "skipped")
            }
            failed = count["failures"] + count["errors"]
            passed = count["tests"] - failed - count["skipped"]
            self.counts = Counter(
                passed=passed, failed=failed, skipped=count["skipped"]
            )
        died = not self.report.exists()  # whatever its exit code
        if (died or self.code not in QUIET) and not self.counts["failed"]:
            self.counts["failed"] = 1
        return self


class Suite:
    """Test files that wait, and the processes that run now."""

    def __init__(
        self,
        root: Path,
        files: list[str],
        options: list[str],
        jobs: int,
        coverage: bool = False,
    ):
        self.root, self.waiting, self.options, self.jobs = (
            root,
            files,
            options,
            jobs,
        )
        self.coverage = coverage
        self.total, self.done = len(files), []
        self.running: set[int] = set()
        self.lock = threading.Lock()
        self.stopped = False

    def work(self) -> None:
        """Run one file after the other, until none is left."""
        while True:
            with self.lock:
                if self.stopped or not self.waiting:
                    return
                file = self.waiting.pop(0)
            found = self.run(file).read()
            with self.lock:
                if self.stopped:
                    return
                self.done.append(found)
                self.tell(found)

    def run(self, file: str) -> Done:
        name = file.replace("/", ".")
        report, output = (
            kept(self.root) / f"{name}.xml",
            kept(self.root) / f"{name}.txt",
        )
        report.unlink(missing_ok=True)
        pytest = ["pytest", file, f"--junitxml={report}", "--color=no"]
        # A notebook's kernel is killed at the end, and could not say what it saw.
        traced = self.coverage and file.endswith(".py") and file not in UNTRACED
        command = [sys.executable, "-m", *(COVERAGE if traced else []), *pytest]
        start = time.perf_counter()
        with output.open("wb") as stream:
            with self.lock:
                if self.stopped:
                    return Done(file, 0, "", 0.0, 0.0, 0.0, report)
                process = subprocess.Popen(
                    [*command, *self.options],
                    cwd=self.root,
                    env=_share_of_cores(self.jobs) | os.environ,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                self.running.add(process.pid)
            code, used = _wait(process)
        with self.lock:
            self.running.discard(process.pid)
        text = output.read_text(encoding="utf-8", errors="replace")
        return Done(
            file, code, text, time.perf_counter() - start, *used, report
        )

    def tell(self, found: Done) -> None:
        counts = ", ".join(
            f"{number} {name}"
            for name, number in found.counts.items()
            if number
        )
        place = f"[{len(self.done)}/{self.total}]"
        line = (
            f"{place:>8} {found.file:<45} {counts or 'no test':<30} "
            f"{found.seconds:5.0f} s {found.memory:4.1f} GB"
        )
        print(line, flush=True)
        if found.counts["failed"]:
            print(found.output, flush=True)

    def stop(self) -> None:
        """End every process, and every process that it has started, now."""
        with self.lock:
            self.stopped = True
            tops = [
                psutil.Process(pid)
                for pid in self.running
                if psutil.pid_exists(pid)
            ]
            below = [
                child for top in tops for child in top.children(recursive=True)
            ]
            for process in [*tops, *below]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


def _share_of_cores(jobs: int) -> dict[str, str]:
    """Settings by which files that run side by side do not compete for the same cores."""
    return dict.fromkeys(THREADS, str(max(1, (os.cpu_count() or 1) // jobs)))


def _wait(process: subprocess.Popen) -> tuple[int, tuple[float, float]]:
    """The exit code, and what the process and those below it used.

    That is seconds of the processor, and the largest in GB.
    """
    if not hasattr(os, "wait4"):  # Windows keeps no such account
        return process.wait(), (0.0, 0.0)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return process.returncode, (
        used.ru_utime + used.ru_stime,
        used.ru_maxrss * unit / 1e9,
    )


def kept(root: Path) -> Path:
    """Where what pytest said is kept, two files for each test file, and how long each took."""
    return root / "_build" / "tests"


def files(root: Path, words: list[str]) -> list[str]:
    """Test files and chapters, the slowest of the last run first.

    Before them comes what has no time yet, the largest first.
    """
    paths = [
        *(root / "tests").rglob("test_*.py"),
        *(root / "book").glob("*.ipynb"),
    ]
    names = sorted(path.relative_to(root).as_posix() for path in paths)
    times = _times(root)
    chosen = [
        name
        for name in names
        if not words or any(word in name for word in words)
    ]
    return sorted(
        chosen,
        key=lambda name: (
            -times.get(name, float("inf")),
            -(root / name).stat().st_size,
        ),
    )


def _times(root: Path) -> dict[str, float]:
    try:
        return json.loads((kept(root) / "times.json").read_text())
    except (OSError, ValueError):
        return {}


def summary(done: list[Done], seconds: float) -> int:
    """Print the slowest tests, the largest process and the verdict; the exit code."""
    tests = sorted(
        (test for found in done for test in found.tests),
        key=lambda test: -test[1],
    )
    print(f"\nThe {SLOWEST} slowest tests:")
    for name, time_taken in tests[:SLOWEST]:
        print(f"{time_taken:6.1f} s  {name}")
    largest = max(done, key=lambda found: found.memory)
    print(f"Largest process: {largest.memory:.1f} GB, {largest.file}")
    cpu = sum(found.cpu for found in done)
    print(f"{seconds:.0f} s on the clock, {cpu:.0f} s of the processor.")
    counts = sum((found.counts for found in done), Counter())
    broken = [found.file for found in done if found.counts["failed"]]
    if broken:
        print(f"Failed: {', '.join(broken)}")
    print(
        f"\n{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped"
    )
    return int(bool(broken) or not counts["passed"])


def covered(root: Path) -> int:
    """Report what the processes have seen of the package, all together; not 0 below the floor."""
    subprocess.run(
        [sys.executable, "-m", "coverage", "combine", "--quiet"],
        cwd=root,
        check=True,
    )
    return subprocess.run(
        [sys.executable, "-m", "coverage", "report"], cwd=root
    ).returncode


def main(arguments: list[str]) -> int:
    own, options = arguments, []
    if "--" in arguments:
        cut = arguments.index("--")
        own, options = arguments[:cut], arguments[cut + 1 :]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "words",
        nargs="*",
        help="run only files whose path contains one of these",
    )
    parser.add_argument("--jobs", type=int, default=2, help="files at a time")
    parser.add_argument(
        "--coverage", action="store_true", help="report which lines are reached"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    asked = parser.parse_args(own)
    kept(asked.root).mkdir(parents=True, exist_ok=True)
    if asked.coverage:  # of this run alone
        subprocess.run(
            [sys.executable, "-m", "coverage", "erase"],
            cwd=asked.root,
            check=True,
        )
    chosen = files(asked.root, asked.words)
    suite = Suite(asked.root, chosen, options, asked.jobs, asked.coverage)
    start = time.perf_counter()
    # ended by a program as by Ctrl-C
    # Ctrl-C, too: a shell lets what it runs in the background ignore it.
    for ends in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ends, signal.default_int_handler)
    workers = [
        threading.Thread(target=suite.work, daemon=True)
        for _ in range(asked.jobs)
    ]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            while worker.is_alive():
                # a join without an end would keep Ctrl-C waiting on Windows
                worker.join(0.2)
    except KeyboardInterrupt:
        suite.stop()
        print("\nInterrupted.")
        return 130
    times = _times(asked.root) | {
        found.file: round(found.seconds, 1) for found in suite.done
    }
    (kept(asked.root) / "times.json").write_text(
        json.dumps(times, indent=1, sort_keys=True)
    )
    if not suite.done:
        return 1
    seconds = time.perf_counter() - start
    missed = covered(asked.root) if asked.coverage else 0
    return summary(suite.done, seconds) or missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
