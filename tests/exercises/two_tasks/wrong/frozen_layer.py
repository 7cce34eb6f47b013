from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import user_vector

layers = keras.layers


def trunk():
    users = user_vector()
    return keras.Model(users.input, layers.Dense(64, activation="relu", trainable=False)(users.output))
