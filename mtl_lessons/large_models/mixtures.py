"""Is a mixture of rows a weight? Two tasks, one shared vector, three ways to
give the second task a share r.

Both tasks are linear regressions with the same inputs; their optima are 2
apart. With loss weights 1 - r and r the optimum lies at the share r of the way
from the first to the second. `share_found` trains and looks how far along that
way the vector ends. All seeds are one array.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from mtl_lessons.metrics import Array
from mtl_lessons.stored import Progress, counted, rounded

D, BATCH, NOISE, STEPS = 10, 32, 0.5, 4000
APART = 2.0  # of the optima, along the first axis
TOKENS = 9  # of an answer of the second task, if answers differ in length
SCHEMES = (
    "loss weights",
    "rows mixed",
    "whole batches",
    "rows mixed, mean over tokens",
)
# name -> the optimiser, its rate, β₂, the norm at which it clips
OPTIMISERS: dict[str, dict[str, Any]] = {
    "SGD": {"rate": 0.02},
    "Adam": {"rate": 0.01, "slow": 0.999},
    "Adam, β₂ = 0.9": {"rate": 0.01, "slow": 0.9},
    "SGD, clipped": {"rate": 0.02, "clip": 0.5},
}


def expected_share(share: float, scale: float = 1.0) -> float:
    """Where the optimum lies if the second task's loss is multiplied by
    `scale`: `s r / (1 - r + s r)`.

    >>> round(expected_share(0.1, scale=30), 3)
    0.769
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share: expected 0 to 1, found {share}")
    return scale * share / (1 - share + scale * share)


def token_share(share: float, tokens: Sequence[float]) -> float:
    """The second task's weight in a mean over tokens.

    >>> token_share(0.1, tokens=(1, 9))
    0.5
    """
    first, second = tokens
    both = (1 - share) * first + share * second
    return share * second / both


def clip(gradient: Array, norm: float) -> Array:
    """Gradients `(seeds, d)`, shortened to `norm` where they are longer.

    >>> clip(np.array([[3.0, 4.0], [0.3, 0.4]]), norm=2.5).tolist()
    [[1.5, 2.0], [0.3, 0.4]]
    """
    lengths = np.linalg.norm(gradient, axis=1, keepdims=True)
    return gradient * np.minimum(1, norm / np.maximum(lengths, 1e-12))


def mixed(
    scheme: str, first: Array, second: Array, share: float, rng: Any
) -> Array:
    """The gradient `(seeds, d)` of a step, of the rows' gradients of each task,
    `(seeds, rows, d)`.
    """
    if scheme == "loss weights":
        return (1 - share) * first.mean(1) + share * second.mean(1)
    seeds, rows, _ = first.shape
    if scheme == "whole batches":
        chosen = rng.random((seeds, 1)) < share
        return np.where(chosen, second.mean(1), first.mean(1))
    of_second = rng.random((seeds, rows, 1)) < share
    rows_of_both = np.where(of_second, second, first)
    if scheme == "rows mixed":
        return rows_of_both.mean(1)
    if scheme == "rows mixed, mean over tokens":
        length = np.where(of_second, float(TOKENS), 1.0)
        return (length * rows_of_both).sum(1) / length.sum(1)
    raise ValueError(
        f"scheme: expected one of {', '.join(SCHEMES)}, found {scheme!r}"
    )


def _update(rate: float, slow: float = 0.0) -> Callable[[Array, int], Array]:
    """What a step adds: SGD, or Adam if `slow` (its β₂) is given."""
    if not slow:
        return lambda gradient, _: -rate * gradient
    mean = square = np.zeros(())

    def adam(gradient: Array, t: int) -> Array:
        nonlocal mean, square
        mean = 0.9 * mean + 0.1 * gradient
        square = slow * square + (1 - slow) * gradient**2
        root = np.sqrt(square / (1 - slow**t)) + 1e-8
        return -rate * mean / (1 - 0.9**t) / root

    return adam


