"""A click model whose items are made of parts, and the experiment on cold
items.

    logit = user · item + bias of the item + context
    [item, bias] = sum of rows of a table  +  content @ W

An own id is one row; a hash is one row that several items share; a code has a
row for each of its places; a projection of the content has no row at all.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import tf
from mtl_lessons.metrics import Array
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import Rows, World, split_by_time

from .batched import TensorBatch, adagrad, fit, variable
from .semantic_ids import (
    Quantiser,
    colliding,
    prefixes,
    rows,
    variance_left,
)

USERS, ITEMS, IMPRESSIONS = 600, 4000, 200_000
LEVELS, CODES, WIDTH = 3, 64, 8
SEEDS, COLD = 5, 0.2
PULLS = (0.001, 0.003, 0.01, 0.03)  # L2 pulls that are tried
NOISES = (0.5, 2.0)  # of the content


class Parts(NamedTuple):
    """What items are made of, for every seed: rows of a table `(items, L)`, and
    a content vector `(items, d)` that is projected; one of them can be `None`.

    >>> Parts(table=[np.arange(4)[:, None]]).content is None
    True
    """

    table: Sequence[Array] | None = None
    content: Sequence[Array] | None = None


class Trained(NamedTuple):
    """A trained model of one seed.

    `item` is `(items, width + 1)`, with the bias last.

    >>> log = {"user": [0], "item": [1], "context": np.zeros((1, 6))}
    >>> item = np.array([[0.0, 0.0], [3.0, 0.5]])
    >>> Trained(np.array([[2.0]]), item, np.zeros(6), -1.0).score(log)
    array([5.5])
    """

    user: Array
    item: Array
    context: Array
    bias: float

    def score(self, log: Rows) -> Array:
        """The logits of a log's rows."""
        item = self.item[log["item"]]
        match = (self.user[log["user"]] * item[:, :-1]).sum(1)
        return match + item[:, -1] + log["context"] @ self.context + self.bias


def train(
    logs: Sequence[Rows],
    users: int,
    parts: Parts,
    width: int = WIDTH,
    pull: float = 0.003,
    epochs: int = 4,
    batch: int = 512,
) -> list[Trained]:
    """A model for each seed's log, by Adagrad (rate 0.3).

    `pull` is the weight of the squared vectors of a row (L2). Raises
    `ValueError` if items are made of nothing.

    >>> log = World(users=60, items=9).impressions(600)
    >>> ids = Parts([np.arange(9)[:, None]])
    >>> train([log], 60, ids, width=2, epochs=1)[0].item.shape
    (9, 3)
    """
    if parts.table is None and parts.content is None:
        raise ValueError("parts: expected a table or content, found neither")
    rng, seeds = np.random.default_rng(0), len(logs)
    user = variable(0.1 * rng.normal(size=(seeds, users, width)))
    context, bias = variable(np.zeros((seeds, 6))), variable([[-2.0]] * seeds)
    weights = [user, context, bias]
    if parts.table is not None:
        places = np.stack(parts.table)  # (seeds, items, L)
        scale = 0.1 / np.sqrt(places.shape[2])
        start = scale * rng.normal(size=(seeds, places.max() + 1, width + 1))
        start[..., -1] = 0
        table = variable(start)
        weights.append(table)
        slots = tf.constant(places, "int32")
    if parts.content is not None:
        content = tf.constant(np.stack(parts.content), "float32")
        d = parts.content[0].shape[1]
        start = 0.1 * rng.normal(size=(seeds, d, width + 1)) / np.sqrt(d)
        matrix = variable(start)
        weights.append(matrix)

    def vectors(item: Any) -> Any:
        """Vectors and biases of items, `(seeds, batch, width + 1)`."""
        found = 0.0
        if parts.table is not None:
            of_item = tf.gather(slots, item, batch_dims=1)
            found += tf.reduce_sum(tf.gather(table, of_item, batch_dims=1), 2)
        if parts.content is not None:
            of_item = tf.gather(content, item, batch_dims=1)
            found += tf.matmul(of_item, matrix)
        return found

    def loss(part: TensorBatch) -> Any:
        person = tf.gather(user, part["user"], batch_dims=1)
        item = vectors(part["item"])
        logit = tf.reduce_sum(person * item[..., :-1], -1) + item[..., -1]
        logit += tf.einsum("sbk,sk->sb", part["context"], context) + bias
        wrong = tf.nn.sigmoid_cross_entropy_with_logits(part["click"], logit)
        size = tf.reduce_sum(person**2) + tf.reduce_sum(item**2)
        return tf.reduce_sum(tf.reduce_mean(wrong, 1)) + pull / batch * size

    stacked = {
        name: np.stack([log[name] for log in logs])
        for name in ("user", "item", "context")
    }
    stacked["click"] = np.stack([log["click"] for log in logs]).astype(float)
    fit(weights, loss, stacked, adagrad(0.3), epochs, batch)

    made_of = parts.table if parts.table is not None else parts.content
    number = len(made_of[0]) if made_of is not None else 0
    everything = tf.constant(np.tile(np.arange(number), (seeds, 1)), "int32")
    items = np.array(vectors(everything))  # a copy, which may be changed
    user, context, bias = map(np.asarray, (user, context, bias))
    return [
        Trained(user[s], items[s], context[s], bias[s, 0]) for s in range(seeds)
    ]


