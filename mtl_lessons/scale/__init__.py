"""Chapter 9: scale.

- `rows`: tables of which a step touches its own rows (`RowEmbedding`,
  `RowAdagrad`, `LazyAdam`);
- `steps`: what a step costs, and what the quick step costs in quality;
- `hashing`: more ids than rows, and whom the collisions hurt;
- `clicks`: the click model that both of these train;
- `processes`, `trial`: the processes of a cluster, and one tried out;
- `cluster`: chapter 6's framework on parameter servers, from one command
  (imported by its own name: it needs chapter 6, and chapter 6 needs `rows`).

Importing this package imports TensorFlow.
"""

from .clicks import Worlds, own_rows
from .hashing import WAYS, alone, coded, hashed, judged, loss_of
from .rows import LazyAdam, RowAdagrad, RowEmbedding, adagrad_rows, touched
from .steps import (
    DenseAdagrad,
    DenseAdam,
    best,
    cost,
    price,
    ratio,
    stepper,
    tower,
)

__all__ = [
    "DenseAdagrad",
    "DenseAdam",
    "LazyAdam",
    "RowAdagrad",
    "RowEmbedding",
    "WAYS",
    "Worlds",
    "adagrad_rows",
    "alone",
    "best",
    "coded",
    "cost",
    "hashed",
    "judged",
    "loss_of",
    "own_rows",
    "price",
    "ratio",
    "stepper",
    "touched",
    "tower",
]
