# Step 1, to write: several logs as one.
import numpy as np


def one_log(logs):
    """Several logs as one: (x, y), two dicts of columns, as long as all
    logs together.

    logs: three dicts of columns, {"user", "chosen"}, {"user", "ad",
    "ad_click"}, {"user", "item", "rating"}.
    x: whole numbers "user", "ad", "item"; -1 where a log lacks them.
    y: "chosen", "ad_click", "rating"; NaN where a log lacks them.
    Rows in the order of the logs; (rows,) or (rows, 1). A log may have
    more columns than these.
    """
    return ...
