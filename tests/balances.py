"""Every weighting and aggregator that chapter 3 exports, made for some number of tasks.

The tests of the methods, of `Balanced` and of `Restart`, and the benchmark, go over these tables.
A new method needs a row here and nothing else; `test_balances.py` says so where it is missing.
"""

from collections.abc import Callable

import numpy as np

from mtl_lessons import loss_balancing as lb

# Arguments are NumPy's, as a reader computes them, so that saving a model meets these as well.
KINDS = ("regression", "classification", "regression")
WEIGHTS = np.array([0.5, 2.0, 1.0])
VARIANCES = np.array([2.0, 1.0, 4.0])

WEIGHTINGS: dict[str, Callable[[int], lb.Weighting]] = {
    "Equal": lambda _: lb.Equal(),
    "Fixed": lambda tasks: lb.Fixed(WEIGHTS[:tasks]),
    "Uncertainty": lambda tasks: lb.Uncertainty(
        KINDS[:tasks], start=VARIANCES[:tasks]
    ),
    "DWA": lambda _: lb.DWA(every=np.int64(2)),
    "RLW": lambda _: lb.RLW(seed=5),
    "GradNorm": lambda _: lb.GradNorm(),
    "FAMO": lambda _: lb.FAMO(),
    "Bounded": lambda tasks: lb.Bounded([0.5, None, 2.0][:tasks]),
}
AGGREGATORS: dict[str, Callable[[int], lb.Aggregator]] = {
    "Aggregator": lambda _: lb.Aggregator(),
    "PCGrad": lambda _: lb.PCGrad(seed=1),
    "UPGrad": lambda _: lb.UPGrad(),
    "MGDA": lambda _: lb.MGDA(),
    "CAGrad": lambda _: lb.CAGrad(),
    "IMTLG": lambda _: lb.IMTLG(),
    "NashMTL": lambda _: lb.NashMTL(),
    "AlignedMTL": lambda _: lb.AlignedMTL(),
}
BALANCES = WEIGHTINGS | AGGREGATORS
