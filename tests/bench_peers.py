"""Our networks beside DeepCTR's, in epochs that take turns.

Both have the same generated data, sizes and start of the embeddings.

    python tests/bench_peers.py [rows] [seeds]

CPU time is compared, as ratios within a round, so that other load on the machine falls on both
alike; AUC as differences within a seed. Sizes, embeddings, optimiser and batches are equal;
experts, gates and towers start as each library has it. First, fused experts are compared with a
list of dense layers. Fails below a bar. No test depends on it.

DeepCTR goes into a folder of its own, `_build/peers`; nothing else is changed. Without a network
that half is left out.
"""

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mtl_lessons import inputs_outputs as io
from mtl_lessons import metrics
from mtl_lessons import shared_networks as sn
from mtl_lessons.backend import keras, tf
from mtl_lessons.training import Restart
from mtl_lessons.world import sigmoid

layers, ops = keras.layers, keras.ops

PEERS, DEEPCTR = (
    Path(__file__).resolve().parents[1] / "_build" / "peers",
    "deepctr==0.9.4",
)
TASKS, IDS, NUMBERS = (
    ("click", "purchase"),
    [f"id_{i}" for i in range(8)],
    [f"number_{i}" for i in range(4)],
)
VOCABULARY, WIDTH, BATCH, EPOCHS = 1000, 8, 1024, 3
FUSED, SPEED, AUC = 0.85, 0.9, -0.003  # the bars


def with_deepctr() -> bool:
    """Whether DeepCTR can be imported, after an attempt to install it if it is missing."""
    sys.path.append(str(PEERS))
    if importlib.util.find_spec("deepctr") is None:
        options = [
            "--quiet",
            "--retries",
            "1",
            "--no-deps",
            "--target",
            str(PEERS),
        ]
        subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, DEEPCTR],
            capture_output=True,
        )
        importlib.invalidate_caches()
    return importlib.util.find_spec("deepctr") is not None


def cpu(function: Callable, *arguments) -> float:
    """Seconds of processor time, of all threads."""
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def spread(ratios: list[float]) -> str:
    low, middle, high = np.percentile(ratios, (25, 50, 75))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def report(line: str, bar: str = "", holds: bool = True) -> bool:
    print(
        line + f"   (bar: {bar})" * bool(bar) + "  MISSED" * (not holds),
        flush=True,
    )
    return holds


# ---------------------------------------------------------------- fused experts beside a list


def by_broadcasting(gates: list, experts: list) -> list:
    """As DeepCTR mixes: weights times experts, and a sum, for each gate."""
    side_by_side = ops.stack(experts, axis=1)
    return [ops.sum(gate[..., None] * side_by_side, axis=1) for gate in gates]


def by_one_product(gates: list, experts: list) -> list:
    """As we mix."""
    return ops.unstack(
        sn.mix(ops.stack(gates, axis=1), ops.stack(experts)), axis=1
    )


def listed(x, count: int, units: int, mix: Callable) -> list:
    """MMoE whose experts are a list of dense layers."""
    gates = [layers.Dense(count, "softmax", use_bias=False)(x) for _ in TASKS]
    return mix(gates, [layers.Dense(units, "relu")(x) for _ in range(count)])


def training_step(network: Callable, rows: int = 512, d: int = 64) -> Callable:
    x = keras.Input((d,))
    model, data = keras.Model(x, network(x)), tf.random.normal((rows, d))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.add_n(
                [
                    tf.reduce_sum(mixed**2)
                    for mixed in tf.nest.flatten(model(data))
                ]
            )
        return tape.gradient(
            loss, [weight.value for weight in model.trainable_weights]
        )

    return step


MIXES = {by_broadcasting: "broadcasting", by_one_product: "one product "}


def beside_the_list(
    count: int,
    units: int,
    mix: Callable,
    bar: float | None = None,
    rounds: int = 30,
) -> bool:
    """The step of our MMoE over that of the list, and the first step, which traces."""
    networks = (
        lambda x: sn.MMoE(TASKS, count, (units,))(x),
        lambda x: listed(x, count, units, mix),
    )
    steps = [training_step(network) for network in networks]
    first = [cpu(step) for step in steps]
    times = [
        [cpu(lambda step=step: [step() for _ in range(10)]) for step in steps]
        for _ in range(rounds)
    ]
    ratios = [ours / theirs for ours, theirs in times]
    line = (
        f"{count:3} experts of {units:3} units, list mixed by {MIXES[mix]}: {spread(ratios)}, "
        f"first step {first[0] / first[1]:.2f}"
    )
    return (
        report(line, f"{bar:g}", np.median(ratios) <= bar)
        if bar
        else report(line)
    )


