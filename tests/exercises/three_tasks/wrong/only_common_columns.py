import numpy as np


def one_log(logs):
    common = [name for name in logs[0] if all(name in log for log in logs)]
    return {name: np.concatenate([log[name] for log in logs]) for name in common}, {}
