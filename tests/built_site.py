"""The site, built once for the tests of a file, and a browser that visits it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from access import PATIENCE
from browser import watch
from serve import serving

ROOT = Path(__file__).resolve().parents[1]
# what `make book` has made for the drills, as `vendor.py` says
VENDOR = ROOT / "_build" / "vendor"


def jupyter_book(
    folder: Path, **environment: str
) -> subprocess.CompletedProcess:
    """`make book`'s command in a folder."""
    command = [
        Path(sys.executable).with_name("jupyter-book"),
        "build",
        ".",
        "-W",
        "-n",
        "--keep-going",
    ]
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MTL_")
    }
    env |= {"MTL_VENDOR": str(VENDOR)} | environment
    return subprocess.run(
        command,
        cwd=folder,
        env=env,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )


def copy_sources(folder: Path) -> Path:
    """Copy what the site is made of; returns the folder."""
    for name in ("book", "mtl_lessons"):
        shutil.copytree(
            ROOT / name,
            folder / name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A copy of the sources of the site, built elsewhere, without an address.

    Beside it, as `html`, stands the site of that build.
    """
    folder = copy_sources(tmp_path_factory.mktemp("site") / "checkout")
    done = jupyter_book(folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    shutil.copytree(folder / "_build" / "html", folder.with_name("html"))
    return folder


@pytest.fixture(scope="session")
def html(built):
    """The folder of the built site, which no test changes."""
    return built.with_name("html")


@pytest.fixture(scope="session")
def address(html):
    """Where the built site is served, for all tests."""
    with serving(html) as url:
        yield url


def ready(page) -> None:
    """Wait until a page of the trainer has its questions.

    The site's policy forbids what `wait_for_function` does.
    """
    if page.locator("[data-bank]").count():
        page.locator("[data-bank] button").first.wait_for()


@pytest.fixture
def visit(browser, address):
    """Opens a page of the site.

    At the end there must have been no error, no missing file, and no request off the site.
    """
    contexts, watched = [], []

    def open_page(
        name: str, width: int = 1300, theme: str = "light", script: bool = True
    ):
        options = {
            "viewport": {"width": width, "height": 800},
            "color_scheme": theme,
            "java_script_enabled": script,
        }
        contexts.append(browser.new_context(**options))
        contexts[-1].set_default_timeout(PATIENCE)
        watched.append(watch(contexts[-1], address))
        page = contexts[-1].new_page()
        page.goto(f"{address}/{name}")
        if script:
            ready(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert watched == [[]] * len(watched)
