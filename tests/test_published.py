"""A published site: what others see of it, and how it is read without a network."""

import json
import os
import re
import shutil
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from urllib.parse import unquote, urljoin, urlparse

import pytest
import serve
from access import PATIENCE, until, violations_by_theme
from bs4 import BeautifulSoup
from built_site import VENDOR, copy_sources, jupyter_book
from mtl_book import addresses, chapters, drills, offline, shared, trainer
from PIL import Image, ImageChops, ImageStat
from serve import serving

from mtl_lessons import embed

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "book" / "_assets"
SITE = "https://someone.github.io/fork/"
SOURCES = "https://github.com/someone/fork"
RUN = embed.strings("drill-page")["run"]
SAY = embed.strings("offline") | embed.strings("trainer")
CONFIG = SimpleNamespace(
    mtl_site_url=SITE, mtl_offline="yes", html_title="A book", language="en"
)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory):
    """A copy of the sources, built as the fork of somebody publishes it."""
    folder = copy_sources(tmp_path_factory.mktemp("published") / "checkout")
    done = jupyter_book(
        folder, MTL_REPOSITORY="someone/fork", MTL_SITE_URL=SITE
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return folder


@pytest.fixture(scope="session")
def html(checkout):
    return checkout / "_build" / "html"


def soup_of(html, name):
    text = (html / name).read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")


def head_of(html, name):
    """What the head of a page says, by name or property."""
    return {
        meta.get("name") or meta.get("property"): meta["content"]
        for meta in soup_of(html, name).select("meta[name], meta[property]")
    }


# ---------------------------------------------------------------- what others see


def test_a_public_build_has_buttons_that_lead_to_its_own_copy(html):
    page = (html / "book" / "concept.html").read_text(encoding="utf-8")
    colab = "https://colab.research.google.com/github"
    assert (
        f'href="{colab}/someone/fork/blob/gh-pages/notebooks/concept.ipynb"'
        in page
    )
    assert "Open it in Colab" in soup_of(html, "index.html").main.text
    notebook = (html / "notebooks" / "concept.ipynb").read_text(
        encoding="utf-8"
    )
    assert f"{SITE}wheels/mtl_lessons-" in notebook


CHAPTERS = [f"book/{name}.html" for name in chapters.names()]
OTHERS = [
    *(f"book/{name}.html" for name in trainer.PAGES),
    *("book/questions.html", "book/printable.html", "book/take_along.html"),
    *("index.html", "book/question/concept-what-is-a-task.html"),
]


@pytest.mark.parametrize("name", CHAPTERS + OTHERS)
def test_a_page_that_is_shared_says_what_it_is_in_whole_sentences(html, name):
    said = head_of(html, name)
    about = said["description"]
    assert 30 < len(about) <= shared.MOST and about[-1] in ".?!…)"
    assert "<" not in about and about == said["og:description"]
    title = soup_of(html, name).title.text
    assert title.startswith(said["og:title"])
    own = "" if name == "index.html" else name
    canonical = soup_of(html, name).select_one("link[rel=canonical]")["href"]
    assert canonical == said["og:url"] == SITE + own
    picture = html / said["og:image"].removeprefix(SITE)
    with Image.open(picture) as image:
        size = said["og:image:width"], said["og:image:height"]
        assert tuple(map(str, image.size)) == size
    is_chapter = name in CHAPTERS
    assert picture.stem == (Path(name).stem if is_chapter else "book")


def test_each_chapter_has_a_picture_of_its_own(html):
    pictures = [path.read_bytes() for path in (html / "cards").glob("*.png")]
    assert len(set(pictures)) == len(pictures) == len(chapters.names()) + 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("book/concept.html", "book/concept.ipynb"),
        ("book/glossary.html", "book/glossary.md"),
        (
            "book/question/concept-what-is-a-task.html",
            "book/questions/concept.yml",
        ),
        ("book/api/concept.html", None),
    ],
)
def test_a_fault_can_be_told_and_mended_from_any_page(html, name, source):
    links = {
        link["href"] for link in soup_of(html, name).select(".foot a[href]")
    }
    title = name.removesuffix(".html")
    assert f"{SOURCES}/issues/new?title={title}%3A%20" in links
    edits = [link for link in links if "/edit/" in link]
    assert edits == ([f"{SOURCES}/edit/main/{source}"] if source else [])
    assert source is None or (ROOT / source).is_file()


