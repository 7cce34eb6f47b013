from mtl_lessons.backend import keras

layers = keras.layers


class Alone(keras.Model):
    def __init__(self, width):
        super().__init__()
        self.table, self.dense, self.head = (
            layers.Embedding(501, 16),
            layers.Dense(64, activation="relu"),
            layers.Dense(width),
        )

    def call(self, history):
        return self.head(self.dense(keras.ops.mean(self.table(history + 1), axis=1)))


def build():
    history = keras.Input((10,), dtype="int32")
    return keras.Model(history, {"item": Alone(500)(history), "interest": Alone(12)(history)})
