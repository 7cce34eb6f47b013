"""Looking inside: which loss trains which block, how gates use their experts, and how alike the experts are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from mtl_lessons import figures
from mtl_lessons.backend import keras, tf

from .level import Block
from .networks import GatedNetwork, Network

ops = keras.ops


def reach(network: Network, x, task: str) -> set[Block]:
    """The blocks that the loss of one task trains: those with a gradient other than zero, by one real backward pass.

    Stands in for the loss: the sum of squares of what the network gives this task, over the rows `x`, `(batch, d)`.
    """
    if task not in network.tasks:
        raise ValueError(f"expected a task of {list(network.tasks)}, found {task!r}")
    with tf.GradientTape() as tape:
        loss = ops.sum(ops.square(network(x)[task]))
    gradients = _gradients(tape, loss, network.trainable_weights)
    return {block for block, parts in network.blocks().items() if any(np.any(gradients[w.path][i]) for w, i in parts)}


def _gradients(tape: tf.GradientTape, loss, weights: Sequence) -> dict[str, np.ndarray]:
    """By the path of each weight; zeros where the loss does not depend on it."""
    found = tape.gradient(loss, [weight.value for weight in weights])
    return {w.path: np.zeros(w.shape) if g is None else np.asarray(g) for w, g in zip(weights, found, strict=True)}


class Usage(NamedTuple):
    """How a gate uses its experts: the mean weight of each and its standard deviation over rows, and the mean entropy.

    `entropy` is that of a row's weights divided by its maximum, log n: 1 = all alike, 0 = a single expert.
    """

    mean: np.ndarray
    deviation: np.ndarray
    entropy: float


def usage(weights) -> Usage:
    """`Usage` of the weights of one gate, `(batch, n)`."""
    weights = np.asarray(weights, float)
    entropy = -(weights * np.log(np.maximum(weights, 1e-12))).sum(-1).mean() / np.log(max(weights.shape[-1], 2))
    return Usage(weights.mean(0), weights.std(0), float(entropy))


def likeness(outputs) -> np.ndarray:
    """How alike experts are: correlations `(experts, experts)` of their outputs `(experts, batch, width)`, unit by unit, averaged.

    Clones have 1, independent ones about 0. A unit that gives the same for every row counts as 0.
    """
    outputs = np.asarray(outputs, float)
    centred = outputs - outputs.mean(1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    units = centred / np.where(norms > 0, norms, 1)
    return np.einsum("ebh,fbh->ef", units, units) / outputs.shape[-1]


def clone_experts(network: GatedNetwork) -> None:
    """Make all experts of each level equal to its first one: what one seed for all of them does."""
    for weight in (w for level in network.levels for expert in level.experts for w in expert.weights):
        weight.assign(np.repeat(np.asarray(weight)[:1], weight.shape[0], 0))


def draw_gates(network: GatedNetwork, x, level: int = -1) -> Figure:
    """Mean weight of every expert in every gate of a level, for the rows `(batch, d)`; the line is one standard deviation."""
    part, found = network.levels[level], network.gate_weights(x)[level]
    figure, rows = figures.new(height=0.9 + 0.8 * len(found), nrows=len(found), sharex=False, squeeze=False)
    for axes, (gate, weights) in zip(rows[:, 0], found.items()):
        use, places = usage(weights), np.arange(len(part.columns(gate)))
        axes.bar(places, use.mean, yerr=use.deviation, color=figures.BLUE, ecolor=figures.ORANGE, width=0.7)
        axes.set(ylim=(0, 1), ylabel=gate, xticks=places, xticklabels=part.columns(gate))
    return figure


def draw_experts(network: GatedNetwork, x, level: int = -1) -> Figure:
    """`likeness` of the experts of a level, for the rows `(batch, d)`, as a table of shades with its numbers."""
    alike, names = likeness(network.expert_outputs(x)[level]), network.levels[level].columns()
    figure, axes = figures.new(width=4.4, height=4.0)
    axes.imshow(np.abs(alike), cmap="Blues", vmin=0, vmax=1.6)
    for (row, column), value in np.ndenumerate(alike):
        axes.text(column, row, f"{value:.1f}".replace("-0.0", "0.0"), ha="center", va="center", fontsize=9)
    axes.set(xticks=range(len(names)), yticks=range(len(names)), yticklabels=names)
    axes.set_xticklabels(names, rotation=60)
    return figure
