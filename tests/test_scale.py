"""Chapter 9's tables: rows of a step alone, equal to what is dense; hashes by hand."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_lessons import stored
from mtl_lessons.backend import keras, tf
from mtl_lessons.inputs_outputs import Binary, Categorical
from mtl_lessons.loss_balancing import PCGrad, gram
from mtl_lessons.loss_balancing.gradients import stacked
from mtl_lessons.scale import clicks, hashing, steps
from mtl_lessons.scale.rows import LazyAdam, RowAdagrad, RowEmbedding
from mtl_lessons.shared_networks import SharedBottom
from mtl_lessons.three_tasks import Framework, Head

layers = keras.layers
ROWS = 50
RNG = np.random.default_rng(0)
X = RNG.integers(ROWS, size=(2048, 2))
Y = (RNG.random((2048, 1)) < 0.3).astype("float32")


def small(table=RowEmbedding, rows=ROWS):
    keras.utils.set_random_seed(0)
    ids = keras.Input((2,), dtype="int32")
    x = layers.Flatten()(table(rows, 4)(ids))
    return keras.Model(ids, layers.Dense(1, "sigmoid")(x))


def trained(optimizer, table=RowEmbedding, epochs=2, x=X, y=Y):
    model = small(table)
    model.compile(optimizer, "binary_crossentropy")
    model.fit(x, y, batch_size=64, epochs=epochs, shuffle=False, verbose=0)
    return model


def gap(one, other):
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


# ---- the layer ----


def test_the_layer_gives_what_keras_gives():
    own, theirs = small(), small(layers.Embedding)
    np.testing.assert_array_equal(own(X), theirs(X))
    floats = RowEmbedding(3, 2)
    assert floats(np.array([[0.0, 2.0]])).shape == (1, 2, 2)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_no_tensor_of_a_step_is_as_long_as_the_table(policy):
    """What a step costs, without a clock: Keras' parts compute with the whole table."""
    long = {}
    for name, arm in {
        "rows": (RowAdagrad, RowEmbedding),
        "lazy": (LazyAdam, RowEmbedding),
        "keras": (keras.optimizers.Adam, layers.Embedding),
        "scatter": (keras.optimizers.SGD, layers.Embedding),
    }.items():
        long[name] = _long(*arm, policy)
    assert long["rows"] == long["lazy"] == []
    assert "ReadVariableOp" in long["scatter"] and len(long["keras"]) > 5


def _long(optimizer, table, policy, rows=4999):
    keras.config.set_dtype_policy(policy)
    try:
        model = small(table, rows)
        model.compile(optimizer(0.1), "binary_crossentropy")
        model.optimizer.build(model.trainable_variables)
        step = tf.function(lambda x, y: model.train_step((x, y)))
        graph = step.get_concrete_function(
            tf.constant(X[:8]), tf.constant(Y[:8])
        ).graph
    finally:
        keras.config.set_dtype_policy("float32")
    return [
        op.type
        for op in graph.get_operations()
        for out in op.outputs
        if out.shape.rank and out.shape[0] == rows
    ]


def test_it_trains_in_float16_whose_loss_is_scaled():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = trained(RowAdagrad(0.05), epochs=1)
    finally:
        keras.config.set_dtype_policy("float32")
    assert type(model.optimizer).__name__ == "LossScaleOptimizer"
    assert gap(model, trained(RowAdagrad(0.05), epochs=1)) < 0.01


# ---- the optimisers ----


def test_row_adagrad_is_adagrad_of_the_dense_gradient():
    dense = trained(steps.DenseAdagrad(0.05), layers.Embedding)
    assert gap(trained(RowAdagrad(0.05)), dense) < 1e-6
    own = trained(keras.optimizers.Adagrad(0.05), layers.Embedding)
    assert gap(own, dense) > 1e-5  # Keras squares before it sums


def test_lazy_adam_is_adam_where_every_row_is_touched_and_not_elsewhere():
    all_rows = np.tile(np.arange(ROWS).reshape(-1, 2), (32, 1))
    labels = np.resize(Y, (len(all_rows), 1))

    def both(x, y):
        pair = {"x": x, "y": y, "epochs": 1}
        dense = trained(steps.DenseAdam(0.05), layers.Embedding, **pair)
        return gap(trained(LazyAdam(0.05), **pair), dense)

    # 25 examples hold all 50 rows; a batch of 64 holds all of them, too
    assert both(all_rows, labels) < 1e-5
    assert both(X % 7 + 43 * (X > 45), Y) > 1e-3


