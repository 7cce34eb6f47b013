"""The kinds of question: a class each, in a file each. `kind.py` says what a
new one needs.
"""

from mtl_lessons.quiz.bank import Question

from .bug import Bug
from .choice import One, Several
from .kind import Kind
from .numeric import Number
from .open import Open
from .order import Order
from .write import Write

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (One(), Several(), Number(), Order(), Bug(), Open(), Write())
}


def kind_of(question: Question) -> Kind:
    """The kind of a question, by its `type`."""
    return KINDS[question["type"]]
