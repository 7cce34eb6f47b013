"""The trainer of chapter 3.

Equal to Keras' own `fit`; missing labels; precision; ways past the representation; devices.
"""

import subprocess
import sys
from functools import partial

import balances
import numpy as np
import pytest

from mtl_lessons import loss_balancing as lb
from mtl_lessons.backend import keras, tf
from mtl_lessons.inputs_outputs import Binary, Categorical, Regression
from mtl_lessons.shared_networks import SharedBottom
from mtl_lessons.three_tasks import Framework, Head

layers = keras.layers
DATA = np.random.default_rng(0)
ROWS = 40
X = {
    "x": DATA.normal(size=(ROWS, 3)).astype("float32"),
    "ids": DATA.integers(0, 4, (ROWS, 2)).astype("int32"),
}
Y = {
    "a": 2 * X["x"][:, :1] + X["ids"][:, :1],
    "b": (X["x"][:, 1:2] > 0).astype("float32"),
}
BY_NAME = {"a": "mse", "b": "binary_crossentropy"}
OVER_KNOWN = {"a": Regression("a").loss(), "b": Binary("b").loss()}
BALANCES = {
    name: partial(make, len(Y)) for name, make in balances.BALANCES.items()
}
# held to be Keras' own fit
WEIGHTINGS = [name for name in balances.WEIGHTINGS if name != "Equal"]
AGGREGATORS = {name: BALANCES[name] for name in balances.AGGREGATORS}


def network(seed=0, bypass=False, **options):
    """A table, a trunk and two heads.

    With `bypass` a head reads the table, and the other x, past the trunk.
    """
    keras.utils.set_random_seed(seed)
    x, ids = (
        keras.Input((3,), name="x"),
        keras.Input((2,), name="ids", dtype="int32"),
    )
    table = layers.Embedding(9, 2, name="table")
    vectors = layers.Flatten()(table(ids))
    z = layers.Dense(4, "tanh", name="trunk", **options)(
        layers.Concatenate()([x, vectors])
    )
    a, b = (
        (z, z)
        if not bypass
        else (layers.Concatenate()([z, vectors]), layers.Concatenate()([z, x]))
    )
    outputs = {"a": layers.Dense(1, dtype="float32", name="a")(a)}
    outputs["b"] = layers.Dense(1, "sigmoid", dtype="float32", name="b")(b)
    return keras.Model({"x": x, "ids": ids}, outputs)


def trained(model, optimizer=None, loss=None, y=Y, compiled=None, **options):
    """The weights of the network and the history, after two steps; the last batch is smaller."""
    compiled = {"run_eagerly": True} | (compiled or {})
    model.compile(
        optimizer or keras.optimizers.SGD(0.05),
        loss=loss or BY_NAME,
        **compiled,
    )
    plan = {
        "batch_size": 24,
        "epochs": 1,
        "shuffle": False,
        "verbose": 0,
    } | options
    history = model.fit(X, y, **plan).history
    return getattr(model, "network", model).get_weights(), history


def distance(one, two):
    return max(
        np.abs(np.float64(a) - np.float64(b)).max()
        for a, b in zip(one, two, strict=True)
    )


SUMS = {
    "sum": (lb.Equal, None),
    "mean": (lb.Aggregator, None),
    "mean at z": (lb.Aggregator, "trunk"),
}


def as_keras(
    make=network,
    optimizer=lambda: None,
    close=3e-6,
    sums=SUMS,
    compiled=None,
    **options,
):
    """`Equal` does, step by step, what Keras' own fit does.

    So does the mean of gradients, at the weights and at z.
    """
    options = {"batch_size": 16} | options
    eager = (compiled or {}) | {"run_eagerly": True, "jit_compile": False}
    plain, history = trained(make(), optimizer(), compiled=eager, **options)
    for balance, where in map(SUMS.get, sums):
        found, logs = trained(
            lb.Balanced(make(), balance(), where),
            optimizer(),
            compiled=compiled,
            **options,
        )
        assert distance(plain, found) < close, (balance.__name__, where)
        assert set(logs) == set(history)
        for name in {"loss", "val_loss"} & set(logs):
            np.testing.assert_allclose(
                logs[name], history[name], rtol=max(1e-5, close), err_msg=name
            )


