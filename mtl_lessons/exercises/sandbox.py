"""Runs a learner's code so that it can neither hang the checker nor leave
anything changed behind.

The code runs in a thread of its own. What TensorFlow and Keras remember for a
thread (open gradient tapes, the graph that is being traced, the layer that is
being called) ends with it, so code that is stopped in the middle of a trace
spoils nothing for those who come after it. What belongs to the whole process is
put back: Keras' number types, eager mode, NumPy's errors, Python's and NumPy's
random generators, the working folder.

Also guarded: time, and the number of weights, before they are allocated. Not
guarded: the end of the process (a check in a terminal runs in a child, see
`child`), and code that means harm. A learner runs it on a machine of their own.
"""

import contextvars
import ctypes
import random
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from itertools import count
from types import FrameType
from typing import Any

import numpy as np

from mtl_lessons.exercises.mistakes import is_own

# of running a file; a step of its own may take longer
SECONDS, WEIGHTS = 20.0, 20_000_000
AGAIN = 0.2  # seconds until code that caught `TimeUp` gets it again
GRACE = 3.0  # seconds after which code that does not end is left alone
SETTINGS = {  # by module: how each of its settings is read and written
    "numpy": lambda numpy: [
        (numpy.geterr, lambda errors: numpy.seterr(**errors)),
        (numpy.random.get_state, numpy.random.set_state),
    ],
    "random": lambda random: [(random.getstate, random.setstate)],
    "os": lambda os: [(os.getcwd, os.chdir)],
    "keras": lambda keras: [
        (keras.config.floatx, keras.config.set_floatx),
        (keras.config.dtype_policy, keras.config.set_dtype_policy),
    ],
    "tensorflow": lambda tensorflow: [
        (
            tensorflow.config.functions_run_eagerly,
            tensorflow.config.run_functions_eagerly,
        ),
    ],
}


class TimeUp(BaseException):
    """The code ran longer than it may.

    Not an `Exception`, so that `except Exception` lets it through.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class TooLarge(Exception):  # noqa: N818 (a learner's, no error of the program)
    """A model asked for more weights than it may have."""

    def __init__(self, weights: int, most: int) -> None:
        super().__init__(weights, most)
        self.weights, self.most = weights, most


def run(
    work: Callable[[], Any],
    seconds: float = SECONDS,
    weights: int = WEIGHTS,
    keep: bool = False,
) -> Any:
    """What `work()` returns, within limits and from fixed random seeds.

    Afterwards, all global settings are as before.

    `keep`: leave the settings as the code has made them. Raises `TimeUp` or
    `TooLarge`, and whatever `work` raises.
    """
    with ExitStack() as stack:
        if not keep:
            stack.enter_context(_restored())
        stack.enter_context(weight_limit(weights))
        return _in_a_thread(work, seconds, keep)


# ---------------------------------------------------------------- time


def _in_a_thread(work: Callable[[], Any], seconds: float, keep: bool) -> Any:
    """Run it there and wait; raise what it raises, and `TimeUp` when it takes
    longer.
    """
    found: dict[str, Any] = {}
    ended, policy = threading.Event(), _policy()

    def target() -> None:
        try:
            _settle(policy)
            found["value"] = work()
            found["policy"] = _policy()
        except BaseException as error:
            found["error"] = error
        finally:
            ended.set()

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(target,), daemon=True
    )
    thread.start()
    try:
        in_time = _wait_in_seconds(ended, seconds)
    except BaseException:  # the reader's own interrupt
        _stop(thread, ended, seconds)
        raise
    if not in_time:
        _stop(thread, ended, seconds)
        raise TimeUp(seconds)
    thread.join()
    if "error" in found:
        raise found["error"]
    if keep:
        _settle(found["policy"], seed=False)
    return found["value"]


def _wait_in_seconds(ended: threading.Event, seconds: float) -> bool:
    """Wait, a second at a time: on Windows, Ctrl-C is heard in between only."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not ended.wait(
        min(left, 1.0)
    ):
        pass
    return ended.is_set()


