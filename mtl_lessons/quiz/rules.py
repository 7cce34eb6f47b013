"""Whether a bank is good: fair, cited, without duplicates, and with chains that end."""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from .bank import Bank, Problem, Question, prefix, references


def rules(bank: Bank, others: Iterable[Bank] = ()) -> list[Problem]:
    """What makes a valid bank unfair, unchecked or dull. Every question has to be

    - named uniquely, beginning with its chapter (`others`: banks that must not share a name or a stem with this one);
    - cited: keys of `references.bib`, or a cell of the chapter;
    - different from the rest: the sets of three-word runs of two stems overlap by less than half;
    - answered aloud in the minutes that it gives, if any: 110 to 160 words a minute.

    And over all questions with one right choice, guessing must not pay: the right one is the longest in a third of them
    at most, and every position is right about equally often.
    """
    lines = [node.start_mark.line + 1 for node in bank.nodes]
    known = references(bank.path.parent)
    seen = [question for other in others for question in other.questions]
    problems = []
    for line, question in zip(lines, bank.questions):
        problems += [
            Problem(bank.path.name, line, question["id"], reason) for reason in flaws(question, bank.path.stem, known, seen)
        ]
        seen.append(question)
    return problems + [Problem(bank.path.name, 1, "", reason) for reason in giveaways(bank.questions)]


def flaws(question: Question, chapter: str, known: dict[str, str], seen: list[Question]) -> Iterator[str]:
    """Rules that a question breaks by itself or against those `seen` before."""
    if not question["id"].startswith(prefix(chapter)):
        yield f"expected an id that begins with {prefix(chapter)}"
    for key in question["source"]:
        if not key.startswith("cell:") and key not in known:
            yield f"expected a source in references.bib, found {key}"
    minutes, words = question.get("minutes", 0), len(question.get("model_answer", "").split())
    if minutes and not 110 * minutes <= words <= 160 * minutes:
        yield f"expected a model answer of {110 * minutes} to {160 * minutes} words, for {minutes} minutes, found {words}"
    for other in seen:
        if question["id"] == other["id"]:
            yield "expected an id of its own, found it twice"
        elif overlap(question["stem"], other["stem"]) >= 0.5:
            yield f"expected a question of its own, found one much like {other['id']}"


def overlap(one: str, other: str) -> float:
    """Jaccard similarity of the shingles of two texts: 0 nothing shared, 1 the same."""
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


@cache
def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """The runs of three words of a text; of a shorter one, all its words as one run."""
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2)))


def giveaways(questions: list[Question]) -> Iterator[str]:
    """Habits by which the right choice could be guessed."""
    options = [question["options"] for question in questions if question["type"] == "one"]
    keys = [[option["correct"] for option in choice].index(True) for choice in options]
    lengths = [[len(option["text"]) for option in choice] for choice in options]
    longest = sum(size[key] == max(size) and size.count(max(size)) == 1 for size, key in zip(lengths, keys))
    if longest > max(1, len(options) / 3):
        yield f"expected the right choice to be the longest in a third of {len(options)} questions at most, found {longest}"
    for position in range(max(map(len, options), default=0)):
        fair = sum(1 / len(choice) for choice in options if len(choice) > position)
        if abs(keys.count(position) - fair) > max(1.5, fair / 2):
            yield f"expected position {position + 1} to be right in about {fair:.1f} of {len(options)} questions, found {keys.count(position)}"


def chains(banks: Iterable[Bank]) -> list[Problem]:
    """What is wrong with the questions to which others lead: a `next` that does not exist, and chains that never end."""
    places = {
        q["id"]: (bank.path.name, node.start_mark.line + 1) for bank in banks for node, q in zip(bank.nodes, bank.questions)
    }
    after = {q["id"]: q["next"] for bank in banks for q in bank.questions if "next" in q}
    lost = [
        Problem(*places[one], one, f"expected next: a question of a bank, found {two}")
        for one, two in after.items()
        if two not in places
    ]
    return lost + [
        Problem(*places[one], one, f"expected a chain that ends, found {' → '.join(passed)}")
        for one in after
        if len(passed := list(chain(one, after))) > 1 and passed[-1] == one
    ]


def chain(start: str, after: dict[str, str]) -> Iterator[str]:
    """The ids from `start` on, each led to by the one before, until there is none or one comes back."""
    seen = {start}
    yield start
    while (start := after.get(start)) is not None:
        yield start
        if start in seen:
            return
        seen.add(start)
