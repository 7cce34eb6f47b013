"""Drills and package: the same method gives the same numbers, on random inputs."""

import numpy as np
import pytest

from mtl_lessons import drills
from mtl_lessons import inputs_outputs as io
from mtl_lessons import shared_networks as sn
from mtl_lessons.backend import keras
from mtl_lessons.shared_networks.family import masked

ROWS = 64
NEARLY = {"rtol": 1e-4, "atol": 1e-5}  # the package computes in float32


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def answer(name):
    """The model answer to a drill."""
    drill = drills.load(name)
    return getattr(drill.module, drill.answer)


def column(values):
    """Labels or predictions as a loss reads them: `(rows, 1)`, NaN for None."""
    return np.array(values, dtype=float)[:, None]


def some_labels(rng, missing):
    values = rng.choice(
        [0, 1, None], ROWS, p=[*[(1 - missing) / 2] * 2, missing]
    )
    return list(values)


def test_masked_losses_are_the_losses_over_known_labels(rng):
    labels = {"click": some_labels(rng, 0.2), "buy": some_labels(rng, 0.9)}
    p = {task: rng.uniform(0.05, 0.95, ROWS).tolist() for task in labels}
    found = answer("masked_losses")(labels, p)
    for task, values in labels.items():
        loss = io.Binary(task).loss()(column(values), column(p[task]))
        np.testing.assert_allclose(found[task], float(loss), **NEARLY)
    nothing = answer("masked_losses")({"buy": [None]}, {"buy": [0.5]})
    assert nothing["buy"] == float(
        io.Binary("buy").loss()(column([None]), column([0.5]))
    )


def test_label_weights_turn_means_of_devices_into_the_natural_loss(rng):
    labels = column(some_labels(rng, 0.8))
    p = rng.uniform(0.05, 0.95, (ROWS, 1))
    shards = [slice(0, 5), slice(5, 40), slice(40, ROWS)]
    known = [{"buy": int(np.isfinite(labels[s]).sum())} for s in shards]
    rows = [len(labels[s]) for s in shards]
    weights = answer("rare_label_weights")(known, rows)
    mean = io.Binary("buy").loss()
    losses = [
        weight["buy"] * float(mean(labels[s], p[s]))
        for weight, s in zip(weights, shards)
    ]
    natural = io.Binary("buy", over="rows").loss()(labels, p)
    np.testing.assert_allclose(np.mean(losses), float(natural), **NEARLY)


def test_watch_loss_is_that_of_the_odds(rng):
    seconds = np.where(rng.random(ROWS) < 0.3, rng.exponential(30, ROWS), 0.0)
    logits = rng.normal(0, 3, ROWS)
    found = answer("watch_time")(seconds.tolist(), logits.tolist())
    loss = io.WatchOdds("watch", typical=1.0).loss()
    expected = loss(column(seconds), column(np.exp(logits)))
    np.testing.assert_allclose(found, float(expected), **NEARLY)


def test_both_heads_are_put_right_as_in_the_chapter(rng):
    click, purchase = rng.random((2, ROWS))
    found = answer("undo_sampling")(
        click.tolist(), purchase.tolist(), 0.1, 0.02
    )
    right = io.undo_sampling(click, 0.1) * io.undo_sampling(purchase, 0.02)
    np.testing.assert_allclose(found, right, rtol=1e-9)


def test_in_batch_loss_is_a_cross_entropy_of_corrected_logits(rng):
    q = {"a": 0.4, "b": 0.3, "c": 0.15, "d": 0.1, "e": 0.05}
    items = list(rng.choice(list(q), 16, p=list(q.values())))
    scores = rng.normal(0, 2, (16, 16))
    found = answer("log_q")(scores.tolist(), items, q)
    logits = scores - np.log([q[item] for item in items])
    hit = np.equal.outer(items, items) & ~np.eye(16, dtype=bool)
    right = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(
        np.arange(16), np.where(hit, -1e9, logits)
    )
    np.testing.assert_allclose(found, float(right), **NEARLY)


def test_esmm_loss_is_that_of_click_and_purchase(rng):
    a, b = rng.normal(0, 8, (2, ROWS)).astype("float32")
    clicks = rng.integers(0, 2, ROWS)
    bought = clicks * rng.integers(0, 2, ROWS)
    found = answer("esmm_loss")(
        a.tolist(),
        b.tolist(),
        clicks.tolist(),
        [int(v) if click else None for v, click in zip(bought, clicks)],
    )
    of_click = keras.losses.BinaryCrossentropy(from_logits=True)(
        clicks[:, None], a[:, None]
    )
    errors = io.purchase_error(bought.astype("float32"), a, b)
    right = float(of_click) + float(np.mean(errors))
    np.testing.assert_allclose(found, right, **NEARLY)


