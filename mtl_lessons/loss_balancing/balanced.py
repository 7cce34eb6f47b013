"""`Balanced`: a network with one output per task, trained with a weighting or an aggregator."""

import warnings
from collections.abc import Mapping

from mtl_lessons.backend import keras, register, tf

from .aggregators import Aggregator, gram
from .weightings import Weighting


@register
class Balanced(keras.Model):
    """A functional network with a dictionary of outputs, `{task: tensor}`, and a way to balance their losses.

    `compile` it with a loss per task, then `fit`, `evaluate`, callbacks and `save` as usual. What is served
    is `network`; `export` exports that. A task is an output with a loss; any other output is left alone.

    With a `Weighting`, all weights descend the one loss that it makes. With an `Aggregator`, a weight that
    one task alone reaches follows that task's gradient; the shared weights follow `T Σ w_i g_i`, which is
    the plain sum where the gradients are equal. With `Equal`, or the mean `Aggregator`, it trains as Keras'
    own `fit`, tables included.

    `representation` names the layer whose output all heads read. For an aggregator it changes *where*
    gradients are compared: at that output, after which one pass goes back through the trunk, rather than
    at all shared weights, T passes. A weight of the trunk that a head also reaches past that output follows
    `T Σ w_i g_i` too, over all its ways. `GradNorm` needs `representation`: W are that layer's weights.

    **Missing labels.** A row has a label of a task if one of its columns is not NaN, and its weight is not 0.
    A task without labelled rows takes no part in a step: the others are balanced as if it did not exist
    (T is their number), and what a balance remembers of it stays.

    **Logs** are those of Keras, whatever the balance: `<task>_loss`, the mean over the rows of an epoch, and
    `loss`, the mean over batches of the plain sum, with the penalties of regularisers. One difference: if a
    loss is a mean over known labels, `<task>_loss` is one too, over all those of the epoch.

    **Tables.** Of a table the optimiser gets the rows of the batch, as from Keras, whatever the balance. (Keras'
    Adam does not add up a row that occurs twice before it squares the gradient, nor does `global_clipnorm`.)

    **Devices.** Under a `tf.distribute` strategy each replica descends its part of the loss of the whole
    batch, in proportion to its rows (to its known labels, if the loss is a mean over these), and balances
    see losses and gradients of the whole batch: the training is that of one device.
    """

    def __init__(
        self,
        network: keras.Model,
        balance: Weighting | Aggregator,
        representation: str | None = None,
        **options,
    ):
        outputs = getattr(network, "output", None)
        if not isinstance(outputs, Mapping):
            found = type(outputs).__name__
            raise ValueError(f"Balanced: expected a network with outputs {{task: tensor}}, found {found}")
        super().__init__(**{"dtype": network.dtype_policy} | options)
        self.network, self.balance, self.representation = network, balance, representation
        self.tasks = list(outputs)
        self.trackers = {task: keras.metrics.Mean(name=f"{task}_loss") for task in outputs}
        self.built = True
        # in functions, so that Keras does not see layers twice
        self._parts = lambda x, training: ([], network(x, training=training))
        self._trunk = self._past = list
        if isinstance(balance, Aggregator) and representation:
            self._split(_only_output(network, representation))
        if getattr(balance, "wants_gradients", False):
            self._last_shared()
        _claim(balance)

    def _split(self, z) -> None:
        """The network as a trunk that ends at z, and what comes after."""
        inputs, policy = self.network.inputs, self.network.dtype_policy
        parts = keras.Model(inputs, [[z], self.network.output], dtype=policy)
        trunk = keras.Model(inputs, z, dtype=policy)
        past = [operation for operation, _ in _calls(self.network.output, z)]
        self._parts = lambda x, training: parts(x, training=training)
        self._trunk = lambda: trunk.trainable_variables
        self._past = lambda: [v for operation in past for v in getattr(operation, "trainable_variables", [])]

    def _last_shared(self) -> list:
        """The weights at which GradNorm compares gradients."""
        name = type(self.balance).__name__
        if self.representation is None:
            raise ValueError(f"{name} compares gradients at the last shared layer: name it, representation=...")
        weights = self.network.get_layer(self.representation).trainable_variables
        if not weights:
            found = f"{self.representation!r} without any"
            raise ValueError(f"{name}: expected a layer with weights that are trained, found {found}")
        return weights

    def call(self, x, training=None):
        return self.network(x, training=training)

    def get_config(self):
        parts = {"network": self.network, "balance": self.balance}
        saved = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        return super().get_config() | saved | {"representation": self.representation}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        saved = {name: config[name] for name in ("network", "balance")}
        parts = {name: keras.saving.deserialize_keras_object(part, custom_objects) for name, part in saved.items()}
        return cls(**config | parts)

    def export(self, filepath, **options):
        return self.network.export(filepath, **options)

    # ------------------------------------------------------------ losses by name

    def compile(self, optimizer="rmsprop", loss=None, loss_weights=None, **options):
        """As in Keras, with `loss={task: loss}`; an output that is left out, or has None, has no loss.

        Weights for the losses belong to the balance: `Fixed([...])`. The optimiser's weight decay leaves
        out what a balance learns.
        """
        outputs, given = list(self.network.output), loss if isinstance(loss, Mapping) else {}
        tasks = [task for task in outputs if given.get(task) is not None]
        if not tasks or not set(given) <= set(outputs):
            found = ", ".join(given) or loss
            raise ValueError(f"expected a loss for each of {', '.join(outputs)}, found {found}")
        if loss_weights is not None:
            raise ValueError(f"expected loss weights as a balance, Fixed([...]), found loss_weights={loss_weights}")
        _build(self.balance, len(tasks))
        self.tasks, self.loss_of = tasks, {task: _as_loss(given[task]) for task in tasks}
        super().compile(optimizer=optimizer, loss=dict(given), **options)
        _spare_from_decay(self.optimizer, self.balance.trainable_variables)

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def load_weights(self, filepath, **options):
        if self.compiled and not self.optimizer.built:  # its state is in the file, too
            self.optimizer.build(self.trainable_variables)
        super().load_weights(filepath, **options)

    def task_losses(self, y, outputs, sample_weight=None) -> list:
        """The loss of each task, in the order of `tasks`, in one precision, at least float32.

        `sample_weight` is `{task: array}`, or one array for all; a loss does with it what it does in Keras.
        """
        if not isinstance(y, Mapping) or not set(y) >= set(self.tasks):
            found = ", ".join(y) if isinstance(y, Mapping) else type(y).__name__
            raise ValueError(f"expected labels {{task: tensor}} for {', '.join(self.tasks)}, found {found}")
        weights = self._weights_of(sample_weight)
        return _wide([_mean(self.loss_of[task], y[task], outputs[task], weights[task]) for task in self.tasks])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        losses = self.task_losses(y, y_pred, sample_weight)
        losses = _reported(losses, self._shares(losses, y, y_pred, sample_weight))
        self._track(losses, self._rows(y, y_pred, sample_weight))
        return self._plain_sum(losses) / _replicas()  # by which Keras multiplies it again

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Of the outputs that have labels."""
        if isinstance(sample_weight, Mapping):
            sample_weight = {task: sample_weight.get(task) for task in y}
        return super().compute_metrics(x, y, {task: p for task, p in y_pred.items() if task in y}, sample_weight)

    @property
    def metrics(self):
        """Without the losses of outputs that have none."""
        idle = [tracker for task, tracker in self.trackers.items() if task not in self.tasks]
        return [metric for metric in super().metrics if all(metric is not tracker for tracker in idle)]

    def _weights_of(self, sample_weight) -> dict:
        given = sample_weight if isinstance(sample_weight, Mapping) else dict.fromkeys(self.tasks, sample_weight)
        return {task: given.get(task) for task in self.tasks}

    def _rows(self, y, outputs, sample_weight) -> list:
        """Over how many rows the loss of each task is a mean, on this replica."""
        weights = self._weights_of(sample_weight)
        return [_counted(self.loss_of[task], y[task], outputs[task], weights[task]) for task in self.tasks]

    def _known(self, y, sample_weight):
        """Which tasks have a labelled row in the whole batch, `(T,)`."""
        weights = self._weights_of(sample_weight)
        here = tf.stack([tf.reduce_any(_labelled(y[task], weights[task])) for task in self.tasks])
        return here if _replicas() == 1 else _total(tf.cast(here, "float32")) > 0

    def _track(self, losses, rows) -> None:
        for task, loss, number in zip(self.tasks, losses, rows):
            self.trackers[task].update_state(loss, sample_weight=number)

    def _plain_sum(self, losses):
        """With the penalties."""
        return tf.add_n(_wide([*losses, self._penalty()] if self.losses else losses))

    def _penalty(self):
        return tf.add_n(_wide([tf.reduce_sum(loss) for loss in self.losses])) if self.losses else tf.zeros(())

    # ------------------------------------------------------------ one step

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        one_step = self._weighted if isinstance(self.balance, Weighting) else self._aggregated
        losses, plain_sum, outputs = one_step(x, y, sample_weight)
        self._track(losses, self._rows(y, outputs, sample_weight))
        self._loss_tracker.update_state(plain_sum, sample_weight=_length(outputs))
        return self.compute_metrics(x, y, outputs, sample_weight=sample_weight)

    def _weighted(self, x, y, sample_weight):
        balance, scale = self.balance, self.optimizer.scale_loss
        with tf.GradientTape(persistent=balance.wants_gradients) as tape:
            _, outputs = self._parts(x, training=True)
            each = self.task_losses(y, outputs, sample_weight)
            shares = self._shares(each, y, outputs, sample_weight)
            losses, each = self._whole(shares), _reported(each, shares)
            plain_sum = self._plain_sum(each)
            known = {"known": self._known(y, sample_weight)} if balance.wants_known else {}
            total = balance(losses, **known)
            total = scale((total + tf.cast(self._penalty(), total.dtype)) / _replicas())
            scaled = [scale(share) for share in shares] if balance.wants_gradients else []
        gradients = tape.gradient(total, _values(self.trainable_variables))
        if balance.wants_gradients:
            balance.before_step(losses, self._lengths(tape, scaled), **known)
        before = [tf.identity(v.value) for v in balance.trainable_variables] if known else []
        self._apply(gradients)
        for variable, value in zip(balance.trainable_variables, before):
            variable.assign(tf.where(known["known"], variable.value, value))
        again = self._second_look(x, y, sample_weight) if balance.wants_second_look else None
        balance.after_step(losses, again, **known)
        return each, plain_sum, outputs

    def _shares(self, losses, y, outputs, sample_weight) -> list:
        """What a replica adds to the losses of the whole batch."""
        losses = [tf.reduce_sum(loss) for loss in losses]  # some losses are not reduced, and Keras descends their sum
        if _replicas() == 1:
            return losses
        rows = tf.stack([tf.cast(number, losses[0].dtype) for number in self._rows(y, outputs, sample_weight)])
        parts = tf.unstack(tf.math.divide_no_nan(rows, _total(rows)))
        means = [_is_mean(self.loss_of[task]) for task in self.tasks]
        return [loss * part if mean else loss for loss, part, mean in zip(losses, parts, means)]

    def _whole(self, shares):
        """The losses of the whole batch, `(T,)`; each replica's gradient is that of its share, times the replicas."""
        shares = tf.cast(tf.stack(shares), self.balance.variable_dtype)
        if _replicas() == 1:
            return shares
        return _replicas() * shares + tf.stop_gradient(_total(shares) - _replicas() * shares)

    def _lengths(self, tape, scaled):
        """`‖∂L_i/∂W‖` of each task, W the weights of the last shared layer."""
        weights = _values(self._last_shared())
        columns = [_total([tf.convert_to_tensor(g) for g in _there(tape.gradient(loss, weights))]) for loss in scaled]
        lengths = [tf.linalg.global_norm(column) if column else tf.zeros(()) for column in columns]
        return tf.cast(tf.stack(lengths) / self.optimizer.scale_loss(1.0), self.balance.variable_dtype)

    def _second_look(self, x, y, sample_weight):
        """The losses of the same batch after the step. The moving means of a normalisation count a batch once."""
        layers = [layer for layer in self.network._flatten_layers() if layer.trainable]
        moving = [v for layer in layers for v in layer._non_trainable_variables]
        before = [tf.identity(v.value) for v in moving]
        _, outputs = self._parts(x, training=True)
        losses = self.task_losses(y, outputs, sample_weight)
        for variable, value in zip(moving, before):
            variable.assign(value)
        return self._whole(self._shares(losses, y, outputs, sample_weight))

    def _aggregated(self, x, y, sample_weight):
        trunk, scale = self._trunk(), self.optimizer.scale_loss
        others = [v for v in self.trainable_variables if all(v is not w for w in trunk)]
        with tf.GradientTape(persistent=True) as tape:
            z, outputs = self._parts(x, training=True)
            each = self.task_losses(y, outputs, sample_weight)
            shares = self._shares(each, y, outputs, sample_weight)
            each = _reported(each, shares)
            plain_sum, penalty = self._plain_sum(each), scale(self._penalty() / _replicas())
            shares = [scale(share) for share in shares]
        compared = z + _values(others)
        columns = list(zip(*(tape.gradient(loss, compared) for loss in shares)))
        stacked = [_dense(column) if len(_there(column)) > 1 else None for column in columns]
        factors = self._factors(stacked, len(z), self._known(y, sample_weight))
        combined = [_combined(column, stack, factors) for column, stack in zip(columns, stacked)]
        tables = [v for v, column in zip(others, columns[len(z) :]) if _is_shared_table(column)]
        again = tables + [v for v in trunk if any(v is w for w in self._past())]
        pull = [(penalty, tf.ones_like(penalty))] if self.losses else []
        pulls = _back(tape, pull, others)
        found = _by_id(others, map(_sum, zip(combined[len(z) :], pulls)))
        found |= _by_id(trunk, _back(tape, [*zip(z, combined), *pull], trunk))
        # the gradient of Σ factor_i L_i: rows of tables as Keras has them, and all ways into the trunk
        found |= _by_id(again, _back(tape, [*zip(shares, tf.unstack(factors)), *pull], again))
        self._apply([found[id(v)] for v in self.trainable_variables])
        return each, plain_sum, outputs

    def _factors(self, stacked, of_rows: int, known):
        """`T w`, what the gradients of the tasks are multiplied by; 1 if no two of them meet anywhere.

        The first `of_rows` tensors have a row for each row of the batch: a replica has some of these. Of any
        other it has a part of the gradient.
        """
        if all(column is None for column in stacked):
            return tf.ones(len(self.tasks))
        products = []
        for place, column in enumerate(stacked):
            if column is not None:
                rows = tf.reshape(column, (len(self.tasks), -1))
                products.append(_total(gram(rows)) if place < of_rows else gram(_total(rows)))
        weights = self.balance(tf.add_n(_wide(products)), known=known)
        return tf.reduce_sum(tf.cast(known, weights.dtype)) * weights

    def _apply(self, gradients) -> None:
        variables = self.trainable_variables
        if not variables:
            warnings.warn("The model does not have any trainable weights.", stacklevel=2)
            return
        if self.optimizer.loss_scale_factor:  # by which Keras cannot divide rows of a table
            gradients = [g if g is None else tf.convert_to_tensor(g) for g in gradients]
        self.optimizer.apply_gradients(zip(gradients, variables))


