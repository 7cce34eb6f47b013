"""What comes out: tasks, declared once, giving head, loss and metrics.

    tasks = [
        Binary("click", rate=0.14),
        Binary("purchase", space="click"),              # has a label where click is 1
        Ordinal("stars", low=1, high=5),
        WatchTime("watch", space="click", typical=60.0),
    ]
    model = keras.Model(inputs, heads(tasks, x))        # x: (batch, d)
    model.compile("adam", losses(tasks), metrics=metrics(tasks))
    model.fit(feed(features, rows), targets(tasks, labels), sample_weight=weights(tasks, {"purchase": value}))

A head predicts in the unit of its label. **A label that is missing is NaN**, in single rows or in the whole batch, and costs
nothing. What the rest is divided by decides how much a sparse task weighs:

- `over="known"`: by the number of labels that there are (by the sum of their weights). Each task speaks equally loud, however
  few rows it has, and a batch with two labels steps as far as one with two thousand.
- `over="rows"`: by the number of rows of the batch. Each *label* counts the same, so a task weighs by its density. It is the natural
  weight: for binary tasks the sum of the losses is then the mean negative log-likelihood of a row.

| label                     | task         | head                            | loss                                     |
|---------------------------|--------------|---------------------------------|------------------------------------------|
| yes or no                 | `Binary`     | 1 probability                   | cross-entropy                            |
| one of K                  | `OneOfK`     | K probabilities, sum 1          | cross-entropy                            |
| any of K                  | `MultiLabel` | K probabilities                 | K cross-entropies                        |
| grades with an order      | `Ordinal`    | P(more than k), falling         | a cross-entropy for each "more than k?"  |
| a number                  | `Regression` | the mean                        | squared error in standard units          |
| seconds, with a long tail | `WatchTime`  | the median of seconds           | squared error of the logarithm           |
| seconds, 0 without a play | `WatchOdds`  | seconds, as odds                | logistic, plays weighted by their time   |
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons.backend import keras, register
from mtl_lessons.metrics import auc, rmse

from .given import Declared, numbers, table

layers, ops = keras.layers, keras.ops

EXACT = 2**24  # labels are float32, which rounds larger whole numbers
SMALL, LARGEST = 1e-37, float(np.finfo("float32").max)  # 1 / SMALL is a float32, too


# ---------------------------------------------------------------- kinds of tasks


@dataclass(frozen=True)
class Task(Declared):
    """What all tasks have.

    - `name`: of the head, the output, the label. Keras names the head and its loss after it, and TensorFlow
      takes letters of ASCII, digits, `_`, `-` and `.` only.
    - `space`: another (0/1) label, on whose positives this task has its own; without one, all rows.
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

    def __post_init__(self):
        super().__post_init__()
        spelt = re.fullmatch(r"[A-Za-z0-9_.-]+", self.name)
        self.expect(spelt, "a name of A-Z, a-z, 0-9, '_', '-', '.'", repr(self.name))
        self.expect(self.space != self.name, "a space other than the task itself", repr(self.space))
        self.expect(self.over in ("known", "rows"), "over to be 'known' or 'rows'", repr(self.over))

    def layer(self, part: str) -> str:
        """A name for a layer below the head, `watch>log`: no task or feature can have it."""
        return f"{self.name}>{part}"

    def head(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """From `(batch, d)` to the prediction, `(batch, outputs)`; the last layer has the task's name."""
        raise NotImplementedError

    def errors(self, y, p):
        """Losses of labels that are all there, `(batch, columns)`."""
        raise NotImplementedError

    def point(self, p):
        """The prediction in the form of the label, for metrics (and for whoever asks for one number)."""
        return p

    def measures(self) -> list[keras.metrics.Metric]:
        raise NotImplementedError

    def check(self, labels: np.ndarray) -> None:
        """Raise `ValueError` for a label, of those that are there, outside the range."""
        raise NotImplementedError

    def judge(self, labels: np.ndarray, predictions: np.ndarray) -> float:
        """How good predictions are, by the labels that are there: `judged_by`, in the unit of the label.

        Recall@10 of one of K, AUC of yes or no (of several tags the mean over those with labels of both
        classes), else RMSE. Shapes are `(rows, columns)` and `(rows, outputs)`. Raises `ValueError` that names
        the task: no label to judge by, one class, predictions that are not finite.
        """
        known = ~np.isnan(labels)
        self.expect(known.any(), "a label to judge by", f"none among {len(labels)} rows")
        lost = np.count_nonzero(~np.isfinite(predictions[known.any(axis=1)]))
        self.expect(not lost, "finite predictions", f"{lost} NaN or infinite")
        return self.judgement(labels, predictions, known)

    def judgement(self, labels: np.ndarray, predictions: np.ndarray, known: np.ndarray) -> float:
        """`judge`, of predictions that are finite, where some labels are known."""
        return rmse(labels[known], np.asarray(self.point(predictions))[known])

    def loss(self) -> "TaskLoss":
        return TaskLoss(self)

    def get_config(self) -> dict:
        return asdict(self)

    @classmethod
    def from_config(cls, config: dict) -> "Task":
        return cls(**config)


@register
@dataclass(frozen=True)
class Binary(Task):
    """Yes or no: P(label = 1). `rate` is the base rate that the head starts from (its bias is `log(rate / (1 - rate))`)."""

    _: KW_ONLY
    rate: float = 0.5

    judged_by = "AUC"
    better = 1

    def __post_init__(self):
        super().__post_init__()
        self.finite("rate")
        self.expect(0 < self.rate < 1, "a base rate between 0 and 1", self.rate)

    def head(self, x):
        bias = keras.initializers.Constant(np.log(self.rate / (1 - self.rate)))
        return layers.Dense(self.outputs, "sigmoid", bias_initializer=bias, dtype="float32", name=self.name)(x)

    def errors(self, y, p):
        return cross_entropy(y, p)

    def measures(self):
        return [keras.metrics.AUC(name="auc")]

    def check(self, labels):
        strange = labels[(labels != 0) & (labels != 1)]
        self.expect(not strange.size, "labels 0 and 1", strange[:1])

    def judgement(self, labels, predictions, known):
        columns = [(y[k], p[k]) for y, p, k in zip(labels.T, predictions.T, known.T)]
        columns = [(y, p) for y, p in columns if len(np.unique(y)) > 1]
        self.expect(columns, "labels of both classes", f"only {np.unique(labels[known])} in a column")
        return float(np.mean([auc(y, p) for y, p in columns]))


@register
@dataclass(frozen=True)
class MultiLabel(Binary):
    """Any of `labels` tags, each yes or no: as many probabilities, which need not sum to 1. Single tags may be missing."""

    _: KW_ONLY
    labels: int

    def __post_init__(self):
        super().__post_init__()
        self.whole("labels")

    @property
    def outputs(self) -> int:
        return self.labels

    columns = outputs


@register
@dataclass(frozen=True)
class OneOfK(Task):
    """One of `classes`, given as its number from 0: a softmax, `(batch, classes)`."""

    _: KW_ONLY
    classes: int

    judged_by = "recall@10"
    better = 1

    def __post_init__(self):
        super().__post_init__()
        self.whole("classes", least=2, most=EXACT)

    @property
    def outputs(self) -> int:
        return self.classes

    def head(self, x):
        return layers.Dense(self.classes, "softmax", dtype="float32", name=self.name)(x)

    def errors(self, y, p):
        return ops.sparse_categorical_crossentropy(ops.cast(y[:, 0], "int32"), p)[:, None]

    def measures(self):
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    def check(self, labels):
        strange = labels[(labels < 0) | (labels >= self.classes) | (labels % 1 != 0)]
        self.expect(not strange.size, f"whole numbers from 0 to {self.classes - 1}", strange[:1])

    def judgement(self, labels, predictions, known):
        rows = known[:, 0]
        return float(np.mean(_ranks(labels[rows, 0].astype(int), predictions[rows]) < 10))


@register
@dataclass(frozen=True)
class Ordinal(Task):
    """Grades from `low` to `high` whose order counts: `P(y > k)` for k = low … high - 1, from one score and ordered cuts.

    The expected grade is `low + Σ P(y > k)`. (Proportional odds; McCullagh, 1980.)
    """

    _: KW_ONLY
    low: int
    high: int

    def __post_init__(self):
        super().__post_init__()
        self.whole("low", least=-EXACT, most=EXACT)
        self.whole("high", least=-EXACT, most=EXACT)
        self.expect(self.low < self.high, "low below high", f"{self.low} and {self.high}")

    @property
    def outputs(self) -> int:
        return self.high - self.low

    @property
    def blank(self) -> float:
        return float(self.low)

    def head(self, x):
        score = layers.Dense(1, use_bias=False, dtype="float32", name=self.layer("score"))(x)
        return Exceeds(self.outputs, dtype="float32", name=self.name)(score)

    def errors(self, y, p):
        more = ops.cast(y > ops.arange(self.low, self.high, dtype="float32"), p.dtype)  # is it more than k?
        return ops.sum(cross_entropy(more, p), axis=-1, keepdims=True)

    def point(self, p):
        return self.low + ops.sum(p, axis=-1, keepdims=True)

    def measures(self):
        return [keras.metrics.MeanAbsoluteError(name="mae")]

    def check(self, labels):
        strange = labels[(labels < self.low) | (labels > self.high) | (labels % 1 != 0)]
        self.expect(not strange.size, f"whole numbers from {self.low} to {self.high}", strange[:1])


@register
@dataclass(frozen=True)
class Regression(Task):
    """A number: its mean. The loss is the squared error in units of `scale`, so that it is about 1 before learning."""

    _: KW_ONLY
    mean: float = 0.0
    scale: float = 1.0

    bounded = False

    def __post_init__(self):
        super().__post_init__()
        self.finite("mean")
        self.finite("scale", above=0)

    def head(self, x):
        standard = layers.Dense(1, dtype="float32", name=self.layer("standard"))(x)
        return layers.Rescaling(self.scale, self.mean, dtype="float32", name=self.name)(standard)

    def errors(self, y, p):
        return ops.square((y - p) / self.scale)

    def measures(self):
        return [keras.metrics.RootMeanSquaredError(name="rmse")]

    def check(self, labels):
        strange = labels[~(np.abs(labels) <= LARGEST)]
        self.expect(not strange.size, "finite numbers", strange[:1])


@dataclass(frozen=True)
class Seconds(Task):
    """A time that is watched: the head predicts `typical` times the exponential of what its last layer gives.

    `typical` (seconds) is where the head starts. `largest` bounds |log(p / typical)|.
    """

    _: KW_ONLY
    typical: float = 60.0

    bounded = False
    largest = 40.0  # a factor of 1e17

    def __post_init__(self):
        super().__post_init__()
        self.finite("typical", above=0)

    def head(self, x):
        logarithm = layers.Dense(1, dtype="float32", name=self.layer("log"))(x)
        ratio = BoundedExponential(self.largest, dtype="float32", name=self.layer("ratio"))(logarithm)
        return layers.Rescaling(self.typical, dtype="float32", name=self.name)(ratio)

    def measures(self):
        return [keras.metrics.RootMeanSquaredError(name="rmse")]


@register
@dataclass(frozen=True)
class WatchTime(Seconds):
    """Seconds of those who watch: `(log y - log p)²`, so the head learns `exp(mean of log y)`.

    For log-normal seconds that is their median; the mean is larger by `exp(σ² / 2)`.
    """

    blank = 1.0

    def errors(self, y, p):
        return ops.square(ops.log(y) - ops.log(p))

    def check(self, labels):
        strange = labels[~((labels >= SMALL) & (labels <= LARGEST))]
        self.expect(not strange.size, "seconds above 0", strange[:1])


@register
@dataclass(frozen=True)
class WatchOdds(Seconds):
    """Seconds of all impressions, 0 without a play: logistic regression in which a play weighs its time, in units of `typical`.

    The head gives `typical` times the *odds* `e^z`. They converge to `E[T] / (1 - P)`, E[T] the expected seconds of an impression
    and P the chance of a play: close to E[T] only while plays are rare. (Covington et al., 2016.)
    """

    blank = 0.0
    largest = 16.0  # within the clip of the loss, so that a head that is sure keeps its slope

    def errors(self, y, p):
        odds = ops.clip(p / self.typical, 1e-7, 1e7)  # as Keras clips probabilities
        played = y / self.typical * ops.log1p(1 / odds)  # -log σ(z), times the time
        return ops.where(y > 0, played, ops.log1p(odds))  # -log(1 - σ(z))

    def check(self, labels):
        strange = labels[~((labels >= 0) & (labels <= LARGEST))]
        self.expect(not strange.size, "seconds of 0 or more", strange[:1])


@register
class BoundedExponential(layers.Layer):
    """`exp(z)`, z within ±`largest`: a head that is far off gives a large number, not infinity.

    The gradient is that of the exponential where z lies outside as well, so the head finds back. (Of a plain
    clip it would be 0.)
    """

    def __init__(self, largest: float, **kwargs):
        super().__init__(**kwargs)
        self.largest = largest

    def call(self, z):
        over = ops.clip(z, -self.largest, self.largest) - z
        return ops.exp(z + ops.stop_gradient(over))

    def get_config(self):
        return super().get_config() | {"largest": self.largest}


@register
class Exceeds(layers.Layer):
    """From a score `(batch, 1)` to `P(y > k) = σ(score - cut_k)`, `(batch, cuts)`, falling with k.

    The cuts rise by construction: each is the one before plus a softplus. They start one apart, around 0.
    """

    def __init__(self, cuts: int, **kwargs):
        super().__init__(**kwargs)
        self.cuts = cuts

    def build(self, shape):
        first, gap = keras.initializers.Constant((1 - self.cuts) / 2), keras.initializers.Constant(np.log(np.e - 1))
        self.first = self.add_weight(shape=(1,), initializer=first, name="first")
        self.gaps = self.add_weight(shape=(self.cuts - 1,), initializer=gap, name="gaps")

    def call(self, score):
        rises = ops.concatenate([self.first, ops.softplus(self.gaps)])
        return ops.sigmoid(score - ops.cumsum(rises))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.cuts)

    def get_config(self):
        return super().get_config() | {"cuts": self.cuts}