# ---- the experiment: items that nobody has seen ----


class Setting(NamedTuple):
    """Worlds, logs and contents of all seeds; `cold` items, `(items,)` each,
    are in no training row.
    """

    worlds: list[World]
    logs: list[Rows]  # to train on
    later: list[Rows]  # to choose by: the last tenth before the test
    tests: list[Rows]
    cold: list[Array]
    contents: list[Array]


def contents(world: World, noise: float, d: int = 32) -> Array:
    """What a text tells of an item: its taste vector through a random map, and
    noise. Neither its quality nor its popularity.

    >>> contents(World(items=50), noise=0.5).shape
    (50, 32)
    """
    rng = np.random.default_rng([world.seed, 5])
    told = world.catalogue.click @ rng.normal(size=(world.dim, d))
    return told + noise * rng.normal(size=told.shape)


def setting(noise: float, seeds: int = SEEDS, n: int = IMPRESSIONS) -> Setting:
    """The worlds of the experiment, with the content's noise as a dial."""
    worlds = [
        World(seed=s, users=USERS, items=ITEMS, decision_noise=0.6)
        for s in range(seeds)
    ]
    cold = [
        np.random.default_rng([s, 9]).random(ITEMS) < COLD for s in range(seeds)
    ]
    past, tests = zip(*(split_by_time(w.impressions(n), 0.2) for w in worlds))
    logs = [
        {name: values[~c[log["item"]]] for name, values in log.items()}
        for log, c in zip(past, cold)
    ]
    least = min(len(log["click"]) for log in logs)
    logs = [{k: v[:least] for k, v in log.items()} for log in logs]
    pairs = [split_by_time(log, 0.1) for log in logs]
    return Setting(
        worlds,
        [pair[0] for pair in pairs],
        [pair[1] for pair in pairs],
        list(tests),
        cold,
        [contents(world, noise) for world in worlds],
    )


def arms(given: Setting) -> dict[str, Parts]:
    """Every way to make an item. The quantiser sees the contents of the items
    that are not cold; it can code the others all the same.
    """
    ids = np.arange(ITEMS)[:, None]
    quantisers, codes, random = [], [], []
    for s, (x, cold) in enumerate(zip(given.contents, given.cold)):
        quantisers.append(Quantiser.fit(x[~cold], LEVELS, CODES, s))
        codes.append(quantisers[-1].encode(x))
        draw = np.random.default_rng([s, 11])
        random.append(draw.integers(CODES, size=(ITEMS, LEVELS)))
    number = LEVELS * CODES
    seeds = len(codes)
    semantic = [rows(c, CODES) for c in codes]
    hashed = [(r[:, :1] * LEVELS + r[:, 1:2] % LEVELS) for r in random]
    return {
        "own id": Parts([ids] * seeds),
        "one hash": Parts(hashed),
        "random codes": Parts([rows(r, CODES) for r in random]),
        "semantic codes": Parts(semantic),
        "semantic prefixes": Parts([prefixes(c) for c in codes]),
        "semantic codes + own id": Parts(
            [np.hstack([c, ids + number]) for c in semantic]
        ),
        "content, projected": Parts(None, given.contents),
        "content, projected + own id": Parts([ids] * seeds, given.contents),
    }


