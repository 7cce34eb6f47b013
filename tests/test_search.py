"""The search: what is found, in which order, and where a result leads."""

import re
from types import SimpleNamespace

import pytest
import yaml
from bs4 import BeautifulSoup
from mtl_book import search

from mtl_lessons import quiz

FIELD = "form.find input"
TARGET = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)

PAGE = """<article><section id="one"><h1>First <a class="headerlink">#</a></h1>
<p>Own text.</p><div class="mtl-quiz">a question</div>
<section id="two"><h2>Second</h2><p>Inner text.</p></section></section></article>"""
GLOSSARY = """<article><section id="g"><h1>Glossary</h1><dl class="glossary">
<dt id="term-AUC">AUC</dt><dd>Area under the curve.</dd></dl></section></article>"""


def found_in(page: str) -> list[search.Record]:
    return list(search.sections(BeautifulSoup(page, "html.parser"), "a.html"))


def test_a_section_is_found_with_its_own_text():
    one, two = found_in(PAGE)
    assert (one.address, one.title, one.text) == (
        "a.html#one",
        "First",
        "Own text.",
    )
    assert (two.address, two.title, two.text) == (
        "a.html#two",
        "Second",
        "Inner text.",
    )
    assert two.where == "First"


def test_a_term_is_found_by_what_it_means():
    _, term = found_in(GLOSSARY)
    assert term.kind == "term" and term.address == "a.html#term-AUC"
    assert (term.title, term.text) == ("AUC", "Area under the curve.")


def test_a_record_has_no_markup_of_its_own():
    record = search.Record("a", "section", "a < b", "<i>", "<script>x</script>")
    page = BeautifulSoup(record.html(), "html.parser")
    assert page.find("script") is None
    assert page.find(attrs={"data-pagefind-meta": "where"}).text == "<i>"


def test_the_table_has_terms_enough_and_each_leads_to_a_section(html):
    entries = search.terms()
    assert len(entries) >= 80
    assert (
        sum(
            bool(re.search("[\u4e00-\u9fff]", word))
            for e in entries
            for word in e["words"]
        )
        >= 80
    )
    ids = {}
    for entry in entries:
        name, _, anchor = search.target(entry["to"]).partition("#")
        if name not in ids:
            text = (html / name).read_text(encoding="utf-8")
            ids[name] = set(re.findall(r'id="([^"]+)"', text))
        assert anchor in ids[name], (
            f"{search.TERMS.name}: expected a section, found {entry['to']}"
        )
    words = {word for entry in entries for word in entry["words"]}
    asked = {"负迁移", "跷跷板", "多目标", "样本选择偏差", "校准"}
    assert not (asked | {"CVR", "PCOC", "DR", "IPS", "CGC"}) - words


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([{"means": "a", "to": "b#c"}], "expected means, to and words"),
        (
            [{"means": "a", "to": "scale#scale-step", "words": ["x"]}],
            "expected to: a section, chapter#section, found scale#scale-step",
        ),
        (
            [
                {"means": "a", "to": "scale#step", "words": ["x"]},
                {"means": "d", "to": "scale#step", "words": ["X"]},
            ],
            "expected one meaning of X, found a and d",
        ),
    ],
)
def test_a_faulty_table_is_refused(tmp_path, monkeypatch, table, message):
    path = tmp_path / "search_terms.yml"
    path.write_text(yaml.safe_dump(table), encoding="utf-8")
    monkeypatch.setattr(search, "TERMS", path)
    with pytest.raises(ValueError, match=f"search_terms.yml: {message}"):
        search.terms()


def test_what_is_indexed_of_a_question_does_not_give_its_answer():
    question = {
        "stem": "Which `gate`?",
        "options": [{"text": "*One*", "right": True, "why": "since"}],
    }
    assert " ".join(search.plain(question)).split() == [
        "Which",
        "gate",
        "?",
        "One",
    ]


# ---- in a browser ----


def asked(page, words: str) -> list[tuple[str, str]]:
    """Titles and kinds of the results, as they stand."""
    page.fill(FIELD, words)
    page.locator(f'.mtl-search[data-shown="{words}"]').wait_for()
    rows = page.locator(".mtl-results li:has(small)")
    return [
        (row.locator("a").inner_text(), row.locator("small").inner_text())
        for row in rows.all()
    ]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("跷跷板", "seesaw"),
        ("负迁移", "negative transfer"),
        ("样本选择", "sample selection bias"),
        ("cvr", "CVR"),
        ("MGDA", "MGDA"),
        ("速查表", "cheat sheet"),
    ],
)
def test_a_word_that_means_a_section_leads_to_it(visit, words, title):
    page = visit("search.html")
    first, kind = asked(page, words)[0]
    assert (first, kind) == (title, "Term")


def test_what_a_term_means_and_a_heading_beat_a_mention(visit):
    page = visit("search.html")
    kinds = [kind.split(" · ")[0] for _, kind in asked(page, "overlap")]
    assert kinds[1] == "Glossary"  # after the table's own
    titles = [title for title, _ in asked(page, "rare positives batch")]
    assert "Rare positives: a batch without any" in titles[0]


def test_the_cheat_sheet_is_found_and_does_not_stand_before_the_chapters(visit):
    page = visit("search.html")
    assert asked(page, "cheat sheet")[0][0] == "Cheat sheet"
    titles = [title for title, _ in asked(page, "cheat sheet minute topic")]
    assert "A minute a topic" in titles
    page = visit("search.html")
    links = [found for found, _ in asked(page, "customized gate control")]
    assert "A minute a topic" not in links[:3]


