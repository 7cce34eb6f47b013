"""The question bank: its schema, its rules, its numbers, and what `show` makes of it."""

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from bank import BANK, BIB, HEAD, Outline, bank_of, edited, line_of

from mtl_lessons import embed, quiz
from mtl_lessons.quiz import KINDS, stored
from mtl_lessons.quiz.cues import cues, ranks
from mtl_lessons.quiz.rules import chain, giveaways
from mtl_lessons.quiz.schema import states

# ---- schema ----


def test_sample_is_valid_and_keeps_all_rules(tmp_path):
    bank = bank_of(tmp_path)
    assert quiz.validate(bank) == []
    assert quiz.rules(bank) == []


@pytest.mark.parametrize(
    ("old", "new", "at", "name", "reason"),
    [
        (
            "  level: junior\n",
            "",
            "- id: sample-gain",
            "sample-gain",
            "expected the key level, found none",
        ),
        (
            "level: junior",
            "level: expert",
            "level: expert",
            "sample-gain",
            "level: expected one of junior, senior, staff, found str 'expert'",
        ),
        (
            "type: one",
            "type: guess",
            "- id: sample-gain",
            "sample-gain",
            f"expected a type of {', '.join(KINDS)}, found guess",
        ),
        (
            "type: one",
            "type: [one]",
            "- id: sample-gain",
            "sample-gain",
            "found ['one']",
        ),
        (
            '  mistake: "Comparing',
            '  misstake: x\n  mistake: "Comparing',
            "misstake",
            "sample-gain",
            "found misstake",
        ),
        (
            "  level: junior\n",
            "  level: junior\n  level: staff\n",
            "level: junior",
            "sample-gain",
            "expected the key level once, found it 2 times",
        ),
        (
            '"0.5 is chance, not the single-task model."',
            '" "',
            'feedback: " "',
            "sample-gain",
            "options: feedback: expected str",
        ),
        (
            ', feedback: "That is hardware."',
            "",
            '"A GPU"',
            "sample-labels",
            "options: expected the key feedback, found none",
        ),
        (
            "correct: false",
            "correct: maybe",
            "correct: maybe",
            "sample-gain",
            "options: correct: expected bool, found str 'maybe'",
        ),
        (
            "id: sample-gain",
            "id: Sample_Gain",
            "- id: Sample_Gain",
            "Sample_Gain",
            "id: expected text like",
        ),
        (
            "source: [caruana1997]",
            "source: []",
            "source: []",
            "sample-labels",
            "source: expected a list with at least one entry",
        ),
        (
            "value: 0.0036",
            "value: 36e-4",
            "value: 36e-4",
            "sample-number",
            "answer: value: expected float, found str '36e-4'",
        ),
        (
            "lines: {4: ",
            "lines: {four: ",
            "{four",
            "sample-bug",
            "lines: expected int, found str 'four'",
        ),
        (
            'options:\n  - {text: "A label',
            'options: none\n  other:\n  - {text: "A label',
            "options: none",
            "sample-labels",
            "options: expected a list",
        ),
        (
            'feedback: {right: "Each',
            'feedback: right\n  more: {right: "Each',
            "feedback: right",
            "sample-order",
            "feedback: expected keys and values",
        ),
        (
            'stem: "Two heads?"',
            "stem: [Two heads]",
            "stem: [Two",
            "sample-bug",
            "stem: expected one value",
        ),
        # an answer that does not fit its question
        (
            "correct: false",
            "correct: true",
            "- id: sample-gain",
            "sample-gain",
            "one of them correct, found 2 of 3",
        ),
        (
            "tolerance: 0.00005",
            "tolerance: 0",
            "- id: sample-number",
            "sample-number",
            "expected a tolerance above 0, found 0",
        ),
        (
            "{value: -0.0036,",
            "{value: 0.00361,",
            "- id: sample-number",
            "sample-number",
            "found 0.00361",
        ),
        (
            '"click", "conversion", "a',
            '"click", "click", "a',
            "- id: sample-order",
            "sample-order",
            "three items or more, all different",
        ),
        (
            '"impression", "click", "conversion", "a repeat',
            '"a", "b", "c", "d repeat',
            "- id: sample-order",
            "sample-order",
            "an order that is not by alphabet",
        ),
        (
            "answer: {lines: [4]}",
            "answer: {lines: [9]}",
            "- id: sample-bug",
            "sample-bug",
            "expected lines of the code (1 to 6), found [9]",
        ),
        (
            "answer: {lines: [4]}",
            "answer: {lines: [4, 5]}",
            "- id: sample-bug",
            "sample-bug",
            "found none for [5]",
        ),
        (
            "{points: 2, ",
            "{points: 0, ",
            "- id: sample-open",
            "sample-open",
            "expected 1 point or more",
        ),
        # a number that does not fit its question
        (
            "level: junior",
            "numbers: [{value: 0.5, tolerance: 0.1}]\n  level: junior",
            "numbers:",
            "sample-gain",
            "numbers: expected the key expression",
        ),
        (
            "level: junior",
            "numbers: [{expression: '1/2', value: 0.5, tolerance: 0}]\n  level: junior",
            "- id: sample-gain",
            "sample-gain",
            "tolerance above 0, found 0",
        ),
        (
            "level: junior",
            "numbers: [{expression: '3/4', value: 0.75, tolerance: 0.1}]\n  level: junior",
            "- id: sample-gain",
            "sample-gain",
            "only numbers that the question states, found 0.75",
        ),
        (
            r"\sum_{t}",
            r"\summ_{t}",
            "stem: |\n    Why is",
            "sample-open",
            r"no MathML for \summ",
        ),
        # marks that a book does not print
        *(
            (
                "stem: |\n    Why is",
                f"stem: |\n    {typed} Why is",
                f"stem: |\n    {typed}",
                "sample-open",
                reason,
            )
            for typed, reason in (
                ("All - or none.", "a dash (–), found All - or"),
                ("Of 12500.", "(12,500), found 12500"),
                ("Of 12 500.", "(12,500), found 12 500"),
            )
        ),
        # what belongs to a topic, in a chapter
        (
            "  anchor: not-on-this-page\n",
            "",
            "- id: sample-order",
            "sample-order",
            "expected the key anchor",
        ),
        (
            "anchor: not-on",
            "anchor: concept#not-on",
            "anchor: concept#",
            "sample-order",
            "anchor: expected text like",
        ),
        (
            "next: sample-bug",
            "next: Sample bug",
            "next: Sample",
            "sample-number",
            "next: expected text like",
        ),
        (
            "repair: {4:",
            "repair: {2:",
            "- id: sample-bug",
            "sample-bug",
            "a repair of every line that is right, and of no other, found them of [2]",
        ),
    ],
)
def test_schema_names_line_and_question(tmp_path, old, new, at, name, reason):
    text = edited(old, new)
    problems = quiz.validate(bank_of(tmp_path, text))
    assert any(
        problem.line == line_of(text, at)
        and problem.id == name
        and reason in problem.reason
        for problem in problems
    ), problems
    assert str(problems[0]).startswith("sample.yml:")
    with pytest.raises(ValueError, match="sample.yml"):
        quiz.show("sample", folder=tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- b\n",
        "chapter: other\nquestions: [1]\n",
        "chapter: sample\nquestions: []\n",
        "chapter: sample\nquestions:\n- just text\n",
        "5",
    ],
)
def test_whatever_is_not_a_bank_is_a_problem_not_a_crash(tmp_path, text):
    assert quiz.validate(bank_of(tmp_path, text))


