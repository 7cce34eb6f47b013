"""The Sphinx extension of this book: what its site needs and Jupyter Book does not bring.

- Formulas become MathML at build time: no page loads a script for them.
- A notebook that was not run from top to bottom, or that failed, is refused, and the cell named.
- Pages that hold a quiz or an explorable get its engine, others do not.
- Every notebook is published beside the site, with a button to download it, and one to open it in
  Colab where the environment says where the public copy will be:

  MTL_REPOSITORY  `owner/name` on GitHub
  MTL_BRANCH      the branch that holds the built site (gh-pages)
  MTL_SITE_URL    the address of the site, where notebooks find the package

  Without repository and address there is no button: a notebook in Colab could not find the package.
- Folded cells, and code that fits any screen (cells.py).
- The reference of the package (api.py).
- The chapters on the landing page (chapters.py), and a figure on it (playable.py).
- Terms of the glossary that open in place (glossary.py).
- Questions on pages, and the sources of a chapter (quizzes.py).
- The interview trainer's pages, and what can be taken along (trainer.py, take_along.py).
- Static files that no page uses are not shipped.
"""

import json
import os
import posixpath
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree
from zlib import crc32

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

ROOT = Path(__file__).resolve().parents[2]
# the site shows the package of its own checkout, installed or not
sys.path.insert(0, str(ROOT))

import api  # noqa: E402
import cells  # noqa: E402
import chapters  # noqa: E402
import glossary  # noqa: E402
import playable  # noqa: E402
import quizzes  # noqa: E402
import take_along  # noqa: E402
import trainer  # noqa: E402

from mtl_lessons import __version__, embed, markup, quiz  # noqa: E402

WEB = ROOT / "mtl_lessons" / "web"
ENGINES = ("quiz", "explorable", *trainer.PAGES)
FIRST = "notebooks/concept.ipynb"  # the notebook to begin with
LOGGER = logging.getLogger(__name__)

# ---- formulas ----


def formula(translator, node: nodes.Element, display: bool) -> str:
    """The MathML of a math node. TeX that cannot be shown is a warning, and is shown as TeX."""
    tex = node.astext()
    if display and r"\\" in tex and r"\begin" not in tex:
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    try:
        return flat(markup.math(tex, display))
    except ValueError as error:
        LOGGER.warning(str(error), location=node)
        return f"<code>{translator.encode(tex)}</code>"


def flat(mathml: str) -> str:
    """A formula without the row around it, which `<math>` is by itself.

    Pages have hundreds of formulas, and a browser lays out every element.
    """
    root = ElementTree.fromstring(mathml)
    if len(root) == 1 and root[0].tag == "mrow":
        root[:] = root[0]
    return ElementTree.tostring(root, encoding="unicode")


def visit_math(translator, node: nodes.math) -> None:
    translator.body.append(formula(translator, node, display=False))
    raise nodes.SkipNode


def visit_math_block(translator, node: nodes.math_block) -> None:
    """A formula of its own, which scrolls if it is too wide; with its number, if it has a label."""
    body = formula(translator, node, display=True)
    number = (
        f'<span class="eqno">({get_node_equation_number(translator, node)})</span>'
        if node["number"]
        else ""
    )
    translator.body.append(
        translator.starttag(node, "div", CLASS="equation")
        + body
        + number
        + "</div>\n"
    )
    raise nodes.SkipNode


# ---- notebooks ----


def faults(notebook: dict) -> Iterator[str]:
    """Why outputs cannot be trusted: cells not run in order from a fresh start, or that failed.

    A cell that is meant to fail carries the tag `raises-exception`.
    """
    cells = [
        (place, cell, "".join(cell["source"]).strip())
        for place, cell in enumerate(notebook["cells"], 1)
        if cell["cell_type"] == "code"
    ]
    for number, (place, cell, source) in enumerate(
        (row for row in cells if row[2]), 1
    ):
        name = f"cell {place} ({source.splitlines()[0]:.50})"
        errors = [
            output
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]
        if errors and "raises-exception" not in cell["metadata"].get(
            "tags", []
        ):
            yield f"{name}: expected no error, found {errors[0]['ename']}: {errors[0]['evalue']}"
        if cell["execution_count"] != number:
            ran = cell["execution_count"] or "not run"
            yield f"{name}: expected to be run as number {number}, found {ran}"
            return  # the cells below only follow


