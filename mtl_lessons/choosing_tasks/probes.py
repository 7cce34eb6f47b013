"""Measuring the signals: in one joint run, in the single nets, on the labels."""

from collections.abc import Sequence

import numpy as np

from mtl_lessons.backend import Tensor, tf
from mtl_lessons.choosing_tasks import signals
from mtl_lessons.choosing_tasks.nets import (
    ROWS,
    STEPS,
    NetRows,
    TaskNets,
    TrainedNets,
    task_losses,
    train,
)
from mtl_lessons.choosing_tasks.sets import Set, T
from mtl_lessons.choosing_tasks.world import Array

RATE = 0.1  # the step of the lookahead, plain descent on the trunk
PROBE_ROWS = 256
LIKENESS_ROWS = 1_000  # check rows on which CKA compares


def in_joint_run(
    rows: NetRows,
    seeds: Sequence[int],
    steps: int = STEPS,
    every: int = 10,
    every_full: int = 50,
) -> dict[str, Array]:
    """The signals of gradients, while all six tasks train in one net.

    Each is a mean over the run: on 256 rows every 10 steps, and on all 6,000
    rows every 50 (`…, all rows`). Returns (seeds, helper, target) for each.

    >>> from mtl_lessons.choosing_tasks.nets import data
    >>> found = in_joint_run(data([0]), [0], steps=20)
    >>> found["gradient cosine"].shape
    (1, 6, 6)
    """
    measured: dict[str, list[Array]] = {}
    order = np.random.default_rng(10)
    columns = [tf.constant(column) for column in rows.train[:3]]
    compiled: list = []

    def note(batch: Sequence[Tensor], suffix: str) -> None:
        gradients, before, after = (v.numpy() for v in compiled[0](*batch))
        found = {
            "lookahead": signals.lookahead(before, after),
            "first order": signals.first_order(gradients, before, RATE),
            "gradient cosine": signals.gradient_cosine(gradients),
        }
        for name, value in found.items():
            measured.setdefault(name + suffix, []).append(value)

    def probe(step: int, nets: TaskNets) -> None:
        if not compiled:
            compiled.append(_looking(nets))
        if step % every == 0:
            some = tf.constant(order.integers(ROWS, size=PROBE_ROWS))
            note([tf.gather(c, some, axis=1) for c in columns], "")
        if step % every_full == 0:
            note(columns, ", all rows")

    train(rows, seeds, [tuple(range(T))], steps=steps, probe=probe)
    return {name: np.mean(values, axis=0) for name, values in measured.items()}


def _looking(nets: TaskNets):  # noqa: ANN202
    """A function of a batch: the tasks' gradients on the trunk (seeds, tasks,
    weights), their losses (seeds, tasks), and those after a step for each
    (seeds, helper, target)."""

    @tf.function(jit_compile=True, autograph=False)
    def look(x: Tensor, y: Tensor, known: Tensor) -> tuple[Tensor, ...]:
        with tf.GradientTape(persistent=True) as tape:
            losses = task_losses(y, known, nets(x))[:, 0]
            each = [tf.reduce_sum(losses[:, t]) for t in range(T)]
        gradients = [tape.gradient(one, nets.trunk) for one in each]
        seeds = losses.shape[0]
        flat = [
            tf.concat([tf.reshape(g, (seeds, -1)) for g in parts], axis=1)
            for parts in gradients
        ]
        after = []
        for parts in gradients:
            moved = [
                w - RATE * g for w, g in zip(nets.trunk, parts, strict=True)
            ]
            after.append(task_losses(y, known, nets(x, moved))[:, 0])
        return tf.stack(flat, 1), losses, tf.stack(after, 1)

    return look


def of_single_nets(
    rows: NetRows, trained: TrainedNets, sets: Sequence[Set]
) -> Array:
    """CKA of each two single nets on 1,000 check rows: (seeds, task, task).

    `trained` are nets of `sets`, among which each single task is.

    >>> from mtl_lessons.choosing_tasks.nets import data
    >>> sets = [(t,) for t in range(6)]
    >>> few = train(data([0]), [0], sets, steps=12)
    >>> of_single_nets(data([0]), few, sets)[0].diagonal().round(3).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    some = rows.check.x[:, :LIKENESS_ROWS]
    hidden = trained.nets.hidden(tf.constant(some)).numpy()
    alone = [list(sets).index((t,)) for t in range(T)]
    return np.array(
        [
            [[signals.cka(of[i], of[j]) for j in alone] for i in alone]
            for of in hidden
        ]
    )


def of_labels(rows: NetRows) -> dict[str, Array]:
    """Correlation and number of labels on the training rows: (seeds, helper,
    target) each.

    >>> from mtl_lessons.choosing_tasks.nets import data
    >>> found = of_labels(data([0]))
    >>> float(found["label counts"][0, 0, 1].round(1))  # log of 10
    2.3
    """
    y, known = rows.train.y, rows.train.known
    both = list(zip(y, known, strict=True))
    return {
        "label correlation": np.stack(
            [signals.label_correlation(*one) for one in both]
        ),
        "label counts": np.stack([signals.label_counts(k) for k in known]),
    }
