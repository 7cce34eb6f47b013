"""Chapter 2: what tasks share, and how: from one common trunk to gated experts.

Every network here is a Keras layer from `(batch, d)` to a dict `{task: (batch,
width)}`, so a head reads `network(x)["click"]`:

- `SharedBottom`, `CrossStitch`: sharing that does not look at the input;
- `OMoE`, `MMoE`, `CGC`, `PLE`, `AdaTT`: experts and gates. They are all made of
  one part, the `Level`, and differ only in its wiring: which group of experts
  reads which vector, and which gate mixes which groups.

The modules, in the order in which to read them:

- `level`: experts, gates, and a level made of both;
- `networks`: the designs;
- `family`: the same designs as one mixture with a mask, and sparse gates;
- `linear`: what the width of a shared bottom imposes, in the linear view;
- `inside`: `reach` (which loss trains which block), `usage` of gates,
  `likeness` of experts, and drawings of them;
- `experiment`: `train_together` trains many runs of any model at once,
  `relatedness` compares designs on the data of the MMoE paper;
- `measured`: what stands behind the chapter's explorables.

Importing this package imports TensorFlow.
"""

from . import networks
from .experiment import (
    DESIGNS,
    RATES,
    TASKS,
    Errors,
    best_rates,
    mean_error,
    ratio,
    relatedness,
    ridge_tasks,
    train_together,
    tuned,
    two_towers,
)
from .family import expected_share, masked, mixture, overlap, top_k
from .inside import (
    Usage,
    clone_experts,
    draw_experts,
    draw_gates,
    likeness,
    reach,
    usage,
)
from .level import Block, Experts, Gate, Level, mix
from .linear import LinearTasks, Widths, linear_tasks, nearest, widths
from .measured import gate_map, two_rules, wirings
from .networks import *

__all__ = [
    *networks.__all__,
    "Block",
    "DESIGNS",
    "Errors",
    "Experts",
    "Gate",
    "Level",
    "LinearTasks",
    "RATES",
    "TASKS",
    "Usage",
    "Widths",
    "best_rates",
    "clone_experts",
    "draw_experts",
    "draw_gates",
    "expected_share",
    "gate_map",
    "likeness",
    "linear_tasks",
    "masked",
    "mean_error",
    "mix",
    "mixture",
    "nearest",
    "overlap",
    "ratio",
    "reach",
    "relatedness",
    "ridge_tasks",
    "top_k",
    "train_together",
    "tuned",
    "two_rules",
    "two_towers",
    "usage",
    "widths",
    "wirings",
]
