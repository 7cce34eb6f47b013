"""What the site is worth on paper: the cheat sheet, chapters, questions to print."""

import re

import pytest
from access import until, violations
from browser import new_reader
from mtl_book import chapters, sheet
from paper import A4, LETTER, WIDER, off_paper, on_paper, printed

from mtl_lessons import embed, quiz

ROOT = sheet.ROOT
SAY = embed.strings("quiz") | embed.strings("trainer") | embed.strings("paper")
CHAPTERS = ("concept", "loss_balancing", "scale")
# sheets of A4 that each may fill: there is a quarter to spare
MOST = {"concept": 27, "loss_balancing": 36, "scale": 22}


@pytest.fixture
def open_page(browser, address):
    """Opens pages of one reader; at the end nothing went wrong on them."""
    context, faults = new_reader(browser, address)

    def visit(name):
        page = context.new_page()
        page.goto(f"{address}/book/{name}")
        page.wait_for_load_state("networkidle")
        return page

    yield visit
    context.close()
    assert faults == []


# ---- the cheat sheet ----


@pytest.mark.parametrize("size", [A4, LETTER])
def test_the_cheat_sheet_has_two_pages(open_page, size):
    sheets = printed(open_page("cheat_sheet.html"), size)
    assert len(sheets) == 2 and min(sheets) > 100


def test_the_cheat_sheet_has_a_minute_of_each_chapter_and_links_there(
    open_page,
):
    page = open_page("cheat_sheet.html")
    for name in chapters.names():
        part = page.locator(f"#minute-{name.replace('_', '-')}")
        bold = re.search(r"\*\*([^*{]+)\*\*", sheet.minute(name))[1]
        bold = bold.replace("'", "’")
        assert " ".join(bold.split()) in " ".join(part.inner_text().split())
        assert (
            part.locator("h3 a").first.get_attribute("href") == f"{name}.html"
        )
    text = page.locator("main").inner_text()
    assert all(name in text for name in ("SharedBottom", "GradNorm", "PCGrad"))
    links = page.locator("main dt a").all()
    assert len(links) >= 10 and all(
        "#" in link.get_attribute("href") for link in links
    )


def test_nothing_of_the_cheat_sheet_is_cut_on_paper(open_page):
    page = open_page("cheat_sheet.html")
    on_paper(page)
    assert page.evaluate(WIDER) == []
    assert not page.locator(".bar, .side, .foot").first.is_visible()


# ---- chapters ----

UNWANTED = (
    ".bar, .side, .actions, .turn, .copy, .headerlink, .skip-link, button:not(.term, .mtl-map *), "
    ".entry, input[type=range], select, .mtl-guess, .mtl-tools, progress, .mtl-rest, "
    ".fold:not([open]) pre, .mtl-question > .mtl-answer, .mtl-verdict"
)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_on_paper_is_text_figures_and_tables(open_page, name):
    page = open_page(f"{name}.html")
    on_paper(page)
    seen = [one for one in page.locator(UNWANTED).all() if one.is_visible()]
    assert [
        one.evaluate("node => node.outerHTML.slice(0, 99)") for one in seen
    ] == []
    assert page.evaluate(WIDER) == []
    folded = page.locator("details:not([open], .fold, .mtl-answer)")
    assert folded.count() == 0
    assert page.locator(".fold > summary").first.is_visible()
    for figure in page.locator("main figure").all():
        assert figure.is_visible()
        inside = "node => getComputedStyle(node).breakInside"
        assert figure.evaluate(inside) == "avoid"
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_fills_few_sheets_and_leaves_none_empty(open_page, name):
    sheets = printed(open_page(f"{name}.html"))
    assert len(sheets) <= MOST[name]
    assert min(sheets) > 3


