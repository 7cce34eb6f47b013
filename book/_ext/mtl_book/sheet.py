"""The cheat sheet: pieces of the chapters, fetched when its page is read.

No sentence of it stands twice. `{mtl-sheet}` has four kinds:

- `minutes`: the one-minute answer of each chapter, in the order of the book. It is the cell under
  the target `<name>-one-minute-answer`; what leads on to a figure is a cell of its own;
- `formulas`: in each line, `name: section how it begins`, of a formula that stands there;
- `table SECTION`, and a title below: the first table of a section;
- `classes MODULE CLASS`, and a title below: the registered classes of a module that derive from a
  class, with the first two paragraphs of their docstrings: what it is, and its formula.

A piece is a section whose title leads to where it stands. What is missing fails the build, and the
file is named.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mtl_lessons import embed, quiz

from . import chapters, quizzes

ROOT = Path(__file__).resolve().parents[3]
BOOK, TOC = ROOT / "book", ROOT / "_toc.yml"
SAY = embed.strings("sheet")
PIECE = "mtl-piece"  # the class of a section that stands elsewhere
MOST = 330  # characters of what a docstring gives
TARGET = re.compile(r"^\((\w[\w-]*)\)=\n#+ +(.+)$", re.MULTILINE)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(?!\s)((?:\\.|[^\\$])+)\$", re.DOTALL)
TABLE = re.compile(r"^\|.*\|\n\|[-:| ]+\|\n(?:\|.*\|(?:\n|$))+", re.MULTILINE)
CITED = re.compile(r" ?\{cite:([pt])\}`([^`]+)`")

# ---- what the chapters give, as Markdown ----


def texts(notebook: Path) -> list[str]:
    """The cells of text of a notebook."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "markdown"
    ]


def minute(name: str, book: Path = BOOK) -> str:
    """The one-minute answer of a chapter.

    Raises:
        ValueError: the chapter gives none.
    """
    target = f"{quiz.prefix(name)}one-minute-answer"
    for text in texts(book / f"{name}.ipynb"):
        found = re.match(rf"\({target}\)=\n#+ [^\n]*\n(.*)", text, re.DOTALL)
        if found and found[1].strip():
            return uncited(found[1].strip(), book)
    raise ValueError(
        f"book/{name}.ipynb: expected a cell that begins with ({target})=, a "
        "heading and an answer for the cheat sheet, found none"
    )


def section(target: str, book: Path = BOOK) -> tuple[Path, str]:
    """The notebook of a section, and the text of its cells.

    Raises:
        ValueError: no chapter has it.
    """
    for path in sorted(book.glob("*.ipynb")):
        if not target.startswith(quiz.prefix(path.stem)):
            continue
        whole = "\n\n".join(texts(path))
        heads = list(TARGET.finditer(whole))
        for head, after in zip(heads, [*heads[1:], None]):
            if head[1] == target:
                end = after.start() if after else len(whole)
                return path, whole[head.end() : end]
    raise ValueError(
        f"book/cheat_sheet.md: expected a section of a chapter, found {target}"
    )


def table(target: str, book: Path = BOOK) -> str:
    """The first table of a section.

    Raises:
        ValueError: there is no such section, or it has no table.
    """
    path, text = section(target, book)
    found = TABLE.search(text)
    if not found:
        raise ValueError(
            f"book/{path.name}: expected a table under ({target})= for the "
            "cheat sheet, found none"
        )
    return uncited(found[0], book)


def formula(target: str, begins: str, book: Path = BOOK) -> str:
    """The formula of a section that begins so, as TeX.

    Raises:
        ValueError: there is no such section, or no such formula in it.
    """
    path, text = section(target, book)
    for display, inline in FORMULA.findall(text):
        tex = " ".join((display or inline).split())
        if tex.startswith(begins):
            return tex.rstrip(" .,\\")
    raise ValueError(
        f"book/{path.name}: expected a formula that begins with {begins} under "
        f"({target})= for the cheat sheet, found none"
    )


def uncited(text: str, book: Path = BOOK) -> str:
    """Markdown without its citations in parentheses: a sheet has no list of
    sources. Those that are part of a sentence become names.
    """

    def replace(found: re.Match) -> str:
        if found[1] == "p":
            return ""
        names = quiz.references(book / "questions")
        return " " + ", ".join(names[key] for key in found[2].split(","))

    return CITED.sub(replace, text)


# ---- what the modules give ----


