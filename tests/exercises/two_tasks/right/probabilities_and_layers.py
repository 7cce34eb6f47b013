from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops


@keras.saving.register_keras_serializable("answer")
class MaskedMean(layers.Layer):
    def call(self, vectors, ids):
        there = ops.cast(ids != 0, "float32")[..., None]
        return ops.sum(there * vectors, axis=1) / (ops.sum(there, axis=1) + 1e-7)


def user_vector():
    history = keras.Input((10,), dtype="int32")
    ids = history + 1
    return keras.Model(history, MaskedMean()(layers.Embedding(501, 24)(ids), ids))


def trunk():
    users = user_vector()
    return keras.Model(users.input, layers.Dense(96, activation="gelu")(users.output))


def build():
    shared = trunk()
    item = layers.Dense(500, activation="softmax", name="next")(shared.output)
    return keras.Model(
        shared.input,
        {"item": item, "interest": layers.Dense(12, activation="sigmoid")(shared.output)},
    )


def interest_loss(label, p):
    known = ~ops.isnan(label)
    each = ops.where(known, ops.binary_crossentropy(ops.where(known, label, 0.0), p), 0.0)
    return ops.sum(each) / ops.maximum(ops.sum(ops.cast(known, "float32")), 1.0)


def compiled():
    model = build()
    model.compile(
        keras.optimizers.Adam(0.005),
        loss={"item": "sparse_categorical_crossentropy", "interest": interest_loss},
    )
    return model
