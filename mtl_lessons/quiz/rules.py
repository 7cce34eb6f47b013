"""Whether a bank is good: fair, cited, without duplicates, and with chains that
end.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from mtl_lessons.levels import LEVELS
from mtl_lessons.shapes import line_of

from .bank import Bank, Problem, Question, prefix, references
from .kinds import kind_of


def rules(bank: Bank, others: Iterable[Bank] = ()) -> list[Problem]:
    """What makes a valid bank unfair, unchecked or dull. Every question has to
    be

    - named uniquely, beginning with its chapter;
    - cited: keys of `references.bib`, or a cell of the chapter;
    - different from the rest: the shingles of two stems overlap by less than
      half;
    - answered aloud in the minutes that it gives, if any: 110 to 160 words a
      minute.

    The five that a chapter's page asks begin with an easy one, and are of three
    kinds and two levels at least.

    And over all questions with one right choice, guessing must not pay: the
    right one is the longest in a third of them at most, and every position is
    right about equally often.

    Args:
        others: banks that must not share a name or a stem with this one.
    """
    file, known = bank.path.name, references(bank.path.parent)
    seen = [question for other in others for question in other.questions]
    problems = []
    for node, question in zip(bank.nodes, bank.questions):
        reasons = flaws(question, bank.path.stem, known, seen)
        problems += [
            Problem(file, line_of(node), question["id"], reason)
            for reason in reasons
        ]
        seen.append(question)
    problems += [
        Problem(file, bank.line("five"), "", reason) for reason in dull(bank)
    ]
    return problems + [
        Problem(file, 1, "", reason) for reason in giveaways(bank.questions)
    ]


def dull(bank: Bank) -> Iterator[str]:
    """Rules that the five questions of a chapter's page break."""
    if "five" not in bank.data:
        return
    levels = [question["level"] for question in bank.five]
    kinds = {question["type"] for question in bank.five}
    if levels[0] != LEVELS[0]:
        yield f"five: expected the first to be {LEVELS[0]}, found {levels[0]}"
    if len(set(levels)) < 2:
        yield f"five: expected two levels at least, found {levels[0]} alone"
    if len(kinds) < 3:
        yield (
            "five: expected three kinds at least,"
            f" found {', '.join(sorted(kinds))}"
        )


def flaws(
    question: Question,
    chapter: str,
    known: dict[str, str],
    seen: list[Question],
) -> Iterator[str]:
    """Rules that a question breaks by itself or against those `seen` before."""
    if not question["id"].startswith(prefix(chapter)):
        yield f"expected an id that begins with {prefix(chapter)}"
    for key in question["source"]:
        if not key.startswith("cell:") and key not in known:
            yield f"expected a source in references.bib, found {key}"
    minutes, words = (
        question.get("minutes", 0),
        len(question.get("model_answer", "").split()),
    )
    fewest, most = 110 * minutes, 160 * minutes
    if minutes and not fewest <= words <= most:
        yield (
            f"expected a model answer of {fewest} to {most} words, for "
            f"{minutes} minutes,"
            f" found {words}"
        )
    for other in seen:
        if question["id"] == other["id"]:
            yield "expected an id of its own, found it twice"
        elif overlap(question["stem"], other["stem"]) >= 0.5:
            yield f"expected a question of its own, found one much like {other['id']}"


def overlap(one: str, other: str) -> float:
    """Jaccard similarity of the shingles of two texts: 0 nothing shared, 1 the
    same.
    """
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


@cache
def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """The runs of three words of a text; of a shorter one, all its words as one
    run.
    """
    words = re.findall(r"\w+", text.lower())
    return frozenset(
        tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))
    )


def giveaways(questions: list[Question]) -> Iterator[str]:
    """Habits by which the right choice could be guessed."""
    choices = [kind_of(question).guessable(question) for question in questions]
    choices = [options for options in choices if options]
    keys = [[right for _, right in options].index(True) for options in choices]
    longest = sum(
        is_longest(options, key) for options, key in zip(choices, keys)
    )
    if longest > max(1, len(choices) / 3):
        yield (
            "expected the right choice to be the longest in a third of"
            f" {len(choices)} questions at most, found {longest}"
        )
    for position in range(max(map(len, choices), default=0)):
        fair = sum(
            1 / len(options) for options in choices if len(options) > position
        )
        found = keys.count(position)
        if abs(found - fair) > max(1.5, fair / 2):
            yield (
                f"expected position {position + 1} to be right in about "
                f"{fair:.1f} of"
                f" {len(choices)} questions, found {found}"
            )


def is_longest(options: list[tuple[str, bool]], key: int) -> bool:
    """Whether the option at `key` is longer than every other."""
    lengths = [len(text) for text, _ in options]
    return all(
        lengths[key] > length for i, length in enumerate(lengths) if i != key
    )


def chains(banks: Iterable[Bank]) -> list[Problem]:
    """Questions to which others lead by `next` and that do not exist, and
    chains without an end.
    """
    places, after = {}, {}
    for bank in banks:
        for node, question in zip(bank.nodes, bank.questions):
            places[question["id"]] = (
                bank.path.name,
                line_of(node),
                question["id"],
            )
            if "next" in question:
                after[question["id"]] = question["next"]
    problems = []
    for one, two in after.items():
        passed = list(chain(one, after))
        if two not in places:
            reason = f"expected next: a question of a bank, found {two}"
            problems.append(Problem(*places[one], reason))
        elif passed[-1] == one:
            reason = f"expected a chain that ends, found {' → '.join(passed)}"
            problems.append(Problem(*places[one], reason))
    return problems


def chain(start: str, after: dict[str, str]) -> Iterator[str]:
    """The ids from `start` on, each led to by the one before; ends where one
    comes back.
    """
    seen = {start}
    yield start
    while start in after:
        start = after[start]
        yield start
        if start in seen:
            return
        seen.add(start)
