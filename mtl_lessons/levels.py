"""How much is expected of who is asked: of a question and of a drill."""

LEVELS = ("junior", "senior", "staff")
