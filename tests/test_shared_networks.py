"""Chapter 2's module: every design counted, computed by hand, saved, compiled, and looked into."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_lessons import shared_networks as sn
from mtl_lessons.backend import keras, tf
from mtl_lessons.shared_networks import Block

AB = ("a", "b")
D = 6
X = np.random.default_rng(0).normal(size=(64, D)).astype("float32")

# A network of each design, for two tasks and inputs of 6 numbers, and its weights, counted by hand.
DESIGNS = {
    "shared bottom": (lambda: sn.SharedBottom(AB, (5, 4)), 7 * 5 + 6 * 4),
    "cross-stitch": (
        lambda: sn.CrossStitch(AB, (5, 4)),
        2 * (7 * 5 + 6 * 4) + 2 * 2 * (5 + 4),
    ),
    "OMoE": (lambda: sn.OMoE(AB, 4, (5,)), 4 * 7 * 5 + 6 * 4),
    "MMoE": (lambda: sn.MMoE(AB, 4, (5,)), 4 * 7 * 5 + 2 * 6 * 4),
    "deep MMoE": (
        lambda: sn.MMoE(AB, 4, (5, 3)),
        4 * (7 * 5 + 6 * 3) + 2 * 6 * 4,
    ),
    "dropout": (
        lambda: sn.MMoE(AB, 4, (5,), dropout=0.3),
        4 * 7 * 5 + 2 * 6 * 4,
    ),
    # 2 experts for a, 2 for b, 1 shared; each gate has 2 + 1 columns
    "CGC": (lambda: sn.CGC(AB, 2, 1, (5,)), 5 * 7 * 5 + 2 * 6 * 3),
    # level 1: the shared gate has 5 columns; level 2 reads 5 numbers
    "PLE": (
        lambda: sn.PLE(AB, 2, 1, [(5,), (4,)]),
        5 * 7 * 5 + 2 * 6 * 3 + 6 * 5 + 5 * 6 * 4 + 2 * 5 * 3,
    ),
    # each gate has 4 columns and a bias, and each expert a residual weight
    "AdaTT": (
        lambda: sn.AdaTT(AB, 2, [(5,), (4,)]),
        4 * 7 * 5 + 2 * 7 * 4 + 4 + 4 * 6 * 4 + 2 * 6 * 4 + 4,
    ),
}
# Those with gates, and which groups of experts each gate reads, as it stands in the papers.
OWN_AND_SHARED = {"a": ["a", "shared"], "b": ["b", "shared"]}
EXPERTS_OF_ALL = {"a": ["a", "b"], "b": ["a", "b"]}
GATED = {
    "OMoE": {"shared": ["shared"]},
    "MMoE": {"a": ["shared"], "b": ["shared"]},
    "deep MMoE": {"a": ["shared"], "b": ["shared"]},
    "dropout": {"a": ["shared"], "b": ["shared"]},
    "CGC": OWN_AND_SHARED,
    "PLE": OWN_AND_SHARED,
    "AdaTT": EXPERTS_OF_ALL,
}
every = pytest.mark.parametrize("name", DESIGNS)
gated = pytest.mark.parametrize("name", GATED)


def network(name: str, seed: int = 0):
    keras.utils.set_random_seed(seed)
    return DESIGNS[name][0]()


def model_of(name: str, seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return sn.two_towers(DESIGNS[name][0](), d=D, tower=3)


def turned(net):
    """The network with gates that are not even, as after training."""
    net(X)
    rng = np.random.default_rng(1)
    for level in net.levels:
        for gate in level.gates.values():
            for weight in gate.trainable_weights:
                weight.assign(rng.normal(size=weight.shape))
    return net


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def relu(z):
    return np.maximum(z, 0)


# ---------------------------------------------------------------- every design


def test_every_network_is_exported_and_has_a_row():
    module = sn.networks.__name__
    kinds = [
        kind for kind in vars(sn.networks).values() if isinstance(kind, type)
    ]
    networks = {
        kind
        for kind in kinds
        if issubclass(kind, sn.Network) and kind.__module__ == module
    }
    networks = {kind for kind in networks if kind.__name__[0] != "_"}
    hidden = ", ".join(
        kind.__name__ for kind in networks if kind.__name__ not in sn.__all__
    )
    assert not hidden, (
        f"mtl_lessons/shared_networks/networks.py: expected {hidden} in __all__"
    )
    rows = {type(make()) for make, _ in DESIGNS.values()} | {
        sn.Network,
        sn.GatedNetwork,
    }
    missing = ", ".join(kind.__name__ for kind in networks - rows)
    assert not missing, (
        f"tests/test_shared_networks.py: expected a row for {missing} in DESIGNS"
    )
    made = {name: make() for name, (make, _) in DESIGNS.items()}
    with_gates = [
        name for name, net in made.items() if isinstance(net, sn.GatedNetwork)
    ]
    missing = ", ".join(name for name in with_gates if name not in GATED)
    assert not missing, (
        f"tests/test_shared_networks.py: expected {missing} in GATED"
    )


@every
def test_the_weights_are_those_that_one_counts_by_hand(name):
    net = network(name)
    outputs = net(X)
    found = sum(int(np.prod(w.shape)) for w in net.trainable_weights)
    assert found == DESIGNS[name][1], (
        f"{name}: expected the {DESIGNS[name][1]} weights of its row in "
        f"DESIGNS, found {found}"
    )
    assert (
        list(outputs) == ["a", "b"]
        and len({tuple(h.shape) for h in outputs.values()}) == 1
    )


@every
def test_it_reloads_in_safe_mode(name, tmp_path):
    model = model_of(name)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for task in AB:
        np.testing.assert_allclose(
            model(X)[task], again(X)[task], rtol=1e-5, atol=1e-6
        )


@every
def test_it_says_all_about_itself_in_its_configuration(name):
    net = network(name)
    again = type(net).from_config(net.get_config())
    assert again.get_config() == net.get_config()
    assert {w.shape for w in _built(again)} == {w.shape for w in _built(net)}


def _built(net):
    net.build((None, D))
    return net.weights


@every
def test_eager_graph_and_jit_agree_on_outputs_and_gradients(name):
    net = turned(network(name)) if name in GATED else network(name)
    net(X)
    weights = [weight.value for weight in net.trainable_weights]

    def outputs_and_gradients(x):
        with tf.GradientTape() as tape:
            outputs = net(x)
            loss = tf.add_n([tf.reduce_mean(h**2) for h in outputs.values()])
        return [*outputs.values(), *tape.gradient(loss, weights)]

    eager = outputs_and_gradients(X)
    for jit in (False, True):
        compiled = tf.function(outputs_and_gradients, jit_compile=jit)(X)
        for one, other in zip(compiled, eager, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_they_train_with_fit_and_each_loss_falls():
    """All designs in one model, which is traced once; they share no weight."""
    towers = {name: model_of(name) for name in DESIGNS}
    x = keras.Input((D,))
    keys = {
        (name, task): f"{name}_{task}".replace(" ", "_")
        for name in towers
        for task in AB
    }
    outputs = {name: model(x) for name, model in towers.items()}
    model = keras.Model(
        x, {key: outputs[name][task] for (name, task), key in keys.items()}
    )
    model.compile(keras.optimizers.SGD(0.05), loss="mse", jit_compile=False)
    y = {"a": X[:, :1], "b": X[:, 1:2] * X[:, :1]}
    losses = model.fit(
        X,
        {key: y[task] for (_, task), key in keys.items()},
        epochs=40,
        verbose=0,
    ).history
    for name in DESIGNS:
        first, *_, last = (
            sum(pair)
            for pair in zip(
                *(losses[f"{keys[name, task]}_loss"] for task in AB)
            )
        )
        assert last < 0.7 * first, name


@every
def test_in_mixed_precision_it_computes_in_half_and_keeps_its_weights_in_full(
    name,
):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        net = network(name)
        half = net(X)
    finally:
        keras.config.set_dtype_policy("float32")
    full = network(name)(X)
    for task in AB:
        assert half[task].dtype == "float16"
        np.testing.assert_allclose(half[task], full[task], atol=0.03)
    assert {w.dtype for w in net.trainable_weights} == {"float32"}


@every
def test_three_tasks_and_a_batch_of_one(name):
    net = network(name)
    three = type(net).from_config(net.get_config() | {"tasks": ["a", "b", "c"]})
    assert list(three(X[:1])) == ["a", "b", "c"] and all(
        h.shape[0] == 1 for h in three(X[:1]).values()
    )


# ---------------------------------------------------------------- computed by hand


def test_a_shared_bottom_gives_all_tasks_the_same():
    outputs = network("shared bottom")(X)
    assert outputs["a"] is outputs["b"]


def test_cross_stitch_mixes_units_by_constants():
    net = sn.CrossStitch(AB, (2,), own=0.75)
    x = np.array([[1.0, -2.0]], "float32")
    net(x)
    w = np.array([[[1.0, 0.0], [0.0, 1.0]], [[2.0, 1.0], [0.0, -1.0]]])
    # a: relu(1, -2) = (1, 0); b: relu(2, 1 + 2) = (2, 3)
    net.networks[0].kernel.assign(w)
    np.testing.assert_allclose(net(x)["a"], [[0.75 * 1 + 0.25 * 2, 0.25 * 3]])
    np.testing.assert_allclose(net(x)["b"], [[0.25 * 1 + 0.75 * 2, 0.75 * 3]])


def test_cross_stitch_does_not_look_at_the_row_and_shares_out_what_is_left():
    net = sn.CrossStitch(("a", "b", "c"), (2,), own=0.8)
    net(X)
    np.testing.assert_allclose(
        net.stitches[0][0, :, 1], [0.8, 0.1, 0.1], rtol=1e-6
    )


@pytest.mark.parametrize("count", [1, 3, 8])
def test_experts_equal_a_list_of_dense_layers(count):
    experts = sn.Experts(count, 5)
    fused = experts(X)
    for e in range(count):
        dense = keras.layers.Dense(5, "relu")
        dense.build((None, D))
        dense.set_weights([experts.kernel[e], experts.bias[e, 0]])
        np.testing.assert_allclose(fused[e], dense(X), atol=1e-5)


def test_experts_with_an_input_each_equal_a_list_of_dense_layers():
    experts = sn.Experts(3, 5)
    inputs = np.random.default_rng(2).normal(size=(3, 10, D)).astype("float32")
    fused = experts(inputs)
    for e in range(3):
        np.testing.assert_allclose(
            fused[e], relu(inputs[e] @ np.asarray(experts.kernel[e])), atol=1e-5
        )


def test_gradients_of_fused_experts_equal_those_of_the_list():
    experts = sn.Experts(3, 5)
    experts(X)
    experts.bias.assign(np.random.default_rng(3).normal(size=(3, 1, 5)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(experts(X) ** 2)
    kernel, bias = tape.gradient(
        loss, [experts.kernel.value, experts.bias.value]
    )
    for e in range(3):
        out = relu(
            X @ np.asarray(experts.kernel[e]) + np.asarray(experts.bias[e])
        )
        np.testing.assert_allclose(
            kernel[e], X.T @ (2 * out), rtol=1e-4, atol=1e-4
        )
        np.testing.assert_allclose(
            bias[e, 0], (2 * out).sum(0), rtol=1e-4, atol=1e-4
        )


def by_hand(level, x):
    """Experts' outputs and gates' weights of a level, in NumPy; x is a dict by name."""
    names = [group for group, n in level.groups.items() for _ in range(n)]
    h = [x[name] for name in names]
    for layer in level.experts:
        h = [
            relu(z @ np.asarray(layer.kernel[e]) + np.asarray(layer.bias[e]))
            for e, z in enumerate(h)
        ]
    return (
        names,
        h,
        {
            name: softmax(
                x[name] @ np.asarray(gate.kernel)
                + (np.asarray(gate.bias) if gate.has_bias else 0)
            )
            for name, gate in level.gates.items()
        },
    )


@gated
def test_every_gate_mixes_what_its_wiring_says(name):
    """The designs, each written down once more as it stands in the papers."""
    net = turned(network(name))
    x = dict.fromkeys(("a", "b", "shared"), X)
    for level in net.levels:
        names, experts, gates = by_hand(level, x)
        reads = dict(GATED[name])
        if name == "PLE" and level is net.levels[0]:
            reads["shared"] = ["a", "b", "shared"]
        assert set(gates) == set(reads)
        mixed = {}
        for gate, groups in reads.items():
            read = [
                e
                for group in groups
                for e, owner in zip(experts, names)
                if owner == group
            ]
            mixed[gate] = sum(
                w[:, None] * e for w, e in zip(gates[gate].T, read, strict=True)
            )
            if name == "AdaTT":
                mixed[gate] += sum(
                    e / 2 for e, owner in zip(experts, names) if owner == gate
                )
        x = mixed
    for task in AB:
        np.testing.assert_allclose(
            net(X)[task], x.get(task, x.get("shared")), atol=1e-5
        )


def test_mix_by_hand():
    # one row, two gates, two experts
    weights = np.array([[[1.0, 0.0], [0.25, 0.75]]])
    outputs = np.array([[[2.0, 4.0]], [[6.0, 0.0]]])
    np.testing.assert_allclose(
        sn.mix(weights, outputs),
        [[[2.0, 4.0], [0.25 * 2 + 0.75 * 6, 0.25 * 4]]],
        rtol=1e-6,
    )


def test_the_table_of_a_level_is_0_where_a_gate_does_not_read():
    level = turned(network("PLE")).levels[0]
    table = np.asarray(level.table(level.gate_weights(X)))
    # gates a, b and shared; experts a 1, a 2, b 1, b 2, shared 1
    assert table.shape == (64, 3, 5)
    np.testing.assert_array_equal(
        (table > 0).all(0), [[1, 1, 0, 0, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]
    )
    np.testing.assert_array_equal(
        (table == 0).all(0), [[0, 0, 1, 1, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]]
    )
    np.testing.assert_allclose(
        table[:, 1, 2:], level.gate_weights(X)["b"], rtol=1e-6
    )


def test_the_table_of_adatt_holds_the_residual_too():
    level = turned(network("AdaTT")).levels[0]
    level.residual["b"].assign([3.0, 7.0])
    weights = level.gate_weights(X)
    residual = np.asarray(level.table(weights)) - np.stack(
        [weights["a"], weights["b"]], 1
    )
    np.testing.assert_allclose(
        residual,
        np.broadcast_to([[0.5, 0.5, 0, 0], [0, 0, 3, 7]], (64, 2, 4)),
        atol=1e-6,
    )


UNEQUAL = {  # 3 experts for a, 1 for b, 2 shared; inputs of 6 numbers
    # gates of 3 + 2 and 1 + 2 columns
    "CGC": (lambda own: sn.CGC(AB, own, 2, (5,)), 6 * 7 * 5 + 6 * (5 + 3)),
    # the shared gate of level 1 has 6 columns; level 2 reads 5 numbers
    "PLE": (
        lambda own: sn.PLE(AB, own, 2, [(5,), (4,)]),
        6 * 7 * 5 + 6 * (5 + 3 + 6) + 6 * 6 * 4 + 5 * (5 + 3),
    ),
    # without shared experts: two gates of 4 columns with a bias, a residual
    # weight for each expert
    "AdaTT": (
        lambda own: sn.AdaTT(AB, own, [(5,), (4,)]),
        4 * 7 * 5 + 2 * 7 * 4 + 4 + 4 * 6 * 4 + 2 * 6 * 4 + 4,
    ),
}


@pytest.mark.parametrize("design", UNEQUAL)
def test_tasks_may_have_unequal_numbers_of_experts(design, tmp_path):
    make, count = UNEQUAL[design]
    for own in ({"b": 1, "a": 3}, [3, np.int64(1)], (3, 1)):
        net = turned(make(own))
        assert (
            sum(int(np.prod(w.shape)) for w in net.trainable_weights) == count
        )
        assert net.get_config()["own"] == {"a": 3, "b": 1} and list(
            net.levels[0].groups
        )[:2] == [
            "a",
            "b",
        ]
        assert net.levels[0].columns()[:4] == ["a 1", "a 2", "a 3", "b 1"]
    model = sn.two_towers(net, d=D, tower=3)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for task in AB:
        np.testing.assert_allclose(
            model(X)[task], again(X)[task], rtol=1e-5, atol=1e-6
        )


def test_a_gate_mixes_its_own_and_the_shared_experts_however_many_each_task_has():
    net = turned(sn.CGC(AB, {"a": 3, "b": 1}, 2, (5,)))
    (level,) = net.levels
    kernel, bias = (np.asarray(w) for w in level.experts[0].weights)
    experts = relu(np.einsum("bd,edh->ebh", X, kernel) + bias)
    for task, mine in {"a": [0, 1, 2, 4, 5], "b": [3, 4, 5]}.items():
        weights = softmax(X @ np.asarray(level.gates[task].kernel))
        np.testing.assert_allclose(
            net(X)[task],
            np.einsum("be,ebh->bh", weights, experts[mine]),
            atol=1e-5,
        )
    assert owners(sn.reach(net, X, "b"), "experts") == {(1, "b"), (1, "shared")}


@pytest.mark.parametrize("design", UNEQUAL)
def test_equal_numbers_are_the_same_however_they_are_given(design):
    make, _ = UNEQUAL[design]
    found = []
    for own in (2, np.int64(2), [2, 2], {"a": 2, "b": 2}):
        keras.utils.set_random_seed(0)
        net = make(own)
        assert type(net.get_config()["own"]) is int
        found.append(net(X)["b"])
        np.testing.assert_allclose(found[-1], found[0], rtol=1e-5, atol=1e-6)


def test_omoe_gives_all_tasks_the_same_and_mmoe_does_not():
    omoe, mmoe = (turned(network(name))(X) for name in ("OMoE", "MMoE"))
    np.testing.assert_array_equal(omoe["a"], omoe["b"])
    assert np.abs(mmoe["a"] - mmoe["b"]).max() > 0.1


def test_one_level_of_ple_is_cgc():
    cgc, ple = turned(network("CGC")), sn.PLE(AB, 2, 1, [(5,)])
    ple(X)
    ple.set_weights(cgc.get_weights())
    np.testing.assert_allclose(cgc(X)["b"], ple(X)["b"], rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")
def test_a_single_expert_is_a_shared_bottom():
    mmoe, bottom = sn.MMoE(AB, 1, (5,)), sn.SharedBottom(AB, (5,))
    mmoe(X), bottom(X)
    bottom.set_weights(
        [
            mmoe.levels[0].experts[0].kernel[0],
            mmoe.levels[0].experts[0].bias[0, 0],
        ]
    )
    np.testing.assert_allclose(mmoe(X)["a"], bottom(X)["a"], atol=1e-6)


# ---------------------------------------------------------------- gates


@gated
def test_gates_start_even_and_have_a_name_for_every_weight(name):
    net = network(name)
    net(X)
    for level, weights in zip(net.levels, net.gate_weights(X), strict=True):
        for gate, w in weights.items():
            assert w.shape == (64, len(level.columns(gate)))
            np.testing.assert_allclose(w, 1 / w.shape[1], rtol=1e-6)


def test_columns_of_a_gate_and_of_a_level():
    lower, top = network("PLE").levels
    assert lower.columns("a") == ["a 1", "a 2", "shared 1"]
    assert (
        lower.columns("shared")
        == lower.columns()
        == ["a 1", "a 2", "b 1", "b 2", "shared 1"]
    )
    assert list(top.gates) == ["a", "b"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(-50, 50), min_size=3, max_size=3),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 99),
)
def test_a_row_of_any_gate_is_a_convex_mix(rows, seed):
    gate = sn.Gate(4)
    x = np.array(rows, "float32")
    gate(x)
    gate.kernel.assign(np.random.default_rng(seed).normal(size=(3, 4)))
    weights = np.asarray(gate(x))
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.05, 0.95))
def test_dropout_leaves_rows_that_sum_to_one_and_at_least_one_expert(rate):
    gate = sn.Gate(4, dropout=rate)
    weights = np.asarray(gate(np.ones((400, 2), "float32"), training=True))
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
    share = (weights == 0).mean()
    # a row that would lose all four keeps all
    assert abs(share - (rate - rate**4)) < 0.1


def test_dropout_is_for_training_only_and_changes_from_call_to_call():
    gate = sn.Gate(4, dropout=0.5)
    x = np.ones((50, 2), "float32")
    np.testing.assert_allclose(gate(x), 0.25)
    assert np.any(
        np.asarray(gate(x, training=True)) != np.asarray(gate(x, training=True))
    )


def test_dropout_reaches_the_gates_of_a_model_in_training():
    model = model_of("dropout")
    assert np.abs(model(X, training=True)["a"] - model(X)["a"]).max() > 1e-3


# ---------------------------------------------------------------- experts start apart


def off_diagonal(matrix):
    return np.abs(matrix[~np.eye(len(matrix), dtype=bool)])


MANY = np.random.default_rng(4).normal(size=(4000, 32)).astype("float32")


@pytest.mark.parametrize(
    "initializer",
    [
        "he_normal",
        "glorot_uniform",
        "orthogonal",
        keras.initializers.HeNormal(),
        keras.initializers.GlorotUniform(seed=1024),
    ],
    ids=[
        "name",
        "another name",
        "orthogonal",
        "one object",
        "an object with a seed",
    ],
)
def test_experts_start_uncorrelated_whatever_the_initializer(initializer):
    level = sn.Level(
        {"shared": 6}, {"a": ["shared"]}, (16,), initializer=initializer
    )
    assert off_diagonal(sn.likeness(level.expert_outputs(MANY))).max() < 0.25
    deep = sn.Level(
        {"shared": 6}, {"a": ["shared"]}, (32, 32), initializer=initializer
    )
    assert off_diagonal(sn.likeness(deep.expert_outputs(MANY))).max() < 0.25


def test_two_networks_with_the_same_initializer_object_start_apart():
    seeded = keras.initializers.HeNormal(seed=7)
    one, other = (sn.Experts(4, 16, initializer=seeded) for _ in range(2))
    both = np.concatenate([one(MANY), other(MANY)])
    assert off_diagonal(sn.likeness(both)).max() < 0.25
    again = sn.Experts.from_config(one.get_config())
    assert (
        off_diagonal(
            sn.likeness(np.concatenate([one(MANY), again(MANY)]))
        ).max()
        < 0.25
    )


def test_levels_of_a_network_start_apart():
    net = sn.PLE(AB, 2, 1, [(D,), (D,)])
    net(X)
    kernels = np.concatenate(
        [np.asarray(level.experts[0].kernel) for level in net.levels]
    )
    # 36 numbers each
    assert off_diagonal(np.corrcoef(kernels.reshape(10, -1))).max() < 0.6


def test_the_global_seed_fixes_the_start():
    np.testing.assert_allclose(
        network("PLE", 5)(X)["a"],
        network("PLE", 5)(X)["a"],
        rtol=1e-5,
        atol=1e-6,
    )
    assert (
        np.abs(network("PLE", 5)(X)["a"] - network("PLE", 6)(X)["a"]).max()
        > 0.1
    )


def test_every_expert_has_the_spread_of_a_dense_layer():
    """A distribution over `(count, d, units)` would take `count` for a part of the fan-in."""
    experts = sn.Experts(50, 20)
    experts(MANY)
    np.testing.assert_allclose(
        np.asarray(experts.kernel).std(), np.sqrt(2 / 32), rtol=0.02
    )


def test_clones_have_a_gate_without_gradient_and_never_part():
    net = network("MMoE")
    model = sn.two_towers(net, d=D)
    sn.clone_experts(net)
    np.testing.assert_allclose(
        sn.likeness(net.expert_outputs(X)[0]), 1, atol=1e-5
    )
    model.compile(keras.optimizers.SGD(0.1), loss="mse", run_eagerly=True)
    model.fit(X, {"a": X[:, :1], "b": X[:, 1:2]}, epochs=5, verbose=0)
    assert np.abs(net.levels[0].gates["a"].kernel).max() < 1e-6
    np.testing.assert_allclose(
        sn.likeness(net.expert_outputs(X)[0]), 1, atol=1e-5
    )


# ---------------------------------------------------------------- which loss reaches which block


def owners(blocks, kind):
    return {
        (block.level, block.owner) for block in blocks if block.kind == kind
    }


@every
def test_blocks_hold_every_weight_once(name):
    net = network(name)
    net(X)
    count = {w.path: np.zeros(w.shape, int) for w in net.trainable_weights}
    for parts in net.blocks().values():
        for weight, part in parts:
            count[weight.path][part] += 1
    assert all((c == 1).all() for c in count.values())


def test_in_cgc_no_loss_reaches_another_tasks_experts():
    net = turned(network("CGC"))
    assert owners(sn.reach(net, X, "a"), "experts") == {(1, "a"), (1, "shared")}
    assert owners(sn.reach(net, X, "b"), "experts") == {(1, "b"), (1, "shared")}


def test_in_ple_a_loss_reaches_the_other_tasks_lower_experts_but_not_the_upper_ones():
    net = turned(network("PLE"))
    reached = sn.reach(net, X, "b")
    assert owners(reached, "experts") == {
        (1, "a"),
        (1, "b"),
        (1, "shared"),
        (2, "b"),
        (2, "shared"),
    }
    assert owners(reached, "gate") == {(1, "b"), (1, "shared"), (2, "b")}


def test_the_leak_of_ple_goes_through_the_shared_gate():
    net = turned(network("PLE"))
    top = net.levels[1]
    last = top.experts[0].kernel
    # the shared expert of level 2 goes blind
    last.assign(np.where(np.arange(5)[:, None, None] == 4, 0, last))
    assert (1, "a") not in owners(sn.reach(net, X, "b"), "experts")


def test_everything_is_shared_in_omoe_and_all_but_the_gates_in_mmoe():
    omoe, mmoe = turned(network("OMoE")), turned(network("MMoE"))
    assert (
        sn.reach(omoe, X, "a") == sn.reach(omoe, X, "b") == set(omoe.blocks())
    )
    assert sn.reach(mmoe, X, "a") ^ sn.reach(mmoe, X, "b") == {
        Block(1, "gate", "a"),
        Block(1, "gate", "b"),
    }


def test_adatt_reaches_all_experts_and_cross_stitch_all_networks():
    adatt, stitch = turned(network("AdaTT")), network("cross-stitch")
    assert owners(sn.reach(adatt, X, "a"), "experts") == {
        (level, t) for level in (1, 2) for t in AB
    }
    stitch(X)
    assert owners(sn.reach(stitch, X, "a"), "network") == {
        (level, t) for level in (1, 2) for t in AB
    }
    assert owners(sn.reach(stitch, X, "a"), "stitch") == {
        (1, "a"),
        (1, "b"),
        (2, "a"),
    }


# ---------------------------------------------------------------- measures and drawings


def test_usage_of_an_even_and_of_a_polarised_gate():
    even, polar = (
        sn.usage(np.full((5, 4), 0.25)),
        sn.usage(np.eye(4)[[0, 0, 0, 1]]),
    )
    np.testing.assert_allclose(even.mean, 0.25)
    assert even.entropy == pytest.approx(1) and polar.entropy == pytest.approx(
        0
    )
    np.testing.assert_allclose(polar.mean, [0.75, 0.25, 0, 0])
    np.testing.assert_allclose(polar.deviation[0], np.sqrt(0.75 * 0.25))


def test_usage_of_two_to_one():
    # in bits
    assert sn.usage([[2 / 3, 1 / 3]]).entropy == pytest.approx(0.918296)


def test_likeness_of_clones_opposites_and_a_dead_expert():
    f = np.random.default_rng(5).normal(size=(30, 2))
    alike = sn.likeness(np.stack([f, 3 * f + 1, -f, np.ones_like(f)]))
    np.testing.assert_allclose(
        alike,
        [[1, 1, -1, 0], [1, 1, -1, 0], [-1, -1, 1, 0], [0, 0, 0, 0]],
        atol=1e-9,
    )


@gated
def test_gates_and_experts_are_drawn_with_their_numbers(name):
    net = turned(network(name))
    gates, experts = sn.draw_gates(net, X), sn.draw_experts(net, X)
    weights = net.gate_weights(X)[-1]
    for axes, (gate, w) in zip(gates.axes, weights.items(), strict=True):
        np.testing.assert_allclose(
            [bar.get_height() for bar in axes.patches], sn.usage(w).mean
        )
        assert axes.get_ylabel() == gate
        assert [
            label.get_text() for label in axes.get_xticklabels()
        ] == net.levels[-1].columns(gate)
    said = [
        float(text.get_text().replace("\N{MINUS SIGN}", "-"))
        for text in experts.axes[0].texts
    ]
    np.testing.assert_allclose(
        said, sn.likeness(net.expert_outputs(X)[-1]).ravel(), atol=0.051
    )


# ---------------------------------------------------------------- one task: the control


def test_with_one_task_a_gated_network_is_one_mix_and_the_others_are_a_plain_trunk():
    alone = {name: make(["a"]) for name, make in ONE.items()}
    outputs = {name: network(X) for name, network in alone.items()}
    assert all(
        list(found) == ["a"] and np.isfinite(found["a"]).all()
        for found in outputs.values()
    )
    trunk = keras.ops.relu(
        X @ alone["bottom"].trunk[0].kernel + alone["bottom"].trunk[0].bias
    )
    np.testing.assert_allclose(outputs["bottom"]["a"], trunk, atol=1e-6)
    stitch = alone["stitch"].networks[0]
    np.testing.assert_allclose(
        outputs["stitch"]["a"],
        keras.ops.relu(X @ stitch.kernel[0] + stitch.bias[0]),
        atol=1e-6,
    )


ONE = {
    "bottom": lambda tasks: sn.SharedBottom(tasks, (5,)),
    "stitch": lambda tasks: sn.CrossStitch(tasks, (5,)),
    "MMoE": lambda tasks: sn.MMoE(tasks, 4, (5,)),
    "PLE": lambda tasks: sn.PLE(tasks, 1, 1, [(5,), (5,)]),
    "AdaTT": lambda tasks: sn.AdaTT(tasks, 2, [(5,)]),
}


# ---------------------------------------------------------------- bad arguments


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: sn.MMoE((), 4, (5,)),
            r"tasks: expected different names, .* found \[\]",
        ),
        (lambda: sn.MMoE("ab", 4, (5,)), r"found \['ab'\]"),
        (lambda: sn.MMoE(("a", "a"), 4, (5,)), r"found \['a', 'a'\]"),
        (lambda: sn.CGC(("a", "shared"), 1, 1, (5,)), "none of them 'shared'"),
        (
            lambda: sn.MMoE(AB, 0, (5,)),
            "expected a whole number of at least 1, found 0",
        ),
        (
            lambda: sn.MMoE(AB, 2.5, (5,)),
            "expected a whole number of at least 1, found 2.5",
        ),
        (
            lambda: sn.MMoE(AB, 4, ()),
            r"units: expected the widths of one layer or more, .* found \(\)",
        ),
        (lambda: sn.MMoE(AB, 4, 5), "found 5"),
        (
            lambda: sn.SharedBottom(AB, (5, -1)),
            "units: expected a whole number of at least 1, found -1",
        ),
        (
            lambda: sn.PLE(AB, 1, 1, []),
            r"units: expected the widths of every level, .* found \[\]",
        ),
        (lambda: sn.PLE(AB, 1, 1, (64, 32)), r"such as \(64, 32\), found 64"),
        (
            lambda: sn.PLE(AB, 1, 0, [(5,)]),
            "shared: expected a whole number of at least 1, found 0",
        ),
        (
            lambda: sn.PLE(AB, "2", 1, [(5,)]),
            "own: expected a whole number of at least 1, found '2'",
        ),
        (
            lambda: sn.PLE(AB, [1, 2, 3], 1, [(5,)]),
            r"own: expected a number for each of \['a', 'b'\], found \[1, 2, 3\]",
        ),
        (
            lambda: sn.CGC(AB, {"a": 1, "c": 1}, 1, (5,)),
            r"own: expected a number for each of \['a', 'b'\], found {'a': 1, 'c': 1}",
        ),
        (
            lambda: sn.CGC(AB, {"a": 1, "b": 0}, 1, (5,)),
            "own of b: expected a whole number of at least 1, found 0",
        ),
        (
            lambda: sn.Gate(3, dropout=1.0),
            r"dropout: expected a chance in \[0, 1\), found 1.0",
        ),
        (
            lambda: sn.Level({"a": 1}, {"a": ["a", "c"]}, (5,)),
            r"gates: expected groups among \['a'\], found \['c'\]",
        ),
        (
            lambda: network("MMoE")(X[0]),
            r"expected input of shape \(batch, d\), found \(6,\)",
        ),
        (
            lambda: network("shared bottom")(X[None]),
            r"expected input of shape \(batch, d\), found",
        ),
        (
            lambda: sn.Experts(3, 5)(np.ones((2, 4, 6))),
            r"or \(3, batch, d\), found \(2, 4, 6\)",
        ),
        (
            lambda: sn.reach(network("MMoE"), X, "c"),
            r"expected a task of \['a', 'b'\], found 'c'",
        ),
        (
            lambda: sn.ridge_tasks(1.5, 10, 0),
            r"relatedness: expected a cosine in \[-1, 1\], found 1.5",
        ),
        (
            lambda: sn.train_together(
                [model_of("MMoE")], np.ones((2, 9, D)), np.ones((2, 9, 2))
            ),
            "found 1, 2 and 2",
        ),
    ],
)
def test_a_bad_argument_is_named_with_what_was_expected(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---------------------------------------------------------------- the experiment


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_the_papers_data_has_the_relatedness_that_was_asked_for(p):
    x, y = sn.ridge_tasks(p, 20_000, seed=1)
    assert x.shape == (20_000, 32) and y.shape == (20_000, 2)
    np.testing.assert_allclose(y.std(0), 1, atol=1e-3)
    _, same = sn.ridge_tasks(p, 20_000, seed=1)
    np.testing.assert_array_equal(y, same)
    w = np.linalg.lstsq(x, y, rcond=None)[
        0
    ].T  # the best linear function of a sum of ridges points along w
    cosine = w[0] @ w[1] / np.linalg.norm(w[0]) / np.linalg.norm(w[1])
    assert abs(cosine - p) < 0.15
    if p == 1:
        assert np.corrcoef(y.T)[0, 1] > 0.99


def test_the_widths_are_matched():
    mmoe, bottom = (
        sn.two_towers(sn.DESIGNS[name]()) for name in ("MMoE", "shared bottom")
    )
    assert abs(mmoe.count_params() / bottom.count_params() - 1) < 0.02
    # by hand, without biases and gates, as in the MMoE paper:
    # (8·100·16 + 2·16·8) / (100 + 16) = 113
    assert round((8 * 100 * 16 + 2 * 16 * 8) / (100 + 2 * 8)) == 113


def a_run_of_each(name, seeds):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 500, D)).astype("float32")
    return (
        [model_of(name, seed) for seed in seeds],
        x,
        np.stack([x[..., 0] * x[..., 1], x[..., 2]], -1),
    )


@pytest.mark.parametrize(
    ("name", "i"), [("MMoE", 0), ("PLE", 1), ("cross-stitch", 1)]
)
def test_runs_side_by_side_learn_what_each_learns_alone(name, i):
    together, x, y = a_run_of_each(name, (0, 1))
    before = together[1].get_weights()
    sn.train_together(together, x, y, steps=30, batch=64)
    assert (
        max(
            np.abs(w - start).max()
            for w, start in zip(together[1].get_weights(), before)
        )
        > 0.05
    )
    alone = model_of(name, seed=i)
    sn.train_together([alone], x[i : i + 1], y[i : i + 1], steps=30, batch=64)
    for one, other in zip(
        together[i].get_weights(), alone.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_gates_drop_experts_side_by_side_too_and_differently_in_every_step():
    (model, other), x, y = a_run_of_each("dropout", (0, 0))
    state = model.non_trainable_variables[0]
    seen = {tuple(np.asarray(state))}
    for _ in range(2):
        sn.train_together([model, other], x, y, steps=1, batch=64)
        seen.add(tuple(np.asarray(state)))
    assert len(seen) == 3
    plain = model_of("MMoE", 0)
    plain.set_weights(model_of("dropout", 0).trainable_weights)
    sn.train_together([plain], x[:1], y[:1], steps=3, batch=64)
    sn.train_together(
        [again := model_of("dropout", 0)], x[:1], y[:1], steps=3, batch=64
    )
    assert (
        max(
            np.abs(a - b).max()
            for a, b in zip(
                plain.get_weights(), map(np.asarray, again.trainable_weights)
            )
        )
        > 1e-3
    )


def test_a_step_side_by_side_is_a_step_of_keras():
    x = X[None]
    y = np.stack([X[:, 0], X[:, 1]], -1)[None]
    fitted, together = model_of("MMoE"), model_of("MMoE")
    fitted.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 1)),
        dict.fromkeys(AB, "mse"),
        loss_weights=dict.fromkeys(AB, 0.5),
        run_eagerly=True,
    )
    rows = np.random.default_rng(0).integers(64, size=64)
    fitted.train_on_batch(X[rows], {"a": y[0, rows, :1], "b": y[0, rows, 1:]})
    sn.train_together([together], x, y, steps=1, batch=64)
    for one, other in zip(
        fitted.get_weights(), together.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_relatedness_reports_every_run_and_its_progress():
    seen = []
    errors = sn.relatedness(
        (0.0, 1.0),
        seeds=2,
        rates=(0.01, 0.02, 0.04),
        steps=5,
        rows=300,
        designs={name: sn.DESIGNS[name] for name in ("MMoE", "OMoE")},
        progress=lambda done, total: seen.append((done, total)),
    )
    for found in errors.values():
        assert found.check.shape == found.test.shape == (3, 2, 2)
        assert (found.check != found.test).all()
        assert len(np.unique(found.test)) == 12  # no run stands for another
    assert seen == [(i, 30) for i in range(1, 31)]


def test_the_rate_is_chosen_on_the_rows_that_do_not_judge():
    check = np.ones((3, 2, 4))
    check[1, 0] = check[2, 1] = 0.5
    test = np.stack([np.full((2, 4), float(rate)) for rate in range(3)])
    found = sn.Errors(check, test)
    np.testing.assert_array_equal(sn.best_rates(found), [1, 2])
    np.testing.assert_array_equal(
        sn.tuned(sn.Errors(check[:, :1], test[:, :1])), np.full((1, 4), 1.0)
    )
    with pytest.raises(ValueError, match="within the range that was tried"):
        sn.tuned(found)  # the last rate is the best: the search is open


def test_a_stuck_run_does_not_choose_the_rate():
    """The mean of the logarithms decides, not the mean."""
    check = np.array([[[1.0] * 4], [[0.5, 0.5, 0.5, 5.0]], [[2.0] * 4]])
    assert sn.best_rates(sn.Errors(check, check)).tolist() == [1]


def test_ratio_is_a_geometric_mean_paired_by_seed():
    errors = np.array([0.2, 0.02, 2.0])
    assert sn.ratio(errors, errors / 3) == pytest.approx((3, 3, 3))
    assert sn.ratio(np.array([1.0, 4.0]), np.ones(2)).mean == pytest.approx(2)


# ---------------------------------------------------------------- one family, and sparse gates


def logits_of(net):
    """Logits of all gates over all experts; the mask: who may read whom."""
    (level,) = net.levels
    places = {gate: np.asarray(level.places(gate)) for gate in level.gates}
    logits = [
        X @ np.asarray(gate.kernel) @ places[name]
        for name, gate in level.gates.items()
    ]
    mask = [places[name].any(0) for name in level.gates]
    return np.stack(logits, 1), np.array(mask)


@pytest.mark.parametrize("name", ["OMoE", "MMoE", "deep MMoE", "CGC"])
def test_the_designs_are_one_mixture_with_a_mask(name):
    net = turned(network(name))
    (outputs,) = net.expert_outputs(X)
    h = np.asarray(sn.mixture(outputs, *logits_of(net)))
    for task in AB:
        row = list(net.levels[0].gates).index(
            task if task in net.levels[0].gates else "shared"
        )
        np.testing.assert_allclose(h[:, row], net(X)[task], atol=1e-5)


def test_a_mixture_of_one_expert_is_a_shared_bottom():
    bottom = sn.SharedBottom(AB, (5,))
    h = np.asarray(bottom(X)["a"])
    outputs = np.stack([h, np.zeros_like(h)])
    mask = np.array([[True, False], [True, False]])
    logits = np.random.default_rng(0).normal(size=(64, 2, 2))
    mixed = np.asarray(sn.mixture(outputs, logits.astype("float32"), mask))
    np.testing.assert_allclose(mixed[:, 0], h, rtol=1e-6)
    np.testing.assert_allclose(mixed[:, 1], h, rtol=1e-6)


@given(
    logits=st.lists(st.floats(-20, 20), min_size=4, max_size=4),
    mask=st.lists(st.booleans(), min_size=4, max_size=4).filter(any),
)
def test_masked_weights_are_the_softmax_of_what_is_kept(logits, mask):
    z, kept = np.array(logits), np.array(mask)
    weights = np.asarray(sn.masked(z[None], kept[None]))[0]
    np.testing.assert_array_equal(weights[~kept], 0)
    np.testing.assert_allclose(weights[kept], softmax(z[kept]), rtol=1e-5)


@given(logits=st.permutations([0.0, 1.0, 2.5, -3.0]), k=st.integers(1, 4))
def test_top_k_keeps_the_k_largest(logits, k):
    weights = np.asarray(sn.top_k([logits], k))[0]
    largest = np.argsort(logits)[-k:]
    assert set(np.flatnonzero(weights)) == set(largest)
    np.testing.assert_allclose(
        weights[largest], softmax(np.array(logits)[largest]), rtol=1e-5
    )


def test_the_share_of_experts_that_run_is_what_independent_gates_pick():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4000, 3, 10)).astype("float32")  # three gates
    chosen = (np.asarray(sn.top_k(z, 2)) > 0).any(1)
    assert chosen.mean() == pytest.approx(
        sn.expected_share(experts=10, k=2, tasks=3), abs=0.01
    )
    assert sn.expected_share(8, 8, 1) == 1
    with pytest.raises(ValueError, match="k: expected a number from 1 to 8"):
        sn.expected_share(8, 9, 1)


def test_overlap_by_hand():
    assert sn.overlap([[0.5, 0.5]], [[0.5, 0.5]]) == pytest.approx(1)
    assert sn.overlap([[0.6, 0.8]], [[0.8, 0.6]]) == pytest.approx(0.96)
    assert sn.overlap(np.eye(2), np.eye(2)[::-1]) == 0


def test_gates_with_a_bias_add_it_to_their_logits():
    gate = sn.Gate(2, bias=True)
    gate.build((None, 3))
    gate.bias.assign([np.log(3.0), 0.0])
    np.testing.assert_allclose(gate(np.zeros((1, 3))), [[0.75, 0.25]])
    assert sn.Gate.from_config(gate.get_config()).has_bias


# ---------------------------------------------------------------- the linear view


@pytest.mark.parametrize("cosine", [-1.0, -0.5, 0.0, 0.6, 1.0])
def test_one_unit_for_two_tasks_leaves_half_of_what_is_not_common(cosine):
    weights = np.array([[1.0, 0.0], [cosine, np.sqrt(1 - cosine**2)]])
    left = ((weights - sn.nearest(weights, 1)) ** 2).sum()
    assert left == pytest.approx(1 - abs(cosine), abs=1e-9)


def test_a_bottom_as_wide_as_the_tasks_imposes_nothing():
    x, y, _ = sn.linear_tasks(tasks=4, rank=4, rows=50, seed=0)
    alone = sn.linear.least_squares(x, y)
    for width in (4, 5):
        np.testing.assert_allclose(
            sn.linear.bottom(x, y, width), alone, atol=1e-9
        )
    narrow = sn.linear.bottom(x, y, 2)
    assert np.linalg.matrix_rank(narrow) == 2


def test_a_narrow_bottom_is_the_best_of_its_rank():
    x, y, _ = sn.linear_tasks(tasks=4, rank=4, rows=50, seed=0)
    best = ((x @ sn.linear.bottom(x, y, 2).T - y) ** 2).sum()
    heads, trunk = sn.linear.decayed_bottom(x, y, 2, decay=0.0, steps=20_000)
    found = ((x @ (heads @ trunk).T - y) ** 2).sum()
    assert best <= found + 1e-6 and found == pytest.approx(best, rel=1e-3)


def test_decay_on_both_layers_is_a_decay_of_the_singular_values():
    x, y, _ = sn.linear_tasks(tasks=4, rank=2, rows=50, seed=0)
    heads, trunk = sn.linear.decayed_bottom(x, y, 4, decay=0.3, steps=3000)
    squares = ((heads**2).sum() + (trunk**2).sum()) / 2
    values = np.linalg.svd(heads @ trunk, compute_uv=False)
    assert squares == pytest.approx(values.sum(), rel=1e-4)


def test_the_tasks_have_the_rank_that_was_asked_for():
    _, _, truth = sn.linear_tasks(tasks=5, rank=2, rows=9, seed=3)
    assert np.linalg.matrix_rank(truth) == 2
    np.testing.assert_allclose((truth**2).sum(1), 1)
    _, _, truth = sn.linear_tasks(tasks=5, rank=5, rows=9, seed=3)
    np.testing.assert_allclose(truth @ truth.T, np.eye(5), atol=1e-9)


def test_a_search_of_the_decay_that_is_not_closed_is_refused():
    with pytest.raises(ValueError, match="decays: expected the best one"):
        sn.widths(rank=1, seeds=1, tasks=2, decays=[5.0, 6.0, 7.0])
