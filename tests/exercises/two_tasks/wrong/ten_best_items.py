from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers, ops = keras.layers, keras.ops


def build():
    shared = trunk()
    best, _ = ops.top_k(layers.Dense(500)(shared.output), 10)
    return keras.Model(shared.input, {"item": best, "interest": layers.Dense(12)(shared.output)})
