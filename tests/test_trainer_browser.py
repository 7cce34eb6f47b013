"""The pages of the trainer in a real browser, under the site's policy.

Every state by mouse and by keyboard, on a desk and a phone.
"""

import itertools
import json
import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from access import violations
from bank import BANK, bank_of
from browser import new_reader
from mtl_book import outline, pages, trainer
from paper import WIDER, off_paper, on_paper, printed
from serve import serving
from test_quiz_browser import HEAD, KEY, PAGE, PAGE_CSS, place, tab_to

from mtl_lessons import embed

ROOT = Path(__file__).parents[1]
WEB = ROOT / "mtl_lessons" / "web"
SAY = embed.strings("quiz") | embed.strings("trainer") | embed.strings("today")
MODULES = [
    WEB / f"{part}.js" for name in trainer.PAGES for part in embed.modules(name)
]
POLICY = (
    f'<meta http-equiv="Content-Security-Policy" content="{pages.policy()}">'
)
STYLES = "".join(
    f'<link rel="stylesheet" href="{sheet}.css">'
    for sheet in embed.SHEETS["trainer"]
)
DAY, NOW = 86_400_000, 1_800_000_000_000
CLOCK = f"window.now = {NOW}; Date.now = () => window.now;"
# Two topics; in the second, a question that follows up on one of the first.
SECOND = """chapter: second
title: Second
about: What is asked?
questions:
- id: second-money
  anchor: money
  level: senior
  type: one
  stem: "What do you optimise, then?"
  options:
  - {text: "Clicks", correct: false, feedback: "Clicks are not money."}
  - {text: "Value", correct: true, feedback: "It is what the product wants."}
  mistake: "Naming a metric."
  follow_up: "And in a year?"
  source: [caruana1997]
"""
# Two chapters; the first takes 20 minutes, the second ten.
CHAPTERS = [
    {"name": "sample", "number": "1", "title": "First", "href": "sample.html"}
    | {
        "sections": [
            {"id": f"sample-{name}", "title": name, "minutes": minutes}
            for name, minutes in (("one", 5), ("two", 12), ("three", 3))
        ]
    },
    {"name": "second", "number": "2", "title": "Second", "href": "second.html"}
    | {"sections": [{"id": "second-one", "title": "Money", "minutes": 10}]},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small site: the trainer's pages with two topics, and a chapter to which they link."""
    folder = tmp_path_factory.mktemp("trainer")
    banks = [
        bank_of(
            folder,
            BANK.replace(
                "  level: junior\n  type: one",
                "  next: second-money\n  level: junior\n  type: one",
                1,
            ),
        ),
        bank_of(folder, SECOND, "second"),
    ]
    topics = [("First topic", banks[0]), ("Second topic", banks[1])]
    trainer.write_bank(topics, {"sample"}, folder / "bank.json")
    (folder / "outline.json").write_text(
        json.dumps(outline.outline(CHAPTERS, topics)), encoding="utf-8"
    )
    for path in (*WEB.glob("*.js"), *WEB.glob("*.css")):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "page.css").write_text(PAGE_CSS, encoding="utf-8")
    (folder / "sample.html").write_text(
        PAGE.format(head=HEAD, body=""), encoding="utf-8"
    )
    for name in trainer.PAGES:
        head = f'{HEAD}{POLICY}{STYLES}<script type="module" src="{name}.js"></script>'
        (folder / f"{name}.html").write_text(
            PAGE.format(head=head, body=trainer.root_of(name, "bank.json")),
            encoding="utf-8",
        )
    return folder


@pytest.fixture(scope="module")
def url(folder):
    with serving(folder) as url:
        yield url


@pytest.fixture(scope="module")
def shared(browser, url):
    """One context for all readers without options: a new one costs more than most tests."""
    context, faults = new_reader(browser, url)
    context.add_init_script(CLOCK)
    yield context, faults
    context.close()


@pytest.fixture
def visit(browser, url, shared):
    """Opens pages of one reader with empty storage.

    At the end nothing was logged as an error and nothing asked of another host.
    """

    @contextmanager
    def reader(**options):
        context, faults = (
            new_reader(browser, url, **options) if options else shared
        )
        if options:
            context.add_init_script(CLOCK)
        try:
            yield lambda name, init="": opened(context, f"{url}/{name}", init)
        finally:
            forget(context, url)
        found, faults[:] = faults[:], []
        assert found == []

    yield reader


def forget(context, url):
    """Closes all pages of a context, its storage emptied."""
    if not context.pages:
        context.new_page().goto(f"{url}/sample.html")
    context.pages[0].evaluate("localStorage.clear()")
    for page in context.pages:
        page.close()


def opened(context, url, init=""):
    page = context.new_page()
    page.add_init_script(init)
    page.goto(url)
    page.locator(".mtl-quiz button").first.wait_for()
    return page


@pytest.fixture
def open_page(visit):
    with visit() as go:
        yield go


def saved(page):
    return page.evaluate(
        f"JSON.parse(localStorage.getItem('{KEY}') ?? '{{\"questions\": {{}}}}').questions"
    )


def keep(page, **entries):
    text = json.dumps(
        {
            "version": 2,
            "questions": {
                name.replace("_", "-"): entry for name, entry in entries.items()
            },
        }
    )
    page.evaluate(
        "([key, text]) => localStorage.setItem(key, text)", [KEY, text]
    )


def button(page, name):
    return page.get_by_role("button", name=SAY.get(name, name), exact=True)


def status(page):
    return page.locator("[role=status]").first.inner_text()


