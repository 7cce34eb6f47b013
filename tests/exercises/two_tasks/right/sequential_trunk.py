from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops


def user_vector():
    history = keras.Input((10,), dtype="int32")
    counts = ops.sum(ops.one_hot(history, 500), axis=1)  # one_hot of -1 is nothing
    return keras.Model(history, layers.Dense(16, use_bias=False)(counts / 10.0))


def trunk():
    users = user_vector()
    inside = keras.Sequential(
        [layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu")]
    )
    return keras.Model(users.input, inside(users.output))


def build():
    shared = trunk()
    towers = [
        keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(n)]) for n in (500, 12)
    ]
    return keras.Model(shared.input, tuple(tower(shared.output) for tower in towers))
