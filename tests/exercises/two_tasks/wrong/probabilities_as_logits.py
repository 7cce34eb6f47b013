from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import trunk

ops = keras.ops


def masked(label, prediction):
    known = ~ops.isnan(label)
    each = ops.binary_crossentropy(ops.where(known, label, 0.0), prediction, from_logits=True)
    return ops.sum(ops.where(known, each, 0.0)) / ops.maximum(
        ops.sum(ops.cast(known, "float32")), 1.0
    )


def compiled():
    shared, dense = trunk(), keras.layers.Dense
    heads = {
        "item": dense(500)(shared.output),
        "interest": dense(12, activation="sigmoid")(shared.output),
    }
    model = keras.Model(shared.input, heads)
    model.compile(
        "adam",
        loss={
            "item": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "interest": masked,
        },
    )
    return model
