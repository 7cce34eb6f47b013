"""A mask by `==`: in a model that is being built, Keras answers False, and
nothing is masked.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps

import numpy as np

from mtl_lessons.backend import keras
from mtl_lessons.exercises.mistakes import Mistake

# What a check has seen is its own: another one may still hang in a thread of
# its own.
SEEN: ContextVar[list[bool] | None] = ContextVar("seen", default=None)
MASKS = {  # mistakes that a mask that does not work may be behind
    "padding-counts",
    "item-as-padding",
    "empty-history",
    "unknown-is-last",
    "unknown-is-somebody",
    "no-such-row",
}


def mindful_of_equals(check: Callable) -> Callable:
    """A check that says so where a mask does not work, and a tensor was
    compared by `==`.
    """

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
def _equals_seen() -> Generator[list[bool]]:
    """Something is put into the list when a symbolic tensor is compared with a
    number by `==`.
    """
    if "__eq__" not in vars(keras.KerasTensor):
        # it stays: without a list, it does what Python does
        keras.KerasTensor.__eq__ = _compared  # ty: ignore[invalid-assignment]: it was `object`'s
    seen: list[bool] = []
    token = SEEN.set(seen)
    try:
        yield seen
    finally:
        SEEN.reset(token)


def _compared(_self: keras.KerasTensor, other: object, /) -> bool:
    """`self == other`, left to Python, which tells whether they are the same
    object.
    """
    seen = SEEN.get()
    if seen is not None and isinstance(
        other, int | float | np.ndarray | np.generic
    ):
        seen.append(True)
    return NotImplemented
