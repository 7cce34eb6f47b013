"""Every exercise keeps its contract: starters are not attempted, model answers pass, each wrong answer gets its message, right ones pass."""

import re
from pathlib import Path

import nbformat
import pytest

from mtl_lessons import exercises
from mtl_lessons.exercises.engine import FOLDER, NOT_ATTEMPTED, NOT_YET, PASSED, RAISED

ROOT = Path(__file__).resolve().parents[1]
ALL = {name: exercises.load(name) for name in exercises.names()}


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_LESSONS_STATE", str(tmp_path / "state.json"))


def steps():
    return [pytest.param(step, id=f"{name}-{step.name}") for name, exercise in ALL.items() for step in exercise.steps]


def examples(kind):
    return [
        pytest.param(exercise, example, id=f"{name}-{example['file']}")
        for name, exercise in ALL.items()
        for example in exercise.data[kind]
    ]


def read(exercise, kind, example):
    return exercise.answers(exercise.folder / kind / f"{example['file']}.py")


def named(exercise, name):
    return next(step for step in exercise.steps if step.name == name)


@pytest.mark.parametrize("name", ALL)
def test_a_file_of_starters_is_not_attempted(name, tmp_path):
    exercise, file = ALL[name], tmp_path / "answer.py"
    starters = dict.fromkeys(step.data["starter"] for step in exercise.steps)
    file.write_text("\n".join((exercise.folder / starter).read_text() for starter in starters))
    found = exercise.answers(file)
    results = [step.check(found[step.answer]) for step in exercise.steps]
    assert [result.outcome for result in results] == [NOT_ATTEMPTED] * len(exercise.steps)
    assert not any("✗" in str(result) or "rong" in str(result) for result in results)


@pytest.mark.parametrize("step", steps())
def test_the_model_answer_passes(step):
    result = step.check(getattr(step.exercise.module, step.answer))
    assert result.outcome == PASSED, result
    assert step.passed


@pytest.mark.parametrize(("exercise", "example"), examples("wrong"))
def test_a_wrong_answer_gets_its_message(exercise, example):
    step = named(exercise, example["step"])
    if example["gets"] == "raised":
        (result,) = exercise.check_file(exercise.folder / "wrong" / f"{example['file']}.py")
        assert result.outcome == RAISED
        return
    result = step.check(read(exercise, "wrong", example)[step.answer])
    assert (result.outcome, result.key) == (NOT_YET, example["gets"]), result
    assert result.error is None and "Found: " in result.text and "Expected: " in result.text and "{" not in result.heading
    assert not step.passed


@pytest.mark.parametrize(("exercise", "example"), examples("right"))
def test_a_right_answer_passes_however_it_is_built(exercise, example):
    found = read(exercise, "right", example)
    for step in (named(exercise, name) for name in example["steps"]):
        result = step.check(found[step.answer])
        assert result.outcome == PASSED, result


@pytest.mark.parametrize("name", ALL)
def test_the_manifest_is_whole(name):
    exercise = ALL[name]
    data = exercise.data
    on_disk = {kind: {path.stem for path in (exercise.folder / kind).glob("*.py")} for kind in ("wrong", "right")}
    assert {kind: {example["file"] for example in data[kind]} for kind in ("wrong", "right")} == on_disk
    assert len(data["wrong"]) >= 15 and len(data["right"]) >= 6
    assert {example["step"] for example in data["wrong"]} == {step.name for step in exercise.steps}
    for step in exercise.steps:
        assert step.hints and all(hint.strip() for hint in step.hints) and step.data["section"] in data["sections"]
        assert step.solution().text.startswith("```python\n")
    own = set(data["messages"])
    checked = (exercise.folder / "checks.py").read_text() + (FOLDER / "probes.py").read_text()
    assert own <= set(re.findall(r'"([a-z-]+)"', checked))
    assert {message.get("read", step.data["section"]) for message in data["messages"].values()} <= set(data["sections"])


@pytest.mark.parametrize("name", ALL)
def test_the_chapter_has_every_starter_every_check_and_every_section(name):
    exercise, path = ALL[name], ROOT / "book" / f"{name}.ipynb"
    if not path.exists():
        pytest.skip(f"no chapter {name} yet")
    cells = nbformat.read(path, as_version=4).cells
    code, text = ([cell.source for cell in cells if cell.cell_type == kind] for kind in ("code", "markdown"))
    for step in exercise.steps:
        assert (exercise.folder / step.data["starter"]).read_text().strip() in code
        assert any(f"exercise.{step.name}.check({step.answer})" in cell for cell in code)
        assert any(f"exercise.{step.name}.solution()" in cell for cell in code)
    titles = {target: title for cell in text for target, title in re.findall(r"^\(([\w-]+)\)=\n#+ (.*)$", cell, re.MULTILINE)}
    for title, target in map(exercise.section, exercise.data["sections"]):
        assert title.lower() in titles[target].lower()
