"""Chapter 6: a framework for three tasks, or four.

- `framework`: features and tasks declared, a network and a balance chosen;
  `build`, `fit`, `evaluate`, `explain`, `save`, `load`;
- `rows`: several logs, each with tasks of its own, as the batches of one model;
- `drawings`: its training, gates and gradients drawn;
- `experiment`: a framework against its control, over seeds, and the chapter's
  experiment.

It adds nothing to chapters 1 to 4 but the joints between them. Importing this
package imports TensorFlow.
"""

from .drawings import draw_cosines, draw_gates, draw_training
from .experiment import (
    CURES,
    LABELS,
    RELATEDNESS,
    built,
    compare,
    declare,
    gain,
    logs,
    report,
    restart,
    scores_of,
    shipped,
    shipped_at,
    transfer,
)
from .framework import Framework, Head, meet
from .rows import draw

__all__ = [
    "CURES",
    "Framework",
    "Head",
    "LABELS",
    "RELATEDNESS",
    "built",
    "compare",
    "declare",
    "draw",
    "draw_cosines",
    "draw_gates",
    "draw_training",
    "gain",
    "logs",
    "meet",
    "report",
    "restart",
    "scores_of",
    "shipped",
    "shipped_at",
    "transfer",
]
