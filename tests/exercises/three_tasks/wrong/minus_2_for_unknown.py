import numpy as np

from mtl_lessons.three_tasks.steps import one_log as right


def one_log(logs):
    x, y = right(logs)
    return {name: np.where(ids < 0, -2, ids) for name, ids in x.items()}, y
