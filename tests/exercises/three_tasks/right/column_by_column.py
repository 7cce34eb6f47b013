import numpy as np

IDS, TASKS = ["user", "ad", "item"], ["chosen", "ad_click", "rating"]


def one_log(logs):
    def column(name, blank):
        return np.concatenate([log.get(name, np.full(len(log["user"]), blank)) for log in logs])

    return {name: column(name, -1) for name in IDS}, {task: column(task, np.nan) for task in TASKS}
