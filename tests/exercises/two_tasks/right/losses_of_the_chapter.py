from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import build, interest_loss


def compiled():
    model = build()
    item_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    losses = {"item": item_loss, "interest": interest_loss}
    model.compile(keras.optimizers.Adam(0.005), losses)
    return model
