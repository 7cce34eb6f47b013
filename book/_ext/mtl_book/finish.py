"""After the pages: engines, notebooks, the front page; and away with what no page uses."""

import posixpath
import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

from mtl_lessons import embed, quiz

from . import (
    addresses,
    drills,
    offline,
    published,
    quizzes,
    search,
    shared,
    trainer,
)

ROOT = Path(__file__).resolve().parents[3]
WEB = Path(embed.__file__).parent / "web"


def setup(app: Sphinx) -> None:
    app.connect("build-finished", finish, priority=900)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """After the pages: engines, notebooks, the front page; and away with what no page uses."""
    if app.builder.format != "html":
        return
    # After a warning, the next build has nothing to read and would pass in silence: read all again.
    if app._warncount:  # noqa: SLF001
        Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)
    if exception:
        return
    out, root = Path(app.outdir), app.config.root_doc
    (out / "_static" / "mtl").mkdir(exist_ok=True)
    for path in (*WEB.glob("*.css"), *WEB.glob("*.js")):
        shutil.copyfile(path, out / "_static" / "mtl" / path.name)
    # Sphinx does so only if it wrote a page
    shutil.copytree(
        ROOT / "book" / "_assets", out / "_static", dirs_exist_ok=True
    )
    trainer.write(app, quiz.everything(quizzes.QUESTIONS))
    published.publish(app)
    drills.publish(app)
    search.write(app)
    (out / "index.html").write_text(
        shared.rooted(
            (out / f"{root}.html").read_text(encoding="utf-8"),
            posixpath.dirname(root),
        ),
        encoding="utf-8",
    )
    shed(out)
    shared.write(app)
    addresses.write(out)
    offline.write(app)


def shed(out: Path) -> None:
    """Remove static files that no page and no style names: most of the theme's 7 MB."""
    pages = (page.read_text(encoding="utf-8") for page in out.rglob("*.html"))
    used = {
        posixpath.basename(name)
        for page in pages
        for name in re.findall(
            r'(?:href|src|data-bank)="[^"]*_static/([^"?#]+)', page
        )
    }
    static = out / "_static"
    # what scripts load when it is wanted
    used |= {"mark.js", "offline.js", "outline.json"}
    used |= {path.name for path in static.glob("mtl/bank-*")}
    used |= {f"{part}.js" for part in embed.modules("marks")}
    used |= {f"{part}.js" for part in embed.modules("reading")}
    used |= {f"{part}.js" for part in embed.modules("drill")}
    # what a phone shows that has installed the book
    used |= {path.name for path in static.glob("icon-*.png")}
    if drills.has_all(static):
        used.add("python_worker.js")
    for path in sorted(static.rglob("*"), reverse=True):
        folder = path.relative_to(static).parts[0]
        if "@" in folder or folder == drills.FILES:
            continue
        if path.is_file() and path.name not in used:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
