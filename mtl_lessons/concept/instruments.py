"""Two instruments: what a snippet does that may fail, and which layers the loss
of a task can train.
"""

import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import numpy as np

from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.world import Rows


class Outcome:
    """How an `attempt` ended.

    `error` is None if it ran to the end; `warnings` are the texts of those that
    were raised.

    >>> Outcome().error is None
    True
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.warnings: list[str] = []


@contextmanager
def attempt() -> Generator[Outcome, None, None]:
    """Run a block that may fail, print in one line how it ended, and go on.
    Yields the `Outcome`.

    >>> with attempt() as outcome:
    ...     [1, 2].index(3)
    ValueError: 3 is not in list
    """
    outcome = Outcome()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield outcome
        except Exception as error:
            outcome.error = error
    for warning in caught:
        # that is for developers
        if not issubclass(warning.category, DeprecationWarning):
            outcome.warnings.append(str(warning.message))
    error = outcome.error
    print(_one_line(error) if error else "It ran to the end. No error.")


def _one_line(error: Exception) -> str:
    first_line = str(error).strip().splitlines()[:1]
    return ": ".join([type(error).__name__, *first_line])


def reach(model: keras.Model, x: Rows, y: Rows, task: str) -> set[str]:
    """Names of the layers that the loss of one task trains.

    Their weights get a gradient other than zero from the binary cross-entropy
    of that task.

    `x` and `y` are batches as for `fit`; `y[task]` is `(batch, 1)`. A weight
    that no task but this one reaches is private to it; what several reach is
    shared.

    >>> from mtl_lessons.concept import shared_bottom
    >>> model = shared_bottom({"user": 3}, tasks=["click", "buy"], width=2, units=(4,))
    >>> x = {"user": np.array([0, 1])}
    >>> sorted(reach(model, x, {"click": np.array([[0.0], [1.0]])}, "click"))
    ['click', 'trunk_0', 'user_table']
    """
    with tf.GradientTape() as tape:
        loss = keras.ops.mean(
            keras.losses.binary_crossentropy(y[task], model(x)[task])
        )
    reached = set()
    weights = {
        layer.name: _values(layer.trainable_weights) for layer in model.layers
    }
    for name, gradients in tape.gradient(loss, weights).items():
        if any(
            np.any(tf.convert_to_tensor(g)) for g in gradients if g is not None
        ):
            reached.add(name)
    return reached


def _values(variables: Sequence[Tensor]) -> list[Tensor]:
    """What a tape wants to see: TensorFlow's variables behind Keras'."""
    return [variable.value for variable in variables]
