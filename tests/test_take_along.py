"""What is taken along: the deck for Anki, the set to print, the bank in a terminal."""

import argparse
import io
import re
import sqlite3
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import pytest
from bank import BANK, Outline, bank_of
from mtl_book import printable, take_along, trainer

from mtl_lessons import console, quiz
from mtl_lessons.__main__ import main
from mtl_lessons.quiz import KINDS, coding, terminal

ROOT = Path(__file__).parents[1]


@pytest.fixture
def bank(tmp_path):
    return bank_of(tmp_path)


def question(bank, name):
    return next(
        question
        for question in bank.questions
        if question["id"] == f"sample-{name}"
    )


# ---- two sides ----

KEYS = {
    "gain": (
        "Negative transfer on this task",
        "its own <strong>fair</strong> baseline",
        "Comparing with chance.",
    ),
    "labels": ("A sample space", "Rates on impressions", "Naming a product"),
    "number": ("What is the gain?", "0.0036 AUC", "Giving it in percent."),
    "order": (
        "a repeat purchase",
        "Each step is rarer.",
        "Starting from the click.",
    ),
    "bug": ("the_head_that_reads", "It reads the sigmoid", "Blaming the loss."),
    "open": (
        "Why is this total wrong",
        "a mask repairs it (1 point)",
        "fills in zeros",
    ),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_side_has_what_it_should_and_no_more(bank, name):
    asked, *answered = KEYS[name]
    front, back = (
        side(question(bank, name))
        for side in (take_along.front, take_along.back)
    )
    assert asked in front and all(text in back for text in answered)
    assert not any(text in front for text in answered)
    names = {tag for tag, _ in Outline(front + back).tags}
    assert not names & {"input", "textarea", "form", "label", "script"}


def test_an_order_is_asked_in_another_order(bank):
    asked = re.findall(
        r"<li>(.*?)</li>", take_along.front(question(bank, "order"))
    )
    assert (
        sorted(asked) == sorted(question(bank, "order")["items"])
        and asked != question(bank, "order")["items"]
    )


def test_the_set_to_print_leads_from_each_question_to_its_answer_and_back(bank):
    html = printable.sheet(bank)
    outline = Outline(html)
    ids = [given["id"] for _, given in outline.tags if "id" in given]
    links = [
        given["href"]
        for tag, given in outline.tags
        if tag == "a" and "id" not in given
    ]
    assert ids == [f"question-{i}" for i in range(1, 7)] + [
        f"answer-{i}" for i in range(1, 7)
    ]
    assert links == [f"#answer-{i}" for i in range(1, 7)] + [
        f"#question-{i}" for i in range(1, 7)
    ]


# ---- the pages' bank ----


def test_links_to_chapters_that_are_not_there_are_text(bank):
    def links(pages):
        place = quiz.Place.of(bank, page="", pages=pages)
        return {
            given["href"]
            for tag, given in Outline(
                quiz.render(bank.questions[0], "", place)
            ).tags
            if tag == "a"
        }

    assert links({"sample"}) == {
        "sample.html#sample-a-definition",
        "sample.html#sample-sources",
    }
    assert links({"other"}) == set()
    assert [
        name
        for name in trainer.data(
            bank.questions[0], quiz.Place.of(bank, "", {"other"})
        )
        if name == "section"
    ] == []


def test_topics_come_in_the_order_of_the_book_and_have_names(tmp_path):
    banks = [
        bank_of(
            tmp_path,
            BANK.replace("sample", name).replace("Sample", f"On {name}"),
            name,
        )
        for name in ("a_topic", "sample", "concept")
    ]
    assert [
        title for title, _ in trainer.titled(banks, ["concept", "sample"])
    ] == [
        "On concept",
        "On sample",
        "On a_topic",
    ]


# ---- Anki ----


def notes(path: Path) -> dict:
    """The notes of a deck by guid: (model, fields, tags); and the decks' numbers by name."""
    with zipfile.ZipFile(path) as package:
        (path.parent / "collection").write_bytes(
            package.read("collection.anki2")
        )
    with sqlite3.connect(path.parent / "collection") as collection:
        found = collection.execute(
            "select guid, mid, flds, tags from notes"
        ).fetchall()
    return {
        guid: (model, fields.split("\x1f"), tags.split())
        for guid, model, fields, tags in found
    }


def test_a_deck_has_a_note_for_each_question(bank, tmp_path):
    take_along.write_anki([("First", bank)], tmp_path / "anki" / "deck.apkg")
    found = {
        fields[3]: (fields, tags)
        for _, fields, tags in notes(tmp_path / "anki" / "deck.apkg").values()
    }
    assert set(found) == {question["id"] for question in bank.questions}
    fields, tags = found["sample-gain"]
    assert r"\(\text{AUC}_{\text{shared}} = 0.71\)" in fields[
        0
    ] and "<math" not in "".join(fields)
    assert set(tags) == {"sample", "junior", "type-one"}
    assert r"\[L = \sum_{t} w_t L_t\]" in found["sample-open"][0][0]


def test_a_later_deck_updates_the_notes_of_an_earlier_one(bank, tmp_path):
    take_along.write_anki([("First", bank)], tmp_path / "one.apkg")
    edited = bank_of(
        tmp_path, BANK.replace("Two heads?", "Two heads, one trunk?")
    )
    take_along.write_anki([("First, renamed", edited)], tmp_path / "two.apkg")
    one, two = notes(tmp_path / "one.apkg"), notes(tmp_path / "two.apkg")
    assert one.keys() == two.keys() and {note[0] for note in one.values()} == {
        note[0] for note in two.values()
    }
    changed = [guid for guid in one if one[guid] != two[guid]]
    assert [two[guid][1][3] for guid in changed] == [
        "sample-bug"
    ] and "one trunk" in two[changed[0]][1][0]


def test_all_formulas_of_the_book_are_tex_in_anki():
    for bank in quiz.everything(ROOT / "book" / "questions"):
        for one in bank.questions:
            html = take_along.mathjax(
                take_along.front(one) + take_along.back(one)
            )
            assert "<math" not in html and "</math>" not in html, one["id"]


# ---- a terminal ----


def play(bank, *lines, **options):
    """A round over the questions of a bank with these lines as typed.

    Returns what was printed and the score.
    """
    typed, out = iter(lines), io.StringIO()

    def read(prompt):
        out.write(prompt)
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    score = terminal.play(
        bank.questions,
        read=read,
        write=lambda text="": out.write(f"{text}\n"),
        **options,
    )
    return out.getvalue(), score


RIGHT = {"gain": "2", "labels": "1, 2 4", "number": "0,0036", "bug": "4"}
WRONG = {"gain": "1", "labels": "1 3", "number": "-0.0036", "bug": "2"}
FEEDBACK = {
    "gain": "0.5 is chance",
    "labels": "That is hardware.",
    "number": "The sign: a gain is positive.",
    "bug": "small, not wrong",
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_question_is_graded_in_a_terminal(bank, name):
    bank.data["questions"] = [question(bank, name)]
    said, score = play(bank, RIGHT[name])
    assert terminal.SAY["right"] in said and score == (1, 1)
    said, score = play(bank, WRONG[name])
    assert (
        terminal.SAY["wrong"] in said
        and FEEDBACK[name] in said
        and score == (0, 1)
    )
    said, score = play(bank, "nonsense", "", RIGHT[name])
    assert said.count("Expected") == 2 and score == (1, 1)


def test_an_order_is_given_by_numbers(bank):
    bank.data["questions"] = [question(bank, "order")]
    shown = KINDS["order"].mixed(question(bank, "order"))
    right = " ".join(str(shown.index(i) + 1) for i in range(4))
    assert play(bank, right)[1] == (1, 1)
    said, score = play(bank, " ".join(reversed(right.split())))
    assert score == (0, 1) and "Nobody buys before a click." in said
    assert (
        play(bank, "1 1 2 3", "1 2 3", "1 2 3 5", right)[0].count("Expected")
        == 3
    )


def test_a_free_answer_is_scored_by_its_rubric(bank):
    bank.data["questions"] = [question(bank, "open")]
    said, score = play(bank, "It spreads.", "", "1 2")
    assert (
        score == (pytest.approx(3 / 5), 1)
        and "NaN plus anything is NaN." in said
        and "3 of 5 points" in said
    )
    assert said.index("NaN plus") > said.index(
        question(bank, "open")["stem"].strip()[:20]
    )
    assert play(bank, "", "")[1] == (0, 1)


def test_a_round_ends_when_the_reader_does_and_counts_what_was_answered(bank):
    said, score = play(bank, RIGHT["gain"], "q")
    assert score == (1, 1) and said.rstrip().endswith(
        "1 of 1 answered, 1 right"
    )
    assert play(bank)[1] == (0, 0)  # the end of the input


@pytest.mark.parametrize(
    ("given", "reason"),
    [(["--level", "boss"], "invalid choice"), (["--count", "0"], "1 or more")],
)
def test_mistakes_on_the_command_line_are_told(given, reason, capsys):
    with pytest.raises(SystemExit) as left:
        main(["quiz", *given])
    assert left.value.code == 2 and reason in capsys.readouterr().err


TYPED = {"49,152": 1, "49152": 1, "49 152": 1, "49.152": 0, "4.9152e4": 1}


@pytest.mark.parametrize("text", TYPED)
def test_a_number_is_read_as_on_a_page(bank, text):
    bank.data["questions"] = [one := question(bank, "number")]
    one["answer"] |= {"value": 49152, "tolerance": 0.5}
    assert play(bank, text)[1] == (TYPED[text], 1)


def test_every_number_of_the_book_is_right_however_it_is_written():
    questions = [
        one
        for bank in quiz.everything()
        for one in bank.questions
        if one["type"] == "numeric"
    ]
    for one in questions:
        value, near = one["answer"]["value"], one["answer"]["tolerance"] / 2
        for text in (
            f"{value}",
            f"{value:,}",
            f"{value}".replace(".", ","),
            f"{value:e}",
            f"{value + near}".replace("-", "−"),
        ):
            assert KINDS["numeric"].grade(one, text)[0] == 1, (one["id"], text)


@cache
def whole_bank() -> list[str]:
    """Every question of the book and its answer, as a terminal shows them."""
    return [
        quiz.as_text(question, "")
        for bank in quiz.everything()
        for question in bank.questions
    ]


@pytest.mark.parametrize(
    "encoding", ["ascii", "cp1252", "cp437", "gbk", "cp932", "cp949", "utf-8"]
)
def test_a_terminal_of_any_encoding_can_be_printed_to(monkeypatch, encoding):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    monkeypatch.setattr(sys, "stdout", out)
    console.forgiving()
    print(*whole_bank(), sep="\n")
    print("✓ ✗ 10⁻² ≥ σ₁ “é” \ud800")
    out.flush()
    said = out.buffer.getvalue().decode(encoding).splitlines()[-1]
    kept = {
        "ascii": 'v x 10^-2 >= sigma1 "e" ?',
        "utf-8": "✓ ✗ 10⁻² ≥ σ₁ “é” ?",
        "cp1252": "v x 10^-² >= sigma1 “é” ?",
    }
    assert said == kept.get(encoding, said)


def test_what_does_not_exist_is_told(capsys):
    assert (
        main(["quiz", "--chapter", "nothing"]) == 2
        and "found 'nothing'" in capsys.readouterr().err
    )
    assert main(["quiz", "--chapter", "system_design", "--type", "bug"]) == 1
    assert terminal.SAY["found-none"] in capsys.readouterr().err


def test_the_command_can_be_one_of_several(monkeypatch, capsys):
    parser = argparse.ArgumentParser()
    terminal.register(parser.add_subparsers(required=True))
    given = parser.parse_args(
        ["quiz", "--chapter", "concept", "--type", "open", "--count", "2"]
    )
    monkeypatch.setattr("sys.stdin", io.StringIO("q\n"))
    assert (
        given.run(given) == 0 and "Question 1 of 2 (" in capsys.readouterr().out
    )


def test_the_command_runs_without_tensorflow():
    code = (
        "import sys; from mtl_lessons.__main__ import main; "
        "main(['quiz', '--chapter', 'concept', '--count', '1']); "
        "assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="q\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0 and "Question 1 of 1" in done.stdout, (
        done.stderr
    )


def test_make_questions_checks_the_bank_and_counts_it():
    recipe = re.search(
        r"^questions: .*\n\t\$\(BIN\)/(.*)$",
        (ROOT / "Makefile").read_text(encoding="utf-8"),
        re.MULTILINE,
    )[1]
    name, *given = recipe.split()
    done = subprocess.run(
        [sys.executable, *given, "--quick"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    total = sum(len(coding.asked(bank)) for bank in quiz.everything())
    assert name == "python" and done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        rf"^ *all +{total}\b", done.stdout, re.MULTILINE
    ) and re.search("Weak spots:|No weak spots.", done.stdout)
