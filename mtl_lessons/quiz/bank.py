"""Banks of questions, a YAML file per chapter or topic, and the references that
they cite.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import yaml

from mtl_lessons import shapes

Question = dict  # as YAML has it

FIVE = 5  # questions that the page of a chapter asks
PACKAGED = Path(__file__).parents[1] / "questions"
CHECKOUT = Path(__file__).parents[2] / "book" / "questions"


class Problem(NamedTuple):
    """What is wrong with a question, and where; `id` is empty if it is the bank
    as a whole.
    """

    file: str
    line: int
    id: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(
            filter(None, (f"{self.file}:{self.line}", self.id, self.reason))
        )


@dataclass(frozen=True)
class Bank:
    """The questions of a chapter, or of a topic that has none.

    The file, its YAML nodes (which know their lines) and its data.
    """

    path: Path
    root: yaml.Node | None
    data: dict

    @property
    def is_topic(self) -> bool:
        """Whether it has no chapter, so that its targets lie in others."""
        return "topic" in self.data

    @property
    def questions(self) -> list[Question]:
        return self.data["questions"]

    @property
    def five(self) -> list[Question]:
        """The questions that the page of a chapter asks: those that the bank
        names in `five`; without that, its first five.
        """
        by_id = {question["id"]: question for question in self.questions}
        named = self.data.get("five") or list(by_id)[:FIVE]
        return [by_id[name] for name in named]

    def line(self, key: str) -> int:
        """Where one of its keys stands in the file."""
        assert self.root is not None  # a bank that has a key is not empty
        return shapes.line_of(shapes.inside(self.root, key))

    @property
    def nodes(self) -> list[yaml.MappingNode]:
        assert self.root is not None  # an empty file has no questions either
        return next(
            value.value
            for key, value in self.root.value
            if key.value == "questions"
        )


def load(chapter: str, folder: Path | str | None = None) -> Bank:
    """The bank of a chapter, unchecked.

    Args:
        chapter: the stem of the file, such as `"concept"`.
        folder: where it lies; by default in the package or, in a checkout, in
            `book/questions`.

    Raises:
        FileNotFoundError: no such chapter; the message lists those that there
            are.
        ValueError: not YAML; the message has the line.
    """
    folder = home(folder)
    path = folder / f"{chapter}.yml"
    if not path.is_file():
        there = (
            ", ".join(sorted(file.stem for file in folder.glob("*.yml")))
            or "none"
        )
        raise FileNotFoundError(
            f"expected a chapter with questions (in {folder}: {there}), found "
            f"{chapter!r}"
        )
    return Bank(path, *shapes.parsed(path))


def title_of(chapter: str, folder: Path) -> str:
    """The title of a bank, without reading its questions; where there is none,
    the words of its name.
    """
    path = folder / f"{chapter}.yml"
    if path.is_file():
        head = path.read_text(encoding="utf-8").partition("questions:")[0]
        if title := re.search(r'^title: *"?(.+?)"?$', head, re.MULTILINE):
            return title[1]
    return chapter.replace("_", " ")


def everything(folder: Path | str | None = None) -> list[Bank]:
    """All banks of a folder (by default as for `load`), by name."""
    paths = sorted(home(folder).glob("*.yml"))
    return [load(path.stem, path.parent) for path in paths]


def home(folder: Path | str | None) -> Path:
    """Where banks lie: in `folder` or, without one, in the package or the
    checkout.
    """
    return Path(folder or (PACKAGED if PACKAGED.is_dir() else CHECKOUT))


def sources(chapter: str, folder: Path | str | None = None) -> list[str]:
    """The references that the questions of a chapter cite, by alphabet; none if
    it has none.
    """
    try:
        bank = load(chapter, folder)
    except FileNotFoundError:
        return []
    keys = {key for question in bank.questions for key in question["source"]}
    return sorted(key for key in keys if not key.startswith("cell:"))


def prefix(chapter: str) -> str:
    """How a chapter's ids and targets begin: `shared-networks-` for
    `shared_networks`.
    """
    return f"{chapter.replace('_', '-')}-"


# ---- references ----

ENTRY = re.compile(r"^@\w+\{\s*([\w-]+)\s*,(.*?)^\}", re.DOTALL | re.MULTILINE)
FIELD = re.compile(r"^\s*(\w+)\s*=\s*[{\"]?(.*?)[}\"]?,?\s*$", re.MULTILINE)


def entries(folder: Path) -> dict[str, dict[str, str]]:
    """The fields of each key of `references.bib`, beside the bank or one folder
    up.
    """
    for path in (folder / "references.bib", folder.parent / "references.bib"):
        if path.is_file():
            found = ENTRY.findall(path.read_text(encoding="utf-8"))
            return {name: dict(FIELD.findall(fields)) for name, fields in found}
    return {}


def references(folder: Path) -> dict[str, str]:
    """How each key of `references.bib` reads: `caruana1997` is `Caruana 1997`."""
    return {name: citation(fields) for name, fields in entries(folder).items()}


def citation(fields: dict[str, str]) -> str:
    """Surnames and year of a BibTeX entry: one author, two, or the first and
    "et al.".
    """
    authors = re.sub(r"[{}]", "", fields.get("author", fields.get("title", "")))
    surnames = [surname(author) for author in authors.split(" and ") if author]
    shown = (
        " and ".join(surnames) if len(surnames) < 3 else f"{surnames[0]} et al."
    )
    return f"{shown} {fields.get('year', '')}".strip()


def surname(author: str) -> str:
    """Of `Caruana, Rich` or `Rich Caruana`: `Caruana`."""
    return author.split(",")[0] if "," in author else author.split()[-1]


def addresses(folder: Path) -> dict[str, str]:
    """Where each key of `references.bib` can be read, if its entry has an
    address or a DOI.
    """
    found = {name: address(fields) for name, fields in entries(folder).items()}
    return {name: at for name, at in found.items() if at}


def address(fields: dict[str, str]) -> str:
    """Where what a BibTeX entry names can be read; "" if it does not say so."""
    if url := fields.get("url"):
        return url
    doi = fields.get("doi", "")
    return f"https://doi.org/{doi}" if doi else ""
