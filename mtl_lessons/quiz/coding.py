"""The drills as questions of their chapters: what a bank does not hold, and the
trainer of the site asks.
"""

from mtl_lessons import drills
from mtl_lessons.drills import Drill
from mtl_lessons.levels import LEVELS
from mtl_lessons.quiz.bank import Bank, Question


def asked(bank: Bank) -> list[Question]:
    """All that is asked of a chapter: the questions of its bank, and its drills.

    >>> from mtl_lessons.quiz import load
    >>> asked(load("evaluation"))[-1]["type"]
    'write'
    """
    return [*bank.questions, *questions_of(bank)]


def questions_of(bank: Bank) -> list[Question]:
    """The drills of a chapter as questions, the easier ones first.

    >>> from mtl_lessons.quiz import load
    >>> [one["id"] for one in questions_of(load("evaluation"))][:1]
    ['drill-auc']
    """
    found = [drills.load(name) for name in drills.names()]
    own = [drill for drill in found if drill.topic == bank.path.stem]
    own.sort(key=lambda drill: (LEVELS.index(drill.level), drill.name))
    return [as_question(drill) for drill in own]


def as_question(drill: Drill) -> Question:
    """A drill with the keys of a question.

    >>> as_question(drills.load("auc"))["type"]
    'write'
    """
    return {
        "id": drill.key,
        "type": "write",
        "drill": drill.name,
        "level": drill.level,
        "stem": f"**{drill.title}.** {drill.task}",
        "anchor": drill.read,
        "source": list(drill.source),
        "mistake": "",
        "follow_up": drill.follow_up,
    }
