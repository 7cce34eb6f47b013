"""Chapter 3: how to balance the losses of several tasks.

Two families, one idea each; `Balanced` trains with either:

- *weightings*: the T losses in, one loss out, such as `Uncertainty` and
  `GradNorm`;
- *aggregators*: the T x T inner products of the tasks' gradients in, one
  coefficient per task out, such as `PCGrad` and `MGDA`.

`experiment` has the world of three tasks that the chapter trains on, `front`
the two that compete for one shared unit. Importing this package imports
TensorFlow.
"""

from . import aggregators, weightings
from .aggregators import *
from .balanced import Balanced
from .weightings import *

__all__ = ["Balanced", *aggregators.__all__, *weightings.__all__]
