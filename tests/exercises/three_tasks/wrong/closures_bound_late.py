from mtl_lessons.backend import keras
from mtl_lessons.three_tasks.steps import compiled as right

ops = keras.ops


def known_mean(error, label):
    known = ops.reshape(ops.cast(~ops.isnan(label), "float32"), (-1,))
    return ops.sum(ops.reshape(error, (-1,)) * known) / ops.maximum(ops.sum(known), 1.0)


def filled(label):
    return ops.where(ops.isnan(label), 0.0, label)


KINDS = {
    "chosen": lambda y, p: ops.sparse_categorical_crossentropy(ops.cast(y, "int32"), p),
    "ad_click": ops.binary_crossentropy,
    "rating": lambda y, p: ops.square(y - p),
}


def compiled(tasks):
    model, losses = right(tasks), {}
    for task, kind in KINDS.items():
        losses[task] = lambda label, p: known_mean(kind(filled(label), p), label)  # noqa: B023
    model.compile("adam", losses)
    return model
