import numpy as np


def report(item, interest, scores):
    top = np.argsort(-scores["item"], axis=1)[:, :10]
    recall = (top == item[:, None]).any(1).mean()
    aucs = ((scores["interest"] > 0) - interest) ** 2
    return {"item": recall, "interest": np.mean(aucs)}
