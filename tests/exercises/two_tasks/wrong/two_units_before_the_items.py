from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    x = layers.Dense(64, activation="relu")(layers.Dense(2, activation="relu")(shared.output))
    return keras.Model(shared.input, {"item": layers.Dense(500)(x), "interest": layers.Dense(12)(shared.output)})
