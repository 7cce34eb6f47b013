"""The engine of the exercises: outcomes, limits, what is kept, what is shown, the command line."""

import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from mtl_lessons import __main__ as cli
from mtl_lessons import embed, exercises
from mtl_lessons.backend import keras, tf
from mtl_lessons.console import showable
from mtl_lessons.exercises import bar, child, probes, sandbox, state
from mtl_lessons.exercises.engine import FOLDER
from mtl_lessons.exercises.mistakes import Mistake, NotAttempted, attempted
from mtl_lessons.exercises.probes import NUMBER, ONE_OF, YES_NO, Output, Subject
from mtl_lessons.exercises.result import NOT_ATTEMPTED, NOT_YET, OUTCOMES, PASSED, RAISED
from mtl_lessons.exercises.source import Source

layers = keras.layers


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_LESSONS_STATE", str(tmp_path / "state.json"))


@pytest.fixture
def two():
    return exercises.load("two_tasks")


# ---------------------------------------------------------------- outcomes


@pytest.mark.parametrize(
    "answer", [..., None, lambda: ..., {"a": ...}, [..., ...]], ids=["dots", "None", "function", "dict", "list"]
)
def test_a_starter_is_not_attempted(two, answer):
    result = two.heads.check(answer) if answer is not None else two.heads.check()
    assert result.outcome == NOT_ATTEMPTED and "✗" not in str(result) and "build" in result.text


def test_attempted_gives_back_what_is_no_starter():
    assert attempted({"a": ..., "b": 1}) == {"a": ..., "b": 1} and attempted([]) == []
    with pytest.raises(NotAttempted):
        attempted((...,))


def test_an_error_is_told_with_its_place(two):
    def build():
        return 1 / 0

    result = two.heads.check(build)
    assert result.outcome == RAISED and isinstance(result.error, ZeroDivisionError)
    assert "division by zero" in str(result) and "return 1 / 0" in str(result)


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("not even that")


@pytest.mark.parametrize("error", [Unprintable(), ValueError("x" * 5_000_000)], ids=["unprintable", "5 MB"])
def test_an_error_is_told_in_short_whatever_it_says(two, error):
    def build():
        raise error

    result = two.heads.check(build)
    assert result.outcome == RAISED and type(error).__name__ in str(result) and len(str(result)) < 2000


def test_an_error_that_comes_from_no_line_of_the_learner_does_not_blame_one(two):
    result = two.heads.verdict(ValueError("in a library"))
    assert result.outcome == RAISED and "when the check used what your code returned" in str(result)


def test_another_backend_than_tensorflow_is_said(two, monkeypatch):
    for how in ("of this process", "asked for"):
        with monkeypatch.context() as changed:
            if how == "asked for":
                changed.setenv("KERAS_BACKEND", "jax")
            else:
                changed.setattr(keras.config, "backend", lambda: "jax")
            result = exercises.load("two_tasks").heads.check(lambda: None)
        assert (result.outcome, result.key) == (NOT_YET, "other-backend") and "Keras on jax" in result.text


def leave():
    raise SystemExit(0)


def test_code_that_ends_the_process_ends_only_its_check(two):
    assert two.heads.check(leave).outcome == RAISED


def test_an_interrupt_by_the_reader_goes_through(two):
    def build():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        two.heads.check(build)


def test_an_unknown_exercise_and_an_unknown_step_say_what_there_is(two):
    with pytest.raises(ValueError, match="two_tasks.*found 'tow_tasks'"):
        exercises.load("tow_tasks")
    with pytest.raises(AttributeError, match="inputs, trunk, heads.*found 'head'"):
        two.head  # noqa: B018


