from mtl_lessons.backend import keras
from mtl_lessons.three_tasks.steps import compiled as right

ops = keras.ops


def loss(label, p):
    return ops.mean(ops.binary_crossentropy(ops.where(ops.isnan(label), 0.5, label), p))


def compiled(tasks):
    model = right(tasks)
    losses = {**model.loss, "ad_click": loss}
    model.compile("adam", losses)
    return model
