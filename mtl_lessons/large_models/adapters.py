"""Adapters of low rank as a way to share: one trunk for all tasks, and for each
task a small change to it.

    h_t(x) = relu((W + A_t B_t) x + b_t),   A_t (d, r), B_t (r, units)

(LoRA, Hu et al. 2021, adapts a *frozen* matrix so; here it is also trained with
the trunk, which makes it a sharing structure.) The tasks of the experiment
are `y_t = a_t · relu((V + s D_t) x)`, with D_t of rank 2: at s = 0 they are one
task with different heads, and nothing is private.
"""

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons.backend import Tensor, tf
from mtl_lessons.metrics import Array
from mtl_lessons.stored import Progress, counted, rounded

from .batched import adam, variable

SEEDS, TASKS, D = 8, 6, 16
TEACHER, UNITS = 16, 32  # units of the truth, and of what learns it
ROWS, LATER, TEST = 600, 200, 1000  # of a task
STEPS, EVERY, BATCH = 1200, 60, 64
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
DISTANCES = (0.0, 1.0)
NOISE = 0.3


class Sharing(NamedTuple):
    """How tasks share: `rank` of the adapters, `own` trunks, `units` of the
    trunk, and whether adapters come after a trunk that stays as it is.

    >>> Sharing(rank=2).own
    False
    """

    rank: int = 0
    own: bool = False
    units: int = UNITS
    frozen: bool = False


def adapter_weights(d: int, units: int, rank: int) -> int:
    """Weights of an adapter of one task.

    >>> adapter_weights(d=16, units=32, rank=2)
    96
    """
    if rank < 0:
        raise ValueError(f"rank: expected 0 or more, found {rank}")
    return rank * (d + units)


def trunk_weights(arm: Sharing) -> int:
    """Weights of all trunks and adapters; heads and biases are alike in all.

    >>> trunk_weights(Sharing()), trunk_weights(Sharing(rank=2)), trunk_weights(Sharing(own=True))
    (512, 1088, 3072)
    """
    trunks = TASKS if arm.own else 1
    each = adapter_weights(D, arm.units, arm.rank)
    return trunks * D * arm.units + TASKS * each


ARMS = {
    "one trunk": Sharing(),
    "one trunk, wider": Sharing(units=68),
    "adapters, rank 2": Sharing(rank=2),
    "adapters, rank 4": Sharing(rank=4),
    "a trunk each": Sharing(own=True),
    "rank 2 on a frozen trunk": Sharing(rank=2, frozen=True),
}


class AdapterTasks(NamedTuple):
    """Inputs and outputs, `(SEEDS, TASKS, rows, …)`, of the three parts."""

    x: dict[str, Array]
    y: dict[str, Array]


def draw(distance: float) -> AdapterTasks:
    """Six regressions for each seed, with outputs of variance 1; the test has
    no noise.
    """
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(SEEDS, 1, D, TEACHER)) / np.sqrt(D)
    left = rng.normal(size=(SEEDS, TASKS, D, 2))
    right = rng.normal(size=(SEEDS, TASKS, 2, TEACHER))
    matrix = shared + distance * left @ right / np.sqrt(2 * D)
    head = rng.normal(size=(SEEDS, TASKS, TEACHER, 1)) / np.sqrt(TEACHER)
    x, y = {}, {}
    for part, rows in (("train", ROWS), ("later", LATER), ("test", TEST)):
        x[part] = rng.normal(size=(SEEDS, TASKS, rows, D))
        y[part] = np.maximum(x[part] @ matrix, 0) @ head
    mean = y["test"].mean((2, 3), keepdims=True)
    size = y["test"].std((2, 3), keepdims=True)
    y = {part: (values - mean) / size for part, values in y.items()}
    for part in ("train", "later"):
        y[part] += NOISE * rng.normal(size=y[part].shape)
    return AdapterTasks(x, y)


