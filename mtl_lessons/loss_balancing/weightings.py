"""Weightings: the losses of T tasks in, one loss out.

All are Keras layers. What a method remembers is its weights, so it is saved with the model; those that
the optimiser should learn are trainable. Three moments are open to a method: `call(losses)` gives the
loss to descend, `before_step` sees the lengths of the tasks' gradients if `wants_gradients`,
`after_step` sees the losses, again after the step if `wants_second_look`.

A batch may have no label of a task: its loss says nothing then. A method that `wants_known` is told
which tasks have labels, `(T,)` of booleans. It balances these among themselves, and what it remembers of
the others stays. `known=None` stands for all.
"""

from collections.abc import Sequence

import numpy as np

from mtl_lessons.backend import keras, register, tf

__all__ = [
    "Weighting",
    "Equal",
    "Fixed",
    "Uncertainty",
    "DWA",
    "RLW",
    "GradNorm",
    "FAMO",
    "dwa_weights",
    "gradnorm_targets",
    "famo_weights",
]


def precision() -> str:
    """In what losses are balanced: float32 under half precision too, and float64 where that is the policy."""
    wide = "float64" in (keras.config.floatx(), keras.config.dtype_policy().variable_dtype)
    return "float64" if wide else "float32"


@register
class Weighting(keras.layers.Layer):
    """`Σ w_i L_i` with `w_i = 1`; a subclass overrides what it needs. Losses are a vector `(T,)`."""

    wants_gradients = False
    wants_second_look = False
    wants_known = False
    remembers = False  # whether a step changes it: then it serves one model

    def __init__(self, **options):
        super().__init__(autocast=False, **{"dtype": precision()} | options)

    def call(self, losses, known=None):
        return tf.reduce_sum(losses)

    def before_step(self, losses, lengths, known=None) -> None:
        """`lengths`: `‖∂L_i/∂W‖` for W the weights of the last shared layer, `(T,)`."""

    def after_step(self, losses, then, known=None) -> None:
        """`then`: the losses of the same batch after the step, or None if no second look was wanted."""

    def state(self, name: str, shape, value: float = 0.0, trainable: bool = False, dtype=None):
        """A variable to remember something by. All replicas compute the same, so the first one's counts."""
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
    """The plain sum of losses."""


@register
class Fixed(Weighting):
    """`Σ w_i L_i` with weights that somebody chose."""

    def __init__(self, weights: Sequence[float], **options):
        super().__init__(**options)
        self.chosen = [float(w) for w in weights]
        if not all(0 <= w < np.inf for w in self.chosen):
            raise ValueError(f"Fixed: expected weights >= 0, found {self.chosen}")

    def build(self, shape):
        _same_number("Fixed", self.chosen, shape)
        self.weights_used = self.state("weights", shape)
        self.weights_used.assign(self.chosen)

    def call(self, losses):
        return tf.reduce_sum(self.weights_used * losses)

    def get_config(self):
        return super().get_config() | {"weights": self.chosen}


@register
class Uncertainty(Weighting):
    """Learned noise (Kendall, Gal and Cipolla, 2018): `Σ L_i / (2 σ_i²) + log σ_i` for regression,
    `L_i / σ_i² + log σ_i` for classification.

    `kinds`: "regression" or "classification" per task. Learned is `s_i = log σ_i²`, from the variances
    `start`, 1 by default. At the optimum σ² = L (regression) or 2 L (classification); the weight of
    either is 1 / (2 L). Adam moves a weight by about its learning rate each step, however far it has to
    go; so what is stored is `s / speed`, and s moves `speed` times as fast.

    The optimum exists for losses above 0. At a loss of 0 or less a variance stays where it is.
    """

    wants_known = remembers = True

    def __init__(
        self,
        kinds: Sequence[str],
        start: Sequence[float] | None = None,
        speed: float = 1.0,
        **options,
    ):
        super().__init__(**options)
        self.kinds, self.speed = [str(kind) for kind in kinds], float(speed)
        self.start = None if start is None else [float(variance) for variance in start]
        if unknown := set(self.kinds) - {"regression", "classification"}:
            found = ", ".join(sorted(unknown))
            raise ValueError(f"Uncertainty: expected regression or classification, found {found}")
        if not all(0 < variance < np.inf for variance in self.start or []):
            raise ValueError(f"Uncertainty: expected variances above 0 to start from, found {self.start}")
        _expect("Uncertainty", "a speed above 0", 0 < self.speed < np.inf, self.speed)

    def build(self, shape):
        _same_number("Uncertainty", self.kinds, shape)
        self.stored = self.state("log_variances_by_speed", shape, trainable=True)
        if self.start is not None:
            _same_number("Uncertainty", self.start, shape)
            self.stored.assign(tf.math.log(tf.constant(self.start, self.variable_dtype)) / self.speed)

    def variances(self):
        """σ², `(T,)`."""
        return tf.exp(self.speed * tf.convert_to_tensor(self.stored))

    def call(self, losses, known=None):
        factor = tf.constant([0.5 if kind == "regression" else 1.0 for kind in self.kinds], losses.dtype)
        variances = self.variances()
        learned = factor * losses / variances + tf.math.log(variances) / 2
        held = factor * losses / tf.stop_gradient(variances)
        return tf.reduce_sum(tf.where(_all(losses, known) & ~(losses <= 0), learned, held))

    def get_config(self):
        return super().get_config() | {"kinds": self.kinds, "start": self.start, "speed": self.speed}


