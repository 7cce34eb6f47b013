"""Drills in the page: real Python in a real browser, under the site's policy.

What an answer does is judged as in a terminal; what it must not do, it cannot.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import drill_answers
import pytest
from access import frames, until, violations_by_theme
from browser import new_reader
from built_site import VENDOR
from mtl_book import drills as site
from mtl_book import pages, trainer
from serve import serving

from mtl_lessons import drills, embed, quiz
from mtl_lessons.drills import browser as inside
from mtl_lessons.drills import judge

ROOT = Path(__file__).parents[1]
SAY = site.SAY
NAMES = drills.names()
SAMPLE = NAMES[:: -(-len(NAMES) // 3)]  # three of them
AUC = drills.load("auc")
EVALUATION = [name for name in NAMES if drills.load(name).topic == AUC.topic]
KEY = "mtl-lessons:progress:v2"
PAGE = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Drill</title>
<link rel="icon" href="data:,">
<meta http-equiv="Content-Security-Policy" content="{policy}">{links}</head>
<body><main>{body}</main></body></html>"""
PAGE_CSS = """
body { margin: 0; padding: 1rem; font-family: sans-serif; background: #fff; color: #222 }
html[data-theme=dark] body { background: #14181e; color: #ddd }
html[data-theme=dark] a { color: #6cc9da }
"""
EMPTY = "def auc(labels, scores):\n    {body}\n    return 0.5\n"


# ---- the pages


def written(name: str, body: str, engine: str, policy: str) -> str:
    """A page as the frame of the site makes it."""
    up = "../" * name.count("/") + "_static"
    sheets = "".join(
        f'<link rel="stylesheet" href="{up}/mtl/{sheet}.css">'
        for sheet in embed.SHEETS[engine]
    )
    script = f'<script type="module" src="{up}/mtl/{engine}.js"></script>'
    links = f'<link rel="stylesheet" href="{up}/page.css">{sheets}{script}'
    return PAGE.format(policy=policy, links=links, body=body)


def body_of(name: str, weight) -> str:
    drill = drills.load(name)
    place = quiz.Place.of(quiz.load(drill.topic), page="", up="../")
    return site.page("Chapter", drill, place, weight)


@pytest.fixture(scope="module")
def weight():
    if not site.has_all(VENDOR):
        message = f"no Python for the browser in {VENDOR}: run `make book`"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return site.Weight.of(VENDOR)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, weight):
    """A small site: the list, the pages of some drills, and one with little patience."""
    folder = tmp_path_factory.mktemp("drills")
    static = folder / "_static"
    (static / "mtl").mkdir(parents=True)
    for path in embed_files():
        shutil.copy(path, static / "mtl")
    (static / "page.css").write_text(PAGE_CSS, encoding="utf-8")
    for made in VENDOR.glob("*@*"):
        shutil.copytree(made, static / made.name)
    site.copy_modules(static)
    made = {"book/drills.html": ("drills", site.listing(), False)}
    for name in {*EVALUATION, *SAMPLE}:
        body = body_of(name, weight)
        made[f"book/drill/{name}.html"] = ("drill", body, True)
    hurried = body_of("auc", weight).replace('"seconds": 10', '"seconds": 1')
    assert '"seconds": 1,' in hurried or '"seconds": 1}' in hurried
    made["book/drill/hurried.html"] = ("drill", hurried, True)
    for name in ("practice", "interview"):
        root = trainer.root_of(name, "../_static/mtl/bank.json")
        made[f"book/{name}.html"] = (name, root, True)
    topics = [("Evaluation", quiz.load("evaluation"))]
    trainer.write_bank(topics, {"evaluation"}, static / "mtl" / "bank.json")
    for name, (engine, body, runs) in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = written(name, body, engine, pages.policy(runs))
        path.write_text(text, encoding="utf-8")
    return folder


def embed_files() -> list[Path]:
    web = ROOT / "mtl_lessons" / "web"
    return [*web.glob("*.js"), *web.glob("*.css")]


@pytest.fixture(scope="module")
def url(folder):
    with serving(folder) as url:
        yield url


