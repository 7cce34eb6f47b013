from mtl_lessons.two_tasks import build


def compiled():
    return build()
