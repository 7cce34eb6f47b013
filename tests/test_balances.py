"""The table of balances has a row for each method that chapter 3 exports, under its name."""

import balances
import pytest

from mtl_lessons import loss_balancing as lb

TABLES = {"WEIGHTINGS": lb.Weighting, "AGGREGATORS": lb.Aggregator}
ABSTRACT = {lb.Weighting}  # the plain sum has a name of its own, `Equal`


def exported(base: type) -> list[str]:
    """The names of the methods of a family."""
    things = {name: getattr(lb, name) for name in lb.__all__}
    kinds = {name: thing for name, thing in things.items() if isinstance(thing, type)}
    return [name for name, kind in kinds.items() if issubclass(kind, base) and kind not in ABSTRACT]


@pytest.mark.parametrize("table", TABLES)
def test_every_exported_method_has_a_row(table):
    rows = getattr(balances, table)
    missing = [name for name in exported(TABLES[table]) if name not in rows]
    assert not missing, f"tests/balances.py: expected a row for {', '.join(missing)} in {table}"


@pytest.mark.parametrize("table", TABLES)
def test_a_row_makes_the_method_that_it_names(table):
    for name, make in getattr(balances, table).items():
        made = [type(make(tasks)).__name__ for tasks in (1, 2, 3)]
        assert made == [name] * 3, f"tests/balances.py: expected {name} in its row, found {made}"
