"""The quiz engine in a real browser.

Every type of question by mouse and by keyboard, progress, hosts, accessibility.
"""

from contextlib import contextmanager

import pytest
from access import (
    NONE,
    UNREACHED,
    stretch,
    until,
    violations,
    violations_by_theme,
)
from bank import BANK, bank_of
from browser import new_reader
from serve import serving

from mtl_lessons import embed, quiz

KEY, OLDER = "mtl-lessons:progress:v2", "mtl-lessons:progress:v1"
HEAD = """<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quiz</title><link rel="icon" href="data:,">"""
STRICT = """<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'self'; style-src 'self'; img-src data:">"""
PAGE = """<!doctype html>
<html lang="en" data-theme="light"><head>{head}<link rel="stylesheet" href="page.css"></head>
<body><main><h1>Chapter</h1><h2 id="sample-a-definition">A definition</h2>{body}
<h2 id="sample-sources">Sources</h2></main></body></html>"""
PAGE_CSS = """
body { margin: 0; padding: 1rem; font-family: sans-serif; background: #fff; color: #222 }
html[data-theme=dark] body { background: #121212; color: #ddd }
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Pages with the sample bank.

    As on the site (linked engine, strict policy), as in a notebook's output, and others.
    """
    folder = tmp_path_factory.mktemp("quiz")
    bank_of(folder)
    whole = quiz.show("sample", every=True, folder=folder)
    carried = whole._repr_mimebundle_()["text/html"]
    linked = (
        HEAD
        + STRICT
        + '<link rel="stylesheet" href="quiz.css"><script type="module" src="quiz.js"></script>'
    )
    two = (
        quiz.show("sample", ids, folder=folder).html
        for ids in (["sample-gain"], ["sample-bug", "sample-number"])
    )
    pages = {
        "index.html": PAGE.format(head=linked, body=embed.strip(carried)),
        "output.html": PAGE.format(head=HEAD, body=carried),
        "static.html": PAGE.format(
            head=HEAD + '<link rel="stylesheet" href="quiz.css">',
            body=embed.strip(carried),
        ),
        "two.html": PAGE.format(head=linked, body="".join(two)),
        "page.css": PAGE_CSS,
        "quiz.css": embed.sheets("quiz"),
    } | {
        f"{name}.js": embed.asset(f"{name}.js")
        for name in embed.modules("quiz")
    }
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    with serving(folder) as url:
        yield url


@contextmanager
def visit(browser, url, init="", **options):
    """A page of a new reader; leaving it fails if there were faults."""
    context, faults = new_reader(browser, url.rpartition("/")[0], **options)
    context.add_init_script(init)
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()
    assert faults == []


@pytest.fixture(scope="module")
def reader(browser, site):
    """One context for the tests that need no other: a new one costs more than most of them."""
    context, faults = new_reader(browser, site)
    yield context, faults
    context.close()


@pytest.fixture
def page(reader, site):
    """A page with empty storage."""
    context, faults = reader
    page = context.new_page()
    page.goto(f"{site}/index.html")
    yield page
    page.evaluate("localStorage.clear()")
    page.close()
    found, faults[:] = faults[:], []
    assert found == []


def question(page, name):
    return page.locator(f"[data-id=sample-{name}]")


def check(form):
    form.locator("button[type=submit]").click()


def verdict(form):
    return form.locator(".mtl-verdict").inner_text()


def status(page):
    return page.locator("[role=status]").first.inner_text()


def saved(page):
    return page.evaluate(f"JSON.parse(localStorage.getItem('{KEY}')).questions")


def place(form, right):
    """Brings the items of an order into the order `right` by the buttons "up"."""
    for target, item in enumerate(right):
        while (
            at := form.locator(".mtl-item").all_inner_texts().index(item)
        ) > target:
            form.locator("li").nth(at).get_by_role(
                "button", name="Move up"
            ).click()


ORDER = ["impression", "click", "conversion", "a repeat purchase, weeks later"]


def answer_all(page):
    """Each question once by mouse: three right, two wrong, one free answer with 3 of 5 points."""
    question(page, "gain").get_by_label("Positive transfer").check()
    question(page, "labels").get_by_label("A label").check()
    question(page, "labels").get_by_label("A GPU").check()
    question(page, "number").get_by_role("textbox").fill("0,0036")
    place(question(page, "order"), ORDER)
    question(page, "bug").get_by_label("the_head_that_reads").check()
    question(page, "open").get_by_role("textbox").fill("NaN spreads")
    for form in page.locator("form").all():
        check(form)
    question(page, "open").get_by_label("NaN spreads").check()
    question(page, "open").get_by_label("a mask repairs it").check()


