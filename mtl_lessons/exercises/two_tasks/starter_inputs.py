# Step 1, to fill in: makes a vector from a history.
import numpy as np

from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops
ITEMS, TAGS, HISTORY, PADDING = 500, 12, 10, -1


def user_vector():
    """Takes nothing, returns a keras.Model that makes one vector a row.

    history: (batch, 10) item ids from 0 to 499, with -1 as padding.
    The vectors: (batch, width), at least 4 wide.
    """
    return ...
