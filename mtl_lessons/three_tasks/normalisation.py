"""A normalisation layer in a trunk that several logs feed.

Two logs have the same features at another level and spread, as a feed and an ad
slot do. Each has a task of its own, and one trunk serves both. What differs is
the layer between the trunk's linear part and its `relu`:

- `none`;
- `layer`: `LayerNormalization`, of one row by itself;
- `batch`: `BatchNormalization`, of the rows of a batch, and at serving of a
  moving average of what batches were;
- `batch for each log`: `PerLog`, statistics for each log.

and how rows come: the logs `stacked` in every batch, or `one log a step`. The
moving average of a batch normalisation keeps the share `momentum` in each step;
0.99 is Keras' default.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from mtl_lessons import metrics
from mtl_lessons.backend import Tensor, keras
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.training import Restart

layers, ops = keras.layers, keras.ops

LOGS = ("feed", "ad slot")
LEVEL, SPREAD = (
    np.array([0.0, 3.0]),
    np.array([1.0, 0.5]),
)  # of a log's features
FEATURES, TRAINED, JUDGED = 8, 25_600, 10_000  # rows of each log
BATCH = 256  # 200 steps
RATES = (0.003, 0.01, 0.03, 0.1)
MOMENTUM = 0.9
SEEDS = 5

STACKED, ONE_LOG = "stacked", "one log a step"
DESIGNS = (  # norm, how rows come, momentum
    ("none", STACKED, MOMENTUM),
    ("layer", STACKED, MOMENTUM),
    ("batch", STACKED, MOMENTUM),
    ("batch for each log", STACKED, MOMENTUM),
    ("batch for each log", STACKED, 0.99),
    ("batch", ONE_LOG, MOMENTUM),
)


class PerLog(layers.Layer):
    """Batch normalisation with statistics for each log.

    Call it with the rows `(batch, width)` and the number of each row's log
    `(batch,)`. A batch must hold rows of every log: of none, Keras takes a mean
    and a variance of 0, and moves the averages towards them.

    >>> rows = np.array([[0.0], [2.0], [10.0], [14.0]])
    >>> PerLog(2)(rows, np.array([0, 0, 1, 1]), training=True).numpy().round().tolist()
    [[-1.0], [1.0], [-1.0], [1.0]]
    """

    def __init__(self, logs: int, momentum: float = 0.99) -> None:
        super().__init__()
        self.norms = [
            layers.BatchNormalization(momentum=momentum) for _ in range(logs)
        ]

    def call(
        self, x: Tensor, log: Tensor, training: bool | None = None
    ) -> Tensor:
        found = ops.zeros_like(x)
        for number, norm in enumerate(self.norms):
            own = ops.equal(log, number)
            normed = norm(x, training=training, mask=own)
            found = ops.where(own[:, None], normed, found)
        return found


class ForAll(keras.layers.Layer):
    """One normalisation (or none) of all rows, whatever their log.

    >>> ForAll(None)(np.ones((2, 3)), np.array([0, 1])).shape
    TensorShape([2, 3])
    """

    def __init__(self, norm: keras.layers.Layer | None) -> None:
        super().__init__()
        self.norm = norm

    def call(self, x: Tensor, log: Tensor) -> Tensor:  # noqa: ARG002 - as PerLog's
        return self.norm(x) if self.norm else x


def trunk(norm: str, momentum: float = MOMENTUM) -> keras.Model:
    """From features and the number of the log to a probability for each log's
    task.

    >>> trunk("layer").output_shape
    (None, 2)
    """
    x = keras.Input((FEATURES,), name="x")
    log = keras.Input((), dtype="int32", name="log")
    if norm == "layer":
        normed = ForAll(layers.LayerNormalization())
    elif norm == "batch":
        normed = ForAll(layers.BatchNormalization(momentum=momentum))
    elif norm == "batch for each log":
        normed = PerLog(len(LOGS), momentum)
    else:
        normed = ForAll(None)
    hidden = layers.Dense(32)(x)
    hidden = layers.ReLU()(normed(hidden, log))
    return keras.Model([x, log], layers.Dense(len(LOGS), "sigmoid")(hidden))


def rows_of_logs(seed: int, rows: int) -> dict[str, np.ndarray]:
    """Both logs, alternating row by row: `x`, `log`, the `label` of its task.

    The taste is the same in both, in units of the log's own spread.

    >>> rows_of_logs(seed=0, rows=4)["log"].tolist()
    [0, 1, 0, 1, 0, 1, 0, 1]
    """
    rng = np.random.default_rng(seed)
    taste = rng.normal(size=FEATURES)
    log = np.arange(2 * rows) % 2
    within = rng.normal(size=(2 * rows, FEATURES))
    p = expit(2 * within @ taste / np.linalg.norm(taste) - 1)
    return {
        "x": (LEVEL[log, None] + SPREAD[log, None] * within).astype("float32"),
        "log": log,
        "label": (rng.random(2 * rows) < p).astype("float32"),
        "p": p,
    }


def ordered(log: np.ndarray, feed: str) -> np.ndarray:
    """The order of the rows of an epoch: batches of both logs, or of one.

    >>> ordered(np.arange(1024) % 2, ONE_LOG)[:3].tolist()
    [0, 2, 4]
    """
    if feed == STACKED:
        return np.arange(len(log))
    by_log = [np.flatnonzero(log == number) for number in range(len(LOGS))]
    steps = [rows.reshape(-1, BATCH) for rows in by_log]
    return np.stack(steps, axis=1).ravel()


def one_task_a_row(label: Tensor, p: Tensor) -> Tensor:
    """Cross-entropy of the task of each row; NaN where it is another's label."""
    known = ops.logical_not(ops.isnan(label))
    label = ops.where(known, label, 0.0)
    p = ops.clip(p, 1e-7, 1 - 1e-7)
    cost = -label * ops.log(p) - (1 - label) * ops.log(1 - p)
    return ops.sum(ops.where(known, cost, 0.0), axis=-1)