def test_load_says_which_chapters_there_are_and_where_yaml_breaks(tmp_path):
    bank_of(tmp_path)
    with pytest.raises(FileNotFoundError, match="sample.*found 'nothing'"):
        quiz.load("nothing", tmp_path)
    with pytest.raises(
        ValueError, match="sample.yml:4: expected YAML: .*expected .,. or"
    ):
        bank_of(tmp_path, "chapter: sample\nquestions:\n- id: [1\n")


# ---- rules ----


@pytest.mark.parametrize(
    ("old", "new", "name", "reason"),
    [
        (
            "id: sample-labels",
            "id: sample-gain",
            "sample-gain",
            "found it twice",
        ),
        (
            "id: sample-labels",
            "id: other-labels",
            "other-labels",
            "begins with sample-",
        ),
        (
            "source: [caruana1997]",
            "source: [nobody1900]",
            "sample-labels",
            "found nobody1900",
        ),
        (
            "Which of these belong to a task?",
            "AUC rises from 0.6787 to 0.6823. What, then, is the gain?",
            "sample-number",
            "much like sample-labels",
        ),
    ],
)
def test_rules_on_a_question(tmp_path, old, new, name, reason):
    text = edited(old, new)
    (problem,) = quiz.rules(bank_of(tmp_path, text))
    assert problem.id == name and reason in problem.reason
    # of two, the second
    assert problem.line == max(
        i
        for i, line in enumerate(text.splitlines(), 1)
        if line == f"- id: {name}"
    )


