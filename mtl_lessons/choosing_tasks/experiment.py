"""The chapter's experiment: all 63 sets of tasks, 8 seeds, two worlds.

`grid` trains and measures; what it gave is stored, and `groups` reads it.
Importing this module imports TensorFlow.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from mtl_lessons.choosing_tasks import probes
from mtl_lessons.choosing_tasks.nets import STEPS, WIDTH, data, train
from mtl_lessons.choosing_tasks.sets import SETS, Set, T
from mtl_lessons.choosing_tasks.world import TASKS, WORLDS, Array
from mtl_lessons.stored import Progress, counted, rounded

SEEDS = 8
TOGETHER = 4  # seeds in one training
# single tasks, pairs and all six: what a page can train
FEW = tuple(s for s in SETS if len(s) in (1, 2, T))
OTHER_WIDTHS = (8, 32)
# a world in which no task has few labels
FREQUENT = {"save": 1.0, "review": 1.0}


def measured(
    seeds: Sequence[int],
    cosine: float = 0.0,
    sets: Sequence[Set] = SETS,
    width: int = WIDTH,
    labels: Mapping[str, float] | None = None,
) -> list[list[list[float]]]:
    """Excess loss of each task of each set, for each seed: the loss on test
    rows less that of the truth. In the order of `sets`, and of the tasks in a
    set.

    >>> from mtl_lessons import stored
    >>> row = stored.read("choosing_tasks")["orthogonal"]["excess"][0]
    >>> len(row), len(row[0]), len(row[-1])
    (63, 1, 6)
    """
    rows = data(seeds, cosine, labels)
    excess = train(rows, seeds, sets, width, STEPS).excess
    return [_members(one, sets) for one in excess]


def _members(excess: Array, sets: Sequence[Set]) -> list[list[float]]:
    return [
        rounded(excess[k, list(tasks)], digits=5)
        for k, tasks in enumerate(sets)
    ]


def world(seeds: Sequence[int], cosine: float = 0.0) -> dict[str, list]:
    """Everything that is measured of some seeds: the `excess` of all sets, as
    in `measured`, and each signal, (seeds, helper, target).

    >>> from mtl_lessons import stored
    >>> list(stored.read("choosing_tasks")["orthogonal"])[:3]
    ['excess', 'lookahead', 'first order']
    """
    rows = data(seeds, cosine)
    trained = train(rows, seeds, SETS, WIDTH, STEPS)
    found: dict[str, list] = {
        "excess": [_members(one, SETS) for one in trained.excess]
    }
    parts = probes.in_joint_run(rows, seeds, STEPS)
    parts["CKA"] = probes.of_single_nets(rows, trained, SETS)
    parts |= probes.of_labels(rows)
    return found | {name: rounded(part, 5) for name, part in parts.items()}


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """Every set of tasks and every signal in both worlds; pairs at other widths
    of the trunk, and where no task has few labels: about six minutes.

    >>> from mtl_lessons import stored
    >>> sorted(stored.read("choosing_tasks"))
    ['frequent', 'friendly', 'orthogonal', 'recipe', 'sets', 'tasks', 'widths']
    """
    chunks = [
        list(range(first, first + TOGETHER))
        for first in range(0, SEEDS, TOGETHER)
    ]
    places = [*WORLDS, *OTHER_WIDTHS, "frequent"]
    found: dict[str | int, dict[str, list]] = {place: {} for place in places}
    for place, seeds in counted(list(product(places, chunks)), progress):
        if place == "frequent":
            part = {"excess": measured(seeds, sets=FEW, labels=FREQUENT)}
        elif isinstance(place, str):
            part = world(seeds, WORLDS[place])
        else:
            part = {"excess": measured(seeds, sets=FEW, width=place)}
        for name, values in part.items():
            found[place].setdefault(name, []).extend(values)
    return {
        "tasks": list(TASKS),
        "sets": [list(tasks) for tasks in SETS],
        **{name: found[name] for name in WORLDS},
        "frequent": found["frequent"],
        "widths": {str(w): found[w]["excess"] for w in OTHER_WIDTHS},
        "recipe": f"mtl_lessons.choosing_tasks.experiment.grid(): {SEEDS} "
        "seeds, all 63 sets at width 16, single tasks, pairs and all six at "
        "other widths and where save and review have all labels",
    }
