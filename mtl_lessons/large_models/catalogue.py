"""A catalogue small enough to draw: items with a content of two numbers, three
kinds of ids, and a few items that nobody has seen.

The quantiser sees the contents of the warm items alone. The click rate of one
group of users depends on content and on a quality that is in no content.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtl_lessons.metrics import Array
from mtl_lessons.stored import Progress, rounded

from .semantic_ids import Quantiser

TOPICS, WARM, COLD = 6, 150, 6
LEVELS, CODES, BUCKETS = 3, 4, 16
SHOWN = 400  # impressions of a warm item
KINDS = ("semantic", "random", "hashed")


def sharing(codes: Array, code: Sequence[int], depth: int) -> Array:
    """Which items share the first `depth` places of a code, `(items,)`.

    A code that has fewer places is compared as a whole.

    >>> sharing(np.array([[0, 1], [0, 2], [3, 1]]), code=[0, 2], depth=1).tolist()
    [True, True, False]
    """
    if depth < 0:
        raise ValueError(f"depth: expected 0 or more, found {depth}")
    places = min(depth, codes.shape[1])
    return (codes[:, :places] == np.asarray(code)[:places]).all(1)


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """Items with contents, topics, click rates and codes; the cold ones last.

    `rate` is measured on warm items, and true for the cold ones.
    """
    rng = np.random.default_rng(6)
    angle = 2 * np.pi * np.arange(TOPICS) / TOPICS
    centre = np.stack([1.25 * np.cos(angle), 0.8 * np.sin(angle)], axis=1)
    number = WARM + COLD
    topic = np.r_[rng.integers(TOPICS, size=WARM), np.arange(COLD) % TOPICS]
    content = centre[topic] + 0.2 * rng.normal(size=(number, 2))
    quality = 0.3 * rng.normal(size=number)
    logit = -1.2 + content @ [1.1, 0.7] + quality
    chance = 1 / (1 + np.exp(-logit))
    clicks = rng.binomial(SHOWN, chance[:WARM]) / SHOWN
    quantiser = Quantiser.fit(content[:WARM], LEVELS, CODES, seed=1)
    random = rng.integers(CODES, size=(number, LEVELS))
    hashed = rng.integers(BUCKETS, size=(number, 1))
    if progress:
        progress(1, 1)
    return {
        "recipe": "mtl_lessons.large_models.catalogue.grid",
        "warm": WARM,
        "content": rounded(content, 2),
        "topic": topic.tolist(),
        "rate": rounded(np.r_[clicks, chance[WARM:]], 3),
        "codes": {
            "semantic": quantiser.encode(content).tolist(),
            "random": random.tolist(),
            "hashed": hashed.tolist(),
        },
    }
