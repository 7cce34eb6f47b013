from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops


def user_vector():
    history = keras.Input((10,), dtype="int32", name="what_was_bought")
    vectors = layers.Embedding(501, 32, mask_zero=True)(history + 1)
    return keras.Model(history, layers.GRU(32)(vectors))


def trunk():
    users = user_vector()
    x = layers.LayerNormalization()(layers.Dense(64, activation="relu")(users.output))
    return keras.Model(users.input, layers.Dropout(0.1)(x))


def build():
    shared = trunk()
    return keras.Model(
        shared.input, [layers.Dense(12)(shared.output), layers.Dense(500)(shared.output)]
    )


def tags(label, logit):
    known = ~ops.isnan(label)
    each = ops.where(
        known, ops.binary_crossentropy(ops.where(known, label, 0.0), logit, from_logits=True), 0.0
    )
    return ops.sum(each, axis=-1)  # every label counts once: the natural weight


def compiled():
    model = build()
    model.compile(
        keras.optimizers.Adam(0.01),
        [tags, keras.losses.SparseCategoricalCrossentropy(from_logits=True)],
    )
    return model