def notebooks(env) -> list[str]:
    """The pages of the book that are notebooks."""
    return sorted(
        name for name in env.found_docs if env.doc2path(name).endswith(".ipynb")
    )


def refuse_unrun(
    app: Sphinx, env, added: set, changed: set, removed: set
) -> list[str]:
    """Warn of every fault in every notebook, at each build, changed or not."""
    for name in notebooks(env):
        for fault in faults(
            json.loads(Path(env.doc2path(name)).read_text(encoding="utf-8"))
        ):
            LOGGER.warning("%s; run `make execute`", fault, location=name)
    return []


def colab_url(config, notebook: str) -> str | None:
    """Where Colab opens a notebook of the published site; None if it is not known where that is."""
    if not (config.mtl_repository and config.mtl_site_url):
        return None
    place = f"{config.mtl_repository}/blob/{quote(config.mtl_branch)}/{quote(notebook)}"
    return f"https://colab.research.google.com/github/{place}"


def publish(app: Sphinx) -> None:
    """Put every notebook beside the site, as a learner gets it: ready to install and to run."""
    from notebooks import publish as publish_notebook

    site = app.config.mtl_site_url.rstrip("/")
    wheel = (
        f"{site}/wheels/mtl_lessons-{__version__}-py3-none-any.whl"
        if site
        else None
    )
    folder = Path(app.outdir, "notebooks")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in notebooks(app.env):
        publish_notebook(
            Path(app.env.doc2path(name)),
            folder / f"{posixpath.basename(name)}.ipynb",
            wheel,
        )


# ---- pages ----

MENDS = {  # what docutils writes that a screen reader cannot use, or a line tears
    # a deprecated role, and a list without items
    r' role="doc-biblioentry"| role="list"(?= class="citation-list")': "",
    # a heading of nothing
    r'<th class="head([^"]*)"><p></p></th>': r'<td class="head\1"></td>',
    # a link of one sign
    r'(<a class="headerlink" href="[^"]*") title="([^"]*)"': r'\1 aria-label="\2" title="\2"',
    # a comma stays in the line of its term or formula
    r'((?:<button class="term"[^>]*>[^<]*</button>|<math display="inline"(?:(?!</math>).)*</math>)'
    r"[.,;:)!?]+)": r'<span class="together">\1</span>',
}


def prepare_page(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree
) -> None:
    """Tell the template what a page holds, so that it asks for that and no more."""
    body = cells.lay_out(embed.strip(context.get("body", "")))
    for wrong, right in MENDS.items():
        body = re.sub(wrong, right, body)
    context["body"] = body
    context["engines"] = [
        name for name in ENGINES if re.search(rf'class="mtl-{name}[ "]', body)
    ]
    modules = dict.fromkeys(
        part for name in context["engines"] for part in embed.modules(name)[:-1]
    )
    # every page has that one
    context["engine_modules"] = [name for name in modules if name != "reach"]
    context["engine_styles"] = styles(body)
    if pagename in notebooks(app.env):
        notebook = context["notebook"] = (
            f"notebooks/{posixpath.basename(pagename)}.ipynb"
        )
        context["colab"] = colab_url(app.config, notebook)
        reference = f"book/api/{posixpath.basename(pagename)}"
        context["reference"] = (
            reference if reference in app.env.found_docs else None
        )
    elif pagename == app.config.root_doc and (
        first := colab_url(app.config, FIRST)
    ):
        # the door "run" opens where it can
        context["body"] = body.replace(
            'href="#run-it-yourself"', f'href="{first}"', 1
        )


