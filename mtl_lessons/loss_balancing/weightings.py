"""Weightings: the losses of T tasks in, one loss out.

All are Keras layers. What a method remembers is its weights, so it is saved with the model; those that the optimiser should
learn are trainable. Three moments are open to a method: `call(losses)` gives the loss to descend, `before_step` sees the lengths of
the tasks' gradients if `wants_gradients`, `after_step` sees the losses, again after the step if `wants_second_look`.
"""

from collections.abc import Sequence

from mtl_lessons.backend import keras, tf


@keras.saving.register_keras_serializable("mtl_lessons")
class Weighting(keras.layers.Layer):
    """`Σ w_i L_i` with `w_i = 1`; a subclass overrides what it needs. Losses are a vector `(T,)`."""

    wants_gradients = False
    wants_second_look = False

    def call(self, losses):
        return tf.reduce_sum(losses)

    def before_step(self, losses, lengths) -> None:
        """`lengths`: `‖∂L_i/∂W‖` for W the weights of the last shared layer, `(T,)`."""

    def after_step(self, losses, then) -> None:
        """`then`: the losses of the same batch after the step, or None if no second look was wanted."""

    def state(self, name: str, shape, value: float = 0.0, trainable: bool = False):
        return self.add_weight(name=name, shape=shape, initializer=keras.initializers.Constant(value), trainable=trainable)


@keras.saving.register_keras_serializable("mtl_lessons")
class Equal(Weighting):
    """The plain sum of losses."""


@keras.saving.register_keras_serializable("mtl_lessons")
class Fixed(Weighting):
    """`Σ w_i L_i` with weights that somebody chose."""

    def __init__(self, weights: Sequence[float], **options):
        super().__init__(**options)
        self.chosen = [float(w) for w in weights]
        if min(self.chosen) < 0:
            raise ValueError(f"Fixed: expected weights >= 0, found {self.chosen}")

    def build(self, shape):
        _same_number("Fixed", self.chosen, shape)
        self.weights_used = self.state("weights", shape)
        self.weights_used.assign(self.chosen)

    def call(self, losses):
        return tf.reduce_sum(self.weights_used * losses)


@keras.saving.register_keras_serializable("mtl_lessons")
class Uncertainty(Weighting):
    """Learned noise (Kendall, Gal and Cipolla, 2018): `Σ L_i / (2 σ_i²) + log σ_i` for regression, `L_i / σ_i² + log σ_i`
    for classification.

    `kinds`: "regression" or "classification" per task. Learned is `s_i = log σ_i²`, from the variances `start`, 1 by default. At
    the optimum σ² = L (regression) or 2 L (classification); the weight of either is 1 / (2 L). Adam moves a weight by about its
    learning rate each step, however far it has to go; so what is stored is `s / speed`, and s moves `speed` times as fast.
    """

    def __init__(self, kinds: Sequence[str], start: Sequence[float] | None = None, speed: float = 1.0, **options):
        super().__init__(**options)
        if unknown := set(kinds) - {"regression", "classification"}:
            raise ValueError(f"Uncertainty: expected regression or classification, found {', '.join(sorted(unknown))}")
        self.kinds, self.start, self.speed = list(kinds), start, speed

    def build(self, shape):
        _same_number("Uncertainty", self.kinds, shape)
        self.stored = self.state("log_variances_by_speed", shape, trainable=True)
        if self.start is not None:
            _same_number("Uncertainty", self.start, shape)
            self.stored.assign(tf.math.log(tf.constant(self.start, "float32")) / self.speed)

    def variances(self):
        """σ², `(T,)`."""
        return tf.exp(self.speed * tf.convert_to_tensor(self.stored))

    def call(self, losses):
        factor = tf.constant([0.5 if kind == "regression" else 1.0 for kind in self.kinds])
        variances = self.variances()
        return tf.reduce_sum(factor * losses / variances + tf.math.log(variances) / 2)


@keras.saving.register_keras_serializable("mtl_lessons")
class RLW(Weighting):
    """Random weights, anew at every step: `T softmax(noise)`, noise ~ N(0, 1) (Lin et al., 2022). A control."""

    def __init__(self, seed: int = 0, **options):
        super().__init__(**options)
        self.seed = seed

    def build(self, shape):
        self.draws = self.state("draws", ())

    def call(self, losses):
        noise = tf.random.stateless_normal(losses.shape, [self.seed, tf.cast(self.draws, "int32")])
        self.draws.assign_add(1.0)
        return losses.shape[0] * tf.reduce_sum(tf.nn.softmax(noise) * losses)


def dwa_weights(last, before, temperature: float = 2.0):
    """`T softmax(r / temperature)`, `r_i = last_i / before_i`: more weight where the loss falls more slowly."""
    rates = tf.convert_to_tensor(last) / tf.convert_to_tensor(before)
    return rates.shape[0] * tf.nn.softmax(rates / temperature)


