"""Chapter 8: how to judge a ranker with several heads.

From a head to a product:

- `heads`: one head by slice; why pooled and per-user orders differ;
- `sampled`: recall among all items, and among a hundred sampled ones;
- `intervals`: how sure a difference is, over rows, users and seeds (`auc_gain`,
  `recipe_gain`), how many users it takes (`needed`), ratio metrics (`ratio`);
- `coverage`, `null`: what those intervals cover, and what luck does to tables,
  tried on `nets`, hundreds of small networks at once;
- `policies`: what a new policy would have earned, from a log (`ips`, `snips`,
  `doubly_robust`, ...); `policy_grid`: the same where the truth is known;
- `product`: heads that become better, and the list that they make;
- `online`: ratio metrics, interleaving, interference, guardrails, novelty;
- `benchmark`: Census-Income with the baselines that papers leave out.

Importing this package imports no TensorFlow.
"""

from . import (
    benchmark,
    coverage,
    heads,
    intervals,
    nets,
    null,
    online,
    policies,
    policy_grid,
    product,
    sampled,
)
from .heads import by_slice, two_orders
from .intervals import (
    auc_gain,
    influence,
    joint,
    needed,
    ratio,
    recipe_gain,
    standard_error,
)
from .online import (
    false_alarms,
    guardrails,
    interleaved,
    novelty,
    ratio_gain,
    shared_budget,
    team_draft,
)
from .policies import (
    Logged,
    direct,
    doubly_robust,
    effective_share,
    estimates,
    ips,
    replay,
    snips,
    weights,
)
from .product import Page, changes, exchange_rates
from .sampled import ranks, recall, sampled_recall, two_recalls

__all__ = [
    "Logged",
    "Page",
    "auc_gain",
    "benchmark",
    "by_slice",
    "changes",
    "coverage",
    "direct",
    "doubly_robust",
    "effective_share",
    "estimates",
    "exchange_rates",
    "false_alarms",
    "guardrails",
    "heads",
    "influence",
    "interleaved",
    "intervals",
    "ips",
    "joint",
    "needed",
    "nets",
    "novelty",
    "null",
    "online",
    "policies",
    "policy_grid",
    "product",
    "ranks",
    "ratio",
    "ratio_gain",
    "recall",
    "recipe_gain",
    "replay",
    "sampled",
    "sampled_recall",
    "shared_budget",
    "snips",
    "standard_error",
    "team_draft",
    "two_orders",
    "two_recalls",
    "weights",
]
