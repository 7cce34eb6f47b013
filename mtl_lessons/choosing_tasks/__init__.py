"""Chapter 7: which tasks to train together, and how to find out.

- `world`: six tasks whose relatedness is known; `sets`: their 63 sets;
- `nets`: all sets of all seeds trained as one batched model;
- `signals`: gradient cosine, TAG's lookahead, CKA, correlation and number of
  labels, one small function each; `probes` measures them;
- `groups`: gains of pairs and groups, and the grouping that a signal chooses;
- `experiment`: what is stored of all that;
- `auxiliary`: when to switch an auxiliary task off; `leaks`: labels that leak;
  `descent` trains both.

Importing this package imports no TensorFlow. `nets`, `probes`, `experiment`,
`auxiliary`, `leaks` and `descent` do: import them by their names.
"""

from .groups import (
    agreement,
    centred,
    choose,
    excess,
    gain,
    helper_agreement,
    joining,
    pair_gains,
    partitions,
    promise,
    symmetric_agreement,
    value,
    without,
)
from .sets import SETS, named, numbers
from .signals import (
    cka,
    first_order,
    gradient_cosine,
    label_correlation,
    label_counts,
    lookahead,
)
from .world import TASKS, WORLD, WORLDS, TaskRows, TaskSpec, draw, weights

__all__ = [
    "TaskRows",
    "SETS",
    "TASKS",
    "TaskSpec",
    "WORLD",
    "WORLDS",
    "agreement",
    "centred",
    "choose",
    "cka",
    "draw",
    "excess",
    "first_order",
    "gain",
    "gradient_cosine",
    "helper_agreement",
    "joining",
    "label_correlation",
    "label_counts",
    "lookahead",
    "named",
    "numbers",
    "pair_gains",
    "partitions",
    "promise",
    "symmetric_agreement",
    "value",
    "weights",
    "without",
]
