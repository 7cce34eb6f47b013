from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers, ops = keras.layers, keras.ops


def build():
    shared = trunk()
    best = ops.argmax(layers.Dense(500)(shared.output), axis=-1)
    return keras.Model(shared.input, {"item": ops.one_hot(best, 500), "interest": layers.Dense(12)(shared.output)})
