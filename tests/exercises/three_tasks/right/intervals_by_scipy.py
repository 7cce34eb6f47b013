import numpy as np
from scipy import stats

SIGNS = {"chosen": 1, "ad_click": 1, "rating": -1}


def report(multi, single):
    found = {}
    for task, sign in SIGNS.items():
        gains = sign * (
            np.array([run[task] for run in multi]) - np.array([run[task] for run in single])
        )
        low, high = stats.t.interval(0.95, len(gains) - 1, loc=gains.mean(), scale=stats.sem(gains))
        found[task] = [gains.mean(), low, high]
    return found
