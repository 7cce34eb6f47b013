"""The examples in docstrings: each does what it shows.

Whatever a chapter's package exports has one.
"""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest
from mtl_book import chapters

import mtl_lessons

LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules() -> list[str]:
    """All of the package, but for what is run and what learners fill in."""
    walk = pkgutil.walk_packages(mtl_lessons.__path__, "mtl_lessons.")
    return [
        name
        for _, name, _ in walk
        if not re.search(r"\.(__main__|starter_\w+)$", name)
    ]


@pytest.mark.parametrize("name", modules())
def test_examples_do_what_they_show(name, capsys):
    failed, _ = doctest.testmod(
        importlib.import_module(name), optionflags=LOOSE
    )
    assert not failed, capsys.readouterr().out


def exported() -> list[str]:
    """What a chapter's package exports, classes and functions."""
    found = []
    for chapter, number in chapters.numbers().items():
        if "." in number:  # a further page, of the same package
            continue
        module = importlib.import_module(f"{mtl_lessons.__name__}.{chapter}")
        names = getattr(module, "__all__", None) or _own(module)
        found += [
            f"{chapter}.{name}"
            for name in names
            if _is_code(getattr(module, name))
        ]
    return found


def _own(module) -> list[str]:
    return [
        name
        for name, thing in vars(module).items()
        if name[0] != "_"
        and getattr(thing, "__module__", "") == module.__name__
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
