"""How a page of the book is built: folds, the switch for code, terms that open in place, the quiz
of five, and what a chapter of the second edition promises its reader.

`SECOND_EDITION` names the chapters that keep the promises; a chapter that is rewritten adds itself.
"""

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from access import frames, laid_out, room, violations
from browser import new_reader
from built_site import jupyter_book
from mtl_book import cells, chapters, glossary, pages
from serve import serving

from mtl_lessons import embed, quiz

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
SECOND_EDITION = (
    # chapter 1:
    "concept",
    # chapter 2:
    "shared_networks",
    # chapter 3:
    "loss_balancing",
    # chapter 4:
    "inputs_outputs",
    "funnel",
    # chapter 5:
    "two_tasks",
    # chapter 6:
    "three_tasks",
    # chapter 8:
    "evaluation",
    # chapter 9:
    "scale",
    # chapter 9:
    "serving",
    # chapter 7:
    "choosing_tasks",
    # chapter 10:
    "large_models",
)

DESK, PHONE = {"width": 1300, "height": 900}, {"width": 360, "height": 740}
COLUMNS = 74  # of code: what fits a third of a wide screen, and a projector
SENTENCE = 80  # of a fold: one line of the column
SCREENS = 25  # before the quiz
FONTS = 1.06  # a page is this much longer in DejaVu Sans than in a usual font
NODES = 6_000
# A page has at most a dozen sections of two screens. More than one piece of console text for each
# is a log, not an explanation.
CONSOLE = 12
PLUMBING = re.compile(r"^\s*(import|from \S+ import)\b|\bdisplay\(|\.show\(")

# ---- what a chapter of the second edition promises ----


def code_cells(name: str, without: set[str] = frozenset()) -> list[dict]:
    """The code cells of a chapter that carry none of these tags, and not the setup cell."""
    notebook = json.loads((BOOK / f"{name}.ipynb").read_text(encoding="utf-8"))
    return [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
        and not tags(cell) & (without | {"setup"})
    ]


def tags(cell: dict) -> set[str]:
    return set(cell["metadata"].get("tags", []))


def source(cell: dict) -> str:
    return "".join(cell["source"])


UNSEEN = {"hide-input", "remove-input", "remove-cell"}


@pytest.mark.parametrize("name", SECOND_EDITION)
def test_a_fold_says_in_a_sentence_what_it_does(name):
    for cell in code_cells(name):
        if "hide-input" not in tags(cell):
            continue
        first = cells.summary(source(cell))
        assert first, (
            f"{name}.ipynb: expected a comment as the first line of a folded cell, found "
            f"{source(cell).splitlines()[0]!r}"
        )
        assert len(first) <= SENTENCE, f"{name}.ipynb: too long: {first}"
        assert re.fullmatch(r"[A-Z\d].*\.", first), (
            f"{name}.ipynb: expected a sentence, found {first!r}"
        )


@pytest.mark.parametrize("name", SECOND_EDITION)
def test_no_line_of_code_is_too_long(name):
    for cell in code_cells(name, {"article", "remove-cell"}):
        text = source(cell)
        text = cells.shown(text) if "hide-input" in tags(cell) else text
        long = [line for line in text.splitlines() if len(line) > COLUMNS]
        assert long == [], f"{name}.ipynb: expected {COLUMNS} columns"


@pytest.mark.parametrize("name", SECOND_EDITION)
def test_a_reader_sees_no_plumbing(name):
    found = [
        line
        for cell in code_cells(name, UNSEEN | {"article"})
        for line in source(cell).splitlines()
        if PLUMBING.search(line)
    ]
    assert found == [], f"{name}.ipynb: expected tags that hide these lines"


@pytest.mark.parametrize("name", SECOND_EDITION)
def test_little_of_a_chapter_is_console_text(name):
    texts = [
        output
        for cell in code_cells(name, {"remove-cell", "remove-output"})
        for output in cell["outputs"]
        if output["output_type"] == "stream"
        or output.get("data", {}).keys() == {"text/plain"}
    ]
    assert len(texts) <= CONSOLE, f"{name}.ipynb: {len(texts)} outputs"


# ---- a built site, with a page that uses everything; what runs drills was not there ----