def _ranks(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """How many classes stand before the label, `(rows,)`: of a higher score, or of its score and a smaller number."""
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    tied = (scores == own) & (np.arange(scores.shape[1]) < labels[:, None])
    return np.count_nonzero((scores > own) | tied, axis=1)


# ---------------------------------------------------------------- losses and metrics that know what is missing


def cross_entropy(y, p):
    """`-y log p - (1 - y) log(1 - p)`, Keras' own, and right for rare events too.

    Keras computes it from the logits that a sigmoid has left with p. Of other probabilities, such as a product
    of two, it clips those below 1e-7: there the slope on a positive row would be 0 instead of `-1 / p`.
    """
    error = ops.binary_crossentropy(y, p)
    if hasattr(p, "_keras_logits"):
        return error
    rare = (p > SMALL) & (p < keras.config.epsilon())
    small = ops.where(rare, p, 0.5)
    return ops.where(rare, -y * ops.log(small) - (1 - y) * ops.log1p(-small), error)


@register
class TaskLoss(keras.losses.Loss):
    """The loss of a task over the labels that are there: `Σ w e / Σ w`, or `Σ w e / rows` with `over="rows"`.

    e is the error of a known label and w the weight of its row. A label of several columns (tags) is averaged column by
    column, then over the columns. NaN is replaced *before* the error is computed: `0 × NaN` would still be NaN, in the loss and
    in every gradient. A prediction without a bound is replaced there too, as its error may be infinite. Without
    any label the loss is 0 and moves nothing.

    What it is divided by is the task's `over`; there is no `reduction`. Raises `ValueError` for shapes that do
    not fit the task.
    """

    def __init__(self, task: Task, name: str | None = None):
        super().__init__(name=name or task.name)
        self.task = task

    def __call__(self, y, p, sample_weight=None):
        y, p = ops.cast(y, "float32"), ops.cast(p, "float32")
        self._check(y.shape, p.shape)
        known = ~ops.isnan(y)
        p = p if self.task.bounded else ops.where(known, p, self.task.blank)
        errors = self.task.errors(ops.where(known, y, self.task.blank), p)
        weight = ops.cast(known, "float32") * (1.0 if sample_weight is None else _column(sample_weight))
        error = ops.mean(weight * errors, axis=0)
        if self.task.over == "known":
            error = error / ops.maximum(ops.mean(weight, axis=0), SMALL)
        return ops.mean(error)

    def _check(self, labels: tuple, predictions: tuple) -> None:
        for what, shape, width in (("labels", labels, self.task.columns), ("predictions", predictions, self.task.outputs)):
            self.task.expect(len(shape) == 2 and shape[1] == width, f"{what} of shape (batch, {width})", tuple(shape))

    def get_config(self):
        return {"name": self.name, "task": keras.saving.serialize_keras_object(self.task)}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["task"]), config["name"])