def test_rules_look_across_banks(tmp_path):
    first = bank_of(tmp_path)
    second = bank_of(tmp_path, BANK.replace("sample", "second"), "second")
    assert len(quiz.rules(second, [first])) == len(first.questions)


def choice(right: int, lengths: list[int]) -> dict:
    return {
        "type": "one",
        "options": [
            {"text": "x" * length, "correct": i == right}
            for i, length in enumerate(lengths)
        ],
    }


def test_rule_against_the_longest_option():
    fair = [choice(i % 4, [9, 9, 9, 9]) for i in range(8)] + [
        choice(i, [12 if i == j else 9 for j in range(4)]) for i in range(4)
    ]
    assert list(giveaways(fair)) == []
    (problem,) = giveaways(
        fair
        + [choice(i, [12 if i == j else 9 for j in range(4)]) for i in range(4)]
    )
    assert "the longest in a third of 16 questions at most, found 8" in problem


def several(lengths: list[int], right: set[int]) -> dict:
    options = choice(0, lengths)["options"]
    for i, option in enumerate(options):
        option["correct"] = i in right
    return {"type": "several", "options": options}


def bank_with(questions: list[dict]) -> quiz.Bank:
    return quiz.Bank(Path("sample.yml"), None, {"questions": questions})


FAIR = [choice(i % 4, [10, 20, 30, 40]) for i in range(24)] + [
    several([10, 40, 20, 30], {0, 1})
]


def test_cues_of_a_fair_bank():
    assert list(cues([bank_with(FAIR)])) == []


@pytest.mark.parametrize("rank", range(4))
def test_no_rank_of_lengths_tells_the_right_option(rank):
    """The longest, the shortest, and what hides between."""
    unfair = FAIR + [choice(rank, [10, 20, 30, 40])] * 8
    place = ("shortest", "second", "third", "longest")[rank]
    reasons = list(cues([bank_with(unfair)]))
    assert any(f"to be the {place} in" in reason for reason in reasons)


def test_cues_are_sought_in_both_directions():
    short = FAIR + [several([10, 20, 30, 40], {0, 1})] * 9
    long = FAIR + [several([10, 20, 30, 40], {2, 3})] * 9
    for unfair, share in ((short, "0.05"), (long, "0.95")):
        (reason,) = cues([bank_with(unfair)])
        assert reason.startswith("type several: expected right options")
        assert reason.endswith(f"found {share}")


@pytest.mark.parametrize("mark", [True, False])
def test_absolute_words_mark_neither_side(mark):
    questions = [choice(i % 4, [10] * 4) for i in range(24)]
    for question in questions:
        for option in question["options"]:
            if option["correct"] is mark:
                option["text"] = "only xxxxx"
    (reason,) = cues([bank_with(questions)])
    assert "absolute words" in reason


