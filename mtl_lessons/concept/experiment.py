"""The experiment: the gain of sharing over a fair control, over several seeds."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.stored import Progress

from . import data
from .training import (
    Aucs,
    EpochReport,
    aucs_of,
    judged,
    make_trainee,
    trainings,
)

DECAYS = (0.05, 1.0)  # of the weights: what each model may choose from
# What chooses one decay: of the single models each, of the shared one both
# tasks.
CHOICES = {
    "single": [["single"], ["item_single"]],
    "shared": [["shared", "item_shared"]],
}


def transfer(
    relatedness: float,
    labels: int,
    seeds: int = 5,
    width: int = 4,
    ad_weight: float | None = None,
    decays: Sequence[float] = DECAYS,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train with a shared and with separate tables of users; judge both on
    later impressions.

    The dense task is a click on an item (512 000 impressions), the sparse one a
    click on an ad (`labels` impressions); `relatedness` is the correlation of
    the users' tastes in the two. A step sees 2048 rows of each task; its loss
    is `L_item + ad_weight L_ad`, each a sum over these rows. The default
    `ad_weight = labels / 512 000` is the natural one: it lets every label count
    once. Optimiser: AdamW. All of it, and the start of every table, is the same
    for both models. Only the weight decay is each model's own choice among
    `decays`, by AUC on impressions between training and test: the single models
    choose one per task, the shared one has to do with one for both.

    Returns AUCs, a list over seeds each. Of the sparse task: `single`,
    `shared`, and `bayes`, the ceiling, which the true probabilities reach. Of
    the dense task: the same with `item_` before. With `check_` before: on the
    impressions that the choice was made by. `at[decay]`: the AUCs of both
    models at that decay. `progress(done, total)` counts steps.

    >>> # a call with labels trains for minutes
    >>> transfer(relatedness=0.5, labels=0)
    Traceback (most recent call last):
    ValueError: labels, seeds: expected at least 1 and at least 2, found labels=0, seeds=5
    >>> from mtl_lessons import stored
    >>> from mtl_lessons.concept import shipped
    >>> cell = stored.at(shipped()["cells"], relatedness=0.95, labels=500)
    >>> len(cell["single"]), len(cell["shared"])  # an AUC for each seed
    (5, 5)
    """
    if labels < 1 or seeds < 2:
        found = f"labels={labels}, seeds={seeds}"
        raise ValueError(
            f"labels, seeds: expected at least 1 and at least 2, found {found}"
        )
    logs = data.side_by_side_logs(relatedness, labels, seeds)
    weight = labels / data.IMPRESSIONS if ad_weight is None else ad_weight
    at: dict[float, Aucs] = {decay: {} for decay in decays}
    result: dict[str, Any] = {"relatedness": relatedness, "labels": labels}
    result |= aucs_of("bayes", logs.future, logs.future, seeds)
    report = EpochReport(progress, total=2 * len(decays) * data.STEPS)
    for kind, choices in CHOICES.items():
        trainee = make_trainee(*logs.sizes, width, kind)
        for decay in trainings(
            trainee, logs.past, seeds, weight, decays, report
        ):
            at[decay] |= judged(kind, trainee.model, logs, seeds)
        for names in choices:
            result |= _chosen(at, names)
    return result | {"at": at}


def _chosen(at: dict[float, Aucs], names: list[str]) -> Aucs:
    """The AUCs at the decay that is best to choose by, on average of all names."""
    checked = [f"check_{name}" for name in names]
    best = max(
        at.values(), key=lambda aucs: np.mean([aucs[name] for name in checked])
    )
    chosen = {}
    for name in names:
        chosen[name] = best[name]
        chosen[f"check_{name}"] = best[f"check_{name}"]
    return chosen


def gain(result: dict, task: str = "") -> metrics.Interval:
    """Mean and 95 % interval of `AUC shared - AUC single`, paired by seed.

    `task="item_"` for the dense task.

    >>> print(gain({"shared": [0.7, 0.72], "single": [0.6, 0.62]}))
    +0.100 [+0.100, +0.100]
    """
    return metrics.interval(
        np.subtract(result[f"{task}shared"], result[f"{task}single"])
    )
