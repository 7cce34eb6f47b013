"""Which runs are on the Pareto front of two heads, in O(n log n)."""

import random
from collections.abc import Callable
from itertools import groupby
from math import inf

from mtl_lessons.drills.probes import expect, grows


def pareto(runs: list[tuple[float, float]]) -> list[int]:
    """The positions of the runs that no other run dominates, ascending.

    A run is the AUC of clicks and the AUC of purchases: higher is
    better. It is dominated if another run is at least as good at both,
    and better at one. Equal runs do not dominate each other.

    >>> pareto([(0.75, 0.62), (0.74, 0.61)])
    [0]
    """
    kept = []
    best = -inf  # AUC of purchases, among runs with more clicks
    best_first = sorted(range(len(runs)), key=lambda i: runs[i])[::-1]
    for _, group in groupby(best_first, key=lambda i: runs[i][0]):
        equal_clicks = list(group)
        top = runs[equal_clicks[0]][1]
        if top > best:
            kept += [i for i in equal_clicks if runs[i][1] == top]
            best = top
    return sorted(kept)


def check(answer: Callable) -> None:
    expect(
        "dominated",
        answer,
        [(0.72, 0.60), (0.75, 0.62), (0.70, 0.66)],
        gives=[1, 2],
        instead={
            "lower-is-better": [0, 2],
            "runs-not-places": [(0.75, 0.62), (0.70, 0.66)],
        },
    )
    # the middle run lies below the line between the two others
    expect(
        "inside-a-dent",
        answer,
        [(0.70, 0.66), (0.72, 0.62), (0.76, 0.60)],
        gives=[0, 1, 2],
        instead={"in-order-of-score": [2, 1, 0]},
    )
    expect(
        "equal-at-one",
        answer,
        [(0.75, 0.60), (0.75, 0.62), (0.70, 0.62)],
        gives=[1],
        instead={"strictly-both": [0, 1, 2]},
    )
    expect(
        "equal-runs",
        answer,
        [(0.75, 0.62), (0.70, 0.60), (0.75, 0.62)],
        gives=[0, 2],
        instead={"both-dropped": [], "one-kept": [0]},
    )
    expect("no-runs", answer, [], gives=[])
    draw = random.Random(0)
    for _ in range(30):
        runs = [
            (draw.randint(1, 6) / 10, draw.randint(1, 6) / 10) for _ in range(8)
        ]
        expect("other-runs", answer, runs, gives=pareto(runs))
    grows("all-pairs", answer, _front, most=8)


def _front(count: int) -> tuple[list[tuple[float, float]]]:
    """Runs that are all on the front, shuffled."""
    places = [row * 37 % count for row in range(count)]
    return ([(place / count, 1 - place / count) for place in places],)
