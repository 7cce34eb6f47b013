"""The sources of the book: each can be found, and is there for a page or a question."""

import re
from pathlib import Path

import notebooks
import pytest
from pybtex.database import BibliographyData, parse_file
from pybtex.exceptions import PybtexError

from mtl_lessons.quiz import bank

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "book" / "references.bib"
TEXT = FILE.read_text(encoding="utf-8")
KEYS = re.findall(r"^@\w+\{(.+),$", TEXT, re.MULTILINE)
# books and collections from before addresses
PRINTED = {"platt1999"}


def parsed(path: Path) -> BibliographyData:
    """The entries, as a list of sources reads them."""
    try:
        return parse_file(str(path), bib_format="bibtex")
    except PybtexError as error:
        raise ValueError(
            f"{path.name}: expected BibTeX, found: {error}"
        ) from error


ENTRIES = parsed(FILE).entries


def test_every_entry_is_read():
    """A comma or a brace that is missing swallows what follows."""
    assert list(ENTRIES) == KEYS
    read = bank.entries(FILE.parent)
    lost = [key for key in KEYS if key not in read]
    assert not lost, (
        f"references.bib, {lost}: expected the closing brace on a line of "
        "its own, where questions find their sources"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@book{a, title = {A}}\n" * 2, "repeated bibliography entry: a"),
        ("@book{a, title = {A}", "syntax error in line 1"),
    ],
)
def test_a_file_that_is_no_list_is_named(tmp_path, text, found):
    path = tmp_path / "references.bib"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        ValueError, match=f"^references.bib: expected BibTeX, found: {found}"
    ):
        parsed(path)


@pytest.mark.parametrize("key", KEYS)
def test_an_entry_says_who_what_when_and_where(key):
    entry = ENTRIES[key]
    said = {*entry.fields, *entry.persons}
    wanted = [part for part in ("author", "title", "year") if part not in said]
    assert not wanted, (
        f"references.bib, {key}: expected author, title and year, "
        f"found no {', '.join(wanted)}"
    )
    year = entry.fields["year"]
    assert re.fullmatch(r"(1[89]|20)\d\d", year), (
        f"references.bib, {key}: expected a year, found {year}"
    )
    assert key in PRINTED or {"doi", "url"} & set(entry.fields), (
        f"references.bib, {key}: expected a doi or a url, found neither"
    )


@pytest.mark.parametrize(
    "key", [key for key in KEYS if "doi" in ENTRIES[key].fields]
)
def test_a_doi_is_one_without_its_address(key):
    doi = ENTRIES[key].fields["doi"]
    assert re.fullmatch(r"10\.\d{4,}/\S+", doi), (
        f"references.bib, {key}: expected doi = {{10.…}}, found {doi}"
    )


def test_every_source_is_cited_somewhere():
    pages = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (*notebooks.chapters(), *(ROOT / "book").glob("*.md"))
    )
    drills = ROOT / "mtl_lessons" / "drills" / "tasks"
    banks = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in (ROOT / "book" / "questions", drills)
        for path in folder.glob("*.yml")
    )
    unused = [key for key in KEYS if key not in pages and key not in banks]
    assert unused == [], (
        f"references.bib: expected sources that are cited, found {unused}"
    )
