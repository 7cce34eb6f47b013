"""Chapter 3's spot-the-bug questions: each code is run, does what its question says, and the repair of its line cures it."""

from types import SimpleNamespace

import numpy as np
import pytest

from mtl_lessons import loss_balancing as lb
from mtl_lessons import quiz
from mtl_lessons.backend import tf

QUESTIONS = {question["id"].removeprefix("loss-balancing-"): question for question in quiz.load("loss_balancing").questions}
CONFLICT = tf.constant([[0.0, -1.0, 2.0], [2.0, -2.0, -2.0], [-1.0, 2.0, -2.0]])


def code(name: str, repair: str | None = None, **names) -> dict:
    """What the code of a question defines; `repair` replaces the line that is the answer."""
    lines = QUESTIONS[name]["code"].splitlines()
    if repair is not None:
        (wrong,) = QUESTIONS[name]["answer"]["lines"]
        indent = len(lines[wrong - 1]) - len(lines[wrong - 1].lstrip())
        lines[wrong - 1] = " " * indent + repair
    found = {"tf": tf, "np": np, **names}
    exec("\n".join(lines), found)
    return found


def test_a_judge_that_moves_takes_the_smallest_weights():
    def fit(rows, weights):  # a model on which the weights have no influence but one
        return SimpleNamespace(losses=lambda later: [0.5, 0.6 if weights == (1.0, 1.0) else 0.7])

    grid = [(1.0, 1.0), (0.1, 0.1), (2.0, 1.0)]
    assert code("judge-that-moves", fit=fit)["search"](grid, None, None) == (0.1, 0.1)
    assert code("judge-that-moves", "total = sum(losses)", fit=fit)["search"](grid, None, None) == (1.0, 1.0)


def settled(total, losses, steps=2000):
    """Log-variances after plain descent from 0, and the weights of the losses there."""
    s, losses = tf.Variable(tf.zeros(2)), tf.constant(losses)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = total(tf.unstack(losses), tf.unstack(s))
        s.assign_sub(0.05 * tape.gradient(loss, s))
    with tf.GradientTape() as tape:
        tape.watch(losses)
        loss = total(tf.unstack(losses), tf.unstack(s))
    return s.numpy(), tape.gradient(loss, losses).numpy()


def test_a_clamp_at_zero_is_a_fixed_weight_of_two():
    assert settled(code("clamped-variance")["total"], [0.1, 0.4], 200)[1].tolist() == [2, 2]
    free, weights = settled(code("clamped-variance", "pass")["total"], [0.1, 0.4])
    np.testing.assert_allclose(free, [-1.61, -0.22], atol=0.005)
    np.testing.assert_allclose(weights, [1 / 0.1, 1 / 0.4], rtol=1e-3)
    np.testing.assert_allclose(settled(code("clamped-variance")["total"], [0.8, 0.9])[0], np.log([1.6, 1.8]), atol=1e-3)


@pytest.mark.parametrize(("repair", "targets"), [(None, (0.655, 0.655)), ("rates = left / tf.reduce_mean(left)", (0.843, 1.707))])
def test_gradnorm_with_one_rate_has_one_target(repair, targets):
    norms = np.array([2.0, 0.5])
    distance = code("one-target-for-all", repair)["balance_loss"]
    found = distance(tf.ones(2), tf.constant([2.0, 0.5]), tf.constant([0.35, 0.08]), tf.constant([0.7, 0.1]), 1.5)
    assert float(found) == pytest.approx(np.abs(norms - targets).sum(), abs=2e-3)


@pytest.mark.parametrize(("repair", "result"), [(None, (0.8, 1.6)), ('if reduction == "mean":', (1.6, 3.2))])
def test_a_reduction_that_is_always_true_is_the_mean(repair, result):
    projected = [np.array([2.0, 2.0]), np.array([-0.4, 1.2])]
    np.testing.assert_allclose(code("mean-for-sum", repair)["combine"](projected, reduction="sum"), result)
    np.testing.assert_allclose(code("mean-for-sum", repair)["combine"](projected, reduction="mean"), (0.8, 1.6))


def directions(project, gradients, draws=1) -> set[tuple]:
    rows = tf.unstack(gradients)
    return {tuple(np.round(sum(project(rows, i) for i in range(3)), 4)) for _ in range(draws)}


def test_a_shuffle_that_nobody_reads_leaves_the_order_of_the_list():
    project = code("order-that-stays")["projected"]
    assert len(directions(project, CONFLICT, draws=8)) == 1
    assert directions(project, CONFLICT) != directions(project, tf.gather(CONFLICT, [0, 2, 1]))
    tf.random.set_seed(0)
    assert len(directions(code("order-that-stays", "others = tf.random.shuffle(others)")["projected"], CONFLICT, draws=8)) > 1


def test_three_gradients_that_pcgrad_leaves_in_conflict_and_upgrad_does_not():
    g = CONFLICT.numpy().astype(float)
    pcgrad = lb.PCGrad()
    steps = [lb.step(pcgrad, g) for _ in range(100)]
    assert len({tuple(step.round(6)) for step in steps}) == 8  # two orders for each task: all of them
    assert all((g @ step).min() < 0 for step in steps)
    assert (g @ lb.step(lb.UPGrad(), g)).min() > 0


def test_the_model_answer_is_pcgrad():
    names = {}
    exec(QUESTIONS["write-pcgrad"]["model_answer"].split("```")[1].removeprefix("python"), names)
    g = np.array([[3.0, 1.0], [-1.0, 1.0]])
    np.testing.assert_allclose(names["pcgrad"](g, np.random.default_rng(0)), 2 * lb.step(lb.PCGrad(), g))
    assert g.tolist() == [[3, 1], [-1, 1]]  # not projected in place
