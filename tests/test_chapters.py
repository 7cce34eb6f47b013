"""The chapters on the landing page: in the order of the book, each with what it says of itself."""

import json

import pytest
from mtl_book import chapters
from notebooks import chapters as notebooks


def test_every_notebook_is_a_chapter_of_the_map():
    assert chapters.names()[0] == "concept"
    missing = {path.stem for path in notebooks()} - set(chapters.names())
    assert not missing, (
        f"_toc.yml: expected a line - file: book/NAME for {', '.join(missing)}"
    )


@pytest.mark.parametrize("name", chapters.names())
def test_a_chapter_says_what_it_asks_and_how_long_it_takes(name):
    entry = chapters.entry(name)
    if part := chapters.captions().get(name):
        entry = entry.removeprefix(f"\n{part}\n\n")
    title, rest = entry.split("\n", 1)
    number = chapters.numbers()[name]
    mark = "   - " if "." in number else f"{number}. "
    assert title.startswith(f"{mark}**[") and f"]({name}.ipynb)** " in title
    for words in (" minutes", "before you start: "):
        assert words in rest, (
            f"{name}.ipynb: expected its first cell to say{words}, found {rest}"
        )


def test_a_notebook_that_does_not_say_how_long_it_takes_is_named(
    tmp_path, monkeypatch
):
    cell = {
        "cell_type": "markdown",
        "source": ["# A title\n", "\n", "Some text."],
    }
    (tmp_path / "new.ipynb").write_text(
        json.dumps({"cells": [cell]}), encoding="utf-8"
    )
    monkeypatch.setattr(chapters, "BOOK", tmp_path)
    expected = r"new.ipynb: expected its first cell to end in \*level · time\*, found 'Some text.'"
    with pytest.raises(ValueError, match=expected):
        chapters.said_first("new")


def test_a_further_page_of_a_chapter_does_not_move_the_numbers():
    found = chapters.numbers()
    assert found["inputs_outputs"] == "4" and found["funnel"] == "4.1"
    assert found["two_tasks"] == "5"


def test_a_part_is_named_where_it_begins(tmp_path, monkeypatch):
    contents = """parts:
- chapters:
  - file: book/concept
- caption: Beyond
  numbered: true
  chapters:
  - file: book/funnel
- caption: For the interview
  chapters:
  - file: book/practice
"""
    (tmp_path / "_toc.yml").write_text(contents, encoding="utf-8")
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    assert chapters.names() == ["concept", "funnel"]
    assert chapters.captions() == {"funnel": "Beyond"}
    assert chapters.entry("concept").startswith("1. **[")
    assert chapters.entry("funnel").startswith("\nBeyond\n\n2. **[")