@contextmanager
def reading(browser, url, faultless=True, **options):
    """A reader with empty storage, who opens pages by name.

    At the end nothing was logged as an error, and nothing asked of another host.
    """
    context, faults = new_reader(browser, url, **options)

    def open_one(name="auc", init="", fragment=""):
        page = context.new_page()
        if init:
            page.add_init_script(init)
        place = name if "." in name else f"drill/{name}.html"
        page.goto(f"{url}/book/{place}{fragment}")
        return page

    try:
        yield SimpleNamespace(open=open_one, context=context)
    finally:
        context.close()
    assert not faultless or faults == []


@pytest.fixture
def visit(browser, url):
    with reading(browser, url) as reader:
        yield reader.open


# A worker that says at once of an answer whether there is "pairs" in it, for what does not depend
# on Python: to load that takes seconds.
JUDGE = """addEventListener("message", ({ data }) => {
  if (!data.source) return postMessage({ kind: "ready" });
  const passed = data.source.includes("pairs");
  const facts = { call: "auc([1], [0])", found: "x".repeat(100), expected: "1" };
  const verdict = passed
    ? { outcome: "passed", key: "passed", printed: "", line: 0, facts: {} }
    : { outcome: "not-yet", key: "upside-down", printed: "word ".repeat(60), line: 2, facts };
  postMessage({ kind: "verdict", verdict });
});
postMessage({ kind: "begun" });"""


def judged_by(context, script: str) -> None:
    """Put another script in the place of the worker's."""
    context.route(
        "**/python_worker.js",
        lambda route: route.fulfill(
            body=script, content_type="text/javascript"
        ),
    )


@pytest.fixture
def quick(browser, url):
    """Opens pages on which no Python has to be loaded."""
    with reading(browser, url) as reader:
        judged_by(reader.context, JUDGE)
        yield reader.open


@pytest.fixture(scope="module")
def desk(browser, url):
    """One page of the drill `auc` on which Python is loaded already: loading takes seconds."""
    with reading(browser, url) as reader:
        page = reader.open("auc")
        run(page, AUC.starter)
        yield page


WRITE = """([node, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
}"""


def write(page, text: str) -> None:
    """Put a text into the editor, as one who pastes it over what was there."""
    content = page.locator(".cm-content")
    content.focus()
    page.keyboard.press("Control+a")
    content.evaluate(
        "(node, text) => (" + WRITE + ")([node, text])", text.rstrip("\n")
    )


def verdict(page):
    found = page.locator(".mtl-exercise")
    found.wait_for()
    return found


def run(page, text: str | None = None):
    """Run an answer, and wait for what is said of it."""
    if text is not None:
        write(page, text)
    page.get_by_role("button", name=SAY["run"], exact=True).click()
    return verdict(page)


def ended(page) -> None:
    """Wait until no worker runs: a browser takes a moment to end one."""
    for _ in range(1000):
        if not page.workers:
            return
        frames(page)
    raise AssertionError("expected no worker, found one")


def code_in(page) -> str:
    lines = page.locator(".cm-line").all_inner_texts()
    return "\n".join(line.replace("\n", "") for line in lines)


def status(page) -> str:
    return page.locator("[role=status]").text_content()


def kept(page) -> dict:
    text = page.evaluate(f"localStorage.getItem({KEY!r})")
    return json.loads(text)["questions"] if text else {}


def said(key: str) -> str:
    """The longest piece of a message that has no sign of Markdown in it."""
    text = re.split(r"[*`$_{}]", AUC.texts[key])
    return max(text, key=len).strip()


# ---- what is judged


@pytest.mark.parametrize("name", SAMPLE)
def test_answers_are_judged_in_the_page_as_they_are_in_a_terminal(visit, name):
    drill, page = drills.load(name), visit(name)
    answers = drill_answers.of(name)
    for answer in (answers[0], answers[-1]):  # a right one, a wrong one
        expected = drill.judge(answer.code)
        found = run(page, answer.code)
        assert found.get_attribute("data-outcome") == expected.outcome, answer
        if "call" in expected.facts:
            shown = found.locator("dd").all_inner_texts()
            facts = ("call", "found", "expected")
            assert shown == [expected.facts[fact] for fact in facts]


