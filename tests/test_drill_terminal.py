"""Drills in a terminal: the command, and the process of a check."""

import pytest

from mtl_lessons import __main__ as cli
from mtl_lessons import drills
from mtl_lessons.drills import process, terminal

pytestmark = pytest.mark.usefixtures("own_state")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_first_run_writes_the_starter_and_the_next_checks_it(here, capsys):
    assert cli.main(["drill", "auc"]) == 0
    assert "AUC with ties (junior, 15 min)" in capsys.readouterr().out
    assert (here / "auc.py").read_text() == drills.load("auc").starter
    assert cli.main(["drill", "auc"]) == 1
    assert "· Not attempted yet" in capsys.readouterr().out
    (here / "auc.py").write_text(drills.load("auc").model_answer)
    assert "·" in next(line for line in terminal.listed() if " auc " in line)
    assert cli.main(["drill", "auc"]) == 0
    assert "✓ Passed" in capsys.readouterr().out
    assert cli.main(["drill"]) == 0
    assert "✓ auc" in capsys.readouterr().out


def test_a_mistake_is_told_with_its_case_and_its_section(here, capsys):
    wrong = drills.load("auc").model_answer.replace(" + negatives / 2", "")
    (here / "auc.py").write_text(f"print('hello')\n{wrong}")
    assert cli.main(["drill", "auc"]) == 1
    out = capsys.readouterr().out
    for part in (
        "✗ Not yet",
        "  auc([1, 0], [0.5, 0.5])\n  found:    0\n  expected: 0.5\n",
        "A tie was counted as lost.",
        "Read again: Evaluation: Why do pooled and per-user AUC disagree?",
        "It printed:\nhello\n",
        "--hint 1 shows the first of 3 hints",
    ):
        assert part in out


def test_hints_and_the_solution_are_shown_on_demand(capsys):
    assert cli.main(["drill", "auc", "--hint", "9"]) == 0
    assert "Hint 3 of 3: Rows with equal scores" in capsys.readouterr().out
    assert cli.main(["drill", "auc", "--solution"]) == 0
    assert "groupby(rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "outcome", "key"),
    [
        ("while True: pass\n    return 1", "not-yet", "too-slow"),
        ("import os\n    os._exit(3)\n    return 1", "raised", "died"),
        ("x = [0] * 10**10\n    return 1", "raised", "raised"),
        ("import os\n    os.close(1)\n    return 0", "not-yet", "upside-down"),
    ],
)
def test_whatever_happens_to_the_process_is_a_verdict(
    tmp_path, body, outcome, key
):
    file = tmp_path / "auc.py"
    file.write_text(f"def auc(labels, scores):\n    {body}\n")
    seconds = 1.0 if key == "too-slow" else process.SECONDS
    verdict = process.checked(drills.load("auc"), file, seconds)
    assert (verdict.outcome, verdict.key) == (outcome, key)


def test_watching_checks_again_when_the_file_is_saved(
    here, monkeypatch, capsys
):
    seen = []

    def saved(file, _):
        seen.append(file.read_text())
        if len(seen) > 1:
            raise KeyboardInterrupt
        file.write_text(drills.load("auc").model_answer)

    monkeypatch.setattr(terminal, "wait_for_change", saved)
    with pytest.raises(KeyboardInterrupt):
        cli.main(["drill", "auc", "--watch"])
    assert "✓ Passed" in capsys.readouterr().out
