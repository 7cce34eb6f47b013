"""A short training that leaves the model as it was."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mtl_lessons.backend import keras
from mtl_lessons.exercises.mistakes import Mistake

from .subject import Columns, Subject, fed
from .weights import restored

EVERY = 10  # batches from one count to the next


def trained(
    subject: Subject,
    x: Columns,
    labels: Columns,
    test: Columns,
    weights: Columns | None = None,
    batch_size: int = 512,
    epochs: int = 1,
    show: Callable[[int], None] = lambda _done: None,
) -> dict[str, np.ndarray]:
    """Train as compiled, predict for `test`, put weights and optimiser back.

    `weights`, by task and row, as `fit`'s `sample_weight`; `show(batches)` is
    told how far it is. Raises `Mistake` if a prediction is not finite.
    """
    model = subject.model
    model.optimizer.build(model.trainable_variables)
    with restored(model), restored(model.optimizer):
        model.fit(
            fed(model, {name: column.copy() for name, column in x.items()}),
            subject.arranged(
                {name: label.copy() for name, label in labels.items()}
            ),
            sample_weight=subject.arranged(weights) if weights else None,
            batch_size=batch_size,
            epochs=epochs,
            verbose=0,
            callbacks=[_Count(show)],
        )
        predictions = {
            name: tensor.numpy()
            for name, tensor in subject.outputs(test).items()
        }
    for name, prediction in predictions.items():
        if not np.all(np.isfinite(prediction)):
            raise Mistake("diverged", task=name)
    return predictions


class _Count(keras.callbacks.Callback):
    def __init__(self, show: Callable[[int], None]) -> None:
        super().__init__()
        self.show, self.done = show, 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 (Keras')
        self.done += 1
        if self.done % EVERY == 0:
            self.show(self.done)