def answer(page, right=True):
    """Answers the question that is shown, right or (closed ones) wrong, and gives the answer."""
    form = page.locator("form.mtl-question")
    name = form.get_attribute("data-id")
    match name:
        case "sample-gain":
            form.get_by_label(
                "Negative transfer" if right else "Positive transfer"
            ).check()
        case "second-money":
            form.get_by_label("Value" if right else "Clicks").check()
        case "sample-labels":
            for text in (
                ("A label", "A sample space", "A loss") if right else ("A GPU",)
            ):
                form.get_by_label(text, exact=True).check()
        case "sample-number":
            form.get_by_role("textbox").fill("0.0036" if right else "7")
        case "sample-order":
            if right:
                place(
                    form,
                    [
                        "impression",
                        "click",
                        "conversion",
                        "a repeat purchase, weeks later",
                    ],
                )
        case "sample-bug":
            form.get_by_label(
                "the_head_that_reads" if right else "relu"
            ).check()
        case "sample-open":
            form.get_by_role("textbox").fill("It spreads")
    form.locator("[type=submit]").click()
    return name


# ---- the bank ----


def test_the_bank_has_what_a_page_needs(folder):
    first, second = json.loads(
        (folder / "bank.json").read_text(encoding="utf-8")
    )["topics"]
    assert (first["id"], first["title"], second["title"]) == (
        "sample",
        "First topic",
        "Second topic",
    )
    gain = first["questions"][0]
    assert (
        gain["next"] == "second-money"
        and gain["seconds"] == 60
        and "html" not in gain
    )
    assert gain["section"] == {
        "text": "a definition",
        "href": "sample.html#sample-a-definition",
    }
    texts, others = (
        json.loads((folder / f"bank-{name}.json").read_text(encoding="utf-8"))
        for name in ("sample", "second")
    )
    assert texts["sample-gain"]["key"] == {"right": ["1"]}
    assert 'href="sample.html#sample-sources"' in texts["sample-gain"]["html"]
    # that chapter is not there
    assert (
        "section" not in second["questions"][0]
        and "<a " not in others["second-money"]["html"]
    )


def test_texts_that_do_not_come_are_told_and_tried_again(visit, folder):
    with visit() as go:
        init = """const load = window.fetch;
          window.refused = 0;
          window.fetch = (...given) => String(given[0]).includes("bank-") && !window.refused++
            ? Promise.reject(new TypeError("offline")) : load(...given);"""
        page = go("practice.html?topic=second&level=", init)
        button(page, "start").click()
        page.get_by_text(SAY["loading-failed"]).first.wait_for()
        button(page, "start").click()
        page.locator("[data-id=second-money]").wait_for()


def test_a_bank_that_cannot_be_loaded_is_told_and_tried_again(visit, folder):
    with visit() as go:
        init = """const load = window.fetch;
          window.tried = 0;
          window.fetch = (...given) => window.tried++
            ? load(...given) : Promise.reject(new TypeError("offline"));"""
        page = go("practice.html?topic=&level=", init)
        assert page.get_by_role("status").inner_text() == SAY["loading-failed"]
        button(page, "loading-again").click()
        page.get_by_text("Questions: 7 (0 due, 7 new).").first.wait_for()


# ---- practice ----


def test_practice_filters_by_topic_level_type_and_state(open_page):
    page = open_page("practice.html?topic=&level=")
    assert status(page) == "Questions: 7 (0 due, 7 new)."
    page.get_by_label("Topic").select_option("Second topic")
    assert status(page) == "Questions: 1 (0 due, 1 new)."
    page.get_by_label("Level").select_option("junior")
    assert (
        status(page) == "No question fits. Choose something wider."
        and button(page, "start").is_disabled()
    )
    page.get_by_label("Topic").select_option("all topics")
    assert status(page) == "Questions: 3 (0 due, 3 new)."
    page.get_by_label("Type").select_option("a number")
    assert status(page) == "Questions: 1 (0 due, 1 new)."
    keep(
        page,
        sample_number={"reviews": [{"time": NOW - 9 * DAY, "score": 0}]},
        sample_gain={"reviews": [{"time": NOW, "score": 1}]},
    )
    page.reload()
    page.get_by_text("Questions: 6 (1 due, 5 new).").first.wait_for()
    page.get_by_label("Which questions").select_option(
        "answered wrongly last time"
    )
    assert status(page) == "Questions: 1 (1 due, 0 new)."


def test_a_link_can_choose_the_topic(open_page):
    page = open_page("practice.html?topic=second&which=nonsense")
    assert (
        page.get_by_label("Topic").input_value() == "second"
        and page.get_by_label("Which questions").input_value() == "due"
    )


def test_practice_asks_what_is_due_first_follows_up_and_ends_with_what_to_read(
    open_page,
):
    page = open_page("practice.html?topic=&level=")
    keep(
        page,
        sample_gain={"reviews": [{"time": NOW - 9 * DAY, "score": 0}]},
        sample_number={"reviews": [{"time": NOW, "score": 1}]},
    )
    page.reload()
    button(page, "start").click()
    form = page.locator("form.mtl-question")
    form.wait_for()
    assert page.evaluate("document.activeElement.tagName") == "LEGEND"
    assert re.sub(
        r"\s+", " ", form.locator("legend").first.inner_text()
    ).startswith("Question 1 of 6")
    assert form.get_attribute("data-id") == "sample-gain"
    form.get_by_label("certain: 95 %").check()
    answer(page, right=False)
    assert (
        status(page) == "Question 1 of 6: Not right."
        and "0.5 is chance" in form.inner_text()
    )
    assert form.get_by_label("certain: 95 %").is_disabled()
    assert saved(page)["sample-gain"]["reviews"][1] == {
        "time": NOW,
        "score": 0,
        "sure": 95,
    }
    button(page, "next-follow-up").click()
    assert form.get_attribute("data-id") == "second-money"
    answer(page)
    button(page, "next").click()
    button(page, "stop").click()
    assert (
        page.locator(".mtl-quiz h2").first.inner_text()
        == "Round finished: 2 answered, 1 right"
    )
    assert page.evaluate("document.activeElement.tagName") == "H2"
    assert (
        page.get_by_role("link", name="a definition").get_attribute("href")
        == "sample.html#sample-a-definition"
    )
    button(page, "round-again").click()
    assert (
        page.evaluate("document.activeElement.name") == "which"
        and status(page) == "Questions: 4 (0 due, 4 new)."
    )


