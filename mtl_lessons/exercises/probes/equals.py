"""A mask by `==`: in a model that is being built, Keras answers False, and nothing is masked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

import numpy as np

from mtl_lessons.backend import keras
from mtl_lessons.exercises.mistakes import Mistake

MASKS = {  # mistakes that a mask that does not work may be behind
    "padding-counts",
    "item-as-padding",
    "empty-history",
    "unknown-is-last",
    "unknown-is-somebody",
    "no-such-row",
}


def mindful_of_equals(check: Callable) -> Callable:
    """A check that says so where a mask does not work, and a tensor was compared by `==`."""

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


@contextmanager
def _equals_seen() -> Iterator[list[bool]]:
    """Something is put into the list when a symbolic tensor is compared with a number by `==`."""

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
