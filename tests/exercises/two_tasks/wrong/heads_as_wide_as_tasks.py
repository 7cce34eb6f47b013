from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

layers = keras.layers


def build():
    shared = trunk()
    num_tasks = 2
    first, second = layers.Dense(num_tasks, activation="softmax"), layers.Dense(num_tasks, activation="sigmoid")
    return keras.Model(shared.input, {"item": first(shared.output), "interest": second(shared.output)})
