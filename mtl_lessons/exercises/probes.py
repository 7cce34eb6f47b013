"""What a learner's model is and does, found out from the built model: not from names, not from source text.

A check of an exercise first makes a `Subject` of the answer, which tells its outputs apart, then calls probes on it. A probe returns
if all is well and raises `Mistake` if not; the keys are those of the part `mistakes` in `web/strings.en.json`.

    HEADS = [Head("item", ONE_OF, 500), Head("interest", YES_NO, 12)]
    subject = Subject(build, {"history": rows}, HEADS)
    shares_and_is_parallel(subject)          # gradients: who trains what, and no head below another
    activations(subject)                     # logits or probabilities, and of the right kind
    losses(subject, labels)                  # compiled: finite, each its own label, scales, missing labels
    scores = trained(subject, x, labels)     # a short training, with a progress bar

Inputs are dicts of arrays by name. Labels are dicts by task: whole numbers `(rows,)` for ONE_OF, else `(rows, width)` with NaN where a
row has none. Outputs may be a dict (by the tasks' names, or any names if the widths differ), a list or tuple; logits or probabilities.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from mtl_lessons.backend import keras, tf
from mtl_lessons.exercises.engine import Mistake, attempted

ONE_OF, YES_NO, NUMBER = "one of", "yes or no", "a number"
FITS = {ONE_OF: ("linear", "softmax"), YES_NO: ("linear", "sigmoid"), NUMBER: ("linear", "positive")}
WEIGHTS = 5_000_000  # of a model that is to be trained in seconds
SURE = 9.0  # a logit that leaves next to no doubt

Columns = Mapping[str, np.ndarray]
Tensors = dict[str, tf.Tensor]


@dataclass(frozen=True)
class Head:
    """What an output is to predict: one of `width` classes, `width` yes/no labels, or `width` numbers."""

    name: str
    kind: str
    width: int


# ---------------------------------------------------------------- the model and its outputs


def built(answer: object) -> keras.Layer:
    """The model of an answer: itself, or what the function (or class) builds."""
    made = attempted(answer() if callable(answer) and not isinstance(answer, keras.Layer) else answer)
    if made is None:
        raise Mistake("returns-nothing")
    if isinstance(made, keras.KerasTensor) or (isinstance(made, dict | list | tuple) and made):
        raise Mistake("tensors-not-a-model")
    if not isinstance(made, keras.Layer):
        raise Mistake("not-a-model", found=type(made).__name__)
    return made


def reads_only(model: keras.Layer, x: Columns) -> None:
    """The inputs are those columns, in their shape: no label, and nothing else that will not be there at serving."""
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) > len(x):
        extra = [tensor.name for tensor in inputs if tensor.name not in x] or [tensor.name for tensor in inputs]
        raise Mistake("extra-input", found=", ".join(extra), expected=", ".join(x))
    for tensor, (name, column) in zip(inputs, x.items()):
        column = x.get(tensor.name, column)
        agree = len(tensor.shape) == column.ndim and all(a in (None, b) for a, b in zip(tensor.shape[1:], column.shape[1:]))
        if not agree:
            raise Mistake("wrong-input", name=name, found=_shape(tensor), expected=_shape(column))


def fed(model: keras.Layer, x: Columns) -> object:
    """The columns as the model takes them: a dict or list, or the array itself if there is but one."""
    wanted = getattr(model, "input", None)
    if isinstance(wanted, dict):
        return dict(x) if len(x) > 1 else {name: column for name, column in zip(wanted, x.values())}
    if isinstance(wanted, list | tuple):
        return [x.get(tensor.name, column) for tensor, column in zip(wanted, x.values())]
    return dict(x) if len(x) > 1 else next(iter(x.values()))


class Subject:
    """A learner's model, whose outputs are told apart once, on a batch `x`.

    Raises `Mistake` if there are not as many outputs as `heads`, if a shape is wrong, or if a number is not finite.
    """

    def __init__(self, answer: object, x: Columns, heads: Sequence[Head]):
        self.model, self.x, self.heads = built(answer), {name: column.copy() for name, column in x.items()}, list(heads)
        reads_only(self.model, self.x)
        found = self.model(fed(self.model, self.x))
        if (weights := self.model.count_params()) > WEIGHTS:
            raise Mistake("too-large", weights=weights, most=WEIGHTS)
        self.keys, self.single = _keys(found, self.heads), not isinstance(found, Mapping | list | tuple)
        self.flat = {name for name, tensor in self._by_task(found).items() if len(tensor.shape) == 1}
        for head in self.heads:
            self._check_shape(head, self._by_task(found)[head.name])

    def outputs(self, x: Columns | None = None) -> Tensors:
        """The outputs by task, `(rows, width)` each."""
        return {name: tf.reshape(tensor, (len(tensor), -1)) for name, tensor in self.raw(x).items()}

    def raw(self, x: Columns | None = None) -> Tensors:
        """The outputs by task, as the model gives them."""
        return self._by_task(self.model(fed(self.model, self.x if x is None else x)))

    def arranged(self, by_task: Mapping[str, object]) -> object:
        """Labels, weights or predictions by task, as this model's `fit` takes them."""
        if self.single:
            return next(iter(by_task.values()))
        if all(isinstance(key, int) for key in self.keys.values()):
            return [by_task[name] for name in sorted(self.keys, key=self.keys.get)]
        return {key: by_task[name] for name, key in self.keys.items()}

    def _by_task(self, found: object) -> Tensors:
        return {name: found if self.single else found[key] for name, key in self.keys.items()}

    def _check_shape(self, head: Head, tensor: tf.Tensor) -> None:
        rows = len(next(iter(self.x.values())))
        wanted = [(rows, head.width), (rows,)] if head.width == 1 else [(rows, head.width)]
        if tuple(tensor.shape) not in wanted:
            raise Mistake("wrong-shape", task=head.name, found=_shape(tensor), expected=f"(rows, {head.width})")
        if not np.all(np.isfinite(tensor)):
            raise Mistake("not-finite", task=head.name)


