from mtl_lessons.backend import keras

layers = keras.layers


def build():  # the article's answer to its question 2
    return keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(units=128, activation="relu"),
            layers.Dense(units=64, activation="relu"),
            layers.Embedding(1000, 16),
            layers.Dense(units=2, activation="softmax"),
            layers.Dense(units=2, activation="sigmoid"),
        ]
    )