def labels_by_task(rows: Mapping[str, np.ndarray]) -> np.ndarray:
    """`(rows, tasks)`, NaN where a row is of another log.

    >>> labels_by_task({"log": np.array([0, 1]), "label": np.array([1.0, 0.0])})
    array([[ 1., nan],
           [nan,  0.]])
    """
    own = rows["log"][:, None] == np.arange(len(LOGS))
    return np.where(own, rows["label"][:, None], np.nan)


def losses_by_mode(
    model: keras.Model, rows: Mapping[str, np.ndarray], feed: str
) -> dict[str, list[float]]:
    """Log loss of each log's task at `inference`, and in `training` mode.

    In training mode batches are as in training. It comes last, as it moves the
    averages.
    """
    found: dict[str, list[float]] = {"inference": [], "training": []}
    parts = [rows["log"] >= 0] * 2
    if feed == ONE_LOG:
        parts = [rows["log"] == number for number in range(len(LOGS))]
    for mode, losses in found.items():
        for number, part in enumerate(parts):
            x, log = rows["x"][part], rows["log"][part]
            p = ops.convert_to_numpy(
                model([x, log], training=mode == "training")
            )
            own = log == number
            label = rows["label"][part][own]
            losses.append(metrics.log_loss(label, p[own, number].astype(float)))
    return found


def run(
    norm: str,
    feed: str,
    momentum: float = MOMENTUM,
    seeds: Iterable[int] = range(SEEDS),
    rates: Sequence[float] = RATES,
) -> list[dict[str, Any]]:
    """A design at every rate and seed: log losses of both modes on check rows
    and test rows.

    >>> first = run("none", STACKED, seeds=[0], rates=[0.01])[0]
    >>> sorted(first)
    ['check', 'rate', 'seed', 'test']
    """
    model = trunk(norm, momentum)
    model.compile(keras.optimizers.Adam(0.01), one_task_a_row, jit_compile=True)
    restart = Restart(model, lambda: trunk(norm, momentum))
    return list(_runs_at(model, restart, feed, seeds, rates))