def _shape(tensor: tf.Tensor | np.ndarray | keras.KerasTensor) -> str:
    sizes = ", ".join(["rows", *map(str, tensor.shape[1:])])
    return f"({sizes})" if len(tensor.shape) > 1 else "(rows,)"


def _keys(found: object, heads: list[Head]) -> dict[str, str | int]:
    """Where each task's output is: by name, else by its width, else by its place."""
    outputs = (
        dict(found) if isinstance(found, Mapping) else dict(enumerate(found if isinstance(found, list | tuple) else [found]))
    )
    if len(outputs) == 1 < len(heads):
        raise Mistake("one-output", found=_shape(next(iter(outputs.values()))), tasks=len(heads))
    if len(outputs) != len(heads):
        raise Mistake("number-of-outputs", found=len(outputs), expected=len(heads))
    if set(outputs) == {head.name for head in heads}:
        return {head.name: head.name for head in heads}
    if len({head.width for head in heads}) < len(heads):
        if isinstance(found, Mapping):
            raise Mistake("names-of-outputs", found=", ".join(outputs), expected=", ".join(head.name for head in heads))
        return {head.name: place for place, head in enumerate(heads)}
    widths = {key: tensor.shape[-1] if len(tensor.shape) > 1 else 1 for key, tensor in outputs.items()}
    for head in heads:
        if list(widths.values()).count(head.width) != 1:
            shapes = ", ".join(_shape(tensor) for tensor in outputs.values())
            raise Mistake("wrong-shape", task=head.name, found=shapes, expected=f"(rows, {head.width})")
    return {head.name: next(key for key, width in widths.items() if width == head.width) for head in heads}


# ---------------------------------------------------------------- structure


def row_by_row(subject: Subject) -> None:
    """What a row gets does not depend on the rows beside it."""
    together = subject.outputs()
    alone = subject.outputs({name: column[:1] for name, column in subject.x.items()})
    for name, tensor in alone.items():
        if not np.allclose(tensor, together[name][:1], atol=1e-4):
            raise Mistake("mixes-rows", task=name)


def tells_rows_apart(subject: Subject) -> None:
    """Different inputs get different outputs."""
    for name, tensor in subject.outputs().items():
        if np.allclose(tensor, tensor[:1], rtol=1e-6, atol=1e-9):
            raise Mistake("constant-output", task=name)