def test_a_crawler_is_told_of_every_page_once(html):
    listed = re.findall(
        "<loc>(.*)</loc>", (html / "sitemap.xml").read_text(encoding="utf-8")
    )
    pages = {path.relative_to(html).as_posix() for path in html.rglob("*.html")}
    unlisted = {"index.html", "book/index.html", *shared.UNLISTED}
    assert len(listed) == len(set(listed))
    assert {*listed} == {SITE, *(SITE + name for name in pages - unlisted)}
    robots = (html / "robots.txt").read_text(encoding="utf-8")
    assert f"Sitemap: {SITE}sitemap.xml" in robots


def test_what_is_missing_leads_back_from_any_depth(html):
    page = soup_of(html, "404.html")
    links = page.select("link[href], script[src], a[href], form[action]")
    asked = [
        node.get("href") or node.get("src") or node.get("action")
        for node in links
    ]
    inner = [one for one in asked if not re.match("[a-z]+:|#", one)]
    assert len(inner) > 20
    for link in inner:
        path = urlparse(unquote(urljoin(f"{SITE}a/b/c.html", link))).path
        assert path.startswith("/fork/")
        assert (html / path.removeprefix("/fork/")).is_file(), link


# ---------------------------------------------------------------- addresses that tell a content


def test_an_address_changes_with_a_script_and_with_what_it_imports(tmp_path):
    (tmp_path / "mtl").mkdir()
    for name in ("mtl/bank.json", "mtl/bank-a.json", "site.css"):
        (tmp_path / name).write_text(name)
    (tmp_path / "site.js").write_text('import { a } from "./mtl/a.js";\n')
    (tmp_path / "mtl" / "a.js").write_text("export const a = 1;\n")
    before = addresses.versions(tmp_path)
    assert addresses.versions(tmp_path) == before
    text = (tmp_path / "site.js").read_text()
    assert f'"./mtl/a.js?v={before["mtl/a.js"]}"' in text
    (tmp_path / "mtl" / "a.js").write_text("export const a = 2;\n")
    (tmp_path / "mtl" / "bank-a.json").write_text("changed")
    after = addresses.versions(tmp_path)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"mtl/a.js", "site.js", "mtl/bank.json"}


def test_a_page_names_the_very_scripts_that_its_modules_import(html):
    """Else a module would be loaded twice."""
    page = (html / "book" / "practice.html").read_text(encoding="utf-8")
    told = dict(re.findall(r"_static/(mtl/\w+\.js)(\?v=\w+)", page))
    assert len(told) > 8
    for name in told:
        text = (html / "_static" / name).read_text(encoding="utf-8")
        for part, version in re.findall(r'from "\./(\w+\.js)(\?v=\w+)"', text):
            assert told[f"mtl/{part}"] == version


# ---------------------------------------------------------------- without a network


@pytest.fixture
def folder(html, tmp_path):
    """A copy of the published site, below a path as on its host, to be changed by a test."""
    # a file is linked until it is written anew
    shutil.copytree(html, tmp_path / "fork", copy_function=link)
    return tmp_path / "fork"


def link(source, target):
    Path(target).hardlink_to(source)