@pytest.mark.parametrize("times", [1, 16])
def test_what_keras_squares(times):
    """A row that stands k times in a batch: (Σ g)², and Σ g² in Keras."""
    grown = {}
    for name, optimizer in {
        "keras": keras.optimizers.Adagrad(0.1),
        "dense": steps.DenseAdagrad(0.1),
        "rows": RowAdagrad(0.1),
    }.items():
        table = keras.Variable(np.ones((3, 1)))
        g = tf.IndexedSlices(
            tf.ones((times, 1)), tf.fill([times], 2), tf.constant([3, 1])
        )
        optimizer.apply([g], [table])
        grown[name] = optimizer._accumulators[0].numpy()[2, 0] - 0.1
    assert grown["rows"] == pytest.approx(times**2)
    assert grown["dense"] == pytest.approx(times**2)
    assert grown["keras"] == pytest.approx(times)


@pytest.mark.parametrize("make", [RowAdagrad, LazyAdam])
def test_it_is_saved_and_goes_on(make, tmp_path):
    half = trained(make(0.05), epochs=1)
    half.save(tmp_path / "half.keras")
    again = keras.models.load_model(tmp_path / "half.keras")
    assert type(again.optimizer) is make
    assert type(again.layers[1]) is RowEmbedding
    again.fit(X, Y, batch_size=64, shuffle=False, verbose=0)
    assert gap(again, trained(make(0.05))) == 0


def test_amsgrad_is_refused():
    with pytest.raises(ValueError, match=r"amsgrad: expected False"):
        LazyAdam(0.1, amsgrad=True)


TWO_DEVICES = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
import test_scale as here
rows = tf.data.Dataset.from_tensor_slices((here.X, here.Y)).batch(64)
for make in (here.RowAdagrad, here.LazyAdam):
    found = []
    for strategy in (
        tf.distribute.get_strategy(),
        tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]),
    ):
        with strategy.scope():
            model = here.small()
            model.compile(make(0.05), "binary_crossentropy")
        model.fit(rows, epochs=1, verbose=0)
        found.append(model)
    assert here.gap(*found) < 1e-5, here.gap(*found)
