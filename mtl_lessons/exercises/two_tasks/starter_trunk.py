def trunk():
    """Takes nothing, returns a keras.Model: history gives what both tasks
    will read.

    This representation is (batch, width), at least 8 wide.
    """
    return ...