def test_a_result_opens_at_its_place_with_the_words_marked(visit):
    page = visit("index.html")
    page.get_by_role("searchbox").fill("gradient clipping")
    page.get_by_role("searchbox").press("Enter")
    page.locator(".mtl-results a", has_text="hidden weight").first.click()
    page.wait_for_url("**/loss_balancing.html?mark=**")
    assert "#" in page.url
    marked = page.evaluate("[...CSS.highlights.get('mtl-found')].map(String)")
    assert {word.lower() for word in marked} == {"gradient", "clipping"}


def test_the_keyboard_goes_through_the_results(visit):
    page = visit("search.html")
    asked(page, "gate")
    page.locator(FIELD).press("ArrowDown")
    page.keyboard.press("ArrowDown")
    links = page.locator(".mtl-results a")
    assert links.nth(1).evaluate("link => link === document.activeElement")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.locator(FIELD).evaluate(
        "field => field === document.activeElement"
    )


def test_a_slash_goes_to_the_search_but_not_from_where_one_types(visit):
    page = visit("book/drill/auc.html")
    page.locator("h1").click()
    page.keyboard.press("/")
    field = page.locator("[role=search] input:visible").first
    assert field.evaluate("node => node === document.activeElement")
    editor = page.locator(".cm-content")
    editor.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("a / b // c")
    page.keyboard.press("Control+k")
    assert "a / b // c" in editor.inner_text()
    assert editor.evaluate("node => node.getRootNode().activeElement === node")
    assert page.url.endswith("/book/drill/auc.html")


def test_a_drill_is_found_by_its_title_and_by_its_kind(visit):
    page = visit("search.html")
    drill = ("AUC with ties", "Drill · Evaluation")
    assert asked(page, "AUC with ties")[0] == drill
    page.get_by_role("radio", name="drills").check()
    page.locator(".mtl-search[data-kind=drill]").wait_for()
    page.locator(".mtl-results a", has_text=drill[0]).click()
    page.wait_for_url("**/book/drill/auc.html?mark=**")
    page.get_by_role("heading", name=drill[0]).wait_for()


def test_kinds_can_be_chosen_and_nothing_found_is_said(visit):
    page = visit("search.html")
    asked(page, "expert")
    page.get_by_role("radio", name="questions").check()
    page.locator(".mtl-search[data-kind=question]").wait_for()
    small = page.locator(".mtl-results small").all_inner_texts()
    assert small and all(text.startswith("Question") for text in small)
    page.fill(FIELD, "щщщ")
    page.get_by_text("Nothing found for “щщщ”").wait_for()


# ---- a page for each question ----


def test_every_question_has_a_page_that_can_be_read(html):
    for path in (search.BOOK / "questions").glob("*.yml"):
        for question in quiz.load(path.stem, path.parent).questions:
            page = html / "book" / "question" / f"{question['id']}.html"
            text = page.read_text(encoding="utf-8")
            assert f'data-id="{question["id"]}"' in text
            assert "<details" in text and "Practise from here" in text


def test_the_list_is_filtered_and_a_choice_is_an_address(visit):
    page = visit("book/questions.html")
    rows = page.locator(".mtl-vault li:visible")
    total = rows.count()
    assert page.get_by_text(f"Questions: {total}").count() == 1
    page.get_by_label("Level").select_option("staff")
    staff = rows.count()
    assert 0 < staff < total and "level=staff" in page.url
    page.get_by_label("Words").fill("gate")
    assert 0 < rows.count() < staff
    page.reload()
    assert page.get_by_label("Words").input_value() == "gate"


def test_the_question_of_the_day_leads_to_a_question(visit):
    page = visit("book/questions.html")
    page.get_by_role("link", name="Question of the day").click()
    page.wait_for_url("**/question/*.html")
    assert page.locator(".mtl-question").count() == 1


def test_a_question_is_answered_on_its_page_and_practised_from_there(visit):
    page = visit("book/question/concept-what-is-a-task.html")
    page.locator(".mtl-question").get_by_role("button", name="Check").wait_for()
    page.get_by_role("link", name="Practise from here").click()
    form = page.locator(".mtl-question")
    form.wait_for()
    assert form.get_attribute("data-id") == "concept-what-is-a-task"


def test_a_fault_can_be_told_where_the_repository_is_known():
    one = {"id": "concept-x"}
    told = search.vault.report_address(
        one, SimpleNamespace(mtl_repository="a/b")
    )
    assert (
        told == "https://github.com/a/b/issues/new?title=Question%20concept-x"
    )
    nobody = SimpleNamespace(mtl_repository="")
    assert search.vault.report_address(one, nobody) == ""


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("What is a `gate`?", "What is a gate?"),
        ("Short. " + "Then more words " * 10, None),
        ("```\nx = 1\n```\nWhich line is wrong?", "Which line is wrong?"),
        ("The loss is $a + b$: " + "what " * 30, "The loss is a + b: what"),
    ],
)
def test_a_question_is_known_by_its_beginning(stem, expected):
    found = search.vault.headline({"stem": stem})
    assert len(found) <= search.vault.HEADLINE + 2
    if expected:
        assert found.startswith(expected)
