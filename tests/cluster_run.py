"""One run of a cluster for all tests of it: what it found, as JSON on the last line.

    python tests/cluster_run.py CHECKPOINT

It starts four processes beside itself, once; `tests/test_cluster.py` reads what it says.
"""

import json
import sys

import tensorflow as tf

from mtl_lessons.backend import keras
from mtl_lessons.scale import cluster

HALF, STEPS = 6, 12
LOCAL = {"worker": ["localhost:0"] * 2, "ps": ["localhost:0"] * 2}


def said(attempt, *arguments) -> str:
    """The error that it ends with, or nothing."""
    try:
        attempt(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def keras_model() -> keras.Model:
    ids = keras.Input((), dtype="int32")
    table = keras.layers.Embedding(2048, 8)
    return keras.Model(ids, keras.layers.Dense(1)(table(ids)))


def with_keras_optimizer(strategy, coordinator) -> None:
    with strategy.scope():
        model, optimizer = keras_model(), keras.optimizers.SGD(0.1)
        optimizer.build(model.trainable_variables)

    def one(ids):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(ids) ** 2)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return loss

    step = tf.function(lambda ids: strategy.run(one, (ids,)))
    coordinator.schedule(step, (tf.constant([1, 2]),))
    coordinator.join()


def with_fit(strategy) -> None:
    with strategy.scope():
        model = keras_model()
        model.compile("sgd", "mse")
    rows = tf.data.Dataset.from_tensor_slices(([1, 2], [0.0, 1.0])).batch(2)
    model.fit(rows.repeat(), steps_per_epoch=1, verbose=0)


def main(folder: str) -> dict:
    framework, batches = cluster.example(STEPS)
    alone = cluster.Sharded(framework)
    losses = cluster.train(alone, batches)
    places = cluster.described({"cluster": LOCAL})
    with cluster.Processes(places) as processes:
        strategy, coordinator = cluster.coordinate(places)
        with strategy.scope():
            sharded = cluster.Sharded(framework)
        start = cluster.gap(sharded, cluster.Sharded(framework))
        cluster.train(sharded, batches[:HALF], strategy, coordinator)
        sharded.checkpoint().save(f"{folder}/ckpt")
        processes.kill("worker", 0)
        cluster.train(sharded, batches[: HALF + 3], strategy, coordinator)
        processes.start("worker", 0)
        after = cluster.train(sharded, batches, strategy, coordinator)
        with strategy.scope():
            racing = cluster.Sharded(framework)
        cluster.train(racing, batches, strategy, coordinator, wait=False)
        return {
            "start": start,
            "shards": sharded.shards(),
            "gap": cluster.gap(sharded, alone),
            "losses": [losses, after],
            "racing": cluster.gap(racing, alone),
            "fit": said(with_fit, strategy),
            "keras optimizer": said(
                with_keras_optimizer, strategy, coordinator
            ),
        }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
