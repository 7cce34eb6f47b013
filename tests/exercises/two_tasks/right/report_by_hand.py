import numpy as np


def report(item, interest, scores):
    """Recall by rank, AUC by counting pairs; a tuple; and it scribbles on what it is given."""
    own = scores["item"][np.arange(len(item)), item]
    recall = ((scores["item"] > own[:, None]).sum(1) < 10).mean()
    aucs = []
    for tag in range(12):
        label, score = interest[:, tag], scores["interest"][:, tag]
        yes, no = score[label == 1], score[label == 0]
        aucs.append((yes[:, None] > no).mean())
    item[:], interest[:] = 0, 0
    scores["item"][:] = 0
    return recall, np.mean(aucs)