def test_options_of_one_length_share_their_ranks():
    found = ranks([choice(0, [10, 10, 10, 20]), choice(3, [10, 10, 10, 20])])
    assert [count for count, *_ in found.values()] == [1 / 3, 1 / 3, 1 / 3, 1]


def test_rule_on_positions():
    assert list(giveaways([choice(i % 4, [9] * 4) for i in range(10)])) == []
    problems = list(giveaways([choice(2, [9] * 4) for _ in range(10)]))
    assert any(
        "position 3 to be right in about 2.5 of 10 questions, found 10"
        in problem
        for problem in problems
    )


def test_rule_on_what_can_be_said_in_its_minutes(tmp_path):
    for words, fine in [(109, False), (110, True), (160, True), (161, False)]:
        text = (
            BANK[: BANK.index("  model_answer: |")]
            + f"  model_answer: {'word ' * words}\n  minutes: 1\n"
            + BANK[BANK.rindex("  mistake:") :]
        )
        problems = quiz.rules(bank_of(tmp_path, text))
        assert (problems == []) == fine
        assert (
            fine
            or "110 to 160 words, for 1 minutes, found" in problems[0].reason
        )


# ---- chains ----


def test_chains_name_the_question_whose_next_is_not_there_and_those_that_go_round(
    tmp_path,
):
    first = bank_of(tmp_path, edited("next: sample-bug", "next: other-bug"))
    second = bank_of(tmp_path, BANK.replace("sample", "other"), "other")
    assert quiz.chains([first, second]) == []
    (lost,) = quiz.chains([first])
    assert (lost.id, lost.line) == (
        "sample-number",
        line_of(BANK, "- id: sample-number"),
    ) and "found other-bug" in lost.reason
    round_trip = edited("next: sample-bug", "next: sample-order").replace(
        '  follow_up: "Where is',
        '  next: sample-number\n  follow_up: "Where is',
    )
    problems = quiz.chains([bank_of(tmp_path, round_trip)])
    assert [problem.id for problem in problems] == [
        "sample-number",
        "sample-order",
    ]
    assert (
        "found sample-number → sample-order → sample-number"
        in problems[0].reason
    )


def test_chain_stops_where_it_began_or_where_nothing_follows():
    assert list(chain("a", {})) == ["a"]
    assert list(chain("a", {"a": "b", "b": "c"})) == ["a", "b", "c"]
    assert list(chain("a", {"a": "a"})) == ["a", "a"]
    assert list(chain("a", {"a": "b", "b": "c", "c": "b"})) == [
        "a",
        "b",
        "c",
        "b",
    ]


def test_a_question_keeps_its_edition_when_another_one_follows_it(tmp_path):
    one = bank_of(tmp_path).questions[2]
    assert quiz.edition(one) == quiz.edition(
        {name: part for name, part in one.items() if name != "next"}
    )
    assert quiz.edition(one) != quiz.edition(one | {"stem": "?"})


# ---- topics ----

TOPIC = (
    BANK.replace(HEAD, "topic: sample\ntitle: A sample\n")
    .replace("  anchor: not-on-this-page\n", "")
    .replace("anchor: a-definition", "anchor: concept#a-definition")
    .replace("cell:a-definition", "cell:concept#a-definition")
)