# ---- types, by mouse ----


def test_nothing_gives_the_answer_away_before_it_is_checked(page):
    assert page.locator(
        "text=Negative transfer on this task"
    ).first.is_visible()
    for hidden in (
        ".mtl-answer",
        ".mtl-after",
        ".mtl-why",
        ".mtl-verdict",
        ".mtl-rubric",
    ):
        assert page.locator(f"{hidden}:visible").count() == 0
    assert (
        page.locator(".mtl-bar p").first.inner_text()
        == "0 of 6 answered, 0 right"
    )


def test_one_choice(page):
    form = question(page, "gain")
    check(form)
    assert verdict(form) == status(page) == "Give an answer first."
    form.get_by_label("Positive transfer").check()
    check(form)
    assert verdict(form) == "Not right"
    assert "0.5 is chance" in form.locator(".mtl-options").inner_text()
    assert "its own fair baseline" not in form.inner_text()
    assert (
        form.locator(".mtl-options li").nth(0).get_attribute("data-verdict")
        == "wrong"
    )
    assert (
        status(page) == "Question 1 of 6: Not right. 1 of 6 answered, 0 right."
    )
    for part in (
        "Common mistake",
        "Comparing with chance.",
        "Follow-up",
        "Read again",
        "Caruana 1997",
        "the run in “a definition”",
    ):
        assert part in form.inner_text()
    form.locator("summary").click()
    assert "its own fair baseline" in form.inner_text()
    form.get_by_role("button", name="Try again").click()
    assert (
        not form.locator(".mtl-answer").is_visible()
        and form.locator("[data-verdict]:visible").count() == 0
    )
    form.get_by_label("Negative transfer").check()
    check(form)
    assert status(page) == "Question 1 of 6: Right. 1 of 6 answered, 1 right."
    assert (
        saved(page)["sample-gain"]["attempts"] == 2
        and saved(page)["sample-gain"]["right"] is True
    )


def test_number_keys_choose_where_there_are_options_and_nothing_is_written(
    page,
):
    form = question(page, "gain")
    form.locator("input").first.focus()
    page.keyboard.press("2")
    boxes = form.locator(".mtl-options input")
    assert boxes.nth(1).is_checked()
    page.keyboard.press("9")  # there is none
    page.keyboard.press("Control+1")
    assert boxes.nth(1).is_checked()
    page.keyboard.press("Enter")
    assert verdict(form) in ("Right", "Not right")
    page.keyboard.press("1")  # the answer is given
    assert boxes.nth(1).is_checked()
    form = question(page, "labels")
    form.locator("input").first.focus()
    for key in "121":
        page.keyboard.press(key)
    ticked = form.locator(".mtl-options input:checked")
    assert ticked.count() == 1
    number = question(page, "number").get_by_role("textbox")
    number.focus()
    page.keyboard.type("12")
    assert number.input_value() == "12"


def test_several_choices_show_what_was_chosen_and_what_was_missed(page):
    form = question(page, "labels")
    for text in ("A label", "A GPU"):
        form.get_by_label(text).check()
    check(form)
    assert [
        item.get_attribute("data-verdict")
        for item in form.locator(".mtl-options li").all()
    ] == [
        "right",
        "missed",
        "wrong",
        "missed",
    ]
    assert (
        form.locator(".mtl-options")
        .inner_text()
        .count("Missed: this one is right too")
        == 2
    )
    form.get_by_role("button", name="Try again").click()
    form.get_by_label("A GPU").uncheck()
    form.get_by_label("A sample space").check()
    form.get_by_label("A loss").check()
    check(form)
    assert "Question 2 of 6: Right." in status(page)


NUMBERS = {  # how numbers are read is the business of test_answers.py
    "Shared minus single.": ["0,36 %", "0.00364"],
    "The sign: a gain is positive.": ["−0.0036"],
    "Subtract the single-task AUC.": ["0.0037"],
    "Give an answer first.": ["", "  "],
    "That is not a number that can be read.": ["four"],
}