@register
class TaskMetric(keras.metrics.Metric):
    """A Keras metric over the labels that are there, of the task's point prediction."""

    def __init__(self, task: Task, metric: keras.metrics.Metric, name: str | None = None, **kwargs):
        super().__init__(name=name or metric.name, **kwargs)
        self.task, self.metric = task, metric

    def update_state(self, y, p, sample_weight=None):
        y = ops.cast(y, "float32")
        known = ~ops.isnan(y)
        weight = ops.cast(known, "float32") * (1.0 if sample_weight is None else _column(sample_weight))
        y, p = ops.where(known, y, self.task.blank), self.task.point(p)
        if y.shape[-1] == p.shape[-1]:
            p = ops.where(known, p, self.task.blank)  # 0 × infinity would be NaN
            y, p = ops.reshape(y, (-1, 1)), ops.reshape(p, (-1, 1))
        self.metric.update_state(y, p, ops.reshape(weight, (-1,)))

    def result(self):
        return self.metric.result()

    def reset_state(self):
        self.metric.reset_state()

    def get_config(self):
        parts = {"task": self.task, "metric": self.metric}
        return {"name": self.name} | {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}

    @classmethod
    def from_config(cls, config):
        return cls(*map(keras.saving.deserialize_keras_object, (config["task"], config["metric"])), name=config["name"])


