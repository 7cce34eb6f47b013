"""Each method that chapter 3 writes is exported, and has a row in the table of balances."""

import inspect

import balances
import numpy as np
import pytest

from mtl_lessons import loss_balancing as lb
from mtl_lessons.backend import keras, tf
from mtl_lessons.loss_balancing import aggregators, weightings

TABLES = {
    "WEIGHTINGS": (weightings, lb.Weighting),
    "AGGREGATORS": (aggregators, lb.Aggregator),
}
ABSTRACT = {"Weighting"}  # the plain sum has a name of its own, `Equal`
every_table = pytest.mark.parametrize("table", TABLES)


def written(table: str) -> list[str]:
    """The names of the methods that a module defines."""
    module, base = TABLES[table]
    kinds = dict(inspect.getmembers(module, inspect.isclass))
    own = [
        name
        for name, kind in kinds.items()
        if kind.__module__ == module.__name__
    ]
    return [
        name for name in own if issubclass(kinds[name], base) and name[0] != "_"
    ]


@every_table
def test_every_method_is_exported(table):
    module, _ = TABLES[table]
    missing = [name for name in written(table) if name not in lb.__all__]
    path = f"mtl_lessons/loss_balancing/{module.__name__.rpartition('.')[2]}.py"
    assert not missing, f"{path}: expected {', '.join(missing)} in __all__"


@every_table
def test_every_method_has_a_row(table):
    rows = getattr(balances, table)
    missing = [
        name for name in written(table) if name not in (*rows, *ABSTRACT)
    ]
    assert not missing, (
        f"tests/balances.py: expected a row for {', '.join(missing)} in {table}"
    )


@every_table
def test_a_row_makes_the_method_that_it_names(table):
    for name, make in getattr(balances, table).items():
        made = [type(make(tasks)).__name__ for tasks in (1, 2, 3)]
        assert made == [name] * 3, (
            f"tests/balances.py: expected {name} in its row, found {made}"
        )


def lacks(kind: type, config: dict) -> list[str]:
    """What a method needs to be saved, and has not."""
    path = f"{kind.__module__.replace('.', '/')}.py: expected"
    reasons = []
    if keras.saving.get_registered_name(kind) == kind.__name__:
        reasons.append(f"{path} @register above {kind.__name__}")
    taken = set(inspect.signature(kind.__init__).parameters)
    forgotten = sorted(taken - {"self", "options"} - config.keys())
    if forgotten:
        reasons.append(
            f"{path} {', '.join(forgotten)} in get_config of {kind.__name__}"
        )
    return reasons


@pytest.mark.parametrize("name", balances.BALANCES)
def test_a_method_can_be_saved(name):
    method = balances.BALANCES[name](2)
    assert lacks(type(method), method.get_config()) == []


def test_what_a_method_lacks_to_be_saved_is_named():
    class Half(lb.Weighting):
        def __init__(self, share, **options):
            super().__init__(**options)

    path = "test_balances.py: expected"
    assert lacks(Half, {}) == [
        f"{path} @register above Half",
        f"{path} share in get_config of Half",
    ]


@pytest.mark.parametrize("name", balances.BALANCES)
def test_a_method_that_a_step_changes_says_that_it_remembers(name):
    method = balances.BALANCES[name](2)
    weighs = isinstance(method, lb.Weighting)
    method.build((2,) if weighs else (2, 2))
    before = [variable.numpy() for variable in method.variables]
    losses = tf.constant([1.0, 2.0])
    method(losses if weighs else tf.eye(2))
    if weighs:
        for _ in range(4):
            method.before_step(losses, losses)
            method.after_step(losses, losses / 2)
    pairs = zip(before, method.variables, strict=True)
    moved = any(np.any(old != new.numpy()) for old, new in pairs)
    learned = bool(method.trainable_variables)
    module = type(method).__module__.replace(".", "/")
    expected = f"{module}.py: expected remembers = {moved or learned} in {name}"
    assert method.remembers == (moved or learned), expected
