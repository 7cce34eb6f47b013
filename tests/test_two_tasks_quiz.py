"""The code of chapter 5's find-the-bug questions is run: it does what the question says it does wrong."""

import numpy as np
import pytest

from mtl_lessons import metrics, quiz, two_tasks
from mtl_lessons.backend import keras, tf

layers, ops = keras.layers, keras.ops
BUGS = {question["id"]: question["code"] for question in quiz.load("two_tasks").questions if question["type"] == "bug"}
FEW, FULL = np.array([[-1] * 8 + [3, 4]], "int32"), np.array([[3, 4] * 5], "int32")


def run(name, **given):
    """The names that a question's code defines."""
    scope = {"keras": keras, "layers": layers, "ops": ops, "np": np, "metrics": metrics, "two_tasks": two_tasks, **given}
    keras.utils.set_random_seed(0)
    exec(BUGS[f"two-tasks-{name}"], scope)
    return scope


def trained_rows(model, history):
    """Which rows of the table a history trains."""
    with tf.GradientTape() as tape:
        aim = tf.reduce_sum(model(history) ** 2)
    gradient = tf.convert_to_tensor(tape.gradient(aim, model.trainable_weights[0].value))
    return set(np.flatnonzero(np.abs(gradient).max(axis=1) > 0))


def test_every_bug_is_run_here():
    ours = [name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_") and "bug" not in name]
    assert {name.removeprefix("two-tasks-") for name in BUGS} == set(ours)


def test_heads_in_series():
    logits = np.log(run("heads-in-series")["model"](np.random.default_rng(0).poisson(1, (64, 500)).astype("float32")))
    logits = logits - logits.mean(axis=1, keepdims=True)
    sizes = np.linalg.svd(logits - logits.mean(axis=0), compute_uv=False)
    assert sizes[1] < 1e-3 * sizes[0]


def test_plain_mean():
    model = run("plain-mean")["model"]
    assert not np.allclose(model(FEW), model(FULL)) and 0 in trained_rows(model, FEW)


def test_minus_one_is_the_last_row():
    assert trained_rows(run("minus-one-is-the-last-row")["model"], FEW) == {3, 4, 499}


def test_nobody_yet():
    scope = run("nobody-yet")
    model = keras.Model(scope["history"], scope["shared"])
    assert np.all(np.isfinite(model(FEW))) and np.all(np.isnan(model(np.full((1, 10), -1, "int32"))))


def test_linear_trunk():
    users = keras.Model(inputs := keras.Input((16,)), layers.Identity()(inputs))
    scope = run("linear-trunk", users=users)
    model = keras.Model(inputs, scope["item"])
    a, b = np.random.default_rng(0).normal(size=(2, 8, 16)).astype("float32")
    assert np.allclose(model(a) + model(b), 2 * model((a + b) / 2), atol=1e-4)


def test_head_on_head():
    users = two_tasks.user_vector()
    model = run("head-on-head", users=users.output, history=users.input)["model"]
    with tf.GradientTape() as tape:
        outputs = model(FULL)
    assert tape.gradient(outputs["item"], outputs["interest"]) is not None


def test_softmax_over_tags(recwarn):
    model = run("softmax-over-tags")["model"]
    assert np.allclose(model(FULL).numpy().sum(axis=1), 1)


def test_forgotten_logits():
    model = run("forgotten-logits")["model"]
    logits = tf.Variable(np.where(np.arange(500) == 7, -2.0, 1.0)[None].astype("float32"))
    interest = tf.zeros((1, 12))
    with tf.GradientTape() as tape:
        y = {"item": tf.constant([7]), "interest": interest}
        loss = model.compute_loss(x=FULL, y=y, y_pred={"item": logits, "interest": interest})
    assert not np.any(tape.gradient(loss, logits)[0, 7])  # the right item, far too low, gets no pull at all


def test_nan_times_zero():
    loss = run("nan-times-zero")["interest_loss"](np.array([[1.0, np.nan]], "float32"), tf.zeros((1, 2)))
    assert np.isnan(loss).all()


def test_unknown_is_not_no():
    logit = tf.Variable(np.zeros((1, 2), "float32"))
    with tf.GradientTape() as tape:
        loss = run("unknown-is-not-no")["interest_loss"](np.full((1, 2), np.nan, "float32"), logit)
    assert np.all(tape.gradient(loss, logit).numpy() > 0)  # pushed down, though nothing is known


def test_best_ten():
    item, perfect = np.array([3, 77]), np.eye(500)[[3, 77]] + np.linspace(0, 0.1, 500)
    assert run("best-ten")["recall_at_10"](item, perfect) == 0.0


def test_pooled_auc():
    rng = np.random.default_rng(0)
    rate = np.linspace(0.1, 0.7, 12)
    label = (rng.random((2_000, 12)) < rate).astype(float)
    found = run("pooled-auc")["interest_auc"](label, np.tile(rate, (2_000, 1)))
    assert found == pytest.approx(0.7, abs=0.05)
    assert [metrics.auc(label[:, tag], np.full(2_000, rate[tag])) for tag in range(12)] == [0.5] * 12
