"""`Balanced`: a network with one output per task, trained with a weighting or an aggregator."""

from collections.abc import Mapping

from mtl_lessons.backend import keras, tf

from .aggregators import Aggregator, gram
from .weightings import Weighting


@keras.saving.register_keras_serializable("mtl_lessons")
class Balanced(keras.Model):
    """A functional network with a dictionary of outputs, `{task: tensor}`, and a way to balance the tasks' losses.

    `compile` it with a loss per task, then `fit`, `evaluate`, callbacks and `save` as usual; logs have `<task>_loss`, and `loss`,
    their plain sum, whatever the balance. What is served is `network`.

    With a `Weighting`, all weights descend the one loss that it makes. With an `Aggregator`, a weight that one task alone reaches
    follows that task's gradient; the shared weights follow `T Σ w_i g_i`, which is the plain sum where the gradients are equal.

    `representation` names the layer whose output all heads read. For an aggregator it changes *where* gradients are compared: at
    that output, after which one pass goes back through the trunk, rather than at all shared weights, T passes. `GradNorm`
    needs it: W are that layer's weights.

    Under a `tf.distribute` strategy, which sums the gradients of its replicas, each takes its part of the loss. That is the same
    training as on one device for a weighting without memory (`Equal`, `Fixed`); an aggregator would compare gradients within
    each replica.
    """

    def __init__(self, network: keras.Model, balance: Weighting | Aggregator, representation: str | None = None, **options):
        super().__init__(**options)
        outputs = getattr(network, "output", None)
        if not isinstance(outputs, Mapping):
            raise ValueError(f"Balanced: expected a network with outputs {{task: tensor}}, found {type(outputs).__name__}")
        if representation is None and getattr(balance, "wants_gradients", False):
            raise ValueError(f"{type(balance).__name__} compares gradients at the last shared layer: name it, representation=...")
        self.network, self.balance, self.representation = network, balance, representation
        self.tasks = list(network.output)
        self.trackers = [keras.metrics.Mean(name=f"{task}_loss") for task in self.tasks]
        shape = (len(self.tasks),)
        if not balance.built:  # a reloaded one is
            balance.build(shape if isinstance(balance, Weighting) else shape * 2)
        self.built = True
        z = network.get_layer(representation).output if representation else []
        parts = keras.Model(network.inputs, [z, network.output])
        trunk = keras.Model(network.inputs, z).trainable_variables if representation else []
        self._parts = lambda x, training: parts(x, training=training)  # a function, so that Keras does not see layers twice
        self._trunk = lambda: trunk

    def call(self, x, training=None):
        return self.network(x, training=training)

    def get_config(self):
        parts = {"network": self.network, "balance": self.balance}
        saved = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        return super().get_config() | saved | {"representation": self.representation}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        parts = {name: keras.saving.deserialize_keras_object(config[name], custom_objects) for name in ("network", "balance")}
        return cls(**config | parts)

    # ------------------------------------------------------------ losses by name

    def compile(self, optimizer="rmsprop", loss=None, loss_weights=None, **options):
        """As in Keras, with `loss={task: loss}`. Weights for the losses belong to the balance: `Fixed([...])`."""
        if not isinstance(loss, Mapping) or set(loss) != set(self.tasks):
            found = ", ".join(loss) if isinstance(loss, Mapping) else loss
            raise ValueError(f"expected a loss for each of {', '.join(self.tasks)}, found {found}")
        if loss_weights is not None:
            raise ValueError(f"expected loss weights as a balance, Fixed([...]), found loss_weights={loss_weights}")
        super().compile(optimizer=optimizer, loss=dict(loss), **options)
        self.optimizer.build(self.trainable_variables)  # in this order, whichever a method meets first

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    def task_losses(self, y, outputs, sample_weight=None) -> list:
        """The loss of each task, in the order of `tasks`; `sample_weight` is `{task: array}`, or one array for all."""
        if not isinstance(y, Mapping) or not set(y) >= set(self.tasks):
            found = ", ".join(y) if isinstance(y, Mapping) else type(y).__name__
            raise ValueError(f"expected labels {{task: tensor}} for {', '.join(self.tasks)}, found {found}")
        weights = sample_weight if isinstance(sample_weight, Mapping) else dict.fromkeys(self.tasks, sample_weight)
        return [_mean_loss(self.loss[task], y[task], outputs[task], weights.get(task)) for task in self.tasks]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        losses = self.task_losses(y, y_pred, sample_weight)
        self._track(losses, y_pred)
        return tf.add_n(losses) + self._penalty()

    def _track(self, losses, outputs) -> None:
        rows = tf.shape(outputs[self.tasks[0]])[0]
        for tracker, loss in zip(self.trackers, losses):
            tracker.update_state(loss, sample_weight=rows)

    def _penalty(self):
        return tf.add_n(self.losses) if self.losses else tf.zeros(())

    # ------------------------------------------------------------ one step

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        one_step = self._weighted if isinstance(self.balance, Weighting) else self._aggregated
        losses, outputs = one_step(x, y, sample_weight)
        self._track(losses, outputs)
        self._loss_tracker.update_state(tf.add_n(losses), sample_weight=tf.shape(outputs[self.tasks[0]])[0])
        return self.compute_metrics(x, y, outputs, sample_weight=sample_weight)

    def _weighted(self, x, y, sample_weight):
        with tf.GradientTape(persistent=self.balance.wants_gradients) as tape:
            _, outputs = self._parts(x, training=True)
            each = self.task_losses(y, outputs, sample_weight)
            losses = tf.stack(each)
            total = (self.balance(losses) + self._penalty()) / _replicas()
        gradients = tape.gradient(total, _values(self.trainable_variables))
        if self.balance.wants_gradients:
            self.balance.before_step(losses, self._lengths(tape, each))
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        again = self._parts(x, training=True)[1] if self.balance.wants_second_look else None
        self.balance.after_step(losses, again and tf.stack(self.task_losses(y, again, sample_weight)))
        return each, outputs

    def _lengths(self, tape, each):
        """`‖∂L_i/∂W‖` of each task, W the weights of the last shared layer."""
        weights = _values(self.network.get_layer(self.representation).trainable_variables)
        return tf.stack([tf.linalg.global_norm(tape.gradient(loss, weights)) for loss in each])

    def _aggregated(self, x, y, sample_weight):
        trunk = self._trunk()
        others = [v for v in self.trainable_variables if all(v is not w for w in trunk)]
        with tf.GradientTape(persistent=True) as tape:
            z, outputs = self._parts(x, training=True)
            each = self.task_losses(y, outputs, sample_weight)
            penalty = self._penalty()
        compared = ([z] if self.representation else []) + _values(others)
        combined = self._combine(list(zip(*(tape.gradient(loss, compared) for loss in each))))
        if self.representation:
            combined = combined[1:] + tape.gradient(z, _values(trunk), output_gradients=combined[0])
        variables = others + trunk
        if self.losses:
            combined = [_sum(pair) for pair in zip(combined, tape.gradient(penalty, _values(variables)))]
        self.optimizer.apply_gradients(zip(combined, variables))
        return each, outputs

    def _combine(self, columns):
        """From the gradients of all tasks, a column for each tensor, to one gradient each; `None` is a task that does not reach it."""
        shared = [_dense(column) for column in columns if len(_there(column)) > 1]
        products = tf.add_n([gram(tf.reshape(column, (len(self.tasks), -1))) for column in shared])
        weights = len(self.tasks) * self.balance(products)
        mixed = iter([tf.tensordot(weights, column, 1) for column in shared])
        return [next(mixed) if len(_there(column)) > 1 else _sum(column) for column in columns]


# ---------------------------------------------------------------- small parts


def _mean_loss(loss, y, prediction, weight):
    """A loss by name, as a function or as a Keras object: its weighted mean over rows, as Keras would have it."""
    loss = keras.losses.get(loss)
    if len(y.shape) == 1 and prediction.shape[-1:] == (1,):
        y = y[:, None]
    if isinstance(loss, keras.losses.Loss):
        return loss(y, prediction, sample_weight=weight)
    rows = loss(y, prediction)
    return tf.reduce_mean(rows if weight is None else rows * tf.cast(weight, rows.dtype))


def _replicas() -> int:
    return tf.distribute.get_strategy().num_replicas_in_sync


def _values(variables) -> list:
    """What a tape wants to see: TensorFlow's variables behind Keras'."""
    return [v.value for v in variables]


def _there(gradients) -> list:
    return [tf.convert_to_tensor(g) for g in gradients if g is not None]


def _sum(gradients):
    there = _there(gradients)
    return tf.add_n(there) if there else None


def _dense(column):
    """One gradient per task, stacked: `(T, ...)`; zeros for a task that does not reach the tensor."""
    like = _there(column)[0]
    return tf.stack([tf.zeros_like(like) if g is None else tf.convert_to_tensor(g) for g in column])
