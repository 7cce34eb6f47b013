"""What a check raises: a learner's mistake, or an answer that nobody has begun."""

from typing import Any


class Mistake(Exception):  # noqa: N818 (a learner's, no error of the program)
    """What is wrong with an answer: the key of a message, and the facts that it
    states.

    >>> Mistake("too-narrow", width=1, least=4).facts
    {'width': 1, 'least': 4}
    """

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key, facts)
        self.key, self.facts = key, facts


class NotAttempted(Exception):  # noqa: N818 (no error of the program)
    """The answer is still the starter."""
