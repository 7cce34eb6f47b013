"""One head at a time: by slice, and pooled against per user."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mtl_lessons import metrics
from mtl_lessons.metrics import Array
from mtl_lessons.world import World, sigmoid

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


# ------------------------------------------------- two heads and their product


def two_heads(seed: int, rows: int = 60_000) -> dict[str, Array]:
    """Test rows of a world with the predictions of two heads beside the truth.

    Heads are logistic regressions on user, item and context; the purchase head
    learns from clicks. Columns: `user`, `item`, `click`, `p_click`, `p_buy`
    (after a click), the predictions `click_head`, `buy_head`, and `fit`, how well
    the item meets the user's taste, which no head can see.

    >>> found = two_heads(seed=0, rows=4_000)
    >>> sorted(found)[:3], found["fit"].shape
    (['buy_head', 'click', 'click_head'], (4000,))
    """
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    world = World(seed=seed)
    log = world.impressions(2 * rows)
    every = np.arange(2 * rows)
    ones = np.ones(2 * rows)
    inputs = sparse.hstack(
        [
            sparse.csr_matrix((ones, (every, log["user"]))),
            sparse.csr_matrix((ones, (every, log["item"]))),
            sparse.csr_matrix(log["context"]),
        ]
    ).tocsr()
    train, test = every < rows, every >= rows
    clicked = train & (log["click"] == 1)

    def fitted(chosen: Array, label: str) -> Array:
        model = LogisticRegression(C=0.3, solver="liblinear")
        model.fit(inputs[chosen], log[label][chosen])
        return model.predict_proba(inputs[test])[:, 1]

    likes = world.tastes.click[log["user"][test]]
    return {
        "user": log["user"][test],
        "item": log["item"][test],
        "click": log["click"][test],
        "p_click": log["p_click"][test],
        "p_buy": log["p_conversion"][test],
        "click_head": fitted(train, "click"),
        "buy_head": fitted(clicked, "conversion"),
        "fit": (likes * world.catalogue.click[log["item"][test]]).sum(1),
    }


def flattened(p: ArrayLike) -> Array:
    """Probabilities with halved logits, scaled to their old mean: right on
    average, too low at the top and too high at the bottom.

    >>> flattened([0.1, 0.5]).round(3).tolist()
    [0.2, 0.4]
    """
    p = np.asarray(p, "float64")
    flat = sigmoid(np.log(p / (1 - p)) / 2)
    return flat * p.mean() / flat.mean()


def average_and_slices(seed: int) -> dict[str, float]:
    """Predicted over true, where it is looked for and where it is not."""
    rows = two_heads(seed)
    click, buy = rows["click_head"], rows["buy_head"]
    true_click, true_buy = rows["p_click"], rows["p_buy"]
    low, high = np.quantile(rows["fit"], (1 / 3, 2 / 3))
    clicked = rows["click"] == 1

    def over(p: Array, truth: Array, chosen: Any = slice(None)) -> float:
        return float(p[chosen].mean() / truth[chosen].mean())

    return {
        "click head, all rows": over(click, true_click),
        "... item meets the taste": over(click, true_click, rows["fit"] > high),
        "... item does not": over(click, true_click, rows["fit"] < low),
        "purchase head, clicked rows": over(buy, true_buy, clicked),
        "purchase head, all rows": over(buy, true_buy),
        "product of both, all rows": over(click * buy, true_click * true_buy),
        "product of two flat heads": over(
            flattened(true_click) * flattened(true_buy), true_click * true_buy
        ),
    }
