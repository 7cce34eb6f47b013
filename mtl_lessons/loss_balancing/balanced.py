"""`Balanced`: a network with one output per task, trained with a weighting or
an aggregator.

What it is made of has modules of its own: `losses`, of a batch, task by task;
`gradients`, of the tasks; `graph`, which layers stand behind a tensor;
`tensors`, over devices and precisions.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mtl_lessons.backend import Tensor, keras, register, tf

from .aggregators import Aggregator
from .gradients import (
    columns_of,
    combined,
    gram_of,
    is_shared_table,
    present,
    stacked,
    sum_of,
    weighted_gradients,
)
from .graph import calls, only_output
from .losses import ByTask, TaskLosses, as_loss, reported, whole
from .tensors import replicas, total, values, wide
from .weightings import Weighting

# losses as reported, their plain sum, outputs
Taken = tuple[list[Tensor], Tensor, ByTask]


@register
class Balanced(keras.Model):
    """A functional network with outputs `{task: tensor}`, and a way to balance
    their losses.

    `compile` it with a loss per task, then `fit`, `evaluate`, callbacks and
    `save` as usual. What is served is `network`; `export` exports that. A task
    is an output with a loss; any other output is left alone.

    With a `Weighting`, all weights descend the one loss that it makes. With an
    `Aggregator`, a weight that one task alone reaches follows that task's
    gradient; the shared weights follow `T Σ w_i g_i`, which is the plain sum
    where the gradients are equal. With `Equal`, or the mean `Aggregator`, it
    trains as Keras' own `fit`, tables included.

    `representation` names the layer whose output all heads read. For an
    aggregator it changes *where* gradients are compared: at that output, after
    which one pass goes back through the trunk, rather than at all shared
    weights, T passes. A weight of the trunk that a head also reaches past that
    output follows `T Σ w_i g_i` too, over all its ways. `GradNorm` needs
    `representation`: W are that layer's weights.

    **Missing labels.** A row has a label of a task if one of its columns is not
    NaN, and its weight is not 0. A task without labelled rows takes no part in
    a step: the others are balanced as if it did not exist (T is their number),
    and what a balance remembers of it stays.

    **Logs** are those of Keras, whatever the balance: `<task>_loss`, the mean
    over the rows of an epoch, and `loss`, the mean over batches of the plain
    sum, with the penalties of regularisers. One difference: if a loss is a mean
    over known labels, `<task>_loss` is one too, over all those of the epoch.

    **Tables.** Of a table the optimiser gets the rows of the batch, as from
    Keras, whatever the balance. (Keras' Adam does not add up a row that occurs
    twice before it squares the gradient, nor does `global_clipnorm`.)

    **Devices.** Under a `tf.distribute` strategy each replica descends its part
    of the loss of the whole batch, in proportion to its rows (to its known
    labels, if the loss is a mean over these), and balances see losses and
    gradients of the whole batch: the training is that of one device.

    >>> from mtl_lessons.loss_balancing import Equal
    >>> x = keras.Input((3,))
    >>> network = keras.Model(x, {task: keras.layers.Dense(1, name=task)(x) for task in ("a", "b")})
    >>> model = Balanced(network, Equal())
    >>> model.compile("adam", loss={"a": "mse", "b": "mse"})
    >>> y = {"a": tf.constant([[1.0], [3.0]]), "b": tf.constant([[2.0], [0.0]])}
    >>> zeros = {task: tf.zeros((2, 1)) for task in y}
    >>> # (1 + 9) / 2 and (4 + 0) / 2
    >>> [float(loss) for loss in model.task_losses(y, zeros)]
    [5.0, 2.0]
    """

    def __init__(
        self,
        network: keras.Model,
        balance: Weighting | Aggregator,
        representation: str | None = None,
        **options: Any,
    ) -> None:
        outputs = getattr(network, "output", None)
        if not isinstance(outputs, Mapping):
            expected = (
                "Balanced: expected a network with outputs {task: tensor}"
            )
            raise ValueError(f"{expected}, found {type(outputs).__name__}")
        super().__init__(**{"dtype": network.dtype_policy} | options)
        self.network = network
        self.balance = balance
        self.representation = representation
        self.tasks = list(outputs)
        self.trackers = {
            task: keras.metrics.Mean(name=f"{task}_loss") for task in outputs
        }
        self.built = True
        # in functions, so that Keras does not see layers twice
        self._parts = lambda x, training: ([], network(x, training=training))
        self._trunk: Callable[[], list] = list
        self._past: Callable[[], list] = list
        if isinstance(balance, Aggregator) and representation:
            self._split(only_output(network, representation))
        if getattr(balance, "wants_gradients", False):
            self._last_shared()
        _claim(balance)

    def _split(self, z: Tensor) -> None:
        """The network as a trunk that ends at z, and what comes after."""
        inputs = self.network.inputs
        policy = self.network.dtype_policy
        parts = keras.Model(inputs, [[z], self.network.output], dtype=policy)
        trunk = keras.Model(inputs, z, dtype=policy)
        past = [layer for layer, _ in calls(self.network.output, z)]
        self._parts = lambda x, training: parts(x, training=training)
        self._trunk = lambda: trunk.trainable_variables
        self._past = lambda: [
            v
            for layer in past
            for v in getattr(layer, "trainable_variables", [])
        ]

    def _last_shared(self) -> list[Tensor]:
        """The weights at which GradNorm compares gradients."""
        name = type(self.balance).__name__
        if self.representation is None:
            expected = f"{name}: expected the last shared layer, where it compares gradients"
            raise ValueError(
                f"{expected}, found None: name it, representation=..."
            )
        weights = self.network.get_layer(
            self.representation
        ).trainable_variables
        if not weights:
            found = f"{self.representation!r} without any"
            raise ValueError(
                f"{name}: expected a layer with weights that are trained, "
                f"found {found}"
            )
        return weights

    def call(self, x: Tensor, training: bool | None = None) -> ByTask:
        return self.network(x, training=training)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "network": keras.saving.serialize_keras_object(self.network),
            "balance": keras.saving.serialize_keras_object(self.balance),
            "representation": self.representation,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None
    ) -> "Balanced":
        arguments = dict(config)
        for name in ("network", "balance"):
            made = keras.saving.deserialize_keras_object(
                config[name], custom_objects
            )
            arguments[name] = made
        return cls(**arguments)

    def export(self, filepath: str, *arguments: Any, **options: Any) -> Any:
        """What is served is the network."""
        return self.network.export(filepath, *arguments, **options)

    # ----------------------------------------------------------- losses by name

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: None = None,
        **options: Any,
    ) -> None:
        """As in Keras, with `loss={task: loss}`; an output left out, or with
        None, has no loss.

        Weights for the losses belong to the balance: `Fixed([...])`. The
        optimiser's weight decay leaves out what a balance learns.
        """
        outputs = list(self.network.output)
        losses = dict(loss) if isinstance(loss, Mapping) else {}
        tasks = [task for task in outputs if losses.get(task) is not None]
        if not tasks or not set(losses) <= set(outputs):
            found = ", ".join(losses) or loss
            raise ValueError(
                f"loss: expected a loss for each of {', '.join(outputs)}, "
                f"found {found}"
            )
        if loss_weights is not None:
            expected = (
                "loss_weights: expected weights as a balance, Fixed([...])"
            )
            raise ValueError(f"{expected}, found loss_weights={loss_weights}")
        _build(self.balance, len(tasks))
        self.tasks = tasks
        self._task_losses = TaskLosses(
            {task: as_loss(losses[task]) for task in tasks}
        )
        super().compile(optimizer=optimizer, loss=losses, **options)
        _spare_from_decay(self.optimizer, self.balance.trainable_variables)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def load_weights(self, filepath: str, **options: Any) -> None:
        # its state is in the file, too
        if self.compiled and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        super().load_weights(filepath, **options)

    def task_losses(
        self, y: ByTask, outputs: ByTask, sample_weight: Tensor = None
    ) -> list[Tensor]:
        """The loss of each task, in the order of `tasks`, in one precision, at
        least float32.

        `sample_weight` is `{task: array}`, or one array for all; a loss does
        with it what it does in Keras.
        """
        if not isinstance(y, Mapping) or not set(y) >= set(self.tasks):
            expected = f"y: expected labels {{task: tensor}} for {', '.join(self.tasks)}"
            found = ", ".join(y) if isinstance(y, Mapping) else type(y).__name__
            raise ValueError(f"{expected}, found {found}")
        return self._task_losses(y, outputs, sample_weight)

    def compute_loss(
        self,
        x: Tensor = None,  # noqa: ARG002 - Keras' interface
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,  # noqa: ARG002 - Keras' interface
    ) -> Tensor:
        losses = self.task_losses(y, y_pred, sample_weight)
        losses = reported(
            losses, self._task_losses.shares(losses, y, y_pred, sample_weight)
        )
        self._track(losses, self._task_losses.rows(y, y_pred, sample_weight))
        # by which Keras multiplies it again
        return self._plain_sum(losses) / replicas()

    def compute_metrics(
        self, x: Tensor, y: ByTask, y_pred: ByTask, sample_weight: Tensor = None
    ) -> dict[str, Tensor]:
        """Of the outputs that have labels."""
        if isinstance(sample_weight, Mapping):
            sample_weight = {task: sample_weight.get(task) for task in y}
        labelled = {
            task: prediction for task, prediction in y_pred.items() if task in y
        }
        return super().compute_metrics(x, y, labelled, sample_weight)

    @property
    def metrics(self) -> list:
        """Without the losses of outputs that have none."""
        idle = [
            tracker
            for task, tracker in self.trackers.items()
            if task not in self.tasks
        ]
        return [
            metric for metric in super().metrics if not _is_among(metric, idle)
        ]

    def _track(self, losses: list[Tensor], rows: list[Tensor]) -> None:
        for task, loss, number in zip(self.tasks, losses, rows):
            self.trackers[task].update_state(loss, sample_weight=number)

    def _plain_sum(self, losses: list[Tensor]) -> Tensor:
        """With the penalties."""
        penalties = [self._penalty()] if self.losses else []
        return tf.add_n(wide(losses + penalties))

    def _penalty(self) -> Tensor:
        """Of the regularisers."""
        if not self.losses:
            return tf.zeros(())
        return tf.add_n(wide([tf.reduce_sum(loss) for loss in self.losses]))

    # ------------------------------------------------------------ one step

    def train_step(self, data: Any) -> dict[str, Tensor]:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        one_step = (
            self._weighted
            if isinstance(self.balance, Weighting)
            else self._aggregated
        )
        losses, plain_sum, outputs = one_step(x, y, sample_weight)
        self._track(losses, self._task_losses.rows(y, outputs, sample_weight))
        self._loss_tracker.update_state(
            plain_sum, sample_weight=_length(outputs)
        )
        return self.compute_metrics(x, y, outputs, sample_weight=sample_weight)

    def _weighted(self, x: Tensor, y: ByTask, sample_weight: Tensor) -> Taken:
        """A step along the one loss that a weighting makes."""
        balance = self.balance
        scale = self.optimizer.scale_loss
        with tf.GradientTape(persistent=balance.wants_gradients) as tape:
            _, outputs = self._parts(x, training=True)
            losses = self.task_losses(y, outputs, sample_weight)
            shares = self._task_losses.shares(losses, y, outputs, sample_weight)
            of_batch = whole(shares, balance.variable_dtype)
            losses = reported(losses, shares)
            plain_sum = self._plain_sum(losses)
            known = {}
            if balance.wants_known:
                known["known"] = self._task_losses.known(y, sample_weight)
            balanced = balance(of_batch, **known)
            descended = balanced + tf.cast(self._penalty(), balanced.dtype)
            descended = scale(descended / replicas())
            scaled = (
                [scale(share) for share in shares]
                if balance.wants_gradients
                else []
            )
        gradients = tape.gradient(descended, values(self.trainable_variables))
        if balance.wants_gradients:
            balance.before_step(of_batch, self._lengths(tape, scaled), **known)
        self._apply_to_known(gradients, **known)
        again = (
            self._second_look(x, y, sample_weight)
            if balance.wants_second_look
            else None
        )
        balance.after_step(of_batch, again, **known)
        return losses, plain_sum, outputs

    def _apply_to_known(
        self, gradients: list[Tensor], known: Tensor | None = None
    ) -> None:
        """What a weighting has learned of a task without labels stays as it is."""
        learned = [] if known is None else self.balance.trainable_variables
        before = [tf.identity(variable.value) for variable in learned]
        self._apply(gradients)
        for variable, value in zip(learned, before):
            variable.assign(tf.where(known, variable.value, value))

    def _lengths(self, tape: tf.GradientTape, scaled: list[Tensor]) -> Tensor:
        """`‖∂L_i/∂W‖` of each task, W the weights of the last shared layer."""
        weights = values(self._last_shared())
        lengths = []
        for loss in scaled:
            gradients = present(tape.gradient(loss, weights))
            whole_batch = total(
                [tf.convert_to_tensor(gradient) for gradient in gradients]
            )
            lengths.append(
                tf.linalg.global_norm(whole_batch)
                if gradients
                else tf.zeros(())
            )
        unscaled = tf.stack(lengths) / self.optimizer.scale_loss(1.0)
        return tf.cast(unscaled, self.balance.variable_dtype)

    def _second_look(
        self, x: Tensor, y: ByTask, sample_weight: Tensor
    ) -> Tensor:
        """The losses of the same batch after the step.

        The moving means of a normalisation count a batch once.
        """
        moving = _moving(self.network)
        before = [tf.identity(variable.value) for variable in moving]
        _, outputs = self._parts(x, training=True)
        losses = self.task_losses(y, outputs, sample_weight)
        for variable, value in zip(moving, before):
            variable.assign(value)
        shares = self._task_losses.shares(losses, y, outputs, sample_weight)
        return whole(shares, self.balance.variable_dtype)

    def _aggregated(self, x: Tensor, y: ByTask, sample_weight: Tensor) -> Taken:
        """A step along the direction that an aggregator makes of the tasks'
        gradients.
        """
        scale = self.optimizer.scale_loss
        with tf.GradientTape(persistent=True) as tape:
            z, outputs = self._parts(x, training=True)
            losses = self.task_losses(y, outputs, sample_weight)
            shares = self._task_losses.shares(losses, y, outputs, sample_weight)
            losses = reported(losses, shares)
            plain_sum = self._plain_sum(losses)
            penalty = scale(self._penalty() / replicas())
            shares = [scale(share) for share in shares]
        penalties = [(penalty, tf.ones_like(penalty))] if self.losses else []
        known = self._task_losses.known(y, sample_weight)
        self._apply(self._directions(tape, z, shares, penalties, known))
        return losses, plain_sum, outputs

    def _directions(
        self,
        tape: tf.GradientTape,
        z: list[Tensor],
        shares: list[Tensor],
        penalties: list[tuple[Tensor, Tensor]],
        known: Tensor,
    ) -> list[Tensor]:
        """What each trainable weight follows, with the gradients compared at z
        and past it.
        """
        trunk = self._trunk()
        others = [
            v for v in self.trainable_variables if not _is_among(v, trunk)
        ]
        columns = columns_of(tape, shares, z + values(others))
        stacks = [stacked(column) for column in columns]
        factors = self._factors(stacks, len(z), known)
        mixed = [
            combined(column, stack, factors)
            for column, stack in zip(columns, stacks)
        ]
        at_z = list(zip(z, mixed))
        at_others = mixed[len(z) :]

        pulls = weighted_gradients(tape, penalties, others)
        gradients = _by_id(others, map(sum_of, zip(at_others, pulls)))
        gradients |= _by_id(
            trunk, weighted_gradients(tape, at_z + penalties, trunk)
        )
        # the gradient of Σ factor_i L_i: rows of tables as Keras has them, all
        # ways into the trunk
        again = _tables(others, columns[len(z) :]) + self._trunk_past_z(trunk)
        ends = [*zip(shares, tf.unstack(factors)), *penalties]
        gradients |= _by_id(again, weighted_gradients(tape, ends, again))
        return [
            gradients[id(variable)] for variable in self.trainable_variables
        ]

    def _trunk_past_z(self, trunk: list[Tensor]) -> list[Tensor]:
        """The weights of the trunk that a head reaches past z, too."""
        past = self._past()
        return [variable for variable in trunk if _is_among(variable, past)]

    def _factors(
        self, stacks: list[Tensor | None], of_rows: int, known: Tensor
    ) -> Tensor:
        """`T w`, what the gradients of the tasks are multiplied by; 1 if no two
        of them meet.

        The first `of_rows` tensors have a row for each row of the batch.
        """
        if all(stack is None for stack in stacks):
            return tf.ones(len(self.tasks))
        weights = self.balance(gram_of(stacks, of_rows), known=known)
        return tf.reduce_sum(tf.cast(known, weights.dtype)) * weights

    def _apply(self, gradients: list[Tensor]) -> None:
        variables = self.trainable_variables
        if not variables:
            warnings.warn(
                "The model does not have any trainable weights.", stacklevel=2
            )
            return
        # by which Keras cannot divide rows of a table
        if self.optimizer.loss_scale_factor:
            gradients = [
                g if g is None else tf.convert_to_tensor(g) for g in gradients
            ]
        self.optimizer.apply_gradients(zip(gradients, variables))


# ------------------------------------------------ the balance and the optimiser


def _claim(balance: Weighting | Aggregator) -> None:
    """What a balance remembers is of one model."""
    if getattr(balance, "of_a_model", False):
        expected = (
            f"{type(balance).__name__}: expected a balance for each model"
        )
        raise ValueError(
            f"{expected}, found one that another model trains with"
        )
    balance.of_a_model = balance.remembers


def _build(balance: Weighting | Aggregator, tasks: int) -> None:
    """For so many tasks; one that is built, since it was loaded, must fit."""
    shape = (tasks,) if isinstance(balance, Weighting) else (tasks, tasks)
    if not balance.built:
        balance.build(shape)
        balance.built = True
    sizes = {
        variable.shape[0]
        for variable in balance.variables
        if len(variable.shape) == 1
    }
    others = sizes - {tasks}
    if others:
        expected = (
            f"{type(balance).__name__}: expected a balance for {tasks} tasks"
        )
        raise ValueError(f"{expected}, found one for {others.pop()}")


def _spare_from_decay(
    optimizer: keras.Optimizer, learned: list[Tensor]
) -> None:
    """No weight decay for what a balance learns; what else was left out stays
    so.
    """
    inner: Any = getattr(optimizer, "inner_optimizer", optimizer)
    if not learned or inner.built:
        return
    variables = getattr(inner, "_exclude_from_weight_decay", set())
    names = getattr(inner, "_exclude_from_weight_decay_pattern", None)
    inner.exclude_from_weight_decay(learned)
    # a second call forgets what the first left out, and Keras has no public way
    # to add
    inner._exclude_from_weight_decay |= variables  # noqa: SLF001
    inner._exclude_from_weight_decay_pattern = names  # noqa: SLF001


# -------------------------------------------------------- variables and outputs


def _moving(network: keras.Model) -> list[Tensor]:
    """What a call in training changes: means of normalisations, states of
    random streams.
    """
    layers = network._flatten_layers()  # noqa: SLF001 - no public name has layers in layers
    trained = [layer for layer in layers if layer.trainable]
    return [v for layer in trained for v in layer._non_trainable_variables]  # noqa: SLF001


def _tables(
    variables: Sequence[Tensor], columns: Sequence[Sequence]
) -> list[Tensor]:
    """Those of which several tasks reach rows."""
    return [
        v for v, column in zip(variables, columns) if is_shared_table(column)
    ]


def _is_among(thing: object, others: Iterable[object]) -> bool:
    """By identity: variables and metrics compare by value, or not at all."""
    return any(thing is other for other in others)


def _by_id(
    variables: Iterable[Tensor], gradients: Iterable[Tensor]
) -> dict[int, Tensor]:
    return {
        id(variable): gradient
        for variable, gradient in zip(variables, gradients)
    }


def _length(outputs: ByTask) -> Tensor:
    return tf.shape(next(iter(outputs.values())))[0]
