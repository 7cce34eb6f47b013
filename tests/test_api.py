"""The reference of the package: whatever a module exports stands on its page.

It has its call and its description there.
"""

import importlib

import pytest
from mtl_book import api

from mtl_lessons import backend  # noqa: F401  # so that chapters can be imported quietly


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "PAGES", folder)
        api.write()
    return {
        path.stem: path.read_text(encoding="utf-8") for path in folder.iterdir()
    }


def test_each_chapter_with_a_module_has_a_page(pages):
    assert {
        "concept",
        "loss_balancing",
        "three_tasks",
        "metrics",
        "world",
    } <= set(pages)
    assert set(pages) == set(api.modules())


@pytest.mark.parametrize("name", api.modules())
def test_whatever_is_exported_stands_there(name, pages):
    module = importlib.import_module(f"mtl_lessons.{name}")
    for thing in getattr(module, "__all__", []):
        if callable(getattr(module, thing)):
            assert f"\n## {thing}\n" in pages[name]


def test_a_long_call_has_a_line_for_each_parameter(pages):
    assert (
        "Binary(\n    name: str,\n    *,\n    space: str | None = None,\n"
        in pages["inputs_outputs"]
    )
    assert "def " not in pages["inputs_outputs"].split("```python")[1]


def test_a_split_keeps_what_stands_in_brackets():
    assert (
        api._split("a: dict[str, int], b=(1, 2), c")
        == "a: dict[str, int],\n    b=(1, 2),\n    c"
    )


def test_an_example_is_code():
    assert (
        api._fenced("Text.\n\n>>> f(1)\n2\n\nMore.")
        == "Text.\n\n```pycon\n>>> f(1)\n2\n```\n\nMore."
    )


def test_a_page_whose_module_is_gone_goes_and_an_unchanged_one_stays(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(api, "PAGES", tmp_path)
    (tmp_path / "gone.md").write_text("")
    api.write()
    assert not (tmp_path / "gone.md").exists()
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    api.write()
    assert written == {
        path: path.stat().st_mtime_ns for path in tmp_path.iterdir()
    }
