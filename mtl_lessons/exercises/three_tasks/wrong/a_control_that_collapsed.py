from mtl_lessons.three_tasks import declare


def cure():
    return declare(width=4, weight=30.0), declare(width=4, weight=30.0, shared=False)
