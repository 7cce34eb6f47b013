"""The sources of the book: each can be found, and is there for a page or a question."""

import re
from pathlib import Path

import notebooks
import pytest
from pybtex.database import parse_file

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "book" / "references.bib"
TEXT = FILE.read_text(encoding="utf-8")
KEYS = re.findall(r"^@\w+\{(.+),$", TEXT, re.MULTILINE)
ENTRIES = parse_file(str(FILE), bib_format="bibtex").entries
# books and collections from before addresses
PRINTED = {"platt1999"}


def test_every_entry_is_read_and_none_twice():
    """A comma or a brace that is missing swallows what follows."""
    assert list(ENTRIES) == KEYS
    doubled = {key for key in KEYS if KEYS.count(key) > 1}
    assert not doubled, (
        f"references.bib: expected each key once, found {doubled}"
    )


@pytest.mark.parametrize("key", KEYS)
def test_an_entry_says_who_what_when_and_where(key):
    entry = ENTRIES[key]
    wanted = {"title", "year"} - set(entry.fields)
    assert not wanted and entry.persons.get("author"), (
        f"references.bib, {key}: expected author, title and year, found no {wanted}"
    )
    assert re.fullmatch(r"(1[89]|20)\d\d", entry.fields["year"])
    assert key in PRINTED or {"doi", "url"} & set(entry.fields), (
        f"references.bib, {key}: expected a doi or a url, found neither"
    )


@pytest.mark.parametrize(
    "key", [key for key in KEYS if "doi" in ENTRIES[key].fields]
)
def test_a_doi_is_one_without_its_address(key):
    assert re.fullmatch(r"10\.\d{4,}/\S+", ENTRIES[key].fields["doi"])


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
