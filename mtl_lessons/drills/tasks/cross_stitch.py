"""Cross-stitch networks: a network per task, mixed after every layer."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect

ALPHA = {
    "click": {"click": 0.9, "buy": 0.1},
    "buy": {"click": 0.3, "buy": 0.7},
}


def cross_stitch(
    x: list[float],
    layers: list[dict[str, list[list[float]]]],
    alphas: list[dict[str, dict[str, float]]],
) -> dict[str, list[float]]:
    """What the networks of all tasks give for one row of inputs.

    x: the row, which every network reads.
    layers: for each layer, by task, a matrix with a row of weights for
    each unit. A unit is ReLU, without bias. In one layer all tasks have
    as many units.
    alphas: for each layer, alphas[layer][task][other], how much of the
    other's unit goes into the task's unit; any number.

    >>> layer = {"click": [[2.0]], "buy": [[4.0]]}
    >>> alpha = {task: {"click": 0.5, "buy": 0.5} for task in layer}
    >>> cross_stitch([1.0], [layer], [alpha])
    {'click': [3.0], 'buy': [3.0]}
    """
    h = dict.fromkeys(layers[0], x)
    for layer, alpha in zip(layers, alphas):
        out = {task: dense(layer[task], h[task]) for task in layer}
        h = {task: mixed(out, alpha[task]) for task in layer}
    return h


def dense(weights: list[list[float]], x: list[float]) -> list[float]:
    """A ReLU layer: a number for each unit."""
    units = []
    for unit in weights:
        z = sum(w * value for w, value in zip(unit, x))
        units.append(max(z, 0.0))
    return units


def mixed(
    outputs: dict[str, list[float]], shares: dict[str, float]
) -> list[float]:
    """The sum of share × output over the tasks, unit by unit."""
    total = [0.0] * len(next(iter(outputs.values())))
    for task, output in outputs.items():
        for unit, value in enumerate(output):
            total[unit] += shares[task] * value
    return total


def check(answer: Callable) -> None:
    # the two networks give 2 and 4
    first = {"click": [[2.0]], "buy": [[4.0]]}
    expect(
        "stitch",
        answer,
        [1.0],
        [first],
        [ALPHA],
        gives={"click": [2.2], "buy": [3.4]},
        instead={
            "transposed": {"click": [3.0], "buy": [3.0]},
            "already-mixed": {"click": [2.2], "buy": [3.46]},
            "not-stitched": {"click": [2.0], "buy": [4.0]},
            "softmax": {"click": [2.620051], "buy": [3.197375]},
        },
    )
    # 2 - 4 and 4; the second network gives 2.0 of the first
    signed = {
        "click": {"click": 1.0, "buy": -1.0},
        "buy": {"click": 2.0, "buy": 1.0},
    }
    expect(
        "any-number",
        answer,
        [1.0],
        [first],
        [signed],
        gives={"click": [-2.0], "buy": [8.0]},
        instead={"relu-after": {"click": [0.0], "buy": [8.0]}},
    )
    half = {
        "click": {"click": 1.0, "buy": 0.5},
        "buy": {"click": 0.5, "buy": 1.0},
    }
    # the first network gives 0, not -2
    expect(
        "relu-first",
        answer,
        [1.0],
        [{"click": [[-2.0]], "buy": [[4.0]]}],
        [half],
        gives={"click": [2.0], "buy": [4.0]},
    )
    # 2.2 and 3.4 go on, and are mixed by other constants
    second = {"click": [[1.0]], "buy": [[1.0]]}
    again = {
        "click": {"click": 1.0, "buy": 1.0},
        "buy": {"click": 0.5, "buy": 0.5},
    }
    expect(
        "every-layer",
        answer,
        [1.0],
        [first, second],
        [ALPHA, again],
        gives={"click": [5.6], "buy": [2.8]},
        instead={"last-layer": {"click": [6.0], "buy": [3.0]}},
    )
    network = _network(random.Random(0))
    expect("every-layer", answer, *network, gives=cross_stitch(*network))


def _network(chance: random.Random) -> tuple:
    """Three tasks; four inputs, then layers of five and three units."""
    tasks = ("click", "like", "buy")

    def matrix(units: int, inputs: int) -> list[list[float]]:
        return [
            [chance.gauss(0, 1) for _ in range(inputs)] for _ in range(units)
        ]

    layers = [
        {task: matrix(units, inputs) for task in tasks}
        for units, inputs in ((5, 4), (3, 5))
    ]
    alphas = [
        {t: {other: chance.random() for other in tasks} for t in tasks}
        for _ in layers
    ]
    return matrix(1, 4)[0], layers, alphas
