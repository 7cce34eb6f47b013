"""A framework drawn: how its tasks train, what its gates do, where its
gradients agree.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from mtl_lessons import figures, shared_networks
from mtl_lessons.backend import keras

from .framework import Framework
from .rows import Log


def draw_training(
    history: Mapping[str, Sequence[float]], tasks: Sequence[str]
) -> Figure:
    """The loss of every task, epoch by epoch, as a share of what it was in the
    first.

    `history` is Keras'.

    >>> (axes,) = draw_training({"click_loss": [0.5, 0.25]}, ["click"]).axes
    >>> axes.lines[0].get_ydata().tolist()
    [1.0, 0.5]
    """
    figure, axes = figures.new()
    for task in tasks:
        losses = np.asarray(history[f"{task}_loss"])
        epochs = np.arange(1, len(losses) + 1)
        first = losses[0] or 1  # 0: no label was seen
        axes.plot(epochs, losses / first, label=task)
    axes.set(xlabel="epoch", ylabel="loss / loss of the first epoch")
    axes.legend()
    return figure


def draw_gates(
    framework: Framework, logs: Log | Sequence[Log], level: int = -1
) -> Figure:
    """How much each task's gate uses each expert, on the rows of the logs
    (chapter 2).

    Raises `ValueError` for a network without gates.

    >>> from mtl_lessons.inputs_outputs import Categorical, Regression
    >>> from mtl_lessons.three_tasks import Head
    >>> from functools import partial
    >>> experts = partial(shared_networks.MMoE, experts=2, units=(3,))
    >>> rating = Head(Regression("rating"))
    >>> framework = Framework([Categorical("user", ids=2)], [rating], experts).build()
    >>> (axes,) = draw_gates(framework, {"user": [0, 1]}).axes
    >>> len(axes.patches)                              # a bar for each expert
    2
    """
    model = framework.built.network
    network = model.get_layer("network")
    if not isinstance(network, shared_networks.GatedNetwork):
        kind = type(network).__name__
        raise ValueError(f"network: expected one with gates, found {kind}")
    below = keras.Model(model.inputs, network.input)
    x = below.predict(framework.columns(logs), batch_size=8192, verbose=0)
    return shared_networks.draw_gates(network, x, level)


def draw_cosines(framework: Framework, logs: Log | Sequence[Log]) -> Figure:
    """The cosines of the tasks' gradients as a table of shades with its
    numbers.

    >>> from mtl_lessons.inputs_outputs import Categorical, Regression
    >>> from mtl_lessons.three_tasks import Head
    >>> from functools import partial
    >>> heads = [Head(Regression("rating")), Head(Regression("again"))]
    >>> bottom = partial(shared_networks.SharedBottom, units=(3,))
    >>> framework = Framework([Categorical("user", ids=9)], heads, bottom).build()
    >>> user = np.arange(9)
    >>> (axes,) = draw_cosines(framework, {"user": user, "rating": user, "again": user}).axes
    >>> axes.texts[0].get_text()                       # of a task with itself
    '+1.00'
    """
    cosines = framework.cosines(logs)
    names = [head.name for head in framework.heads]
    figure, axes = figures.new(width=3.6, height=3.2)
    axes.imshow(np.abs(cosines), cmap="Blues", vmin=0, vmax=1.6)
    for (row, column), cosine in np.ndenumerate(cosines):
        text = "–" if np.isnan(cosine) else f"{cosine:+.2f}"
        axes.text(column, row, text, ha="center", va="center")
    axes.set(xticks=range(len(names)), xticklabels=names)
    axes.set(yticks=range(len(names)), yticklabels=names)
    return figure