def test_numbers(page):
    form, attempts = question(page, "number"), 0
    for words, texts in NUMBERS.items():
        for text in texts:
            form.get_by_role("textbox").fill(text)
            check(form)
            assert words in verdict(form), text
            if not words.startswith(("Give", "That is not")):
                attempts += 1
                form.get_by_role("button", name="Try again").click()
            # what cannot be read is no attempt
            assert saved(page)["sample-number"]["attempts"] == attempts


def test_thousands_and_percent_follow_the_question(browser, tmp_path, serve):
    text = (
        BANK.replace("0.6823 - 0.6787", "13056")
        .replace("value: 0.0036", "value: 13056")
        .replace('unit: "AUC', 'unit: "%')
    )
    bank_of(tmp_path, text)
    shown = quiz.show(
        "sample", ["sample-number"], folder=tmp_path
    )._repr_mimebundle_()["text/html"]
    (tmp_path / "index.html").write_text(
        PAGE.format(head=HEAD, body=shown), encoding="utf-8"
    )
    (tmp_path / "page.css").write_text(PAGE_CSS, encoding="utf-8")
    with serve(tmp_path) as url, visit(browser, f"{url}/index.html") as page:
        for text in ("13,056", "13056%"):
            question(page, "number").get_by_role("textbox").fill(text)
            check(question(page, "number"))
            assert "Shared minus single." in verdict(
                question(page, "number")
            ), text
            question(page, "number").get_by_role(
                "button", name="Try again"
            ).click()


def test_order(page):
    form = question(page, "order")
    first = form.locator(".mtl-item").first.inner_text()
    form.get_by_role("button", name=f"Move down: {first}").click()
    assert status(page) == f"{first}: now 2 of 4."
    place(form, ORDER[::-1])
    check(form)
    assert (
        "Nobody buys before a click." in verdict(form)
        and form.get_by_text("not here").count() == 4
    )
    assert form.get_by_role("button", name="Move").count() == 0
    form.get_by_role("button", name="Try again").click()
    place(form, ORDER)
    check(form)
    assert "Each step is rarer." in verdict(form)


def test_bug(page):
    form = question(page, "bug")
    for text, answer in (
        ("Sequential()", "This line does what it says."),
        ("relu", "small, not wrong"),
        ("the_head_that_reads", "It reads the sigmoid"),
    ):
        form.get_by_label(text).check()
        check(form)
        assert answer in form.locator(".mtl-lines").inner_text()
        form.get_by_role("button", name="Try again").click()


def test_free_answer_is_compared_with_the_rubric(page):
    form = question(page, "open")
    form.get_by_role("textbox").fill("NaN spreads")
    form.get_by_role("button", name="Show the model answer").click()
    assert (
        "NaN plus anything is NaN." in form.inner_text()
        and "fills in zeros" in form.inner_text()
    )
    assert verdict(form) == "Not graded yet: tick what your answer had"
    assert saved(page)["sample-open"]["reviews"] == []
    form.get_by_label("NaN spreads").check()
    form.get_by_label("a mask repairs it").check()
    assert verdict(form) == "3 of 5 points"
    assert (
        status(page) == "Question 6 of 6: 3 of 5 points. "
        "1 of 6 answered, 0 right; 3 of 5 points in free answers."
    )
    assert (
        saved(page)["sample-open"]["attempts"] == 1
        and saved(page)["sample-open"]["answer"]["text"] == "NaN spreads"
    )


def test_a_free_answer_counts_when_it_is_graded(page):
    """Not before; and "none of these" is a grade, too."""
    form = question(page, "open")
    form.get_by_role("textbox").fill("NaN spreads")
    form.get_by_role("button", name="Show the model answer").click()
    kept = saved(page)["sample-open"]
    assert (kept["attempts"], kept["reviews"]) == (0, [])
    assert "points" not in kept and "free answers" not in status(page)

    page.reload()
    form = question(page, "open")
    assert form.get_by_role("textbox").input_value() == "NaN spreads"
    none = form.get_by_label("None of these (0 points)")
    none.check()
    assert verdict(form) == "0 of 5 points"
    form.get_by_label("NaN spreads").check()
    assert verdict(form) == "2 of 5 points" and not none.is_checked()
    kept = saved(page)["sample-open"]
    assert kept["attempts"] == 1
    assert [review["score"] for review in kept["reviews"]] == [0.4]

    form.get_by_label("NaN spreads").uncheck()
    assert verdict(form).startswith("Not graded yet")
    kept = saved(page)["sample-open"]
    assert (kept["attempts"], kept["reviews"]) == (0, [])


