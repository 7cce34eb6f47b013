import numpy as np
from scipy import stats

from mtl_lessons.backend import keras
from mtl_lessons.three_tasks import declare

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
            u = layers.Dense(8)(trunk)
            x = layers.Concatenate()([x, vectors[feature], u * vectors[feature]])
        outputs[name] = layers.Dense(width, ENDS[kind], name=name)(x)
    return keras.Model(inputs, outputs)


def known(label):
    return ops.cast(~ops.isnan(label), "float32")


def mean(error, there):
    total = ops.sum(ops.reshape(error, (-1,)) * ops.reshape(there, (-1,)))
    return total / ops.maximum(ops.sum(there), 1.0)


def filled(label, blank=0.0):
    return ops.where(ops.isnan(label), blank, label)


def chosen_loss(label, p):
    chosen = ops.cast(filled(label), "int32")
    return mean(ops.sparse_categorical_crossentropy(chosen, p), known(label))


def click_loss(label, p):
    return mean(ops.binary_crossentropy(filled(label), p), known(label))


def rating_loss(label, p):
    return mean(ops.square(filled(label) - p), known(label))


def compiled(tasks):
    model = build(tasks)
    model.compile("adam", {"chosen": chosen_loss, "ad_click": click_loss, "rating": rating_loss})
    return model


def one_log(logs):
    def column(name, blank):
        return np.concatenate([log.get(name, np.full(len(log["user"]), blank)) for log in logs])

    x = {name: column(name, -1) for name in IDS}
    return x, {task: column(task, np.nan) for task in ("chosen", "ad_click", "rating")}


def report(multi, single):
    found = {}
    for task in multi[0]:
        gains = np.array([m[task] - s[task] for m, s in zip(multi, single)])
        if task == "rating":
            gains = -gains
        half = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
        found[task] = (gains.mean(), gains.mean() - half, gains.mean() + half)
    return found


def cure():
    return declare(width=24, weight=5.0), declare(width=24, weight=5.0, shared=False)
