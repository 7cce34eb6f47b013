"""What the sections of the chapters are called: by a target, the heading that
stands under it.

In a checkout they are read from the notebooks themselves. A wheel has no
notebooks: `book/_ext/titles.py` puts `sections.json` into it, beside the bank.
No more than the standard library is imported here, so that the build of a
wheel can run it.
"""

import json
import re
from functools import cache
from pathlib import Path

STORED = "sections.json"
SECTION = r"^\({prefix}-([\w-]+)\)=\n+#+ +(.+?)\s*$"


def read_again(chapter: str, section: str, folder: Path) -> str:
    """The title of a section, in Markdown; the words of its target where no
    chapter has it.

    >>> from mtl_lessons.quiz.bank import home
    >>> read_again("concept", "what-is-a-task", home(None))
    'What is a task?'
    >>> read_again("concept", "not-there", home(None))
    'not there'

    Args:
        folder: where the bank lies.
    """
    return titles(chapter, folder).get(section, section.replace("-", " "))


@cache
def titles(chapter: str, folder: Path) -> dict[str, str]:
    """The titles of the sections of a chapter, in order, by their targets
    without the name of the chapter: `(concept-gain)=` is `gain`.
    """
    stored = folder / STORED
    if stored.is_file():
        return json.loads(stored.read_text(encoding="utf-8")).get(chapter, {})
    return headings(folder.parent / f"{chapter}.ipynb")


def headings(notebook: Path) -> dict[str, str]:
    """The same, of a notebook; none where there is no such file."""
    if not notebook.is_file():
        return {}
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    texts = (
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "markdown"
    )
    section = SECTION.format(prefix=notebook.stem.replace("_", "-"))
    return dict(re.findall(section, "\n\n".join(texts), re.MULTILINE))


def everywhere(book: Path) -> dict[str, dict[str, str]]:
    """The titles of all chapters of a book: what a wheel carries."""
    return {path.stem: headings(path) for path in sorted(book.glob("*.ipynb"))}
