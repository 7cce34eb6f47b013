import numpy as np


def report(multi, single):
    found = {}
    for task in multi[0]:
        gains = np.array([m[task] - s[task] for m, s in zip(multi, single)])
        if task == "rating":
            gains = -gains
        found[task] = gains.mean()
    return found
