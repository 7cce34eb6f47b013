from mtl_lessons.backend import keras

layers = keras.layers


def trunk():  # the order of the article's answers to its questions 1 to 4
    return keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Embedding(1000, 16),
            layers.Flatten(),
        ]
    )
