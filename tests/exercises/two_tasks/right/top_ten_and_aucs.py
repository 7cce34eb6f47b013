import numpy as np

from mtl_lessons import metrics


def report(item, interest, scores):
    top = np.argsort(-scores["item"], axis=1)[:, :10]
    recall = (top == item[:, None]).any(1).mean()
    known = ~np.isnan(interest[:, 0])
    aucs = [metrics.auc(interest[known, tag], scores["interest"][known, tag]) for tag in range(12)]
    return {"item": recall, "interest": np.mean(aucs)}
