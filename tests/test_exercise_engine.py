"""The engine of the exercises: outcomes, limits of time and size, what is kept, what is shown."""

import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from mtl_lessons import embed, exercises
from mtl_lessons.backend import keras, tf
from mtl_lessons.console import showable
from mtl_lessons.exercises import bar, sandbox, state
from mtl_lessons.exercises.engine import FOLDER
from mtl_lessons.exercises.mistakes import NotAttempted, attempted
from mtl_lessons.mistake import NOT_ATTEMPTED, NOT_YET, OUTCOMES, PASSED, RAISED

layers = keras.layers

pytestmark = pytest.mark.usefixtures("own_state")


@pytest.fixture
def two():
    return exercises.load("two_tasks")


# ---- outcomes ----


@pytest.mark.parametrize(
    "answer",
    [..., None, lambda: ..., {"a": ...}, [..., ...]],
    ids=["dots", "None", "function", "dict", "list"],
)
def test_a_starter_is_not_attempted(two, answer):
    result = (
        two.heads.check(answer) if answer is not None else two.heads.check()
    )
    assert (
        result.outcome == NOT_ATTEMPTED
        and "✗" not in str(result)
        and "build" in result.text
    )


def test_attempted_gives_back_what_is_no_starter():
    assert (
        attempted({"a": ..., "b": 1}) == {"a": ..., "b": 1}
        and attempted([]) == []
    )
    with pytest.raises(NotAttempted):
        attempted((...,))


def test_an_error_is_told_with_its_place(two):
    def build():
        return 1 / 0

    result = two.heads.check(build)
    assert result.outcome == RAISED and isinstance(
        result.error, ZeroDivisionError
    )
    assert "division by zero" in str(result) and "return 1 / 0" in str(result)


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("not even that")


@pytest.mark.parametrize(
    "error",
    [Unprintable(), ValueError("x" * 5_000_000)],
    ids=["unprintable", "5 MB"],
)
def test_an_error_is_told_in_short_whatever_it_says(two, error):
    def build():
        raise error

    result = two.heads.check(build)
    assert (
        result.outcome == RAISED
        and type(error).__name__ in str(result)
        and len(str(result)) < 2000
    )


def test_an_error_that_comes_from_no_line_of_the_learner_does_not_blame_one(
    two,
):
    result = two.heads.verdict(ValueError("in a library"))
    assert (
        result.outcome == RAISED
        and "when the check used what your code returned" in str(result)
    )


def test_another_backend_than_tensorflow_is_said(two, monkeypatch):
    for how in ("of this process", "asked for"):
        with monkeypatch.context() as changed:
            if how == "asked for":
                changed.setenv("KERAS_BACKEND", "jax")
            else:
                changed.setattr(keras.config, "backend", lambda: "jax")
            result = exercises.load("two_tasks").heads.check(lambda: None)
        assert (result.outcome, result.key) == (
            NOT_YET,
            "other-backend",
        ) and "Keras on jax" in result.text


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
    with pytest.raises(
        AttributeError, match="inputs, trunk, heads.*found 'head'"
    ):
        two.head  # noqa: B018


@pytest.mark.parametrize("name", exercises.names())
def test_tab_shows_a_learner_the_steps(name):
    from IPython.core.completer import IPCompleter

    exercise = exercises.load(name)
    steps = {step.name for step in exercise.steps}
    offered = IPCompleter(namespace={"exercise": exercise}).attr_matches(
        "exercise."
    )
    assert steps <= set(dir(exercise)) and steps <= {
        text.removeprefix("exercise.") for text in offered
    }
    assert {"steps", "reset"} <= set(dir(exercise))


def test_a_file_is_judged_step_by_step(tmp_path, two):
    file = tmp_path / "a.py"
    file.write_text("import numpy\n\nprint(vocab_size)\n")
    *_, (step, result) = two.check_file(file)
    assert (
        step.number == 1
        and "NameError" in str(result)
        and "line 3" in str(result)
    )
    *_, (step, result) = two.check_file(file, two.steps[:1])
    assert step.number == 1 and result.outcome == RAISED


# ---- limits ----


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
    assert (result.outcome, result.key) == (
        NOT_YET,
        "too-large",
    ) and "128,000,000,000" in result.text


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
    assert (
        keras.config.floatx() == "float32"
        and np.geterr() == errors
        and not tf.config.functions_run_eagerly()
    )
    assert np.random.random() == expected


def test_a_report_that_changes_its_inputs_neither_breaks_nor_passes(two):
    def report(item, interest, scores):
        scores["item"][:] = 0
        scores["item"][np.arange(len(item)), item] = 1
        interest[:] = scores["interest"] > 0
        return {"item": 1.0, "interest": 1.0}

    assert two.evaluate.check(report).outcome == NOT_YET


# ---- what is kept ----


def passing(item, interest, scores):
    from mtl_lessons import two_tasks

    return two_tasks.report(item, interest, scores)


def test_what_is_passed_stays_until_reset(two):
    assert two.evaluate.check(passing).outcome == PASSED
    assert exercises.load("two_tasks").evaluate.passed and "✓ step 5" in repr(
        two
    )
    assert two.evaluate.check(leave).outcome == RAISED and two.evaluate.passed
    two.evaluate.reset()
    assert not two.evaluate.passed
    state.note("two_tasks", "heads", passed=True)
    two.reset()
    assert state.of("two_tasks") == {}


