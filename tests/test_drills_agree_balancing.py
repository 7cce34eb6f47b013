"""The model answers of drills give the numbers of the package."""

import math
from itertools import product

import numpy as np
import pytest

from mtl_lessons import loss_balancing as lb
from mtl_lessons.backend import tf
from mtl_lessons.choosing_tasks import groups
from mtl_lessons.drills.tasks import (
    dynamic_weights,
    exchange_rate,
    famo_step,
    fusion,
    gradnorm_target,
    group_choice,
    hashing_collisions,
    head_shares,
    imtl_two,
    mgda_two,
    pcgrad,
    residual_codes,
    uncertainty_weights,
)
from mtl_lessons.evaluation import product as product_of_heads
from mtl_lessons.explorables import fusion as figure
from mtl_lessons.large_models.semantic_ids import Quantiser
from mtl_lessons.scale import hashing

SEEDS = range(5)


def drawn(seed, *shape, low=0.1, high=2.0):
    return np.random.default_rng(seed).uniform(low, high, shape)


@pytest.mark.parametrize("seed", SEEDS)
def test_learned_uncertainty(seed):
    kinds = ["regression", "classification", "classification"]
    losses, variances = drawn(seed, 2, 3)
    known = np.array([True, seed % 2 == 0, True])
    losses *= known  # a loss without labels is 0 in the package, None here
    weighting = lb.Uncertainty(kinds, start=variances)
    with tf.GradientTape() as tape:
        total = weighting(tf.constant(losses, "float32"), known=known)
    slopes = tape.gradient(total, weighting.trainable_variables[0])
    found, found_slopes = uncertainty_weights.uncertainty_loss(
        [loss if ok else None for loss, ok in zip(losses, known)],
        kinds,
        np.log(variances).tolist(),
    )
    assert found == pytest.approx(float(total), abs=1e-5)
    assert found_slopes == pytest.approx(slopes.numpy(), abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_dynamic_weights(seed):
    before, last = drawn(seed, 2, 4)
    history = {str(i): [b, now] for i, (b, now) in enumerate(zip(before, last))}
    found = dynamic_weights.dynamic_weights(history, temperature=1.5)
    expected = lb.dwa_weights(last, before, temperature=1.5)
    assert list(found.values()) == pytest.approx(expected.numpy())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.5])
def test_gradnorms_targets(seed, alpha):
    weights, lengths, losses, initial = drawn(seed, 4, 3)
    rows = [row.tolist() for row in (weights, lengths, losses, initial)]
    found, slopes = gradnorm_target.gradnorm(*rows, alpha)
    expected = lb.gradnorm_targets(weights * lengths, losses, initial, alpha)
    assert found == pytest.approx(expected.numpy())
    with tf.GradientTape() as tape:
        w = tf.constant(weights)
        tape.watch(w)
        total = tf.reduce_sum(tf.abs(w * lengths - expected))
    assert slopes == pytest.approx(tape.gradient(total, w).numpy())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("drill", "aggregator", "times"),
    [
        (lambda first, second: pcgrad.pcgrad([first, second]), lb.PCGrad(), 2),
        (mgda_two.mgda, lb.MGDA(), 1),
        (imtl_two.imtl, lb.IMTLG(), 1),
    ],
    ids=["PCGrad", "MGDA", "IMTL-G"],
)
def test_steps_from_two_gradients(seed, drill, aggregator, times):
    """`times`: PCGrad of the paper is a sum, that of the package a mean."""
    gradients = np.random.default_rng(seed).normal(size=(2, 4))
    if seed == 0:
        gradients[1] *= 0  # one task without a gradient
    expected = times * lb.step(aggregator, gradients)
    assert drill(*gradients.tolist()) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_step_of_famo(seed, monkeypatch):
    """Adam is the package's; here it is replaced by plain descent."""
    logits, before, after = drawn(seed, 3, 3)
    famo = lb.FAMO(gamma=0.01)
    famo(tf.constant(before, "float32"))
    famo.logits.assign(logits)
    moved = {}
    monkeypatch.setattr(
        famo, "move", lambda slope, _: moved.update(slope=slope.numpy())
    )
    weights = lb.famo_weights(logits, before)
    famo.after_step(
        tf.constant(before, "float32"), tf.constant(after, "float32")
    )
    rows = [row.tolist() for row in (logits, before, after)]
    found, new = famo_step.famo_step(*rows, rate=0.5, gamma=0.01)
    assert found == pytest.approx(weights.numpy(), abs=1e-6)
    assert new == pytest.approx(logits - 0.5 * moved["slope"], abs=1e-5)


@pytest.mark.parametrize("powers", list(product((0.0, 0.5, 2.0), repeat=3)))
def test_the_order_of_a_product_of_powers(powers):
    exponents = dict(zip(figure.FUSED_HEADS, powers))
    heads = dict(
        zip(figure.FUSED_HEADS, map(list, zip(*figure.VIDEOS.values())))
    )
    names = list(figure.VIDEOS)
    point = {"form": "powers", "wrong": "right"} | exponents
    found = [names[place] for place in fusion.ranked(heads, exponents)]
    assert found == figure.order(point)


def test_what_makes_up_for_a_change_keeps_the_score():
    exponents = {"click": 1.3, "like": 0.7, "minutes": -0.4}
    rates = exchange_rate.exchange_rate(exponents, "click", 0.8)
    for head, rate in rates.items():
        score = 0.8 ** exponents["click"] * rate ** exponents[head]
        assert score == pytest.approx(1.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_heads_can_move(seed):
    heads = {
        name: drawn(seed + 10 * k, 6, 5, low=0.05, high=0.9)
        for k, name in enumerate(("click", "like", "save"))
    }
    weights = {"click": 1.0, "like": -0.5, "save": 2.0}
    plain = {name: p.tolist() for name, p in heads.items()}
    found = head_shares.head_shares(plain, weights)
    assert found == pytest.approx(
        product_of_heads.exchange_rates(heads, weights)
    )


def test_hashed_items_share_rows_as_often_as_expected():
    items = 4000
    rows = hashing.hashed(np.arange(items), 2000)
    shared, _ = hashing_collisions.collisions(
        {str(k): 1 for k in range(items)},
        {str(k): int(row) for k, row in enumerate(rows)},
    )
    alone = hashing.alone(items, 2000)
    # a hash is one draw: within five standard errors
    error = math.sqrt(alone * (1 - alone) / items)
    assert abs((1 - shared) - alone) < 5 * error


@pytest.mark.parametrize("seed", SEEDS)
def test_residual_codes(seed):
    random = np.random.default_rng(seed)
    quantiser = Quantiser(random.normal(size=(3, 5, 4)))
    vector = random.normal(size=4)
    codes, left = residual_codes.residual_codes(
        vector.tolist(), quantiser.centres.tolist()
    )
    expected = quantiser.encode(vector[None])
    assert codes == expected[0].tolist()
    assert left == pytest.approx(vector - quantiser.decode(expected)[0])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("budget", [1, 2, 3])
def test_the_choice_of_groups(seed, budget):
    gain = np.random.default_rng(seed).normal(-0.3, 1, size=(5, 5))
    divisions = [
        grouping
        for networks in range(1, budget + 1)
        for grouping in groups.partitions(range(5), networks)
    ]
    best = groups.choose(gain, divisions)
    found = group_choice.group_choice(gain.tolist(), budget)
    assert found == [list(group) for group in best]
