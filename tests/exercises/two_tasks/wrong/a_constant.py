def report(item, interest, scores):
    return {"item": 0.3, "interest": 0.7}
