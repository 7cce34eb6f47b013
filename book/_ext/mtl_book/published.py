"""Notebooks on the site.

One that was not run from top to bottom, or that failed, is refused, and the cell named. Each is
published beside the site, with a button to download it, and one to open it in Colab where the
settings say where the public copy will be.
"""

import json
import posixpath
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from sphinx.application import Sphinx
from sphinx.util import logging

from mtl_lessons import __version__

from . import copies

LOGGER = logging.getLogger(__name__)


def setup(app: Sphinx) -> None:
    app.connect("env-get-outdated", refuse_unrun)


def faults(notebook: dict) -> Iterator[str]:
    """Why outputs cannot be trusted: cells not run in order from a fresh start, or that failed.

    A cell that is meant to fail carries the tag `raises-exception`.
    """
    cells = [
        (place, cell, "".join(cell["source"]).strip())
        for place, cell in enumerate(notebook["cells"], 1)
        if cell["cell_type"] == "code"
    ]
    for number, (place, cell, source) in enumerate(
        (row for row in cells if row[2]), 1
    ):
        name = f"cell {place} ({source.splitlines()[0]:.50})"
        errors = [
            output
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]
        if errors and "raises-exception" not in cell["metadata"].get(
            "tags", []
        ):
            yield f"{name}: expected no error, found {errors[0]['ename']}: {errors[0]['evalue']}"
        if cell["execution_count"] != number:
            ran = cell["execution_count"] or "not run"
            yield f"{name}: expected to be run as number {number}, found {ran}"
            return  # the cells below only follow


def notebooks(env) -> list[str]:
    """The pages of the book that are notebooks."""
    return sorted(
        name for name in env.found_docs if env.doc2path(name).endswith(".ipynb")
    )


def refuse_unrun(
    app: Sphinx, env, added: set, changed: set, removed: set
) -> list[str]:
    """Warn of every fault in every notebook, at each build, changed or not."""
    for name in notebooks(env):
        for fault in faults(
            json.loads(Path(env.doc2path(name)).read_text(encoding="utf-8"))
        ):
            LOGGER.warning("%s; run `make execute`", fault, location=name)
    return []


def colab_url(config, notebook: str) -> str | None:
    """Where Colab opens a notebook of the published site; None if it is not known where that is."""
    if not (config.mtl_repository and config.mtl_site_url):
        return None
    place = f"{config.mtl_repository}/blob/{quote(config.mtl_branch)}/{quote(notebook)}"
    return f"https://colab.research.google.com/github/{place}"


def publish(app: Sphinx) -> None:
    """Put every notebook beside the site, as a learner gets it: ready to install and to run."""
    site = app.config.mtl_site_url.rstrip("/")
    wheel = (
        f"{site}/wheels/mtl_lessons-{__version__}-py3-none-any.whl"
        if site
        else None
    )
    folder = Path(app.outdir, "notebooks")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in notebooks(app.env):
        copies.publish(
            Path(app.env.doc2path(name)),
            folder / f"{posixpath.basename(name)}.ipynb",
            wheel,
        )
