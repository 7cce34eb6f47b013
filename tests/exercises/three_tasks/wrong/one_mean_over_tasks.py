import numpy as np


def report(multi, single):
    return float(np.mean([[m[task] - s[task] for task in m] for m, s in zip(multi, single)]))
