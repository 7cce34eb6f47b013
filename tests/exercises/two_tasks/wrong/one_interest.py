from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    item = layers.Dense(500, activation="softmax")(shared.output)
    return keras.Model(shared.input, {"item": item, "interest": layers.Dense(1, activation="sigmoid")(shared.output)})