def _runs_at(
    model: keras.Model,
    restart: Restart,
    feed: str,
    seeds: Iterable[int],
    rates: Sequence[float],
) -> Iterator[dict[str, Any]]:
    for seed in seeds:
        rows = rows_of_logs(seed, TRAINED + 2 * JUDGED)
        order = ordered(rows["log"][: 2 * TRAINED], feed)
        y = labels_by_task(rows)[order]
        x, log = rows["x"][order], rows["log"][order]
        for rate in rates:
            restart(seed)
            model.optimizer.learning_rate = rate
            plan = {"batch_size": BATCH, "shuffle": False}
            model.fit([x, log], y, verbose=0, **plan)
            result: dict[str, Any] = {"rate": rate, "seed": seed}
            for part, first in (("check", 0), ("test", 1)):
                start = 2 * (TRAINED + first * JUDGED)
                some = slice(start, start + 2 * JUDGED)
                judged = {name: column[some] for name, column in rows.items()}
                trained = model.get_weights()
                result[part] = losses_by_mode(model, judged, feed)
                model.set_weights(trained)
            yield result


def grid(progress: Progress | None = None) -> list[dict[str, Any]]:
    """Every design at every rate for five seeds, and for five more at the best
    rate.
    """
    cells = []
    for norm, feed, momentum in counted(DESIGNS, progress):
        found = run(norm, feed, momentum, range(SEEDS), RATES)
        rate = best_rate(found)
        more = range(SEEDS, 2 * SEEDS)
        found += run(norm, feed, momentum, more, [rate])
        cell = {"norm": norm, "feed": feed, "momentum": momentum}
        cells.append({**cell, "runs": [rounded_run(one) for one in found]})
    return cells


def rounded_run(found: Mapping[str, Any]) -> dict[str, Any]:
    """Four digits of the losses; rate and seed as they are.

    >>> losses = {"inference": [0.41234, 0.5], "training": [0.4, 0.5]}
    >>> rounded_run({"rate": 0.01, "seed": 0, "test": losses})["test"]["inference"]
    [0.4123, 0.5]
    """
    losses = {part: found[part] for part in ("check", "test") if part in found}
    return {**found, **rounded(losses, digits=4)}


def chosen(cells: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each design at the rate that is best on check rows, with intervals over
    seeds.

    `inference` is the log loss on test rows, a mean over both logs; `gap` is
    what it is more than in training mode.

    >>> losses = {"inference": [0.5, 0.7], "training": [0.4, 0.6]}
    >>> runs = [{"rate": 0.01, "seed": s, "check": losses, "test": losses} for s in (0, 1)]
    >>> (design,) = chosen(
    ...     [{"norm": "batch", "feed": STACKED, "momentum": 0.9, "runs": runs}]
    ... )
    >>> design["rate"], round(design["gap"].mean, 3)
    (0.01, 0.1)
    """
    found = []
    for cell in cells:
        rate = best_rate(cell["runs"])
        runs = [one for one in cell["runs"] if one["rate"] == rate]
        inference = np.array([one["test"]["inference"] for one in runs])
        training = np.array([one["test"]["training"] for one in runs])
        gaps = (inference - training).mean(axis=1)
        design = {
            "norm": cell["norm"],
            "feed": cell["feed"],
            "momentum": cell["momentum"],
            "rate": rate,
            "gap": metrics.interval(gaps),
            "gaps": gaps,
            "inference": float(inference.mean()),
            "training": float(training.mean()),
        }
        found.append(design)
    return found


def best_rate(runs: Iterable[Mapping[str, Any]]) -> float:
    """The rate with the smallest log loss at inference, on check rows.

    Rates are compared over the seeds that all of them have.

    >>> runs = [
    ...     {"rate": 0.3, "seed": 0, "check": {"inference": [0.6, 0.6]}},
    ...     {"rate": 0.1, "seed": 0, "check": {"inference": [0.5, 0.5]}},
    ...     {"rate": 0.1, "seed": 1, "check": {"inference": [0.9, 0.9]}},
    ... ]
    >>> best_rate(runs)
    0.1
    """
    by_rate: dict[float, dict[int, float]] = {}
    for one in runs:
        losses = by_rate.setdefault(one["rate"], {})
        losses[one["seed"]] = float(np.mean(one["check"]["inference"]))
    common = set.intersection(*map(set, by_rate.values()))

    def mean_loss(rate: float) -> float:
        return float(np.mean([by_rate[rate][seed] for seed in common]))

    return min(by_rate, key=mean_loss)
