"""What sharing gains, task by task.

`compare` any framework with its control, and `transfer`, the chapter's
experiment.

The world: users choose items (a softmax over 300), meet ads (a click on a
pair), and rate items that they were asked about. Ratings and choices come from
one taste; how far the taste for ads agrees with it is a dial, `relatedness`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from mtl_lessons import metrics, stored
from mtl_lessons.backend import keras
from mtl_lessons.inputs_outputs import Binary, Categorical, OneOfK, Regression
from mtl_lessons.shared_networks import SharedBottom
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import Rows, World, split_by_time

from .framework import Framework, Head, MakeNetwork, Scores
from .rows import Log

# rows of each log that a step sees, and for how long
SEEDS = 5
PLAN = {"steps": 500, "batch": 512, "epochs": 1}
CHOICES, RATINGS, TEST = 60_000, 30_000, 20_000
TASK_NAMES = ("chosen", "ad_click", "rating")

Logs = Sequence[Log]


# -------------------------------------------------------------- the three tasks


def declare(
    width: int = 8,
    weight: float = 1.0,
    shared: bool = True,
    network: MakeNetwork | None = None,
) -> Framework:
    """Item recommendation, ad delivery, rating prediction; `weight` is that of
    the ads' loss.

    All tables have `width` numbers a row; the shared network is, by default, a
    trunk of one layer, four times as wide.

    >>> [task.name for task in declare().tasks]
    ['chosen', 'ad_click', 'rating']
    """
    user = Categorical("user", ids=600, width=width)
    item = Categorical("item", ids=300, width=width)
    ad = Categorical("ad", ids=60, width=width)
    heads = [
        Head(OneOfK("chosen", classes=300)),
        Head(Binary("ad_click", rate=0.3), reads=[ad], weight=weight),
        Head(Regression("rating", mean=3.5), reads=[item]),
    ]
    trunk = partial(SharedBottom, units=(4 * width,))
    return Framework([user], heads, network or trunk, shared=shared)


def logs(
    world: World, ads: int, test: int = TEST
) -> tuple[list[Log], list[Log]]:
    """Three logs to train on, and three later ones to judge by. Columns bear
    the tasks' names.

    `ads` is how many impressions of ads are among those to train on, `test` how
    many rows of each log come later. The first of them are the same for every
    `test`.

    >>> past, future = logs(World(seed=0), ads=2_000)
    >>> [len(log["user"]) for log in past]
    [60000, 2000, 30000]
    """
    choices = _renamed(world.item_events(CHOICES + test), {"item": "chosen"})
    ad_names = {"click": "ad_click", "p_click": "p_ad_click"}
    impressions = _renamed(world.ad_impressions(ads + test), ad_names)
    ratings = world.rating_survey(RATINGS + test)
    past, future = [], []
    for log in (choices, impressions, ratings):
        before, after = split_by_time(log, test / len(log["user"]))
        past.append(before)
        future.append(after)
    return past, future


def _renamed(log: Rows, names: Mapping[str, str]) -> Rows:
    return {names.get(name, name): column for name, column in log.items()}


# ---------------------------------------------- a framework against its control


def built(
    framework: Framework,
    steps: int = PLAN["steps"],
    rate: float = 0.03,
    decay: float = 0.1,
) -> Framework:
    """Compiled as in the chapter: AdamW with weight decay, a rate that falls to
    0, XLA.

    >>> built(declare(width=2)).model.optimizer.weight_decay
    0.1
    """
    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    optimizer = keras.optimizers.AdamW(falling, weight_decay=decay)
    return framework.build(optimizer, jit_compile=True)


def restart(framework: Framework, seed: int) -> None:
    """Put a framework that is built back to the start that this seed gives: see
    `Restart`.

    Nothing is traced a second time. A framework that was loaded is built again
    first, for it came trained; its optimiser's settings are those that it was
    saved with.

    >>> rating = Head(Regression("rating", mean=3.0))
    >>> trunk = partial(SharedBottom, units=(2,))
    >>> framework = Framework([Categorical("user", ids=2)], [rating], trunk).build()
    >>> log = {"user": [0, 1], "rating": [5, 4]}
    >>> restart(framework, seed=0)
    >>> start = framework.predict(log)["rating"]
    >>> history = framework.fit(log, steps=2, batch=2, epochs=1)
    >>> bool(np.all(framework.predict(log)["rating"] == start))
    False
    >>> restart(framework, seed=0)
    >>> bool(np.all(framework.predict(log)["rating"] == start))
    True
    """
    model = framework.built
    if framework.start is None:
        optimizer = type(model.optimizer).from_config(
            model.optimizer.get_config()
        )
        framework.build(optimizer, jit_compile=model.jit_compile)
    framework.start(seed)


def compare(
    frameworks: Sequence[Framework],
    past: Sequence[Logs],
    future: Sequence[Logs],
    progress: Progress | None = None,
    **plan: Any,
) -> list[list[Scores]]:
    """Train each framework, built, anew on each seed's logs, and judge it by
    the later ones.

    Returns a list for each framework, a `Scores` per seed. `plan` goes to
    `fit`. Seed s starts from `restart(framework, s)` and draws the same rows
    for all. `progress(done, total)` counts trainings.

    >>> rating = Head(Regression("rating", mean=3.0))
    >>> trunk = partial(SharedBottom, units=(2,))
    >>> framework = Framework([Categorical("user", ids=2)], [rating], trunk).build()
    >>> log = {"user": [0, 1], "rating": [5, 1]}
    >>> ((scores,),) = compare([framework], [[log]], [[log]], steps=1, batch=2)
    >>> list(scores)
    ['rating']
    """
    plan = PLAN | plan
    scores = [[] for _ in frameworks]
    total = len(frameworks) * len(past)
    for seed, (train, test) in enumerate(zip(past, future, strict=True)):
        for framework, judged in zip(frameworks, scores):
            restart(framework, seed)
            framework.fit(train, **{"seed": seed} | plan)
            judged.append(framework.evaluate(test))
            if progress:
                progress(sum(map(len, scores)), total)
    return scores


def comparison(
    heads: Sequence[Head],
    multi: Sequence[Scores],
    single: Sequence[Scores],
) -> list[dict[str, Any]]:
    """A row per task: what sharing gains, and its measure with one model and
    alone.

    The gain comes with its 95 % interval, paired by seed; the others are means
    over seeds. `multi` and `single` are what `evaluate` gave, a dict per seed.
    A gain above 0 is good, of an error too.

    >>> rating = Head(Regression("rating"))
    >>> (row,) = comparison([rating], [{"rating": 0.5}, {"rating": 0.75}], [{"rating": 1.0}] * 2)
    >>> float(row["gain of sharing"].mean), float(row["one model"])
    (0.375, 0.625)
    """
    rows = []
    for head in heads:
        together = [scores[head.name] for scores in multi]
        alone = [scores[head.name] for scores in single]
        gains = head.task.better * np.subtract(together, alone)
        row = {
            "task": head.name,
            "gain of sharing": metrics.interval(gains),
            "one model": np.mean(together),
            "alone": np.mean(alone),
            "measure": head.task.judged_by,
        }
        rows.append(row)
    return rows


# --------------------------------------------------------------- the experiment


def transfer(
    relatedness: float,
    labels: int,
    seeds: int = SEEDS,
    width: int = 8,
    ad_weight: float = 1.0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The three tasks in one model, and each alone at the same width and
    weight.

    The worlds' truth is known. `relatedness`: correlation of the users' tastes
    for ads and for items; `labels`: ad impressions to learn from. Returns, a
    list over seeds each, the AUC of the ads `single`, `shared` and `bayes`, the
    ceiling; recall@10 of the items with `chosen_` before; RMSE of the ratings
    with `rating_` before, of which less is better. `progress(done, total)`
    counts trainings. Takes about a minute for 5 seeds: `shipped_at` has what it
    gave.

    >>> # of transfer(0.0, 30_000)
    >>> result = shipped_at(relatedness=0.0, labels=30_000)
    >>> float(np.mean(result["shared"])) < float(np.mean(result["single"]))
    True
    """
    if labels < 1:
        raise ValueError(f"labels: expected 1 or more, found {labels}")
    if seeds < 2:
        raise ValueError(f"seeds: expected 2 or more, found {seeds}")
    past, future = [], []
    for seed in range(seeds):
        train, test = logs(World(seed=seed, ad_relatedness=relatedness), labels)
        past.append(train)
        future.append(test)
    single = _ready(width, ad_weight, shared=False)
    shared = _ready(width, ad_weight, shared=True)
    scores = compare([single, shared], past, future, progress)
    result: dict[str, Any] = {"relatedness": relatedness, "labels": labels}
    for suffix, runs in zip(("single", "shared"), scores):
        result |= {
            _measure(task) + suffix: [run[task] for run in runs]
            for task in TASK_NAMES
        }
    ads = [test[1] for test in future]
    return result | {
        "bayes": [
            metrics.auc(log["ad_click"], log["p_ad_click"]) for log in ads
        ]
    }


