"""The engine of the exercises: outcomes, limits, what is kept, what is shown, the command line."""

import io
import json
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from mtl_lessons import __main__ as cli
from mtl_lessons import embed, exercises
from mtl_lessons.backend import keras, tf
from mtl_lessons.exercises import bar, probes, sandbox, state
from mtl_lessons.exercises.engine import (
    FOLDER,
    NOT_ATTEMPTED,
    NOT_YET,
    OUTCOMES,
    PASSED,
    RAISED,
    Mistake,
    NotAttempted,
    attempted,
)
from mtl_lessons.exercises.probes import NUMBER, ONE_OF, YES_NO, Head, Subject

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


def waiting():
    time.sleep(60)


@pytest.mark.parametrize("answer", [forever, forever_and_catching, forever_and_tidying, waiting])
def test_code_that_does_not_end_is_ended(two, answer):
    result = two.heads.check(answer, seconds=0.3)
    assert (result.outcome, result.key) == (NOT_YET, "too-slow") and "0 s" in result.text


def test_also_outside_the_main_thread(two):
    results = []
    thread = threading.Thread(target=lambda: results.append(two.heads.check(forever, seconds=0.3)))
    thread.start()
    thread.join(30)
    assert [result.key for result in results] == ["too-slow"]


def test_after_a_time_limit_all_is_as_before(two):
    import signal
    import sys

    before = signal.getsignal(signal.SIGALRM), sys.gettrace()
    two.heads.check(forever_and_catching, seconds=0.1)
    assert (signal.getsignal(signal.SIGALRM), sys.gettrace()) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    with sandbox.time_limit(5):
        pass
    time.sleep(0.01)


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


@pytest.mark.parametrize("text", ["", "{", "[]", '{"two_tasks": 3}', '{"two_tasks": {"heads": 1}}'])
def test_a_state_that_cannot_be_read_counts_as_empty(two, text):
    state.path().write_text(text)
    assert not two.heads.passed
    state.note("two_tasks", "heads", passed=True)
    assert two.heads.passed and json.loads(state.path().read_text())


def test_a_state_that_cannot_be_written_is_done_without(two, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MTL_LESSONS_STATE", str(tmp_path / "file" / "state.json"))
    assert two.evaluate.check(passing).outcome == PASSED and not two.evaluate.passed


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
        for found in ("softmax", "sigmoid", "tanh", "positive", "constant")
        for kind in ("one-of", "yes-no", "number")
    ]
    assert [key for key in words if f'"{key}"' not in code and key not in OUTCOMES] == []
    assert [key for key in mistakes if f'"{key}"' not in code and key not in kinds] == []


# ---------------------------------------------------------------- the command line


def test_start_writes_a_file_that_is_not_attempted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["start", "two_tasks"]) == 0 and cli.main(["start", "two_tasks"]) == 2
    assert cli.main(["check", "two_tasks.py"]) == 1
    out = capsys.readouterr()
    assert "Not attempted yet: step 1" in out.out and "0 of 5 steps passed." in out.out and "is there already" in out.err


def test_check_goes_on_to_the_first_step_that_is_not_passed(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text("from mtl_lessons.two_tasks import trunk, user_vector\n\ndef build():\n    return trunk()\n")
    assert cli.main(["check", str(file)]) == 2
    assert cli.main(["check", str(file), "--exercise", "two_tasks"]) == 1
    out = capsys.readouterr().out
    assert out.count("✓ Passed") == 2 and "✗ Not yet: step 3" in out and "2 of 5" in out


def test_check_tells_of_a_file_that_does_not_run(tmp_path, capsys):
    file = tmp_path / "two_tasks.py"
    assert cli.main(["check", str(file)]) == 2
    file.write_text("import numpy\n\nprint(vocab_size)\n")
    assert cli.main(["check", str(file)]) == 1
    assert "NameError" in (out := capsys.readouterr().out) and "line 3" in out


def test_watch_checks_again_when_the_file_is_saved(tmp_path, capsys, monkeypatch):
    file = tmp_path / "two_tasks.py"
    file.write_text("user_vector = ...\n")

    def save(path, saved):
        if "1 of 5" in capsys.readouterr().out:
            raise KeyboardInterrupt
        file.write_text("from mtl_lessons.two_tasks import user_vector\n")

    monkeypatch.setattr(cli, "_wait", save)
    with pytest.raises(KeyboardInterrupt):
        cli.main(["check", str(file), "--watch"])


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
THREE = [Head("item", ONE_OF, 5), Head("click", YES_NO, 1), Head("stars", NUMBER, 1)]


def three(item="softmax", click="sigmoid", stars=None, names=("item", "click", "stars")):
    x = keras.Input((6,), name="x")
    h = layers.Dense(16, activation="relu")(x)
    outputs = [layers.Dense(n, activation=a)(h) for n, a in ((5, item), (1, click), (1, stars))]
    return keras.Model(x, dict(zip(names, outputs))) if names else keras.Model(x, outputs)


@pytest.mark.parametrize("names", [("item", "click", "stars"), None], ids=["dict", "list"])
def test_outputs_of_equal_width_are_told_apart_by_name_or_place(names):
    subject = Subject(lambda: three(names=names), X, THREE)
    kinds = {head.name: probes.activation(subject, head.name) for head in THREE}
    assert kinds == {"item": "softmax", "click": "sigmoid", "stars": "linear"}


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"x": x}], ids=["tensor", "list", "dict"])
def test_a_model_is_fed_as_it_takes_its_inputs(wrap, recwarn):
    x = keras.Input((6,), name="x")
    subject = Subject(lambda: keras.Model(wrap(x), layers.Dense(5)(x)), X, [Head("item", ONE_OF, 5)])
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
    assert probes.activation(Subject(model, X, [Head("item", ONE_OF, 5)]), "item") == found
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
        Subject(model, X, [Head("stars", NUMBER, 1)])
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
