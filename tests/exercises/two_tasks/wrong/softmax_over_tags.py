from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    item, interest = layers.Dense(500, activation="softmax"), layers.Dense(12, activation="softmax")
    return keras.Model(shared.input, {"item": item(shared.output), "interest": interest(shared.output)})
