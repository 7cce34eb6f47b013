"""Of what the check of a drill is made: calls of an answer, compared and counted.

    expect("ties", answer, [1, 0], [0.5, 0.5], gives=0.5)
    grows("all-pairs", answer, rows, most=8)

Standard library only: the site runs this in a browser.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from types import FrameType
from typing import Any

from mtl_lessons.mistake import Mistake

ANSWER = "<answer>"  # the file name of a learner's code
TOLERANCE = 1e-6  # relative, or absolute below 1
LONGEST = 160  # characters of a value that are shown


def expect(
    key: str,
    answer: Callable,
    *given: Any,
    gives: Any,
    instead: Mapping[str, Any] | None = None,
    tolerance: float = TOLERANCE,
) -> None:
    """Call `answer(*given)`, which has to return `gives`.

    Args:
        key: the message if it returns anything else.
        instead: by message, what a typical mistake would return here; that
            message is told if it is found.

    Raises:
        Mistake: with the call, what was found and what was expected, as text.
    """
    found = called(answer, *given)
    if alike(found, gives, tolerance):
        return
    facts = {
        "call": shown_call(answer, given),
        "found": shown(found),
        "expected": shown(gives),
    }
    for other, value in (instead or {}).items():
        if alike(found, value, tolerance):
            raise Mistake(other, **facts)
    raise Mistake(key, **facts)


def survives(
    key: str,
    answer: Callable,
    *given: Any,
    gives: Any,
    instead: Mapping[str, Any] | None = None,
) -> None:
    """`expect`, where the mistake may also raise: by dividing by 0, by the
    logarithm of 0, by an exponential that is too large, by adding up `None`.

    Raises:
        Mistake: `key` if the call raises one of these; then `found` says it.
    """
    try:
        expect(key, answer, *given, gives=gives, instead=instead)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise Mistake(
            key,
            call=shown_call(answer, given),
            found=f"{type(error).__name__}: {error}",
            expected=shown(gives),
        ) from error


def called(answer: Callable, *given: Any) -> Any:
    """What the answer returns for copies of what is given.

    Raises `Mistake` if it changed them: they belong to its caller.
    """
    mine = deepcopy(given)
    found = answer(*mine)
    for before, after in zip(given, mine):
        if not alike(after, before, 0.0):
            raise Mistake(
                "changed-input",
                call=shown_call(answer, given),
                before=shown(before),
                after=shown(after),
            )
    return found


def alike(found: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two values are the same: numbers nearly, lists and tuples element
    by element, dicts by key.

    >>> alike((1, 2.0000000001), [1, 2])
    True
    """
    if isinstance(expected, Mapping):
        return (
            isinstance(found, Mapping)
            and found.keys() == expected.keys()
            and all(alike(found[k], expected[k], tolerance) for k in expected)
        )
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return (
            isinstance(found, Sequence)
            and not isinstance(found, str)
            and len(found) == len(expected)
            and all(alike(*pair, tolerance) for pair in zip(found, expected))
        )
    if isinstance(expected, bool) or not isinstance(expected, int | float):
        return type(found) is type(expected) and found == expected
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    if math.isnan(expected) or math.isnan(found):
        return math.isnan(expected) and math.isnan(found)
    return math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance)


def grows(
    key: str,
    answer: Callable,
    rows: Callable[[int], tuple],
    most: float,
    small: int = 50,
    large: int = 200,
) -> None:
    """Count the steps of `answer(*rows(n))` for `small` and for `large` n.

    With four times the rows, n log n takes about 5 times the steps, all pairs
    16 times. No clock is read, so a slow machine changes nothing.

    Raises:
        Mistake: the steps grow more than `most` times; with both counts.
    """
    few = steps(answer, *rows(small))
    many = steps(answer, *rows(large))
    if many > most * few:
        raise Mistake(
            key, rows=small, steps=few, more_rows=large, more_steps=many
        )


def steps(answer: Callable, *given: Any) -> int:
    """How many steps a call takes: lines of the learner's code that run, and
    operations on the numbers that it was given, also those within `sorted` or
    `sum`.

    >>> steps(sorted, [3.0, 1.0, 2.0]) >= 2
    True
    """
    count = 0

    def one(*_: Any) -> None:
        nonlocal count
        count += 1

    def trace(frame: FrameType, event: str, _: object) -> Callable | None:
        if frame.f_code.co_filename != ANSWER:
            return None
        if event == "line":
            one()
        return trace

    counted = [_counted(value, one) for value in given]
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        answer(*counted)
    finally:
        sys.settrace(before)
    return count


# what is counted of a number: what sorting, searching and summing do with it
OPERATIONS = (
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__eq__",
    "__add__",
    "__radd__",
    "__sub__",
    "__rsub__",
    "__mul__",
    "__rmul__",
    "__truediv__",
    "__rtruediv__",
)


def _counted(value: Any, one: Callable) -> Any:
    """The same value, of numbers that call `one` for each operation."""
    if isinstance(value, Mapping):
        return {key: _counted(part, one) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_counted(part, one) for part in value)
    if type(value) not in (int, float):
        return value
    return _counting(type(value), one)(value)


def _counting(kind: type, one: Callable) -> type:
    """A number type whose operations are counted."""

    def operation(name: str) -> Callable:
        def counted(self: Any, other: Any) -> Any:
            one()
            return getattr(kind, name)(self, other)

        return counted

    made = {name: operation(name) for name in OPERATIONS if hasattr(kind, name)}
    return type(kind.__name__, (kind,), made | {"__hash__": kind.__hash__})


def shown_call(answer: Callable, given: Sequence) -> str:
    """A call as Python.

    >>> shown_call(sorted, [[2, 1]])
    'sorted([2, 1])'
    """
    name = getattr(answer, "__name__", "answer")
    return f"{name}({', '.join(shown(value) for value in given)})"


def shown(value: Any) -> str:
    """A value as Python, with numbers of at most six digits, or its beginning.

    >>> shown([1 / 3, {"click": 2.0}])
    "[0.333333, {'click': 2}]"
    >>> shown((0.1 + 0.2, None))
    '(0.3, None)'
    """
    if isinstance(value, Mapping):
        inside = (f"{key!r}: {shown(part)}" for key, part in value.items())
        text = f"{{{', '.join(inside)}}}"
    elif isinstance(value, list):
        text = f"[{', '.join(shown(part) for part in value)}]"
    elif isinstance(value, tuple):
        text = f"({', '.join(shown(part) for part in value)})"
    elif isinstance(value, float):
        text = f"{value:.6g}"
    else:
        text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
