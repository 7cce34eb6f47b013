"""One sequence model with tasks as tokens, against heads on rows.

A user's past is one sequence: item, action, item, action, … A causal
transformer reads it. At an item's place it says what the user will do, and
there are two ways to say it: the next *token* (nothing, click, click and
purchase: one softmax), or *heads* (a sigmoid for each task). A ranker reads the
same past as rows, with the past pooled (summed, over the root of its number),
or with a row of a table for each user. (The miniature of HSTU's input, Zhai et
al. 2024; their attention differs.)
"""

from itertools import product
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.metrics import Array
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import World

layers, ops = keras.layers, keras.ops

ITEMS, LENGTH = 300, 24  # of the catalogue; impressions of a user
TRAIN, HOLD = 16, 18  # impressions to train on; up to here, to choose by
NEW = 400  # users who are in no training row
WIDTH, BATCH = 32, 64
ACTIONS = 3  # nothing, click, click and purchase
SIZES, SEEDS = (500, 2000), 3  # users to train on
RATES = (0.003, 0.01)
EPOCHS = {500: 16, 2000: 6}


class ActionLog(NamedTuple):
    """Arrays `(users, LENGTH)`: items shown, what was done (0, 1 or 2), and the
    true chances of a click and of a purchase after it.
    """

    item: Array
    action: Array
    click: Array
    purchase: Array


def draw(users: int, seed: int = 0) -> ActionLog:
    """The impressions of users in a world without context.

    >>> draw(20).item.shape
    (20, 24)
    """
    world = World(seed=seed, users=users, items=ITEMS)
    rng = np.random.default_rng([seed, 3])
    tastes, things = world.tastes, world.catalogue
    item = rng.choice(ITEMS, size=(users, LENGTH), p=things.popularity)

    def chance(taste: Array, vectors: Array, quality: Array) -> Array:
        like = np.einsum("uk,ulk->ul", taste, vectors[item])
        logit = -1.6 + 1.6 * like + 0.8 * quality[item]
        return 1 / (1 + np.exp(-logit))

    click = chance(tastes.click, things.click, things.click_quality)
    after = chance(
        tastes.conversion, things.conversion, things.conversion_quality
    )
    clicked = rng.random(click.shape) < click
    bought = clicked & (rng.random(click.shape) < after)
    action = clicked.astype("int32") + bought
    return ActionLog(item.astype("int32"), action, click, click * after)


# ---- the models ----


def tokens(log: ActionLog) -> Array:
    """Item, action, item, action, …: `(users, 2 LENGTH)`, actions first in the
    vocabulary.

    >>> tokens(draw(20))[:, 1::2].max() < ACTIONS
    np.True_
    """
    pairs = np.stack([log.item + ACTIONS, log.action], axis=2)
    return pairs.reshape(len(log.item), -1).astype("int32")


