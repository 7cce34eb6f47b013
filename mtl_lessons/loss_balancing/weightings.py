"""Weightings: the losses of T tasks in, one loss out.

All are Keras layers. What a method remembers is its weights, so it is saved
with the model; those that the optimiser should learn are trainable. Three
moments are open to a method: `call(losses)` gives the loss to descend,
`before_step` sees the lengths of the tasks' gradients if `wants_gradients`,
`after_step` sees the losses, again after the step if `wants_second_look`.

A batch may have no label of a task: its loss says nothing then. A method that
`wants_known` is told which tasks have labels, `(T,)` of booleans. It balances
these among themselves, and what it remembers of the others stays. `known=None`
stands for all.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtl_lessons.backend import Tensor, keras, register, tf

__all__ = [
    "Weighting",
    "Equal",
    "Fixed",
    "Uncertainty",
    "DWA",
    "RLW",
    "GradNorm",
    "FAMO",
    "Bounded",
    "dwa_weights",
    "gradnorm_targets",
    "famo_weights",
]

# A method takes what its interface has; `noqa: ARG002` marks the arguments that
# it does not need.


def precision() -> str:
    """In what losses are balanced: float32 under half precision too, or
    float64.
    """
    policies = (
        keras.config.floatx(),
        keras.config.dtype_policy().variable_dtype,
    )
    return "float64" if "float64" in policies else "float32"


@register
class Weighting(keras.layers.Layer):
    """`Σ w_i L_i` with `w_i = 1`; a subclass overrides what it needs. Losses
    are a vector `(T,)`.

    >>> float(Weighting()(tf.constant([1.0, 2.0])))
    3.0
    """

    wants_gradients = False
    wants_second_look = False
    wants_known = False
    remembers = False  # whether a step changes it: then it serves one model

    def __init__(self, **options: Any) -> None:
        super().__init__(autocast=False, **{"dtype": precision()} | options)

    def call(self, losses: Tensor, known: Tensor | None = None) -> Tensor:  # noqa: ARG002
        return tf.reduce_sum(losses)

    def before_step(
        self, losses: Tensor, lengths: Tensor, known: Tensor | None = None
    ) -> None:
        """`lengths`: `‖∂L_i/∂W‖` for W the weights of the last shared layer,
        `(T,)`.
        """

    def after_step(
        self, losses: Tensor, then: Tensor, known: Tensor | None = None
    ) -> None:
        """`then`: the losses of the same batch after the step, or None if none
        was wanted.
        """

    def state(
        self,
        name: str,
        shape: Sequence[int],
        value: float = 0.0,
        trainable: bool = False,
        dtype: str | None = None,
    ) -> Tensor:
        """A variable to remember by. All replicas compute the same, so the
        first one's counts.
        """
        return self.add_weight(
            shape=shape,
            initializer=keras.initializers.Constant(value),
            dtype=dtype,
            trainable=trainable,
            aggregation="only_first_replica",
            name=name,
        )


@register
class Equal(Weighting):
    """The plain sum of losses, `Σ L_i`.

    >>> float(Equal()(tf.constant([1.0, 2.0])))
    3.0
    """


@register
class Fixed(Weighting):
    """`Σ w_i L_i` with weights that somebody chose.

    >>> float(Fixed([0.5, 2.0])(tf.constant([1.0, 3.0])))  # 0.5 · 1 + 2 · 3
    6.5
    """

    def __init__(self, weights: Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        self.chosen = [float(weight) for weight in weights]
        allowed = all(0 <= weight < np.inf for weight in self.chosen)
        _expect("Fixed", "weights >= 0", allowed, self.chosen)

    def build(self, shape: Sequence[int]) -> None:
        _expect_one_per_task("Fixed", self.chosen, shape)
        self.weights_used = self.state("weights", shape)
        self.weights_used.assign(self.chosen)

    def call(self, losses: Tensor, known: Tensor | None = None) -> Tensor:  # noqa: ARG002
        return tf.reduce_sum(self.weights_used * losses)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"weights": self.chosen}


@register
class Uncertainty(Weighting):
    """Learned noise (Kendall, Gal and Cipolla, 2018).

    `Σ L_i / (2 σ_i²) + log σ_i` for regression, `L_i / σ_i² + log σ_i` for
    classification.

    `kinds`: "regression" or "classification" per task. Learned is `s_i = log
    σ_i²`, from the variances `start`, 1 by default. At the optimum σ² = L
    (regression) or 2 L (classification); the weight of either is 1 / (2 L).
    Adam moves a weight by about its learning rate each step, however far it has
    to go; so what is stored is `s / speed`, and s moves `speed` times as fast.

    The optimum exists for losses above 0. At a loss of 0 or less a variance
    stays where it is.

    >>> weighting = Uncertainty(["regression", "classification"])
    >>> float(weighting(tf.constant([2.0, 3.0])))  # σ = 1: 2 / 2 + 3
    4.0
    """

    wants_known = True
    remembers = True

    def __init__(
        self,
        kinds: Sequence[str],
        start: Sequence[float] | np.ndarray | None = None,
        speed: float = 1.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.kinds = [str(kind) for kind in kinds]
        self.start = (
            None if start is None else [float(variance) for variance in start]
        )
        self.speed = float(speed)
        unknown = sorted(set(self.kinds) - {"regression", "classification"})
        _expect(
            "Uncertainty",
            "regression or classification",
            not unknown,
            ", ".join(unknown),
        )
        positive = all(0 < variance < np.inf for variance in self.start or [])
        _expect(
            "Uncertainty",
            "variances above 0 to start from",
            positive,
            self.start,
        )
        _expect(
            "Uncertainty",
            "a speed above 0",
            0 < self.speed < np.inf,
            self.speed,
        )

    def build(self, shape: Sequence[int]) -> None:
        _expect_one_per_task("Uncertainty", self.kinds, shape)
        self.stored = self.state(
            "log_variances_by_speed", shape, trainable=True
        )
        if self.start is not None:
            _expect_one_per_task("Uncertainty", self.start, shape)
            variances = tf.constant(self.start, self.variable_dtype)
            self.stored.assign(tf.math.log(variances) / self.speed)

    def variances(self) -> Tensor:
        """σ², `(T,)`."""
        return tf.exp(self.speed * tf.convert_to_tensor(self.stored))

    def call(self, losses: Tensor, known: Tensor | None = None) -> Tensor:
        halves = [0.5 if kind == "regression" else 1.0 for kind in self.kinds]
        factor = tf.constant(halves, losses.dtype)
        variances = self.variances()
        learned = factor * losses / variances + tf.math.log(variances) / 2
        held = factor * losses / tf.stop_gradient(variances)
        has_optimum = _mask(losses, known) & ~(losses <= 0)
        return tf.reduce_sum(tf.where(has_optimum, learned, held))

    def get_config(self) -> dict[str, Any]:
        own = {"kinds": self.kinds, "start": self.start, "speed": self.speed}
        return super().get_config() | own


@register
class RLW(Weighting):
    """Random weights, anew at every step: `T softmax(noise)`, noise ~ N(0, 1)
    (Lin et al., 2022).

    A control: no weight depends on a loss.

    A seed draws the same numbers in every run; XLA (`jit_compile`) draws others
    of the same kind.

    >>> total = RLW(seed=1)(tf.constant([2.0, 2.0]))
    >>> round(float(total), 3)  # the weights sum to T = 2
    4.0
    """

    wants_known = True
    remembers = True

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.seed = int(seed)

    def build(self, shape: Sequence[int]) -> None:  # noqa: ARG002
        self.draws = self.state("draws", (), dtype="int64")

    def call(self, losses: Tensor, known: Tensor | None = None) -> Tensor:
        draw = [self.seed, tf.convert_to_tensor(self.draws)]
        noise = tf.cast(
            tf.random.stateless_normal(losses.shape, draw), losses.dtype
        )
        self.draws.assign_add(1)
        known = _mask(losses, known)
        return _labelled_tasks(known, losses.dtype) * tf.reduce_sum(
            _softmax(noise, known) * losses
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"seed": self.seed}


def dwa_weights(
    last: Tensor,
    before: Tensor,
    temperature: float = 2.0,
    known: Tensor | None = None,
) -> Tensor:
    """`T softmax(r / temperature)`, `r_i = last_i / before_i`.

    More weight where the loss falls more slowly. T is the number of the tasks
    that are `known`; the others have the weight 0.

    >>> # r = .8 and .95
    >>> weights = dwa_weights(last=[0.4, 0.19], before=[0.5, 0.2])
    >>> weights.numpy().round(3).tolist() == np.float32([0.963, 1.037]).tolist()
    True
    """
    last, before = _vectors("dwa_weights", last, before)
    rates = last / before
    return _scaled_softmax(rates / temperature, _mask(rates, known))


@register
class DWA(Weighting):
    """Dynamic weight average (Liu, Johns and Davison, 2019).

    `w = T softmax(r / 2)`: r_i is the mean loss of task i in the last epoch,
    divided by that of the epoch before (`dwa_weights`).

    `every`: the steps of an epoch. The weights are 1 in the first two. It sees
    rates, not scales: a loss in seconds and the same in milliseconds fall at
    the same rate. A mean is over the steps that have labels of the task and a
    finite loss. A task with no such step, or with a mean of 0 or less, of which
    no rate can be told, keeps its weight.

    >>> dwa = DWA(every=10)
    >>> float(dwa(tf.constant([1.0, 2.0])))  # both weights are 1
    3.0
    """

    wants_known = True
    remembers = True

    def __init__(
        self, every: int, temperature: float = 2.0, **options: Any
    ) -> None:
        super().__init__(**options)
        whole = every >= 1 and every == int(every)
        _expect("DWA", "every >= 1 steps, a whole number", whole, every)
        _expect(
            "DWA",
            "a temperature above 0",
            0 < temperature < np.inf,
            temperature,
        )
        self.every = int(every)
        self.temperature = float(temperature)

    def build(self, shape: Sequence[int]) -> None:
        self.weights_used = self.state("weights", shape, 1.0)
        self.running = self.state("running", shape)
        self.last = self.state("last", shape)
        self.seen = self.state("seen", shape)
        self.steps = self.state("steps", (), dtype="int64")

    def call(self, losses: Tensor, known: Tensor | None = None) -> Tensor:  # noqa: ARG002
        return tf.reduce_sum(self.weights_used * losses)

    def after_step(
        self,
        losses: Tensor,
        then: Tensor,  # noqa: ARG002
        known: Tensor | None = None,
    ) -> None:
        counted = _mask(losses, known) & tf.math.is_finite(losses)
        self.running.assign_add(tf.where(counted, losses / self.every, 0.0))
        self.seen.assign_add(tf.cast(counted, losses.dtype))
        self.steps.assign_add(1)
        self._epoch(done=tf.equal(self.steps % self.every, 0))

    def _epoch(self, done: Tensor) -> None:
        """At the end of an epoch: new weights, and a new mean to compare with."""
        seen = tf.convert_to_tensor(self.seen)
        last = tf.convert_to_tensor(self.last)
        mean = self.running * (self.every / tf.maximum(seen, 1.0))
        rated = (mean > 0) & (last > 0)
        fresh = dwa_weights(
            mean, tf.where(rated, last, 1.0), self.temperature, rated
        )
        self.weights_used.assign(
            tf.where(done & rated, fresh, self.weights_used)
        )
        self.last.assign(tf.where(done & (seen > 0), mean, last))
        for summed in (self.running, self.seen):
            summed.assign(tf.where(done, tf.zeros_like(seen), summed))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "every": self.every,
            "temperature": self.temperature,
        }


class _Learning(Weighting):
    """A weighting with logits ξ of its own.

    Adam moves them at a `rate` of its own, apart from the model's optimiser.
    The initial losses are kept in mind: by these it knows what is small.
    """

    wants_known = True
    remembers = True

    def __init__(self, rate: float, **options: Any) -> None:
        super().__init__(**options)
        self.rate = _not_negative(type(self).__name__, "rate", rate)

    def build(self, shape: Sequence[int]) -> None:
        self.logits = self.state("logits", shape)
        self.mean = self.state("mean", shape)
        self.square = self.state("square", shape)
        self.steps = self.state("steps", (), dtype="int64")
        self.initial = self.state("initial_losses", shape)

    def start(self, losses: Tensor, known: Tensor | None = None) -> Tensor:
        """The size of each loss in the first batch that has its labels; until
        then, 1.

        That batch may have been easy by chance. So the start is never less than
        a tenth of a loss, and doubles as long as losses are more than ten times
        as large.
        """
        size = tf.abs(losses)
        first = tf.where(self._tells(losses, known), size, 1.0)
        first = tf.where(self.initial > 0, self.initial, first)
        least = tf.where(tf.math.is_finite(size), size / 10, 0.0)
        return tf.stop_gradient(tf.maximum(first, least))

    def remember(self, losses: Tensor, known: Tensor | None = None) -> None:
        """Take the start from a first batch, or correct it."""
        size = tf.abs(losses)
        initial = tf.convert_to_tensor(self.initial)
        corrected = tf.where(size > 10 * initial, 2 * initial, initial)
        seen = tf.where(initial > 0, corrected, size)
        self.initial.assign(tf.where(self._tells(losses, known), seen, initial))

    def move(self, gradient: Tensor, moved: Tensor | None = None) -> None:
        """A step of Adam. Where `moved` is false, or the gradient not finite,
        nothing happens.
        """
        moved = _mask(gradient, moved) & tf.math.is_finite(gradient)
        gradient = tf.where(moved, gradient, 0.0)
        self.steps.assign_add(1)
        self.mean.assign(
            tf.where(moved, 0.9 * self.mean + 0.1 * gradient, self.mean)
        )
        square = 0.999 * self.square + 0.001 * gradient**2
        self.square.assign(tf.where(moved, square, self.square))
        steps = tf.cast(tf.convert_to_tensor(self.steps), gradient.dtype)
        mean = self.mean / (1 - 0.9**steps)
        square = self.square / (1 - 0.999**steps)
        step = self.rate * mean / (tf.sqrt(square) + 1e-8)
        self.logits.assign_sub(tf.where(moved, step, 0.0))

    def _tells(self, losses: Tensor, known: Tensor | None) -> Tensor:
        """Which losses say something about their size."""
        return _mask(losses, known) & tf.math.is_finite(losses) & (losses != 0)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rate": self.rate}


def gradnorm_targets(
    lengths: Tensor,
    losses: Tensor,
    initial: Tensor,
    alpha: float,
    known: Tensor | None = None,
) -> Tensor:
    """`mean(lengths) r_i^alpha`, for the lengths of the tasks' gradients.

    r_i is the share `L_i / L_i(0)` that is left of loss i, divided by the mean
    share. Means are over the tasks that are `known`.

    >>> targets = gradnorm_targets([1.0, 3.0], losses=[1.0, 3.0], initial=[2.0, 2.0], alpha=1.0)
    >>> # the mean length is 2; 1/2 and 3/2 are left, 1 on average
    >>> targets.numpy().tolist()
    [1.0, 3.0]
    """
    lengths, losses, initial = _vectors(
        "gradnorm_targets", lengths, losses, initial
    )
    left = losses / initial
    return (
        _mean_over(lengths, known) * (left / _mean_over(left, known)) ** alpha
    )


@register
class GradNorm(_Learning):
    """Gradients of like length, longer where training lags (Chen et al., 2018).

    With `G_i = ‖∂(w_i L_i)/∂W‖`, W the last shared layer, and r_i the share that
    is left of loss i over the mean share, the weights descend
    `Σ |G_i - mean(G) r_i^α|`.

    The targets (`gradnorm_targets`) are held constant, and the weights are
    scaled to Σ w_i = T. Two departures, for losses that differ by orders of magnitude:
    the weights multiply `L_i / L_i(0)`, the losses of the first batch being
    `L_i(0)`; and they are `T softmax(ξ)`, so they stay positive.

    A share that is left is a share of a loss above 0: at one of 0 or less ξ
    stays as it is.

    >>> # at first both w, and both L / L(0), are 1
    >>> float(GradNorm()(tf.constant([100.0, 0.5])))
    2.0
    """

    wants_gradients = True

    def __init__(
        self, alpha: float = 1.5, rate: float = 0.025, **options: Any
    ) -> None:
        super().__init__(rate, **options)
        self.alpha = _not_negative("GradNorm", "alpha", alpha)

    def task_weights(self, known: Tensor | None = None) -> Tensor:
        return _scaled_softmax(self.logits, _mask(self.logits, known))

    def call(self, losses: Tensor, known: Tensor | None = None) -> Tensor:
        return tf.reduce_sum(
            self.task_weights(known) * losses / self.start(losses, known)
        )

    def before_step(
        self, losses: Tensor, lengths: Tensor, known: Tensor | None = None
    ) -> None:
        initial = self.start(losses, known)
        compared = (
            self._tells(losses, known)
            & (losses > 0)
            & tf.math.is_finite(lengths)
        )
        weights = self.task_weights(compared)
        relative = tf.where(compared, lengths, 0.0) / initial
        now = tf.where(compared, losses, 0.0)
        targets = gradnorm_targets(
            weights * relative, now, initial, self.alpha, compared
        )
        slope = tf.sign(weights * relative - targets) * relative  # by w
        slope_of_logits = weights * (
            slope - _mean_over(weights * slope, compared)
        )
        self.move(slope_of_logits, compared)
        self.remember(losses, known)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"alpha": self.alpha}


def famo_weights(
    logits: Tensor, losses: Tensor, known: Tensor | None = None
) -> Tensor:
    """`w_i ∝ z_i / L_i`, `Σ w_i = 1`, with `z = softmax(logits)`.

    >>> # 1 : 1/3
    >>> famo_weights([0.0, 0.0], losses=[1.0, 3.0]).numpy().round(6).tolist()
    [0.75, 0.25]
    """
    logits, losses = _vectors("famo_weights", logits, losses)
    raw = _softmax(logits, _mask(losses, known)) / (losses + 1e-8)
    return tf.math.divide_no_nan(raw, tf.reduce_sum(raw))


@register
class FAMO(_Learning):
    """Fast adaptive multitask optimisation (Liu, Feng, Stone and Liu, 2023).

    Equal rates of fall of the *log* losses, without a gradient per task:
    `w_i ∝ z_i / L_i`, and a smaller z_i for the task whose log loss fell most.

    Descends `Σ w_i L_i` with `famo_weights`. After the step it looks at the
    same batch again; the logits descend along `Jᵀ (log L - log L') + gamma ξ`,
    J the Jacobian of the softmax: the task whose log loss fell most gets a
    smaller z.

    A loss near 0 would take all the weight, and leave none for the other tasks.
    So one that is less than a hundredth of its first value counts as that much,
    and one of 0 takes no part. The logarithm of a loss below 0 does not exist:
    its weight is that of its size, and its ξ stays as it is.

    >>> round(float(FAMO()(tf.constant([1.0, 3.0]))), 4)  # w = (3/4, 1/4)
    1.5
    """

    SMALLEST = 0.01  # of the first loss
    wants_second_look = True

    def __init__(
        self, rate: float = 0.025, gamma: float = 0.001, **options: Any
    ) -> None:
        super().__init__(rate, **options)
        self.gamma = _not_negative("FAMO", "gamma", gamma)

    def call(self, losses: Tensor, known: Tensor | None = None) -> Tensor:
        size = self.size(losses, self.start(losses, known))
        weights = famo_weights(self.logits, size, self._tells(losses, known))
        return tf.reduce_sum(tf.stop_gradient(weights) * losses)

    def size(self, losses: Tensor, start: Tensor) -> Tensor:
        """What losses are divided by."""
        return tf.maximum(tf.abs(losses), self.SMALLEST * start)

    def after_step(
        self, losses: Tensor, then: Tensor, known: Tensor | None = None
    ) -> None:
        start = self.start(losses, known)
        positive = (losses > 0) & (then > 0)
        compared = (
            self._tells(losses, known) & positive & tf.math.is_finite(then)
        )
        z = _softmax(self.logits, compared)
        log_now = tf.math.log(self.size(losses, start) + 1e-8)
        log_then = tf.math.log(self.size(then, start) + 1e-8)
        fall = tf.where(compared, log_now - log_then, 0.0)
        slope = z * (fall - tf.reduce_sum(z * fall))
        self.move(slope + self.gamma * self.logits, compared)
        self.remember(losses, known)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"gamma": self.gamma}


@register
class Bounded(Weighting):
    """A bound on a task's loss, in place of a weight for it.

    The network descends the Lagrangian, `Σ_free L_i + Σ_bounded λ_i (L_i / B_i
    - 1)`; after each step the multipliers ascend it: `λ_i ← λ_i exp(rate (L_i /
    B_i - 1))`.

    So the sum of the losses whose bound is None is minimised, while each of the
    others stays at or below its bound B: λ grows while its bound is broken,
    falls while there is room, and rests where L = B; where the bound does not
    bind, it goes to 0.

    Plain ascent adds, `max(0, λ_i + rate (L_i / B_i - 1))`. By a factor, λ
    changes in proportion, whatever the other losses are measured in. A loss
    above twice its bound counts as twice, so that λ grows no faster than it can
    fall.

    λ starts at 1. It follows batches, so it is as noisy as their losses are;
    a smaller `rate` averages over more of them, and takes longer.

    >>> bounded = Bounded([0.5, None])
    >>> float(bounded(tf.constant([1.0, 2.0])))  # 1 · (1 / .5 - 1) + 2
    3.0
    """

    wants_known = True
    remembers = True

    def __init__(
        self,
        bounds: Sequence[float | None],
        rate: float = 0.02,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.bounds = [
            None if bound is None else float(bound) for bound in bounds
        ]
        self.rate = _not_negative("Bounded", "rate", rate)
        given = [bound for bound in self.bounds if bound is not None]
        allowed = all(0 < bound < np.inf for bound in given)
        _expect("Bounded", "bounds above 0, or None", allowed, self.bounds)

    def build(self, shape: Sequence[int]) -> None:
        _expect_one_per_task("Bounded", self.bounds, shape)
        self.multipliers = self.state("multipliers", shape, 1.0)

    def excess(self, losses: Tensor) -> Tensor:
        """`L / B - 1` of the bounded tasks, 0 for the others: `(T,)`."""
        bounds = [bound or 1.0 for bound in self.bounds]
        excess = losses / tf.constant(bounds, losses.dtype) - 1.0
        return tf.where(self._bounded(), excess, 0.0)

    def call(self, losses: Tensor, known: Tensor | None = None) -> Tensor:
        free = tf.where(self._bounded(), 0.0, losses)
        held = self.multipliers * self.excess(losses)
        total = tf.where(_mask(losses, known), free + held, 0.0)
        return tf.reduce_sum(total)

    def after_step(
        self,
        losses: Tensor,
        then: Tensor,  # noqa: ARG002
        known: Tensor | None = None,
    ) -> None:
        counted = _mask(losses, known) & tf.math.is_finite(losses)
        excess = tf.minimum(self.excess(losses), 1.0)
        growth = tf.exp(self.rate * tf.where(counted, excess, 0.0))
        self.multipliers.assign(self.multipliers * growth)

    def _bounded(self) -> Tensor:
        return tf.constant([bound is not None for bound in self.bounds])

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "bounds": self.bounds,
            "rate": self.rate,
        }


# ------------------------------------------------ over the tasks that are known


def _mask(losses: Tensor, known: Tensor | None) -> Tensor:
    """`known` as a tensor; without it, all tasks."""
    return (
        tf.ones_like(losses, "bool")
        if known is None
        else tf.convert_to_tensor(known)
    )


def _softmax(logits: Tensor, known: Tensor) -> Tensor:
    """Over the tasks that are known, `(T,)`; 0 for the others."""
    logits = tf.convert_to_tensor(logits)
    shares = tf.nn.softmax(tf.where(known, logits, logits.dtype.min))
    return tf.where(known, shares, 0.0)


def _scaled_softmax(logits: Tensor, known: Tensor) -> Tensor:
    """`T softmax(logits)`, T the number of those that are known."""
    shares = _softmax(logits, known)
    return _labelled_tasks(known, shares.dtype) * shares


def _labelled_tasks(known: Tensor, dtype: Tensor) -> Tensor:
    return tf.reduce_sum(tf.cast(known, dtype))


def _mean_over(values: Tensor, known: Tensor | None) -> Tensor:
    values = tf.convert_to_tensor(values)
    known = _mask(values, known)
    total = tf.reduce_sum(tf.where(known, values, 0.0))
    return total / tf.maximum(_labelled_tasks(known, values.dtype), 1.0)


# ---------------------------------------------------------------- arguments


def _vectors(method: str, *values: Tensor) -> list[Tensor]:
    """As tensors `(T,)` of one precision, the widest of those that have one."""
    dtypes = [
        tf.as_dtype(value.dtype) for value in values if hasattr(value, "dtype")
    ]
    floating = [dtype for dtype in dtypes if dtype.is_floating]
    widest = max(floating, key=lambda dtype: dtype.size, default=tf.float32)
    tensors = [tf.cast(tf.convert_to_tensor(value), widest) for value in values]
    shapes = [tuple(tensor.shape) for tensor in tensors]
    one_length = len(set(shapes)) == len(shapes[0]) == 1
    _expect(method, "vectors of one length", one_length, shapes)
    return tensors


def _expect(method: str, expected: str, holds: bool, found: object) -> None:
    if not holds:
        raise ValueError(f"{method}: expected {expected}, found {found}")


def _expect_one_per_task(
    method: str, entries: Sequence, shape: Sequence[int]
) -> None:
    tasks = shape[0]
    expected = f"one entry for each of {tasks} tasks"
    _expect(method, expected, len(entries) == tasks, list(entries))


def _not_negative(method: str, name: str, value: float) -> float:
    _expect(method, f"{name} >= 0", 0 <= value < np.inf, value)
    return float(value)
