from mtl_lessons.backend import keras

layers = keras.layers


def build(tasks):
    inputs = {name: keras.Input((), name=name) for name in ("user", "ad", "item")}
    x = layers.Concatenate()([layers.Reshape((1,))(tensor) for tensor in inputs.values()])
    x = layers.Dense(128, "relu")(x)
    x = layers.Dense(64, "relu")(x)
    x = layers.Dense(1, "sigmoid")(x)
    x = layers.Dense(300, "softmax")(x)
    return keras.Model(inputs, layers.Dense(60, "sigmoid")(x))
