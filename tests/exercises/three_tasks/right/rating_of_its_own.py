from mtl_lessons.backend import keras
from mtl_lessons.three_tasks.steps import compiled as right

ops = keras.ops


def known_mean(error, label):
    known = ops.reshape(ops.cast(~ops.isnan(label), "float32"), (-1,))
    return ops.sum(ops.reshape(error, (-1,)) * known) / ops.maximum(ops.sum(known), 1.0)


def filled(label):
    return ops.where(ops.isnan(label), 0.0, label)


def loss(label, p):
    return known_mean(ops.square(filled(label) - p), label)


def compiled(tasks):
    model = right(tasks)
    losses = {**model.loss, "rating": loss}
    model.compile("adam", losses)
    return model
