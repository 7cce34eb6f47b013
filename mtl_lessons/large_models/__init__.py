"""Chapter 10: what a large model changes for multi-task ranking, and what it
does not, each at a size that trains in seconds.

- `semantic_ids`: codes of items by residual k-means;
- `items`: a click model whose items are made of parts (ids, hashes, codes,
  contents), and cold items as its test;
- `catalogue`: what the chapter's explorable draws;
- `sequence`: one causal transformer with tasks as tokens or heads, against
  rankers;
- `mixtures`: is a mixture of rows a loss weight?
- `text`: frozen text vectors beside ids;
- `adapters`: low-rank adapters for each task as a way to share;
- `judges`: cheap labels with a habit, and few true ones;
- `scaling`: a power law through four points;
- `cost`: operations and prices of a thousand requests;
- `batched`: training of all seeds as one model.

Importing this package imports TensorFlow.
"""

from .adapters import Sharing, adapter_weights, fit_adapters, trunk_weights
from .batched import adagrad, adam, fit
from .catalogue import sharing
from .cost import (
    generated_operations,
    price_per_thousand,
    ranker_operations,
    sequence_operations,
    tokens_per_thousand,
)
from .items import Parts, Trained, contents, train
from .judges import Labels, learn, logistic, mean_of, prediction_powered
from .mixtures import (
    clip,
    expected_share,
    private_error,
    share_found,
    token_share,
)
from .scaling import Law, fit_law
from .semantic_ids import (
    Quantiser,
    colliding,
    kmeans,
    nearest,
    prefixes,
    rows,
    variance_left,
)
from .sequence import chances, labels, ranker, tokens, transformer
from .text import scaled, standardised

__all__ = [
    "Sharing",
    "Labels",
    "Law",
    "Parts",
    "Quantiser",
    "Trained",
    "adagrad",
    "adam",
    "adapter_weights",
    "chances",
    "clip",
    "colliding",
    "contents",
    "expected_share",
    "fit",
    "fit_adapters",
    "fit_law",
    "generated_operations",
    "kmeans",
    "labels",
    "learn",
    "logistic",
    "mean_of",
    "nearest",
    "prediction_powered",
    "prefixes",
    "price_per_thousand",
    "private_error",
    "ranker",
    "ranker_operations",
    "rows",
    "scaled",
    "sequence_operations",
    "share_found",
    "sharing",
    "standardised",
    "token_share",
    "tokens",
    "tokens_per_thousand",
    "train",
    "transformer",
    "trunk_weights",
    "variance_left",
]
