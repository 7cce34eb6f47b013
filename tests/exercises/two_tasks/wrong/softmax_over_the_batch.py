from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    item = layers.Softmax(axis=0)(layers.Dense(500)(shared.output))
    return keras.Model(shared.input, {"item": item, "interest": layers.Dense(12)(shared.output)})
