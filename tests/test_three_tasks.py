"""Chapter 6's framework: the control, several logs, save and load, two devices.

Its models are computed by hand.
"""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_lessons import inputs_outputs as io
from mtl_lessons import loss_balancing as lb
from mtl_lessons import metrics
from mtl_lessons import shared_networks as sn
from mtl_lessons import three_tasks as three
from mtl_lessons.backend import keras
from mtl_lessons.inputs_outputs import (
    Binary,
    Categorical,
    MultiLabel,
    MultiValued,
    Numeric,
    OneOfK,
    Ordinal,
    Regression,
    Sequence,
)
from mtl_lessons.three_tasks import Framework, Head, attribution, normalisation
from mtl_lessons.three_tasks import rows as parts
from mtl_lessons.world import World

USER, AD, ITEM = (
    Categorical("user", ids=5, width=3),
    Categorical("ad", ids=4, width=3),
    Categorical("item", ids=6, width=2),
)
CHOSEN, CLICK = (
    Head(OneOfK("chosen", classes=6)),
    Head(Binary("click", rate=0.3), [AD]),
)
RATING = Head(Regression("rating", mean=3.5), [ITEM])
BOTTOM = partial(sn.SharedBottom, units=(4,))


def framework(heads=(CHOSEN, CLICK, RATING), network=BOTTOM, **options):
    keras.utils.set_random_seed(1)
    return Framework([USER], heads, network, **options)


def built(made=None, optimizer="adam", **options):
    """A framework that trains step by step, unless `options` of `compile` say otherwise."""
    return (made or framework()).build(
        optimizer, **{"run_eagerly": True} | options
    )


def some_logs(rows=32):
    rng = np.random.default_rng(0)
    user, item = rng.integers(5, size=rows), rng.integers(6, size=rows)
    return [
        {"user": user, "chosen": item, "time": np.arange(rows)},
        {"user": user, "ad": item % 4, "click": (item + user) % 2},
        {"user": user, "item": item, "rating": 3.0 + (user - item) / 5},
    ]


def weights_of(model):
    return [weight.copy() for weight in model.get_weights()]


def value(variable):
    return keras.ops.convert_to_numpy(variable)


def assert_equal(left, right, atol=0.0):
    for a, b in zip(left, right, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


# ---------------------------------------------------------------- the model


def test_predictions_are_what_one_computes_by_hand():
    made = framework([CLICK, RATING]).build()
    by_name = {
        weight.path: value(weight)
        for weight in made.model.network.trainable_variables
    }
    tables = {
        name: weight
        for path, weight in by_name.items()
        for name in ("user", "ad", "item")
        if f"{name}_table" in path
    }
    trunk = made.model.network.get_layer("network").trunk[0]
    # user 1, an unknown one
    hidden = np.maximum(
        tables["user"][[1 + 2, 1]] @ value(trunk.kernel) + value(trunk.bias), 0
    )
    maps = [
        layer
        for layer in made.model.network.layers
        if isinstance(layer, keras.layers.Dense) and not layer.use_bias
    ]
    (to_ad,) = [value(layer.kernel) for layer in maps if layer.units == 3]
    u, v = hidden @ to_ad, tables["ad"][[2 + 2, 1]]
    head = made.model.network.get_layer("click")
    logit = np.concatenate([u, v, u * v], 1) @ value(head.kernel) + value(
        head.bias
    )
    found = made.predict(
        {
            "user": np.array([1, 99]),
            "ad": np.array([2, -7]),
            "item": np.array([0, 1]),
        }
    )
    np.testing.assert_allclose(
        found["click"], 1 / (1 + np.exp(-logit)), atol=1e-6
    )


def test_weights_are_as_many_as_one_counts():
    made = framework().build()
    tables, trunk = (5 + 2) * 3 + (4 + 2) * 3 + (6 + 2) * 2, 3 * 4 + 4
    # a softmax; a map and three parts with a bias, twice
    heads = (4 * 6 + 6) + (4 * 3 + 9 + 1) + (4 * 2 + 6 + 1)
    assert made.model.network.count_params() == tables + trunk + heads


def test_a_fourth_task_costs_its_own_head_and_changes_no_other():
    # the one line: a table that is there already
    like = Head(Binary("like"), [ITEM])
    three_heads, four_heads = (
        framework().build(),
        built(framework([CHOSEN, CLICK, RATING, like])),
    )
    more = (
        four_heads.model.network.count_params()
        - three_heads.model.network.count_params()
    )
    assert more == 4 * 2 + 6 + 1
    log = some_logs()[2] | {"like": some_logs()[1]["click"]}
    history = four_heads.fit(
        [*some_logs()[:2], log], steps=4, batch=8, epochs=2
    )
    assert (
        len(history.history["like_loss"]) == 2
        and np.isfinite(history.history["loss"]).all()
    )


@pytest.mark.parametrize(
    "network",
    [
        partial(sn.MMoE, experts=3, units=(4,)),
        partial(sn.PLE, own=1, shared=1, units=[(4,), (4,)]),
        partial(sn.AdaTT, own=2, units=[(4,)]),
        partial(sn.CrossStitch, units=(4,)),
    ],
    ids=["MMoE", "PLE", "AdaTT", "CrossStitch"],
)
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "control"])
def test_every_network_fits(network, shared):
    made = built(
        framework(network=network, shared=shared), keras.optimizers.Adam(0.03)
    )
    losses = made.fit(some_logs(), steps=8, batch=16, epochs=2).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    "balance",
    [
        lb.Uncertainty(["classification", "classification", "regression"]),
        lb.GradNorm(),
        lb.FAMO(),
        lb.PCGrad(),
    ],
    ids=lambda balance: type(balance).__name__,
)
def test_every_kind_of_balance_fits(balance):
    made = built(framework(balance=balance), keras.optimizers.Adam(0.03))
    losses = made.fit(some_logs(), steps=8, batch=16, epochs=2).history["loss"]
    assert losses[-1] < losses[0] and made.model.balance is not balance


