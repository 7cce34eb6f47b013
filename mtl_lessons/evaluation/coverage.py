"""What an interval covers: whole experiments, repeated.

A recipe A, and B, which has one feature more. In every repetition both are
trained with several seeds on training users of its own, and judged on test
users of its own. The truth is known: the gain of these very models, on many
fresh users whose probabilities are known, and the gain of the *recipe*, the
mean of that over all repetitions. So each kind of interval can be asked how
often it contains the truth that one takes it to be about.
"""

from typing import Any

import numpy as np

from mtl_lessons.metrics import Array, expected_auc, interval
from mtl_lessons.stored import Progress, rounded
from mtl_lessons.world import sigmoid

from .intervals import around, influence, joint, standard_error
from .nets import RankNets

REPETITIONS, SEEDS, FEW = 40, 16, 5
USERS, ROWS = 200, 30  # of training and of test; rows of a user
FRESH = 2000  # users by whom the truth is computed, 10 rows each
FEATURES, EXTRA = 11, 5  # inputs; the one that B alone sees
STEPS = 250
KINDS = ("seeds", "rows", "users", "both")


def people(
    rng: np.random.Generator, users: int = USERS, rows: int = ROWS
) -> dict[str, Array]:
    """Rows of some users: `user`, `x` (rows, 11), `p` and `y`, the label.

    Features 0 to 5 change from row to row, 6 to 10 from user to user. A user has
    a base rate and slopes of their own, which no feature shows: that is why the
    rows of a user belong together.

    >>> rows = people(np.random.default_rng(0), users=3, rows=2)
    >>> rows["user"].tolist(), rows["x"].shape
    ([0, 0, 1, 1, 2, 2], (6, 11))
    """
    user = np.repeat(np.arange(users), rows)
    x = rng.normal(size=(users * rows, FEATURES))
    x[:, 6:] = rng.normal(size=(users, FEATURES - 6))[user]
    weights = np.array([0.35] * 5 + [0.2] + [0.25] * 5)
    slopes = 0.3 * rng.normal(size=(users, 6))
    own = 0.7 * rng.normal(size=users)
    logit = -1.5 + x @ weights + own[user] + (x[:, :6] * slopes[user]).sum(1)
    p = sigmoid(logit)
    return {"user": user, "x": x, "p": p, "y": 1.0 * (rng.random(len(p)) < p)}


def repetition(number: int, seeds: int = SEEDS) -> dict[str, Array]:
    """One whole experiment: `old` and `new` (seeds, rows), the logits on its
    test users, their `y` and `user`, `true`, the true gains (seeds,), and
    `level`, the true AUCs of the old.

    >>> found = repetition(0, seeds=2)
    >>> found["new"].shape, found["true"].shape
    ((2, 6000), (2,))
    """
    rng = np.random.default_rng([93, number])
    train, test = people(rng), people(rng)
    fresh = people(np.random.default_rng(94), FRESH, 10)
    seen = np.ones((2 * seeds, FEATURES))
    seen[:seeds, EXTRA] = 0
    # no two nets start alike: another recipe has other weights to draw
    names = [1000 * number + s for s in range(2 * seeds)]
    nets = RankNets(
        train["x"],
        train["y"][:, None],
        first=np.zeros(2 * seeds, int),
        count=len(train["y"]),
        seen=seen,
        seeds=names,
    )
    nets.fit(STEPS)
    aucs = [
        expected_auc(fresh["p"], logits[:, 0])
        for logits in nets.logits(fresh["x"])
    ]
    scores = nets.logits(test["x"])[:, :, 0]
    return {
        "old": scores[:seeds],
        "new": scores[seeds:],
        "true": np.subtract(aucs[seeds:], aucs[:seeds]),
        "level": np.array(aucs[:seeds]),
        "y": test["y"],
        "user": test["user"],
    }


def measured(found: dict[str, Array]) -> dict[str, Any]:
    """What one repetition says: gains, standard errors, and half-widths of the
    intervals.

    >>> sorted(measured(repetition(0, seeds=5))["halves"]["5"])
    ['both', 'rows', 'seeds', 'users']
    """
    y, user = found["y"], found["user"]
    before = [influence(y, scores) for scores in found["old"]]
    after = [influence(y, scores) for scores in found["new"]]
    gains = np.array([b[0] - a[0] for a, b in zip(before, after)])
    moves = np.array([b[1] - a[1] for a, b in zip(before, after)])
    (_, first), (_, second) = before[0], after[0]
    errors = {
        f"{unit} {how}": value
        for unit, groups in (("rows", None), ("users", user))
        for how, value in (
            ("paired", standard_error(second - first, groups)),
            (
                "unpaired",
                np.hypot(
                    standard_error(first, groups),
                    standard_error(second, groups),
                ),
            ),
        )
    }
    halves = {}
    for n in sorted({min(FEW, len(gains)), len(gains)}):
        mean = np.mean(moves[:n], axis=0)
        seeds = interval(gains[:n])
        by_unit = {
            unit: around(seeds.mean, standard_error(mean, groups))
            for unit, groups in (("rows", None), ("users", user))
        }
        both = joint(by_unit["users"], seeds)
        found_by = {"seeds": seeds, **by_unit, "both": both}
        halves[str(n)] = {
            kind: found_by[kind].high - found_by[kind].mean for kind in KINDS
        }
    return {
        "gains": gains,
        "true": found["true"],
        "errors": errors,
        "halves": halves,
    }


def covered(
    cells: list[dict[str, Any]], seeds: int, kind: str
) -> dict[str, Any]:
    """How often an interval contains what one takes it for.

    `"these models"`: the true mean gain of the very models that it judged;
    `"the recipe"`: the mean true gain over all repetitions. `"half"`: its mean
    half-width.

    >>> from mtl_lessons import stored
    >>> cells = stored.read("evaluation_intervals")["cells"]
    >>> covered(cells, seeds=16, kind="both")["the recipe"] > 0.9
    True
    """
    recipe = np.mean([cell["true"] for cell in cells])
    hits = {"these models": [], "the recipe": []}
    for cell in cells:
        mean = np.mean(cell["gains"][:seeds])
        half = cell["halves"][str(seeds)][kind]
        own = np.mean(cell["true"][:seeds])
        hits["these models"].append(abs(mean - own) < half)
        hits["the recipe"].append(abs(mean - recipe) < half)
    halves = [cell["halves"][str(seeds)][kind] for cell in cells]
    return {name: float(np.mean(hit)) for name, hit in hits.items()} | {
        "half": float(np.mean(halves))
    }


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """Forty repetitions with 16 seeds of both recipes: 1,280 networks."""
    cells = []
    for number in range(REPETITIONS):
        cells.append(rounded_cell(measured(repetition(number))))
        if progress:
            progress(number + 1, REPETITIONS)
    return {
        "users": USERS,
        "rows": ROWS,
        "seeds": SEEDS,
        "steps": STEPS,
        "cells": cells,
    }


def rounded_cell(cell: dict[str, Any]) -> dict[str, Any]:
    """A repetition as JSON has it."""
    return {
        name: (
            {key: rounded(part, 5) for key, part in value.items()}
            if isinstance(value, dict)
            else rounded(value, 5)
        )
        for name, value in cell.items()
    }
