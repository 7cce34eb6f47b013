"""What tests ask of a figure to play with: is its HTML well formed, what does a browser show?"""

import re
from collections.abc import Sequence
from html import unescape
from html.parser import HTMLParser

from mtl_lessons.explorables import Explorable, Point

# Turns the dials to each list of positions, and collects what stands in the panel.
TURN = """(figure, positions) => {
  const dials = [...figure.querySelectorAll("fieldset input, fieldset select")];
  const panel = figure.querySelector(".mtl-panel");
  const [words, drawing] = [panel.querySelector("p"), panel.querySelector(":scope > div")];
  return positions.map((at) => {
    at.forEach((position, i) => { dials[i].value = position; });
    dials[0].dispatchEvent(new Event("input", { bubbles: true }));
    return [words.innerHTML, drawing.innerHTML];
  });
}"""


def turned(
    figure, explorable: Explorable, points: Sequence[Point]
) -> list[tuple[str, str]]:
    """Words and drawing that a browser shows at each point; it stays at the last one."""
    positions = [
        [axis.values.index(point[axis.name]) for axis in explorable.axes]
        for point in points
    ]
    return [
        (unescape(words), unescape(drawing))
        for words, drawing in figure.evaluate(TURN, positions)
    ]


def as_browsers_write(svg: str) -> str:
    """A drawing as a browser gives it back: no element closes itself, and quotes are double."""
    return unescape(
        re.sub(r"<(\w+)([^>]*)/>", r"<\1\2></\1>", svg.replace("'", '"'))
    )


class Tags(HTMLParser):
    """Every tag with its attributes; fails if one is not closed in its place."""

    def __init__(self, html: str):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