def test_a_row_through_mmoe(rng):
    network = sn.MMoE(["click", "buy"], experts=4, units=(3,))
    x = rng.normal(size=5).astype("float32")
    network(x[None])
    (level,) = network.levels
    for number, gate in enumerate(level.gates.values()):
        gate.kernel.assign(keras.random.normal(gate.kernel.shape, seed=number))
    kernel = np.asarray(level.experts[0].kernel)  # (experts, d, units)
    gates = {t: np.asarray(g.kernel).T for t, g in level.gates.items()}
    found = answer("mmoe_row")(
        x.tolist(),
        kernel.transpose(0, 2, 1).tolist(),
        {task: gate.tolist() for task, gate in gates.items()},
    )
    for task, vector in network(x[None]).items():
        np.testing.assert_allclose(found[task], np.asarray(vector)[0], **NEARLY)


def test_the_gates_of_ple(rng):
    ple = sn.PLE(["a", "b"], own=2, shared=1, units=[(3,), (3,)])
    ple(np.ones((1, 5), "float32"))
    level = ple.levels[0]
    owners = [name.split()[0] for name in level.columns()]
    logits = rng.normal(0, 3, len(owners))
    for gate in level.gates:
        reads = np.asarray(level.places(gate)).any(axis=0)
        found = answer("cgc_gate")(logits.tolist(), owners, gate)
        right = np.asarray(masked(logits[None], reads[None]))[0]
        np.testing.assert_allclose(found, right, **NEARLY)


def test_cross_stitch_is_the_network_with_one_number_for_all_units(rng):
    tasks = ["click", "like", "buy"]
    network = sn.CrossStitch(tasks, units=(4, 2))
    x = rng.normal(size=5).astype("float32")
    network(x[None])
    alphas = rng.normal(size=(2, 3, 3))
    for stitch, alpha in zip(network.stitches, alphas):
        stitch.assign(np.repeat(alpha[..., None], stitch.shape[-1], axis=-1))
    layers = [np.asarray(n.kernel).transpose(0, 2, 1) for n in network.networks]
    found = answer("cross_stitch")(
        x.tolist(),
        [dict(zip(tasks, layer.tolist())) for layer in layers],
        [
            {t: dict(zip(tasks, row)) for t, row in zip(tasks, alpha.tolist())}
            for alpha in alphas
        ],
    )
    for task, vector in network(x[None]).items():
        np.testing.assert_allclose(found[task], np.asarray(vector)[0], **NEARLY)


def test_a_ranker_has_as_many_weights_as_were_counted():
    tables = {"user": (10, 2), "item": (7, 3)}
    tasks = ["click", "like", "buy"]
    ids = {name: keras.Input((), dtype="int32", name=name) for name in tables}
    embedded = [
        keras.layers.Embedding(*size)(ids[name])
        for name, size in tables.items()
    ]
    x = keras.layers.Concatenate()(embedded)
    mixture = sn.MMoE(tasks, experts=4, units=(8, 6))
    heads = [
        keras.layers.Dense(1)(keras.layers.Dense(5, "relu")(vector))
        for vector in mixture(x).values()
    ]
    model = keras.Model(ids, heads)
    parts = answer("count_weights")(tables, 4, [8, 6], len(tasks), 5)
    assert sum(parts.values()) == model.count_params()
    assert parts["experts"] + parts["gates"] == mixture.count_params()


def test_all_that_can_be_seen_of_a_click_has_a_chance_of_one():
    loss = answer("delayed_conversions")
    rate, now, p = 0.4, 6.0, 0.3
    edges = np.linspace(0, now, 3001)
    days = (edges[1:] + edges[:-1]) / 2
    density = [np.exp(-loss([(0.0, day, p)], rate, now)) for day in days]
    nothing = np.exp(-loss([(0.0, None, p)], rate, now))
    total = np.sum(density) * (edges[1] - edges[0]) + nothing
    np.testing.assert_allclose(total, 1, rtol=1e-6)


def test_means_over_a_stream_are_those_of_a_keras_metric(rng):
    means = answer("task_means")()
    metric = keras.metrics.Mean()
    for _ in range(20):
        batch = some_labels(rng, 0.8)
        means.add({"click": batch})
        known = [value for value in batch if value is not None]
        if known:
            metric.update_state(known)
    np.testing.assert_allclose(
        means.result()["click"], float(metric.result()), **NEARLY
    )
