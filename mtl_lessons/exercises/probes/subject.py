"""A learner's model: built from whatever the answer is, fed as it likes, its
outputs told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.exercises.mistakes import Mistake, attempted

from .ranges import range_of
from .weights import scaled

ONE_OF, YES_NO, NUMBER = "one of", "yes or no", "a number"
MOST_WEIGHTS = 5_000_000  # of a model that is to be trained in seconds

Columns = Mapping[str, np.ndarray]
Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Output:
    """What an output is to predict: one of `width` classes, so many yes/no
    labels, or numbers.
    """

    name: str
    kind: str
    width: int


class Subject:
    """A learner's model, whose outputs are told apart once, on a batch `x`.

    Raises `Mistake` if there are not as many outputs as `declared`, if a shape
    is wrong, or if a number is not finite.
    """

    def __init__(
        self, answer: object, x: Columns, declared: Sequence[Output]
    ) -> None:
        self.model, self.declared = built(answer), list(declared)
        self.x = {name: column.copy() for name, column in x.items()}
        self._magnified: dict[float, Tensors] = {}
        reads_only(self.model, self.x)
        found = self.model(fed(self.model, self.x))
        nothing_frozen(self.model)
        if (weights := self.model.count_params()) > MOST_WEIGHTS:
            raise Mistake("too-large", weights=weights, most=MOST_WEIGHTS)
        self.keys = _keys(found, self.declared)
        self.single = not isinstance(found, Mapping | list | tuple)
        by_task = self._by_task(found)
        self.flat = {
            name for name, tensor in by_task.items() if len(tensor.shape) == 1
        }
        for output in self.declared:
            self._check_shape(output, by_task[output.name])

    def outputs(self, x: Columns | None = None) -> Tensors:
        """The outputs by task, `(rows, width)` each, as float32 whatever the
        model computes in.
        """
        flat = {
            name: tf.reshape(tensor, (len(tensor), -1))
            for name, tensor in self.raw(x).items()
        }
        return {
            name: tf.cast(tensor, "float32") for name, tensor in flat.items()
        }

    @cached_property
    def predictions(self) -> Tensors:
        """The outputs for its own batch, at the weights that the model came
        with.
        """
        return self.outputs()

    @cached_property
    def ranges(self) -> dict[str, str]:
        """By task, the range that its output can take."""
        return {
            output.name: self._range(output.name) for output in self.declared
        }

    def raw(self, x: Columns | None = None) -> Tensors:
        """The outputs by task, as the model gives them."""
        return self._by_task(
            self.model(fed(self.model, self.x if x is None else x))
        )

    def arranged(self, by_task: Mapping[str, object]) -> object:
        """Labels, weights or predictions by task, as this model's `fit` takes
        them.
        """
        if self.single:
            return next(iter(by_task.values()))
        if all(isinstance(key, int) for key in self.keys.values()):
            return [
                by_task[name]
                for name in sorted(self.keys, key=self.keys.__getitem__)
            ]
        return {key: by_task[name] for name, key in self.keys.items()}

    def _range(self, task: str) -> str:
        return range_of(
            lambda factor: self._at(factor)[task].numpy().astype(float)
        )

    def _at(self, factor: float) -> Tensors:
        """As `predictions`, with all kernels and tables that many times as
        large.
        """
        if factor not in self._magnified:
            with scaled(self.model, factor):
                self._magnified[factor] = self.outputs()
        return self._magnified[factor]

    def _by_task(self, found: Any) -> Tensors:
        return {
            name: found if self.single else found[key]
            for name, key in self.keys.items()
        }

    def _check_shape(self, output: Output, tensor: Tensor) -> None:
        rows, width = len(next(iter(self.x.values()))), output.width
        wanted = [(rows, width), (rows,)] if width == 1 else [(rows, width)]
        if tuple(tensor.shape) not in wanted:
            raise _wrong_shape(output, _shape(tensor))
        if not np.all(np.isfinite(tensor)):
            raise Mistake("not-finite", task=output.name)


def built(answer: object) -> keras.Layer:
    """The model of an answer: itself, or what the function (or class) builds."""
    is_model = isinstance(answer, keras.Layer)
    made = attempted(answer() if callable(answer) and not is_model else answer)
    if made is None:
        raise Mistake("returns-nothing")
    parts = _layers_of(made)
    if len(parts) > 1 and all(isinstance(part, keras.Layer) for part in parts):
        raise Mistake("several-models", found=len(parts))
    if parts and all(isinstance(part, keras.KerasTensor) for part in parts):
        raise Mistake("tensors-not-a-model")
    if not isinstance(made, keras.Layer):
        raise Mistake("not-a-model", found=type(made).__name__)
    return made


def _layers_of(made: object) -> list:
    if isinstance(made, dict):
        return list(made.values())
    return list(made) if isinstance(made, list | tuple) else [made]


def reads_only(model: keras.Layer, x: Columns) -> None:
    """The inputs are those columns, in their shape: no label, and nothing
    unknown at serving.
    """
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) > len(x):
        names = [tensor.name for tensor in inputs]
        extra = [name for name in names if name not in x] or names
        raise Mistake(
            "extra-input", found=", ".join(extra), expected=", ".join(x)
        )
    for tensor, (name, column) in zip(inputs, x.items()):
        column = x.get(tensor.name, column)
        if not _fits(tensor.shape[1:], column.shape[1:]):
            raise Mistake(
                "wrong-input",
                name=name,
                found=_shape(tensor),
                expected=_shape(column),
            )


def _fits(shape: tuple[int | None, ...], expected: tuple[int, ...]) -> bool:
    """Whether an input takes such columns; a column of one value may be `(rows,
    1)`.
    """
    if shape == (1,) and not expected:
        return True
    return len(shape) == len(expected) and all(
        a in (None, b) for a, b in zip(shape, expected)
    )


def nothing_frozen(model: keras.Layer) -> None:
    """No layer with a table or a kernel is kept from training."""
    frozen = [layer for layer in _layers(model) if not layer.trainable]
    kept = [
        weight
        for layer in frozen
        for weight in layer.weights
        if len(weight.shape) > 1
    ]
    paths = sorted(
        {weight.path for weight in kept if "float" in str(weight.dtype)}
    )
    if paths:
        raise Mistake(
            "frozen", weights=", ".join(f"`{path}`" for path in paths[:4])
        )


def _layers(model: keras.Layer) -> list[keras.Layer]:
    """The model and all layers in it, at any depth."""
    return list(model._flatten_layers())  # noqa: SLF001 (Keras has no public way to all of them)


def fed(model: keras.Layer, x: Columns) -> object:
    """The columns as the model takes them: a dict or list, or the array itself
    if it is one.
    """
    wanted = getattr(model, "input", None)
    if isinstance(wanted, dict):
        return dict(x) if len(x) > 1 else dict(zip(wanted, x.values()))
    if isinstance(wanted, list | tuple):
        return [
            x.get(tensor.name, column)
            for tensor, column in zip(wanted, x.values())
        ]
    return dict(x) if len(x) > 1 else next(iter(x.values()))


def _shape(tensor: Tensor) -> str:
    sizes = ", ".join(["rows", *map(str, tensor.shape[1:])])
    return f"({sizes})" if len(tensor.shape) > 1 else "(rows,)"


def _wrong_shape(output: Output, found: str) -> Mistake:
    expected = f"(rows, {output.width})"
    return Mistake(
        "wrong-shape", task=output.name, found=found, expected=expected
    )


def _keys(found: Any, declared: list[Output]) -> dict[str, str | int]:
    """Where each task's output is: by name, else by its width, else by its
    place.
    """
    outputs: dict[Any, Tensor] = (
        dict(found)
        if isinstance(found, Mapping)
        else dict(enumerate(_layers_of(found)))
    )
    names = [output.name for output in declared]
    if len(outputs) == 1 < len(declared):
        raise Mistake(
            "one-output",
            found=_shape(next(iter(outputs.values()))),
            tasks=len(declared),
        )
    if len(outputs) != len(declared):
        raise Mistake(
            "number-of-outputs", found=len(outputs), expected=len(declared)
        )
    if set(outputs) == set(names):
        return {name: name for name in names}
    if len({output.width for output in declared}) == len(declared):
        return _keys_by_width(outputs, declared)
    if isinstance(found, Mapping):
        raise Mistake(
            "names-of-outputs",
            found=", ".join(outputs),
            expected=", ".join(names),
        )
    return {name: place for place, name in enumerate(names)}


def _keys_by_width(
    outputs: Mapping[Any, Tensor], declared: list[Output]
) -> dict[str, str | int]:
    widths = [
        tensor.shape[-1] if len(tensor.shape) > 1 else 1
        for tensor in outputs.values()
    ]
    for output in declared:
        if widths.count(output.width) != 1:
            raise _wrong_shape(output, ", ".join(map(_shape, outputs.values())))
    by_width = dict(zip(widths, outputs))
    return {output.name: by_width[output.width] for output in declared}