def shares_and_is_parallel(subject: Subject) -> None:
    """All weights are reached by some task, some weight by all, and no task's output is computed from another's."""
    weights = [weight.value for weight in subject.model.trainable_weights]
    with tf.GradientTape(persistent=True) as tape:
        outputs = subject.raw()  # the tensors themselves, which a head on a head has read
        aims = {name: tf.reduce_sum(tensor * _noise(tensor.shape)) for name, tensor in outputs.items()}
    for lower in outputs:
        for upper in outputs:
            if lower != upper and tape.gradient(aims[upper], outputs[lower]) is not None:
                raise Mistake("stacked-heads", lower=lower, upper=upper)
    reached = {name: {i for i, g in enumerate(tape.gradient(aim, weights)) if g is not None} for name, aim in aims.items()}
    cut = set(range(len(weights))) - set.union(*reached.values())
    if cut:
        paths = sorted(subject.model.trainable_weights[i].path for i in cut)
        raise Mistake("cut-off", weights=", ".join(f"`{path}`" for path in paths[:4]))
    if not set.intersection(*reached.values()):
        raise Mistake("nothing-shared")


def _noise(shape: Sequence[int]) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).normal(size=shape).astype("float32"))


# ---------------------------------------------------------------- activations


def activations(subject: Subject) -> None:
    """The range of each output fits its label: one of many sums to 1, yes or no does not, a number is not squeezed."""
    for head in subject.heads:
        found = activation(subject, head.name)
        if found not in FITS[head.kind]:
            kind = {ONE_OF: "one-of", YES_NO: "yes-no", NUMBER: "number"}[head.kind]
            raise Mistake(f"{found}-for-{kind}", task=head.name, width=head.width)


def activation(subject: Subject, task: str) -> str:
    """Which range an output can take, with all weights made ten times as large: one of
    linear, softmax, sigmoid, tanh, positive, constant."""
    with _scaled(subject.model, 10):
        out = subject.outputs()[task].numpy().astype(float)
    if np.allclose(out, out[:1], atol=1e-6):
        return "constant"
    if out.shape[1] > 1 and out.min() >= 0 and np.allclose(out.sum(1), 1, atol=1e-3):
        return "softmax"
    if out.min() >= 0:
        return "sigmoid" if out.max() <= 1 else "positive"
    return "tanh" if np.abs(out).max() <= 1 and out.max() > 0.5 else "linear"


@contextmanager
def _scaled(model: keras.Layer, factor: float) -> Iterator[None]:
    with restored(model):
        for weight in model.trainable_weights:
            weight.assign(weight * factor)
        yield


@contextmanager
def restored(owner: keras.Layer | keras.optimizers.Optimizer) -> Iterator[None]:
    """Whatever happens to the variables of a model or an optimiser in the block, afterwards they are as before."""
    kept = [(variable, variable.numpy()) for variable in owner.variables]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


# ---------------------------------------------------------------- losses


def losses(subject: Subject, labels: Columns) -> None:
    """The compiled loss is finite where labels are missing, listens to each label at its own output only, takes the output for what it
    is, and lets unlabelled rows count for nothing."""
    if not getattr(subject.model, "compiled", False):
        raise Mistake("not-compiled")
    pulls = _pulls(subject, labels)
    _own_label(subject, labels, pulls)
    _logits_or_probabilities(subject, labels)
    _missing(labels, pulls)


def _loss(subject: Subject, labels: Columns, predictions: Tensors) -> tf.Tensor:
    shaped = {name: tf.reshape(tensor, (-1,)) if name in subject.flat else tensor for name, tensor in predictions.items()}
    y = subject.arranged({name: tf.constant(label.copy()) for name, label in labels.items()})
    try:
        return subject.model.compute_loss(x=fed(subject.model, subject.x), y=y, y_pred=subject.arranged(shaped))
    except (ValueError, TypeError, KeyError, tf.errors.InvalidArgumentError) as error:
        raise Mistake("loss-fails", said=str(error).strip().splitlines()[0]) from error


