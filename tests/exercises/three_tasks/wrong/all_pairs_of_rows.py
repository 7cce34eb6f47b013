from mtl_lessons.backend import keras
from mtl_lessons.three_tasks.steps import compiled as right

ops = keras.ops


def known_mean(error, label):
    known = ops.reshape(ops.cast(~ops.isnan(label), "float32"), (-1,))
    return ops.sum(ops.reshape(error, (-1,)) * known) / ops.maximum(ops.sum(known), 1.0)


def filled(label):
    return ops.where(ops.isnan(label), 0.0, label)


def loss(label, p):
    known = ops.cast(~ops.isnan(label), "float32")
    pairs = known * known[:, 0] * ops.square(filled(label)[:, 0] - p)
    return ops.sum(pairs) / ops.maximum(ops.sum(known), 1.0) ** 2


def compiled(tasks):
    model = right(tasks)
    losses = {**model.loss, "rating": loss}
    model.compile("adam", losses)
    return model