def transformer(
    heads: bool, items: int = ITEMS, length: int = LENGTH, depth: int = 2
) -> keras.Model:
    """Causal, over the tokens of a user; read at the items' places.

    Output `(batch, length, 3)`, logits of the next token, or, with `heads`,
    `(batch, length, 2)`, logits of click and of click and purchase.

    >>> transformer(heads=True, items=9, length=4, depth=1).output_shape
    (None, 4, 2)
    """
    token = keras.Input((2 * length,), dtype="int32", name="tokens")
    h = layers.Embedding(items + ACTIONS, WIDTH)(token)
    place = layers.Embedding(2 * length, WIDTH)
    h = h + place(ops.arange(2 * length))[None]
    for _ in range(depth):
        normed = layers.LayerNormalization()(h)
        attention = layers.MultiHeadAttention(2, WIDTH // 2)
        h = h + attention(normed, normed, use_causal_mask=True)
        normed = layers.LayerNormalization()(h)
        wide = layers.Dense(2 * WIDTH, "gelu")(normed)
        h = h + layers.Dense(WIDTH)(wide)
    h = layers.LayerNormalization()(h)[:, ::2]  # the items' places
    return keras.Model([token], layers.Dense(2 if heads else ACTIONS)(h))


def ranker(users: int = 0, items: int = ITEMS) -> keras.Model:
    """Two heads on rows; a user is a row of a table, or, with 0 users, the
    sum of what was seen, each item with its action, over the root of the
    number.

    >>> ranker(users=7, items=9).output_shape
    (None, 2)
    """
    item = keras.Input((), dtype="int32", name="item")
    of_item = layers.Embedding(items, WIDTH)(item)
    if users:
        who = keras.Input((), dtype="int32", name="user")
        person = layers.Embedding(users, WIDTH, name="users")(who)
    else:
        who = keras.Input((LENGTH,), dtype="int32", name="past")
        seen = layers.Embedding(ACTIONS * items + 1, WIDTH)(who)
        there = ops.cast(who > 0, "float32")[..., None]
        number = ops.maximum(ops.sum(there, 1), 1.0)
        person = ops.sum(seen * there, 1) / ops.sqrt(number)
    both = layers.Concatenate()([person, of_item, person * of_item])
    h = layers.Dense(WIDTH, "relu")(both)
    return keras.Model([who, item], layers.Dense(2)(h))


def labels(action: Array) -> Array:
    """Click, and click and purchase, on a last axis.

    >>> labels(np.array([0, 1, 2])).tolist()
    [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
    """
    return np.stack([action > 0, action == 2], axis=-1).astype("float32")


def token_loss(action: Tensor, logits: Tensor) -> Tensor:
    """Cross-entropy of the next token, for each place."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(action, logits)


def head_loss(action: Tensor, logits: Tensor) -> Tensor:
    """The sum of the heads' log losses, for each place."""
    y = tf.stack([action > 0, action == 2], -1)
    y = tf.cast(y, "float32")
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(y, logits), -1)


