"""Aggregators: from the inner products of the tasks' gradients to one coefficient per task.

The shared weights move along `d = Σ w_i g_i`. Every method here finds its w from the Gram matrix `G[i, j] = g_i · g_j` alone,
T x T, however many weights the gradients have. An aggregator splits G into the lengths `n_i = ‖g_i‖` and the cosines
`C[i, j] = G[i, j] / (n_i n_j)`, and finds b, the coefficients of the *unit* gradients `u_i = g_i / n_i`: then `w_i = b_i / n_i`.

One convention for all: where the gradients are equal, d is that gradient. The papers differ by constant
factors (PCGrad's is a sum, Nash-MTL's d always has the length √T); a learning rate absorbs these, a
comparison at one learning rate does not.

A task without a label in the batch has no gradient, which is not a gradient of zero: `known` says which
tasks have labels, and the w of these are as if there were no others.
"""

from itertools import product

import numpy as np

from mtl_lessons.backend import keras, register, tf

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

RIDGE = 1e-6  # added to the cosines' diagonal before a system is solved: opposed gradients make it singular
MOST = 10  # tasks for which all 2^T faces can be tried


def gram(gradients) -> tf.Tensor:
    """Inner products of the rows of `(T, n)`: `(T, T)`.

    In float32 the square of a gradient shorter than 1e-19 is 0, and of one longer than 1e19 infinite.
    """
    gradients = tf.convert_to_tensor(gradients)
    if gradients.shape.rank != 2:
        raise ValueError(f"gram: expected gradients (T, n), found shape {tuple(gradients.shape)}")
    return tf.matmul(gradients, gradients, transpose_b=True)


def step(aggregator: "Aggregator", gradients) -> np.ndarray:
    """The direction `Σ w_i g_i` for explicit gradients `(T, n)`: `(n,)`, in double precision."""
    gradients = np.asarray(gradients, dtype="float64")
    return aggregator(gram(gradients)).numpy() @ gradients


@register
class Aggregator(keras.layers.Layer):
    """The mean of the gradients, `w_i = 1/T`; a subclass overrides `combine`.

    Called with a Gram matrix `(T, T)`, it returns w, `(T,)`, in the same precision. A gradient of zero
    gets the coefficient 0. If an entry is not finite, no coefficient is: a broken gradient must not look
    like a step.

    `known`, `(T,)` of booleans, are the tasks with labels; without it, all. The others get the coefficient
    0, and T is the number of those with labels. A method that `wants_known` is told: `combine` has `known`
    as a third argument, 1 and 0. For any other, which takes a mean over all tasks, it is set right here.
    """

    wants_known = False
    remembers = False  # whether a call changes it: then it serves one model

    def __init__(self, **options):
        super().__init__(autocast=False, **{"dtype": precision()} | options)

    def build(self, shape):
        self.built = True

    def __call__(self, gram, known=None):
        gram = tf.convert_to_tensor(gram)
        _expect_square(type(self).__name__, gram.shape)
        return super().__call__(gram, known=known)

    def call(self, gram, known=None):
        exact = tf.cast(gram, "float64")
        known = tf.ones(gram.shape[0], "bool") if known is None else tf.cast(known, "bool")
        exact = tf.where(known & known[:, None], exact, 0.0)
        finite = tf.reduce_all(tf.math.is_finite(exact))
        exact = tf.where(finite, exact, tf.eye(gram.shape[0], dtype="float64"))
        weights = self._solved(_of_order_one(exact), tf.cast(known, "float64"))
        return tf.cast(tf.where(finite, weights, np.nan), gram.dtype)

    def _solved(self, gram, known):
        lengths = tf.sqrt(tf.linalg.diag_part(gram))
        safe = tf.where(lengths > 0, lengths, tf.ones_like(lengths))
        cosines = tf.linalg.set_diag(gram / (safe[:, None] * safe), tf.ones_like(lengths))
        if self.wants_known:
            units = self.combine(cosines, lengths, known)
        else:
            units = self.combine(cosines, lengths) * (lengths.shape[0] / _number(known))
        return tf.where(lengths > 0, units / safe, 0.0)

    def combine(self, cosines, lengths):
        """Coefficients b of the unit gradients, `(T,)`, from their cosines `(T, T)` and lengths `(T,)`."""
        return lengths / lengths.shape[0]


