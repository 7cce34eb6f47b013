# Step 3, to write: losses that know what is missing.


def compiled(tasks):
    """Returns the keras.Model of build(tasks), compiled: a loss for each
    task, of the three above.

    Labels are (batch, 1), NaN where a row has none.
    """
    return ...
