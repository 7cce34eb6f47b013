"""Recall@k of a retrieval stage, as a mean over users."""

import random
from collections.abc import Callable

from mtl_lessons.drills.probes import expect


def recall_at_k(
    ranked: dict[str, list[str]],
    relevant: dict[str, set[str]],
    seen: dict[str, set[str]],
    k: int,
) -> float | None:
    """The share of a user's relevant items among the k that are shown.

    The mean over users with a relevant item; None if there is none.

    >>> recall_at_k({"ann": ["a", "b"]}, {"ann": {"b", "c"}}, {}, 2)
    0.5
    """
    recalls = []
    for user, wanted in relevant.items():
        if not wanted:
            continue
        old = seen.get(user, set())
        new = [item for item in ranked.get(user, []) if item not in old]
        hits = sum(item in wanted for item in new[:k])
        recalls.append(hits / len(wanted))
    return sum(recalls) / len(recalls) if recalls else None


def check(answer: Callable) -> None:
    # one relevant item, and it is shown
    expect(
        "few-relevant",
        answer,
        {"ann": ["a", "b", "c"]},
        {"ann": {"a"}},
        {},
        2,
        gives=1.0,
        instead={"precision": 1 / 2},
    )
    expect(
        "below-k",
        answer,
        {"ann": ["x", "y", "a"]},
        {"ann": {"a"}},
        {},
        2,
        gives=0.0,
    )
    # one of four relevant items; two places
    expect(
        "many-relevant",
        answer,
        {"ann": ["a", "x", "b", "c"]},
        {"ann": {"a", "b", "c", "d"}},
        {},
        2,
        gives=1 / 4,
        instead={"capped": 1 / 2, "hit-rate": 1.0},
    )
    expect(
        "seen",
        answer,
        {"ann": ["old", "a", "b"]},
        {"ann": {"a", "b"}},
        {"ann": {"old"}},
        2,
        gives=1.0,
    )
    expect(
        "mean",
        answer,
        {"ann": ["a", "x"], "bob": ["x", "y"]},
        {"ann": {"a"}, "bob": {"b", "c", "d"}},
        {},
        2,
        gives=1 / 2,
        instead={"pooled": 1 / 4},
    )
    expect(
        "nothing-relevant",
        answer,
        {"ann": ["a", "x"], "bob": ["x", "y"]},
        {"bob": set(), "ann": {"a", "b"}},
        {},
        2,
        gives=1 / 2,
        instead={"empty-is-zero": 1 / 4, "empty-is-one": 3 / 4},
    )
    expect(
        "no-list",
        answer,
        {"ann": ["a", "x"]},
        {"ann": {"a"}, "bob": {"b"}},
        {},
        2,
        gives=1 / 2,
    )
    expect("nobody", answer, {"ann": ["a"]}, {"ann": set()}, {}, 2, gives=None)
    expect("nobody", answer, {}, {}, {}, 2, gives=None)
    rng = random.Random(0)
    items = [f"item{number}" for number in range(12)]
    for _ in range(20):
        ranked, relevant, seen = {}, {}, {}
        for user in ("ann", "bob", "cem", "dan"):
            wanted = rng.sample(items, rng.randrange(5))
            relevant[user] = set(wanted)
            ranked[user] = rng.sample(items, rng.randrange(4, 12))
            others = [item for item in items if item not in wanted]
            seen[user] = set(rng.sample(others, 3))
        del seen["dan"]
        k = rng.randrange(1, 6)
        gives = recall_at_k(ranked, relevant, seen, k)
        expect("any", answer, ranked, relevant, seen, k, gives=gives)
