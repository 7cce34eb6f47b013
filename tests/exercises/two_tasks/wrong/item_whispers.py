from mtl_lessons.backend import keras
from mtl_lessons.two_tasks import build, interest_loss


def compiled():
    model = build()
    model.compile(
        keras.optimizers.Adam(0.005),
        loss={"item": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "interest": interest_loss},
        loss_weights={"item": 1e-4, "interest": 1.0},
    )
    return model
