"""Chapter 4: what goes into a multi-task model, and what comes out.

- `features`: declared once, turned into Keras inputs and one tensor;
- `tasks`: declared once, giving head, loss and metrics, with labels that may be
  missing;
- `funnel`: conversions that are known on clicks and wanted on all impressions:
  ESMM, IPS, DR, and a comparison with known truth;
- `serving`: probabilities put right, then fused into one score.

`given` makes plain what is handed over, NumPy's numbers and DataFrames among
it, or refuses it by name.

Importing this package imports TensorFlow.
"""

from . import features, funnel, serving, tasks
from .features import (
    Categorical,
    MultiValued,
    Numeric,
    Sequence,
    encode,
    feed,
    lookup,
    vocabulary,
)
from .funnel import (
    DoublyRobust,
    InversePropensity,
    entire_space,
    purchase_error,
    with_parts,
)
from .serving import (
    Calibration,
    power,
    product,
    recalibrate,
    undo_sampling,
    weighted_sum,
)
from .tasks import (
    Binary,
    MultiLabel,
    OneOfK,
    Ordinal,
    Regression,
    WatchOdds,
    WatchTime,
    heads,
    losses,
    metrics,
    targets,
    weights,
)

__all__ = [
    "Binary",
    "Calibration",
    "Categorical",
    "DoublyRobust",
    "InversePropensity",
    "MultiLabel",
    "MultiValued",
    "Numeric",
    "OneOfK",
    "Ordinal",
    "Regression",
    "Sequence",
    "WatchOdds",
    "WatchTime",
    "encode",
    "entire_space",
    "features",
    "feed",
    "funnel",
    "heads",
    "lookup",
    "losses",
    "metrics",
    "power",
    "product",
    "purchase_error",
    "recalibrate",
    "serving",
    "targets",
    "tasks",
    "undo_sampling",
    "vocabulary",
    "weighted_sum",
    "weights",
    "with_parts",
]