def judge(
    model: Trained, world: World, log: Rows, cold: Array
) -> tuple[float, float, float]:
    """Expected AUC on warm and on cold items, and the share of a user's ten
    best cold items that the model finds among its own ten.
    """
    scores, new = model.score(log), cold[log["item"]]
    warm, fresh = (
        metrics.expected_auc(log["p_click"][on], scores[on])
        for on in (~new, new)
    )
    item = model.item[cold]
    guess = model.user @ item[:, :-1].T + item[:, -1]
    catalogue = world.catalogue
    like = 0.8 * world.tastes.click @ catalogue.click[cold].T
    truth = like + 0.4 * catalogue.click_quality[cold]
    best, found = (np.argsort(-s, 1)[:, :10] for s in (truth, guess))
    hits = [len(np.intersect1d(a, b)) for a, b in zip(best, found)]
    return warm, fresh, float(np.mean(hits) / 10)


def later_loss(model: Trained, log: Rows) -> float:
    """Log loss on the rows that choose: the warm items of the last tenth."""
    chance = 1 / (1 + np.exp(-model.score(log)))
    return metrics.log_loss(log["click"], chance)


def compare(
    given: Setting, name: str, parts: Parts, pulls: Sequence[float] = PULLS
) -> dict[str, Any]:
    """One arm with the pull that is best on later rows, on all seeds' mean."""
    tried = {}
    for pull in pulls:
        models = train(given.logs, USERS, parts, pull=pull)
        if name == "own id":  # nobody trained the rows of cold items
            for model, cold in zip(models, given.cold):
                model.item[cold] = model.item[~cold].mean(0)
        losses = [later_loss(*pair) for pair in zip(models, given.later)]
        tried[pull] = (np.mean(losses), models)
    pull = min(tried, key=lambda p: tried[p][0])
    found = [
        judge(*each)
        for each in zip(tried[pull][1], given.worlds, given.tests, given.cold)
    ]
    number = 0
    if parts.table is not None:
        number = int(np.mean([len(np.unique(t)) for t in parts.table]))
    return {
        "arm": name,
        "rows": number,
        "pull": pull,
        "losses": {str(p): round(float(v[0]), 5) for p, v in tried.items()},
    } | {
        key: rounded(values, 4)
        for key, values in zip(("warm", "cold", "recall"), zip(*found))
    }


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """All arms where the content knows much, and where it knows little."""
    settings = {n: setting(n, SEEDS, IMPRESSIONS) for n in NOISES}
    points = []
    for noise, given in settings.items():
        for name, parts in arms(given).items():
            # what reads no content need not be trained again
            if noise == NOISES[0] or "semantic" in name or "content" in name:
                points.append((noise, name, parts))
    cells = [
        {"noise": noise} | compare(settings[noise], name, parts, PULLS)
        for noise, name, parts in counted(points, progress)
    ]
    first = settings[NOISES[0]]
    quantisers = [
        Quantiser.fit(x[~cold], LEVELS, CODES, s)
        for s, (x, cold) in enumerate(zip(first.contents, first.cold))
    ]
    pairs = list(zip(first.contents, quantisers))
    truth = [
        [
            metrics.expected_auc(log["p_click"][on], log["p_click"][on])
            for on in (~cold[log["item"]], cold[log["item"]])
        ]
        for log, cold in zip(first.tests, first.cold)
    ]
    return {
        "recipe": "mtl_lessons.large_models.items.grid",
        "left": rounded([variance_left(x, q) for x, q in pairs], 4),
        "colliding": rounded([colliding(q.encode(x)) for x, q in pairs], 4),
        "bayes": rounded(truth, 4),
        "by_chance": rounded([10 / cold.sum() for cold in first.cold], 4),
        "cells": cells,
    }
