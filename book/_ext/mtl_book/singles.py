"""Pages that no file of the book stands for: one for each question, each drill, each set to print.

They have one frame and one list of chapters. A page that an earlier build has made of the same is
left as it is.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from zlib import crc32

from sphinx.application import Sphinx

BOOK = Path(__file__).resolve().parents[2]
FOLDERS = ("question", "drill", "printable")
SIDEBARS: dict[str, Callable] = {}  # of each folder, once it is made

Page = tuple[str, dict]  # its name, and what its template needs


def changed(
    app: Sphinx, folder: str, pages: Iterable[Page]
) -> Iterator[tuple[str, dict, str]]:
    """Of the pages of a folder those that have to be written.

    The file of what is no page any more is removed.
    """
    if app.builder.format != "html":
        return
    stamps = Path(app.doctreedir, f"{folder}s.json")
    known = json.loads(stamps.read_text()) if stamps.exists() else {}
    made, frame = {}, frame_of(app)
    SIDEBARS.pop(folder, None)
    for name, context in pages:
        made[name] = crc32(f"{frame}{context}".encode())
        there = Path(app.outdir, f"{name}.html").exists()
        if not there or known.get(name) != made[name]:
            yield name, context, "page.html"
    for name in known.keys() - made.keys():
        Path(app.outdir, f"{name}.html").unlink(missing_ok=True)
    stamps.write_text(json.dumps(made))


def frame_of(app: Sphinx) -> int:
    """What all these pages share, as a number: templates, code, and the list of pages."""
    texts = [*(BOOK / "_templates").glob("*.html"), BOOK.parent / "_toc.yml"]
    titles = {
        name: node.astext() for name, node in sorted(app.env.titles.items())
    }
    version = app.extensions["mtl_book"].metadata["env_version"]
    read = [text.read_bytes() for text in texts]
    config = app.config
    public = config.html_baseurl, config.mtl_repository, config.mtl_offline
    said = public, config.mtl_frame
    return crc32(f"{version}{said}{titles}{read}".encode())


def context_of(title: str, body: str, before: dict | None, after: dict | None):
    """What the template of such a page needs."""
    return {
        "title": title,
        "body": body,
        "parents": [],
        "display_toc": False,
        "prev": before,
        "next": after,
    }


def one_sidebar(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree
) -> None:
    """The pages of one folder have the same list of chapters: it is made once."""
    folder = Path(pagename).parent.name
    if folder in FOLDERS:
        if folder not in SIDEBARS:
            SIDEBARS[folder] = cache(context["toctree"])
        context["toctree"] = SIDEBARS[folder]


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", one_sidebar, priority=950)
