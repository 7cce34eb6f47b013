import numpy as np


def report(item, interest, scores):
    top = np.argsort(-scores["item"], axis=1)[:, :10]
    recall = (top == item[:, None]).any(1).mean()
    known = ~np.isnan(interest[:, 0])
    aucs = (scores["interest"][known] > 0.5) == interest[known]
    return {"item": recall, "interest": np.mean(aucs)}
