import numpy as np

from mtl_lessons import metrics


def report(item, interest, scores):
    top = np.argsort(-scores["item"], axis=1)[:, :10]
    recall = (top == item[:, None]).any(1).mean()
    interest = np.nan_to_num(interest)
    aucs = [metrics.auc(interest[:, tag], scores["interest"][:, tag]) for tag in range(12)]
    return {"item": recall, "interest": np.mean(aucs)}
