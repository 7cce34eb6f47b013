"""What comes out: tasks, declared once, giving head, loss and metrics.

    tasks = [
        Binary("click", rate=0.14),
        Binary("purchase", space="click"),  # has a label where click is 1
        Ordinal("stars", low=1, high=5),
        WatchTime("watch", space="click", typical=60.0),
    ]
    model = keras.Model(inputs, heads(tasks, x))  # x: (batch, d)
    model.compile("adam", losses(tasks), metrics=metrics(tasks))
    y, weight = targets(tasks, labels), weights(tasks, {"purchase": value})
    model.fit(feed(features, rows), y, sample_weight=weight)

A head predicts in the unit of its label. **A label that is missing is NaN**, in
single rows or in the whole batch, and costs nothing. What the rest is divided
by decides how much a sparse task weighs:

- `over="known"`: by the number of labels that there are (by the sum of their
  weights). Each task speaks equally loud, however few rows it has, and a batch
  with two labels steps as far as one with two thousand.
- `over="rows"`: by the number of rows of the batch. Each *label* counts the
  same, so a task weighs by its density. It is the natural weight: for binary
  tasks the sum of the losses is then the mean negative log-likelihood of a row.

| label                     | task         | head              | loss                             |
|---------------------------|--------------|-------------------|----------------------------------|
| yes or no                 | `Binary`     | 1 probability     | cross-entropy                    |
| one of K                  | `OneOfK`     | K that sum to 1   | cross-entropy                    |
| any of K                  | `MultiLabel` | K probabilities   | K cross-entropies                |
| grades with an order      | `Ordinal`    | P(more than k)    | a cross-entropy for each k       |
| a number                  | `Regression` | the mean          | squared error in standard units  |
| seconds, with a long tail | `WatchTime`  | the median        | squared error of the logarithm   |
| seconds, 0 without a play | `WatchOdds`  | seconds, as odds  | logistic, plays weigh their time |
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons.backend import Tensor, keras, register
from mtl_lessons.metrics import auc, rmse

from .given import Declared, columns_by_name, numbers

layers, ops = keras.layers, keras.ops

EXACT = 2**24  # labels are float32, which rounds larger whole numbers
SMALL = 1e-37  # 1 / SMALL is a float32, too
LARGEST = float(np.finfo("float32").max)


# --------------------------------------------------------------- kinds of tasks


@dataclass(frozen=True)
class Task(Declared):
    """What all tasks have.

    - `name`: of the head, the output, the label. Keras names the head and its
      loss after it, and TensorFlow takes letters of ASCII, digits, `_`, `-` and
      `.` only.
    - `space`: another (0/1) label, on whose positives this task has its own;
      without one, all rows.
    - `over`: "known" or "rows", what the loss is divided by (see the module).
    """

    _: KW_ONLY
    space: str | None = None
    over: str = "known"

    what = "task"
    outputs = 1  # columns of the head
    columns = 1  # columns of the label
    blank = 0.0  # a label within the range, to stand where none is
    bounded = True  # whether every prediction has a finite error
    judged_by = "RMSE"  # what `judge` gives
    better = -1  # 1 if more of it is better, -1 if less is

    def __post_init__(self) -> None:
        super().__post_init__()
        spelt = re.fullmatch(r"[A-Za-z0-9_.-]+", self.name) is not None
        self.expect(
            spelt, "a name of A-Z, a-z, 0-9, '_', '-', '.'", repr(self.name)
        )
        itself = self.space == self.name
        self.expect(
            not itself, "a space other than the task itself", repr(self.space)
        )
        divided = self.over in ("known", "rows")
        self.expect(divided, "over to be 'known' or 'rows'", repr(self.over))

    def layer(self, use: str) -> str:
        """A name for a layer below the head, `watch>log`: no task or feature
        can have it.
        """
        return f"{self.name}>{use}"

    def head(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """From `(batch, d)` to the prediction, `(batch, outputs)`.

        The last layer has the task's name.
        """
        raise NotImplementedError

    def errors(self, y: Tensor, p: Tensor) -> Tensor:
        """Losses of labels that are all there, `(batch, columns)`."""
        raise NotImplementedError

    def point(self, p: Tensor) -> Tensor:
        """The prediction in the form of the label, for metrics (and whoever
        wants one number).
        """
        return p

    def measures(self) -> list[keras.metrics.Metric]:
        """Keras' metrics of the task, new ones."""
        raise NotImplementedError

    def check(self, labels: np.ndarray) -> None:
        """Raise `ValueError` for a label, of those that are there, outside the
        range.
        """
        raise NotImplementedError

    def judge(self, labels: np.ndarray, predictions: np.ndarray) -> float:
        """How good predictions are, by the labels that are there: `judged_by`,
        in the label's unit.

        Recall@10 of one of K, AUC of yes or no (of several tags the mean over
        those with labels of both classes), else RMSE. Shapes are `(rows,
        columns)` and `(rows, outputs)`.

        Raises `ValueError` that names the task: no label to judge by, one
        class, predictions that are not finite.

        >>> labels = np.array([[5.0], [np.nan], [1.0]])
        >>> Regression("rating").judge(labels, np.array([[3.0], [3.0], [3.0]]))
        2.0
        """
        known = ~np.isnan(labels)
        some = bool(known.any())
        self.expect(
            some, "a label to judge by", f"none among {len(labels)} rows"
        )
        judged = predictions[known.any(axis=1)]
        lost = np.count_nonzero(~np.isfinite(judged))
        self.expect(lost == 0, "finite predictions", f"{lost} NaN or infinite")
        return self.judgement(labels, predictions, known)

    def judgement(
        self, labels: np.ndarray, predictions: np.ndarray, known: np.ndarray
    ) -> float:
        """`judge`, of predictions that are finite, where some labels are known."""
        points = np.asarray(self.point(predictions))
        return rmse(labels[known], points[known])

    def loss(self) -> "TaskLoss":
        """The loss over the labels that are there."""
        return TaskLoss(self)

    def get_config(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Task":
        return cls(**config)


@register
@dataclass(frozen=True)
class Binary(Task):
    """Yes or no: P(label = 1).

    `rate` is the base rate that the head starts from: its bias is `log(rate /
    (1 - rate))`.

    >>> click = Binary("click", rate=0.14)
    >>> labels = np.array([[1.0], [np.nan]])  # of the second row none is known
    >>> loss = click.loss()(labels, np.array([[0.5], [0.9]]))
    >>> round(float(loss), 4)                                   # -log 0.5
    0.6931
    """

    _: KW_ONLY
    rate: float = 0.5

    judged_by = "AUC"
    better = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.finite("rate")
        self.expect(0 < self.rate < 1, "a base rate between 0 and 1", self.rate)

    def head(self, x: keras.KerasTensor) -> keras.KerasTensor:
        log_odds = np.log(self.rate / (1 - self.rate))
        output = layers.Dense(
            self.outputs,
            "sigmoid",
            bias_initializer=keras.initializers.Constant(log_odds),
            dtype="float32",
            name=self.name,
        )
        return output(x)

    def errors(self, y: Tensor, p: Tensor) -> Tensor:
        return cross_entropy(y, p)

    def measures(self) -> list[keras.metrics.Metric]:
        return [keras.metrics.AUC(name="auc")]

    def check(self, labels: np.ndarray) -> None:
        strange = labels[(labels != 0) & (labels != 1)]
        self.expect(not strange.size, "labels 0 and 1", strange[:1])

    def judgement(
        self, labels: np.ndarray, predictions: np.ndarray, known: np.ndarray
    ) -> float:
        columns = zip(labels.T, predictions.T, known.T)
        columns = [(y[there], p[there]) for y, p, there in columns]
        areas = [auc(y, p) for y, p in columns if len(np.unique(y)) > 1]
        classes = np.unique(labels[known])
        self.expect(
            bool(areas), "labels of both classes", f"only {classes} in a column"
        )
        return float(np.mean(areas))


@register
@dataclass(frozen=True)
class MultiLabel(Binary):
    """Any of `labels` tags, each yes or no: as many probabilities, which need
    not sum to 1.

    Single tags may be missing.

    >>> tags = MultiLabel("tags", labels=3)
    >>> loss = tags.loss()(np.array([[1.0, np.nan, 0.0]]), np.full((1, 3), 0.5))
    >>> round(float(loss), 4)                          # (log 2 + 0 + log 2) / 3
    0.4621
    """

    _: KW_ONLY
    labels: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.whole("labels")

    @property
    def outputs(self) -> int:
        return self.labels

    columns = outputs


@register
@dataclass(frozen=True)
class OneOfK(Task):
    """One of `classes`, given as its number from 0: a softmax, `(batch,
    classes)`.

    >>> item = OneOfK("item", classes=3)
    >>> loss = item.loss()(np.array([[2.0]]), np.array([[0.25, 0.25, 0.5]]))
    >>> round(float(loss), 4)                          # -log 0.5
    0.6931
    """

    _: KW_ONLY
    classes: int

    judged_by = "recall@10"
    better = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.whole("classes", least=2, most=EXACT)

    @property
    def outputs(self) -> int:
        return self.classes

    def head(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return layers.Dense(
            self.classes, "softmax", dtype="float32", name=self.name
        )(x)

    def errors(self, y: Tensor, p: Tensor) -> Tensor:
        number = ops.cast(y[:, 0], "int32")
        return ops.sparse_categorical_crossentropy(number, p)[:, None]

    def measures(self) -> list[keras.metrics.Metric]:
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    def check(self, labels: np.ndarray) -> None:
        outside = (labels < 0) | (labels >= self.classes)
        strange = labels[outside | (labels % 1 != 0)]
        expected = f"whole numbers from 0 to {self.classes - 1}"
        self.expect(not strange.size, expected, strange[:1])

    def judgement(
        self, labels: np.ndarray, predictions: np.ndarray, known: np.ndarray
    ) -> float:
        rows = known[:, 0]
        ranks = _ranks(labels[rows, 0].astype(int), predictions[rows])
        return float(np.mean(ranks < 10))


@register
@dataclass(frozen=True)
class Ordinal(Task):
    """Grades from `low` to `high` whose order counts, from one score and
    ordered cuts.

    The head gives `P(y > k)` for k = low … high - 1. The expected grade is `low
    + Σ P(y > k)`. (The cumulative odds of McCullagh, 1980.)

    The loss is the sum of the K - 1 yes/no cross-entropies, as in Frank and
    Hall, 2001, and CORAL (Cao et al., 2020), and not the likelihood of one
    grade out of K.

    >>> stars = Ordinal("stars", low=1, high=4)
    >>> p = np.array([[1.0, 0.5, 0.25]])  # more than 1, than 2, than 3
    >>> float(stars.point(p)[0, 0])                    # 1 + 1 + 0.5 + 0.25
    2.75
    """

    _: KW_ONLY
    low: int
    high: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.whole("low", least=-EXACT, most=EXACT)
        self.whole("high", least=-EXACT, most=EXACT)
        self.expect(
            self.low < self.high,
            "low below high",
            f"{self.low} and {self.high}",
        )

    @property
    def outputs(self) -> int:
        return self.high - self.low

    @property
    def blank(self) -> float:
        return float(self.low)

    def head(self, x: keras.KerasTensor) -> keras.KerasTensor:
        score = layers.Dense(
            1, use_bias=False, dtype="float32", name=self.layer("score")
        )(x)
        return Exceeds(self.outputs, dtype="float32", name=self.name)(score)

    def errors(self, y: Tensor, p: Tensor) -> Tensor:
        grades = ops.arange(self.low, self.high, dtype="float32")
        more = ops.cast(y > grades, p.dtype)  # is it more than k?
        return ops.sum(cross_entropy(more, p), axis=-1, keepdims=True)

    def point(self, p: Tensor) -> Tensor:
        return self.low + ops.sum(p, axis=-1, keepdims=True)

    def measures(self) -> list[keras.metrics.Metric]:
        return [keras.metrics.MeanAbsoluteError(name="mae")]

    def check(self, labels: np.ndarray) -> None:
        outside = (labels < self.low) | (labels > self.high)
        strange = labels[outside | (labels % 1 != 0)]
        expected = f"whole numbers from {self.low} to {self.high}"
        self.expect(not strange.size, expected, strange[:1])


@register
@dataclass(frozen=True)
class Regression(Task):
    """A number: its mean.

    The loss is the squared error in units of `scale`, so that it is about 1
    before learning.

    >>> rating = Regression("rating", mean=3.5, scale=2.0)
    >>> # ((5 - 1) / 2)²
    >>> float(rating.loss()(np.array([[5.0]]), np.array([[1.0]])))
    4.0
    """

    _: KW_ONLY
    mean: float = 0.0
    scale: float = 1.0

    bounded = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.finite("mean")
        self.finite("scale", above=0)

    def head(self, x: keras.KerasTensor) -> keras.KerasTensor:
        standard = layers.Dense(
            1, dtype="float32", name=self.layer("standard")
        )(x)
        return layers.Rescaling(
            self.scale, self.mean, dtype="float32", name=self.name
        )(standard)

    def errors(self, y: Tensor, p: Tensor) -> Tensor:
        return ops.square((y - p) / self.scale)

    def measures(self) -> list[keras.metrics.Metric]:
        return [keras.metrics.RootMeanSquaredError(name="rmse")]

    def check(self, labels: np.ndarray) -> None:
        strange = labels[~(np.abs(labels) <= LARGEST)]
        self.expect(not strange.size, "finite numbers", strange[:1])


@dataclass(frozen=True)
class Seconds(Task):
    """A watched time: the head predicts `typical` times the exponential of its
    last layer.

    `typical` (seconds) is where the head starts. `largest` bounds |log(p /
    typical)|.
    """

    _: KW_ONLY
    typical: float = 60.0

    bounded = False
    largest = 40.0  # a factor of 1e17

    def __post_init__(self) -> None:
        super().__post_init__()
        self.finite("typical", above=0)

    def head(self, x: keras.KerasTensor) -> keras.KerasTensor:
        logarithm = layers.Dense(1, dtype="float32", name=self.layer("log"))(x)
        exponential = BoundedExponential(
            self.largest, dtype="float32", name=self.layer("ratio")
        )
        ratio = exponential(logarithm)
        return layers.Rescaling(self.typical, dtype="float32", name=self.name)(
            ratio
        )

    def measures(self) -> list[keras.metrics.Metric]:
        return [keras.metrics.RootMeanSquaredError(name="rmse")]


@register
@dataclass(frozen=True)
class WatchTime(Seconds):
    """Seconds of those who watch: `(log y - log p)²`, so the head learns
    `exp(mean of log y)`.

    For log-normal seconds that is their median; the mean is larger by `exp(σ² /
    2)`.

    >>> watch = WatchTime("watch", typical=60.0)
    >>> loss = watch.loss()(np.array([[60.0]]), np.array([[30.0]]))
    >>> round(float(loss), 4)                          # (log 2)²
    0.4805
    """

    blank = 1.0

    def errors(self, y: Tensor, p: Tensor) -> Tensor:
        return ops.square(ops.log(y) - ops.log(p))

    def check(self, labels: np.ndarray) -> None:
        strange = labels[~((labels >= SMALL) & (labels <= LARGEST))]
        self.expect(not strange.size, "seconds above 0", strange[:1])


@register
@dataclass(frozen=True)
class WatchOdds(Seconds):
    """Seconds of all impressions, 0 without a play.

    A logistic regression in which a play weighs its time, in units of
    `typical`. The head gives `typical` times the *odds* `e^z`. They converge to
    `E[T] / (1 - P)`, E[T] the expected seconds of an impression and P the
    chance of a play: close to E[T] only while plays are rare. (Covington et
    al., 2016.)

    >>> watch = WatchOdds("watch", typical=60.0)
    >>> p = np.array([[60.0]])  # odds of 1
    >>> round(float(watch.loss()(np.array([[0.0]]), p)), 4)  # no play: log 2
    0.6931
    >>> # twice 60 s: 2 log 2
    >>> round(float(watch.loss()(np.array([[120.0]]), p)), 4)
    1.3863
    """

    blank = 0.0
    # within the clip of the loss, so that a head that is sure keeps its slope
    largest = 16.0

    def errors(self, y: Tensor, p: Tensor) -> Tensor:
        # as Keras clips probabilities
        odds = ops.clip(p / self.typical, 1e-7, 1e7)
        # -log σ(z), times the time
        played = y / self.typical * ops.log1p(1 / odds)
        skipped = ops.log1p(odds)  # -log(1 - σ(z))
        return ops.where(y > 0, played, skipped)

    def check(self, labels: np.ndarray) -> None:
        strange = labels[~((labels >= 0) & (labels <= LARGEST))]
        self.expect(not strange.size, "seconds of 0 or more", strange[:1])


@register
class BoundedExponential(layers.Layer):
    """`exp(z)`, z within ±`largest`: a head that is far off gives a large
    number, not infinity.

    The gradient is that of the exponential where z lies outside as well, so the
    head finds back. (Of a plain clip it would be 0.)

    >>> bounded = BoundedExponential(2.0)
    >>> bool(bounded(np.array([1000.0])) == bounded(np.array([2.0])))
    True
    """

    def __init__(self, largest: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.largest = largest

    def call(self, z: Tensor) -> Tensor:
        over = ops.clip(z, -self.largest, self.largest) - z
        return ops.exp(z + ops.stop_gradient(over))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"largest": self.largest}


@register
class Exceeds(layers.Layer):
    """From a score `(batch, 1)` to `P(y > k) = σ(score - cut_k)`, `(batch,
    cuts)`, falling with k.

    The cuts rise by construction: each is the one before plus a softplus. They
    start one apart, around 0.

    >>> print(np.round(Exceeds(3)(np.zeros((1, 1))), 4))  # σ(1), σ(0), σ(-1)
    [[0.7311 0.5 0.2689]]
    """

    def __init__(self, cuts: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cuts = cuts

    def build(self, input_shape: tuple[int | None, ...]) -> None:  # noqa: ARG002 (Keras gives it)
        first = keras.initializers.Constant((1 - self.cuts) / 2)
        self.first = self.add_weight(
            shape=(1,), initializer=first, name="first"
        )
        gap = keras.initializers.Constant(np.log(np.e - 1))
        self.gaps = self.add_weight(
            shape=(self.cuts - 1,), initializer=gap, name="gaps"
        )

    def call(self, score: Tensor) -> Tensor:
        rises = ops.concatenate([self.first, ops.softplus(self.gaps)])
        return ops.sigmoid(score - ops.cumsum(rises))

    def compute_output_shape(
        self, input_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.cuts)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"cuts": self.cuts}


def _ranks(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """How many classes stand before the label, `(rows,)`.

    Those are the classes of a higher score, and of the same score and a smaller
    number.
    """
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    smaller = np.arange(scores.shape[1]) < labels[:, None]
    before = (scores > own) | ((scores == own) & smaller)
    return np.count_nonzero(before, axis=1)


# ----------------------------------------------------------- losses and metrics


def cross_entropy(y: Tensor, p: Tensor) -> Tensor:
    """`-y log p - (1 - y) log(1 - p)`, Keras' own, and right for rare events
    too.

    Keras computes it from the logits that a sigmoid has left with p. Of other
    probabilities, such as a product of two, it clips those below 1e-7: there
    the slope on a positive row would be 0 instead of `-1 / p`.

    >>> p = ops.convert_to_tensor([1e-10])
    >>> round(float(cross_entropy(ops.ones(1), p)[0]), 2)      # 10 log 10
    23.03
    """
    error = ops.binary_crossentropy(y, p)
    if hasattr(p, "_keras_logits"):
        return error
    rare = (p > SMALL) & (p < keras.config.epsilon())
    small = ops.where(rare, p, 0.5)
    unclipped = -y * ops.log(small) - (1 - y) * ops.log1p(-small)
    return ops.where(rare, unclipped, error)


@register
class TaskLoss(keras.losses.Loss):
    """The loss of a task over the labels that are there.

    `Σ w e / Σ w`, or `Σ w e / rows` with `over="rows"`: e is the error of a
    known label and w the weight of its row. A label of several columns (tags)
    is averaged column by column, then over the columns.

    NaN is replaced *before* the error is computed: `0 × NaN` would still be
    NaN, in the loss and in every gradient. A prediction without a bound is
    replaced there too, as its error may be infinite. Without any label the loss
    is 0 and moves nothing.

    What it is divided by is the task's `over`; there is no `reduction`. Raises
    `ValueError` for shapes that do not fit the task.

    >>> labels, predictions = np.array([[1.0], [np.nan]]), np.array([[3.0], [7.0]])
    >>> float(TaskLoss(Regression("rating"))(labels, predictions))  # 4 / 1
    4.0
    >>> # 4 / 2
    >>> float(TaskLoss(Regression("rating", over="rows"))(labels, predictions))
    2.0
    """

    def __init__(self, task: Task, name: str | None = None) -> None:
        super().__init__(name=name or task.name)
        self.task = task

    def __call__(
        self,
        y_true: Tensor,
        y_pred: Tensor,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        y = ops.cast(y_true, "float32")
        p = ops.cast(y_pred, "float32")
        self._check(y.shape, p.shape)
        known = ~ops.isnan(y)
        y = ops.where(known, y, self.task.blank)
        if not self.task.bounded:
            p = ops.where(known, p, self.task.blank)
        weight = ops.cast(known, "float32")
        if sample_weight is not None:
            weight = weight * _column(sample_weight)
        error = ops.mean(weight * self.task.errors(y, p), axis=0)
        if self.task.over == "known":
            error = error / ops.maximum(ops.mean(weight, axis=0), SMALL)
        return ops.mean(error)

    def _check(
        self, labels: tuple[int, ...], predictions: tuple[int, ...]
    ) -> None:
        columns, outputs = self.task.columns, self.task.outputs
        fits = len(labels) == 2 and labels[1] == columns
        self.task.expect(
            fits, f"labels of shape (batch, {columns})", tuple(labels)
        )
        fits = len(predictions) == 2 and predictions[1] == outputs
        self.task.expect(
            fits, f"predictions of shape (batch, {outputs})", tuple(predictions)
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "task": keras.saving.serialize_keras_object(self.task),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TaskLoss":
        return cls(
            keras.saving.deserialize_keras_object(config["task"]),
            config["name"],
        )


@register
class TaskMetric(keras.metrics.Metric):
    """A Keras metric over the labels that are there, of the task's point
    prediction.

    >>> metric = TaskMetric(Regression("rating"), keras.metrics.RootMeanSquaredError())
    >>> metric.update_state(np.array([[1.0], [np.nan]]), np.array([[3.0], [7.0]]))
    >>> float(metric.result())
    2.0
    """

    def __init__(
        self,
        task: Task,
        metric: keras.metrics.Metric,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name or metric.name, **kwargs)
        self.task = task
        self.metric = metric

    def update_state(
        self,
        y_true: Tensor,
        y_pred: Tensor,
        sample_weight: Tensor | None = None,
    ) -> None:
        y = ops.cast(y_true, "float32")
        p = self.task.point(y_pred)
        known = ~ops.isnan(y)
        y = ops.where(known, y, self.task.blank)
        if y.shape[-1] == p.shape[-1]:
            # 0 × infinity would be NaN
            p = ops.where(known, p, self.task.blank)
            y = ops.reshape(y, (-1, 1))
            p = ops.reshape(p, (-1, 1))
        weight = ops.cast(known, "float32")
        if sample_weight is not None:
            weight = weight * _column(sample_weight)
        self.metric.update_state(y, p, ops.reshape(weight, (-1,)))

    def result(self) -> Tensor:
        return self.metric.result()

    def reset_state(self) -> None:
        self.metric.reset_state()

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "task": keras.saving.serialize_keras_object(self.task),
            "metric": keras.saving.serialize_keras_object(self.metric),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TaskMetric":
        task = keras.saving.deserialize_keras_object(config["task"])
        metric = keras.saving.deserialize_keras_object(config["metric"])
        return cls(task, metric, name=config["name"])


def _column(sample_weight: Tensor) -> Tensor:
    """A weight for each row, `(batch, 1)`."""
    return ops.reshape(ops.cast(sample_weight, "float32"), (-1, 1))


# --------------------------------------------------------- all tasks of a model


def heads(
    tasks: Iterable[Task],
    x: keras.KerasTensor | Mapping[str, keras.KerasTensor],
) -> dict[str, keras.KerasTensor]:
    """The predictions by task.

    Each head reads `x`, or a tensor of its own, `x[name]`, if there is one per
    task.

    >>> outputs = heads([Binary("click"), OneOfK("item", classes=300)], keras.Input((8,)))
    >>> outputs["click"].shape, outputs["item"].shape
    ((None, 1), (None, 300))
    """
    predictions = {}
    for task in different(tasks):
        read = x[task.name] if isinstance(x, Mapping) else x
        predictions[task.name] = task.head(read)
    return predictions


def losses(tasks: Iterable[Task]) -> dict[str, TaskLoss]:
    """The losses by task, for `compile`.

    >>> click = losses([Binary("click")])["click"]
    >>> round(float(click(np.array([[1.0]]), np.array([[0.5]]))), 4)  # -log 0.5
    0.6931
    """
    return {task.name: task.loss() for task in different(tasks)}


def metrics(tasks: Iterable[Task]) -> dict[str, list[TaskMetric]]:
    """The metrics by task, for `compile(metrics=...)`.

    To count sample weights too, give them as `weighted_metrics=...`.

    >>> [metric.name for metric in metrics([Binary("click")])["click"]]
    ['auc']
    """
    measured = {}
    for task in different(tasks):
        measured[task.name] = [
            TaskMetric(task, metric) for metric in task.measures()
        ]
    return measured


def different(tasks: Iterable[Task]) -> list[Task]:
    """The tasks. Raises `ValueError` if two have one name: one of them would
    vanish.
    """
    tasks = list(tasks)
    names = [task.name for task in tasks]
    if len(set(names)) < len(names):
        raise ValueError(f"tasks: expected different names, found {names}")
    return tasks


def targets(
    tasks: Iterable[Task], labels: Mapping[str, ArrayLike]
) -> dict[str, np.ndarray]:
    """Labels as `fit` takes them: for every task `(rows, columns)`, NaN where
    there is none.

    None is there where the label is NaN, None or masked, where the row is
    outside the task's `space` (its label there is 0, or missing), and
    everywhere if `labels` lacks the task.

    Raises `ValueError` that names the task: an unknown name, an unknown space,
    a wrong shape, a label out of range.

    >>> tasks = [Binary("click"), Binary("purchase", space="click")]
    >>> y = targets(tasks, {"click": [1, 0, 1], "purchase": [0, 0, 1]})
    >>> y["purchase"].ravel().tolist()  # nobody clicked in the second row
    [0.0, nan, 1.0]
    """
    tasks = different(tasks)
    spaces = {task.space for task in tasks if task.space is not None}
    columns = columns_by_name("labels", labels)
    _check_names("labels", tasks, columns, spaces)
    if not columns:
        names = ", ".join(task.name for task in tasks)
        raise ValueError(
            f"labels: expected those of {names}, or some of them, found none"
        )
    columns = {
        name: numbers(f"task {name!r}", label)
        for name, label in columns.items()
    }
    lengths = [len(np.atleast_1d(label)) for label in columns.values()]
    rows = max(lengths)
    return {task.name: _target(task, columns, rows) for task in tasks}


def weights(
    tasks: Iterable[Task],
    given: Mapping[str, ArrayLike],
    rows: int | None = None,
) -> dict[str, np.ndarray]:
    """Sample weights as `fit` takes them: for every task `(rows,)`, 1 where
    none are given.

    (One plain array would apply to every task, and a dict that lacks a task is
    an error in Keras.) `rows` is needed if `given` is empty.

    Raises `ValueError` that names the task: an unknown name, a wrong shape, a
    weight below 0 or not finite.

    >>> by_task = weights([Binary("click"), Binary("purchase")], {"purchase": [3.0, 0.5]})
    >>> by_task["purchase"].tolist(), by_task["click"].tolist()
    ([3.0, 0.5], [1.0, 1.0])
    """
    tasks = different(tasks)
    columns = columns_by_name("weights", given)
    _check_names("weights", tasks, columns, set())
    columns = {
        name: numbers(f"task {name!r}", weight)
        for name, weight in columns.items()
    }
    lengths = [len(np.atleast_1d(weight)) for weight in columns.values()]
    rows = max(lengths, default=rows)
    if rows is None:
        expected = "how many there are, as no task has weights"
        raise ValueError(f"rows: expected {expected}, found None")
    ones = np.ones(rows)
    return {
        task.name: _weight(task, columns.get(task.name, ones), rows)
        for task in tasks
    }


def _check_names(
    what: str,
    tasks: Iterable[Task],
    columns: Mapping[str, Any],
    spaces: set[str],
) -> None:
    allowed = {task.name for task in tasks} | spaces
    for name in columns:
        if name not in allowed:
            tasks_named = ", ".join(sorted(allowed))
            raise ValueError(
                f"{what}: expected only the tasks {tasks_named}, found {name!r}"
            )


def _target(
    task: Task, labels: Mapping[str, np.ndarray], rows: int
) -> np.ndarray:
    shape = (rows, task.columns)
    label = labels.get(task.name, np.full(shape, np.nan))
    if label.ndim == 1:
        label = label[:, None]
    task.expect(label.shape == shape, f"labels of shape {shape}", label.shape)
    if task.space:
        there = task.space in labels
        expected = f"its space {task.space!r} among the labels"
        task.expect(there, expected, f"only {', '.join(labels)}")
        inside = _in_space(task, labels[task.space], rows)
        label = np.where(inside, label, np.nan)
    task.check(label[~np.isnan(label)])
    return label.astype("float32")


def _in_space(task: Task, space: np.ndarray, rows: int) -> np.ndarray:
    """Which rows lie in the task's space, `(rows, 1)`."""
    shaped = space.shape in ((rows,), (rows, 1))
    task.expect(
        shaped, f"its space {task.space!r} of shape ({rows},)", space.shape
    )
    strange = space[(space != 0) & (space != 1) & ~np.isnan(space)]
    task.expect(
        not strange.size, f"its space {task.space!r} to be 0 or 1", strange[:1]
    )
    return space.reshape(-1, 1) == 1


def _weight(task: Task, weight: np.ndarray, rows: int) -> np.ndarray:
    task.expect(
        weight.shape == (rows,), f"weights of shape ({rows},)", weight.shape
    )
    strange = weight[~((weight >= 0) & (weight <= LARGEST))]
    task.expect(not strange.size, "weights of 0 or more", strange[:1])
    return weight.astype("float32")
