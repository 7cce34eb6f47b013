import numpy as np


def column(logs, name, blank):
    np.concatenate([log.get(name, np.full(len(log["user"]), blank)) for log in logs])


def one_log(logs):
    x = {name: column(logs, name, -1) for name in ("user", "ad", "item")}
    y = {task: column(logs, task, np.nan) for task in ("chosen", "ad_click", "rating")}
    return x, y
