"""Figures that read well in both colour themes and on a phone.

A figure is drawn by matplotlib and shown as SVG inside the page, so that it takes the page's text colour and font, scales
with its column and needs no second picture for the dark theme::

    fig, ax = figures.new()
    ax.plot(steps, loss, label="click")
    figures.show(fig, alt="Loss of the click task falls from 0.69 to 0.41 in 300 steps.")

Black means "the colour of the text around", white means "nothing". The other colours are those of `COLOURS`: different to
colour-blind readers too, and with a contrast of at least 3:1 to a white page and to a nearly black one.
"""

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from xml.etree import ElementTree

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

from .markup import to_html

BLUE, ORANGE, GREY, GREEN, PURPLE = COLOURS = ("#1b86c4", "#d55e00", "#7f7f7f", "#008f68", "#b36a93")

STYLE = {
    "axes.facecolor": "none",
    "axes.prop_cycle": cycler(color=COLOURS, linestyle=["-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1))]),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.facecolor": "none",
    "font.size": 10,
    "lines.linewidth": 1.75,
}
SVG = {"svg.fonttype": "none", "svg.hashsalt": "mtl"}  # text as text; the same ids in every run
INK = {"#000000": "currentColor", "#ffffff": "none"}


def style():
    """A context in which matplotlib draws like the book: `with figures.style(): ...`."""
    return mpl.rc_context(STYLE)


def new(width: float = 4.4, height: float = 2.8, **subplots) -> tuple[Figure, object]:
    """A figure and its axes in the book's style, like `plt.subplots(**subplots)`.

    Sizes are in inches; 4.4 is a narrow column: on a phone of 360 px its 10 pt text is still 10 px high. The figure is
    not pyplot's, so a notebook does not show it a second time.
    """
    with style():
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(**subplots)


def show(figure: Figure, alt: str, caption: str | None = None) -> None:
    """Display `picture(figure, alt, caption)`."""
    from IPython.display import display

    display(picture(figure, alt, caption))


@dataclass(frozen=True)
class Picture:
    """A figure as HTML: SVG that a screen reader reads as `alt`, and a visible caption (Markdown) under it."""

    svg: str
    alt: str
    caption: str | None = None

    def _repr_html_(self) -> str:
        caption = f"<figcaption>{to_html(self.caption, inline=True)}</figcaption>" if self.caption else ""
        return f'<figure class="mtl-figure">{self.svg}{caption}</figure>'

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


def picture(figure: Figure, alt: str, caption: str | None = None) -> Picture:
    """The figure as SVG, the same bytes in every run; it is closed, so a notebook shows it once.

    `alt` says in a sentence or two what a reader sees: the finding, with its numbers. Raises `ValueError` without one.
    """
    if not alt.strip():
        raise ValueError("a figure needs an alt text that says what it shows, found none")
    for legend in filter(None, (axes.get_legend() for axes in figure.axes)):
        legend.set_frame_on(False)
    drawn = io.StringIO()
    with mpl.rc_context(SVG):
        figure.savefig(
            drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    return Picture(inline(drawn.getvalue(), alt), alt, caption)


# ---------------------------------------------------------------- from matplotlib's SVG to a part of a page


def inline(svg: str, alt: str) -> str:
    """A standalone SVG as an element of a page: named, scaled by its column, coloured by its theme, without inline CSS.

    Ids that are used get a prefix of their own, so that two figures of a page do not mix; all others go.
    """
    root = ElementTree.fromstring(svg)
    prefix = f"mtl-{sha256((alt + svg).encode()).hexdigest()[:8]}-"
    used = set(re.findall(r"(?:url\(|xlink:href=\")#([\w-]+)", svg))
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]  # HTML knows <svg> without its namespace
        node.attrib = dict(_attributes(node, used, prefix))
        node.text, node.tail = (node.text or "").strip() or None, None
    _tidy(root)
    width, height = (float(number) for number in root.get("viewBox").split()[2:])
    root.attrib = {
        "viewBox": root.get("viewBox"),
        "width": f"{width * 4 / 3:.0f}",  # points to CSS pixels; the page's CSS makes it smaller where there is less room
        "height": f"{height * 4 / 3:.0f}",
        "role": "img",
        "aria-label": alt,
        "fill": "currentColor",
        "font-family": "system-ui, sans-serif",
        "stroke-linejoin": "round",
    }
    return ElementTree.tostring(root, encoding="unicode")


def _attributes(node: ElementTree.Element, used: set[str], prefix: str) -> Iterator[tuple[str, str]]:
    """The attributes of a node as a page wants them: CSS as plain attributes, numbers short, ids prefixed."""
    for name, value in _plain(node.attrib):
        if name == "id":
            if value in used:
                yield name, prefix + value
        elif not value.startswith("rotate(-0 "):
            value = re.sub(r"(?<=url\(#)" if name != "href" else r"(?<=^#)", prefix, value)
            yield name, " ".join(re.sub(r"-?\d+\.\d{3,}", _short, value).split())


def _plain(attributes: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in attributes.items():
        if name != "style":
            yield name.rpartition("}")[2], INK.get(value, value)
            continue
        for part, text in re.findall(r"([\w-]+):\s*([^;]+)", value):
            if part == "font":  # the short form: style, weight, size, families
                style, weight, size = re.match(r"(italic |oblique )?(?:normal )*(bold |\d+ )?.*?([\d.]+px)", text).groups("")
                short = {"font-style": style, "font-weight": weight, "font-size": size}
                yield from ((key, word.strip()) for key, word in short.items() if word)
            elif part != "font-family":  # the page's own
                yield part, INK.get(text, text)


def _short(number: re.Match) -> str:
    value = float(number[0])
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.3g}"


def _tidy(node: ElementTree.Element) -> None:
    """Drop metadata and style sheets, and groups that hold nothing or say nothing."""
    for child in list(node):
        _tidy(child)
        empty = child.tag in ("metadata", "style", "defs", "g") and not len(child)
        if empty or child.tag == "metadata":
            node.remove(child)
        elif child.tag == "g" and not child.attrib:
            place = list(node).index(child)
            node[place : place + 1] = list(child)
