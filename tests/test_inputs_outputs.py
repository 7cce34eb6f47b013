"""Chapter 4's package: features, tasks, the funnel's losses and what is served.

By hand, by property and by round trip.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mtl_lessons import concept
from mtl_lessons import inputs_outputs as io
from mtl_lessons.backend import keras, tf
from mtl_lessons.inputs_outputs import features, funnel, serving, tasks
from mtl_lessons.loss_balancing import Balanced, Equal
from mtl_lessons.world import World

ops = keras.ops
NAN = np.nan
FEATURES = [
    io.Categorical("user", ids=5, width=3),
    io.Categorical("item", ids=7, width=4),
    io.Sequence("history", ids=7, width=4, table="item"),
    io.MultiValued("tags", ids=6, width=2),
    io.Numeric("price", mean=20.0, scale=5.0),
    io.Numeric("context", size=2),
]
ROWS = {
    "user": [0, 4, 99],
    "item": [1, 2, 3],
    "history": [[1, 2], [], [3]],
    "tags": [[5], [0, 1, 2], []],
    "price": [20.0, 25.0, 10.0],
    "context": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]],
    "not a feature": ["a", "b", "c"],
}
TASKS = [
    io.Binary("click", rate=0.2),
    io.Binary("purchase", space="click", over="rows"),
    io.OneOfK("category", classes=4),
    io.MultiLabel("interests", labels=3),
    io.Ordinal("stars", low=1, high=5),
    io.Regression("rating", mean=3.0, scale=2.0),
    io.WatchTime("watch", space="click"),
    io.WatchOdds("seconds"),
]
LABELS = {
    "click": [1, 0, 1, 0],
    "purchase": [1, 0, 0, 1],
    "category": [0, 3, NAN, 1],
    "interests": [[1, 0, NAN], [NAN] * 3, [0, 0, 1], [1, 1, 1]],
    "stars": [1, NAN, 5, 3],
    "rating": [1.5, NAN, 4.5, 3.0],
    "watch": [30.0, NAN, 200.0, NAN],
    "seconds": [30.0, 0.0, 200.0, 0.0],
}


def model_of(wanted=TASKS):
    inputs, x = io.encode(FEATURES)
    hidden = keras.layers.Dense(8, "relu")(x)
    return keras.Model(inputs, io.heads(wanted, hidden))


def value(task, labels, predictions, weight=None):
    return float(
        task.loss()(
            np.array(labels, "float32"),
            np.array(predictions, "float32"),
            weight,
        )
    )


def log(x):
    return float(np.log(x))


class Column:
    """What is used of pandas' Series: an array in disguise."""

    def __init__(self, values):
        self.held, self.values = values, "no dict's method"

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.held, dtype)

    def __iter__(self):
        return iter(self.held)

    def __len__(self):
        return len(self.held)


class Frame:
    """What is used of pandas' DataFrame.

    It iterates over the names of its columns, and `values` is no method.
    """

    def __init__(self, columns):
        self.held, self.columns, self.values = (
            columns,
            list(columns),
            "no dict's method",
        )

    def __iter__(self):
        return iter(self.columns)

    def __getitem__(self, name):
        return Column(self.held[name])


NA = type("NAType", (), {"__repr__": lambda self: "<NA>"})()


@pytest.fixture(params=["mixed_float16", "mixed_bfloat16", "float64"])
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


# ---------------------------------------------------------------- declarations


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: io.Binary("t", rate=1.0),
            "task 't': expected a base rate between 0 and 1, found 1.0",
        ),
        (
            lambda: io.Binary("t", rate="half"),
            "task 't': expected rate to be a finite number, found 'half'",
        ),
        (
            lambda: io.Binary("t", over="batch"),
            "task 't': expected over to be 'known' or 'rows', found 'batch'",
        ),
        (
            lambda: io.Binary("t", space="t"),
            "task 't': expected a space other than the task itself, found 't'",
        ),
        (
            lambda: io.Binary("watch time"),
            "task 'watch time': expected a name of A-Z, a-z, 0-9, '_', '-', '.', found",
        ),
        (lambda: io.Binary("点击"), "task '点击': expected a name of A-Z"),
        (
            lambda: io.OneOfK("t", classes=0),
            "task 't': expected classes to be a whole number from 2 to 16777216, found 0",
        ),
        (
            lambda: io.OneOfK("t", classes=2**24 + 1),
            "from 2 to 16777216, found 16777217",
        ),
        (
            lambda: io.MultiLabel("t", labels=0),
            "task 't': expected labels to be a whole number from 1 to .*, found 0",
        ),
        (
            lambda: io.Ordinal("t", low=5, high=1),
            "task 't': expected low below high, found 5 and 1",
        ),
        (
            lambda: io.Ordinal("t", low=1.5, high=3),
            "task 't': expected low to be a whole number from .*, found 1.5",
        ),
        (
            lambda: io.Regression("t", scale=0),
            "task 't': expected scale to be a finite number above 0, found 0",
        ),
        (
            lambda: io.Regression("t", mean=NAN),
            "task 't': expected mean to be a finite number, found nan",
        ),
        (
            lambda: io.WatchTime("t", typical=-1.0),
            "task 't': expected typical to be a finite number above 0, found -1.0",
        ),
        (
            lambda: io.Categorical("f", ids=0),
            "feature 'f': expected ids to be a whole number from 1 to .*, found 0",
        ),
        (
            lambda: io.Categorical("f", ids=2.5),
            "feature 'f': expected ids to be a whole number from 1 to .*, found 2.5",
        ),
        (
            lambda: io.Categorical("f", ids=3, width=True),
            "feature 'f': expected width to be a whole number .*, found True",
        ),
        (
            lambda: io.Categorical("a/b", ids=3),
            "feature 'a/b': expected a text without '/' as its name, found 'a/b'",
        ),
        (
            lambda: io.Sequence("f", ids=3, longest=0),
            "feature 'f': expected longest to be a whole number from 1 to .*, found 0",
        ),
        (
            lambda: io.Numeric("f", scale=0),
            "feature 'f': expected scale to be finite numbers above 0, found 0",
        ),
        (
            lambda: io.Numeric("f", size=2, scale=(1, -1)),
            "feature 'f': expected scale to be finite numbers above 0, found",
        ),
        (
            lambda: io.Numeric("f", size=2, mean=(1, 2, 3)),
            "feature 'f': expected mean of 1 or 2 numbers, found",
        ),
        (
            lambda: io.Numeric.fitted("f", [1.0, NAN]),
            "feature 'f': expected finite numbers, found 1 NaN or infinite",
        ),
        (
            lambda: io.Numeric.fitted("f", []),
            "feature 'f': expected finite numbers, found no row",
        ),
        (
            lambda: io.losses([io.Binary("t"), io.Regression("t")]),
            r"tasks: expected different names, found \['t', 't'\]",
        ),
        (
            lambda: io.Calibration(0.0, 1.0),
            "Calibration: expected slope > 0 and a finite intercept, found 0.0 and 1.0",
        ),
    ],
)
def test_a_declaration_that_makes_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("with_numpy", "plain"),
    [
        (
            io.Categorical("f", ids=np.int64(4) + 1, width=np.int8(3)),
            io.Categorical("f", ids=5, width=3),
        ),
        (
            io.Numeric("f", size=np.int64(2), mean=np.array([1.0, 2.0])),
            io.Numeric("f", size=2, mean=(1.0, 2.0)),
        ),
        (io.Binary("t", rate=np.float32(0.25)), io.Binary("t", rate=0.25)),
        (io.OneOfK("t", classes=np.uint8(3)), io.OneOfK("t", classes=3)),
        (
            io.Regression("t", mean=np.float64(3), scale=np.float16(2)),
            io.Regression("t", mean=3.0, scale=2.0),
        ),
    ],
)
def test_numbers_of_numpy_are_as_good_as_pythons(with_numpy, plain):
    assert with_numpy == plain and hash(with_numpy) == hash(plain)
    assert json.dumps(asdict(with_numpy)) == json.dumps(asdict(plain))


def test_features_of_any_name_train_and_reload(tmp_path):
    named = [
        io.Categorical("点击", ids=5),
        io.Sequence("last week", ids=5),
        io.Numeric("price (€)"),
        io.Categorical("features", ids=3),
    ]
    rows = {
        "点击": [0, 1],
        "last week": [[1], []],
        "price (€)": [1.0, 2.0],
        "features": [0, 2],
    }
    inputs, x = io.encode(named)
    model = keras.Model(
        inputs,
        io.heads([io.WatchTime("watch"), io.Regression("watch_ratio")], x),
    )
    model.compile(
        "adam",
        io.losses([io.WatchTime("watch"), io.Regression("watch_ratio")]),
        jit_compile=False,
    )
    model.fit(
        io.feed(named, rows),
        {"watch": np.ones((2, 1)), "watch_ratio": np.ones((2, 1))},
        verbose=0,
    )
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        *(one(io.feed(named, rows))["watch"] for one in (model, again))
    )


