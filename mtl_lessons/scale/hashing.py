"""More ids than rows: which hash, whom its collisions hurt, and what cures it.

Importing this module imports TensorFlow.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from mtl_lessons import stored
from mtl_lessons.metrics import Interval, interval
from mtl_lessons.stored import Progress, counted, rounded

from .clicks import Codes, Worlds, aucs, own_rows, trained
from .rows import RowAdagrad

SEEDS, USERS, ITEMS, ROWS, EPOCHS = 5, 600, 5000, 250_000, 4
TABLES = (2500, 1000, 300)  # rows for the 5000 items
# how often an item was seen in training: from, to
SEEN = {"10-30": (10, 30), "30-100": (30, 100), "over 100": (100, 10**9)}
RATE, START = 0.3, 1e-6


def hashed(ids: np.ndarray, rows: int, salt: int = 0) -> np.ndarray:
    """A row of the table for each id, by a hash (splitmix64's mixing).

    Another `salt` is another hash.

    >>> hashed(np.arange(4), rows=10).tolist() == hashed(np.arange(4), 10).tolist()
    True
    >>> bool((hashed(np.arange(1000), rows=10) < 10).all())
    True
    """
    if rows < 1:
        raise ValueError(f"rows: expected at least 1, found {rows}")
    with np.errstate(over="ignore"):
        x = np.asarray(ids).astype(np.uint64) + np.uint64(salt + 1)
        x *= np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return (x % np.uint64(rows)).astype("int64")


def alone(ids: int, rows: int) -> float:
    """The expected share of ids that share their row with no other: `(1 −
    1/rows)^(ids − 1)`.

    >>> round(alone(ids=5000, rows=2500), 3)
    0.135
    """
    return (1 - 1 / rows) ** (ids - 1)


def one_hash(counts: np.ndarray, rows: int, salt: int) -> Codes:
    """Each item is one row, by a hash.

    >>> one_hash(np.zeros(4), rows=2, salt=0).shape
    (4, 1)
    """
    return hashed(np.arange(len(counts)), rows, salt)[:, None]


def two_hashes(counts: np.ndarray, rows: int, salt: int) -> Codes:
    """Each item is the sum of two rows, one from each half of the table (after
    Shi et al., 2020).

    >>> two_hashes(np.zeros(4), rows=6, salt=0).shape
    (4, 2)
    """
    ids, half = np.arange(len(counts)), rows // 2
    first = hashed(ids, half, 2 * salt)
    second = hashed(ids, rows - half, 2 * salt + 1)
    return np.stack([first, half + second], axis=1)


def frequent_own(counts: np.ndarray, rows: int, salt: int) -> Codes:
    """Half of the rows belong to the most frequent items, one each; the rest
    share the other half, by a hash.

    >>> frequent_own(np.array([1, 9, 5, 1]), rows=4, salt=0)[1:3].tolist()
    [[0], [1]]
    """
    half = rows // 2
    codes = half + hashed(np.arange(len(counts)), rows - half, salt)
    codes[np.argsort(-counts, kind="stable")[:half]] = np.arange(half)
    return codes[:, None]


WAYS = {
    "one hash": one_hash,
    "two hashes": two_hashes,
    "frequent own": frequent_own,
}


def coded(worlds: Worlds, way: str, rows: int) -> list[Codes]:
    """The rows of every item, in every world, by one of `WAYS`.

    Raises `ValueError` for another way.

    >>> coded(Worlds(1, users=50, items=20, rows=500), "no hash", 10)
    Traceback (most recent call last):
        ...
    ValueError: way: expected one of one hash, two hashes, frequent own, found 'no hash'
    """
    if way not in WAYS:
        expected = ", ".join(WAYS)
        raise ValueError(f"way: expected one of {expected}, found {way!r}")
    return [
        WAYS[way](counts, rows, salt)
        for salt, counts in enumerate(worlds.counts)
    ]


def judged(
    worlds: Worlds, codes: Sequence[Codes], start: float = START
) -> dict[str, list[float]]:
    """Train with these rows; expected AUC of each world on all later rows, and
    on those of items seen so often.

    >>> # a call trains for half a minute; the stored grid has what it returns
    >>> sorted(stored.at(shipped()["cells"], way="own rows"))
    ['10-30', '30-100', 'all', 'codes', 'over 100', 'rows', 'way']
    """
    optimizer = partial(RowAdagrad, RATE, initial_accumulator_value=start)
    scores = trained(worlds, codes, optimizer, EPOCHS)[-1]
    result = {"all": aucs(worlds, scores)}
    for name, where in seen(worlds).items():
        result[name] = aucs(worlds, scores, where)
    return result


def seen(worlds: Worlds) -> dict[str, np.ndarray]:
    """Which later rows show an item that was seen so often, `(rows, seeds)`."""
    item = worlds.future["item"]
    times = worlds.counts[np.arange(worlds.seeds), item]
    return {
        name: (times >= low) & (times < high)
        for name, (low, high) in SEEN.items()
    }


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """Own rows (with Keras' start of Adagrad and a smaller one), and every way
    at every size of the table.
    """
    worlds = Worlds(SEEDS, USERS, ITEMS, ROWS)
    arms = [("own rows", ITEMS), ("own rows, start 0.1", ITEMS)]
    arms += [(way, rows) for rows in TABLES for way in WAYS]
    truth = worlds.future["p_click"]
    bayes = {"all": aucs(worlds, truth)} | {
        name: aucs(worlds, truth, where) for name, where in seen(worlds).items()
    }
    shares = {name: where.mean() for name, where in seen(worlds).items()}
    cells = [{"way": "bayes", "rows": ITEMS} | rounded(bayes, 4)]
    for way, rows in counted(arms, progress):
        if way in WAYS:
            codes = coded(worlds, way, rows)
            found = judged(worlds, codes)
        else:
            codes = own_rows(worlds)
            found = judged(worlds, codes, 0.1 if "0.1" in way else START)
        different = [len(np.unique(own, axis=0)) for own in codes]
        cell = {"way": way, "rows": rows, "codes": float(np.mean(different))}
        cells.append(cell | rounded(found, 4))
    return {"shares": rounded(shares, 3), "cells": cells}


def shipped() -> dict[str, Any]:
    """The grid that ships with the package.

    >>> shipped()["cells"][0]["way"]
    'bayes'
    """
    return stored.read("scale_hashing")


def loss_of(way: str, rows: int, where: str = "all") -> Interval:
    """AUC by a way of sharing rows, minus AUC with own rows; of the stored grid,
    paired by seed.

    >>> loss_of("one hash", 2500).high < 0
    True
    """
    cells = shipped()["cells"]
    full = stored.at(cells, way="own rows")
    found = stored.at(cells, way=way, rows=rows)
    return interval(np.subtract(found[where], full[where]))