# ---------------------------------------------------------------- data and models of both


def draw(rows: int, seed: int):
    """Eight ids and four numbers of an impression; a click, and a purchase, which needs a click."""
    world, rng, each = (
        np.random.default_rng(7),
        np.random.default_rng(seed),
        np.arange(len(IDS)),
    )
    likes, buys = world.normal(size=(2, len(IDS), VOCABULARY)) / np.sqrt(
        len(IDS)
    )
    ids, numbers = (
        rng.integers(VOCABULARY - 2, size=(rows, len(IDS))),
        rng.normal(size=(rows, len(NUMBERS))),
    )
    like, buy = likes[each, ids].sum(1), buys[each, ids].sum(1)
    click = rng.random(rows) < sigmoid(
        -1 + 1.2 * like + 0.8 * np.tanh(numbers[:, 0])
    )
    conversion = rng.random(rows) < sigmoid(
        -0.5 + 0.6 * like + buy + 0.8 * np.tanh(numbers[:, 1])
    )
    return dict(zip(IDS, ids.T)) | dict(zip(NUMBERS, numbers.T)), {
        "click": click,
        "purchase": click & conversion,
    }


FEATURES = [
    # and two rows of the table for other ids
    *(io.Categorical(name, ids=VOCABULARY - 2, width=WIDTH) for name in IDS),
    *(io.Numeric(name) for name in NUMBERS),
]
HEADS = [io.Binary(task) for task in TASKS]


def as_deepctr_starts(model: keras.Model) -> keras.Model:
    """Embeddings that start near 0 and are held there by L2, as DeepCTR's.

    They move AUC more than the networks do.
    """
    for name in IDS:
        table = model.get_layer(f"{name}_table").embeddings
        table.assign(keras.initializers.RandomNormal(stddev=1e-4)(table.shape))
        table.regularizer = keras.regularizers.L2(1e-5)
    return model


def with_network(network: sn.Network) -> keras.Model:
    inputs, x = io.encode(FEATURES)
    towers = {
        task: layers.Dense(64, "relu")(shared)
        for task, shared in network(x).items()
    }
    return as_deepctr_starts(keras.Model(inputs, io.heads(HEADS, towers)))


def esmm() -> keras.Model:
    inputs, x = io.encode(FEATURES)
    towers = {
        name: layers.Dense(128, "relu")(layers.Dense(256, "relu")(x))
        for name in ("click", "conversion")
    }
    outputs = io.entire_space(
        **io.heads([io.Binary("click"), io.Binary("conversion")], towers)
    )
    return as_deepctr_starts(
        keras.Model(inputs, {task: outputs[task] for task in TASKS})
    )


def pairs() -> dict[
    str, tuple[Callable[[], keras.Model], Callable[[int], keras.Model]]
]:
    """Name -> (ours, DeepCTR's), which makes a model from a seed.

    By default it always starts from the same numbers.
    """
    import deepctr.feature_column as column
    import deepctr.models as deepctr

    columns = [
        column.SparseFeat(name, VOCABULARY, embedding_dim=WIDTH) for name in IDS
    ]
    columns += [column.DenseFeat(name, 1) for name in NUMBERS]
    sizes = {"task_names": TASKS, "tower_dnn_hidden_units": (64,)}
    experts, level = (
        {"num_experts": 3, "expert_dnn_hidden_units": (256, 128)},
        {"expert_dnn_hidden_units": (256,)},
    )
    return {
        "MMoE": (
            lambda: with_network(sn.MMoE(TASKS, 3, (256, 128))),
            lambda seed: deepctr.MMOE(columns, **experts, **sizes, seed=seed),
        ),
        "PLE, 2 levels": (
            lambda: with_network(sn.PLE(TASKS, 1, 1, [(256,), (256,)])),
            lambda seed: deepctr.PLE(
                columns, num_levels=2, **level, **sizes, seed=seed
            ),
        ),
        "ESMM": (
            esmm,
            lambda seed: deepctr.ESMM(
                columns,
                tower_dnn_hidden_units=(256, 128),
                task_names=TASKS,
                seed=seed,
            ),
        ),
    }