# ---------------------------------------------------------------- Keras' own fit


OPTIMIZERS = {
    "SGD, clipped together": lambda: keras.optimizers.SGD(
        0.05, momentum=0.9, global_clipnorm=0.5
    ),
    "SGD, clipped one by one": lambda: keras.optimizers.SGD(0.05, clipnorm=0.1),
    "Nadam": lambda: keras.optimizers.Nadam(0.01),
    "Adam, accumulating": lambda: keras.optimizers.Adam(
        0.05, gradient_accumulation_steps=2
    ),
    "Adam, averaging": lambda: keras.optimizers.Adam(
        0.05, use_ema=True, ema_overwrite_frequency=2
    ),
    "AdamW, falling": lambda: keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(0.05, 6), weight_decay=0.1
    ),
    "Adagrad, clipped by value": lambda: keras.optimizers.Adagrad(
        0.05, clipvalue=0.1
    ),
    "scaling by itself": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(0.05), initial_scale=64
    ),
}
RAMP = np.linspace(0, 3, ROWS)
SAMPLE_WEIGHTS = {
    "none": None,
    "(n,)": RAMP,
    "(n, 1)": RAMP[:, None],
    "a dict": {"a": RAMP, "b": RAMP[::-1, None]},
}
LOSSES = {
    "names": BY_NAME,
    "functions": {
        "a": keras.losses.mean_absolute_error,
        "b": lambda y, p: (y - p) ** 2,
    },
    "objects": {
        "a": keras.losses.Huber(),
        "b": keras.losses.BinaryCrossentropy(reduction="sum"),
    },
    "weighted means": {
        "a": keras.losses.MeanSquaredError(reduction="mean_with_sample_weight"),
        "b": "mse",
    },
}


PENALTIES = ({}, {"kernel_regularizer": "l2"}, {"activity_regularizer": "l1"})


