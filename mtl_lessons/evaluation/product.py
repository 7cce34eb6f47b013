"""Heads that become better, and the list that they make.

The list is ranked by the sum of the heads' log predictions. What a head can
move is `weight × spread of its log prediction within a request`; what it knows
about requests as a whole moves no candidate past another.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.metrics import Array
from mtl_lessons.world import sigmoid

REQUESTS, CANDIDATES = 3_000, 20
RATE = -1.5  # the mean logit of every head
# of each head: the spread of its true logit between requests, and within one
SPREADS = {
    "click": (0.8, 0.8),
    "like": (1.2, 0.8),
    "share": (0.8, 0.8),
    "save": (1.2, 0.15),
}
ALIKE = 0.8  # correlation of share with click, within a request
SEEN = 0.5, 0.6  # correlation of a head with its truth: between, within
BETTER = 0.7  # of the noise that a better head has lost

Heads = dict[str, Array]


def exchange_rates(
    heads: Mapping[str, Array], weights: Mapping[str, float] | None = None
) -> dict[str, float]:
    """What a head can move: `weight × mean spread of its log prediction within
    a request`, as a share of the sum over heads.

    `heads`: predictions of shape (requests, candidates).

    >>> p = np.array([[0.1, 0.2, 0.4]])
    >>> shares = exchange_rates({"click": p, "save": np.full((1, 3), 0.5)})
    >>> {name: round(share, 2) for name, share in shares.items()}
    {'click': 1.0, 'save': 0.0}
    """
    weights = weights or dict.fromkeys(heads, 1.0)
    moved = {
        name: abs(weights[name]) * float(np.log(p).std(axis=1).mean())
        for name, p in heads.items()
    }
    total = sum(moved.values())
    if total == 0:
        raise ValueError(
            "heads: expected a head that differs within a request, found none"
        )
    return {name: value / total for name, value in moved.items()}


def fused(heads: Mapping[str, Array]) -> Array:
    """Sum of the log predictions: a product of powers with exponents 1."""
    return sum(np.log(sigmoid(logit)) for logit in heads.values())


class Page:
    """One world of requests: true logits, labels, and noisy heads.

    - `truth`, `heads`: logits of each head, (requests, candidates).
    - `labels`: drawn from the truth.

    >>> page = Page(seed=0)
    >>> page.heads["like"].shape
    (3000, 20)
    """

    def __init__(self, seed: int, requests: int = REQUESTS) -> None:
        self.rng = rng = np.random.default_rng([95, seed])
        shape, each = (requests, CANDIDATES), (requests, 1)
        click = rng.normal(size=shape)
        own = np.sqrt(1 - ALIKE**2) * rng.normal(size=shape)
        within = {
            "click": click,
            "like": rng.normal(size=shape),
            "share": ALIKE * click + own,
            "save": rng.normal(size=shape),
        }
        self.parts = {
            name: (between * rng.normal(size=each), inside * within[name])
            for name, (between, inside) in SPREADS.items()
        }
        self.truth = {
            name: RATE + between + inside
            for name, (between, inside) in self.parts.items()
        }
        self.labels = {
            name: 1.0 * (rng.random(shape) < sigmoid(logit))
            for name, logit in self.truth.items()
        }
        self.views = {name: self.view(name) for name in SPREADS}
        self.heads: Heads = {
            name: RATE + between + inside
            for name, (between, inside) in self.views.items()
        }
        self.requests = np.repeat(np.arange(requests), CANDIDATES)

    def view(self, name: str) -> tuple[Array, Array]:
        """A noisy view of both parts of a head's true logit."""

        def noisy(part: Array, seen: float) -> Array:
            noise = part.std() * self.rng.normal(size=part.shape)
            return seen * (seen * part + np.sqrt(1 - seen**2) * noise)

        between, within = self.parts[name]
        return noisy(between, SEEN[0]), noisy(within, SEEN[1])

    def better(self, name: str, between: float, within: float) -> Array:
        """The head with a share of its error gone, between and within
        requests.
        """
        old_between, old_within = self.views[name]
        true_between, true_within = self.parts[name]
        between_part = (1 - between) * old_between + between * true_between
        within_part = (1 - within) * old_within + within * true_within
        return RATE + between_part + within_part

    def compare(self, name: str, new: Array) -> dict[str, float]:
        """What happens if a head is replaced.

        The head's gain in AUC and GAUC; the share of requests whose first place
        changes; and what the new first place is worth: the gain in the true sum
        of log chances.
        """
        heads = self.heads | {name: new}
        before = fused(self.heads).argmax(1)
        after = fused(heads).argmax(1)
        worth = fused(self.truth)
        rows = np.arange(len(worth))
        y, old = self.labels[name].ravel(), self.heads[name].ravel()
        flat = new.ravel()
        return {
            "AUC": metrics.auc(y, flat) - metrics.auc(y, old),
            "GAUC": metrics.gauc(y, flat, self.requests).value
            - metrics.gauc(y, old, self.requests).value,
            "moved": float((before != after).mean()),
            "value": float((worth[rows, after] - worth[rows, before]).mean()),
        }


def changes(seed: int) -> dict[str, dict[str, float]]:
    """Seven changes of one head, in one world.

    >>> found = changes(seed=0)
    >>> found["like, better within requests"]["value"] > 0.1
    True
    """
    page = Page(seed)
    another = RATE + sum(page.view("like"))
    new: dict[str, tuple[str, Any]] = {
        "save, perfect": ("save", page.truth["save"]),
        "like, better between requests": (
            "like",
            page.better("like", BETTER, 0),
        ),
        "like, better within requests": (
            "like",
            page.better("like", 0, BETTER),
        ),
        "click, better within requests": (
            "click",
            page.better("click", 0, BETTER),
        ),
        "like, an equal head": ("like", another),
        "like, logits halved": ("like", page.heads["like"] / 2),
        "like, one logit higher": ("like", page.heads["like"] + 1),
    }
    return {name: page.compare(*change) for name, change in new.items()}
