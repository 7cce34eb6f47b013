"""A restarted model is a newly made one.

It has the same state after some steps, whatever was learned before.
"""

from functools import partial
from itertools import cycle, islice

import balances
import numpy as np
import pytest

from mtl_lessons import loss_balancing as lb
from mtl_lessons.backend import keras
from mtl_lessons.training import Restart

TASKS = ("a", "b", "c")
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = {task: column[:, None] ** 2 for task, column in zip(TASKS, X.T)}

BALANCES = {
    name: partial(make, len(TASKS)) for name, make in balances.BALANCES.items()
}
KINDS = {
    name: kind
    for name, kind in vars(keras.optimizers).items()
    if isinstance(kind, type) and hasattr(kind, "apply")
}
adam = keras.optimizers.Adam
OPTIMIZERS = {
    name: kind
    for name, kind in KINDS.items()
    if name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")
} | {
    "LossScaleOptimizer": lambda: keras.optimizers.LossScaleOptimizer(
        adam(0.1), initial_scale=8.0, dynamic_growth_steps=1
    ),
    "a schedule": lambda: adam(keras.optimizers.schedules.CosineDecay(0.1, 8)),
    "averages": lambda: keras.optimizers.SGD(
        0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2
    ),
    "two batches a step": lambda: keras.optimizers.AdamW(
        0.1, gradient_accumulation_steps=2
    ),
}


def test_every_optimiser_of_keras_is_here():
    assert {"SGD", "Adam", "Adagrad", "Ftrl", "Nadam"} <= set(OPTIMIZERS)


def network() -> keras.Model:
    """It draws at birth and in training, and has a state of its own.

    That is by dropout and batch normalisation.
    """
    x = keras.Input((3,))
    z = keras.layers.Dropout(0.5)(
        keras.layers.Dense(4, "tanh", use_bias=False, name="shared")(x)
    )
    z = keras.layers.BatchNormalization(center=False)(z)
    return keras.Model(
        x,
        {
            task: keras.layers.Dense(1, use_bias=False, name=task)(z)
            for task in TASKS
        },
    )


def compiled(model: keras.Model, optimizer, **options) -> keras.Model:
    model.compile(optimizer, loss=dict.fromkeys(TASKS, "mse"), **options)
    return model


def state_after_training(
    model: keras.Model, steps: int = 2
) -> list[np.ndarray]:
    for _ in range(steps):
        model.train_on_batch(X, Y)
    return [
        variable.numpy()
        for variable in (*model.variables, *model.optimizer.variables)
    ]


def assert_equal(states, others):
    for one, two in zip(states, others, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


# Each optimiser and each balance, at least once.
PAIRS = zip(cycle(OPTIMIZERS), cycle(BALANCES))
EACH_ONCE = list(islice(PAIRS, max(len(OPTIMIZERS), len(BALANCES))))


@pytest.mark.parametrize(("optimizer", "balance"), EACH_ONCE)
def test_it_trains_as_a_newly_made_one_does(optimizer, balance):
    def new(seed):
        keras.utils.set_random_seed(seed)
        made = BALANCES[balance]()
        where = "shared" if getattr(made, "wants_gradients", False) else None
        balanced = lb.Balanced(network(), made, where)
        return compiled(balanced, OPTIMIZERS[optimizer](), run_eagerly=True)

    used = new(seed=0)
    restart = Restart(used, network)
    state_after_training(used, steps=1)
    if isinstance(used.optimizer.learning_rate, keras.Variable):
        used.optimizer.learning_rate = 1e-4  # as a callback would
    restart(seed=1)
    assert_equal(state_after_training(used), state_after_training(new(seed=1)))


def test_a_seed_fixes_a_run_of_fit_and_nothing_is_traced_again():
    def counted(label, prediction):
        traced.append(label)
        return keras.losses.mean_squared_error(label, prediction)

    traced, runs = [], []
    model = network()
    model.compile(
        adam(0.1), loss=dict.fromkeys(TASKS, counted), jit_compile=False
    )
    restart = Restart(model, network)
    for seed in (1, 2, 1):
        restart(seed)
        model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
        runs.append((model.get_weights(), len(traced)))
    (first, once), (other, _), (again, at_last) = runs
    assert_equal(first, again)
    assert np.abs(first[0] - other[0]).max() > 1e-3
    assert once == at_last


def test_without_a_network_to_make_every_start_is_the_first():
    model = compiled(network(), adam(0.1), run_eagerly=True)
    start = [variable.numpy() for variable in model.variables]
    restart = Restart(model)
    runs = []
    for _ in range(2):
        restart(seed=5)  # of the order of rows
        assert_equal(start, [variable.numpy() for variable in model.variables])
        runs.append(state_after_training(model))
    assert_equal(*runs)


def test_it_says_what_it_needs():
    with pytest.raises(
        ValueError,
        match="expected a compiled model, found one without an optimiser",
    ):
        Restart(network())
    model = compiled(network(), "adam")
    restart = Restart(
        model,
        lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]),
    )
    with pytest.raises(
        ValueError,
        match=r"expected variables of the shapes \[\(3, 4\), .*\], found \[\(3, 1\), \(1,\)\]",
    ):
        restart(seed=0)
    compiled(model, "sgd")
    with pytest.raises(
        ValueError, match="found a new one: make a Restart after compile"
    ):
        restart(seed=0)
