"""A number, which an expression computes."""

from collections.abc import Iterator
from html import escape

from mtl_lessons.markup import tag
from mtl_lessons.quiz.answers import near, number
from mtl_lessons.quiz.bank import Question
from mtl_lessons.quiz.pieces import (
    FEEDBACK,
    SAY,
    both_verdicts,
    field,
    rich,
    why,
)

from .kind import Kind


class Number(Kind):
    """A number within a tolerance, in a unit; `slips` are wrong ones that many
    find.
    """

    name = "numeric"
    shape = {
        "answer": {
            "expression": str,
            "value": float,
            "tolerance": float,
            "unit": str,
        },
        "feedback": FEEDBACK,
        "slips?": [{"value": float, "feedback": str}],
    }

    def faults(self, question: Question) -> Iterator[str]:
        value, tolerance = (
            question["answer"]["value"],
            question["answer"]["tolerance"],
        )
        if tolerance <= 0:
            yield f"expected a tolerance above 0, found {tolerance}"
        for slip in self.slips(question):
            if abs(slip["value"] - value) <= 2 * tolerance:
                yield (
                    "expected a slip that differs from the answer by more than "
                    "two tolerances,"
                    f" found {slip['value']}"
                )

    def slips(self, question: Question) -> list[dict]:
        return question.get("slips", [])

    def is_percent(self, question: Question) -> bool:
        """Whether the number is wanted in percent, so that "5 %" is 5."""
        return self.unit(question).startswith("%")

    def seconds(self, question: Question) -> int:
        return 120

    def unit(self, question: Question) -> str:
        return question["answer"]["unit"]

    def label(self, question: Question) -> str:
        return f"{SAY['your-answer']} ({escape(self.unit(question))})"

    def controls(self, question: Question) -> str:
        typed = tag(
            "input",
            type="text",
            name=question["id"],
            autocomplete="off",
            spellcheck="false",
        )
        return field(self.label(question), typed)

    def answer(self, question: Question) -> str:
        expression = tag(
            "code", escape(question["answer"]["expression"].strip())
        )
        slips = [
            why(
                f"slip-{i}",
                SAY["slip"].format(value=f"{slip['value']:,}"),
                slip["feedback"],
                "wrong",
            )
            for i, slip in enumerate(self.slips(question))
        ]
        computed = tag("p", f"{SAY['computed']} ", expression)
        return self.value(question) + computed + both_verdicts(question, *slips)

    def value(self, question: Question) -> str:
        """The right number with its unit, as a paragraph."""
        return tag("p", tag("strong", escape(self.solution(question)[0])))

    def key(self, question: Question) -> dict:
        return {
            "value": question["answer"]["value"],
            "tolerance": question["answer"]["tolerance"],
            "percent": self.is_percent(question),
            "slips": [slip["value"] for slip in self.slips(question)],
        }

    def solution(self, question: Question) -> list[str]:
        return [f"{question['answer']['value']:,} {self.unit(question)}"]

    def grade(self, question: Question, text: str) -> tuple[float, list[str]]:
        found = number(text, self.is_percent(question))
        tolerance, feedback = (
            question["answer"]["tolerance"],
            question["feedback"],
        )
        if near(found, question["answer"]["value"], tolerance):
            return 1.0, [feedback["right"]]
        for slip in self.slips(question):
            if near(found, slip["value"], tolerance):
                return 0.0, [slip["feedback"]]
        return 0.0, [feedback["wrong"]]

    def front(self, question: Question) -> str:
        return tag("p", self.label(question))

    def back(self, question: Question) -> str:
        return self.value(question) + rich(question["feedback"]["right"])
