import numpy as np


def report(multi, single):
    found = {}
    for task in multi[0]:
        gains = np.array([m[task] - s[task] for m, s in zip(multi, single)])
        if task == "rating":
            gains = -gains
        half = gains.std(ddof=1)
        found[task] = (gains.mean(), gains.mean() - half, gains.mean() + half)
    return found
