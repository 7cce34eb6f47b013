from mtl_lessons.three_tasks import declare


def cure():
    return declare(width=8), declare(width=8, shared=False)
