"""A line of code that is wrong."""

from collections.abc import Iterator
from html import escape

from mtl_lessons.markup import tag
from mtl_lessons.quiz.answers import places
from mtl_lessons.quiz.bank import Question
from mtl_lessons.quiz.pieces import SAY, code_block, rich, why

from .kind import Kind

RUN = {
    "setup": str,  # code to run first
    "fault": str,  # an expression that is true where the bug shows
    "repair": {int: str},  # lines that make it false
}


class Bug(Kind):
    """Code with a wrong line. With a `run`, it is proved: proofs.py runs it,
    and its repair.
    """

    name = "bug"
    shape = {
        "code": str,
        "answer": {"lines": [int]},
        "lines": {int: str},
        "feedback": {"wrong": str},
        "run?": RUN,
    }

    def faults(self, question: Question) -> Iterator[str]:
        right, told = set(question["answer"]["lines"]), set(question["lines"])
        last = len(self.choices(question))
        if stray := (right | told) - set(range(1, last + 1)):
            yield f"expected lines of the code (1 to {last}), found {sorted(stray)}"
        if silent := right - told:
            yield f"expected feedback for every line that is right, found none for {sorted(silent)}"
        repaired = (
            set(question["run"]["repair"]) if "run" in question else right
        )
        if repaired != right:
            yield (
                "expected a repair of every line that is right, and of no "
                "other,"
                f" found them of {sorted(repaired)}"
            )

    def seconds(self, question: Question) -> int:
        return 120

    def controls(self, question: Question) -> str:
        rows = []
        for i, line in enumerate(self.choices(question), 1):
            if not line.strip():  # nobody chooses it, and it has no label
                rows.append(tag("li", "&nbsp;"))
                continue
            box = tag("input", type="radio", name=question["id"], value=i)
            rows.append(tag("li", tag("label", box, tag("code", escape(line)))))
        return tag("ol", *rows, class_="mtl-lines")

    def answer(self, question: Question) -> str:
        rows = []
        for line, text in sorted(question["lines"].items()):
            right = line in question["answer"]["lines"]
            word = f"{SAY['line'].format(line=line)}: {SAY['found' if right else 'sound']}"
            rows.append(why(line, word, text, "right" if right else "wrong"))
        others = why(
            "wrong", SAY["other-lines"], question["feedback"]["wrong"], "wrong"
        )
        return tag("ul", *rows, others, class_="mtl-key")

    def key(self, question: Question) -> dict:
        return {"right": [str(line) for line in question["answer"]["lines"]]}

    def choices(self, question: Question) -> list[str]:
        return question["code"].splitlines()

    def numbered(self, question: Question) -> list[str]:
        return [
            f"{i:2d}  {line}"
            for i, line in enumerate(self.choices(question), 1)
        ]

    def paper(self, question: Question) -> list[str]:
        return [f"  {line}" for line in self.numbered(question)]

    def solution(self, question: Question) -> list[str]:
        code = self.choices(question)
        return [
            f"line {i}: {code[i - 1].strip()}"
            for i in question["answer"]["lines"]
        ]

    def grade(self, question: Question, text: str) -> tuple[float, list[str]]:
        (line,) = places(text, len(self.choices(question)), 1)
        feedback = question["lines"].get(line, question["feedback"]["wrong"])
        return float(line in question["answer"]["lines"]), [feedback]

    def front(self, question: Question) -> str:
        return code_block("\n".join(self.numbered(question)))

    def back(self, question: Question) -> str:
        rows = []
        for line in question["answer"]["lines"]:
            head = tag("p", tag("strong", SAY["line"].format(line=line)))
            rows.append(head + rich(question["lines"][line]))
        return "".join(rows)
