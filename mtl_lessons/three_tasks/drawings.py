"""A framework drawn: how its tasks train, what its gates do, where its gradients agree."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from mtl_lessons import figures, shared_networks
from mtl_lessons.backend import keras

from .framework import Framework
from .rows import Log


def draw_training(history: Mapping[str, Sequence[float]], tasks: Sequence[str]) -> Figure:
    """The loss of every task, epoch by epoch, as a share of what it was in the first; `history` is Keras'."""
    figure, axes = figures.new()
    for task in tasks:
        losses = np.asarray(history[f"{task}_loss"])
        axes.plot(np.arange(1, len(losses) + 1), losses / (losses[0] or 1), label=task)  # 0: no label was seen
    axes.set(xlabel="epoch", ylabel="loss / loss of the first epoch")
    axes.legend()
    return figure


def draw_gates(framework: Framework, logs: Sequence[Log], level: int = -1) -> Figure:
    """How much each task's gate uses each expert, on the rows of the logs (chapter 2). For networks with gates."""
    network = framework.built.network.get_layer("network")
    if not isinstance(network, shared_networks.GatedNetwork):
        raise ValueError(f"network: expected one with gates, found {type(network).__name__}")
    x = keras.Model(framework.model.network.inputs, network.input).predict(framework.columns(logs), batch_size=8192, verbose=0)
    return shared_networks.draw_gates(network, x, level)


def draw_cosines(framework: Framework, logs: Sequence[Log]) -> Figure:
    """The cosines of the tasks' gradients as a table of shades with its numbers."""
    found, names = framework.cosines(logs), [head.name for head in framework.heads]
    figure, axes = figures.new(width=3.6, height=3.2)
    axes.imshow(np.abs(found), cmap="Blues", vmin=0, vmax=1.6)
    for (row, column), cosine in np.ndenumerate(found):
        axes.text(column, row, "–" if np.isnan(cosine) else f"{cosine:+.2f}", ha="center", va="center")
    axes.set(xticks=range(len(names)), xticklabels=names, yticks=range(len(names)), yticklabels=names)
    return figure
