"""Coding drills in plain Python, as on a whiteboard: `load("auc")`.

A drill is two files in `tasks/`:

- `<name>.py`: the model answer, and `check(answer)`, which raises a `Mistake`
  for what is wrong, with the help of `probes`. It imports the standard library
  alone, since the site runs it in a browser;
- `<name>.yml`: all that a reader reads; `drill` has its form.

`judge` runs an answer and gives the verdict, in a terminal and in the browser.
"""

from functools import cache

from mtl_lessons.drills.drill import TASKS, Drill

__all__ = ["Drill", "load", "names"]


def names() -> list[str]:
    """The drills that there are."""
    return sorted(path.stem for path in TASKS.glob("*.yml"))


@cache
def load(name: str) -> Drill:
    """A drill by its name.

    Raises `ValueError`, with the names that there are, for any other.

    >>> load("auc").answer
    'auc'
    """
    if name not in names():
        raise ValueError(
            f"drill: expected one of {', '.join(names())}, found {name!r}"
        )
    return Drill.of(name)
