"""Retrieval for several goals: which fusions of heads can one index serve?

An index finds, among millions of item vectors, those with the largest inner
product with a query, or with the smallest distance to it. A head that is to be
retrieved by has the form `logit = u · v`.

    a, b = [ua, ub], [va, vb]           # of two heads
    joined(a, weights=[1.0, 2.0])       # a query: its product with
    joined(b)                           # an item is a + 2 b, exactly

So any *weighted sum of logits* is one index, whose weights sit in the query. A
product of probabilities is none; one retrieves by a sum and re-ranks. NumPy
alone; `faiss` is imported where an index is built. Importing this module
imports neither TensorFlow nor faiss.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from scipy.special import expit

from mtl_lessons.stored import Progress, rounded
from mtl_lessons.world import World

USERS, ITEMS = 200, 20_000
SEEDS = 5
TOP = 100  # items that are wanted
FETCHED = (100, 200, 500)  # candidates that retrieval hands on
ROUNDS = 3  # of finding a user's own weights
BASE = -2.6  # constant of both heads' logits: rates of about 7 %


# ------------------------------------------------------------ one inner product


def joined(
    parts: Sequence[np.ndarray], weights: Sequence[Any] | None = None
) -> np.ndarray:
    """Vectors of several heads as one, `(rows, d1 + d2 + ...)`.

    With `weights` (numbers, or a column `(rows, 1)`: each user's own) a query
    such that `query · item = Σ weight · logit`, if the items are joined without.

    >>> user = joined([np.array([[1.0, 2.0]]), np.array([[3.0]])], [1.0, 10.0])
    >>> item = joined([np.array([[1.0, 1.0]]), np.array([[2.0]])])
    >>> (user @ item.T).tolist()  # 1 · (1 + 2) + 10 · 6
    [[63.0]]
    """
    weights = [1.0] * len(parts) if weights is None else list(weights)
    if len(weights) != len(parts):
        raise ValueError(
            f"weights: expected one for each of {len(parts)} heads, found "
            f"{len(weights)}"
        )
    return np.hstack([weight * part for part, weight in zip(parts, weights)])


def lengthened(items: np.ndarray) -> np.ndarray:
    """One more coordinate, `√(M² - |x|²)`, M the largest length: all are M long
    now.

    For a query with a 0 there, `|q - x|² = |q|² + M² - 2 q · x`: the nearest
    item is the one with the largest inner product (Bachrach et al., 2014).

    >>> lengthened(np.array([[3.0, 4.0], [0.0, 3.0]])).tolist()
    [[3.0, 4.0, 0.0], [0.0, 3.0, 4.0]]
    """
    squares = (items**2).sum(axis=1)
    more = np.sqrt(np.maximum(squares.max() - squares, 0))
    return np.hstack([items, more[:, None]])


def best(scores: np.ndarray, k: int) -> np.ndarray:
    """The k best items of each row, `(rows, k)`, in no order.

    >>> sorted(best(np.array([[0.1, 0.7, 0.4]]), 2)[0].tolist())
    [1, 2]
    """
    if not 0 < k <= scores.shape[1]:
        raise ValueError(f"k: expected 1 to {scores.shape[1]} items, found {k}")
    return np.argpartition(-scores, k - 1, axis=1)[:, :k]


def recall(wanted: np.ndarray, fetched: np.ndarray) -> float:
    """Share of the wanted items that were fetched, mean over the rows.

    >>> recall(np.array([[1, 2]]), np.array([[2, 3, 4]]))
    0.5
    """
    shares = [
        len(set(row) & set(other)) / len(row)
        for row, other in zip(wanted.tolist(), fetched.tolist(), strict=True)
    ]
    return float(np.mean(shares))


# ------------------------------------------------------------ two heads

FUSIONS = {
    "a + b": lambda a, b: a + b,
    "P(click) P(buy)": lambda a, b: expit(a) * expit(b),
    "P(click) + 5 P(click) P(buy)": lambda a, b: (
        expit(a) + 5 * expit(a) * expit(b)
    ),
    "P(click) (1 - P(buy))": lambda a, b: expit(a) * (1 - expit(b)),
}
WAYS = ("one index, a + b", "own weights", "an index a head")


def two_heads(
    world: World, users: int = USERS
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The true vectors of the world's click and purchase heads, of users and of
    items: `logit = u · v`, with the context left out.

    >>> users, items = two_heads(World(seed=0, items=50), users=10)
    >>> [part.shape for part in users + items]
    [(10, 6), (10, 6), (50, 6), (50, 6)]
    """
    tastes, goods = world.tastes, world.catalogue
    one = np.ones((users, 1))
    every = np.ones((world.items, 1))
    queries = [
        np.hstack([1.28 * tastes.click[:users], 0.64 * one, BASE * one]),
        np.hstack([1.2 * tastes.conversion[:users], 0.6 * one, BASE * one]),
    ]
    items = [
        np.hstack([goods.click, goods.click_quality[:, None], every]),
        np.hstack([goods.conversion, goods.conversion_quality[:, None], every]),
    ]
    return queries, items


def slopes(
    fusion: str,
    a: np.ndarray,
    b: np.ndarray,
    at: np.ndarray,
    step: float = 1e-4,
) -> tuple[np.ndarray, np.ndarray]:
    """Each user's own weights, `(users, 1)` each: the slopes of the fusion in
    both logits, at the mean logits of the items `at`.

    Near these items the fusion is almost this weighted sum.
    """
    score = FUSIONS[fusion]
    x = np.take_along_axis(a, at, axis=1).mean(axis=1, keepdims=True)
    y = np.take_along_axis(b, at, axis=1).mean(axis=1, keepdims=True)
    by_a = (score(x + step, y) - score(x - step, y)) / (2 * step)
    by_b = (score(x, y + step) - score(x, y - step)) / (2 * step)
    return by_a, by_b


def compared(
    world: World, users: int = USERS, fetched: Sequence[int] = FETCHED
) -> list[dict[str, Any]]:
    """Recall of the best 100 of every fusion, by the way of retrieving and the
    number of candidates.
    """
    (ua, ub), (va, vb) = two_heads(world, users)
    a, b = ua @ va.T, ub @ vb.T
    items = joined([va, vb])
    plain = joined([ua, ub]) @ items.T
    rows = []
    for name, fusion in FUSIONS.items():
        wanted = best(fusion(a, b), TOP)
        weighted = plain
        for _ in range(ROUNDS):
            own = slopes(name, a, b, at=best(weighted, TOP))
            weighted = joined([ua, ub], own) @ items.T
        for count in fetched:
            half = [best(logit, count // 2) for logit in (a, b)]
            found = (
                best(plain, count),
                best(weighted, count),
                np.hstack(half),
            )
            rows += [
                {"fusion": name, "way": way, "fetched": count}
                | {"recall": recall(wanted, candidates)}
                for way, candidates in zip(WAYS, found)
            ]
    return rows


# ------------------------------------------------------------ approximate search

INDEXES = ("exact", "HNSW, inner product", "HNSW, lengthened", "IVF, 8 of 128")


def faiss() -> ModuleType:
    """The library, with one thread.

    Raises `ImportError` that says how to get it.
    """
    try:
        import faiss as library
    except ImportError as error:
        raise ImportError(
            "faiss: expected it to be installed, found it is not: "
            "pip install 'mtl-lessons[serving]'"
        ) from error
    library.omp_set_num_threads(1)
    return library


def searched(
    kind: str, queries: np.ndarray, items: np.ndarray, k: int = TOP
) -> np.ndarray:
    """The k items that an index finds for each query, `(queries, k)`.

    `kind` is one of `INDEXES`. HNSW has 32 neighbours a node and looks at 200
    candidates (Malkov & Yashunin, 2018); IVF has 128 lists, of which it reads
    8. `lengthened` searches by distance, the others by inner product.
    """
    if kind not in INDEXES:
        raise ValueError(
            f"kind: expected one of {', '.join(INDEXES)}, found {kind!r}"
        )
    library = faiss()
    product = library.METRIC_INNER_PRODUCT
    if kind == "HNSW, lengthened":
        items = lengthened(items)
        queries = np.hstack([queries, np.zeros((len(queries), 1))])
    d = items.shape[1]
    if kind == "exact":
        index = library.IndexFlatIP(d)
    elif kind == "IVF, 8 of 128":
        index = library.IndexIVFFlat(library.IndexFlatIP(d), d, 128, product)
        index.train(np.float32(items))
        index.nprobe = 8
    elif kind == "HNSW, lengthened":
        index = library.IndexHNSWFlat(d, 32)
    else:
        index = library.IndexHNSWFlat(d, 32, product)
    if "HNSW" in kind:
        index.hnsw.efSearch = 200
    index.add(np.ascontiguousarray(items, "float32"))
    return index.search(np.ascontiguousarray(queries, "float32"), k)[1]


def grid(
    progress: Progress | None = None, seeds: int = SEEDS, items: int = ITEMS
) -> dict[str, Any]:
    """`cells`: recall by fusion, way and candidates; `indexes`: recall of four
    indexes for the sum of logits; a number for each world.
    """
    found: dict[tuple, list[float]] = {}
    indexes: dict[str, list[float]] = {kind: [] for kind in INDEXES}
    for seed in range(seeds):
        world = World(seed=seed, users=300, items=items)
        for row in compared(world):
            key = (row["fusion"], row["way"], row["fetched"])
            found.setdefault(key, []).append(row["recall"])
        users, goods = two_heads(world)
        queries, vectors = joined(users), joined(goods)
        wanted = best(queries @ vectors.T, TOP)
        for kind in INDEXES:
            got = searched(kind, queries, vectors)
            indexes[kind].append(recall(wanted, got))
        if progress:
            progress(seed + 1, seeds)
    cells = [
        {"fusion": fusion, "way": way, "fetched": fetched}
        | {"recall": rounded(values, 4)}
        for (fusion, way, fetched), values in found.items()
    ]
    ann = [
        {"index": kind, "recall": rounded(values, 4)}
        for kind, values in indexes.items()
    ]
    return {"items": items, "cells": cells, "indexes": ann}
