"""The cheat sheet's pieces: from chapters and docstrings, none of them written twice."""

import json
import re

import pytest
from mtl_book import chapters, sheet

WEIGHTINGS = sheet.ROOT / "mtl_lessons" / "loss_balancing" / "weightings.py"
NETWORKS = sheet.ROOT / "mtl_lessons" / "shared_networks" / "networks.py"


def book_of(folder, *texts, name="new"):
    """A book of one chapter with these cells of text."""
    cells = [{"cell_type": "markdown", "source": [text]} for text in texts]
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", chapters.names())
def test_every_chapter_gives_its_minute_and_no_pointer_to_a_figure(name):
    text = sheet.minute(name)
    assert 60 <= len(text.split()) <= 160, (
        f"book/{name}.ipynb: expected a one-minute answer of 60 to 160 words, "
        f"found {len(text.split())}"
    )
    assert "**" in text and "{cite" not in text
    assert not re.search(r"Guess|this page|[Bb]elow|figure|The map", text), (
        f"book/{name}.ipynb: expected what leads to a figure in a cell of its "
        f"own, found it in the one-minute answer"
    )


def test_a_minute_is_the_cell_under_its_target(tmp_path):
    text = "(new-one-minute-answer)=\n## A minute\n\n**It helps** {cite:p}`a`.\n\nMore."
    book = book_of(tmp_path, "# Title", text, "Guess first.")
    assert sheet.minute("new", book) == "**It helps**.\n\nMore."


@pytest.mark.parametrize(
    "cell", ["## A minute\n\nText.", "(new-one-minute-answer)=\n## A minute\n"]
)
def test_a_chapter_that_gives_nothing_is_named(tmp_path, cell):
    expected = r"book/new.ipynb: expected a cell that begins with \(new-one-minute-answer\)="
    with pytest.raises(ValueError, match=expected):
        sheet.minute("new", book_of(tmp_path, cell))


SECTION = (
    "(new-a)=\n## A\n\nWith $a$ and $b = 1$.\n\n$$ x = \\frac{1}{2}, $$",
    "| a | b |\n|---|---|\n| 1 {cite:p}`k` | $c$ |\n\n| z |\n|---|\n| 2 |",
    "(new-b)=\n## B\n\n$c = 2$",
)


def test_a_formula_is_found_in_its_section_by_how_it_begins(tmp_path):
    book = book_of(tmp_path, *SECTION)
    assert sheet.formula("new-a", "b", book) == "b = 1"
    assert sheet.formula("new-a", "x", book) == r"x = \frac{1}{2}"
    expected = r"book/new.ipynb: expected a formula that begins with c = under \(new-a\)="
    with pytest.raises(ValueError, match=expected):
        sheet.formula("new-a", "c =", book)
    with pytest.raises(ValueError, match=r"cheat_sheet.md: .* found new-z"):
        sheet.formula("new-z", "x", book)


def test_a_table_is_the_first_of_its_section(tmp_path):
    book = book_of(tmp_path, *SECTION)
    table = "| a | b |\n|---|---|\n| 1 | $c$ |\n"
    assert sheet.table("new-a", book) == table
    expected = r"book/new.ipynb: expected a table under \(new-b\)="
    with pytest.raises(ValueError, match=expected):
        sheet.table("new-b", book)


@pytest.mark.parametrize(
    ("module", "base", "names"),
    [
        (
            WEIGHTINGS,
            "Weighting",
            "Equal Fixed Uncertainty RLW DWA GradNorm FAMO Bounded",
        ),
        (
            NETWORKS,
            "Network",
            "SharedBottom CrossStitch MMoE OMoE PLE CGC AdaTT",
        ),
    ],
)
def test_every_registered_class_stands_on_the_sheet(module, base, names):
    found = dict(sheet.classes(module, base))
    assert list(found) == names.split()
    assert all(">>>" not in text for text in found.values())


def module_of(folder, monkeypatch, docstring):
    monkeypatch.setattr(sheet, "ROOT", folder)
    path = folder / "methods.py"
    lines = ["class Base: ...", "@register", "class New(Base):"]
    body = [f'    """{docstring}"""', "class Unregistered(Base): ..."]
    path.write_text("\n".join([*lines, *body]), encoding="utf-8")
    return path


def test_a_class_gives_two_paragraphs_of_its_docstring(tmp_path, monkeypatch):
    text = "What\n    it is.\n\n    `|w| = 1`.\n\n    More."
    path = module_of(tmp_path, monkeypatch, text)
    assert dict(sheet.classes(path, "Base")) == {
        "New": "What it is. `|w| = 1`."
    }
    assert sheet.class_table(path, "Base").endswith(
        r"| **New** | What it is. `\|w\| = 1`. |"
    )


@pytest.mark.parametrize("text", ["No formula.", "`x` " + "and more " * 60])
def test_a_docstring_that_does_not_fit_is_named(tmp_path, monkeypatch, text):
    path = module_of(tmp_path, monkeypatch, text)
    expected = "methods.py: expected of the docstring of New two paragraphs"
    with pytest.raises(ValueError, match=expected):
        list(sheet.classes(path, "Base"))


def test_citations_in_a_sentence_become_names():
    text = (
        "That of {cite:t}`caruana1997` helps {cite:p}`ma2018mmoe,tang2020ple`."
    )
    assert sheet.uncited(text) == "That of Caruana 1997 helps."