def test_a_starter_is_not_attempted_and_a_solution_passes(desk):
    found = run(desk, AUC.starter)
    assert found.get_attribute("data-outcome") == judge.NOT_ATTEMPTED
    assert kept(desk) == {}
    found = run(desk, AUC.model_answer)
    assert found.get_attribute("data-outcome") == judge.PASSED
    assert status(desk).startswith(SAY["outcome-passed"])


def test_a_wrong_answer_gets_its_message_with_call_and_section(desk):
    found = run(desk, EMPTY.format(body="pass"))
    assert found.get_attribute("data-outcome") == judge.NOT_YET
    assert said("upside-down") in found.inner_text()
    shown = found.locator("dd").all_inner_texts()
    assert shown == ["auc([1, 0], [0.9, 0.1])", "0.5", "1"]
    link = found.get_by_role("link")
    place = quiz.Place.of(quiz.load(AUC.topic), page="", up="../")
    assert link.get_attribute("href") == place.target(AUC.read)
    call, *others = shown
    for text in (SAY["outcome-not-yet"], said("upside-down"), *others):
        assert text in status(desk)
    assert call not in status(desk)  # it can be long


def test_facts_of_a_message_are_filled_in(desk):
    (pairs,) = (a for a in drill_answers.of("auc") if a.name == "all_pairs")
    found = run(desk, pairs.code)
    assert re.search(
        r"From 50 to 200 rows the steps grew from \d+ to \d+",
        found.inner_text(),
    )


def test_the_line_of_an_error_is_marked_and_led_to(desk):
    found = run(desk, "def auc(labels, scores):\n    total = (1\n")
    assert found.get_attribute("data-outcome") == judge.RAISED
    assert "SyntaxError" in found.inner_text()
    marked = desk.locator(".cm-line.mtl-line")
    assert marked.inner_text() == "    total = (1"
    found.get_by_role("button", name="Go to line 2").click()
    desk.keyboard.type("x")
    assert code_in(desk).splitlines()[1] == "x    total = (1"


def test_no_verdict_of_the_last_run_stands_beside_the_next(desk):
    run(desk, "def auc(labels, scores):\n    return 1 / 0\n")
    assert desk.locator(".mtl-line").count() == 1
    run(desk, AUC.model_answer)
    assert desk.locator(".mtl-line").count() == 0
    assert "ZeroDivisionError" not in desk.locator(".mtl-exercise").inner_text()


# ---- what an answer cannot do

MARKUP = "<img src=x onerror=alert(1)><b id=evil>x</b>"
HARMLESS = {
    "prints markup": f"print({MARKUP!r})",
    "raises markup": f"raise ValueError({MARKUP!r})",
    "prints 10 MB": "for _ in range(1000): print('x' * 10_000)",
    "recurses": "return auc(labels, scores)",
    "exits": "raise SystemExit",
    "closes its output": "import sys; sys.stdout.close()",
    "prints past the judge": "import os; os.write(1, b'x' * 100_000)",
}


@pytest.mark.parametrize("body", HARMLESS.values(), ids=HARMLESS)
def test_whatever_an_answer_says_is_text_and_bounded(desk, body):
    found = run(desk, EMPTY.format(body=body))
    assert len(found.inner_text()) < judge.PRINTED + 1000
    assert desk.locator("#evil, .mtl-drill img").count() == 0
    if "evil" in body:
        assert MARKUP in found.inner_text()
    assert run(desk, AUC.model_answer).get_attribute("data-outcome") == "passed"


BRIDGES = (
    "import js; js.document",
    "import pyodide_js; pyodide_js",
    "import pyodide.code; pyodide.code.run_js('1')",
    "import _pyodide_core",
    "from pyodide.ffi import to_js",
)


@pytest.mark.parametrize("body", BRIDGES)
def test_no_module_leads_from_an_answer_to_the_browser(desk, body):
    found = run(desk, EMPTY.format(body=body))
    assert "ModuleNotFoundError" in found.inner_text()


def test_an_answer_that_digs_for_the_browser_finds_an_empty_room(desk):
    """It brings back the finder of Pyodide, and with it whatever JavaScript is within reach."""
    body = """
    import sys
    sys.meta_path.pop(0)
    import js
    Function = js.constructor.constructor
    Function("return fetch")()
    """
    found = run(desk, EMPTY.format(body=body.strip()))
    assert "EvalError" in found.inner_text()


