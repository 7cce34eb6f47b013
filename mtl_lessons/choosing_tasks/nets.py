"""All sets of tasks of all seeds as one batched model.

A net has a trunk of one ReLU layer and one linear head for each of the six
tasks. A set of tasks is a mask on the loss: heads outside of it are there, and
nothing trains them. Networks of different sets and seeds have no weight in common,
the loss is a sum over them, and Adam treats each weight by itself. So training
them together equals training each alone, and costs seconds instead of minutes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.choosing_tasks.sets import SETS, Set, T
from mtl_lessons.choosing_tasks.world import FEATURES, Array, TaskRows, draw
from mtl_lessons.stored import Progress

ROWS, CHECK, TEST = 6_000, 4_000, 6_000
WIDTH, STEPS, BATCH, RATE = 16, 1_500, 256, 0.01
CHECKPOINTS = 12


class NetRows(NamedTuple):
    """Rows to train on, to choose a checkpoint by, and to test on.

    >>> data([0]).test.x.shape
    (1, 6000, 24)
    """

    train: TaskRows
    check: TaskRows
    test: TaskRows


def data(
    seeds: Sequence[int],
    cosine: float = 0.0,
    labels: Mapping[str, float] | None = None,
) -> NetRows:
    """6,000, 4,000 and 6,000 rows of each seed's world; arguments as of `draw`.

    >>> data([3]).train.y.shape
    (1, 6000, 6)
    """
    rows = draw(seeds, ROWS + CHECK + TEST, cosine, labels)
    return NetRows(
        rows.part(0, ROWS),
        rows.part(ROWS, ROWS + CHECK),
        rows.part(ROWS + CHECK, ROWS + CHECK + TEST),
    )


class TaskNets:
    """`seeds × sets` nets: `x (seeds, rows, d) -> logits (seeds, sets, rows,
    tasks)`.

    All sets of a seed start from the same numbers, which depend on the seed
    alone.

    >>> nets = TaskNets([0, 1], sets=3)
    >>> tuple(nets(np.zeros((2, 5, 24), "float32")).shape)
    (2, 3, 5, 6)
    """

    def __init__(
        self, seeds: Sequence[int], sets: int, width: int = WIDTH
    ) -> None:
        starts = [self._start(seed, width) for seed in seeds]
        kernel, heads = (
            np.repeat(np.stack(part)[:, None], sets, axis=1)
            for part in zip(*starts, strict=True)
        )
        zeros = np.zeros((len(seeds), sets, 1, width), "float32")
        self.kernel, self.bias = tf.Variable(kernel), tf.Variable(zeros)
        self.heads = tf.Variable(heads)
        self.offsets = tf.Variable(
            np.zeros((len(seeds), sets, 1, T), "float32")
        )
        self.trunk = [self.kernel, self.bias]
        self.weights = [*self.trunk, self.heads, self.offsets]

    @staticmethod
    def _start(seed: int, width: int) -> tuple[Array, Array]:
        rng = np.random.default_rng([8, seed])
        kernel = rng.normal(size=(FEATURES, width)) * np.sqrt(2 / FEATURES)
        heads = rng.normal(size=(width, T)) * np.sqrt(1 / width)
        return kernel.astype("float32"), heads.astype("float32")

    def hidden(
        self, x: Tensor, trunk: Sequence[Tensor] | None = None
    ) -> Tensor:
        """What the trunk makes of x: (seeds, sets, rows, width); of another
        `trunk`, kernel and bias, if one is given.

        >>> tuple(TaskNets([0], sets=1).hidden(np.zeros((1, 5, 24), "float32")).shape)
        (1, 1, 5, 16)
        """
        kernel, bias = trunk or self.trunk
        seeds, sets, d, width = self.kernel.shape
        # one product for all sets of a seed
        side_by_side = tf.reshape(
            tf.transpose(kernel, (0, 2, 1, 3)), (seeds, d, sets * width)
        )
        z = tf.reshape(x @ side_by_side, (seeds, -1, sets, width))
        return tf.nn.relu(tf.transpose(z, (0, 2, 1, 3)) + bias)

    def __call__(
        self, x: Tensor, trunk: Sequence[Tensor] | None = None
    ) -> Tensor:
        return self.hidden(x, trunk) @ self.heads + self.offsets


def cross_entropy(y: Tensor, logits: Tensor) -> Tensor:
    """Of each label: y (seeds, rows, tasks), logits (seeds, sets, rows, tasks).

    >>> loss = cross_entropy(np.ones((1, 2, 6)), np.zeros((1, 3, 2, 6)))
    >>> tuple(loss.shape), round(float(loss[0, 0, 0, 0]), 3)
    ((1, 3, 2, 6), 0.693)
    """
    y = tf.broadcast_to(y[:, None], tf.shape(logits))
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits)


def task_losses(y: Tensor, known: Tensor, logits: Tensor) -> Tensor:
    """Mean loss of each task over the rows that have its label: (seeds, sets,
    tasks). A task without a label among the rows has 0.

    >>> y, known = np.ones((1, 2, 6)), np.zeros((1, 2, 6))
    >>> known[0, 0, 0] = 1
    >>> task_losses(y, known, np.zeros((1, 1, 2, 6))).numpy().round(3).tolist()
    [[[0.693, 0.0, 0.0, 0.0, 0.0, 0.0]]]
    """
    each = cross_entropy(y, logits) * known[:, None]
    count = tf.maximum(tf.reduce_sum(known, 1), 1)
    return tf.reduce_sum(each, 2) / count[:, None]


def mask(sets: Sequence[Set]) -> Array:
    """1 where a task belongs to a set: (sets, tasks).

    >>> mask([(0,), (0, 5)]).tolist()
    [[1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]]
    """
    marks = np.zeros((len(sets), T), "float32")
    for k, tasks in enumerate(sets):
        marks[k, list(tasks)] = 1
    return marks


# told before a step: its number, the nets
NetProbe = Callable[[int, TaskNets], None]


class TrainedNets(NamedTuple):
    """The nets as they are after the last step, and `excess` (seeds, sets,
    tasks): the loss of each task on the test rows less that of the truth, at
    the checkpoint of the twelve that is best for that task on the check rows.
    """

    nets: TaskNets
    excess: Array


def train(
    rows: NetRows,
    seeds: Sequence[int],
    sets: Sequence[Set] = SETS,
    width: int = WIDTH,
    steps: int = STEPS,
    probe: NetProbe | None = None,
    progress: Progress | None = None,
) -> TrainedNets:
    """Train a net for each set of tasks and each seed.

    The loss of a net is the sum of the losses of its tasks, each a mean over
    the labelled rows of a batch of 256; Adam, from a rate of 0.01 down along a
    cosine. All nets of all seeds see the same rows of their world in the same
    order.

    >>> few = train(data([0]), [0], sets=[(0,), (0, 1)], steps=20)
    >>> few.excess.shape
    (1, 2, 6)
    """
    nets = TaskNets(seeds, len(sets), width)
    on = tf.constant(mask(sets))
    schedule = keras.optimizers.schedules.CosineDecay(RATE, steps)
    optimizer = keras.optimizers.Adam(schedule)
    optimizer.build(nets.weights)

    @tf.function(jit_compile=True, autograph=False)
    def step(x: Tensor, y: Tensor, known: Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(task_losses(y, known, nets(x)) * on)
        gradients = tape.gradient(loss, nets.weights)
        optimizer.apply_gradients(zip(gradients, nets.weights, strict=True))

    @tf.function(jit_compile=True, autograph=False)
    def mean_loss(x: Tensor, y: Tensor) -> Tensor:
        return tf.reduce_mean(cross_entropy(y, nets(x)), axis=2)

    def judged(x: Array, y: Array) -> Array:
        parts = [
            mean_loss(
                tf.constant(x[:, a : a + 2000]), tf.constant(y[:, a : a + 2000])
            )
            for a in range(0, x.shape[1], 2000)
        ]
        return np.mean([part.numpy() for part in parts], axis=0)

    columns = [tf.constant(column) for column in rows.train[:3]]
    order = np.random.default_rng(9)
    marks = {round(steps * (k + 1) / CHECKPOINTS) for k in range(CHECKPOINTS)}
    checked, tested = [], []
    for k in range(steps):
        if probe:
            probe(k, nets)
        chosen = tf.constant(order.integers(ROWS, size=BATCH))
        step(*(tf.gather(column, chosen, axis=1) for column in columns))
        if k + 1 in marks:
            checked.append(judged(rows.check.x, rows.check.y))
            tested.append(judged(rows.test.x, rows.test.truth))
            if progress:
                progress(k + 1, steps)
    best = np.argmin(checked, axis=0)[None]
    loss = np.take_along_axis(np.stack(tested), best, axis=0)[0]
    return TrainedNets(nets, loss - entropy(rows.test.truth)[:, None])


def entropy(truth: Array) -> Array:
    """Mean loss of the truth itself, the least that is possible: (seeds,
    tasks).

    >>> entropy(np.full((1, 4, 6), 0.5)).round(3).tolist()
    [[0.693, 0.693, 0.693, 0.693, 0.693, 0.693]]
    """
    p = truth.astype("float64")
    return -np.mean(p * np.log(p) + (1 - p) * np.log(1 - p), axis=1)