def _column(weight):
    return ops.reshape(ops.cast(weight, "float32"), (-1, 1))


# ---------------------------------------------------------------- all tasks of a model


def heads(tasks: Iterable[Task], x: keras.KerasTensor | Mapping[str, keras.KerasTensor]) -> dict[str, keras.KerasTensor]:
    """The predictions by task: each head on `x`, or on its own tensor `x[name]` if there is one per task."""
    return {task.name: task.head(x[task.name] if isinstance(x, Mapping) else x) for task in different(tasks)}


def losses(tasks: Iterable[Task]) -> dict[str, TaskLoss]:
    """The losses by task, for `compile`."""
    return {task.name: task.loss() for task in different(tasks)}


def metrics(tasks: Iterable[Task]) -> dict[str, list[TaskMetric]]:
    """The metrics by task, for `compile(metrics=...)` or, to count sample weights too, `weighted_metrics=...`."""
    return {task.name: [TaskMetric(task, metric) for metric in task.measures()] for task in different(tasks)}


def different(tasks: Iterable[Task]) -> list[Task]:
    """The tasks. Raises `ValueError` if two have one name: one of them would vanish."""
    tasks = list(tasks)
    names = [task.name for task in tasks]
    if len(set(names)) < len(names):
        raise ValueError(f"tasks: expected different names, found {names}")
    return tasks


