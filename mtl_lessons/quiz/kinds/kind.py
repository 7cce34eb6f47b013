"""What all kinds of question have in common: how a page, a terminal and a card
ask and answer.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from mtl_lessons.quiz.bank import Question


class Kind(ABC):
    """A kind of question.

    A new one is a subclass with all that is abstract here, an entry in `KINDS`,
    one of the same name in `web/kinds.js`, and its `type-` and `prompt-` in
    `web/strings.en.json`.
    """

    name: str  # a question's `type`
    # the keys that it has beyond those of all questions (shapes.py)
    shape: dict
    # whether its reader grades it, by a rubric, beside a model answer
    by_hand = False

    def faults(self, question: Question) -> Iterator[str]:
        """What no shape sees: answers that do not fit their question."""
        return iter(())

    def guessable(self, question: Question) -> list[tuple[str, bool]]:
        """Texts of which one alone is right: neither place nor length should
        tell which.
        """
        return []

    @abstractmethod
    def seconds(self, question: Question) -> int:
        """How long an answer may take in an interview."""

    # ---- on a page, as HTML ----

    @abstractmethod
    def controls(self, question: Question) -> str:
        """What a reader answers with; nothing of it gives the answer away."""

    @abstractmethod
    def answer(self, question: Question) -> str:
        """What is folded below: the answer, with feedback that the script finds
        by its name.
        """

    def key(self, question: Question) -> dict:
        """What the script needs to grade an answer."""
        return {}

    # ---- as text ----

    def choices(self, question: Question) -> list[str]:
        """What can be chosen, in the order in which it is shown; a reader types
        the numbers.
        """
        return []

    def paper(self, question: Question) -> list[str]:
        """The lines below the question where nobody grades it."""
        return []

    def unit(self, question: Question) -> str:
        """The unit in which an answer is wanted, if any."""
        return ""

    @abstractmethod
    def solution(self, question: Question) -> list[str]:
        """The answer."""

    @abstractmethod
    def grade(self, question: Question, text: str) -> tuple[float, list[str]]:
        """The score of what was typed, from 0 to 1, and the feedback that it
        earns.

        Raises:
            ValueError: it is no answer to such a question; the message says
                what was expected.
        """

    def rubric(self, question: Question) -> list[str]:
        """The lines by which a reader grades by hand, each with its points."""
        return []

    # ---- the two sides of a card, as HTML without controls ----

    @abstractmethod
    def front(self, question: Question) -> str:
        """What stands below the question."""

    @abstractmethod
    def back(self, question: Question) -> str:
        """The answer, and why it is right."""
