# Step 2, to write: a model from a declaration.
from mtl_lessons.backend import keras

layers, ops = keras.layers, keras.ops
IDS = {"user": 600, "ad": 60, "item": 300}  # ids from 0; -1 is unknown


def build(tasks):
    """Returns a keras.Model that predicts every task, by its name.

    inputs: "user", "ad" and "item", (batch,) each.
    outputs: (batch, width), logits or probabilities.

    tasks: name -> (kind, width, what its head alone reads), such as
    {"chosen": ("one of", 300, []), "ad_click": ("yes or no", 1, ["ad"]),
    "rating": ("a number", 1, ["item"])}.
    There are these three kinds; names and number of the tasks may be any.
    All heads read something shared that comes from the user.
    """
    return ...
