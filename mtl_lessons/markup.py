"""Markdown with formulas to HTML, made once in Python.

No MathJax, no script, the same in every host.

Formulas become MathML, which browsers draw by themselves. A notebook's output
cell (an iframe in Colab) has no MathJax, so TeX that is left in HTML would stay
raw there; MathML does not.
"""

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from xml.etree import ElementTree

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

# Pandoc's rules for dollars: no space just inside, no digit just after.
# So "$5 and $6" is money, not a formula.
DISPLAY = re.compile(r"\$\$((?:\\.|[^\\$`])+)\$\$", re.DOTALL)
INLINE = re.compile(r"\$(?!\s)((?:\\.|[^\\$`])+)(?<!\s)\$(?!\d)", re.DOTALL)


@cache
def math(tex: str, display: bool = False) -> str:
    """A TeX formula as a MathML element; its `alttext` holds the TeX.

    Args:
        tex: what stands between the dollars, such as `r"\\sum_i w_i L_i"`.
        display: on a line of its own, with the limits of sums above and below.

    Raises:
        ValueError: if the TeX is empty, has unbalanced braces, or uses a
            command without MathML.
    """
    try:
        check_braces(tex)
        # the converter has only the latter
        known = tex.replace("{aligned}", "{align*}")
        root = ElementTree.fromstring(
            convert(known, display="block" if display else "inline")
        )
        for node in root.iter():
            # HTML knows <math> without its namespace
            node.tag = node.tag.rpartition("}")[2]
            if node.tag == "mtext":
                node.text = re.sub(r"\\([_%$&#{}])", r"\1", node.text or "")
            elif re.match(r"\\.", node.text or ""):
                raise ValueError(f"no MathML for {node.text}")
    # the converter has a class for each mistake, and no common parent
    except Exception as error:
        raise ValueError(
            "expected TeX that MathML can show, "
            f"found ${tex}$: {str(error) or type(error).__name__}"
        ) from error
    root.set("alttext", tex.strip())
    return ElementTree.tostring(root, encoding="unicode")


def check_braces(tex: str) -> None:
    """Raise ValueError unless every `{` has its `}`.

    The converter would guess where one is missing.
    """
    depth = 0
    for brace in re.findall(r"[{}]", re.sub(r"\\.", "", tex)):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth:
        raise ValueError("braces do not balance")


def inline_math(state: StateInline, silent: bool) -> bool:
    """Rule for the parser: `$…$`, and `$$…$$` within a paragraph."""
    for pattern in (DISPLAY, INLINE):
        if found := pattern.match(state.src, state.pos, state.posMax):
            if not silent:
                token = state.push("math", "math", 0)
                token.content, token.meta = (
                    found[1],
                    {"display": pattern is DISPLAY},
                )
            state.pos = found.end()
            return True
    return False


def block_math(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Rule for the parser: `$$…$$` on lines of its own.

    It holds whatever those lines begin with (`-` and `=` mean lists and
    headings elsewhere).
    """
    text = state.getLines(start, end, state.blkIndent, keepLastLF=False)
    found = re.match(rf"\s*{DISPLAY.pattern}[ \t]*(?:\n|$)", text, re.DOTALL)
    if not found or state.is_code_block(start):
        return False
    if not silent:
        token = state.push("math", "math", 0)
        token.content, token.meta, token.block = (
            found[1],
            {"display": True},
            True,
        )
        state.line = start + found[0].rstrip("\n").count("\n") + 1
    return True


def render_math(
    _renderer: object, tokens: Sequence[Token], index: int, *_: object
) -> str:
    token = tokens[index]
    return math(token.content, **token.meta) + "\n" * token.block


def parser() -> MarkdownIt:
    """CommonMark with formulas; HTML in it is text."""
    made = MarkdownIt("commonmark", {"html": False, "typographer": True})
    made.inline.ruler.before("escape", "math", inline_math)
    made.block.ruler.before(
        "fence",
        "math",
        block_math,
        {"alt": ["paragraph", "blockquote", "list"]},
    )
    made.add_render_rule("math", render_math)
    return made


PARSER = parser()
# quotes as a book has them: "so" becomes “so”
PRINTER = parser().enable("smartquotes")


def check_formulas(text: str) -> None:
    """Raise ValueError unless every formula of a text in Markdown can be shown.

    No more than the formulas is rendered.
    """
    for block in PARSER.parse(text):
        for token in (block, *(block.children or [])):
            if token.type == "math":
                math(token.content, **token.meta)


def prose(text: str) -> str:
    """The words of a text in Markdown: without code and formulas, a line for
    each paragraph.
    """
    lines = []
    for block in PARSER.parse(text):
        words = [t.content for t in block.children or [] if t.type == "text"]
        lines.append(" ".join(words))
    return "\n".join(lines)


def to_html(text: str, inline: bool = False, as_typed: bool = False) -> str:
    """Markdown (CommonMark, with `$…$` and `$$…$$`) as HTML.

    HTML in the text is shown, never passed on.

    Args:
        text: a dollar that means money is `\\$`; dollars in code are left
            alone.
        inline: without the paragraph around it, for use inside a label or a
            legend.
        as_typed: with straight quotes, as in the message of an error.
    """
    chosen = PARSER if as_typed else PRINTER
    return chosen.renderInline(text) if inline else chosen.render(text)


def to_text(text: str) -> str:
    """Markdown as plain text: without marks, formulas as TeX in dollars.

    >>> to_text("**Ads** gain `0.2`, $x^2$.")
    'Ads gain 0.2, $x^2$.'
    """
    lines, bullet = [], ""
    for block in PARSER.parse(text):
        if block.type == "list_item_open":
            bullet = f"{block.info}. " if block.info else "- "
        elif block.type in ("inline", "fence", "code_block", "math"):
            pieces = map(_said, block.children or [block])
            lines.append(bullet + "".join(pieces).strip("\n"))
            bullet = ""
    return "\n".join(lines)


def _said(token: Token) -> str:
    if token.type == "math":
        return f"${token.content}$"
    if token.type == "image":
        return token.content
    return " " if token.type == "softbreak" else token.content


def tag(element: str, /, *children: str, **attributes: str | int | bool) -> str:
    """An HTML element.

    Attributes are escaped (`class_` is class, `data_id` is data-id, True has no
    value); children are HTML.
    """
    given = {
        key.strip("_").replace("_", "-"): value
        for key, value in attributes.items()
    }
    opening = " ".join(
        [
            element,
            *(
                key if value is True else f'{key}="{escape(str(value))}"'
                for key, value in given.items()
            ),
        ]
    )
    return (
        f"<{opening}>"
        if element == "input"
        else f"<{opening}>{''.join(children)}</{element}>"
    )
