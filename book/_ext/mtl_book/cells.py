"""Cells of a notebook on its page.

- A cell with the tag `hide-input` is folded to one line: its first comment, which says to readers
  what the code below it does.
- The setup cell is for whoever runs the notebook; a page does not show it.
- A long line of code wraps, and goes on deeper than it began. What an output aligns stays aligned,
  and scrolls where it has no room.
"""

import re
from html import escape, unescape
from unicodedata import east_asian_width

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
PLAIN_NAME = "Code"  # of a fold whose cell does not begin with a comment

# ---- folds ----


class Fold(nodes.General, nodes.Element):
    """Code behind one line, the attribute `summary`."""


def visit_fold(translator, node: Fold) -> None:
    summary = f"<summary>{escape(node['summary'], quote=False)}</summary>"
    translator.body.append(f'<details class="fold">{summary}\n')


def depart_fold(translator, node: Fold) -> None:
    translator.body.append("</details>\n")


def summary(source: str) -> str:
    """What the first line of a cell says, if it is a comment; else nothing."""
    found = re.match(r"# *(\S.*)", source)
    return found[1].strip() if found else ""


def shown(source: str) -> str:
    """A cell without the comment that its fold already shows."""
    if summary(source):
        return source.partition("\n")[2].lstrip("\n")
    return source


def fold(app: Sphinx, doctree: nodes.document) -> None:
    """Fold the cells that are marked for it, and take out the setup cell."""
    for cell in list(doctree.findall(nodes.container)):
        if cell.get("nb_element") != "cell_code":
            continue
        tags = cell["cell_metadata"].get("tags", [])
        if "setup" in tags:
            cell.parent.remove(cell)
        elif mode := cell.attributes.pop("hide_mode", None):
            if mode != "input":
                LOGGER.warning(
                    "cell %s: expected a tag hide-input, remove-input or remove-cell, found one "
                    "that hides its output",
                    cell["cell_index"] + 1,
                    location=app.env.docname,
                )
            _fold_input(cell)


def _fold_input(cell: nodes.Element) -> None:
    source = next(
        (
            child
            for child in cell
            if child.get("nb_element") == "cell_code_source"
        ),
        None,
    )
    if source is None:
        return
    (code,) = source.findall(nodes.literal_block)
    folded = Fold(summary=summary(code.astext()) or PLAIN_NAME)
    text = shown(code.astext())
    code.rawsource, code[:] = text, [nodes.Text(text)]
    cell.replace(source, folded)
    folded += source


# ---- code and text, as a page lays them out ----

BLOCK = re.compile(
    r'<div class="((?:output |highlight-)[^"]*)"><div class="highlight"><pre>(.*?)</pre>',
    re.DOTALL,
)
# Two themes colour these like the text around them, or nearly; they are two thirds of a page.
PLAIN = re.compile(r'<span class="(?:n|p|w|o)">([^<]*)</span>|<span></span>')
TWICE = re.compile(r'<span class="(\w+)">([^<]*)</span><span class="\1">')
ALIGNED = re.compile(r"^.*\S(?: {2,}|\t)\S", re.MULTILINE)
FITS = 34  # columns: a line that a phone shows without a break
DEEPEST = 20  # columns to which a line is followed when it wraps


def lay_out(body: str) -> str:
    """The body of a page, with its code and its outputs ready for any width."""
    return BLOCK.sub(_laid_out, body)


def _laid_out(block: re.Match) -> str:
    kind, text = block[1], PLAIN.sub(r"\1", block[2])
    # the f before a string has its colour
    text = text.replace('class="sa"', 'class="s2"')
    while TWICE.search(text):
        text = TWICE.sub(r'<span class="\1">\2', text)
    if not kind.startswith("output "):
        text = "".join(map(_line, text.splitlines(keepends=True)))
    elif ALIGNED.search(_words(text)):
        kind += " aligned"
    return f'<div class="{kind}"><div class="highlight"><pre>{text}</pre>'


def _words(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def _line(html: str) -> str:
    """A line of code; a long one knows how deep it begins."""
    words = _words(html).rstrip("\n")
    width = sum(1 + (east_asian_width(sign) in "WF") for sign in words)
    if width <= FITS:
        return html
    depth = min(len(words) - len(words.lstrip(" ")), DEEPEST) // 4 * 4
    return f'<span class="line in-{depth}">{html}</span>'


def setup(app: Sphinx) -> None:
    app.add_node(Fold, html=(visit_fold, depart_fold))
    app.connect("doctree-read", fold)
