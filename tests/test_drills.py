"""The contract of every drill, and what its parts promise."""

import ast
import re
import sys
from dataclasses import replace

import drill_answers
import pytest
from mtl_book import chapters

from mtl_lessons import drills, embed
from mtl_lessons.drills import judge, probes
from mtl_lessons.mistake import Message, Mistake
from mtl_lessons.quiz import sections
from mtl_lessons.quiz.bank import home, references

NAMES = drills.names()
ANSWERS = [answer for name in NAMES for answer in drill_answers.of(name)]


@pytest.mark.parametrize("name", NAMES)
def test_a_starter_is_not_attempted_and_the_model_answer_passes(name):
    drill = drills.load(name)
    exec(drill.starter, {})
    assert drill.judge(drill.starter).outcome == judge.NOT_ATTEMPTED
    verdict = drill.judge(drill.model_answer)
    assert verdict.outcome == judge.PASSED, verdict


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_an_answer_gets_its_message(answer):
    verdict = drills.load(answer.drill).judge(answer.code)
    assert verdict.key == answer.gets, verdict
    assert verdict.outcome == (
        judge.PASSED if answer.gets == "passed" else judge.NOT_YET
    )
    assert "{" not in verdict.text or "{" in str(verdict.facts)


@pytest.mark.parametrize("name", NAMES)
def test_a_drill_has_answers_of_every_sort(name):
    drill = drills.load(name)
    answers = drill_answers.of(name)
    right = [a for a in answers if a.gets == "passed"]
    wrong = [a for a in answers if a.gets != "passed"]
    assert len(right) >= 3, f"tests/drills/{name}.yml: expected 3 right answers"
    assert len(wrong) >= 6, f"tests/drills/{name}.yml: expected 6 wrong answers"
    earned = {answer.gets for answer in wrong}
    assert drill.messages.keys() <= earned, (
        f"tests/drills/{name}.yml: expected a wrong answer for each message, "
        f"found none for {sorted(drill.messages.keys() - earned)}"
    )
    assert len(drill.hints) >= 2
    assert len({a.code for a in answers}) == len(answers)


def lost(drill: drills.Drill) -> list[str]:
    """Sections and sources that a drill names and that are not there."""
    places = [("read", drill.read)]
    places += [
        (f"{key}: read", told.read)
        for key, told in drill.messages.items()
        if told.read
    ]
    known, reasons = references(home(None)), []
    for source in drill.source:
        if source.startswith("cell:"):
            places.append(("source", source.removeprefix("cell:")))
        elif source not in known:
            reasons.append(
                f"source: expected an entry of references.bib, found {source}"
            )
    for key, place in places:
        chapter, _, name = place.partition("#")
        there = sections.titles(chapter, home(None))
        if name not in there:
            reasons.append(
                f"{key}: expected a section of {chapter}.ipynb "
                f"({', '.join(there) or 'none'}), found {place}"
            )
    return [f"{drill.name}.yml: {reason}" for reason in reasons]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_drill_leads_to_is_there(name):
    drill = drills.load(name)
    assert not lost(drill), "\n".join(lost(drill))
    assert drill.topic in chapters.names(), (
        f"{name}.yml: expected topic: a chapter, found {drill.topic}"
    )