def test_a_weight_of_zero_teaches_a_head_nothing():
    made = built(
        framework([CHOSEN, Head(CLICK.task, CLICK.reads, weight=0.0)]),
        keras.optimizers.SGD(0.1),
    )
    before = value(made.model.network.get_layer("click").kernel)
    chosen = value(made.model.network.get_layer("chosen").kernel)
    made.fit(some_logs()[:2], steps=4, batch=8, epochs=1)
    np.testing.assert_array_equal(
        value(made.model.network.get_layer("click").kernel), before
    )
    assert (
        np.abs(
            value(made.model.network.get_layer("chosen").kernel) - chosen
        ).max()
        > 0
    )


@pytest.mark.parametrize(
    "policy", ["mixed_float16", "mixed_bfloat16", "float64"]
)
def test_the_graph_trains_in_any_precision(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        price = Numeric("price", mean=1e5, scale=1e4)
        made = Framework([USER, price], [CHOSEN, CLICK, RATING], BOTTOM)
        network = made.graph()
        network.compile(
            keras.optimizers.Adam(0.03), io.losses(made.tasks), run_eagerly=True
        )
        x, y = made.rows(
            [log | {"price": np.linspace(9e4, 2e5, 32)} for log in some_logs()]
        )
        found = network.fit(x, y, batch_size=96, epochs=5, verbose=0).history[
            "loss"
        ]
    finally:
        keras.config.set_dtype_policy(before)
    assert np.isfinite(found).all() and found[-1] < found[0]


# ---------------------------------------------------------------- the control, and one task


def test_one_task_is_plain_keras():
    made, log = (
        built(framework([CLICK]), keras.optimizers.Adam(0.01)),
        some_logs()[1],
    )
    plain = keras.models.clone_model(made.model.network)
    plain.set_weights(made.model.network.get_weights())
    plain.compile(
        keras.optimizers.Adam(0.01), "binary_crossentropy", run_eagerly=True
    )
    order = three.draw([32], [8], 12, np.random.default_rng(0))
    made.fit([log], steps=12, batch=8, epochs=1, seed=0)
    plain.fit(
        {n: log[n][order] for n in ("user", "ad")},
        {"click": log["click"][order, None]},
        batch_size=8,
        shuffle=False,
        verbose=0,
    )
    assert_equal(weights_of(made.model.network), weights_of(plain), atol=1e-6)


def test_the_control_trains_each_task_as_if_it_were_alone():
    control = built(framework(shared=False), keras.optimizers.Adam(0.01))
    x, y = control.rows(some_logs())
    alone = {
        head.name: built(framework([head]), keras.optimizers.Adam(0.01))
        for head in (CHOSEN, CLICK, RATING)
    }
    inner = {
        next(iter(layer.output)): layer
        for layer in control.model.network.layers
        if isinstance(layer, keras.Model)
    }
    for task, single in alone.items():
        single.model.network.set_weights(inner[task].get_weights())
        single.model.fit(
            {f.name: x[f.name] for f in single.inputs},
            {task: y[task]},
            batch_size=24,
            shuffle=False,
            verbose=0,
        )
    control.model.fit(x, y, batch_size=24, shuffle=False, verbose=0)
    for task, single in alone.items():
        assert_equal(
            weights_of(single.model.network), weights_of(inner[task]), atol=1e-6
        )


def test_explain_counts_what_each_loss_trains():
    rows = framework().build().explain(some_logs())
    assert [row["task"] for row in rows] == ["chosen", "click", "rating"]
    assert [row["reads"] for row in rows] == [
        "shared",
        "shared + ad",
        "shared + item",
    ]
    assert [row["labels"] for row in rows] == [32, 32, 32]
    common = (5 + 2) * 3 + 3 * 4 + 4
    own = [4 * 6 + 6, (4 + 2) * 3 + 4 * 3 + 9 + 1, (6 + 2) * 2 + 4 * 2 + 6 + 1]
    assert [row["alone"] for row in rows] == own and [
        row["trains"] - common for row in rows
    ] == own


def test_in_the_control_no_weight_is_common():
    rows = framework(shared=False).build().explain(some_logs())
    assert all(row["trains"] == row["alone"] > 0 for row in rows)


def test_cosines_are_those_of_the_shared_gradients():
    same = Head(Binary("again", rate=0.3), [AD])
    made = framework([CLICK, same]).build()
    network = made.model.network
    network.get_layer("again").set_weights(
        network.get_layer("click").get_weights()
    )
    first, second = [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.Dense) and not layer.use_bias
    ]
    second.set_weights(first.get_weights())
    log = some_logs()[1]
    np.testing.assert_allclose(
        made.cosines([log | {"again": log["click"]}]), 1, atol=1e-4
    )
    opposite = made.cosines(
        [
            {name: log[name][:1] for name in ("user", "ad")}
            | {"click": np.array([1]), "again": np.array([0])}
        ]
    )
    np.testing.assert_allclose(opposite, [[1, -1], [-1, 1]], atol=1e-4)


