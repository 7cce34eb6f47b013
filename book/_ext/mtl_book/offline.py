"""The book without a network, in published builds: a service worker, a manifest, a page.

What a worker of an earlier build has kept is gone when the site is built with `MTL_OFFLINE=no`.
"""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from sphinx.application import Sphinx

from mtl_lessons import embed
from mtl_lessons.markup import tag

from . import trainer

ASSETS = Path(__file__).resolve().parents[2] / "_assets"
PAGE = "offline"
WORKER = "worker.js"
MANIFEST = "site.webmanifest"
SAY = embed.strings("offline")
ICONS = {"icon-192": "any", "icon-512": "any", "icon-maskable": "maskable"}
COLOUR = "#1b5e74"  # that of the icons
EDITION = re.compile(r'(<meta name="edition" content=")\w*(">)')
ASKED = re.compile(r'(?:href|src)="([^"]*_static/[^"]+)"')
IMPORTED = re.compile(r'"\./([\w/-]+\.js\?v=\w+)"')
# what an edition is made of: the worker itself and what is downloaded are not read
READ = {".html", ".css", ".js", ".json", ".svg", ".png"}


def wanted(config) -> bool:
    """Whether a build has it: it is published, and its publisher has not said no."""
    return bool(config.mtl_site_url) and config.mtl_offline != "no"


def page(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    """The page that says what is kept, and takes the place of one that is not."""
    if app.builder.format == "html" and wanted(app.config):
        root = tag(
            "div",
            embed.data({"strings": SAY}),
            class_="mtl-offline",
            role="group",
            aria_label=SAY["title"],
        )
        text = [tag("h1", SAY["title"]), tag("p", SAY["about"]), root]
        body = tag(
            "section", *text, tag("noscript", tag("p", SAY["no-script"]))
        )
        yield PAGE, {"title": SAY["title"], "body": body}, "page.html"


def tell(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree
) -> None:
    context["offline"] = wanted(app.config)
    context["say_offline"] = SAY


def shell(out: Path) -> list[str]:
    """What is kept from the start: the trainer, and all scripts and styles.

    Addresses from the root of the site, sorted.
    """
    pages = ["index.html", f"{PAGE}.html"]
    pages += [f"book/{name}.html" for name in trainer.PAGES]
    texts = [path.read_text(encoding="utf-8") for path in out.rglob("*.html")]
    linked = {
        address[address.index("_static/") :]
        for text in texts
        for address in ASKED.findall(text)
        if "@" not in address  # a large file, which waits until it is used
    }
    version = re.search(
        r"bank\.json(\?v=\w+)",
        (out / pages[-1]).read_text(encoding="utf-8"),
    )[1]
    bank = {
        f"_static/mtl/{path.name}{version}"
        for path in out.glob("_static/mtl/bank*.json")
    }
    scripts = list(out.glob("_static/**/*.js"))
    imported = {
        f"{script.parent.relative_to(out).as_posix()}/{name}"
        for script in scripts
        for name in IMPORTED.findall(script.read_text(encoding="utf-8"))
    }
    return sorted({*pages, *linked, *bank, *imported})


def edition(out: Path) -> str:
    """What stands for a whole site: another word if anything that is read has changed."""
    found = sha256()
    for path in sorted(out.rglob("*")):
        if path.suffix in READ and path.name != WORKER:
            text = EDITION.sub(r"\1\2", path.read_text("latin-1"))
            found.update(f"{path.relative_to(out)}\n{text}".encode("latin-1"))
    return found.hexdigest()[:12]


def write_worker(out: Path) -> None:
    """Write the worker of a built site, and on each page of which edition it is."""
    name = edition(out)
    for path in out.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if (new := EDITION.sub(rf"\g<1>{name}\2", text)) != text:
            path.write_text(new, encoding="utf-8")
    folders = sorted(
        f"{path.relative_to(out).as_posix()}/"
        for path in out.glob("_static/*@*/")
    )
    build = {"edition": name, "shell": shell(out), "folders": folders}
    text = (ASSETS / WORKER).read_text(encoding="utf-8")
    (out / WORKER).write_text(
        f"const BUILD = {json.dumps(build, indent=1)};\n\n{text}",
        encoding="utf-8",
    )


def manifest(config) -> dict:
    """What a phone reads that installs the book; its addresses are relative to the site's root."""
    icons = [
        {
            "src": f"_static/{name}.png",
            "sizes": "192x192" if name == "icon-192" else "512x512",
            "type": "image/png",
            "purpose": purpose,
        }
        for name, purpose in ICONS.items()
    ]
    return {
        "name": config.html_title,
        "short_name": SAY["short-name"],
        "description": SAY["description"],
        "lang": config.language,
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": COLOUR,
        "icons": icons,
    }


def write(app: Sphinx) -> None:
    """Put worker and manifest at the root of the site; elsewhere, what takes them away."""
    out = Path(app.outdir)
    for name in (WORKER, MANIFEST):
        (out / name).unlink(missing_ok=True)
    if wanted(app.config):
        write_worker(out)
        text = json.dumps(manifest(app.config), ensure_ascii=False, indent=1)
        (out / MANIFEST).write_text(text, encoding="utf-8")
        return
    (out / f"{PAGE}.html").unlink(missing_ok=True)
    if app.config.mtl_site_url:
        text = (ASSETS / f"no-{WORKER}").read_text(encoding="utf-8")
        (out / WORKER).write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    app.connect("html-collect-pages", page)
    app.connect("html-page-context", tell, priority=800)
