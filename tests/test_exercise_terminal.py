"""Exercises in a terminal: the commands, the process of a check and how it may end."""

import io
import os
import re
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from mtl_lessons import __main__ as cli
from mtl_lessons import console, exercises
from mtl_lessons.exercises import child, state
from mtl_lessons.exercises.engine import FOLDER
from mtl_lessons.mistake import NOT_YET, PASSED, RAISED

pytestmark = pytest.mark.usefixtures("own_state")


@pytest.fixture
def two():
    return exercises.load("two_tasks")


def python(*arguments, cwd, **variables):
    """Python in a process of its own, as at a prompt."""
    return subprocess.run(
        [sys.executable, "-m", "mtl_lessons", *arguments],
        capture_output=True,
        cwd=cwd,
        timeout=600,
        encoding="utf-8",
        env=os.environ
        | {"PYTHONPATH": str(FOLDER.parents[1]), "PYTHONIOENCODING": "utf-8"}
        | variables,
    )


def test_start_writes_a_file_that_is_not_attempted(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "Child", None)  # nothing has to be run to see that
    assert (
        cli.main(["start", "two_tasks"]) == 0
        and cli.main(["start", "two_tasks"]) == 2
    )
    assert cli.main(["check", "two_tasks.py"]) == 1
    out = capsys.readouterr()
    assert (
        "Not attempted yet: step 1" in out.out
        and "0 of 5 steps passed." in out.out
        and "is there already" in out.err
    )


@pytest.mark.parametrize(
    "encoding", ["cp1252", "cp437", "gbk", "cp932", "cp949"]
)
def test_a_prompt_in_any_encoding(tmp_path, encoding, monkeypatch):
    (tmp_path / "two_tasks.py").write_text("def user_vector(:\n")
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    assert cli.main(["check", str(tmp_path / "two_tasks.py")]) == 1
    stream.flush()
    said = stream.buffer.getvalue().decode(encoding)
    assert (
        "SyntaxError" in said
        and "0 of 5" in said
        and "It came from line 1 of your code" in said
    )


def test_a_check_goes_on_to_the_first_step_that_is_not_passed_and_light_steps_come_first(
    tmp_path,
):
    """In a process of its own, whose death is a verdict."""
    file = tmp_path / "mine.py"
    file.write_text(
        "import numpy as np\nfrom mtl_lessons.two_tasks import user_vector\n\n"
        "def report(item, interest, scores):\n    return {'item': 0.3, 'interest': 0.7}\n\n"
        "def trunk():\n    import os\n    print('mine')\n    os._exit(0)\n\n"
        "def build():\n    return ...\n"
    )
    # which exercise it is, nobody has said
    assert cli.main(["check", str(file)]) == 2
    found = python("check", str(file), "--exercise", "two_tasks", cwd=tmp_path)
    # "mine" may stand before one, on its line
    verdicts = re.findall(r"([·✓✗!] [^:]+): step( \d)", found.stdout)
    assert ["".join(verdict) for verdict in verdicts] == [
        "· Not attempted yet 3",
        "· Not attempted yet 4",
        "✗ Not yet 5",
        "✓ Passed 1",
        "! Your code raised an error 2",
    ]
    assert (
        "exit status 0" in found.stdout
        and "1 of 5" in found.stdout
        and found.returncode == 1
    )
    assert found.stdout.index("Checking step 2") < found.stdout.index(
        "exit status 0"
    )


class Verdicts(list):
    """A child that says of every step that it is passed, or what was put in for it."""

    def __init__(self, exercise, warm=False):
        self.asked = ASKED

    def verdicts(self, file, steps):
        self.asked.append([step.name for step in steps])
        for step in steps:
            yield step, None
            yield (
                step,
                step._result(NOT_YET, "returns-nothing")
                if step.name in FAILING
                else step._result(PASSED, "not-attempted", answer=""),
            )

    def close(self):
        pass


ASKED, FAILING = [], set()