def test_a_topic_leads_to_sections_of_chapters_and_to_publishers(tmp_path):
    bank = bank_of(tmp_path, TOPIC)
    assert (
        bank.is_topic and quiz.validate(bank) == [] and quiz.rules(bank) == []
    )
    (tmp_path / "references.bib").write_text(
        BIB.replace("year = {1997},", "year = {1997},\n  doi = {10.1/x},"),
        encoding="utf-8",
    )
    links = [
        attributes["href"]
        for tag, attributes in Outline(
            quiz.show("sample", folder=tmp_path).html
        ).tags
        if tag == "a"
    ]
    assert set(links) == {
        "concept.html#concept-a-definition",
        "https://doi.org/10.1/x",
    }


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("title: A sample\n", "", "expected the key title, found none"),
        ("topic: sample", "topic: other", "topic: expected text like sample"),
        (
            "anchor: concept#a-definition",
            "anchor: a-definition",
            "anchor: expected text like",
        ),
        (
            "cell:concept#a-definition",
            "cell:a-definition",
            "source: expected text like",
        ),
    ],
)
def test_a_topic_says_which_chapter_it_means(tmp_path, old, new, reason):
    assert any(
        reason in problem.reason
        for problem in quiz.validate(
            bank_of(tmp_path, TOPIC.replace(old, new, 1))
        )
    )


# ---- what there is ----


def test_without_keys_asks_everything_and_answers_nothing(tmp_path):
    bank = bank_of(tmp_path)
    text = quiz.without_keys(bank)
    for question in bank.questions:
        shown = [
            question["stem"].strip(),
            *(option["text"] for option in question.get("options", [])),
            *question.get("items", []),
        ]
        assert all(
            part in text
            for part in shown + question.get("code", "").splitlines()
        )
        hidden = [
            question["mistake"],
            question["follow_up"],
            question.get("model_answer", "NaN plus"),
            *question.get("red_flags", []),
        ]
        hidden += [option["feedback"] for option in question.get("options", [])]
        assert not any(part in text for part in hidden)
    assert (
        "Question 3 of 6" in text
        and "Your answer (AUC" in text
        and "0.0036" not in text
    )


@pytest.mark.parametrize(
    ("text", "value", "stated"),
    [
        ("it falls by −0.96", -0.96, True),
        ("0.960 nats", 0.96, True),
        ("$=0.96$.", 0.96, True),
        ("0.961", 0.96, False),
        ("10.96", 0.96, False),
        ("12 %", 12, True),
        ("112", 12, False),
        ("nothing", 12, False),
        ("49,184 weights", 49184, True),
        ("1,012", 12, False),
    ],
)
def test_a_number_counts_as_stated_in_its_own_digits_only(text, value, stated):
    question = {
        "stem": "What?",
        "options": [{"text": "a", "feedback": text}],
        "answer": {"value": value},
        "numbers": [value],
    }
    assert states(question, value) is stated


# ---- what is shown ----


def test_show_is_deterministic_and_carries_the_engine(tmp_path):
    bank_of(tmp_path)
    shown = quiz.show("sample", folder=tmp_path)
    bundle = shown._repr_mimebundle_()
    arguments = f"'sample', folder={str(tmp_path)!r}"
    code = f"from mtl_lessons import quiz; print(quiz.show({arguments}).html, end='')"
    for seed in ("7", "8"):  # the order of a set differs
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[1],
        )
        assert (
            sha256(done.stdout).hexdigest()
            == sha256(shown.html.encode()).hexdigest()
        )
    assert (
        embed.strip(bundle["text/html"]) == shown.html
        and bundle["text/plain"] == shown.text
    )
    assert bundle["text/html"].count("data-mtl-engine") == 2
    assert (
        "Negative transfer on this task" in bundle["text/plain"]
        and "line 4:" in bundle["text/plain"]
    )


def test_a_notebook_stores_which_quiz_it_is_and_no_question():
    ids = ["concept-what-is-a-task", "concept-multi-what"]
    for asked in (
        ("concept", None, False, False),
        ("concept", ids, False, False),
        ("concept", None, True, False),
        ("concept", ids[:1], False, True),
    ):
        data = stored.kept(quiz.show(*asked)._repr_mimebundle_())
        assert stored.asked(data["text/html"]) == asked and data.keys() == {
            "text/html",
            "text/plain",
        }
        assert all(
            "book/questions/concept.yml" in text and len(text) < 400
            for text in data.values()
        )
        assert stored.kept(data) == data


