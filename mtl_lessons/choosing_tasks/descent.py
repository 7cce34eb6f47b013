"""How this chapter's experiments on auxiliary tasks train: a batched model, whose
loss is a function of some variables.

Every run of every seed is a row of one batched model, as in `nets`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.choosing_tasks.world import Array

StepLoss = Callable[..., Tensor]


def descend(
    weights: Sequence[Tensor],
    loss: StepLoss,
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

    @tf.function(jit_compile=True, autograph=False)
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


def cross_entropy(y: Tensor, logits: Tensor) -> Tensor:
    """Of each label, from its logit.

    >>> cross_entropy(np.ones(1), np.zeros(1)).numpy().round(3).tolist()
    [0.693]
    """
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits)
