"""A notebook as a learner gets it: ready to install, with its quiz and figures, without MyST."""

import re
from pathlib import Path

import nbformat
from pybtex import PybtexEngine

from mtl_lessons import embed, quiz
from mtl_lessons.quiz import stored

from . import glossary

BOOK = Path(__file__).resolve().parents[2]


def publish(source: Path, target: Path, wheel_url: str | None) -> None:
    """Write the notebook as a learner gets it.

    It knows where the package is, shows its quiz and figures, and reads well without MyST.

    Args:
        wheel_url: the address of the package; without one, the setup cell says what to do.
    """
    notebook = nbformat.read(source, as_version=4)
    keys = cited(notebook, source.stem)
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace(
                'WHEEL = ""', f'WHEEL = "{wheel_url or ""}"'
            )
        elif cell.cell_type == "markdown":
            cell.source = plain(cell.source, keys)
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                _fill(output.data)
    nbformat.write(notebook, target)


# what needs its style and no script
STILL = re.compile(r'class="mtl-(figure|table|takeaway)"')


def _fill(data: dict) -> None:
    """Give an output what a stored one lacks: the questions of a quiz, the engine of a figure."""
    if asked := stored.asked(data["text/html"]):
        shown = quiz.show(*asked)
        data["text/html"], data["text/plain"] = (
            embed.carry(shown.html, "quiz"),
            shown.text,
        )
    elif 'class="mtl-explorable"' in data["text/html"]:
        data["text/html"] = embed.carry(data["text/html"], "explorable")
    elif found := STILL.search(data["text/html"]):
        data["text/html"] = embed.dress(data["text/html"], found[1])


CITATION = re.compile(r"\{cite:[pt]\}`([^`]+)`")
SOURCES = re.compile(r"```\{mtl-sources\}(.*?)\n?```", re.DOTALL)


def cited(notebook: nbformat.NotebookNode, chapter: str) -> list[str]:
    """The keys of a chapter's list of sources, by alphabet.

    Those that its text cites, those that its questions cite, and those that the list names.
    """
    text = "\n".join(cell.source for cell in notebook.cells)
    keys = {
        key.strip()
        for keys in CITATION.findall(text)
        for key in keys.split(",")
    }
    named = {key for keys in SOURCES.findall(text) for key in keys.split()}
    return sorted(keys | named | set(quiz.sources(chapter)))


def plain(text: str, keys: list[str]) -> str:
    """MyST as Markdown that any notebook shows.

    Targets, citations and terms become what that knows, and a list of `keys` is spelled out.
    """
    names = quiz.references(BOOK)
    text = re.sub(
        r"^\(([\w-]+)\)=$", r'<a id="\1"></a>', text, flags=re.MULTILINE
    )
    text = CITATION.sub(
        lambda found: (
            f"({'; '.join(names[key.strip()] for key in found[1].split(','))})"
        ),
        text,
    )
    return SOURCES.sub(lambda _: references(keys), glossary.plain(text))


def references(keys: list[str]) -> str:
    """The list of references in Markdown."""
    return PybtexEngine().format_from_file(
        str(BOOK / "references.bib"),
        style="unsrt",
        output_backend="markdown",
        citations=keys,
        bib_encoding="utf-8",
    )
