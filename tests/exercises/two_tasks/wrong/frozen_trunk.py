from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    shared.trainable = False
    return keras.Model(shared.input, {"item": layers.Dense(500)(shared.output), "interest": layers.Dense(12)(shared.output)})
