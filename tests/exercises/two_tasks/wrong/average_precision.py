import numpy as np

from mtl_lessons import metrics


def report(item, interest, scores):
    top = np.argsort(-scores["item"], axis=1)
    known = ~np.isnan(interest).any(axis=1)
    label, score = interest[known], scores["interest"][known]
    aucs = [metrics.auc(label[:, tag], score[:, tag]) for tag in range(12)]
    rank = np.argsort(np.argsort(-score, axis=0), axis=0) + 1
    above = [[(rank[label[:, t] == 1, t] <= r).sum() / r for r in rank[label[:, t] == 1, t]] for t in range(12)]
    aucs = [np.mean(of) for of in above]
    return {"item": (top[:, :10] == item[:, None]).any(axis=1).mean(), "interest": np.mean(aucs)}