# ---- by keyboard only ----


def tab_to(page, selector, limit=80):
    """Tabs forward until the focus is on `selector`.

    That is what a reader without a mouse can reach.
    """
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate(
            "selector => document.activeElement.matches(selector)", selector
        ):
            outline = page.evaluate(
                "getComputedStyle(document.activeElement).outlineStyle"
            )
            assert outline != "none", f"no visible focus on {selector}"
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_every_type_by_keyboard(page):
    press = page.keyboard.press
    tab_to(page, "[data-id=sample-gain] input")
    press("Space"), press("ArrowDown"), press("Enter")
    assert status(page) == "Question 1 of 6: Right. 1 of 6 answered, 1 right."
    assert page.evaluate("document.activeElement.className") == "mtl-verdict"

    for value in (0, 1, 3):
        tab_to(page, f"[data-id=sample-labels] input[value='{value}']")
        press("Space")
    press("Enter")
    assert "Question 2 of 6: Right." in status(page)

    tab_to(page, "[data-id=sample-number] input")
    page.keyboard.type("0.0036")
    press("Enter")
    assert "Question 3 of 6: Right." in status(page)

    for target, item in enumerate(ORDER):
        at = (
            question(page, "order")
            .locator(".mtl-item")
            .all_inner_texts()
            .index(item)
        )
        if at > target:
            # tab on from the start of the list
            question(page, "order").locator("fieldset").evaluate(
                "node => { node.tabIndex = -1; node.focus(); }"
            )
            tab_to(
                page,
                f"[data-id=sample-order] button[aria-label='Move up: {item}']",
            )
        for up in range(at, target, -1):
            press("Enter")
            assert f"{item}: now {up} of 4." == status(page)
            assert (
                page.evaluate(
                    "document.activeElement.closest('li').querySelector('.mtl-item').textContent"
                )
                == item
            )
    tab_to(page, "[data-id=sample-order] [type=submit]")
    press("Enter")
    assert "Question 4 of 6: Right." in status(page)

    tab_to(page, "[data-id=sample-bug] input")
    press("Space")
    for _ in range(3):
        press("ArrowDown")
    press("Enter")
    assert "Question 5 of 6: Right." in status(page)

    tab_to(page, "[data-id=sample-open] textarea")
    page.keyboard.type("NaN")
    tab_to(page, "[data-id=sample-open] [type=submit]")
    press("Space")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    tab_to(page, ".mtl-rubric input")
    press("Space")
    assert "Question 6 of 6: 2 of 5 points. 6 of 6 answered, 5 right" in status(
        page
    )

    tab_to(page, "[data-id=sample-open] [type=button]")
    press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_reset_by_keyboard_asks_first(page):
    answer_all(page)
    page.get_by_role("button", name="Reset").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Keep them"
    page.keyboard.press("Escape")
    assert (
        page.evaluate("document.activeElement.textContent") == "Reset"
        and len(saved(page)) == 6
    )
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert saved(page) == {} and status(page) == "Your answers are forgotten."
    assert (
        page.locator(".mtl-bar p").first.inner_text()
        == "0 of 6 answered, 0 right"
    )
    assert (
        page.locator("input:checked").count() == 0
        and page.locator("textarea").input_value() == ""
    )
    assert (
        page.locator(
            ".mtl-answer:visible, .mtl-after:visible, .mtl-mark"
        ).count()
        == 0
    )


# ---- progress ----


def test_reload_shows_everything_again(page):
    answer_all(page)
    before = [form.inner_text() for form in page.locator("form").all()]
    summary = page.locator(".mtl-bar p").first.inner_text()
    assert summary == "6 of 6 answered, 3 right; 3 of 5 points in free answers"
    page.reload()
    assert page.locator(".mtl-bar p").first.inner_text() == summary
    assert [form.inner_text() for form in page.locator("form").all()] == before
    assert (
        question(page, "number").get_by_role("textbox").input_value()
        == "0,0036"
    )
    assert set(saved(page)["sample-gain"]) == {
        "edition",
        "attempts",
        "right",
        "answer",
        "time",
        "reviews",
    }


GARBAGE = [
    "{",
    "null",
    "[]",
    '"text"',
    "5",
    "",
    "\x00",
    "{}",
    '{"version": 2, "questions": []}',
]


