import numpy as np
from scipy import stats


def report(multi, single):
    found = {}
    for task in multi[0]:
        gains = np.array([m[task] - s[task] for m, s in zip(multi, single)])
        half = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
        found[task] = (gains.mean(), gains.mean() - half, gains.mean() + half)
    found["rating"] = tuple(-number for number in found["rating"])
    return found
