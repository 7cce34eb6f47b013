"""What is stored of the chapter: all wirings by backward passes, a trained model's gates, and errors."""

import numpy as np

from mtl_lessons.backend import keras
from mtl_lessons.stored import Progress

from .experiment import TASKS, mean_error, relatedness, train_together, two_towers
from .inside import reach
from .networks import PLE, AdaTT, CrossStitch, GatedNetwork, MMoE, Network, OMoE, SharedBottom

WIRED = {  # by number of levels; OMoE and MMoE have one, and that many layers in each expert
    "Shared bottom": lambda n: SharedBottom(TASKS, [8] * n),
    "Cross-stitch": lambda n: CrossStitch(TASKS, [8] * n),
    "OMoE": lambda n: OMoE(TASKS, 4, [8] * n),
    "MMoE": lambda n: MMoE(TASKS, 4, [8] * n),
    "CGC, PLE": lambda n: PLE(TASKS, 2, 1, [[8]] * n),
    "AdaTT": lambda n: AdaTT(TASKS, 2, [[8]] * n),
}
LEVELS = (1, 2)


def grid(progress: Progress | None = None) -> dict:
    """What stands behind both explorables, `wirings` and `gates`; and what `relatedness` finds, `errors`."""
    found = relatedness(progress=progress)
    errors = {design: of_design.round(6).tolist() for design, of_design in found.items()}
    return {"wirings": wirings(), "gates": gate_map(), "errors": errors}


def wirings() -> list[dict]:
    """Which loss reaches which block, for all of WIRED x LEVELS, by real backward passes.

    Each record: `design`, `levels`; `blocks`, a list of `[level, kind, owner, tasks whose loss reaches it]`; and `reads`, for
    every level, `{mix: groups that it is made of}`.
    """
    return [_wiring(design, levels) for design in WIRED for levels in LEVELS]


def _wiring(design: str, levels: int) -> dict:
    keras.utils.set_random_seed(0)
    network = WIRED[design](levels)
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    reached = {task: reach(network, x, task) for task in TASKS}
    blocks = [[*block, "".join(task for task in TASKS if block in reached[task])] for block in network.blocks()]
    return {"design": design, "levels": levels, "blocks": blocks, "reads": _reads(network)}


def _reads(network: Network) -> list[dict[str, list[str]]]:
    if isinstance(network, GatedNetwork):
        return [{gate: list(groups) for gate, groups in level.wiring.items()} for level in network.levels]
    mixes = {task: list(TASKS) for task in TASKS} if isinstance(network, CrossStitch) else {}
    return [mixes for _ in network.units]


SIDE = 16  # cells of the gate map on each side


def two_rules(x: np.ndarray) -> np.ndarray:
    """Two tasks on the square [-1, 1]²: a's rule changes at x1 = 0, b's at x2 = 0. From `(rows, 2)` to `(rows, 2)`."""
    left, below = x.T < 0
    a = np.where(left, np.sin(4 * x[:, 1]), np.cos(4 * x[:, 1]))
    b = np.where(below, np.sin(4 * x[:, 0]), np.cos(4 * x[:, 0]))
    return np.stack([a, b], 1)


def gate_map(experts: int = 4, steps: int = 2000) -> dict:
    """Train MMoE on `two_rules` and look at its gates: `weights[task][expert]` is a map, `(SIDE, SIDE)`, x2 rising, then x1.

    The network sees x1, x2 and a constant. Also `error`, the mean squared error on the map's points.
    """
    keras.utils.set_random_seed(0)
    network = MMoE(TASKS, experts, (16,))
    model = two_towers(network, d=3, tower=16)
    x = np.random.default_rng(0).uniform(-1, 1, size=(20_000, 2))
    train_together([model], _with_constant(x)[None], two_rules(x).astype("float32")[None], steps)
    ticks = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    points = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    (weights,) = network.gate_weights(_with_constant(points))
    maps = {task: np.asarray(w).T.reshape(experts, SIDE, SIDE).round(2).tolist() for task, w in weights.items()}
    return {"weights": maps, "error": round(mean_error(model, _with_constant(points), two_rules(points)), 3)}


def _with_constant(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, np.ones((len(x), 1))], 1).astype("float32")
