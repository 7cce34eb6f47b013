"""Aggregators: from the inner products of the tasks' gradients to one
coefficient per task.

The shared weights move along `d = Σ w_i g_i`. Every method here finds its w
from the Gram matrix `G[i, j] = g_i · g_j` alone, T x T, however many weights
the gradients have. An aggregator splits G into the lengths `n_i = ‖g_i‖` and
the cosines `C[i, j] = G[i, j] / (n_i n_j)`, and finds b, the coefficients of
the *unit* gradients `u_i = g_i / n_i`: then `w_i = b_i / n_i`.

One convention for all: where the gradients are equal, d is that gradient. The
papers differ by factors. That of PCGrad, which is a sum, and of CAGrad, 1 + c,
are constant; a learning rate absorbs these, a comparison at one learning rate
does not. That of Nash-MTL is not: its d always has the length √T, ours √T / Σα.

A task without a label in the batch has no gradient, which is not a gradient of
zero: `known` says which tasks have labels, and the w of these are as if there
were no others.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from mtl_lessons.backend import Tensor, keras, register, tf

from .weightings import precision

__all__ = [
    "Aggregator",
    "PCGrad",
    "UPGrad",
    "MGDA",
    "CAGrad",
    "IMTLG",
    "NashMTL",
    "AlignedMTL",
    "gram",
    "step",
]

# added to the cosines' diagonal before a system is solved: opposed gradients
# make it singular
RIDGE = 1e-6
MOST = 10  # tasks for which all 2^T faces can be tried


def gram(gradients: Tensor) -> Tensor:
    """Inner products of the rows of `(T, n)`: `(T, T)`.

    In float32 the square of a gradient shorter than 1e-19 is 0, and of one
    longer than 1e19 infinite.

    >>> gram([[3.0, 1.0], [-1.0, 1.0]]).numpy().tolist()
    [[10.0, -2.0], [-2.0, 2.0]]
    """
    gradients = tf.convert_to_tensor(gradients)
    if gradients.shape.rank != 2:
        raise ValueError(
            "gram: expected gradients (T, n), found shape "
            f"{tuple(gradients.shape)}"
        )
    return tf.matmul(gradients, gradients, transpose_b=True)


def step(aggregator: "Aggregator", gradients: Tensor) -> np.ndarray:
    """The direction `Σ w_i g_i` for explicit gradients `(T, n)`: `(n,)`, in
    double precision.

    >>> step(Aggregator(), [[3.0, 1.0], [-1.0, 1.0]]).tolist()  # the mean
    [1.0, 1.0]
    """
    rows = np.asarray(gradients, dtype="float64")
    return aggregator(gram(rows)).numpy() @ rows


@register
class Aggregator(keras.layers.Layer):
    """The mean of the gradients, `w_i = 1/T`; a subclass overrides `combine`.

    Called with a Gram matrix `(T, T)`, it returns w, `(T,)`, in the same
    precision. A gradient of zero gets the coefficient 0. If an entry is not
    finite, no coefficient is: a broken gradient must not look like a step.

    `known`, `(T,)` of booleans, are the tasks with labels; without it, all. The
    others get the coefficient 0, and T is the number of those with labels.

    >>> Aggregator()(gram([[3.0, 1.0], [-1.0, 1.0]])).numpy().tolist()
    [0.5, 0.5]
    """

    remembers = False  # whether a call changes it: then it serves one model

    def __init__(self, **options: Any) -> None:
        super().__init__(autocast=False, **{"dtype": precision()} | options)

    def __call__(self, gram: Tensor, known: Tensor | None = None) -> Tensor:
        gram = tf.convert_to_tensor(gram)
        _expect_square(type(self).__name__, gram.shape)
        return super().__call__(gram, known=known)

    def build(self, shape: Sequence[int]) -> None:
        """Variables for T tasks, of a method that has some; shape is `(T, T)`."""

    def call(self, gram: Tensor, known: Tensor | None = None) -> Tensor:
        tasks = gram.shape[0]
        known = (
            tf.ones(tasks, "bool") if known is None else tf.cast(known, "bool")
        )
        exact = tf.where(known & known[:, None], tf.cast(gram, "float64"), 0.0)
        finite = tf.reduce_all(tf.math.is_finite(exact))
        solvable = tf.where(finite, exact, tf.eye(tasks, dtype="float64"))
        weights = self._weights(
            _of_order_one(solvable), tf.cast(known, "float64")
        )
        return tf.cast(tf.where(finite, weights, np.nan), gram.dtype)

    def _weights(self, gram: Tensor, known: Tensor) -> Tensor:
        """w from the lengths of the gradients and the cosines between them."""
        lengths = tf.sqrt(tf.linalg.diag_part(gram))
        safe = tf.where(lengths > 0, lengths, tf.ones_like(lengths))
        cosines = gram / (safe[:, None] * safe)
        cosines = tf.linalg.set_diag(cosines, tf.ones_like(lengths))
        units = self.combine(cosines, lengths, known)
        return tf.where(lengths > 0, units / safe, 0.0)

    def combine(
        self, cosines: Tensor, lengths: Tensor, known: Tensor
    ) -> Tensor:
        """Coefficients b of the unit gradients, `(T,)`, in double precision.

        From their cosines `(T, T)` and lengths `(T,)`; `known` is 1 for a task
        with labels, else 0. A task without labels has the length 0, and the
        cosine 0 with any other.
        """
        return _over_labelled(lengths / lengths.shape[0], known)


@register
class PCGrad(Aggregator):
    """Projecting conflicting gradients (Yu et al., 2020).

    From each g_i take away, for all other tasks j in a random order, its
    component along the *original* g_j, if that component is negative; then the
    mean of the results. Two tasks: neither is hurt. More: the last projection
    can undo an earlier one.

    A seed gives the same orders in every run; XLA (`jit_compile`) draws others
    of the same kind.

    >>> # (2, 2) and (-.4, 1.2)
    >>> step(PCGrad(), [[3.0, 1.0], [-1.0, 1.0]]).round(3).tolist()
    [0.8, 1.6]
    """

    remembers = True

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.seed = int(seed)

    def build(self, shape: Sequence[int]) -> None:
        self.draws = self.add_weight(
            name="draws",
            initializer="zeros",
            dtype="int64",
            trainable=False,
            aggregation="only_first_replica",
        )

    def combine(
        self, cosines: Tensor, lengths: Tensor, known: Tensor
    ) -> Tensor:
        tasks = lengths.shape[0]
        draw = [self.seed, tf.convert_to_tensor(self.draws)]
        luck = tf.random.stateless_uniform((tasks, tasks), draw)
        self.draws.assign_add(1)
        # row i: in which order i meets the others
        order = tf.argsort(luck, axis=1)
        rows = tf.linalg.diag(lengths)
        for turn in range(tasks):
            other = tf.one_hot(order[:, turn], tasks, dtype="float64")
            along = tf.reduce_sum(
                tf.matmul(rows, cosines) * other, axis=1, keepdims=True
            )
            # along itself a gradient's component is never negative
            rows -= tf.minimum(along, 0.0) * other
        return _over_labelled(tf.reduce_mean(rows, axis=0), known)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"seed": self.seed}


@register
class UPGrad(Aggregator):
    """Unconflicting projection of gradients (Quinton and Rey, 2024).

    Replace each g_i by the nearest vector that conflicts with *no* g_j, then
    take the mean: `d · g_j ≥ 0` for all j, for any number of tasks. The nearest
    one is `g_i + Σ v_j g_j` with the smallest `v ≥ 0`.

    >>> # two tasks: as PCGrad
    >>> step(UPGrad(), [[3.0, 1.0], [-1.0, 1.0]]).round(3).tolist()
    [0.8, 1.6]
    """

    def combine(
        self, cosines: Tensor, lengths: Tensor, known: Tensor
    ) -> Tensor:
        own = tf.linalg.diag(lengths)
        added = [
            _nonnegative(cosines, tf.linalg.matvec(cosines, row))
            for row in tf.unstack(own)
        ]
        return _over_labelled(
            tf.reduce_mean(own + tf.stack(added), axis=0), known
        )


@register
class MGDA(Aggregator):
    """Multiple gradient descent: the shortest vector of the gradients' convex
    hull.

    (Désidéri, 2012; Sener and Koltun, 2018.)

    `min ‖Σ w_i g_i‖` over `w ≥ 0, Σ w_i = 1`. Every task improves equally, `d ·
    g_i = ‖d‖²`, where its w is above 0, and more elsewhere. The vector is short
    wherever *one* gradient is short.

    >>> # w = (1/5, 4/5)
    >>> step(MGDA(), [[2.0, 0.0], [0.0, 1.0]]).round(3).tolist()
    [0.4, 0.8]
    """

    def combine(
        self, cosines: Tensor, lengths: Tensor, known: Tensor
    ) -> Tensor:
        return _on_simplex(
            _nonnegative(cosines, -known / _positive(lengths)), lengths
        )


@register
class IMTLG(Aggregator):
    """Impartial: equal projections on all unit gradients (Liu et al., 2021).

    `d · u_i = d · u_j`, with `Σ w_i = 1`.

    In closed form `b ∝ C⁻¹ 1`. Two tasks: equal shares of the unit gradients.
    With three tasks or more the w can be negative, and so can the common
    projection: then *every* loss rises.

    >>> # w = (1/3, 2/3)
    >>> step(IMTLG(), [[2.0, 0.0], [0.0, 1.0]]).round(3).tolist()
    [0.667, 0.667]
    """

    def combine(
        self, cosines: Tensor, lengths: Tensor, known: Tensor
    ) -> Tensor:
        return _as_mean(_solve(cosines, tf.ones_like(lengths)), lengths)


@register
class NashMTL(Aggregator):
    """The Nash bargaining solution: `G α = 1/α` (Navon et al., 2022), scaled to
    `Σ w_i = 1`.

    Each task's part `α_i g_i` does not depend on the length of its gradient. α
    is the minimum of `½ αᵀGα - Σ log α_i`, which damped Newton steps find.

    >>> # α = (1/2, 1), w = (1/3, 2/3)
    >>> step(NashMTL(), [[2.0, 0.0], [0.0, 1.0]]).round(3).tolist()
    [0.667, 0.667]
    """

    STEPS = 30

    def combine(
        self, cosines: Tensor, lengths: Tensor, known: Tensor
    ) -> Tensor:
        return _as_mean(self.bargain(cosines), lengths)

    def bargain(self, gram: Tensor) -> Tensor:
        """α with `G α = 1/α` and `α > 0`, `(T,)`, of a matrix in double
        precision.
        """
        alpha = 1 / tf.sqrt(tf.linalg.diag_part(gram))
        for _ in range(self.STEPS):
            slope = tf.linalg.matvec(gram, alpha) - 1 / alpha
            newton = _solve(gram + tf.linalg.diag(1 / alpha**2), slope)
            decrement = tf.sqrt(tf.maximum(tf.reduce_sum(slope * newton), 0.0))
            alpha -= newton / (1 + decrement)  # this length keeps α positive
        return alpha


@register
class CAGrad(Aggregator):
    """Conflict-averse: near the mean, the best for the task that gains least
    (Liu et al., 2021).

    `max_d min_i d · g_i` within `‖d - g_0‖ ≤ c ‖g_0‖`, g_0 the mean. Its dual
    is over the simplex: with `g_w = Σ w_i g_i` that has the smallest `g_w · g_0
    + c ‖g_0‖ ‖g_w‖`, d is `g_0 + c ‖g_0‖ g_w / ‖g_w‖`. Here it is divided by `1
    + c`, so that equal gradients give themselves.

    >>> # g_w is the mean as well
    >>> step(CAGrad(c=0.5), [[2.0, 0.0], [0.0, 2.0]]).round(3).tolist()
    [1.0, 1.0]
    """

    def __init__(self, c: float = 0.5, **options: Any) -> None:
        super().__init__(**options)
        if not 0 <= c < 1:
            raise ValueError(f"CAGrad: expected 0 <= c < 1, found {c}")
        self.c = float(c)

    def combine(
        self, cosines: Tensor, lengths: Tensor, known: Tensor
    ) -> Tensor:
        mean = lengths / _labelled(known)
        along_mean = tf.linalg.matvec(cosines, mean)
        radius = self.c * tf.sqrt(
            tf.maximum(tf.reduce_sum(mean * along_mean), 0.0)
        )
        flat = _where_dual_is_flat(cosines, lengths, along_mean, radius, known)
        shortest = _nonnegative(cosines, -known / _positive(lengths))
        points = tf.maximum(tf.concat([flat, shortest[None]], axis=0), 0.0)
        inside = tf.reduce_any(points > 0, axis=1)
        points = _on_simplex(points, lengths)
        squares = tf.reduce_sum(points * tf.matmul(points, cosines), axis=1)
        norms = tf.sqrt(tf.maximum(squares, 0.0))
        dual = tf.linalg.matvec(points, along_mean) + radius * norms
        best = tf.argmin(tf.where(inside, dual, np.inf))
        return (mean + radius * points[best] / _positive(norms[best])) / (
            1 + self.c
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"c": self.c}


def _where_dual_is_flat(
    cosines: Tensor,
    lengths: Tensor,
    along_mean: Tensor,
    radius: Tensor,
    known: Tensor,
) -> Tensor:
    """On each face of the simplex the point where CAGrad's dual is flat:
    `(faces, T)`, not scaled.

    There `s + radius C b / ‖b‖ = λ r`, s the products with the mean and `r · b
    = 1` the constraint. So b is along `λ C⁻¹ r - C⁻¹ s`, whose length is the
    radius: a quadratic equation for λ.
    """
    masks = _masks(lengths.shape[0]) * known
    constraint = masks / _positive(lengths)
    slope = masks * along_mean
    by_constraint = _solve_each(cosines, masks, constraint)
    by_slope = _solve_each(cosines, masks, slope)
    square = tf.reduce_sum(constraint * by_constraint, axis=1)
    half = tf.reduce_sum(constraint * by_slope, axis=1)
    rest = tf.reduce_sum(slope * by_slope, axis=1) - radius**2
    level = (half + tf.sqrt(tf.maximum(half**2 - square * rest, 0.0))) / square
    return level[:, None] * by_constraint - by_slope


@register
class AlignedMTL(Aggregator):
    """The gradients as a linear system with the condition number 1 (Senushkin
    et al., 2023).

    With the eigenvalues and -vectors `G = V Λ Vᵀ`, the gradients `√λ_min V
    Λ^{-½} Vᵀ` times their matrix are orthogonal, all of the length `√λ_min`,
    and as near to the given ones as such can be; d is their mean. Each task's
    gradient keeps its direction as far as the others let it. Like MGDA's, the
    step is short where *one* gradient is short, or nearly a combination of the
    others; a gradient that is a combination up to rounding is no direction of
    its own, and its eigenvalue is left out.

    >>> # both as short as one
    >>> step(AlignedMTL(), [[2.0, 0.0], [0.0, 1.0]]).round(3).tolist()
    [0.5, 0.5]
    """

    def combine(
        self, cosines: Tensor, lengths: Tensor, known: Tensor
    ) -> Tensor:
        tasks = lengths.shape[0]
        there = tf.cast(lengths > 0, "float64")
        cosines = cosines * there * there[:, None]
        independent = tf.linalg.eigvalsh(cosines) > RIDGE
        rank = tf.math.count_nonzero(independent, dtype="int32")
        values, vectors = tf.linalg.eigh(cosines * lengths * lengths[:, None])
        kept = tf.range(tasks) >= tasks - rank  # the eigenvalues ascend
        smallest = tf.reduce_min(tf.where(kept, _positive(values), np.inf))
        stretch = tf.where(kept, tf.sqrt(smallest / _positive(values)), 0.0)
        mean = known / _labelled(known)
        in_eigenvectors = tf.linalg.matvec(vectors, mean, transpose_a=True)
        return lengths * tf.linalg.matvec(vectors, stretch * in_eigenvectors)


# ----------------------------------------------- small problems, solved exactly


def _expect_square(method: str, shape: Sequence[int]) -> None:
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(
            f"{method}: expected a Gram matrix (T, T), found shape "
            f"{tuple(shape)}"
        )


def _of_order_one(gram: Tensor) -> Tensor:
    """The matrix over a power of two, which loses no digit: the losses' unit
    does not matter.
    """
    largest = tf.sqrt(tf.reduce_max(tf.linalg.diag_part(gram)))
    exponent = tf.math.log(tf.where(largest > 0, largest, 1.0)) / np.log(2.0)
    unit = 2.0 ** tf.round(exponent)
    return gram / unit / unit


def _labelled(known: Tensor) -> Tensor:
    """How many tasks have labels; 1 if none has."""
    return tf.maximum(tf.reduce_sum(known), 1.0)


def _over_labelled(mean: Tensor, known: Tensor) -> Tensor:
    """From a mean over all tasks, where one without labels added 0, that over
    those with labels.
    """
    return mean * (known.shape[0] / _labelled(known))


def _positive(x: Tensor) -> Tensor:
    return tf.maximum(x, 1e-60)


def _on_simplex(units: Tensor, lengths: Tensor) -> Tensor:
    """Coefficients b of unit gradients, scaled to `Σ b_i / n_i = 1`, which is Σ
    w_i.

    A gradient of length 0 takes all.
    """
    total = tf.reduce_sum(units / _positive(lengths), axis=-1, keepdims=True)
    return tf.math.divide_no_nan(units, total)


def _as_mean(units: Tensor, lengths: Tensor) -> Tensor:
    """The same, but a gradient of length 0 is left out."""
    total = tf.reduce_sum(tf.math.divide_no_nan(units, lengths))
    return tf.math.divide_no_nan(units, total)


def _ridged(matrix: Tensor) -> Tensor:
    return matrix + RIDGE * tf.eye(matrix.shape[0], dtype=matrix.dtype)


def _solve(matrix: Tensor, right: Tensor) -> Tensor:
    return tf.linalg.solve(_ridged(matrix), right[:, None])[:, 0]


def _masks(tasks: int) -> np.ndarray:
    """Every non-empty subset of the tasks, as rows of 0 and 1."""
    if tasks > MOST:
        raise ValueError(
            f"gram: expected at most {MOST} tasks, of which all subsets are "
            f"tried, found {tasks}"
        )
    return np.array(list(product((0.0, 1.0), repeat=tasks)))[1:]


def _solve_each(matrix: Tensor, masks: Tensor, rights: Tensor) -> Tensor:
    """For each mask, the solution of the masked system, 0 outside of it:
    `(faces, T)`.
    """
    inside = masks[:, :, None] * masks[:, None, :]
    diagonal = (RIDGE + 1 - masks)[:, None, :]  # 1 outside of the mask
    systems = (
        inside * matrix + tf.eye(matrix.shape[0], dtype=matrix.dtype) * diagonal
    )
    return tf.linalg.solve(systems, rights[:, :, None])[:, :, 0]


def _nonnegative(matrix: Tensor, linear: Tensor) -> Tensor:
    """`argmin ½ vᵀMv + qᵀv` over `v ≥ 0`.

    Some entries are 0, and the rest solve a linear system, so all 2^T choices
    are tried.
    """
    masks = _masks(matrix.shape[0])
    inside = tf.maximum(_solve_each(matrix, masks, -masks * linear), 0.0)
    tried = tf.concat([tf.zeros_like(inside[:1]), inside], axis=0)
    quadratic = 0.5 * tf.reduce_sum(
        tried * tf.matmul(tried, _ridged(matrix)), axis=1
    )
    values = quadratic + tf.linalg.matvec(tried, linear)
    return tried[tf.argmin(values)]
