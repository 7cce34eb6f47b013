"""The model answers of the chapter's five steps: two heads on a history,
losses, measures.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import Tensor, keras

layers, ops = keras.layers, keras.ops

ITEMS = 500
TAGS = 12
HISTORY = 10
PADDING = -1
WIDTH = 16
UNITS = 64


# ------------------------------------------------ step 1: a history as a vector


def user_vector(items: int = ITEMS, width: int = WIDTH) -> keras.Model:
    """The mean of the vectors of the items that are there.

    `(batch, length)` whole numbers give `(batch, width)`.
    Padding, -1, has no effect, and of an empty history the mean is 0.

    >>> model = user_vector(items=3)
    >>> one, padded = np.asarray(model(np.array([[2, 2], [-1, 2]])))
    >>> bool(np.allclose(one, padded))
    True
    """
    history = keras.Input((None,), dtype="int32", name="history")
    # row 0: padding
    vectors = layers.Embedding(items + 1, width, name="items")(history + 1)
    there = ops.cast(history != PADDING, "float32")[..., None]
    mean = ops.sum(there * vectors, axis=1) / ops.maximum(
        ops.sum(there, axis=1), 1.0
    )
    return keras.Model(history, mean, name="user_vector")


# ----------------------------------------------------- step 2: the shared trunk


def trunk(items: int = ITEMS, width: int = WIDTH) -> keras.Model:
    """What both tasks read: `(batch, length)` gives `(batch, UNITS)`.

    >>> trunk(items=3).output.shape
    (None, 64)
    """
    users = user_vector(items, width)
    shared = layers.Dense(UNITS, activation="relu", name="shared")(users.output)
    return keras.Model(users.input, shared, name="trunk")


# ------------------------------------------------------------ step 3: two heads


def build(
    items: int = ITEMS, tags: int = TAGS, width: int = WIDTH
) -> keras.Model:
    """Two heads on one trunk, in logits: `item` `(batch, items)`, `interest`
    `(batch, tags)`.

    >>> logits = build(items=3, tags=2).output
    >>> logits["item"].shape, logits["interest"].shape
    ((None, 3), (None, 2))
    """
    shared = trunk(items, width)
    heads = {
        # one of many: a softmax
        "item": layers.Dense(items, name="item")(shared.output),
        # any of them: sigmoids
        "interest": layers.Dense(tags, name="interest")(shared.output),
    }
    return keras.Model(shared.input, heads, name="two_tasks")


# ----------------------------------------------- step 4: losses and their scale


def compiled(
    weights: tuple[Tensor, Tensor] = (1.0, 1.0),
    items: int = ITEMS,
    tags: int = TAGS,
    **options: Any,
) -> keras.Model:
    """The model with a loss for each task: `weights[0] L_item + weights[1]
    L_interest`.

    Each loss is a mean over all rows of the batch. With weights of 1 every row
    that has a label counts once: the natural weight. A weight is a number, or a
    variable that may be set anew between trainings. `options` are those of
    `compile`.

    >>> model = compiled((1.0, 12.5), items=3, tags=2)
    >>> scores = model(np.array([[0, 1]]))
    >>> sorted(scores)
    ['interest', 'item']
    """
    model = build(items, tags)
    of_item = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.Adam(0.005),
        loss={"item": of_item, "interest": interest_loss},
        loss_weights={"item": weights[0], "interest": weights[1]},
        **options,
    )
    return model


def interest_loss(label: Tensor, logit: Tensor) -> Tensor:
    """Mean cross-entropy of the tags, `(batch,)`; a label that is NaN, not
    known, costs nothing.

    It is a mean over the tags of a row, so one of twelve labels weighs 1/12.

    >>> label = np.array([[1.0, 0.0], [np.nan, np.nan]], "float32")
    >>> loss = interest_loss(label, np.zeros((2, 2), "float32"))
    >>> # log 2 of the user who has told
    >>> [round(float(of_row), 3) for of_row in loss]
    [0.693, 0.0]
    """
    known = ~ops.isnan(label)
    # before the loss: NaN times 0 is NaN
    label = ops.where(known, label, 0.0)
    each = ops.binary_crossentropy(label, logit, from_logits=True)
    return ops.mean(ops.where(known, each, 0.0), axis=-1)


# ---------------------------------------------- step 5: a measure for each task


def report(
    item: np.ndarray, interest: np.ndarray, scores: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Recall@10 of the next item, and the AUC of each tag, averaged.

    `item`: the chosen items, `(rows,)`; `interest`: 0 and 1, or NaN in all of a
    row, `(rows, TAGS)`; `scores`: by task, `(rows, ITEMS)` and `(rows, TAGS)`,
    logits or probabilities. Both measures ask for an order only, so either will
    do.

    >>> interest = np.array([[1.0], [0.0]])
    >>> scores = {"item": np.eye(20)[[3, 4]], "interest": np.array([[0.9], [0.2]])}
    >>> # item 19 stands behind ten that tie with it
    >>> report(np.array([3, 19]), interest, scores)
    {'item': 0.5, 'interest': 1.0}
    """
    top = np.argsort(-scores["item"], axis=1, kind="stable")[:, :10]
    hits = (top == item[:, None]).any(axis=1)
    known = ~np.isnan(interest).any(axis=1)
    aucs = [
        metrics.auc(interest[known, tag], scores["interest"][known, tag])
        for tag in range(interest.shape[1])
    ]
    return {"item": float(np.mean(hits)), "interest": float(np.mean(aucs))}
