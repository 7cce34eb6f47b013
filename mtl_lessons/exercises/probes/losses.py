"""What a compiled loss does, found out from its gradients at the outputs.

    losses(subject, labels)                   # all probes, in their order
    losses(subject, labels, [*LOSSES, mine])  # another order, or one more

A probe of a loss takes a `LossCase` and raises `Mistake`. A pull is the gradient of
the loss by an output: below 0 where a step of training would raise the output.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.exercises.mistakes import Mistake, came_from, short

from .subject import (
    NUMBER,
    ONE_OF,
    YES_NO,
    Columns,
    Output,
    Subject,
    Tensors,
    fed,
)

SURE = 9.0  # a logit that leaves next to no doubt
# how much steeper costs must be: `logits_or_probabilities`
STEEP = {ONE_OF: 0.6, YES_NO: 1.7}
OFFSETS = (-1.5, -0.4, 0.4, 1.5)  # of a number, on both sides of its label
REFUSALS = (  # what a loss raises that does not fit its labels or its outputs
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    tf.errors.InvalidArgumentError,
)

Pulls = dict[str, np.ndarray]


@dataclass(frozen=True)
class LossCase:
    """A compiled model, labels by task, and the pulls at its outputs, `(rows,
    width)` by task.
    """

    subject: Subject
    labels: Columns
    pulls: Pulls

    def of(self, output: Output) -> tuple[np.ndarray, np.ndarray]:
        """Labels and pulls of one output where there is a label: `(known,
        width)`.
        """
        label, pull = self.labels[output.name], self.pulls[output.name]
        known = ~unlabelled(label)
        return label.reshape(len(label), -1)[known], pull[known]


Probe = Callable[[LossCase], None]


def losses(
    subject: Subject, labels: Columns, order: Sequence[Probe] | None = None
) -> None:
    """The compiled loss can be computed, and passes the probes: LOSSES, or
    those of `order`.
    """
    if not getattr(subject.model, "compiled", False):
        raise Mistake("not-compiled")
    try:
        case = LossCase(subject, labels, pulls_of(subject, labels))
    except Mistake as mistake:
        if task := swapped(subject, labels):
            raise Mistake("arguments-swapped", task=task) from mistake
        raise
    for probe in LOSSES if order is None else order:
        probe(case)


def pulls_of(
    subject: Subject, labels: Columns, predictions: Tensors | None = None
) -> Pulls:
    """The gradient of the loss by each output; zero where there is none.

    At the model's outputs, if at no others.
    """
    predictions = predictions or subject.predictions
    predictions = {
        name: tf.identity(tensor) for name, tensor in predictions.items()
    }
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        loss = _loss(subject, labels, predictions)
    pulls = tape.gradient(
        loss, predictions, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    pulls = {name: np.asarray(pull, float) for name, pull in pulls.items()}
    some_missing = any(unlabelled(label).any() for label in labels.values())
    if not np.all(np.isfinite(loss)):
        raise Mistake("nan-loss" if some_missing else "not-finite-loss")
    if not all(np.all(np.isfinite(pull)) for pull in pulls.values()):
        raise Mistake("nan-gradient" if some_missing else "not-finite-loss")
    return pulls


def swapped(subject: Subject, labels: Columns) -> str:
    """The first task whose loss works with the prediction as its first
    argument, as in PyTorch.
    """
    config = getattr(subject.model, "_compile_config", None)
    given = ((config and config.config) or {}).get("loss")
    for name, key in subject.keys.items():
        try:
            loss = (
                given[key] if isinstance(given, dict | list | tuple) else given
            )
            if not callable(loss) or isinstance(loss, keras.Loss):
                continue
            prediction, label = (
                subject.predictions[name],
                tf.constant(labels[name]),
            )
            with tf.GradientTape() as tape:
                tape.watch(prediction)
                value = loss(prediction, label)
            pull = tape.gradient(value, prediction)
            finite = (
                np.all(np.isfinite(value))
                and pull is not None
                and np.all(np.isfinite(pull))
            )
            works = finite and np.any(pull)
        # a learner's function, called in a way that it was not made for
        except Exception:
            continue
        if works:
            return name
    return ""


def said(error: Exception) -> str:
    """The first line of an error's message, without the names that TensorFlow
    puts around it.
    """
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return short(first.split("}} ")[-1].split(" [Op")[0])


def unlabelled(label: np.ndarray) -> np.ndarray:
    """Which rows have no label."""
    return np.any(np.isnan(label.reshape(len(label), -1).astype(float)), axis=1)


def missing_is_nothing(case: LossCase) -> None:
    """A row without a label does not pull at its output."""
    for task, label in case.labels.items():
        rows = unlabelled(label)
        if np.abs(case.pulls[task][rows]).sum() > 0:
            raise Mistake(
                "missing-counts", task=task, rows=int(rows.sum()), of=len(rows)
            )


def own_row(case: LossCase) -> None:
    """Give every other row another label: in the rows between, only a common
    factor changes.
    """
    for output in case.subject.declared:
        label = case.labels[output.name].copy()
        label[::2] = _changed_label(output, label[::2])
        turned = pulls_of(case.subject, {**case.labels, output.name: label})[
            output.name
        ]
        pull, turned = case.pulls[output.name][1::2], turned[1::2]
        factor = (pull * turned).sum() / max((pull * pull).sum(), 1e-30)
        if not np.allclose(
            factor * pull, turned, rtol=1e-3, atol=1e-3 * np.abs(turned).max()
        ):
            raise Mistake("follows-other-rows", task=output.name)


def _changed_label(output: Output, label: np.ndarray) -> np.ndarray:
    """Labels of the same kind, each another one than before; what is missing
    stays missing.
    """
    if output.kind == YES_NO:
        return 1 - label
    return (label + 1) % output.width if output.kind == ONE_OF else label + 1


def from_both_sides(case: LossCase) -> None:
    """The loss of a number grows with the distance from its label, above and
    below.

    That of a cross-entropy does not.
    """
    for output in case.subject.declared:
        if output.kind == NUMBER:
            _from_both_sides(case, output)


def _from_both_sides(case: LossCase, output: Output) -> None:
    label = case.labels[output.name].reshape(-1, output.width)
    predictions, known = case.subject.predictions, ~unlabelled(label)
    pulls = {}
    for error in OFFSETS:
        near = np.where(
            np.isnan(label), predictions[output.name], label + error
        ).astype("float32")
        moved = {**predictions, output.name: tf.constant(near)}
        pulls[error] = pulls_of(case.subject, case.labels, moved)[output.name][
            known
        ]
    if not np.any(list(pulls.values())):
        raise Mistake("ignores-label", task=output.name)
    for error, pull in pulls.items():
        away = np.sign(pull) != np.sign(error)
        if away.any():
            facts = {"rows": int(away.sum()), "of": away.size}
            side = "above" if error > 0 else "below"
            raise Mistake(
                "not-a-distance", task=output.name, side=side, **facts
            )


def own_label(case: LossCase) -> None:
    """Turn round the labels of one task after the other: its own output feels
    it, no other does.
    """
    for changed, label in case.labels.items():
        turned = pulls_of(case.subject, {**case.labels, changed: label[::-1]})
        for task, pull in case.pulls.items():
            same = np.allclose(
                pull, turned[task], rtol=1e-3, atol=1e-3 * np.abs(pull).max()
            )
            if task == changed and same:
                raise Mistake("ignores-label", task=task)
            if task != changed and not same:
                raise Mistake("follows-other-label", task=task, other=changed)


def not_shifted(case: LossCase) -> None:
    """The class that a row is pulled to is not the one beside its label."""
    for output in case.subject.declared:
        if output.kind != ONE_OF:
            continue
        label, pull = case.of(output)
        right, pulled = label[:, 0].astype(int), pull.argmin(axis=1)
        for shift in (1, -1):
            if np.mean(pulled == right + shift) > 0.8:
                raise Mistake(
                    "shifted-label", task=output.name, shift=f"{shift:+d}"
                )


def not_turned_round(case: LossCase) -> None:
    """Not all labels push away from what they say, as they do under a negative
    weight.
    """
    for output in case.subject.declared:
        away = _away(case, output)
        if away.size and away.mean() > 0.95:
            raise Mistake(
                "away-from-label",
                task=output.name,
                rows=int(away.sum()),
                of=away.size,
            )


def towards_the_label(case: LossCase) -> None:
    """A yes is pulled up and a no down; of classes, that of the label is pulled
    up.
    """
    for output in case.subject.declared:
        away = _away(case, output)
        if away.any():
            raise Mistake(
                "away-from-label",
                task=output.name,
                rows=int(away.sum()),
                of=away.size,
            )


def _away(case: LossCase, output: Output) -> np.ndarray:
    """Where a yes is pulled down or a no up, or the label's class down; of a
    number, nowhere.
    """
    label, pull = case.of(output)
    if output.kind == YES_NO:
        return np.where(label == 1, pull, -pull) > 0
    if output.kind == ONE_OF:
        return np.take_along_axis(pull, label.astype(int), axis=1) > 0
    return np.zeros(0, bool)


def labels_by_themselves(case: LossCase) -> None:
    """Give the first of several yes/no labels another prediction: the others
    feel nothing of it.
    """
    for output in case.subject.declared:
        if output.kind == YES_NO and output.width > 1:
            _by_themselves(case, output)


def _by_themselves(case: LossCase, output: Output) -> None:
    predictions = {
        name: tensor.numpy().copy()
        for name, tensor in case.subject.predictions.items()
    }
    predictions[output.name][:, 0] = (
        3.0 if case.subject.ranges[output.name] == "linear" else 0.95
    )
    moved = {
        name: tf.constant(prediction)
        for name, prediction in predictions.items()
    }
    turned = pulls_of(case.subject, case.labels, moved)
    pull, turned = case.pulls[output.name][:, 1:], turned[output.name][:, 1:]
    if not np.allclose(pull, turned, rtol=1e-3, atol=1e-4 * np.abs(pull).max()):
        raise Mistake("tags-compete", task=output.name)


def logits_or_probabilities(case: LossCase) -> None:
    """Predictions cost the more, the surer they are of what is wrong.

    With `c(s)` the loss when an output has logits of s for what is right: a
    cross-entropy has `c(-2) - c(0)` of 2.5 times `c(0) - c(2)` (once, with
    hundreds of classes), label smoothing makes that more, and so does a focal
    loss. Probabilities that are taken for logits have 1.3 (0.3 and less, of
    classes). Logits that are taken for probabilities are clipped: `c(-4) =
    c(-2)`.
    """
    for output in case.subject.declared:
        if output.kind == NUMBER:
            continue
        cost = {
            sure: _cost(case, {output.name: sure})
            for sure in (2.0, 0.0, -2.0, -4.0)
        }
        gained, lost, more = (
            cost[0.0] - cost[2.0],
            cost[-2.0] - cost[0.0],
            cost[-4.0] - cost[-2.0],
        )
        if not (
            lost > STEEP[output.kind] * gained
            and gained > 0
            and more > 0.15 * lost
        ):
            linear = case.subject.ranges[output.name] == "linear"
            key = (
                "logits-as-probabilities"
                if linear
                else "probabilities-as-logits"
            )
            raise Mistake(key, task=output.name)


def _cost(case: LossCase, sure: Mapping[str, float]) -> float:
    """The loss of predictions that know their labels, with logits of `sure` for
    what is right.

    Outputs that are not in `sure` are quite sure.
    """
    predictions = {
        output.name: _ideal(
            output,
            case.labels[output.name],
            sure.get(output.name, SURE),
            case.subject.ranges[output.name] == "linear",
        )
        for output in case.subject.declared
    }
    return float(tf.reduce_mean(_loss(case.subject, case.labels, predictions)))


def _ideal(
    output: Output, label: np.ndarray, sure: float, linear: bool
) -> Tensor:
    """Predictions that know the label: as logits, or as the probabilities of
    these.
    """
    label = np.nan_to_num(label).reshape(len(label), -1)
    if output.kind == NUMBER:
        return tf.constant(label.astype("float32"))
    yes = (
        np.eye(output.width)[label[:, 0].astype(int)]
        if output.kind == ONE_OF
        else label
    )
    logits = tf.constant((sure * (2 * yes - 1)).astype("float32"))
    if linear:
        return logits
    return (
        tf.nn.softmax(logits) if output.kind == ONE_OF else tf.sigmoid(logits)
    )


def every_label_is_heard(case: LossCase) -> None:
    """Each row with a label pulls, a 0 like a 1."""
    for output in case.subject.declared:
        label, pull = case.of(output)
        pull = np.abs(pull)
        heard = (
            pull if output.kind == YES_NO else pull.max(axis=1, keepdims=True)
        )
        silent = heard < 1e-6 * max(pull.max(), 1e-30)
        if silent.any():
            facts = {
                "label": f"{label[silent][0]:g}",
                "rows": int(silent.sum()),
                "of": silent.size,
            }
            raise Mistake("label-unheard", task=output.name, **facts)


def _loss(subject: Subject, labels: Columns, predictions: Tensors) -> Tensor:
    shaped = dict(predictions)
    for name in subject.flat:
        shaped[name] = tf.reshape(shaped[name], (-1,))
    x, y_pred = fed(subject.model, subject.x), subject.arranged(shaped)
    y = subject.arranged(
        {name: tf.constant(label.copy()) for name, label in labels.items()}
    )
    try:
        return subject.model.compute_loss(x=x, y=y, y_pred=y_pred)
    except REFUSALS as error:
        raise Mistake(
            "loss-fails", said=said(error), place=came_from(error)
        ) from error


LOSSES: tuple[Probe, ...] = (  # what would blur the rest comes first
    missing_is_nothing,
    own_row,
    from_both_sides,
    own_label,
    not_shifted,
    not_turned_round,
    labels_by_themselves,
    logits_or_probabilities,
    every_label_is_heard,
    towards_the_label,
)
