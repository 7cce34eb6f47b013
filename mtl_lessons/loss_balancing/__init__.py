"""Chapter 3: how to balance the losses of several tasks.

Two families, one idea each; `Balanced` trains with either:

- *weightings*: the T losses in, one loss out (`Equal`, `Fixed`, `Uncertainty`, `DWA`, `RLW`, `GradNorm`,
  `FAMO`);
- *aggregators*: the T x T inner products of the tasks' gradients in, one coefficient per task out
  (`PCGrad`, `UPGrad`, `MGDA`, `CAGrad`, `IMTLG`, `NashMTL`, `AlignedMTL`).

`experiment` has the world of three tasks that the chapter trains on, `front` the two that compete for
one shared unit. Importing this package imports TensorFlow.
"""

from .aggregators import IMTLG, MGDA, Aggregator, AlignedMTL, CAGrad, NashMTL, PCGrad, UPGrad, gram, step
from .balanced import Balanced
from .weightings import (
    DWA,
    FAMO,
    RLW,
    Equal,
    Fixed,
    GradNorm,
    Uncertainty,
    Weighting,
    dwa_weights,
    famo_weights,
    gradnorm_targets,
)

__all__ = [
    "Aggregator",
    "AlignedMTL",
    "Balanced",
    "CAGrad",
    "DWA",
    "Equal",
    "FAMO",
    "Fixed",
    "GradNorm",
    "IMTLG",
    "MGDA",
    "NashMTL",
    "PCGrad",
    "RLW",
    "UPGrad",
    "Uncertainty",
    "Weighting",
    "dwa_weights",
    "famo_weights",
    "gradnorm_targets",
    "gram",
    "step",
]
