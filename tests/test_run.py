"""The runner of the suite: what it counts, what it shows. An interrupt leaves nothing behind."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import run

SKIPPED = (
    "import pytest\ndef test_a(): pass\n@pytest.mark.skip\ndef test_b(): pass\n"
)
WRONG = "def test_a(): assert 6 * 7 == 43\ndef test_b(): pass\n"
DIES = "import os\ndef test_a(): os._exit(0)\n"
BROKEN = "import nowhere\n"
SLEEPS = """
import json, os, pathlib, subprocess, time

def test_sleeps():
    below = subprocess.Popen(["sleep", "600"], start_new_session=True)
    pathlib.Path("part").write_text(json.dumps([os.getpid(), below.pid]))
    pathlib.Path("part").rename("pids")
    time.sleep(600)
"""


@pytest.fixture
def checkout(tmp_path):
    """Write test files into a folder that looks like a checkout; returns the folder."""

    def write(**files: str) -> Path:
        for name, source in files.items():
            path = tmp_path / "tests" / f"test_{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return tmp_path

    return write


def test_each_verdict_is_counted_and_a_failure_is_shown(checkout, capsys):
    root = checkout(skipped=SKIPPED, wrong=WRONG, dies=DIES, broken=BROKEN)
    assert run.main(["--root", str(root)]) == 1
    said = capsys.readouterr().out
    assert said.endswith("2 passed, 3 failed, 1 skipped\n")
    assert (
        "assert (6 * 7) == 43" in said and "No module named 'nowhere'" in said
    )


def test_what_passes_is_short(checkout, capsys):
    root = checkout(skipped=SKIPPED)
    assert run.main(["--root", str(root)]) == 0
    said = capsys.readouterr().out
    assert (
        "[1/1] tests/test_skipped.py" in said and "1 passed, 1 skipped" in said
    )
    assert "test_skipped.py::test_a" in said and "Largest process" in said


COVERAGE = """
[tool.coverage.run]
source = ["part"]
parallel = true

[tool.coverage.report]
fail_under = 100
"""


@pytest.mark.parametrize(
    ("reached", "code"), [("part.a()", 2), ("part.a(), part.b()", 0)]
)
def test_what_no_test_reaches_is_reported_and_has_a_floor(
    checkout, capfd, reached, code
):
    root = checkout(part=f"import part\ndef test_part(): {reached}\n")
    (root / "pyproject.toml").write_text(COVERAGE, encoding="utf-8")
    (root / "part.py").write_text(
        "def a():\n    pass\ndef b():\n    pass\n", encoding="utf-8"
    )
    assert run.main(["--root", str(root), "--coverage"]) == code
    said = capfd.readouterr().out
    assert ("75%" if code else "100%") in said and said.endswith(
        "1 passed, 0 failed, 0 skipped\n"
    )


def test_no_test_at_all_is_a_failure(checkout):
    assert run.main(["--root", str(checkout(skipped=SKIPPED)), "nowhere"]) == 1
    assert (
        run.main(
            ["--root", str(checkout(skipped=SKIPPED)), "--", "-k", "nowhere"]
        )
        == 1
    )


def test_the_slowest_of_the_last_run_comes_first(checkout):
    root = checkout(a=SKIPPED, b=SKIPPED, c=SKIPPED)
    run.kept(root).mkdir(parents=True)
    (run.kept(root) / "times.json").write_text(
        json.dumps({"tests/test_a.py": 1, "tests/test_c.py": 2})
    )
    assert run.files(root, []) == [
        "tests/test_b.py",
        "tests/test_c.py",
        "tests/test_a.py",
    ]
    assert run.files(root, ["_a", "_c"]) == [
        "tests/test_c.py",
        "tests/test_a.py",
    ]


@pytest.mark.skipif(
    sys.platform == "win32",
    reason="a process on Windows cannot be sent Ctrl-C alone",
)
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_every_process(checkout, sign):
    root = checkout(sleeps=SLEEPS)
    runner = subprocess.Popen(
        [sys.executable, run.__file__, "--root", root],
        stdout=subprocess.PIPE,
        text=True,
    )
    while not (root / "pids").exists():
        assert runner.poll() is None
        time.sleep(0.05)
    runner.send_signal(sign)
    said, _ = runner.communicate()
    assert runner.returncode == 130 and said.endswith("Interrupted.\n")
    for pid in json.loads((root / "pids").read_text()):
        _wait_for_the_end(pid)


def _wait_for_the_end(pid: int) -> None:
    """Of a process that was killed: it is gone, or dead and not yet collected."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.05)
