from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    item, interest = layers.Dense(500)(shared.output), layers.Dense(12)(shared.output)
    return keras.Model(shared.input, item), keras.Model(shared.input, interest)
