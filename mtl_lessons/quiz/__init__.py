"""Self-quizzes: from a file of questions to what a page shows, with checks that
keep them good.

A bank is one YAML file per chapter, or per topic that has no chapter::

    bank = load("concept")
    validate(bank)               # is every question well formed? a list of problems, with lines
    rules(bank)                  # is the bank fair, cited, free of duplicates? likewise
    show("concept")              # in a notebook: the quiz of five
    show("concept", every=True)  # the same, with every question
    print(without_keys(bank))    # on paper: the questions alone

`python -m mtl_lessons questions` checks all banks, and says what there is too
little of; `python -m mtl_lessons quiz` asks them in a terminal.

- `bank.py` reads banks, `kinds/` has what differs between the kinds of
  question;
- `schema.py`, `rules.py` and `proofs.py` judge questions, `cues.py` and
  `report.py` all banks at once;
- `page.py` and `terminal.py` show them, `answers.py` reads a number that
  somebody typed;
- `sections.py` knows what the sections of the chapters are called;
- `stored.py` is what a notebook stores of a quiz instead of its questions.
"""

from mtl_lessons.levels import LEVELS

from .bank import (
    Bank,
    Problem,
    Question,
    everything,
    load,
    prefix,
    references,
    sources,
)
from .kinds import KINDS, kind_of
from .page import (
    Place,
    Quiz,
    as_text,
    block,
    edition,
    labels,
    minutes,
    render,
    show,
    without_keys,
)
from .pieces import SAY, rich, worth
from .rules import chains, rules
from .schema import validate

__all__ = [
    "KINDS",
    "LEVELS",
    "SAY",
    "Bank",
    "Place",
    "Problem",
    "Question",
    "Quiz",
    "block",
    "chains",
    "edition",
    "everything",
    "kind_of",
    "labels",
    "load",
    "minutes",
    "as_text",
    "worth",
    "prefix",
    "references",
    "render",
    "rich",
    "rules",
    "show",
    "sources",
    "validate",
    "without_keys",
]