LEFT = """() => {
  const found = new Set();
  let holder = globalThis;
  while (holder !== Object.prototype) {
    for (const name of Reflect.ownKeys(holder)) if (typeof name === "string") found.add(name);
    holder = Object.getPrototypeOf(holder);
  }
  return [...found];
}"""
GONE = {
    "fetch",
    "XMLHttpRequest",
    "WebSocket",
    "EventSource",
    "caches",
    "indexedDB",
    "navigator",
    "postMessage",
    "BroadcastChannel",
    "Worker",
    "importScripts",
    "location",
    "addEventListener",
}
NUMBERS = {"TEMPORARY", "PERSISTENT"}  # Chromium lets nobody delete these two


def test_the_worker_has_no_network_no_storage_and_no_way_to_the_page(desk):
    (worker,) = desk.workers
    left = worker.evaluate(LEFT)
    assert "JSON" in left and not GONE & set(left)
    source = embed.asset("python_worker.js")
    wanted = set(source.partition("`Object")[2].partition("`")[0].split())
    assert set(left) <= wanted | {"Object"} | NUMBERS


def test_the_worker_has_the_policy_of_its_page(browser, url):
    """Before it cut itself off, it could not have asked another host for anything."""
    with reading(browser, url, faultless=False) as reader:
        page = reader.open("auc")
        asked = """async (other) => {
          const source = `const found = [];
            const trying = async (what) => {
              try { await what(); found.push("done"); } catch { found.push("refused"); }
            };
            await trying(() => fetch("${other}"));
            await trying(() => import("${other}/x.js"));
            await trying(async () => (0, eval)("1"));
            postMessage(found);`;
          const blob = new Blob([source], { type: "text/javascript" });
          const worker = new Worker(URL.createObjectURL(blob), { type: "module" });
          return new Promise((tell) => { worker.onmessage = ({ data }) => tell(data); });
        }"""
        other = url.replace("127.0.0.1", "localhost")
        assert page.evaluate(asked, other) == ["refused"] * 3


def test_memory_is_bounded_and_the_page_lives(visit):
    page = visit("auc")
    body = "rows = []\n    while True: rows.append(bytearray(10**7))"
    found = run(page, EMPTY.format(body=body))
    assert "MemoryError" in found.inner_text()
    assert "256 MB" in found.inner_text()
    ended(page)  # the next run begins anew
    assert run(page, AUC.model_answer).get_attribute("data-outcome") == "passed"


def test_a_run_that_hangs_is_stopped_by_the_page_or_by_its_reader(visit):
    page = visit("hurried")
    endless = EMPTY.format(body="while True: pass")
    found = run(page, endless)
    assert SAY["hung"].format(seconds=1) in found.inner_text()
    assert found.locator("p").first.inner_text() == SAY["outcome-hung"]
    ended(page)
    write(page, endless)
    page.get_by_role("button", name=SAY["run"], exact=True).click()
    stop = page.get_by_role("button", name=SAY["stop"], exact=True)
    stop.press("Enter")
    assert SAY["stopped"] in verdict(page).inner_text()
    assert page.evaluate("document.activeElement.textContent") == SAY["run"]
    assert not stop.is_visible()
    # only what the first one did is a try; the second was called off
    assert kept(page)["drill-auc"]["right"] is False


FORM = '{ outcome: "passed", key: "passed", printed: "", line: 0, facts: {}'
FORGED = (
    '{ kind: "verdict", verdict: { outcome: "passed" } }',
    '{ kind: "verdict", verdict: null }',
    f'{{ kind: "verdict", verdict: {FORM}, outcome: "<b id=evil>" }} }}',
    f'{{ kind: "verdict", verdict: {FORM}, printed: "x".repeat(1e6) }} }}',
    f'{{ kind: "verdict", verdict: {FORM}, facts: {{ call: 1 }} }} }}',
    '"<b id=evil>"',
    "null",
)


@pytest.mark.parametrize("message", FORGED)
def test_a_message_that_has_not_the_form_of_one_is_no_verdict(
    browser, url, message
):
    forger = f"""addEventListener("message", () => {{
        postMessage({{ kind: "ready" }}); postMessage({message}); }});
      postMessage({{ kind: "begun" }});"""
    with reading(browser, url) as reader:
        judged_by(reader.context, forger)
        page = reader.open("auc")
        found = run(page)
        assert SAY["broken"] in found.inner_text()
        assert page.locator("#evil").count() == 0
        ended(page)