# ---------------------------------------------------------------- rows


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.integers(1, 4)), min_size=1, max_size=4
    ),
    st.integers(1, 6),
)
@settings(max_examples=50, deadline=None)
def test_every_half_step_sees_half_of_each_log(logs, steps):
    lengths, halves = zip(*logs)
    batch = [2 * half for half in halves]
    order = three.draw(lengths, batch, steps, np.random.default_rng(0)).reshape(
        2 * steps, -1
    )
    log = np.searchsorted(np.cumsum(lengths), order, side="right")
    counts = [np.sum(log == number, axis=1) for number in range(len(logs))]
    np.testing.assert_array_equal(
        counts, np.repeat(np.array(halves)[:, None], 2 * steps, 1)
    )


def test_a_log_is_used_up_before_it_starts_anew():
    order = three.draw([5, 3], [2, 1], 5, np.random.default_rng(0))
    assert sorted(order[order < 5]) == sorted([*range(5)] * 2)
    assert sorted(order[order >= 5][:3]) == [5, 6, 7]


def test_what_a_log_lacks_is_unknown_or_missing():
    x, y = framework().rows(some_logs(2))
    assert {
        name: column[:2].tolist()
        for name, column in x.items()
        if name != "user"
    } == {
        "ad": [-1, -1],
        "item": [-1, -1],
    }
    assert [np.isnan(y[t][:, 0]).tolist() for t in ("chosen", "click")] == [
        [False] * 2 + [True] * 4,
        [True] * 2 + [False] * 2 + [True] * 2,
    ]


def test_lists_and_numbers_that_a_log_lacks():
    tags, price = (
        MultiValued("tags", ids=9),
        Numeric("price", mean=20.0, scale=5.0),
    )
    logs = [
        {"tags": [[1], [2, 3, 4]], "price": [1.0, 2.0]},
        {"tags": np.array([[5, 6]]), "price": [3.0]},
        {"other": [1, 2]},
    ]
    expected = [[1, -1, -1], [2, 3, 4], [5, 6, -1], [-1, -1, -1], [-1, -1, -1]]
    assert parts.stacked_feature(tags, logs).tolist() == expected
    assert parts.stacked_feature(price, logs)[:, 0].tolist() == [
        1.0,
        2.0,
        3.0,
        20.0,
        20.0,
    ]


class Frame:
    """What is used of pandas' DataFrame.

    It is no mapping, its names are in `columns`, and `values` is no method.
    """

    def __init__(self, columns):
        self.held, self.columns, self.values = (
            columns,
            list(columns),
            "an array",
        )

    def __getitem__(self, name):
        return self.held[name]

    def __iter__(self):
        return iter(self.columns)


@pytest.mark.parametrize(
    "logs",
    [Frame, lambda log: [Frame(log)], dict],
    ids=["frame", "frames", "a log without a list"],
)
def test_a_log_may_come_in_many_forms(logs):
    made, log = built(framework([CLICK])), some_logs()[1]
    assert_equal(
        *(
            list(part.values())
            for part in (made.columns(logs(log)), made.columns([log]))
        )
    )
    history = made.fit(
        logs(log), steps=np.int64(2), batch=np.int64(4), epochs=np.int8(1)
    ).history
    assert np.isfinite(history["loss"]).all()
    assert made.evaluate(logs(log)) == made.evaluate([log])


def test_labels_that_are_masked_or_None_are_missing():
    made, log = framework([CLICK]), some_logs(4)[1]
    for label in (
        np.ma.array([1, 0, 1, 0], mask=[0, 1, 0, 0]),
        [1, None, 1, 0],
    ):
        _, y = made.rows(log | {"click": label})
        np.testing.assert_array_equal(y["click"][:, 0], [1, np.nan, 1, 0])


def test_of_no_rows_the_predictions_are_none():
    made = framework([CHOSEN, CLICK]).build()
    assert {
        t: p.shape for t, p in made.predict({"user": np.array([], int)}).items()
    } == {
        "chosen": (0, 6),
        "click": (0, 1),
    }


