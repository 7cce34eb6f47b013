"""Self-quizzes: from a file of questions to something that a page shows, with checks that keep them good.

A bank is one YAML file per chapter, or per topic that has no chapter::

    bank = load("concept")
    validate(bank)                    # is every question complete and well formed? problems, with lines
    rules(bank)                       # is the bank fair, cited, free of duplicates? likewise
    show("concept")                   # in a notebook: the quiz
    print(without_keys(bank))         # on paper: the questions alone

`python -m mtl_lessons questions` checks all banks, and says what there is too little of;
`python -m mtl_lessons quiz` asks them in a terminal.

- `bank.py` reads banks, `kinds.py` has what differs between the kinds of question;
- `schema.py`, `rules.py` and `proofs.py` judge questions, `report.py` all banks at once;
- `page.py` and `terminal.py` show them, `answers.py` reads a number that somebody typed.
"""

from .bank import Bank, Problem, Question, everything, load, prefix, references
from .kinds import SHAPES, key, order, solution
from .page import Place, Quiz, edition, plain, render, show, without_keys
from .pieces import SAY, points, rich
from .rules import chains, rules
from .schema import validate

__all__ = [
    "SAY",
    "SHAPES",
    "Bank",
    "Place",
    "Problem",
    "Question",
    "Quiz",
    "chains",
    "edition",
    "everything",
    "key",
    "load",
    "order",
    "plain",
    "points",
    "prefix",
    "references",
    "render",
    "rich",
    "rules",
    "show",
    "solution",
    "validate",
    "without_keys",
]