@pytest.mark.parametrize("name", exercises.names())
def test_tab_shows_a_learner_the_steps(name):
    from IPython.core.completer import IPCompleter

    exercise = exercises.load(name)
    steps = {step.name for step in exercise.steps}
    offered = IPCompleter(namespace={"exercise": exercise}).attr_matches("exercise.")
    assert steps <= set(dir(exercise)) and steps <= {text.removeprefix("exercise.") for text in offered}
    assert {"steps", "reset"} <= set(dir(exercise))


# ---------------------------------------------------------------- limits


def forever():
    while True:
        pass


def forever_and_catching():
    while True:
        try:  # noqa: SIM105
            time.sleep(0.01)
        except BaseException:
            pass


def forever_and_tidying():
    while True:
        try:
            pass
        finally:
            continue  # noqa: B012


def recording_and_catching():
    while True:
        try:
            with tf.GradientTape(persistent=True):
                time.sleep(0.01)
        except BaseException:
            pass


def in_a_graph():
    with tf.Graph().as_default(), tf.name_scope("mine"):
        forever()


def waiting():
    time.sleep(3600)


@pytest.fixture
def impatient(monkeypatch):
    """Code that was stopped and does not end is left alone at once; that which catches it gets it again at once."""
    monkeypatch.setattr(sandbox, "GRACE", 120.0)
    monkeypatch.setattr(sandbox, "AGAIN", 0.02)


ENDLESS = [forever, forever_and_catching, forever_and_tidying, recording_and_catching, in_a_graph]


@pytest.mark.parametrize("answer", ENDLESS)
def test_code_that_does_not_end_is_ended(two, answer, impatient):
    before = threading.active_count()
    result = two.heads.check(answer, seconds=0.1)
    assert (result.outcome, result.key) == (NOT_YET, "too-slow") and "0 s" in result.text
    ends(before)


def ends(before):
    """The thread of the learner's code ends, and the one that ended it."""
    for _ in range(12_000):
        if threading.active_count() <= before:
            return
        time.sleep(0.01)
    raise AssertionError(f"{threading.active_count()} threads, {before} before")


def test_code_that_waits_in_the_system_is_left_alone(two, monkeypatch):
    monkeypatch.setattr(sandbox, "GRACE", 0.1)
    assert two.heads.check(waiting, seconds=0.1).key == "too-slow"


def test_what_was_stopped_leaves_tensorflow_whole(two, impatient):
    """A tape or a graph left open on the thread would spoil every later training in the process."""
    for answer in (recording_and_catching, in_a_graph):
        two.heads.check(answer, seconds=0.1)
    variable = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = variable**2
    assert tf.executing_eagerly() and float(tape.gradient(loss, variable)) == 6

    @tf.function
    def steps(rows):  # under a tape that was left open, TensorFlow would differentiate this loop over an iterator
        for row in rows:
            variable.assign_add(row)

    steps(iter(tf.data.Dataset.range(3).map(lambda row: tf.cast(row, "float32"))))
    assert float(variable) == 6


def test_also_outside_the_main_thread(two, impatient):
    results = []
    thread = threading.Thread(target=lambda: results.append(two.heads.check(forever_and_catching, seconds=0.1)))
    thread.start()
    thread.join()
    assert [result.key for result in results] == ["too-slow"]


