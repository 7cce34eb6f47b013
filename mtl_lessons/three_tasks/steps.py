"""The model answers of chapter 6's exercise: a framework, piece by piece, in the words of chapters 1 to 4."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import keras
from mtl_lessons.inputs_outputs import Binary, Categorical, OneOfK, Regression, losses
from mtl_lessons.shared_networks import SharedBottom

from .experiment import declare
from .framework import Framework, Head, meet
from .rows import stacked_feature, stacked_label

IDS = {"user": 600, "ad": 60, "item": 300}
TASKS = {  # name: kind, width, what its head alone reads
    "chosen": ("one of", 300, []),
    "ad_click": ("yes or no", 1, ["ad"]),
    "rating": ("a number", 1, ["item"]),
}
LESS_IS_BETTER = {"rating"}

Tasks = Mapping[str, tuple[str, int, Sequence[str]]]


def one_log(logs: Sequence[Mapping[str, np.ndarray]]) -> tuple[dict, dict]:
    """Several logs as one: ids, -1 where a log lacks them, and labels, NaN where a log lacks them."""
    x = {name: stacked_feature(Categorical(name, ids=ids), logs) for name, ids in IDS.items()}
    return x, {task: stacked_label(task, 1, logs) for task in TASKS}


def heads(tasks: Tasks) -> list[Head]:
    """The declaration in chapter 4's words."""
    kinds = {
        "one of": lambda name, width: OneOfK(name, classes=width),
        "a number": lambda name, width: Regression(name, mean=3.5),
    }
    kinds["yes or no"] = lambda name, width: Binary(name, rate=0.3)
    return [
        Head(kinds[kind](name, width), [Categorical(feature, ids=IDS[feature]) for feature in reads])
        for name, (kind, width, reads) in tasks.items()
    ]


def build(tasks: Tasks) -> keras.Model:
    """Users go through a shared bottom; each head reads it, and what it judges (`meet`)."""
    network = partial(SharedBottom, units=(32,))
    return Framework([Categorical("user", ids=IDS["user"])], heads(tasks), network).graph()


def compiled(tasks: Tasks) -> keras.Model:
    """Chapter 4's losses leave out what is missing, each divided by the labels that there are."""
    model = build(tasks)
    model.compile(keras.optimizers.Adam(0.01), losses([head.task for head in heads(tasks)]))
    return model


def report(multi: Sequence[dict], single: Sequence[dict]) -> dict[str, metrics.Interval]:
    """The gain of each task, paired by seed, with its 95 % interval; above 0 is good."""
    signs = {task: -1 if task in LESS_IS_BETTER else 1 for task in multi[0]}
    return {task: metrics.interval([sign * (m[task] - s[task]) for m, s in zip(multi, single)]) for task, sign in signs.items()}


def cure() -> tuple[Framework, Framework]:
    """Room for two tastes in the tables, and a voice for the ads; the control has both, too."""
    return declare(width=24, weight=5.0), declare(width=24, weight=5.0, shared=False)


__all__ = ["build", "compiled", "cure", "heads", "meet", "one_log", "report", "stacked_feature", "stacked_label"]
