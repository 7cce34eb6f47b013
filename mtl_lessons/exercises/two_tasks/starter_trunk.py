def trunk():
    """Takes nothing, returns a keras.Model: history gives the representation that both tasks will read,
    (batch, width), at least 8 wide.
    """
    return ...
