from mtl_lessons.backend import keras

layers = keras.layers


def user_vector():
    history = keras.Input((10,), dtype="int32")
    return keras.Model(history, layers.GlobalAveragePooling1D()(layers.Embedding(500, 16)(history)))
