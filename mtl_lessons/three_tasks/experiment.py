"""What sharing gains, task by task: `compare` any framework with its control, and `transfer`, the chapter's experiment.

The world: users choose items (a softmax over 300), meet ads (a click on a pair), and rate items that they were asked about. Ratings
and choices come from one taste; how far the taste for ads agrees with it is a dial, `relatedness`.
"""

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np

from mtl_lessons import metrics, stored
from mtl_lessons.backend import keras
from mtl_lessons.inputs_outputs import Binary, Categorical, OneOfK, Regression
from mtl_lessons.shared_networks import SharedBottom
from mtl_lessons.stored import Progress, counted
from mtl_lessons.world import World, split_by_time

from .framework import Framework, Head, Scores
from .rows import Log

STEPS, BATCH = 500, 512  # of each log
CHOICES, RATINGS, TEST = 60_000, 30_000, 20_000
TASKS = ("chosen", "ad_click", "rating")

Logs = Sequence[Log]


# ---------------------------------------------------------------- the three tasks


def declare(width: int = 8, weight: float = 1.0, shared: bool = True, network: partial | None = None) -> Framework:
    """Item recommendation, ad delivery, rating prediction; `weight` is that of the ads' loss.

    All tables have `width` numbers a row; the shared network is, by default, a trunk of one layer, four times as wide.
    """
    user, item, ad = (Categorical(name, ids=ids, width=width) for name, ids in (("user", 600), ("item", 300), ("ad", 60)))
    heads = [
        Head(OneOfK("chosen", classes=300)),
        Head(Binary("ad_click", rate=0.3), reads=[ad], weight=weight),
        Head(Regression("rating", mean=3.5), reads=[item]),
    ]
    return Framework([user], heads, network or partial(SharedBottom, units=(4 * width,)), shared=shared)


def logs(world: World, ads: int) -> tuple[list[Log], list[Log]]:
    """Three logs to train on, `ads` impressions of ads among them, and three later ones to judge by. Columns bear the tasks' names."""
    drawn = [world.item_events(CHOICES + TEST), world.ad_impressions(ads + TEST), world.rating_survey(RATINGS + TEST)]
    names = [{"item": "chosen"}, {"click": "ad_click", "p_click": "p_ad_click"}, {}]
    renamed = [{new.get(name, name): column for name, column in log.items()} for log, new in zip(drawn, names)]
    past, future = zip(*(split_by_time(log, TEST / len(log["user"])) for log in renamed))
    return list(past), list(future)


# ---------------------------------------------------------------- a framework against its control


def built(framework: Framework, steps: int = STEPS) -> Framework:
    """Compiled as in the chapter: AdamW, weight decay 0.1, a rate of 0.03 that falls to 0, XLA."""
    rate = keras.optimizers.schedules.CosineDecay(0.03, steps)
    return framework.build(keras.optimizers.AdamW(rate, weight_decay=0.1), jit_compile=True)


def restart(framework: Framework, seed: int) -> None:
    """Put a framework that is built back to the start that this seed gives, without a second tracing: see `Restart`.

    One that was loaded is built again first, for it came trained; its optimiser's settings are those that it was saved with.
    """
    if framework.built and framework.start is None:
        optimizer = framework.model.optimizer
        framework.build(type(optimizer).from_config(optimizer.get_config()), jit_compile=framework.model.jit_compile)
    framework.start(seed)


def compare(
    frameworks: Sequence[Framework], past: Sequence[Logs], future: Sequence[Logs], progress: Progress | None = None, **plan
) -> list[list[Scores]]:
    """Train each framework, built, anew on each seed's logs, and judge it by the later ones: for each framework a `Scores` per seed.

    `plan` goes to `fit`. Seed s starts from `restart(framework, s)` and draws the same rows for all.
    """
    scores, total = [[] for _ in frameworks], len(frameworks) * len(past)
    for seed, (train, test) in enumerate(zip(past, future, strict=True)):
        for framework, found in zip(frameworks, scores):
            restart(framework, seed)
            framework.fit(train, **{"steps": STEPS, "batch": BATCH, "epochs": 1, "seed": seed} | plan)
            found.append(framework.evaluate(test))
            if progress:
                progress(sum(map(len, scores)), total)
    return scores