def adapted(x: Tensor, trunk: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """`x (W + A B)`, computed as `x W + (x A) B`: the product of both small
    matrices is never made.
    """
    return x @ trunk + (x @ a) @ b


def fit_adapters(
    tasks: AdapterTasks, arm: Sharing, rate: float, steps: int = STEPS
) -> tuple[Array, Array]:
    """All tasks of all seeds; the step that is best on `later`, for each seed.

    Returns the errors on `later` and `test`, `(SEEDS,)`, as shares of the
    outputs' variance (the noise of `later` is in its).

    >>> later, test = fit_adapters(draw(0.0), Sharing(), rate=0.01, steps=EVERY)
    >>> test.shape
    (8,)
    """
    rng = np.random.default_rng(1)

    def start(*shape: int, size: float) -> tf.Variable:
        return variable(size * rng.normal(size=(SEEDS, *shape)))

    trunks = TASKS if arm.own else 1
    trunk = start(trunks, D, arm.units, size=D**-0.5)
    bias = variable(np.zeros((SEEDS, TASKS, 1, arm.units)))
    head = start(TASKS, arm.units, 1, size=arm.units**-0.5)
    level = variable(np.zeros((SEEDS, TASKS, 1, 1)))
    weights = [trunk, bias, head, level]
    a = start(TASKS, D, max(arm.rank, 1), size=D**-0.5)
    b = variable(np.zeros((SEEDS, TASKS, max(arm.rank, 1), arm.units)))

    def output(x: Tensor) -> Tensor:
        before = adapted(x, trunk, a, b) if arm.rank else x @ trunk
        return tf.nn.relu(before + bias) @ head + level

    data = {
        part: (tf.constant(x, "float32"), tf.constant(tasks.y[part], "float32"))
        for part, x in tasks.x.items()
    }
    if arm.frozen:
        best = _run([trunk, bias, head, level], output, data, rate, steps)
        _restore([trunk, bias, head, level], best)
        return _run([a, b, bias, head, level], output, data, rate, steps)[:2]
    if arm.rank:
        weights += [a, b]
    return _run(weights, output, data, rate, steps)[:2]


def _run(
    weights: list[tf.Variable],
    output: Callable[[Tensor], Tensor],
    data: dict[str, tuple[Tensor, Tensor]],
    rate: float,
    steps: int,
) -> tuple[Array, Array, list[Array]]:
    """Adam on `weights`; for each seed the best of the steps looked at."""
    moves = [adam(rate)(weight) for weight in weights]

    @tf.autograph.experimental.do_not_convert
    def step(places: Tensor) -> None:
        x, y = (tf.gather(values, places, axis=2) for values in data["train"])
        with tf.GradientTape() as tape:
            wrong = tf.reduce_mean((output(x) - y) ** 2, (2, 3))
            total = tf.reduce_sum(wrong)
        for move, gradient in zip(moves, tape.gradient(total, weights)):
            move(gradient)

    @tf.function
    def some(order: Tensor) -> None:
        for k in tf.range(tf.shape(order)[0]):
            step(order[k])

    @tf.function(autograph=False)
    def look() -> tuple[Tensor, Tensor]:
        found = [
            tf.reduce_mean(
                (output(data[part][0]) - data[part][1]) ** 2, (1, 2, 3)
            )
            for part in ("later", "test")
        ]
        return found[0], found[1]

    rng = np.random.default_rng(2)
    later, test = (values.numpy() for values in look())
    kept = [np.asarray(weight).copy() for weight in weights]
    for _ in range(steps // EVERY):
        some(tf.constant(rng.integers(ROWS, size=(EVERY, BATCH)), "int32"))
        new_later, new_test = (values.numpy() for values in look())
        better = new_later < later
        later = np.where(better, new_later, later)
        test = np.where(better, new_test, test)
        for weight, old in zip(weights, kept):
            old[better] = np.asarray(weight)[better]
    return later, test, kept


def _restore(weights: list[tf.Variable], found: tuple[Any, Any, list]) -> None:
    for weight, values in zip(weights, found[2]):
        weight.assign(values)


def compare(tasks: AdapterTasks, name: str) -> dict[str, Any]:
    """One arm with the rate that is best on later rows, on all seeds' mean."""
    tried = {
        rate: fit_adapters(tasks, ARMS[name], rate, STEPS) for rate in RATES
    }
    rate = min(tried, key=lambda r: tried[r][0].mean())
    return {
        "arm": name,
        "weights": trunk_weights(ARMS[name]),
        "rate": rate,
        "losses": {
            str(r): round(float(v[0].mean()), 4) for r, v in tried.items()
        },
        "error": rounded(tried[rate][1], 4),
    }


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """All arms at distance 0 and 1."""
    points = list(product(DISTANCES, ARMS))
    drawn = {distance: draw(distance) for distance in DISTANCES}
    return {
        "recipe": "mtl_lessons.large_models.adapters.grid",
        "cells": [
            {"distance": distance} | compare(drawn[distance], name)
            for distance, name in counted(points, progress)
        ],
    }
