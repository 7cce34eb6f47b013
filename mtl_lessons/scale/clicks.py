"""A click model whose item may stand in several rows of a table.

    logit = u · v + bias of the item + w · context + b,
    [v, bias] = the sum of the table's rows that are the item's

All worlds (seeds) stand side by side in one Keras model, each in rows of its
own, and one training trains them all. Importing this module imports TensorFlow.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import Tensor, keras
from mtl_lessons.world import CONTEXT, Rows, World, split_by_time

from .rows import RowEmbedding

layers, ops = keras.layers, keras.ops

WIDTH = 8  # numbers of a user, and of an item
BATCH = 512  # rows of each world in a step
SHRINK = 0.003  # L2, on the vectors of the rows that are read

# whole numbers (items, parts): the rows of the table that are an item's
Codes = np.ndarray
# makes an optimiser, new for each training
MakeOptimizer = Callable[[], keras.Optimizer]


class Worlds:
    """Logs of several worlds, side by side: a past to train on, a future to
    judge by.

    >>> worlds = Worlds(seeds=2, users=50, items=20, rows=500)
    >>> worlds.past["click"].shape, worlds.future["click"].shape  # (rows, seeds)
    ((400, 2), (100, 2))
    """

    def __init__(
        self,
        seeds: int,
        users: int,
        items: int,
        rows: int,
        decision_noise: float = 0.6,
    ) -> None:
        self.seeds, self.users, self.items = seeds, users, items
        worlds = [
            World(s, users=users, items=items, decision_noise=decision_noise)
            for s in range(seeds)
        ]
        logs = [split_by_time(world.impressions(rows), 0.2) for world in worlds]
        self.past = _side_by_side([past for past, _ in logs])
        self.future = _side_by_side([future for _, future in logs])
        # how often each item was seen in the past, (seeds, items)
        self.counts = np.stack(
            [np.bincount(item, minlength=items) for item in self.past["item"].T]
        )


def own_rows(worlds: Worlds) -> list[Codes]:
    """A row for each item, in each of the worlds.

    >>> own_rows(Worlds(seeds=1, users=50, items=20, rows=500))[0][:3].tolist()
    [[0], [1], [2]]
    """
    return [np.arange(worlds.items)[:, None]] * worlds.seeds


def model(worlds: Worlds, rows: int, parts: int, seed: int = 0) -> keras.Model:
    """`rows`: of the table of items, in each world. Outputs `(batch, 2)`: the
    logit, and `‖u‖² + ‖[v, bias]‖²`, for the loss.
    """
    keras.utils.set_random_seed(seed)
    inputs = {
        "user": keras.Input((), dtype="int32", name="user"),
        "codes": keras.Input((parts,), dtype="int32", name="codes"),
        "context": keras.Input((CONTEXT,), name="context"),
        "world": keras.Input((), dtype="int32", name="world"),
    }
    small = keras.initializers.RandomNormal(stddev=0.1)
    users = RowEmbedding(
        worlds.seeds * worlds.users, WIDTH, embeddings_initializer=small
    )
    items = RowEmbedding(
        worlds.seeds * rows, WIDTH + 1, embeddings_initializer=_start(parts)
    )
    world = RowEmbedding(
        worlds.seeds, CONTEXT + 1, embeddings_initializer="zeros"
    )(inputs["world"])
    u = users(inputs["user"])
    item = ops.sum(items(inputs["codes"]), axis=1)
    v, bias = item[:, :WIDTH], item[:, WIDTH]
    logit = ops.sum(u * v, axis=1) + bias - 2.0 + world[:, CONTEXT]
    logit += ops.sum(world[:, :CONTEXT] * inputs["context"], axis=1)
    size = ops.sum(u**2, axis=1) + ops.sum(item**2, axis=1)
    return keras.Model(inputs, ops.stack([logit, size], axis=1))


def _start(parts: int) -> Callable:
    """Vectors of length about 0.1 √WIDTH, of however many parts; biases 0."""

    def start(shape: Sequence[int], dtype: str | None = None) -> Tensor:
        drawn = keras.random.normal(shape, stddev=0.1 / parts**0.5, dtype=dtype)
        return drawn * ops.cast(ops.arange(shape[1]) < WIDTH, drawn.dtype)

    return start


def trained(
    worlds: Worlds,
    codes: Sequence[Codes],
    optimizer: MakeOptimizer,
    epochs: int,
    seed: int = 0,
) -> list[Tensor]:
    """Train on the past; the logits of the future, `(rows, seeds)`, after each
    epoch.

    The loss is the sum, over the worlds, of the mean over their rows.
    """
    rows = 1 + max(int(own.max()) for own in codes)
    net = model(worlds, rows, codes[0].shape[1], seed)

    def loss(click: Tensor, out: Tensor) -> Tensor:
        logit, size = out[:, :1], out[:, 1]
        surprise = keras.losses.binary_crossentropy(click, logit, True)
        return worlds.seeds * (surprise + SHRINK * size)

    net.compile(optimizer(), loss)
    x, future = (
        _inputs(worlds, codes, log, rows)
        for log in (worlds.past, worlds.future)
    )
    count = len(worlds.past["click"]) // BATCH * BATCH
    rng = np.random.default_rng(seed)
    scores = []
    for _ in range(epochs):
        order = rng.permutation(len(worlds.past["click"]))[:count]
        net.fit(
            {name: _flat(column[order]) for name, column in x.items()},
            worlds.past["click"][order].reshape(-1, 1),
            batch_size=BATCH * worlds.seeds,
            shuffle=False,
            verbose=0,
        )
        flat = {name: _flat(column) for name, column in future.items()}
        out = net.predict(flat, batch_size=32768, verbose=0)[:, 0]
        scores.append(out.reshape(-1, worlds.seeds))
    return scores


def aucs(
    worlds: Worlds, scores: np.ndarray, where: np.ndarray | None = None
) -> list:
    """The expected AUC of each world: against true probabilities, without the
    noise of clicks. `where`: yes or no, `(rows, seeds)`.
    """
    truth = worlds.future["p_click"]
    chosen = np.ones(truth.shape, bool) if where is None else where
    return [
        metrics.expected_auc(truth[chosen[:, s], s], scores[chosen[:, s], s])
        for s in range(worlds.seeds)
    ]


def _inputs(
    worlds: Worlds, codes: Sequence[Codes], log: Rows, rows: int
) -> Rows:
    """What the model reads of a log, `(rows, seeds, …)`; each world's ids are
    moved to rows of its own.
    """
    world = np.arange(worlds.seeds)
    of_item = np.stack([own + s * rows for s, own in enumerate(codes)])
    return {
        "user": (log["user"] + world * worlds.users).astype("int32"),
        "codes": of_item[world, log["item"]].astype("int32"),
        "context": log["context"],
        "world": np.broadcast_to(world, log["user"].shape).astype("int32"),
    }


def _flat(column: np.ndarray) -> np.ndarray:
    return column.reshape(-1, *column.shape[2:])


def _side_by_side(logs: Sequence[Rows]) -> Rows:
    names = ("user", "item", "context", "click", "p_click")
    return {
        name: np.stack([log[name] for log in logs], axis=1) for name in names
    }
