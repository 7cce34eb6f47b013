"""A page when it is shared, found, missed or found wrong.

- What it is about, in whole sentences, and a picture: `<meta>` for search engines and messengers.
- Where its source can be changed and a fault be told, where the repository is known.
- For published sites the list of all pages, and what is shown in place of one that is missing.
"""

import posixpath
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlparse
from xml.sax.saxutils import escape
from zlib import crc32

from docutils import nodes
from PIL import Image, ImageDraw, ImageFont
from sphinx.application import Sphinx

from mtl_lessons import embed, quiz
from mtl_lessons.markup import tag, to_text

from . import chapters

BOOK = Path(__file__).resolve().parents[2]
SAY = embed.strings("shared")
MOST = 200  # characters of a description
SENTENCE = re.compile(r"[.?!](?= |$)")
BRANCH = "main"  # which holds the sources
MISSING = "404"
UNLISTED = {"search.html", "offline.html", f"{MISSING}.html"}
CARDS = "cards"  # the folder of pictures
SIZE, EDGE = (1200, 630), 80
GROUND, INK = "#1b5e74", "#ffffff"

# ---- what a page is about ----


def sentences(text: str) -> str:
    """As many whole sentences of a text as a description holds.

    >>> sentences("One model. " + "Several labels " * 20)
    'One model.'
    """
    text = " ".join(text.split())
    ends = [end.end() for end in SENTENCE.finditer(text)]
    fitting = [end for end in ends if end <= MOST]
    if fitting:
        return text[: fitting[-1]]
    return f"{text[:MOST].rpartition(' ')[0]} …" if len(text) > MOST else text


def about(pagename: str, doctree: nodes.document | None) -> str:
    """What a page is about: a chapter by its bank, another by its first sentences."""
    name = posixpath.basename(pagename)
    if name in chapters.names():
        head = quiz.load(name, BOOK / "questions").data
        return sentences(to_text(head["about"]))
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        texts = paragraph.findall(nodes.Text)
        text = "".join(t for t in texts if not isinstance(t.parent, nodes.raw))
        if len(text) > MOST / 5:
            return sentences(text)
    return ""


def picture(pagename: str) -> str:
    """The picture of a page: that of its chapter, or the book's."""
    name = posixpath.basename(pagename)
    return name if name in chapters.names() else "book"


def tell(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree
) -> None:
    """Give the template what it says of a page to those who have not opened it."""
    config, name = app.config, pagename
    site = config.mtl_site_url.rstrip("/")
    if "about" not in context:  # a page that is made of no document may say it
        context["about"] = about(name, doctree)
    context["page_description"] = context["about"]
    context["say"] = SAY
    if site:
        own = "" if name == config.root_doc else f"{name}.html"
        context["pageurl"] = f"{site}/{own}"
        context["picture"] = f"{site}/{CARDS}/{picture(name)}.png"
        context["picture_size"] = SIZE
    if config.mtl_repository:
        place = f"https://github.com/{config.mtl_repository}"
        title = quote(f"{name}: ")
        context["report"] = f"{place}/issues/new?title={title}"
        if source := context.get("source") or source_of(app, name):
            context["edit"] = f"{place}/edit/{BRANCH}/{quote(source)}"


def source_of(app: Sphinx, name: str) -> str:
    """The file of a page, from the root of the repository; "" if it is made."""
    if name not in app.env.found_docs or "/api/" in name:
        return ""
    return Path(app.env.doc2path(name)).relative_to(BOOK.parent).as_posix()


# ---- pictures ----


def lines(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """A text in lines that are no wider than so many pixels."""
    found = [""]
    for word in text.split():
        longer = f"{found[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            found[-1] = longer
        else:
            found.append(word)
    return found


def card(title: str, about: str, foot: str, path: Path) -> None:
    """Draw a picture of a title, what it is about, and where it stands."""
    image = Image.new("RGB", SIZE, GROUND)
    draw = ImageDraw.Draw(image)
    top = EDGE
    for text, size in ((title, 68), (about, 42)):
        font = ImageFont.load_default(size)  # pillow brings one, in any size
        for line in lines(text, font, SIZE[0] - 2 * EDGE):
            draw.text((EDGE, top), line, font=font, fill=INK)
            top += round(1.3 * size)
        top += 28
    draw.line((EDGE, 510, SIZE[0] - EDGE, 510), fill=INK, width=3)
    draw.text((EDGE, 535), foot, font=ImageFont.load_default(34), fill=INK)
    image.save(path, optimize=True)


def draw(app: Sphinx) -> None:
    """The pictures of all chapters, and the book's."""
    folder = Path(app.outdir, CARDS)
    folder.mkdir(exist_ok=True)
    book = app.config.html_title
    card(book, SAY["kind"], "", folder / "book.png")
    for name, number in chapters.numbers().items():
        head = quiz.load(name, BOOK / "questions").data
        title = f"{number} {to_text(head['title'])}"
        path = folder / f"{name}.png"
        card(title, sentences(to_text(head["about"])), book, path)


# ---- a published site ----


def missing(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    """The page that stands for one that is not there."""
    if app.builder.format == "html":
        text = tag("p", SAY["missing-words"])
        body = tag("section", tag("h1", SAY["missing"]), text)
        yield MISSING, {"title": SAY["missing"], "body": body}, "page.html"


def sitemap(out: Path, site: str, root: str) -> str:
    """The list of all pages, the front page once."""
    pages = (path.relative_to(out).as_posix() for path in out.rglob("*.html"))
    listed = sorted({*pages} - UNLISTED - {f"{root}.html", "index.html"})
    urls = "".join(
        f"<url><loc>{escape(f'{site}/{page}')}</loc></url>\n"
        for page in ("", *listed)
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'{head}<urlset xmlns="{space}">\n{urls}</urlset>\n'


def write(app: Sphinx) -> None:
    """Put beside the pages what a published site has for its visitors and for crawlers."""
    out, site = Path(app.outdir), app.config.mtl_site_url.rstrip("/")
    lost = out / f"{MISSING}.html"
    lost.write_text(
        rooted(lost.read_text(encoding="utf-8"), urlparse(site).path or "/"),
        encoding="utf-8",
    )
    for name in ("sitemap.xml", "robots.txt"):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / CARDS, ignore_errors=True)
    if site:
        root = app.config.root_doc
        (out / "sitemap.xml").write_text(sitemap(out, site, root))
        robots = f"User-agent: *\nAllow: /\nSitemap: {site}/sitemap.xml\n"
        (out / "robots.txt").write_text(robots)
        draw(app)


def rooted(page: str, folder: str) -> str:
    """The page of `folder` as it reads elsewhere, where relative links differ.

    >>> rooted('<a href="concept.html">', "book")
    '<a href="book/concept.html">'
    >>> rooted('<a href="book/concept.html">', "/fork")
    '<a href="/fork/book/concept.html">'
    """
    return re.sub(
        r'\b(href|src|action)="(?![a-z]+:|#|/)([^"]*)"',
        lambda link: (
            f'{link[1]}="{posixpath.normpath(posixpath.join(folder, link[2]))}"'
        ),
        page,
    )


def setup(app: Sphinx) -> None:
    # what every page says: when it changes, all are written again
    said = crc32(repr((SAY, embed.strings("offline"))).encode())
    app.add_config_value("mtl_frame", said, "html", int)
    app.connect("html-collect-pages", missing)
    app.connect("html-page-context", tell, priority=850)