@lru_cache(maxsize=4)
def _ready(width: int, weight: float, shared: bool) -> Framework:
    return built(declare(width, weight, shared))


def _measure(task: str) -> str:
    """How the lists of a task begin in what `transfer` returns."""
    return "" if task == "ad_click" else f"{task}_"


def differences(
    result: Mapping[str, Any], task: str = "ad_click"
) -> np.ndarray:
    """What sharing gains, seed by seed: in AUC, recall, or stars of RMSE less.

    `result` is what `transfer` returns.

    >>> differences({"single": [0.5, 0.75], "shared": [0.75, 0.75]}).tolist()
    [0.25, 0.0]
    """
    better = {goal.name: goal.better for goal in declare().tasks}
    name = _measure(task)
    more = np.subtract(result[f"{name}shared"], result[f"{name}single"])
    return better[task] * more


def gain_of(
    result: Mapping[str, Any], task: str = "ad_click"
) -> metrics.Interval:
    """Mean and 95 % interval of the `differences`.

    >>> gains = gain_of({"single": [0.5, 0.75], "shared": [0.75, 0.75]})
    >>> float(gains.mean)                              # of 0.25 and 0
    0.125
    """
    return metrics.interval(differences(result, task))


def verdicts(comparisons: Sequence[np.ndarray]) -> list[str]:
    """`"gain"`, `"loss"` or `"unclear"` for each of several comparisons.

    Each is a list of differences over seeds. Clear are those whose p, after
    Holm's correction for the number of comparisons, is below 0.05.

    >>> verdicts([[0.10, 0.11, 0.12], [-0.1, 0.1, 0.0]])
    ['gain', 'unclear']
    """
    corrected = metrics.holm([metrics.p_value(runs) for runs in comparisons])
    found = []
    for runs, p in zip(comparisons, corrected):
        sign = "gain" if np.mean(runs) > 0 else "loss"
        found.append(sign if p < 0.05 else "unclear")
    return found


