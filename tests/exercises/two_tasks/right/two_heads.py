from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers, ops = keras.layers, keras.ops


def build():
    shared = trunk()
    x = shared.output
    item = layers.Dense(500)(x)
    interest = layers.Dense(12)(x)
    return keras.Model(shared.input, {"item": item, "interest": interest})
