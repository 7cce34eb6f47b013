"""One head at a time: by slice, and pooled against per user."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons import metrics
from mtl_lessons.metrics import Array
from mtl_lessons.world import sigmoid

from .intervals import ratio

Scorer = Callable[[Array, Array], Array]

USERS, ITEMS, CATEGORIES, ROWS = 2_000, 200, 10, 120_000
TRAIN = 0.7  # of the rows
PAGE = 10  # candidates of a user's page
PRIOR = 10  # rows of the mean rate that smooth a rate


def by_slice(
    labels: ArrayLike,
    predictions: ArrayLike,
    slices: Mapping[str, ArrayLike],
    groups: ArrayLike | None = None,
) -> list[dict[str, Any]]:
    """Rows, base rate, PCOC with its interval, NE and AUC, of all rows and of
    each slice.

    `slices`: a name, and 0/1 or true/false of shape (rows,). `groups`: what was
    drawn independently, for the interval. A slice with one class alone has no NE
    and no AUC ("–").

    >>> found = by_slice([0, 1, 0, 1], [0.2, 0.6, 0.2, 0.2], {"old": [1, 1, 0, 0]})
    >>> [(row["slice"], row["rows"], round(row["PCOC"].mean, 2)) for row in found]
    [('all rows', 4, 0.6), ('old', 2, 0.8)]
    """
    y, p = np.asarray(labels), np.asarray(predictions)
    found = []
    for name, chosen in {"all rows": np.ones(len(y), bool), **slices}.items():
        rows = np.asarray(chosen).astype(bool)
        if rows.shape != y.shape:
            raise ValueError(
                f"slices: expected {name} of shape {y.shape}, found "
                f"{rows.shape}"
            )
        if not rows.any():
            raise ValueError(f"slices: expected rows in {name}, found none")
        units = None if groups is None else np.asarray(groups)[rows]
        both = 0 < y[rows].mean() < 1
        found.append(
            {
                "slice": name,
                "PCOC": ratio(p[rows], y[rows], units),
                "NE": metrics.normalised_entropy(y[rows], p[rows])
                if both
                else "–",
                "AUC": metrics.auc(y[rows], p[rows]) if both else "–",
                "base rate": float(y[rows].mean()),
                "rows": int(rows.sum()),
            }
        )
    return found


# ------------------------------------------------- pooled or per user?


def two_orders(seed: int) -> dict[str, dict[str, float]]:
    """Scorers that know the users, the items, or both: pooled AUC, GAUC, and
    the click rate of the best of ten random candidates.

    A world of users with base rates of their own, items with qualities, and
    tastes. The scorers are smoothed click rates of the training rows; the truth
    is the last one.

    >>> found = two_orders(seed=0)
    >>> found["users"]["GAUC"]  # the same for all rows of a user: ties
    0.5
    """
    rng = np.random.default_rng([91, seed])
    base = rng.normal(size=USERS)
    category = np.arange(ITEMS) % CATEGORIES
    of_category = 0.25 * rng.normal(size=CATEGORIES)
    quality = of_category[category] + 0.45 * rng.normal(size=ITEMS)
    taste = rng.normal(size=(USERS, 4))
    kind = rng.normal(size=(ITEMS, 4)) / 4

    def logit(user: Array, item: Array) -> Array:
        fit = (taste[user] * kind[item]).sum(-1)
        return -2 + base[user] + quality[item] + fit

    activity = rng.lognormal(size=USERS)
    user = rng.choice(USERS, ROWS, p=activity / activity.sum())
    item = rng.integers(ITEMS, size=ROWS)
    click = 1.0 * (rng.random(ROWS) < sigmoid(logit(user, item)))
    train = np.arange(ROWS) < TRAIN * ROWS
    mean = click[train].mean()

    def rate(of: Array, values: int) -> Array:
        """The smoothed rate of each value, as a logit without its mean."""
        yes = np.bincount(of[train], click[train], values)
        rows = np.bincount(of[train], minlength=values)
        return np.log((yes + PRIOR * mean) / (rows + PRIOR) / (1 - mean))

    users, items = rate(user, USERS), rate(item, ITEMS)
    categories = rate(category[item], CATEGORIES)
    scorers: dict[str, Scorer] = {
        "users": lambda u, i: users[u] + 0 * i,
        "users + categories": lambda u, i: users[u] + categories[category[i]],
        "items": lambda u, i: items[i] + 0 * u,
        "users + items": lambda u, i: users[u] + items[i],
        "truth": logit,
    }
    everybody = np.arange(USERS)[:, None]
    page = rng.integers(ITEMS, size=(USERS, PAGE))
    chances = sigmoid(logit(everybody, page))
    tie = 1e-9 * rng.random(page.shape)
    found = {}
    for name, scorer in scorers.items():
        scores = scorer(user[~train], item[~train])
        top = (scorer(everybody, page) + tie).argmax(1)
        own = metrics.gauc(click[~train], scores, user[~train])
        found[name] = {
            "AUC": metrics.auc(click[~train], scores),
            "GAUC": own.value,
            "coverage": own.coverage,
            "clicks": float(chances[np.arange(USERS), top].mean()),
        }
    return found
