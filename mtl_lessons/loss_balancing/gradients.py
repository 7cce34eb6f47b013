"""The gradients of the tasks: a *column* has, of one tensor, a gradient for
each task.

A task that does not reach the tensor has None there. A table's gradient can be
rows (`tf.IndexedSlices`), and stays so where nothing has to be added to it.
"""

from collections.abc import Iterable, Sequence

from mtl_lessons.backend import Tensor, tf

from .aggregators import gram
from .tensors import replicas, total, values, wide

GradientColumn = Sequence  # of gradients, one for each task, or None


def columns_of(
    tape: tf.GradientTape, losses: Iterable[Tensor], tensors: Tensor
) -> list[GradientColumn]:
    """A column for each of the tensors, or for the only one."""
    gradients = [
        tf.nest.flatten(tape.gradient(loss, tensors)) for loss in losses
    ]
    return list(zip(*gradients, strict=True))


def stacked(column: GradientColumn) -> Tensor | None:
    """The gradients by a tensor that several tasks reach, `(T, ...)`, in
    float32 at least.

    A task that does not reach it has zeros there. None: fewer than two do. Of
    a table, the rows alone that some task touches: all others are zero, and
    inner products are the same. (Devices touch different rows, so several of
    them stack the whole table.)
    """
    reached = present(column)
    if len(reached) < 2:
        return None
    if replicas() == 1 and all(
        isinstance(gradient, tf.IndexedSlices) for gradient in reached
    ):
        return tf.stack(wide(_touched(column)))
    like = tf.convert_to_tensor(reached[0])
    dense = [
        tf.zeros_like(like)
        if gradient is None
        else tf.convert_to_tensor(gradient)
        for gradient in column
    ]
    return tf.stack(wide(dense))


def _touched(column: GradientColumn) -> list[Tensor]:
    """The gradients by a table, each `(rows that some task touches, width)`."""
    reached = present(column)
    indices = [gradient.indices for gradient in reached]
    rows, place = tf.unique(tf.concat(indices, axis=0))
    lengths = [tf.size(own) for own in indices]
    places = iter(tf.split(place, tf.stack(lengths), num=len(reached)))
    nothing = tf.zeros_like(reached[0].values[:0])
    return [
        tf.math.unsorted_segment_sum(
            nothing if gradient is None else gradient.values,
            tf.zeros([0], place.dtype) if gradient is None else next(places),
            tf.size(rows),
        )
        for gradient in column
    ]


def gram_of(stacks: Sequence[Tensor | None], by_row: int = 0) -> Tensor:
    """Inner products of the tasks' gradients by all tensors that are `stacked`,
    `(T, T)`.

    The first `by_row` tensors have a row for each row of the batch: a replica
    has some of these. Of any other it has a part of the gradient.
    """
    products = []
    for number, stack in enumerate(stacks):
        if stack is not None:
            rows = tf.reshape(stack, (stack.shape[0], -1))
            products.append(
                total(gram(rows)) if number < by_row else gram(total(rows))
            )
    return tf.add_n(wide(products))


def combined(
    column: GradientColumn, stack: Tensor | None, factors: Tensor
) -> Tensor | None:
    """One gradient of those of the tasks: `Σ factor_i g_i`, or the one that
    there is.

    None for rows of a table that several tasks reach: their sum is a gradient
    that the tape gives, as rows.
    """
    if is_shared_table(column):
        return None
    if stack is None:
        return sum_of(column)
    mixed = tf.tensordot(tf.cast(factors, stack.dtype), stack, 1)
    return tf.cast(mixed, present(column)[0].dtype)


def is_shared_table(column: GradientColumn) -> bool:
    """Whether several tasks reach rows of a table."""
    reached = present(column)
    of_rows = any(
        isinstance(gradient, tf.IndexedSlices) for gradient in reached
    )
    return len(reached) > 1 and of_rows


def weighted_gradients(
    tape: tf.GradientTape,
    ends: Iterable[tuple[Tensor, Tensor]],
    variables: Sequence[Tensor],
) -> list[Tensor | None]:
    """The gradient of `Σ factor · end`, ends and factors in pairs, by each
    variable.
    """
    pairs = [
        (end, tf.cast(factor, end.dtype))
        for end, factor in ends
        if factor is not None
    ]
    if not pairs or not variables:
        return [None] * len(variables)
    targets = [end for end, _ in pairs]
    factors = [factor for _, factor in pairs]
    return tape.gradient(targets, values(variables), output_gradients=factors)


def sum_of(gradients: Iterable[Tensor | None]) -> Tensor | None:
    """Of those that are there; one alone stays as it is, rows of a table stay
    rows.
    """
    there = present(gradients)
    if len(there) > 1:
        return tf.add_n([tf.convert_to_tensor(gradient) for gradient in there])
    return there[0] if there else None


def present(gradients: Iterable[Tensor | None]) -> list[Tensor]:
    """Those that are there."""
    return [gradient for gradient in gradients if gradient is not None]