def test_numbers_far_from_zero_are_standardised_once():
    time = Numeric("time", mean=1.7e9, scale=10.0)
    made = Framework([USER, time], [CLICK], BOTTOM)
    log = some_logs(2)[1] | {"time": 1.7e9 + np.array([5.0, -10.0])}
    # a log that lacks it has the mean
    np.testing.assert_array_equal(
        made.columns([log, {"user": [1]}])["time"][:, 0], [5, -10, 0]
    )


@pytest.mark.parametrize("longest", [None, 2])
def test_lists_of_several_logs_have_one_length(longest):
    history = Sequence("history", ids=9, longest=longest)
    logs = [{"history": [[1], [2, 3, 4]]}, {"other": [1]}]
    expected = (
        [[1, -1, -1], [2, 3, 4], [-1] * 3]
        if longest is None
        else [[1, -1], [3, 4], [-1, -1]]
    )
    assert parts.stacked_feature(history, logs).tolist() == expected


def test_a_task_with_a_sample_space_and_missing_labels():
    order = Head(Binary("order", space="click"), [AD])
    log = {
        "user": [0, 1, 2, 3],
        "ad": [0, 1, 2, 3],
        "click": [1, 1, 0, np.nan],
        "order": [1, np.nan, 0, 1],
    }
    _, y = framework([CLICK, order]).rows([log])
    np.testing.assert_array_equal(y["order"][:, 0], [1, np.nan, np.nan, np.nan])
    # the space need not be a task
    _, y = framework([CHOSEN, order]).rows([log | {"chosen": [0, 1, 2, 3]}])
    np.testing.assert_array_equal(y["order"][:, 0], [1, np.nan, np.nan, np.nan])


# ---------------------------------------------------------------- how good it is


def test_measures_of_each_kind_by_hand():
    nan = np.nan
    # ids 0 to 9 are the top ten
    p = np.eye(12)[[3, 4]] + np.arange(12)[::-1] / 100
    assert OneOfK("x", classes=12).judge(
        np.array([[3.0], [11.0]]), p
    ) == pytest.approx(0.5)
    clicks = np.array([[0], [1], [1], [nan]])
    assert Binary("x").judge(
        clicks, np.array([[0.1], [0.2], [0.05], [0.9]])
    ) == pytest.approx(0.5)
    many = np.zeros((10, 60_000), "float32")  # one-hot labels would take 27 GiB
    many[:, 7] = 1
    chosen = np.array([[7.0]] * 5 + [[9.0], [10.0]] + [[59_999.0]] * 3)
    assert OneOfK("x", classes=60_000).judge(chosen, many) == pytest.approx(0.6)
    tags = np.array([[0, 1], [1, 0], [nan, 1]])
    scores = np.array([[0.1, 0.1], [0.2, 0.9], [0.9, 0.2]])
    assert MultiLabel("x", labels=2).judge(tags, scores) == pytest.approx(0.5)
    # P(y > 1), P(y > 2): 2.5 and 3 expected
    grades = np.array([[1.0, 0.5], [1.0, 1.0]])
    assert Ordinal("x", low=1, high=3).judge(
        np.array([[3.0], [3.0]]), grades
    ) == pytest.approx(np.sqrt(0.125))
    # the second tag has no AUC, and stops nothing
    one_class = np.array([[0, 0], [1, 0], [nan, 0]])
    assert MultiLabel("x", labels=2).judge(one_class, scores) == pytest.approx(
        1.0
    )


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        (
            [[np.nan]],
            [[0.5]],
            "task 'x': expected a label to judge by, found none among 1 rows",
        ),
        (
            [[0], [0]],
            [[0.5], [0.1]],
            r"task 'x': expected labels of both classes, found only \[0\]",
        ),
        (
            [[0], [1], [np.nan]],
            [[0.5], [np.nan], [np.nan]],
            "task 'x': expected finite predictions, found 1 NaN or infinite",
        ),
    ],
)
def test_a_measure_that_cannot_be_taken_names_its_task(
    labels, predictions, message
):
    with pytest.raises(ValueError, match=message):
        Binary("x").judge(np.array(labels), np.array(predictions))


