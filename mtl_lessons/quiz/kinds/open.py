"""A free answer, which its reader compares with a model answer and grades by a
rubric.
"""

from collections.abc import Iterator

from mtl_lessons.markup import tag
from mtl_lessons.quiz.answers import places
from mtl_lessons.quiz.bank import Question
from mtl_lessons.quiz.pieces import SAY, field, inline, listed, rich, worth

from .kind import Kind


class Open(Kind):
    """A free answer; `minutes` is how long its model answer takes to say."""

    name = "open"
    shape = {
        "rubric": [{"points": int, "text": str}],
        "red_flags": [str],
        "model_answer": str,
        "minutes?": int,
    }
    by_hand = True

    def faults(self, question: Question) -> Iterator[str]:
        if min(item["points"] for item in question["rubric"]) < 1:
            yield "expected 1 point or more for every line of the rubric"

    def seconds(self, question: Question) -> int:
        minutes = question.get("minutes", 2)
        return 60 * (minutes + 1)  # one to think

    def controls(self, question: Question) -> str:
        return field(
            SAY["your-answer"], tag("textarea", name=question["id"], rows=6)
        )

    def answer(self, question: Question) -> str:
        rows = [
            _row(item["text"], item["points"]) for item in question["rubric"]
        ]
        rows.append(_row(SAY["rubric-none"], 0))
        legend = tag("legend", tag("strong", SAY["rubric"]))
        return "".join(
            (
                tag("p", tag("strong", SAY["model-answer"])),
                rich(question["model_answer"]),
                tag("fieldset", legend, tag("ul", *rows, class_="mtl-rubric")),
                tag("p", tag("strong", SAY["red-flags"])),
                listed(question["red_flags"], "ul"),
            )
        )

    def solution(self, question: Question) -> list[str]:
        return [question["model_answer"].strip()]

    def grade(self, question: Question, text: str) -> tuple[float, list[str]]:
        """The score of the lines of the rubric that are typed by their numbers."""
        rubric = question["rubric"]
        had = places(text, len(rubric)) if text.strip() else []
        found = sum(rubric[place - 1]["points"] for place in had)
        total = sum(item["points"] for item in rubric)
        return found / total, [SAY["points"].format(points=found, total=total)]

    def rubric(self, question: Question) -> list[str]:
        """The lines of the rubric, each with its points."""
        return [
            f"{item['text']} ({worth(item['points'])})"
            for item in question["rubric"]
        ]

    def front(self, question: Question) -> str:
        return ""

    def back(self, question: Question) -> str:
        flags = tag("p", SAY["red-flags"]) + listed(question["red_flags"], "ul")
        return (
            rich(question["model_answer"])
            + listed(self.rubric(question), "ul")
            + flags
        )


def _row(text: str, points: int) -> str:
    """A line of the rubric, to tick."""
    box = tag("input", type="checkbox", data_points=points)
    words = tag("span", inline(text), f" ({worth(points)})")
    return tag("li", tag("label", box, words))
