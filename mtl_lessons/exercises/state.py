"""Which steps a learner has passed, and how many hints were shown: kept in one
small JSON file.

The file is `MTL_LESSONS_STATE`, if that is set, else
`mtl_lessons/exercises.json` where the platform keeps such things. What cannot
be read, or is not what is written here, counts as not there; and a file that
cannot be written, or a user without a home, is done without: no exercise fails
for it.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path


def path() -> Path:
    """Where the state is kept. Raises `RuntimeError` if the user has no home."""
    named = os.environ.get("MTL_LESSONS_STATE")
    return (
        Path(named).expanduser()
        if named
        else _folder() / "mtl_lessons" / "exercises.json"
    )


def _folder() -> Path:
    if sys.platform == "win32":
        return Path(
            os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        )
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(
        os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    )


def of(exercise: str) -> dict[str, dict]:
    """By step of an exercise: `passed`, and `hints`, how many were shown.

    Steps that were never tried are not there.
    """
    steps = _stored().get(exercise)
    if not isinstance(steps, dict):
        return {}
    return {
        name: _facts(step)
        for name, step in steps.items()
        if isinstance(step, dict)
    }


def _facts(step: dict) -> dict:
    """What is known of a step, as far as it is of the right kind."""
    hints = step.get("hints")
    counted = {"hints": hints} if type(hints) is int and hints >= 0 else {}
    return counted | (
        {"passed": step["passed"]}
        if isinstance(step.get("passed"), bool)
        else {}
    )


def note(exercise: str, step: str, **facts: bool | int) -> None:
    """Write down `passed=True` or `hints=2` of a step."""
    steps = of(exercise)
    _write(_stored() | {exercise: steps | {step: steps.get(step, {}) | facts}})


def forget(exercise: str, step: str | None = None) -> None:
    """Forget a step, or a whole exercise."""
    kept = {
        name: facts
        for name, facts in of(exercise).items()
        if step not in (None, name)
    }
    _write(_stored() | {exercise: kept})


def _stored() -> dict:
    with suppress(OSError, ValueError, RecursionError, RuntimeError):
        found = json.loads(path().read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _write(everything: dict) -> None:
    """All or nothing: a reader never sees half a file."""
    with suppress(OSError, RuntimeError):
        path().parent.mkdir(parents=True, exist_ok=True)
        part = path().with_name(f"{path().name}.{os.getpid()}")
        part.write_text(json.dumps(everything, indent=1), encoding="utf-8")
        part.replace(path())
