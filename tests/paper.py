"""A page as a browser prints it, and how much stands on each sheet of paper."""

import re
import zlib

A4, LETTER = "A4", "Letter"
WIDTH = 672  # px between the margins of A4, as a chapter sets them
OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
CONTENT = re.compile(rb"/Contents (\d+) 0 R")
STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
DRAWN = re.compile(rb"\b(?:Tj|TJ|Do)\b")


def printed(page, size: str = A4) -> list[int]:
    """The sheets that a page fills: of each, how many texts and pictures are drawn.

    A page number alone is one text.
    """
    objects = dict(OBJECT.findall(page.pdf(format=size)))
    sheets = [body for body in objects.values() if PAGE.search(body)]
    return [drawn(objects[CONTENT.search(body)[1]]) for body in sheets]


def drawn(body: bytes) -> int:
    stream = STREAM.search(body)[1]
    if b"/FlateDecode" in body:
        stream = zlib.decompress(stream)
    return len(DRAWN.findall(stream))


def on_paper(page) -> None:
    """Lay a page out as paper of this width has it, until `afterprint`."""
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": WIDTH, "height": 900})


def off_paper(page) -> None:
    page.emulate_media(media="null")
    page.evaluate("dispatchEvent(new Event('afterprint'))")


# What is wider than the paper, or cut by what holds it.
WIDER = """() => {
  const wide = document.documentElement.clientWidth + 1;
  const seen = (node) => node.checkVisibility() && !node.closest(".mtl-unseen");
  const cut = (node) => node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0
    && getComputedStyle(node).overflowX !== "visible";
  return [...document.querySelectorAll("main *")].filter((node) => seen(node)
    && (node.getBoundingClientRect().right > wide || (node instanceof HTMLElement && cut(node))))
    .map((node) => node.outerHTML.slice(0, 120)); }"""
