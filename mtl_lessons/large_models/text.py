"""Frozen text vectors beside ids: a two-tower click model whose item tower
reads `[id, text]`.

The text knows the tastes an item fits (through a random map, with noise), not
its quality. Like vectors of real encoders it has a large part that all items
have in common. What is tried: its norm, its standardisation, its projection,
and dropping ids in training.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import Tensor, tf
from mtl_lessons.metrics import Array
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import Rows, World, split_by_time

from .batched import TensorBatch, adam, fit, variable
from .items import contents

USERS, ITEMS, IMPRESSIONS, COLD = 600, 2000, 120_000, 0.2
TEXT, ID, HIDDEN, OUT = 64, 16, 32, 16
SEEDS, EPOCHS, BATCH = 5, 4, 1024
RATES = (0.001, 0.003, 0.01, 0.03)  # of Adam, that are tried
RAW = 50.0  # norm of a text vector as it comes


def scaled(text: Array, norm: float = 1.0) -> Array:
    """Rows of length `norm`.

    >>> scaled(np.array([[3.0, 4.0]]), norm=1.0).tolist()
    [[0.6, 0.8]]
    """
    if norm <= 0:
        raise ValueError(f"norm: expected a number above 0, found {norm}")
    return norm * text / np.linalg.norm(text, axis=1, keepdims=True)


def standardised(text: Array, known: Array) -> Array:
    """Every number with mean 0 and variance 1 over the `known` items, divided
    by the root of the width, so that a vector has length about 1.

    >>> text = np.array([[0.0, 2.0], [2.0, 4.0]])
    >>> standardised(text, known=np.array([True, True])).round(2).tolist()
    [[-0.71, -0.71], [0.71, 0.71]]
    """
    mean, deviation = text[known].mean(0), text[known].std(0)
    return (text - mean) / deviation / np.sqrt(text.shape[1])


# name -> which text, whether an id is there, projected to, dropped ids
ARMS: dict[str, tuple[str | None, bool, int, float]] = {
    "id alone": (None, True, 0, 0.0),
    "text alone, standardised": ("standardised", False, 0, 0.0),
    "id + text of norm 50": ("raw", True, 0, 0.0),
    "id + text of norm 1": ("unit", True, 0, 0.0),
    "id + standardised": ("standardised", True, 0, 0.0),
    "... projected to 16": ("standardised", True, 16, 0.0),
    "... projected, id dropout 0.3": ("standardised", True, 16, 0.3),
}


class Shelf:
    """The worlds, logs and texts of all seeds."""

    def __init__(self, seeds: int = SEEDS, n: int = IMPRESSIONS) -> None:
        self.worlds = [
            World(seed=s, users=USERS, items=ITEMS, decision_noise=0.6)
            for s in range(seeds)
        ]
        self.cold = [
            np.random.default_rng([s, 9]).random(ITEMS) < COLD
            for s in range(seeds)
        ]
        pairs = [split_by_time(w.impressions(n), 0.2) for w in self.worlds]
        self.tests = [pair[1] for pair in pairs]
        warm = [
            {name: values[~c[log["item"]]] for name, values in log.items()}
            for (log, _), c in zip(pairs, self.cold)
        ]
        least = min(len(log["click"]) for log in warm)
        cut = [{k: v[:least] for k, v in log.items()} for log in warm]
        halves = [split_by_time(log, 0.1) for log in cut]
        self.logs = [half[0] for half in halves]
        self.later = [half[1] for half in halves]
        texts = [contents(w, 0.5, TEXT) + 1.5 for w in self.worlds]
        self.texts = {
            "raw": [scaled(x, RAW) for x in texts],
            "unit": [scaled(x) for x in texts],
            "standardised": [
                standardised(scaled(x), ~c) for x, c in zip(texts, self.cold)
            ],
        }


def train(
    shelf: Shelf, arm: str, rate: float, epochs: int = EPOCHS
) -> list[Array]:
    """Trains one arm on all seeds; returns the logits of `later` and of
    `tests`, in turn for each seed: `2 seeds` arrays.
    """
    if arm not in ARMS:
        raise ValueError(
            f"arm: expected one of {', '.join(ARMS)}, found {arm!r}"
        )
    kind, has_id, projected, dropped = ARMS[arm]
    rng, seeds = np.random.default_rng(0), len(shelf.logs)

    def dense(inputs: int, outputs: int) -> tf.Variable:
        size = np.sqrt(2 / inputs)
        return variable(size * rng.normal(size=(seeds, inputs, outputs)))

    start = 0.05 * rng.normal(size=(seeds, ITEMS + 1, ID))
    start[:, ITEMS] = 0  # what a cold item has
    ids, users = (
        variable(start),
        variable(rng.normal(size=(seeds, USERS, OUT)) * 0.05),
    )
    width = ID * has_id + (projected or TEXT) * (kind is not None)
    first, second = dense(width, HIDDEN), dense(HIDDEN, OUT + 1)
    bend = variable(np.zeros((seeds, 1, HIDDEN)))
    context, bias = variable(np.zeros((seeds, 6))), variable([[-2.0]] * seeds)
    weights = [users, first, second, bend, context, bias]
    weights += [ids] if has_id else []
    if kind:
        text = tf.constant(np.stack(shelf.texts[kind]), "float32")
        if projected:
            narrow = dense(TEXT, projected)
            weights.append(narrow)
    cold = tf.constant(np.stack(shelf.cold))

    def logits(part: TensorBatch, training: bool) -> Tensor:
        read = []
        if has_id:
            new = tf.gather(cold, part["item"], batch_dims=1)
            row = tf.where(new, ITEMS, part["item"])
            own = tf.gather(ids, row, batch_dims=1)
            if training and dropped:
                keep = tf.random.uniform(tf.shape(own)[:2]) >= dropped
                own *= tf.cast(keep, "float32")[..., None]
            read.append(own)
        if kind:
            of_item = tf.gather(text, part["item"], batch_dims=1)
            read.append(of_item @ narrow if projected else of_item)
        hidden = tf.nn.relu(tf.concat(read, -1) @ first + bend)
        item = hidden @ second
        person = tf.gather(users, part["user"], batch_dims=1)
        match = tf.reduce_sum(person * item[..., :-1], -1) + item[..., -1]
        return match + tf.einsum("sbk,sk->sb", part["context"], context) + bias

    def loss(part: TensorBatch) -> Tensor:
        wrong = tf.nn.sigmoid_cross_entropy_with_logits(
            part["click"], logits(part, training=True)
        )
        return tf.reduce_sum(tf.reduce_mean(wrong, 1))

    tf.random.set_seed(0)
    fit(weights, loss, _stacked(shelf.logs), adam(rate), epochs, BATCH)
    found = []
    for logs in (shelf.later, shelf.tests):
        tensors = {
            name: tf.constant(
                values, "float32" if values.dtype.kind == "f" else "int32"
            )
            for name, values in _stacked(logs).items()
        }
        found += list(logits(tensors, training=False).numpy())
    return found


def _stacked(logs: Sequence[Rows]) -> Rows:
    least = min(len(log["click"]) for log in logs)
    rows = {
        name: np.stack([log[name][:least] for log in logs])
        for name in ("user", "item", "context")
    }
    clicks = [log["click"][:least] for log in logs]
    return rows | {"click": np.stack(clicks).astype(float)}


def compare(shelf: Shelf, arm: str) -> dict[str, Any]:
    """One arm with the rate that is best on later rows, on all seeds' mean."""
    seeds, tried = len(shelf.logs), {}
    for rate in RATES:
        scores = train(shelf, arm, rate)
        losses = [
            metrics.log_loss(log["click"][: len(z)], 1 / (1 + np.exp(-z)))
            for log, z in zip(shelf.later, scores)
        ]
        tried[rate] = (float(np.mean(losses)), scores[seeds:])
    rate = min(tried, key=lambda r: tried[r][0])
    found = []
    for log, cold, z in zip(shelf.tests, shelf.cold, tried[rate][1]):
        new = cold[log["item"]][: len(z)]
        found.append(
            [
                metrics.expected_auc(log["p_click"][: len(z)][on], z[on])
                for on in (~new, new)
            ]
        )
    warm, fresh = zip(*found)
    return {
        "arm": arm,
        "rate": rate,
        "losses": {str(r): round(v[0], 5) for r, v in tried.items()},
        "warm": rounded(warm, 4),
        "cold": rounded(fresh, 4),
    }


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """All arms, five seeds."""
    shelf = Shelf(SEEDS, IMPRESSIONS)
    return {
        "recipe": "mtl_lessons.large_models.text.grid",
        "cells": [compare(shelf, arm) for arm in counted(list(ARMS), progress)],
    }
