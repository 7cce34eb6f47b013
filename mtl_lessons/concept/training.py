"""How a model is trained again and again from one start, and judged."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import keras, tf
from mtl_lessons.stored import Progress
from mtl_lessons.training import Restart
from mtl_lessons.world import Rows

from . import data
from .networks import INPUTS, two_tasks

Aucs = dict[str, list[float]]  # of each seed

RATE = 0.06  # the learning rate at the start; it falls along a cosine


class Trainee(NamedTuple):
    """A compiled model, and its start.

    What a training of it can choose are variables, so that one compiled step
    serves all.
    """

    model: keras.Model
    decay: tf.Variable
    ad_weight: tf.Variable
    tie: tf.Variable
    restart: Restart


# tracing takes longer than a training; each kind, narrow and wide
@lru_cache(maxsize=4)
def make_trainee(
    users: int, items: int, ads: int, width: int, kind: str
) -> Trainee:
    tie = tf.Variable(0.0)
    model = two_tasks(
        users,
        items,
        ads,
        width,
        shared=kind == "shared",
        tie=tie if kind == "tied" else None,
    )
    if kind == "frozen":
        model.get_layer("ad_users").trainable = False
    return _compiled(model, tie)


def _compiled(model: keras.Model, tie: tf.Variable | None = None) -> Trainee:
    decay = tf.Variable(0.0)
    ad_weight = tf.Variable(1.0)
    # a mean shrinks as worlds are added, down to Adam's epsilon
    loss = keras.losses.BinaryCrossentropy(reduction="sum")
    model.compile(
        keras.optimizers.AdamW(RATE, weight_decay=decay),
        loss={"item_click": loss, "ad_click": loss},
        loss_weights={"item_click": 1.0, "ad_click": ad_weight},
        jit_compile=True,
    )
    tie = tf.Variable(0.0) if tie is None else tie
    return Trainee(model, decay, ad_weight, tie, Restart(model))


def trainings(
    trainee: Trainee,
    past: Rows,
    seeds: int,
    weight: float,
    decays: Sequence[float],
    report: "EpochReport",
) -> Iterator[float]:
    """Train with one decay after the other, each time from the same start.

    Yields after each, for the model to be judged.
    """
    for decay in decays:
        train(trainee, past, seeds, weight, decay, report=report)
        yield decay


def train(
    trainee: Trainee,
    past: Rows,
    seeds: int,
    weight: float,
    decay: float,
    rate: float = RATE,
    tie: float = 0.0,
    table: list[np.ndarray] | None = None,
    report: "EpochReport | None" = None,
) -> None:
    """One pass over the rows from the start, or with a `table` of users for
    ads that was trained before.
    """
    trainee.restart()
    trainee.decay.assign(decay)
    trainee.ad_weight.assign(weight)
    trainee.tie.assign(tie)
    if table is not None:
        trainee.model.get_layer("ad_users").set_weights(table)
    clicks = {name: past[name][:, None] for name in ("item_click", "ad_click")}
    trainee.model.fit(
        _inputs(past),
        clicks,
        batch_size=data.BATCH * seeds,
        shuffle=False,
        verbose=0,
        callbacks=[_Cosine(rate), report or EpochReport(None, total=1)],
    )


class _Cosine(keras.callbacks.Callback):
    """Lets the learning rate fall to 0 along half a cosine over all steps."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def on_train_batch_begin(
        self,
        batch: int,
        logs: dict | None = None,  # noqa: ARG002
    ) -> None:
        done = (1 + np.cos(np.pi * batch / data.STEPS)) / 2
        self.model.optimizer.learning_rate.assign(self.rate * done)


class EpochReport(keras.callbacks.Callback):
    """Tells `progress`, if there is one, how many steps of all trainings are
    done.
    """

    def __init__(self, progress: Progress | None, total: int) -> None:
        super().__init__()
        self.progress = progress
        self.done = 0
        self.total = total

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:  # noqa: ARG002
        self.done += 1
        if self.progress:
            self.progress(self.done, self.total)


def _inputs(rows: Rows) -> Rows:
    return {name: rows[name] for name in INPUTS}


def _predict(model: keras.Model, rows: Rows) -> dict[str, np.ndarray]:
    return {name: np.asarray(p) for name, p in model(_inputs(rows)).items()}


def judged(
    kind: str, model: keras.Model, logs: data.ConceptLogs, seeds: int
) -> Aucs:
    """AUCs on the rows to choose by (`check_` before the name) and to test on."""
    on_check = aucs_of(kind, logs.check, _predict(model, logs.check), seeds)
    on_test = aucs_of(kind, logs.future, _predict(model, logs.future), seeds)
    return {f"check_{name}": aucs for name, aucs in on_check.items()} | on_test


def aucs_of(kind: str, rows: Rows, predictions: Rows, seeds: int) -> Aucs:
    """AUC of each seed and task.

    The columns of `predictions` are `ad_click, item_click`, of the truth
    `ad_truth, item_truth`.
    """
    suffix = "truth" if kind == "bayes" else "click"
    aucs = {}
    for task in ("ad", "item"):
        y = rows[f"{task}_click"].reshape(-1, seeds)
        p = predictions[f"{task}_{suffix}"].reshape(-1, seeds)
        aucs[task] = [metrics.auc(y[:, s], p[:, s]) for s in range(seeds)]
    return {kind: aucs["ad"], f"item_{kind}": aucs["item"]}
