import numpy as np
from scipy import stats

SIGNS = {"chosen": 1, "ad_click": 1, "rating": -1}


def report(multi, single):
    found = {}
    for task, sign in SIGNS.items():
        m, s = (np.array([run[task] for run in runs]) for runs in (multi, single))
        interval = stats.ttest_ind(m, s, equal_var=False).confidence_interval()
        low, high = sorted((sign * interval.low, sign * interval.high))
        found[task] = (sign * (m - s).mean(), low, high)
    return found