def test_enter_in_a_rubric_is_no_second_answer(open_page):
    page = open_page("practice.html?topic=&level=")
    page.get_by_label("Type").select_option("free answer")
    button(page, "start").click()
    answer(page)
    for box in page.locator(".mtl-rubric input").all()[:-1]:
        box.press("Space")
        box.press("Enter")
    assert (
        saved(page)["sample-open"]["attempts"] == 1
        and saved(page)["sample-open"]["points"] == 5
    )


def test_every_type_can_be_practised(open_page):
    page, seen = open_page("practice.html?topic=&level="), set()
    button(page, "start").click()
    for number in range(7):
        seen.add(answer(page))
        if "sample-open" in seen and page.locator(".mtl-rubric").is_visible():
            page.get_by_label("NaN spreads").check()
            assert status(page) == f"Question {number + 1} of 7: 2 of 5 points."
            assert saved(page)["sample-open"]["reviews"] == [
                {"time": NOW, "score": 0.4}
            ]
        page.locator(".mtl-question .mtl-buttons button:visible").nth(
            -2
        ).click()
    assert (
        len(seen) == 7
        and "7 answered, 6 right"
        in page.locator(".mtl-quiz h2").first.inner_text()
    )
    assert set(saved(page)) == seen


def test_an_answer_in_another_tab_is_heard(open_page):
    one, other = (
        open_page("practice.html?topic=&level="),
        open_page("practice.html?topic=&level="),
    )
    button(other, "start").click()
    answer(other)
    one.get_by_text("Questions: 6 (0 due, 6 new).").first.wait_for()


def test_practice_by_keyboard(open_page):
    page = open_page("practice.html?topic=second")
    tab_to(page, "select[name=which]")
    tab_to(page, "form [type=submit]")
    page.keyboard.press("Enter")
    tab_to(page, "[data-id=second-money] input")
    page.keyboard.press("ArrowDown")
    tab_to(page, ".mtl-sure input")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    assert (
        status(page) == "Question 1 of 1: Right."
        and saved(page)["second-money"]["reviews"][0]["sure"] == 25
    )
    assert saved(page)["second-money"]["attempts"] == 1
    tab_to(page, ".mtl-buttons button:nth-of-type(3)")
    page.keyboard.press("Enter")
    assert (
        "1 answered, 1 right" in page.locator(".mtl-quiz h2").first.inner_text()
    )


def test_trouble_with_storage_is_shown(open_page):
    page = open_page(
        "practice.html?topic=&level=", f"localStorage.setItem('{KEY}', '{{')"
    )
    assert page.locator(".mtl-notice").all_inner_texts() == [
        SAY["storage-corrupt"]
    ] and SAY["storage-corrupt"] in status(page)


# ---- mock interview ----

# Time passes when a test says so: the page's clock stands, and its timers tick by hand.
TICKS = """window.time = 0; performance.now = () => window.time; const ticks = new Map();
  window.setInterval = (tick) => ticks.set(ticks.size + 1, tick).size;
  window.clearInterval = (name) => ticks.delete(name);
  window.pass = (seconds) => { window.time += 1000 * seconds; ticks.forEach((tick) => tick()); };"""


def pass_seconds(page, seconds):
    page.evaluate("seconds => window.pass(seconds)", seconds)


def interview(page, pace="interview", level="all levels"):
    page.get_by_label("Length").select_option("10 questions")
    page.get_by_label("Level").select_option(level)
    page.get_by_label("Time").select_option(SAY[f"pace-{pace}"])
    button(page, "interview-start").click()
    page.locator("form.mtl-question").wait_for()


def step(page, right=True):
    """Answers a question; a free answer gets two of five points."""
    name = answer(page, right)
    if name == "sample-open":
        page.get_by_label("NaN spreads").check()
        page.locator(".mtl-buttons button:visible").first.click()
    return name


def test_an_interview_gives_no_verdict_until_its_report(open_page):
    page = open_page("interview.html")
    assert re.fullmatch(r"Questions: 5\. Minutes: \d+\.", status(page))
    interview(page)
    names = []
    for number in range(7):
        assert (
            page.locator("legend")
            .first.inner_text()
            .startswith(f"Question {number + 1} of 7")
        )
        assert (
            page.locator(".mtl-verdict:visible, .mtl-after:visible").count()
            == 0
        )
        if number == 0:
            page.get_by_label("fairly sure: 75 %").check()
        names.append(step(page, right=number != 6))
    assert len(set(names)) == 7 and set(saved(page)) == set(names)
    assert (
        page.locator(".mtl-quiz h2")
        .first.inner_text()
        .startswith("Report of 20")
    )
    assert page.evaluate("document.activeElement.tagName") == "H2"
    facts = dict(
        zip(
            page.locator("dt").all_inner_texts(),
            page.locator("dd").all_inner_texts(),
        )
    )
    last_open = names[6] == "sample-open"
    assert facts["Answered"] == "7 of 7" and facts["Over time"] == "0"
    assert facts["Score"] == (
        f"{round(100 * 6.4 / 7)} %"
        if last_open
        else f"{round(100 * 5.4 / 7)} %"
    )
    assert facts["Confidence"] == (
        "75 % stated, 40 % scored"
        if names[0] == "sample-open"
        else "75 % stated, 100 % scored"
    )
    assert re.fullmatch(r"0:\d\d of 11:30", facts["Time"])
    details = page.locator("details.mtl-detail")
    assert details.count() == 7
    for caption, rows in (("report-topics", 2), ("report-levels", 3)):
        found = page.get_by_role("table", name=SAY[caption], exact=True)
        assert found.locator("tbody tr").count() == rows
    details.nth(6).locator("summary").first.click()
    assert (
        details.nth(6).locator(".mtl-after").is_visible()
        and details.nth(6).locator(".mtl-buttons").count() == 0
    )
    if names[0] == "sample-gain":
        assert names[1] == "second-money"


