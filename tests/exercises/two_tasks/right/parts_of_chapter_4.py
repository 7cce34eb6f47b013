from mtl_lessons.backend import keras
from mtl_lessons.inputs_outputs.features import MultiValued, encode
from mtl_lessons.inputs_outputs.tasks import MultiLabel, OneOfK, heads

TASKS = [OneOfK("item", classes=500), MultiLabel("interest", labels=12)]


def user_vector():
    inputs, x = encode([MultiValued("history", ids=500, width=16)])
    return keras.Model(inputs, x)


def trunk():
    inputs, x = encode([MultiValued("history", ids=500, width=16)])
    return keras.Model(inputs, keras.layers.Dense(64, activation="relu")(x))


def build():
    shared = trunk()
    return keras.Model(shared.input, heads(TASKS, shared.output))
