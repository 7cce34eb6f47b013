from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops


def user_vector():
    history = keras.Input((10,), dtype="int32")
    there = ops.cast(history >= 0, "float32")[..., None]
    vectors = layers.Embedding(501, 16)(history + 1)
    return keras.Model(history, ops.max(there * vectors - (1 - there), axis=1))


def trunk():
    users = user_vector()
    return keras.Model(users.input, layers.Dense(16, activation="tanh")(users.output))