# ---------------------------------------------------------------- features


def test_a_row_of_a_table_for_known_unknown_and_padding():
    ids = np.array([-2, -1, 0, 4, 5, 10**9])
    np.testing.assert_array_equal(
        features.TableRows(5)(ids), [1, 1, 2, 6, 1, 1]
    )
    np.testing.assert_array_equal(
        features.TableRows(5, lists=True)(ids), [1, 0, 2, 6, 1, 1]
    )


def test_encode_gives_one_input_per_feature_and_all_widths_side_by_side():
    inputs, x = io.encode(FEATURES)
    assert list(inputs) == [
        "user",
        "item",
        "history",
        "tags",
        "price",
        "context",
    ]
    assert x.shape == (None, 3 + 4 + 4 + 2 + 1 + 2)


def test_a_shared_table_is_one_table():
    inputs, x = io.encode(FEATURES)
    tables = {
        layer.name: layer.input_dim
        for layer in keras.Model(inputs, x).layers
        if isinstance(layer, keras.layers.Embedding)
    }
    assert tables == {
        "user_table": 5 + 2,
        "item_table": 7 + 2,
        "tags_table": 6 + 2,
    }


def test_every_unknown_id_has_the_same_vector_and_no_known_one_has_it():
    inputs, x = io.encode([io.Categorical("user", ids=5)])
    vectors = keras.Model(inputs, x)({"user": np.array([5, 77, -1, 4])}).numpy()
    np.testing.assert_allclose(vectors[1:3], vectors[[0, 0]], rtol=1e-6)
    assert np.abs(vectors[0] - vectors[3]).max() > 0


@pytest.mark.parametrize("kind", [io.MultiValued, io.Sequence])
def test_padding_has_no_effect_and_an_empty_list_gives_zeros(kind):
    inputs, x = io.encode([kind("tags", ids=5, width=3)])
    pooled = keras.Model(inputs, x)
    short = pooled({"tags": np.array([[1, 2], [-1, -1], [7, 2]])}).numpy()
    long = pooled(
        {"tags": np.array([[1, 2, -1, -1], [-1] * 4, [7, 2, -1, -1]])}
    ).numpy()
    np.testing.assert_allclose(short, long, atol=1e-6)
    assert not short[1].any() and short[0].any()


def test_a_set_has_no_order_and_a_sequence_has_one():
    for kind, same in ((io.MultiValued, True), (io.Sequence, False)):
        inputs, x = io.encode([kind("tags", ids=5, width=3)])
        there, back = keras.Model(inputs, x)(
            {"tags": np.array([[0, 1, 2], [2, 1, 0]])}
        ).numpy()
        assert np.allclose(there, back, atol=1e-6) is same


def test_the_masked_mean_by_hand():
    vectors = np.array(
        [[[1.0, 2.0], [3.0, 4.0], [100.0, 100.0]], [[7.0, 7.0]] * 3]
    )
    mask = np.array([[True, True, False], [False, False, False]])
    np.testing.assert_allclose(
        features.MaskedMean()(vectors, mask),
        [[2.0, 3.0], [0.0, 0.0]],
        rtol=1e-6,
    )


def test_padding_gets_no_gradient():
    inputs, x = io.encode([io.MultiValued("tags", ids=5, width=3)])
    model = keras.Model(inputs, x)
    (table,) = model.trainable_weights
    with tf.GradientTape() as tape:
        total = ops.sum(model({"tags": np.array([[2, -1], [-1, -1]])}))
    gradient = tf.convert_to_tensor(tape.gradient(total, table.value)).numpy()
    np.testing.assert_array_equal(
        gradient.any(axis=1), [False, False, False, False, True, False, False]
    )


def test_numbers_come_out_in_standard_units():
    columns = np.array([[1.0, 10.0], [3.0, 30.0]])
    inputs, x = io.encode([io.Numeric.fitted("price", columns)])
    np.testing.assert_allclose(
        keras.Model(inputs, x)({"price": columns}),
        [[-1, -1], [1, 1]],
        rtol=1e-6,
    )


def test_a_constant_column_comes_out_as_zero():
    column = [[0.1, 1.0], [0.1, 3.0], [0.1, 5.0]]
    feature = io.Numeric.fitted("price", column)
    inputs, x = io.encode([feature])
    np.testing.assert_allclose(
        keras.Model(inputs, x)(io.feed([feature], {"price": column}))[:, 0],
        0,
        atol=1e-6,
    )


def test_seconds_since_1970_are_told_apart():
    seconds = 1_764_486_000 + np.array([-30, -29, 30])
    feature = io.Numeric("time", mean=1_764_486_000, scale=20.0)
    inputs, x = io.encode([feature])
    found = keras.Model(inputs, x)(io.feed([feature], {"time": seconds}))
    np.testing.assert_allclose(found[:, 0], [-1.5, -1.45, 1.5], rtol=1e-6)
    # as it is
    np.testing.assert_array_equal(
        io.feed([io.Numeric("p", mean=20.0, scale=5.0)], {"p": [7.0]})["p"],
        [[7.0]],
    )


def test_half_precision_keeps_large_numbers_and_long_lists(policy):
    number, tags = (
        io.Numeric("price", mean=1e5, scale=1e4),
        io.MultiValued("tags", ids=3, width=2),
    )
    inputs, x = io.encode([number, tags])
    model = keras.Model(inputs, x)
    model.get_layer("tags_table").set_weights([np.full((5, 2), 0.5)])
    found = model(
        io.feed(
            [number, tags], {"price": [1.1e5], "tags": np.ones((1, 5000), int)}
        )
    )
    np.testing.assert_allclose(
        ops.convert_to_numpy(ops.cast(found, "float32")),
        [[1.0, 0.5, 0.5]],
        rtol=2e-2,
    )


def test_feed_takes_the_columns_it_needs_and_pads_lists():
    x = io.feed(FEATURES, ROWS)
    assert set(x) == {feature.name for feature in FEATURES}
    np.testing.assert_array_equal(
        x["tags"], [[5, -1, -1], [0, 1, 2], [-1, -1, -1]]
    )
    assert x["price"].shape == (3, 1) and x["user"].dtype == "int32"
    assert model_of()(x)["click"].shape == (3, 1)


def test_a_huge_id_does_not_wrap_round_to_a_known_one():
    x = io.feed(
        [io.Categorical("user", ids=5)],
        {"user": np.array([2**32, 2**32 + 1, -(2**33)])},
    )
    assert not ((x["user"] >= 0) & (x["user"] < 5)).any()


@pytest.mark.parametrize(
    "ids",
    [
        np.array([3, 200, 120], "uint8"),
        np.array([3, 2**64 - 1, 7], "uint64"),
        np.array([3, -1, 9], object),
    ],
)
def test_ids_of_any_width_are_the_same_ids(ids):
    x = io.feed(
        [io.Categorical("user", ids=300), io.MultiValued("tags", ids=300)],
        {"user": ids, "tags": ids[:, None]},
    )
    expected = [i if 0 <= int(i) < 300 else -1 for i in ids]
    assert (
        x["user"].dtype == "int32"
        and [i if 0 <= i < 300 else -1 for i in x["user"]] == expected
    )
    # unknown; only -1 is padding
    assert x["tags"][1, 0] == {200: 200, 2**64 - 1: 300, -1: -1}[int(ids[1])]
    np.testing.assert_array_equal(
        features.TableRows(300)(np.array([100], "int8")), [102]
    )


def test_a_longest_length_keeps_the_latest_ids():
    history = io.Sequence("history", ids=50, longest=3)
    # one list of 20,000
    rows = [[1, 2, 3, 4, 5], [9, -1, -1, -1, -1], []] + [list(range(50)) * 400]
    expected = [[3, 4, 5], [9, -1, -1], [-1, -1, -1], [47, 48, 49]]
    assert io.feed([history], {"history": rows})["history"].tolist() == expected
    assert features.pad(rows, 3).tolist() == expected


def test_a_data_frame_is_a_dict_of_columns():
    x, framed = io.feed(FEATURES, ROWS), io.feed(FEATURES, Frame(ROWS))
    assert all(np.array_equal(x[name], framed[name]) for name in x)
    y, framed = io.targets(TASKS, LABELS), io.targets(TASKS, Frame(LABELS))
    assert all(
        np.array_equal(y[name], framed[name], equal_nan=True) for name in y
    )
    np.testing.assert_array_equal(
        io.weights(TASKS[:1], Frame({"click": [1, 2]}))["click"], [1, 2]
    )


