"""A framework's training, drawn."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from mtl_lessons import figures


def draw_training(
    history: Mapping[str, Sequence[float]],
    tasks: Sequence[str],
    title: str = "",
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
    axes.set(xlabel="epoch", ylabel="share of the first epoch's loss")
    axes.set(title=title, ylim=(0, None))
    figures.label_lines(axes)
    return figure
