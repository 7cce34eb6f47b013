from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    told = keras.Input((12,), name="interest")
    x = layers.Concatenate()([shared.output, told])
    return keras.Model([shared.input, told], {"item": layers.Dense(500)(x), "interest": layers.Dense(12)(x)})
