# Step 4, to write: a gain with an interval.


def report(multi, single):
    """{task: (gain, low, high)}: mean gain of one model over single-task
    models, 95 % t-interval.

    multi and single: for each seed a dict {"chosen": Recall@10,
    "ad_click": AUC, "rating": RMSE}. A gain above 0 is good. Four
    decimals are enough.
    """
    return ...
