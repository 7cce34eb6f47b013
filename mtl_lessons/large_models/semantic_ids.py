"""Semantic ids: a short code for every item, made of its content.

Residual quantisation: find `codes` centres by k-means, give each item the
nearest, subtract it, and quantise what is left, `levels` times. An item becomes
a tuple such as (17, 3, 42): items alike share their first codes. (The tuples of
TIGER, Rajput et al. 2023, come from an RQ-VAE, Lee et al. 2022, which learns an
encoder too; here k-means works on the content itself.)
"""

from typing import NamedTuple

import numpy as np

from mtl_lessons.metrics import Array


def nearest(x: Array, centres: Array) -> Array:
    """The place of the centre nearest to each row of `x`, `(n,)`.

    >>> nearest(np.array([[0.9], [0.2]]), np.array([[0.0], [1.0]])).tolist()
    [1, 0]
    """
    # ‖x - c‖² without ‖x‖², which is the same for all centres
    apart = (centres**2).sum(1) - 2 * x @ centres.T
    return apart.argmin(1)


def kmeans(x: Array, codes: int, seed: int = 0, rounds: int = 20) -> Array:
    """`codes` centres of the rows of `x`, by Lloyd's rounds from random rows.

    A centre without a row moves to the row furthest from its own centre.
    Raises `ValueError` with fewer rows than codes.

    >>> x = np.array([[0.0], [0.2], [1.0], [1.2]])
    >>> sorted(kmeans(x, codes=2).ravel().round(1).tolist())
    [0.1, 1.1]
    """
    if not 1 <= codes <= len(x):
        raise ValueError(
            f"codes: expected a number from 1 to {len(x)}, found {codes}"
        )
    rng = np.random.default_rng(seed)
    centres = x[rng.choice(len(x), codes, replace=False)]
    for _ in range(rounds):
        code = nearest(x, centres)
        sizes = np.bincount(code, minlength=codes)
        sums = np.zeros_like(centres)
        np.add.at(sums, code, x)
        used = sizes > 0
        centres = np.where(
            used[:, None], sums / np.maximum(sizes, 1)[:, None], centres
        )
        if not used.all():
            apart = ((x - centres[code]) ** 2).sum(1)
            centres[~used] = x[np.argsort(-apart)[: (~used).sum()]]
    return centres


class Quantiser(NamedTuple):
    """Centres of each level, `(levels, codes, d)`.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 3))
    >>> quantiser = Quantiser.fit(x, levels=2, codes=8)
    >>> quantiser.encode(x).shape
    (200, 2)
    """

    centres: Array

    @classmethod
    def fit(
        cls, x: Array, levels: int = 3, codes: int = 64, seed: int = 0
    ) -> "Quantiser":
        """K-means, then k-means of what is left, and so on."""
        if levels < 1:
            raise ValueError(f"levels: expected 1 or more, found {levels}")
        left, found = np.asarray(x, float), []
        for level in range(levels):
            centres = kmeans(left, codes, seed + level)
            found.append(centres)
            left = left - centres[nearest(left, centres)]
        return cls(np.stack(found))

    def encode(self, x: Array) -> Array:
        """The codes of items, `(n, levels)`; also of items never seen."""
        left, codes = np.asarray(x, float), []
        for centres in self.centres:
            code = nearest(left, centres)
            codes.append(code)
            left = left - centres[code]
        return np.stack(codes, axis=1)

    def decode(self, codes: Array) -> Array:
        """The content that codes stand for: the sum of their centres."""
        levels = np.arange(len(self.centres))
        return self.centres[levels, codes].sum(axis=1)


def variance_left(x: Array, quantiser: Quantiser) -> float:
    """Share of the content's variance that the codes do not keep.

    >>> x = np.array([[0.0], [1.0]])
    >>> variance_left(x, Quantiser.fit(x, levels=1, codes=2))
    0.0
    """
    left = x - quantiser.decode(quantiser.encode(x))
    return float((left**2).sum() / ((x - x.mean(0)) ** 2).sum())


def colliding(codes: Array) -> float:
    """Share of the items whose whole code another item has, too.

    >>> colliding(np.array([[0, 1], [0, 1], [2, 0], [1, 1]]))
    0.5
    """
    _, place, sizes = np.unique(
        codes, axis=0, return_inverse=True, return_counts=True
    )
    return float(np.mean(sizes[place.ravel()] > 1))


def rows(codes: Array, of: int) -> Array:
    """Rows of one table for the codes of all levels: level k begins at `k of`.

    >>> rows(np.array([[3, 0], [1, 2]]), of=4).tolist()
    [[3, 4], [1, 6]]
    """
    return codes + of * np.arange(codes.shape[1])


def prefixes(codes: Array) -> Array:
    """A row for each prefix: of level 1, of levels 1-2, and so on.

    >>> prefixes(np.array([[3, 0], [3, 1], [1, 0]])).tolist()
    [[1, 3], [1, 4], [0, 2]]
    """
    found, last = [], 0
    for level in range(1, codes.shape[1] + 1):
        _, place = np.unique(codes[:, :level], axis=0, return_inverse=True)
        found.append(place.ravel() + last)
        last += place.max() + 1
    return np.stack(found, axis=1)