def _pulls(subject: Subject, labels: Columns) -> dict[str, np.ndarray]:
    """Gradient of the loss by each output at the outputs, `(rows, width)`; zero where there is none."""
    predictions = {name: tf.identity(tensor) for name, tensor in subject.outputs().items()}
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        loss = _loss(subject, labels, predictions)
    pulls = tape.gradient(loss, predictions, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    pulls = {name: np.asarray(pull) for name, pull in pulls.items()}
    if not np.isfinite(loss) or not all(np.all(np.isfinite(pull)) for pull in pulls.values()):
        raise Mistake("nan-loss" if any(_unlabelled(label).any() for label in labels.values()) else "not-finite-loss")
    return pulls


def _unlabelled(label: np.ndarray) -> np.ndarray:
    """Which rows have no label."""
    return np.isnan(label.reshape(len(label), -1).astype(float)).any(1)


def _own_label(subject: Subject, labels: Columns, pulls: dict[str, np.ndarray]) -> None:
    """Turn round the labels of one task after the other: its own output feels it, and no other does."""
    for changed in labels:
        turned = _pulls(subject, {**labels, changed: labels[changed][::-1]})
        for task, pull in pulls.items():
            same = np.allclose(pull, turned[task], rtol=1e-3, atol=1e-3 * np.abs(pull).max())
            if task == changed and same:
                raise Mistake("ignores-label", task=task)
            if task != changed and not same:
                raise Mistake("follows-other-label", task=task, other=changed)


def _logits_or_probabilities(subject: Subject, labels: Columns) -> None:
    """Predictions that are right cost next to nothing, and wrong ones the more, the surer they are."""
    linear = {head.name: activation(subject, head.name) == "linear" for head in subject.heads}
    for head in (head for head in subject.heads if head.kind != NUMBER):
        cost = {sure: _cost(subject, labels, {head.name: sure}, linear) for sure in (SURE, 0.0, -2.0, -4.0)}
        if not cost[SURE] < 0.1 * cost[0.0] or not cost[-4.0] > 1.05 * cost[-2.0] > cost[0.0]:
            raise Mistake("logits-as-probabilities" if linear[head.name] else "probabilities-as-logits", task=head.name)


def _cost(subject: Subject, labels: Columns, sure: Mapping[str, float], linear: Mapping[str, bool]) -> float:
    """The loss of predictions that know their labels: with logits of `sure` for what is right, by task; others are quite sure."""
    predictions = {h.name: _ideal(h, labels[h.name], sure.get(h.name, SURE), linear[h.name]) for h in subject.heads}
    return float(_loss(subject, labels, predictions))


def _ideal(head: Head, label: np.ndarray, sure: float, linear: bool) -> tf.Tensor:
    """Predictions that know the label: as logits, or as the probabilities of these."""
    if head.kind == NUMBER:
        return tf.constant(np.nan_to_num(label).reshape(-1, head.width).astype("float32"))
    yes = (
        np.eye(head.width)[np.nan_to_num(label).astype(int).ravel()]
        if head.kind == ONE_OF
        else np.nan_to_num(label).reshape(-1, head.width)
    )
    logits = tf.constant((sure * (2 * yes - 1)).astype("float32"))
    if linear:
        return logits
    return tf.nn.softmax(logits) if head.kind == ONE_OF else tf.sigmoid(logits)


def _missing(labels: Columns, pulls: dict[str, np.ndarray]) -> None:
    for task, label in labels.items():
        rows = _unlabelled(label)
        if np.abs(pulls[task][rows]).sum() > 0:
            raise Mistake("missing-counts", task=task, rows=int(rows.sum()), of=len(rows))


# ---------------------------------------------------------------- training


def trained(
    subject: Subject,
    x: Columns,
    labels: Columns,
    test: Columns,
    weights: Columns | None = None,
    batch_size: int = 512,
    epochs: int = 1,
    show: Callable[[int], None] = lambda done: None,
) -> dict[str, np.ndarray]:
    """Train as compiled, predict for `test`, and put weights and optimiser back; `show(batches)` counts the batches.

    `weights`, by task and row, as `fit`'s `sample_weight`. Raises `Mistake` if a prediction is not finite.
    """
    model, given = subject.model, subject.arranged({name: label.copy() for name, label in labels.items()})
    weigh = subject.arranged(weights) if weights else None
    model.optimizer.build(model.trainable_variables)
    with restored(model), restored(model.optimizer):
        model.fit(
            fed(model, {name: column.copy() for name, column in x.items()}),
            given,
            sample_weight=weigh,
            batch_size=batch_size,
            epochs=epochs,
            verbose=0,
            callbacks=[_Count(show)],
        )
        predictions = {name: tensor.numpy() for name, tensor in subject.outputs(test).items()}
    for name, prediction in predictions.items():
        if not np.all(np.isfinite(prediction)):
            raise Mistake("diverged", task=name)
    return predictions


class _Count(keras.callbacks.Callback):
    def __init__(self, show: Callable[[int], None]):
        super().__init__()
        self.show, self.done = show, 0

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        if self.done % 10 == 0:
            self.show(self.done)
