"""Chapter 6: a framework for three tasks, or four.

- `framework`: features and tasks declared, a network and a balance chosen;
  `build`, `fit`, `evaluate`, `explain`, `save`, `load`;
- `rows`: several logs, each with tasks of its own, as the batches of one model;
- `drawings`: its training drawn;
- `experiment`: a framework against its control, over seeds, and the chapter's
  experiment;
- `attribution`: controls that tell what a gain is made of;
- `normalisation`: a normalisation layer in a trunk that several logs feed.

It adds nothing to chapters 1 to 4 but the joints between them. Importing this
package imports TensorFlow.
"""

from .drawings import draw_training
from .experiment import (
    CURES,
    LABELS,
    RELATEDNESS,
    built,
    compare,
    comparison,
    declare,
    differences,
    gain_of,
    logs,
    restart,
    scores_of,
    shipped,
    shipped_at,
    transfer,
    verdicts,
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
    "comparison",
    "declare",
    "differences",
    "draw",
    "draw_training",
    "gain_of",
    "logs",
    "meet",
    "restart",
    "scores_of",
    "shipped",
    "shipped_at",
    "transfer",
    "verdicts",
]
