"""A cluster tried out: what equals one process, what does not, what fails and
with which words.

    python -m mtl_lessons grid scale_cluster

starts two workers and two servers on this machine, kills a worker on the way,
and keeps what it found. Importing this module imports TensorFlow.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mtl_lessons import stored
from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.stored import Progress

from . import cluster
from .processes import Processes, described

LOCAL = {"worker": ["localhost:0"] * 2, "ps": ["localhost:0"] * 2}
SAVED, BACK, STEPS = 6, 9, 20  # steps: checkpoint and kill, restart, the end
WHOLE = 64  # rows of a table that is too small to be cut
IDS = [[1, 2, 2], [2, 3, 63]]  # of steps by Keras' optimiser


def grid(
    progress: Progress | None = None, folder: str | Path | None = None
) -> dict[str, Any]:
    """Train chapter 6's framework in one process and on the cluster.

    Returns the largest differences of weights: at the `start`, after
    synchronous steps with a worker killed after 6 and started again after 9
    (`gap`), and after asynchronous ones (`racing`); the `shards`; the `losses`
    of the last step, in one process and on the cluster; Keras' optimiser on a
    table that is `whole`, its difference from one process; and the errors of two
    ways that do not work, that `optimizer` on a table in shards, and `fit`. The
    checkpoint of step 6 stays in `folder`.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as own:
            return grid(progress, own)
    tell = progress or (lambda *_: None)
    framework, batches = cluster.example(STEPS)
    alone = cluster.Sharded(framework)
    begun = alone.values()
    losses = cluster.train(alone, batches)
    # now: once connected to a cluster, this process is another to TensorFlow
    ended = alone.values()
    small = _in_one_process(WHOLE)
    tell(1, 5)
    places = described({"cluster": LOCAL})
    with (
        Processes(places) as processes,
        cluster.coordinated(places) as (strategy, coordinator),
    ):
        with strategy.scope():
            sharded = cluster.Sharded(framework)
        start = cluster.gap(sharded.values(), begun)
        tell(2, 5)
        # first, while both workers are there
        with strategy.scope():
            racing = cluster.Sharded(framework)
        cluster.train(racing, batches, strategy, coordinator, wait=False)
        tell(3, 5)
        cluster.train(sharded, batches[:SAVED], strategy, coordinator)
        sharded.checkpoint().save(str(Path(folder) / "ckpt"))
        processes.kill("worker", 0)
        cluster.train(sharded, batches[:BACK], strategy, coordinator)
        processes.start("worker", 0)
        after = cluster.train(sharded, batches, strategy, coordinator)
        tell(4, 5)
        found = {
            "steps": STEPS,
            "start": start,
            "gap": cluster.gap(sharded.values(), ended),
            "racing": cluster.gap(racing.values(), ended),
            "losses": {"one process": losses, "cluster": after},
            "shards": sharded.shards(),
            # before what fails: a step that fails leaves workers in disorder
            "whole": cluster.gap(
                _with_optimizer(strategy, coordinator, WHOLE), small
            ),
            "fit": _said(_fit, strategy),
            "optimizer": _said(_with_optimizer, strategy, coordinator),
        }
        tell(5, 5)
        return found


def shipped() -> dict[str, Any]:
    """What was found, and ships with the package.

    >>> shipped()["gap"] <= 1e-6
    True
    """
    return stored.read("scale_cluster")


def _said(attempt: Callable, *arguments: Any) -> str:
    """The last line of the error that it ends with, or nothing."""
    try:
        attempt(*arguments)
    except Exception as error:  # whatever it is, its words are kept
        kind, last = type(error).__name__, str(error).splitlines()[-1].strip()
        return last if last.startswith(kind) else f"{kind}: {last}"
    return ""


def _model(rows: int = 2048) -> keras.Model:
    """Keras' own parts; the partitioner cuts a table of so many rows."""
    keras.utils.set_random_seed(0)
    ids = keras.Input((), dtype="int32")
    table = keras.layers.Embedding(rows, 8)
    return keras.Model(ids, keras.layers.Dense(1)(table(ids)))


def _keras_step(rows: int) -> tuple[keras.Model, Callable[[Tensor], None]]:
    """A model, and a step of Keras' SGD on some ids."""
    model, optimizer = _model(rows), keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)

    def one(ids: Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(ids) - 1) ** 2)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))

    return model, one


def _with_optimizer(
    strategy: Any, coordinator: Any, rows: int = 2048
) -> list[np.ndarray]:
    """Steps of Keras' SGD on workers, one after the other; the weights then."""
    with strategy.scope():
        model, one = _keras_step(rows)
    step = tf.function(lambda ids: strategy.run(one, (ids,)), autograph=False)
    for ids in IDS:
        coordinator.schedule(step, (tf.constant(ids),))
        coordinator.join()
    return model.get_weights()


def _in_one_process(rows: int) -> list[np.ndarray]:
    model, one = _keras_step(rows)
    for ids in IDS:
        one(tf.constant(ids))
    return model.get_weights()


def _fit(strategy: Any) -> None:
    """Keras' loop."""
    with strategy.scope():
        model = _model()
        model.compile("sgd", "mse")
    rows = tf.data.Dataset.from_tensor_slices(([1, 2], [0.0, 1.0])).batch(2)
    model.fit(rows.repeat(), steps_per_epoch=1, verbose=0)
