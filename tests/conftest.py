"""Fixtures that several test files share: a real browser, a static server, the package as a wheel."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from serve import serving

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("CHROMIUM", shutil.which("chromium") or shutil.which("chromium-browser"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium. Missing, it skips on a desk and fails where CI is set."""
    if CHROMIUM is None:
        message = "no chromium found: install it, or name it in the variable CHROMIUM"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def serve():
    """Serve a folder while a block runs: `with serve(folder) as address`."""
    return serving


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """The wheel of the package, alone in a folder `wheels`, as the site publishes it."""
    folder = tmp_path_factory.mktemp("site") / "wheels"
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT]
    subprocess.run(command, check=True)
    (path,) = folder.glob("*.whl")
    return path
