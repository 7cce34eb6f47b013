from mtl_lessons.backend import keras

layers = keras.layers


def user_vector():
    history = keras.Input((10,), dtype="int32")
    vectors = layers.Embedding(501, 16, mask_zero=True)(history + 1)
    return keras.Model(history, layers.GlobalAveragePooling1D()(vectors))