def test_without_a_script_what_is_folded_is_printed_too(browser, address):
    context, _ = new_reader(browser, address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/book/concept.html")
    words = page.locator("details:not([class]) > :not(summary)").first
    code = page.locator("details.fold pre").first
    assert not words.is_visible()
    page.emulate_media(media="print")
    assert words.is_visible() and not code.is_visible()
    assert page.locator(".mtl-key").first.is_visible()
    context.close()


def test_a_quiz_on_paper_has_its_answers_behind_its_questions(open_page):
    page = open_page("concept.html")
    five = quiz.load("concept", ROOT / "book" / "questions").five
    on_paper(page)
    answers = page.locator(".mtl-quiz > .mtl-keys")
    assert answers.locator("ul > .mtl-question").count() == len(five) == 5
    last = page.locator("form.mtl-question").last.bounding_box()
    assert answers.bounding_box()["y"] >= last["y"] + last["height"]
    right = next(one for one in five[0]["options"] if one["correct"])
    assert right["feedback"][:40] in answers.inner_text()
    asked = page.locator("form.mtl-question").first
    assert right["feedback"][:40] not in asked.inner_text()
    assert all(one.is_visible() for one in asked.locator("label").all())


def test_a_figure_on_paper_tells_and_then_asks_again(open_page):
    page = open_page("concept.html")
    cell = page.locator(".mtl-map tbody td .mtl-told").first
    assert page.locator(".mtl-covered").count() == 1 and not cell.is_visible()
    on_paper(page)
    assert page.locator(".mtl-covered").count() == 0 and cell.is_visible()
    off_paper(page)
    assert page.locator(".mtl-covered").count() == 1 and not cell.is_visible()
    page = open_page("loss_balancing.html")
    asked = page.locator(".mtl-asked").count()
    on_paper(page)
    assert asked and page.locator(".mtl-asked").count() == 0
    off_paper(page)
    assert page.locator(".mtl-asked").count() == asked


def test_after_printing_a_page_is_as_it_was(open_page):
    page = open_page("concept.html")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    state = """[document.querySelectorAll("details[open]").length,
      document.querySelectorAll(".mtl-keys").length]"""
    page.locator("details.fold > summary").first.click()
    before = page.evaluate(state)
    on_paper(page)
    assert page.locator("details.fold[open] pre").first.is_visible()
    assert page.evaluate(state) != before
    off_paper(page)
    assert page.evaluate(state) == before == [1, 0]
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


# ---- questions to print ----

LIGHT = 60_000  # bytes of the page before anything is chosen


def wanted(level=None, kind=None, topic=None):
    banks = quiz.everything(ROOT / "book" / "questions")
    return [
        one
        for bank in banks
        for one in bank.questions
        if topic in (None, bank.path.stem)
        and level in (None, one["level"])
        and kind in (None, one["type"])
    ]


def lay_out(page, **choices):
    for name, value in choices.items():
        page.locator(f"select[name={name}]").select_option(value)
    page.get_by_role("button", name=SAY["lay-out"]).click()
    until(page, "!document.querySelector('.mtl-filter [type=submit]').disabled")


def test_questions_are_chosen_by_topic_level_and_type(open_page, html):
    assert (html / "book" / "printable.html").stat().st_size < LIGHT
    page = open_page("printable.html")
    assert page.locator(".mtl-asked").count() == 0
    lay_out(page, topic="concept", level="junior")
    total = len(wanted("junior", topic="concept"))
    asked = page.locator(".mtl-asked li[id]")
    keys = page.locator(".mtl-keys li[id]")
    assert asked.count() == keys.count() == total > 5
    numbers = [one.get_attribute("id") for one in asked.all()]
    assert numbers == [f"question-{i + 1}" for i in range(total)]
    status = page.get_by_role("status").inner_text()
    assert status == SAY["laid-out"].replace("{total}", str(total))
    assert "topic=concept" in page.url and "level=junior" in page.url
    assert asked.first.locator("a").get_attribute("href") == "#answer-1"
    assert violations(page) == []


def test_all_topics_of_a_type_are_numbered_through_without_answers(open_page):
    page = open_page("printable.html")
    lay_out(page, topic="", type="order", keys="none")
    assert page.locator(".mtl-asked li[id]").count() == len(
        wanted(kind="order")
    )
    assert page.locator(".mtl-keys").count() == 0
    assert page.locator(".mtl-asked .mtl-hint a").count() == 0
    assert page.locator(".mtl-asked h3").count() > 3


def test_a_choice_is_an_address_and_another_choice_clears_the_page(open_page):
    page = open_page("printable.html?topic=scale&type=bug&keys=apart")
    page.locator(".mtl-asked li[id]").first.wait_for()
    total = len(wanted(kind="bug", topic="scale"))
    assert page.locator(".mtl-asked li[id]").count() == total
    page.locator("select[name=level]").select_option("staff")
    assert page.locator(".mtl-asked").count() == 0
    assert not page.get_by_role(
        "button", name=SAY["print"], exact=True
    ).is_visible()


def test_a_set_is_laid_out_and_printed_by_keyboard(open_page):
    page = open_page("printable.html")
    page.evaluate("window.print = () => { document.title = 'printed'; }")
    page.locator("select[name=topic]").focus()
    page.keyboard.press("ArrowDown")
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".mtl-asked li[id]").first.wait_for()
    paper = page.get_by_role("button", name=SAY["print"], exact=True)
    paper.focus()
    page.keyboard.press("Enter")
    assert page.title() == "printed"


def test_a_topic_that_does_not_come_is_told_and_tried_again(browser, address):
    context, _ = new_reader(browser, address)
    page = context.new_page()
    page.goto(f"{address}/book/printable.html")
    page.route("**/printable/scale.html", lambda route: route.abort())
    lay_out(page, topic="scale")
    assert page.get_by_role("status").inner_text() == SAY["loading-failed"]
    page.unroute("**/printable/scale.html")
    lay_out(page)
    assert page.locator(".mtl-asked li[id]").count() == len(
        wanted(topic="scale")
    )
    context.close()


def test_a_set_on_paper_has_two_columns_and_its_answers_on_pages_of_their_own(
    open_page,
):
    page = open_page("printable.html?topic=concept&level=junior")
    page.locator(".mtl-asked li[id]").first.wait_for()
    on_paper(page)
    style = (
        "([path, name]) => getComputedStyle(document.querySelector(path))[name]"
    )
    assert (
        page.evaluate(style, [".mtl-asked .mtl-answers", "columnCount"]) == "2"
    )
    assert page.evaluate(style, [".mtl-keys", "breakBefore"]) == "page"
    assert page.evaluate(WIDER) == []
    for part in ("h1", ".mtl-filter", ".mtl-plain", ".bar"):
        assert not page.locator(part).first.is_visible()
    off_paper(page)
    sheets = printed(page)
    assert 2 <= len(sheets) <= 9 and min(sheets) > 3


def test_without_a_script_each_topic_has_a_page_of_questions_and_answers(
    browser, address
):
    context, _ = new_reader(browser, address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/book/printable.html")
    assert not page.locator(".mtl-filter").is_visible()
    links = page.locator(".mtl-plain a")
    banks = quiz.everything(ROOT / "book" / "questions")
    assert links.count() == len(banks)
    links.first.click()
    total = len(wanted(topic="concept"))
    assert page.locator(".mtl-asked li[id]").count() == total
    assert page.locator("#question-1").is_visible()
    assert page.locator(f"#answer-{total}").is_visible()
    context.close()
