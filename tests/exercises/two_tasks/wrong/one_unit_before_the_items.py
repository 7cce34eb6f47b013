from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    narrow = layers.Dense(1, activation="sigmoid")(shared.output)
    return keras.Model(shared.input, {"item": layers.Dense(500)(narrow), "interest": layers.Dense(12)(shared.output)})
