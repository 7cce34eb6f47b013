"""What there is and what is wrong with it: `python -m mtl_lessons questions`.

All that is known to be wrong is reported here, with file, line and reason.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from typing import Any

from mtl_lessons import console
from mtl_lessons.levels import LEVELS

from . import coding, cues
from .bank import Bank, Problem, everything
from .kinds import KINDS
from .proofs import proofs
from .rules import chains, rules
from .schema import validate

# fewer questions of a level than these are a weak spot, and so is a type
# without one
FEW = 3


def check(banks: list[Bank], quick: bool = False) -> list[Problem]:
    """All that is wrong with all banks; whatever presumes valid banks only once
    they all are.

    Args:
        quick: without what needs TensorFlow, as for `proofs`.
    """
    if invalid := [problem for bank in banks for problem in validate(bank)]:
        return invalid
    problems = chains(banks)
    problems += [Problem("all banks", 1, "", cue) for cue in cues.cues(banks)]
    for i, bank in enumerate(banks):
        problems += rules(bank, banks[:i]) + proofs(bank, quick)
    return sorted(problems)


def counts(banks: list[Bank]) -> list[list[str]]:
    """A table: a row per bank and one for all, by number of questions, levels
    and types.
    """
    columns = [*LEVELS, *KINDS]
    rows = [["bank", "all", *columns]]
    for name, row in tallies(banks).items():
        total = sum(row[level] for level in LEVELS)
        rows.append(
            [name, str(total), *(str(row[column]) for column in columns)]
        )
    return rows


def tallies(banks: list[Bank]) -> dict[str, Counter]:
    """How many questions of each level and each type a bank has, and all
    together.
    """
    found = {}
    for bank in banks:
        parts = (
            question[part]
            for question in coding.asked(bank)
            for part in ("level", "type")
        )
        found[bank.path.stem] = Counter(parts)
    return found | {"all": sum(found.values(), Counter())}


def weak_spots(banks: list[Bank]) -> Iterator[str]:
    """Where a bank has few questions of a level, or none of a type.

    A bank of free answers alone is meant to be one.
    """
    for bank in banks:
        questions = coding.asked(bank)
        levels = Counter(question["level"] for question in questions)
        types = {question["type"] for question in questions}
        if all(KINDS[kind].by_hand for kind in types):
            continue
        name = bank.path.stem
        yield from (
            f"{name}: {levels[level]} {level}"
            for level in LEVELS
            if levels[level] < FEW
        )
        yield from (
            f"{name}: no question of type {kind}"
            for kind in KINDS
            if kind not in types
        )


def register(commands: Any) -> None:
    """Add the command `questions` to those of a parser: `commands` is from
    `add_subparsers`.
    """
    parser = commands.add_parser(
        "questions", help="check the bank; count its questions"
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--quick", action="store_true", help="without what needs TensorFlow"
    )


def run(given: argparse.Namespace) -> int:
    """Check all banks; print what is wrong or how much there is. Returns the
    exit code.
    """
    console.forgiving()
    try:
        banks = everything()
    except ValueError as error:  # a file that is no YAML
        print(error)
        return 1
    if problems := check(banks, given.quick):
        print("\n".join(map(str, problems)))
        return 1
    print(table(counts(banks)))
    print(f"\n{cues.told(banks)}")
    weak = list(weak_spots(banks))
    print(
        "\n" + "\n  ".join(["Weak spots:", *weak])
        if weak
        else "\nNo weak spots."
    )
    return 0


def table(rows: list[list[str]]) -> str:
    """Rows of texts, each column as wide as its widest."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = (
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths))
        for row in rows
    )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """The command on its own: `python -m mtl_lessons.quiz`. Returns the exit
    code.
    """
    parser = argparse.ArgumentParser(
        "python -m mtl_lessons.quiz", description=run.__doc__
    )
    add_arguments(parser)
    return run(parser.parse_args(arguments))
