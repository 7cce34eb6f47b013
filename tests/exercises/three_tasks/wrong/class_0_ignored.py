from mtl_lessons.backend import keras
from mtl_lessons.three_tasks.steps import compiled as right

ops = keras.ops


def known_mean(error, label):
    known = ops.reshape(ops.cast(~ops.isnan(label), "float32"), (-1,))
    return ops.sum(ops.reshape(error, (-1,)) * known) / ops.maximum(ops.sum(known), 1.0)


def filled(label):
    return ops.where(ops.isnan(label), 0.0, label)


def loss(label, p):
    y = ops.cast(filled(label), "int32")
    there = ops.cast(y[:, 0] > 0, "float32")
    return ops.sum(there * ops.sparse_categorical_crossentropy(y, p)) / ops.maximum(ops.sum(there), 1.0)


def compiled(tasks):
    model = right(tasks)
    losses = {**model.loss, "chosen": loss}
    model.compile("adam", losses)
    return model
