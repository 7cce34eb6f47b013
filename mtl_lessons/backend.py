"""Keras on TensorFlow, imported without TensorFlow's start-up log.

TensorFlow's C++ parts write to the process's stderr before any setting can stop
them, so a notebook that imports it begins with lines about drivers that nobody
asked for. Modules of this package take `keras`, `tf`, `register` and `Tensor`
from here.
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _hushed() -> Generator[None, None, None]:
    """Send the process's stderr to nowhere for a while; Python's own errors are
    raised as ever.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


def _need_tensorflow(found: str) -> None:
    """Keras chooses its backend once, when imported; tapes and strategies here
    are TensorFlow's.
    """
    if found != "tensorflow":
        raise ImportError(
            f"KERAS_BACKEND: expected 'tensorflow', found {found!r}. "
            "mtl_lessons runs on "
            "TensorFlow only. Set KERAS_BACKEND=tensorflow, or unset it, and "
            "start Python again."
        )


_need_tensorflow(os.environ.setdefault("KERAS_BACKEND", "tensorflow"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

with _hushed():
    import keras
    import tensorflow as tf

# Keras may have been imported before, with another
_need_tensorflow(keras.backend.backend())

tf.get_logger().setLevel("ERROR")

# a class that a saved model names, and `load_model` finds
register = keras.saving.register_keras_serializable("mtl_lessons")

# Keras and TensorFlow have no types of their own that a checker could follow: a
# tensor, a variable and what Keras makes of a batch are written `Tensor` for
# the reader, and checked by the tests.
Tensor = Any

__all__ = ["Tensor", "keras", "register", "tf"]