def _stop(
    thread: threading.Thread, ended: threading.Event, seconds: float
) -> None:
    """Raise `TimeUp` in the thread, at its next line of Python, until it ends.

    Waits for that no longer than `GRACE`.
    """

    def nag() -> None:
        _raise_in(thread, TimeUp)
        for turn in count():
            if ended.wait(AGAIN):
                return
            _raise_in(thread, _caught_in_vain(seconds, turn % 8))

    threading.Thread(target=nag, daemon=True).start()
    ended.wait(GRACE)


def _raise_in(thread: threading.Thread, error: type) -> None:
    assert thread.ident is not None  # it was started
    ident = ctypes.c_ulong(thread.ident)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(error))


def _caught_in_vain(seconds: float, lines: int) -> type:
    """A `TimeUp` that raises another one, that many lines after it was caught.

    One line later is too early if what caught it first was a `with`; so the
    number changes from turn to turn.
    """

    class Again(TimeUp):
        def __init__(self) -> None:
            super().__init__(seconds)
            caller = sys._getframe(1)  # noqa: SLF001 (there is no public way to a caller)
            _raise_after(lines, caller, seconds)

    return Again


def _raise_after(lines: int, frame: FrameType | None, seconds: float) -> None:
    """Raise in the learner's own `except` and `finally`, too, which no loop
    survives.

    Not in libraries, whose `finally` may have a lock to give back.
    """

    def trace(at: FrameType, event: str, _arg: object) -> Callable | None:
        nonlocal lines
        if not is_own(at.f_code.co_filename):
            return None
        if event == "line":
            lines -= 1
            if lines < 0:
                raise TimeUp(seconds)  # Python stops tracing here
        return trace

    while frame:
        if is_own(frame.f_code.co_filename):
            frame.f_trace = trace
        frame = frame.f_back
    # last: from here on every call of this thread is traced
    sys.settrace(trace)


# ---------------------------------------------------------------- size


@contextmanager
def weight_limit(most: int) -> Generator[None]:
    """Raise `TooLarge` when layers ask for more than `most` weights, before the
    memory is taken.
    """
    if "keras" not in sys.modules:
        yield
        return
    layer_class, total = sys.modules["keras"].layers.Layer, 0

    def counted(
        layer: Any, shape: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        nonlocal total
        sizes = (
            [size or 0 for size in np.atleast_1d(shape)]
            if shape is not None
            else []
        )
        total += int(np.prod(sizes, dtype=float))
        if total > most:
            raise TooLarge(total, most)
        return add_weight(layer, shape, *args, **kwargs)

    add_weight = layer_class.add_weight
    layer_class.add_weight = counted
    try:
        yield
    finally:
        layer_class.add_weight = add_weight


# ---------------------------------------------------------------- settings


@contextmanager
def _restored() -> Generator[None]:
    kept = [(set_, get()) for get, set_ in _settings()]
    try:
        yield
    finally:
        for set_, value in kept:
            set_(value)


def _settings() -> list[tuple[Callable, Callable]]:
    """How each is read and written; those of modules that nobody has imported
    are left out.
    """
    there = {
        name: sys.modules[name] for name in SETTINGS if name in sys.modules
    }
    return [
        pair
        for name, module in there.items()
        for pair in SETTINGS[name](module)
    ]


def _policy() -> object:
    return (
        sys.modules["keras"].config.dtype_policy()
        if "keras" in sys.modules
        else None
    )


def _settle(policy: object, seed: bool = True) -> None:
    """Keras keeps its number types and its seed for each thread."""
    if policy is not None:
        sys.modules["keras"].config.set_dtype_policy(policy)
    if seed and "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)
    elif seed:
        random.seed(0)
        np.random.seed(0)
