"""AUC within users, averaged by their rows."""

import random
from collections import defaultdict
from collections.abc import Callable

from mtl_lessons.drills.probes import expect, grows


def auc(rows: list[tuple[int, float]]) -> float | None:
    """How often a positive row is above a negative one, or None."""
    positives = [score for label, score in rows if label == 1]
    negatives = [score for label, score in rows if label == 0]
    if not positives or not negatives:
        return None
    won = 0.0
    for positive in positives:
        for negative in negatives:
            if positive > negative:
                won += 1
            elif positive == negative:
                won += 0.5
    return won / (len(positives) * len(negatives))


def gauc(
    users: list,
    labels: list[int],
    scores: list[float],
) -> float | None:
    """The AUC within each user, averaged with weight = rows of the user.

    None if no user has both labels.

    >>> users = ["ann", "ann", "bob", "bob"]
    >>> gauc(users, [0, 1, 0, 1], [0.1, 0.2, 0.8, 0.9])
    1.0
    """
    rows_of = defaultdict(list)
    for user, label, score in zip(users, labels, scores):
        rows_of[user].append((label, score))
    total = 0.0
    weight = 0
    for rows in rows_of.values():
        value = auc(rows)
        if value is not None:
            total += len(rows) * value
            weight += len(rows)
    return total / weight if weight else None


def check(answer: Callable) -> None:
    # pooled, two of the four pairs between users are lost
    users = ["ann", "ann", "bob", "bob"]
    labels = [1, 0, 1, 0]
    expect(
        "within",
        answer,
        users,
        labels,
        [0.9, 0.8, 0.2, 0.1],
        gives=1.0,
        instead={"pooled": 0.75, "upside-down": 0.0},
    )
    expect(
        "not-together",
        answer,
        ["ann", "bob", "ann", "bob"],
        [1, 0, 0, 1],
        [0.9, 0.1, 0.8, 0.2],
        gives=1.0,
    )
    # ann: AUC 0 of 2 rows; bob: AUC 1 of 6 rows, 2 of them positive
    expect(
        "weights",
        answer,
        ["ann"] * 2 + ["bob"] * 6,
        [1, 0, 1, 1, 0, 0, 0, 0],
        [0.1, 0.9, 0.8, 0.7, 0.4, 0.3, 0.2, 0.1],
        gives=0.75,
        instead={"by-users": 1 / 2, "by-clicks": 2 / 3, "by-pairs": 8 / 9},
    )
    # bob has no click, and cem nothing else
    expect(
        "one-class",
        answer,
        ["ann", "ann", "bob", "bob", "cem", "cem"],
        [1, 0, 0, 0, 1, 1],
        [0.9, 0.1, 0.5, 0.4, 0.5, 0.4],
        gives=1.0,
        instead={"counted-as-half": 2 / 3, "counted-as-zero": 1 / 3},
    )
    expect(
        "ties",
        answer,
        ["ann", "ann", "bob", "bob"],
        [1, 0, 0, 1],
        [0.5, 0.5, 0.5, 0.5],
        gives=0.5,
    )
    expect("nobody", answer, ["ann", "bob"], [1, 0], [0.9, 0.1], gives=None)
    expect("nobody", answer, [], [], [], gives=None)
    rng = random.Random(0)
    for _ in range(20):
        users = [rng.randrange(6) for _ in range(40)]
        labels = [int(rng.random() < 0.3) for _ in users]
        scores = [rng.random() for _ in users]
        gives = gauc(users, labels, scores)
        expect("any-rows", answer, users, labels, scores, gives=gives)
    grows("scan", answer, _rows, most=8)


def _rows(count: int) -> tuple[list[int], list[int], list[float]]:
    """Four rows of each user, not together."""
    users = [row % (count // 4) for row in range(count)]
    labels = [int(row < count // 2) for row in range(count)]
    return users, labels, [(row * 37 % count) / count for row in range(count)]