def test_what_a_drill_leads_to_and_is_not_there_is_named():
    drill = replace(
        drills.load("auc"),
        read="evaluation#evaluation-by-slice",
        source=("nobody1900", "cell:nowhere#by-slice"),
        messages={"ties": Message("", "evaluation#heads")},
    )
    there = ", ".join(sections.titles("evaluation", home(None)))
    expected = f"expected a section of evaluation.ipynb ({there})"
    assert lost(drill) == [
        "auc.yml: source: expected an entry of references.bib, found nobody1900",
        f"auc.yml: read: {expected}, found evaluation#evaluation-by-slice",
        f"auc.yml: ties: read: {expected}, found evaluation#heads",
        "auc.yml: source: expected a section of nowhere.ipynb (none), "
        "found nowhere#by-slice",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_drill_needs_the_standard_library_alone(name):
    tree = ast.parse(drills.load(name).path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
            )
            for module in modules:
                root = module.split(".")[0]
                assert root in sys.stdlib_module_names or module in (
                    "mtl_lessons.drills.probes",
                    "mtl_lessons.mistake",
                ), f"{name}.py: expected the standard library, found {module}"


@pytest.mark.parametrize("name", NAMES)
def test_returning_what_the_docstring_shows_is_not_enough(name):
    """An answer that knows the example alone does not pass."""
    drill = drills.load(name)
    shown = re.findall(r">>> .*\n\s+(.+)\n", drill.starter)
    assert shown, f"{name}.py: expected an example in the docstring"
    if drill.starter.lstrip().startswith("class"):
        return
    for value in shown:
        source = f"def {drill.answer}(*given):\n    return {value}\n"
        assert drill.judge(source).outcome != judge.PASSED


# ---- the parts


@pytest.mark.parametrize(
    ("source", "outcome", "line"),
    [
        ("def auc(:", judge.RAISED, 1),
        (
            "def auc(labels, scores):\n    x = 1\n    return 1 / 0",
            judge.RAISED,
            3,
        ),
        ("def auc(labels, scores):\n    raise SystemExit", judge.RAISED, 2),
        ("other = 1", judge.NOT_YET, 0),
        ("auc = 5", judge.NOT_YET, 0),
        ("def auc(labels, scores):\n    x = 1", judge.NOT_YET, 0),
        (
            "def auc(labels, scores):\n    'words'\n    ...",
            judge.NOT_ATTEMPTED,
            0,
        ),
    ],
)
def test_whatever_is_handed_in_gets_a_verdict(source, outcome, line):
    verdict = drills.load("auc").judge(source)
    assert (verdict.outcome, verdict.line) == (outcome, line)


def test_a_mistake_without_a_message_is_named():
    drill = drills.load("auc")
    code = "def auc(labels, scores):\n    return 0.0"
    expected = "tasks.auc: expected a message upside-down in its .yml"
    with pytest.raises(LookupError, match=expected):
        judge.judge(drill.module, "auc", code, {})


def test_what_is_printed_is_kept_and_cut():
    source = "def auc(labels, scores):\n    print('x' * 10_000)\n    return 1.0"
    printed = drills.load("auc").judge(source).printed
    assert printed == "x" * judge.PRINTED + " …"


def test_what_was_given_may_not_be_changed():
    def sorts_it(values):
        values.sort()
        return values

    with pytest.raises(Mistake, match="changed-input"):
        probes.expect("wrong", sorts_it, [2, 1], gives=[1, 2])


def test_a_call_that_breaks_has_a_message():
    def share(part, whole):
        return part / whole

    probes.survives("empty", share, 1, 2, gives=0.5)
    with pytest.raises(Mistake) as caught:
        probes.survives("empty", share, 1, 0, gives=0.0)
    assert caught.value.key == "empty"
    assert caught.value.facts == {
        "call": "share(1, 0)",
        "found": "ZeroDivisionError: division by zero",
        "expected": "0",
    }
    with pytest.raises(Mistake, match="late"):
        probes.survives("early", share, 1, 2, gives=1.0, instead={"late": 0.5})


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        (1, 1.0, True),
        (True, 1.0, False),
        ("1", 1.0, False),
        (None, 0.0, False),
        (None, None, True),
        (float("nan"), float("nan"), True),
        ((1, [2.0]), [1, (2,)], True),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"b": 1}, False),
        (1e9 + 1, 1e9, True),
        (1.001, 1.0, False),
    ],
)
def test_values_are_compared_as_a_reader_would(found, expected, same):
    assert probes.alike(found, expected) is same


def test_steps_are_counted_within_sorting_and_summing():
    values = [float(n * 7 % 31) for n in range(31)]
    assert probes.steps(sorted, values) >= 30
    assert probes.steps(sum, values) == 31
    assert probes.steps(len, values) == 0


def test_every_text_of_the_judge_is_there():
    keys = {"passed", "not-attempted", "no-answer", "raised"}
    keys |= {"returns-nothing", "changed-input", "too-slow", "died"}
    assert set(embed.strings("drill-messages")) == keys
