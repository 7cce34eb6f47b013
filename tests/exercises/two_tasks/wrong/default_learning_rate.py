from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import build, interest_loss


def compiled():
    model = build()
    model.compile(
        "adam",
        loss={"item": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "interest": interest_loss},
    )
    return model
