"""Figures that read well in both colour themes and on a phone.

A figure is drawn by matplotlib and shown as SVG inside the page, so that it
takes the page's text colour and font, scales with its column and needs no
second picture for the dark theme::

    fig, ax = figures.new()
    ax.plot(steps, loss, label="click")
    ax.set(title="The loss falls fast, then slowly")
    figures.label_lines(ax)
    figures.show(fig, alt="Loss of the click task falls from 0.69 to 0.41 in 300 steps.")

The page draws it as wide as its column. Text stays as large as that of the
page: on a desk it shrinks within the drawing, so what does not collide at 4.4
inches with 10 pt does not collide anywhere.

Black means "the colour of the text around", white means "nothing". The other
colours are those of `COLOURS`: different to colour-blind readers too, and with
a contrast of at least 3:1 to a white page and to a nearly black one.
"""

import io
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from mtl_lessons import embed
from mtl_lessons.markup import to_html

BLUE = "#1b86c4"
ORANGE = "#d55e00"
GREY = "#7f7f7f"
GREEN = "#008f68"
PURPLE = "#b36a93"
COLOURS = (BLUE, ORANGE, GREY, GREEN, PURPLE)
LINE_STYLES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))

STYLE: Any = {  # matplotlib's types list each of these names
    "axes.facecolor": "none",
    "axes.prop_cycle": cycler(color=COLOURS, linestyle=LINE_STYLES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.facecolor": "none",
    "font.size": 10,
    "lines.linewidth": 1.75,
}
# text as text; the same ids in every run
SVG: Any = {"svg.fonttype": "none", "svg.hashsalt": "mtl"}
UNDATED = {"Date": None, "Creator": None, "Format": None, "Type": None}
TITLE = {"fontsize": 10.5, "fontweight": "bold"}
GAP = 5  # points between a line and its label
EM = 10  # points of text
SIDE = "mtl-side-"  # id of a group of text: at which side it is fixed
INK = {"#000000": "currentColor", "#ffffff": "none"}


def style() -> AbstractContextManager:
    """A context in which matplotlib draws like the book.

    >>> with style():
    ...     mpl.rcParams["font.size"]
    10.0
    """
    return mpl.rc_context(STYLE)


def new(
    width: float = 4.4, height: float = 2.8, **subplots: Any
) -> tuple[Figure, Any]:
    """A figure and its axes in the book's style, like
    `plt.subplots(**subplots)`.

    Sizes are in inches; 4.4 is a narrow column: on a phone of 360 px its 10 pt
    text is still 10 px high. The figure is not pyplot's, so a notebook does not
    show it a second time.

    >>> figure, (left, right) = new(ncols=2)
    >>> len(figure.axes)
    2
    """
    with style():
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(**subplots)


def label(
    axes: Axes,
    where: Line2D | tuple[float, float],
    text: str,
    color: str | None = None,
) -> Annotation:
    """Write at the end of a line, or beside a point `(x, y)`, what it is.

    The text has the colour of the line; at a point, that of the page's text.

    >>> figure, axes = new()
    >>> (line,) = axes.plot([0, 1], [0.69, 0.41])
    >>> label(axes, line, "click").xy
    (1.0, 0.41)
    """
    if isinstance(where, Line2D):
        points = np.asarray(where.get_xydata(), float)
        seen = points[np.isfinite(points).all(axis=1)]
        if not len(seen):
            raise ValueError("where: expected a line with a point, found none")
        x, y = seen[-1].tolist()
        color = color or str(to_hex(where.get_color()))
    else:
        x, y = where
    return axes.annotate(
        text,
        (x, y),
        xytext=(GAP, 0),
        textcoords="offset points",
        color=color or "black",
        va="center",
        annotation_clip=False,
    )


def label_lines(axes: Axes) -> list[Annotation]:
    """Write each line's `label=` at its end, instead of a legend.

    Labels that would touch are moved apart.

    >>> figure, axes = new()
    >>> lines = axes.plot([0, 1], [0.69, 0.41], label="click")
    >>> lines += axes.plot([0, 1], [0.69, 0.42], label="like")
    >>> [text.get_text() for text in label_lines(axes)]
    ['click', 'like']
    """
    lines = [line for line in axes.lines if str(line.get_label())[:1] != "_"]
    texts = [label(axes, line, str(line.get_label())) for line in lines]
    figure = cast(Figure, axes.figure)
    figure.draw_without_rendering()
    points = 72 / figure.dpi
    heights = [axes.transData.transform(text.xy)[1] * points for text in texts]
    for text, height, moved in zip(texts, heights, _apart(heights)):
        text.set_position((GAP, moved - height))
    return texts


def _apart(heights: Sequence[float], least: float = 12.0) -> list[float]:
    """The heights, moved as little as it takes to be so far from each other.

    >>> _apart([10, 50, 11])
    [4.5, 50.0, 16.5]
    """
    groups: list[list[int]] = []
    for index in np.argsort(heights, kind="stable").tolist():
        groups.append([index])
        while len(groups) > 1 and (
            _ends(groups[-1], heights, least)[0]
            < _ends(groups[-2], heights, least)[1] + least
        ):
            last = groups.pop()
            groups[-1] += last
    moved = dict.fromkeys(range(len(heights)), 0.0)
    for group in groups:
        lowest, _ = _ends(group, heights, least)
        moved |= {index: lowest + least * i for i, index in enumerate(group)}
    return [moved[index] for index in range(len(heights))]


def _ends(
    group: Sequence[int], heights: Sequence[float], least: float
) -> tuple[float, float]:
    """The lowest and highest place of a group that stands around its mean."""
    middle = float(np.mean([heights[index] for index in group]))
    half = least * (len(group) - 1) / 2
    return middle - half, middle + half


def show(figure: Figure, alt: str, caption: str | None = None) -> None:
    """Display `picture(figure, alt, caption)`.

    >>> figure, axes = new()
    >>> show(figure, alt="An empty figure.")
    Figure: An empty figure.
    """
    embed.display(picture(figure, alt, caption))


@dataclass(frozen=True)
class Picture:
    """A figure as HTML: SVG that a screen reader reads as `alt`.

    A visible caption (Markdown) stands under it.

    >>> Picture("<svg></svg>", alt="Nothing.")
    Figure: Nothing.
    """

    svg: str
    alt: str
    caption: str | None = None

    def _repr_html_(self) -> str:
        caption = ""
        if self.caption:
            caption = (
                f"<figcaption>{to_html(self.caption, inline=True)}</figcaption>"
            )
        html = f'<figure class="mtl-figure">{self.svg}{caption}</figure>'
        return embed.dress(html, "figure")

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


def picture(figure: Figure, alt: str, caption: str | None = None) -> Picture:
    """The figure as SVG, the same bytes in every run; it is closed, so a
    notebook shows it once.

    `alt` says in a sentence or two what a reader sees: the finding, with its
    numbers. Raises `ValueError` without one.

    >>> figure, axes = new()
    >>> line = axes.plot([0, 1], [0.69, 0.41])
    >>> picture(figure, alt="The loss falls from 0.69 to 0.41.").alt
    'The loss falls from 0.69 to 0.41.'
    """
    if not alt.strip():
        raise ValueError(
            "alt: expected an alt text that says what the figure shows, found "
            "none"
        )
    for axes in figure.axes:
        axes.title.set(**TITLE)
        legend = axes.get_legend()
        if legend:
            legend.set_frame_on(False)
    figure.draw_without_rendering()  # the texts of ticks come with it
    for text in figure.findobj(Text):
        if _is_placed_by_its_start(text) and text.get_gid() is None:
            text.set_gid(SIDE + text.get_horizontalalignment())
    drawn = io.StringIO()
    with mpl.rc_context(SVG):
        figure.savefig(drawn, format="svg", transparent=True, metadata=UNDATED)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    return Picture(inlined(drawn.getvalue(), alt), alt, caption)


def _is_placed_by_its_start(text: Text) -> bool:
    """Whether matplotlib's SVG forgets where a text is fixed: if it has
    formulas or lines, or is turned.
    """
    words, turn = text.get_text(), text.get_rotation()
    return bool(re.search(r"\n|\$", words)) or bool(
        turn % 360 and text.get_rotation_mode() == "default"
    )


# --------------------------------------------------- an SVG as a part of a page


def inlined(svg: str, alt: str) -> str:
    """A standalone SVG as an element of a page.

    It is named, scaled by its column, coloured by its theme, and without inline
    CSS. Ids that are used get a prefix of their own, so that two figures of a
    page do not mix; all others go.
    """
    root = ElementTree.fromstring(svg)
    prefix = f"mtl-{sha256((alt + svg).encode()).hexdigest()[:8]}-"
    used = set(re.findall(r"(?:url\(|xlink:href=\")#([\w-]+)", svg))
    for node in root.iter():
        # HTML knows <svg> without its namespace
        node.tag = node.tag.rpartition("}")[2]
        node.attrib = dict(_attributes(node, used, prefix))
        node.text = (node.text or "").strip() or None
        node.tail = None
    _tidy(root)
    _free_texts(root)
    box = root.attrib["viewBox"]
    width, height = (float(number) for number in box.split()[2:])
    root.attrib = {
        "viewBox": box,
        # points to CSS pixels; the page's CSS makes it smaller where there is
        # less room
        "width": f"{width * 4 / 3:.0f}",
        "height": f"{height * 4 / 3:.0f}",
        "role": "img",
        "aria-label": alt,
        "fill": "currentColor",
        "font-family": "system-ui, sans-serif",
        "stroke-linejoin": "round",
    }
    return ElementTree.tostring(root, encoding="unicode")


def _attributes(
    node: ElementTree.Element, used: set[str], prefix: str
) -> Iterator[tuple[str, str]]:
    """The attributes of a node as a page wants them.

    CSS becomes plain attributes, numbers are short, ids have a prefix.
    """
    for name, value in _plain(node.attrib):
        if name == "id":
            if value in used:
                yield name, prefix + value
            elif value.startswith(SIDE):
                yield "class", "mtl-" + value.removeprefix(SIDE)
        elif name == "stroke-width":
            # of the text: on a wide page both are thinner in the drawing
            yield name, f"{float(value) / EM:.3g}em"
        elif not value.startswith("rotate(-0 "):
            reference = r"(?<=^#)" if name == "href" else r"(?<=url\(#)"
            prefixed = re.sub(reference, prefix, value)
            short = re.sub(r"-?\d+\.\d{3,}", _short, prefixed)
            yield name, " ".join(short.split())


def _plain(attributes: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names without a namespace, and each property of a `style` as an
    attribute.
    """
    for name, value in attributes.items():
        if name != "style":
            yield name.rpartition("}")[2], INK.get(value, value)
            continue
        for key, text in re.findall(r"([\w-]+):\s*([^;]+)", value):
            if key == "font":
                yield from _font(text)
            elif key != "font-family":  # the page's own
                yield key, INK.get(text, text)


FONT = re.compile(r"(italic |oblique )?(?:normal )*(bold |\d+ )?.*?([\d.]+px)")


def _font(text: str) -> Iterator[tuple[str, str]]:
    """CSS' short form, `style weight size families`, without the families."""
    found = FONT.match(text)
    words = found.groups("") if found else ()
    for key, word in zip(("font-style", "font-weight", "font-size"), words):
        if word:
            yield key, word.strip()


def _short(number: re.Match) -> str:
    value = float(number[0])
    if abs(value) < 1:
        return f"{value:.3g}"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _tidy(node: ElementTree.Element) -> None:
    """Drop metadata and style sheets, and groups that hold nothing or say
    nothing.
    """
    for child in list(node):
        _tidy(child)
        empty = child.tag in ("metadata", "style", "defs", "g") and not len(
            child
        )
        if empty or child.tag == "metadata":
            node.remove(child)
        elif child.tag == "g" and not child.attrib:
            at = list(node).index(child)
            node[at : at + 1] = list(child)


MOVED = re.compile(r"translate\((\S+) (\S+)\)")


def _free_texts(node: ElementTree.Element) -> None:
    """Take `transform` from texts, so that a page may scale them in place.

    Moves become `x` and `y`, turns go to a group around the text.
    """
    for place, child in enumerate(node):
        _free_texts(child)
        change = child.get("transform")
        if child.tag != "text" or not change:
            continue
        del child.attrib["transform"]
        if moved := MOVED.fullmatch(change):
            child.attrib |= dict(zip("xy", moved.groups()))
        else:
            node[place] = ElementTree.Element("g", {"transform": change})
            node[place].append(child)