def test_the_readers_own_interrupt_ends_the_code(two, impatient, monkeypatch):
    """Ctrl-C, or the notebook's stop button, comes to the main thread, which waits."""

    def interrupted(ended, seconds):
        raise KeyboardInterrupt

    before = threading.active_count()
    monkeypatch.setattr(sandbox, "_wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        two.heads.check(forever, seconds=3600)
    ends(before)


def test_a_learners_number_types_hold_in_the_check(two):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert two.trunk.check(two.module.trunk).outcome == PASSED
        assert keras.config.dtype_policy().name == "mixed_float16"
    finally:
        keras.config.set_dtype_policy("float32")


def huge_table():
    history = keras.Input((10,), dtype="int32")
    return keras.Model(history, layers.Embedding(2_000_000_000, 64)(history))


def test_a_huge_model_is_refused_before_it_takes_memory(two):
    result = two.heads.check(huge_table)
    assert (result.outcome, result.key) == (NOT_YET, "too-large") and "128,000,000,000" in result.text


def test_weights_are_counted_altogether_and_only_within_the_block():
    with pytest.raises(sandbox.TooLarge), sandbox.weight_limit(100):
        for _ in range(3):
            layers.Dense(9).build((None, 4))
    layers.Dense(9).build((None, 40))


def meddling():
    keras.config.set_floatx("float16")
    np.random.seed(1)
    np.seterr(all="raise")
    tf.config.run_functions_eagerly(True)
    raise RuntimeError("after all that")


def test_settings_are_restored(two):
    np.random.seed(7)
    expected = np.random.RandomState(7).random()
    errors = np.geterr()
    assert two.heads.check(meddling).outcome == RAISED
    assert keras.config.floatx() == "float32" and np.geterr() == errors and not tf.config.functions_run_eagerly()
    assert np.random.random() == expected


def test_a_report_that_changes_its_inputs_neither_breaks_nor_passes(two):
    def report(item, interest, scores):
        scores["item"][:] = 0
        scores["item"][np.arange(len(item)), item] = 1
        interest[:] = scores["interest"] > 0
        return {"item": 1.0, "interest": 1.0}

    assert two.evaluate.check(report).outcome == NOT_YET


# ---------------------------------------------------------------- what is kept


def passing(item, interest, scores):
    from mtl_lessons import two_tasks

    return two_tasks.report(item, interest, scores)


def test_what_is_passed_stays_until_reset(two):
    assert two.evaluate.check(passing).outcome == PASSED
    assert exercises.load("two_tasks").evaluate.passed and "✓ step 5" in repr(two)
    assert two.evaluate.check(leave).outcome == RAISED and two.evaluate.passed
    two.evaluate.reset()
    assert not two.evaluate.passed
    state.note("two_tasks", "heads", passed=True)
    two.reset()
    assert state.of("two_tasks") == {}


def test_hints_come_one_after_the_other(two):
    said = [two.inputs.hint().heading for _ in range(4)]
    assert [heading.split(":")[0] for heading in said] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"]
    assert two.inputs.hint(1).heading.startswith("Hint 1") and two.inputs.hint(99).heading.startswith("Hint 3")


UNREADABLE = ["", "{", "[]", "[" * 100_000, '{"two_tasks": 3}', '{"two_tasks": {"heads": 1}}']
UNREADABLE += ['{"two_tasks": {"heads": {"passed": "yes", "hints": "2"}}}', '{"two_tasks": {"heads": {"hints": -1}}}']


@pytest.mark.parametrize("text", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_state_that_cannot_be_read_counts_as_empty(two, text):
    state.path().write_text(text)
    assert not two.heads.passed and two.heads.hint().heading.startswith("Hint 1")
    state.note("two_tasks", "heads", passed=True)
    assert two.heads.passed and json.loads(state.path().read_text())


def test_a_state_that_cannot_be_written_is_done_without(two, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MTL_LESSONS_STATE", str(tmp_path / "file" / "state.json"))
    assert two.evaluate.check(passing).outcome == PASSED and not two.evaluate.passed


def test_a_user_without_a_home_can_do_the_exercises(two, monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("MTL_LESSONS_STATE")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(state.sys, "platform", "linux")
    monkeypatch.setattr(state.Path, "home", no_home)
    assert two.evaluate.check(passing).outcome == PASSED and not two.evaluate.passed
    assert two.heads.hint().heading.startswith("Hint 1") and "step 5" in repr(two)
    two.reset()


def test_the_state_lies_where_the_platform_keeps_such_things(monkeypatch):
    monkeypatch.delenv("MTL_LESSONS_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", "/there")
    monkeypatch.setattr(state.sys, "platform", "linux")
    assert str(state.path()) == "/there/mtl_lessons/exercises.json"
    monkeypatch.setattr(state.sys, "platform", "darwin")
    assert "Application Support" in str(state.path())


# ---------------------------------------------------------------- what is shown


def test_a_result_is_text_and_html_and_escapes_what_a_learner_wrote(two):
    def build():
        raise ValueError("<script>alert(1)</script> \x1b[1mbold\x1b[0m")

    result = two.heads.check(build)
    html = result._repr_html_()
    assert 'data-outcome="raised"' in html and "<script>" not in html and "\x1b" not in html + str(result)
    assert 'href="#two-tasks-heads"' in html and "Read again" in str(result)


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "gbk", "cp932", "cp949", "ascii", "no-such-encoding"])
def test_what_a_terminal_cannot_show_is_put_plainly(two, encoding, monkeypatch):
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding=encoding))
    result = two.heads.check(lambda: None)
    for text in (str(result), repr(two), str(two.heads.hint()), showable("✓ ✗ · é 点 \ud800")):
        text.encode("ascii" if encoding.startswith("no") else encoding)
    assert str(result).split()[0] in ("✗", "x") and result.heading.startswith("✗")


