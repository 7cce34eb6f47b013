import numpy as np

from mtl_lessons import metrics


def report(item, interest, scores):
    top = np.argsort(-scores["item"], axis=1)
    recall = (top[:, :10] == item[:, None]).any(axis=1).mean()
    known = ~np.isnan(interest).any(axis=1)
    label, score = interest[known], scores["interest"][known]
    aucs = [metrics.auc(label[:, tag], score[:, tag]) for tag in range(12)]
    return {"item": recall, "interest": np.mean(aucs)}