def classes(module: Path, base: str) -> Iterator[tuple[str, str]]:
    """The registered classes below `base`, each with what its docstring says.

    Raises:
        ValueError: a docstring has no formula, or says too much before it.
    """
    tree = ast.parse(module.read_text(encoding="utf-8"))
    found = {
        node.name: node for node in tree.body if isinstance(node, ast.ClassDef)
    }
    for name, node in found.items():
        if name != base and registered(node) and derives(name, base, found):
            yield name, said(node, module)


def registered(node: ast.ClassDef) -> bool:
    return any(
        isinstance(mark, ast.Name) and mark.id == "register"
        for mark in node.decorator_list
    )


def derives(name: str, base: str, known: dict[str, ast.ClassDef]) -> bool:
    """Whether a class of a module derives from another, however far."""
    if name == base:
        return True
    parents = known[name].bases if name in known else []
    return any(
        isinstance(parent, ast.Name) and derives(parent.id, base, known)
        for parent in parents
    )


def said(node: ast.ClassDef, module: Path) -> str:
    """The first two paragraphs of a docstring, in one line."""
    parts = (ast.get_docstring(node) or "").split("\n\n")
    text = " ".join(" ".join(parts[:2]).partition(">>>")[0].split())
    if "`" in text and len(text) <= MOST:
        return text
    raise ValueError(
        f"{module.relative_to(ROOT)}: expected of the docstring of {node.name} "
        f"two paragraphs with a formula in backticks, of {MOST} characters at "
        f"most, found {len(text)}: {text!r:.60}"
    )


# ---- on the page ----


def cell(text: str) -> str:
    """Text as a cell of a table in Markdown."""
    return text.replace("|", r"\|")


def class_table(module: Path, base: str) -> str:
    """The classes of a module as a table in Markdown."""
    rows = [
        f"| **{name}** | {cell(text)} |" for name, text in classes(module, base)
    ]
    head = f"| {SAY['name']} | {SAY['what']} |\n|---|---|"
    return "\n".join([head, *rows])


class SheetDirective(SphinxDirective):
    """A part of the cheat sheet: `{mtl-sheet} minutes`."""

    required_arguments = 1
    optional_arguments = 2
    has_content = True

    def run(self) -> list[nodes.Node]:
        kind, *given = self.arguments
        makers = {
            "minutes": self.minutes,
            "formulas": self.formulas,
            "table": self.table,
            "classes": self.classes,
        }
        if kind not in makers:
            raise self.error(
                f"expected one of {', '.join(makers)}, found {kind}"
            )
        for path in (quizzes.STRINGS, quizzes.REFERENCES, TOC):
            self.env.note_dependency(str(path))
        for name in chapters.names():
            self.env.note_dependency(str(BOOK / f"{name}.ipynb"))
            self.env.note_dependency(str(BOOK / "questions" / f"{name}.yml"))
        try:
            return list(makers[kind](*given))
        except ValueError as error:
            raise self.error(str(error)) from error

    def minutes(self) -> Iterator[nodes.Node]:
        numbers = chapters.numbers()
        for name in chapters.names():
            title = quiz.load(name, BOOK / "questions").data["title"]
            link = f"[{numbers[name]} {title}]({name}.ipynb)"
            yield self.piece(f"minute-{name}", link, minute(name))

    def formulas(self) -> Iterator[nodes.Node]:
        lines = []
        for line in self.content:
            # a name may have a colon, a section and a formula have none
            name, _, place = line.rpartition(": ")
            target, _, begins = place.partition(" ")
            tex = formula(target, begins)
            lines.append(f"[{name}](#{target})\n: ${tex}$")
        yield from self.parse_text_to_nodes("\n\n".join(lines))

    def table(self, target: str) -> Iterator[nodes.Node]:
        rows, title = table(target), " ".join(self.content)
        yield self.piece(f"table-{target}", f"[{title}](#{target})", rows)

    def classes(self, module: str, base: str) -> Iterator[nodes.Node]:
        path = ROOT / "mtl_lessons" / f"{module.replace('.', '/')}.py"
        self.env.note_dependency(str(path))
        title = " ".join(self.content)
        reference = f"#api-{module.partition('.')[0]}"
        rows = class_table(path, base)
        yield self.piece(
            f"classes-{base.lower()}", f"[{title}]({reference})", rows
        )

    def piece(self, name: str, title: str, text: str) -> nodes.section:
        """A section of Markdown, under a title in Markdown."""
        found = nodes.section(ids=[name.replace("_", "-")], classes=[PIECE])
        heading = nodes.title()
        (paragraph,) = self.parse_text_to_nodes(title)
        heading += paragraph.children
        found += heading
        found += self.parse_text_to_nodes(text)
        return found


def setup(app: Sphinx) -> None:
    app.add_directive("mtl-sheet", SheetDirective)
