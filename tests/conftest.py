"""Fixtures that several test files share.

A real browser, a static server, explorables on a page, the package as a wheel.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from browser import new_reader
from built_site import address, built, html, visit  # noqa: F401  # fixtures
from hypothesis import HealthCheck, settings
from serve import serving

from mtl_lessons import embed
from mtl_lessons.explorables import show

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get(
    "CHROMIUM", shutil.which("chromium") or shutil.which("chromium-browser")
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

# A round of questions is drawn at random; in a test each page draws the same numbers in every run.
DRAWS = """{
  let state = 1;
  Math.random = () => (state = (state * 16807) % 2147483647) / 2147483647;
}"""

# The same examples in every run, and no verdict by the clock;
# HYPOTHESIS_PROFILE=explore looks for new ones.
PROFILE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("suite", derandomize=True, **PROFILE)
settings.register_profile("explore", print_blob=True, **PROFILE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline'; style-src-elem 'unsafe-inline'">
<title>Explorable</title>
<style>
body {{ margin: 1rem; font-family: sans-serif;
  background: var(--mtl-page); color: var(--mtl-text) }}
</style>
<main><h1>Explorable</h1>{body}</main>
</html>"""


def pytest_make_parametrize_id(config, val, argname):
    """No id from data.

    A file's bytes may hold the clock, and two workers that collect in different seconds would
    disagree.
    """
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium. Missing, it skips on a desk and fails where CI is set."""
    if CHROMIUM is None:
        message = (
            "no chromium found: install it, or name it in the variable CHROMIUM"
        )
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS
        )
        open_context = browser.new_context

        def new_context(**options):
            context = open_context(**options)
            context.add_init_script(DRAWS)
            return context

        browser.new_context = new_context
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve():
    """Serve a folder while a block runs: `with serve(folder) as address`."""
    return serving


@pytest.fixture
def step_by_step(monkeypatch):
    """Every model trains without a trace, whatever its `compile` is told.

    A trace takes longer than a few steps.
    """
    from mtl_lessons.backend import keras

    compile = keras.Model.compile

    def compile_eagerly(model, *given, **options):
        compile(
            model,
            *given,
            **options | {"run_eagerly": True, "jit_compile": False},
        )

    monkeypatch.setattr(keras.Model, "compile", compile_eagerly)


@pytest.fixture
def displayed(monkeypatch):
    """What a notebook would show, in order."""
    found = []
    monkeypatch.setattr("IPython.display.display", found.append)
    return found


@pytest.fixture
def own_state(tmp_path, monkeypatch):
    """What is passed of the exercises is kept for this test alone."""
    monkeypatch.setenv("MTL_LESSONS_STATE", str(tmp_path / "state.json"))


@pytest.fixture
def page(browser, serve, tmp_path):
    """Opens a page with a figure on it twice, or with several.

    It fails at the end on errors or on requests for anything else.

    `shown` is a figure or a list of them, by default the map of chapter 1.
    """
    contexts, watched, requests = [], [], []

    def open_page(
        width: int = 1300,
        theme: str = "light",
        script: bool = True,
        shown=None,
        copies: int = 2,
        guess: bool = False,
        **options,
    ):
        """With `guess` a map is as a reader finds it: covered, until it was guessed at."""
        figures = (
            shown
            if isinstance(shown, list)
            else [shown or show("transfer_map")]
        )
        body = embed.carry("".join(one.html() for one in figures), "explorable")
        (tmp_path / "index.html").write_text(
            PAGE.format(theme=theme, body=body * copies), encoding="utf-8"
        )
        size = {"width": width, "height": 900}
        context, faults = new_reader(
            browser, url, viewport=size, java_script_enabled=script, **options
        )
        context.on("request", lambda request: requests.append(request.url))
        contexts.append(context)
        watched.append(faults)
        page = context.new_page()
        page.goto(url)
        if script and not guess:
            reveal = page.locator(".mtl-covered .mtl-guess button")
            while reveal.count():  # one that was clicked is no longer found
                reveal.first.click()
            # what was clicked had the focus, and Tab would go on from there
            page.locator("h1").evaluate(
                "h1 => { h1.tabIndex = -1; h1.focus(); }"
            )
        return page

    with serve(tmp_path) as url:
        yield open_page
        for context in contexts:
            context.close()
    assert watched == [[]] * len(watched)
    asked = {request.removeprefix(url).split("?")[0] for request in requests}
    assert asked <= {"/", "/favicon.ico"}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """The wheel of the package, alone in a folder `wheels`, as the site publishes it."""
    folder = tmp_path_factory.mktemp("site") / "wheels"
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        ROOT,
    ]
    subprocess.run(command, check=True)
    (path,) = folder.glob("*.whl")
    return path