def test_what_is_no_quiz_of_the_book_is_stored_as_it_is(tmp_path):
    bank_of(tmp_path)
    for data in (
        {"text/plain": "1"},
        quiz.show("sample", folder=tmp_path)._repr_mimebundle_(),
    ):
        assert stored.kept(data) == data


def test_show_is_well_formed_and_labelled(tmp_path):
    bank_of(tmp_path)
    shown = quiz.show("sample", every=True, folder=tmp_path)
    outline = Outline(shown.html)
    names = [tag for tag, _ in outline.tags]
    # and one for the rubric
    assert (
        names.count("form") == names.count("details") == 6
        and names.count("legend") == 7
    )
    assert names.count("label") == sum(
        name in ("input", "textarea") for name in names
    )
    assert not any(
        key.startswith("on") or key == "style"
        for _, attributes in outline.tags
        for key in attributes
    )
    assert "Caruana 1997" in "".join(outline.text)


NAMED = "five: [sample-gain, sample-bug, sample-labels, sample-open, sample-order]\n"


def test_a_chapter_asks_five_and_says_where_the_others_are(tmp_path):
    bank_of(tmp_path)
    asked = lambda **how: re.findall(
        'data-id="sample-(.*?)"',
        quiz.show("sample", folder=tmp_path, **how).html,
    )
    assert asked() == ["gain", "labels", "number", "order", "bug"]
    assert asked(every=True) == [*asked(), "open"]
    bank = bank_of(tmp_path, edited("questions:\n", NAMED + "questions:\n"))
    assert quiz.validate(bank) == quiz.rules(bank) == []
    assert asked() == ["gain", "bug", "labels", "open", "order"]
    assert quiz.minutes(bank.five) == 8
    here = quiz.show("sample", folder=tmp_path).html
    assert "1 more: run <code>quiz.show(&quot;sample&quot;" not in here
    assert 'quiz.show("sample", every=True)' in here
    there = quiz.show("sample", folder=tmp_path, page="sample").html
    assert 'href="practice.html?topic=sample">1 more in Practice' in there
    assert (
        "mtl-rest" not in quiz.show("sample", every=True, folder=tmp_path).html
    )


@pytest.mark.parametrize(
    ("five", "reason"),
    [
        ("gain gain bug open order", "expected 5 different ids"),
        ("gain bug open order", "expected 5 different ids"),
        ("gain bug open order none", "expected ids of this bank, found"),
        ("bug gain open order labels", "expected the first to be junior"),
    ],
)
def test_five_questions_that_do_not_fit_are_told_with_their_line(
    tmp_path, five, reason
):
    ids = ", ".join(f"sample-{name}" for name in five.split())
    bank = bank_of(
        tmp_path, edited("questions:\n", f"five: [{ids}]\nquestions:\n")
    )
    told = quiz.validate(bank) or quiz.rules(bank)
    assert [problem.line for problem in told] == [4]
    assert reason in told[0].reason


def test_five_of_one_kind_or_level_are_told(tmp_path):
    text = edited("questions:\n", NAMED + "questions:\n")
    text = text.replace("level: senior", "level: junior").replace(
        "level: staff", "level: junior"
    )
    (told,) = quiz.rules(bank_of(tmp_path, text))
    assert "two levels at least" in told.reason


def test_show_takes_some_questions_in_the_order_given(tmp_path):
    bank_of(tmp_path)
    html = quiz.show(
        "sample", ["sample-bug", "sample-gain"], folder=tmp_path
    ).html
    assert re.findall('data-id="(.*?)"', html) == ["sample-bug", "sample-gain"]
    with pytest.raises(ValueError, match="found sample-none"):
        quiz.show("sample", ["sample-none"], folder=tmp_path)


