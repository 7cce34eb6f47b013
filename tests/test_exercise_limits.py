"""Code of a learner that does not end is ended, by an exception that is raised in its thread.

What catches it is stopped by a trace function. A thread has room for one, and coverage has its
own: these tests run without (`UNTRACED` in `run.py`).
"""

import threading
import time

import pytest

from mtl_lessons import exercises
from mtl_lessons.backend import keras, tf
from mtl_lessons.exercises import sandbox
from mtl_lessons.mistake import NOT_YET

layers = keras.layers

pytestmark = pytest.mark.usefixtures("own_state")


@pytest.fixture
def two():
    return exercises.load("two_tasks")


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


def masked_by_equals():
    history = keras.Input((10,), dtype="int32")
    vectors = layers.Embedding(501, 16)(history + 1)
    there = keras.ops.ones_like(vectors) * (1.0 - (history == -1))
    return keras.Model(history, keras.ops.mean(there * vectors, axis=1))


@pytest.fixture
def impatient(monkeypatch):
    """Code that was stopped and does not end is left alone at once.

    That which catches the stop gets it again at once.
    """
    monkeypatch.setattr(sandbox, "GRACE", 120.0)
    monkeypatch.setattr(sandbox, "AGAIN", 0.02)


ENDLESS = [
    forever,
    forever_and_catching,
    forever_and_tidying,
    recording_and_catching,
    in_a_graph,
]


@pytest.mark.parametrize("answer", ENDLESS)
def test_code_that_does_not_end_is_ended(two, answer, impatient):
    before = threading.active_count()
    result = two.heads.check(answer, seconds=0.1)
    assert (result.outcome, result.key) == (
        NOT_YET,
        "too-slow",
    ) and "0 s" in result.text
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
    result = two.inputs.check(masked_by_equals)  # which it does not blind
    assert result.key == "equals-of-a-tensor", result


def test_what_was_stopped_leaves_tensorflow_whole(two, impatient):
    """A tape or a graph left open on the thread would spoil every later training in the process."""
    for answer in (recording_and_catching, in_a_graph):
        two.heads.check(answer, seconds=0.1)
    variable = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = variable**2
    assert tf.executing_eagerly() and float(tape.gradient(loss, variable)) == 6

    @tf.function
    def steps(
        rows,
        # under a tape that was left open, TensorFlow would differentiate this loop over an iterator
    ):
        for row in rows:
            variable.assign_add(row)

    steps(
        iter(tf.data.Dataset.range(3).map(lambda row: tf.cast(row, "float32")))
    )
    assert float(variable) == 6


def test_also_outside_the_main_thread(two, impatient):
    results = []
    thread = threading.Thread(
        target=lambda: results.append(
            two.heads.check(forever_and_catching, seconds=0.1)
        )
    )
    thread.start()
    thread.join()
    assert [result.key for result in results] == ["too-slow"]


def test_the_readers_own_interrupt_ends_the_code(two, impatient, monkeypatch):
    """Ctrl-C, or the notebook's stop button, comes to the main thread, which waits."""

    def interrupted(ended, seconds):
        raise KeyboardInterrupt

    before = threading.active_count()
    monkeypatch.setattr(sandbox, "_wait_in_seconds", interrupted)
    with pytest.raises(KeyboardInterrupt):
        two.heads.check(forever, seconds=3600)
    ends(before)
