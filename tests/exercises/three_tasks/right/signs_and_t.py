import numpy as np

SIGNS = {"chosen": 1, "ad_click": 1, "rating": -1}


def report(multi, single):
    found = {}
    for task, sign in SIGNS.items():
        m, s = (np.array([run[task] for run in runs]) for runs in (multi, single))
        gain = sign * (m - s)
        half = 2.776 * gain.std(ddof=1) / np.sqrt(5)
        found[task] = (gain.mean(), gain.mean() - half, gain.mean() + half)
    return found
