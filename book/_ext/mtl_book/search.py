"""The search: sections, questions, drills and terms of the book as results, by Pagefind.

A record for each is made of the pages that were written, and Pagefind makes its index of them: in
small pieces, of which a query loads the few that it needs. `book/search_terms.yml` says which words
(Chinese ones, abbreviations) mean which section. The page of the search is mounted by
`web/search.js`.
"""

import asyncio
import json
import logging as log
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from bs4 import BeautifulSoup, Tag
from pagefind.index import PagefindIndex
from sphinx.application import Sphinx

from mtl_lessons import embed, quiz
from mtl_lessons.markup import tag, to_text
from mtl_lessons.quiz.sections import titles

from . import drills, vault

BOOK = Path(__file__).resolve().parents[2]
TERMS = BOOK / "search_terms.yml"
FOLDER = "pagefind"
PAGE = "search"
SAY = embed.strings("search")
HEADING = re.compile("^h[1-4]$")
# of a page: what a reader does not search for
UNSOUGHT = (
    "script, style, form, template, .mtl-quiz, .mtl-vault, .mtl-drills, details.fold, "
    ".highlight, annotation, .headerlink, .mtl-piece"
)
# of what Pagefind writes: interfaces that this book does not use
UNUSED = "pagefind-*ui*", "pagefind-highlight.js", "wasm.unknown.pagefind"


@dataclass(frozen=True)
class Record:
    """What is found: a section, a question, or a term."""

    address: str  # from the root of the site
    kind: str  # section, question, drill or term
    title: str
    where: str  # the chapter or topic
    text: str

    def html(self) -> str:
        """As Pagefind reads it: a word in a heading or term counts ten times.

        A question is known by its beginning, which its text repeats: no title.
        """
        named = {
            "title": self.title,
            "where": self.where,
            "kind": self.kind,
            "href": self.address,
        }
        facts = tag(
            "div",
            tag("i", "", data_pagefind_filter=f"kind:{self.kind}"),
            *(
                tag("i", escape(value), data_pagefind_meta=name)
                for name, value in named.items()
            ),
            data_pagefind_ignore="index",
        )
        title = (
            tag("p", escape(self.title), data_pagefind_weight="10")
            if self.kind != "question"
            else ""
        )
        text = tag("p", escape(self.text))
        body = tag("body", facts, title, text, data_pagefind_body="")
        return f'<html lang="en">{body}</html>'


# ---- what is found ----


def records(app: Sphinx) -> Iterator[Record]:
    """All sections of all pages, all questions and drills, and all terms of the glossary."""
    out, folder = Path(app.outdir), Path(app.config.root_doc).parent
    for name in sorted(app.env.found_docs):
        if "/api/" in name or name == app.config.root_doc:
            continue
        page = out / f"{name}.html"
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        yield from sections(soup, f"{name}.html")
    for title, bank in vault.topics():
        for question in bank.questions:
            yield Record(
                f"{folder}/{vault.FOLDER}/{question['id']}.html",
                "question",
                vault.headline(question),
                title,
                " ".join(plain(question)),
            )
    for _, title, some in drills.by_chapter():
        for drill in some:
            yield Record(
                f"{folder}/{drills.FOLDER}/{drill.name}.html",
                "drill",
                drill.title,
                title,
                to_text(drill.task),
            )


def sections(soup: BeautifulSoup, address: str) -> Iterator[Record]:
    """The sections of a page, each with its own text, and the terms that it explains."""
    article = soup.find("article")
    if article is None or article.find("section") is None:
        return
    for unsought in article.select(UNSOUGHT):
        unsought.decompose()
    top = article.find(HEADING)
    where = top.get_text(" ", strip=True) if top else ""
    for section in article.find_all("section"):
        heading = section.find(HEADING, recursive=False)
        if heading is None:
            continue
        title = heading.get_text(" ", strip=True)
        text = " ".join(
            part.get_text(" ", strip=True)
            for part in section.find_all(True, recursive=False)
            if part.name != "section" and part is not heading
        )
        yield Record(
            f"{address}#{section.get('id')}", "section", title, where, text
        )
    for term in article.select("dl.glossary dt[id]"):
        yield Record(
            f"{address}#{term['id']}",
            "term",
            term.get_text(" ", strip=True),
            where,
            meaning(term),
        )