def chances(logits: Array) -> Array:
    """Chances of click, and of click and purchase, of either kind of output.

    >>> chances(np.log([[0.5, 0.3, 0.2]])).round(2).tolist()
    [[0.5, 0.2]]
    """
    if logits.shape[-1] == ACTIONS:
        p = np.exp(logits - logits.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        return np.stack([p[..., 1] + p[..., 2], p[..., 2]], axis=-1)
    return 1 / (1 + np.exp(-logits))


# ---- training, the same for all ----


class Sequences(NamedTuple):
    """Inputs and actions of a kind of model; `train` and `later` say which
    places count.
    """

    x: tuple[Array, ...]
    action: Array
    train: Array
    later: Array


def as_sequences(log: ActionLog, old: int) -> Sequences:
    """A row is a user."""
    places = np.tile(np.arange(LENGTH), (len(log.item), 1))
    mine = np.arange(len(log.item))[:, None] < old
    later = mine & (places >= TRAIN) & (places < HOLD)
    return Sequences((tokens(log),), log.action, mine & (places < TRAIN), later)


def as_rows(log: ActionLog, old: int, ids: bool) -> Sequences:
    """A row is an impression, with the user's id or the past."""
    users = len(log.item)
    if ids:
        who = np.repeat(np.arange(users), LENGTH)
    else:
        seen = 1 + log.item * ACTIONS + log.action
        past = np.zeros((users, LENGTH, LENGTH), "int32")
        for k in range(1, LENGTH):
            past[:, k, :k] = seen[:, :k]
        who = past.reshape(-1, LENGTH)
    part = as_sequences(log, old)
    flat = (a.reshape(-1) for a in (log.action, part.train, part.later))
    return Sequences((who.astype("int32"), log.item.reshape(-1)), *flat)


def train(
    model: keras.Model, data: Sequences, rate: float, epochs: int, batch: int
) -> tuple[float, Array]:
    """Adam; the best epoch by the rows that choose.

    Returns their loss (the mean log loss of both tasks), and the chances at
    every place, `(…, 2)`.
    """
    loss = token_loss if model.output_shape[-1] == ACTIONS else head_loss
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(model.trainable_variables)
    used = data.train.any(-1) if data.train.ndim > 1 else data.train
    places = np.flatnonzero(used)

    @tf.function(autograph=False)
    def step(x: list[Tensor], action: Tensor, counts: Tensor) -> None:
        with tf.GradientTape() as tape:
            wrong = loss(action, model(x, training=True))
            mean = tf.reduce_sum(wrong * counts) / tf.reduce_sum(counts)
        found = tape.gradient(mean, model.trainable_variables)
        optimizer.apply(found, model.trainable_variables)

    rng = np.random.default_rng(0)
    best, weights = np.inf, model.get_weights()
    on = data.later.any(-1) if data.later.ndim > 1 else data.later
    later = [part[on] for part in data.x]
    said = labels(data.action[data.later])
    for _ in range(epochs):
        order = rng.permutation(places)
        for k in range(0, len(order) - batch + 1, batch):
            at = order[k : k + batch]
            step(
                [tf.constant(part[at]) for part in data.x],
                tf.constant(data.action[at], "int32"),
                tf.constant(data.train[at], "float32"),
            )
        p = chances(_logits(model, later))[data.later[on]]
        p = np.clip(p, 1e-6, 1 - 1e-6)
        wrong = -np.mean(said * np.log(p) + (1 - said) * np.log(1 - p))
        if wrong < best:
            best, weights = float(wrong), model.get_weights()
    model.set_weights(weights)
    _mean_row_for_the_unseen(model, data)
    return best, chances(_logits(model, list(data.x)))


def _mean_row_for_the_unseen(model: keras.Model, data: Sequences) -> None:
    """Users without a training row get the mean row of the others."""
    for layer in model.layers:
        if layer.name == "users":
            (rows,) = layer.get_weights()
            seen = np.isin(np.arange(len(rows)), data.x[0][data.train])
            rows[~seen] = rows[seen].mean(0)
            layer.set_weights([rows])


def _logits(model: keras.Model, x: list[Array]) -> Array:
    size = 512 if x[0].ndim > 1 else 8192
    return model.predict(x, batch_size=size, verbose=0)


ARMS = (
    "transformer, action tokens",
    "transformer, heads",
    "ranker, user ids",
    "ranker, pooled past",
)
WHERE = ("old users", "new users, first 4", "new users, last 8")


def run(arm: str, log: ActionLog, old: int, rate: float) -> tuple[float, Array]:
    """Train one arm once: its loss on the rows that choose, and its chances
    `(users, LENGTH, 2)`.
    """
    keras.utils.set_random_seed(0)
    if arm.startswith("transformer"):
        model = transformer(heads=arm.endswith("heads"))
        data, batch = as_sequences(log, old), BATCH
    else:
        ids = arm.endswith("ids")
        model = ranker(len(log.item) if ids else 0)
        data, batch = as_rows(log, old, ids), BATCH * TRAIN
    loss, p = train(model, data, rate, EPOCHS[old], batch)
    return loss, p.reshape(*log.item.shape, 2)


def judged(p: Array, log: ActionLog, old: int) -> list[list[float]]:
    """Expected AUC of click, and of click and purchase, at each of `WHERE`."""
    mine = np.arange(len(log.item))[:, None] < old
    place = np.arange(LENGTH)[None]
    parts = (
        mine & (place >= HOLD),
        ~mine & (place < 4),
        ~mine & (place >= LENGTH - 8),
    )
    truth = (log.click, log.purchase)
    return [
        [
            metrics.expected_auc(true[on], p[..., task][on])
            for task, true in enumerate(truth)
        ]
        for on in parts
    ]


def weights_of(arm: str, users: int) -> int:
    """Weights of an arm."""
    if arm.startswith("transformer"):
        return transformer(arm.endswith("heads")).count_params()
    return ranker(users if arm.endswith("ids") else 0).count_params()


def measure(old: int, seed: int) -> list[dict[str, Any]]:
    """All arms in one world, each with the best of `RATES` on later rows."""
    log = draw(old + NEW, seed)
    truth = np.stack([log.click, log.purchase], axis=-1)
    point = {"users": old, "seed": seed}
    cells = [
        point | {"arm": "the truth", "auc": rounded(judged(truth, log, old), 4)}
    ]
    for arm in ARMS:
        tried = {rate: run(arm, log, old, rate) for rate in RATES}
        rate = min(tried, key=lambda r: tried[r][0])
        cells.append(
            point
            | {"arm": arm, "rate": rate, "weights": weights_of(arm, old + NEW)}
            | {"auc": rounded(judged(tried[rate][1], log, old), 4)}
        )
    return cells


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """All arms at each number of users, three seeds."""
    points = list(product(SIZES, range(SEEDS)))
    cells = [measure(*point) for point in counted(points, progress)]
    return {
        "recipe": "mtl_lessons.large_models.sequence.grid",
        "where": list(WHERE),
        "cells": [cell for part in cells for cell in part],
    }
