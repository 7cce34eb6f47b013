from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops


def table(ids, width):
    return lambda x: layers.Embedding(ids + 1, width)(
        ops.where(x < 0, ids, x)
    )  # the last row is for unknown ids


def build(tasks):
    user, ad, item = (keras.Input((), dtype="int32", name=name) for name in ("user", "ad", "item"))
    targets = {"ad": (ad, 60), "item": (item, 300)}
    taste = table(600, 12)(user)
    outputs = {}
    for name, (kind, width, reads) in tasks.items():
        if not reads:
            outputs[name] = layers.Dense(width)(taste)
            continue
        x, ids = targets[reads[0]]
        mine = layers.Dense(12, use_bias=False)(taste)
        dot = layers.Dot(axes=1)([mine, table(ids, 12)(x)]) + table(ids, 1)(x)
        outputs[name] = dot * 3 + 3.5 if kind == "a number" else dot * 3
    return keras.Model({"user": user, "ad": ad, "item": item}, outputs)


def masked(loss):
    def of(label, p):
        there = ops.cast(~ops.isnan(label), "float32")[:, 0]
        each = loss(ops.where(ops.isnan(label), 0.0, label), p)
        return ops.sum(ops.reshape(each, (-1,)) * there) / ops.cast(ops.shape(p)[0], "float32")

    return of


def compiled(tasks):
    model = build(tasks)
    losses = {
        "chosen": masked(
            lambda y, p: ops.sparse_categorical_crossentropy(
                ops.cast(y, "int32"), p, from_logits=True
            )
        ),
        "ad_click": masked(lambda y, p: ops.binary_crossentropy(y, p, from_logits=True)),
        "rating": masked(lambda y, p: ops.abs(y - p)),
    }
    model.compile(
        keras.optimizers.SGD(0.1),
        losses,
        loss_weights={"chosen": 1.0, "ad_click": 3.0, "rating": 0.5},
    )
    return model