def meaning(term: Tag) -> str:
    """What a glossary says of a term."""
    entry = term.find_next_sibling("dd")
    return entry.get_text(" ", strip=True) if entry else ""


def plain(question: quiz.Question) -> Iterator[str]:
    """What a question asks, and its choices."""
    yield re.sub(r"[*`$\\]", " ", question["stem"])
    for option in question.get("options", []):
        yield re.sub(r"[*`$\\]", " ", str(option.get("text", "")))


# ---- words that mean a section ----


def is_there(page: str, section: str) -> bool:
    """Whether a page, a notebook or a text, has a section of that name."""
    path = BOOK / f"{page}.md"
    if path.is_file():
        target = f"({quiz.prefix(page)}{section})="
        return target in path.read_text(encoding="utf-8")
    return section in titles(page, BOOK / "questions")


def terms() -> list[dict]:
    """`[{"means": English, "to": address, "words": [...]}]`, from the table of terms.

    Raises:
        ValueError: an entry lacks a part, leads to no section, or a word
            stands twice.
    """
    found, seen = [], {}
    for entry in yaml.safe_load(TERMS.read_text(encoding="utf-8")):
        if set(entry) != {"means", "to", "words"}:
            raise ValueError(
                f"{TERMS.name}: expected means, to and words, found {entry}"
            )
        chapter, _, section = entry["to"].partition("#")
        if not is_there(chapter, section):
            raise ValueError(
                f"{TERMS.name}: expected to: a section, chapter#section, "
                f"found {entry['to']} in {entry['means']}"
            )
        for word in entry["words"]:
            if seen.setdefault(word.lower(), entry["means"]) != entry["means"]:
                raise ValueError(
                    f"{TERMS.name}: expected one meaning of {word}, "
                    f"found {seen[word.lower()]} and {entry['means']}"
                )
        found.append(entry)
    return found


def target(to: str) -> str:
    """`concept#checks` as an address from the root of the site."""
    chapter, _, section = to.partition("#")
    return f"book/{chapter}.html#{quiz.prefix(chapter)}{section}"


def table() -> str:
    """The table of terms as the script reads it."""
    rows = [
        {
            "means": entry["means"],
            "href": target(entry["to"]),
            "words": [word.lower() for word in entry["words"]],
        }
        for entry in terms()
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


# ---- the index and the page ----


async def index(found: list[Record], folder: Path) -> None:
    """Pagefind's index of these records.

    They are files, which it reads at once: told one by one, it waits after each.
    """
    log.getLogger("pagefind").setLevel(log.WARNING)
    config = {"output_path": str(folder), "force_language": "en"}
    with TemporaryDirectory() as files:
        for number, record in enumerate(found):
            path = Path(files, f"{number}.html")
            path.write_text(record.html(), encoding="utf-8")
        async with PagefindIndex(config=config) as made:
            await made.add_directory(files)


def write(app: Sphinx) -> None:
    """Put the index and the table of terms beside the pages."""
    folder = Path(app.outdir, FOLDER)
    shutil.rmtree(folder, ignore_errors=True)
    asyncio.run(index(list(records(app)), folder))
    for pattern in UNUSED:
        for path in folder.glob(pattern):
            path.unlink()
    (folder / "terms.json").write_text(table(), encoding="utf-8")


def page(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    """The page of the search, in place of Sphinx's own."""
    if app.builder.format == "html":
        body = tag(
            "div",
            embed.data({"strings": SAY}),
            tag("noscript", tag("p", SAY["no-script"])),
            class_="mtl-search",
            data_index=f"{FOLDER}/",
        )
        yield PAGE, {"title": SAY["title"], "body": body}, "search.html"


def without_sphinx(app: Sphinx) -> None:
    """No index of Sphinx's own, and not its page."""
    if app.builder.format == "html":
        app.builder.search = False


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", without_sphinx)
    app.connect("html-collect-pages", page)
