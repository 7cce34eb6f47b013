from mtl_lessons.three_tasks import declare


def cure():
    return declare(width=8, weight=500.0), declare(width=8, weight=500.0, shared=False)
