from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    item, interest = layers.Dense(500, activation="sigmoid"), layers.Dense(12, activation="sigmoid")
    return keras.Model(shared.input, {"item": item(shared.output), "interest": interest(shared.output)})
