"""Gated designs as one family: a table of weights over experts, and a mask.

`h_t(x) = Σ_e G_te(x) f_e(x)`, where `G` is a softmax over the experts that the
mask of task t keeps. `Level` computes the same, group by group.

| design                     | experts that task t keeps | rows of G         |
|----------------------------|---------------------------|-------------------|
| shared bottom              | one, the same for all     | 1                 |
| OMoE                       | all                       | the same for all  |
| MMoE                       | all                       | one for each task |
| CGC                        | its own and the shared    | one for each task |
| a mixture for each task    | its own                   | one for each task |

PLE is one such table over another.
"""

import numpy as np

from mtl_lessons.backend import Tensor, keras

from .level import NEVER, mix

ops = keras.ops


def masked(logits: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the experts that the mask keeps; the others have exactly 0.

    The mask acts *before* the softmax: a logit of -60,000. So the weights that
    stay sum to 1, and no gradient reaches the logit of what is masked. Both
    have a last axis of experts.

    >>> masked([[5.0, 1.0, 1.0]], [[False, True, True]]).numpy().tolist()
    [[0.0, 0.5, 0.5]]
    """
    logits = ops.convert_to_tensor(logits)
    return ops.softmax(ops.where(mask, logits, ops.cast(NEVER, logits.dtype)))


def mixture(outputs: Tensor, logits: Tensor, mask: Tensor) -> Tensor:
    """`h_t = Σ_e masked(logits)_te f_e`, `(batch, tasks, width)`.

    From the experts' outputs, `(experts, batch, width)`, logits of all gates,
    `(batch, tasks, experts)`, and who may read whom, `(tasks, experts)`.

    >>> outputs = np.array([[[1.0]], [[2.0]], [[6.0]]])  # 3 experts, a row
    >>> own_and_shared = [[True, False, True], [False, True, True]]
    >>> mixture(outputs, np.zeros((1, 2, 3)), own_and_shared).numpy().tolist()
    [[[3.5], [4.0]]]
    """
    return mix(masked(logits, mask), ops.convert_to_tensor(outputs))


def top_k(logits: Tensor, k: int) -> Tensor:
    """Softmax over the k largest logits of each row; the others have exactly 0.

    With k = 1 the one that is left has weight 1, whatever its logit.

    >>> top_k([[2.0, 0.0, 2.0, 1.0]], k=2).numpy().tolist()
    [[0.5, 0.0, 0.5, 0.0]]
    """
    logits = ops.convert_to_tensor(logits)
    _, largest = ops.top_k(logits, k)
    chosen = ops.sum(ops.one_hot(largest, logits.shape[-1]), axis=-2) > 0
    return masked(logits, chosen)


def expected_share(experts: int, k: int, tasks: int) -> float:
    """Share of the experts that run for a row if each task's gate picks k.

    `1 - (1 - k / E)^T` on average, if the gates pick independently and evenly.

    >>> round(expected_share(experts=16, k=2, tasks=4), 3)
    0.414
    """
    if not 1 <= k <= experts:
        raise ValueError(f"k: expected a number from 1 to {experts}, found {k}")
    return 1 - (1 - k / experts) ** tasks


def overlap(one: Tensor, other: Tensor) -> float:
    """How much two gates use the same experts: the cosine of their weights,
    averaged over rows, from two tables `(batch, experts)` over the same
    experts.

    1 = the same mix in every row, 0 = no expert in common. What a step for one
    task does to another through an expert has both gates' weights as a factor.

    >>> overlap([[0.5, 0.5, 0.0]], [[0.0, 0.0, 1.0]])
    0.0
    """
    a, b = np.asarray(one, float), np.asarray(other, float)
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return float(((a * b).sum(-1) / lengths).mean())
