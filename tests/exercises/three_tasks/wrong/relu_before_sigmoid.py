from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops
IDS = {"user": 600, "ad": 60, "item": 300}
ENDS = {"one of": "softmax", "yes or no": "sigmoid", "a number": "linear"}


def build(tasks):
    inputs = {name: keras.Input((), dtype="int32", name=name) for name in IDS}
    vectors = {name: layers.Embedding(ids + 1, 8)(inputs[name] + 1) for name, ids in IDS.items()}
    trunk = layers.Dense(32, "relu")(vectors["user"])
    outputs = {}
    for name, (kind, width, reads) in tasks.items():
        x = trunk
        for feature in reads:
            u = layers.Dense(8)(trunk)
            x = layers.Concatenate()([x, vectors[feature], u * vectors[feature]])
        outputs[name] = layers.Activation(ENDS[kind], name=name)(layers.Dense(width, "relu" if width == 1 else None)(x))
    return keras.Model(inputs, outputs)