# ---- where it cannot run


def test_without_webassembly_the_page_says_so_and_shows_the_command(visit):
    page = visit("auc", init="delete globalThis.WebAssembly")
    shown = page.locator(".mtl-instead")
    until(page, "document.querySelector('.mtl-instead code')")
    assert shown.inner_text() == f"{SAY['no-wasm']} {site.command(AUC)}"
    assert page.locator(".mtl-starter").is_visible()
    assert page.get_by_role("button", name=SAY["run"], exact=True).count() == 0


def test_what_could_not_be_loaded_is_told_and_tried_again(browser, url):
    with reading(browser, url, faultless=False) as reader:
        page = reader.open("auc")
        page.route("**/python_stdlib.zip", lambda route: route.abort())
        page.get_by_role("button", name=SAY["run"], exact=True).click()
        shown = page.locator(".mtl-instead")
        shown.wait_for()
        assert SAY["not-loaded"] in shown.inner_text()
        assert site.command(AUC) in status(page)
        page.unroute("**/python_stdlib.zip")
        run(page, AUC.model_answer)
        assert not shown.is_visible()


def test_without_a_script_a_drill_can_be_read(browser, url):
    with reading(browser, url, java_script_enabled=False) as reader:
        page = reader.open("auc")
        assert page.locator(".mtl-starter").inner_text().strip() == (
            AUC.starter.strip()
        )
        assert page.get_by_text(SAY["no-script"]).is_visible()
        assert page.get_by_text(site.command(AUC)).is_visible()
        folded = page.locator("details")
        assert folded.count() == len(AUC.hints) + 1
        for fold in folded.all():
            fold.locator("summary").click()
        answer = page.locator(".mtl-solution pre").inner_text()
        assert answer.strip() == AUC.model_answer.strip()
        assert page.get_by_role("button").count() == 0


def test_nothing_of_python_is_asked_for_before_a_run(browser, url):
    with reading(browser, url) as reader:
        sizes, asked = [], []
        page = reader.context.new_page()
        client = reader.context.new_cdp_session(page)
        client.send("Network.enable")
        client.on(
            "Network.loadingFinished",
            lambda event: sizes.append(event["encodedDataLength"]),
        )
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{url}/book/drill/auc.html")
        page.locator(".cm-content").wait_for()
        page.wait_for_load_state("networkidle")
        assert not [
            one for one in asked if re.search("pyodide|mtl_lessons/", one)
        ]
        assert 0 < sum(sizes) < 200_000
        assert page.workers == []


def test_a_page_says_how_much_it_will_load(weight):
    files = {path.name: path for path in VENDOR.glob("*@*/*")}
    packed = sum(
        files[name].stat().st_size
        for name in ("pyodide.asm.wasm.packed", "python_stdlib.zip")
    )
    assert weight.counted == packed < weight.whole < packed + 400_000
    body = body_of("auc", weight)
    words = SAY["first-run"].format(megabytes=round(weight.whole / 1e6))
    assert words in unescape(body)
    for name, licence in (
        (weight.pyodide, "Mozilla Public License"),
        (weight.pyodide, "PYTHON SOFTWARE FOUNDATION LICENSE"),
        (weight.codemirror, "MIT License"),
    ):
        text = (VENDOR / name / "LICENCES.txt").read_text(encoding="utf-8")
        assert licence in text


def test_where_nothing_runs_drills_the_page_is_read_and_leads_to_a_terminal():
    body = unescape(body_of("auc", None))
    assert SAY["terminal-only"] in body and site.command(AUC) in body
    assert 'class="mtl-drill' not in body and "<script" not in body
    assert "<template" not in body


# ---- the editor