def test_an_interview_of_a_level_has_no_other_and_a_follow_up_where_it_fits(
    open_page,
):
    follows = {"sample-gain": "second-money", "sample-number": "sample-bug"}
    page = open_page("interview.html")
    interview(page, level="junior")
    asked = [step(page) for _ in range(3)]
    assert set(asked) == {"sample-gain", "sample-number", "sample-order"}
    assert page.locator("details.mtl-detail").count() == 3
    page.close()

    page = open_page("interview.html")
    page.get_by_label("Level").select_option("all levels")
    interview(page)
    names = [step(page) for _ in range(7)]
    for name, after in itertools.pairwise(names):
        if name in follows and follows[name] not in names[: names.index(name)]:
            assert follows[name] == after


def test_what_is_not_known_is_said_and_ending_asks(open_page):
    page = open_page("interview.html")
    interview(page)
    first = page.locator("form.mtl-question").get_attribute("data-id")
    button(page, "dont-know").click()
    assert saved(page)[first]["reviews"] == [{"time": NOW, "score": 0}]
    button(page, "interview-end").click()
    dialog = page.get_by_role("dialog")
    assert "Questions without an answer: 7." in dialog.inner_text()
    button(page, "end-no").click()
    assert page.locator("form.mtl-question").count() == 1
    button(page, "interview-end").click()
    button(page, "end-yes").click()
    details = page.locator("details.mtl-detail summary")
    assert "Not known" in details.first.inner_text()
    assert page.get_by_text("Not answered").count() == 6
    failed = page.get_by_role("link", name="Practise what failed (7)")
    assert first in failed.get_attribute("href")
    assert page.get_by_role("link", name="a definition").count() >= 1
    button(page, "interview-again").click()
    past = page.get_by_role("table", name=SAY["past-caption"])
    assert past.locator("tbody tr").count() == 1
    assert "0 %" in past.inner_text()


def test_what_was_chosen_is_kept(open_page):
    page = open_page("interview.html")
    interview(page, "none", level="staff")
    button(page, "dont-know").click()
    button(page, "interview-end").click()
    button(page, "end-yes").click()
    other = open_page("interview.html")
    assert other.get_by_label("Level").input_value() == "staff"
    assert other.get_by_label("Time").input_value() == "none"


def test_a_new_reader_begins_with_the_easiest_of_the_first_chapter(open_page):
    page = open_page("practice.html")
    assert page.get_by_label("Topic").input_value() == "sample"
    assert page.get_by_label("Level").input_value() == "junior"
    assert page.get_by_text(
        "Next on the path: First topic, junior questions (0 of 3 known)."
    ).is_visible()
    every = {
        f"sample_{name}": {"reviews": [{"time": NOW, "score": 1}]}
        for name in ("gain", "number", "order")
    }
    keep(page, **every)
    page.reload()
    page.get_by_text("First topic, senior questions (0 of 1 known)").wait_for()
    button(page, "path-take").click()
    form = page.locator("form.mtl-question")
    assert form.get_attribute("data-id") == "sample-labels"


def test_a_round_and_a_draft_outlive_a_reload(open_page):
    page = open_page("practice.html?questions=sample-open,sample-bug,unknown")
    page.get_by_role("textbox").fill("half a thought")
    page.reload()
    form = page.locator("form.mtl-question")
    form.wait_for()
    assert form.get_attribute("data-id") == "sample-open"
    assert page.get_by_role("textbox").input_value() == "half a thought"
    answer(page)
    button(page, "next").click()
    page.reload()
    form.wait_for()
    assert form.get_attribute("data-id") == "sample-bug"
    button(page, "stop").click()
    page.reload()
    button(page, "start").wait_for()


def test_an_item_of_an_order_can_be_dragged(open_page):
    page = open_page("practice.html?questions=sample-order")
    items = page.locator(".mtl-order .mtl-item")
    before = items.all_inner_texts()
    grip = page.locator(".mtl-drag").first.bounding_box()
    last = page.locator(".mtl-order > li").last.bounding_box()
    page.mouse.move(grip["x"] + 5, grip["y"] + 5)
    page.mouse.down()
    for share in (0.3, 0.6, 0.9, 1.0):
        y = grip["y"] + share * (last["y"] + last["height"] - grip["y"])
        page.mouse.move(grip["x"] + 5, y)
    page.mouse.up()
    assert items.all_inner_texts() == [*before[1:], before[0]]


