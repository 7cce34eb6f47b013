"""Which tasks share a network, under a budget of networks."""

import random
from collections.abc import Callable, Sequence
from itertools import product

from mtl_lessons.drills.probes import expect


def group_choice(gain: list[list[float]], budget: int) -> list[list[int]]:
    """The best way to divide the tasks among at most `budget` networks.

    gain[i][j] is what task i as a helper does for task j; the diagonal
    means nothing. There are 1 to 6 tasks, the budget is at least 1, and
    there is never a tie. Each group is a list of tasks, ascending; the
    groups are sorted by their first task.

    >>> group_choice([[0.0, 0.1], [0.2, 0.0]], budget=2)
    [[0, 1]]
    """
    tasks = range(len(gain))
    networks = range(min(budget, len(gain)))
    choices = product(networks, repeat=len(gain))
    best = max(choices, key=lambda choice: value(gain, choice))
    groups = [[t for t in tasks if best[t] == n] for n in networks]
    return sorted(group for group in groups if group)


def value(gain: list[list[float]], choice: Sequence[int]) -> float:
    """The sum over tasks, if task t is in the network choice[t]."""
    total = 0.0
    for task, own in enumerate(choice):
        together = [t for t, n in enumerate(choice) if n == own]
        helpers = [t for t in together if t != task]
        if helpers:
            helped = sum(gain[t][task] for t in helpers)
            total += helped / len(helpers)
    return total


def check(answer: Callable) -> None:
    # 0 and 1 help each other, 2 hurts and is hurt
    gain = [[0.0, 0.2, -0.1], [0.2, 0.0, -0.1], [-0.1, -0.1, 0.0]]
    expect(
        "who-helps",
        answer,
        gain,
        2,
        gives=[[0, 1], [2]],
        instead={"task-dropped": [[0, 1]]},
    )
    # all three: .3; two and one: .2; each alone: 0
    expect(
        "at-most",
        answer,
        _symmetric(3, {}, rest=0.1),
        3,
        gives=[[0, 1, 2]],
        instead={"budget-used-up": [[0], [1], [2]]},
    )
    expect(
        "alone",
        answer,
        _symmetric(3, {}, rest=-0.1),
        3,
        gives=[[0], [1], [2]],
    )
    expect(
        "over-budget",
        answer,
        _symmetric(3, {(0, 1): -0.1}, rest=-0.2),
        2,
        gives=[[0, 1], [2]],
    )
    # two pairs: 4 · .3 = 1.2; all four: 4 · (.3 + .1 + .1) / 3 = .67
    expect(
        "mean-of-helpers",
        answer,
        _symmetric(4, {(0, 1): 0.3, (2, 3): 0.3}, rest=0.1),
        2,
        gives=[[0, 1], [2, 3]],
    )
    # three: 3 · .3 = .9; all four: (6 · .3 + 6 · .08) / 3 = .76
    trio = {(0, 1): 0.3, (0, 2): 0.3, (1, 2): 0.3}
    expect(
        "sum-over-tasks",
        answer,
        _symmetric(4, trio, rest=0.08),
        2,
        gives=[[0, 1, 2], [3]],
    )
    # a pair: 2 · .35 = .7; all three: (2 · .35 + 4 · .15) / 2 = .65
    expect(
        "helpers-alone",
        answer,
        _symmetric(3, {(0, 1): 0.35}, rest=0.15),
        2,
        gives=[[0, 1], [2]],
    )
    # 0-2 and 1-3: 1.6; the best pair first, 0-1, ends at .9
    pairs = {(0, 1): 0.5, (0, 2): 0.4, (1, 3): 0.4, (2, 3): -1.0}
    expect(
        "greedy",
        answer,
        _symmetric(4, pairs, rest=0.0),
        2,
        gives=[[0, 2], [1, 3]],
    )
    # 0 helps 1 by .3, and is hurt by .5
    expect(
        "both-directions",
        answer,
        [[0.0, 0.3], [-0.5, 0.0]],
        2,
        gives=[[0], [1]],
    )
    expect("one-task", answer, [[0.0]], 3, gives=[[0]])
    draw = random.Random(0)
    for budget in (1, 2, 3, 4):
        for mean in (0.0, -0.5, -0.9):
            gain = [[draw.gauss(mean, 1) for _ in range(5)] for _ in range(5)]
            found = group_choice(gain, budget)
            expect("other-gains", answer, gain, budget, gives=found)


def _symmetric(
    tasks: int, pairs: dict[tuple[int, int], float], rest: float
) -> list[list[float]]:
    """Gains that are alike in both directions."""
    return [
        [
            0.0 if i == j else pairs.get((min(i, j), max(i, j)), rest)
            for j in range(tasks)
        ]
        for i in range(tasks)
    ]