@pytest.mark.parametrize("number", range(len(OPTIMIZERS)), ids=list(OPTIMIZERS))
def test_with_equal_weights_it_is_keras_own_fit(number):
    """Every optimiser, with every other option beside several of them.

    The mean at the weights or at z is among these options.
    """
    weight, loss = (
        list(SAMPLE_WEIGHTS.values())[number % 4],
        list(LOSSES.values())[(number + number // 4) % 4],
    )
    as_keras(
        sums=["sum", "mean" if number % 4 < 2 else "mean at z"],
        make=lambda: network(bypass=number % 2 == 1, **PENALTIES[number % 3]),
        optimizer=list(OPTIMIZERS.values())[number],
        loss=loss,
        sample_weight=weight,
        validation_split=0.25 if number < 4 else 0.0,
    )


@pytest.mark.parametrize(
    ("compiled", "batch"),
    [
        # XLA compiles for each length
        (
            {
                "run_eagerly": False,
                "jit_compile": True,
                "metrics": {"b": ["accuracy"]},
            },
            20,
        ),
        (
            {
                "run_eagerly": False,
                "jit_compile": False,
                "steps_per_execution": 2,
                "weighted_metrics": {"a": ["mae"]},
            },
            16,
        ),
    ],
    ids=["XLA", "steps"],
)
def test_compiled_it_is_keras_own_fit(compiled, batch):
    as_keras(
        optimizer=lambda: keras.optimizers.Adam(0.05),
        compiled=compiled,
        batch_size=batch,
    )


@pytest.fixture(params=["mixed_float16", "mixed_bfloat16", "float64"])
def policy(request):
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


def test_in_every_precision_it_is_keras_own_fit(policy):
    rounded = {"mixed_float16": 2e-3, "mixed_bfloat16": 2e-2, "float64": 1e-6}[
        policy
    ]
    as_keras(optimizer=lambda: keras.optimizers.SGD(0.05), close=rounded)


def test_a_loss_for_one_output_alone_is_keras_own_fit():
    plain = keras.Model((one := network()).input, one.output)
    plain.compile(keras.optimizers.SGD(0.05), {"a": "mse"}, run_eagerly=True)
    plain.fit(X, {"a": Y["a"]}, batch_size=16, shuffle=False, verbose=0)
    model = lb.Balanced(network(), lb.Fixed([1.0]))
    model.compile(
        keras.optimizers.SGD(0.05), {"a": "mse", "b": None}, run_eagerly=True
    )
    logs = model.fit(
        X, {"a": Y["a"]}, batch_size=16, shuffle=False, verbose=0
    ).history
    assert distance(
        plain.get_weights(), model.network.get_weights()
    ) < 1e-6 and set(logs) == {
        "loss",
        "a_loss",
    }


@pytest.mark.parametrize("freeze", ["before", "after", "after, compiled again"])
@pytest.mark.parametrize("where", [None, "trunk"])
def test_what_is_frozen_stays_whenever_it_was_frozen(freeze, where):
    made = network()
    if freeze == "before":
        made.get_layer("trunk").trainable = False
    model = lb.Balanced(made, lb.MGDA(), where)
    model.compile("sgd", OVER_KNOWN, run_eagerly=True)
    made.get_layer("trunk").trainable = False
    if freeze == "after, compiled again":
        model.compile("sgd", OVER_KNOWN, run_eagerly=True)
    before = (
        made.get_layer("trunk").kernel.numpy(),
        made.get_layer("table").embeddings.numpy(),
    )
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(made.get_layer("trunk").kernel, before[0])
    assert np.abs(made.get_layer("table").embeddings - before[1]).max() > 0


@pytest.mark.parametrize("where", [None, "trunk"])
def test_what_lora_adds_is_trained(where):
    model = lb.Balanced(network(), lb.PCGrad(), where)
    model.compile("adam", OVER_KNOWN, run_eagerly=True)
    trunk = model.network.get_layer("trunk")
    trunk.enable_lora(2)
    kernel, before = trunk._kernel.numpy(), trunk.lora_kernel_b.numpy()
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(trunk._kernel, kernel)
    assert np.abs(trunk.lora_kernel_b - before).max() > 0


# ---------------------------------------------------------------- labels that are missing


def silent(first=0, of=ROWS):
    """Labels of b in a part of the rows alone."""
    b = Y["b"].copy()
    b[first:of] = np.nan
    return {"a": Y["a"], "b": b}


@pytest.mark.parametrize("name", BALANCES)
def test_a_task_without_labels_leaves_the_other_as_if_it_were_alone(name):
    make = balances.BALANCES[name]
    both, _ = trained(
        lb.Balanced(network(), make(2), "trunk"), loss=OVER_KNOWN, y=silent()
    )
    inner = network()
    alone = lb.Balanced(
        keras.Model(inner.input, {"a": inner.output["a"]}), make(1), "trunk"
    )
    trained(alone, loss={"a": OVER_KNOWN["a"]}, y={"a": Y["a"]})
    assert distance(both, inner.get_weights()) < 1e-5, (
        f"{name}: expected the step of the labelled task alone; does a "
        "weighting say wants_known, does an aggregator use known?"
    )
    assert distance(both, network().get_weights()) > 0.01


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_what_a_balance_remembers_of_a_silent_task_stays(name):
    model, fresh = (
        lb.Balanced(network(), BALANCES[name](), "trunk") for _ in range(2)
    )
    trained(
        model, loss=OVER_KNOWN, y=silent(), optimizer=keras.optimizers.Adam(0.1)
    )
    fresh.balance.build((2,))
    for now, start in zip(
        model.balance.variables, fresh.balance.variables, strict=True
    ):
        if now.shape == (2,):
            assert now.numpy()[1] == pytest.approx(start.numpy()[1]), now.path
    both = trained(model, loss=OVER_KNOWN, y=Y)[1]
    assert np.isfinite(both["loss"]).all() and np.isfinite(both["b_loss"]).all()


@pytest.mark.parametrize("name", ["Uncertainty", "GradNorm", "FAMO", "MGDA"])
def test_labels_that_begin_late_and_are_few_are_learned_with_the_others(name):
    model = lb.Balanced(network(), BALANCES[name](), "trunk")
    _, logs = trained(
        model, loss=OVER_KNOWN, y=silent(first=0, of=32), epochs=3
    )
    assert (
        logs["a_loss"][-1] < logs["a_loss"][0]
        and logs["b_loss"][-1] < logs["b_loss"][0]
    )
    assert all(np.isfinite(v.numpy()).all() for v in model.variables)


def test_a_row_of_weight_0_is_no_label():
    model = lb.Balanced(network(), lb.MGDA())
    weights = {"a": np.ones(ROWS), "b": np.zeros(ROWS)}
    nothing = network().get_weights()
    assert distance(trained(model, sample_weight=weights)[0], nothing) > 0.01


@pytest.mark.parametrize("balance", [lb.Equal, lb.MGDA])
def test_a_reported_loss_is_that_of_all_labels_of_the_epoch(balance):
    y = silent(first=10, of=36)
    still = {"optimizer": keras.optimizers.SGD(0.0), "loss": OVER_KNOWN, "y": y}
    _, logs = trained(
        model := lb.Balanced(
            network(kernel_regularizer="l2"), balance(), "trunk"
        ),
        **still,
        validation_data=(X, y),
    )
    p = model.predict(X, verbose=0)["b"]
    known = ~np.isnan(y["b"])
    truth = -np.mean(np.log(np.where(y["b"] == 1, p, 1 - p))[known])
    assert [logs["b_loss"][-1], logs["val_b_loss"][-1]] == pytest.approx(
        [truth] * 2, rel=1e-4
    )


def test_with_a_penalty_loss_and_validation_loss_agree_where_nothing_moves():
    for where, balance in (
        (None, lb.Equal),
        ("trunk", lb.GradNorm),
        ("trunk", lb.PCGrad),
    ):
        model = lb.Balanced(network(kernel_regularizer="l2"), balance(), where)
        _, logs = trained(
            model,
            keras.optimizers.SGD(0.0),
            batch_size=ROWS,
            validation_data=(X, Y),
        )
        assert logs["loss"] == pytest.approx(logs["val_loss"], rel=1e-5)
        assert logs["loss"][0] > logs["a_loss"][0] + logs["b_loss"][0] + 1e-3


# ---------------------------------------------------------------- precision


@pytest.mark.parametrize("name", [*WEIGHTINGS, "MGDA", "AlignedMTL"])
def test_in_half_and_double_precision_it_learns_the_same(name):
    make = BALANCES[name]
    start = network().get_weights()

    def run(policy, optimizer):
        keras.config.set_dtype_policy(policy)
        try:
            model = lb.Balanced(network(), make(), "trunk")
            model.network.set_weights(start)
            return trained(model, optimizer, epochs=1)[0]
        finally:
            keras.config.set_dtype_policy("float32")

    reference = run("float32", keras.optimizers.SGD(0.02))
    scaled = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.02), initial_scale=64.0
    )
    for policy, optimizer, close in (
        ("mixed_float16", scaled, 2e-3),
        ("mixed_bfloat16", keras.optimizers.SGD(0.02), 2e-2),
        ("float64", keras.optimizers.SGD(0.02), 1e-5),
    ):
        assert distance(reference, run(policy, optimizer)) < close * max(
            1, distance(reference, start)
        ), policy