print("equal")
"""


def test_two_devices_train_as_one():
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    assert done.stdout.endswith("equal\n"), done.stderr[-2000:]


# ---- chapter 6's framework, and chapter 3's aggregators ----


def framework(balance=None, tables="rows"):
    user = Categorical("user", ids=40, width=4)
    item = Categorical("item", ids=30, width=4)
    heads = [Head(Binary(task), [item]) for task in ("click", "like")]
    trunk = partial(SharedBottom, units=(4,))
    return Framework([user], heads, trunk, balance, tables=tables)


LOG = {
    "user": RNG.integers(40, size=256),
    "item": RNG.integers(30, size=256),
    "click": RNG.integers(2, size=256),
    "like": RNG.integers(2, size=256),
}
PLAN = {"steps": 4, "batch": 32, "epochs": 1}


def test_one_word_in_the_framework(tmp_path):
    made = framework().build()
    assert type(made.model.optimizer) is LazyAdam
    tables = [
        layer
        for layer in made.model.network.layers
        if isinstance(layer, layers.Embedding)
    ]
    assert {type(table) for table in tables} == {RowEmbedding}
    made.fit(LOG, **PLAN)
    made.save(tmp_path)
    again = Framework.load(tmp_path)
    assert again.tables == "rows"
    for one in (made, again):
        one.fit(LOG, **PLAN)
    assert gap(made.model, again.model) < 1e-6
    whole = framework(tables="whole").build()
    assert type(whole.model.optimizer) is keras.optimizers.Adam
    with pytest.raises(ValueError, match=r"tables: expected 'whole' or 'rows'"):
        framework(tables="row")


def test_an_aggregator_gives_rows_of_a_table_that_two_heads_read():
    found = []
    for tables in ("rows", "whole"):
        keras.utils.set_random_seed(0)
        made = framework(PCGrad(), tables).build(keras.optimizers.SGD(0.1))
        made.fit(LOG, **PLAN)
        found.append(made.model)
    assert gap(*found) < 1e-6


def test_gradients_by_a_table_are_compared_in_touched_rows():
    def rows(*indices):
        values = RNG.normal(size=(len(indices), 3)).astype("float32")
        return tf.IndexedSlices(
            tf.constant(values), tf.constant(indices), tf.constant([1000, 3])
        )

    column = [rows(1, 7, 7), None, rows(7, 999)]
    stack = stacked(column)
    assert stack.shape == (3, 3, 3)  # of rows 1, 7 and 999
    dense = [
        tf.zeros((1000, 3)) if g is None else tf.convert_to_tensor(g)
        for g in column
    ]
    flat = [tf.reshape(s, (3, -1)) for s in (stack, tf.stack(dense))]
    np.testing.assert_allclose(*map(gram, flat), rtol=1e-5, atol=1e-6)


# ---- hashes ----


@given(
    ids=st.lists(st.integers(0, 2**40), min_size=1, max_size=50),
    rows=st.integers(1, 10**6),
    salt=st.integers(0, 100),
)
def test_a_hash_is_a_row_of_the_table(ids, rows, salt):
    found = hashing.hashed(np.array(ids), rows, salt)
    assert ((found >= 0) & (found < rows)).all()
    np.testing.assert_array_equal(
        found, hashing.hashed(np.array(ids), rows, salt)
    )


def test_a_hash_spreads_its_ids_and_another_salt_is_another():
    one, two = (hashing.hashed(np.arange(5000), 2500, s) for s in (0, 1))
    assert abs(np.mean(one == two) - 1 / 2500) < 0.002
    counts = np.bincount(one, minlength=2500)
    alone = (counts[one] == 1).mean()
    assert alone == pytest.approx(hashing.alone(5000, 2500), abs=0.02)
    with pytest.raises(ValueError, match="rows: expected at least 1, found 0"):
        hashing.hashed(np.arange(3), 0)


def test_the_ways_by_hand():
    counts = np.array([1, 9, 5, 1, 2, 7])
    own = hashing.frequent_own(counts, rows=4, salt=0)[:, 0]
    assert own[[1, 5]].tolist() == [0, 1] and set(own[[0, 2, 3, 4]]) <= {2, 3}
    two = hashing.two_hashes(counts, rows=4, salt=0)
    assert (two[:, 0] < 2).all() and (two[:, 1] >= 2).all()
    with pytest.raises(ValueError, match="way: expected one of one hash"):
        hashing.coded(clicks.Worlds(1, 50, 20, 500), "three", 4)


# ---- what is stored ----


def test_a_point_of_the_hashes_again():
    """World 0 alone, from other numbers than the five side by side: near, not equal."""
    worlds = clicks.Worlds(1, hashing.USERS, hashing.ITEMS, hashing.ROWS)
    found = hashing.judged(worlds, hashing.coded(worlds, "one hash", 1000))
    kept = stored.at(hashing.shipped()["cells"], way="one hash", rows=1000)
    for name, auc in found.items():
        assert auc[0] == pytest.approx(kept[name][0], abs=0.015)


def test_what_the_grids_hold():
    cells = stored.read("scale_steps")["cells"]
    assert len(cells) == 3 * 3 * 2 * 5
    assert steps.cost("Adam", "Embedding") > 30 * steps.cost(
        "RowAdagrad", "RowEmbedding"
    )
    rates = {
        (cell["optimizer"], cell["rate"])
        for cell in stored.read("scale_optimizers")["cells"]
    }
    assert rates == {(o, r) for o in steps.ADAMS for r in steps.RATES}
    assert hashing.loss_of("one hash", 2500, "10-30").high < 3 * (
        hashing.loss_of("one hash", 2500, "over 100").mean
    )


def test_the_model_by_hand():
    worlds = clicks.Worlds(2, users=20, items=5, rows=300)
    net = clicks.model(worlds, rows=5, parts=2)
    x = {
        "user": np.array([3]),
        "codes": np.array([[1, 4]]),
        "context": np.zeros((1, 6)),
        "world": np.array([1]),
    }
    by_shape = {weight.shape: weight for weight in net.get_weights()}
    users, items = by_shape[40, 8], by_shape[10, 9]
    u, item = users[3], items[1] + items[4]
    logit, size = net(x)[0]
    assert float(logit) == pytest.approx(u @ item[:-1] + item[-1] - 2, abs=1e-6)
    assert float(size) == pytest.approx(u @ u + item @ item, abs=1e-6)
