from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops
IDS = {"user": 600, "ad": 60, "item": 300}


def build(tasks):
    inputs = {name: keras.Input((), dtype="int32", name=name) for name in IDS}
    last = {"one of": layers.Dense(300, "softmax"), "yes or no": layers.Dense(1, "sigmoid"), "a number": layers.Dense(1)}
    vectors = {name: layers.Embedding(ids + 1, 8)(inputs[name] + 1) for name, ids in IDS.items()}
    trunk = layers.Dense(32, "relu")(vectors["user"])
    outputs = {}
    for name, (kind, _, reads) in tasks.items():
        x = trunk
        for feature in reads:
            u = layers.Dense(8)(trunk)
            x = layers.Concatenate()([x, vectors[feature], u * vectors[feature]])
        outputs[name] = last[kind](x)
    return keras.Model(inputs, outputs)