@pytest.mark.parametrize(
    ("feature", "column", "message"),
    [
        (
            io.Categorical("user", ids=5),
            [[1], [2]],
            r"feature 'user': expected shape \(rows,\), found \(2, 1\)",
        ),
        (
            io.Categorical("user", ids=5),
            [0.5, 1.0],
            "feature 'user': expected whole numbers, found float64",
        ),
        (
            io.Categorical("user", ids=5, unknown=False),
            [0, 9],
            r"feature 'user': expected ids from 0 to 4, found \[9\]",
        ),
        (
            io.MultiValued("tags", ids=5, unknown=False),
            [[0], [-1], [7]],
            r"feature 'tags': expected ids from 0 to 4, found \[7\]",
        ),
        (
            io.Categorical("user", ids=5),
            [1, None],
            "feature 'user': expected whole numbers, found None",
        ),
        (
            io.Categorical("user", ids=5),
            np.ma.array([1, 2], mask=[0, 1]),
            "feature 'user': expected whole numbers, found None",
        ),
        *(
            (
                kind("tags", ids=5),
                [[1], wrong],
                "feature 'tags': expected a list of whole numbers in every row, found .* in row 1",
            )
            for kind in (io.MultiValued, io.Sequence)
            for wrong in (
                [1.7],
                [True],
                ["1"],
                [NAN],
                None,
                NAN,
                "1|2",
                [1, None],
                [[1]],
                np.ma.array([1, 2], mask=[0, 1]),
            )
        ),
        (
            io.MultiValued("tags", ids=5),
            NAN,
            "feature 'tags': expected a list of ids in every row, found nan",
        ),
        (
            io.Numeric("price"),
            [1.0, NAN],
            "feature 'price': expected finite numbers, found 1 NaN",
        ),
        (
            io.Numeric("price"),
            [1.0, None],
            "feature 'price': expected finite numbers, found 1 NaN",
        ),
        (
            io.Numeric("price"),
            np.ma.array([1.0, 2.0], mask=[0, 1]),
            "feature 'price': expected finite numbers, found 1 NaN",
        ),
        (
            io.Numeric("price"),
            ["1.5"],
            "feature 'price': expected numbers, found text",
        ),
        (
            io.Numeric("price"),
            np.array(["2026-01-01"], "M8[s]"),
            "feature 'price': expected numbers, found datetime64",
        ),
        (
            io.Numeric("price", size=3),
            [[1.0, 2.0]],
            r"feature 'price': expected shape \(rows, 3\), found \(1, 2\)",
        ),
    ],
)
def test_feed_names_the_feature_what_it_expects_and_what_it_found(
    feature, column, message
):
    with pytest.raises(ValueError, match=message):
        io.feed([feature], {feature.name: column})


def test_feed_misses_a_column_and_sees_unequal_lengths():
    with pytest.raises(
        ValueError,
        match="feature 'tags': expected a column of that name, found only user",
    ):
        io.feed([io.MultiValued("tags", ids=3)], {"user": [1]})
    with pytest.raises(
        ValueError,
        match="feature 'price': expected 2 rows, as 'user' has, found 1",
    ):
        io.feed(
            [io.Categorical("user", ids=5), io.Numeric("price")],
            {"user": [1, 2], "price": [3.0]},
        )


def test_encode_refuses_a_name_twice_and_a_table_of_two_sizes():
    with pytest.raises(ValueError, match="different names"):
        io.encode([io.Numeric("price"), io.Numeric("price")])
    with pytest.raises(
        ValueError,
        match="feature 'history': expected 7 ids and width 4, as others of its table, "
        "found 8 and 4",
    ):
        io.encode(
            [
                io.Categorical("item", ids=7, width=4),
                io.Sequence("history", ids=8, width=4, table="item"),
            ]
        )


def test_rare_values_are_unknown():
    words = io.vocabulary(["a", "b", "a", "c", "b", "a"], at_least=2)
    assert words == {"a": 0, "b": 1}
    np.testing.assert_array_equal(
        io.lookup(["b", "c", "new", "a"], words), [1, 2, 2, 0]
    )


# ---------------------------------------------------------------- losses, by hand

HALF = log(2)  # cross-entropy of a fair guess


@pytest.mark.parametrize(
    ("task", "labels", "predictions", "expected"),
    [
        (io.Binary("t"), [[1], [0]], [[0.5], [0.25]], (HALF - log(0.75)) / 2),
        (io.Binary("t"), [[1], [NAN]], [[0.5], [0.9]], HALF),
        (io.Binary("t", over="rows"), [[1], [NAN]], [[0.5], [0.9]], HALF / 2),
        (
            io.MultiLabel("t", labels=2),
            [[1, NAN], [0, 0]],
            [[0.5, 0.9], [0.5, 0.25]],
            (HALF - log(0.75)) / 2,
        ),
        (
            io.OneOfK("t", classes=3),
            [[2], [0]],
            [[0.2, 0.3, 0.5], [0.25, 0.5, 0.25]],
            (HALF - log(0.25)) / 2,
        ),
        (
            io.Ordinal("t", low=1, high=3),
            [[2]],
            [[0.8, 0.4]],
            -log(0.8) - log(0.6),
        ),
        (
            io.Ordinal("t", low=1, high=3),
            [[3], [1]],
            [[0.8, 0.4], [0.5, 0.5]],
            (-log(0.8) - log(0.4) + 2 * HALF) / 2,
        ),
        (io.Regression("t", scale=2.0), [[3.0], [NAN]], [[7.0], [0.0]], 4.0),
        (io.WatchTime("t"), [[60.0]], [[60.0 * np.e]], 1.0),
        (
            io.WatchOdds("t", typical=10.0),
            [[20.0], [0.0]],
            [[10.0], [30.0]],
            (2 * HALF + log(4)) / 2,
        ),
    ],
)
def test_the_loss_by_hand(task, labels, predictions, expected):
    assert value(task, labels, predictions) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("seconds", [0.0, 1e38])
def test_odds_that_underflow_or_overflow_stay_finite(seconds):
    predicted = tf.Variable([[seconds]])
    with tf.GradientTape() as tape:
        loss = tf.add_n(
            [
                tf.convert_to_tensor(io.WatchOdds("t").loss()(label, predicted))
                for label in ([[0.0]], [[30.0]])
            ]
        )
    assert (
        np.isfinite(loss) and np.isfinite(tape.gradient(loss, predicted)).all()
    )


@pytest.mark.parametrize(
    "task",
    [io.Regression("t", scale=1e-3), io.WatchTime("t"), io.WatchOdds("t")],
    ids=lambda t: type(t).__name__,
)
@pytest.mark.parametrize("wild", [0.0, 3e38, np.inf])
def test_a_prediction_without_a_label_costs_nothing_however_wild(task, wild):
    predicted = tf.Variable([[30.0], [wild]])
    with tf.GradientTape() as tape:
        loss = task.loss()([[31.0], [NAN]], predicted)
    assert float(loss) == value(task, [[31.0]], [[30.0]])
    assert tape.gradient(loss, predicted).numpy()[1] == 0
    (rmse,) = io.metrics([task])["t"]
    rmse.update_state(np.array([[31.0], [NAN]]), predicted)
    assert float(rmse.result()) == 1


@pytest.mark.parametrize(
    ("task", "bound"),
    [(io.WatchTime("t"), 40.0), (io.WatchOdds("t"), 16.0)],
    ids=["time", "odds"],
)
def test_a_head_of_seconds_that_is_far_off_finds_back(task, bound):
    x = keras.Input((1,))
    model = keras.Model(x, task.head(x))
    model.get_layer("t>log").set_weights([np.ones((1, 1)), np.zeros(1)])
    far = tf.Variable([[-1e4], [0.5], [1e4]])
    with tf.GradientTape(persistent=True) as tape:
        p = model(far)
        losses = [
            task.loss()([[y]] * 3, p)
            for y in (60.0, 0.0 if bound == 16 else 60.0)
        ]
    np.testing.assert_allclose(
        np.log(p.numpy()[:, 0] / 60), [-bound, 0.5, bound], rtol=1e-5
    )
    play, none = (3 * tape.gradient(loss, far).numpy()[:, 0] for loss in losses)
    # -y σ(-z) / typical where something was played, σ(z) where nothing was
    if bound == 16:
        np.testing.assert_allclose(
            play, [-1, -1 / (1 + np.exp(0.5)), 0], atol=1e-6
        )
        np.testing.assert_allclose(
            none, [0, 1 / (1 + np.exp(-0.5)), 1], atol=1e-6
        )
    else:
        # 2 (log p - log y)
        np.testing.assert_allclose(play, [-80, 1, 80], rtol=1e-5)


def test_weights_of_any_unit_give_the_same_loss():
    labels, predictions, weight = (
        [[1], [0], [NAN]],
        [[0.5], [0.25], [0.5]],
        np.array([3.0, 1.0, 5.0]),
    )
    plain = value(io.Binary("t"), labels, predictions, weight)
    assert value(
        io.Binary("t"), labels, predictions, 1e-12 * weight
    ) == pytest.approx(plain, rel=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda **options: tasks.TaskLoss(TASKS[0], **options),
        io.InversePropensity,
        io.DoublyRobust,
    ],
)
def test_a_loss_takes_no_reduction_that_it_would_not_heed(make):
    with pytest.raises(TypeError, match="reduction"):
        make(reduction="sum")


