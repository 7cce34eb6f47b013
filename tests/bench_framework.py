"""The framework against the same model written by hand, both under Keras' `fit`.

Samples per second, with three tasks.

    python tests/bench_framework.py [rounds]

Both see the same batches. They take turns in one process, so that other load on the machine meets
them alike; a ratio is that of one round, and what counts is the median.
"""

import sys
import time

import numpy as np

from mtl_lessons import three_tasks
from mtl_lessons.backend import keras
from mtl_lessons.world import World

BAR = 0.95
STEPS, BATCH, WIDTH = 200, 512, 8


def by_hand() -> keras.Model:
    """What one would write for these three tasks and no others, in plain Keras.

    A missing label has the weight 0.
    """
    layers = keras.layers
    inputs = {
        name: keras.Input((), dtype="int32", name=name)
        for name in ("user", "ad", "item")
    }
    user, ad, item = (
        layers.Embedding(n + 2, WIDTH)(inputs[name])
        for name, n in (("user", 600), ("ad", 60), ("item", 300))
    )
    trunk = layers.Dense(4 * WIDTH, "relu")(user)

    def meet(target):
        mapped = layers.Dense(WIDTH, use_bias=False)(trunk)
        return layers.Concatenate()(
            [mapped, target, layers.Multiply()([mapped, target])]
        )

    outputs = {
        "chosen": layers.Dense(300, "softmax", name="chosen")(trunk),
        "ad_click": layers.Dense(1, "sigmoid", name="ad_click")(meet(ad)),
        "rating": layers.Rescaling(1.0, 3.5, name="rating")(
            layers.Dense(1)(meet(item))
        ),
    }
    model = keras.Model(inputs, outputs)
    losses = {
        "chosen": "sparse_categorical_crossentropy",
        "ad_click": "binary_crossentropy",
        "rating": "mse",
    }
    model.compile(keras.optimizers.Adam(0.01), losses, jit_compile=False)
    return model


def rows(framework: three_tasks.Framework) -> tuple[dict, dict, dict]:
    """Inputs, labels and weights as a model by hand wants them.

    An id is a row of the table, a label that is missing 0.
    """
    past, _ = three_tasks.logs(World(seed=0), 30_000)
    x, y = framework.rows(past)
    order = three_tasks.draw(
        [len(log["user"]) for log in past],
        [BATCH] * 3,
        STEPS,
        np.random.default_rng(0),
    )
    x = {
        name: np.where(column < 0, 1, column + 2)[order]
        for name, column in x.items()
    }
    y = {name: column[order] for name, column in y.items()}
    known = {
        name: (~np.isnan(column[:, 0])).astype("float32")
        for name, column in y.items()
    }
    return x, {name: np.nan_to_num(column) for name, column in y.items()}, known


def measure(rounds: int) -> dict[str, np.ndarray]:
    """Samples per second in each round.

    A round before, in which both are compiled, is not counted.
    """
    framework = three_tasks.declare(WIDTH).build(
        keras.optimizers.Adam(0.01), jit_compile=False
    )
    hand = by_hand()
    assert hand.count_params() == framework.model.network.count_params()
    x, y, known = rows(framework)
    ids = {name: column - 2 for name, column in x.items()}
    labels = {
        name: np.where(known[name][:, None] > 0, column, np.nan)
        for name, column in y.items()
    }
    plan = {"batch_size": 3 * BATCH, "shuffle": False, "verbose": 0}
    kinds = {
        "framework": lambda: framework.model.fit(ids, labels, **plan),
        "by hand": lambda: hand.fit(x, y, sample_weight=known, **plan),
    }
    speeds = {name: [] for name in kinds}
    for _ in range(rounds + 1):
        for name, fit in kinds.items():
            start = time.perf_counter()
            fit()
            speeds[name].append(
                3 * BATCH * STEPS / (time.perf_counter() - start)
            )
    return {name: np.array(values[1:]) for name, values in speeds.items()}


if __name__ == "__main__":
    found = measure(int((sys.argv[1:] or [9])[0]))
    ratio = float(np.median(found["framework"] / found["by hand"]))
    for name, speed in found.items():
        print(f"{name:10} {np.median(speed):10,.0f} samples per second")
    print(f"framework / by hand: {ratio:.2f} (bar: {BAR})")
    sys.exit(ratio < BAR)