def test_by_keyboard_alone(quick):
    page = quick("auc")
    press = page.keyboard.press
    page.locator(".cm-content").wait_for()
    inner = (
        "document.querySelector('.mtl-editor').shadowRoot.activeElement"
        "?.matches('.cm-content')"
    )
    for _ in range(20):
        press("Tab")
        if page.evaluate(f"{inner} ?? false"):
            break
    press("Control+a"), press("Delete")
    page.keyboard.type("def auc(labels, scores):\nprint(1)")
    press("Home"), press("Shift+Tab"), press("Tab"), press("End")
    page.keyboard.type("\nreturn 1.0")
    assert code_in(page).splitlines()[1:] == [
        "    print(1)",
        "    return 1.0",
    ]
    press("Escape"), press("Tab")
    assert page.evaluate("document.activeElement.textContent") == SAY["run"]
    press("Enter")
    assert verdict(page).is_visible()
    assert page.evaluate("document.activeElement.textContent") == SAY["run"]
    press("Shift+Tab")
    assert page.evaluate(inner)
    press("Control+z")
    press("Control+Enter")
    verdict(page)
    assert page.evaluate(inner)


def test_where_the_editor_cannot_be_loaded_a_plain_field_does_the_same(
    browser, url
):
    with reading(browser, url, faultless=False) as reader:
        judged_by(reader.context, JUDGE)
        page = reader.context.new_page()
        page.route("**/codemirror.js", lambda route: route.abort())
        page.goto(f"{url}/book/drill/auc.html")
        field = page.get_by_label(SAY["editor"])
        field.fill("")
        field.focus()
        page.keyboard.type("def auc(labels, scores):\nreturn 0.5")
        assert field.input_value().endswith(":\n    return 0.5")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert field.input_value().endswith("\n        ")
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == SAY["run"]
        page.keyboard.press("Enter")
        assert said("upside-down") in verdict(page).inner_text()
        page.reload()
        assert field.input_value().startswith("def auc(labels, scores):\n")


def test_code_is_kept_and_reset_asks_first(visit):
    page = visit("auc")
    write(page, "mine = 1")
    page.reload()
    page.locator(".cm-content").wait_for()
    assert code_in(page) == "mine = 1"
    reset = page.get_by_role("button", name=SAY["reset"], exact=True)
    reset.click()
    page.keyboard.press("Escape")
    assert code_in(page) == "mine = 1"
    assert page.evaluate("document.activeElement.textContent") == SAY["reset"]
    reset.click()
    page.get_by_role("button", name=SAY["reset-yes"]).click()
    assert code_in(page).strip() == AUC.starter.strip()
    page.reload()
    page.locator(".cm-content").wait_for()
    assert code_in(page).strip() == AUC.starter.strip()


def test_two_tabs_show_one_code_unless_both_have_changed_it(visit):
    one, two = visit("auc"), visit("auc")
    two.locator(".cm-content").wait_for()
    write(one, "first = 1")
    two.get_by_text(SAY["other-tab"]).wait_for(state="attached")
    assert code_in(two) == "first = 1"
    two.evaluate("localStorage.clear()")  # as a browser does that forgets
    until(
        one,
        f"document.querySelector('[role=status]').textContent === {SAY['other-tab']!r}",
    )
    assert code_in(one).strip() == AUC.starter.strip()


@pytest.mark.parametrize("text", ["x" * (site.LARGEST + 1), "mine = 1"])
def test_code_that_cannot_be_kept_is_told(visit, text):
    full = (
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }"
        if text == "mine = 1"
        else ""
    )
    page = visit("auc", init=full)
    page.locator(".cm-content").wait_for()
    write(page, text)
    assert page.locator(".mtl-notice").inner_text().strip() == SAY["not-kept"]
    assert status(page) == SAY["not-kept"]


# ---- a link


def test_a_link_carries_code_as_text_and_never_runs_it(browser, url):
    with reading(
        browser, url, permissions=["clipboard-read", "clipboard-write"]
    ) as reader:
        page = reader.open("auc")
        page.locator(".cm-content").wait_for()
        shared = f"# {MARKUP} 跷跷板\nshared = 1"
        write(page, shared)
        page.get_by_role("button", name=SAY["share"]).click()
        page.get_by_text(SAY["shared"]).wait_for(state="attached")
        link = page.evaluate("navigator.clipboard.readText()")
        write(page, "mine = 1")
        other = reader.context.new_page()
        other.goto(link)
        other.locator(".cm-content").wait_for()
        assert code_in(other) == shared
        assert other.locator("#evil").count() == 0
        assert SAY["from-link"] in other.locator(".mtl-notice").inner_text()
        assert (
            other.workers == []
            and not other.locator(".mtl-exercise").is_visible()
        )
        write(other, "changed = 1")  # one's own code stays
        other.get_by_role("button", name=SAY["link-mine"]).click()
        assert code_in(other) == "mine = 1" and "#" not in other.url
        other.goto(link)
        other.locator(".mtl-notice").wait_for()
        other.get_by_role("button", name=SAY["link-keep"]).click()
        other.reload()
        other.locator(".cm-content").wait_for()
        assert code_in(other) == shared
        assert other.locator(".mtl-notice").count() == 0