@register
class RLW(Weighting):
    """Random weights, anew at every step: `T softmax(noise)`, noise ~ N(0, 1) (Lin et al., 2022). A control.

    A seed draws the same numbers in every run; XLA (`jit_compile`) draws others of the same kind.
    """

    wants_known = remembers = True

    def __init__(self, seed: int = 0, **options):
        super().__init__(**options)
        self.seed = int(seed)

    def build(self, shape):
        self.draws = self.state("draws", (), dtype="int64")

    def call(self, losses, known=None):
        draw = [self.seed, tf.convert_to_tensor(self.draws)]
        noise = tf.cast(tf.random.stateless_normal(losses.shape, draw), losses.dtype)
        self.draws.assign_add(1)
        known = _all(losses, known)
        return _number(known, losses.dtype) * tf.reduce_sum(_softmax(noise, known) * losses)

    def get_config(self):
        return super().get_config() | {"seed": self.seed}


def dwa_weights(last, before, temperature: float = 2.0, known=None):
    """`T softmax(r / temperature)`, `r_i = last_i / before_i`: more weight where the loss falls more
    slowly. T is the number of the tasks that are `known`; the others have the weight 0.
    """
    last, before = _vectors("dwa_weights", last, before)
    rates = last / before
    return _weights(rates / temperature, _all(rates, known))


@register
class DWA(Weighting):
    """Dynamic weight average (Liu, Johns and Davison, 2019): `dwa_weights` of the mean losses of the last
    two epochs.

    `every`: the steps of an epoch. The weights are 1 in the first two. It sees rates, not scales: a loss
    in seconds and the same in milliseconds fall at the same rate. A mean is over the steps that have
    labels of the task and a finite loss. A task with no such step, or with a mean of 0 or less, of which
    no rate can be told, keeps its weight.
    """

    wants_known = remembers = True

    def __init__(self, every: int, temperature: float = 2.0, **options):
        super().__init__(**options)
        _expect("DWA", "every >= 1 steps, a whole number", every >= 1 and every == int(every), every)
        _expect("DWA", "a temperature above 0", 0 < temperature < np.inf, temperature)
        self.every, self.temperature = int(every), float(temperature)

    def build(self, shape):
        self.weights_used = self.state("weights", shape, 1.0)
        self.running, self.last = self.state("running", shape), self.state("last", shape)
        self.seen = self.state("seen", shape)
        self.steps = self.state("steps", (), dtype="int64")

    def call(self, losses, known=None):
        return tf.reduce_sum(self.weights_used * losses)

    def after_step(self, losses, then, known=None):
        counted = _all(losses, known) & tf.math.is_finite(losses)
        self.running.assign_add(tf.where(counted, losses / self.every, 0.0))
        self.seen.assign_add(tf.cast(counted, losses.dtype))
        self.steps.assign_add(1)
        self._epoch(done=tf.equal(self.steps % self.every, 0))

    def _epoch(self, done):
        """At the end of an epoch: new weights, and a new mean to compare with."""
        seen, last = tf.convert_to_tensor(self.seen), tf.convert_to_tensor(self.last)
        mean = self.running * (self.every / tf.maximum(seen, 1.0))
        rated = (mean > 0) & (last > 0)
        fresh = dwa_weights(mean, tf.where(rated, last, 1.0), self.temperature, rated)
        self.weights_used.assign(tf.where(done & rated, fresh, self.weights_used))
        self.last.assign(tf.where(done & (seen > 0), mean, last))
        for summed in (self.running, self.seen):
            summed.assign(tf.where(done, tf.zeros_like(seen), summed))

    def get_config(self):
        return super().get_config() | {"every": self.every, "temperature": self.temperature}


