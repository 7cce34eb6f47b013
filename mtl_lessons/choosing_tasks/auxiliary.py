"""Auxiliary tasks: when to switch one off, and two ways in which a label leaks.

- `switched`: a main task with an auxiliary one kept, switched off after a fifth
  of the training, or never there, in a world where they fight for room and in
  one where the main task has few labels;
- `leaky_target`: an auxiliary target that was counted in the test period;
- `label_as_input`: a label that is known only later, used as an input.

Every run of every seed is a row of one batched model, as in `nets`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.choosing_tasks.world import DEVIATION, FEATURES, MEAN, Array
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import sigmoid

SEEDS = 16

Loss = Callable[..., Tensor]


def descend(
    weights: Sequence[Tensor],
    loss: Loss,
    columns: Sequence[Array],
    rate: float,
    steps: int,
    batch: int,
    told: Callable[[int], None] | None = None,
) -> None:
    """Adam on `loss(fraction done, *batch)`, from `rate` down along a cosine.

    `columns` are arrays (seeds, rows, …); a batch has the same random rows of
    each. `told(step)` is called after each step.

    >>> w = tf.Variable([4.0])
    >>> x = np.ones((1, 8), "float32")
    >>> descend([w], lambda _, x: tf.reduce_mean((w - x) ** 2), [x], 0.1, 200, 4)
    >>> round(float(w[0]), 1)
    1.0
    """
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    optimizer = keras.optimizers.Adam(schedule)
    optimizer.build(list(weights))

    @tf.function(jit_compile=True)
    def step(fraction: Tensor, *rows: Tensor) -> None:
        with tf.GradientTape() as tape:
            value = loss(fraction, *rows)
        gradients = tape.gradient(value, weights)
        optimizer.apply_gradients(zip(gradients, weights, strict=True))

    order = np.random.default_rng(0)
    tensors = [tf.constant(column) for column in columns]
    rows = columns[0].shape[1]
    for k in range(steps):
        chosen = tf.constant(order.integers(rows, size=batch))
        some = [tf.gather(column, chosen, axis=1) for column in tensors]
        step(tf.constant(k / steps, tf.float32), *some)
        if told:
            told(k + 1)


def dense(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> Tensor:
    """Weights to begin with, as a variable: normal, times `scale`.

    >>> tuple(dense(np.random.default_rng(0), 2, 3).shape)
    (2, 3)
    """
    start = scale * rng.normal(size=shape)
    return tf.Variable(start.astype("float32"))


def _cross_entropy(y: Tensor, logits: Tensor) -> Tensor:
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits)


# -------------------------------------------------------- keep or switch off


class Case(NamedTuple):
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
    "room": Case(2, 4, True, 8, 12_000, 3_000),
    "room, same signs": Case(2, 4, False, 8, 12_000, 3_000),
    "labels": Case(4, 4, False, 10, 3_600, 2_500),
}
ARMS = ("alone", "kept", "off")
OFF = 0.2  # of the training, after which the auxiliary task is switched off
MARKS = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)  # of the training, where it is judged
ROWS, TEST = 12_000, 6_000


def pair(case: Case, seed: int) -> tuple[Array, Array, Array]:
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
        return _cross_entropy(tf.broadcast_to(y[:, None], tf.shape(z)), z)

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
        lambda: tf.reduce_mean(each(*test)[..., 0], axis=2), jit_compile=True
    )
    curve = []

    def told(step: int) -> None:
        if step in marks:
            curve.append(judge().numpy() - least[:, None])

    columns = [x[:, :ROWS], y[:, :ROWS], known]
    descend(weights, loss, columns, 0.005, world.steps, 256, told)
    by_arm = np.stack(curve).transpose(2, 0, 1)  # arms, marks, seeds
    return dict(zip(ARMS, rounded(by_arm, digits=5), strict=True))


# ------------------------------------------------- a target from the test weeks

USERS, ITEMS, ROWS_EACH, TEST_EACH = 1_500, 200, 12, 2
TARGETS = ("none", "clean", "leaky")


def leaky_target(seed: int, weight: float = 20.0) -> dict[str, dict]:
    """A purchase head, and an auxiliary target of the user: the share of his
    rows that sold, counted over the training rows (`clean`) or over the test
    rows (`leaky`, a "long-term value").

    The AUC of the purchase head for each of `TARGETS`: on the `test` labels, on
    labels drawn `anew` for the same rows, and the one `expected` under the true
    chances.

    >>> from mtl_lessons import stored
    >>> stored.read("choosing_tasks_auxiliary")["leak"][0]["leaky"].keys()
    dict_keys(['test', 'anew', 'expected'])
    """
    rng = np.random.default_rng([14, seed])
    user = np.repeat(np.arange(USERS), ROWS_EACH)
    item = rng.integers(ITEMS, size=len(user))
    taste, appeal = (
        rng.normal(size=(USERS, 3)),
        0.6 * rng.normal(size=(ITEMS, 3)),
    )
    logit = (
        0.7 * rng.normal(size=USERS)[user] + 0.5 * rng.normal(size=ITEMS)[item]
    )
    truth = sigmoid(logit + (taste[user] * appeal[item]).sum(1) - 1.5)
    y = rng.random(len(user)) < truth
    test = np.tile(np.arange(ROWS_EACH) >= ROWS_EACH - TEST_EACH, USERS)
    anew = rng.random(test.sum()) < truth[test]

    def share(rows: Array) -> Array:
        sold = np.bincount(user[rows], y[rows], USERS)
        return sold / np.bincount(user[rows], minlength=USERS)

    targets = np.stack([np.zeros(USERS), share(~test), share(test)])
    weights = _tables(rng, len(TARGETS))
    on = tf.constant([0.0, weight, weight], tf.float32)

    def loss(_: Tensor, user: Tensor, item: Tensor, y: Tensor) -> Tensor:
        z, q, vectors = _two_heads(weights, user[0], item[0])
        main = _cross_entropy(tf.broadcast_to(y, tf.shape(z)), z)
        goal = tf.gather(tf.constant(targets, tf.float32), user[0], axis=1)
        decay = sum(tf.reduce_sum(tf.reduce_mean(v**2, 1)) for v in vectors)
        auxiliary = tf.reduce_mean(_cross_entropy(goal, q), 1)
        return (
            tf.reduce_sum(tf.reduce_mean(main, 1) + on * auxiliary)
            + 0.003 * decay
        )

    past = [v[~test][None] for v in (user, item, y.astype("float32"))]
    descend(weights, loss, past, 0.02, 800, 1024)
    z, *_ = _two_heads(
        weights, tf.constant(user[test]), tf.constant(item[test])
    )
    found = {}
    for name, scores in zip(TARGETS, z.numpy(), strict=True):
        found[name] = {
            "test": metrics.auc(y[test], scores),
            "anew": metrics.auc(anew, scores),
            "expected": metrics.expected_auc(truth[test], scores),
        }
    return {name: rounded(of, digits=4) for name, of in found.items()}


def _tables(
    rng: np.random.Generator, arms: int, width: int = 8
) -> list[Tensor]:
    """Users, items, biases of items, and the two heads on the user; every arm
    starts from the same."""
    shapes = [
        ((1, USERS, width), 0.1),
        ((1, ITEMS, width), 0.1),
        ((1, ITEMS), 0.0),
        ((1, width, 1), 0.3),
        ((1, width, 1), 0.3),
    ]
    starts = [scale * rng.normal(size=shape) for shape, scale in shapes]
    return [
        tf.Variable(np.repeat(start, arms, axis=0).astype("float32"))
        for start in starts
    ]


def _two_heads(
    weights: Sequence[Tensor], user: Tensor, item: Tensor
) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """Logits of purchase and of the auxiliary target, (arms, rows) each, and
    the vectors that they were made of."""
    users, items, bias, head, helper = weights
    u, i = tf.gather(users, user, axis=1), tf.gather(items, item, axis=1)
    bought = tf.reduce_sum(u * i, -1) + tf.gather(bias, item, axis=1)
    return bought + (u @ head)[..., 0] - 1.3, (u @ helper)[..., 0] - 1.3, (u, i)


# ------------------------------------------------------- a label as an input

ROWS_INPUT, TEST_INPUT = 8_000, 20_000


def label_as_input(seed: int) -> dict[str, dict[str, float]]:
    """A purchase, and a long dwell that raises its logit by 2.5 and is known
    only after the impression.

    Judged on 20,000 rows: `auc` on the labels, and `pcoc`, mean prediction over
    the true rate of purchases. `truth` is the chance of a purchase given what
    is known when it is ranked: no model can have a higher expected AUC.

    >>> from mtl_lessons import stored
    >>> list(stored.read("choosing_tasks_auxiliary")["input"][0])[:2]
    ['truth', 'main alone']
    """
    rng = np.random.default_rng([15, seed])
    d, n = 12, ROWS_INPUT
    x = rng.normal(size=(n + TEST_INPUT, d))
    bent = np.maximum(x @ rng.normal(size=(d, 4)) / np.sqrt(d), 0)
    linear = x @ rng.normal(size=(d, 2)) * 1.5 / np.sqrt(d)
    dwell = sigmoid(1.2 * linear[:, 0] + bent @ rng.normal(size=4) - 0.5)
    logit = 0.8 * linear[:, 1] + bent @ rng.normal(size=4) - 2.5
    long = rng.random(len(x)) < dwell
    with_it, without_it = sigmoid(logit + 2.5), sigmoid(logit)
    truth = dwell * with_it + (1 - dwell) * without_it
    y = rng.random(len(x)) < np.where(long, with_it, without_it)

    both = _fitted(x, np.c_[y, long], n)
    main, of_dwell = _fitted(x, y[:, None], n), _fitted(x, long[:, None], n)
    q = of_dwell(x)[:, 0]
    reads = _fitted(np.c_[x, long], y[:, None], n)

    def given(value: Array | float) -> Array:
        return reads(np.c_[x, np.broadcast_to(value, len(x))])[:, 0]

    scores = {
        "truth": truth,
        "main alone": main(x)[:, 0],
        "second output": both(x)[:, 0],
        "input, judged with the label": given(long),
        "input, served with 0": given(0.0),
        "input, served with its prediction": given(q),
        "input, summed out": q * given(1.0) + (1 - q) * given(0.0),
    }
    rate = truth[n:].mean()
    return {
        name: {
            "auc": round(metrics.auc(y[n:], s[n:]), 4),
            "pcoc": round(float(s[n:].mean() / rate), 4),
        }
        for name, s in scores.items()
    }


def _fitted(x: Array, y: Array, rows: int) -> Callable[[Array], Array]:
    """A net of one ReLU layer of 16, trained on the first rows; returns chances
    (rows, labels)."""
    rng = np.random.default_rng(16)
    d, h, k = x.shape[1], 16, y.shape[1]
    weights = [
        dense(rng, d, h, scale=np.sqrt(2 / d)),
        tf.Variable(tf.zeros(h)),
        dense(rng, h, k, scale=1 / np.sqrt(h)),
        tf.Variable(tf.zeros(k)),
    ]

    def logits(x: Tensor) -> Tensor:
        w, b, v, c = weights
        return tf.nn.relu(x @ w + b) @ v + c

    def loss(_: Tensor, x: Tensor, y: Tensor) -> Tensor:
        each = _cross_entropy(y[0], logits(x[0]))
        return tf.reduce_sum(tf.reduce_mean(each, 0))

    columns = [v[None, :rows].astype("float32") for v in (x, y)]
    descend(weights, loss, columns, 0.01, 800, 256)
    return lambda x: tf.sigmoid(logits(tf.constant(x, tf.float32))).numpy()


# ------------------------------------------------------------------- the grid


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """All three experiments: a few minutes.

    >>> from mtl_lessons import stored
    >>> sorted(stored.read("choosing_tasks_auxiliary"))
    ['input', 'leak', 'recipe', 'switched']
    """
    jobs: list[tuple[str, Any]] = [("switched", case) for case in CASES]
    jobs += [("leak", seed) for seed in range(8)]
    jobs += [("input", seed) for seed in range(8)]
    found: dict[str, Any] = {"switched": {}, "leak": [], "input": []}
    for kind, what in counted(jobs, progress):
        if kind == "switched":
            found[kind][what] = switched(what)
        elif kind == "leak":
            found[kind].append(leaky_target(what))
        else:
            found[kind].append(label_as_input(what))
    return found | {
        "recipe": "mtl_lessons.choosing_tasks.auxiliary.grid(): 16 seeds of "
        "each case, 8 of the leaks"
    }
