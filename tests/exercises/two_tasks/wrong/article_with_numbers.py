from mtl_lessons.backend import keras

layers = keras.layers


def build():  # the article's "input_size" numbers a row, whatever they may be
    numbers = keras.Input((20,))
    x = layers.Dense(64, activation="relu")(layers.Dense(128, activation="relu")(numbers))
    return keras.Model(numbers, {"item": layers.Dense(500)(x), "interest": layers.Dense(12)(x)})
