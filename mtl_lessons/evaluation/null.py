"""Many comparisons of things that are all the same.

250 networks of one recipe, on one data set with six tasks. Whatever a table of
"new models against the baseline" finds among them is luck.
"""

from typing import Any

import numpy as np
from scipy import stats

from mtl_lessons.metrics import Array, auc, holm
from mtl_lessons.stored import Progress, rounded
from mtl_lessons.world import sigmoid

from .nets import RankNets

NETS, TASKS, MODELS, SEEDS = 250, 6, 4, 5
INPUTS, COMMON = 16, 8  # of a row; hidden features that all tasks share
ROWS, TEST, STEPS, HIDDEN = 6_000, 20_000, 400, 12
CHUNK = 25  # nets that are trained at once


def data() -> tuple[Array, Array]:
    """Inputs (26,000, 16) and the labels of six tasks (26,000, 6); the first
    6,000 rows are to learn from.

    >>> x, y = data()
    >>> x.shape, y.shape
    ((26000, 16), (26000, 6))
    """
    rng = np.random.default_rng(97)
    x = rng.normal(size=(ROWS + TEST, INPUTS))
    hidden = np.maximum(x @ rng.normal(size=(INPUTS, COMMON)) / 4, 0)
    weights = 3.75 * rng.normal(size=(COMMON, TASKS)) / np.sqrt(COMMON)
    p = sigmoid(hidden @ weights - 1)
    return x, 1.0 * (rng.random(p.shape) < p)


def aucs(seeds: range) -> Array:
    """Test AUC of each net and task, shape (nets, 6)."""
    x, y = data()
    nets = RankNets(
        x,
        y,
        first=np.zeros(len(seeds), int),
        count=ROWS,
        seen=np.ones((len(seeds), INPUTS)),
        seeds=list(seeds),
        hidden=HIDDEN,
    )
    nets.fit(STEPS)
    scores, labels = nets.logits(x[ROWS:]), y[ROWS:]
    return np.array(
        [[auc(labels[:, t], own[:, t]) for t in range(TASKS)] for own in scores]
    )


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """The AUCs of all nets."""
    found = []
    for first in range(0, NETS, CHUNK):
        found.extend(aucs(range(first, first + CHUNK)))
        if progress:
            progress(first + CHUNK, NETS)
    return {
        "tasks": TASKS,
        "rows": ROWS,
        "test": TEST,
        "cells": [
            {"seed": n, "auc": rounded(a, 5)} for n, a in enumerate(found)
        ],
    }


def tables(
    found: Array, count: int, models: int = MODELS, seeds: int = SEEDS
) -> dict[str, float]:
    """Shares of tables in which luck looks like a result.

    `found`: AUCs of nets of one recipe, (nets, tasks). A table draws `models`
    "new models" and a baseline, `seeds` nets each, and tests every cell by a t-test over paired
    differences.

    >>> rng = np.random.default_rng(0)
    >>> shares = tables(0.7 + 0.005 * rng.normal(size=(100, 6)), count=50)
    >>> shares["some cell is significant"] > shares["... after Holm's correction"]
    True
    """
    found = np.asarray(found)
    if len(found) < (models + 1) * seeds:
        raise ValueError(
            f"found: expected {(models + 1) * seeds} nets or more, found "
            f"{len(found)}"
        )
    rng = np.random.default_rng(0)
    says: dict[str, list[float]] = {}
    for _ in range(count):
        picked = rng.choice(len(found), (models + 1) * seeds, replace=False)
        runs = found[picked].reshape(models + 1, seeds, -1)
        means = runs.mean(1)
        gains = runs[1:] - runs[0]
        mean = gains.mean(1)
        error = gains.std(1, ddof=1) / np.sqrt(seeds)
        p = 2 * stats.t.sf(np.abs(mean / error), seeds - 1)
        better = mean > 0
        corrected = np.reshape(holm(p.ravel()), p.shape)
        best = runs[1:].max(1)
        for name, value in {
            "some cell is significant": ((p < 0.05) & better).any(),
            "... after Holm's correction": ((corrected < 0.05) & better).any(),
            "some model is better on all tasks": better.all(1).any(),
            "best seed of some model beats the baseline's mean on all tasks": (
                (best > means[0]).all(1).any()
            ),
            "cells significant": ((p < 0.05) & better).mean(),
            "bold cells that are not the baseline": (
                (means.argmax(0) > 0).sum()
            ),
        }.items():
            says.setdefault(name, []).append(float(value))
    return {name: float(np.mean(values)) for name, values in says.items()}
