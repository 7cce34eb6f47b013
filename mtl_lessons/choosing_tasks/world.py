"""Six tasks whose relatedness is known, because we made it.

A row has 24 numbers. Three groups of four *hidden features* are made of them,
each `|direction · x|`, scaled to mean 0 and variance 1. So they are even in x:
no linear model finds them, a trunk has to. Each task reads one group. Besides,
three tasks read one linear direction, which is easy to find.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mtl_lessons.metrics import Array
from mtl_lessons.world import sigmoid

FEATURES = 24
# direction of a group: four features; the last direction is the easy one
GROUPS, PER_GROUP = 3, 4
# mean and deviation of |z| for a standard normal z
MEAN, DEVIATION = np.sqrt(2 / np.pi), np.sqrt(1 - 2 / np.pi)


class TaskSpec(NamedTuple):
    """What a task is made of: the share of rows that have its label, the group
    of hidden features that it reads, and how.

    `scale` is the size of its logit, `bias` its middle; `alternates` says that
    its weights are those of its relative with every other sign turned, which
    is orthogonal to them; `easy` is the share of the easy direction.

    >>> WORLD["click"].group == WORLD["save"].group
    True
    """

    labels: float
    group: int
    scale: float
    bias: float
    alternates: bool
    easy: float


WORLD = {
    "click": TaskSpec(1.0, 0, 2.5, -1.0, False, 0.6),
    "save": TaskSpec(0.1, 0, 2.5, -0.5, True, 0.0),
    "play": TaskSpec(0.5, 0, 1.2, -1.0, False, 0.6),
    "order": TaskSpec(1.0, 1, 2.5, -1.0, False, 0.0),
    "review": TaskSpec(0.1, 1, 2.5, -0.5, True, 0.0),
    "search": TaskSpec(0.5, 2, 2.5, -1.0, False, 0.6),
}
TASKS = tuple(WORLD)
# cosine between the weights of click and save, and of order and review
WORLDS = {"orthogonal": 0.0, "friendly": 0.8}


class TaskRows(NamedTuple):
    """Rows of several seeds: `x` (seeds, rows, 24); labels `y`, which of them
    are `known` (1 or 0), and the `truth`: (seeds, rows, tasks) each.

    >>> draw([0, 1], rows=10).y.shape
    (2, 10, 6)
    """

    x: Array
    y: Array
    known: Array
    truth: Array

    def part(self, start: int, stop: int) -> "TaskRows":
        """The rows from `start` up to `stop`.

        >>> draw([0], rows=10).part(0, 4).x.shape
        (1, 4, 24)
        """
        return TaskRows(*(column[:, start:stop] for column in self))


def weights(task: str, cosine: float = 0.0) -> Array:
    """Weights of a task on the four hidden features of its group: a vector of
    length 1.

    Those of `save` stand at `cosine` to those of `click`, and those of `review`
    to those of `order`.

    >>> float(weights("click") @ weights("save")), float(weights("click") @ weights("play"))
    (0.0, 1.0)
    """
    straight, alternating = np.array([[1, 1, 1, 1], [1, -1, 1, -1]]) / 2
    if WORLD[task].alternates:
        return cosine * straight + np.sqrt(1 - cosine**2) * alternating
    return straight


def draw(
    seeds: Sequence[int],
    rows: int,
    cosine: float = 0.0,
    labels: Mapping[str, float] | None = None,
) -> TaskRows:
    """Rows of the worlds of some seeds.

    A seed is a world of its own, with other hidden directions. `labels` gives
    some tasks another share of rows with a label. Raises `ValueError` if
    `cosine` is not from -1 to 1, `rows` is below 1, or `labels` names no task.

    >>> world = draw([0], rows=20_000)
    >>> [f"{share:.1f}" for share in world.known[0].mean(0)]  # of labels
    ['1.0', '0.1', '0.5', '1.0', '0.1', '0.5']
    >>> draw([0], rows=0)
    Traceback (most recent call last):
    ValueError: rows: expected at least 1, found 0
    """
    if rows < 1:
        raise ValueError(f"rows: expected at least 1, found {rows}")
    if not -1 <= cosine <= 1:
        raise ValueError(f"cosine: expected from -1 to 1, found {cosine}")
    share = {name: task.labels for name, task in WORLD.items()}
    for name in labels or {}:
        if name not in WORLD:
            raise ValueError(
                f"labels: expected some of {', '.join(WORLD)}, found {name!r}"
            )
    share |= labels or {}
    worlds = [_one(seed, rows, cosine, list(share.values())) for seed in seeds]
    return TaskRows(*(np.stack(column) for column in zip(*worlds, strict=True)))


def _one(
    seed: int, rows: int, cosine: float, share: Sequence[float]
) -> TaskRows:
    rng = np.random.default_rng([7, seed])
    mixed = rng.normal(size=(FEATURES, GROUPS * PER_GROUP + 1))
    directions, _ = np.linalg.qr(mixed)
    x = rng.normal(size=(rows, FEATURES))
    z = x @ directions
    hidden = (np.abs(z) - MEAN) / DEVIATION
    truth = np.empty((rows, len(TASKS)))
    for t, (name, task) in enumerate(WORLD.items()):
        first = PER_GROUP * task.group
        hard = hidden[:, first : first + PER_GROUP] @ weights(name, cosine)
        logit = np.sqrt(1 - task.easy**2) * hard + task.easy * z[:, -1]
        truth[:, t] = sigmoid(task.scale * logit + task.bias)
    y = rng.random(truth.shape) < truth
    known = rng.random(truth.shape) < np.array(share)
    return TaskRows(*(a.astype("float32") for a in (x, y, known, truth)))