def test_time_that_runs_out_is_told_and_noted_but_cuts_nobody_off(open_page):
    page = open_page("interview.html", TICKS)
    interview(page)
    form = page.locator("form.mtl-question")
    limit = {
        "sample-open": 180,
        "sample-number": 120,
        "sample-bug": 120,
        "sample-labels": 75,
        "sample-order": 75,
    }.get(form.get_attribute("data-id"), 60)
    clock = page.get_by_role("timer").inner_text()
    whole, begun = (
        f"{left // 60}:{left % 60:02d}" for left in (limit, limit - 1)
    )
    shown = clock.replace(begun, whole)  # a second less is right, too
    assert re.match(rf"{whole} for this question, 1[01]:\d\d in all", shown), (
        clock
    )
    pass_seconds(page, limit - 10)
    assert status(page) == "15 seconds left for this question."
    pass_seconds(page, 11)
    assert status(page) == SAY["time-over"] and page.get_by_role(
        "timer"
    ).inner_text().startswith("Over time; ")
    pass_seconds(page, 1000)
    assert status(page) == SAY["time-all-over"]
    step(page)
    facts = dict(
        zip(
            page.locator("dt").all_inner_texts(),
            page.locator("dd").all_inner_texts(),
        )
    )
    assert facts["Answered"] == "1 of 7" and facts["Over time"] == "1"
    assert (
        page.get_by_text("Not answered").count() == 6
        and "over time" in page.locator("summary").first.inner_text()
    )


def test_the_clock_stands_still_while_a_free_answer_is_scored_and_can_be_switched_off(
    open_page,
):
    page = open_page("interview.html", TICKS)
    interview(page, level="staff")  # bug and open
    while answer(page) != "sample-open":
        pass
    before = page.get_by_role("timer").inner_text()
    pass_seconds(page, 60)
    assert page.get_by_role("timer").inner_text() == before
    page = open_page("interview.html", TICKS)
    interview(page, "none")
    pass_seconds(page, 4000)
    assert re.fullmatch(
        r"66:\d\d on this question, 66:\d\d in all",
        page.get_by_role("timer").inner_text(),
    )


def test_an_interview_by_keyboard_ends_early_and_its_report_is_saved_and_printed(
    open_page, tmp_path
):
    page = open_page(
        "interview.html",
        """window.print = () => {
          window.printed = document.querySelectorAll("details:not([open])").length; };""",
    )
    tab_to(page, "select[name=length]")
    page.get_by_label("Level").select_option("staff")
    tab_to(page, "form [type=submit]")
    page.keyboard.press("Enter")
    page.locator("form.mtl-question").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "LEGEND"
    if page.locator("textarea").count() == 0:
        tab_to(page, "[data-id=sample-bug] input")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
    tab_to(page, "textarea")
    page.keyboard.type("first line")
    page.keyboard.press("Enter")
    page.keyboard.type("<b>second</b>")
    page.keyboard.press("Control+Enter")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.locator(".mtl-buttons button").last.focus()
    page.keyboard.press("Enter")
    if page.get_by_role("dialog").count():
        button(page, "end-yes").press("Enter")
    with page.expect_download() as caught:
        button(page, "report-save").press("Enter")
    text = Path(caught.value.path()).read_text(encoding="utf-8")
    assert caught.value.suggested_filename.startswith(
        "mock-interview-20"
    ) and text.startswith("# Report of 20")
    assert (
        "> first line\n> <b>second</b>" in text
        and "L = \\sum_{t} w_t L_t" in text
        and "sample-open" in text
    )
    button(page, "print").press("Enter")
    assert page.evaluate("window.printed") == 0
    assert page.locator("b").count() == 0


def test_a_report_on_paper_says_what_was_chosen_and_what_is_right(open_page):
    page = open_page("interview.html")
    interview(page)
    for _ in range(7):
        step(page, right=False)
    on_paper(page)
    assert page.locator(".mtl-detail").count() == 7
    assert page.locator("details:not([open])").count() == 0
    assert page.locator("button:visible").count() == 0
    gain = page.locator("form[data-id=sample-gain]")
    chosen = gain.locator("fieldset li[data-verdict=wrong]")
    assert "Positive transfer" in chosen.inner_text()
    right = gain.locator(".mtl-answer li[data-verdict=right]")
    assert right.is_visible() and SAY["right"] in right.inner_text()
    assert page.evaluate(WIDER) == []
    off_paper(page)
    sheets = printed(page)
    assert len(sheets) <= 7 and min(sheets) > 3


def seconds_left(page):
    """What the clock of an interview shows as left in all."""
    found = re.search(
        r"(\d+):(\d\d) in all", page.get_by_role("timer").inner_text()
    )
    return 60 * int(found[1]) + int(found[2])


def test_an_interview_outlives_a_reload_and_a_way_back_and_its_clock_goes_on(
    open_page,
):
    page = open_page("interview.html", TICKS)
    interview(page)
    form = page.locator("form.mtl-question")
    known = step(page)
    unknown = form.get_attribute("data-id")
    button(page, "dont-know").click()
    asked = form.get_attribute("data-id")
    page.get_by_label("fairly sure: 75 %").check()
    if asked == "sample-open":
        form.get_by_role("textbox").fill("half a thought")
    pass_seconds(page, 20)
    left = seconds_left(page)

    page.add_init_script(f"window.now = {NOW + 130_000}")
    page.reload()
    form.wait_for()
    assert form.get_attribute("data-id") == asked
    assert (
        page.locator("legend").first.inner_text().startswith("Question 3 of 7")
    )
    assert status(page) == SAY["went-on"].replace("{time}", "2:10")
    assert page.get_by_label("fairly sure: 75 %").is_checked()
    assert left - seconds_left(page) == 130
    other = open_page(
        "interview.html"
    )  # another tab has an interview of its own
    assert button(other, "interview-start").is_visible()

    page.goto(page.url.replace("interview", "sample"))
    page.go_back()
    form.wait_for()
    assert form.get_attribute("data-id") == asked
    step(page)
    button(page, "interview-end").click()
    button(page, "end-yes").click()
    page.get_by_role("heading", name="Report of 20").wait_for()
    rows = page.locator("details.mtl-detail > summary")
    before = rows.all_inner_texts()
    assert "Not known" in before[1] and "Not answered" not in " ".join(
        before[:3]
    )

    page.reload()
    page.get_by_role("heading", name="Report of 20").wait_for()
    assert rows.all_inner_texts() == before
    assert {known, unknown, asked} <= set(saved(page))
    button(page, "interview-again").click()
    past = page.get_by_role("table", name=SAY["past-caption"])
    assert past.locator("tbody tr").count() == 1
    page.reload()
    button(page, "interview-start").wait_for()


