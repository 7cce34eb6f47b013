import numpy as np

from mtl_lessons.three_tasks.steps import one_log as right


def one_log(logs):
    x, y = right(logs)
    return x, {name: np.where(label == 0, np.nan, label) for name, label in y.items()}
