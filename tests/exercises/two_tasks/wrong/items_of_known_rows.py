import numpy as np

from mtl_lessons import metrics


def report(item, interest, scores):
    known = ~np.isnan(interest).any(axis=1)
    item, interest = item[known], interest[known]
    scores = {task: score[known] for task, score in scores.items()}
    top = np.argsort(-scores["item"], axis=1)[:, :10]
    aucs = [metrics.auc(interest[:, tag], scores["interest"][:, tag]) for tag in range(12)]
    return {"item": (top == item[:, None]).any(axis=1).mean(), "interest": np.mean(aucs)}
