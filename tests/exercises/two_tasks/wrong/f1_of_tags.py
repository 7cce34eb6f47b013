import numpy as np


def report(item, interest, scores):
    top = np.argsort(-scores["item"], axis=1)
    known = ~np.isnan(interest).any(axis=1)
    label, score = interest[known], scores["interest"][known]
    yes = score > 0
    return {
        "item": (top[:, :10] == item[:, None]).any(axis=1).mean(),
        "interest": np.mean(2 * (label * yes).sum(0) / (label + yes).sum(0)),
    }
