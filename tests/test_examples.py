"""The examples in docstrings: each does what it shows.

Whatever a chapter's package exports has one.
"""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import mtl_lessons

CHAPTERS = (
    "concept",
    "shared_networks",
    "loss_balancing",
    "inputs_outputs",
    "two_tasks",
    "three_tasks",
)
SHARED = ("metrics", "world", "training", "stored", "figures", "datasets")
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules() -> list[str]:
    """The modules of the chapters, and those that all of them use."""
    found = []
    for name in CHAPTERS + SHARED:
        module = importlib.util.find_spec(f"mtl_lessons.{name}")
        found.append(module.name)
        if module.submodule_search_locations:
            parts = pkgutil.iter_modules(module.submodule_search_locations)
            found += [f"{module.name}.{part.name}" for part in parts]
    return found


@pytest.mark.parametrize("name", modules())
def test_examples_do_what_they_show(name, capsys):
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=LOOSE)
    assert not failed, capsys.readouterr().out


def exported() -> list[str]:
    """What a chapter's package exports, classes and functions."""
    found = []
    for chapter in CHAPTERS:
        module = importlib.import_module(f"{mtl_lessons.__name__}.{chapter}")
        names = getattr(module, "__all__", None) or _own(module)
        found += [f"{chapter}.{name}" for name in names if _is_code(getattr(module, name))]
    return found


def _own(module) -> list[str]:
    return [
        name
        for name, thing in vars(module).items()
        if name[0] != "_" and getattr(thing, "__module__", "") == module.__name__
    ]


def _is_code(thing) -> bool:
    return inspect.isclass(thing) or inspect.isfunction(thing)


@pytest.mark.parametrize("name", exported())
def test_whatever_is_exported_has_an_example(name):
    chapter, _, thing = name.partition(".")
    found = getattr(importlib.import_module(f"mtl_lessons.{chapter}"), thing)
    assert ">>> " in (found.__doc__ or ""), (
        f"{inspect.getsourcefile(found)}: expected an example (>>>) in the docstring of {thing}"
    )
