"""What commands need of the machine they run on.

A terminal may lack a character: it then shows one that it has, and no command
ends for that.

    forgiving()          # first thing in a command
    print("✓ 10⁻² ≥ σ")  # where the terminal knows ASCII alone: "v 10^-2 >= sigma"
    showable("✓ 10⁻²")   # the same for a text that others print
"""

import codecs
import io
import sys
import time
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import TextIO

HANDLER = "mtl_lessons.alike"  # of the error handler
ALIKE = {
    "−": "-", "–": "-", "—": "-", "·": "*", "×": "x", "±": "+-", "√": "sqrt ", "⁄": "/",
    "→": "->", "←": "<-", "↑": "^", "↓": "v", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~",
    "∞": "inf", "∑": "sum ", "∈": " in ", "‖": "||", "∇": "grad ", "∂": "d",
    "“": '"', "”": '"', "‘": "'", "’": "'",
    "✓": "v", "✗": "x", "▲": "^", "▼": "v", "○": "o", "•": "*",
}  # fmt: skip


def forgiving() -> None:
    """Make this process' standard output, error and input take any character.

    Their encoding does not matter. A stream that is no file's (a notebook's,
    say) stays as it is: it takes any character already.
    """
    for stream, errors in (
        (sys.stdout, HANDLER),
        (sys.stderr, HANDLER),
        (sys.stdin, "replace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            # an input that was read from before
            with suppress(io.UnsupportedOperation):
                stream.reconfigure(errors=errors)


def showable(text: str, stream: TextIO | None = None) -> str:
    """The text as a stream can show it: what it lacks is replaced by something
    alike.

    Without a stream, standard output is meant.
    """
    encoding = getattr(stream or sys.stdout, "encoding", None) or "utf-8"
    try:
        return text.encode(encoding, HANDLER).decode(encoding)
    except (LookupError, UnicodeError):  # an encoding that Python does not know
        return text.encode("ascii", HANDLER).decode("ascii")


def wait_for_change(file: Path, saved: int) -> None:
    """Wait until a file is not the one that was saved at that time (ns)."""
    # some editors replace the file
    while not file.exists() or file.stat().st_mtime_ns == saved:
        time.sleep(0.2)


def limit_memory(most: int) -> None:
    """More memory than that is a `MemoryError` in this process, instead of a
    machine that stands still.

    On Linux only, and not where a GPU's driver reserves addresses as it likes.
    """
    if sys.platform == "linux" and not Path("/proc/driver/nvidia").exists():
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = most if hard < 0 else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _replace(error: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs.

    Returns what to write instead of `error.object[error.start:error.end]`, and
    where to go on.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    places = range(error.start, error.end)
    return "".join(
        _alike(error.object[i], error.object[i - 1] if i else " ")
        for i in places
    ), error.end


def _alike(char: str, before: str) -> str:
    """`char`, which stands after `before`, in ASCII.

    Signs go by their look, Greek letters by their name, others lose their
    accents; what has no such form is "?".
    """
    if char.isascii():
        return char
    if char in ALIKE:
        return ALIKE[char]
    name = unicodedata.name(char, "")
    if name.startswith("GREEK") and " LETTER " in name:
        # "GREEK SMALL LETTER ALPHA WITH TONOS"
        return name.split(" LETTER ")[1].split()[0].lower()
    plain = "".join(
        ALIKE.get(part, part) for part in unicodedata.normalize("NFKD", char)
    )
    plain = plain.encode("ascii", "ignore").decode() or "?"
    begins_power = _is_raised(char) and not _is_raised(before)
    return f"^{plain}" if begins_power else plain


def _is_raised(char: str) -> bool:
    return unicodedata.name(char, "").startswith("SUPERSCRIPT")


codecs.register_error(HANDLER, _replace)
