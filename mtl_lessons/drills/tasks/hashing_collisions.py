"""Hash collisions: how many items share a row, and who is outweighed."""

import random
from collections import Counter
from collections.abc import Callable

from mtl_lessons.drills.probes import expect, grows


def collisions(
    impressions: dict[str, int], row_of: dict[str, int]
) -> tuple[float, float]:
    """The share of items that share their row, and the share of all
    impressions that belong to outweighed items.

    impressions has the number for each item, at least 1; row_of has the
    row of each of these items, 0 or above. An item shares its row if at
    least one other item has it, too. It is outweighed if it has less
    than half of the impressions of its row. Without items both shares
    are 0.

    >>> collisions({"a": 90, "b": 10}, {"a": 5, "b": 3})
    (0.0, 0.0)
    """
    if not impressions:
        return 0.0, 0.0
    items_in = Counter(row_of[item] for item in impressions)
    seen_in: Counter[int] = Counter()
    for item, seen in impressions.items():
        seen_in[row_of[item]] += seen
    sharing = 0
    outweighed = 0
    for item, seen in impressions.items():
        row = row_of[item]
        if items_in[row] > 1:
            sharing += 1
        if seen < seen_in[row] / 2:
            outweighed += seen
    total = sum(impressions.values())
    return sharing / len(impressions), outweighed / total


def check(answer: Callable) -> None:
    # a and b share a row, c has its own; b has 20 of their 70
    expect(
        "who-shares",
        answer,
        {"a": 50, "b": 20, "c": 30},
        {"a": 7, "b": 7, "c": 3},
        gives=(2 / 3, 0.2),
        instead={
            "extra-items": (1 / 3, 0.2),
            "shared-rows": (0.5, 0.2),
            "impressions-that-share": (0.7, 0.2),
            "items-for-impressions": (2 / 3, 1 / 3),
            "all-that-share": (2 / 3, 0.7),
            "dominant-counted": (2 / 3, 0.8),
        },
    )
    expect(
        "just-half",
        answer,
        {"a": 50, "b": 50},
        {"a": 1, "b": 1},
        gives=(1.0, 0.0),
    )
    # the largest of three has less than half, too
    expect(
        "largest-outweighed",
        answer,
        {"a": 40, "b": 35, "c": 25},
        {"a": 4, "b": 4, "c": 4},
        gives=(1.0, 1.0),
    )
    expect("no-items", answer, {}, {}, gives=(0.0, 0.0))
    draw = random.Random(0)
    for _ in range(20):
        items = [f"item {k}" for k in range(draw.randint(1, 12))]
        impressions = {item: draw.randint(1, 50) for item in items}
        row_of = {item: draw.randrange(6) for item in items}
        found = collisions(impressions, row_of)
        expect("other-items", answer, impressions, row_of, gives=found)
    grows("all-pairs", answer, _items, most=8)


def _items(count: int) -> tuple[dict[str, int], dict[str, int]]:
    items = [f"item {k}" for k in range(count)]
    impressions = {item: 1 + k % 17 for k, item in enumerate(items)}
    row_of = {item: k * 37 % count for k, item in enumerate(items)}
    return impressions, row_of
