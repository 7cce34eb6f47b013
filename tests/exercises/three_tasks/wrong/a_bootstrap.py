import numpy as np

SIGNS = {"chosen": 1, "ad_click": 1, "rating": -1}


def report(multi, single):
    found = {}
    for task, sign in SIGNS.items():
        m, s = (np.array([run[task] for run in runs]) for runs in (multi, single))
        gain = sign * (m - s)
        means = np.random.default_rng(0).choice(gain, (2000, 5)).mean(axis=1)
        found[task] = (gain.mean(), *np.quantile(means, (0.025, 0.975)))
    return found
