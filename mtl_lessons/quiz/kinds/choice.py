"""A choice of one option or of several."""

from collections.abc import Iterator

from mtl_lessons.markup import tag
from mtl_lessons.quiz.answers import places
from mtl_lessons.quiz.bank import Question
from mtl_lessons.quiz.pieces import SAY, inline, listed, rich, why

from .kind import Kind


class Choice(Kind):
    """Options, each with its own feedback. Below: how many of them are right."""

    shape = {"options": [{"text": str, "correct": bool, "feedback": str}]}
    control: str  # the type of an option's input
    most: int | None  # how many can be chosen
    needed: str  # how many have to be right, in words

    def faults(self, question: Question) -> Iterator[str]:
        options, right = question["options"], self.right(question)
        if (
            len(options) < 2
            or not right
            or len(right) > (self.most or len(right))
        ):
            yield (
                f"expected two options or more, {self.needed} of them correct,"
                f" found {len(right)} of {len(options)}"
            )

    def right(self, question: Question) -> list[int]:
        """The places of the right options, from 0."""
        return [
            i
            for i, option in enumerate(question["options"])
            if option["correct"]
        ]

    def controls(self, question: Question) -> str:
        rows = []
        for i, option in enumerate(question["options"]):
            box = tag("input", type=self.control, name=question["id"], value=i)
            rows.append(
                tag(
                    "li", tag("label", box, tag("span", inline(option["text"])))
                )
            )
        return tag("ol", *rows, class_="mtl-options")

    def answer(self, question: Question) -> str:
        rows = []
        for i, option in enumerate(question["options"]):
            verdict = "right" if option["correct"] else "wrong"
            rows.append(why(i, SAY[verdict], option["feedback"], verdict))
        return tag("ol", *rows, class_="mtl-key")

    def key(self, question: Question) -> dict:
        return {"right": [str(i) for i in self.right(question)]}

    def choices(self, question: Question) -> list[str]:
        return [option["text"] for option in question["options"]]

    def paper(self, question: Question) -> list[str]:
        return [f"  ( ) {text}" for text in self.choices(question)]

    def solution(self, question: Question) -> list[str]:
        return [question["options"][i]["text"] for i in self.right(question)]

    def grade(self, question: Question, text: str) -> tuple[float, list[str]]:
        options = question["options"]
        chosen = {place - 1 for place in places(text, len(options), self.most)}
        right = set(self.right(question))
        told = chosen if self.most == 1 else chosen | right
        feedback = [f"{i + 1}. {options[i]['feedback']}" for i in sorted(told)]
        return float(chosen == right), feedback

    def front(self, question: Question) -> str:
        return listed(self.choices(question))

    def back(self, question: Question) -> str:
        rows = []
        for i in self.right(question):
            option = question["options"][i]
            rows.append(
                tag("p", f"{i + 1}. {inline(option['text'])}")
                + rich(option["feedback"])
            )
        return "".join(rows)


class One(Choice):
    """One option is right."""

    name, control, most, needed = "one", "radio", 1, "one"

    def seconds(self, question: Question) -> int:
        return 60

    def guessable(self, question: Question) -> list[tuple[str, bool]]:
        return [
            (option["text"], option["correct"])
            for option in question["options"]
        ]


class Several(Choice):
    """One option or more are right, and all of them have to be found."""

    name, control, most, needed = "several", "checkbox", None, "at least one"

    def seconds(self, question: Question) -> int:
        return 75

    def front(self, question: Question) -> str:
        return tag("p", tag("em", SAY["hint-several"])) + super().front(
            question
        )
