from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops
IDS = {"user": 600, "ad": 60, "item": 300}
ENDS = {"one of": "softmax", "yes or no": "sigmoid", "a number": None}


def build(tasks):
    inputs = {name: keras.Input((), dtype="int32", name=name) for name in IDS}
    table, first = layers.Embedding(1000, 8), {"user": 1, "ad": 602, "item": 663}
    vectors = {name: table(inputs[name] + first[name]) for name in IDS}
    trunk = layers.Dense(32, "relu")(vectors["user"])
    outputs = {}
    for name, (kind, width, reads) in tasks.items():
        x = trunk
        for feature in reads:
            u = layers.Dense(8)(trunk)
            x = layers.Concatenate()([x, vectors[feature], u * vectors[feature]])
        outputs[name] = layers.Dense(width, ENDS[kind], name=name)(x)
    return keras.Model(inputs, outputs)
