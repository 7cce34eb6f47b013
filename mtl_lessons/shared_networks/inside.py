"""Looking inside: which loss trains which block, how gates use experts, and how
alike these are.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from mtl_lessons import figures
from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.numerals import numeral

from .level import Block, LevelPart
from .networks import GatedNetwork, Network

ops = keras.ops


def reach(network: Network, x: Tensor, task: str) -> set[Block]:
    """The blocks that the loss of one task trains.

    Those with a gradient other than zero, by one real backward pass.

    Stands in for the loss: the sum of squares of what the network gives this
    task, over the rows `x`, `(batch, d)`.

    >>> from mtl_lessons.shared_networks import SharedBottom
    >>> network = SharedBottom(["click", "buy"], units=(4,))
    >>> reach(network, np.ones((2, 3), "float32"), "click")
    {Block(level=1, kind='trunk', owner='shared')}
    """
    if task not in network.tasks:
        raise ValueError(
            f"task: expected a task of {list(network.tasks)}, found {task!r}"
        )
    with tf.GradientTape() as tape:
        loss = ops.sum(ops.square(network(x)[task]))
    gradients = _gradients(tape, loss, network.trainable_weights)
    blocks = network.blocks().items()
    return {
        block for block, parts in blocks if _parts_trained(parts, gradients)
    }


def _parts_trained(
    parts: list[LevelPart], gradients: dict[str, np.ndarray]
) -> bool:
    return any(np.any(gradients[weight.path][index]) for weight, index in parts)


def _gradients(
    tape: tf.GradientTape, loss: Tensor, weights: Sequence[Tensor]
) -> dict[str, np.ndarray]:
    """By the path of each weight; zeros where the loss does not depend on it."""
    values = [weight.value for weight in weights]
    zero = tf.UnconnectedGradients.ZERO
    gradients = tape.gradient(loss, values, unconnected_gradients=zero)
    paths = [weight.path for weight in weights]
    return dict(zip(paths, map(np.asarray, gradients), strict=True))


class Usage(NamedTuple):
    """How a gate uses its experts.

    The mean weight of each and its standard deviation over rows, and the mean
    entropy.

    `entropy` is that of a row's weights divided by its maximum, log n: 1 = all
    alike, 0 = a single expert.

    >>> Usage(mean=np.array([1.0, 0.0]), deviation=np.zeros(2), entropy=0.0).entropy
    0.0
    """

    mean: np.ndarray
    deviation: np.ndarray
    entropy: float


def usage(weights: Tensor) -> Usage:
    """`Usage` of the weights of one gate, `(batch, n)`.

    >>> # each row one expert, each expert as often
    >>> use = usage([[1.0, 0.0], [0.0, 1.0]])
    >>> use.mean.tolist(), use.deviation.tolist(), abs(round(use.entropy, 6))
    ([0.5, 0.5], [0.5, 0.5], 0.0)
    """
    weights = np.asarray(weights, float)
    logs = np.log(np.maximum(weights, 1e-12))
    entropy = -(weights * logs).sum(-1).mean()
    most = np.log(max(weights.shape[-1], 2))
    return Usage(weights.mean(0), weights.std(0), float(entropy / most))


def likeness(outputs: Tensor) -> np.ndarray:
    """How alike experts are: `(experts, experts)`, from their outputs
    `(experts, batch, width)`.

    Correlations, unit by unit, averaged.

    Clones have 1, independent ones about 0. A unit that gives the same for
    every row counts as 0.

    >>> # one up, one down
    >>> likeness([[[1.0], [3.0]], [[0.0], [-5.0]]]).round(6).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    outputs = np.asarray(outputs, float)
    centred = outputs - outputs.mean(1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    units = centred / np.where(norms > 0, norms, 1)
    return np.einsum("ebh,fbh->ef", units, units) / outputs.shape[-1]


def clone_experts(network: GatedNetwork) -> None:
    """Make all experts of each level equal to its first one: what one seed for
    all of them does.

    >>> from mtl_lessons.shared_networks import MMoE
    >>> network = MMoE(["click", "buy"], experts=2, units=(4,))
    >>> network.build((None, 3))
    >>> clone_experts(network)
    >>> first, second = np.asarray(network.levels[0].experts[0].kernel)
    >>> bool((first == second).all())
    True
    """
    for level in network.levels:
        for expert in level.experts:
            for weight in expert.weights:
                first = np.asarray(weight)[:1]
                weight.assign(np.repeat(first, weight.shape[0], 0))


def draw_gates(network: GatedNetwork, x: Tensor, level: int = -1) -> Figure:
    """Mean weight of every expert in every gate of a level, for the rows
    `(batch, d)`.

    The line is one standard deviation.

    >>> from mtl_lessons.shared_networks import MMoE
    >>> network = MMoE(["click", "buy"], experts=2, units=(4,))
    >>> x = np.ones((8, 3), "float32")
    >>> h = network(x)
    >>> [axes.get_ylabel() for axes in draw_gates(network, x).axes]
    ['click', 'buy']
    """
    by_gate = network.gate_weights(x)[level]
    gates = len(by_gate)
    figure, rows = figures.new(
        height=0.9 + 0.8 * gates, nrows=gates, sharex=False, squeeze=False
    )
    for axes, (gate, weights) in zip(rows[:, 0], by_gate.items()):
        experts = network.levels[level].columns(gate)
        at = np.arange(len(experts))
        mean, deviation, _ = usage(weights)
        bars = {"color": figures.BLUE, "ecolor": figures.ORANGE, "width": 0.7}
        axes.bar(at, mean, yerr=deviation, **bars)
        axes.set(ylim=(0, 1), ylabel=gate, xticks=at, xticklabels=experts)
    return figure


def draw_experts(network: GatedNetwork, x: Tensor, level: int = -1) -> Figure:
    """`likeness` of the experts of a level, for the rows `(batch, d)`: shades,
    with the numbers.

    >>> from mtl_lessons.shared_networks import MMoE
    >>> network = MMoE(["click", "buy"], experts=2, units=(4,))
    >>> x = np.ones((8, 3), "float32")
    >>> h = network(x)
    >>> [label.get_text() for label in draw_experts(network, x).axes[0].get_yticklabels()]
    ['shared 1', 'shared 2']
    """
    alike = likeness(network.expert_outputs(x)[level])
    names = network.levels[level].columns()
    figure, axes = figures.new(width=4.4, height=4.0)
    axes.imshow(np.abs(alike), cmap="Blues", vmin=0, vmax=1.6)
    for (row, column), value in np.ndenumerate(alike):
        text = numeral(value, ".1f")
        axes.text(column, row, text, ha="center", va="center", fontsize=9)
    axes.set(
        xticks=range(len(names)), yticks=range(len(names)), yticklabels=names
    )
    axes.set_xticklabels(names, rotation=60)
    return figure