def test_a_terminal_that_can_show_everything_gets_everything(two, monkeypatch):
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="utf-8"))
    assert showable("✓ ✗ · “é” 点") == "✓ ✗ · “é” 点"


def test_solutions_and_starters_are_code(two):
    assert "def build(" in two.heads.solution().text and "return ..." in two.heads.starter().text


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_in_a_terminal_is_gone_at_the_end(monkeypatch):
    monkeypatch.setattr(bar.sys, "stderr", terminal := Terminal())
    with bar.bar(10, "Training") as show:
        show(5)
    first, half, gone = terminal.getvalue().split("\r")[1:4]
    assert "0 / 10" in first and half.count("#") == half.count(".") == 20 and not gone.strip()


def test_a_bar_in_a_notebook_is_gone_at_the_end(monkeypatch):
    import IPython.display

    shown, kernel = [], SimpleNamespace(kernel=object())
    handle = SimpleNamespace(update=lambda html: shown.append(html.data))
    monkeypatch.setattr(IPython, "get_ipython", lambda: kernel)
    monkeypatch.setattr(IPython.display, "display", lambda html, display_id: handle)
    with bar.bar(10, "Training") as show:
        show(5)
    assert ['value="0"' in shown[0], 'value="5"' in shown[1], shown[2]] == [True, True, ""]


def test_nobody_looks_and_nothing_is_shown(capsys):
    with bar.bar(10, "Training") as show:
        show(5)
    assert capsys.readouterr() == ("", "")


def test_every_string_is_used():
    words, mistakes = embed.strings("exercises"), embed.strings("mistakes")
    files = [*FOLDER.rglob("*.py"), FOLDER.parent / "__main__.py"]
    code = "".join(path.read_text() for path in files).replace("'", '"')
    kinds = [
        f"{found}-for-{kind}"
        for found in ("softmax", "double-softmax", "sigmoid", "upper-half", "tanh", "positive", "constant")
        for kind in ("one-of", "yes-no", "number")
    ]
    assert [key for key in words if f'"{key}"' not in code and key not in OUTCOMES] == []
    assert [key for key in mistakes if f'"{key}"' not in code and key not in kinds] == []


# ---------------------------------------------------------------- a file, read without running it


def source(text, path):
    path.write_text(text)
    return Source.read(path)


