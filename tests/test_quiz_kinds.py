"""A kind of question is a class in Python and a row of a table in the script.

A new one needs these, its words, and no more.
"""

import io
import json
import re
import sys
from pathlib import Path

import pytest
from access import PATIENCE
from bank import BANK, Outline, bank_of
from mtl_book import take_along, trainer

from mtl_lessons import drills, embed, quiz
from mtl_lessons.markup import tag
from mtl_lessons.quiz import KINDS, coding, report, terminal
from mtl_lessons.quiz.kinds import kind_of
from mtl_lessons.quiz.kinds.kind import Kind

WEB = Path(embed.__file__).parent / "web"
METHODS = "read", "fits", "write", "grade"  # of a row of kinds.js
ROWS = """module => import(module).then(({ KINDS }) => Object.fromEntries(
  Object.entries(KINDS).map(([name, row]) =>
    [name, Object.keys(row).filter((key) => typeof row[key] === "function")])
))"""


def forgotten(name: str, script: str, words: dict) -> list[str]:
    """What a kind still lacks outside its class, each with the file where it belongs."""
    table = script.partition("export const KINDS = {")[2].partition("\n};")[0]
    lacks = []
    if not re.search(rf"^  {name}[:,(]", table, re.MULTILINE):
        lacks.append(
            f"mtl_lessons/web/kinds.js: expected {name} in KINDS, found none"
        )
    for part, key in (("quiz", f"type-{name}"), ("terminal", f"prompt-{name}")):
        if key not in words[part]:
            lacks.append(
                f"mtl_lessons/web/strings.en.json: expected {key} in {part}, found none"
            )
    return lacks


def script() -> str:
    return (WEB / "kinds.js").read_text(encoding="utf-8")