# -------------------------------------------------- what ships with the package

RELATEDNESS = (0.0, 0.5, 0.95)
LABELS = (2_000, 8_000, 30_000)
CURES = {
    "as on the map": (8, 1.0),
    "wider": (24, 1.0),
    "ads weigh 5": (8, 5.0),
    "wider, and ads weigh 5": (24, 5.0),
}


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """`transfer` at every point of RELATEDNESS x LABELS, and at (0, 30 000)
    with every cure; the trials of `attribution`, the runs of `normalisation`.

    A cure is `{name: (width, ad_weight)}`.
    """
    from . import attribution, normalisation  # which are built on this module

    points = [
        (relatedness, labels)
        for relatedness in RELATEDNESS
        for labels in LABELS
    ]
    return {
        "axes": [
            {"name": "relatedness", "values": list(RELATEDNESS)},
            {"name": "labels", "values": list(LABELS)},
        ],
        "cells": [
            rounded(transfer(*point, SEEDS), digits=4)
            for point in counted(points, progress)
        ],
        "cures": {
            name: rounded(transfer(0.0, 30_000, SEEDS, w, a), digits=4)
            for name, (w, a) in CURES.items()
        },
        "trials": attribution.grid(progress),
        "normalisation": normalisation.grid(progress),
        "recipe": "mtl_lessons.three_tasks.transfer(relatedness, labels): "
        "5 seeds, width 8, ad weight 1, control of the same",
    }


def shipped() -> dict[str, Any]:
    """What `grid` gave when the package was made.

    >>> len(shipped()["cells"]) == len(RELATEDNESS) * len(LABELS)
    True
    """
    return stored.read("three_tasks")


def shipped_at(relatedness: float, labels: int) -> dict[str, Any]:
    """The cell of `shipped` at a point of its axes, as `transfer` returned it.

    Raises `ValueError` for a point that is none of RELATEDNESS x LABELS.

    >>> # an AUC per seed
    >>> len(shipped_at(relatedness=0.5, labels=2_000)["shared"])
    5
    """
    return stored.at(shipped()["cells"], relatedness=relatedness, labels=labels)


def scores_of(result: Mapping[str, Any]) -> tuple[list[Scores], list[Scores]]:
    """The lists over seeds that `transfer` returns as `(multi, single)`: what
    `report` takes.

    Both are a dict per seed.

    >>> multi, single = scores_of(shipped_at(relatedness=0.5, labels=2_000))
    >>> len(multi), list(multi[0])
    (5, ['chosen', 'ad_click', 'rating'])
    """
    return _by_seed(result, "shared"), _by_seed(result, "single")


def _by_seed(result: Mapping[str, Any], suffix: str) -> list[Scores]:
    by_task = [result[_measure(task) + suffix] for task in TASK_NAMES]
    return [dict(zip(TASK_NAMES, run)) for run in zip(*by_task)]
