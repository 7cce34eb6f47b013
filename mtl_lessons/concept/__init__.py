"""Chapter 1: what multi-task learning is, and how to find out whether it helps.

- `attempt` runs a snippet that may fail, and `reach` tells which layers a
  task's loss can train;
- `shared_bottom`: what the article's `Sequential` should have been, one trunk
  with one head per task;
- `two_tasks`: the smallest shared bottom there is (one table of users), with
  `shared=False` its *fair* control, and with a `Tie` soft sharing;
- `transfer`: the gain of sharing over that control, over several seeds, in a
  world whose truth is known; `search`: the same, with every setting tried;
- `ways`: sharing beside its neighbours, pretraining and frozen features, and a
  control task.

- `instruments`, `networks`: the first three; `data`: the logs of several worlds;
  `training`, `experiment`, `neighbours`: what is trained, and how;
- `grid`: what is stored of it.

Importing this package imports TensorFlow.
"""

from .data import BATCH, CHECK, IMPRESSIONS, STEPS, TEST, side_by_side
from .experiment import CHOICES, DECAYS, gain, transfer
from .grid import (
    AD_WEIGHTS,
    ALL_DECAYS,
    LABELS,
    POINTS,
    RELATEDNESS,
    WIDTHS,
    search,
    shipped,
    transfer_grid,
)
from .instruments import Outcome, attempt, reach
from .neighbours import (
    FAST,
    TIES,
    WAY_DECAYS,
    WAYS,
    WIDE,
    NeighbourTrial,
    Way,
    best_of,
    trials,
    ways,
)
from .networks import INPUTS, Tie, shared_bottom, two_tasks
from .training import RATE

__all__ = [
    "AD_WEIGHTS",
    "ALL_DECAYS",
    "BATCH",
    "CHECK",
    "CHOICES",
    "DECAYS",
    "FAST",
    "IMPRESSIONS",
    "INPUTS",
    "LABELS",
    "POINTS",
    "RATE",
    "RELATEDNESS",
    "STEPS",
    "TEST",
    "TIES",
    "WAYS",
    "WAY_DECAYS",
    "WIDE",
    "WIDTHS",
    "attempt",
    "Outcome",
    "reach",
    "shared_bottom",
    "two_tasks",
    "Tie",
    "transfer",
    "gain",
    "side_by_side",
    "ways",
    "Way",
    "NeighbourTrial",
    "trials",
    "best_of",
    "search",
    "transfer_grid",
    "shipped",
]
