from mtl_lessons.two_tasks import build


def compiled():
    model = build()
    model.compile(optimizer="adam", loss=["binary_crossentropy", "categorical_crossentropy"], metrics=["accuracy"])
    return model
