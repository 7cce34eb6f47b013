"""What a learner's model is and does, found out from the built model: not from names, not from source text.

A check of an exercise first makes a `Subject` of the answer, which tells its outputs apart, then calls probes on it. A probe returns
if all is well and raises `Mistake` if not; the keys are those of the part `mistakes` in `web/strings.en.json`.

    HEADS = [Head("item", ONE_OF, 500), Head("interest", YES_NO, 12)]
    subject = Subject(build, {"history": rows}, HEADS)
    shares_and_is_parallel(subject)          # gradients: who trains what, and no head below another
    activations(subject)                     # logits or probabilities, and of the right kind
    losses(subject, labels)                  # compiled: finite, missing labels, each its own label, scales, direction
    scores = trained(subject, x, labels)     # a short training, with a progress bar

Inputs are dicts of arrays by name. Labels are dicts by task: whole numbers `(rows,)` for ONE_OF, else `(rows, width)` with NaN where a
row has none. Outputs may be a dict (by the tasks' names, or any names if the widths differ), a list or tuple; logits or probabilities.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, wraps

import numpy as np

from mtl_lessons.backend import keras, tf
from mtl_lessons.exercises.mistakes import Mistake, attempted, came_from, short

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
    parts = list(made.values()) if isinstance(made, dict) else list(made) if isinstance(made, list | tuple) else [made]
    if len(parts) > 1 and all(isinstance(part, keras.Layer) for part in parts):
        raise Mistake("several-models", found=len(parts))
    if parts and all(isinstance(part, keras.KerasTensor) for part in parts):
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
        shape = tensor.shape[1:] if tensor.shape[1:] != (1,) or column.ndim > 1 else ()  # a column of one may be (rows, 1)
        if len(shape) != column.ndim - 1 or not all(a in (None, b) for a, b in zip(shape, column.shape[1:])):
            raise Mistake("wrong-input", name=name, found=_shape(tensor), expected=_shape(column))


def nothing_frozen(model: keras.Layer) -> None:
    """No layer with a table or a kernel is kept from training."""
    frozen = [layer for layer in model._flatten_layers() if not layer.trainable]
    weights = {w.path for layer in frozen for w in layer.weights if len(w.shape) > 1 and "float" in str(w.dtype)}
    if weights:
        raise Mistake("frozen", weights=", ".join(f"`{path}`" for path in sorted(weights)[:4]))


@contextmanager
def _equals_seen() -> Iterator[list[bool]]:
    """Something is put into the list when a symbolic tensor is compared with a number by `==`, which Keras answers with False."""

    def spy(self: keras.KerasTensor, other: object) -> object:
        if isinstance(other, int | float | np.ndarray | np.generic):
            seen.append(True)
        return NotImplemented

    seen: list[bool] = []
    if "__eq__" in vars(keras.KerasTensor):  # a Keras that compares
        yield seen
        return
    kept = keras.KerasTensor.__hash__
    keras.KerasTensor.__eq__, keras.KerasTensor.__hash__ = spy, kept
    try:
        yield seen
    finally:
        del keras.KerasTensor.__eq__


MASKS = {"padding-counts", "item-as-padding", "empty-history", "unknown-is-last", "unknown-is-somebody", "no-such-row"}


def mindful_of_equals(check: Callable) -> Callable:
    """Where a mask turns out not to work, and a tensor was compared by `==`, say that."""

    @wraps(check)
    def checked(answer: object) -> object:
        with _equals_seen() as seen:
            try:
                return check(answer)
            except Mistake as mistake:
                if seen and mistake.key in MASKS:
                    raise Mistake("equals-of-a-tensor") from mistake
                raise

    return checked


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
        self._magnified: dict[float, Tensors] = {}
        reads_only(self.model, self.x)
        found = self.model(fed(self.model, self.x))
        nothing_frozen(self.model)
        if (weights := self.model.count_params()) > WEIGHTS:
            raise Mistake("too-large", weights=weights, most=WEIGHTS)
        self.keys, self.single = _keys(found, self.heads), not isinstance(found, Mapping | list | tuple)
        self.flat = {name for name, tensor in self._by_task(found).items() if len(tensor.shape) == 1}
        for head in self.heads:
            self._check_shape(head, self._by_task(found)[head.name])

    def outputs(self, x: Columns | None = None) -> Tensors:
        """The outputs by task, `(rows, width)` each, as float32 whatever the model computes in."""
        return {name: tf.cast(tf.reshape(tensor, (len(tensor), -1)), "float32") for name, tensor in self.raw(x).items()}

    @cached_property
    def predictions(self) -> Tensors:
        """The outputs for its own batch, at the weights that the model came with."""
        return self.outputs()

    def magnified(self, factor: float) -> Tensors:
        """As `predictions`, with all kernels and tables that many times as large."""
        if factor not in self._magnified:
            with scaled(self.model, factor):
                self._magnified[factor] = self.outputs()
        return self._magnified[factor]

    @cached_property
    def ranges(self) -> dict[str, str]:
        """By task, the range that its output can take."""
        return {head.name: activation(self, head.name) for head in self.heads}

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
        aims = {name: tf.reduce_sum(tensor * noise(tensor)) for name, tensor in outputs.items()}
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


def noise(like: tf.Tensor, seed: int = 0) -> tf.Tensor:
    """Normal numbers in the shape and the number type of a tensor."""
    return tf.cast(np.random.default_rng(seed).normal(size=like.shape), like.dtype)


def rank(matrix: np.ndarray) -> int:
    """How many directions the rows really use."""
    values = np.linalg.svd(np.asarray(matrix, float), compute_uv=False)
    return int((values > 1e-3 * max(values[0], 1e-30)).sum())


def spread(matrix: np.ndarray) -> np.ndarray:
    """The rows without their mean."""
    return np.asarray(matrix, float) - np.mean(matrix, axis=0)


def jacobian_ranks(model: keras.Layer, output: Callable[[], tf.Tensor], rows: int, most: int = 10) -> tuple[int, int, int]:
    """How many directions of a table's rows an output feels: at most at one row, at all rows together, and how many there are.

    What is measured is the rank of ∂output / ∂(row of the table). A layer of two units lets two directions through, with or
    without an activation behind it, which would make the rank of the outputs themselves larger. `rows`: how many a table has at
    least. A model without a table has `(most, most, 0)`.
    """
    tables = [weight.value for weight in model.trainable_weights if len(weight.shape) == 2 and weight.shape[0] >= rows]
    if not tables:
        return most, most, 0
    with tf.GradientTape(persistent=True) as tape:
        found = output()
        aims = [tf.reduce_sum(found * noise(found, seed)) for seed in range(most)]
    columns = [[dense(g, table) for g, table in zip(tape.gradient(aim, tables), tables)] for aim in aims]
    best = (0, 0, 0)
    for n, table in enumerate(tables):
        by_row = np.stack([column[n] for column in columns], axis=1)  # (rows, most, width)
        by_row = by_row[np.abs(by_row).max(axis=(1, 2)) > 0][:most]
        if len(by_row):
            together = rank(by_row.reshape(-1, table.shape[1]))
            best = max(best, (max(map(rank, by_row)), together, int(table.shape[1])))
    return best


def dense(gradient: object, like: tf.Tensor) -> np.ndarray:
    """A gradient as an array in the shape of what it is of; zeros for none."""
    return np.zeros(like.shape) if gradient is None else np.asarray(tf.convert_to_tensor(gradient), float)


def names_not_numbers(vectors: np.ndarray, feature: str = "item") -> None:
    """What ids are mapped to, a row for each, in their order: neighbours are no closer than ids that are far apart."""
    distances = _distances(vectors)
    next_door, apart = np.median(np.diagonal(distances, 1)), np.median(distances[:, ::-1].diagonal())
    if next_door < 0.1 * apart:
        raise Mistake("ids-as-numbers", feature=feature)


def all_differ(model: keras.Layer, vectors: Callable[[], np.ndarray], feature: str = "item") -> None:
    """What ids are mapped to, a row for each: no two are the same."""

    def alike() -> np.ndarray:
        distances, size = _distances(found := vectors()), np.abs(spread(found)).max()
        return np.triu(distances <= 1e-6 * np.median(distances) + 2e-6 * size, 1)

    if (same := whatever_the_weights(model, alike)).any():
        first, second = np.argwhere(same)[0]
        raise Mistake("ids-alike", feature=feature, first=int(first), second=int(second))


def whatever_the_weights(model: keras.Layer, seen: Callable[[], np.ndarray]) -> np.ndarray:
    """What is true at the weights that the model came with, and after two random changes: not just where a `relu` is dead."""
    mask = seen()
    for seed in range(2):
        if mask.any():
            with restored(model):
                rng = np.random.default_rng(seed)
                for weight in (w for w in model.trainable_weights if len(w.shape) > 1):
                    weight.assign_add(rng.normal(0, 0.02 + np.std(weight), weight.shape).astype("float32"))
                mask = mask & seen()
    return mask


def _distances(vectors: np.ndarray) -> np.ndarray:
    """Between all rows."""
    centred = spread(vectors)
    squares = (centred**2).sum(1)
    return np.sqrt(np.maximum(squares[:, None] + squares - 2 * centred @ centred.T, 0))


# ---------------------------------------------------------------- activations


def activations(subject: Subject) -> None:
    """The range of each output fits its label: one of many sums to 1, yes or no does not, a number is not squeezed."""
    for head in subject.heads:
        found = subject.ranges[head.name]
        if found not in FITS[head.kind]:
            kind = {ONE_OF: "one-of", YES_NO: "yes-no", NUMBER: "number"}[head.kind]
            raise Mistake(f"{found}-for-{kind}", task=head.name, width=head.width)


def activation(subject: Subject, task: str) -> str:
    """Which range an output can take, with all weights (not the biases) made ten times as large: one of
    linear, softmax, sigmoid, upper-half (of a sigmoid), tanh, positive, constant."""
    for factor in (10, 3, 1):  # the first at which it is not the same for all rows, as a saturated sigmoid may be
        out = subject.magnified(factor)[task].numpy().astype(float)
        if not np.allclose(out, out[:1], atol=1e-6):
            break
    else:
        return "constant"
    if out.shape[1] > 1 and out.min() >= 0 and np.allclose(out.sum(1), 1, atol=1e-3):
        return "double-softmax" if _of_probabilities(subject, task) else "softmax"
    if out.min() >= 0 and out.max() <= 1:
        return "upper-half" if out.min() >= 0.5 and np.isclose(out.min(), 0.5, atol=1e-6) else "sigmoid"
    if out.min() >= 0:
        return "positive"
    return "tanh" if np.abs(out).max() <= 1 and out.max() > 0.5 else "linear"


def _of_probabilities(subject: Subject, task: str) -> bool:
    """Whether a softmax is over numbers from 0 to 1, which other probabilities are: then no class gets more than e times another."""
    out = subject.magnified(100)[task].numpy().astype(float)
    ratio = np.log(np.maximum(out.max(axis=1), 1e-30) / np.maximum(out.min(axis=1), 1e-30))
    return bool(np.all(ratio < 1.001) and np.median(ratio) > 0.9)


@contextmanager
def scaled(model: keras.Layer, factor: float) -> Iterator[None]:
    """All kernels and tables that many times as large, biases as they are: where the curves of activations show."""
    with restored(model):
        for weight in model.trainable_weights:
            if len(weight.shape) > 1:
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
    """The compiled loss is finite where labels are missing, lets unlabelled rows count for nothing, listens to each label at its own
    output and in its own row only, takes the output for what it is, and pulls every labelled row towards its label."""
    if not getattr(subject.model, "compiled", False):
        raise Mistake("not-compiled")
    try:
        pulls = pulls_of(subject, labels)
    except Mistake as mistake:
        if task := swapped(subject, labels):
            raise Mistake("arguments-swapped", task=task) from mistake
        raise
    missing_is_nothing(labels, pulls)
    _own_row(subject, labels, pulls)
    for head in subject.heads:
        _from_both_sides(head, subject, labels)
    _own_label(subject, labels, pulls)
    for head in subject.heads:
        _not_shifted(head, labels[head.name], pulls[head.name])
        _not_turned_round(head, labels[head.name], pulls[head.name])
        _tags_by_themselves(head, subject, labels, pulls)
    _logits_or_probabilities(subject, labels)
    for head in subject.heads:
        _every_label_is_heard(head, labels[head.name], pulls[head.name])
        _towards_the_label(head, labels[head.name], pulls[head.name])


def _loss(subject: Subject, labels: Columns, predictions: Tensors) -> tf.Tensor:
    shaped = {name: tf.reshape(tensor, (-1,)) if name in subject.flat else tensor for name, tensor in predictions.items()}
    y = subject.arranged({name: tf.constant(label.copy()) for name, label in labels.items()})
    try:
        return subject.model.compute_loss(x=fed(subject.model, subject.x), y=y, y_pred=subject.arranged(shaped))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, tf.errors.InvalidArgumentError) as error:
        raise Mistake("loss-fails", said=said(error), place=came_from(error)) from error


def said(error: Exception) -> str:
    """The first line of an error's message, without the names that TensorFlow puts around it."""
    return short((str(error).strip() or type(error).__name__).splitlines()[0].split("}} ")[-1].split(" [Op")[0])


