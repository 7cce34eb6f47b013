from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers, ops = keras.layers, keras.ops


def build():
    shared = trunk()
    x = ops.stop_gradient(shared.output)
    return keras.Model(shared.input, {"item": layers.Dense(500)(x), "interest": layers.Dense(12)(x)})
