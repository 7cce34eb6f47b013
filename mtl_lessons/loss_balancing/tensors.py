"""Over several devices, and in several precisions: what the parts of a step
have in common.
"""

from collections.abc import Iterable, Sequence

from mtl_lessons.backend import Tensor, tf


def replicas() -> int:
    """How many devices train the same model, each on its part of the batch."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def total(values: Tensor) -> Tensor:
    """The sum over the replicas, on each of them, of a tensor or of each in a
    list.
    """
    context = tf.distribute.get_replica_context()
    outside = context is None  # where Keras only asks for shapes
    nothing = isinstance(values, list) and not values
    if replicas() == 1 or outside or nothing:
        return values
    return context.all_reduce("sum", values)


def wide(tensors: Sequence[Tensor]) -> list[Tensor]:
    """In one precision: that of the widest, and at least float32."""
    dtypes = [tf.float32, *(tensor.dtype for tensor in tensors)]
    widest = max(dtypes, key=lambda dtype: dtype.size)
    return [tf.cast(tensor, widest) for tensor in tensors]


def values(variables: Iterable[Tensor]) -> list[Tensor]:
    """What a tape wants to see: TensorFlow's variables behind Keras'."""
    return [variable.value for variable in variables]
