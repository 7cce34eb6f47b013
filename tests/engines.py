"""Engines that train on several devices or processes, each in a process of its own.

    python tests/engines.py rows_on_jax

prints, as JSON, what the function of that name found: the largest difference of a weight to one
device, where a table lies, or the words of the error. `test_engines.py` says what is expected.
"""

import json
import os
import sys

import numpy as np

ROWS, WIDTH, BATCH, STEPS = 64, 8, 32, 10
RNG = np.random.default_rng(0)
IDS = RNG.integers(ROWS, size=STEPS * BATCH).astype("int32")
LABELS = {
    task: (RNG.random((len(IDS), 1)) < 0.3).astype("float32")
    for task in ("click", "buy")
}


def two_heads():
    """A table, a layer that both tasks share, two outputs."""
    import keras

    keras.utils.set_random_seed(0)
    ids = keras.Input((), dtype="int32")
    table = keras.layers.Embedding(ROWS, WIDTH, name="table")
    h = keras.layers.Dense(16, "relu")(table(ids))
    outputs = {
        task: keras.layers.Dense(1, "sigmoid", name=task)(h) for task in LABELS
    }
    return keras.Model(ids, outputs)


def gap(one, other) -> float:
    pairs = zip(one, other, strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def said(attempt) -> str:
    """The words of the error that it ends with, or nothing."""
    try:
        attempt()
    except Exception as error:  # whatever it is, its words are compared
        return f"{type(error).__name__}: {error}"
    return ""


# ---- MultiWorkerMirroredStrategy: this process is one of the workers ----


def worker():
    import keras
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    rows = tf.data.Dataset.from_tensor_slices((IDS, LABELS)).batch(BATCH)

    def step(model, optimizer, ids, labels):
        with tf.GradientTape() as tape:
            found = model(ids, training=True)
            # over all workers, not over the rows of this one
            loss = sum(
                tf.reduce_sum(
                    keras.losses.binary_crossentropy(labels[task], found[task])
                )
                for task in LABELS
            )
            loss = loss / BATCH
        weights = model.trainable_variables
        gradients = tape.gradient(loss, weights)
        optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return loss

    def made():
        model, optimizer = two_heads(), keras.optimizers.SGD(0.5)
        optimizer.build(model.trainable_variables)
        return model, optimizer

    with strategy.scope():
        together, optimizer = made()

    @tf.function(autograph=False)
    def on_all(ids, labels):
        losses = strategy.run(step, (together, optimizer, ids, labels))
        return strategy.reduce("sum", losses, axis=None)

    for ids, labels in strategy.experimental_distribute_dataset(rows):
        loss = on_all(ids, labels)
    alone, optimizer_alone = made()
    for ids, labels in rows:
        loss_alone = step(alone, optimizer_alone, ids, labels)

    def by_fit():
        with strategy.scope():
            model = two_heads()
            model.compile("sgd", "binary_crossentropy", jit_compile=False)
        model.fit(rows, verbose=0)

    return {
        "replicas": strategy.num_replicas_in_sync,
        "gap": gap(together.get_weights(), alone.get_weights()),
        "losses": [float(loss), float(loss_alone)],
        "fit": said(by_fit),
    }


# ---- keras.distribution on JAX, two devices of one processor ----


def rows_on_jax():
    import keras

    devices = keras.distribution.list_devices()
    mesh = keras.distribution.DeviceMesh(
        (1, len(devices)), ["batch", "model"], devices
    )
    by_rows = keras.distribution.LayoutMap(mesh)
    by_rows["table/embeddings"] = ("model", None)
    found = {"devices": len(devices)}
    trained = {}
    for name, distribution in {
        "one device": None,
        "batches": keras.distribution.DataParallel(devices=devices),
        "rows of the table": keras.distribution.ModelParallel(
            layout_map=by_rows, batch_dim_name="batch"
        ),
    }.items():
        keras.distribution.set_distribution(distribution)
        model = two_heads()
        model.compile(keras.optimizers.Adagrad(0.05), "binary_crossentropy")
        plan = {"batch_size": BATCH, "epochs": 2, "shuffle": False}
        model.fit(IDS, LABELS, verbose=0, **plan)
        trained[name] = model.get_weights()
        table = model.get_layer("table").embeddings.value
        found[name] = {
            "gap": gap(trained[name], trained["one device"]),
            "shards": [part.data.shape for part in table.addressable_shards],
        }
    keras.distribution.set_distribution(None)
    found["gradient"] = _shape_of_a_tables_gradient()
    return found


def _shape_of_a_tables_gradient():
    """What a step of one id computes for the whole table."""
    import jax
    import keras

    table = keras.layers.Embedding(ROWS, WIDTH)
    table.build()

    def loss(rows):
        out, _ = table.stateless_call([rows], [], np.array([3]))
        return out.sum()

    gradient = jax.grad(loss)(table.embeddings.value)
    return type(gradient).__name__, gradient.shape


# ---- keras-rs on a processor ----


def keras_rs_tables():
    import keras
    import keras_rs
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices(({"user": IDS}, LABELS))

    def model(placement):
        table = keras_rs.layers.TableConfig(
            name="user",
            vocabulary_size=ROWS,
            embedding_dim=WIDTH,
            optimizer="adagrad",
            placement=placement,
        )
        feature = keras_rs.layers.FeatureConfig(
            name="user",
            table=table,
            input_shape=(BATCH,),
            output_shape=(BATCH, WIDTH),
        )
        keras.utils.set_random_seed(0)
        ids = {"user": keras.Input((), BATCH, dtype="int32")}
        h = keras_rs.layers.DistributedEmbedding({"user": feature})(ids)["user"]
        outputs = {task: keras.layers.Dense(1, "sigmoid")(h) for task in LABELS}
        made = keras.Model(ids, outputs)
        made.compile("sgd", "binary_crossentropy", jit_compile=False)
        return made

    trained = model("auto")
    start = trained.get_weights()
    batches = rows.batch(BATCH, drop_remainder=True)
    losses = trained.fit(batches, epochs=3, verbose=0).history["loss"]
    (table,) = [w for w in trained.trainable_variables if "embedding" in w.path]
    return {
        "losses": losses,
        "table": [type(table.value).__name__, *table.shape],
        "moved": gap(trained.get_weights(), start),
        # the table's own optimiser, Adagrad, would have sums of squares
        "sums": [w.path for w in trained.variables if "accumul" in w.path],
        "sparsecore": said(lambda: model("sparsecore")),
    }


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(json.dumps(globals()[sys.argv[1]]()))
