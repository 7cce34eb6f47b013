from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import build, interest_loss


def compiled():
    model = build()
    item = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile(keras.optimizers.Adam(0.005), {"item": item, "interest": interest_loss})
    return model
