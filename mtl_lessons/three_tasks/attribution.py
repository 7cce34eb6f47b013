"""Why does a task gain? Controls that take away one explanation each.

A model that shares differs from a single-task model in more than what the other
labels know. It also takes other steps (*optimisation*), is held back by other
losses (*regularisation*), and may have had a better width or rate to begin with
(*capacity*, tuning). A `Trial` says who trains beside the target, and with which
settings:

- `alone`: the target's own model;
- `with partners`: the other two tasks train the user table and the trunk, too;
- `with shuffled partners`: the control task. The same, but the users of the
  other logs are permuted: the same labels, the same losses, as many rows. What
  these logs know about a user is gone, and nothing else.

What a shuffled partner gives as well is not information about users.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mtl_lessons import stored
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import World

from .experiment import PLAN, SEEDS, TEST, built, declare, logs, restart
from .framework import Framework
from .rows import Log

ALONE, PARTNERS, SHUFFLED = (
    "alone",
    "with partners",
    "with shuffled partners",
)


@dataclass(frozen=True)
class Case:
    """A task in a world: relatedness of ads to items, ad labels, and the task
    that is judged.

    >>> Case(0.95, 2_000, "ad_click").target
    'ad_click'
    """

    relatedness: float
    labels: int
    target: str


CASES = {
    "ads that gain": Case(0.95, 2_000, "ad_click"),
    "ratings that gain": Case(0.0, 30_000, "rating"),
    "ads that lose": Case(0.0, 30_000, "ad_click"),
}


@dataclass(frozen=True)
class Trial:
    """Who trains beside the target, and the settings; `weight` is that of the
    ads' loss.

    >>> Trial("alone", width=24)
    Trial(beside='alone', width=24, weight=1.0, rate=0.03, decay=0.1)
    """

    beside: str
    width: int = 8
    weight: float = 1.0
    rate: float = 0.03
    decay: float = 0.1


# A search changes one setting at a time, of the task alone: so no gain of
# sharing is a lack of trials.
AROUND = (
    {},
    {"width": 24},
    {"width": 72},
    {"rate": 0.01},
    {"rate": 0.1},
    {"decay": 0.03},
    {"decay": 0.3},
)
WIDTHS = ({}, {"width": 24}, {"width": 72})
LOUD = ({"width": 24, "weight": 5.0}, {"width": 24, "weight": 25.0})


def trials(case: str) -> list[Trial]:
    """What is trained for a case: more settings for the task alone than for the
    model that shares.

    >>> [trial.beside for trial in trials("ads that gain")].count("alone")
    7
    """
    if case == "ads that lose":
        return _each_seed(PARTNERS, LOUD) + _each_seed(ALONE, WIDTHS)
    return (
        _each_seed(SHUFFLED, [{}])
        + _each_seed(ALONE, AROUND)
        + _each_seed(PARTNERS, [{}])
    )


def _each_seed(
    beside: str, settings: Iterable[Mapping[str, Any]]
) -> list[Trial]:
    return [Trial(beside, **setting) for setting in settings]


def shuffled(log: Log, rng: np.random.Generator) -> dict[str, Any]:
    """The log with its users permuted: every label stays, and belongs to
    another user.

    >>> log = {"user": np.array([1, 2, 3]), "rating": [5, 4, 3]}
    >>> strangers = shuffled(log, np.random.default_rng(0))
    >>> sorted(strangers["user"].tolist()), strangers["rating"]
    ([1, 2, 3], [5, 4, 3])
    """
    return {**log, "user": rng.permutation(log["user"])}


def attempt(
    case: Case, trial: Trial, seeds: int = SEEDS
) -> dict[str, list[float]]:
    """Train one trial of a case in `seeds` worlds; scores of the target.

    They are on the `test` rows of the chapter's experiment, and on as many
    `check` rows, which are neither those nor trained on: settings are chosen by
    them.

    >>> case = Case(0.95, 1_000, "ad_click")
    >>> sorted(attempt(case, Trial("alone", width=2), seeds=1))
    ['check', 'test']
    """
    made = declare(trial.width, trial.weight)
    if trial.beside == ALONE:
        (head,) = [head for head in made.heads if head.name == case.target]
        made = Framework(made.features, [head], made.network)
    framework = built(made, rate=trial.rate, decay=trial.decay)
    scores: dict[str, list[float]] = {"test": [], "check": []}
    for seed in range(seeds):
        world = World(seed=seed, ad_relatedness=case.relatedness)
        past, later = logs(world, case.labels, test=2 * TEST)
        restart(framework, seed)
        beside = _beside(past, case.target, trial.beside, seed)
        framework.fit(beside, seed=seed, **PLAN)
        (rows,) = [log for log in later if case.target in log]
        for part, some in zip(scores, (slice(TEST), slice(TEST, None))):
            judged = {name: column[some] for name, column in rows.items()}
            scores[part].append(_judge(framework, case.target, judged))
    return scores


def _judge(framework: Framework, target: str, log: Log) -> float:
    """What the target is judged by, on rows that have its label alone."""
    (task,) = [task for task in framework.tasks if task.name == target]
    label = np.asarray(log[target])[:, None]
    return task.judge(label, framework.predict(log)[target])


def _beside(
    past: Sequence[Log], target: str, beside: str, seed: int
) -> list[Log]:
    """The logs that train: the target's as it is, the others as the trial has
    them.
    """
    rng = np.random.default_rng(seed)
    kept: list[Log] = []
    for log in past:
        if target in log or beside == PARTNERS:
            kept.append(log)
        elif beside == SHUFFLED:
            kept.append(shuffled(log, rng))
    return kept


# -------------------------------------------------- what ships with the package


def grid(progress: Progress | None = None) -> list[dict[str, Any]]:
    """Every trial of every case: its settings, and its scores over seeds."""
    todo = [(case, trial) for case in CASES for trial in trials(case)]
    found = []
    for case, trial in counted(todo, progress):
        scores = rounded(attempt(CASES[case], trial, SEEDS), digits=4)
        found.append({"case": case} | asdict(trial) | scores)
    return found


def kept(case: str, trial: Trial) -> dict[str, Any]:
    """What is stored of a trial.

    >>> len(kept("ads that gain", Trial("alone"))["test"])
    5
    """
    found = stored.read("three_tasks")["trials"]
    return stored.at(found, case=case, **asdict(trial))


def best(case: str, beside: str) -> dict[str, Any]:
    """The trial that is best on the check rows, of those with these partners.

    >>> best("ratings that gain", "alone")["width"] > 8
    True
    """
    sign = better(case)
    found = [kept(case, t) for t in trials(case) if t.beside == beside]
    return max(found, key=lambda trial: sign * np.mean(trial["check"]))


def better(case: str) -> int:
    """1 if more of the target's measure is better, −1 if less is.

    >>> better("ratings that gain")  # an error
    -1
    """
    target = CASES[case].target
    (sign,) = [task.better for task in declare().tasks if task.name == target]
    return sign


def advantage(
    case: str, one: Mapping[str, Any], other: Mapping[str, Any]
) -> np.ndarray:
    """How much better one trial is than another on the test rows, seed by seed.

    >>> narrow, wide = {"test": [0.9, 0.8]}, {"test": [0.8, 0.75]}
    >>> advantage("ratings that gain", wide, narrow).round(2).tolist()
    [0.1, 0.05]
    """
    return better(case) * np.subtract(one["test"], other["test"])


def comparisons(case: str) -> dict[str, np.ndarray]:
    """What is compared with what, and how much better it is, seed by seed.

    For a case that gains, at the chapter's settings. "Best alone" is the best
    of the task's trials alone, chosen on check rows.

    >>> list(comparisons("ads that gain"))[1]
    'shuffled − alone'
    """
    alone = kept(case, Trial(ALONE))
    shared = kept(case, Trial(PARTNERS))
    strangers = kept(case, Trial(SHUFFLED))
    wide = kept(case, Trial(ALONE, width=24))
    best_alone = best(case, ALONE)
    pairs = {
        "sharing − alone": (shared, alone),
        "shuffled − alone": (strangers, alone),
        "sharing − shuffled": (shared, strangers),
        "wider alone − alone": (wide, alone),
        "sharing − best alone": (shared, best_alone),
    }
    return {name: advantage(case, *pair) for name, pair in pairs.items()}
