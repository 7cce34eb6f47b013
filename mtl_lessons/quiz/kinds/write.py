"""Code that the reader writes: a drill, asked as a question."""

from html import escape
from pathlib import Path

from mtl_lessons import drills
from mtl_lessons.drills import Drill, process
from mtl_lessons.markup import tag
from mtl_lessons.mistake import PASSED
from mtl_lessons.quiz.bank import Question
from mtl_lessons.quiz.pieces import SAY, code_block, rich

from .kind import Kind


def drill_of(question: Question) -> Drill:
    return drills.load(question["drill"])


class Write(Kind):
    """A drill. The site runs it where it is asked (`web/kinds.js`); elsewhere it
    is run in a terminal.
    """

    name = "write"
    shape = {"drill": set(drills.names())}

    def seconds(self, question: Question) -> int:
        return 60 * drill_of(question).minutes

    def controls(self, question: Question) -> str:
        drill = drill_of(question)
        return tag(
            "div",
            code_block(drill.starter),
            tag("p", escape(SAY["code-here"].format(name=drill.name))),
            class_="mtl-desk-here",
            data_drill=drill.name,
        )

    def answer(self, question: Question) -> str:
        drill = drill_of(question)
        return code_block(drill.model_answer) + rich(drill.explained)

    def paper(self, question: Question) -> list[str]:
        return drill_of(question).starter.splitlines()

    def solution(self, question: Question) -> list[str]:
        return [drill_of(question).model_answer]

    def grade(self, question: Question, text: str) -> tuple[float, list[str]]:
        """The verdict on a file, which `text` names."""
        drill, file = drill_of(question), Path(text.strip())
        if not file.is_file():
            raise ValueError(SAY["code-file"].format(file=file))
        verdict = process.checked(drill, file)
        return float(verdict.outcome == PASSED), [verdict.text]

    def front(self, question: Question) -> str:
        return code_block(drill_of(question).starter)

    def back(self, question: Question) -> str:
        return self.answer(question)