@pytest.mark.parametrize("code", ["", "%%%", "_w", "a" * 40_000])
def test_a_damaged_link_is_told_and_changes_nothing(visit, code):
    page = visit("auc", fragment=f"#code={code}")
    page.locator(".cm-content").wait_for()
    assert (
        page.locator(".mtl-notice").inner_text().strip()
        == (SAY["link-damaged"])
    )
    assert code_in(page).strip() == AUC.starter.strip()


# ---- results


def test_results_are_facts_and_the_list_shows_them(quick, url):
    page = quick("auc")
    run(page, EMPTY.format(body="pass"))
    entry = kept(page)["drill-auc"]
    assert (entry["right"], entry["attempts"]) == (False, 1)
    (review,) = entry["reviews"]
    assert review["score"] == 0
    assert page.locator(".mtl-level").inner_text().count("tried") == 1
    run(page, AUC.model_answer)
    run(page, EMPTY.format(body="pass"))  # trying on changes nothing
    entry = kept(page)["drill-auc"]
    assert entry["right"] and entry["attempts"] == 1
    assert entry["reviews"] == [{"time": review["time"], "score": 1}]
    assert page.locator(".mtl-level").inner_text().count("solved") == 1
    page.goto(f"{url}/book/drills.html")
    row = page.locator("[data-key=drill-auc]")
    row.get_by_text("solved").wait_for()
    assert page.get_by_text("solved").count() == 1


def test_a_pass_after_the_solution_was_opened_is_not_counted(quick):
    page = quick("auc")
    page.locator(".mtl-solution summary").click()
    found = run(page, AUC.model_answer)
    assert found.get_attribute("data-outcome") == judge.PASSED
    assert SAY["not-counted"] in found.inner_text()
    assert kept(page) == {}


def test_hints_come_one_by_one(visit):
    page = visit("auc")
    hints = page.locator(".mtl-hint-fold")
    page.locator(".cm-content").wait_for()
    for number in range(len(AUC.hints)):
        shown = [hint.is_visible() for hint in hints.all()]
        assert shown == [i <= number for i in range(len(AUC.hints))]
        hints.nth(number).locator("summary").click()


# ---- on a phone, in both themes


def test_a_verdict_a_notice_and_a_question_are_accessible_and_fit(quick):
    page = quick("auc", fragment="#code=eA")
    page.locator(".mtl-notice").wait_for()
    found = run(page, EMPTY.format(body="pass"))
    assert found.locator("pre").is_visible()
    page.get_by_role("button", name=SAY["reset"], exact=True).click()
    for width in (360, 1300):
        page.set_viewport_size({"width": width, "height": 800})
        assert violations_by_theme(page) == {"light": [], "dark": []}
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width


# ---- Python's side, without a browser


# ---- a drill as a question of the trainer

TRAINER = embed.strings("quiz") | embed.strings("trainer")


def press(page, name: str) -> None:
    page.get_by_role("button", name=TRAINER[name], exact=True).click()


def test_practice_asks_for_code_and_its_last_run_is_the_answer(quick):
    page = quick("practice.html", fragment="?questions=drill-auc")
    page.locator(".cm-content").wait_for()
    assert "AUC with ties." in page.locator(".mtl-stem").inner_text()
    assert page.get_by_role("button", name=SAY["share"]).count() == 0
    press(page, "check")
    told = page.locator(".mtl-verdict")
    assert told.inner_text() == TRAINER["run-first"]
    run(page, EMPTY.format(body="pass"))
    link = page.locator(".mtl-exercise a").first
    assert "/book/evaluation.html#" in link.evaluate("node => node.href")
    press(page, "check")
    assert told.get_attribute("data-verdict") == "wrong"
    press(page, "again")
    write(page, "pairs = 1")
    page.get_by_role("button", name=SAY["run"], exact=True).click()
    page.locator(".mtl-verdict[data-verdict=right]").wait_for()
    stored = json.loads(page.evaluate(f"localStorage['{KEY}']"))
    entry = stored["questions"]["drill-auc"]
    assert entry["right"] is True
    assert entry["answer"] == {"right": True, "code": "pairs = 1"}
    assert entry["edition"] == site.edition(AUC)


