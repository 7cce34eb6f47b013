from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import build, interest_loss


def compiled():
    model = build()
    item = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.Adam(0.005), {"item": item, "interest": interest_loss}, loss_weights={"item": 1.0, "interest": -1.0}
    )
    return model