@register
class PCGrad(Aggregator):
    """Projecting conflicting gradients (Yu et al., 2020).

    From each g_i take away, for all other tasks j in a random order, its component along the *original* g_j, if that component is
    negative; then the mean of the results. Two tasks: neither is hurt. More: the last projection can undo
    an earlier one.

    A seed gives the same orders in every run; XLA (`jit_compile`) draws others of the same kind.
    """

    remembers = True

    def __init__(self, seed: int = 0, **options):
        super().__init__(**options)
        self.seed = int(seed)

    def build(self, shape):
        super().build(shape)
        self.draws = self.add_weight(
            name="draws",
            initializer="zeros",
            dtype="int64",
            trainable=False,
            aggregation="only_first_replica",
        )

    def combine(self, cosines, lengths):
        tasks = lengths.shape[0]
        luck = tf.random.stateless_uniform((tasks, tasks), [self.seed, tf.convert_to_tensor(self.draws)])
        self.draws.assign_add(1)
        order = tf.argsort(luck, axis=1)  # row i: in which order i meets the others
        rows = tf.linalg.diag(lengths)
        for place in range(tasks):
            other = tf.one_hot(order[:, place], tasks, dtype="float64")
            along = tf.reduce_sum(tf.matmul(rows, cosines) * other, axis=1, keepdims=True)
            rows -= tf.minimum(along, 0.0) * other  # along itself a gradient's component is never negative
        return tf.reduce_mean(rows, axis=0)

    def get_config(self):
        return super().get_config() | {"seed": self.seed}


@register
class UPGrad(Aggregator):
    """Unconflicting projection of gradients (Quinton and Rey, 2024).

    Replace each g_i by the nearest vector that conflicts with *no* g_j, then take the mean: `d · g_j ≥ 0` for all j, for any
    number of tasks. The nearest one is `g_i + Σ v_j g_j` with the smallest `v ≥ 0`.
    """

    def combine(self, cosines, lengths):
        own = tf.linalg.diag(lengths)
        added = [_nonnegative(cosines, tf.linalg.matvec(cosines, row)) for row in tf.unstack(own)]
        return tf.reduce_mean(own + tf.stack(added), axis=0)


@register
class MGDA(Aggregator):
    """Multiple gradient descent: the shortest vector of the gradients' convex hull (Désidéri, 2012; Sener and Koltun, 2018).

    `min ‖Σ w_i g_i‖` over `w ≥ 0, Σ w_i = 1`. Every task improves equally, `d · g_i = ‖d‖²`, where its w is above 0, and more
    elsewhere. The vector is short wherever *one* gradient is short.
    """

    wants_known = True

    def combine(self, cosines, lengths, known):
        return _on_simplex(_nonnegative(cosines, -known / _positive(lengths)), lengths)


@register
class IMTLG(Aggregator):
    """Impartial: equal projections on all unit gradients, `d · u_i = d · u_j`, with `Σ w_i = 1` (Liu et al., 2021).

    In closed form `b ∝ C⁻¹ 1`. Two tasks: equal shares of the unit gradients. With three tasks or more the
    w can be negative, and so can the common projection: then *every* loss rises.
    """

    wants_known = True

    def combine(self, cosines, lengths, known):
        return _as_mean(_solve(cosines, tf.ones_like(lengths)), lengths)


