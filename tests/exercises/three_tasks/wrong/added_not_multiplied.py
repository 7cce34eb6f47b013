from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops
IDS = {"user": 600, "ad": 60, "item": 300}
ENDS = {"one of": "softmax", "yes or no": "sigmoid", "a number": None}


def build(tasks):
    inputs = {name: keras.Input((), dtype="int32", name=name) for name in IDS}
    vectors = {name: layers.Embedding(ids + 1, 8)(inputs[name] + 1) for name, ids in IDS.items()}
    trunk = layers.Dense(32, "relu")(vectors["user"])
    outputs = {}
    for name, (kind, width, reads) in tasks.items():
        x = trunk
        for feature in reads:
            x = layers.Concatenate()([x, vectors[feature]])
        outputs[name] = layers.Dense(width, ENDS[kind], name=name)(x)
    return keras.Model(inputs, outputs)