# ---------------------------------------------------------------- losses


class _Function(keras.losses.Loss):
    """A function of labels and predictions, such as that of a name, as a Keras loss."""

    def __init__(self, function):
        super().__init__(name=getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y, p):
        if len(p.shape) == len(y.shape) + 1 and p.shape[-1] == 1:
            p = tf.squeeze(p, -1)
        return self.function(y, p)


def _as_loss(given) -> keras.losses.Loss:
    """A loss by name, as a function or as a Keras object, as an object."""
    loss = keras.losses.get(given)
    return loss if isinstance(loss, keras.losses.Loss) else _Function(loss)


def _mean(loss, y, prediction, weight):
    """The loss of the rows of this replica. (Keras divides the mean that it takes by the replicas.)"""
    if len(y.shape) == 1 and prediction.shape[-1:] == (1,):
        y = y[:, None]
    value = loss(y, prediction, sample_weight=weight)
    return value * _replicas() if _by_keras(loss) and _is_mean(loss) and _replicas() > 1 else value


def _by_keras(loss) -> bool:
    """Whether Keras reduces the loss, rather than a class of its own."""
    return type(loss).__call__ is keras.losses.Loss.__call__


def _is_mean(loss) -> bool:
    return not _by_keras(loss) or loss.reduction not in ("sum", "none", None)