def pulls_of(subject: Subject, labels: Columns, predictions: Tensors | None = None) -> dict[str, np.ndarray]:
    """Gradient of the loss by each output, `(rows, width)`; zero where there is none. At the model's outputs, if at no others."""
    predictions = {name: tf.identity(tensor) for name, tensor in (predictions or subject.predictions).items()}
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        loss = _loss(subject, labels, predictions)
    pulls = tape.gradient(loss, predictions, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    pulls = {name: np.asarray(pull, float) for name, pull in pulls.items()}
    some_missing = any(_unlabelled(label).any() for label in labels.values())
    if not np.all(np.isfinite(loss)):
        raise Mistake("nan-loss" if some_missing else "not-finite-loss")
    if not all(np.all(np.isfinite(pull)) for pull in pulls.values()):
        raise Mistake("nan-gradient" if some_missing else "not-finite-loss")
    return pulls


def _unlabelled(label: np.ndarray) -> np.ndarray:
    """Which rows have no label."""
    return np.isnan(label.reshape(len(label), -1).astype(float)).any(1)


def swapped(subject: Subject, labels: Columns) -> str:
    """The first task whose loss is a function that works once it is given the prediction first, as in PyTorch."""
    given = (getattr(subject.model, "_compile_config", None) and subject.model._compile_config.config or {}).get("loss")
    for name, key in subject.keys.items():
        try:
            loss = given[key] if isinstance(given, dict | list | tuple) else given
            if not callable(loss) or isinstance(loss, keras.Loss):
                continue
            prediction, label = subject.predictions[name], tf.constant(labels[name])
            with tf.GradientTape() as tape:
                tape.watch(prediction)
                value = loss(prediction, label)
            pull = tape.gradient(value, prediction)
            if pull is not None and np.all(np.isfinite(value)) and np.all(np.isfinite(pull)) and np.any(pull):
                return name
        except Exception:  # a learner's function, called in a way that it was not made for
            continue
    return ""


def missing_is_nothing(labels: Columns, pulls: dict[str, np.ndarray]) -> None:
    """A row without a label does not pull at its output."""
    for task, label in labels.items():
        rows = _unlabelled(label)
        if np.abs(pulls[task][rows]).sum() > 0:
            raise Mistake("missing-counts", task=task, rows=int(rows.sum()), of=len(rows))


def _own_label(subject: Subject, labels: Columns, pulls: dict[str, np.ndarray]) -> None:
    """Turn round the labels of one task after the other: its own output feels it, and no other does."""
    for changed in labels:
        turned = pulls_of(subject, {**labels, changed: labels[changed][::-1]})
        for task, pull in pulls.items():
            same = np.allclose(pull, turned[task], rtol=1e-3, atol=1e-3 * np.abs(pull).max())
            if task == changed and same:
                raise Mistake("ignores-label", task=task)
            if task != changed and not same:
                raise Mistake("follows-other-label", task=task, other=changed)


def _own_row(subject: Subject, labels: Columns, pulls: dict[str, np.ndarray]) -> None:
    """Give every other row of a task another label: in the rows between, nothing changes, but perhaps by a common factor."""
    for head in subject.heads:
        label = labels[head.name].copy()
        label[::2] = _other(head, label[::2])
        turned = pulls_of(subject, {**labels, head.name: label})[head.name]
        pull, turned = pulls[head.name][1::2], turned[1::2]
        factor = (pull * turned).sum() / max((pull * pull).sum(), 1e-30)
        if not np.allclose(factor * pull, turned, rtol=1e-3, atol=1e-3 * np.abs(turned).max()):
            raise Mistake("follows-other-rows", task=head.name)


def _other(head: Head, label: np.ndarray) -> np.ndarray:
    """Labels of the same kind, each another one than before; what is missing stays missing."""
    if head.kind == YES_NO:
        return 1 - label
    return (label + 1) % head.width if head.kind == ONE_OF else label + 1


def _not_shifted(head: Head, label: np.ndarray, pull: np.ndarray) -> None:
    """The class that a row is pulled to is not the one beside its label."""
    if head.kind != ONE_OF:
        return
    known = ~_unlabelled(label)
    right, pulled = label.reshape(-1)[known].astype(int), pull[known].argmin(axis=1)
    for shift in (1, -1):
        if np.mean(pulled == right + shift) > 0.8:
            raise Mistake("shifted-label", task=head.name, shift=f"{shift:+d}")


def _tags_by_themselves(head: Head, subject: Subject, labels: Columns, pulls: dict[str, np.ndarray]) -> None:
    """Give the first tag another prediction: the outputs of the other tags feel nothing of it."""
    if head.kind != YES_NO or head.width < 2:
        return
    outputs = {name: output.numpy().copy() for name, output in subject.predictions.items()}
    outputs[head.name][:, 0] = 3.0 if subject.ranges[head.name] == "linear" else 0.95
    turned = pulls_of(subject, labels, {name: tf.constant(output) for name, output in outputs.items()})
    pull, turned = (of[head.name][:, 1:] for of in (pulls, turned))
    if not np.allclose(pull, turned, rtol=1e-3, atol=1e-4 * np.abs(pull).max()):
        raise Mistake("tags-compete", task=head.name)


def _not_turned_round(head: Head, label: np.ndarray, pull: np.ndarray) -> None:
    """Not all labels push away from what they say, as they do under a negative weight."""
    away = _away(head, label, pull)
    if away is not None and away.mean() > 0.95:
        raise Mistake("away-from-label", task=head.name, rows=int(away.sum()), of=away.size)


def _away(head: Head, label: np.ndarray, pull: np.ndarray) -> np.ndarray | None:
    """Where a known yes is pulled down or a no up, or the class of the label down."""
    known = ~_unlabelled(label)
    label, pull = label.reshape(len(label), -1)[known], pull[known]
    if head.kind == YES_NO:
        return np.where(label == 1, pull, -pull) > 0
    return np.take_along_axis(pull, label.astype(int), axis=1) > 0 if head.kind == ONE_OF else None


STEEP = {ONE_OF: 0.6, YES_NO: 1.7}


def _logits_or_probabilities(subject: Subject, labels: Columns) -> None:
    """Predictions cost the more, the surer they are of what is wrong, and the more so the further they go; head by head.

    With `c(s)` the loss when the head has logits of s for what is right: a cross-entropy has `c(-2) - c(0)` of 2.5 times
    `c(0) - c(2)` (once, with hundreds of classes), label smoothing makes that more, and so does a focal loss. Probabilities that
    are taken for logits have 1.3 (0.3 and less, of classes). Logits that are taken for probabilities are clipped: `c(-4) = c(-2)`.
    """
    linear = {task: found == "linear" for task, found in subject.ranges.items()}
    for head in (head for head in subject.heads if head.kind != NUMBER):
        cost = {sure: _cost(subject, labels, {head.name: sure}, linear) for sure in (2.0, 0.0, -2.0, -4.0)}
        gained, lost, more = cost[0.0] - cost[2.0], cost[-2.0] - cost[0.0], cost[-4.0] - cost[-2.0]
        if not (lost > STEEP[head.kind] * gained and gained > 0 and more > 0.15 * lost):
            raise Mistake("logits-as-probabilities" if linear[head.name] else "probabilities-as-logits", task=head.name)


def _cost(subject: Subject, labels: Columns, sure: Mapping[str, float], linear: Mapping[str, bool]) -> float:
    """The loss of predictions that know their labels: with logits of `sure` for what is right, by task; others are quite sure."""
    predictions = {h.name: _ideal(h, labels[h.name], sure.get(h.name, SURE), linear[h.name]) for h in subject.heads}
    return float(tf.reduce_mean(_loss(subject, labels, predictions)))


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


def _every_label_is_heard(head: Head, label: np.ndarray, pull: np.ndarray) -> None:
    """Each row with a label pulls, a 0 like a 1."""
    known = ~_unlabelled(label)
    label, pull = label.reshape(len(label), -1)[known], np.abs(pull[known])
    heard = pull if head.kind == YES_NO else pull.max(axis=1, keepdims=True)
    silent = heard < 1e-6 * max(pull.max(), 1e-30)
    if silent.any():
        raise Mistake("label-unheard", task=head.name, label=f"{label[silent][0]:g}", rows=int(silent.sum()), of=silent.size)


def _towards_the_label(head: Head, label: np.ndarray, pull: np.ndarray) -> None:
    """A yes is pulled up and a no down; of classes, that of the label is pulled up."""
    away = _away(head, label, pull)
    if away is not None and away.any():
        raise Mistake("away-from-label", task=head.name, rows=int(away.sum()), of=away.size)


def _from_both_sides(head: Head, subject: Subject, labels: Columns) -> None:
    """The loss of a number grows with the distance from its label, above it and below; a cross-entropy's does not."""
    if head.kind != NUMBER:
        return
    label, outputs = labels[head.name].reshape(-1, head.width), subject.predictions
    known = ~_unlabelled(label)
    pulls = {}
    for error in (-1.5, -0.4, 0.4, 1.5):
        near = np.where(np.isnan(label), outputs[head.name], label + error).astype("float32")
        pulls[error] = pulls_of(subject, labels, {**outputs, head.name: tf.constant(near)})[head.name][known]
    if not np.any(list(pulls.values())):
        raise Mistake("ignores-label", task=head.name)
    for error, pull in pulls.items():
        away = np.sign(pull) != np.sign(error)
        if away.any():
            side = "above" if error > 0 else "below"
            raise Mistake("not-a-distance", task=head.name, rows=int(away.sum()), of=away.size, side=side)


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
