"""The Sphinx extension of this book: what its site needs and Jupyter Book does not bring.

- Formulas become MathML at build time (formulas.py).
- Notebooks are refused if they were not run, and published beside the site (published.py); what a
  learner gets is made in copies.py.
- Folded cells, and code that fits any screen (cells.py).
- The reference of the package (api.py).
- The chapters on the landing page (chapters.py), and a figure on it (playable.py).
- Terms of the glossary that open in place (glossary.py).
- Questions on pages, and the sources of a chapter (quizzes.py).
- The interview trainer's pages, and what can be taken along (trainer.py, take_along.py,
  printable.py).
- What the book consists of, for what shows how far a reader is (outline.py).
- The cheat sheet, made of pieces of the chapters (sheet.py).
- Each question at an address of its own, and the list of all (vault.py).
- Each coding drill at one, the list of all, and the Python that judges them (drills.py).
- The search: sections, questions and terms (search.py).
- Each page gets the engines and styles that it needs, and no other (pages.py).
- Each page says what it is when it is shared, and where a fault is reported (shared.py).
- Static files that no page uses are not shipped (finish.py); scripts and styles have addresses
  that tell their content (addresses.py).
- Published pages can be read without a network (offline.py).

Where the public copy will be is said by the environment:

  MTL_REPOSITORY  `owner/name` on GitHub
  MTL_BRANCH      the branch that holds the built site (gh-pages)
  MTL_SITE_URL    the address of the site, where notebooks find the package
  MTL_VENDOR      the folder of what runs drills in a browser (_build/vendor, made by `make book`)
  MTL_OFFLINE     `no`: its pages are not kept for reading without a network

Without repository and address there is no button for Colab: a notebook there could not find the
package.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
# the site shows the package of its own checkout, installed or not
sys.path.insert(0, str(HERE.parents[2]))

from mtl_lessons import __version__, embed, markup, quiz  # noqa: E402

from . import (  # noqa: E402
    api,
    cells,
    chapters,
    drills,
    finish,
    formulas,
    glossary,
    offline,
    pages,
    playable,
    printable,
    published,
    quizzes,
    search,
    shared,
    sheet,
    singles,
    trainer,
    vault,
)

PARTS = (
    formulas,
    cells,
    chapters,
    glossary,
    playable,
    quizzes,
    sheet,
    trainer,
    vault,
    printable,
    drills,
    singles,
    search,
    published,
    shared,
    offline,
    pages,
    finish,
)
SETTINGS = {
    "repository": "",
    "branch": "gh-pages",
    "site_url": "",
    "vendor": "_build/vendor",
    "offline": "yes",
}


def setup(app: Sphinx) -> dict:
    for name, default in SETTINGS.items():
        value = os.environ.get(f"MTL_{name.upper()}", default)
        app.add_config_value(f"mtl_{name}", value, "html", str)
    for part in PARTS:
        part.setup(app)
    # before the contents are read
    app.connect("config-inited", lambda *_: api.write(), priority=100)
    app.connect("config-inited", set_address)
    code = b"".join(source.read_bytes() for source in sources())
    return {
        "version": __version__,
        "env_version": crc32(code),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def set_address(app: Sphinx, config) -> None:
    config.html_baseurl = config.mtl_site_url
    if config.mtl_site_url and config.mtl_repository:
        app.tags.add("published")  # there is a button for Colab


def sources() -> Iterator[Path]:
    """What pages are made with: when it changes, all are built again."""
    yield from sorted(HERE.glob("*.py"))
    yield from sorted(Path(quiz.__file__).parent.rglob("*.py"))
    for module in (embed, markup):
        yield Path(module.__file__)