def test_hints_come_one_after_the_other(two):
    said = [two.inputs.hint().heading for _ in range(4)]
    assert [heading.split(":")[0] for heading in said] == [
        "Hint 1 of 3",
        "Hint 2 of 3",
        "Hint 3 of 3",
        "Hint 3 of 3",
    ]
    assert two.inputs.hint(1).heading.startswith("Hint 1") and two.inputs.hint(
        99
    ).heading.startswith("Hint 3")


UNREADABLE = [
    "",
    "{",
    "[]",
    "[" * 100_000,
    '{"two_tasks": 3}',
    '{"two_tasks": {"heads": 1}}',
]
UNREADABLE += [
    '{"two_tasks": {"heads": {"passed": "yes", "hints": "2"}}}',
    '{"two_tasks": {"heads": {"hints": -1}}}',
]


@pytest.mark.parametrize("text", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_state_that_cannot_be_read_counts_as_empty(two, text):
    state.path().write_text(text)
    assert not two.heads.passed and two.heads.hint().heading.startswith(
        "Hint 1"
    )
    state.note("two_tasks", "heads", passed=True)
    assert two.heads.passed and json.loads(state.path().read_text())


def test_a_state_that_cannot_be_written_is_done_without(
    two, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(
        "MTL_LESSONS_STATE", str(tmp_path / "file" / "state.json")
    )
    assert (
        two.evaluate.check(passing).outcome == PASSED
        and not two.evaluate.passed
    )


def test_a_user_without_a_home_can_do_the_exercises(two, monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("MTL_LESSONS_STATE")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(state.sys, "platform", "linux")
    monkeypatch.setattr(state.Path, "home", no_home)
    assert (
        two.evaluate.check(passing).outcome == PASSED
        and not two.evaluate.passed
    )
    assert two.heads.hint().heading.startswith("Hint 1") and "step 5" in repr(
        two
    )
    two.reset()


def test_the_state_lies_where_the_platform_keeps_such_things(monkeypatch):
    monkeypatch.delenv("MTL_LESSONS_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", "/there")
    monkeypatch.setattr(state.sys, "platform", "linux")
    assert str(state.path()) == "/there/mtl_lessons/exercises.json"
    monkeypatch.setattr(state.sys, "platform", "darwin")
    assert "Application Support" in str(state.path())


# ---- what is shown ----


def test_a_result_is_text_and_html_and_escapes_what_a_learner_wrote(two):
    def build():
        raise ValueError("<script>alert(1)</script> \x1b[1mbold\x1b[0m")

    result = two.heads.check(build)
    html = result._repr_html_()
    assert (
        'data-outcome="raised"' in html
        and "<script>" not in html
        and "\x1b" not in html + str(result)
    )
    assert 'href="#two-tasks-heads"' in html and "Read again" in str(result)


@pytest.mark.parametrize(
    "encoding",
    ["cp1252", "cp437", "gbk", "cp932", "cp949", "ascii", "no-such-encoding"],
)
def test_what_a_terminal_cannot_show_is_put_plainly(two, encoding, monkeypatch):
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding=encoding))
    result = two.heads.check(lambda: None)
    for text in (
        str(result),
        repr(two),
        str(two.heads.hint()),
        showable("✓ ✗ · é 点 \ud800"),
    ):
        text.encode("ascii" if encoding.startswith("no") else encoding)
    assert str(result).split()[0] in ("✗", "x") and result.heading.startswith(
        "✗"
    )


def test_a_terminal_that_can_show_everything_gets_everything(two, monkeypatch):
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="utf-8"))
    assert showable("✓ ✗ · “é” 点") == "✓ ✗ · “é” 点"


def test_solutions_and_starters_are_code(two):
    assert (
        "def build(" in two.heads.solution().text
        and "return ..." in two.heads.starter().text
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_in_a_terminal_is_gone_at_the_end(monkeypatch):
    monkeypatch.setattr(bar.sys, "stderr", terminal := Terminal())
    with bar.bar(10, "Training") as show:
        show(5)
    first, half, gone = terminal.getvalue().split("\r")[1:4]
    assert (
        "0 / 10" in first
        and half.count("#") == half.count(".") == 20
        and not gone.strip()
    )


def test_a_bar_in_a_notebook_is_gone_at_the_end(monkeypatch):
    import IPython.display

    shown, kernel = [], SimpleNamespace(kernel=object())
    handle = SimpleNamespace(update=lambda html: shown.append(html.data))
    monkeypatch.setattr(IPython, "get_ipython", lambda: kernel)
    monkeypatch.setattr(
        IPython.display, "display", lambda html, display_id: handle
    )
    with bar.bar(10, "Training") as show:
        show(5)
    assert ['value="0"' in shown[0], 'value="5"' in shown[1], shown[2]] == [
        True,
        True,
        "",
    ]


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
        for found in (
            "softmax",
            "double-softmax",
            "sigmoid",
            "upper-half",
            "tanh",
            "positive",
            "constant",
        )
        for kind in ("one-of", "yes-no", "number")
    ]
    assert [
        key for key in words if f'"{key}"' not in code and key not in OUTCOMES
    ] == []
    assert [
        key for key in mistakes if f'"{key}"' not in code and key not in kinds
    ] == []


@pytest.mark.parametrize("name", exercises.names())
def test_a_page_has_each_hint_and_a_question_behind_folds(name):
    for step in exercises.load(name).steps:
        hints = step.all_hints()._repr_html_()
        assert hints.count("<details") == len(step.hints)
        assert f"Hint 1 of {len(step.hints)}" in repr(step.all_hints())
        asked = step.question()
        assert f'data-id="{step.spec.question}"' in asked.html
        assert asked.html.startswith('<details class="mtl-exercise">')