def test_weights_of_rows_by_hand():
    labels, predictions, weight = (
        [[1], [0], [NAN]],
        [[0.5], [0.25], [0.5]],
        np.array([3.0, 1.0, 5.0]),
    )
    known = (3 * HALF - log(0.75)) / 4
    assert value(io.Binary("t"), labels, predictions, weight) == pytest.approx(
        known, rel=1e-5
    )
    assert value(
        io.Binary("t", over="rows"), labels, predictions, weight
    ) == pytest.approx(known * 4 / 3, rel=1e-5)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_a_batch_without_a_label_costs_nothing_and_moves_nothing(task):
    model = model_of([task])
    x = io.feed(FEATURES, ROWS)
    with tf.GradientTape() as tape:
        loss = task.loss()(np.full((3, task.columns), NAN), model(x)[task.name])
    gradients = tape.gradient(
        loss, [weight.value for weight in model.trainable_weights]
    )
    assert float(loss) == 0
    assert all(
        not np.any(tf.convert_to_tensor(g)) for g in gradients if g is not None
    )


LOGITS = arrays.arrays("float32", (6, 1), elements=st.floats(-5, 5, width=32))
KNOWN = arrays.arrays("bool", (6, 1))


@settings(max_examples=40, deadline=None)
@given(LOGITS, KNOWN, st.sampled_from(["known", "rows"]))
def test_missing_rows_are_as_if_they_were_not_there(logits, known, over):
    task, p = io.Binary("t", over=over), 1 / (1 + np.exp(-logits))
    labels = np.where(known, (logits > 0.5).astype("float32"), NAN)
    if known.any():
        alone = value(task, labels[known][:, None], p[known][:, None])
        share = known.mean() if over == "rows" else 1
        assert value(task, labels, p) == pytest.approx(
            alone * share, rel=1e-4, abs=1e-6
        )


@settings(max_examples=40, deadline=None)
@given(LOGITS, KNOWN)
def test_binary_losses_by_rows_are_the_joint_likelihood(logits, clicked):
    """Click on all rows and purchase on clicks, over rows.

    That is minus the log-likelihood of (click, purchase), per row.
    """
    p = 1 / (1 + np.exp(-logits.astype(float)))
    bought = np.where(clicked, (logits > 0).astype("float32"), NAN)
    total = value(io.Binary("c", over="rows"), clicked, p) + value(
        io.Binary("p", over="rows"), bought, p
    )
    likelihood = np.where(clicked, p * np.where(bought == 1, p, 1 - p), 1 - p)
    assert total == pytest.approx(
        -np.log(likelihood).mean(), rel=1e-3, abs=1e-5
    )


def test_a_one_column_loss_is_keras_own():
    y, p = np.array([[1.0], [0.0], [1.0]]), np.array([[0.7], [0.2], [0.4]])
    assert value(io.Binary("t"), y, p) == pytest.approx(
        float(keras.losses.BinaryCrossentropy()(y, p)), rel=1e-5
    )


# ---------------------------------------------------------------- heads


def test_heads_start_where_they_are_told_to():
    predictions = {
        name: p.numpy()
        for name, p in model_of()(io.feed(FEATURES, ROWS)).items()
    }
    assert {name: p.shape for name, p in predictions.items()} == {
        task.name: (3, task.outputs) for task in TASKS
    }
    x = keras.Input((4,))
    zero = {
        name: p.numpy()[0]
        for name, p in keras.Model(x, io.heads(TASKS, x))(
            np.zeros((1, 4))
        ).items()
    }
    assert [zero[name] for name in ("click", "rating", "watch")] == [
        pytest.approx([start]) for start in (0.2, 3.0, 60.0)
    ]
    assert zero["category"].sum() == pytest.approx(1)


def test_grades_start_one_apart_and_never_cross():
    cuts = tasks.Exceeds(4)
    np.testing.assert_allclose(
        cuts(np.zeros((1, 1))),
        [1 / (1 + np.exp(np.array([-1.5, -0.5, 0.5, 1.5])))],
        rtol=1e-5,
    )
    cuts.gaps.assign([-3.0, 0.0, -9.0])  # whatever is learned
    assert (np.diff(cuts(np.linspace(-4, 4, 9)[:, None]), axis=1) < 0).all()


def test_the_expected_grade_is_low_plus_the_chances_of_more():
    chances = np.array([0.1, 0.2, 0.3, 0.4])  # of 1, 2, 3, 4 stars
    more = 1 - np.cumsum(chances)[:-1]
    task = io.Ordinal("stars", low=1, high=4)
    assert float(task.point(more[None])[0, 0]) == pytest.approx(
        chances @ [1, 2, 3, 4]
    )


def train(model, x, y, steps):
    """Full-batch steps, as one epoch over as many copies of the rows."""
    copies = [
        {name: np.tile(column, (steps, 1)) for name, column in columns.items()}
        for columns in (x, y)
    ]
    model.fit(
        *copies,
        batch_size=len(next(iter(y.values()))),
        shuffle=False,
        verbose=0,
    )


def fitted(task, labels, steps=400):
    """What the head of a task predicts if all rows look alike, once trained.

    It is the constant that its loss asks for.
    """
    x = keras.Input((1,), name="x")
    model = keras.Model({"x": x}, io.heads([task], x))
    model.compile(
        keras.optimizers.Adam(0.05), io.losses([task]), jit_compile=False
    )
    train(
        model,
        {"x": np.ones((len(labels), 1))},
        io.targets([task], {task.name: labels}),
        steps,
    )
    return model({"x": np.ones((1, 1))})[task.name].numpy()[0]


def test_watch_time_learns_the_geometric_mean_and_odds_too_much():
    seconds = np.array([10.0, 40.0, 160.0])
    assert fitted(io.WatchTime("t"), seconds)[0] == pytest.approx(
        40.0, rel=0.02
    )
    # expected 30 s, half of the rows play
    all_rows = np.array([30.0, 90.0, 0.0, 0.0])
    assert fitted(io.WatchOdds("t"), all_rows)[0] == pytest.approx(
        30.0 / (1 - 0.5), rel=0.02
    )


def test_ordinal_learns_the_frequencies_of_grades():
    more = fitted(
        io.Ordinal("t", low=1, high=3), np.array([1, 1, 2, 3, 3, 3, 3, 3])
    )
    np.testing.assert_allclose(more, [6 / 8, 5 / 8], atol=0.02)


# ---------------------------------------------------------------- labels and weights


def test_targets_have_nan_outside_of_the_space_and_where_nothing_is_known():
    y = io.targets(
        TASKS,
        {name: LABELS[name] for name in ("click", "purchase", "interests")},
    )
    np.testing.assert_array_equal(y["purchase"][:, 0], [1, NAN, 0, NAN])
    assert y["interests"].shape == (4, 3) and y["click"].dtype == "float32"
    for task in ("category", "stars", "rating", "seconds"):
        assert y[task].shape == (4, 1) and np.isnan(y[task]).all()


def test_a_space_need_not_be_a_task():
    y = io.targets(
        [io.Binary("like", space="played")], {"like": [1, 1], "played": [0, 1]}
    )
    np.testing.assert_array_equal(y["like"][:, 0], [NAN, 1])


@pytest.mark.parametrize("missing", [None, NA, NAN])
def test_a_label_may_be_missing_in_many_ways(missing):
    for label in (
        [1, missing, 0],
        Column(np.array([1, missing, 0], object)),
        np.ma.array([1, 1, 0], mask=[0, 1, 0]),
    ):
        np.testing.assert_array_equal(
            io.targets(TASKS[:1], {"click": label})["click"][:, 0], [1, NAN, 0]
        )


