import numpy as np

from mtl_lessons import metrics


def report(item, interest, scores):
    top = np.argsort(-scores["item"], axis=1)
    known = ~np.isnan(interest).any(axis=1)
    label, score = interest[known], scores["interest"][known]
    aucs = [metrics.auc(label[:, tag], score[:, tag]) for tag in range(12)]
    place = (top == item[:, None]).argmax(axis=1)
    return {"item": ((place < 10) / np.log2(2 + place)).mean(), "interest": np.mean(aucs)}