def styles(body: str) -> list[str]:
    """The style sheets that a page needs, in the order in which they are read."""
    shown = set(re.findall(r'class="mtl-(\w+)[ "]', body))
    trained = {"trainer"} if shown & {*trainer.PAGES, "printable"} else set()
    sheets = [
        sheet
        for name, needed in embed.SHEETS.items()
        if name in shown | trained
        for sheet in needed
    ]
    return list(
        dict.fromkeys((["base"] if shown or "<math" in body else []) + sheets)
    )


def front_page(page: str, folder: str) -> str:
    """The page of `folder` as it reads at the top of the site, where relative links differ."""
    return re.sub(
        r'\b(href|src|action)="(?![a-z]+:|#|/)([^"]*)"',
        lambda link: (
            f'{link[1]}="{posixpath.normpath(posixpath.join(folder, link[2]))}"'
        ),
        page,
    )


def finish(app: Sphinx, exception: Exception | None) -> None:
    """After the pages: engines, notebooks, the front page; and away with what no page uses."""
    if app.builder.format != "html":
        return
    # After a warning, the next build has nothing to read and would pass in silence: read all again.
    if app._warncount:  # noqa: SLF001
        Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)
    if exception:
        return
    out, root = Path(app.outdir), app.config.root_doc
    (out / "_static" / "mtl").mkdir(exist_ok=True)
    for path in (*WEB.glob("*.css"), *WEB.glob("*.js")):
        shutil.copyfile(path, out / "_static" / "mtl" / path.name)
    # Sphinx does so only if it wrote a page
    shutil.copytree(
        ROOT / "book" / "_assets", out / "_static", dirs_exist_ok=True
    )
    trainer.write(app, quiz.everything(quizzes.QUESTIONS))
    publish(app)
    (out / "index.html").write_text(
        front_page(
            (out / f"{root}.html").read_text(encoding="utf-8"),
            posixpath.dirname(root),
        ),
        encoding="utf-8",
    )
    shed(out)


def shed(out: Path) -> None:
    """Remove static files that no page and no style names: most of the theme's 7 MB."""
    pages = (page.read_text(encoding="utf-8") for page in out.rglob("*.html"))
    used = {
        posixpath.basename(name)
        for page in pages
        for name in re.findall(
            r'(?:href|src|data-bank)="[^"]*_static/([^"?#]+)', page
        )
    }
    static = out / "_static"
    for path in sorted(static.rglob("*"), reverse=True):
        if path.is_file() and path.name not in used:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def setup(app: Sphinx) -> dict:
    for name, default in {
        "repository": "",
        "branch": "gh-pages",
        "site_url": "",
    }.items():
        app.add_config_value(
            f"mtl_{name}",
            os.environ.get(f"MTL_{name.upper()}", default),
            "html",
            str,
        )
    app.add_html_math_renderer(
        "mathml", (visit_math, None), (visit_math_block, None)
    )
    cells.setup(app)
    chapters.setup(app)
    glossary.setup(app)
    playable.setup(app)
    quizzes.setup(app)
    trainer.setup(app)
    # before the contents are read
    app.connect("config-inited", lambda *_: api.write(), priority=100)
    app.connect(
        "config-inited",
        lambda app, config: setattr(
            config, "html_baseurl", config.mtl_site_url
        ),
    )
    app.connect("env-get-outdated", refuse_unrun)
    app.connect("html-page-context", prepare_page, priority=900)
    app.connect("build-finished", finish, priority=900)
    modules = (
        sys.modules[__name__],
        embed,
        markup,
        quizzes,
        trainer,
        take_along,
        cells,
        chapters,
        glossary,
    )
    sources = [Path(module.__file__) for module in modules]
    sources += sorted(Path(quiz.__file__).parent.rglob("*.py"))
    return {
        "version": __version__,
        "env_version": crc32(
            b"".join(source.read_bytes() for source in sources)
        ),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
