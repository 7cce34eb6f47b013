"""Chapter 3's questions hold when they are run.

What a stem says of three gradients, and the code of a model answer.
"""

import numpy as np

from mtl_lessons import loss_balancing as lb
from mtl_lessons import quiz

QUESTIONS = {
    question["id"].removeprefix("loss-balancing-"): question
    for question in quiz.load("loss_balancing").questions
}
CONFLICT = np.array([[0.0, -1.0, 2.0], [2.0, -2.0, -2.0], [-1.0, 2.0, -2.0]])


def test_three_gradients_that_pcgrad_leaves_in_conflict_and_upgrad_does_not():
    pcgrad = lb.PCGrad()
    steps = [lb.step(pcgrad, CONFLICT) for _ in range(100)]
    # two orders for each task: all of them
    assert len({tuple(step.round(6)) for step in steps}) == 8
    assert all((CONFLICT @ step).min() < 0 for step in steps)
    assert (CONFLICT @ lb.step(lb.UPGrad(), CONFLICT)).min() > 0


def test_the_model_answer_is_pcgrad():
    names = {}
    exec(
        QUESTIONS["write-pcgrad"]["model_answer"]
        .split("```")[1]
        .removeprefix("python"),
        names,
    )
    g = np.array([[3.0, 1.0], [-1.0, 1.0]])
    np.testing.assert_allclose(
        names["pcgrad"](g, np.random.default_rng(0)),
        2 * lb.step(lb.PCGrad(), g),
    )
    assert g.tolist() == [[3, 1], [-1, 1]]  # not projected in place