def targets(tasks: Iterable[Task], labels: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """Labels as `fit` takes them: for every task `(rows, columns)`, NaN where there is none.

    None is there where the label is NaN, None or masked, where the row is outside the task's `space` (its label
    there is 0, or missing), and everywhere if `labels` lacks the task. Raises `ValueError` that names the task: an
    unknown name, an unknown space, a wrong shape, a label out of range.
    """
    tasks, labels = different(tasks), table("labels", labels)
    _check_names("labels", tasks, labels, {task.space for task in tasks} - {None})
    if not labels:
        names = ", ".join(task.name for task in tasks)
        raise ValueError(f"labels: expected those of {names}, or some of them, found none")
    labels = {name: numbers(f"task {name!r}", label) for name, label in labels.items()}
    rows = max(len(np.atleast_1d(label)) for label in labels.values())
    return {task.name: _target(task, labels, rows) for task in tasks}


def weights(tasks: Iterable[Task], given: Mapping[str, ArrayLike], rows: int | None = None) -> dict[str, np.ndarray]:
    """Sample weights as `fit` takes them: for every task `(rows,)`, 1 where none are given.

    (One plain array would apply to every task, and a dict that lacks a task is an error in Keras.) `rows` is needed if `given` is
    empty. Raises `ValueError` that names the task: an unknown name, a wrong shape, a weight below 0 or not finite.
    """
    tasks, given = different(tasks), table("weights", given)
    _check_names("weights", tasks, given, set())
    given = {name: numbers(f"task {name!r}", weight) for name, weight in given.items()}
    rows = max((len(np.atleast_1d(weight)) for weight in given.values()), default=rows)
    if rows is None:
        raise ValueError("rows: expected how many there are, as no task has weights, found None")
    return {task.name: _weight(task, given.get(task.name, np.ones(rows)), rows) for task in tasks}


def _check_names(what: str, tasks: list[Task], given: Mapping, also: set[str]) -> None:
    names = {task.name for task in tasks}
    for name in given:
        if name not in names | also:
            raise ValueError(f"{what}: expected only the tasks {', '.join(sorted(names | also))}, found {name!r}")


def _target(task: Task, labels: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
    label = labels.get(task.name, np.full((rows, task.columns), np.nan))
    label = label[:, None] if label.ndim == 1 else label
    task.expect(label.shape == (rows, task.columns), f"labels of shape ({rows}, {task.columns})", label.shape)
    if task.space:
        task.expect(task.space in labels, f"its space {task.space!r} among the labels", f"only {', '.join(labels)}")
        label = np.where(_inside(task, labels[task.space], rows), label, np.nan)
    task.check(label[~np.isnan(label)])
    return label.astype("float32")


def _inside(task: Task, space: np.ndarray, rows: int) -> np.ndarray:
    """Which rows lie in the task's space, `(rows, 1)`."""
    shapes = (rows,), (rows, 1)
    task.expect(space.shape in shapes, f"its space {task.space!r} of shape ({rows},)", space.shape)
    strange = space[(space != 0) & (space != 1) & ~np.isnan(space)]
    task.expect(not strange.size, f"its space {task.space!r} to be 0 or 1", strange[:1])
    return space.reshape(-1, 1) == 1


def _weight(task: Task, weight: np.ndarray, rows: int) -> np.ndarray:
    task.expect(weight.shape == (rows,), f"weights of shape ({rows},)", weight.shape)
    strange = weight[~((weight >= 0) & (weight <= LARGEST))]
    task.expect(not strange.size, "weights of 0 or more", strange[:1])
    return weight.astype("float32")
