def report(item, interest, scores):
    """{"item": Recall@10, "interest": the mean over tags of the AUC}.

    item: the chosen items, (rows,).
    interest: 0 and 1, (rows, 12), a whole row NaN where unknown.
    scores: {"item": (rows, 500), "interest": (rows, 12)}, NumPy arrays of
    logits or probabilities. The higher a score, the better.
    Three decimals are enough.
    """
    return ...
