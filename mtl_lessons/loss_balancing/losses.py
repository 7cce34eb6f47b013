"""The losses of a batch, task by task: over which rows each is a mean, and what
a device adds.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mtl_lessons.backend import Tensor, keras, tf

from .tensors import replicas, total, wide

ByTask = Mapping[str, Tensor]
Loss = keras.losses.Loss


class TaskLosses:
    """A loss for each task, of batches with labels and outputs `{task:
    tensor}`.

    `sample_weight` is `{task: array}`, or one array for all. A row has a label
    of a task if one of its columns is not NaN and its weight is not 0.
    """

    def __init__(self, losses: dict[str, Loss]) -> None:
        self.losses = losses
        self.tasks = list(losses)

    def __call__(
        self, y: ByTask, outputs: ByTask, sample_weight: Tensor = None
    ) -> list[Tensor]:
        """The loss of each task on the rows of this replica, in one precision,
        at least float32.
        """
        weights = self._weights(sample_weight)
        losses = [
            _loss_of_rows(loss, y[task], outputs[task], weights[task])
            for task, loss in self.losses.items()
        ]
        return wide(losses)

    def rows(
        self, y: ByTask, outputs: ByTask, sample_weight: Tensor
    ) -> list[Tensor]:
        """Over how many rows the loss of each task is a mean, on this replica."""
        weights = self._weights(sample_weight)
        return [
            _counted(loss, y[task], outputs[task], weights[task])
            for task, loss in self.losses.items()
        ]

    def known(self, y: ByTask, sample_weight: Tensor) -> Tensor:
        """Which tasks have a labelled row in the whole batch, `(T,)`."""
        weights = self._weights(sample_weight)
        labelled = [_counts(y[task], weights[task]) for task in self.tasks]
        here = tf.stack([tf.reduce_any(rows) for rows in labelled])
        return here if replicas() == 1 else total(tf.cast(here, "float32")) > 0

    def shares(
        self,
        losses: list[Tensor],
        y: ByTask,
        outputs: ByTask,
        sample_weight: Tensor,
    ) -> list[Tensor]:
        """What this replica adds to the losses of the whole batch."""
        # some losses are not reduced, and Keras descends their sum
        losses = [tf.reduce_sum(loss) for loss in losses]
        if replicas() == 1:
            return losses
        counts = self.rows(y, outputs, sample_weight)
        rows = tf.stack([tf.cast(count, losses[0].dtype) for count in counts])
        parts = tf.unstack(tf.math.divide_no_nan(rows, total(rows)))
        means = [_is_mean(loss) for loss in self.losses.values()]
        return [
            loss * part if mean else loss
            for loss, part, mean in zip(losses, parts, means)
        ]

    def _weights(self, sample_weight: Tensor) -> dict[str, Tensor]:
        if isinstance(sample_weight, Mapping):
            return {task: sample_weight.get(task) for task in self.tasks}
        return dict.fromkeys(self.tasks, sample_weight)


def reported(losses: list[Tensor], shares: list[Tensor]) -> list[Tensor]:
    """The losses of the whole batch, on each replica."""
    return losses if replicas() == 1 else [total(share) for share in shares]


def whole(shares: list[Tensor], dtype: str) -> Tensor:
    """The losses of the whole batch, `(T,)`.

    Each replica's gradient is that of its share, times the replicas.
    """
    stacked = tf.cast(tf.stack(shares), dtype)
    if replicas() == 1:
        return stacked
    scaled = replicas() * stacked
    return scaled + tf.stop_gradient(total(stacked) - scaled)


def as_loss(described: Any) -> Loss:
    """A loss by name, as a function or as a Keras object, as an object."""
    loss = keras.losses.get(described)
    return loss if isinstance(loss, Loss) else _Function(loss)


class _Function(Loss):
    """A function of labels and predictions, such as that of a name, as a Keras
    loss.
    """

    def __init__(self, function: Callable) -> None:
        super().__init__(name=getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        if len(y_pred.shape) == len(y_true.shape) + 1 and y_pred.shape[-1] == 1:
            y_pred = tf.squeeze(y_pred, -1)
        return self.function(y_true, y_pred)


def _loss_of_rows(
    loss: Loss, y: Tensor, prediction: Tensor, weight: Tensor
) -> Tensor:
    """The loss of the rows of this replica.

    (Keras divides the mean that it takes by the replicas.)
    """
    if len(y.shape) == 1 and prediction.shape[-1:] == (1,):
        y = y[:, None]
    value = loss(y, prediction, sample_weight=weight)
    divided = _by_keras(loss) and _is_mean(loss) and replicas() > 1
    return value * replicas() if divided else value


def _by_keras(loss: Loss) -> bool:
    """Whether Keras reduces the loss, rather than a class of its own."""
    return type(loss).__call__ is Loss.__call__


def _is_mean(loss: Loss) -> bool:
    return not _by_keras(loss) or loss.reduction not in ("sum", "none", None)


def _counted(
    loss: Loss, y: Tensor, prediction: Tensor, weight: Tensor
) -> Tensor:
    """Over how many rows a loss is a mean: all, or those of known labels,
    weighted.
    """
    over_known = getattr(getattr(loss, "task", None), "over", None) == "known"
    weighted_mean = (
        getattr(loss, "reduction", None) == "mean_with_sample_weight"
    )
    if not over_known and not weighted_mean:
        return tf.shape(prediction)[0]
    known = tf.cast(_there_are(y), "float32")
    columns = tf.cast(tf.shape(known)[1], "float32")
    if weight is not None:
        known = known * _as_rows(tf.cast(weight, "float32"))
    return tf.reduce_sum(known) / columns


def _counts(y: Tensor, weight: Tensor) -> Tensor:
    """Which rows have a label that counts, `(rows,)`."""
    rows = tf.reduce_any(_there_are(y), axis=1)
    if weight is None:
        return rows
    return rows & tf.reduce_any(_as_rows(weight) != 0, axis=1)


def _there_are(y: Tensor) -> Tensor:
    """Which labels are there, `(rows, columns)`: NaN is none."""
    y = _as_rows(y)
    return (
        ~tf.math.is_nan(y) if y.dtype.is_floating else tf.ones_like(y, "bool")
    )


def _as_rows(values: Tensor) -> Tensor:
    values = tf.convert_to_tensor(values)
    return tf.reshape(values, (tf.shape(values)[0], -1))
