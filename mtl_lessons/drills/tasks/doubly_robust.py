"""What a new policy would have earned: a model, corrected by the log."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect


def doubly_robust(
    rewards: list[float],
    shown: list[int],
    logged: list[float],
    target: list[list[float]],
    guesses: list[list[float]],
) -> float | None:
    """The value of the new policy per request; None without a request.

    >>> doubly_robust([1.0], [0], [0.5], [[1.0, 0.0]], [[0.5, 0.25]])
    1.5
    """
    total = 0.0
    for row in range(len(rewards)):
        item = shown[row]
        expected = 0.0
        for chance, guess in zip(target[row], guesses[row]):
            expected += chance * guess
        weight = target[row][item] / logged[row]
        missed = rewards[row] - guesses[row][item]
        total += expected + weight * missed
    return total / len(rewards) if rewards else None


def check(answer: Callable) -> None:
    # model 0.8 · 0.4 + 0.2 · 0.2 = 0.36; weight 1.6; missed 1 - 0.4 = 0.6
    expect(
        "parts",
        answer,
        [1.0],
        [0],
        [0.5],
        [[0.8, 0.2]],
        [[0.4, 0.2]],
        gives=0.36 + 1.6 * 0.6,
        instead={
            "model-alone": 0.36,
            "rows-alone": 1.6,
            "not-the-error": 0.36 + 1.6,
            "unweighted": 0.36 + 0.6,
            "sign": 0.36 - 1.6 * 0.6,
            "upside-down": 0.36 + 0.625 * 0.6,
            "new-chance-left-out": 0.36 + 2 * 0.6,
            "shown-item-alone": 0.32 + 1.6 * 0.6,
            "best-guess": 0.4 + 1.6 * 0.6,
        },
    )
    # nobody clicked: 0.4 + 2 · (0 - 0.4)
    expect(
        "no-click",
        answer,
        [0.0],
        [0],
        [0.5],
        [[1.0, 0.0]],
        [[0.4, 0.2]],
        gives=-0.4,
        instead={"clicks-alone": 0.4, "cut-at-zero": 0.0},
    )
    # 0.4 + 4 · 0.6, and 0.4: the new policy would not show the second item
    expect(
        "mean",
        answer,
        [1.0, 1.0],
        [0, 1],
        [0.25, 0.5],
        [[1.0, 0.0], [1.0, 0.0]],
        [[0.4, 0.2], [0.4, 0.2]],
        gives=1.6,
        instead={"rows-left-out": 2.8},
    )
    expect("no-row", answer, [], [], [], [], [], gives=None)
    rng = random.Random(0)
    for _ in range(10):
        log = _log(rng, rows=12)
        expect("any", answer, *log, gives=doubly_robust(*log))


def _log(rng: random.Random, rows: int) -> tuple:
    """Rewards, places, chances, policies and guesses of three candidates."""
    rewards = [float(rng.random() < 0.3) for _ in range(rows)]
    shown = [rng.randrange(3) for _ in rewards]
    logged = [0.02 + 0.5 * rng.random() for _ in rewards]
    target, guesses = [], []
    for _ in rewards:
        parts = [rng.random() for _ in range(3)]
        target.append([part / sum(parts) for part in parts])
        guesses.append([rng.random() for _ in range(3)])
    return rewards, shown, logged, target, guesses
