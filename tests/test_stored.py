"""What is stored of long computations: each file has its recipe, one layout, and its points."""

import inspect
import json

import numpy as np
import pytest

from mtl_lessons import __main__ as terminal
from mtl_lessons import shared_networks, stored, two_tasks

NAMES = list(stored.RECIPES)


def test_every_file_has_a_recipe_and_every_recipe_its_file():
    assert {path.stem for path in stored.FOLDER.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_has_the_layout_that_is_written(name):
    assert (stored.FOLDER / f"{name}.json").read_text(
        encoding="utf-8"
    ) == stored.text(stored.read(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_reports_its_progress(name, monkeypatch):
    monkeypatch.setattr(stored, "import_module", Returning)
    assert stored.compute(name, print) == {"progress": print}


class Returning:
    def __init__(self, name: str):
        assert name.startswith("mtl_lessons.")

    def __getattr__(self, function: str):
        return lambda **given: given


@pytest.mark.parametrize("recipe", stored.RECIPES.values())
def test_a_recipe_is_a_function_that_needs_nothing(recipe):
    module, function = recipe.rsplit(".", 1)
    signature = inspect.signature(
        getattr(stored.import_module(f"mtl_lessons.{module}"), function)
    )
    assert all(
        parameter.default is not parameter.empty
        for parameter in signature.parameters.values()
    )
    assert "progress" in signature.parameters


def test_layout_by_hand():
    grid = {
        "axes": [{"a": 1}, {"a": 2}],
        "runs": {"x": [1, 2], "y": [3]},
        "seeds": [0, 1],
        "recipe": "f",
    }
    assert stored.text(grid) == (
        '{\n"axes": [\n{"a": 1},\n{"a": 2}\n],\n'
        '"runs": {\n"x": [1, 2],\n"y": [3]\n},\n'
        '"seeds": [0, 1],\n"recipe": "f"\n}\n'
    )
    assert json.loads(stored.text(grid)) == grid


def test_what_is_written_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    stored.write("two_tasks", {"seen": [{"user": 0}]})
    assert stored.read("two_tasks") == {"seen": [{"user": 0}]}


def test_the_terminal_computes_and_stores(tmp_path, monkeypatch, capsys):
    def compute(name, progress):
        progress(1, 2)
        return {"name": name}

    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    monkeypatch.setattr(stored, "compute", compute)
    assert terminal.main(["grid", "two_tasks"]) == 0
    assert stored.read("two_tasks") == {"name": "two_tasks"}
    assert capsys.readouterr().err == "two_tasks: 1/2\n"


def test_the_terminal_refuses_a_name_that_is_not_stored(capsys):
    with pytest.raises(SystemExit):
        terminal.main(["grid", "nothing"])
    assert "expected one of concept_transfer, " in capsys.readouterr().err


def test_both_tasks_at_their_natural_weights_are_one_training_under_two_names():
    grid = stored.read("two_tasks")
    both, natural = grid["sides"]["both"], stored.at(grid["scales"], weight=1.0)
    assert (both["item"], both["interest"]) == (
        natural["item"],
        natural["interest"],
    )
    assert set(two_tasks.SIDES) < set(grid["sides"])


def test_every_design_has_an_error_for_each_rate_relatedness_and_seed():
    errors = stored.read("shared_networks")["errors"]
    assert list(errors) == list(shared_networks.DESIGNS)
    for found in errors.values():
        shapes = {rows: np.shape(of_rows) for rows, of_rows in found.items()}
        expected = (len(shared_networks.RATES), 3, 12)
        assert shapes == {"check": expected, "test": expected}


def test_what_was_not_measured_is_refused():
    cells = [{"labels": 10, "gain": 1}, {"labels": 20, "gain": 2}]
    assert stored.at(cells, labels=20)["gain"] == 2
    with pytest.raises(
        ValueError,
        match=r"point: expected one of \[\{'labels': 10\}, \{'labels': 20\}\], "
        r"found \{'labels': 3\}",
    ):
        stored.at(cells, labels=3)
    with pytest.raises(
        ValueError,
        match="name: expected one of concept_transfer, .*, found 'nothing'",
    ):
        stored.read("nothing")


def test_counting_tells_of_each_item_when_it_is_done():
    said = []
    done_with = stored.counted(
        "ab", lambda done, total: said.append((done, total))
    )
    said.append(next(done_with))
    said.extend(done_with)
    assert said == ["a", (1, 2), "b", (2, 2)]
    assert list(stored.counted("ab", None)) == ["a", "b"]