def _counted(loss, y, prediction, weight):
    """Over how many rows a loss is a mean: all, or, of a loss over known labels, these, with their weights."""
    over_known = getattr(getattr(loss, "task", None), "over", None) == "known"
    if not over_known and getattr(loss, "reduction", None) != "mean_with_sample_weight":
        return tf.shape(prediction)[0]
    known = tf.cast(_there_are(y), "float32")
    columns = tf.cast(tf.shape(known)[1], "float32")
    return tf.reduce_sum(known if weight is None else known * _as_rows(tf.cast(weight, "float32"))) / columns


def _labelled(y, weight):
    """Which rows have a label that counts, `(rows,)`."""
    rows = tf.reduce_any(_there_are(y), axis=1)
    return rows if weight is None else rows & tf.reduce_any(_as_rows(weight) != 0, axis=1)


def _there_are(y):
    """Which labels are there, `(rows, columns)`: NaN is none."""
    y = _as_rows(y)
    return ~tf.math.is_nan(y) if y.dtype.is_floating else tf.ones_like(y, "bool")


def _as_rows(values):
    values = tf.convert_to_tensor(values)
    return tf.reshape(values, (tf.shape(values)[0], -1))


def _length(outputs):
    return tf.shape(next(iter(outputs.values())))[0]


