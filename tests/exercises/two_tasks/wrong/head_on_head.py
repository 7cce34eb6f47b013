from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    interest = layers.Dense(12, activation="sigmoid")(shared.output)
    item = layers.Dense(500, activation="softmax")(interest)
    return keras.Model(shared.input, {"item": item, "interest": interest})
