from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops


def user_vector():
    history = keras.Input((10,), dtype="int32")
    vectors = layers.Embedding(501, 16)(history + 1)
    weight = ops.softmax(layers.Dense(1)(vectors), axis=1)
    return keras.Model(history, ops.sum(weight * vectors, axis=1))