@pytest.mark.parametrize(
    ("task", "labels", "message"),
    [
        (
            io.Binary("click"),
            {},
            "labels: expected those of click, or some of them, found none",
        ),
        (
            io.Binary("click"),
            {"click": ["1"]},
            "task 'click': expected numbers, found text",
        ),
        (
            io.Binary("click"),
            {"click": [[1], [0, 1]]},
            "task 'click': expected rows of one length",
        ),
        (
            io.Binary("click"),
            {"click": 1},
            r"task 'click': expected labels of shape \(1, 1\), found \(\)",
        ),
        (
            io.Binary("buy", space="click"),
            {"click": [1, 2], "buy": [1, 1]},
            r"expected its space 'click' to be 0 or 1, found \[2\.\]",
        ),
        (
            io.Binary("buy", space="click"),
            {"click": [0.5], "buy": [1]},
            r"expected its space 'click' to be 0 or 1, found \[0\.5\]",
        ),
        (
            io.Binary("buy", space="click"),
            {"click": [[1, 0]], "buy": [1]},
            r"expected its space 'click' of shape \(1,\), found \(1, 2\)",
        ),
        (
            io.OneOfK("kind", classes=2**24),
            {"kind": [2**24 + 1]},
            r"task 'kind': expected whole numbers from 0 to 16777215, found",
        ),
        (
            io.Regression("r"),
            {"r": [1e39]},
            r"task 'r': expected finite numbers, found \[1\.e\+39\]",
        ),
        (
            io.Binary("click"),
            {"clicks": [1]},
            "labels: expected only the tasks click, found 'clicks'",
        ),
        (
            io.Binary("click"),
            {"click": [0, 2]},
            r"task 'click': expected labels 0 and 1, found \[2\.\]",
        ),
        (
            io.OneOfK("kind", classes=3),
            {"kind": [0, 3]},
            r"task 'kind': expected whole numbers from 0 to 2, found \[3\.\]",
        ),
        (
            io.Ordinal("stars", low=1, high=5),
            {"stars": [0]},
            r"task 'stars': expected whole numbers from 1 to 5, found \[0\.\]",
        ),
        (
            io.Ordinal("stars", low=1, high=5),
            {"stars": [2.5]},
            r"task 'stars': expected whole numbers",
        ),
        (
            io.WatchTime("watch"),
            {"watch": [0.0]},
            r"task 'watch': expected seconds above 0, found \[0\.\]",
        ),
        (
            io.WatchOdds("watch"),
            {"watch": [-1.0]},
            r"task 'watch': expected seconds of 0 or more, found \[-1\.\]",
        ),
        (
            io.Regression("r"),
            {"r": [np.inf]},
            r"task 'r': expected finite numbers, found \[inf\]",
        ),
        (
            io.MultiLabel("tags", labels=3),
            {"tags": [[0, 1]]},
            r"task 'tags': expected labels of shape \(1, 3\), found \(1, 2\)",
        ),
        (
            io.Binary("buy", space="click"),
            {"buy": [1]},
            "task 'buy': expected its space 'click' among the labels, found only buy",
        ),
        (
            io.Binary("buy", space="click"),
            {"click": [1, 1], "buy": [1]},
            r"task 'buy': expected labels of shape \(2, 1\), found \(1, 1\)",
        ),
    ],
)
def test_targets_name_the_task_what_is_expected_and_what_is_found(
    task, labels, message
):
    with pytest.raises(ValueError, match=message):
        io.targets([task], labels)


def test_weights_are_1_where_none_are_given():
    w = io.weights(TASKS[:2], {"purchase": [5, 1, 1]})
    np.testing.assert_array_equal(w["purchase"], [5, 1, 1])
    np.testing.assert_array_equal(w["click"], [1, 1, 1])
    assert io.weights(TASKS[:1], {}, rows=2)["click"].shape == (2,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"klick": [1.0]},
            "weights: expected only the tasks click, purchase, found 'klick'",
        ),
        (
            {"click": [1.0, -1.0]},
            r"task 'click': expected weights of 0 or more, found \[-1\.\]",
        ),
        (
            {"click": [1.0, NAN]},
            r"task 'click': expected weights of 0 or more, found \[nan\]",
        ),
        (
            {"click": [[1.0]]},
            r"task 'click': expected weights of shape \(1,\), found \(1, 1\)",
        ),
        (
            {"click": np.ma.array([1.0, 2.0], mask=[0, 1])},
            r"task 'click': expected weights of 0 or more, found \[nan\]",
        ),
        (
            {},
            "rows: expected how many there are, as no task has weights, found None",
        ),
    ],
)
def test_weights_that_make_no_sense(given, message):
    with pytest.raises(ValueError, match=message):
        io.weights(TASKS[:2], given)


def test_a_loss_refuses_shapes_that_are_not_its_own():
    with pytest.raises(
        ValueError,
        match=r"task 'click': expected predictions of shape \(batch, 1\), found \(2, 64, 2\)",
    ):
        TASKS[0].loss()(np.zeros((2, 1)), np.zeros((2, 64, 2)))
    with pytest.raises(
        ValueError,
        match=r"task 'category': expected labels of shape \(batch, 1\), found \(2, 4\)",
    ):
        TASKS[2].loss()(np.zeros((2, 4)), np.zeros((2, 4)))


# ---------------------------------------------------------------- all of it in fit


def trained(optimizer, **options):
    """A model of all features and tasks after three steps, the losses of these, and the rows."""
    rows = {
        name: [column[i % 3] for i in range(4)] for name, column in ROWS.items()
    }
    x, y = io.feed(FEATURES, rows), io.targets(TASKS, LABELS)
    keras.utils.set_random_seed(0)
    model = model_of()
    model.compile(
        optimizer, io.losses(TASKS), metrics=io.metrics(TASKS), **options
    )
    weights = io.weights(TASKS, {"purchase": [2, 1, 1, 1]})
    history = model.fit(
        x, y, sample_weight=weights, epochs=3, verbose=0
    ).history
    return model, history, (x, y)


def test_fit_evaluate_and_reload_in_safe_mode(tmp_path):
    model, history, (x, y) = trained("adam", run_eagerly=True)
    losses = history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    scores = model.evaluate(x, y, verbose=0, return_dict=True)
    assert scores.keys() >= {
        "click_auc",
        "stars_mae",
        "rating_rmse",
        "category_accuracy",
        "interests_auc",
        "watch_rmse",
    }
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for task, p in model(x).items():
        np.testing.assert_allclose(p, again(x)[task], rtol=1e-5, atol=1e-6)
    assert again.evaluate(x, y, verbose=0, return_dict=True) == pytest.approx(
        scores, rel=1e-5
    )


def test_compiled_by_xla_it_trains_the_same():
    _, eager, _ = trained(keras.optimizers.SGD(0.01), run_eagerly=True)
    _, compiled, _ = trained(keras.optimizers.SGD(0.01), jit_compile=True)
    assert compiled.keys() == eager.keys()
    for name, values in eager.items():
        assert compiled[name] == pytest.approx(values, rel=1e-3, abs=1e-4), name


def test_metrics_leave_out_what_is_missing():
    (rmse,) = io.metrics([io.Regression("r")])["r"]
    rmse.update_state(
        np.array([[1.0], [NAN], [5.0]]), np.array([[2.0], [9.0], [5.0]])
    )
    assert float(rmse.result()) == pytest.approx(np.sqrt(0.5))
    rmse.reset_state()
    rmse.update_state(
        np.array([[1.0], [2.0]]),
        np.array([[4.0], [2.0]]),
        sample_weight=np.array([1.0, 0.0]),
    )
    assert float(rmse.result()) == pytest.approx(3.0)
    (mae,) = io.metrics([io.Ordinal("s", low=1, high=3)])["s"]
    # expects 2.5 stars
    mae.update_state(np.array([[3.0]]), np.array([[0.9, 0.6]]))
    assert float(mae.result()) == pytest.approx(0.5)


def test_a_head_of_its_own_tensor():
    left, right = keras.Input((2,)), keras.Input((3,))
    outputs = io.heads(TASKS[:2], {"click": left, "purchase": right})
    model = keras.Model([left, right], outputs)
    assert model.get_layer("click").kernel.shape == (2, 1) and model.get_layer(
        "purchase"
    ).kernel.shape == (3, 1)


# ---------------------------------------------------------------- the funnel


