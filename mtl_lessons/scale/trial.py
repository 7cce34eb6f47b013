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

from mtl_lessons import stored
from mtl_lessons.backend import keras, tf
from mtl_lessons.stored import Progress

from . import cluster
from .processes import Processes, described

LOCAL = {"worker": ["localhost:0"] * 2, "ps": ["localhost:0"] * 2}
SAVED, BACK, STEPS = 6, 9, 20  # steps: checkpoint and kill, restart, the end


def grid(
    progress: Progress | None = None, folder: str | Path | None = None
) -> dict[str, Any]:
    """Train chapter 6's framework in one process and on the cluster.

    Returns the largest differences of weights: at the `start`, after
    synchronous steps with a worker killed after 6 and started again after 9
    (`gap`), and after asynchronous ones (`racing`); the `shards`; the `losses`
    of the last step, in one process and on the cluster; and the errors of two
    ways that do not work. The checkpoint of step 6 stays in `folder`.
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


def _model() -> keras.Model:
    """Keras' own parts, with a table that the partitioner cuts."""
    ids = keras.Input((), dtype="int32")
    table = keras.layers.Embedding(2048, 8)
    return keras.Model(ids, keras.layers.Dense(1)(table(ids)))


def _with_optimizer(strategy: Any, coordinator: Any) -> None:
    """A step of Keras' SGD, on a worker."""
    with strategy.scope():
        model, optimizer = _model(), keras.optimizers.SGD(0.1)
        optimizer.build(model.trainable_variables)

    def one(ids: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(ids) ** 2)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))

    step = tf.function(lambda ids: strategy.run(one, (ids,)))
    coordinator.schedule(step, (tf.constant([1, 2]),))
    coordinator.join()


def _fit(strategy: Any) -> None:
    """Keras' loop."""
    with strategy.scope():
        model = _model()
        model.compile("sgd", "mse")
    rows = tf.data.Dataset.from_tensor_slices(([1, 2], [0.0, 1.0])).batch(2)
    model.fit(rows.repeat(), steps_per_epoch=1, verbose=0)