@given(st.integers(1, 25), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_recall_is_that_of_the_metrics_ties_and_all(classes, seed):
    rng = np.random.default_rng(seed)
    labels, scores = (
        rng.integers(classes + 1, size=8),
        rng.integers(4, size=(8, classes + 1)) / 4,
    )
    expected = metrics.recall_at_k(
        np.eye(classes + 1)[labels], scores, min(10, classes + 1)
    )
    assert OneOfK("x", classes=classes + 1).judge(
        labels[:, None].astype(float), scores
    ) == pytest.approx(expected)


def test_a_report_has_a_gain_above_zero_where_the_error_falls():
    multi = [{"click": 0.8, "rating": 0.70}, {"click": 0.7, "rating": 0.74}]
    single = [{"click": 0.6, "rating": 0.80}, {"click": 0.6, "rating": 0.80}]
    click, rating = three.comparison([CLICK, RATING], multi, single)
    assert click == {
        "task": "click",
        "gain of sharing": pytest.approx(metrics.interval([0.2, 0.1])),
        "one model": pytest.approx(0.75),
        "alone": pytest.approx(0.6),
        "measure": "AUC",
    }
    assert rating["measure"] == "RMSE"
    expected = pytest.approx(metrics.interval([0.1, 0.06]))
    assert rating["gain of sharing"] == expected


# ---------------------------------------------------------------- save, load


@pytest.mark.parametrize(
    "balance", [None, lb.FAMO(rate=0.1)], ids=["weights", "balance"]
)
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "control"])
def test_what_is_loaded_predicts_and_goes_on_as_what_was_saved(
    tmp_path, balance, shared
):
    heads = [
        CHOSEN,
        Head(CLICK.task, CLICK.reads, 1.0 if balance else 2.0),
        Head(Ordinal("rating", low=1, high=5), [ITEM]),
    ]
    # of which there is one a task
    network = (
        partial(sn.PLE, own=1, shared=1, units=[(4,), (3,)])
        if shared
        else BOTTOM
    )
    price = Numeric.fitted("price", np.arange(32.0))
    made = built(
        Framework([USER, price], heads, network, balance, shared),
        keras.optimizers.Adam(0.01),
    )
    logs = [log | {"price": np.arange(32.0)} for log in some_logs()]
    logs[2]["rating"] = np.clip(np.round(logs[2]["rating"]), 1, 5)
    made.fit(logs, steps=3, batch=8, epochs=1)
    made.save(tmp_path / "three")
    again = Framework.load(tmp_path / "three")
    assert (again.features, again.tasks, again.shared) == (
        made.features,
        made.tasks,
        shared,
    )
    assert [tuple(head.reads) for head in again.heads] == [
        tuple(head.reads) for head in made.heads
    ]
    for one in (made, again):
        one.fit(logs, steps=3, batch=8, epochs=1, seed=1)
    assert_equal(weights_of(made.model), weights_of(again.model), atol=1e-6)
    assert again.evaluate(logs) == pytest.approx(made.evaluate(logs), abs=1e-5)
    again.build()  # and can be made anew from its declaration
    assert (
        again.model.network.count_params() == made.model.network.count_params()
    )


def test_options_in_numpys_numbers_are_saved_as_pythons(tmp_path):
    network = partial(sn.MMoE, experts=np.int64(2), units=np.array([4]))
    made = framework(
        [
            Head(
                Binary("click", rate=np.float32(0.25)),
                [AD],
                weight=np.float32(2),
            )
        ],
        network,
    ).build()
    made.save(tmp_path / "a" / "model")
    again = Framework.load(tmp_path / "a" / "model")
    assert again.heads == made.heads and again.heads[0].weight == 2.0
    log = some_logs()[1]
    np.testing.assert_array_equal(
        *(one.predict(log)["click"] for one in (made, again))
    )


