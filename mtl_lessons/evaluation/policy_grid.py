"""A place on a page, an old ranking that fills it, and a new one to be judged
on its log: the truth is known here.

Of ten candidates one is shown. The old ranking looks at the first feature most,
the new one at three. The logging policy is a softmax of the old scores: at
temperature 0 it always shows the old ranking's first item, at infinity it
chooses uniformly.
"""

from typing import Any, NamedTuple

import numpy as np

from mtl_lessons.metrics import Array
from mtl_lessons.stored import Progress, rounded
from mtl_lessons.world import sigmoid

from .policies import ESTIMATORS, Logged, effective_share, estimates

CANDIDATES = 10
REWARD = np.array([0.9, -0.7, 0.5, 0.4])  # what makes people click
OLD = np.array([1.0, 0.0, 0.0, 0.3])  # scores of the two rankings
NEW = np.array([0.6, 0.6, 0.6, 0.0])
TEMPERATURES = (0.0, 0.25, 0.5, 1.0, 2.0, np.inf)
CLIPS = (2.0, 5.0, 10.0, 30.0, 100.0, np.inf)
LOGS, ROWS = 300, 2_000
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
RIDGE = 5.0


class Requests(NamedTuple):
    """Requests with their candidates: `x` (rows, K, 4) and `p`, the true click
    rates (rows, K).

    >>> Requests(np.zeros((1, 10, 4)), np.zeros((1, 10))).p.shape
    (1, 10)
    """

    x: Array
    p: Array


def requests(rng: np.random.Generator, rows: int) -> Requests:
    """Some requests. The click rate is a logistic function of the features,
    with a bend that no linear model has.

    >>> requests(np.random.default_rng(0), 3).x.shape
    (3, 10, 4)
    """
    x = rng.normal(size=(rows, CANDIDATES, len(REWARD)))
    bend = 0.8 * np.abs(x[..., 0]) * (x[..., 1] > 0)
    return Requests(x, sigmoid(-1.5 + x @ REWARD + bend))


def policy(scores: Array, temperature: float) -> Array:
    """Chances of the candidates, (rows, K): softmax of `scores / temperature`.

    >>> policy(np.array([[1.0, 0.0]]), 0.0).tolist()
    [[1.0, 0.0]]
    >>> policy(np.array([[1.0, 0.0]]), np.inf).tolist()
    [[0.5, 0.5]]
    """
    if temperature < 0:
        raise ValueError(
            f"temperature: expected 0 or more, found {temperature}"
        )
    if temperature == 0:
        return 1.0 * (scores.argmax(1)[:, None] == np.arange(scores.shape[1]))
    z = scores / temperature
    chances = np.exp(z - z.max(1, keepdims=True))
    return chances / chances.sum(1, keepdims=True)


def truth(rows: int = 400_000) -> dict[str, float]:
    """The true click rates of both rankings' first items.

    >>> truth(20_000)["old"] > truth(20_000)["new"]  # the new one is worse
    True
    """
    rng = np.random.default_rng(95)
    x, p = requests(rng, rows)
    return {
        name: float((policy(x @ scores, 0.0) * p).sum(1).mean())
        for name, scores in (("old", OLD), ("new", NEW))
    }


def linear_guess(x: Array, shown: Array, reward: Array) -> Array:
    """A model of the reward, fitted on the log: linear in the features, and so
    wrong. Shape (rows, K).
    """
    rows = np.arange(len(x))
    inputs = np.column_stack([np.ones(len(x)), x[rows, shown]])
    gram = inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1])
    weights = np.linalg.solve(gram, inputs.T @ reward)
    return weights[0] + x @ weights[1:]


def draw(
    rng: np.random.Generator, temperature: float, rows: int = ROWS
) -> Logged:
    """One log of the old ranking, and what the new one would do.

    >>> log = draw(np.random.default_rng(0), temperature=1.0, rows=50)
    >>> log.target.shape, float(log.target.sum())
    ((50, 10), 50.0)
    """
    x, p = requests(rng, rows)
    chances = policy(x @ OLD, temperature)
    picks = (chances.cumsum(1) < rng.random((rows, 1))).sum(1)
    shown = picks.clip(0, CANDIDATES - 1)
    at = np.arange(rows), shown
    reward = 1.0 * (rng.random(rows) < p[at])
    return Logged(
        reward,
        shown,
        chances[at],
        policy(x @ NEW, 0.0),
        linear_guess(x, shown, reward),
    )


def cell(
    temperature: float, logs: int = LOGS, clips: tuple = CLIPS
) -> list[dict[str, Any]]:
    """What the estimators say of many logs, a record for each clip."""
    found: dict[float, list[list[float]]] = {clip: [] for clip in clips}
    shares, explored = [], []
    for number in range(logs):
        log = draw(_rng(number), temperature)
        for clip in clips:
            said = estimates(log, clip)
            found[clip].append([said[name] for name in ESTIMATORS])
        shares.append(effective_share(log))
        explored.append(np.mean(np.asarray(log.propensity) < 1))
    return [
        {
            "temperature": _written(temperature),
            "clip": _written(clip),
            "effective": round(float(np.mean(shares)), 5),
        }
        | {
            name: {
                "mean": round(float(values.mean()), 5),
                "sd": round(float(values.std(ddof=1)), 5),
                "quantiles": rounded(np.quantile(values, QUANTILES), 4),
            }
            for name, values in zip(ESTIMATORS, np.transpose(found[clip]))
        }
        for clip in clips
    ]


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """All temperatures and clips, 300 logs of 2,000 rows each."""
    cells = []
    for done, temperature in enumerate(TEMPERATURES, 1):
        cells.extend(cell(temperature))
        if progress:
            progress(done, len(TEMPERATURES))
    return {
        "axes": [
            {
                "name": "temperature",
                "values": list(map(_written, TEMPERATURES)),
            },
            {"name": "clip", "values": list(map(_written, CLIPS))},
        ],
        "logs": LOGS,
        "rows": ROWS,
        "quantiles": list(QUANTILES),
        "truth": rounded(truth(), 4),
        "cells": cells,
    }


def _rng(number: int) -> np.random.Generator:
    """The same requests for every temperature."""
    return np.random.default_rng([96, number])


def _written(value: float) -> float:
    """JSON has no infinity: -1 stands for it."""
    return -1.0 if np.isinf(value) else value