# ---------------------------------------------------------------- training of both


class Contestant:
    """A model that is compiled and traced once, and starts anew for every seed."""

    def __init__(self, make: Callable[[int], keras.Model], losses):
        self.seed, self.model = 0, make(0)
        self.model.compile("adam", losses)
        self.named = isinstance(self.model.output, dict)
        self.start = Restart(self.model, lambda: make(self.seed))

    def restart(self, seed: int) -> None:
        self.seed = seed
        self.start(seed)

    def epoch(self, x: dict, y: dict) -> None:
        self.model.fit(
            x,
            y if self.named else [y[task] for task in TASKS],
            batch_size=BATCH,
            verbose=0,
        )

    def auc(self, x: dict, y: dict) -> list[float]:
        p = self.model.predict(x, batch_size=8192, verbose=0)
        return [
            metrics.auc(y[task][:, 0], p[task if self.named else i][:, 0])
            for i, task in enumerate(TASKS)
        ]


def rows_of(rows: int, seed: int) -> tuple[dict, dict]:
    x, y = draw(rows, seed)
    return io.feed(FEATURES, x), io.targets(HEADS, y)


def compare(
    makers: tuple[Callable, Callable], rows: int, seeds: int
) -> tuple[list[float], np.ndarray, list[int]]:
    """Ratios of samples per CPU-second, ours over DeepCTR's, by epoch; AUCs; numbers of weights.

    The AUCs are `(seeds, two, tasks)`.
    """
    ours, theirs = makers
    both = [
        Contestant(lambda seed: ours(), io.losses(HEADS)),
        Contestant(theirs, ["binary_crossentropy"] * len(TASKS)),
    ]
    few, later = rows_of(2 * BATCH, seed=0), rows_of(40_000, seed=1000)
    for contestant in both:
        contestant.epoch(*few)  # traces
    ratios, aucs = [], []
    for seed in range(1, seeds + 1):
        log = rows_of(rows, seed)
        for contestant in both:
            contestant.restart(seed)
        times = [
            [cpu(contestant.epoch, *log) for contestant in both]
            for _ in range(EPOCHS)
        ]
        ratios += [his / our for our, his in times]
        aucs.append([contestant.auc(*later) for contestant in both])
    return (
        ratios,
        np.array(aucs),
        [contestant.model.count_params() for contestant in both],
    )


def judge(
    name: str, ratios: list[float], aucs: np.ndarray, weights: list[int]
) -> list[bool]:
    line = f"{name:14} samples per CPU-second, ours over DeepCTR's: {spread(ratios)}"
    verdicts = [report(line, f"{SPEED:g}", np.median(ratios) >= SPEED)]
    verdicts += [
        report(
            f"   weights: {weights[0]:,} and {weights[1]:,}",
            "equal",
            weights[0] == weights[1],
        )
    ]
    for i, task in enumerate(TASKS):
        gap, means = (
            metrics.interval(aucs[:, 0, i] - aucs[:, 1, i]),
            aucs[..., i].mean(0),
        )
        line = (
            f"   AUC of {task:8} {means[0]:.4f} and {means[1]:.4f}; "
            f"difference {gap.mean:+.4f}, 95 % {gap.low:+.4f} to {gap.high:+.4f}"
        )
        verdicts += [
            report(
                line,
                f"all above {AUC:g}, and not all below 0",
                gap.low > AUC and gap.high >= 0,
            )
        ]
    return verdicts


if __name__ == "__main__":
    rows, seeds = (int(value) for value in (sys.argv[1:] or ("50000", "6")))
    keras.utils.set_random_seed(0)
    print(
        "A training step of MMoE, fused experts over a list of dense layers, in CPU time: "
        "median (quartiles) of rounds"
    )
    verdicts = [beside_the_list(32, 16, mix, bar=FUSED) for mix in MIXES] + [
        beside_the_list(3, 256, mix) for mix in MIXES
    ]
    if with_deepctr():
        for name, makers in pairs().items():
            verdicts += judge(name, *compare(makers, rows, seeds))
    else:
        print(
            f"{DEEPCTR} is not there and could not be installed (no network?): "
            "the comparison with it is left out"
        )
    sys.exit(not all(verdicts))
