"""The bank in a terminal: `python -m mtl_lessons quiz --chapter concept --level junior --count 5`.

The same questions and the same grading as on the site, as text. Nothing is kept.
"""

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterator

from .. import console, embed
from . import answers, bank, kinds, pieces
from .bank import Question

SAY = embed.strings("quiz") | embed.strings("terminal")

# ---- reading answers ----


def numbers(text: str, most: int, exactly: int | None = None) -> list[int]:
    """Numbers from 1 to `most`, all different, as in "1, 3 4".

    Raises:
        ValueError: something else was typed, or not as many as `exactly` says.
    """
    parts = re.split(r"[,\s]+", text.strip())
    found = [int(part) for part in parts if part.isdecimal()]
    wrong = len(found) < len(parts) or len(set(found)) < len(found) or not set(found) <= set(range(1, most + 1))
    if wrong or (exactly and len(found) != exactly):
        raise ValueError(SAY["expected-numbers"].format(count=exactly or SAY["some"], most=most))
    return found


# ---- grading: what to show after "right" or "not right", and the score from 0 to 1 ----


def grade(question: Question, text: str) -> tuple[float, list[str]]:
    """The score of an answer to a closed question, and the feedback that it earns.

    Raises:
        ValueError: it is no answer to such a question; the message says what was expected.
    """
    return GRADES[question["type"]](question, text)


def grade_choice(question: Question, text: str) -> tuple[float, list[str]]:
    options = question["options"]
    chosen = set(numbers(text, len(options), 1 if question["type"] == "one" else None))
    right = {i for i, option in enumerate(options, 1) if option["correct"]}
    told = sorted(chosen if question["type"] == "one" else chosen | right)
    return float(chosen == right), [f"{i}. {options[i - 1]['feedback']}" for i in told]


def grade_line(question: Question, text: str) -> tuple[float, list[str]]:
    (line,) = numbers(text, len(question["code"].splitlines()), 1)
    return float(line in question["answer"]["lines"]), [question["lines"].get(line, question["feedback"]["wrong"])]


def grade_number(question: Question, text: str) -> tuple[float, list[str]]:
    answer = question["answer"]
    found = answers.readings(text, answer["unit"].startswith("%"))
    if not found:
        raise ValueError(SAY["expected-number"])
    if answers.near(found, answer["value"], answer["tolerance"]):
        return 1.0, [question["feedback"]["right"]]
    slips = (slip for slip in question.get("slips", []) if answers.near(found, slip["value"], answer["tolerance"]))
    slips = [slip["feedback"] for slip in slips]
    return 0.0, slips[:1] or [question["feedback"]["wrong"]]


def grade_order(question: Question, text: str) -> tuple[float, list[str]]:
    shown = kinds.order(question)
    right = [shown[i - 1] for i in numbers(text, len(shown), len(shown))] == sorted(shown)
    return float(right), [question["feedback"]["right" if right else "wrong"]]


GRADES = {"one": grade_choice, "several": grade_choice, "bug": grade_line, "numeric": grade_number, "order": grade_order}

# ---- a round ----


def body(question: Question) -> Iterator[str]:
    """What stands under the stem: options, lines or items, with the numbers by which they are chosen."""
    match question["type"]:
        case "one" | "several":
            lines = [option["text"] for option in question["options"]]
        case "order":
            lines = [question["items"][i] for i in kinds.order(question)]
        case "bug":
            lines = question["code"].splitlines()
        case _:
            lines = []
    yield from (f"{i:3d}  {line}" for i, line in enumerate(lines, 1))


def ask(question: Question, read: Callable[[str], str], write: Callable) -> float:
    """Ask until there is an answer; show what it earns. Returns the score.

    Raises:
        EOFError: the reader wants to stop.
    """
    return ask_open(question, read, write) if question["type"] == "open" else ask_closed(question, read, write)