def test_whoever_comes_back_too_late_gives_the_last_answer_and_has_a_report(
    open_page,
):
    page = open_page("interview.html", TICKS)
    interview(page)
    page.add_init_script(f"window.now = {NOW + DAY}")
    page.reload()
    page.locator("form.mtl-question").wait_for()
    assert status(page).endswith(SAY["time-all-over"])
    step(page)
    page.get_by_role("heading", name="Report of 20").wait_for()
    assert page.get_by_text("Not answered").count() == 6


def test_a_free_answer_that_is_being_scored_outlives_a_reload_and_costs_no_time(
    open_page,
):
    page = open_page("interview.html", TICKS)
    interview(page, level="staff")  # bug and open
    while answer(page) != "sample-open":
        pass
    page.get_by_label("NaN spreads").check()
    before = page.get_by_role("timer").inner_text()
    page.add_init_script(f"window.now = {NOW + 130_000}")
    page.reload()
    page.get_by_label("NaN spreads").wait_for()
    assert page.get_by_label("NaN spreads").is_checked()
    assert page.get_by_role("textbox").input_value() == "It spreads"
    assert page.get_by_role("timer").inner_text() == before
    assert len(saved(page)["sample-open"]["reviews"]) == 1


def test_without_storage_an_interview_lasts_as_long_as_its_page(open_page):
    forbidden = """Object.defineProperty(window, "sessionStorage", {
      get() { throw new DOMException("no", "SecurityError"); } });"""
    page = open_page("interview.html", forbidden)
    interview(page)
    step(page)
    assert page.locator("legend").first.inner_text().startswith("Question 2")
    page.reload()
    button(page, "interview-start").wait_for()


# ---- cards ----


def test_cards_turn_and_are_reviews(open_page):
    page = open_page("cards.html?topic=&level=")
    then = NOW - 9 * DAY
    fact = {
        "edition": "e",
        "right": False,
        "answer": ["0"],
        "attempts": 1,
        "time": then,
    }
    keep(page, sample_gain=fact | {"reviews": [{"time": then, "score": 0}]})
    page.reload()
    page.get_by_text("Questions: 7 (1 due, 6 new).").first.wait_for()
    button(page, "start").click()
    assert (
        page.evaluate("document.activeElement.textContent")
        == "Card 1 of 7 · First topic · one choice"
    )
    card = page.locator(".mtl-card")
    assert (
        "Negative transfer on this task" in card.inner_text()
        and not page.locator(".mtl-back").is_visible()
    )
    assert (
        page.locator(".mtl-card :is(input, textarea)").count() == 0
        and not button(page, "grade-3").is_visible()
    )
    page.keyboard.press("2")  # not turned over yet
    page.keyboard.press("Space")
    said = card.locator(".mtl-said").all_inner_texts()
    assert said[0].startswith("Negative transfer")  # the right one first
    assert (
        "its own fair baseline" in card.inner_text()
        and page.evaluate("document.activeElement.className") == "mtl-back"
    )
    button(page, "grade-3").click()
    entry = saved(page)["sample-gain"]
    assert (
        entry["reviews"][1] == {"time": NOW, "score": 1}
        and entry["answer"] == ["0"]
        and entry["time"] == NOW - 9 * DAY
    )
    for key in "131314":
        card.click(position={"x": 5, "y": 5})
        page.keyboard.press(key)
    assert (
        page.locator(".mtl-quiz h2").first.inner_text() == "Cards: 7, known: 4"
    )
    assert (
        len(saved(page)) == 7
        and sum(entry["reviews"][-1]["score"] for entry in saved(page).values())
        == 4
    )


# ---- progress ----

HISTORY = {
    "sample_gain": {
        "reviews": [
            {"time": NOW - 9 * DAY, "score": 0, "sure": 95},
            {"time": NOW - 5 * DAY, "score": 0, "sure": 75},
        ]
    },
    "sample_labels": {"reviews": [{"time": NOW, "score": 1, "sure": 75}]},
    "sample_open": {"reviews": [{"time": NOW, "score": 0.6}]},
}


def rows(page, heading):
    table = page.locator(f".mtl-table[aria-label='{heading}'] table")
    return [
        row.locator("th, td").all_inner_texts()
        for row in table.locator("tbody tr").all()
    ]


def test_progress_shows_scores_confidence_and_what_to_read(open_page):
    page = open_page("progress.html")
    assert SAY["calibration-none"] in page.inner_text("main") and SAY[
        "weakest-none"
    ] in page.inner_text("main")
    keep(page, **HISTORY)
    page.reload()
    page.get_by_text("3 of 6").wait_for()
    first, second, total = rows(page, SAY["by-topic-caption"])
    # (0 + 1 + .6) / 3, (95 + 75 + 75) / 3
    assert (
        first[:4] == ["First topic", "3 of 6", "53 %", "82 %"]
        and first[5] == "1"
    )
    assert (
        second == ["Second topic", "0 of 1", "–", "–", "–", "0"]
        and total[1] == "3 of 7"
    )
    assert 50 < int(first[4].split()[0]) < 100
    assert rows(page, SAY["calibration-caption"]) == [
        ["25 %", "0", "–", "–"],
        ["50 %", "0", "–", "–"],
        ["75 %", "2", "50 %", "too sure"],
        ["95 %", "1", "0 %", "too sure"],
    ]
    brier = (0.95**2 + 0.75**2 + 0.25**2) / 3
    assert f"Brier score {brier:.2f} (answers: 3)" in page.inner_text("main")
    assert rows(page, SAY["weakest-caption"]) == [
        ["a definition", "First topic", "3", "53 %"]
    ]
    assert (
        page.get_by_role("link", name="a definition").get_attribute("href")
        == "sample.html#sample-a-definition"
    )
    assert (
        page.get_by_role("link", name="Second topic").get_attribute("href")
        == "practice.html?topic=second"
    )


