import numpy as np


def one_log(logs):
    users = np.unique(np.concatenate([log["user"] for log in logs]))
    x = {"user": users, "ad": np.full(len(users), -1), "item": np.full(len(users), -1)}
    y = {task: np.full(len(users), np.nan) for task in ("chosen", "ad_click", "rating")}
    for log in logs:
        at = np.searchsorted(users, log["user"])
        for part in (x, y):
            for name in set(part) & set(log):
                part[name][at] = log[name]
    return x, y
