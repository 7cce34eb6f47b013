"""Six ways to use a dense task for a sparse one."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.world import Rows

from . import data
from .training import judged, make_trainee, train


class Way(NamedTuple):
    """A way to train for ads with item clicks beside them: the network, whether
    one setting has to serve both tasks, and the learning rates to try.

    >>> WAYS["one table"].both, WAYS["fine-tuned"].both
    (True, False)
    """

    kind: str
    both: bool
    rates: tuple[float, ...]


class NeighbourTrial(NamedTuple):
    """What is tried: learning rate at the start, strength of the tie, decay.

    >>> len(trials("frozen"))
    15
    """

    rate: float
    tie: float
    decay: float


FAST = (0.96, 0.48, 0.24, 0.12, 0.06)
WIDE = (0.24, 0.06, 0.015, 0.004, 0.001)
WAYS = {
    "alone": Way("single", both=False, rates=FAST),
    "one table": Way("shared", both=True, rates=FAST),
    "tied tables": Way("tied", both=True, rates=(0.12,)),
    "fine-tuned": Way("single", both=False, rates=WIDE),
    "frozen": Way(
        "frozen", both=False, rates=(0.12, 0.06, 0.03, 0.015, 0.0075)
    ),
    "shuffled": Way("shared", both=False, rates=FAST),
}
TIES = (0.008, 0.064, 0.25, 1.0, 4.0)
WAY_DECAYS = (0.05, 1.0, 4.0)


def trials(way: str) -> list[NeighbourTrial]:
    """Fifteen for each way: five rates, or five ties, at three decays; one
    less where a step of decay, rate times decay, would be 2 or more and diverge.

    >>> trials("tied tables")[0]
    NeighbourTrial(rate=0.12, tie=0.008, decay=0.05)
    """
    ties = TIES if way == "tied tables" else (0.0,)
    every = product(WAYS[way].rates, ties, WAY_DECAYS)
    return [NeighbourTrial(*one) for one in every if one[0] * one[2] < 2]


def ways(
    relatedness: float,
    labels: int,
    seeds: int = 5,
    tried: Mapping[str, Sequence[NeighbourTrial]] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Six ways to train for clicks on ads, of which five use clicks on items.

    - `alone`: two tables of users that never meet.
    - `one table`: hard sharing, as in `transfer`.
    - `tied tables`: two tables, drawn to each other by a `Tie`: soft sharing.
    - `fine-tuned`: the table of ads starts from the table that was trained on
      items; then ads alone train it.
    - `frozen`: that table of items is used as it is.
    - `shuffled`: one table, but each item click belongs to another row: a
      control task.

    Of its `trials` (or those that `tried` names) a way takes its own best by
    AUC on the rows between training and test: of ads, or, if one model has to
    serve both tasks, on average of ads and items. Data, steps and the natural
    weight are those of `transfer`.

    Returns for each way `ads` and `items`, the AUC of each seed, and the
    `trial` that was chosen; of `alone` also `items_trial`. Items of ways that
    leave the model of items as it is are those of `alone`; of `shuffled` there
    are none.

    >>> from mtl_lessons.concept import shipped
    >>> related, *_ = shipped()["ways"]
    >>> list(related["found"]) == list(WAYS)
    True
    >>> len(related["found"]["tied tables"]["ads"])
    5
    """
    logs = data.side_by_side_logs(relatedness, labels, seeds)
    weight = labels / data.IMPRESSIONS
    found: dict[str, Any] = {}
    table = None
    for name in counted(list(WAYS), progress):
        way = WAYS[name]
        trainee = make_trainee(*logs.sizes, 4, way.kind)
        past = _shuffled(logs.past, seeds) if name == "shuffled" else logs.past
        start = table if name in ("fine-tuned", "frozen") else None
        runs = []
        for trial in tried[name] if tried else trials(name):
            train(trainee, past, seeds, weight, **trial._asdict(), table=start)
            aucs = judged(way.kind, trainee.model, logs, seeds)
            run = {
                "trial": list(trial),
                "ads": rounded(aucs[way.kind], digits=4),
                "items": rounded(aucs[f"item_{way.kind}"], digits=4),
                "check_ads": aucs[f"check_{way.kind}"],
                "check_items": aucs[f"check_item_{way.kind}"],
                "table": trainee.model.get_layer("users").get_weights(),
            }
            runs.append(run)
        judges = ("check_ads", "check_items") if way.both else ("check_ads",)
        best = best_of(runs, judges)
        found[name] = {part: best[part] for part in ("ads", "items", "trial")}
        if name == "alone":
            of_items = best_of(runs, ["check_items"])
            table = of_items["table"]
            found[name]["items"] = of_items["items"]
            found[name]["items_trial"] = of_items["trial"]
        elif not way.both:
            found[name]["items"] = found["alone"]["items"]
    del found["shuffled"]["items"]
    return {"relatedness": relatedness, "labels": labels, "found": found}


def best_of(
    tried: Sequence[dict[str, Any]], judges: Sequence[str]
) -> dict[str, Any]:
    """The trial with the highest mean of all its seeds under all `judges`.

    >>> tried = [{"check": [0.5, 0.7], "rate": 1}, {"check": [0.7, 0.7], "rate": 2}]
    >>> best_of(tried, ["check"])["rate"]
    2
    """
    return max(tried, key=lambda run: np.mean([run[judge] for judge in judges]))


def _shuffled(past: Rows, seeds: int) -> Rows:
    """The same rows, with the item clicks of each world in another order."""
    clicks = past["item_click"].reshape(-1, seeds)
    order = np.random.default_rng(0).permutation(len(clicks))
    return past | {"item_click": clicks[order].reshape(-1)}