def test_another_tab_changes_what_is_shown(open_page):
    one, other = (
        open_page("progress.html"),
        open_page("practice.html?topic=second"),
    )
    button(other, "start").click()
    answer(other)
    one.get_by_text("1 of 1").wait_for()
    assert status(one) == SAY["progress-heard"]


def take(page, text, name="progress.json"):
    page.get_by_label("Take from a file").set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": text.encode()}
    )
    page.locator(".mtl-outcome:not(:empty)").wait_for()
    said = page.locator(".mtl-outcome").inner_text()
    page.evaluate("document.querySelector('.mtl-outcome').textContent = ''")
    return said


def export(page):
    with page.expect_download() as caught:
        button(page, "export").click()
    assert re.fullmatch(
        r"mtl-progress-\d{4}-\d\d-\d\d\.json", caught.value.suggested_filename
    )
    return Path(caught.value.path()).read_text(encoding="utf-8")


def test_progress_goes_out_and_comes_in_and_merges(visit):
    with visit() as go:
        page = go("practice.html?topic=&level=")
        button(page, "start").click()
        for _ in range(7):
            answer(page)
            page.locator(".mtl-question .mtl-buttons button:visible").nth(
                -2
            ).click()
        before = saved(page)
        page = go("progress.html")
        text = export(page)
        assert (
            page.locator(".mtl-outcome").inner_text()
            == "Saved. Questions with progress: 7."
        )
    with visit() as go:
        page = go("progress.html")
        mine = {
            "reviews": [{"time": NOW + 5, "score": 0}],
            "right": False,
            "answer": ["0"],
            "edition": "e",
            "time": NOW + 5,
            "attempts": 4,
        }
        keep(page, sample_gain=mine)
        assert (
            take(page, text) == "Added. Questions in the file: 7, new here: 6."
        )
        found = saved(page)
        assert found["sample-gain"] == mine | {
            "reviews": [before["sample-gain"]["reviews"][0], *mine["reviews"]]
        }
        assert {
            name: entry
            for name, entry in found.items()
            if name != "sample-gain"
        } == {
            name: entry
            for name, entry in before.items()
            if name != "sample-gain"
        }
        assert (
            take(page, text) == "Added. Questions in the file: 7, new here: 0."
            and saved(page) == found
        )


def test_what_is_not_of_this_book_stays_and_is_left_out_of_the_file(open_page):
    page = open_page("progress.html")
    keep(page, sample_gain={"reviews": []}, stranger={"much": "else"})
    text = export(page)
    state = json.loads(text)
    assert set(state["questions"]) == {"sample-gain"}
    assert "did not write them: 1." in page.locator(".mtl-outcome").inner_text()
    take(page, text)
    assert saved(page)["stranger"] == {"much": "else"}
    state["questions"]["another-book"] = {"reviews": []}
    told = take(page, json.dumps(state))
    assert told.endswith("since this book does not have them: 1.")
    assert set(saved(page)) == {"sample-gain", "stranger"}


def backup(version=2, format="mtl-lessons progress", **entry):
    good = {
        "edition": "abcd1234",
        "attempts": 1,
        "right": True,
        "answer": ["0"],
        "time": NOW,
        "reviews": [{"time": NOW, "score": 1}],
    }
    return json.dumps(
        {
            "format": format,
            "version": version,
            "questions": {"sample-gain": good | entry},
        }
    )


EVIL = "<img src=x onerror=alert(1)>"
HOSTILE = {
    "": "json",
    "{": "json",
    "[]": "foreign",
    "null": "foreign",
    '{"format": "mtl-lessons progress", "version": 2, "questions": []}': "foreign",
    backup(format=EVIL): "foreign",
    backup(version=3): "version",
    backup(version=EVIL): "version",
    backup().replace("sample-gain", EVIL): "name",
    backup().replace("sample-gain", "__proto__"): "name",
    backup(reviews=None): "reviews",
    backup(reviews=[{"time": NOW, "score": 2}]): "part",
    backup(reviews=[{"time": "1", "score": 1}]): "part",
    backup(reviews=[{"time": NOW, "score": 1, "more": EVIL}]): "part",
    backup(reviews=[{"time": 1e300, "score": 1}]): "part",
    backup(answer={"text": EVIL}): "part",
    backup(answer={"text": EVIL, "ticks": [EVIL]}): "part",
    backup(answer="x" * 20_001): "part",
    backup(edition=EVIL): "part",
    backup(right=EVIL): "part",
    backup(attempts=-1): "part",
    backup(**{EVIL: 1}): "foreign-part",
    backup(__proto__=1): "foreign-part",
    " " * 4_000_001: "large",
}


def test_a_hostile_file_is_refused_whole_and_changes_nothing(open_page):
    page = open_page("progress.html")
    keep(page, sample_gain={"reviews": [{"time": NOW, "score": 0}]})
    before = saved(page)
    for text, reason in HOSTILE.items():
        values = {
            "id": "sample-gain",
            "part": "?",
            "found": "?" if EVIL in text else "3",
            "expected": "2",
        }
        said = take(page, text)
        expected = SAY[f"import-{reason}"].format(**values).split("?")
        assert said.startswith("Nothing was changed. ") and all(
            part in said for part in expected
        ), (text[:200], said)
        assert (
            "<" not in said
            and saved(page) == before
            and page.locator("main img").count() == 0
        )
    assert page.evaluate("({}).score") is None


