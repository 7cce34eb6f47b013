"""What over all banks together could tell a right option from the others: its
length among the options, and words such as "only".

A bank alone is judged by `rules.giveaways`. Here all questions with options
are one distribution, judged in both directions: right options are neither
longer nor shorter than the others, and have absolute words as often.
"""

import math
import re
from collections.abc import Iterator

from .bank import Bank, Question

BOUND = 2.0  # standard deviations of chance, either way
ENOUGH = 20  # questions with one right option; of fewer, nothing is said
ABSOLUTE = re.compile(
    r"\b(only|never|always|nothing|none|every|all)\b", re.IGNORECASE
)
PLACES = "shortest", "second", "third", "longest"


def cues(banks: list[Bank]) -> Iterator[str]:
    """By what a right option could be told over all banks."""
    questions = with_options(banks)
    one = [question for question in questions if question["type"] == "one"]
    if len(one) < ENOUGH:
        return
    for rank, (found, fair, spread) in ranks(one).items():
        if abs(found - fair) > BOUND * spread:
            yield (
                f"expected the right option to be the {PLACES[rank]} in "
                f"{fair - BOUND * spread:.0f} to {fair + BOUND * spread:.0f} "
                f"of {len(one)} questions, found {found:g}"
            )
    several = [question for question in questions if question not in one]
    for kind, asked in (("one", one), ("several", several)):
        share, spread = longer(asked)
        if abs(share - 0.5) > BOUND * spread:
            yield (
                f"type {kind}: expected right options to be longer than wrong "
                f"ones in {0.5 - BOUND * spread:.2f} to "
                f"{0.5 + BOUND * spread:.2f} of all pairs, found {share:.2f}"
            )
    right, wrong, spread = absolutes(questions)
    if abs(right - wrong) > BOUND * spread:
        yield (
            "expected absolute words in right options about as often as in "
            f"the {wrong:.2f} of wrong ones, found {right:.2f}"
        )


def told(banks: list[Bank]) -> str:
    """The distribution, in a line."""
    questions = with_options(banks)
    one = [question for question in questions if question["type"] == "one"]
    found = ranks(one)
    counts = ", ".join(f"{PLACES[i]} {found[i][0]:g}" for i in found)
    several = [question for question in questions if question not in one]
    shares = [longer(asked)[0] for asked in (one, several)]
    right, wrong, _ = absolutes(questions)
    return (
        f"Right options, by length: {counts}; longer than a wrong one in "
        f"{shares[0]:.0%} of pairs where one is right, in {shares[1]:.0%} "
        f"where several are. Absolute words: in {right:.0%} of right options, "
        f"in {wrong:.0%} of wrong ones."
    )


def with_options(banks: list[Bank]) -> list[Question]:
    """The questions with a right and a wrong option at least."""
    return [
        question
        for bank in banks
        for question in bank.questions
        if len({option["correct"] for option in question.get("options", [])})
        == 2
    ]


def ranks(questions: list[Question]) -> dict[int, tuple[float, float, float]]:
    """How often the right one of four options is the shortest, the second, the
    third and the longest; how often by chance; and the standard deviation of
    chance. Options of one length share their ranks.
    """
    counts = [0.0] * len(PLACES)
    total = 0
    for question in questions:
        texts = question["options"]
        if len(texts) != len(PLACES):
            continue
        total += 1
        (right,) = (
            len(option["text"]) for option in texts if option["correct"]
        )
        lengths = sorted(len(option["text"]) for option in texts)
        places = [i for i, length in enumerate(lengths) if length == right]
        for place in places:
            counts[place] += 1 / len(places)
    chance = 1 / len(PLACES)
    spread = math.sqrt(total * chance * (1 - chance))
    return {i: (counts[i], total * chance, spread) for i in range(len(PLACES))}


def longer(questions: list[Question]) -> tuple[float, float]:
    """In which share of pairs of a question's options the right one is longer
    than the wrong one (a tie is half), as a mean over the questions; and the
    standard deviation of chance, that of Mann and Whitney's U.
    """
    shares, variances = [], []
    for question in questions:
        right, wrong = lengths_of(question)
        wins = sum((r > w) + (r == w) / 2 for r in right for w in wrong)
        pairs = len(right) * len(wrong)
        shares.append(wins / pairs)
        variances.append((len(right) + len(wrong) + 1) / (12 * pairs))
    if not shares:
        return 0.5, 0.0
    count = len(shares)
    return sum(shares) / count, math.sqrt(sum(variances)) / count


def lengths_of(question: Question) -> tuple[list[int], list[int]]:
    """The lengths of a question's right and of its wrong options."""
    right, wrong = [], []
    for option in question["options"]:
        (right if option["correct"] else wrong).append(len(option["text"]))
    return right, wrong


def absolutes(questions: list[Question]) -> tuple[float, float, float]:
    """In which share of right and of wrong options an absolute word stands, and
    the standard deviation of their difference by chance.
    """
    has = {True: [], False: []}
    for question in questions:
        for option in question["options"]:
            has[option["correct"]].append(bool(ABSOLUTE.search(option["text"])))
    right, wrong = (sum(has[side]) / len(has[side]) for side in (True, False))
    both = has[True] + has[False]
    share = sum(both) / len(both)
    spread = math.sqrt(
        share * (1 - share) * (1 / len(has[True]) + 1 / len(has[False]))
    )
    return right, wrong, spread
