"""The built site in a real browser.

Every page, on a desk and on a phone, in both themes, with mouse and with keyboard alone.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urldefrag, urljoin

import nbformat
import notebooks
import pytest
from access import (
    PATIENCE,
    UNREACHED,
    frames,
    laid_out,
    stretch,
    unreached,
    violations,
)
from browser import watch
from built_site import VENDOR, jupyter_book, ready
from mtl_book import chapters, drills, pages, published, trainer

from mtl_lessons import embed, quiz
from mtl_lessons.quiz import coding

ROOT = Path(__file__).resolve().parents[1]

BUDGET = 300_000  # bytes over the wire, of a page without its figures
TRAINER = 120_000  # of a page of the trainer
THEMES, WIDTHS = ("light", "dark"), (360, 1300)


def page_names() -> list[str]:
    names = re.findall(
        r"^ *(?:root|- file): (\S+)$",
        (ROOT / "_toc.yml").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    # one of those that are made of docstrings
    reference = "book/api/inputs_outputs.html"
    # of those of single questions, and of those to print
    question = "book/question/concept-what-is-a-task.html"
    # and of those of drills
    drill = "book/drill/auc.html"
    paper = "book/printable/concept.html"
    return [
        "index.html",
        *(f"{name}.html" for name in names),
        reference,
        question,
        drill,
        paper,
        "search.html",
    ]


PAGES = page_names()


# ---------------------------------------------------------------- every page


@dataclass
class Look:
    """What a page was found to be like: by theme and width where it may depend on them."""

    size: int = (
        # bytes as they travel, compressed; figures are part of the page here, so they count too
        0
    )
    # which one the system wants, which one is shown
    themes: list[tuple[str, str]] = field(default_factory=list)
    # pixels by which the page is wider than the screen
    sideways: dict[tuple[str, int], int] = field(default_factory=dict)
    violations: dict[tuple[str, int], list] = field(default_factory=dict)
    unreached: dict[int, list[str]] = field(default_factory=dict)
    # what was logged, raised or asked of other hosts
    troubles: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def look(browser, address):
    """What a page is like, by its name. Each is looked at once, for all tests that ask."""
    # kinds of text that have their verdict on contrast, whatever page they stand on
    known = set()

    @cache
    def at(name: str) -> Look:
        found = Look()
        context = browser.new_context(
            viewport={"width": 1300, "height": 800},
            color_scheme="light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        found.troubles = watch(context, address)
        page, sizes = context.new_page(), []
        client = context.new_cdp_session(page)
        client.send("Network.enable")
        client.on(
            "Network.loadingFinished",
            lambda event: sizes.append(event["encodedDataLength"]),
        )
        page.goto(f"{address}/{name}")
        page.wait_for_load_state("networkidle")
        found.size = sum(sizes)
        for wanted, width in zip(THEMES, reversed(WIDTHS)):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=wanted)
            page.reload()
            ready(page)
            found.themes.append(
                (
                    wanted,
                    page.evaluate("document.documentElement.dataset.theme"),
                )
            )
            page.evaluate(
                "document.querySelectorAll('details').forEach(details => { details.open = true; })"
            )
            laid_out(page)
            frames(page)
            frames(page)
            for theme in sorted(
                THEMES, key=wanted.__ne__
            ):  # first the one that is shown, then the other
                page.evaluate(
                    "theme => { document.documentElement.dataset.theme = theme; }",
                    theme,
                )
                found.violations[theme, width] = violations(
                    page, theme != wanted, known
                )
                found.sideways[theme, width] = (
                    page.evaluate("document.documentElement.scrollWidth")
                    - width
                )
            found.unreached[width] = unreached(page)
            found.sideways["stretched", width] = (
                page.evaluate("document.documentElement.scrollWidth") - width
            )
        context.close()
        return found

    return at


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_in_both_themes_on_desk_and_phone(look, name):
    assert look(name).themes == [(theme, theme) for theme in THEMES]
    assert look(name).violations == {
        (theme, width): [] for theme in THEMES for width in WIDTHS
    }


@pytest.mark.parametrize("name", PAGES)
def test_every_page_stays_within_the_screen_and_the_keyboard_reaches_what_scrolls(
    look, name
):
    assert {
        place: wide for place, wide in look(name).sideways.items() if wide > 0
    } == {}
    assert look(name).unreached == {width: [] for width in WIDTHS}


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_light_and_asks_for_nothing_that_is_not_there(look, name):
    stem = Path(name).stem
    budget = TRAINER if stem in trainer.PAGES else BUDGET
    assert 0 < look(name).size <= budget
    assert look(name).troubles == []


class Links(HTMLParser):
    """Ids, links and pictures of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.ids, self.links, self.unnamed = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids |= {given["id"]} if "id" in given else set()
        self.links += [given[key] for key in ("href", "src") if given.get(key)]
        if (tag == "img" and "alt" not in given) or (
            tag == "svg"
            and not (
                given.get("aria-label")
                or given.get("aria-hidden")
                or given.get("aria-labelledby")
            )
        ):
            self.unnamed.append(given)