@keras.saving.register_keras_serializable("mtl_lessons")
class DWA(Weighting):
    """Dynamic weight average (Liu, Johns and Davison, 2019): `dwa_weights` of the mean losses of the last two epochs.

    `every`: the steps of an epoch. The weights are 1 in the first two. It sees rates, not scales: a loss in seconds and the same in
    milliseconds fall at the same rate.
    """

    def __init__(self, every: int, temperature: float = 2.0, **options):
        super().__init__(**options)
        if every < 1:
            raise ValueError(f"DWA: expected every >= 1 steps, found {every}")
        self.every, self.temperature = every, temperature

    def build(self, shape):
        self.weights_used = self.state("weights", shape, 1.0)
        self.running, self.last = self.state("running", shape), self.state("last", shape)
        self.steps = self.state("steps", ())

    def call(self, losses):
        return tf.reduce_sum(self.weights_used * losses)

    def after_step(self, losses, then):
        self.running.assign_add(losses / self.every)
        self.steps.assign_add(1.0)
        running, last = tf.convert_to_tensor(self.running), tf.convert_to_tensor(self.last)
        done = tf.equal(self.steps % self.every, 0.0)
        second = done & (self.steps > self.every)
        fresh = dwa_weights(running, tf.where(last > 0, last, 1.0), self.temperature)
        self.weights_used.assign(tf.where(second, fresh, self.weights_used))
        self.last.assign(tf.where(done, running, last))
        self.running.assign(tf.where(done, 0.0, running))


class _Learning(Weighting):
    """A weighting with logits ξ of its own, moved by Adam with a `rate` of its own, apart from the model's optimiser."""

    def __init__(self, rate: float, **options):
        super().__init__(**options)
        self.rate = rate

    def build(self, shape):
        self.logits = self.state("logits", shape)
        self.mean, self.square = self.state("mean", shape), self.state("square", shape)
        self.steps = self.state("steps", ())

    def move(self, gradient) -> None:
        self.steps.assign_add(1.0)
        self.mean.assign(0.9 * self.mean + 0.1 * gradient)
        self.square.assign(0.999 * self.square + 0.001 * gradient**2)
        mean, square = self.mean / (1 - 0.9**self.steps), self.square / (1 - 0.999**self.steps)
        self.logits.assign_sub(self.rate * mean / (tf.sqrt(square) + 1e-8))


def gradnorm_targets(lengths, losses, initial, alpha: float):
    """`mean(lengths) r_i^alpha`: r_i is the share `L_i / L_i(0)` that is left of loss i, divided by the mean share."""
    left = tf.convert_to_tensor(losses) / tf.convert_to_tensor(initial)
    return tf.reduce_mean(lengths) * (left / tf.reduce_mean(left)) ** alpha


@keras.saving.register_keras_serializable("mtl_lessons")
class GradNorm(_Learning):
    """Gradients of like length, longer where training lags (Chen et al., 2018).

    With `G_i = ‖∂(w_i L_i)/∂W‖`, W the last shared layer, the weights descend `Σ |G_i - target_i|`, the `gradnorm_targets` held
    constant, and are scaled to Σ w_i = T. Two departures, for losses that differ by orders of magnitude: the weights multiply
    `L_i / L_i(0)`, the losses of the first batch being `L_i(0)`; and they are `T softmax(ξ)`, so they stay positive.
    """

    wants_gradients = True

    def __init__(self, alpha: float = 1.5, rate: float = 0.025, **options):
        super().__init__(rate, **options)
        self.alpha = alpha

    def build(self, shape):
        super().build(shape)
        self.initial = self.state("initial_losses", shape)

    def task_weights(self):
        return self.logits.shape[0] * tf.nn.softmax(self.logits)

    def start(self, losses):
        """The losses of the first batch, whatever is asked later."""
        return tf.stop_gradient(tf.where(self.initial > 0, self.initial, losses))

    def call(self, losses):
        return tf.reduce_sum(self.task_weights() * losses / self.start(losses))

    def before_step(self, losses, lengths):
        self.initial.assign(self.start(losses))
        weights = self.task_weights()
        relative = lengths / self.initial
        targets = gradnorm_targets(weights * relative, losses, self.initial, self.alpha)
        slope = tf.sign(weights * relative - targets) * relative
        self.move(weights * (slope - tf.reduce_mean(weights * slope)))  # through w = T softmax(ξ)


def famo_weights(logits, losses):
    """`w_i ∝ z_i / L_i`, `Σ w_i = 1`, with `z = softmax(logits)`."""
    raw = tf.nn.softmax(logits) / (tf.convert_to_tensor(losses) + 1e-8)
    return raw / tf.reduce_sum(raw)


@keras.saving.register_keras_serializable("mtl_lessons")
class FAMO(_Learning):
    """Fast adaptive multitask optimisation (Liu, Feng, Stone and Liu, 2023): equal rates of fall of the *log* losses, without a
    gradient per task.

    Descends `Σ w_i L_i` with `famo_weights`. After the step it looks at the same batch again; the logits descend along
    `Jᵀ (log L - log L') + gamma ξ`, J the Jacobian of the softmax: the task whose log loss fell most gets a smaller z.
    """

    wants_second_look = True

    def __init__(self, rate: float = 0.025, gamma: float = 0.001, **options):
        super().__init__(rate, **options)
        self.gamma = gamma

    def call(self, losses):
        return tf.reduce_sum(tf.stop_gradient(famo_weights(self.logits, losses)) * losses)

    def after_step(self, losses, then):
        z = tf.nn.softmax(self.logits)
        fall = tf.math.log(losses + 1e-8) - tf.math.log(then + 1e-8)
        self.move(z * (fall - tf.reduce_sum(z * fall)) + self.gamma * self.logits)


def _same_number(method: str, given: Sequence, shape) -> None:
    if len(given) != shape[0]:
        raise ValueError(f"{method}: expected one entry for each of {shape[0]} tasks, found {list(given)}")
