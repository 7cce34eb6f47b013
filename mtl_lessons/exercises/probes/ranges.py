"""Which range an output can take, seen at large weights: logits, or which
probabilities.
"""

from collections.abc import Callable

import numpy as np

STRETCHES = (10, 3, 1)


def range_of(at: Callable[[float], np.ndarray]) -> str:
    """The range of an output.

    One of linear, softmax, double-softmax, sigmoid, upper-half, tanh, positive,
    constant.

    `at(factor)` is the output, `(rows, width)`, with all kernels and tables
    that many times as large. It is judged at the first factor at which rows
    differ: at 10, a sigmoid may be saturated and the same for all.
    """
    for factor in STRETCHES:
        out = at(factor)
        if not np.allclose(out, out[:1], atol=1e-6):
            break
    else:
        return "constant"
    low, high = out.min(), out.max()
    if out.shape[1] > 1 and low >= 0 and np.allclose(out.sum(1), 1, atol=1e-3):
        return "double-softmax" if _of_probabilities(at(100)) else "softmax"
    if low >= 0 and high <= 1:
        return (
            "upper-half"
            if low >= 0.5 and np.isclose(low, 0.5, atol=1e-6)
            else "sigmoid"
        )
    if low >= 0:
        return "positive"
    return "tanh" if max(-low, high) <= 1 and high > 0.5 else "linear"


def _of_probabilities(out: np.ndarray) -> bool:
    """Whether a softmax is over numbers from 0 to 1, which other probabilities
    are.

    Then no class gets more than e times as much as another.
    """
    most, least = (
        np.maximum(out.max(axis=1), 1e-30),
        np.maximum(out.min(axis=1), 1e-30),
    )
    ratio = np.log(most / least)
    return bool(np.all(ratio < 1.001) and np.median(ratio) > 0.9)