def test_an_answer_depends_on_what_it_uses_and_on_what_happens_at_the_top(tmp_path):
    text = "import helper\nSIZE = 3\nOTHER = 4\n\ndef part():\n    return SIZE\n\ndef build():\n    return part()\n"
    file = tmp_path / "a.py"
    before = source(text, file).digest("build")
    assert source(f"# hello\n\n{text}\n\n", file).digest("build") == before
    assert source(text.replace("OTHER = 4", "OTHER = 5"), file).digest("build") == before
    assert source(text.replace("SIZE = 3", "SIZE = 5"), file).digest("build") != before
    assert source(text.replace("return SIZE", "return SIZE + 1"), file).digest("build") != before
    assert source(text + "part.size = 1\n", file).digest("build") != before
    assert source(text + "from numpy import *\n", file).digest("build") != before
    (tmp_path / "helper.py").write_text("import deeper\n")
    beside = source(text, file).digest("build")
    (tmp_path / "deeper.py").write_text("X = 1\n")
    assert len({before, beside, source(text, file).digest("build")}) == 3


@pytest.mark.parametrize(
    "coded", [b"\xef\xbb\xbfx = 1\n", b"# coding: latin-1\nx = '\xe9'\n"], ids=["a mark of UTF-8", "Latin-1"]
)
def test_a_file_may_be_saved_as_python_allows(tmp_path, coded):
    file = tmp_path / "a.py"
    file.write_bytes(coded)
    assert Source.read(file).run("x")["x"] in (1, "é")


def test_only_what_an_answer_uses_is_run(tmp_path):
    text = (
        "import no_such_module\nimport math as m\nN = 2\n\ndef f():\n    return m.sqrt(N)\n\nclass C:\n    x = no_such_module\n"
    )
    assert source(text, tmp_path / "a.py").run("f")["f"]() == 2**0.5
    with pytest.raises(ModuleNotFoundError):
        source(text, tmp_path / "a.py").run("C")


def test_what_is_about_tensorflow_is_not_run_for_an_answer_without_it(tmp_path):
    text = "import no_such_module\nimport tensorflow as tf\ntf.no_such_function()\nSEEN = []\n\ndef f():\n    return SEEN\n"
    file = source(text + "SEEN.append(1)\n", tmp_path / "a.py")
    assert file.run("f")["f"]() == [1] and "tf" not in file.run("f")
    assert file.digest("f") != source(text, tmp_path / "a.py").digest("f")


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("import numpy as np\nfrom mtl_lessons import metrics\ndef f(): return np, metrics\n", False),
        ("import keras\ndef f(): return 1\n", False),
        ("import keras\ndef f(): return keras\n", True),
        ("def f():\n    import tensorflow as tf\n", True),
        ("from mtl_lessons.backend import keras\nk = keras\ndef f(): return k\n", True),
        ("from mtl_lessons import two_tasks\ndef f(): return two_tasks\n", True),
        ("import keras\nkeras.utils.set_random_seed(0)\ndef f(): return 1\n", False),
        ("import keras\ndef g(): return keras\nif __name__ == '__main__':\n    print(g())\ndef f(): return 1\n", False),
        ("import keras\nSIZE = [1]\nSIZE.append(keras.Input(()))\ndef f(): return SIZE\n", True),
        ("import keras\ndef f(): return 1\nprint(keras, f())\n", True),
        ("from keras import *\ndef f(): return 1\n", True),
    ],
    ids=str,
)
def test_whether_an_answer_needs_tensorflow_is_known_without_running_it(tmp_path, text, needs):
    assert source(text, tmp_path / "a.py").needs_tensorflow("f") == needs


@pytest.mark.parametrize(
    ("text", "starter"),
    [
        ("", True),
        ("def f():\n    return ...\n", True),
        ('def f(x: int) -> int:\n    """Text."""\n    return ...\n', True),
        ("f = ...\n", True),
        ("def f():\n    ...\n", True),
        ("def f():\n    return ...\n\ndef f():\n    return 1\n", False),
        ("def f():\n    x = 1\n    return ...\n", False),
        ("from there import f\n", False),
        ("from there import *\n", False),
        ("if True:\n    def f(): return 1\n", False),
        ("globals()['f'] = 1\n", False),
        ("f, g = 1, 2\n", False),
    ],
    ids=str,
)
def test_a_starter_is_known_without_running_it(tmp_path, text, starter):
    assert source(text, tmp_path / "a.py").is_starter("f") == starter


