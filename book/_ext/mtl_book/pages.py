"""A page before it is written: mended, and told which engines and styles it needs."""

import posixpath
import re

from sphinx.application import Sphinx

from mtl_lessons import embed

from . import cells, outline, published, trainer

ENGINES = (
    "quiz",
    "explorable",
    "vault",
    "drills",
    "drill",
    "printable",
    "search",
    "offline",
    *trainer.PAGES,
)
# No script but our own files, nothing inline, nothing from elsewhere; forms go nowhere but to the
# search.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
}
# What a page of a drill may do besides: run Python, which is WebAssembly, in a worker. A worker
# that is a blob has the policy of its page; one that is a file of the site would have none.
RUNS = {
    "script-src": "'self' 'wasm-unsafe-eval'",
    "worker-src": "'self' blob:",
}
RUNNERS = {"drill", "practice", "interview"}  # which ask for code
FIRST = "notebooks/concept.ipynb"  # the notebook to begin with


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", prepare, priority=900)


MENDS = {  # what docutils writes that a screen reader cannot use, or a line tears
    # a deprecated role, and a list without items
    r' role="doc-biblioentry"| role="list"(?= class="citation-list")': "",
    # a heading of nothing
    r'<th class="head([^"]*)"><p></p></th>': r'<td class="head\1"></td>',
    # a link of one sign; the list of sections leads to the same places by keyboard
    r'(<a class="headerlink" href="[^"]*") title="([^"]*)"': (
        r'\1 tabindex="-1" aria-label="\2" title="\2"'
    ),
    # a comma stays in the line of its term or formula
    r'((?:<button class="term"[^>]*>[^<]*</button>|<math display="inline"(?:(?!</math>).)*</math>)'
    r"[.,;:)!?]+)": r'<span class="together">\1</span>',
}


def policy(runs: bool = False) -> str:
    """The Content-Security-Policy of a page, which `runs` drills or does not."""
    rules = POLICY | (RUNS if runs else {})
    return "; ".join(f"{name} {allowed}" for name, allowed in rules.items())


def prepare(
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
    context["policy"] = policy(runs=bool(RUNNERS & {*context["engines"]}))
    modules = dict.fromkeys(
        part for name in context["engines"] for part in embed.modules(name)[:-1]
    )
    # every page has that one
    context["engine_modules"] = [name for name in modules if name != "reach"]
    context["engine_styles"] = styles(body)
    if pagename in published.notebooks(app.env):
        notebook = context["notebook"] = (
            f"notebooks/{posixpath.basename(pagename)}.ipynb"
        )
        context["colab"] = published.colab_url(app.config, notebook)
        path = outline.BOOK / f"{posixpath.basename(pagename)}.ipynb"
        context["sections"] = [one.id for one in outline.sections(path)]
        reference = f"book/api/{posixpath.basename(pagename)}"
        context["reference"] = (
            reference if reference in app.env.found_docs else None
        )
    elif pagename == app.config.root_doc and (
        first := published.colab_url(app.config, FIRST)
    ):
        # the door "run" opens where it can
        context["body"] = body.replace(
            'href="#run-it-yourself"', f'href="{first}"', 1
        )


def styles(body: str) -> list[str]:
    """The style sheets that a page needs, in the order in which they are read."""
    shown = set(re.findall(r'class="mtl-(\w+)[ "]', body))
    trained = {"trainer"} if shown & {*trainer.PAGES, "printed"} else set()
    sheets = [
        sheet
        for name, needed in embed.SHEETS.items()
        if name in shown | trained
        for sheet in needed
    ]
    return list(
        dict.fromkeys((["base"] if shown or "<math" in body else []) + sheets)
    )
