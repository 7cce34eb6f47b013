from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops


def user_vector():
    history = keras.Input((10,), dtype="int32")
    vectors = layers.Embedding(500, 16)(ops.maximum(history, 0))
    return keras.Model(history, ops.mean(vectors, axis=1))