@pytest.mark.parametrize("make", [lb.Equal, lb.GradNorm, lb.Aggregator])
def test_the_scale_of_a_loss_changes_nothing(make):
    """With a table Keras' own fit cannot do this; it divides by a scale what is no tensor."""
    plain, scaled = (lb.Balanced(network(), make(), "trunk") for _ in range(2))
    (
        trained(plain, keras.optimizers.SGD(0.05)),
        trained(scaled, keras.optimizers.SGD(0.05, loss_scale_factor=256)),
    )
    assert distance(plain.get_weights(), scaled.get_weights()) < 1e-6


# ---------------------------------------------------------------- ways past the trunk, odd networks


@pytest.mark.parametrize("name", AGGREGATORS)
def test_a_trunk_follows_the_same_factors_on_all_its_ways(name):
    """`T Σ w_i g_i` with w from the gradients at z, and g_i the whole gradient, written out."""
    aggregator, made = AGGREGATORS[name](), network(bypass=True)
    model = lb.Balanced(made, aggregator, "trunk")
    table = made.get_layer("table").embeddings
    before, parts = (
        table.numpy(),
        keras.Model(made.input, [made.get_layer("trunk").output, made.output]),
    )
    with tf.GradientTape(persistent=True) as tape:
        z, p = parts(X)
        each = [
            tf.reduce_mean((p["a"] - Y["a"]) ** 2),
            tf.reduce_mean(keras.losses.binary_crossentropy(Y["b"], p["b"])),
        ]
    at_z = np.stack([tape.gradient(loss, z).numpy().ravel() for loss in each])
    whole = [
        tf.convert_to_tensor(tape.gradient(loss, table.value)).numpy()
        for loss in each
    ]
    w = 2 * AGGREGATORS[name]()(lb.gram(at_z)).numpy()
    trained(model, keras.optimizers.SGD(1.0), batch_size=ROWS, epochs=1)
    np.testing.assert_allclose(
        before - table.numpy(), w[0] * whole[0] + w[1] * whole[1], atol=2e-5
    )


