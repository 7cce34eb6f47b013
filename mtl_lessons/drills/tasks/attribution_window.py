"""Which click gets the order: the last one, within a window."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect, grows, survives

Timed = list[tuple[str, float]]


def orders_of_clicks(
    clicks: list[tuple[str, float]],
    orders: list[tuple[str, float]],
    window: float,
) -> list[int]:
    """The label of each click: how many orders are attributed to it.

    clicks, orders: (user, day), in any sequence; no user has two clicks
    at one moment. An order goes to its user's last click that is not
    after it, if it comes at most `window` days after that click, else to
    none. The labels stand in the sequence of `clicks`.

    >>> clicks = [("ann", 1.0), ("bob", 1.0)]
    >>> orders_of_clicks(clicks, [("ann", 2.0)], 7.0)
    [1, 0]
    """
    events = [(day, 1, user, -1) for user, day in orders]
    for row, (user, day) in enumerate(clicks):
        events.append((day, 0, user, row))  # 0: before an order
    labels = [0] * len(clicks)
    last: dict[str, int] = {}  # by user, the row of the last click so far
    for day, is_order, user, row in sorted(events):
        if not is_order:
            last[user] = row
        elif user in last and day - clicks[last[user]][1] <= window:
            labels[last[user]] += 1
    return labels


def check(answer: Callable) -> None:
    two = [("ann", 1.0), ("ann", 3.0)]
    expect(
        "last-click",
        answer,
        two,
        [("ann", 5.0)],
        7.0,
        gives=[0, 1],
        instead={
            "any-click": [1, 1],
            "first-click": [1, 0],
            "shared-out": [0.5, 0.5],
        },
    )
    expect(
        "after-the-order",
        answer,
        [("ann", 1.0), ("ann", 6.0)],
        [("ann", 5.0)],
        7.0,
        gives=[1, 0],
    )
    expect(
        "own-user",
        answer,
        [("ann", 1.0), ("bob", 3.0)],
        [("ann", 5.0)],
        7.0,
        gives=[1, 0],
    )
    expect(
        "window",
        answer,
        [("ann", 1.0)],
        [("ann", 9.0)],
        7.0,
        gives=[0],
    )
    for day in (8.0, 1.0):
        expect(
            "ends-count",
            answer,
            [("ann", 1.0)],
            [("ann", day)],
            7.0,
            gives=[1],
        )
    expect(
        "several-orders",
        answer,
        two,
        [("ann", 2.0), ("ann", 4.0), ("ann", 5.0)],
        7.0,
        gives=[1, 2],
    )
    expect(
        "sequence",
        answer,
        [("ann", 3.0), ("bob", 2.0), ("ann", 1.0)],
        [("ann", 5.0), ("bob", 4.0), ("ann", 2.0)],
        7.0,
        gives=[1, 1, 1],
    )
    expect(
        "sequence",
        answer,
        [("ann", 3.0), ("ann", 1.0)],
        [("ann", 5.0)],
        7.0,
        gives=[1, 0],
    )
    survives("no-click", answer, [], [("ann", 5.0)], 7.0, gives=[])
    survives(
        "no-click",
        answer,
        [("ann", 3.0)],
        [("bob", 5.0), ("ann", 2.0)],
        7.0,
        gives=[0],
    )
    clicks, orders = _log(random.Random(0))
    right = orders_of_clicks(clicks, orders, 2.0)
    expect("last-click", answer, clicks, orders, 2.0, gives=right)
    grows("all-pairs", answer, _busy, most=8)


def _log(chance: random.Random) -> tuple[Timed, Timed]:
    """Forty clicks and twenty orders of three users."""

    def event() -> tuple[str, float]:
        return chance.choice(["ann", "bob", "eve"]), chance.uniform(0, 30)

    return [event() for _ in range(40)], [event() for _ in range(20)]


def _busy(count: int) -> tuple[Timed, Timed, float]:
    """One user with as many clicks as orders, none in sequence."""
    days = [row * 37 % count for row in range(count)]
    clicks = [("ann", float(day)) for day in days]
    return clicks, [("ann", day + 0.5) for day in days], 7.0
