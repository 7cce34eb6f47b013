from mtl_lessons.backend import keras
from mtl_lessons.three_tasks.steps import compiled as right

ops = keras.ops


def loss(label, p):
    return ops.mean(ops.where(label == float("nan"), 0.0, ops.square(label - p)))


def compiled(tasks):
    model = right(tasks)
    losses = {**model.loss, "rating": loss}
    model.compile("adam", losses)
    return model