@pytest.mark.parametrize("where", [None, "trunk"])
@pytest.mark.parametrize("case", ["one task", "apart", "frozen"])
def test_where_nothing_is_shared_each_task_follows_its_own_gradient(
    case, where
):
    def make():
        made = network()
        if case == "one task":
            return keras.Model(made.input, {"a": made.output["a"]})
        if case == "frozen":
            made.get_layer("trunk").trainable = made.get_layer(
                "table"
            ).trainable = False
            return made
        b = layers.Dense(1, "sigmoid", name="b", kernel_initializer="ones")(
            made.input["x"]
        )
        return keras.Model(made.input, {"a": made.output["a"], "b": b})

    y = {"a": Y["a"]} if case == "one task" else Y
    loss = {task: BY_NAME[task] for task in y}
    results = [
        trained(lb.Balanced(make(), balance(), where), loss=loss, y=y)[0]
        for balance in (lb.Equal, lb.MGDA)
    ]
    assert (case == "frozen" and where) or distance(*results) < 1e-6
    assert distance(results[1], make().get_weights()) > 1e-3


def test_three_outputs_of_which_two_have_a_loss(tmp_path):
    made = network()
    click, conversion = (
        layers.Dense(1, "sigmoid", name=n)(made.get_layer("trunk").output)
        for n in ("click", "conversion")
    )
    outputs = {
        "click": click,
        "conversion": conversion,
        "purchase": layers.Multiply()([click, conversion]),
    }
    model = lb.Balanced(
        keras.Model(made.input, outputs),
        lb.Uncertainty(["classification"] * 2),
        "trunk",
    )
    model.compile(
        "adam",
        {"click": "binary_crossentropy", "purchase": "binary_crossentropy"},
        run_eagerly=True,
    )
    y = {"click": Y["b"], "purchase": Y["b"]}
    assert set(model.fit(X, y, verbose=0).history) == {
        "loss",
        "click_loss",
        "purchase_loss",
    }
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert (
        again.tasks == ["click", "purchase"]
        and again.optimizer.iterations == model.optimizer.iterations
    )
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    np.testing.assert_allclose(
        served.serve(X)["conversion"],
        model.predict(X, verbose=0)["conversion"],
        atol=1e-6,
    )


@pytest.mark.parametrize("make", [lb.Equal, lb.FAMO])
def test_a_batch_counts_once_in_moving_means(make):
    x = keras.Input((3,))
    z = layers.BatchNormalization(momentum=0.9, name="norm")(x)
    model = lb.Balanced(
        keras.Model(x, {t: layers.Dense(1, name=t)(z) for t in ("a", "b")}),
        make(),
    )
    model.compile("sgd", dict.fromkeys(("a", "b"), "mse"), run_eagerly=True)
    model.fit(X["x"], Y, batch_size=ROWS, verbose=0)
    np.testing.assert_allclose(
        model.network.get_layer("norm").moving_mean,
        0.1 * X["x"].mean(0),
        atol=1e-5,
    )


def test_weight_decay_leaves_out_what_a_balance_learns_and_what_else_was_left_out():
    model = lb.Balanced(
        network(),
        lb.Uncertainty(["regression", "classification"], start=[4.0, 4.0]),
    )
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, BY_NAME, run_eagerly=True)
    optimizer.build(model.trainable_variables)
    trunk, stored = model.network.get_layer("trunk"), model.balance.stored
    trunk.bias.assign(np.ones(4))
    before = trunk.kernel.numpy()
    optimizer.apply(
        [tf.zeros(v.shape) for v in model.trainable_variables],
        model.trainable_variables,
    )
    np.testing.assert_allclose(
        trunk.kernel, before * (1 - 0.1 * 0.5), rtol=1e-5
    )
    np.testing.assert_array_equal(trunk.bias, np.ones(4))
    np.testing.assert_allclose(stored, np.log([4.0, 4.0]), rtol=1e-6)


