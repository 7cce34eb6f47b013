import numpy as np
from scipy import stats


def report(multi, single):
    found = {}
    for task in multi[0]:
        gains = np.array([m[task] - s[task] for m, s in zip(multi, single)])
        if task == "rating":
            gains = -gains
        spread = [np.var([run[task] for run in runs], ddof=1) for runs in (multi, single)]
        apart = np.sqrt(sum(spread) / len(gains))
        half = stats.t.ppf(0.975, len(gains) - 1) * apart
        found[task] = (gains.mean(), gains.mean() - half, gains.mean() + half)
    return found
