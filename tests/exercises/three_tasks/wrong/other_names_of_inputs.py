from mtl_lessons.backend import keras
from mtl_lessons.three_tasks.steps import build as right


def build(tasks):
    names = {"user": "who", "ad": "which_ad", "item": "which_item"}
    inputs = {name: keras.Input((), dtype="int32", name=other) for name, other in names.items()}
    return keras.Model(list(inputs.values()), right(tasks)(inputs))
