"""How an answer stands, and what is told: of an exercise and of a drill.

A check raises a learner's `Mistake`, or `NotAttempted` for an answer that nobody
has begun. Standard library only: the site runs this in a browser.
"""

from dataclasses import dataclass
from typing import Any

PASSED, NOT_YET, RAISED, NOT_ATTEMPTED = OUTCOMES = (
    "passed",
    "not-yet",
    "raised",
    "not-attempted",
)


@dataclass(frozen=True)
class Message:
    """What is said of a mistake, with `{facts}` to fill in; `read`: where, if
    not where the task itself leads.

    >>> Message("Found: {width}.").text.format(width=1)
    'Found: 1.'
    """

    text: str
    read: str = ""


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
