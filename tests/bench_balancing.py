"""What balancing costs: the time of a step over that of the plain sum.

Three tasks, and a trunk that dominates.

    python tests/bench_balancing.py [rounds]

All kinds take turns in one process, so that other load on the machine meets them alike; a ratio is
the median over rounds.
"""

import sys
import time
from functools import partial

import balances
import numpy as np

from mtl_lessons import loss_balancing as lb
from mtl_lessons.backend import keras, tf

TASKS, WIDTH, TRUNK, ROWS = (
    ("watch", "click", "rating"),
    128,
    (512, 512, 256),
    1024,
)
# of the weightings that look twice, or at gradients
BARS = {"FAMO": 1.4, "GradNorm": 1.5}
WEIGHTING = 1.05  # of any other
AT_REPRESENTATION, AT_WEIGHTS = 1.2, 2.5  # of any aggregator
make = {
    name: partial(row, len(TASKS)) for name, row in balances.BALANCES.items()
}
KINDS = {"plain sum": (1.0, make["Equal"], True)}
KINDS |= {
    name: (BARS.get(name, WEIGHTING), make[name], True)
    for name in balances.WEIGHTINGS
    if name != "Equal"
}
AGGREGATORS = [name for name in balances.AGGREGATORS if name != "Aggregator"]
KINDS |= {
    f"{name}, representation": (AT_REPRESENTATION, make[name], True)
    for name in AGGREGATORS
}
KINDS |= {
    f"{name}, shared weights": (AT_WEIGHTS, make[name], False)
    for name in AGGREGATORS
}


def one_step(make, at_representation: bool):
    """A compiled training step on random rows."""
    keras.utils.set_random_seed(0)
    x = z = keras.Input((WIDTH,))
    for i, units in enumerate(TRUNK):
        z = keras.layers.Dense(units, "relu", name=f"trunk_{i}")(z)
    heads = {
        t: keras.layers.Dense(1, name=t)(keras.layers.Dense(16, "relu")(z))
        for t in TASKS
    }
    model = lb.Balanced(
        keras.Model(x, heads),
        make(),
        f"trunk_{len(TRUNK) - 1}" if at_representation else None,
    )
    model.compile(
        keras.optimizers.Adam(1e-4),
        loss=dict.fromkeys(TASKS, "mse"),
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)
    rows, labels = (
        tf.random.normal((ROWS, WIDTH)),
        {t: tf.random.normal((ROWS, 1)) for t in TASKS},
    )
    function = tf.function(lambda: model.train_step((rows, labels)))
    return lambda: function()["loss"].numpy()


def measure(steps: dict, rounds: int) -> dict[str, np.ndarray]:
    """Seconds of each step in each round; two rounds before are not counted."""
    seconds = {name: [] for name in steps}
    for _ in range(rounds + 2):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            step()
            seconds[name].append(time.perf_counter() - start)
    return {name: np.array(values[2:]) / 2 for name, values in seconds.items()}


if __name__ == "__main__":
    found = measure(
        {name: one_step(make, at) for name, (_, make, at) in KINDS.items()},
        int((sys.argv[1:] or [15])[0]),
    )
    print(f"plain sum: {1000 * np.median(found['plain sum']):.1f} ms a step")
    for name, seconds in found.items():
        print(
            f"{name:28} x {np.median(seconds / found['plain sum']):.2f}"
            f"   (bar: {KINDS[name][0]:.2f})"
        )