def test_text_of_a_file_stays_text(open_page):
    page = open_page("progress.html")
    entry = {
        "edition": "e",
        "attempts": 1,
        "points": 2,
        "total": 5,
        "answer": {"text": EVIL, "ticks": [True]},
        "time": NOW,
        "reviews": [],
    }
    text = json.dumps(
        json.loads(backup()) | {"questions": {"sample-open": entry}}
    )
    assert take(page, text) == "Added. Questions in the file: 1, new here: 1."
    assert (
        saved(page)["sample-open"] == entry
        and page.locator("main img").count() == 0
    )


def test_everything_is_forgotten_only_after_a_question(open_page):
    page = open_page("progress.html")
    keep(page, **HISTORY)
    page.reload()
    button(page, "forget-all").press("Enter")
    assert (
        page.evaluate("document.activeElement.textContent") == SAY["reset-no"]
    )
    page.keyboard.press("Escape")
    assert (
        page.evaluate("document.activeElement.textContent") == SAY["forget-all"]
        and len(saved(page)) == 3
    )
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert (
        saved(page) == {}
        and status(page) == SAY["reset-done"]
        and "0 of 6" in page.inner_text("main")
    )


def test_what_was_set_aside_can_be_saved(open_page):
    page = open_page(
        "progress.html",
        f"if (!window.done) localStorage.setItem('{KEY}', '{{broken'); window.done = true;",
    )
    assert SAY["storage-corrupt"] in page.inner_text("main")
    with page.expect_download() as caught:
        button(page, "aside-save").click()
    assert Path(caught.value.path()).read_text(encoding="utf-8") == "{broken"
    button(page, "aside-delete").click()
    assert (
        status(page) == SAY["aside-deleted"]
        and button(page, "aside-save").count() == 0
    )
    assert (
        page.evaluate(
            "Object.keys(localStorage).filter((key) => key.includes('unreadable')).length"
        )
        == 0
    )


# ---- access ----


def states(page, name):
    """Walks a page through its states."""
    yield "start"
    if name == "progress":
        keep(page, **HISTORY)
        page.reload()
        page.get_by_text("3 of 6").wait_for()
        yield "filled"
        button(page, "forget-all").click()
        yield "asking"
        return
    if name == "today":
        keep(page, **HISTORY)
        page.reload()
        page.locator(".mtl-weeks").wait_for()
        yield "filled"
        page.get_by_label("Date of the interview").fill("2027-02-14")
        button(page, "plan-make").click()
        page.locator(".mtl-fit").wait_for()
        page.locator("details").evaluate_all(
            "all => all.forEach((one) => (one.open = true))"
        )
        yield "planned"
        return
    if name == "interview":
        page.get_by_label("Length").select_option("10 questions")
    page.locator(".mtl-filter [type=submit]").click()
    yield "question"
    if name == "cards":
        button(page, "flip").click()
        yield "turned"
        for _ in range(7):
            page.keyboard.press("1")
            if button(page, "flip").count():
                button(page, "flip").click()
        yield "end"
        return
    for number in range(7):
        if not page.locator("form.mtl-question").count():
            break
        kind = answer(page, right=number % 2 == 0)
        if name == "practice" or kind == "sample-open":
            yield f"graded {kind}"
            page.locator(".mtl-question .mtl-buttons button:visible").nth(
                -2
            ).click()
    page.locator("details").evaluate_all(
        "all => all.forEach((one) => (one.open = true))"
    )
    yield "end"


@pytest.mark.parametrize("name", trainer.PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1300), ("dark", 360)])
def test_axe_finds_nothing_in_any_state_and_nothing_scrolls_sideways(
    visit, name, theme, width
):
    with visit(
        viewport={"width": width, "height": 900}, reduced_motion="reduce"
    ) as go:
        page = go(f"{name}.html")
        for state in states(page, name):
            page.evaluate(
                "theme => document.documentElement.dataset.theme = theme", theme
            )
            assert (
                page.evaluate("document.documentElement.scrollWidth") <= width
            ), state
            assert violations(page) == [], state
            small = page.evaluate("""() => {
              const inputs = "input:not([type=radio], [type=checkbox])";
              const targets = `.mtl-quiz :is(button, select, summary, textarea, ${inputs})`;
              const size = (node) => node.getBoundingClientRect();
              return [...document.querySelectorAll(targets)]
                .filter((node) => node.checkVisibility())
                .filter((node) => Math.min(size(node).width, size(node).height) < 24)
                .map((node) => node.outerHTML.slice(0, 80)); }""")
            assert small == [], state


# ---- strings ----


def test_every_string_of_the_trainer_is_used_and_every_used_string_is_there():
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (
            *MODULES,
            *(ROOT / "book" / "_ext" / "mtl_book").glob("t*.py"),
        )
    )
    dynamic = ("grade-", "label-", "any-", "which-", "pace-", "import-")
    for name in embed.strings("trainer"):
        assert (
            f'"{name}"' in code
            or f".{name}" in code
            or name.startswith(dynamic)
        ), name
    for name in re.findall(
        r'say\["([\w-]+)"\]|phrase\("([\w-]+)"|say\.([\w-]+)|SAY\["([\w-]+)"\]',
        code,
    ):
        assert "".join(name) in SAY, name
    assert not set(embed.strings("quiz")) & set(embed.strings("trainer"))
