def interest_loss(label, prediction):
    """A loss a row, (batch,).

    label: (batch, 12), 0 and 1, a whole row NaN where unknown.
    prediction: (batch, 12).
    """
    return ...


def compiled():
    """Takes nothing, returns the keras.Model of build(), compiled.

    It has a loss for each output, and an optimiser for whom 150 steps are
    enough.
    """
    return ...