def test_items_are_never_shown_in_the_right_order():
    for i in range(200):
        question = {"id": f"sample-{i}", "items": ["a", "b", "c"]}
        assert re.findall(
            r'data-value="(\d)"', KINDS["order"].controls(question)
        ) != [
            "0",
            "1",
            "2",
        ]


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "</script><img src=x onerror=alert(1)>",
        '"><b>',
        "<!--",
        "&lt;",
        "{total}",
    ],
)
def test_hostile_text_stays_text(tmp_path, hostile):
    text = BANK
    for old in (
        "A GPU",
        "That is hardware.",
        "Which of these belong",
        'unit: "AUC',
        "drops the rows",
        "a < b && c",
        'click", "conv',
        "Naming a product",
    ):
        assert old in text
        text = text.replace(
            old,
            old + hostile.replace("\\", "\\\\").replace('"', '\\"')
            if old != "a < b && c"
            else old + hostile.replace('"', "'"),
            1,
        )
    bank_of(tmp_path, text)
    outline = Outline(quiz.show("sample", folder=tmp_path).html)
    names = [tag for tag, _ in outline.tags]
    assert names.count("script") == 1 and not {"img", "b"} & set(names)
    assert hostile in "".join(outline.text)


def test_references_read_authors_in_both_orders(tmp_path):
    bank_of(tmp_path)
    assert quiz.references(tmp_path) == {
        "caruana1997": "Caruana 1997",
        "tang2020": "Tang et al. 2020",
    }
    assert quiz.references(tmp_path / "nowhere" / "else") == {}


# ---- the engine as a passenger ----


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<p>x</p>",
        "x\n",
        "\n\n",
        "<style>p{}</style>\n<script>1</script>",
        "<p> data-mtl-engine></p>",
    ],
)
def test_strip_undoes_carry(html):
    carried = embed.carry(html, "quiz")
    assert embed.strip(carried) == html
    assert embed.carry(carried, "quiz") == carried


def test_engine_can_be_inlined_and_calls_nobody():
    script, style = embed.bundle("quiz"), embed.sheets("quiz")
    assert "</script" not in script.lower() and "</style" not in style.lower()
    assert not re.search(
        r"https?:|\bfetch\b|\beval\b|innerHTML|XMLHttp|^import\s|^export\s",
        script,
        re.MULTILINE,
    )
    assert not re.search(r"url\(|@import", style)


def test_modules_come_after_what_they_import_and_a_bundle_names_nothing_twice():
    assert embed.modules("quiz") == (
        "parts",
        "answers",
        "kinds",
        "days",
        "store",
        "question",
        "reach",
        "quiz",
    )
    names = re.findall(
        r"^(?:async )?(?:const|function|class) (\w+)",
        embed.bundle("quiz"),
        re.MULTILINE,
    )
    assert len(names) == len(set(names)) > 20


def test_every_string_is_used_and_every_used_string_is_there():
    modules = sorted(Path(quiz.__file__).parent.rglob("*.py"))
    code = embed.bundle("quiz") + "".join(
        path.read_text(encoding="utf-8") for path in modules
    )
    there = quiz.SAY | embed.strings("terminal")
    dynamic = {"level-", "type-", "hint-", "prompt-", "storage-", "sure-"}
    for name in there:
        assert name in code or any(
            name.startswith(prefix) for prefix in dynamic
        ), name
    for name in re.findall(
        r'(?:say|strings)\["([\w-]+)"\]|SAY\["([\w-]+)"\]|say\.(\w+)', code
    ):
        assert "".join(name) in there


def test_importing_the_quiz_leaves_tensorflow_out():
    code = (
        "import sys, mtl_lessons.quiz; "
        "assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1]
    )


def test_an_empty_line_of_a_bug_is_shown_and_is_no_choice():
    code = "x = 1\n\nx = 2\n"
    question = {"id": "sample-gap", "type": "bug", "code": code}
    html = quiz.kind_of(question).controls(question)
    assert html.count("<li>") == 3 and html.count("<label>") == 2
    assert 'value="1"' in html and 'value="3"' in html