def test_corrupt_storage_is_told_once_and_the_quiz_goes_on(page):
    words = embed.strings("quiz")["storage-corrupt"]
    for content in GARBAGE:
        page.evaluate(
            "([key, content]) => localStorage.setItem(key, content)",
            [KEY, content],
        )
        page.reload()
        assert page.locator(".mtl-notice").all_inner_texts() == [words], content
        assert status(page) == words
    answer_all(page)
    assert page.locator(".mtl-notice").count() == 1
    page.reload()
    assert (
        "6 of 6 answered, 3 right" in page.locator(".mtl-bar").inner_text()
        and page.locator(".mtl-notice").count() == 0
    )


FOREIGN = [
    None,
    7,
    [],
    ["9"],
    [0],
    ["0", {}],
    ["0", "0", "0", "0"],
    {"text": 1},
    {"text": "x", "ticks": "no"},
    {"text": "x", "ticks": []},
    "not a number",
]


def test_foreign_entries_are_not_shown_and_other_pages_entries_are_kept(page):
    answer_all(page)
    for answer in FOREIGN:
        page.evaluate(
            """([key, answer]) => {
              const state = JSON.parse(localStorage.getItem(key)), all = state.questions;
              for (const id in all) all[id].answer = answer;
              all.stranger = {much: "else"};
              localStorage.setItem(key, JSON.stringify(state)); }""",
            [KEY, answer],
        )
        page.reload()
        assert "0 of 6 answered" in page.locator(".mtl-bar").inner_text(), (
            answer
        )
    for entry in (5, None, "x", [], {"edition": 1}):
        page.evaluate(
            """([key, entry]) => {
              const questions = {"sample-gain": entry, stranger: {much: "else"}};
              localStorage.setItem(key, JSON.stringify({version: 2, questions})); }""",
            [KEY, entry],
        )
        page.reload()
        assert "0 of 6 answered" in page.locator(".mtl-bar").inner_text(), entry
    answer_all(page)
    assert "6 of 6 answered, 3 right" in page.locator(".mtl-bar").inner_text()
    assert (
        saved(page)["stranger"] == {"much": "else"}
        and saved(page)["sample-gain"]["attempts"] == 1
    )


def test_an_answer_to_an_older_edition_of_a_question_is_not_shown(page):
    answer_all(page)
    page.evaluate(
        """key => {
          const kept = localStorage.getItem(key);
          localStorage.setItem(key, kept.replaceAll(/"edition":"\\w+"/g, '"edition":"old"')); }""",
        KEY,
    )
    page.reload()
    assert "0 of 6 answered" in page.locator(".mtl-bar").inner_text()


