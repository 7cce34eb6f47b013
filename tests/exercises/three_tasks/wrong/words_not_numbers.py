import numpy as np
from scipy import stats


def report(multi, single):
    found = {}
    for task in multi[0]:
        gains = np.array([m[task] - s[task] for m, s in zip(multi, single)])
        if task == "rating":
            gains = -gains
        half = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
        found[task] = f"{gains.mean():+.3f} ± {half:.3f}"
    return found