@cache
def links(path: Path) -> Links:
    return Links(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere_and_pictures_have_words(html, name):
    seen = links(html / name)
    for link in seen.links:
        target, anchor = urldefrag(urljoin(f"site:///{name}", link))
        if not target.startswith("site:///"):
            continue
        path = html / unquote(
            target.removeprefix("site:///").partition("?")[0] or "index.html"
        )
        assert path.is_file(), link
        if anchor and path.suffix == ".html":
            assert unquote(anchor) in links(path).ids, link
    assert seen.unnamed == []


def test_no_page_asks_for_what_the_site_has_shed(html):
    names = {path.name for path in html.rglob("*") if path.is_file()}
    heavy = [
        name
        for name in names
        if re.search(
            r"mathjax|require|fontawesome|fa-|^bootstrap|thebe|embed-amd",
            name,
            re.IGNORECASE,
        )
    ]
    assert heavy == []


# ---------------------------------------------------------------- the frame


def test_the_theme_switch_is_kept(visit):
    page = visit("book/concept.html")
    switch = page.get_by_role("button", name="Dark theme")
    assert switch.get_attribute("aria-pressed") == "false"
    switch.click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert (
        page.get_by_role("button", name="Dark theme").get_attribute(
            "aria-pressed"
        )
        == "true"
    )


def test_paper_is_white(visit):
    page = visit("book/printable.html", theme="dark")
    shown = "document.documentElement.dataset.theme"
    assert (
        page.evaluate(f"dispatchEvent(new Event('beforeprint')), {shown}")
        == "light"
    )
    assert (
        page.evaluate(f"dispatchEvent(new Event('afterprint')), {shown}")
        == "dark"
    )


def test_the_text_stands_in_one_place_whether_its_page_has_a_menu_or_not(visit):
    page = visit("book/practice.html")
    places = []
    for name in ("practice", "interview", "cards", "progress", "glossary"):
        page.goto(page.url.rpartition("/")[0] + f"/{name}.html")
        places.append(page.locator("h1").bounding_box()["x"])
    assert len(set(places)) == 1


@pytest.mark.parametrize("width", [360, 640, 800, 1300])
def test_the_doors_leave_no_hole(visit, width):
    page = visit("index.html", width=width)
    boxes = [door.bounding_box() for door in page.locator(".doors li").all()]
    rows = {box["y"] for box in boxes}
    assert len(boxes) == 3 and len(rows) in (1, 3)


def test_a_row_of_the_map_is_a_link_as_a_whole(visit):
    page = visit("index.html")
    row = page.locator(".map > ol > li").first
    box = row.bounding_box()
    row.click(position={"x": box["width"] - 8, "y": box["height"] - 8})
    page.wait_for_url("**/book/concept.html")
    page.go_back()
    page.locator(".map ul a").first.click()
    page.wait_for_url("**/book/funnel.html")


def test_a_phone_has_the_short_name_of_the_book_whole(visit):
    page = visit("index.html", width=360)
    name = page.locator(".bar__title")
    assert name.inner_text() == embed.strings("offline")["short-name"]
    assert name.evaluate("node => node.scrollWidth <= node.clientWidth")


def test_a_question_alone_is_not_counted(visit):
    page = visit("index.html")
    check = page.get_by_role("button", name=embed.strings("quiz")["check"])
    check.wait_for()
    assert not page.locator(".mtl-bar").is_visible()
    page.locator("form.mtl-question input").first.check()
    check.click()
    page.get_by_role("button", name="Reset").wait_for()


def test_the_menu_on_a_phone_opens_and_closes_by_keyboard(visit):
    page = visit("book/concept.html", width=360)
    menu = page.get_by_role("navigation", name="Chapters")
    assert not menu.is_visible()
    page.get_by_role("button", name="Chapters").press("Enter")
    assert menu.is_visible()
    page.keyboard.press("Escape")
    assert not menu.is_visible()


def test_without_scripts_the_chapter_can_be_read(visit):
    page = visit("book/concept.html", script=False)
    assert page.locator("figure.mtl-explorable table").is_visible()
    assert (
        page.locator("form.mtl-question").first.is_visible()
        and page.locator("details.mtl-answer").first.is_visible()
    )
    assert (
        page.locator("math").count() > 3
        and page.locator("figure.mtl-figure svg").count() >= 2
    )


# ---------------------------------------------------- quiz and explorable, where readers meet them


def options(name: str) -> list[dict]:
    return next(
        question["options"]
        for question in quiz.load("concept").questions
        if question["id"] == name
    )


def graded(question, text: str) -> None:
    """Wait until the feedback `text` stands under the answer (its folded copy does not count).

    What is looked for is its longest piece without a sign of Markdown or a formula, which a page
    shows as it is written.
    """
    piece = max(re.split(r"[$*`_\\\[\]().]", text), key=len).strip()
    question.locator(".mtl-options").get_by_text(piece).wait_for()


def test_a_question_is_answered_by_mouse_and_kept_over_a_reload(visit):
    page = visit("book/concept.html")
    question = page.locator("form[data-id=concept-what-is-a-task]")
    right = next(
        option
        for option in options("concept-what-is-a-task")
        if option["correct"]
    )
    question.get_by_text(right["text"], exact=True).click()
    question.get_by_role("button", name=embed.strings("quiz")["check"]).click()
    graded(question, right["feedback"])
    page.reload()
    graded(
        page.locator("form[data-id=concept-what-is-a-task]"), right["feedback"]
    )


def test_a_question_is_answered_by_keyboard_on_the_landing_page(visit):
    page = visit("index.html", width=360)
    question = page.locator("form[data-id=concept-what-is-a-task]")
    question.locator("input").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    graded(question, options("concept-what-is-a-task")[1]["feedback"])


def test_the_explorable_turns_by_keyboard_and_says_where(visit):
    page = visit("book/concept.html", width=360)
    figure = page.locator("figure.mtl-explorable").first
    figure.locator(".mtl-guess button").click()
    figure.get_by_label("Relatedness of the tasks").press("Home")
    figure.get_by_role("status").get_by_text(
        "Relatedness of the tasks 0.00"
    ).wait_for(state="attached")


def test_the_explorable_turns_by_mouse(visit):
    page = visit("book/concept.html")
    figure = page.locator("figure.mtl-explorable").first
    figure.locator(".mtl-guess button").click()
    before = figure.locator(".mtl-panel p").text_content()
    button = (
        figure.get_by_role("row", name=re.compile("^0.50"))
        .get_by_role("button")
        .last
    )
    button.click()
    assert (
        figure.locator("td[aria-current=true]").inner_text()
        == button.inner_text()
    )
    assert (
        figure.get_by_label("Relatedness of the tasks").get_attribute(
            "aria-valuetext"
        )
        == "0.50"
    )
    dial = figure.get_by_label("Relatedness of the tasks")
    dial.click(position={"x": 2, "y": dial.bounding_box()["height"] / 2})
    assert dial.get_attribute("aria-valuetext") == "0.00"
    after = figure.locator(".mtl-panel p").text_content()
    assert after != before and "elatedness of the tasks 0.00" in after
    figure.get_by_role("status").get_by_text(
        "Relatedness of the tasks 0.00"
    ).wait_for(state="attached")


# ---------------------------------------------------------------- the trainer, as it is published


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_a_strict_policy_before_its_first_script(html, name):
    page = (html / name).read_text(encoding="utf-8")
    policy = re.search(
        r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page
    )
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == rules["connect-src"] == "'self'"
    asks = name in ("book/practice.html", "book/interview.html")
    drill = "/drill/" in name and drills.has_all(VENDOR)
    assert drill == ('class="mtl-drill ' in page)
    if asks or drill:
        assert rules.pop("script-src") == "'self' 'wasm-unsafe-eval'"
        assert rules.pop("worker-src") == "'self' blob:"
    else:
        assert rules.pop("script-src") == rules["worker-src"] == "'self'"
    assert not re.search("unsafe|blob", str(rules))
    assert policy.start() < min(page.index("<script"), page.index("<link"))
    assert not re.search(r"<style\b|<[a-z]+\b[^<>]*\s(on\w+|style)=", page)
    scripts = re.findall(r"<script\b([^>]*)>", page)
    assert all(
        ' src="' in given or 'type="application/json"' in given
        for given in scripts
    )


def test_the_policy_forbids_what_it_says(browser, address):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/book/practice.html")
    blocked = page.evaluate("""async () => {
      const heard = [];
      const all = new Promise((done) => addEventListener(
        "securitypolicyviolation",
        ({ effectiveDirective }) => { if (heard.push(effectiveDirective) === 3) done(); },
      ));
      const script = document.createElement("script");
      script.textContent = "window.ran = 1";
      document.body.append(script);
      const link = document.createElement("a");
      link.setAttribute("onclick", "window.ran = 1");
      document.body.append(link);
      link.click();
      fetch("https://example.org/").catch(() => {});
      await all;
      return [window.ran, heard.sort()]; }""")
    page.close()
    assert blocked == [
        None,
        ["connect-src", "script-src-attr", "script-src-elem"],
    ]


def test_a_round_of_practice_counts_in_the_chapter_and_in_progress(visit):
    page = visit("book/practice.html?topic=concept", width=360)
    page.get_by_label("Type").select_option("one choice")
    page.get_by_label("How many").select_option("all")
    page.get_by_role("button", name="Start").click()
    form = page.locator("form.mtl-question")
    name = "concept-what-is-a-task"  # which the chapter asks, too
    while form.get_attribute("data-id") != name:
        page.get_by_role("button", name="Skip").click()
    right = next(option for option in options(name) if option["correct"])
    form.locator("input").nth(
        [option["correct"] for option in options(name)].index(True)
    ).check()
    form.get_by_label("certain: 95 %").check()
    form.get_by_role("button", name=embed.strings("quiz")["check"]).click()
    graded(form, right["feedback"])
    link = form.get_by_role("link", name=re.compile(".")).first
    assert link.get_attribute("href").startswith("concept.html#concept-")
    page.goto(page.url.replace("practice.html?topic=concept", "progress.html"))
    page.get_by_text(re.compile("^1 of ")).first.wait_for()
    page.goto(page.url.replace("progress", "concept"))
    graded(page.locator(f"form[data-id={name}]"), right["feedback"])


MOVED = """window.moved = 0;
new PerformanceObserver((list) => {
  for (const { value } of list.getEntries()) window.moved += value;
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.mark.parametrize("name", (*trainer.PAGES, "printable"))
def test_the_text_does_not_jump_when_the_bank_comes(browser, address, name):
    """Cumulative layout shift; 0.1 is what Lighthouse calls good."""
    page = browser.new_page(viewport={"width": 412, "height": 823})
    page.set_default_timeout(PATIENCE)
    page.add_init_script(MOVED)
    page.goto(f"{address}/book/{name}.html")
    page.locator(".mtl-quiz button").first.wait_for()
    frames(page)
    moved = page.evaluate("window.moved")
    page.close()
    assert moved < 0.05


@pytest.mark.parametrize("name", trainer.PAGES)
def test_a_page_of_the_trainer_is_light(look, name):
    assert look(f"book/{name}.html").size <= TRAINER


END = """async () => {
  const section = document.querySelector("article section section");
  section.scrollIntoView({ block: "end", behavior: "instant" });
  await new Promise((done) => new IntersectionObserver(done).observe(section)); }"""


def test_what_was_read_is_seen_everywhere_and_the_landing_page_leads_on(
    browser, address
):
    """On a phone, where the line that leads on moves nothing when it comes."""
    context = browser.new_context(viewport={"width": 412, "height": 823})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(MOVED)
    context.clock.install()
    faults, asked = watch(context, address), []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(f"{address}/index.html")
    assert page.locator(".continue").is_hidden()
    page.goto(f"{address}/book/concept.html")
    page.locator("html:not([data-laid])").wait_for(state="attached")
    page.evaluate(END)
    page.clock.run_for(5_100)
    said = page.locator("#book-menu .done .unseen")
    said.wait_for(state="attached")
    assert re.fullmatch(
        r"read 1 of \d\d sections, 0 of \d\d questions mastered",
        said.text_content(),
    )
    assert not [url for url in asked if re.search(r"trainer|bank|today", url)]

    page.goto(f"{address}/index.html")
    link = page.locator(".continue > a")
    link.wait_for()
    mark = page.locator(".map .done")
    assert mark.count() == 1 and mark.is_visible()
    assert page.evaluate("window.moved") < 0.05
    link.click()
    page.wait_for_url("**/book/concept.html#concept-explore-the-map")
    page.goto(f"{address}/book/today.html")
    page.get_by_role("link", name=re.compile("^Chapter 1: Guess")).wait_for()
    context.close()
    assert faults == []


def test_without_scripts_today_leads_to_the_chapters(visit):
    page = visit("book/today.html", script=False)
    assert page.get_by_text(embed.strings("trainer")["no-script"]).is_visible()
    page.get_by_role("link", name="map of the chapters").click()
    page.wait_for_url("**/book/index.html")


EVERY_QUESTION = """async (width) => {
  const { loadBank, formOf } = await import("../_static/mtl/bank.js");
  const shown = document.querySelector(".mtl-practice > div:last-child");
  const { questions, texts } = await loadBank("../_static/mtl/bank.json");
  await texts(questions);
  const forms = questions.map(formOf);
  forms.forEach((form) => { form.querySelector("details").open = true; });
  shown.replaceChildren(...forms);
  for (let i = 0; i < 6; i++) await new Promise(requestAnimationFrame);
  const wide = forms.filter((form) =>
    form.scrollWidth > form.clientWidth || form.getBoundingClientRect().right > width);
  const all = document.documentElement.scrollWidth;
  return [questions.length, wide.map((form) => form.dataset.id), all]; }"""


@pytest.mark.parametrize("stretched", [False, True])
def test_every_question_of_the_bank_fits_on_a_phone_with_its_answer(
    visit, stretched
):
    page = visit("book/practice.html", width=360)
    if stretched:
        stretch(page)
    total = sum(
        len(coding.asked(bank))
        for bank in quiz.everything(ROOT / "book" / "questions")
    )
    assert page.evaluate(EVERY_QUESTION, 360) == [total, [], 360]
    assert page.evaluate(UNREACHED) == []


def test_the_bank_is_asked_for_once_and_by_the_trainer_alone(browser, address):
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    for name, loads in (("concept", 0), ("practice", 1), ("cards", 2)):
        page.goto(f"{address}/book/{name}.html")
        ready(page)
        assert sum("bank.json" in url for url in asked) == loads
    loaded = page.evaluate(
        """performance.getEntriesByType("resource")
          .find(({ name }) => name.includes("bank.json")).transferSize"""
    )
    assert loaded == 0  # cached
    context.close()


def test_the_topics_follow_the_book_and_their_questions_lead_to_its_sections(
    html,
):
    bank = json.loads((html / trainer.BANK).read_text(encoding="utf-8"))
    topics = {topic["id"]: topic["questions"] for topic in bank["topics"]}
    assert list(topics)[: len(chapters.names())] == chapters.names()
    for name in chapters.names():
        for question in topics[name]:
            page, _, anchor = question["section"]["href"].partition("#")
            assert anchor in links(html / "book" / page).ids, question["id"]


def test_without_scripts_a_page_of_the_trainer_says_what_can_be_read(visit):
    page = visit("book/practice.html", script=False)
    assert page.get_by_text(embed.strings("trainer")["no-script"]).is_visible()


def test_the_deck_for_anki_lies_beside_the_site(html):
    assert (html / "anki" / "mtl-lessons.apkg").stat().st_size > 10_000
    assert 'href="../anki/mtl-lessons.apkg" download' in (
        html / "book" / "take_along.html"
    ).read_text(encoding="utf-8")


# ---------------------------------------------------------------- builds


def sources(folder: Path) -> Iterator[Path]:
    """The files of a checkout that a build reads and the tests below change."""
    return (
        path
        for part in ("book", "mtl_lessons")
        for path in (folder / part).rglob("*")
        if path.is_file()
    )


@pytest.fixture
def checkout(built):
    """A built copy to be changed and built again.

    Afterwards it is as it was, times and all, whatever was done to it.
    """
    environment = built / "_build" / ".doctrees" / "environment.pickle"
    before, known = (
        {
            path: (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sources(built)
        },
        environment.read_bytes(),
    )
    yield built
    for path, (text, time) in before.items():
        if path.read_bytes() != text:
            path.write_bytes(text)
            os.utime(path, ns=(time, time))
    environment.write_bytes(known)  # a build that failed has removed it


@pytest.mark.parametrize(
    "known",
    [("someone/fork", ""), ("", "https://someone.github.io/fork/"), ("", "")],
)
def test_half_an_address_leads_nowhere(known):
    config = SimpleNamespace(
        mtl_repository=known[0], mtl_site_url=known[1], mtl_branch="gh-pages"
    )
    assert published.colab_url(config, pages.FIRST) is None


def test_a_build_that_knows_no_address_has_no_dead_button(html):
    page = (html / "book" / "concept.html").read_text(encoding="utf-8")
    assert "colab.research" not in page
    # and promises none
    assert "Colab" not in (html / "index.html").read_text(encoding="utf-8")
    assert (
        'href="../notebooks/concept.ipynb" download' in page
        and (html / "notebooks" / "concept.ipynb").is_file()
    )


def edit(path: Path, old: str, new: str) -> None:
    """Put new text for old."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_build_reads_what_has_changed_and_no_more(checkout):
    """Three builds, for a build takes long.

    A question and a page; all words of the interface; a source.
    """
    site, book = checkout / "_build" / "html", checkout / "book"

    # A question is added in one file: its chapter, the lists of questions to read and to print,
    # the cheat sheet, which has its title, and the landing page, which asks another one now, are
    # read again.
    before = quiz.load("shared_networks", book / "questions")
    bank = book / "questions" / "shared_networks.yml"
    text = bank.read_text(encoding="utf-8")
    question = text[
        text.index("\n- id: ") : text.index(
            "\n- id: ", text.index("\n- id: ") + 1
        )
    ]
    new = re.sub(r"id: \S+", "id: shared-networks-new", question, count=1)
    bank.write_text(
        text + new.replace("- caruana1997", "- fifty2021tag") + "\n",
        encoding="utf-8",
    )
    edit(
        book / "index.md",
        "{mtl-quiz} concept-what-is-a-task",
        "{mtl-quiz} concept-multi-what",
    )
    done = jupyter_book(checkout)
    assert (
        done.returncode == 0 and "0 added, 5 changed, 0 removed" in done.stdout
    ), done.stderr[-2000:]
    assert (site / "book" / "question" / "shared-networks-new.html").exists()
    page = (site / "book" / "shared_networks.html").read_text(encoding="utf-8")
    assert (
        f"{len(before.questions) - 4} more in Practice" in page
        and "Christopher Fifty" in page.partition('id="sources"')[2]
    )
    assert "Zhang" in (site / "index.html").read_text(encoding="utf-8")

    # The text of a page, and the strings, which pages with questions show and those of the trainer.
    for path in (
        book / "take_along.md",
        checkout / "mtl_lessons" / "web" / "strings.en.json",
    ):
        path.write_text(
            path.read_text(encoding="utf-8") + "\n", encoding="utf-8"
        )
    style = book / "_assets" / "site.css"
    style.write_text(
        style.read_text(encoding="utf-8") + "/* changed */\n", encoding="utf-8"
    )
    shown = [
        "take_along",
        "cheat_sheet",
        "index",
        "printable",
        "questions",
        "drills",
        *(path.stem for path in notebooks.chapters()),
        *trainer.PAGES,
    ]
    assert (
        f"0 added, {len(shown)} changed, 0 removed"
        in jupyter_book(checkout).stdout
    )
    assert (site / "_static" / "site.css").read_text(
        encoding="utf-8"
    ) == style.read_text(encoding="utf-8")

    # A source is renamed, which the landing page shows below its question.
    edit(book / "references.bib", "Zhang", "Renamed")
    assert jupyter_book(checkout).returncode == 0
    assert "Renamed" in (site / "index.html").read_text(encoding="utf-8")


def test_a_notebook_that_was_not_run_fails_the_build_and_the_cell_is_named(
    checkout,
):
    path = checkout / "book" / "concept.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(
        nbformat.v4.new_code_cell("print('forgotten')", id="forgotten")
    )
    nbformat.write(notebook, path)
    done = jupyter_book(checkout)
    assert (
        done.returncode != 0
        and "(print('forgotten')): expected to be run as number" in done.stderr
    )


def test_faults_name_cells_that_failed():
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("1 / 0", execution_count=1)]
    )
    cell = notebook.cells[0]
    cell.outputs = [
        nbformat.v4.new_output(
            "error", ename="ZeroDivisionError", evalue="division by zero"
        )
    ]
    assert list(published.faults(notebook)) == [
        "cell 1 (1 / 0): expected no error, found ZeroDivisionError: division by zero"
    ]
    cell.metadata["tags"] = ["raises-exception"]
    assert list(published.faults(notebook)) == []


def test_the_engine_is_stored_once_for_all_pages(html):
    page = (html / "book" / "concept.html").read_text(encoding="utf-8")
    assert (
        "data-mtl-engine" not in page
        and page.count("_static/mtl/quiz.js")
        == page.count("_static/mtl/explorable.js")
        == 1
    )
    assert "explorable.js" not in (html / "book" / "glossary.html").read_text(
        encoding="utf-8"
    )


def test_every_notebook_is_in_the_table_of_contents():
    missing = {f"book/{path.stem}.html" for path in notebooks.chapters()} - set(
        PAGES
    )
    assert not missing, f"_toc.yml: expected {missing}, found none"
