"""Items to be put in order."""

from collections.abc import Iterator
from hashlib import sha256

from mtl_lessons.markup import tag
from mtl_lessons.quiz.answers import places
from mtl_lessons.quiz.bank import Question
from mtl_lessons.quiz.pieces import (
    FEEDBACK,
    SAY,
    both_verdicts,
    inline,
    listed,
    rich,
)

from .kind import Kind


class Order(Kind):
    """Items, which the bank has in the right order."""

    name = "order"
    shape = {"items": [str], "feedback": FEEDBACK}

    def faults(self, question: Question) -> Iterator[str]:
        items = question["items"]
        if len(items) < 3 or len(set(items)) < len(items):
            yield "expected three items or more, all different"
        if items == sorted(items):
            yield "expected an order that is not by alphabet, which is how a text shows the items"

    def seconds(self, question: Question) -> int:
        return 75

    def mixed(self, question: Question) -> list[int]:
        """The places of the items in an order that depends on the id alone, and
        is not right.
        """

        def digest(place: int) -> bytes:
            return sha256(f"{question['id']} {place}".encode()).digest()

        right = list(range(len(question["items"])))
        mixed = sorted(right, key=digest)
        return mixed if mixed != right else mixed[1:] + mixed[:1]

    def controls(self, question: Question) -> str:
        rows = []
        for i in self.mixed(question):
            item = tag("span", inline(question["items"][i]), class_="mtl-item")
            rows.append(tag("li", item, data_value=i))
        return tag("ol", *rows, class_="mtl-order")

    def answer(self, question: Question) -> str:
        return (
            tag("p", SAY["right-order"])
            + listed(question["items"])
            + both_verdicts(question)
        )

    def choices(self, question: Question) -> list[str]:
        return [question["items"][i] for i in self.mixed(question)]

    def paper(self, question: Question) -> list[str]:
        return [f"  - {item}" for item in sorted(question["items"])]

    def solution(self, question: Question) -> list[str]:
        return question["items"]

    def grade(self, question: Question, text: str) -> tuple[float, list[str]]:
        shown = self.mixed(question)
        given = [
            shown[place - 1] for place in places(text, len(shown), len(shown))
        ]
        right = given == sorted(shown)
        return float(right), [
            question["feedback"]["right" if right else "wrong"]
        ]

    def front(self, question: Question) -> str:
        return listed(self.choices(question), "ul")

    def back(self, question: Question) -> str:
        return listed(question["items"]) + rich(question["feedback"]["right"])