def test_watch_checks_only_what_has_changed(tmp_path, capsys, monkeypatch):
    file = tmp_path / "two_tasks.py"
    one, two, report = (
        "def user_vector():\n    return 1\n",
        "def trunk():\n    return user_vector()\n",
        "def report(a, b, c):\n    pass\n",
    )
    texts = [
        one,
        one + two + report,
        one + two + report + "\n# a comment\n",
        one.replace("1", "2") + two + report,
        one,
    ]
    saved = iter(texts[1:])
    file.write_text(texts[0])

    def save(path, before):
        try:
            file.write_text(next(saved))
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(cli, "wait_for_change", save)
    monkeypatch.setattr(cli, "Child", Verdicts)
    ASKED.clear()
    FAILING.clear()
    with pytest.raises(KeyboardInterrupt):
        cli.main(["check", str(file), "--watch"])
    assert ASKED == [
        ["inputs"],
        ["trunk", "evaluate"],
        ["inputs", "trunk"],
        ["inputs"],
    ]
    out = capsys.readouterr().out
    assert (
        out.count("unchanged") == 1 + 3 + 1
        and out.count("3 of 5 steps passed") == 3
    )


def test_nothing_is_checked_behind_a_step_that_is_known_to_fail(
    tmp_path, monkeypatch, capsys
):
    file = tmp_path / "two_tasks.py"
    file.write_text(
        "def user_vector():\n    return 1\n\ndef trunk():\n    return 2\n"
    )
    monkeypatch.setattr(cli, "Child", Verdicts)
    ASKED.clear()
    FAILING.add("inputs")
    check = cli._Check(exercises.load("two_tasks"), file)
    assert check.report() == 1
    file.write_text(file.read_text().replace("return 2", "return 3"))
    assert check.report() == 1 and ASKED == [["inputs", "trunk"]]
    # what is wrong is said again
    assert "returns `None`" in capsys.readouterr().out.split("unchanged")[-1]


def died(two, code):
    """What is said when the process of a check ends by that code."""
    process = child.Child.__new__(child.Child)
    process.folder, process.report = (
        SimpleNamespace(cleanup=lambda: None),
        FOLDER / "empty",
    )
    process.process = subprocess.Popen(
        [sys.executable, "-c", f"import os; {code}"],
        stdin=subprocess.PIPE,
        text=True,
    )
    process.stdin = process.process.stdin

    def nothing_until_it_ends():
        process.process.wait()
        return iter([])

    process._events = nothing_until_it_ends
    *_, (_, result) = process.verdicts(FOLDER, two.steps[:1])
    return result


def test_a_crash_on_windows_is_told_as_one():
    assert "0xc0000005" in child._how(0xC0000005) and "crash" in child._how(
        0xC0000005
    )


@pytest.mark.skipif(
    sys.platform != "linux" or os.path.exists("/proc/driver/nvidia"),
    reason="there is no limit here",
)
def test_memory_has_an_end_in_the_process_of_a_check():
    code = "from mtl_lessons.console import limit_memory; limit_memory(2**29); bytes(2**30)"
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert "MemoryError" in found.stderr


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("os._exit(0)", "exit status 0"),
        ("os._exit(3)", "exit status 3"),
        ("os.abort()", "SIGABRT"),
        ("os.kill(os.getpid(), 9)", "want of memory"),
    ],
)
def test_the_death_of_the_process_is_a_verdict(two, code, said):
    result = died(two, code)
    assert (result.outcome, result.key) == (
        RAISED,
        "died",
    ) and said in result.text


def test_a_process_that_hangs_is_ended(two, monkeypatch, tmp_path):
    """Even one that no exception reaches."""
    monkeypatch.setattr(child, "START", 0.0)
    process = child.Child(two, warm=True)
    try:
        process._send = lambda line: None  # it waits for its plan for ever
        *_, (_step, result) = process.verdicts(tmp_path / "a.py", two.steps[:1])
    finally:
        process.close()
    assert result.key == "too-slow" and process.process.poll() is not None


def test_wait_ends_when_the_file_is_saved(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("")
    timer = threading.Timer(0.3, lambda: file.write_text("x"))
    timer.start()
    console.wait_for_change(file, file.stat().st_mtime_ns)
    timer.join()
    assert file.read_text() == "x"


def test_reset_forgets(capsys):
    state.note("two_tasks", "heads", passed=True)
    assert cli.main(["reset", "two_tasks"]) == 0 and state.of("two_tasks") == {}
