def build():
    """Takes nothing, returns a keras.Model of both tasks.

    history gives {"item": (batch, 500), "interest": (batch, 12)}, logits
    or probabilities.
    """
    return ...