def report(heads: Sequence[Head], multi: Sequence[Scores], single: Sequence[Scores]) -> list[dict]:
    """A row per task: its measure with one model and alone, means over seeds, and the gain with its 95 % interval, paired by seed.

    `multi` and `single` are what `evaluate` gave, a dict per seed. A gain above 0 is good, of an error too.
    """
    rows = []
    for head in heads:
        together, alone = ([scores[head.name] for scores in runs] for runs in (multi, single))
        gain = metrics.interval(head.task.better * np.subtract(together, alone))
        means = {"multi-task": np.mean(together), "single": np.mean(alone)}
        rows.append({"task": head.name, "measure": head.task.judged_by} | means | {"gain": str(gain)})
    return rows


# ---------------------------------------------------------------- the experiment


def transfer(
    relatedness: float,
    labels: int,
    seeds: int = 5,
    width: int = 8,
    ad_weight: float = 1.0,
    progress: Progress | None = None,
) -> dict:
    """The three tasks in one model, and each alone at the same width and weight, in worlds whose truth is known.

    `relatedness`: correlation of the users' tastes for ads and for items; `labels`: ad impressions to learn from. Returns, a list over
    seeds each, the AUC of the ads `single`, `shared` and `bayes`, the ceiling; recall@10 of the items with `chosen_` before; RMSE
    of the ratings with `rating_` before, of which less is better. `progress(done, total)` counts trainings.
    """
    if labels < 1:
        raise ValueError(f"labels: expected 1 or more, found {labels}")
    if seeds < 2:
        raise ValueError(f"seeds: expected 2 or more, found {seeds}")
    past, future = zip(*(logs(World(seed=seed, ad_relatedness=relatedness), labels) for seed in range(seeds)))
    frameworks = [_compiled(width, ad_weight, shared) for shared in (False, True)]
    found = {"relatedness": relatedness, "labels": labels}
    for kind, scores in zip(("single", "shared"), compare(frameworks, past, future, progress)):
        found |= {_measure(task) + kind: [run[task] for run in scores] for task in TASKS}
    return found | {"bayes": [metrics.auc(ads["ad_click"], ads["p_ad_click"]) for _, ads, _ in future]}


@lru_cache(maxsize=4)
def _compiled(width: int, weight: float, shared: bool) -> Framework:
    return built(declare(width, weight, shared))


def _measure(task: str) -> str:
    return "" if task == "ad_click" else f"{task}_"


def gain(result: dict, task: str = "ad_click") -> metrics.Interval:
    """Mean and 95 % interval, paired by seed, of what sharing gains: AUC, recall, or stars of RMSE less."""
    name, better = _measure(task), next(goal.better for goal in declare().tasks if goal.name == task)
    return metrics.interval(better * np.subtract(result[f"{name}shared"], result[f"{name}single"]))


# ---------------------------------------------------------------- what ships with the package

RELATEDNESS = (0.0, 0.5, 0.95)
LABELS = (2_000, 8_000, 30_000)
CURES = {"as on the map": (8, 1.0), "wider": (24, 1.0), "ads weigh 5": (8, 5.0), "wider, and ads weigh 5": (24, 5.0)}


def grid(progress: Progress | None = None) -> dict:
    """`transfer` at every point of RELATEDNESS x LABELS, and at (0, 30 000) with every cure: `{name: width, ad_weight}`."""
    points = [(relatedness, labels) for relatedness in RELATEDNESS for labels in LABELS]
    return {
        "axes": [
            {"name": "relatedness", "label": "Relatedness of ads to items", "values": list(RELATEDNESS)},
            {"name": "labels", "label": "Labels of the ad task", "values": list(LABELS)},
        ],
        "cells": [_rounded(transfer(*point)) for point in counted(points, progress)],
        "cures": {name: _rounded(transfer(0.0, 30_000, width=w, ad_weight=a)) for name, (w, a) in CURES.items()},
        "recipe": "mtl_lessons.three_tasks.transfer(relatedness, labels): 5 seeds, width 8, ad weight 1, control of the same",
    }


def shipped() -> dict:
    """What `grid` gave when the package was made."""
    return stored.read("three_tasks")


def shipped_at(relatedness: float, labels: int) -> dict:
    """The cell of `shipped` at a point of its axes, as `transfer` returned it."""
    return stored.at(shipped()["cells"], relatedness=relatedness, labels=labels)


def scores_of(result: dict) -> tuple[list[Scores], list[Scores]]:
    """The lists over seeds that `transfer` returns as `(multi, single)`, a dict per seed: what `report` takes."""
    multi, single = (
        [dict(zip(TASKS, run)) for run in zip(*(result[_measure(task) + kind] for task in TASKS))]
        for kind in ("shared", "single")
    )
    return multi, single


def _rounded(result: dict) -> dict:
    return {name: np.round(values, 4).tolist() for name, values in result.items()}
