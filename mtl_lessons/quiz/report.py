"""What there is and what is wrong with it: `python -m mtl_lessons questions`."""

import argparse
from collections import Counter
from collections.abc import Iterator

from .. import console
from .bank import Bank, Problem, everything
from .kinds import SHAPES
from .rules import chains, rules
from .schema import validate

FEW = 3  # fewer questions of a level than these are a weak spot, and so is a type without one


def check(banks: list[Bank]) -> list[Problem]:
    """All that is wrong with all banks; rules and chains only once every bank is valid."""
    if invalid := [problem for bank in banks for problem in validate(bank)]:
        return invalid
    return [problem for i, bank in enumerate(banks) for problem in rules(bank, banks[:i])] + chains(banks)


def counts(banks: list[Bank]) -> list[list[str]]:
    """A table: a row per bank and their sum, with the number of its questions, of each level and of each type."""
    parts = {"level": ["junior", "senior", "staff"], "type": list(SHAPES)}
    found = {bank.path.stem: Counter(q[part] for q in bank.questions for part in parts) for bank in banks}
    found["all"] = sum(found.values(), Counter())
    columns = parts["level"] + parts["type"]
    rows = [
        [name, str(sum(row[level] for level in parts["level"])), *(str(row[column]) for column in columns)]
        for name, row in found.items()
    ]
    return [["bank", "all", *columns], *rows]


def weak_spots(banks: list[Bank]) -> Iterator[str]:
    """Where a bank has few questions of a level, or none of a type. A bank of free answers alone is meant to be one."""
    for bank in banks:
        found = Counter(q[part] for q in bank.questions for part in ("level", "type"))
        if set(found) & set(SHAPES) == {"open"}:
            continue
        yield from (f"{bank.path.stem}: {found[level]} {level}" for level in ("junior", "senior", "staff") if found[level] < FEW)
        yield from (f"{bank.path.stem}: no question of type {kind}" for kind in SHAPES if not found[kind])


def register(commands) -> None:
    """Add the command `questions` to those of a parser."""
    parser = commands.add_parser("questions", help="check the bank; count its questions")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    return main()


def main() -> int:
    """Validate all banks; print what is wrong with them or how much there is of what. Returns the exit code."""
    console.forgiving()
    banks = everything()
    if problems := check(banks):
        print("\n".join(map(str, problems)))
        return 1
    table, weak = counts(banks), list(weak_spots(banks))
    widths = [max(map(len, column)) for column in zip(*table)]
    print("\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in table))
    print("\nWeak spots:\n" + "\n".join(f"  {spot}" for spot in weak) if weak else "\nNo weak spots.")
    return 0
