"""Formulas as MathML, made at build time: no page loads a script for them."""

from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from mtl_lessons import markup

LOGGER = logging.getLogger(__name__)


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer(
        "mathml", (visit_math, None), (visit_math_block, None)
    )


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