def rewrite(path, old, new):
    """Write a file anew, apart from those that share its content."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.unlink()
    path.write_text(text.replace(old, new), encoding="utf-8")


def build_anew(folder):
    """Write the worker as the next build would."""
    for path in [*folder.rglob("*.html"), folder / "worker.js"]:
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    offline.write_worker(folder)


@pytest.fixture
def url(folder):
    with serving(folder.parent) as url:
        yield f"{url}/fork"


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1300, "height": 800})
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


def arrive(context, url, name="book/concept.html"):
    """Visits the site for the first time, until its worker has the pages in its hands."""
    page = context.new_page()
    page.goto(f"{url}/{name}")
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    until(page, "navigator.serviceWorker.controller !== null")
    kept(page, f"{url}/{name}")
    return page


def kept(page, address):
    """Waits until an address is kept."""
    page.evaluate(
        """async (address) => {
          while (!(await caches.match(address))) {
            await new Promise(requestAnimationFrame);
          }
        }""",
        address,
    )


def names(page):
    return page.evaluate("caches.keys()")


def bar(page):
    return page.get_by_role("status").filter(has_text=SAY["newer"])


def test_what_was_read_and_the_trainer_work_without_a_network(context, url):
    page = arrive(context, url)
    page.goto(f"{url}/book/glossary.html")
    context.set_offline(True)
    page.goto(f"{url}/book/concept.html#concept-checks")
    form = page.locator("form.mtl-question").first
    form.locator("input").first.check()
    form.get_by_role("button", name="Check").click()
    form.locator(".mtl-verdict").wait_for()
    page.goto(f"{url}/")
    page.locator("figure.mtl-explorable").wait_for()
    page.goto(f"{url}/book/glossary.html")
    assert page.locator("dl.glossary").is_visible()

    page.goto(f"{url}/book/practice.html?topic=evaluation&level=")
    page.get_by_role("button", name=SAY["start"]).click()
    page.locator("form.mtl-question").wait_for()
    page.get_by_role("button", name=SAY["stop"]).click()
    page.goto(f"{url}/book/progress.html")
    page.get_by_text(re.compile("^1 of ")).first.wait_for()
    for name in trainer.PAGES:
        page.goto(f"{url}/book/{name}.html")
        page.locator(".mtl-quiz button").first.wait_for()


def test_a_drill_that_ran_once_runs_without_a_network(context, url):
    if not drills.has_all(VENDOR):
        message = f"no Python for the browser in {VENDOR}: run `make book`"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    name = "book/drill/gauc.html"
    page = arrive(context, url, name)

    def judged():
        page.locator(".cm-content").wait_for()
        page.get_by_role("button", name=RUN, exact=True).click()
        return page.locator(".mtl-exercise[data-outcome=not-attempted]")

    judged().wait_for()
    kept(page, page.url)
    context.set_offline(True)
    page.goto(f"{url}/book/concept.html")  # not read: its place is taken
    page.goto(f"{url}/{name}")
    judged().wait_for()


def test_a_page_that_was_not_read_is_told_with_what_can_be_read(context, url):
    page = arrive(context, url)
    context.set_offline(True)
    page.goto(f"{url}/book/scale.html?mark=table")
    page.get_by_text("book/scale.html is not kept").wait_for()
    rows = page.locator(".mtl-offline li")
    rows.first.wait_for()
    titles = rows.all_inner_texts()
    assert any(title.startswith("1. What is") for title in titles)
    assert "Practice" in titles and SAY["title"] not in titles
    total = SAY["on"].replace("{total}", str(len(titles)))
    page.get_by_role("status").filter(has_text=total).wait_for()
    assert violations_by_theme(page) == {"light": [], "dark": []}
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.set_offline(False)
    page.get_by_role("link", name=SAY["try-again"]).press("Enter")
    page.wait_for_url("**/book/scale.html")


@pytest.mark.parametrize(
    "asked", ["https://example.org/", "//example.org/", "javascript:alert(1)"]
)
def test_the_page_leads_nowhere_else(context, url, asked):
    page = context.new_page()
    page.goto(f"{url}/offline.html?for={asked}")
    page.locator(".mtl-offline button").wait_for()
    assert page.get_by_role("link", name=SAY["try-again"]).count() == 0


def test_a_newer_edition_is_told_in_each_tab_and_what_was_read_comes_anew(
    context, url, folder
):
    page, other = arrive(context, url), context.new_page()
    other.goto(f"{url}/book/glossary.html")
    (old,) = names(page)
    assert bar(page).count() == 0
    rewrite(folder / "book" / "glossary.html", "<h1>", "<h1>New: ")
    build_anew(folder)

    third = context.new_page()
    # the browser looks for a new worker; of this page it has no copy
    third.goto(f"{url}/book/take_along.html")
    bar(page).wait_for()
    bar(other).wait_for()
    assert violations_by_theme(page) == {"light": [], "dark": []}
    (new,) = names(page)
    assert new != old and new.rpartition(" ")[0] == old.rpartition(" ")[0]
    kept(page, f"{url}/book/glossary.html")
    assert bar(third).count() == 0  # which has come from the new one

    button = other.get_by_role("button", name=SAY["reload"])
    with other.expect_navigation():
        button.press("Enter")
    assert other.locator("h1").inner_text().startswith("New: ")
    page.get_by_role("button", name=SAY["later"]).click()
    assert bar(page).count() == 0
    context.set_offline(True)
    other.goto(f"{url}/book/glossary.html")
    assert other.locator("h1").inner_text().startswith("New: ")


def test_its_reader_switches_it_off_and_on_and_that_is_remembered(context, url):
    page = arrive(context, url)
    page.evaluate("caches.open('mtl-book http://127.0.0.1/other/ 1')")
    page.goto(f"{url}/offline.html")
    page.get_by_role("button", name=SAY["switch-off"]).press("Enter")
    page.get_by_text(SAY["off"]).wait_for()
    assert names(page) == ["mtl-book http://127.0.0.1/other/ 1"]
    page.goto(f"{url}/book/glossary.html")
    page.reload()
    page.goto(f"{url}/offline.html")
    page.get_by_text(SAY["off"]).wait_for()
    assert len(names(page)) == 1
    found = "navigator.serviceWorker.getRegistrations()"
    assert page.evaluate(f"{found}.then((all) => all.length)") == 0

    page.get_by_role("button", name=SAY["switch-on"]).click()
    page.get_by_text(re.compile("^This is on")).wait_for()
    kept(page, f"{url}/book/cards.html")
    context.set_offline(True)
    page.goto(f"{url}/book/cards.html")
    page.locator(".mtl-quiz button").first.wait_for()


def test_its_publisher_switches_it_off_for_all_who_have_it(
    context, url, folder
):
    page = arrive(context, url)
    app = SimpleNamespace(
        outdir=folder, config=SimpleNamespace(mtl_site_url=SITE)
    )
    app.config.mtl_offline = "no"
    offline.write(app)
    assert not (folder / offline.MANIFEST).exists()
    page.reload()
    page.evaluate(
        """async () => {
          while ((await caches.keys()).length) await new Promise(requestAnimationFrame);
        }"""
    )
    page.goto(f"{url}/book/glossary.html")
    assert page.locator("dl.glossary").is_visible()


def test_a_large_file_is_kept_when_it_is_used_and_outlives_an_edition(
    context, url, folder
):
    large = folder / "_static" / "engine@1.2" / "core.wasm"
    large.parent.mkdir()
    large.write_bytes(b"\0asm")
    build_anew(folder)
    page = arrive(context, url)
    address = f"{url}/_static/engine@1.2/core.wasm"
    assert page.evaluate("(it) => caches.match(it)", address) is None
    page.evaluate("(it) => fetch(it).then(() => null)", address)
    kept(page, address)
    rewrite(folder / "index.html", "<main", "<main data-new")
    build_anew(folder)
    (before,) = names(page)
    page.reload()
    page.evaluate(
        """async (old) => {
          while (await caches.has(old)) await new Promise(requestAnimationFrame);
        }""",
        before,
    )
    kept(page, address)
    context.set_offline(True)
    text = page.evaluate("(it) => fetch(it).then((all) => all.text())", address)
    assert text == "\0asm"


def test_the_search_finds_again_what_it_has_found(context, url):
    page = arrive(context, url)
    page.goto(f"{url}/search.html?q=seesaw")
    first = page.locator(".mtl-results a").first
    first.wait_for()
    title = first.inner_text()
    context.set_offline(True)
    page.goto(f"{url}/search.html?q=seesaw")
    first.wait_for()
    assert first.inner_text() == title


def test_a_slow_network_keeps_nobody_waiting_who_has_a_copy(
    context, url, monkeypatch
):
    page = arrive(context, url)
    gate, answer = Event(), serve.Handler.do_GET

    def held(handler):
        gate.wait()
        answer(handler)

    monkeypatch.setattr(serve.Handler, "do_GET", held)
    try:
        page.goto(f"{url}/book/practice.html", wait_until="commit")
        page.locator(".mtl-quiz button").first.wait_for()
    finally:
        gate.set()


# ---------------------------------------------------------------- on a phone


def test_a_phone_can_install_it(context, url, folder):
    page = arrive(context, url, "book/practice.html")
    client = context.new_cdp_session(page)
    found = client.send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"] == f"{url}/{offline.MANIFEST}"
    told = json.loads(found["data"])
    for name in ("start_url", "scope"):
        assert urljoin(found["url"], told[name]) == f"{url}/"
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}
    for icon in told["icons"]:
        with Image.open(folder / icon["src"]) as image:
            assert "{}x{}".format(*image.size) == icon["sizes"]
    missing = client.send("Page.getInstallabilityErrors")
    ours = {one["errorId"] for one in missing["installabilityErrors"]}
    assert ours <= {"in-incognito"}  # as every context of a test is


DRAWN = """<style>* {{ margin: 0 }} svg {{ display: block; width: {size}px }}</style>"""


@pytest.mark.parametrize("name", ["icon-192", "icon-512"])
def test_an_icon_is_the_sign_of_the_book(context, name, tmp_path):
    with Image.open(ASSETS / f"{name}.png") as image:
        icon = image.convert("RGBA")
    page = context.new_page()
    size = icon.size[0]
    page.set_viewport_size({"width": size, "height": size})
    sign = (ASSETS / "favicon.svg").read_text(encoding="utf-8")
    page.set_content(DRAWN.format(size=size) + sign)
    page.screenshot(path=tmp_path / "sign.png", omit_background=True)
    with Image.open(tmp_path / "sign.png") as drawn:
        apart = ImageChops.difference(icon, drawn.convert("RGBA"))
    assert max(ImageStat.Stat(apart).mean) < 1


def test_a_phone_cuts_nothing_off_the_sign():
    """A circle of four fifths of the width is all that a phone must leave."""
    with Image.open(ASSETS / "icon-maskable.png") as image:
        icon = image.convert("RGB")
    size = icon.size[0]
    ground = icon.getpixel((0, 0))
    inked = (
        (x, y)
        for x in range(0, size, 4)
        for y in range(0, size, 4)
        if icon.getpixel((x, y)) != ground
    )
    middle = size / 2
    far = max((x - middle) ** 2 + (y - middle) ** 2 for x, y in inked)
    assert far**0.5 <= 0.4 * size
    assert "#{:02x}{:02x}{:02x}".format(*ground) == offline.COLOUR


# ---------------------------------------------------------------- elsewhere


def test_only_a_published_site_has_a_worker():
    assert offline.wanted(CONFIG)
    for name, value in (("mtl_site_url", ""), ("mtl_offline", "no")):
        other = SimpleNamespace(**(vars(CONFIG) | {name: value}))
        assert not offline.wanted(other)


def test_an_edition_is_another_if_anything_that_is_read_is(tmp_path):
    page = tmp_path / "a.html"
    page.write_text('<meta name="edition" content="old"><p>One.</p>')
    before = offline.edition(tmp_path)
    page.write_text('<meta name="edition" content="new"><p>One.</p>')
    (tmp_path / "deck.apkg").write_bytes(b"the hour at which it was made")
    assert offline.edition(tmp_path) == before
    page.write_text('<meta name="edition" content="new"><p>Two.</p>')
    assert offline.edition(tmp_path) != before


def test_every_string_is_used():
    made = ROOT / "book"
    read = (
        *(made / "_ext" / "mtl_book").glob("*.py"),
        made / "_templates" / "layout.html",
        ROOT / "mtl_lessons" / "web" / "offline.js",
    )
    text = "".join(path.read_text(encoding="utf-8") for path in read)
    for part in ("offline", "shared"):
        for name in embed.strings(part):
            assert f'"{name}"' in text or f"say.{name}" in text, name
