"""The six tasks by number, and their 63 sets. Needs no TensorFlow."""

from itertools import combinations

from mtl_lessons.choosing_tasks.world import TASKS

Set = tuple[int, ...]
T = len(TASKS)

# every non-empty set of the six tasks, the small ones first
SETS = tuple(s for n in range(1, T + 1) for s in combinations(range(T), n))


def numbers(*names: str) -> Set:
    """The set of some tasks by their names.

    Raises `ValueError` for a name that no task has.

    >>> numbers("save", "click")
    (0, 1)
    """
    for name in names:
        if name not in TASKS:
            raise ValueError(
                f"names: expected some of {', '.join(TASKS)}, found {name!r}"
            )
    return tuple(sorted(TASKS.index(name) for name in names))


def named(tasks: Set) -> str:
    """A set in words.

    >>> named((0, 1))
    'click + save'
    """
    return " + ".join(TASKS[t] for t in tasks)