@register
class NashMTL(Aggregator):
    """The Nash bargaining solution: `G α = 1/α` (Navon et al., 2022), scaled to `Σ w_i = 1`.

    Each task's say `α_i g_i` does not depend on the length of its gradient. α is the minimum of `½ αᵀGα - Σ log α_i`, which
    damped Newton steps find.
    """

    STEPS = 30
    wants_known = True

    def combine(self, cosines, lengths, known):
        return _as_mean(self.bargain(cosines), lengths)

    def bargain(self, gram):
        """α with `G α = 1/α` and `α > 0`, `(T,)`, of a matrix in double precision."""
        alpha = 1 / tf.sqrt(tf.linalg.diag_part(gram))
        for _ in range(self.STEPS):
            slope = tf.linalg.matvec(gram, alpha) - 1 / alpha
            newton = _solve(gram + tf.linalg.diag(1 / alpha**2), slope)
            decrement = tf.sqrt(tf.maximum(tf.reduce_sum(slope * newton), 0.0))
            alpha -= newton / (1 + decrement)  # this length keeps α positive
        return alpha


@register
class CAGrad(Aggregator):
    """Conflict-averse: near the mean, the best for the task that gains least (Liu et al., 2021).

    `max_d min_i d · g_i` within `‖d - g_0‖ ≤ c ‖g_0‖`, g_0 the mean. Its dual is over the simplex: with
    `g_w = Σ w_i g_i` that has the smallest `g_w · g_0 + c ‖g_0‖ ‖g_w‖`, d is `g_0 + c ‖g_0‖ g_w / ‖g_w‖`. Here it is
    divided by `1 + c`, so that equal gradients give themselves.
    """

    wants_known = True

    def __init__(self, c: float = 0.5, **options):
        super().__init__(**options)
        if not 0 <= c < 1:
            raise ValueError(f"CAGrad: expected 0 <= c < 1, found {c}")
        self.c = float(c)

    def combine(self, cosines, lengths, known):
        mean = lengths / _number(known)
        along_mean = tf.linalg.matvec(cosines, mean)
        radius = self.c * tf.sqrt(tf.maximum(tf.reduce_sum(mean * along_mean), 0.0))
        points = tf.maximum(self._stationary(cosines, lengths, along_mean, radius, known), 0.0)
        inside = tf.reduce_any(points > 0, axis=1)
        points = _on_simplex(points, lengths)
        norms = tf.sqrt(tf.maximum(tf.reduce_sum(points * tf.matmul(points, cosines), axis=1), 0.0))
        best = tf.argmin(tf.where(inside, tf.linalg.matvec(points, along_mean) + radius * norms, np.inf))
        return (mean + radius * points[best] / _positive(norms[best])) / (1 + self.c)

    def get_config(self):
        return super().get_config() | {"c": self.c}

    def _stationary(self, cosines, lengths, along_mean, radius, known):
        """On each face of the simplex the point where the dual is flat, as coefficients of unit gradients; and MGDA's point."""
        masks = _masks(lengths.shape[0]) * known
        ones, along = masks / _positive(lengths), masks * along_mean
        a, b = _solve_each(cosines, masks, ones), _solve_each(cosines, masks, along)
        aa, ab, bb = (tf.reduce_sum(p * q, axis=1) for p, q in ((ones, a), (ones, b), (along, b)))
        level = (ab + tf.sqrt(tf.maximum(ab**2 - aa * (bb - radius**2), 0.0))) / aa
        shortest = _nonnegative(cosines, -known / _positive(lengths))
        return tf.concat([level[:, None] * a - b, shortest[None]], axis=0)