class Own(Binary):
    """A kind of task that the package does not know."""


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            lambda: framework(
                [CLICK],
                lambda names, name: sn.SharedBottom(
                    names, units=(4,), name=name
                ),
            ),
            "network: expected a network of",
        ),
        (
            lambda: framework(
                [CLICK],
                partial(BOTTOM, dropout=0.0, activation=keras.activations.relu),
            ),
            "network: expected options that",
        ),
        (
            lambda: framework([Head(Own("click"))]),
            "task 'click': expected a kind of mtl_lessons.inputs_outputs.tasks, "
            "to be .*, found Own",
        ),
    ],
    ids=["network", "options", "task"],
)
def test_what_cannot_be_written_down_leaves_nothing_behind(
    tmp_path, made, message, monkeypatch
):
    framework = made()
    framework.model = object()  # it is not asked
    with pytest.raises(ValueError, match=message):
        framework.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_model_that_cannot_be_saved_leaves_nothing_behind(
    tmp_path, monkeypatch
):
    made = framework([CLICK]).build()
    monkeypatch.setattr(
        type(made.model),
        "save",
        lambda self, path: path.write_text("half") and 1 / 0,
    )
    with pytest.raises(ZeroDivisionError):
        made.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda: framework([]),
            r"heads: expected tasks with different names, found \[\]",
        ),
        (lambda: framework([CLICK, CLICK]), r"found \['click', 'click'\]"),
        (
            lambda: framework(
                [CHOSEN, Head(CLICK.task, CLICK.reads, 2.0)], balance=lb.Equal()
            ),
            r"expected weights or a balance, found weights \[1.0, 2.0\] and Equal",
        ),
        (
            lambda: framework([Head(Binary("user"))]),
            "heads: expected tasks and features of different names, .* found 'user' twice",
        ),
        (
            lambda: framework([Head(Binary("network"))]),
            "none of them 'network', found 'network' twice",
        ),
        (
            lambda: framework([CLICK.task]),
            "heads: expected a list of Head, found Binary",
        ),
        (
            lambda: framework(network=None),
            r"network: expected a network of chapter 2, .*, found None",
        ),
        (
            lambda: Framework([], [CLICK], BOTTOM),
            "features: expected one or more that all tasks read, found none",
        ),
        (
            lambda: Head(CLICK.task, weight=-1),
            "task 'click': expected a weight of 0 or more, found -1",
        ),
        (
            lambda: framework(
                [CLICK, Head(Binary("x"), [Categorical("ad", ids=9)])]
            ),
            "feature 'ad': expected the same declaration",
        ),
        (
            lambda: framework().fit(some_logs()),
            r"framework: expected one that is built, .* call build\(\) first",
        ),
        (
            lambda: framework().build().fit([{"user": [1], "ad": [1]}]),
            "log 1: expected a label among .*'chosen', 'click', 'rating'",
        ),
        (
            lambda: (
                framework()
                .build()
                .fit([some_logs()[0], {"user": [1], "click": [1]}])
            ),
            "log 2: .*'click'.* found no ad",
        ),
        (
            lambda: framework().build().fit([{"usr": [1], "chosen": [1]}]),
            "log 1: .* found no user",
        ),
        (
            lambda: framework().build().fit([some_logs()[0] | {"user": [1]}]),
            r"log 1: expected columns of one length, found",
        ),
        (
            lambda: framework().build().fit(some_logs(), batch=[8, 8]),
            r"batch: expected at least 1 row of each of 3 logs, found \[8, 8\]",
        ),
        (
            lambda: framework().fit(some_logs(), steps=5, epochs=10),
            "steps: expected steps that epochs divide, found 5 and 10",
        ),
        (
            lambda: framework().fit(some_logs(), steps=0),
            "steps: expected a whole number of at least 1, found 0",
        ),
        (
            lambda: framework().fit(some_logs(), batch=2.5),
            "batch: expected a whole number of at least 1, found 2.5",
        ),
        (
            lambda: framework().fit(None),
            "logs: expected a list of dicts of columns, or of DataFrames, found NoneType",
        ),
        (lambda: framework().fit([]), "logs: expected one or more, found none"),
        (
            lambda: framework().fit([{}]),
            "log 1: expected columns of one length, found none",
        ),
        (
            lambda: framework().fit({"user": 1, "chosen": [1]}),
            "user: expected a column, a value for each row, found 1",
        ),
        (
            lambda: framework().fit({"user": [], "chosen": []}),
            r"logs: expected at least 1 row in each, found \[0\]",
        ),
        (
            lambda: framework().predict({}),
            "log 1: expected columns of one length, found none",
        ),
        (
            lambda: framework().predict(["user"]),
            "log 1: expected a dict of columns or a DataFrame, found list",
        ),
        (
            lambda: framework([Head(Binary("buy", space="click"))]).fit(
                {"user": [1], "clicks": [1], "buy": [1]}
            ),
            "task 'buy': expected its space 'click' in log 1, "
            r"found only \['user', 'clicks', 'buy'\]",
        ),
        (
            lambda: framework([Head(MultiLabel("tags", labels=2))]).fit(
                {"user": [1, 2], "tags": [1, 0]}
            ),
            r"task 'tags': expected labels of shape \(2, 2\), found \(2, 1\)",
        ),
        (
            lambda: framework(
                [
                    CHOSEN,
                    Head(
                        Binary("x"), [Categorical("ad", ids=4, unknown=False)]
                    ),
                ]
            ).columns(some_logs()[:1]),
            "feature 'ad': expected a column of that name in every log, "
            "as no id may be unknown, found a log without it",
        ),
        (
            lambda: (
                framework()
                .build()
                .fit([some_logs()[0] | {"chosen": np.full(32, 6)}])
            ),
            "task 'chosen': expected whole numbers from 0 to 5",
        ),
        (
            lambda: framework().build().evaluate(some_logs()[:2]),
            "task 'rating': expected a label to judge by",
        ),
    ],
)
def test_errors_say_what_was_expected_and_what_was_found(act, message):
    with pytest.raises(ValueError, match=message):
        act()


# ---------------------------------------------------------------- two devices

MIRRORED = """
import sys
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
sys.path.insert(0, "tests")
from test_three_tasks import built, framework, keras, some_logs

logs = some_logs(96)
def trained(strategy):
    with strategy.scope():
        one = strategy is tf.distribute.get_strategy()
        made = built(framework(), keras.optimizers.SGD(0.1), run_eagerly=one, jit_compile=False)
    made.fit(logs, steps=8, batch=[8, 4, 16], epochs=2)
    return made.model.network.get_weights()

start = framework().graph().get_weights()
strategies = tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
one, two = map(trained, strategies)
apart, moved = (max(np.abs(a - b).max() for a, b in zip(one, other)) for other in (two, start))
print(apart, moved)
"""


