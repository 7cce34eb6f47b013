"""Numbers as readers type them: the cases of `readings.json`.

Python and the pages' script have to read them alike.
"""

import json
from pathlib import Path

import pytest
from access import PATIENCE

from mtl_lessons.quiz import answers

WEB = Path(__file__).parents[1] / "mtl_lessons" / "web"
CASES = json.loads(
    Path(__file__).with_name("readings.json").read_text(encoding="utf-8")
)
READ = [
    (text, name == "percent", found)
    for name in ("plain", "percent")
    for text, found in CASES[name].items()
]
READ += [
    (text, percent, [])
    for text in CASES["refused"]
    for percent in (False, True)
]
SCRIPT = """([module, read, near]) => import(module).then((web) => [
  read.map((one) => web.readings(...one)),
  near.map((one) => web.near(...one)),
])"""


def in_python():
    return [answers.readings(text, percent) for text, percent, _ in READ], [
        answers.near(*case) for *case, _ in CASES["near"]
    ]


def on_a_page(browser, serve):
    with serve(WEB) as url:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{url}/parts.js")  # any file of that origin
        given = [
            f"{url}/answers.js",
            [(text, percent) for text, percent, _ in READ],
            [case for *case, _ in CASES["near"]],
        ]
        found = page.evaluate(SCRIPT, given)
        page.close()
    return found


@pytest.mark.parametrize("language", ["Python", "script"])
def test_numbers_are_read_and_judged_alike(language, request):
    if language == "Python":
        found, judged = in_python()
    else:
        found, judged = on_a_page(
            request.getfixturevalue("browser"), request.getfixturevalue("serve")
        )
    for (text, percent, expected), numbers in zip(READ, found, strict=True):
        assert numbers == pytest.approx(expected, rel=1e-12), (text, percent)
    assert judged == [expected for *_, expected in CASES["near"]]