# ---------------------------------------------------------------- the command line


def python(*arguments, cwd, **variables):
    """Python in a process of its own, as at a prompt."""
    return subprocess.run(
        [sys.executable, "-m", "mtl_lessons", *arguments],
        capture_output=True,
        cwd=cwd,
        timeout=600,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": str(FOLDER.parents[1]), "PYTHONIOENCODING": "utf-8"} | variables,
    )


def test_start_writes_a_file_that_is_not_attempted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "Child", None)  # nothing has to be run to see that
    assert cli.main(["start", "two_tasks"]) == 0 and cli.main(["start", "two_tasks"]) == 2
    assert cli.main(["check", "two_tasks.py"]) == 1
    out = capsys.readouterr()
    assert "Not attempted yet: step 1" in out.out and "0 of 5 steps passed." in out.out and "is there already" in out.err


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "gbk", "cp932", "cp949"])
def test_a_prompt_in_any_encoding(tmp_path, encoding, monkeypatch):
    (tmp_path / "two_tasks.py").write_text("def user_vector(:\n")
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    assert cli.main(["check", str(tmp_path / "two_tasks.py")]) == 1
    stream.flush()
    said = stream.buffer.getvalue().decode(encoding)
    assert "SyntaxError" in said and "0 of 5" in said and "It came from line 1 of your code" in said


def test_a_check_goes_on_to_the_first_step_that_is_not_passed_and_light_steps_come_first(tmp_path):
    """In a process of its own, whose death is a verdict."""
    file = tmp_path / "mine.py"
    file.write_text(
        "import numpy as np\nfrom mtl_lessons.two_tasks import user_vector\n\n"
        "def report(item, interest, scores):\n    return {'item': 0.3, 'interest': 0.7}\n\n"
        "def trunk():\n    import os\n    print('mine')\n    os._exit(0)\n\n"
        "def build():\n    return ...\n"
    )
    assert cli.main(["check", str(file)]) == 2  # which exercise it is, nobody has said
    found = python("check", str(file), "--exercise", "two_tasks", cwd=tmp_path)
    verdicts = re.findall(r"([·✓✗!] [^:]+): step( \d)", found.stdout)  # "mine" may stand before one, on its line
    assert ["".join(verdict) for verdict in verdicts] == [
        "· Not attempted yet 3",
        "· Not attempted yet 4",
        "✗ Not yet 5",
        "✓ Passed 1",
        "! Your code raised an error 2",
    ]
    assert "exit status 0" in found.stdout and "1 of 5" in found.stdout and found.returncode == 1
    assert found.stdout.index("Checking step 2") < found.stdout.index("exit status 0")


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

    monkeypatch.setattr(cli, "_wait", save)
    monkeypatch.setattr(cli, "Child", Verdicts)
    ASKED.clear()
    FAILING.clear()
    with pytest.raises(KeyboardInterrupt):
        cli.main(["check", str(file), "--watch"])
    assert ASKED == [["inputs"], ["trunk", "evaluate"], ["inputs", "trunk"], ["inputs"]]
    out = capsys.readouterr().out
    assert out.count("unchanged") == 1 + 3 + 1 and out.count("3 of 5 steps passed") == 3


def test_nothing_is_checked_behind_a_step_that_is_known_to_fail(tmp_path, monkeypatch, capsys):
    file = tmp_path / "two_tasks.py"
    file.write_text("def user_vector():\n    return 1\n\ndef trunk():\n    return 2\n")
    monkeypatch.setattr(cli, "Child", Verdicts)
    ASKED.clear()
    FAILING.add("inputs")
    check = cli._Check(exercises.load("two_tasks"), file)
    assert check.report() == 1
    file.write_text(file.read_text().replace("return 2", "return 3"))
    assert check.report() == 1 and ASKED == [["inputs", "trunk"]]
    assert "returns `None`" in capsys.readouterr().out.split("unchanged")[-1]  # what is wrong is said again


