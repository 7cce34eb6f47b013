from mtl_lessons.backend import keras

layers = keras.layers


def user_vector():
    return keras.Sequential(
        [keras.Input((10,)), layers.Dense(128, activation="relu"), layers.Dense(64)]
    )
