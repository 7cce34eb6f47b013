import numpy as np


def one_log(logs):
    x = {"user": [], "ad": [], "item": []}
    y = {"chosen": [], "ad_click": [], "rating": []}
    for log in logs:
        for row in range(len(log["user"])):
            for name, column in x.items():
                column.append(int(log[name][row]) if name in log else -1)
            for name, column in y.items():
                column.append(float(log[name][row]) if name in log else None)
    y = {name: np.array(column, dtype=float)[:, None] for name, column in y.items()}
    return {name: np.array(column) for name, column in x.items()}, y
