"""Two ways in which a label leaks.

- `leaky_target`: an auxiliary target that was counted in the test period;
- `label_as_input`: a label that is known only later, used as an input.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import Tensor, tf
from mtl_lessons.choosing_tasks.descent import cross_entropy, dense, descend
from mtl_lessons.choosing_tasks.world import Array
from mtl_lessons.stored import rounded
from mtl_lessons.world import sigmoid

STEPS = 800

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
        main = cross_entropy(tf.broadcast_to(y, tf.shape(z)), z)
        goal = tf.gather(tf.constant(targets, tf.float32), user[0], axis=1)
        decay = sum(tf.reduce_sum(tf.reduce_mean(v**2, 1)) for v in vectors)
        auxiliary = tf.reduce_mean(cross_entropy(goal, q), 1)
        return (
            tf.reduce_sum(tf.reduce_mean(main, 1) + on * auxiliary)
            + 0.003 * decay
        )

    past = [v[~test][None] for v in (user, item, y.astype("float32"))]
    descend(weights, loss, past, 0.02, STEPS, 1024)
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
        each = cross_entropy(y[0], logits(x[0]))
        return tf.reduce_sum(tf.reduce_mean(each, 0))

    columns = [v[None, :rows].astype("float32") for v in (x, y)]
    descend(weights, loss, columns, 0.01, STEPS, 256)
    return lambda x: tf.sigmoid(logits(tf.constant(x, tf.float32))).numpy()
