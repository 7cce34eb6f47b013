"""What a check raises, and what is said of an error: its message, and where it
came from.

    raise Mistake("too-narrow", width=1, least=4)  # a message's key, its facts
    attempted(answer)  # the answer; NotAttempted for the dots of a starter
"""

import linecache
import os
import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtl_lessons import embed
from mtl_lessons.mistake import Mistake, NotAttempted

__all__ = [
    "LONGEST",
    "Mistake",
    "NotAttempted",
    "attempted",
    "came_from",
    "is_own",
    "short",
    "told",
]

LONGEST = 300  # characters of what a learner's code says that are shown, a line
SHOWN_LINES = 4  # of an error's message that are shown
PACKAGE = Path(__file__).parents[1]
LIBRARIES = (str(Path(os.__file__).parent), "<frozen")


def attempted(value: Any) -> Any:
    """The value itself.

    Raises `NotAttempted` for the `...` of a starter, alone or as all that a
    list or dict holds.
    """
    parts = [value]
    if isinstance(value, Mapping):
        parts = list(value.values())
    elif isinstance(value, list | tuple):
        parts = list(value)
    if parts and all(part is ... for part in parts):
        raise NotAttempted
    return value


def short(text: str, most: int = LONGEST) -> str:
    """The text, or its beginning."""
    return text if len(text) <= most else f"{text[:most]} …"


def told(error: BaseException) -> str:
    """The first lines of an error's message, as Markdown that shows them as
    they are.
    """
    try:
        message = str(error)
    except Exception as second:  # an error that cannot even say what it is
        message = f"({type(second).__name__} in its `__str__`)"
    plain = re.sub(r"\x1b\[[0-9;]*m", "", message[: 20 * LONGEST]).strip()
    return "\n".join(
        f"    {short(line)}" for line in plain.splitlines()[:SHOWN_LINES]
    )


def came_from(error: BaseException) -> str:
    """A sentence with the line of the learner's code that an error came from;
    else empty.
    """
    place = _learners_line(error)
    return embed.strings("exercises")["place"].format(**place) if place else ""


def is_own(file: str) -> bool:
    """Whether a file is a learner's: neither this package's nor a library's."""
    return not (
        file.startswith((str(PACKAGE), *LIBRARIES)) or "-packages" in file
    )


def _learners_line(error: BaseException) -> dict | None:
    """The last line of a traceback that is the learner's own: neither ours nor
    a library's.
    """
    if (
        isinstance(error, SyntaxError)
        and error.lineno
        and is_own(error.filename or "")
    ):
        return {"line": error.lineno, "code": short((error.text or "").strip())}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if is_own(frame.filename):
            line = linecache.getline(frame.filename, frame.lineno or 0).strip()
            return {"line": frame.lineno, "code": short(line)}
    return None