def share_found(
    scheme: str,
    optimiser: str,
    share: float = 0.1,
    scale: float = 1.0,
    seeds: int = 20,
    steps: int = STEPS,
) -> Array:
    """How far from the first optimum to the second the mean of the last half of
    the steps lies, for each seed, `(seeds,)`.

    `scale` multiplies the loss of the second task.

    >>> share_found("loss weights", "SGD", share=0.5, seeds=2, steps=600).round(1)
    array([0.5, 0.5])
    """
    if optimiser not in OPTIMISERS:
        expected = ", ".join(OPTIMISERS)
        raise ValueError(
            f"optimiser: expected one of {expected}, found {optimiser!r}"
        )
    options = dict(OPTIMISERS[optimiser])
    norm = options.pop("clip", None)
    step = _update(**options)
    rng = np.random.default_rng(0)
    optima = np.zeros((2, D))
    optima[1, 0] = APART
    vector, total = np.zeros((seeds, D)), np.zeros((seeds, D))

    def gradients(task: int) -> Array:
        x = rng.normal(size=(seeds, BATCH, D))
        noise = NOISE * rng.normal(size=(seeds, BATCH))
        off = np.einsum("srd,sd->sr", x, vector - optima[task]) + noise
        return off[..., None] * x

    for t in range(1, steps + 1):
        first, second = gradients(0), scale * gradients(1)
        gradient = mixed(scheme, first, second, share, rng)
        if norm:
            gradient = clip(gradient, norm)
        vector = vector + step(gradient, t)
        if t > steps // 2:
            total += vector
    return total[:, 0] / (steps - steps // 2) / APART


PRIVATE = ("loss weight", "rows", "whole batches")


def private_error(
    scheme: str, optimiser: str, share: float = 0.1, steps: int = 300
) -> Array:
    """Squared error left in a head's own weights, which no other task trains,
    for each of 20 seeds.

    >>> private_error("loss weight", "SGD", steps=2).shape
    (20,)
    """
    if scheme not in PRIVATE:
        raise ValueError(
            f"scheme: expected one of {', '.join(PRIVATE)}, found {scheme!r}"
        )
    seeds, target = 20, np.ones(D)
    step = _update(0.01, 0.999) if optimiser == "Adam" else _update(0.05)
    rng, vector = np.random.default_rng(1), np.zeros((20, D))
    for t in range(1, steps + 1):
        x = rng.normal(size=(seeds, BATCH, D))
        noise = NOISE * rng.normal(size=(seeds, BATCH))
        off = np.einsum("srd,sd->sr", x, vector - target) + noise
        rows = off[..., None] * x
        if scheme == "loss weight":
            gradient = share * rows.mean(1)
        elif scheme == "rows":
            mine = rng.random((seeds, BATCH, 1)) < share
            gradient = (rows * mine).mean(1)
        else:
            mine = rng.random((seeds, 1)) < share
            gradient = rows.mean(1) * mine
        vector = vector + step(gradient, t)
    return ((vector - target) ** 2).mean(1)


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """The share found, of 0.1, in all schemes by all optimisers; then with the
    second loss × 30; and what a private head has not learnt.
    """
    points: list[tuple[str, str, float]] = [
        (optimiser, scheme, 1.0)
        for optimiser, scheme in product(OPTIMISERS, SCHEMES[:3])
    ]
    points.append(("SGD", SCHEMES[3], 1.0))
    points += [
        (optimiser, scheme, 30.0)
        for optimiser, scheme in product(("Adam", "SGD, clipped"), SCHEMES[:3])
    ]
    cells = []
    for optimiser, scheme, scale in counted(points, progress):
        found = share_found(scheme, optimiser, scale=scale, steps=STEPS)
        cells.append(
            {"optimiser": optimiser, "scheme": scheme, "scale": scale}
            | {"found": rounded(found, 4)}
        )
    alone = [
        {"optimiser": optimiser, "scheme": scheme}
        | {"error": rounded(private_error(scheme, optimiser), 5)}
        for optimiser, scheme in product(("SGD", "Adam"), PRIVATE)
    ]
    return {
        "recipe": "mtl_lessons.large_models.mixtures.grid",
        "cells": cells,
        "private": alone,
    }