def called_twice():
    x, dense = keras.Input((3,)), layers.Dense(3, name="twice")
    return keras.Model(x, {"a": layers.Dense(1)(dense(dense(x)))})


def without_weights():
    x = keras.Input((3,))
    return keras.Model(
        x, {"a": layers.Dense(1)(layers.Activation("tanh", name="still")(x))}
    )


def used_again():
    balance = lb.GradNorm()
    return [lb.Balanced(network(), balance, "trunk") for _ in range(2)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: lb.Balanced(called_twice(), lb.MGDA(), "twice"),
            "called once, found 'twice', called 2 times",
        ),
        (
            lambda: lb.Balanced(without_weights(), lb.GradNorm(), "still"),
            "found 'still' without any",
        ),
        (used_again, "GradNorm: expected a balance for each model"),
        (
            lambda: trained(lb.Balanced(network(), lb.Fixed([1.0]))),
            "one entry for each of 2 tasks",
        ),
        (
            lambda: trained(
                lb.Balanced(network(), lb.Equal()),
                loss={"a": "mse", "c": "mse"},
            ),
            "for each of a, b, found a, c",
        ),
        (
            lambda: trained(
                lb.Balanced(network(), lb.Equal()), loss={"a": None, "b": None}
            ),
            "for each of a, b, found a, b",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "balance", [lb.GradNorm(), lb.PCGrad()], ids=["GradNorm", "PCGrad"]
)
def test_a_control_shares_nothing_so_that_nothing_is_balanced(balance):
    heads = [Head(Binary("click")), Head(Regression("rating"))]
    log = {
        "user": np.arange(8) % 3,
        "click": np.arange(8) % 2,
        "rating": np.arange(8) / 2,
    }
    weights = []
    for chosen in (balance, lb.Equal()):
        keras.utils.set_random_seed(0)
        framework = Framework(
            [Categorical("user", ids=3)],
            heads,
            partial(SharedBottom, units=(2,)),
            chosen,
            shared=False,
        )
        framework.build("sgd", run_eagerly=True).fit(
            [log], steps=2, batch=4, epochs=1
        )
        weights.append(framework.model.network.get_weights())
    assert distance(*weights) < 1e-6
    with pytest.raises(
        ValueError,
        match="cosines: expected weights that two tasks reach, found none of click, rating",
    ):
        framework.cosines([log])


# ---------------------------------------------------------------- several devices

DEVICES = """
import sys
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
sys.path.insert(0, "tests")
from test_balanced import BALANCES, OVER_KNOWN, distance, keras, lb, network, silent, trained

y = silent(first=3, of=17) | {"a": silent()["a"]}
objects = {
    "a": keras.losses.MeanSquaredError(),
    "b": keras.losses.BinaryCrossentropy(reduction="sum"),
}
graph = {"run_eagerly": False, "jit_compile": False}
both = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
def run(strategy, name, where, loss, y):
    with strategy.scope():
        model = lb.Balanced(network(kernel_regularizer="l2"), BALANCES[name](), where)
        compiled = graph if strategy is both else None
        weights, logs = trained(model, keras.optimizers.SGD(0.02), loss, y, compiled, batch_size=16)
    return [*weights, *model.balance.get_weights(), *logs.values()]
full = silent(0, 0)
for name, where, loss, y in (
    ("Equal", None, OVER_KNOWN, y), ("Equal", None, objects, full),
    ("GradNorm", "trunk", OVER_KNOWN, y), ("MGDA", None, OVER_KNOWN, y),
    ("CAGrad", "trunk", OVER_KNOWN, y),
):
    alone = run(tf.distribute.get_strategy(), name, where, loss, y)
    apart = distance(alone, run(both, name, where, loss, y))
    print(name, where, apart)
    assert apart < 1e-4, (name, where, apart)
"""


def test_two_devices_train_and_report_what_one_does_when_labels_are_uneven():
    done = subprocess.run(
        [sys.executable, "-c", DEVICES], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
