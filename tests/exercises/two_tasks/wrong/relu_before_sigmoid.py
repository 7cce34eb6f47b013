from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    tags = layers.Activation("sigmoid")(layers.Dense(12, activation="relu")(shared.output))
    return keras.Model(shared.input, {"item": layers.Dense(500)(shared.output), "interest": tags})
