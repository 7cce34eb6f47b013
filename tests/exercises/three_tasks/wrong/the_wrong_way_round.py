import numpy as np
from scipy import stats


def report(multi, single):
    found = {}
    for task in multi[0]:
        gains = np.array([s[task] - m[task] for m, s in zip(multi, single)])
        if task == "rating":
            gains = -gains
        half = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
        found[task] = (gains.mean(), gains.mean() - half, gains.mean() + half)
    return found
