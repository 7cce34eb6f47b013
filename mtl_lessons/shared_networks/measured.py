"""What is stored of the chapter.

All wirings by backward passes, the gates of a trained model, and the errors of
the designs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from mtl_lessons import stored
from mtl_lessons.backend import keras
from mtl_lessons.stored import Progress

from .experiment import (
    TASKS,
    mean_error,
    relatedness,
    train_together,
    two_towers,
)
from .inside import reach
from .networks import (
    PLE,
    AdaTT,
    CrossStitch,
    GatedNetwork,
    MMoE,
    Network,
    OMoE,
    SharedBottom,
)

Reads = dict[str, list[str]]  # {mix: groups that it is made of}

WIRED: dict[
    str, Callable[[int], Network]
    # by number of levels; OMoE and MMoE have one, and that many layers in each
    # expert
] = {
    "Shared bottom": lambda n: SharedBottom(TASKS, [8] * n),
    "Cross-stitch": lambda n: CrossStitch(TASKS, [8] * n),
    "OMoE": lambda n: OMoE(TASKS, 4, [8] * n),
    "MMoE": lambda n: MMoE(TASKS, 4, [8] * n),
    "CGC, PLE": lambda n: PLE(TASKS, 2, 1, [[8]] * n),
    "AdaTT": lambda n: AdaTT(TASKS, 2, [[8]] * n),
}
DEPTHS = (1, 2)  # numbers of levels


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """What stands behind both explorables, `wirings` and `gates`, and the
    chapter's `errors`.

    The errors are what `relatedness` finds: by design its `check` and `test`
    errors, lists over rates, values of relatedness and seeds. `experiment.RATES`
    are the rates.

    >>> from mtl_lessons import stored
    >>> list(stored.read("shared_networks"))  # what it gave; it takes minutes
    ['wirings', 'gates', 'errors']
    """
    errors = {
        design: stored.rounded(found._asdict(), digits=6)
        for design, found in relatedness(progress=progress).items()
    }
    return {"wirings": wirings(), "gates": gate_map(), "errors": errors}


def wirings() -> list[dict[str, Any]]:
    """Which loss reaches which block, for all of WIRED x DEPTHS, by real
    backward passes.

    Each record: `design`, `levels`; `blocks`, a list of `[level, kind, owner,
    tasks whose loss reaches it]`; and `reads`, for every level, `{mix: groups
    that it is made of}`.

    >>> first, *others = wirings()
    >>> first["design"], first["blocks"]  # both losses reach the trunk
    ('Shared bottom', [[1, 'trunk', 'shared', 'ab']])
    """
    return [_wiring(design, levels) for design in WIRED for levels in DEPTHS]


def _wiring(design: str, levels: int) -> dict[str, Any]:
    keras.utils.set_random_seed(0)
    network = WIRED[design](levels)
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    reached = {task: reach(network, x, task) for task in TASKS}
    blocks = []
    for block in network.blocks():
        tasks = [task for task in TASKS if block in reached[task]]
        blocks.append([*block, "".join(tasks)])
    return {
        "design": design,
        "levels": levels,
        "blocks": blocks,
        "reads": _groups_read(network),
    }


def _groups_read(network: Network) -> list[Reads]:
    if isinstance(network, GatedNetwork):
        return [dict(level.wiring) for level in network.levels]
    mixes = (
        {task: list(TASKS) for task in TASKS}
        if isinstance(network, CrossStitch)
        else {}
    )
    return [mixes for _ in network.units]


SIDE = 16  # cells of the gate map on each side


def two_rules(x: np.ndarray) -> np.ndarray:
    """Two tasks on the square [-1, 1]²: a's rule changes at x1 = 0, b's at x2 =
    0.

    From `(rows, 2)` to `(rows, 2)`.

    >>> # cos 0; left, sin 0
    >>> two_rules(np.array([[0.5, 0.0], [-0.5, 0.0]]))[:, 0].tolist()
    [1.0, 0.0]
    """
    left, below = x.T < 0
    a = np.where(left, np.sin(4 * x[:, 1]), np.cos(4 * x[:, 1]))
    b = np.where(below, np.sin(4 * x[:, 0]), np.cos(4 * x[:, 0]))
    return np.stack([a, b], 1)


def gate_map(experts: int = 4, steps: int = 2000) -> dict[str, Any]:
    """Train MMoE on `two_rules` and look at its gates.

    `weights[task][expert]` is a map, `(SIDE, SIDE)`, x2 rising, then x1.

    The network sees x1, x2 and a constant. Also `error`, the mean squared error
    on the map's points.

    >>> gates = gate_map(experts=2, steps=1)  # a step is too few to learn from
    >>> np.shape(gates["weights"]["a"])
    (2, 16, 16)
    """
    keras.utils.set_random_seed(0)
    network = MMoE(TASKS, experts, (16,))
    model = two_towers(network, d=3, tower=16)
    x = np.random.default_rng(0).uniform(-1, 1, size=(20_000, 2))
    y = two_rules(x).astype("float32")
    train_together([model], _with_constant(x)[None], y[None], steps)
    ticks = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    points = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    (weights,) = network.gate_weights(_with_constant(points))
    maps = {}
    for task, by_expert in weights.items():
        squares = np.asarray(by_expert).T.reshape(experts, SIDE, SIDE)
        maps[task] = squares.round(2).tolist()
    error = mean_error(model, _with_constant(points), two_rules(points))
    return {"weights": maps, "error": round(error, 3)}


def _with_constant(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, np.ones((len(x), 1))], 1).astype("float32")