def test_two_devices_train_the_same_weights():
    done = subprocess.run(
        [sys.executable, "-c", MIRRORED], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    # weights are a balance, too: `Fixed`
    apart, moved = map(float, done.stdout.split())
    assert apart < 1e-4 < 0.05 < moved


# ---------------------------------------------------------------- the experiment


def test_a_restart_is_the_same_start_and_forgets_the_training_and_what_the_balance_learned(
    tmp_path,
):
    made = built(framework(balance=lb.GradNorm()), keras.optimizers.Adam(0.03))
    started = []
    for seed in (3, 3, 4):
        three.restart(made, seed)
        started.append(
            [
                value(variable)
                for variable in (
                    *made.model.variables,
                    *made.model.optimizer.variables,
                )
            ]
        )
        made.fit(some_logs(), steps=2, batch=8, epochs=1)
    assert_equal(*started[:2])
    assert (
        max(np.abs(a - b).max() for a, b in zip(started[0], started[2])) > 0.01
    )
    assert not np.any(started[2][-1]) and np.all(
        value(made.model.balance.initial) > 0
    )
    made.save(tmp_path)
    again = Framework.load(tmp_path)
    three.restart(again, 3)  # it came trained
    assert_equal(
        started[0],
        [
            value(variable)
            for variable in (
                *again.model.variables,
                *again.model.optimizer.variables,
            )
        ],
    )
    with pytest.raises(ValueError, match="call build"):
        three.restart(framework(), 3)


def test_compare_judges_each_framework_on_each_seed():
    frameworks = [built(framework(shared=shared)) for shared in (True, False)]
    done = []
    scores = three.compare(
        frameworks,
        [some_logs()] * 2,
        [some_logs()] * 2,
        lambda *step: done.append(step),
        steps=2,
        batch=8,
    )
    assert [len(runs) for runs in scores] == [2, 2] and set(scores[0][0]) == {
        "chosen",
        "click",
        "rating",
    }
    assert done == [(n, 4) for n in range(1, 5)]


def test_the_chapters_logs_come_from_one_world_and_lie_in_time():
    world = World(seed=1)
    past, future = three.logs(world, 1_000)
    assert [len(log["user"]) for log in past] == [60_000, 1_000, 30_000]
    assert [len(log["user"]) for log in future] == [20_000] * 3
    assert all(
        before["time"].max() < after["time"].min()
        for before, after in zip(past, future)
    )
    assert {"chosen", "ad_click", "rating"} <= {
        name for log in past for name in log
    }
    np.testing.assert_array_equal(
        past[1]["p_ad_click"], world.ad_impressions(21_000)["p_click"][:1_000]
    )


def test_transfer_says_what_it_needs():
    with pytest.raises(ValueError, match="labels: expected 1 or more, found 0"):
        three.transfer(0.5, 0)


def test_gain_is_above_zero_where_sharing_is_better():
    result = {
        "single": [0.5, 0.6],
        "shared": [0.6, 0.8],
        "rating_single": [0.8, 0.8],
        "rating_shared": [0.7, 0.75],
    }
    assert three.gain_of(result) == pytest.approx(metrics.interval([0.1, 0.2]))
    assert three.gain_of(result, "rating") == pytest.approx(
        metrics.interval([0.1, 0.05])
    )


# ---------------------------------------------------------------- drawings


def test_training_is_drawn_as_a_share_of_the_first_epoch():
    history = {
        "click_loss": [0.8, 0.4, 0.2],
        "rating_loss": [2.0, 1.0, 1.5],
        "loss": [2.8, 1.4, 1.7],
    }
    lines = three.draw_training(history, ["click", "rating"]).axes[0].lines
    assert [
        (line.get_label(), line.get_ydata().tolist()) for line in lines
    ] == [
        ("click", pytest.approx([1, 0.5, 0.25])),
        ("rating", pytest.approx([1, 0.5, 0.75])),
    ]


def test_a_task_without_labels_is_drawn():
    (line,) = (
        three.draw_training({"click_loss": [0.0, 0.0]}, ["click"]).axes[0].lines
    )
    assert line.get_ydata().tolist() == [0, 0]


def test_what_ships_has_both_signs_and_the_cure_by_a_fair_control():
    stored = three.shipped()
    cells = {
        (cell["relatedness"], cell["labels"]): cell for cell in stored["cells"]
    }
    assert (
        three.gain_of(cells[0.95, 2_000]).low > 0.1
        and three.gain_of(cells[0.0, 30_000]).high < -0.1
    )
    cured = stored["cures"]["wider, and ads weigh 5"]
    assert three.gain_of(cured).low > -0.03 and three.gain_of(cured).high < 0.03


def test_a_stored_cell_becomes_scores_per_seed_and_back():
    cell = three.shipped_at(0.0, 30_000)
    multi, single = three.scores_of(cell)
    assert len(multi) == len(single) == 5 and list(multi[0]) == [
        "chosen",
        "ad_click",
        "rating",
    ]
    assert [run["ad_click"] for run in multi] == cell["shared"]
    assert [run["rating"] for run in single] == cell["rating_single"]
    with pytest.raises(
        ValueError, match="point: expected one of .* found .*'labels': 3"
    ):
        three.shipped_at(0.0, 3)


# ---------------------------------------------------------------- what a gain is made of


def test_verdicts_are_those_after_holm():
    clear, doubtful = [0.10, 0.11, 0.12], [0.02, 0.10, 0.18]
    assert three.verdicts([clear]) == ["gain"]
    assert three.verdicts([[-gain for gain in clear]]) == ["loss"]
    assert three.verdicts([clear, doubtful]) == ["gain", "unclear"]
    # p of 0.035: clear as one of one, not as one of four
    small = [0.05, 0.10, 0.09]
    assert three.verdicts([small]) == ["gain"]
    assert three.verdicts([small, doubtful, doubtful, doubtful])[0] == "unclear"


def test_shuffled_partners_keep_all_but_the_tie_to_users():
    past, _ = three.logs(World(seed=0), ads=500)
    kept = attribution._beside(past, "ad_click", attribution.SHUFFLED, seed=0)
    assert kept[1] is past[1]
    for before, after in zip(past[::2], kept[::2]):
        assert list(before) == list(after)
        assert not np.array_equal(before["user"], after["user"])
        np.testing.assert_array_equal(
            np.sort(before["user"]), np.sort(after["user"])
        )
        same = [name for name in before if name != "user"]
        assert all(before[name] is after[name] for name in same)
    assert attribution._beside(past, "rating", attribution.ALONE, 0) == past[2:]
    beside = attribution._beside(past, "rating", attribution.PARTNERS, 0)
    assert [log is same for log, same in zip(beside, past)] == [True] * 3


@pytest.mark.parametrize("case", attribution.CASES)
def test_the_task_alone_has_no_fewer_trials_and_all_are_stored(case):
    trials = attribution.trials(case)
    sides = [trial.beside for trial in trials]
    # a gain of sharing is no lack of trials for the task alone
    assert sides.count(attribution.ALONE) >= sides.count(attribution.PARTNERS)
    assert len(set(trials)) == len(trials)
    for trial in trials:
        stored = attribution.kept(case, trial)
        assert len(stored["check"]) == len(stored["test"]) == 5


def test_the_best_trial_is_best_on_the_check_rows_of_its_side():
    for case in attribution.CASES:
        sign = attribution.better(case)
        for beside in (attribution.ALONE, attribution.PARTNERS):
            best = attribution.best(case, beside)
            side = [
                attribution.kept(case, trial)
                for trial in attribution.trials(case)
                if trial.beside == beside
            ]
            means = [sign * np.mean(trial["check"]) for trial in side]
            assert sign * np.mean(best["check"]) == max(means)


def test_a_stored_trial_trains_again():
    case, trial = "ads that gain", attribution.Trial(attribution.ALONE)
    again = attribution.attempt(attribution.CASES[case], trial, seeds=1)
    stored = attribution.kept(case, trial)
    assert again["test"][0] == pytest.approx(stored["test"][0], abs=0.01)
    assert again["check"][0] == pytest.approx(stored["check"][0], abs=0.01)


# ---------------------------------------------------------------- normalisation


def test_statistics_for_each_log_by_hand():
    x = np.array([[0.0], [2.0], [10.0], [14.0]])
    log = np.array([0, 0, 1, 1])
    layer = normalisation.PerLog(2, momentum=0.5)
    found = value(layer(x, log, training=True))
    np.testing.assert_allclose(found[:, 0], [-1, 1, -1, 1], atol=1e-3)
    first, second = layer.norms
    # half of the start (0 and 1) and half of the batch
    assert value(first.moving_mean) == pytest.approx([0.5])
    assert value(second.moving_mean) == pytest.approx([6.0])
    assert value(second.moving_variance) == pytest.approx([0.5 + 4 / 2])
    # of a log without rows, a mean of 0
    layer(x[:2], log[:2], training=True)
    assert value(second.moving_mean) == pytest.approx([3.0])


def test_batches_are_of_one_log_or_of_both():
    log = np.arange(2 * 512) % 2
    stacked = normalisation.ordered(log, normalisation.STACKED)
    one = normalisation.ordered(log, normalisation.ONE_LOG)
    assert sorted(one) == sorted(stacked) == list(range(1024))
    steps = log[one].reshape(-1, normalisation.BATCH)
    assert [set(step) for step in steps.tolist()] == [{0}, {1}, {0}, {1}]


def test_a_row_costs_what_its_own_task_does():
    label = np.array([[1.0, np.nan], [np.nan, 0.0]])
    p = np.array([[0.8, 0.1], [0.1, 0.5]])
    found = value(normalisation.one_task_a_row(label, p))
    np.testing.assert_allclose(found, [-np.log(0.8), -np.log(0.5)], rtol=1e-5)


def test_one_log_a_step_trains_again_with_its_gap():
    norm, feed = "batch", normalisation.ONE_LOG
    (again,) = normalisation.run(norm, feed, seeds=[0], rates=[0.01])
    (stored,) = [
        run
        for cell in three.shipped()["normalisation"]
        if (cell["norm"], cell["feed"]) == (norm, feed)
        for run in cell["runs"]
        if (run["seed"], run["rate"]) == (0, 0.01)
    ]
    for mode in ("inference", "training"):
        expected = pytest.approx(stored["test"][mode], abs=0.02)
        assert again["test"][mode] == expected
    gap = np.subtract(again["test"]["inference"], again["test"]["training"])
    assert gap.max() > 0.03
