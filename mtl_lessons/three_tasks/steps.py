"""The model answers of chapter 6's exercise: a framework, piece by piece.

They are in the words of chapters 1 to 4.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import keras
from mtl_lessons.inputs_outputs import (
    Binary,
    Categorical,
    OneOfK,
    Regression,
    losses,
)
from mtl_lessons.shared_networks import SharedBottom

from .experiment import declare
from .framework import Framework, Head, Scores, meet
from .rows import Log, stacked_feature, stacked_label

IDS = {"user": 600, "ad": 60, "item": 300}
TASKS = {  # name: kind, width, what its head alone reads
    "chosen": ("one of", 300, []),
    "ad_click": ("yes or no", 1, ["ad"]),
    "rating": ("a number", 1, ["item"]),
}
LESS_IS_BETTER = {"rating"}

Tasks = Mapping[str, tuple[str, int, Sequence[str]]]


def one_log(
    logs: Sequence[Log],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Several logs as one: ids, -1 where a log lacks them, and labels, NaN
    where a log lacks them.

    >>> ads = {"user": [7], "ad": [3], "ad_click": [1]}
    >>> ratings = {"user": [8], "item": [5], "rating": [4]}
    >>> x, y = one_log([ads, ratings])
    >>> x["ad"].tolist(), y["ad_click"].ravel().tolist()
    ([3, -1], [1.0, nan])
    """
    x = {
        name: stacked_feature(Categorical(name, ids=ids), logs)
        for name, ids in IDS.items()
    }
    y = {task: stacked_label(task, 1, logs) for task in TASKS}
    return x, y


def heads(tasks: Tasks) -> list[Head]:
    """The declaration in chapter 4's words.

    >>> [type(head.task).__name__ for head in heads(TASKS)]
    ['OneOfK', 'Binary', 'Regression']
    """
    declared = []
    for name, (kind, width, reads) in tasks.items():
        if kind == "one of":
            task = OneOfK(name, classes=width)
        elif kind == "yes or no":
            task = Binary(name, rate=0.3)
        else:
            task = Regression(name, mean=3.5)
        features = [Categorical(feature, ids=IDS[feature]) for feature in reads]
        declared.append(Head(task, features))
    return declared


def build(tasks: Tasks) -> keras.Model:
    """Users go through a shared bottom; each head reads it, and what it judges
    (`meet`).

    >>> sorted(build(TASKS).output)
    ['ad_click', 'chosen', 'rating']
    """
    user = Categorical("user", ids=IDS["user"])
    network = partial(SharedBottom, units=(32,))
    return Framework([user], heads(tasks), network).graph()


def compiled(tasks: Tasks) -> keras.Model:
    """Chapter 4's losses leave out what is missing, each divided by the labels
    that there are.

    >>> type(compiled(TASKS).loss["ad_click"]).__name__
    'TaskLoss'
    """
    model = build(tasks)
    declared = [head.task for head in heads(tasks)]
    model.compile(keras.optimizers.Adam(0.01), losses(declared))
    return model


def report(
    multi: Sequence[Scores], single: Sequence[Scores]
) -> dict[str, metrics.Interval]:
    """The gain of each task, paired by seed, with its 95 % interval; above 0 is
    good.

    >>> gains = report([{"rating": 0.5}, {"rating": 0.75}], [{"rating": 1.0}, {"rating": 1.0}])
    >>> float(gains["rating"].mean)  # an error that fell by 0.5 and by 0.25
    0.375
    """
    gains = {}
    for task in multi[0]:
        sign = -1 if task in LESS_IS_BETTER else 1
        by_seed = [
            sign * (ours[task] - alone[task])
            for ours, alone in zip(multi, single)
        ]
        gains[task] = metrics.interval(by_seed)
    return gains


def cure() -> tuple[Framework, Framework]:
    """More width, and more weight for the ads' loss; the control has both,
    too.

    >>> [framework.shared for framework in cure()]
    [True, False]
    """
    return declare(width=24, weight=5.0), declare(
        width=24, weight=5.0, shared=False
    )


__all__ = [
    "build",
    "compiled",
    "cure",
    "heads",
    "meet",
    "one_log",
    "report",
    "stacked_feature",
    "stacked_label",
]
