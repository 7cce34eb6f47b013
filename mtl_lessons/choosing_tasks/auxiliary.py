"""Auxiliary tasks: when to switch one off.

`switched` trains a main task with an auxiliary one kept, switched off after a
fifth of the training, or never there, in a world where they fight for room and
in one where the main task has few labels. `grid` adds the labels that leak, of
`leaks`.
"""

from typing import Any, NamedTuple

import numpy as np

from mtl_lessons.backend import Tensor, tf
from mtl_lessons.choosing_tasks.descent import cross_entropy, descend
from mtl_lessons.choosing_tasks.leaks import label_as_input, leaky_target
from mtl_lessons.choosing_tasks.world import DEVIATION, FEATURES, MEAN, Array
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import sigmoid

SEEDS = 16
LEAKS = 8  # worlds of each way to leak


class Helper(NamedTuple):
    """A world with a main and an auxiliary task.

    The main task reads four hidden features; the auxiliary one `common` of
    them and `own` others. With `opposed`, every other common feature has the
    opposite sign in the auxiliary task. `labels` of 12,000 rows have the main
    label, all have the auxiliary one; the trunk is `width` wide.

    >>> CASES["room"].labels, CASES["labels"].labels
    (12000, 3600)
    """

    common: int
    own: int
    opposed: bool
    width: int
    labels: int
    steps: int


CASES = {
    "room": Helper(2, 4, True, 8, 12_000, 3_000),
    "room, same signs": Helper(2, 4, False, 8, 12_000, 3_000),
    "labels": Helper(4, 4, False, 10, 3_600, 2_500),
}
ARMS = ("alone", "kept", "off")
OFF = 0.2  # of the training, after which the auxiliary task is switched off
MARKS = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)  # of the training, where it is judged
ROWS, TEST = 12_000, 6_000


def pair(case: Helper, seed: int) -> tuple[Array, Array, Array]:
    """Rows (18,000, 24) of a case; the true chances and the labels of the main
    and the auxiliary task, (18,000, 2) each.

    >>> [part.shape for part in pair(CASES["labels"], 0)]
    [(18000, 24), (18000, 2), (18000, 2)]
    """
    rng = np.random.default_rng([11, seed])
    directions, _ = np.linalg.qr(rng.normal(size=(FEATURES, 4 + case.own)))
    x = rng.normal(size=(ROWS + TEST, FEATURES))
    hidden = (np.abs(x @ directions) - MEAN) / DEVIATION
    signs = np.ones(case.common)
    signs[1::2] = -1 if case.opposed else 1
    also = np.c_[hidden[:, : case.common] * signs, hidden[:, 4:]]
    main = hidden[:, :4].sum(1) / 2
    helper = also.sum(1) / np.sqrt(also.shape[1])
    truth = sigmoid(2.5 * np.stack([main, helper], 1) - 0.7)
    labels = rng.random(truth.shape) < truth
    return x, truth, labels


def switched(case: str, seeds: int = SEEDS) -> dict[str, Any]:
    """Excess loss of the main task for each of `ARMS`: a list over MARKS of
    lists over seeds.

    Raises `ValueError` for a case that is none of `CASES`.

    >>> switched("noise")
    Traceback (most recent call last):
    ValueError: case: expected one of room, room, same signs, labels, found 'noise'
    """
    if case not in CASES:
        expected = ", ".join(CASES)
        raise ValueError(f"case: expected one of {expected}, found {case!r}")
    world = CASES[case]
    parts = [pair(world, seed) for seed in range(seeds)]
    x, truth, y = (np.stack(p).astype("float32") for p in zip(*parts))
    shown = np.random.default_rng(12).random((seeds, ROWS))
    known = (shown < world.labels / ROWS).astype("float32")
    arms, d, h = len(ARMS), FEATURES, world.width
    rng = np.random.default_rng(13)
    kernel = rng.normal(size=(seeds, 1, d, h)) * np.sqrt(2 / d)
    heads = rng.normal(size=(seeds, 1, h, 2)) / np.sqrt(h)
    biases = (np.zeros((seeds, 1, 1, n)) for n in (h, 2))
    weights = [
        tf.Variable(np.repeat(w, arms, axis=1).astype("float32"))
        for w in (kernel, next(biases), heads, next(biases))
    ]

    def logits(x: Tensor) -> Tensor:  # (seeds, arms, rows, 2)
        w, b, v, c = weights
        return tf.nn.relu(x[:, None] @ w + b) @ v + c

    def each(x: Tensor, y: Tensor) -> Tensor:
        z = logits(x)
        return cross_entropy(tf.broadcast_to(y[:, None], tf.shape(z)), z)

    def loss(done: Tensor, x: Tensor, y: Tensor, known: Tensor) -> Tensor:
        of = each(x, y)
        count = tf.maximum(tf.reduce_sum(known, 1), 1.0)[:, None]
        main = tf.reduce_sum(of[..., 0] * known[:, None], 2) / count
        on = tf.stack([0.0, 1.0, tf.cast(done < OFF, tf.float32)])
        return tf.reduce_sum(main + on * tf.reduce_mean(of[..., 1], 2))

    marks = {round(world.steps * mark) for mark in MARKS}
    p = truth[:, ROWS:].astype("float64")
    least = -np.mean(p * np.log(p) + (1 - p) * np.log(1 - p), axis=1)[:, 0]
    test = tf.constant(x[:, ROWS:]), tf.constant(truth[:, ROWS:])
    judge = tf.function(
        lambda: tf.reduce_mean(each(*test)[..., 0], axis=2),
        jit_compile=True,
        autograph=False,
    )
    curve = []

    def told(step: int) -> None:
        if step in marks:
            curve.append(judge().numpy() - least[:, None])

    columns = [x[:, :ROWS], y[:, :ROWS], known]
    descend(weights, loss, columns, 0.005, world.steps, 256, told)
    by_arm = np.stack(curve).transpose(2, 0, 1)  # arms, marks, seeds
    return dict(zip(ARMS, rounded(by_arm, digits=5), strict=True))


# ------------------------------------------------------------------- the grid


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """All three experiments: a few minutes.

    >>> from mtl_lessons import stored
    >>> sorted(stored.read("choosing_tasks_auxiliary"))
    ['input', 'leak', 'recipe', 'switched']
    """
    jobs: list[tuple[str, Any]] = [("switched", case) for case in CASES]
    jobs += [("leak", seed) for seed in range(LEAKS)]
    jobs += [("input", seed) for seed in range(LEAKS)]
    found: dict[str, Any] = {"switched": {}, "leak": [], "input": []}
    for kind, what in counted(jobs, progress):
        if kind == "switched":
            found[kind][what] = switched(what, SEEDS)
        elif kind == "leak":
            found[kind].append(leaky_target(what))
        else:
            found[kind].append(label_as_input(what))
    return found | {
        "recipe": "mtl_lessons.choosing_tasks.auxiliary.grid(): 16 seeds of "
        "each case, 8 of the leaks"
    }