def bce(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


CLICK = np.array([1.0, 1.0, 0.0, 0.0])
BOUGHT = np.array([[1.0], [0.0], [NAN], [NAN]])
CVR, CTR, IMPUTED = (
    np.array([0.8, 0.4, 0.3, 0.5]),
    np.array([0.5, 0.25, 0.01, 0.9]),
    np.array([0.6, 0.3, 0.2, 0.4]),
)


def test_ips_by_hand():
    weight = CLICK / CTR
    expected = (
        CLICK.mean()
        * (weight[:2] * bce(BOUGHT[:2, 0], CVR[:2])).sum()
        / weight.sum()
    )
    assert float(
        io.InversePropensity()(BOUGHT, np.stack([CVR, CTR], 1))
    ) == pytest.approx(expected, rel=1e-5)


DR_PARTS = np.stack([CVR, CTR, IMPUTED], 1)


@pytest.mark.parametrize("joint", [False, True])
def test_dr_by_hand(joint):
    weight = CLICK / CTR / (CLICK / CTR).mean()
    left = bce(np.nan_to_num(BOUGHT[:, 0]), CVR) - IMPUTED
    errors = IMPUTED + weight * left + weight * left**2
    found = io.DoublyRobust(joint=joint)(BOUGHT, DR_PARTS)
    assert float(found) == pytest.approx(CLICK.mean() * errors.mean(), rel=1e-5)


def slopes(loss, parts):
    parts = tf.Variable(parts.astype("float32"))
    with tf.GradientTape() as tape:
        total = loss(BOUGHT, parts)
    return tape.gradient(total, parts).numpy().T


def test_dr_trains_the_cvr_as_ips_does_and_its_error_tower_by_the_square():
    (of_ips, _), (of_dr, _, of_error) = (
        slopes(io.InversePropensity(), DR_PARTS[:, :2]),
        slopes(io.DoublyRobust(), DR_PARTS),
    )
    np.testing.assert_allclose(of_dr, of_ips, rtol=1e-5)
    weight = CLICK / CTR / (CLICK / CTR).mean()
    miss = bce(np.nan_to_num(BOUGHT[:, 0]), CVR) - IMPUTED
    by_hand = CLICK.mean() * -2 * weight * miss / 4
    np.testing.assert_allclose(of_error, by_hand, rtol=1e-5)
    # joint: the square pulls on the cvr, too, and the risk on the error tower
    of_joint, _, of_its_error = slopes(io.DoublyRobust(joint=True), DR_PARTS)
    pull = 1 + 2 * miss[:2]
    np.testing.assert_allclose(of_joint[:2], of_ips[:2] * pull, rtol=1e-5)
    risk = CLICK.mean() * (1 - weight) / 4
    np.testing.assert_allclose(of_its_error, by_hand + risk, rtol=1e-4)


def test_the_risk_of_dr_is_right_if_one_of_two_models_is():
    rng = np.random.default_rng(0)
    n = 400_000
    kind = rng.integers(2, size=n)  # two kinds of rows
    propensity = np.where(kind, 0.5, 0.1)
    rate = np.where(kind, 0.6, 0.2)
    clicked = rng.random(n) < propensity
    p = np.full(n, 0.3)
    error = bce((rng.random(n) < rate).astype(float), p)
    expected = rate * bce(1, 0.3) + (1 - rate) * bce(0, 0.3)

    def risk(propensity, predicted):
        left = clicked / propensity * (error - predicted)
        return (predicted + left).mean()

    truth = expected.mean()
    assert risk(propensity, 0.0) == pytest.approx(truth, rel=0.01)
    assert risk(propensity, 1.0) == pytest.approx(truth, rel=0.01)
    assert risk(0.3, expected) == pytest.approx(truth, rel=0.01)
    assert abs(risk(0.3, 1.0) - truth) > 0.05


@pytest.mark.parametrize("bought", [0.0, 1.0])
def test_the_error_of_a_purchase_in_log_space(bought):
    a, b = (tf.Variable([[z]]) for z in (0.3, -1.2))
    with tf.GradientTape(persistent=True) as tape:
        product = tf.sigmoid(a) * tf.sigmoid(b)
        plain = bought * -tf.math.log(product)
        plain -= (1 - bought) * tf.math.log(1 - product)
        stable = io.purchase_error(bought, a, b)
    np.testing.assert_allclose(stable, plain, rtol=1e-5)
    for z in (a, b):
        expected = tape.gradient(plain, z)
        np.testing.assert_allclose(
            tape.gradient(stable, z), expected, rtol=1e-4
        )


@pytest.mark.parametrize(
    ("a", "b", "bought", "error", "slope"),
    [
        (-60.0, -60.0, 1.0, 120.0, -1.0),
        (60.0, 60.0, 0.0, 60.0 - log(2), 0.5),
        (-60.0, 60.0, 0.0, 0.0, 0.0),
    ],
)
def test_the_error_of_a_purchase_far_out(a, b, bought, error, slope):
    a, b = tf.Variable([a]), tf.Variable([b])
    with tf.GradientTape() as tape:
        found = io.purchase_error(bought, a, b)
    assert float(found[0]) == pytest.approx(error, abs=1e-4)
    assert float(tape.gradient(found, a)[0]) == pytest.approx(slope, abs=1e-4)


@pytest.mark.parametrize(
    "loss",
    [io.InversePropensity(), io.DoublyRobust()],
    ids=lambda loss: loss.name,
)
def test_labels_of_the_funnel_may_be_a_plain_column(loss):
    parts = np.stack([CVR, CTR, IMPUTED][: loss.parts], 1)
    assert float(loss(BOUGHT[:, 0], parts)) == float(loss(BOUGHT, parts))
    with pytest.raises(
        ValueError,
        match=rf"{loss.name}: expected labels of shape \(batch, columns\), found \(1, 4, 1\)",
    ):
        loss(BOUGHT[None], parts)


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("p", [1e-8, 3e-7, 0.25])
def test_the_slope_of_a_rare_purchase(p, graph):
    """Of `-log(ctr · cvr)` by a logit it is `cvr - 1`, by a rate `-1 / rate`.

    However small the product is.
    """
    rates = tf.Variable([[p**0.5], [p**0.5]])

    def pull():
        with tf.GradientTape() as tape:
            product = rates[:1] * rates[1:]
            losses = tf.stack(
                [
                    tf.reshape(
                        tasks.cross_entropy(tf.constant([[y]]), product), ()
                    )
                    for y in (1.0, 0.0)
                ]
            )
            bought = losses[0]
        return losses, tape.gradient(bought, rates)

    losses, slope = (tf.function(pull) if graph else pull)()
    np.testing.assert_allclose(
        losses, [-np.log(p), -np.log1p(-p)], rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(slope, -1 / rates.numpy(), rtol=1e-5)


def test_cross_entropy_of_a_sigmoid_is_keras_own():
    logits, y = (
        tf.constant([[-100.0], [-20.0], [0.3], [20.0]]),
        tf.constant([[1.0], [0.0], [1.0], [0.0]]),
    )
    np.testing.assert_array_equal(
        *(
            f(y, keras.activations.sigmoid(logits))
            for f in (tasks.cross_entropy, ops.binary_crossentropy)
        )
    )


def test_a_sample_weight_multiplies_what_its_row_adds():
    parts, only_first = np.stack([CVR, CTR], 1), np.array([1.0, 0.0, 0.0, 0.0])
    both, first, doubled = (
        float(io.InversePropensity()(BOUGHT, parts, w))
        for w in (None, only_first, 2 * np.ones(4))
    )
    weight = CLICK / CTR
    assert first == pytest.approx(
        CLICK.mean() * weight[0] * bce(1, CVR[0]) / weight.sum(), rel=1e-5
    )
    assert doubled == pytest.approx(2 * both, rel=1e-5)


def test_clip_bounds_a_weight():
    parts = np.array([[0.5, 1e-6], [0.5, 0.5]])
    bought = np.array([[1.0], [0.0]])
    loose, tight = (
        float(io.InversePropensity(clip)(bought, parts)) for clip in (1e-6, 1.0)
    )
    # equal errors: weights do not matter
    assert loose == pytest.approx(HALF) and tight == pytest.approx(HALF)
    parts = np.array([[0.9, 1e-6], [0.9, 0.5]])
    clipped = float(io.InversePropensity(0.5)(bought, parts))
    # both weigh 1 / .5
    assert clipped == pytest.approx((-log(0.9) - log(0.1)) / 2, rel=1e-4)


@pytest.mark.parametrize(
    "loss",
    [io.InversePropensity(), io.DoublyRobust()],
    ids=lambda loss: loss.name,
)
def test_the_propensity_gets_no_gradient(loss):
    parts = tf.Variable(
        np.stack([CVR, CTR, IMPUTED][: loss.parts], 1).astype("float32")
    )
    with tf.GradientTape() as tape:
        total = loss(BOUGHT, parts)
    gradient = tape.gradient(total, parts).numpy()
    assert gradient[:, 0].any() and not gradient[:, 1].any()


def test_with_all_clicked_and_equal_propensity_ips_is_the_plain_loss():
    bought = np.array([[1.0], [0.0], [1.0], [0.0]])
    plain = value(io.Binary("c"), bought, CVR[:, None])
    assert float(
        io.InversePropensity()(bought, np.stack([CVR, np.full(4, 0.3)], 1))
    ) == pytest.approx(plain, rel=1e-5)


def test_without_a_click_the_losses_are_0():
    nothing = np.full((4, 1), NAN)
    assert float(
        io.InversePropensity()(nothing, np.stack([CVR, CTR], 1))
    ) == pytest.approx(0)
    assert float(
        io.DoublyRobust()(nothing, np.stack([CVR, CTR, IMPUTED], 1))
    ) == pytest.approx(0)


def test_ips_with_true_propensities_is_unbiased_where_clicks_only_are_not():
    rng = np.random.default_rng(0)
    n, propensity = 200_000, rng.uniform(0.05, 0.9, 200_000)
    # buys more where it clicks more
    error_if_clicked = rng.random(n) < propensity
    clicked = rng.random(n) < propensity
    bought = np.where(clicked, error_if_clicked, NAN)[:, None]
    p = np.full(n, 0.3)
    truth = bce(error_if_clicked, p).mean()
    ips = (
        float(io.InversePropensity(0.01)(bought, np.stack([p, propensity], 1)))
        / clicked.mean()
    )
    naive = value(io.Binary("c"), bought, p[:, None])
    assert ips == pytest.approx(truth, rel=0.01) and abs(naive - truth) > 0.05


@pytest.mark.parametrize(
    "loss",
    [
        io.InversePropensity(0.05),
        io.DoublyRobust(0.05),
        io.DoublyRobust(0.05, joint=True),
    ],
    ids=lambda loss: loss.name,
)
def test_the_losses_of_the_funnel_reload(loss):
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(loss)
    )
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()


def test_the_losses_of_the_funnel_refuse_what_they_cannot_use():
    with pytest.raises(
        ValueError, match=r"ips: expected a clip in \(0, 1\], found 0"
    ):
        io.InversePropensity(0)
    with pytest.raises(
        ValueError,
        match=r"dr: expected predictions of shape \(4, 3\), found \(4, 2\)",
    ):
        io.DoublyRobust()(BOUGHT, np.stack([CVR, CTR], 1))


def esmm():
    inputs, x = io.encode([io.Numeric("context", size=2)])
    click, conversion = (
        task.head(x) for task in (io.Binary("click"), io.Binary("conversion"))
    )
    return keras.Model(inputs, io.entire_space(click, conversion))


def test_purchase_is_the_product_and_reaches_both_heads():
    model, x = esmm(), {"context": np.ones((2, 2), "float32")}
    p = model(x)
    np.testing.assert_allclose(p["purchase"], p["click"] * p["conversion"])
    with tf.GradientTape() as tape:
        loss = io.Binary("purchase").loss()(
            np.array([[1.0], [0.0]]), model(x)["purchase"]
        )
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    assert all(np.any(g) for g in gradients)


def test_a_balancer_trains_the_conversion_by_the_other_two():
    model, x = esmm(), {"context": np.eye(2, dtype="float32")}
    pair = {name: io.Binary(name).loss() for name in ("click", "purchase")}
    balanced = Balanced(model, Equal())
    balanced.compile("sgd", pair, run_eagerly=True)
    before = [weight.copy() for weight in model.get_weights()]
    balanced.fit(x, dict.fromkeys(pair, np.array([[1.0], [0.0]])), verbose=0)
    assert all(
        np.any(old != new) for old, new in zip(before, model.get_weights())
    )


def test_outputs_and_losses_are_float32_in_any_precision(policy):
    model = esmm()
    assert {
        name: output.dtype for name, output in model.output.items()
    } == dict.fromkeys(("click", "conversion", "purchase"), "float32")
    assert io.with_parts("ips", *model.output.values()).dtype == "float32"
    x = keras.Input((3,))
    heads = keras.Model(x, io.heads(TASKS, x))
    assert {output.dtype for output in heads.output.values()} == {"float32"}
    y, p = io.targets(TASKS, LABELS), heads(np.ones((4, 3)))
    assert all(
        task.loss()(y[task.name], p[task.name]).dtype == "float32"
        for task in TASKS
    )


def test_esmm_trains_without_a_loss_on_the_conversion(tmp_path):
    model, x = esmm(), {"context": np.ones((4, 2), "float32")}
    labels = [
        io.Binary("click"),
        io.Binary("conversion", space="click"),
        io.Binary("purchase"),
    ]
    y = io.targets(
        labels,
        {
            "click": [1, 1, 0, 0],
            "conversion": [1, 0, NAN, NAN],
            "purchase": [1, 0, 0, 0],
        },
    )
    model.compile(
        keras.optimizers.Adam(0.1),
        {"click": labels[0].loss(), "purchase": labels[2].loss()},
        jit_compile=False,
    )
    train(model, x, y, steps=200)
    found = {name: float(p[0, 0]) for name, p in model(x).items()}
    assert found == pytest.approx(
        {"click": 0.5, "conversion": 0.5, "purchase": 0.25}, abs=0.02
    )
    model.save(tmp_path / "esmm.keras")
    keras.models.load_model(tmp_path / "esmm.keras", safe_mode=True)
    # with metrics Keras wants all three labels, of which `targets` fills what is not known
    scored = io.metrics(labels)
    model.compile(
        "adam",
        {"click": labels[0].loss(), "purchase": labels[2].loss()},
        metrics=scored,
        run_eagerly=True,
    )
    assert {"click_auc", "conversion_auc", "purchase_auc"} <= model.evaluate(
        x, y, verbose=0, return_dict=True
    ).keys()


# ---------------------------------------------------------------- the experiment


def small(monkeypatch, **sizes):
    for name, size in (
        {"IMPRESSIONS": 4 * 256, "TEST": 600, "BATCH": 256, "EPOCHS": 2} | sizes
    ).items():
        monkeypatch.setattr(funnel, name, size)


def test_compare_reports_every_seed_of_every_setting(monkeypatch):
    small(monkeypatch)
    plain, hidden = funnel.compare(
        [{}, {"confounding": 1.0}], ("dr", "dr_joint"), 2
    )
    for result in (plain, hidden):
        assert set(result) == {"bayes", "dr", "dr_joint"}
        assert all(
            len(values) == 2
            for score in result.values()
            for values in score.values()
        )
        assert result["bayes"]["ratio"] == pytest.approx([1, 1]) and result[
            "bayes"
        ]["error"] == pytest.approx([0, 0], abs=1e-9)
    assert max(hidden["bayes"]["ratio_clicked"]) < min(
        plain["bayes"]["ratio_clicked"]
    )


def test_worlds_and_estimators_side_by_side_learn_what_each_learns_alone(
    monkeypatch, step_by_step
):
    small(monkeypatch)
    worlds = [World(seed=s) for s in (0, 1)]
    both = funnel._side_by_side(
        [world.impressions(funnel.IMPRESSIONS) for world in worlds], worlds
    )
    disturbed = {name: column.copy() for name, column in both.items()}
    # another second world
    disturbed["click"][:, 1] = 1 - disturbed["click"][:, 1]
    with_ips, alone = (
        funnel.train_side_by_side(["ips", "esmm"], both, 2),
        funnel.train_side_by_side(["esmm"], disturbed, 2),
    )
    ips, esmm = (
        with_ips[name](funnel._inputs_of(both)).numpy()
        for name in ("ips", "esmm")
    )
    other = alone["esmm"](funnel._inputs_of(both)).numpy()
    # the first world notices neither the other estimator nor the second world
    np.testing.assert_allclose(esmm[:, 0], other[:, 0], atol=1e-4)
    assert np.abs(esmm[:, 1] - other[:, 1]).max() > 1e-3
    assert np.abs(esmm - ips).max() > 1e-3


def test_judge_gives_the_truth_full_marks_and_sees_what_is_too_high():
    log = World(seed=0).impressions(20_000)
    rows = {name: column[:, None] for name, column in log.items()}
    right, halved = (
        funnel.judge(rows, factor * rows["p_conversion"]) for factor in (1, 0.5)
    )
    assert right["ratio"] == pytest.approx([1.0]) and right[
        "error"
    ] == pytest.approx([0.0])
    assert halved["ratio"][0] == pytest.approx(0.5) and halved["error"][
        0
    ] == pytest.approx(0.5)
    assert halved["auc"] == pytest.approx(right["auc"])


def test_what_ships_is_read_by_its_dials():
    hidden = funnel.shipped(confounding=1.0)
    assert set(hidden) == {"bayes", *funnel.ESTIMATORS}
    assert {
        len(values) for score in hidden.values() for values in score.values()
    } == {5}
    assert (
        np.mean(hidden["naive"]["ratio"])
        > 1.4
        > np.mean(funnel.shipped()["naive"]["ratio"])
    )
    with pytest.raises(
        ValueError, match="point: expected one of .* found .*0.123"
    ):
        funnel.shipped(confounding=0.123)


def test_gain_is_paired_by_seed():
    result = {
        "naive": {"auc": [0.5, 0.6, 0.7]},
        "esmm": {"auc": [0.6, 0.7, 0.8]},
    }
    assert funnel.difference(result, "auc") == pytest.approx((0.1, 0.1, 0.1))


def test_compare_refuses_an_unknown_estimator():
    with pytest.raises(
        ValueError,
        match="estimators: expected some of naive, natural, .*, found magic",
    ):
        funnel.compare(estimators=["magic"])


# ---------------------------------------------------------------- serving

RATES = st.floats(0.001, 0.999)


@given(RATES, st.floats(0.01, 1))
def test_sampling_is_undone(p, kept):
    seen = p / (p + (1 - p) * kept)  # positives all, negatives a share
    assert io.undo_sampling(seen, kept) == pytest.approx(p, rel=1e-6)


def test_sampling_by_hand_and_a_weight_is_the_same_thing():
    assert float(io.undo_sampling(0.2, kept=0.1)) == pytest.approx(1 / 41)
    rate, weight = 0.1, 5.0
    # what a weighted cross-entropy converges to
    learned = weight * rate / (weight * rate + 1 - rate)
    assert float(io.undo_sampling(learned, kept=1 / weight)) == pytest.approx(
        rate
    )


def drawn(slope, intercept, n=40_000, seed=0):
    """Labels, and predictions that are wrong by `p = σ((logit truth - intercept) / slope)`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1.5, 1, n)
    labels = (rng.random(n) < 1 / (1 + np.exp(-logits))).astype(float)
    return labels, 1 / (1 + np.exp(-(logits - intercept) / slope))


def test_calibration_finds_the_slope_and_the_intercept():
    labels, p = drawn(slope=2.0, intercept=-0.7)
    found = io.Calibration.fit(labels, p)
    assert found.slope == pytest.approx(
        2.0, abs=0.1
    ) and found.intercept == pytest.approx(-0.7, abs=0.1)
    assert found(p).mean() == pytest.approx(labels.mean(), rel=1e-4)
    assert (np.argsort(found(p)) == np.argsort(p)).all()


@given(
    arrays.arrays(float, 6, elements=st.floats(0, 1, exclude_max=True)),
    st.floats(0.2, 5),
    st.floats(-3, 3),
)
def test_a_calibration_keeps_the_order_of_rare_events_too(p, slope, intercept):
    p = np.concatenate([p, [0.0, 1e-300, 1e-20, 1e-9, 1e-8, 0.5, 1.0]])
    order = np.argsort(p)
    assert (np.diff(io.Calibration(slope, intercept)(p)[order]) >= 0).all()
    np.testing.assert_allclose(
        io.Calibration(1.0, 0.0)(p), p, rtol=1e-9, atol=1e-300
    )


def test_rare_predictions_do_not_tie():
    found = io.Calibration(1.5, -1.0)([1e-12, 1e-10, 1e-8])
    assert (np.diff(found) > 0).all()


def test_a_prediction_without_a_label_may_be_missing_too():
    labels, p = drawn(1.5, 0.3, n=500)
    more = np.append(labels, [NAN, NAN]), np.append(p, [NAN, 7.0])
    assert io.Calibration.fit(*more) == io.Calibration.fit(labels, p)
    masked = np.ma.array(
        np.append(labels, 1), mask=np.append(np.zeros(500, bool), True)
    )
    assert io.Calibration.fit(masked, np.append(p, 0.5)) == io.Calibration.fit(
        labels, p
    )


def test_recalibrate_leaves_out_rows_without_a_label_and_names_the_task():
    labels, p = drawn(1.5, 0.3, n=5_000)
    half = np.where(np.arange(5_000) % 2, labels, NAN)
    fits = io.recalibrate(
        {"click": labels, "purchase": half}, {"click": p, "purchase": p}
    )
    assert (
        fits["purchase"]
        == io.Calibration.fit(labels[1::2], p[1::2])
        != fits["click"]
    )
    with pytest.raises(
        ValueError,
        match="task 'like': labels: expected 0 and 1, both of them, found",
    ):
        io.recalibrate({"like": np.zeros(3)}, {"like": np.full(3, 0.5)})
    with pytest.raises(
        ValueError,
        match="task 'like': predictions: expected some that rise with the labels",
    ):
        io.recalibrate({"like": 1 - labels}, {"like": p})
    with pytest.raises(
        ValueError,
        match="task 'like': predictions: expected labels 0 and 1 among the same, "
        "found a threshold that",
    ):
        io.recalibrate({"like": p > 0.3}, {"like": p})
    with pytest.raises(
        ValueError,
        match="task 'like': predictions: expected some that differ, found 0.5 in every row",
    ):
        io.recalibrate({"like": [0, 1]}, {"like": [0.5, 0.5]})


ITEMS = {"ctr": np.array([0.10, 0.06]), "like": np.array([0.02, 0.04])}


def test_three_ways_to_fuse_by_hand():
    np.testing.assert_allclose(
        io.weighted_sum(ITEMS, {"ctr": 1, "like": 1}), [0.12, 0.10]
    )
    np.testing.assert_allclose(
        io.weighted_sum(ITEMS, {"ctr": 1, "like": 3}), [0.16, 0.18]
    )
    np.testing.assert_allclose(io.product(ITEMS), [0.0020, 0.0024])
    np.testing.assert_allclose(
        io.power(ITEMS, {"ctr": 2, "like": 0.5}),
        [0.01 * 0.02**0.5, 0.0036 * 0.2],
    )


@pytest.mark.parametrize(
    "fuse",
    [
        lambda p: io.weighted_sum(p, dict.fromkeys(p, 1)),
        io.product,
        lambda p: io.power(p, dict.fromkeys(p, 2)),
    ],
)
def test_a_column_meets_a_list_and_a_single_bid_meets_both(fuse):
    a, b = np.array([0.1, 0.2, 0.3]), np.array([0.5, 0.6, 0.7])
    flat = fuse({"bid": 2.0, "a": a, "b": b})
    assert flat.shape == (3,)
    np.testing.assert_array_equal(
        fuse({"bid": 2.0, "a": a[:, None], "b": b}), flat
    )
    np.testing.assert_array_equal(
        fuse({"bid": [[2.0]], "a": a[:, None], "b": b[:, None]}), flat[:, None]
    )
    np.testing.assert_array_equal(
        fuse(Frame({"bid": np.full(3, 2.0), "a": a, "b": b})), flat
    )
    # (3 requests, 3 items), and a number for each request
    requests = np.outer(a, b)
    np.testing.assert_array_equal(
        fuse({"bid": a[:, None], "a": requests}),
        [fuse({"bid": x, "a": row}) for x, row in zip(a, requests)],
    )
    with pytest.raises(
        ValueError,
        match="predictions: expected one shape, or single numbers beside it, "
        r"found a \(3,\), b \(2,\)",
    ):
        fuse({"a": a, "b": b[:2]})


PREDICTIONS = arrays.arrays(float, (2, 8), elements=st.floats(0.01, 1))


@given(PREDICTIONS, st.floats(0.1, 10), st.floats(0, 3))
def test_a_power_ignores_the_scale_of_a_head(p, factor, exponent):
    exponents = {"a": 1.0, "b": exponent}
    plain = io.power({"a": p[0], "b": p[1]}, exponents)
    np.testing.assert_allclose(
        io.power({"a": p[0], "b": factor * p[1]}, exponents),
        plain * factor**exponent,
        rtol=1e-9,
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: io.weighted_sum(ITEMS, {"ctr": 1.0}),
            "tasks: expected the same ones twice, found ctr, like and ctr",
        ),
        (
            lambda: io.power({"a": [-0.1]}, {"a": 1.0}),
            "task 'a': expected predictions above 0, found -0.1",
        ),
        (
            lambda: io.power({"a": [0.0]}, {"a": -1.0}),
            "task 'a': expected predictions above 0, found 0",
        ),
        (
            lambda: io.product({"a": np.ma.array([0.1, 0.2], mask=[0, 1])}),
            "task 'a': expected predictions above 0, found nan",
        ),
        (
            lambda: io.undo_sampling(0.5, 0),
            r"kept: expected a share of the negatives in \(0, 1\], found 0",
        ),
        (
            lambda: io.undo_sampling(1.5, 0.5),
            r"p: expected probabilities in \[0, 1\], found 1.5 to 1.5",
        ),
        (
            lambda: io.Calibration.fit([[1]], [[0.5]]),
            r"labels and predictions: expected both of shape \(rows,\)",
        ),
        (
            lambda: serving.product({}),
            "tasks: expected the same ones twice, found none and none",
        ),
    ],
)
def test_serving_refuses_what_makes_no_sense(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---------------------------------------------------------------- the backend


def test_another_backend_is_refused_at_the_import():
    code, asked = (
        "import mtl_lessons.backend",
        os.environ | {"KERAS_BACKEND": "jax"},
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=asked,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert (
        "ImportError: KERAS_BACKEND: expected 'tensorflow', found 'jax'"
        in done.stderr
    )


# ---------------------------------------------------------------- the article's snippet

ROOT = Path(__file__).resolve().parents[1]
ARTICLE = ROOT.parent / "shared" / "seed" / "article.zh.md"


def article_cell():
    notebook = nbformat.read(
        ROOT / "book" / "inputs_outputs.ipynb", as_version=4
    )
    (cell,) = [
        cell.source
        for cell in notebook.cells
        if "article" in cell.metadata.get("tags", [])
    ]
    return cell


def test_the_article_is_quoted_word_for_word():
    if not ARTICLE.exists():
        pytest.skip("the article is not here to compare with")
    article = {line.strip() for line in ARTICLE.read_text().splitlines()}
    lines = [line.strip() for line in article_cell().splitlines()]
    quoted = [
        line.split(" (")[0] if line.startswith("#") else line for line in lines
    ]
    assert [
        line
        for line in quoted
        if line
        and line not in article
        and not line.startswith(("with concept.attempt", "assert "))
    ] == []


def test_the_article_as_printed_stops_at_a_missing_name(capsys):
    exec(article_cell(), {"concept": concept, "tf": tf})
    assert (
        capsys.readouterr().out
        == "NameError: name 'vocab_size' is not defined\n"
    )
