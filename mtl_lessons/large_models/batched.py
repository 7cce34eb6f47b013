"""All seeds of an experiment as one model, whose variables have a leading axis
for seeds: five seeds then cost little more than one.

An experiment brings its variables, and the loss of a batch; `fit` does the
rest. The seeds do not meet: the loss is the sum of theirs, and both optimisers
treat every number by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mtl_lessons.backend import Tensor, tf

TensorBatch = dict[str, Tensor]
BatchLoss = Callable[
    [TensorBatch], Tensor
]  # of a batch: the sum of all seeds' losses
EPSILON = 1e-7


def variable(values: Any) -> tf.Variable:
    """A variable of 32 bits.

    >>> variable(np.zeros((2, 3))).dtype.name
    'float32'
    """
    return tf.Variable(np.asarray(values, "float32"))


def adagrad(
    rate: float, start: float = 1e-6
) -> Callable[[tf.Variable], Callable[[Tensor], None]]:
    """Adagrad: a step is `rate g / √(start + Σ g²)`, number by number.

    Called with a variable, it gives the function that moves it by a gradient.

    >>> weight = variable([1.0])
    >>> adagrad(rate=0.5, start=0.0)(weight)(tf.constant([2.0]))
    >>> weight.numpy().round(3).tolist()
    [0.5]
    """

    def prepare(weight: tf.Variable) -> Callable[[Tensor], None]:
        total = tf.Variable(tf.fill(weight.shape, start))

        def move(gradient: Tensor) -> None:
            sum_of_squares = total.assign_add(tf.square(gradient))
            root = tf.sqrt(sum_of_squares + EPSILON)
            weight.assign_sub(rate * gradient / root)

        return move

    return prepare


def adam(
    rate: float, slow: float = 0.999
) -> Callable[[tf.Variable], Callable[[Tensor], None]]:
    """Adam (Kingma and Ba, 2015) with β₁ = 0.9 and β₂ = `slow`.

    >>> weight = variable([1.0])
    >>> adam(rate=0.5)(weight)(tf.constant([7.0]))  # the first step is `rate`
    >>> weight.numpy().round(3).tolist()
    [0.5]
    """

    def prepare(weight: tf.Variable) -> Callable[[Tensor], None]:
        mean = tf.Variable(tf.zeros_like(weight))
        square = tf.Variable(tf.zeros_like(weight))
        step = tf.Variable(0.0)

        def move(gradient: Tensor) -> None:
            t = step.assign_add(1.0)
            m = mean.assign(tf.multiply(0.9, mean) + 0.1 * gradient)
            v = square.assign(
                tf.multiply(slow, square) + (1 - slow) * tf.square(gradient)
            )
            root = tf.sqrt(v / (1 - slow**t)) + EPSILON
            weight.assign_sub(rate * m / (1 - 0.9**t) / root)

        return move

    return prepare


def fit(
    variables: Sequence[tf.Variable],
    loss: BatchLoss,
    rows: Mapping[str, np.ndarray],
    optimiser: Callable[[tf.Variable], Callable[[Tensor], None]],
    epochs: int,
    batch: int,
    seed: int = 0,
) -> None:
    """Train all seeds side by side, in place.

    `rows` are arrays `(seeds, rows, ...)`; a batch has the same places in every
    seed's log. Raises `ValueError` if there are fewer rows than a batch has.

    >>> mean = variable(np.zeros((2, 1)))
    >>> y = np.array([[1.0, 1.0], [3.0, 3.0]])
    >>> loss = lambda batch: tf.reduce_sum(tf.square(mean - batch["y"]))
    >>> fit([mean], loss, {"y": y}, adam(0.1), epochs=200, batch=2)
    >>> mean.numpy().round(1).ravel().tolist()
    [1.0, 3.0]
    """
    data = {name: _tensor(values) for name, values in rows.items()}
    number = next(iter(rows.values())).shape[1]
    if batch > number:
        raise ValueError(
            f"batch: expected at most {number} rows, found {batch}"
        )
    moves = [optimiser(weight) for weight in variables]

    @tf.autograph.experimental.do_not_convert
    def step(places: Tensor) -> None:
        part = {
            name: tf.gather(values, places, axis=1)
            for name, values in data.items()
        }
        with tf.GradientTape() as tape:
            total = loss(part)
        gradients = tape.gradient(total, list(variables))
        for move, gradient in zip(moves, gradients, strict=True):
            move(tf.convert_to_tensor(gradient))

    @tf.function
    def epoch(order: Tensor) -> None:
        for k in tf.range(tf.shape(order)[0]):
            step(order[k])

    rng = np.random.default_rng(seed)
    whole = number // batch * batch
    for _ in range(epochs):
        order = rng.permutation(number)[:whole].reshape(-1, batch)
        epoch(tf.constant(order, "int32"))


def _tensor(values: np.ndarray) -> Tensor:
    whole = np.issubdtype(values.dtype, np.integer)
    return tf.constant(values, "int32" if whole else "float32")