class _Learning(Weighting):
    """A weighting with logits ξ of its own, moved by Adam with a `rate` of its own, apart from the model's
    optimiser, and with the initial losses in mind, by which it knows what is small.
    """

    wants_known = remembers = True

    def __init__(self, rate: float, **options):
        super().__init__(**options)
        self.rate = _finite(type(self).__name__, "rate", rate)

    def build(self, shape):
        self.logits = self.state("logits", shape)
        self.mean, self.square = self.state("mean", shape), self.state("square", shape)
        self.steps = self.state("steps", (), dtype="int64")
        self.initial = self.state("initial_losses", shape)

    def start(self, losses, known=None):
        """The size of each loss in the first batch that has its labels; until then, 1.

        That batch may have been easy by chance. So the start is never less than a tenth of a loss, and
        doubles as long as losses are more than ten times as large.
        """
        size = tf.abs(losses)
        first = tf.where(self.initial > 0, self.initial, tf.where(self._tells(losses, known), size, 1.0))
        return tf.stop_gradient(tf.maximum(first, tf.where(tf.math.is_finite(size), size / 10, 0.0)))

    def remember(self, losses, known=None) -> None:
        """Take the start from a first batch, or correct it."""
        size, initial = tf.abs(losses), tf.convert_to_tensor(self.initial)
        grown = tf.where(size > 10 * initial, 2 * initial, initial)
        seen = tf.where(initial > 0, grown, size)
        self.initial.assign(tf.where(self._tells(losses, known), seen, initial))

    def move(self, gradient, moved=None) -> None:
        """A step of Adam. Where `moved` is false, or the gradient is not finite, nothing happens."""
        moved = _all(gradient, moved) & tf.math.is_finite(gradient)
        gradient = tf.where(moved, gradient, 0.0)
        self.steps.assign_add(1)
        self.mean.assign(tf.where(moved, 0.9 * self.mean + 0.1 * gradient, self.mean))
        self.square.assign(tf.where(moved, 0.999 * self.square + 0.001 * gradient**2, self.square))
        steps = tf.cast(tf.convert_to_tensor(self.steps), gradient.dtype)
        mean, square = self.mean / (1 - 0.9**steps), self.square / (1 - 0.999**steps)
        self.logits.assign_sub(tf.where(moved, self.rate * mean / (tf.sqrt(square) + 1e-8), 0.0))

    def _tells(self, losses, known):
        """Which losses say something about their size."""
        return _all(losses, known) & tf.math.is_finite(losses) & (losses != 0)

    def get_config(self):
        return super().get_config() | {"rate": self.rate}


def gradnorm_targets(lengths, losses, initial, alpha: float, known=None):
    """`mean(lengths) r_i^alpha`: r_i is the share `L_i / L_i(0)` that is left of loss i, divided by the
    mean share. Means are over the tasks that are `known`.
    """
    lengths, losses, initial = _vectors("gradnorm_targets", lengths, losses, initial)
    left = losses / initial
    return _mean(lengths, known) * (left / _mean(left, known)) ** alpha


@register
class GradNorm(_Learning):
    """Gradients of like length, longer where training lags (Chen et al., 2018).

    With `G_i = ‖∂(w_i L_i)/∂W‖`, W the last shared layer, the weights descend `Σ |G_i - target_i|`, the
    `gradnorm_targets` held constant, and are scaled to Σ w_i = T. Two departures, for losses that differ
    by orders of magnitude: the weights multiply `L_i / L_i(0)`, the losses of the first batch being
    `L_i(0)`; and they are `T softmax(ξ)`, so they stay positive.

    A share that is left is a share of a loss above 0: at one of 0 or less ξ stays as it is.
    """

    wants_gradients = True

    def __init__(self, alpha: float = 1.5, rate: float = 0.025, **options):
        super().__init__(rate, **options)
        self.alpha = _finite("GradNorm", "alpha", alpha)

    def task_weights(self, known=None):
        return _weights(self.logits, _all(self.logits, known))

    def call(self, losses, known=None):
        return tf.reduce_sum(self.task_weights(known) * losses / self.start(losses, known))

    def before_step(self, losses, lengths, known=None):
        initial = self.start(losses, known)
        compared = self._tells(losses, known) & (losses > 0) & tf.math.is_finite(lengths)
        all_losses, losses = losses, tf.where(compared, losses, 0.0)
        lengths = tf.where(compared, lengths, 0.0)
        weights = self.task_weights(compared)
        relative = lengths / initial
        targets = gradnorm_targets(weights * relative, losses, initial, self.alpha, compared)
        slope = tf.sign(weights * relative - targets) * relative
        # through w = T softmax(ξ)
        self.move(weights * (slope - _mean(weights * slope, compared)), compared)
        self.remember(all_losses, known)

    def get_config(self):
        return super().get_config() | {"alpha": self.alpha}


