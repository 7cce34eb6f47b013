"""A paired bootstrap over users: how sure is the gain of a new model?"""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import called, expect, grows, shown, shown_call
from mtl_lessons.mistake import Mistake


def user_bootstrap(
    users: list[int],
    old: list[float],
    new: list[float],
    draws: int,
    seed: int,
) -> tuple[float, float]:
    """The 95 % interval of the mean gain over rows: `(low, high)`.

    >>> user_bootstrap([1, 1, 2], [3, 4, 8], [4, 5, 9], 50, 0)
    (1.0, 1.0)
    """
    totals: dict[int, list[float]] = {}
    for user, before, after in zip(users, old, new):
        total = totals.setdefault(user, [0.0, 0])
        total[0] += after - before
        total[1] += 1
    names = list(totals)
    rng = random.Random(seed)
    gains = []
    for _ in range(draws):
        drawn = rng.choices(names, k=len(names))
        gain = sum(totals[user][0] for user in drawn)
        rows = sum(totals[user][1] for user in drawn)
        gains.append(gain / rows)
    gains.sort()
    return gains[int(0.025 * draws)], gains[int(0.975 * draws)]


def check(answer: Callable) -> None:
    # every row gains 0.1, whatever its user is like
    users = [row // 2 for row in range(40)]
    old = [float(user % 10) for user in users]
    new = [value + 0.1 for value in old]
    expect(
        "paired",
        answer,
        users,
        old,
        new,
        200,
        0,
        gives=(0.1, 0.1),
        instead={"reversed": (-0.1, -0.1)},
    )
    # 100 users of 10 rows; half of the users gain 1, the others lose 1
    users = [row % 100 for row in range(1000)]
    old = [0.0 for _ in users]
    new = [1.0 if user % 2 else -1.0 for user in users]
    expect(
        "width",
        answer,
        users,
        old,
        new,
        2000,
        0,
        gives=(-0.2, 0.2),
        instead={
            "rows": (-0.062, 0.062),
            "too-narrow": (-0.15, 0.15),
            "not-drawn-again": (0.0, 0.0),
            "one-error": (-0.1, 0.1),
        },
        tolerance=0.025,
    )
    # 60 users of 1 row gain 1, 60 users of 9 rows gain 0
    users = [user for user in range(120) for _ in range(1 + 8 * (user % 2))]
    old = [0.0 for _ in users]
    new = [0.0 if user % 2 else 1.0 for user in users]
    expect(
        "mean-of-users",
        answer,
        users,
        old,
        new,
        1000,
        0,
        gives=(0.072, 0.136),
        tolerance=0.03,
    )
    expect(
        "number-of-rows",
        answer,
        users,
        old,
        new,
        4000,
        0,
        gives=(0.072, 0.136),
        tolerance=0.005,
    )
    _repeats(answer)
    grows("scan", answer, _rows, most=8)


def _repeats(answer: Callable) -> None:
    """The same seed has to give the same interval."""
    rng = random.Random(0)
    users = list(range(30))
    old = [rng.random() for _ in users]
    new = [rng.random() for _ in users]
    given = users, old, new, 50, 1
    first = called(answer, *given)
    second = called(answer, *given)
    if first != second:
        raise Mistake(
            "seed",
            call=f"{shown_call(answer, given)}, twice",
            found=f"{shown(first)}, then {shown(second)}",
            expected="the same interval twice",
        )


def _rows(count: int) -> tuple:
    users = [row % (count // 2) for row in range(count)]
    new = [float(row % 3) for row in range(count)]
    return users, [1.0] * count, new, 40, 0