def said(prompt: str, read: Callable[[str], str]) -> str:
    """A line that the reader types; `q` ends the round like the end of the input."""
    if (text := read(prompt)).strip().lower() == "q":
        raise EOFError
    return text


def ask_closed(question: Question, read: Callable[[str], str], write: Callable) -> float:
    unit = f" ({question['answer']['unit']})" if question["type"] == "numeric" else ""
    while True:
        try:
            score, feedback = grade(question, said(f"{SAY['prompt-' + question['type']]}{unit}: ", read))
            break
        except ValueError as error:
            write(str(error))
    write("\n".join([SAY["right" if score else "wrong"], *(text.strip() for text in feedback)]))
    if not score:
        write(f"{SAY['answer']}: {'; '.join(kinds.solution(question))}")
    return score


def ask_open(question: Question, read: Callable[[str], str], write: Callable) -> float:
    while said(SAY["prompt-open"], read):
        pass  # what is written is for the writer alone
    rubric = question["rubric"]
    write(f"{SAY['model-answer']}: {question['model_answer'].strip()}\n{SAY['rubric']}")
    write("\n".join(f"{i:3d}  {item['text']} ({pieces.points(item['points'])})" for i, item in enumerate(rubric, 1)))
    write("\n".join([SAY["red-flags"], *(f"  - {flag}" for flag in question["red_flags"])]))
    while True:
        text = said(SAY["prompt-rubric"], read)
        try:
            had = numbers(text, len(rubric)) if text.strip() else []
            break
        except ValueError as error:
            write(str(error))
    points, total = sum(rubric[i - 1]["points"] for i in had), sum(item["points"] for item in rubric)
    write(SAY["points"].format(points=points, total=total))
    return points / total


def play(questions: list[Question], read: Callable[[str], str] = input, write: Callable = print) -> tuple[float, int]:
    """Ask these questions one after the other. Returns the sum of the scores and how many were answered."""
    scores = []
    try:
        for i, question in enumerate(questions, 1):
            title = SAY["number"].format(number=i, total=len(questions))
            kinds = ", ".join(SAY[f"{part}-{question[part]}"] for part in ("level", "type"))
            write("\n".join([f"\n{title} ({kinds})", question["stem"].strip(), *body(question)]))
            scores.append(ask(question, read, write))
            write(f"{SAY['mistake']}: {question['mistake'].strip()}\n{SAY['follow-up']}: {question['follow_up'].strip()}")
    except (EOFError, KeyboardInterrupt):
        write()
    right = sum(score >= 0.5 for score in scores)
    write(SAY["progress"].format(answered=len(scores), total=len(scores), right=right))
    return sum(scores), len(scores)


# ---- the command ----


def register(commands) -> None:
    """Add the command `quiz` to those of a parser: `commands` is what its `add_subparsers` returned."""
    parser = commands.add_parser("quiz", help="questions of the book, asked and graded in the terminal")
    add_arguments(parser)
    parser.set_defaults(run=run)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser what `run` reads."""
    parser.add_argument("--chapter", help="questions of this chapter or topic only, such as concept")
    parser.add_argument("--level", choices=sorted(kinds.COMMON["level"]))
    parser.add_argument("--type", choices=list(kinds.SHAPES), help="questions of this type only")
    parser.add_argument("--count", type=count, default=10, help="how many at most (10)")


def count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, found {text}")
    return int(text)


def run(given: argparse.Namespace) -> int:
    """Ask questions as the arguments say. Returns the exit code: 1 if none fits, 2 if there is no such chapter."""
    console.forgiving()
    try:
        banks = [bank.load(given.chapter)] if given.chapter else bank.everything()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    wanted = [
        question
        for one in banks
        for question in one.questions
        if given.level in (None, question["level"]) and given.type in (None, question["type"])
    ]
    if not wanted:
        print(SAY["found-none"], file=sys.stderr)
        return 1
    play(random.sample(wanted, min(given.count, len(wanted))))
    return 0
