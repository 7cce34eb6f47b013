"""Text for a terminal that may not know all characters: on Windows, cp1252, cp437, cp932 and the like."""

import codecs
import sys
import unicodedata
from typing import TextIO

PLAIN = {
    "✓": "+",
    "✗": "x",
    "·": "-",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "–": "-",
    "—": "-",
    "−": "-",
    "×": "x",
    "…": "...",
    "→": "->",
    "←": "<-",
    "√": "sqrt ",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "∂": "d",
    "Σ": "sum",
    "σ": "sigma",
    "μ": "mu",
}


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    """The nearest that every terminal can show."""
    bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return PLAIN.get(character) or bare or "?"


codecs.register_error("mtl-plainer", _plainer)


def showable(text: str, stream: TextIO | None = None) -> str:
    """The text, with what the stream (standard output, if none is given) cannot show put plainly."""
    encoding = getattr(stream or sys.stdout, "encoding", None) or "utf-8"
    try:
        return text.encode(encoding, "mtl-plainer").decode(encoding)
    except (LookupError, UnicodeError):  # lone surrogates, or an encoding that Python does not know
        return text.encode("ascii", "mtl-plainer").decode("ascii")


def forgive(*streams: TextIO) -> None:
    """From now on these streams put plainly what they cannot show, instead of raising `UnicodeEncodeError`."""
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="mtl-plainer")
