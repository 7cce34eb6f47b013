"""What is known to be wrong with a bank is reported with file, line and reason.

Nothing in the book's bank, all that is planted here.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bank import BANK, HEAD, bank_of, edited, line_of

from mtl_lessons import quiz
from mtl_lessons.quiz import bank as banks
from mtl_lessons.quiz import proofs, report, sections

ROOT = Path(__file__).parents[1]
SECTIONS = """\
(sample-a-definition)=
# One
(sample-not-on-this-page)=
# Two
(sample-sources)=
# Three
"""


def test_nothing_is_wrong_with_the_bank_of_the_book():
    found = report.check(quiz.everything(ROOT / "book" / "questions"))
    assert found == [], "\n".join(map(str, found))


def test_every_reference_has_the_title_of_its_section():
    """No reader sees the name of a target."""
    for bank in quiz.everything(ROOT / "book" / "questions"):
        place = quiz.Place.of(bank)
        for node, question in zip(bank.nodes, bank.questions):
            for _, anchor in proofs.links(node, question, bank):
                chapter, _, name = anchor.rpartition("#")
                title = sections.titles(
                    chapter or bank.path.stem, bank.path.parent
                )[name]
                assert place.section(anchor).endswith(title)


# ---- faults, planted one by one ----


def book(folder: Path, text: str = BANK, sections: str = SECTIONS) -> quiz.Bank:
    """The sample bank beside a chapter that has the sections to which it leads."""
    cells = [{"cell_type": "markdown", "source": [sections]}]
    (folder / "sample.ipynb").write_text(
        json.dumps({"cells": cells}), encoding="utf-8"
    )
    (folder / "questions").mkdir()
    return bank_of(folder / "questions", text)


def test_the_sample_is_all_true(tmp_path):
    assert proofs.proofs(book(tmp_path)) == []


EXACT = (
    'expression: "1 / 277", value: 0.00361010830325, tolerance: 0.0000000000001'
)
NUMBERS = "numbers: [{expression: '1 / 3', value: 0.72, tolerance: 0.01}]\n  level: junior"


@pytest.mark.parametrize(
    ("old", "new", "at", "name", "reason"),
    [
        (
            "anchor: a-definition",
            "anchor: a-detour",
            "anchor: a-detour",
            "sample-gain",
            "a section of sample.ipynb, found sample-a-detour",
        ),
        (
            '"cell:a-definition"',
            '"cell:a-detour"',
            'source: [caruana1997, "cell',
            "sample-gain",
            "found sample-a-detour",
        ),
        (
            "value: 0.0036",
            "value: 0.0063",
            "value: 0.0063",
            "sample-number",
            "expected 0.0036, which its expression gives, found 0.0063",
        ),
        (
            "0.6823 - 0.6787",
            "0.6823 -",
            "value: 0.0036",
            "sample-number",
            "a number from 0.6823 -, found SyntaxError",
        ),
        (
            "0.6823 - 0.6787",
            "np.nan",
            "value: 0.0036",
            "sample-number",
            "expected nan, which its expression gives",
        ),
        (
            'expression: "0.6823 - 0.6787", value: 0.0036, tolerance: 0.00005',
            EXACT,
            "tolerance: ",
            "sample-number",
            "expected 3.610108e-03 to be right, found it wrong",
        ),
        (
            "level: junior",
            NUMBERS,
            "numbers: [",
            "sample-gain",
            "expected 0.333333, which its expression gives, found 0.72",
        ),
        (
            "fault: \"'the_head",
            "fault: \"'other' in made and 'the_head",
            "run:",
            "sample-bug",
            "its code to show its fault, found it to be free of its fault",
        ),
        (
            'repair: {4: "pass"}',
            "repair: {4: \"made = ['the_head_that_reads_that_head']\"}",
            "run:",
            "sample-bug",
            "with line 4 repaired to be free of its fault, found it to show",
        ),
        (
            "made = []",
            "made = [",
            "run:",
            "sample-bug",
            "expected its code to run, found SyntaxError",
        ),
    ],
)
def test_what_is_not_so_is_reported_on_its_line(
    tmp_path, old, new, at, name, reason
):
    text = edited(old, new)
    problem = proofs.proofs(book(tmp_path, text))[0]
    assert problem.id == name and reason in problem.reason
    # where its value stands: after its key, or below it
    line = text.splitlines()[problem.line - 1 :]
    assert problem.line - line_of(text, at) in (0, 1), (problem.line, line[0])


def test_references_need_a_list_to_which_they_lead(tmp_path):
    found = proofs.proofs(
        book(tmp_path, sections=SECTIONS.replace("(sample-sources)=\n", ""))
    )
    assert {problem.reason for problem in found} == {
        "expected a section of sample.ipynb, found sample-sources"
    }


def test_a_topic_leads_to_sections_of_chapters_that_are_there(tmp_path):
    text = BANK.replace(HEAD, "topic: sample\ntitle: A sample\n").replace(
        '"cell:', '"cell:other#'
    )
    text = text.replace("anchor: ", "anchor: sample#")
    found = {problem.reason for problem in proofs.proofs(book(tmp_path, text))}
    assert found == {
        "expected a section of other.ipynb, found other-a-definition"
    }


def test_the_package_alone_has_no_chapters_and_no_lost_sections(tmp_path):
    assert (
        proofs.proofs(
            bank_of(
                tmp_path, edited("anchor: a-definition", "anchor: a-detour")
            )
        )
        == []
    )


def test_quick_leaves_out_runs_and_what_may_need_tensorflow(tmp_path):
    text = edited("0.6823 - 0.6787", "figures.none()").replace(
        "made = []", "made = ["
    )
    bank = book(tmp_path, text)
    assert proofs.proofs(bank, quick=True) == []
    assert [problem.id for problem in proofs.proofs(bank)] == [
        "sample-number",
        *["sample-bug"] * 2,
    ]
    code = (
        "import sys; from mtl_lessons.quiz import report; report.main(['--quick']); "
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# ---- numbers ----


def test_recompute_knows_numpy_and_our_modules():
    entropy = "-sum(p * np.log(p) for p in [.5, .5])"
    assert proofs.recompute(entropy) == pytest.approx(0.6931, abs=1e-4)
    assert proofs.recompute(
        "metrics.interval([1, 2, 3]).mean"
    ) == pytest.approx(2)


@pytest.mark.parametrize(
    "expression",
    ["1 /", "nowhere.f()", "1 / 0", "'text'", "metrics.no_such_thing"],
)
def test_recompute_names_the_expression(expression):
    with pytest.raises(ValueError, match="expected a number from .*, found"):
        proofs.recompute(expression)


def test_claims_are_numbers_of_any_question_and_the_answer_of_a_numeric_one():
    number, answer = (
        {"expression": "1 + 1", "value": 2},
        {"expression": "3", "value": 3},
    )
    assert proofs.claims({"numbers": [number]}) == [(("numbers", 0), number)]
    assert proofs.claims({"answer": {"lines": [1]}}) == []
    assert proofs.claims({"answer": answer, "numbers": [number]}) == [
        (("numbers", 0), number),
        (("answer",), answer),
    ]


# ---- the report ----


def test_counts_and_weak_spots(tmp_path):
    bank = bank_of(tmp_path)
    by_level = {"junior": 3, "senior": 1, "staff": 2}
    questions = [str(by_level[level]) for level in quiz.LEVELS]
    questions += [
        str(sum(one["type"] == kind for one in bank.questions))
        for kind in quiz.KINDS
    ]
    assert report.counts([bank])[1:] == [
        ["sample", "6", *questions],
        ["all", "6", *questions],
    ]
    assert list(report.weak_spots([bank])) == [
        "sample: 1 senior",
        "sample: 2 staff",
        "sample: no question of type write",  # no chapter has that name
    ]
    only_open = bank_of(
        tmp_path,
        BANK[: BANK.index("- id:")] + BANK[BANK.index("- id: sample-open") :],
    )
    assert list(report.weak_spots([only_open])) == []


NEXT = edited("next: sample-bug", "next: sample-nothing")
LOST = (
    "sample-number: expected next: a question of a bank, found sample-nothing"
)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (BANK, 0, "Weak spots:\n  sample: 1 senior"),
        (
            edited("  level: junior\n", ""),
            1,
            "sample.yml:5: sample-gain: expected the key level, found none",
        ),
        (NEXT, 1, LOST),
        (
            edited("source: [caruana1997]", "source: [nobody1900]"),
            1,
            "sample-labels: expected a source in references.bib",
        ),
        (
            edited("value: 0.0036", "value: 0.0063"),
            1,
            "sample-number: expected 0.0036, which its expression gives",
        ),
    ],
)
def test_the_command_reports_or_names_file_line_and_reason(
    tmp_path, monkeypatch, capsys, text, code, said
):
    bank_of(tmp_path, text)
    monkeypatch.setattr(banks, "PACKAGED", tmp_path)
    assert report.main(["--quick"]) == code
    assert said in capsys.readouterr().out
