from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops


def user_vector():
    history = keras.Input((10,), dtype="int32")
    vectors = layers.Embedding(501, 16)(history + 1)
    score = ops.where(history >= 0, layers.Dense(1)(vectors)[..., 0], -1e9)
    weight = ops.softmax(score, axis=1) * ops.cast(history >= 0, "float32")
    return keras.Model(history, ops.sum(weight[..., None] * vectors, axis=1))


def build():
    """Two experts, and a gate for each task."""
    users = user_vector()
    experts = ops.stack(
        [layers.Dense(48, activation="relu")(users.output) for _ in range(2)], axis=1
    )
    gates = [layers.Dense(2, activation="softmax")(users.output)[..., None] for _ in range(2)]
    item, interest = (ops.sum(gate * experts, axis=1) for gate in gates)
    return keras.Model(
        users.input,
        {"item": layers.Dense(500)(item), "interest": layers.Dense(12, "sigmoid")(interest)},
    )
