"""Recall among all items, and among a hundred sampled ones.

Where a rank is known among all items, the metric on sampled negatives can be
computed exactly in expectation: no sampling is needed to see what it does.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from mtl_lessons.metrics import Array
from mtl_lessons.world import World

K, NEGATIVES = 10, 100
USERS, ITEMS, EVENTS, TEST = 400, 1_000, 40_000, 3_000


def ranks(scores: ArrayLike, target: ArrayLike) -> Array:
    """The rank of each row's target among all items, from 0; a tie counts half.

    `scores`: (rows, items), `target`: the item that was wanted, (rows,).

    >>> ranks([[0.1, 0.3, 0.2], [0.5, 0.5, 0.1]], [2, 0]).tolist()
    [1.0, 0.5]
    """
    s, wanted = np.asarray(scores), np.asarray(target)
    own = s[np.arange(len(s)), wanted][:, None]
    return (s > own).sum(1) + ((s == own).sum(1) - 1) / 2


def recall(rank: ArrayLike, k: int = K) -> float:
    """Share of the targets among the first k of all items.

    >>> recall([0, 3, 12, 40], k=10)
    0.5
    """
    return float((np.asarray(rank) < k).mean())


def sampled_recall(
    rank: ArrayLike,
    items: int,
    k: int = K,
    negatives: int = NEGATIVES,
) -> float:
    """The same among the target and `negatives` other items, drawn uniformly
    without repetition, in expectation.

    Of `items - 1` others `rank` are better. The target is among the first k if
    fewer than k of the sampled ones are among those: a hypergeometric chance.
    (Krichene and Rendle 2020.) With `rank / items` small, about `negatives rank /
    items` better ones are drawn: the first 10 of 101 are about the first 10 % of
    all items.

    >>> sampled_recall([0], items=1000), round(sampled_recall([99], items=1000), 2)
    (1.0, 0.46)
    """
    better = np.round(np.asarray(rank)).astype(int)
    if not ((better >= 0) & (better < items)).all():
        raise ValueError(
            f"rank: expected 0 to {items - 1}, found {better.min()} to "
            f"{better.max()}"
        )
    chance = stats.hypergeom.cdf(k - 1, items - 1, np.arange(items), negatives)
    return float(chance[better].mean())


def scorers(seed: int) -> tuple[dict[str, Array], Array, Array]:
    """Scores of every user and item by some methods, and the users and items of
    the test events.

    In the book's world, where people come back to items. Each score has shape
    (users, items): popularity; the user's own history, then popularity; a
    factorisation of log counts with 4 factors; the truth.

    >>> scores, user, item = scorers(seed=0)
    >>> scores["truth"].shape, user.shape
    ((400, 1000), (3000,))
    """
    world = World(seed=seed, users=USERS, items=ITEMS)
    events = world.item_events(EVENTS + TEST)
    user, item = events["user"], events["item"]
    counts = np.zeros((USERS, ITEMS))
    np.add.at(counts, (user[:EVENTS], item[:EVENTS]), 1.0)
    popularity = np.log(counts.sum(0) + 0.5)
    centred = np.log1p(counts) - np.log1p(counts).mean(0)
    # the 4 largest factors, by the smaller side
    values, vectors = np.linalg.eigh(centred @ centred.T)
    left = vectors[:, np.argsort(values)[::-1][:4]]
    found = {
        "popularity": np.tile(popularity, (USERS, 1)),
        "own history": counts + 1e-3 * popularity,
        "4 factors": left @ (left.T @ centred),
        "truth": np.log(world.item_probabilities()),
    }
    return found, user[EVENTS:], item[EVENTS:]


def two_recalls(seed: int) -> dict[str, dict[str, float]]:
    """Recall@10 in full and sampled, and recall@100 in full, by method.

    >>> found = two_recalls(seed=0)
    >>> found["truth"]["all items"] > found["popularity"]["all items"]
    True
    """
    scores, user, item = scorers(seed)
    found = {}
    for name, table in scores.items():
        rank = ranks(table[user], item)
        found[name] = {
            "all items": recall(rank),
            "sampled": sampled_recall(rank, ITEMS),
            "first 100": recall(rank, 100),
        }
    return found