def strings() -> dict:
    return json.loads((WEB / "strings.en.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", KINDS)
def test_no_kind_lacks_anything(name):
    lacks = forgotten(name, script(), strings())
    assert not lacks, "\n".join(lacks)
    assert KINDS[name].name == name


def test_every_file_of_a_kind_has_its_line():
    folder = Path(sys.modules[Kind.__module__].__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "kind"}
    listed = {
        type(kind).__module__.rpartition(".")[2] for kind in KINDS.values()
    }
    without = ", ".join(files - listed)
    assert not without, (
        f"mtl_lessons/quiz/kinds/__init__.py: expected {without} in KINDS, found none"
    )


def test_the_script_knows_no_kind_that_python_does_not():
    table = script().partition("export const KINDS = {")[2].partition("\n};")[0]
    assert set(re.findall(r"^  (\w+)", table, re.MULTILINE)) == set(KINDS)


def test_every_row_of_the_script_has_its_methods(browser, serve):
    with serve(WEB) as url:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{url}/parts.js")  # any file of that origin
        rows = page.evaluate(ROWS, f"{url}/kinds.js")
        page.close()
    for name, methods in rows.items():
        lacks = [method for method in METHODS if method not in methods]
        assert not lacks, (
            f"mtl_lessons/web/kinds.js: expected {', '.join(METHODS)} "
            f"of {name}, found no {', '.join(lacks)}"
        )


def test_no_other_module_of_the_script_names_a_kind_or_a_level():
    named = rf"""["'`]({"|".join([*KINDS, *quiz.LEVELS])})["'`]"""
    others = [
        path
        for path in WEB.glob("*.js")
        # "numeric" of a date and "open" of a shadow root are the browser's words
        if path.name not in ("kinds.js", "explorable.js", "dates.js", "rich.js")
    ]
    assert [
        path.name
        for path in others
        if re.search(named, path.read_text(encoding="utf-8"))
    ] == []


# ---- a toy: true or false ----

TOY = """- id: sample-toy
  anchor: a-definition
  level: junior
  type: toy
  stem: "A task needs a label."
  holds: true
  mistake: "A guess."
  follow_up: "Which?"
  source: [caruana1997]
"""


class Toy(Kind):
    name, shape = "toy", {"holds": bool}

    def seconds(self, question):
        return 5

    def controls(self, question):
        return tag("label", tag("input", type="checkbox", name=question["id"]))

    def answer(self, question):
        return tag("p", self.solution(question)[0])

    def solution(self, question):
        return ["yes" if question["holds"] else "no"]

    def grade(self, question, text):
        return float([text] == self.solution(question)), []

    def front(self, question):
        return ""

    def back(self, question):
        return self.answer(question)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The sample bank with a question of a new kind, of which everybody has been told."""
    monkeypatch.setitem(KINDS, "toy", Toy())
    monkeypatch.setitem(quiz.SAY, "type-toy", "true or false")
    monkeypatch.setitem(terminal.SAY, "type-toy", "true or false")
    monkeypatch.setitem(terminal.SAY, "prompt-toy", "yes or no")
    return bank_of(tmp_path, BANK + TOY)


def test_a_new_kind_is_checked_shown_asked_and_taken_along(toy):
    question = toy.questions[-1]
    assert report.check([toy]) == []
    shown = quiz.show("sample", every=True, folder=toy.path.parent)
    assert shown.html.count("<form") == 7
    assert "true or false" in quiz.without_keys(toy)
    assert (
        report.counts([toy])[0][-1] == "toy"
        and report.counts([toy])[1][-1] == "1"
    )
    assert Outline(take_along.front(question) + take_along.back(question)).tags
    bank = json.loads(trainer.bank_json([("Sample", toy)], {"sample"}))
    assert (
        bank["types"][-1] == "toy"
        and bank["topics"][0]["questions"][-1]["seconds"] == 5
    )
    out = io.StringIO()
    typed = iter(["yes"])
    assert terminal.play(
        [question], lambda prompt: next(typed), lambda text="": out.write(text)
    ) == (1, 1)


def test_what_a_new_kind_lacks_is_named_with_its_file(toy):
    assert forgotten("toy", script(), strings()) == [
        "mtl_lessons/web/kinds.js: expected toy in KINDS, found none",
        "mtl_lessons/web/strings.en.json: expected type-toy in quiz, found none",
        "mtl_lessons/web/strings.en.json: expected prompt-toy in terminal, found none",
    ]


def test_a_kind_without_one_of_its_methods_is_refused():
    class Half(Kind):
        name = "half"

    with pytest.raises(
        TypeError,
        match="answer.*back.*controls.*front.*grade.*seconds.*solution",
    ):
        Half()


def test_what_is_no_kind_is_refused_with_those_that_are(tmp_path):
    problems = quiz.validate(bank_of(tmp_path, BANK + TOY))
    assert [problem.reason for problem in problems] == [
        f"expected a type of {', '.join(KINDS)}, found toy"
    ]


def test_a_question_is_of_the_kind_that_it_says(tmp_path):
    for question in bank_of(tmp_path).questions:
        assert kind_of(question).name == question["type"]


# ---- code, which the bank does not hold: drills as questions


def test_the_drills_of_a_chapter_are_questions_of_it():
    asked = coding.questions_of(quiz.load("evaluation"))
    assert [one["level"] for one in asked] == sorted(
        (one["level"] for one in asked), key=quiz.LEVELS.index
    )
    assert {one["type"] for one in asked} == {"write"}
    total = sum(len(coding.questions_of(bank)) for bank in quiz.everything())
    assert total == len(drills.names())


def test_a_drill_is_asked_and_judged_as_a_question(tmp_path):
    drill = drills.load("auc")
    question = coding.as_question(drill)
    kind = kind_of(question)
    assert kind.seconds(question) == 60 * drill.minutes
    assert "def auc" in kind.front(question)
    assert "groupby" not in kind.front(question) + kind.controls(question)
    assert "groupby" in kind.answer(question) + kind.back(question)
    assert "python -m mtl_lessons drill auc" in kind.controls(question)
    file = tmp_path / "answer.py"
    with pytest.raises(ValueError, match="expected the name of a file"):
        kind.grade(question, str(file))
    file.write_text(drill.model_answer, encoding="utf-8")
    assert kind.grade(question, str(file))[0] == 1
    file.write_text("def auc(a, b):\n    return 0.0", encoding="utf-8")
    score, told = kind.grade(question, str(file))
    assert score == 0 and drill.texts["upside-down"] in told