# ---------------------------------------------------------------- the balance and the optimiser


def _claim(balance) -> None:
    """What a balance remembers is of one model."""
    name = type(balance).__name__
    if getattr(balance, "of_a_model", False):
        raise ValueError(f"{name}: expected a balance for each model, found one that another model trains with")
    balance.of_a_model = balance.remembers


def _build(balance, tasks: int) -> None:
    """For so many tasks; one that is built, since it was loaded, must fit."""
    shape = (tasks,) if isinstance(balance, Weighting) else (tasks, tasks)
    if not balance.built:
        balance.build(shape)
        balance.built = True
    sizes = {v.shape[0] for v in balance.variables if len(v.shape) == 1} - {tasks}
    if sizes:
        raise ValueError(f"{type(balance).__name__}: expected a balance for {tasks} tasks, found one for {sizes.pop()}")


def _spare_from_decay(optimizer, learned) -> None:
    """No weight decay for what a balance learns; what else was left out stays so."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if not learned or inner.built:
        return
    variables = getattr(inner, "_exclude_from_weight_decay", set())
    names = getattr(inner, "_exclude_from_weight_decay_pattern", None)
    inner.exclude_from_weight_decay(learned)
    inner._exclude_from_weight_decay |= variables
    inner._exclude_from_weight_decay_pattern = names


# ---------------------------------------------------------------- the network as a graph


def _calls(outputs, but=None) -> list[tuple]:
    """The calls of layers behind the outputs, as (layer, number of the call); not those behind the tensor `but`."""
    found, queue = [], keras.tree.flatten(outputs)
    stop = but if but is None else but._keras_history[:2]
    while queue:
        call = queue.pop()._keras_history[:2]
        if call != stop and call not in found:
            found.append(call)
            layer, number = call
            queue += layer._inbound_nodes[number].input_tensors
    return found


def _only_output(network, name: str):
    """The tensor that a layer gives."""
    layer = network.get_layer(name)
    calls = [number for other, number in _calls(network.output) if other is layer]
    if len(calls) != 1:
        raise ValueError(f"representation: expected a layer that is called once, found {name!r}, called {len(calls)} times")
    outputs = layer._inbound_nodes[calls[0]].output_tensors
    if len(outputs) != 1:
        raise ValueError(f"representation: expected a layer with one output, found {name!r} with {len(outputs)}")
    return outputs[0]


# ---------------------------------------------------------------- gradients


def _replicas() -> int:
    return tf.distribute.get_strategy().num_replicas_in_sync


def _total(values):
    """The sum over the replicas, on each of them. (Outside of one, Keras only asks for shapes.)"""
    context = tf.distribute.get_replica_context()
    if _replicas() == 1 or context is None or isinstance(values, list) and not values:
        return values
    return context.all_reduce("sum", values)


def _reported(losses, shares) -> list:
    """The losses of the whole batch, on each replica."""
    return losses if _replicas() == 1 else [_total(share) for share in shares]


def _values(variables) -> list:
    """What a tape wants to see: TensorFlow's variables behind Keras'."""
    return [v.value for v in variables]


def _wide(tensors) -> list:
    """In one precision: that of the widest, and at least float32."""
    dtype = max([tf.float32, *(tensor.dtype for tensor in tensors)], key=lambda dtype: dtype.size)
    return [tf.cast(tensor, dtype) for tensor in tensors]


def _by_id(variables, gradients) -> dict:
    return {id(variable): gradient for variable, gradient in zip(variables, gradients)}


def _back(tape, ends, variables) -> list:
    """The gradient of `Σ factor · end`, ends and factors in pairs, by each variable."""
    there = [(end, tf.cast(factor, end.dtype)) for end, factor in ends if factor is not None]
    if not there or not variables:
        return [None] * len(variables)
    targets, factors = map(list, zip(*there))
    return tape.gradient(targets, _values(variables), output_gradients=factors)


def _there(gradients) -> list:
    return [gradient for gradient in gradients if gradient is not None]


def _sum(gradients):
    """Of those that are there; one alone stays as it is, rows of a table stay rows."""
    there = _there(gradients)
    return tf.add_n([tf.convert_to_tensor(g) for g in there]) if len(there) > 1 else next(iter(there), None)


def _dense(column):
    """One gradient per task, stacked: `(T, ...)`, in float32 at least; zeros for a task that does not reach the tensor."""
    like = tf.convert_to_tensor(_there(column)[0])
    return tf.stack(_wide([tf.zeros_like(like) if g is None else tf.convert_to_tensor(g) for g in column]))


def _combined(column, stack, factors):
    """One gradient of those of the tasks; `None` is a task that does not reach the tensor."""
    if stack is None:
        return _sum(column)
    mixed = tf.tensordot(tf.cast(factors, stack.dtype), stack, 1)
    return tf.cast(mixed, _there(column)[0].dtype)


def _is_shared_table(column) -> bool:
    """Whether several tasks reach rows of a table."""
    there = _there(column)
    return len(there) > 1 and any(isinstance(gradient, tf.IndexedSlices) for gradient in there)