@register
class AlignedMTL(Aggregator):
    """Aligned-MTL: the gradients as a linear system with the condition number 1 (Senushkin et al., 2023).

    With the eigenvalues and -vectors `G = V Λ Vᵀ`, the gradients `√λ_min V Λ^{-½} Vᵀ` times their matrix
    are orthogonal, all of the length `√λ_min`, and as near to the given ones as such can be; d is their
    mean. Each task's gradient keeps its direction as far as the others let it. Like MGDA's, the step is
    short where *one* gradient is short, or nearly a combination of the others; a gradient that is a
    combination up to rounding is no direction of its own, and its eigenvalue is left out.
    """

    wants_known = True

    def combine(self, cosines, lengths, known):
        there = tf.cast(lengths > 0, "float64")
        cosines = cosines * there * there[:, None]
        rank = tf.math.count_nonzero(tf.linalg.eigvalsh(cosines) > RIDGE, dtype="int32")
        values, vectors = tf.linalg.eigh(cosines * lengths * lengths[:, None])
        kept = tf.range(lengths.shape[0]) >= lengths.shape[0] - rank  # they ascend
        smallest = tf.reduce_min(tf.where(kept, _positive(values), np.inf))
        stretch = tf.where(kept, tf.sqrt(smallest / _positive(values)), 0.0)
        mean = known / _number(known)
        return lengths * tf.linalg.matvec(vectors, stretch * tf.linalg.matvec(vectors, mean, transpose_a=True))


# ---------------------------------------------------------------- small problems, solved exactly


def _expect_square(method: str, shape) -> None:
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"{method}: expected a Gram matrix (T, T), found shape {tuple(shape)}")


def _of_order_one(gram):
    """The matrix over a power of two, which loses no digit: w does not depend on the unit of all losses."""
    largest = tf.sqrt(tf.reduce_max(tf.linalg.diag_part(gram)))
    unit = 2.0 ** tf.round(tf.math.log(tf.where(largest > 0, largest, 1.0)) / np.log(2.0))
    return gram / unit / unit


def _number(known):
    """How many tasks have labels; 1 if none has."""
    return tf.maximum(tf.reduce_sum(known), 1.0)


def _positive(x):
    return tf.maximum(x, 1e-60)


def _on_simplex(units, lengths):
    """Coefficients b of unit gradients, scaled to `Σ b_i / n_i = 1`, which is Σ w_i; a gradient of length 0 takes all."""
    return tf.math.divide_no_nan(units, tf.reduce_sum(units / _positive(lengths), axis=-1, keepdims=True))


def _as_mean(units, lengths):
    """The same, but a gradient of length 0 is left out."""
    return tf.math.divide_no_nan(units, tf.reduce_sum(tf.math.divide_no_nan(units, lengths)))


def _solve(matrix, right):
    ridge = RIDGE * tf.eye(matrix.shape[0], dtype=matrix.dtype)
    return tf.linalg.solve(matrix + ridge, right[:, None])[:, 0]


def _masks(tasks: int) -> np.ndarray:
    """Every non-empty subset of the tasks, as rows of 0 and 1."""
    if tasks > MOST:
        raise ValueError(f"expected at most {MOST} tasks, whose 2^T subsets can all be tried, found {tasks}")
    return np.array(list(product((0.0, 1.0), repeat=tasks)))[1:]


def _solve_each(matrix, masks, rights):
    """For each mask, the solution of the masked system, 0 outside of it: `(faces, T)`."""
    tasks = matrix.shape[0]
    inside = masks[:, :, None] * masks[:, None, :]
    systems = inside * matrix + tf.eye(tasks, dtype=matrix.dtype) * (RIDGE + 1 - masks)[:, None, :]
    return tf.linalg.solve(systems, rights[:, :, None])[:, :, 0]


def _nonnegative(matrix, linear):
    """`argmin ½ vᵀMv + qᵀv` over `v ≥ 0`: some entries are 0, the rest solve a linear system, so all 2^T choices are tried."""
    masks = _masks(matrix.shape[0])
    inside = tf.maximum(_solve_each(matrix, masks, -masks * linear), 0.0)
    tried = tf.concat([tf.zeros_like(inside[:1]), inside], axis=0)
    ridged = matrix + RIDGE * tf.eye(matrix.shape[0], dtype=matrix.dtype)
    values = 0.5 * tf.reduce_sum(tried * tf.matmul(tried, ridged), axis=1) + tf.linalg.matvec(tried, linear)
    return tried[tf.argmin(values)]
