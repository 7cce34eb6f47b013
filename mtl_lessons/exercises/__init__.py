"""Exercises of the chapters: `load("two_tasks")`. How one is declared is told
in `engine`.
"""

from mtl_lessons.exercises.engine import FOLDER, Exercise, Step
from mtl_lessons.exercises.result import Result

__all__ = ["Exercise", "Result", "Step", "load", "names"]


def names() -> list[str]:
    """The exercises that there are."""
    return sorted(path.parent.name for path in FOLDER.glob("*/manifest.yml"))


def load(name: str) -> Exercise:
    """An exercise by its name.

    Raises `ValueError`, with the names that there are, for any other.
    """
    if name not in names():
        raise ValueError(
            f"expected one of the exercises {', '.join(names())}, found "
            f"{name!r}"
        )
    return Exercise(name)