def test_a_file_is_judged_step_by_step(tmp_path, two):
    file = tmp_path / "a.py"
    file.write_text("import numpy\n\nprint(vocab_size)\n")
    *_, (step, result) = two.check_file(file)
    assert step.number == 1 and "NameError" in str(result) and "line 3" in str(result)
    *_, (step, result) = two.check_file(file, two.steps[:1])
    assert step.number == 1 and result.outcome == RAISED


def died(two, code):
    """What is said when the process of a check ends by that code."""
    process = child.Child.__new__(child.Child)
    process.folder, process.report = SimpleNamespace(cleanup=lambda: None), FOLDER / "empty"
    process.process = subprocess.Popen([sys.executable, "-c", f"import os; {code}"], stdin=subprocess.PIPE, text=True)
    process._events = lambda: iter([] if process.process.wait() is None else [])
    *_, (_, result) = process.verdicts(FOLDER, two.steps[:1])
    return result


def test_a_crash_on_windows_is_told_as_one():
    assert "0xc0000005" in child._how(0xC0000005) and "crash" in child._how(0xC0000005)


@pytest.mark.skipif(sys.platform != "linux" or os.path.exists("/proc/driver/nvidia"), reason="there is no limit here")
def test_memory_has_an_end_in_the_process_of_a_check():
    code = "from mtl_lessons.exercises.child import _limit; _limit(2**29); bytes(2**30)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
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
    assert (result.outcome, result.key) == (RAISED, "died") and said in result.text


def test_a_process_that_hangs_is_ended(two, monkeypatch, tmp_path):
    """Even one that no exception reaches."""
    monkeypatch.setattr(child, "START", 0.0)
    process = child.Child(two, warm=True)
    try:
        process._send = lambda line: None  # it waits for its plan for ever
        *_, (step, result) = process.verdicts(tmp_path / "a.py", two.steps[:1])
    finally:
        process.close()
    assert result.key == "too-slow" and process.process.poll() is not None


def test_wait_ends_when_the_file_is_saved(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("")
    timer = threading.Timer(0.3, lambda: file.write_text("x"))
    timer.start()
    cli._wait(file, file.stat().st_mtime_ns)
    timer.join()
    assert file.read_text() == "x"


def test_reset_forgets(capsys):
    state.note("two_tasks", "heads", passed=True)
    assert cli.main(["reset", "two_tasks"]) == 0 and state.of("two_tasks") == {}


# ---------------------------------------------------------------- probes


X = {"x": np.random.default_rng(0).normal(size=(32, 6)).astype("float32")}
THREE = [Output("item", ONE_OF, 5), Output("click", YES_NO, 1), Output("stars", NUMBER, 1)]


def three(item="softmax", click="sigmoid", stars=None, names=("item", "click", "stars")):
    x = keras.Input((6,), name="x")
    h = layers.Dense(16, activation="relu")(x)
    outputs = [layers.Dense(n, activation=a)(h) for n, a in ((5, item), (1, click), (1, stars))]
    return keras.Model(x, dict(zip(names, outputs))) if names else keras.Model(x, outputs)


@pytest.mark.parametrize("names", [("item", "click", "stars"), None], ids=["dict", "list"])
def test_outputs_of_equal_width_are_told_apart_by_name_or_place(names):
    subject = Subject(lambda: three(names=names), X, THREE)
    kinds = subject.ranges
    assert kinds == {"item": "softmax", "click": "sigmoid", "stars": "linear"}


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"x": x}], ids=["tensor", "list", "dict"])
def test_a_model_is_fed_as_it_takes_its_inputs(wrap, recwarn):
    x = keras.Input((6,), name="x")
    subject = Subject(lambda: keras.Model(wrap(x), layers.Dense(5)(x)), X, [Output("item", ONE_OF, 5)])
    assert subject.outputs()["item"].shape == (32, 5) and not recwarn


