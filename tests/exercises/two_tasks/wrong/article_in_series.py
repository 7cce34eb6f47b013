from mtl_lessons.backend import keras

layers = keras.layers


def build():  # the article's first program, its missing names supplied
    return keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(units=128, activation="relu"),
            layers.Dense(units=64, activation="relu"),
            layers.Dense(units=1, activation="sigmoid"),  # interests
            layers.Dense(units=500, activation="softmax"),  # items
        ]
    )
