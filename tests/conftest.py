"""Fixtures that several test files share: a real browser and a static server."""

import os
import shutil

import pytest
from serve import serving

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