def test_an_interview_asks_for_code_and_its_report_shows_it(quick):
    page = quick("interview.html")
    page.locator("select[name=type]").select_option("write")
    press(page, "interview-start")
    page.locator(".cm-content").wait_for()
    write(page, "pairs = 1")
    page.get_by_role("button", name=SAY["run"], exact=True).click()
    page.get_by_text("Question 2 of").wait_for()
    press(page, "interview-end")
    press(page, "end-yes")
    first = page.locator("details.mtl-detail").first
    first.locator("summary").first.click()
    assert first.locator(".mtl-desk-here pre").inner_text() == "pairs = 1"
    assert first.get_attribute("data-verdict") == "right"


def test_where_the_page_of_a_drill_is_not_there_a_link_leads_to_it(
    browser, url
):
    with reading(browser, url, faultless=False) as reader:
        reader.context.route("**/drill/auc.html", lambda route: route.abort())
        page = reader.open("practice.html", fragment="?questions=drill-auc")
        page.get_by_role("link", name="drill/auc.html").wait_for()
        form = page.locator("form.mtl-question").inner_text()
        assert "python -m mtl_lessons drill auc" in form


def test_the_bridge_is_closed_for_good():
    code = """
import sys, types
from mtl_lessons.drills import browser
for name in ("js", "pyodide", "pyodide.ffi", "jsx"):
    sys.modules[name] = types.ModuleType(name)
browser.close_bridge()
assert "jsx" in sys.modules and "js" not in sys.modules
for name in ("js", "pyodide.ffi", "_pyodide_core"):
    try:
        __import__(name)
    except ModuleNotFoundError as error:
        print(error.name)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.split() == ["js", "pyodide", "_pyodide_core"], (
        done.stderr
    )


def test_a_verdict_is_json_and_bounded():
    asked = {
        "name": "auc",
        "answer": "auc",
        "texts": AUC.texts,
        "source": "class E(Exception): pass\nE.__name__ = 'x' * 10_000\n"
        + EMPTY.format(body="raise E"),
    }
    found = json.loads(inside.judged(json.dumps(asked)))
    assert found["outcome"] == judge.RAISED
    assert len(found["facts"]["kind"]) == inside.LONGEST
    assert len(found["text"]) <= inside.LONGEST


@pytest.mark.parametrize("name", NAMES)
def test_the_browser_gets_all_that_a_drill_imports_and_no_more(name, tmp_path):
    drill = drills.load(name)
    site.copy_modules(tmp_path)
    there = tmp_path / site.FILES
    for file in site.modules(drill):
        assert (there / file).is_file()
    for folder in site.packages(drill):
        (there / folder / "__init__.py").touch()
    asked = {
        "name": drill.name,
        "answer": drill.answer,
        "texts": drill.texts,
        "source": drill.model_answer,
    }
    code = (
        "import sys; sys.path[:] = [p for p in sys.path if 'python3' in p and 'site' not in p];"
        f"sys.path.insert(0, {str(tmp_path)!r});"
        "from mtl_lessons.drills import browser; print(browser.judged(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, json.dumps(asked)],
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout)["outcome"] == judge.PASSED, done.stderr


def test_a_fact_with_a_format_is_refused():
    with pytest.raises(
        ValueError, match=r"expected \{steps\} without a format"
    ):
        site.with_facts("{steps:.1f} steps")


def test_braces_that_are_no_facts_stay():
    html = site.with_facts("`{{x}}` is $\\frac{{a}}{{b}}$, {steps} steps")
    assert "<code>{x}</code>" in html and "\\frac{a}{b}" in html
    assert '<data value="steps"></data>' in html
