from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import user_vector

layers = keras.layers


def trunk():
    users = user_vector()
    x = layers.Dense(64, activation="relu")(users.output)
    return keras.Model(users.input, x)
