"""What a training step costs, by optimiser and layer; and what the cheap step
costs in quality.

Importing this module imports TensorFlow.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from mtl_lessons import stored
from mtl_lessons.backend import keras, tf
from mtl_lessons.metrics import Interval, interval
from mtl_lessons.stored import Progress, counted, rounded

from .clicks import Worlds, aucs, own_rows, trained
from .rows import LazyAdam, RowAdagrad, RowEmbedding

layers = keras.layers

OPTIMIZERS = {
    "Adam": keras.optimizers.Adam,
    "Adagrad": keras.optimizers.Adagrad,
    "SGD": keras.optimizers.SGD,
    "LazyAdam": LazyAdam,
    "RowAdagrad": RowAdagrad,
}
TABLES = {"Embedding": layers.Embedding, "RowEmbedding": RowEmbedding}
SIZES, BATCHES = (10_000, 100_000, 1_000_000), (128, 512, 2048)
WIDTH, TIMED = 16, 9


def tower(rows: int, table: str, width: int = WIDTH) -> keras.Model:
    """One table, a layer of 32 units, one output.

    >>> tower(10, "RowEmbedding", width=2).count_params()
    149
    """
    ids = keras.Input((), dtype="int32")
    x = layers.Dense(32, "relu")(TABLES[table](rows, width)(ids))
    return keras.Model(ids, layers.Dense(1, "sigmoid")(x))


def stepper(rows: int, optimizer: str, table: str) -> Callable[[int], float]:
    """A function that trains one step of so many ids, drawn evenly, and returns
    its processor time in seconds (all threads).

    >>> stepper(10, "RowAdagrad", "RowEmbedding")(4) > 0
    True
    """
    model = tower(rows, table)
    model.compile(OPTIMIZERS[optimizer](0.01), "binary_crossentropy")
    model.optimizer.build(model.trainable_variables)
    ids = tf.TensorSpec([None], tf.int32)
    labels = tf.TensorSpec([None, 1], tf.float32)
    step = tf.function(
        lambda x, y: model.train_step((x, y)),
        input_signature=[ids, labels],
        autograph=False,
    )
    rng = np.random.default_rng(0)

    def timed(batch: int) -> float:
        x = tf.constant(rng.integers(rows, size=batch), tf.int32)
        y = tf.constant(rng.random((batch, 1)) < 0.1, tf.float32)
        start = time.process_time()
        step(x, y)
        return time.process_time() - start

    return timed


def ratio(
    slow: tuple[str, str], quick: tuple[str, str], rows: int, batch: int = 512
) -> float:
    """How many times a step of `slow` costs one of `quick`, each `(optimiser,
    table)`: medians of processor time, in turns.

    >>> ratio(("SGD", "Embedding"), ("SGD", "RowEmbedding"), rows=10, batch=4) > 0
    True
    """
    both = [stepper(rows, *arm) for arm in (slow, quick)]
    for _ in range(2):
        [step(batch) for step in both]
    times = [[step(batch) for step in both] for _ in range(TIMED)]
    first, second = np.median(times, axis=0)
    return float(first / second)


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """Median processor time of a step, in ms, of every optimiser with every
    layer.
    """
    arms = list(product(SIZES, TABLES, OPTIMIZERS))
    cells = []
    for rows, table, optimizer in counted(arms, progress):
        step = stepper(rows, optimizer, table)
        for batch in BATCHES:
            [step(batch) for _ in range(2)]
            found = 1e3 * np.median([step(batch) for _ in range(TIMED)])
            arm = {"table": table, "optimizer": optimizer}
            point = {"rows": rows, "batch": batch} | arm
            cells.append(point | {"ms": round(float(found), 2)})
        del step
        keras.backend.clear_session()
    return {"width": WIDTH, "timed": TIMED, "cells": cells}


def cost(
    optimizer: str, table: str, rows: int = 1_000_000, batch: int = 512
) -> float:
    """A step in ms, of the stored grid.

    >>> cost("Adam", "Embedding") > 20 * cost("RowAdagrad", "RowEmbedding")
    True
    """
    point = {"rows": rows, "batch": batch, "table": table}
    cells = stored.read("scale_steps")["cells"]
    return stored.at(cells, optimizer=optimizer, **point)["ms"]


# ------------------------------------------------------------------- quality

SEEDS, USERS, ITEMS, ROWS, EPOCHS = 5, 8_000, 300, 180_000, 3
RATES = (0.001, 0.003, 0.01, 0.03)


class DenseAdam(keras.optimizers.Adam):
    """Adam that is given the dense gradient: duplicates are summed before they
    are squared.

    >>> table = keras.Variable([[1.0], [1.0]])
    >>> twice = tf.IndexedSlices(
    ...     tf.ones((2, 1)), tf.constant([1, 1]), tf.constant([2, 1])
    ... )
    >>> DenseAdam(0.5).apply([twice], [table])
    >>> table.numpy().ravel().round(3).tolist()  # the first step: the sign
    [1.0, 0.5]
    """

    def update_step(
        self, gradient: Any, variable: Any, learning_rate: Any
    ) -> None:
        dense = tf.convert_to_tensor(gradient)
        super().update_step(dense, variable, learning_rate)


class DenseAdagrad(keras.optimizers.Adagrad):
    """Adagrad that is given the dense gradient.

    >>> table = keras.Variable([[1.0], [1.0]])
    >>> twice = tf.IndexedSlices(
    ...     tf.ones((2, 1)), tf.constant([1, 1]), tf.constant([2, 1])
    ... )
    >>> DenseAdagrad(0.5, 0.0).apply([twice], [table])
    >>> table.numpy().ravel().round(3).tolist()  # 0.5 · 2 / √2²
    [1.0, 0.5]
    """

    def update_step(
        self, gradient: Any, variable: Any, learning_rate: Any
    ) -> None:
        dense = tf.convert_to_tensor(gradient)
        super().update_step(dense, variable, learning_rate)


ADAMS = {
    "Adam": keras.optimizers.Adam,
    "Adam, dense gradient": DenseAdam,
    "LazyAdam": LazyAdam,
}


def quality_grid(
    progress: Progress | None = None, rates: Sequence[float] = RATES
) -> dict[str, Any]:
    """AUC of each Adam, at every learning rate, after each epoch: rows to choose
    by (`check`) and rows to judge by (`test`), the later ones.
    """
    worlds = Worlds(SEEDS, USERS, ITEMS, ROWS, decision_noise=1.0)
    half = len(worlds.future["click"]) // 2
    early = np.arange(len(worlds.future["click"])) < half
    where = np.broadcast_to(early[:, None], worlds.future["click"].shape)
    arms = list(product(ADAMS, rates))
    cells = []
    for name, rate in counted(arms, progress):
        scores = trained(
            worlds, own_rows(worlds), partial(ADAMS[name], rate), EPOCHS
        )
        for epoch, score in enumerate(scores, 1):
            found = {
                "check": aucs(worlds, score, where),
                "test": aucs(worlds, score, ~where),
            }
            point = {"optimizer": name, "rate": rate, "epoch": epoch}
            cells.append(point | rounded(found, 4))
    return {"cells": cells}


def best(optimizer: str) -> dict[str, Any]:
    """The cell of the stored grid that is best on the rows to choose by.

    >>> best("LazyAdam")["rate"] in RATES
    True
    """
    cells = stored.read("scale_optimizers")["cells"]
    own = [cell for cell in cells if cell["optimizer"] == optimizer]
    return max(own, key=lambda cell: np.mean(cell["check"]))


def price(optimizer: str, than: str = "Adam") -> Interval:
    """Test AUC of one optimiser minus that of another, each at its own best
    setting; paired by seed.

    >>> price("Adam", than="Adam").mean
    0.0
    """
    return interval(np.subtract(best(optimizer)["test"], best(than)["test"]))