TERMS = (
    "A {term}`GAUC`, two {term}`experts <expert>`, {term}`PCGrad`, {term}`ESCM²`; "
    "again a {term}`grouped AUC <GAUC>`."
)
FOLD = "# Counts what is <rare>.\n\ntotal = 1"


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The built site; its package page has terms, chapter 1 a fold with a sentence."""
    folder = tmp_path_factory.mktemp("anatomy") / "checkout"
    for name in ("book", "mtl_lessons"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, folder)
    page = folder / "book" / "package.md"
    page.write_text(
        page.read_text(encoding="utf-8") + f"\n\n{TERMS}\n", encoding="utf-8"
    )
    path = folder / "book" / "concept.ipynb"
    notebook = nbformat.read(path, as_version=4)
    last = max(cell.get("execution_count") or 0 for cell in notebook.cells)
    cell = nbformat.v4.new_code_cell(
        FOLD, id="fold", metadata={"tags": ["hide-input"]}
    )
    cell.execution_count = last + 1
    notebook.cells.append(cell)
    nbformat.write(notebook, path)
    done = jupyter_book(folder, MTL_VENDOR="nowhere")  # as without Node
    assert done.returncode == 0, done.stderr[-4000:]
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def address(html):
    with serving(html) as url:
        yield url


@pytest.fixture
def visit(browser, address):
    """Opens a page; at the end nothing may have gone wrong on it."""
    opened = []

    def open_page(name: str, size: dict = DESK, **options):
        context, faults = new_reader(browser, address, viewport=size, **options)
        opened.append((context, faults))
        page = context.new_page()
        page.goto(f"{address}/book/{name}.html")
        return page

    yield open_page
    for context, _ in opened:
        context.close()
    assert [faults for _, faults in opened] == [[]] * len(opened)


TOP = "node => node.getBoundingClientRect().top + scrollY"


@pytest.mark.parametrize("name", SECOND_EDITION)
@pytest.mark.parametrize(("size", "screens"), [(DESK, 1.5), (PHONE, 3)])
def test_the_first_picture_is_near_the_top(visit, name, size, screens):
    page = visit(name, size)
    pictures = page.locator(".mtl-explorable, .mtl-figure, figure svg")
    assert pictures.first.evaluate(TOP) <= screens * size["height"]


@pytest.mark.parametrize("name", SECOND_EDITION)
def test_a_page_is_short_light_and_cuts_nothing(visit, name):
    page = visit(name)
    laid_out(page)
    length = page.locator(".mtl-quiz").last.evaluate(TOP)
    assert length <= SCREENS * FONTS * DESK["height"] * room(page)
    total = page.evaluate("document.querySelectorAll('*').length")
    assert total < NODES
    assert page.evaluate(CUT) == []


CUT = """() => [...document.querySelectorAll(".highlight > pre")]
  .filter((pre) => pre.scrollWidth > pre.clientWidth && !pre.closest(".aligned"))
  .map((pre) => pre.textContent.slice(0, 60))"""


@pytest.mark.parametrize("name", chapters.names())
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_no_code_is_cut_on_any_page(visit, name, size):
    page = visit(name, size)
    page.locator("[data-code-switch]").click()
    assert page.evaluate(CUT) == []


# ---- folds, and the switch for all ----


BROKEN = r"""() => {
  const broken = [];
  for (const cell of document.querySelectorAll(".text th")) {
    const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const text = walk.currentNode;
      if (text.parentElement.closest("code, math")) continue;
      for (const word of text.data.matchAll(/\p{Script=Latin}+/gu)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map(({ top }) => top));
        if (lines.size > 1) broken.push(word[0]);
      }
    }
  }
  return broken; }"""


@pytest.mark.parametrize("name", chapters.names())
def test_no_word_of_a_heading_of_a_table_is_broken(visit, name):
    """At 320 px: a window of 1280 px that is magnified four times."""
    page = visit(name, {"width": 320, "height": 256})
    laid_out(page)
    assert page.evaluate(BROKEN) == []


def test_a_fold_is_named_by_its_first_comment_and_does_not_repeat_it(html):
    page = (html / "book" / "concept.html").read_text(encoding="utf-8")
    name = "Counts what is &lt;rare&gt;."
    assert f'<details class="fold"><summary>{name}</summary>' in page
    assert page.count(name) == 1 and "Toggle hidden content" not in page
    assert "Run this cell first" not in page and "Ready." not in page


def test_one_switch_opens_all_code_and_is_remembered(visit):
    page = visit("concept")
    switch = page.get_by_role("button", name="Show all code")
    assert switch.get_attribute("aria-pressed") == "false"
    total = page.locator("details.fold").count()
    assert page.locator("details.fold[open]").count() == 0 < total
    switch.press("Enter")
    assert page.locator("details.fold[open]").count() == total
    page.goto(page.url.replace("concept", "shared_networks"))
    switch = page.get_by_role("button", name="Show all code", pressed=True)
    assert page.locator("details.fold:not([open])").count() == 0
    switch.press("Space")
    page.reload()
    assert page.locator("details.fold[open]").count() == 0


def test_the_switch_works_where_storage_is_forbidden_and_needs_a_script(
    visit, browser, address
):
    assert (
        not visit("concept", java_script_enabled=False)
        .locator("[data-code-switch]")
        .is_visible()
    )
    context, faults = new_reader(browser, address)
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', "
        "{ get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    page = context.new_page()
    page.goto(f"{address}/book/concept.html")
    page.get_by_role("button", name="Show all code").click()
    assert page.locator("details.fold:not([open])").count() == 0
    context.close()
    assert faults == []


def test_what_a_fold_shows():
    assert cells.summary("# Trains it.\nx = 1") == "Trains it."
    assert cells.shown("# Trains it.\n\nx = 1") == "x = 1"
    assert cells.summary("x = 1  # no") == ""
    assert cells.shown("x = 1\n# then") == "x = 1\n# then"


def test_long_lines_wrap_below_where_they_begin_and_tables_stay_aligned():
    code = '<div class="highlight-x"><div class="highlight"><pre><span></span>{}</pre>'
    long = (
        '        <span class="n">name</span> <span class="o">=</span> '
        + "x" * 40
    )
    laid = cells.lay_out(code.format(f"short\n{long}\n"))
    assert "<pre>short\n" in laid
    assert f'<span class="line in-8">        name = {"x" * 40}\n</span>' in laid
    split = '<span class="s2">"</span><span class="s2">a</span>'
    assert '<span class="s2">"a</span>' in cells.lay_out(code.format(split))
    said = code.replace("highlight-x", "output stream highlight-x")
    assert "aligned" in cells.lay_out(said.format("a   1\nbb  2"))
    assert "aligned" not in cells.lay_out(
        said.format("one sentence\n  and more")
    )


# ---- terms ----


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(
    ("size", "theme"), [(DESK, "light"), (PHONE, "dark"), (PHONE, "light")]
)
def test_a_term_opens_its_entry_in_place(visit, size, theme, script):
    page = visit(
        "package", size, color_scheme=theme, java_script_enabled=script
    )
    assert page.locator(".entry").count() == 4
    for words, name in (("GAUC", "GAUC"), ("grouped AUC", "GAUC")):
        button = page.get_by_role("button", name=words, exact=True)
        button.press("Enter")
        entry = page.get_by_role("dialog", name=name)
        box = entry.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"]
        assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"]
        link = entry.get_by_role("link", name="In the glossary")
        assert link.get_attribute("href") == "glossary.html#term-GAUC"
        if script:
            assert violations(page) == []
        page.keyboard.press("Escape")
        assert not entry.is_visible()


def test_on_paper_a_term_is_a_word(visit):
    page = visit("package")
    page.emulate_media(media="print")
    style = "node => getComputedStyle(node).textDecorationLine"
    assert page.locator(".term").first.evaluate(style) == "none"
    assert not page.locator(".entry").first.is_visible()


def test_a_page_without_terms_has_no_entries_and_the_glossary_keeps_its_own(
    html,
):
    for name in ("practice", "glossary"):
        page = (html / "book" / f"{name}.html").read_text(encoding="utf-8")
        assert 'class="entry"' not in page and 'class="term"' not in page


def glossary_entries() -> dict[str, str]:
    text = (BOOK / "glossary.md").read_text(encoding="utf-8")
    body = re.search(r"```\{glossary\}\n(.*?)\n```", text, re.DOTALL)[1]
    pairs = (entry.partition("\n") for entry in body.split("\n\n"))
    return {name: " ".join(words.split()) for name, _, words in pairs}


def test_the_glossary_is_in_order_and_every_entry_has_a_text():
    found = glossary_entries()
    plain = [re.sub(r"[^a-z0-9 ]", "", name.casefold()) for name in found]
    assert len(found) >= 45 and plain == sorted(plain)
    for name, words in found.items():
        assert words.endswith("."), f"{name}: expected a text, found {words!r}"


def test_every_term_that_is_used_has_an_entry():
    known = {name.casefold() for name in glossary_entries()}
    pages = [path.read_text(encoding="utf-8") for path in BOOK.glob("*.md")]
    for path in BOOK.glob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        pages += [source(cell) for cell in notebook["cells"]]
    used = re.findall(r"\{term\}`(?:[^`<]*<)?([^`>]*)>?`", "\n".join(pages))
    assert {name.casefold() for name in used} - known == set()


def test_a_published_notebook_has_words_instead_of_terms():
    assert glossary.plain(TERMS) == (
        "A GAUC, two experts, PCGrad, ESCM²; again a grouped AUC."
    )


# ---- the quiz of five, and its time ----


@pytest.mark.parametrize("name", chapters.names())
def test_a_chapter_names_five_questions_and_asks_no_more(visit, name):
    bank = quiz.load(name, BOOK / "questions")
    assert "five" in bank.data
    page = visit(name)
    # the last quiz of a page; a step of an exercise may have a question of its own
    five = page.locator(".mtl-quiz").last
    asked = five.locator("form.mtl-question").evaluate_all(
        "forms => forms.map(form => form.dataset.id)"
    )
    assert asked == bank.data["five"]
    headings = page.get_by_role(
        "heading", name=re.compile(r"^Question \d of 5")
    )
    assert headings.count() == 5
    rest = len(bank.questions) - 5
    page.get_by_role("link", name=f"{rest} more in Practice").click()
    page.get_by_role("button", name="Start").wait_for()
    assert page.get_by_label("Topic").input_value() == name


@pytest.mark.parametrize("name", chapters.names())
def test_the_time_of_the_quiz_stands_beside_the_time_of_the_chapter(html, name):
    five = quiz.load(name, BOOK / "questions").five
    words = f" · quiz {quiz.minutes(five)} minutes · before you start: "
    assert words in chapters.said_first(name)
    page = (html / "book" / f"{name}.html").read_text(encoding="utf-8")
    assert words in page
    front = (html / "index.html").read_text(encoding="utf-8")
    assert words in front


# ---- the frame ----


def test_copying_is_offered_by_name_where_code_has_lines(visit):
    page = visit("concept", PHONE, has_touch=True, is_mobile=True)
    frames(page)
    names = page.locator(".copy").evaluate_all(
        "all => all.map(one => one.ariaLabel)"
    )
    assert names and all(re.match(r"Copy: \S", name) for name in names)
    shown = page.locator(".copy:visible").first
    assert shown.bounding_box()["height"] >= 24
    assert shown.evaluate("node => getComputedStyle(node).opacity") == "1"


STOPS = """() => {
  const groups = new Set();
  const isStop = (node) => {
    if (node.tabIndex < 0 || node.disabled || !node.checkVisibility()) return false;
    if (node.type !== "radio") return true; // of a group, one is a stop
    return !groups.has(node.name) && groups.add(node.name);
  };
  const all = document.querySelectorAll(
    "main :is(a[href], button, input, select, textarea, summary, [tabindex])");
  return [...all].filter(isStop).length;
}"""


@pytest.mark.parametrize("name", SECOND_EDITION)
def test_a_keyboard_gets_through_a_chapter(visit, name):
    """From the skip link to the end, all sources and the quiz included."""
    page = visit(name)
    page.locator("html:not([data-laid])").wait_for(state="attached")
    frames(page)
    assert page.evaluate(STOPS) < 150


def test_the_first_heading_is_the_title(visit):
    page = visit("concept")
    assert (
        page.get_by_role("heading").first.evaluate("it => it.tagName") == "H1"
    )
    sides = page.get_by_role("navigation").get_by_role("heading")
    assert sides.count() == 0


def test_the_list_of_sections_comes_before_the_text(html):
    page = (html / "book" / "concept.html").read_text(encoding="utf-8")
    assert page.index('id="page-menu"') < page.index('id="main-content"')
    assert 'class="headerlink"' in page
    assert not re.search(r'class="headerlink" href="[^"]*" title', page)


def test_a_book_built_without_node_has_drills_for_a_terminal(html):
    drill = (html / "book" / "drill" / "auc.html").read_text(encoding="utf-8")
    assert embed.strings("drill-page")["terminal-only"] in drill
    assert "python -m mtl_lessons drill auc" in drill
    assert f'content="{pages.policy()}"' in drill
    names = [path.name for path in html.rglob("*")]
    left = "pyodide|codemirror|python_worker"
    assert not [name for name in names if re.search(left, name)]
