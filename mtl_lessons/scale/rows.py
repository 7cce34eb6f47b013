"""Big tables: a step that reads and writes the rows of its batch, and no other.

    table = RowEmbedding(1_000_000, 16)           # instead of Embedding
    model.compile(RowAdagrad(0.05), ...)

Two parts of Keras touch the whole table in every step: `Embedding` reads it,
and the optimisers write to every row of it or of their state. A step is cheap
only if both are replaced. In chapter 6's framework one word does it:
`Framework(..., tables="rows")`.

How many different rows a batch has is not known before it is there, and XLA
wants to know it: Keras does not compile a model with a `RowEmbedding` by XLA
(and warns, if `jit_compile=True` asked for it). What else is asked of the optimiser for every
weight (weight decay, a moving average, accumulated gradients) is done by Keras,
for every row.

Importing this module imports TensorFlow.
"""

from typing import Any

from mtl_lessons.backend import Tensor, keras, register, tf


@register
class RowEmbedding(keras.layers.Embedding):
    """An `Embedding` that gathers from the variable.

    Keras' own reads the whole variable and gathers from what it read. The
    vectors are the same. Options as those of `Embedding`; quantised or with
    LoRA it does what Keras' does.

    >>> table = RowEmbedding(5, 2, embeddings_initializer="ones")
    >>> table(tf.constant([[0, 4]])).shape
    TensorShape([1, 2, 2])
    """

    def __init__(self, *sizes: int, **options: Any) -> None:
        super().__init__(*sizes, **options)
        # how many rows a batch has, XLA would have to know beforehand
        self.supports_jit = False

    def add_weight(self, *shape: Any, **options: Any) -> Tensor:
        # in a lower precision Keras would cast the whole table before a look-up
        return super().add_weight(*shape, **options | {"autocast": False})

    def call(self, inputs: Tensor) -> Tensor:
        if self.lora_enabled or self.quantization_mode is not None:
            return super().call(inputs)
        if inputs.dtype not in (tf.int32, tf.int64):
            inputs = tf.cast(inputs, tf.int32)
        rows = tf.nn.embedding_lookup(self._embeddings.value, inputs)
        return tf.cast(rows, self.compute_dtype)


@register
class RowAdagrad(keras.optimizers.Adagrad):
    """Adagrad in the rows of a step: `s += g²`, `w -= rate · g / √(s + ε)`.

    `g` is the gradient of a row, summed over all places of the batch where its
    id stands. A row without a gradient stays, in Adagrad too, so this *is*
    Adagrad (Duchi et al., 2011), given the dense gradient. Options as those of
    `keras.optimizers.Adagrad`; look at `initial_accumulator_value`, of which
    chapter 9 tells. Weights whose gradient is no rows are Keras' matter.

    >>> table = keras.Variable([[1.0], [1.0], [1.0]])
    >>> rows = tf.IndexedSlices(tf.constant([[1.0], [1.0]]), tf.constant([2, 2]))
    >>> optimizer = RowAdagrad(0.5, initial_accumulator_value=0.0)
    >>> optimizer.apply([rows], [table])
    >>> table.numpy().ravel().tolist()  # g = 2, s = 4: one step of 0.5
    [1.0, 1.0, 0.5]
    """

    def update_step(
        self, gradient: Tensor, variable: Tensor, learning_rate: Tensor
    ) -> None:
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        sums = self._accumulators[self._get_variable_index(variable)]
        adagrad_rows(
            raw(variable), raw(sums), gradient, learning_rate, self.epsilon
        )


@register
class LazyAdam(keras.optimizers.Adam):
    """Adam in the rows of a step: the others' moments do not decay.

    `m = β₁ m + (1 − β₁) g`, `v = β₂ v + (1 − β₂) g²` in the touched rows, and
    `w -= rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)`, t the step of the whole
    model. Adam goes on moving a row that no batch touches; this does not, so it
    is another algorithm than Adam. Options as those of `keras.optimizers.Adam`,
    without `amsgrad`.

    Raises `ValueError` for `amsgrad`.

    >>> table = keras.Variable([[1.0], [1.0]])
    >>> rows = tf.IndexedSlices(tf.constant([[3.0]]), tf.constant([1]))
    >>> LazyAdam(0.5).apply([rows], [table])
    >>> table.numpy().ravel().round(3).tolist()  # the first step: the sign
    [1.0, 0.5]
    """

    def __init__(self, *rate: Any, **options: Any) -> None:
        super().__init__(*rate, **options)
        if self.amsgrad:
            raise ValueError("amsgrad: expected False, found True")

    def update_step(
        self, gradient: Tensor, variable: Tensor, learning_rate: Tensor
    ) -> None:
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        number = self._get_variable_index(variable)
        first, second = (
            raw(self._momentums[number]),
            raw(self._velocities[number]),
        )
        table = raw(variable)
        rows, g = touched(gradient)
        g = tf.cast(g, table.dtype)
        t = tf.cast(self.iterations + 1, g.dtype)
        m = self.beta_1 * tf.gather(first, rows) + (1 - self.beta_1) * g
        v = self.beta_2 * tf.gather(second, rows) + (1 - self.beta_2) * g**2
        first.scatter_update(tf.IndexedSlices(m, rows))
        second.scatter_update(tf.IndexedSlices(v, rows))
        unbiased = tf.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        step = tf.cast(learning_rate, g.dtype) * unbiased
        down = step * m / (tf.sqrt(v) + self.epsilon)
        table.scatter_sub(tf.IndexedSlices(down, rows))


def adagrad_rows(
    table: Tensor,
    sums: Tensor,
    gradient: Tensor,
    learning_rate: Tensor | float,
    epsilon: float = 1e-7,
) -> None:
    """A step of Adagrad in the rows of a gradient; `sums` is its state, shaped
    like the `table`.

    >>> table, sums = tf.Variable([[1.0], [1.0]]), tf.Variable([[0.0], [0.0]])
    >>> adagrad_rows(table, sums, tf.IndexedSlices([[2.0]], [1]), 0.5)
    >>> table.numpy().ravel().tolist(), sums.numpy().ravel().tolist()
    ([1.0, 0.5], [0.0, 4.0])
    """
    rows, g = touched(gradient)
    g = tf.cast(g, table.dtype)
    sums.scatter_add(tf.IndexedSlices(g**2, rows))
    total = tf.gather(sums, rows)
    step = tf.cast(learning_rate, g.dtype) * g / tf.sqrt(total + epsilon)
    table.scatter_sub(tf.IndexedSlices(step, rows))


def touched(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The different rows of a `tf.IndexedSlices`, and the sum of the gradients
    of each.

    >>> twice = tf.IndexedSlices(tf.constant([[1.0], [3.0]]), tf.constant([7, 7]))
    >>> rows, sums = touched(twice)
    >>> rows.numpy().tolist(), sums.numpy().tolist()
    ([7], [[4.0]])
    """
    rows, place = tf.unique(tf.reshape(gradient.indices, [-1]))
    sums = tf.math.unsorted_segment_sum(gradient.values, place, tf.size(rows))
    return rows, sums


def raw(variable: Tensor) -> Tensor:
    """TensorFlow's variable behind Keras'; one of TensorFlow's is itself."""
    return variable.value if isinstance(variable, keras.Variable) else variable
