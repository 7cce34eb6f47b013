"""A manifest is checked when it is read: what is forgotten or wrong is told with file and line."""

import ast

import pytest

from mtl_lessons.exercises.engine import FOLDER
from mtl_lessons.exercises.manifest import SECONDS, Manifest
from mtl_lessons.mistake import Message

WHOLE = """\
title: An exercise
module: mtl_lessons.some_chapter
sections:
  heads: Two heads
steps:
  - name: heads
    title: two heads
    section: heads
    answer: build
    starter: starter_heads.py
    solution: [build]
    hints: [One tensor.]
    question: some-two-heads
    passed: "{weights} weights, {{braces}}."
messages:
  too-narrow:
    text: "Found: {width}."
"""
BROKEN = {
    "a key forgotten": (
        "    answer: build\n",
        "",
        "6: steps: expected the key answer, found none",
    ),
    "a key misspelt": (
        "    hints:",
        "    hint:",
        "6: steps: expected the key hints, found none",
    ),
    "no hints": (
        "[One tensor.]",
        "[]",
        "12: steps: hints: expected a list with at least one entry, found something else",
    ),
    "a section that is not there": (
        "section: heads",
        "section: tails",
        "8: section: expected one of heads, found tails",
    ),
    "a starter that is not there": (
        "starter_heads",
        "starter_tails",
        "10: starter: expected the file some/starter_tails.py, found none",
    ),
    "a message's section": (
        "    text:",
        "    read: tails\n    text:",
        "17: read: expected one of heads, found tails",
    ),
    "a brace left open": (
        "{width}.",
        "{width.",
        "17: text: expected braces around the names of facts",
    ),
    "no number": (
        "    passed:",
        "    seconds: long\n    passed:",
        "14: steps: seconds: expected float, found str 'long'",
    ),
    "no YAML": ("steps:", "steps: [", "expected YAML"),
}


def read(tmp_path, text):
    folder = tmp_path / "some"
    folder.mkdir()
    (folder / "starter_heads.py").write_text("")
    (folder / "manifest.yml").write_text(text)
    return Manifest.read(folder / "manifest.yml")


def test_a_manifest_says_what_an_exercise_is_made_of(tmp_path):
    manifest = read(tmp_path, WHOLE)
    (step,) = manifest.steps
    assert (step.answer, step.hints, step.seconds, step.light) == (
        "build",
        ("One tensor.",),
        SECONDS,
        False,
    )
    assert manifest.messages == {"too-narrow": Message("Found: {width}.")}


@pytest.mark.parametrize(("old", "new", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_with_a_manifest_is_told_with_its_line(
    tmp_path, old, new, said
):
    assert WHOLE.count(old) == 1
    with pytest.raises(ValueError) as caught:
        read(tmp_path, WHOLE.replace(old, new))
    assert said in str(caught.value) and str(caught.value).startswith(
        ("some/manifest.yml:", "manifest.yml:")
    )


def test_a_step_has_a_name_of_its_own(tmp_path):
    step = WHOLE[WHOLE.index("  - name") : WHOLE.index("messages:")]
    with pytest.raises(
        ValueError,
        match="some/manifest.yml:15: expected a name of its own for each step, found heads twice",
    ):
        read(tmp_path, WHOLE.replace(step, step + step))


def test_no_check_imports_the_engine_that_calls_it():
    """The engine loads checks by name, so Python would not see this circle."""
    above = {
        "mtl_lessons.exercises.engine",
        "mtl_lessons.exercises.child",
        "mtl_lessons.__main__",
    }
    files = [
        file
        for file in FOLDER.rglob("*.py")
        if file.stem not in ("engine", "child", "__init__")
        or file.parent != FOLDER
    ]
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        imported = {
            node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        }
        assert not imported & above, file