def famo_weights(logits, losses, known=None):
    """`w_i ∝ z_i / L_i`, `Σ w_i = 1`, with `z = softmax(logits)`."""
    logits, losses = _vectors("famo_weights", logits, losses)
    raw = _softmax(logits, _all(losses, known)) / (losses + 1e-8)
    return tf.math.divide_no_nan(raw, tf.reduce_sum(raw))


@register
class FAMO(_Learning):
    """Fast adaptive multitask optimisation (Liu, Feng, Stone and Liu, 2023): equal rates of fall of the
    *log* losses, without a gradient per task.

    Descends `Σ w_i L_i` with `famo_weights`. After the step it looks at the same batch again; the logits
    descend along `Jᵀ (log L - log L') + gamma ξ`, J the Jacobian of the softmax: the task whose log loss
    fell most gets a smaller z.

    A loss near 0 would take all the weight, and leave none for the other tasks. So one that is less than
    a hundredth of its first value counts as that much, and one of 0 takes no part. The logarithm of a
    loss below 0 does not exist: its weight is that of its size, and its ξ stays as it is.
    """

    SMALLEST = 0.01  # of the first loss
    wants_second_look = True

    def __init__(self, rate: float = 0.025, gamma: float = 0.001, **options):
        super().__init__(rate, **options)
        self.gamma = _finite("FAMO", "gamma", gamma)

    def call(self, losses, known=None):
        size = self.size(losses, self.start(losses, known))
        weights = famo_weights(self.logits, size, self._tells(losses, known))
        return tf.reduce_sum(tf.stop_gradient(weights) * losses)

    def size(self, losses, start):
        """What losses are divided by."""
        return tf.maximum(tf.abs(losses), self.SMALLEST * start)

    def after_step(self, losses, then, known=None):
        start = self.start(losses, known)
        compared = self._tells(losses, known) & (losses > 0) & (then > 0) & tf.math.is_finite(then)
        z = _softmax(self.logits, compared)
        now, then = (tf.math.log(self.size(each, start) + 1e-8) for each in (losses, then))
        fall = tf.where(compared, now - then, 0.0)
        self.move(z * (fall - tf.reduce_sum(z * fall)) + self.gamma * self.logits, compared)
        self.remember(losses, known)

    def get_config(self):
        return super().get_config() | {"gamma": self.gamma}


# ---------------------------------------------------------------- small parts


def _vectors(method: str, *values) -> list[tf.Tensor]:
    """As tensors `(T,)` of one precision, the widest of those that have one."""
    given = [tf.as_dtype(value.dtype) for value in values if hasattr(value, "dtype")]
    widest = max((dtype for dtype in given if dtype.is_floating), key=lambda d: d.size, default=tf.float32)
    found = [tf.cast(tf.convert_to_tensor(value), widest) for value in values]
    shapes = [tuple(value.shape) for value in found]
    _expect(method, "vectors of one length", len(set(shapes)) == len(shapes[0]) == 1, shapes)
    return found


def _all(values, known):
    """`known`, or all tasks."""
    return tf.ones_like(values, "bool") if known is None else tf.convert_to_tensor(known)


def _softmax(logits, known):
    """Over the tasks that are known, `(T,)`; 0 for the others."""
    logits = tf.convert_to_tensor(logits)
    return tf.where(known, tf.nn.softmax(tf.where(known, logits, logits.dtype.min)), 0.0)


def _weights(logits, known):
    """`T softmax(logits)`, T the number of those that are known."""
    shares = _softmax(logits, known)
    return _number(known, shares.dtype) * shares


def _number(known, dtype):
    return tf.reduce_sum(tf.cast(known, dtype))


def _mean(values, known):
    values = tf.convert_to_tensor(values)
    known = _all(values, known)
    return tf.reduce_sum(tf.where(known, values, 0.0)) / tf.maximum(_number(known, values.dtype), 1.0)


def _same_number(method: str, given: Sequence, shape) -> None:
    if len(given) != shape[0]:
        raise ValueError(f"{method}: expected one entry for each of {shape[0]} tasks, found {list(given)}")


def _expect(method: str, expected: str, holds: bool, found) -> None:
    if not holds:
        raise ValueError(f"{method}: expected {expected}, found {found}")


def _finite(method: str, name: str, value: float) -> float:
    _expect(method, f"{name} >= 0", 0 <= value < np.inf, value)
    return float(value)
