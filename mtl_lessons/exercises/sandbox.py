"""Runs a learner's code so that it can neither hang the checker nor leave anything changed behind.

What is guarded: time (also in a loop that catches every exception), the number of weights (before they are allocated), and
global settings: Keras' number types, eager mode, NumPy's errors, Python's and NumPy's random generators, the working folder. What is not: code that
means harm. A learner runs it on a machine of their own.
"""

import contextlib
import ctypes
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

import numpy as np

from mtl_lessons.backend import keras, tf

SECONDS, WEIGHTS = 20.0, 20_000_000
AGAIN = 0.5  # seconds until a learner's code that caught `TimeUp` gets it again
OURS = os.path.dirname(__file__)


class TimeUp(BaseException):
    """The code ran longer than it may. Not an `Exception`, so that `except Exception` lets it through."""

    def __init__(self, seconds: float = 0.0):
        super().__init__(seconds)
        self.seconds = seconds


class TooLarge(Exception):
    """A model asked for more weights than it may have."""

    def __init__(self, weights: int, most: int):
        super().__init__(weights, most)
        self.weights, self.most = weights, most


@contextmanager
def guarded(seconds: float = SECONDS, weights: int = WEIGHTS) -> Iterator[None]:
    """Run a block within limits, from fixed random seeds, and restore all global settings.

    Raises `TimeUp` or `TooLarge`, and whatever the block raises. Time limits cannot be nested.
    """
    with ExitStack() as stack:
        stack.enter_context(_restored())
        stack.enter_context(weight_limit(weights))
        keras.utils.set_random_seed(0)
        stack.enter_context(time_limit(seconds))
        yield


# ---------------------------------------------------------------- time


def time_limit(seconds: float):
    """A context that raises `TimeUp` in Python code that runs longer.

    In the main thread it is a signal, where the system has it: that ends waiting, too. Elsewhere another thread raises it, at the
    next line of Python. A single long operation of TensorFlow ends first.
    """
    main = threading.current_thread() is threading.main_thread()
    return _by_signal(seconds) if main and hasattr(signal, "setitimer") else _by_thread(seconds)


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    def ring(signum: int, frame: FrameType | None) -> None:
        nonlocal rung
        rung += 1
        if rung > 1:  # the code caught it
            _raise_at_every_line(frame, seconds)
        raise TimeUp(seconds)

    rung, tracer, handler = 0, sys.gettrace(), signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        sys.settrace(tracer)


def _raise_at_every_line(frame: FrameType | None, seconds: float) -> None:
    """Raise in the code's own `except` and `finally`, too, which no loop survives; not in ours, which must tidy up."""

    def trace(at: FrameType, event: str, arg: object) -> Callable | None:
        if _ours(at):
            return None
        if event == "line":
            raise TimeUp(seconds)
        return trace

    while frame and not _ours(frame):
        frame.f_trace, frame = trace, frame.f_back
    sys.settrace(trace)  # last: from here on every call is traced, also those of this function


def _ours(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return os.path.dirname(file) == OURS or file == contextlib.__file__


@contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    def watch() -> None:
        over = ended.wait(seconds)
        while not over:
            raise_in(target, ctypes.py_object(TimeUp))
            over = ended.wait(AGAIN / 10)

    raise_in, target = ctypes.pythonapi.PyThreadState_SetAsyncExc, ctypes.c_ulong(threading.get_ident())
    ended, watcher = threading.Event(), threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except TimeUp:
        raise TimeUp(seconds) from None
    finally:
        while watcher.is_alive():
            with contextlib.suppress(TimeUp):
                ended.set()
                watcher.join()
        with contextlib.suppress(TimeUp):  # what is still on its way arrives in this loop
            for _ in range(1000):
                pass


# ---------------------------------------------------------------- size


@contextmanager
def weight_limit(most: int) -> Iterator[None]:
    """Raise `TooLarge` when layers ask for more than `most` weights altogether, before the memory is taken."""

    def counted(layer: keras.layers.Layer, shape=None, *args, **kwargs):
        nonlocal total
        total += int(np.prod([size or 0 for size in np.atleast_1d(shape)], dtype=float)) if shape is not None else 1
        if total > most:
            raise TooLarge(total, most)
        return add_weight(layer, shape, *args, **kwargs)

    total, add_weight = 0, keras.layers.Layer.add_weight
    keras.layers.Layer.add_weight = counted
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = add_weight


# ---------------------------------------------------------------- settings


@contextmanager
def _restored() -> Iterator[None]:
    kept = [(set_, get()) for get, set_ in SETTINGS]
    try:
        yield
    finally:
        for set_, value in kept:
            set_(value)


SETTINGS = [
    (keras.config.floatx, keras.config.set_floatx),
    (keras.config.dtype_policy, keras.config.set_dtype_policy),
    (tf.config.functions_run_eagerly, tf.config.run_functions_eagerly),
    (np.geterr, lambda errors: np.seterr(**errors)),
    (np.random.get_state, np.random.set_state),
    (random.getstate, random.setstate),
    (os.getcwd, os.chdir),
]