FULL = """Storage.prototype.setItem = () => {
  throw new DOMException("full", "QuotaExceededError");
};"""
DISABLED = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("no", "SecurityError"); } });"""
MISSING = "Object.defineProperty(window, 'localStorage', { value: null });"


@pytest.mark.parametrize(
    ("init", "words"),
    [
        (FULL, "storage is full"),
        (DISABLED, "does not let the page keep anything"),
        (MISSING, "does not let the page keep anything"),
    ],
)
def test_storage_that_refuses_is_told_once_and_the_quiz_goes_on(
    browser, site, init, words
):
    with visit(browser, f"{site}/index.html", init) as page:
        form = question(page, "number")
        form.get_by_role("textbox").fill("0.0036")
        check(form)
        assert (
            page.locator(".mtl-notice").count() == 1
            and words in page.locator(".mtl-notice").inner_text()
        )
        if init == FULL:
            assert words in status(page)
        answer_all_but_number(page)
        assert page.locator(".mtl-notice").count() == 1
        assert (
            "6 of 6 answered, 3 right" in page.locator(".mtl-bar").inner_text()
        )
        page.get_by_role("button", name="Reset").click()
        page.get_by_role("button", name="Forget them").click()
        assert "0 of 6 answered" in page.locator(".mtl-bar").inner_text()


def answer_all_but_number(page):
    question(page, "number").get_by_role("button", name="Try again").click()
    answer_all(page)


def test_really_full_storage(page):
    page.evaluate("""() => {
      let part = "x".repeat(1 << 20);
      for (let i = 0; part; i++)
        try { localStorage.setItem("fill" + i, part); }
        catch { part = part.slice(part.length / 2 + .5); } }""")
    answer_all(page)
    assert (
        "storage is full" in page.locator(".mtl-notice").inner_text()
        and page.locator(".mtl-notice").count() == 1
    )
    page.evaluate("localStorage.removeItem('fill0')")
    question(page, "gain").get_by_role("button", name="Try again").click()
    check(question(page, "gain"))
    # what was refused is written as soon as there is room
    assert len(saved(page)) == 6


def test_two_tabs_and_two_quizzes_keep_each_others_entries(browser, site):
    with visit(browser, f"{site}/two.html") as one:
        other = one.context.new_page()
        other.goto(f"{site}/index.html")
        question(one, "gain").get_by_label("Negative").check()
        check(question(one, "gain"))
        question(other, "labels").get_by_label("A label").check()
        check(question(other, "labels"))
        question(one, "bug").get_by_label("relu").check()
        check(question(one, "bug"))
        assert set(saved(one)) == {"sample-gain", "sample-labels", "sample-bug"}
        assert [
            bar.inner_text() for bar in one.locator(".mtl-bar > p").all()
        ] == [
            "1 of 1 answered, 1 right",
            "1 of 2 answered, 0 right",
        ]
        one.get_by_role("button", name="Reset").first.click()
        one.get_by_role("button", name="Forget them").click()
        assert set(saved(other)) == {"sample-labels", "sample-bug"}


def test_what_another_tab_answers_or_forgets_is_shown_unless_an_answer_is_being_given(
    browser, site
):
    with visit(browser, f"{site}/index.html") as one:
        other = one.context.new_page()
        other.goto(f"{site}/index.html")
        # being answered there
        question(other, "labels").get_by_label("A GPU").check()
        for form in ("gain", "labels"):
            question(one, form).locator("input").first.check()
            check(question(one, form))
        other.get_by_text("1 of 6 answered, 0 right").first.wait_for()
        assert (
            verdict(question(other, "gain")) == "Not right"
            and question(other, "labels").get_by_label("A GPU").is_checked()
        )
        assert (
            not question(other, "labels").locator(".mtl-verdict").is_visible()
        )
        one.get_by_role("button", name="Reset").click()
        one.get_by_role("button", name="Forget them").click()
        other.get_by_text("0 of 6 answered, 0 right").first.wait_for()
        assert question(other, "gain").locator("input:checked").count() == 0


def test_progress_of_an_older_edition_is_shown_and_moves_to_its_new_place(page):
    answer_all(page)
    old = {
        name: {key: part for key, part in entry.items() if key != "reviews"}
        for name, entry in saved(page).items()
    }
    page.evaluate(
        "([key, old]) => { localStorage.clear(); localStorage.setItem(key, JSON.stringify(old)); }",
        [OLDER, old],
    )
    page.reload()
    assert (
        "6 of 6 answered, 3 right; 3 of 5 points"
        in page.locator(".mtl-bar").inner_text()
    )
    question(page, "gain").get_by_role("button", name="Try again").click()
    check(question(page, "gain"))
    assert (
        saved(page)["sample-gain"]["attempts"] == 2
        and len(saved(page)["sample-open"]["reviews"]) == 1
    )
    assert page.evaluate("key => localStorage.getItem(key)", OLDER) is None


# ---- hosts ----


def test_in_a_notebooks_output_it_brings_its_engine(browser, site):
    with visit(browser, f"{site}/output.html") as page:
        answer_all(page)
        assert (
            "6 of 6 answered, 3 right" in page.locator(".mtl-bar").inner_text()
        )
        page.evaluate("""() => {
          const engine = document.querySelector("script[data-mtl-engine]");
          const copy = document.createElement("script");
          copy.type = "module";
          copy.textContent = `${engine.textContent}; window.ranAgain = true;`;
          document.body.append(copy); }""")
        page.wait_for_function("window.ranAgain")
        # a second engine finds nothing left to mount
        assert page.locator(".mtl-bar").count() == 1


def test_links_lead_somewhere_or_are_text(page):
    answer_all(page)
    for link in page.locator(".mtl-quiz a").all():
        assert page.locator(link.get_attribute("href")).count() == 1
    assert (
        "not on this page"
        in question(page, "order").locator(".mtl-after").inner_text()
    )


def test_without_script_questions_and_folded_answers_can_be_read(browser, site):
    with visit(
        browser, f"{site}/index.html", java_script_enabled=False
    ) as page:
        for form in page.locator("form").all():
            assert not form.locator(
                ".mtl-after, .mtl-key, .mtl-rubric"
            ).first.is_visible()
            form.locator("summary").click()
            assert form.locator(".mtl-after").is_visible()
        for text in (
            "It is worse than its own fair baseline.",
            "0.0036 AUC",
            "If you found -0.0036",
            "Line 4: the bug",
            "NaN plus anything is NaN.",
            "The right order",
        ):
            assert page.get_by_text(text).first.is_visible(), text
        page.locator("[data-id=sample-number] input").press("Enter")
        assert page.url == f"{site}/index.html"


# ---- access ----


@pytest.mark.parametrize("width", [1300, 360])
def test_axe_finds_nothing(browser, site, width):
    with visit(
        browser, f"{site}/index.html", viewport={"width": width, "height": 900}
    ) as page:
        assert violations_by_theme(page) == NONE
        answer_all(page)
        assert violations_by_theme(page) == NONE
        page.locator("details").evaluate_all(
            "all => all.forEach((details) => (details.open = true))"
        )
        page.get_by_role("button", name="Reset").click()
        assert violations_by_theme(page) == NONE


@pytest.mark.parametrize("host", ["index", "output"])
def test_a_formula_that_is_too_wide_is_reached_by_keyboard_and_moved_by_it(
    browser, site, host
):
    with visit(
        browser, f"{site}/{host}.html", viewport={"width": 320, "height": 900}
    ) as page:
        answer_all(page)
        page.locator("details").evaluate_all(
            "all => all.forEach((details) => (details.open = true))"
        )
        stretch(page)
        assert (
            page.evaluate(UNREACHED) == []
            and page.evaluate("document.documentElement.scrollWidth") <= 320
        )
        page.locator("button:visible").first.focus()
        tab_to(page, ".mtl-stem p.mtl-wide")
        page.keyboard.press("ArrowRight")
        until(
            page,
            "document.querySelector('.mtl-stem p.mtl-wide').scrollLeft > 0",
        )


def test_axe_finds_nothing_without_the_engine(browser, site):
    with visit(
        browser, f"{site}/static.html"
    ) as page:  # axe is a script itself, so the engine is left out, not scripts
        for summary in page.locator("summary").all():
            summary.click()
        assert violations(page) == []


@pytest.mark.parametrize(
    ("attribute", "selector"),
    [
        ("data-theme", "html"),
        ("theme", "html"),
        ("data-jp-theme-light", "body"),
        ("class", "body"),
    ],
)
def test_dark_in_every_host(page, attribute, selector):
    value = {"data-jp-theme-light": "false", "class": "vscode-dark"}.get(
        attribute, "dark"
    )
    light = page.evaluate(
        "getComputedStyle(document.querySelector('.mtl-quiz')).backgroundColor"
    )
    page.evaluate(
        "([selector, name, value]) => document.querySelector(selector).setAttribute(name, value)",
        [selector, attribute, value],
    )
    assert (
        light == "rgb(255, 255, 255)"
        and page.evaluate(
            "getComputedStyle(document.querySelector('.mtl-quiz')).backgroundColor"
        )
        == "rgb(20, 24, 30)"
    )


@pytest.mark.parametrize("width", [320, 360])
def test_phones_scroll_one_way_and_targets_are_large_enough(
    browser, site, width
):
    with visit(
        browser, f"{site}/index.html", viewport={"width": width, "height": 700}
    ) as page:
        for step in (lambda: None, lambda: answer_all(page)):
            step()
            assert (
                page.evaluate("document.documentElement.scrollWidth") == width
            )
            small = page.evaluate("""() => {
              const targets = "button, label, summary, textarea, input[type=text]";
              const size = (node) => node.getBoundingClientRect();
              return [...document.querySelectorAll(`.mtl-quiz :is(${targets})`)]
                .filter((node) => node.checkVisibility())
                .filter((node) => Math.min(size(node).width, size(node).height) < 24)
                .map((node) => node.outerHTML.slice(0, 80)); }""")
            assert small == []


def test_motion_is_only_for_those_who_want_it(browser, site):
    for preference, moves in (("reduce", False), ("no-preference", True)):
        with visit(
            browser, f"{site}/index.html", reduced_motion=preference
        ) as page:
            shown = page.evaluate(
                "getComputedStyle(document.querySelector('.mtl-quiz button')).transitionDuration"
            )
            assert (shown != "0s") is moves
