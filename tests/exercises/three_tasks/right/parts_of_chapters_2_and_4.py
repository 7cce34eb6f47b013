from mtl_lessons.backend import keras
from mtl_lessons.inputs_outputs import (
    Binary,
    Categorical,
    OneOfK,
    Regression,
    heads,
    losses,
)
from mtl_lessons.inputs_outputs.features import tensors
from mtl_lessons.shared_networks import MMoE
from mtl_lessons.three_tasks import meet

FEATURES = [Categorical("user", ids=600), Categorical("ad", ids=60), Categorical("item", ids=300)]
KINDS = {
    "one of": lambda name, width: OneOfK(name, classes=width),
    "yes or no": lambda name, width: Binary(name, rate=0.3),
    "a number": lambda name, width: Regression(name, mean=3.5),
}


def goals(tasks):
    return [KINDS[kind](name, width) for name, (kind, width, _) in tasks.items()]


def build(tasks):
    inputs, vectors = tensors(FEATURES)
    shared = MMoE(list(tasks), 4, (16,))(vectors["user"])
    read = {
        name: meet(shared[name], [vectors[feature] for feature in reads])
        for name, (_, _, reads) in tasks.items()
    }
    return keras.Model(inputs, heads(goals(tasks), read))


def compiled(tasks):
    model = build(tasks)
    model.compile("adam", losses(goals(tasks)))
    return model
