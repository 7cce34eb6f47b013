"""What a learner's model is and does, found out from the built model, not from
its source.

A check of an exercise first makes a `Subject` of the answer, which tells its
outputs apart, then calls probes on it. A probe returns if all is well and
raises `Mistake` if not; the keys are those of the part `mistakes` in
`web/strings.en.json`.

    OUTPUTS = [Output("item", ONE_OF, 500), Output("interest", YES_NO, 12)]
    subject = Subject(build, {"history": rows}, OUTPUTS)
    shares_and_is_parallel(subject)      # gradients: who trains what, and that
                                         # no head stands below another
    activations(subject)                 # logits or probabilities of the
                                         # right kind
    losses(subject, labels)              # compiled: finite, missing labels,
                                         # scales, direction
    scores = trained(subject, x, labels) # a short training, with a bar

Inputs are dicts of arrays by name. Labels are dicts by task: whole numbers
`(rows,)` for ONE_OF, else `(rows, width)` with NaN where a row has none.
Outputs may be a dict (by the tasks' names, or any names if the widths differ),
a list or tuple; logits or probabilities.

By subject: `subject` (the model, its inputs and outputs), `structure` (rows,
ids and ranges), `reach` (gradients by weights), `losses` (gradients by
outputs), `training`, `weights` (other weights for a while), `ranges`, `equals`.
"""

from .equals import mindful_of_equals
from .losses import (
    LOSSES,
    LossCase,
    losses,
    pulls_of,
    said,
    swapped,
    unlabelled,
)
from .reach import (
    all_reached,
    gradients,
    jacobian_ranks,
    rank,
    reached,
    shares_and_is_parallel,
    spread,
    tables,
    trained_rows,
)
from .structure import (
    activations,
    all_differ,
    mixes_rows,
    names_not_numbers,
    row_by_row,
    tells_rows_apart,
)
from .subject import (
    NUMBER,
    ONE_OF,
    YES_NO,
    Output,
    Subject,
    built,
    fed,
    nothing_frozen,
    reads_only,
)
from .training import trained
from .weights import restored, scaled, whatever_the_weights

__all__ = [
    "LOSSES",
    "NUMBER",
    "ONE_OF",
    "YES_NO",
    "LossCase",
    "Output",
    "Subject",
    "activations",
    "all_differ",
    "all_reached",
    "built",
    "fed",
    "gradients",
    "jacobian_ranks",
    "losses",
    "mindful_of_equals",
    "mixes_rows",
    "names_not_numbers",
    "nothing_frozen",
    "pulls_of",
    "rank",
    "reached",
    "reads_only",
    "restored",
    "row_by_row",
    "said",
    "scaled",
    "shares_and_is_parallel",
    "spread",
    "swapped",
    "tables",
    "tells_rows_apart",
    "trained",
    "trained_rows",
    "unlabelled",
    "whatever_the_weights",
]
