from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import build, interest_loss


def compiled():
    model = build()
    item = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), {"item_head": item, "interest_head": interest_loss})
    return model
