"""Our shared networks beside DeepCTR's: the same generated data, the same sizes, epochs interleaved in one process.

    python tests/bench_peers.py [rows] [rounds]

DeepCTR goes into an environment of its own, `_build/peers`, which sees the packages of this one; nothing here is changed. CPU time
is compared, as the median over rounds of ratios to the peer, so that other load on the machine falls on both alike. No test
depends on it. The second part compares fused experts with a list of dense layers.
"""

import os
import site
import subprocess
import sys
import time
import venv
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "_build" / "peers"
DEEPCTR = "deepctr==0.9.4"
TASKS, SPARSE, DENSE = ("ctr", "ctcvr"), [f"s{i}" for i in range(8)], [f"d{i}" for i in range(4)]
VOCABULARY, WIDTH, BATCH = 1000, 8, 1024


def in_peers() -> None:
    """Run this script in the environment that has DeepCTR, made if it is not there."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        venv.create(PEERS, with_pip=True)
        folder = next((PEERS / "lib").glob("python*")) / "site-packages"
        (folder / "of_the_book.pth").write_text("\n".join([*site.getsitepackages(), str(ROOT)]))
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", DEEPCTR], check=True)
    os.execv(python, [str(python), __file__, *sys.argv[1:]])


# ---------------------------------------------------------------- data and models


def draw(rows: int, seed: int):
    """Eight ids and four numbers of an impression; a click, and a click with a conversion."""
    world, rng = np.random.default_rng(7), np.random.default_rng(seed)
    likes, buys = world.normal(size=(2, len(SPARSE), VOCABULARY)) / np.sqrt(len(SPARSE))
    ids, dense = rng.integers(VOCABULARY, size=(rows, len(SPARSE))), rng.normal(size=(rows, len(DENSE)))
    like, buy = (table[np.arange(len(SPARSE)), ids].sum(1) for table in (likes, buys))
    click = rng.random(rows) < sigmoid(-1 + 1.2 * like + 0.8 * np.tanh(dense[:, 0]))
    conversion = rng.random(rows) < sigmoid(-0.5 + 0.6 * like + buy + 0.8 * np.tanh(dense[:, 1]))
    x = dict(zip(SPARSE, ids.T.astype("int32"))) | dict(zip(DENSE, dense.T.astype("float32")))
    return x, {"ctr": click.astype("float32"), "ctcvr": (click & conversion).astype("float32")}


def features():
    inputs = {name: keras.Input((), dtype="int32", name=name) for name in SPARSE}
    inputs |= {name: keras.Input((1,), name=name) for name in DENSE}
    as_deepctr = dict(
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1e-4), embeddings_regularizer=keras.regularizers.L2(1e-5)
    )
    vectors = [layers.Embedding(VOCABULARY, WIDTH, **as_deepctr)(inputs[name]) for name in SPARSE]
    return inputs, layers.Concatenate()([*vectors, *(inputs[name] for name in DENSE)])


def with_network(network, tower: int = 64):
    inputs, x = features()
    hidden = {task: layers.Dense(tower, "relu")(vector) for task, vector in network(x).items()}
    return keras.Model(inputs, {task: layers.Dense(1, "sigmoid", name=task)(h) for task, h in hidden.items()})


def esmm():
    """A network per task on shared embeddings; pCTCVR = pCTR · pCVR."""
    inputs, x = features()
    networks = x
    for units in (256, 128):
        networks = sn.Experts(2, units)(networks)
    ctr, cvr = (layers.Dense(1, "sigmoid", name=name)(networks[i]) for i, name in enumerate(("ctr", "cvr")))
    return keras.Model(inputs, {"ctr": ctr, "ctcvr": layers.Multiply(name="ctcvr")([ctr, cvr])})


def pairs() -> dict:
    """Name -> (ours, DeepCTR's); each makes a model."""
    columns = [deep.SparseFeat(name, VOCABULARY, embedding_dim=WIDTH) for name in SPARSE]
    columns += [deep.DenseFeat(name, 1) for name in DENSE]
    sizes = dict(task_names=TASKS, tower_dnn_hidden_units=(64,))
    return {
        "MMoE": (
            lambda: with_network(sn.MMoE(TASKS, 3, (256, 128))),
            lambda: deep_models.MMOE(columns, num_experts=3, expert_dnn_hidden_units=(256, 128), **sizes),
        ),
        "PLE, 2 levels": (
            lambda: with_network(sn.PLE(TASKS, 1, 1, [(256,), (256,)])),
            lambda: deep_models.PLE(columns, expert_dnn_hidden_units=(256,), num_levels=2, **sizes),
        ),
        "ESMM": (esmm, lambda: deep_models.ESMM(columns, task_names=TASKS, tower_dnn_hidden_units=(256, 128))),
    }


# ---------------------------------------------------------------- measuring


def cpu(function, *arguments) -> float:
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def compare(name: str, makers, rows: int, rounds: int) -> None:
    x, y = draw(rows, seed=1)
    later, truth = draw(40_000, seed=2)
    models, labels = [make() for make in makers], [y, [y[task] for task in TASKS]]
    for model, loss in zip(models, (dict.fromkeys(TASKS, "binary_crossentropy"), ["binary_crossentropy"] * 2)):
        model.compile("adam", loss=loss)

    def epoch(i: int) -> None:
        models[i].fit(x, labels[i], batch_size=BATCH, verbose=0)

    times = [[cpu(epoch, i) for i in (0, 1)] for _ in range(rounds + 1)][1:]  # the first one traces
    speed = median(theirs / ours for ours, theirs in times)
    print(f"{name:14} samples per CPU-second, ours / DeepCTR's: {speed:.2f}   (bar: 0.9)")
    for who, model in zip(("ours", "DeepCTR"), models):
        p = model.predict(later, batch_size=4096, verbose=0)
        p = [p[task] for task in TASKS] if isinstance(p, dict) else p
        aucs = ", ".join(f"{task} {metrics.auc(truth[task], np.ravel(q)):.4f}" for task, q in zip(TASKS, p))
        print(f"   {who:8} {model.count_params():,} weights, AUC after {rounds + 1} epochs: {aucs}")


def fused(count: int, units: int, d: int = 64, rounds: int = 30) -> None:
    """CPU time of a training step of `count` experts as one product over that of a list of dense layers."""
    x = tf.random.normal((512, d))
    together, apart = sn.Experts(count, units), [layers.Dense(units, "relu") for _ in range(count)]

    def step(outputs, weights):
        outputs(x)

        @tf.function
        def run(x):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(outputs(x) ** 2)
            return tape.gradient(loss, [w.value for w in weights()])

        return run

    runs = [
        step(together, lambda: together.trainable_weights),
        step(lambda x: tf.stack([layer(x) for layer in apart]), lambda: [w for layer in apart for w in layer.trainable_weights]),
    ]
    first = [cpu(run, x) for run in runs]
    ratios = [a / b for a, b in ([cpu(lambda r=run: [r(x) for _ in range(10)]) for run in runs] for _ in range(rounds))]
    print(f"{count} experts of {units} units: step {median(ratios):.2f}, first step {first[0] / first[1]:.2f}, of the list's")


if __name__ == "__main__":
    if Path(sys.prefix) != PEERS:
        in_peers()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import numpy as np

    from mtl_lessons import metrics
    from mtl_lessons import shared_networks as sn
    from mtl_lessons.backend import keras, tf
    from mtl_lessons.world import sigmoid

    layers = keras.layers
    import deepctr.feature_column as deep
    import deepctr.models as deep_models

    rows, rounds = (int(value) for value in (sys.argv[1:] + ["100000", "3"][len(sys.argv) - 1 :]))
    keras.utils.set_random_seed(0)
    print("training steps in CPU time (the bar for 32 small experts: 0.85)")
    fused(32, 16)
    fused(3, 256)
    for name, makers in pairs().items():
        compare(name, makers, rows, rounds)
