from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    item, interest = layers.Dense(500), layers.Dense(12, activation="relu")
    return keras.Model(shared.input, {"item": item(shared.output), "interest": interest(shared.output)})
