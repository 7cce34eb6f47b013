"""The bank in a terminal: `python -m mtl_lessons quiz --chapter concept --level
junior --count 5`.

The same questions and the same grading as on the site, as text. Nothing is
kept.
"""

import argparse
import random
import sys
from collections.abc import Callable
from typing import Any

from mtl_lessons import console, embed
from mtl_lessons.levels import LEVELS

from . import coding
from .bank import Question, everything, load
from .kinds import KINDS, kind_of
from .page import Place, title

SAY = embed.strings("quiz") | embed.strings("terminal")
Read = Callable[[str], str]  # shows a prompt, gives what is typed

# ---- a round ----


def play(
    questions: list[Question],
    read: Read = input,
    write: Callable = print,
    again: dict[str, str] | None = None,
) -> tuple[float, int]:
    """Ask these questions one after the other.

    Args:
        again: what to read again, by the id of a question.

    Returns the sum of the scores and how many were answered.
    """
    scores = []
    try:
        for i, question in enumerate(questions, 1):
            head = title(
                question, SAY["number"].format(number=i, total=len(questions))
            )
            write(
                "\n".join(
                    [f"\n{head}", question["stem"].strip(), *numbered(question)]
                )
            )
            scores.append(ask(question, read, write))
            if question["mistake"]:  # a drill names that of its answer
                write(f"{SAY['mistake']}: {question['mistake'].strip()}")
            write(f"{SAY['follow-up']}: {question['follow_up'].strip()}")
            if again and question["id"] in again:
                write(f"{SAY['read-again']}: {again[question['id']]}")
    except (EOFError, KeyboardInterrupt):
        write()
    right = sum(score >= 0.5 for score in scores)
    write(
        SAY["progress"].format(
            answered=len(scores), total=len(scores), right=right
        )
    )
    return sum(scores), len(scores)


def numbered(question: Question) -> list[str]:
    """What can be chosen, with the numbers by which it is."""
    choices = kind_of(question).choices(question)
    return [f"{i:3d}  {text}" for i, text in enumerate(choices, 1)]


def ask(question: Question, read: Read, write: Callable) -> float:
    """Ask until there is an answer; show what it earns. Returns the score.

    Raises:
        EOFError: the reader wants to stop.
    """
    by_hand = kind_of(question).by_hand
    return (
        ask_by_hand(question, read, write)
        if by_hand
        else ask_graded(question, read, write)
    )


def ask_graded(question: Question, read: Read, write: Callable) -> float:
    """Ask a question that is graded here."""
    kind = kind_of(question)
    unit = f" ({kind.unit(question)})" if kind.unit(question) else ""
    score, feedback = graded(
        question, f"{SAY[f'prompt-{kind.name}']}{unit}: ", read, write
    )
    write(
        "\n".join(
            [
                SAY["right" if score else "wrong"],
                *(text.strip() for text in feedback),
            ]
        )
    )
    if not score:
        write(f"{SAY['answer']}: {'; '.join(kind.solution(question))}")
    return score


def ask_by_hand(question: Question, read: Read, write: Callable) -> float:
    """Ask a question whose reader compares what he wrote with a model answer,
    by a rubric.
    """
    kind = kind_of(question)
    while said(SAY[f"prompt-{kind.name}"], read):
        pass  # what is written is for the writer alone
    write(
        f"{SAY['model-answer']}: {kind.solution(question)[0]}\n{SAY['rubric']}"
    )
    write(
        "\n".join(
            f"{i:3d}  {line}" for i, line in enumerate(kind.rubric(question), 1)
        )
    )
    write(
        "\n".join(
            [
                SAY["red-flags"],
                *(f"  - {flag}" for flag in question["red_flags"]),
            ]
        )
    )
    score, words = graded(question, SAY["prompt-rubric"], read, write)
    write("\n".join(words))
    return score


def graded(
    question: Question, prompt: str, read: Read, write: Callable
) -> tuple[float, list[str]]:
    """The score and the feedback of what is typed, once it is an answer."""
    while True:
        text = said(prompt, read)
        try:
            return kind_of(question).grade(question, text)
        except ValueError as error:
            write(str(error))


def said(prompt: str, read: Read) -> str:
    """A line that the reader types; `q` ends the round like the end of the
    input.
    """
    if (text := read(prompt)).strip().lower() == "q":
        raise EOFError
    return text


# ---- the command ----


def register(commands: Any) -> None:
    """Add the command `quiz` to those of a parser: `commands` is from
    `add_subparsers`.
    """
    parser = commands.add_parser(
        "quiz", help="questions of the book, asked in the terminal"
    )
    parser.add_argument(
        "--chapter", help="of this chapter or topic only, such as concept"
    )
    parser.add_argument("--level", choices=LEVELS)
    parser.add_argument(
        "--type", choices=list(KINDS), help="questions of this type only"
    )
    parser.add_argument(
        "--count", type=count, default=10, help="how many at most (10)"
    )
    parser.set_defaults(run=run)


def count(text: str) -> int:
    """A number of questions.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, found {text}")
    return int(text)


def run(given: argparse.Namespace) -> int:
    """Ask questions as the arguments say.

    Returns the exit code: 1 if no question fits, 2 if there is no such chapter.
    """
    console.forgiving()
    try:
        banks = [load(given.chapter)] if given.chapter else everything()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    wanted = [
        question
        for bank in banks
        for question in coding.asked(bank)
        if given.level in (None, question["level"])
        and given.type in (None, question["type"])
    ]
    if not wanted:
        print(SAY["found-none"], file=sys.stderr)
        return 1
    again = {
        question["id"]: place.section(question["anchor"])
        for bank in banks
        for place in [Place.of(bank)]
        for question in coding.asked(bank)
        if "anchor" in question
    }
    play(random.sample(wanted, min(given.count, len(wanted))), again=again)
    return 0