def test_outputs_of_equal_width_and_other_names_are_not_guessed():
    with pytest.raises(Mistake) as caught:
        Subject(lambda: three(names=("a", "b", "c")), X, THREE)
    assert caught.value.key == "names-of-outputs"


@pytest.mark.parametrize(
    ("activation", "found"),
    [
        (None, "linear"),
        ("tanh", "tanh"),
        ("relu", "positive"),
        ("softplus", "positive"),
        ("sigmoid", "sigmoid"),
        ("softmax", "softmax"),
    ],
)
def test_activation_sees_the_range_not_the_name(activation, found):
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(5)])
    model.add(layers.Lambda(keras.activations.get(activation)))
    before = model.get_weights()
    assert Subject(model, X, [Output("item", ONE_OF, 5)]).ranges == {"item": found}
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights()))


@pytest.mark.parametrize("change", [{"stars": "sigmoid"}, {"stars": "tanh"}, {"click": "softmax"}, {"item": "relu"}])
def test_a_range_that_does_not_fit_the_label_is_a_mistake(change):
    with pytest.raises(Mistake) as caught:
        probes.activations(Subject(lambda: three(**change), X, THREE))
    ((task, _),) = change.items()
    assert caught.value.facts["task"] == task and caught.value.key.split("-for-")[0] in (
        "sigmoid",
        "tanh",
        "constant",
        "positive",
    )


@pytest.mark.parametrize(
    ("inputs", "key"),
    [([(6,), (1,)], "extra-input"), ([(5,)], "wrong-input"), ([(6, 1)], "wrong-input"), ([()], "wrong-input")],
    ids=["a label", "other width", "a dimension more", "one less"],
)
def test_inputs_are_the_columns_and_nothing_else(inputs, key):
    tensors = [keras.Input(shape, name=name) for shape, name in zip(inputs, ("x", "label"))]
    model = keras.Model(tensors, keras.ops.sum(tensors[0], axis=-1, keepdims=True))
    with pytest.raises(Mistake) as caught:
        Subject(model, X, [Output("stars", NUMBER, 1)])
    assert caught.value.key == key


def compiled(**losses):
    model = three()
    model.compile(
        "adam", loss={"item": "sparse_categorical_crossentropy", "click": "binary_crossentropy", "stars": "mse"} | losses
    )
    return model


def labels():
    rng = np.random.default_rng(1)
    return {
        "item": rng.integers(5, size=32).astype("int32"),
        "click": rng.integers(2, size=(32, 1)).astype("float32"),
        "stars": rng.normal(size=(32, 1)).astype("float32"),
    }


def test_losses_that_fit_pass():
    probes.losses(Subject(compiled, X, THREE), labels())


def zero(label, prediction):
    return keras.ops.sum(0.0 * prediction, axis=-1)


@pytest.mark.parametrize("task", ["item", "click", "stars"])
def test_a_loss_that_ignores_its_label_is_a_mistake(task):
    with pytest.raises(Mistake) as caught:
        probes.losses(Subject(lambda: compiled(**{task: zero}), X, THREE), labels())
    assert (caught.value.key, caught.value.facts["task"]) == ("ignores-label", task)


def test_training_leaves_the_weights_as_they_were():
    subject = Subject(compiled, X, THREE)
    before = subject.model.get_weights()
    counted = []
    first = probes.trained(subject, X, labels(), X, batch_size=2, epochs=2, show=counted.append)
    again = probes.trained(subject, X, labels(), X, batch_size=2, epochs=2)
    assert all(np.array_equal(old, new) for old, new in zip(before, subject.model.get_weights()))
    assert counted == [10, 20, 30] and first.keys() == again.keys() == {"item", "click", "stars"}
    assert not np.allclose(first["stars"], subject.outputs()["stars"])
