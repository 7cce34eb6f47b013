# ruff: noqa: F811  # fixtures of the trainer's tests are arguments here
"""What the page Today derives from the log, and how reading comes into it.

The core by values worked out by hand; the page, the marks of the chapters and the reading of a
chapter in a real browser, by mouse, by keyboard and by touch.
"""

import json
import re
from pathlib import Path

import pytest
from access import PATIENCE, violations_by_theme
from browser import new_reader, with_modules
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mtl_book import chapters, outline
from serve import serving
from test_quiz_browser import HEAD, KEY, OLDER, tab_to
from test_trainer_browser import (  # noqa: F401  # fixtures
    CLOCK,
    DAY,
    NOW,
    SAY,
    answer,
    button,
    export,
    folder,
    keep,
    open_page,
    rows,
    shared,
    status,
    take,
    url,
    visit,
)
from test_trainer_state import reference

from mtl_lessons import embed, quiz

ROOT = Path(__file__).resolve().parents[1]
DONE = embed.strings("done")
MODULES = """<!doctype html><title>Core</title><link rel="icon" href="data:,">
<script type="module">
import * as days from "./days.js"; import * as facts from "./facts.js";
import * as fsrs from "./fsrs.js"; import * as plan from "./plan.js";
import * as store from "./store.js"; import * as backup from "./backup.js";
Object.assign(window, {days, facts, fsrs, plan, backup, ...store}); window.ready = true;
</script>"""
# Of the clocks of the world, one whose days of March 28 and October 31, 2027, are no 24 hours long.
BERLIN = "Europe/Berlin"

# ---------------------------------------------------------------- the core


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("core")
    with serving(with_modules(folder, "core.html", MODULES)) as url:
        yield url


@pytest.fixture
def tab(browser, modules):
    """Opens tabs of one reader in Berlin, with the modules at hand and a clock that stands."""
    context = browser.new_context(timezone_id=BERLIN)
    context.set_default_timeout(PATIENCE)

    def open_one(state=None, init=""):
        page = context.new_page()
        page.add_init_script(CLOCK + init)
        page.goto(f"{modules}/core.html")
        if state is not None:
            page.evaluate(
                "([key, text]) => localStorage.setItem(key, text)",
                [KEY, json.dumps(state)],
            )
        page.wait_for_function("window.ready")
        return page

    yield open_one
    context.close()


@pytest.fixture(scope="module")
def core(browser, modules):
    """Computes an expression in JavaScript, given a value `it`."""
    context = browser.new_context(timezone_id=BERLIN)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{modules}/core.html")
    page.wait_for_function("window.ready")
    yield lambda expression, it=None: page.evaluate(f"it => {expression}", it)
    context.close()


def at(core, text):
    """Milliseconds of a local time, "2027-03-28 12:00"."""
    return core("new Date(it).getTime()", text.replace(" ", "T"))


def test_a_day_is_what_the_readers_clock_calls_one(core):
    before, after = at(core, "2027-03-27 23:59"), at(core, "2027-03-29 00:01")
    assert core("days.daysBetween(...it)", [before, after]) == 2
    assert core("days.daysBetween(...it)", [after, before]) == -2
    # 23 hours
    noon = at(core, "2027-03-28 12:00")
    assert core("days.endOfDay(it) - days.startOfDay(it)", noon) == (
        23 * 3_600_000 - 1
    )
    assert core("days.dayAfter(it, 1)", noon) == at(core, "2027-03-29 00:00")
    assert core("days.dayAfter(it, -1)", noon) == at(core, "2027-03-27 00:00")
    assert core("days.dayOf('2027-03-29')") == at(core, "2027-03-29 00:00")
    assert core("days.dayOf('29.3.2027')") is None
    assert core("days.isoDay(it)", after) == "2027-03-29"


def test_the_log_is_one_list_of_facts_by_time(core):
    log = {
        "questions": {
            "a": {"reviews": [{"time": 30, "score": 1}, {"time": "no"}]},
            "b": {"reviews": [{"time": 10, "score": 0.5, "sure": 75}]},
            "c": "broken",
        },
        "reading": {"concept-gain": [20, 50]},
        "interviews": [{"time": 40, "score": 0.7, "total": 5, "levels": {}}],
    }
    assert core("facts.factsOf(it)", log) == [
        {"kind": "question", "id": "b", "time": 10, "score": 0.5},
        {"kind": "section", "id": "concept-gain", "time": 20},
        {"kind": "question", "id": "a", "time": 30, "score": 1},
        {
            "kind": "interview",
            "id": "40",
            "time": 40,
            "score": 0.7,
            "total": 5,
        },
        {"kind": "section", "id": "concept-gain", "time": 50},
    ]


def test_the_calendar_has_twelve_weeks_from_monday_to_sunday(core):
    now = at(core, "2027-03-31 09:00")  # a Wednesday
    times = {
        "2027-01-10 23:59": "question",  # the Sunday before
        "2027-01-11 00:00": "question",
        "2027-03-28 00:30": "section",  # before the hour that is left out
        "2027-03-28 23:30": "question",
        "2027-03-31 08:00": "drill",  # a kind to come
        "2027-03-31 23:00": "question",
        "2027-04-01 00:00": "question",  # tomorrow: a clock was wrong
    }
    log = [
        {"kind": kind, "time": at(core, time)} for time, kind in times.items()
    ]
    weeks = core("facts.calendar(it.log, it.now)", {"log": log, "now": now})
    assert [len(week) for week in weeks] == [7] * 12
    assert weeks[0][0]["day"] == at(core, "2027-01-11 00:00")
    assert weeks[11][6]["day"] == at(core, "2027-04-04 00:00")
    assert [day["ahead"] for day in weeks[11]] == [False] * 3 + [True] * 4
    told = {
        (week, day): found["counts"]
        for week, days in enumerate(weeks)
        for day, found in enumerate(days)
        if found["counts"]
    }
    assert told == {
        (0, 0): {"question": 1},
        (10, 6): {"section": 1, "question": 1},
        (11, 2): {"drill": 1, "question": 1},
    }


@pytest.mark.parametrize(
    ("days", "length"),
    [
        ([], 0),
        (["31"], 1),
        (["30"], 1),  # today is not over
        (["29"], 0),
        (["27", "28", "29", "30", "31"], 5),
        (["26", "28", "29", "30"], 3),
    ],
)
def test_days_in_a_row_count_up_to_today_or_yesterday(core, days, length):
    log = [{"time": at(core, f"2027-03-{day} 12:00")} for day in days]
    now = at(core, "2027-03-31 00:01")
    assert (
        core("facts.streak(it.log, it.now)", {"log": log, "now": now}) == length
    )


BOOK = [
    {
        "name": "one",
        "sections": [
            {"id": "one-a", "minutes": 2},
            {"id": "one-b", "minutes": 3},
        ],
    },
    {
        "name": "two",
        "sections": [
            {"id": "two-a", "minutes": 4},
            {"id": "two-b", "minutes": 5},
            {"id": "two-c", "minutes": 6},
        ],
    },
]


@pytest.mark.parametrize(
    ("read", "section", "minutes"),
    [
        ({}, "one-a", 5),
        ({"one-a": [1]}, "one-b", 3),
        ({"one-a": [1], "one-b": [2]}, "two-a", 15),
        # read last is what counts, not read first
        ({"two-a": [9], "one-a": [1]}, "two-b", 11),
        ({"one-a": [1, 8], "two-b": [4]}, "one-b", 3),
        # after the last of the book: what was left out
        ({"two-c": [5], "one-a": [4]}, "one-b", 3),
        # sections of an older edition
        ({"gone": [7]}, "one-a", 5),
    ],
)
def test_reading_goes_on_after_the_section_that_was_read_last(
    core, read, section, minutes
):
    found = core(
        "facts.nextSection(it.book, it.read)", {"book": BOOK, "read": read}
    )
    assert (found["section"]["id"], found["minutes"]) == (section, minutes)


def test_whoever_has_read_all_is_sent_nowhere(core):
    every = {one["id"]: [1] for chapter in BOOK for one in chapter["sections"]}
    given = {"book": BOOK, "read": every}
    assert core("facts.nextSection(it.book, it.read) === undefined", given)
    counts = core("facts.chaptersOf(it.book, it.read)", given)
    assert [(one["read"], one["total"], one["minutes"]) for one in counts] == [
        (2, 2, 0),
        (3, 3, 0),
    ]


def test_topics_are_ordered_by_their_last_answers_once_there_are_three(core):
    last = {
        "weak": [0, 0, 0.5, None],
        "strong": [1, 1, 0.5],
        "same, and more of them": [1, 1, 1, 1, 0],
        "few": [1, 1, None],
        "new": [None],
    }
    topics, expression = (
        [{"id": name} for name in last],
        """(() => {
          const all = Object.entries(it.last).flatMap(([name, scores]) => scores.map((score) => ({
            question: {topic: it.topics.find(({id}) => id === name)},
            score: score ?? undefined, mastered: score === 1,
          })));
          const {judged, others} = facts.topicsOf(it.topics, all);
          const parts = ["answered", "total", "mastered", "score"];
          return [judged.map((one) => [one.topic.id, ...parts.map((part) => one[part])]),
            others.map(({topic}) => topic.id)];
        })()""",
    )
    judged, others = core(expression, {"last": last, "topics": topics})
    assert judged == [
        ["strong", 3, 3, 2, pytest.approx(2.5 / 3)],
        ["same, and more of them", 5, 5, 4, 0.8],
        ["weak", 3, 4, 0, pytest.approx(0.5 / 3)],
    ]
    assert others == ["few", "new"]


# ---- mastered ----

SCORES = {
    1: {"score": 0},
    2: {"score": 0.6},
    3: {"score": 1},
    4: {"score": 1, "sure": 95},
}


@pytest.mark.parametrize(
    ("history", "mastered"),
    [
        ([], False),
        ([(0, 3)], False),
        ([(0, 4)], False),  # one answer is never enough
        ([(0, 3), (2, 3)], True),
        ([(0, 3), (0, 3)], False),
        ([(0, 1), (1, 3)], False),
        ([(0, 3), (2, 3), (12, 1)], False),  # forgotten
        ([(0, 3), (2, 3), (12, 1), (1, 3), (4, 3)], False),  # 9.7 days
        ([(0, 3), (2, 3), (12, 1), (2, 3), (5, 4)], True),
    ],
)
def test_mastered_takes_two_good_answers_and_ends_with_a_bad_one(
    core, history, mastered
):
    time, log = NOW, []
    for wait, grade in history:
        time += wait * DAY
        log.append({"time": time, **SCORES[grade]})
    assert core("fsrs.isMastered(it)", log) is mastered


def options(core):
    return core("({...fsrs.OPTIONS})")


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    history=st.lists(
        st.tuples(st.integers(0, 40), st.integers(1, 4)), min_size=1, max_size=8
    )
)
def test_mastered_is_what_the_reference_waits_ten_days_for(core, history):
    time, log = NOW, []
    for wait, grade in history:
        time += wait * DAY
        log.append({"time": time, **SCORES[grade]})
    waits = [(wait * DAY, grade) for wait, grade in history]
    stability, *_ = reference(waits, options(core))
    expected = history[-1][1] > 1 and stability >= 10
    assert core("fsrs.isMastered(it)", log) is expected


# ---- the plan ----


def work(*pieces):
    """`(kind, minutes)`s as work to be done."""
    return [
        {"kind": kind, "id": f"{kind}-{place}", "seconds": 60 * minutes}
        for place, (kind, minutes) in enumerate(pieces)
    ]


def questions(total):
    return work(*[("question", 1)] * total)


def went(core, task, days, minutes, now=NOW):
    """The rows of a plan, and what is left: questions, reviews, sections, minutes."""
    found = core(
        "plan.goThrough(it.task, it.days, it.minutes, it.now)",
        {
            "task": {"cards": []} | task,
            "days": days,
            "minutes": minutes,
            "now": now,
        },
    )
    names = ("question", "review", "section")
    rows = [
        [*(row[name] for name in names), row["seconds"] / 60]
        for row in found["days"]
    ]
    return rows, [found["left"][name] for name in names]


def waits(core, *grades):
    """Days that the reference waits after each of these answers, each given when it is due."""
    history, found = [], []
    for grade in grades:
        history.append((found[-1] * DAY if found else 0, grade))
        *_, due, _ = reference(history, options(core))
        found.append(round((due - sum(wait for wait, _ in history)) / DAY))
    return found


def test_new_questions_come_back_when_the_schedule_says(core):
    first, second = waits(core, 3, 3)
    assert (first, second) == (2, 11)  # worked out by the reference
    rows, left = went(core, {"work": questions(3)}, 5, 2)
    assert rows == [
        [2, 0, 0, 2],
        [1, 0, 0, 1],
        [0, 2, 0, 2],
        [0, 1, 0, 1],
        [0, 0, 0, 0],
    ]
    assert left == [0, 0, 0]
    rows, _ = went(core, {"work": questions(1)}, 2 + 11 + 1, 5)
    assert [row[1] for row in rows] == [0, 0, 1, *[0] * 10, 1]


def card(due, seconds=60):
    state = {"stability": 5, "difficulty": 5, "last": NOW - 5 * DAY}
    return {"seconds": seconds, "state": state | {"due": NOW + due * DAY}}


def test_what_is_due_comes_first_and_waits_where_there_is_no_time(core):
    cards = [card(-3), card(0), card(0), card(1), card(9)]
    rows, left = went(core, {"work": questions(2), "cards": cards}, 3, 2)
    # two of three; the third and the one of that day; then new ones
    assert rows == [[0, 2, 0, 2], [0, 2, 0, 2], [2, 0, 0, 2]]
    assert left == [0, 0, 0]
    rows, left = went(core, {"work": questions(2), "cards": cards}, 1, 2)
    assert rows == [[0, 2, 0, 2]] and left == [2, 1, 0]


def test_the_path_is_kept_and_a_long_section_has_a_day_of_its_own(core):
    pieces = work(
        ("section", 2),
        ("section", 3),
        ("question", 1),
        ("section", 9),
        ("question", 1),
    )
    rows, left = went(core, {"work": pieces}, 6, 4)
    assert rows == [
        [0, 0, 1, 2],  # the next one has three minutes
        [1, 0, 1, 4],
        [0, 0, 1, 9],
        [1, 1, 0, 2],  # the question of the second day is back
        [0, 0, 0, 0],
        [0, 1, 0, 1],
    ]
    assert left == [0, 0, 0]


def test_what_was_done_today_leaves_less_of_today(core):
    task = {"work": questions(4), "spent": 60}
    assert went(core, task, 1, 3) == ([[2, 0, 0, 2]], [2, 0, 0])
    assert went(core, task | {"spent": 999}, 1, 3) == (
        [[0, 0, 0, 0]],
        [4, 0, 0],
    )
    # a long section is not begun in the rest of a day
    long = {"work": work(("section", 5)), "spent": 60}
    assert went(core, long, 2, 3)[0] == [[0, 0, 0, 0], [0, 0, 1, 5]]


def planned(core, task, date, minutes, now=NOW):
    return core(
        "plan.planOf(it.task, it, it.now)",
        {
            "task": {"cards": []} | task,
            "date": date,
            "minutes": minutes,
            "now": now,
        },
    )


def test_a_plan_takes_as_little_a_day_as_it_needs_or_says_that_it_does_not_fit(
    core,
):
    # two days: 15 and 16 January; 17 is that of the interview
    fits = planned(core, {"work": questions(10)}, "2027-01-17", 30)
    assert (fits["needed"], fits["fits"]) == (5, True)
    assert [row["question"] for row in fits["days"]] == [5, 5]
    assert fits["total"] == {"question": 10, "review": 0, "section": 0}

    short = planned(core, {"work": questions(11)}, "2027-01-17", 5)
    assert (short["needed"], short["fits"]) == (10, False)
    assert [row["question"] for row in short["days"]] == [5, 5]
    assert short["left"] == {"question": 1, "review": 0, "section": 0}

    never = planned(core, {"work": questions(1201)}, "2027-01-17", 30)
    assert never.get("needed") is None and never["fits"] is False
    assert never["left"]["question"] == 1201 - 60

    nothing = planned(core, {"work": []}, "2027-01-17", 30)
    assert (nothing["needed"], nothing["fits"]) == (5, True)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=st.lists(
        st.tuples(st.sampled_from(["question", "section"]), st.integers(1, 9)),
        max_size=60,
    ),
    dues=st.lists(st.integers(-9, 20), max_size=20),
    days=st.integers(1, 20),
    minutes=st.integers(5, 60),
)
def test_a_plan_loses_nothing_and_keeps_within_the_minutes(
    core, pieces, dues, days, minutes
):
    task = {"work": work(*pieces), "cards": [card(due) for due in dues]}
    given = {"task": task, "days": days, "minutes": minutes, "now": NOW}
    once, again = (
        core("plan.goThrough(it.task, it.days, it.minutes, it.now)", given)
        for _ in range(2)
    )
    assert once == again
    for kind in ("question", "section"):
        total = sum(name == kind for name, _ in pieces)
        done = sum(row[kind] for row in once["days"])
        assert done + once["left"][kind] == total
    longest = 60 * max([minutes, *(long for _, long in pieces)])
    for row in once["days"]:
        pieces_of_day = row["question"] + row["review"] + row["section"]
        assert row["seconds"] <= (
            60 * minutes if pieces_of_day > 1 else longest
        )


STANDINGS = """it.map(([id, topic, level, score, seconds]) => ({
  question: {id, level, seconds, topic: {id: topic}}, score: score ?? undefined}))"""
ALL = [
    ("a1", "one", "staff", None, 60),
    ("a2", "one", "junior", None, 120),
    ("a3", "one", "junior", 1, 60),
    ("b1", "two", "junior", None, 60),
    ("b2", "two", "senior", None, 60),
    ("c1", "no chapter", "junior", None, 60),
]


@pytest.mark.parametrize(
    ("levels", "read", "expected"),
    [
        (["junior"], False, "a2 b1 c1"),
        (["junior"], True, "one-b a2 two-a two-b two-c b1 c1"),
        (
            ["junior", "senior", "staff"],
            True,
            "one-b a2 two-a two-b two-c b1 c1 b2 a1",
        ),
        ([], True, ""),
    ],
)
def test_the_path_goes_by_level_then_by_chapter_and_reads_before_it_asks(
    core, levels, read, expected
):
    found = core(
        f"plan.workOf(it.book, (it => {STANDINGS})(it.all), it)",
        {
            "all": ALL,
            "book": BOOK,
            "levels": levels,
            "read": read,
            "reading": {"one-a": [1]},
        },
    )
    assert " ".join(piece["id"] for piece in found) == expected
    seconds = {piece["id"]: piece["seconds"] for piece in found}
    assert seconds.get("a2", 120) == 120 and seconds.get("one-b", 180) == 180


@pytest.mark.parametrize(
    ("date", "days"),
    [
        ("2027-01-14", 0),
        ("2027-01-15", 0),
        ("2027-01-16", 1),
        ("2027-04-15", 90),  # across the change of the clock
        ("2029-01-01", 180),
        ("soon", 0),
    ],
)
def test_days_left_count_today_and_not_the_interview(core, date, days):
    assert core("plan.daysLeft(...it)", [date, NOW]) == days


def test_what_was_done_today_is_counted_by_its_time(core):
    log = [
        {"id": "a", "time": NOW},
        {"id": "a", "time": NOW - 60_000},
        {"id": "b", "time": NOW},
        {"id": "a", "time": NOW - DAY},
        {"id": "unknown", "time": NOW},
    ]
    expression = "plan.spentOn(it.log, new Map([['a', 60], ['b', 90]]), it.now)"
    assert core(expression, {"log": log, "now": NOW}) == 60 + 60 + 90


# ---------------------------------------------------------------- what is kept


def state(**parts):
    return {"version": 2, "questions": {}} | parts


def kept(tab):
    return tab.evaluate("key => JSON.parse(localStorage.getItem(key))", KEY)


def later(tab, days):
    tab.evaluate(f"window.now += {days * DAY}")


def test_a_section_is_kept_once_a_day_and_of_its_dates_the_latest_twelve(tab):
    page = tab()
    for _ in range(2):
        page.evaluate("store.finish('concept-gain')")
    assert kept(page)["reading"] == {"concept-gain": [NOW]}
    for _ in range(20):
        later(page, 1)
        page.evaluate("store.finish('concept-gain')")
    assert kept(page)["reading"]["concept-gain"] == [
        NOW + day * DAY for day in range(9, 21)
    ]


def test_an_older_state_has_read_nothing_and_loses_nothing(tab):
    old = state(
        questions={"a": {"reviews": [{"time": NOW - DAY, "score": 1}]}},
        interviews=[{"time": 5, "total": 1, "score": 1, "levels": {}}],
        added_by_another="kept",
    )
    page = tab(old)
    assert page.evaluate("store.state().reading") == {}
    assert page.evaluate("store.state().plan === undefined")
    page.evaluate("store.finish('concept-gain')")
    assert kept(page) == old | {"reading": {"concept-gain": [NOW]}}
    oldest = tab()
    oldest.evaluate("localStorage.clear()")
    entry = {"right": True, "time": NOW - DAY, "attempts": 1, "answer": "0"}
    oldest.evaluate(
        "([key, text]) => localStorage.setItem(key, text)",
        [OLDER, json.dumps({"a": entry})],
    )
    oldest.evaluate("store.finish('concept-gain')")
    found = kept(oldest)
    assert found["reading"] == {"concept-gain": [NOW]}
    assert found["questions"]["a"]["reviews"] == [
        {"time": NOW - DAY, "score": 1}
    ]


def test_what_storage_holds_of_reading_is_not_trusted(tab):
    page = tab(
        state(reading={"a": "x", "b": [1, "y", None, 2, 2], "c": {}}, plan=[1])
    )
    assert page.evaluate("store.state().reading") == {
        "a": [],
        "b": [1, 2],
        "c": [],
    }
    assert page.evaluate("store.state().plan === undefined")


def test_two_tabs_read_and_plan_together(tab):
    one, other = tab(), tab()
    one.evaluate("store.finish('a')")
    other.wait_for_function("store.state().reading.a")
    later(other, 1)
    other.evaluate("store.finish('b')")
    other.evaluate("store.keepPlan({date: '2027-02-01', minutes: 20})")
    one.wait_for_function("store.state().plan")
    one.evaluate("store.finish('c')")
    assert kept(one)["reading"] == {"a": [NOW], "b": [NOW + DAY], "c": [NOW]}
    assert kept(one)["plan"]["minutes"] == 20


FULL = """Storage.prototype.setItem = () => {
  throw new DOMException("full", "QuotaExceededError"); };"""
OFF = """window.off = true;
Storage.prototype.getItem = new Proxy(Storage.prototype.getItem, { apply(get, ...given) {
  if (window.off) throw new DOMException("no", "SecurityError");
  return Reflect.apply(get, ...given); } });
Storage.prototype.setItem = () => { throw new DOMException("no", "SecurityError"); };"""


def test_a_full_storage_keeps_reading_and_plan_until_the_page_is_left(tab):
    page = tab(init=FULL)
    page.evaluate("store.finish('a'); store.finish('b')")
    page.evaluate("store.keepPlan({date: '2027-02-01', minutes: 20})")
    assert page.evaluate("store.state().reading") == {"a": [NOW], "b": [NOW]}
    assert page.evaluate("store.state().plan.minutes") == 20
    assert page.evaluate("store.troubles") == ["full"]


def test_forgetting_questions_leaves_reading_interviews_and_plan(tab):
    whole = state(
        questions={"a": {"reviews": []}, "b": {"reviews": []}},
        reading={"concept-gain": [NOW]},
        interviews=[{"time": 5, "total": 1, "score": 1, "levels": {}}],
        plan={"date": "2027-02-01", "time": NOW},
    )
    page = tab(whole)
    page.evaluate("store.forget(['a'])")
    assert kept(page) == whole | {"questions": {"b": {"reviews": []}}}
    page.evaluate("store.forgetAll()")
    assert page.evaluate("JSON.stringify(store.state())") == json.dumps(
        state(interviews=[], reading={}), separators=(",", ":")
    )


def test_of_two_plans_the_later_counts_and_a_dropped_one_stays_dropped(tab):
    page = tab(state(plan={"date": "2027-02-01", "minutes": 20, "time": NOW}))
    page.evaluate("store.keepPlan(null)")
    older = {"questions": {}, "plan": {"date": "2027-03-01", "time": NOW - 5}}
    page.evaluate("file => store.take(file)", older)
    assert kept(page)["plan"] == {"time": NOW}
    newer = {"questions": {}, "plan": {"date": "2027-03-01", "time": NOW + 5}}
    page.evaluate("file => store.take(file)", newer)
    assert kept(page)["plan"]["date"] == "2027-03-01"


PLAN = {
    "date": "2027-02-01",
    "minutes": 20,
    "level": "senior",
    "read": True,
    "time": NOW,
}


def test_a_file_carries_reading_and_plan_and_brings_them_back(tab):
    whole = state(reading={"concept-gain": [NOW - DAY, NOW]}, plan=PLAN)
    page = tab(whole)
    text = page.evaluate("backup.writeBackup(store.state()).text")
    found = page.evaluate(
        "text => backup.readBackup(new File([text], 'x'))", text
    )
    assert found["reading"] == whole["reading"] and found["plan"] == PLAN
    other = tab()
    other.evaluate("localStorage.clear()")
    mine = {"concept-gain": [NOW - 2 * DAY], "concept-other": [NOW]}
    other.evaluate("reading => store.take({questions: {}, reading})", mine)
    for _ in range(2):  # twice is as good as once
        other.evaluate("file => store.take(file)", found)
        assert kept(other)["reading"] == {
            "concept-gain": [NOW - 2 * DAY, NOW - DAY, NOW],
            "concept-other": [NOW],
        }
        assert kept(other)["plan"] == PLAN


def test_what_is_not_of_this_book_is_left_out_of_the_file(tab):
    page = tab(
        state(
            reading={"good": [NOW], "Not One": [NOW]}, plan={"time": 1, "x": 2}
        )
    )
    written = json.loads(
        page.evaluate("backup.writeBackup(store.state()).text")
    )
    assert written["reading"] == {"good": [NOW]} and "plan" not in written


HOSTILE = {
    "no list": {"reading": {"a": 5}},
    "no date": {"reading": {"a": ["x"]}},
    "a foreign name": {"reading": {"<b>": [NOW]}},
    "too many dates": {"reading": {"a": [NOW] * 51}},
    "too many names": {"reading": {f"a{n}": [] for n in range(1001)}},
    "no plan": {"plan": 5},
    "a plan without a time": {"plan": {"date": "2027-02-01"}},
    "half a plan": {"plan": {"date": "2027-02-01", "time": NOW}},
    "a plan with more": {"plan": PLAN | {"more": 1}},
    "a date in a list": {"plan": PLAN | {"date": ["2027-02-01"]}},
    "a level in a list": {"plan": PLAN | {"level": ["staff"]}},
    "no minutes": {"plan": PLAN | {"minutes": 0}},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_whole(tab, name):
    file = {"format": "mtl-lessons progress", "version": 2, "questions": {}}
    text = json.dumps(file | HOSTILE[name])
    found = tab().evaluate(
        "text => backup.readBackup(new File([text], 'x'))", text
    )
    assert found == {"problem": ["foreign"]}


# ---------------------------------------------------------------- the outline


@pytest.mark.parametrize("name", chapters.names())
def test_every_section_of_a_chapter_is_known_with_its_minutes(name):
    path = ROOT / "book" / f"{name}.ipynb"
    found = outline.sections(path)
    prefix = quiz.prefix(name)
    assert len(found) > 5 and all(one.id.startswith(prefix) for one in found)
    assert len({one.id for one in found}) == len(found)
    assert not {f"{prefix}sources", f"{prefix}self-quiz"} & {
        one.id for one in found
    }
    # no heading of the second level is forgotten: each has its target
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join(
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "markdown"
    )
    headings = re.findall(
        r"^## ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE
    )
    assert len(headings) == len(found) + 2
    timed = outline.timed(found, outline.minutes(name))
    total = sum(one["minutes"] for one in timed)
    assert total == pytest.approx(outline.minutes(name), abs=0.05 * len(found))
    assert all(one["minutes"] > 0 for one in timed)


# ---------------------------------------------------------------- the page


def today(go, init="", **parts):
    """The page Today of a reader of whom this is kept."""
    page = go("today.html", init)
    if parts:
        page.evaluate(
            "([key, text]) => localStorage.setItem(key, text)",
            [KEY, json.dumps(state(**parts))],
        )
        page.reload()
        page.locator(".mtl-quiz button").first.wait_for()
    return page


def words(page):
    return " ".join(page.inner_text("main").split())


def test_whoever_begins_gets_a_path_and_no_empty_picture(open_page):
    page = today(open_page)
    assert page.get_by_role("heading", name=SAY["start-here"]).is_visible()
    steps = page.locator(".mtl-quiz ol > li")
    assert steps.all_inner_texts() == [
        "Read chapter 1, First: 20 minutes",
        "Answer the first questions of “First topic”",
        SAY["start-plan"],
    ]
    first, second = (steps.nth(i).get_by_role("link") for i in range(2))
    assert first.get_attribute("href").endswith("/sample.html#sample-one")
    assert (
        second.get_attribute("href")
        == "practice.html?topic=sample&level=junior"
    )
    assert page.locator(".mtl-bars, .mtl-weeks").count() == 0
    assert not button(page, "plan-drop").is_visible()
    second.click()
    page.get_by_text("Questions: 3 (0 due, 3 new).").first.wait_for()


LOG = {
    "sample-gain": {"reviews": [{"time": NOW - 9 * DAY, "score": 0}]},
    "sample-labels": {"reviews": [{"time": NOW - 5 * DAY, "score": 1}]},
    "sample-number": {"reviews": [{"time": NOW, "score": 1}]},
    "second-money": {"reviews": [{"time": NOW - 3 * DAY, "score": 1}]},
}
READING = {"sample-one": [NOW - DAY]}
TALKS = [
    {"time": NOW - 9 * DAY, "total": 5, "score": 0.4, "levels": {}},
    {"time": NOW - 5 * DAY, "total": 10, "score": 0.6, "levels": {}},
    {"time": NOW - DAY, "total": 10, "score": 0.75, "levels": {}},
]


def test_one_button_starts_what_is_due_the_most_forgotten_first(open_page):
    page = today(open_page, questions=LOG)
    assert "Reviews due today: 3. They take about 3 minutes." in words(page)
    page.get_by_role("link", name="Start the reviews (3)").click()
    form = page.locator("form.mtl-question")
    form.wait_for()
    assert form.locator("legend strong").inner_text() == "Question 1 of 3"
    asked = [answer(page)]
    for _ in range(2):
        button(page, "next").click()
        asked.append(answer(page))
    assert asked == ["sample-gain", "sample-labels", "second-money"]
    page.go_back()
    page.get_by_text("Nothing is due today.").wait_for()


def test_where_nothing_is_due_the_next_day_is_told(open_page):
    page = today(open_page, questions={"sample-number": LOG["sample-number"]})
    # answered well today: in two days
    assert "Nothing is due today. Next: Sun, Jan 17, reviews: 1." in words(page)
    page.get_by_role("link", name="Answer new questions").click()
    page.wait_for_url("**/practice.html")
    page = today(open_page, reading=READING)
    assert SAY["due-none"] in words(page)


def test_reading_goes_on_where_it_stopped(open_page):
    page = today(open_page, reading=READING)
    link = page.get_by_role("link", name="Chapter 1: two")
    assert link.get_attribute("href").endswith("/sample.html#sample-two")
    assert (
        "Read in this chapter: 1 of 3 sections. Left: about 15 minutes."
        in words(page)
    )
    every = {f"sample-{name}": [NOW] for name in ("one", "two", "three")}
    page = today(open_page, reading=every)
    assert page.get_by_role("link", name="Chapter 2: Money").is_visible()
    page = today(open_page, reading=every | {"second-one": [NOW]})
    assert SAY["read-all"] in words(page)


def test_a_plan_is_made_kept_edited_and_dropped_by_keyboard(open_page):
    page = today(open_page, questions=LOG)
    tab_to(page, "input[name=date]")
    page.get_by_label("Date of the interview").fill("2027-01-17")
    page.get_by_label("Minutes a day").fill("25")
    page.locator("[name=level]").select_option("junior")
    page.get_by_label("Minutes a day").press("Enter")
    box = page.locator(".mtl-fit")
    # 30 minutes to read, a junior question in two minutes, three reviews today and three that come
    # back tomorrow: more than 25 minutes on two days less the two of today
    assert box.get_attribute("data-fits") == "true"
    assert status(page) == box.inner_text().replace("\n", "")
    made = rows(page, SAY["plan-caption"])
    assert [row[0] for row in made] == ["today", "Sat, Jan 16"]
    assert sum(int(row[1]) for row in made) == 1  # sample-order
    assert sum(int(row[3]) for row in made) == 4
    assert all(int(row[4]) <= 25 for row in made)
    page.reload()
    box.wait_for()
    assert rows(page, SAY["plan-caption"]) == made
    assert page.get_by_label("Minutes a day").input_value() == "25"

    page.get_by_label("Minutes a day").fill("5")
    page.get_by_label("Minutes a day").press("Enter")
    page.locator(".mtl-fit[data-fits=false]").wait_for()
    assert re.search(
        r"It does not fit: it would take \d+ minutes a day, and you have 5\.",
        box.inner_text(),
    )
    page.get_by_label("Reading").select_option("questions alone")
    button(page, "plan-make").press("Enter")
    assert {row[3] for row in rows(page, SAY["plan-caption"])} == {"0"}

    button(page, "plan-drop").press("Enter")
    page.get_by_text(SAY["plan-none"]).wait_for()
    assert status(page) == SAY["plan-dropped"]
    assert page.evaluate("document.activeElement.name") == "date"
    assert not button(page, "plan-drop").is_visible()


def test_a_plan_without_a_sound_date_is_not_made(open_page):
    page = today(open_page, questions=LOG)
    for date in ("", "2026-01-01", "2029-01-01"):
        page.get_by_label("Date of the interview").fill(date)
        button(page, "plan-make").click()
        assert page.locator(".mtl-fit").count() == 0
    page = today(open_page, questions=LOG, plan=PLAN | {"date": "2027-01-15"})
    assert SAY["plan-past"] in words(page)


def test_a_long_plan_shows_a_week_and_folds_the_rest(open_page):
    page = today(open_page, questions=LOG, plan=PLAN | {"level": "unknown"})
    assert len(rows(page, SAY["plan-caption"])) == 7
    page.locator("summary", has_text="The other days (10)").press("Enter")
    more = rows(page, SAY["plan-more-caption"])
    assert len(more) == 10 and more[-1][0] == "Sun, Jan 31"
    assert "Done today already: about 2 minutes." in words(page)


def test_pictures_say_in_words_what_they_show(open_page):
    three = {
        name: {"reviews": [{"time": NOW - day * DAY, "score": score}]}
        for name, day, score in (
            ("sample-gain", 1, 0),
            ("sample-labels", 1, 1),
            ("sample-number", 0, 1),
        )
    }
    page = today(open_page, questions=three, reading=READING, interviews=TALKS)
    bars = page.locator(".mtl-bars")
    said = "67 % in the last answers; 3 of 6 answered, 0 mastered"
    assert bars.first.locator("li").inner_text().split("\n") == [
        "First topic",
        said,
    ]
    part = bars.first.locator(".mtl-part").get_attribute("width")
    assert float(part) == pytest.approx(200 / 3)
    assert "Fewer than three answers, so not judged: Second topic." in words(
        page
    )

    assert "Answers: 3. Sections read: 1. Interviews: 3." in words(page)
    assert "Days with any of them: 4. Days in a row, up to now: 2." in words(
        page
    )
    cells = page.locator(".mtl-weeks tbody tr").last.locator("th, td")
    assert cells.first.inner_text() == "Jan 11"
    friday = cells.nth(5)
    assert friday.locator("[aria-hidden]").inner_text() == "1"
    assert (
        friday.locator(".mtl-unseen").text_content()
        == "Fri, Jan 15: answers: 1"
    )
    thursday = "Thu, Jan 14: answers: 2, sections: 1, interviews: 1"
    assert cells.nth(4).locator(".mtl-unseen").text_content() == thursday
    monday = cells.nth(1)
    assert (
        monday.locator(".mtl-unseen").text_content() == "Mon, Jan 11: nothing"
    )
    assert cells.nth(6).inner_text() == ""  # is to come
    page.locator("summary", has_text=SAY["weeks-list"]).click()
    assert page.locator(".mtl-more li").all_inner_texts()[-2:] == [
        thursday,
        "Fri, Jan 15: answers: 1",
    ]

    assert "The last one: 75 %. Mean of the 2 before it: 50 %." in words(page)
    shown = [
        row.split("\n") for row in bars.last.locator("li").all_inner_texts()
    ]
    assert shown == [
        ["Wed, Jan 6", "40 % of 5 questions"],
        ["Sun, Jan 10", "60 % of 10 questions"],
        ["Thu, Jan 14", "75 % of 10 questions"],
    ]


def test_it_can_be_used_by_touch(visit):
    with visit(
        has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}
    ) as go:
        page = today(go, questions=LOG, reading=READING)
        page.get_by_label("Date of the interview").fill("2027-01-17")
        button(page, "plan-make").tap()
        page.locator(".mtl-fit").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        page.get_by_role("link", name="Start the reviews (3)").tap()
        page.locator("form.mtl-question").wait_for()


def test_another_tab_is_heard_and_a_form_that_is_being_filled_in_is_left_alone(
    open_page,
):
    one, other = today(open_page, questions=LOG), today(open_page)
    one.get_by_label("Minutes a day").fill("45")
    other.get_by_label("Date of the interview").fill("2027-01-20")
    button(other, "plan-make").click()
    one.locator(".mtl-fit").wait_for()
    assert one.get_by_label("Minutes a day").input_value() == "45"
    assert status(one) == SAY["progress-heard"]
    one.evaluate("document.activeElement.blur()")
    button(other, "plan-drop").click()
    one.get_by_text(SAY["plan-none"]).wait_for()
    assert one.get_by_label("Minutes a day").input_value() == "30"


@pytest.mark.parametrize(
    ("init", "reason"),
    [(OFF, "storage-disabled"), (FULL, "storage-full")],
    ids=["off", "full"],
)
def test_trouble_with_storage_is_told_and_the_plan_is_made_all_the_same(
    open_page, init, reason
):
    page = today(open_page, init)
    page.get_by_label("Date of the interview").fill("2027-01-20")
    button(page, "plan-make").click()
    page.locator(".mtl-fit").wait_for()
    assert page.locator(".mtl-notice").all_inner_texts() == [SAY[reason]]


def test_without_its_outline_it_says_so_and_does_the_rest(open_page):
    init = """const load = window.fetch;
      window.fetch = (...given) => String(given[0]).includes("outline")
        ? Promise.reject(new TypeError("offline")) : load(...given);"""
    page = today(open_page, init, questions=LOG)
    assert page.locator(".mtl-notice").inner_text() == SAY["lost"]
    assert page.get_by_role("link", name="Start the reviews (3)").is_visible()


def test_progress_saves_reading_and_plan_and_another_browser_takes_them(visit):
    with visit() as go:
        page = today(go, questions=LOG, reading=READING, plan=PLAN)
        page = go("progress.html")
        text = export(page)
    with visit() as go:
        page = go("progress.html")
        assert (
            take(page, text) == "Added. Questions in the file: 4, new here: 4."
        )
        page = go("today.html")
        assert page.get_by_role("link", name="Chapter 1: two").is_visible()
        assert (
            page.get_by_label("Date of the interview").input_value()
            == PLAN["date"]
        )
        page = go("progress.html")
        assert "Mastered: 0 of 7 questions." in words(page)
        button(page, "forget-all").click()
        button(page, "reset-yes").click()
        page = go("today.html")
        assert page.get_by_role("heading", name=SAY["start-here"]).is_visible()


# ---------------------------------------------------------------- reading, and what it shows

CHAPTER = """<!doctype html>
<html lang="en" data-theme="light"><head>{head}<link rel="stylesheet" href="page.css"></head>
<body><nav id="book-menu"><ul>
<li><a href="sample.html">1. First</a></li><li><a href="second.html">2. Second</a></li>
</ul></nav>
<main><article class="text" data-sections="{ids}"><section><h1>First</h1>{sections}</section>
</article></main></body></html>"""
SECTION = """<section><span id="{id}"></span><h2>{id}</h2><div class="{size}">…</div>
<section><h3>More</h3><p>The end.</p></section></section>"""
MAP = """<!doctype html>
<html lang="en" data-theme="light" data-known><head>{head}</head><body><main>
<h1>Book</h1><p class="continue"></p><div class="map"><ol>
<li><p><strong><a href="sample.html">First</a></strong></p><ul>
<li><p><strong><a href="second.html">Second</a></strong></p></li></ul></li>
</ol></div></main></body></html>"""


@pytest.fixture(scope="module")
def chapter(folder):
    """Adds a chapter of three sections, each longer than a screen, and a map of the chapters."""
    ids = ["sample-one", "sample-two", "sample-three"]
    script = '<script type="module" src="{}.js"></script>'
    sections = "".join(SECTION.format(id=name, size="tall") for name in ids)
    (folder / "read.html").write_text(
        CHAPTER.format(
            head=HEAD + script.format("reading"),
            ids=" ".join(ids),
            sections=sections,
        ),
        encoding="utf-8",
    )
    (folder / "map.html").write_text(
        MAP.format(head=HEAD + script.format("marks")), encoding="utf-8"
    )
    css = folder / "page.css"
    css.write_text(
        css.read_text(encoding="utf-8") + "\n.tall { height: 150vh }\n",
        encoding="utf-8",
    )


@pytest.fixture
def reader(browser, url, chapter):
    """A reader whose clock stands, and the list of what went wrong."""
    context, faults = new_reader(browser, url)
    context.clock.install(time=NOW / 1000)
    yield context
    context.close()
    assert faults == []


def open_chapter(context, url, name="read.html"):
    page = context.new_page()
    page.goto(f"{url}/{name}")
    page.clock.pause_at(NOW / 1000 + 60)
    return page


# What the page's observer has to say was said before an observer that came later speaks.
SEEN = """() => new Promise((done) => {
  const eye = new IntersectionObserver(() => { eye.disconnect(); done(); });
  eye.observe(document.querySelector("main")); })"""


def end_of(page, name):
    """Scrolls the end of a section a little above the lower edge of the screen."""
    scroll = """id => {
      const { bottom } = document.getElementById(id).closest("section").getBoundingClientRect();
      scrollBy(0, bottom - innerHeight + 40); }"""
    page.evaluate(scroll, name)
    page.evaluate(SEEN)


def read_so_far(page):
    text = page.evaluate("key => localStorage.getItem(key)", KEY)
    return sorted(json.loads(text)["reading"]) if text else []


def test_a_section_is_read_when_its_end_was_on_the_screen_for_five_seconds(
    reader, url
):
    page = open_chapter(reader, url)
    page.evaluate(SEEN)
    page.clock.run_for(60_000)
    assert read_so_far(page) == []  # its beginning is not its end
    end_of(page, "sample-one")
    page.clock.run_for(4_900)
    assert read_so_far(page) == []
    page.clock.run_for(200)
    assert read_so_far(page) == ["sample-one"]
    mark = page.locator("#book-menu .done")
    mark.wait_for()
    assert mark.locator(".unseen").text_content() == (
        "read 1 of 3 sections, 0 of 6 questions mastered"
    )
    assert (
        mark.locator("[aria-hidden]").inner_text() == "1/3 read · 0/6 mastered"
    )


def test_whoever_scrolls_past_or_looks_away_has_not_read(reader, url):
    page = open_chapter(reader, url)
    end_of(page, "sample-one")
    page.clock.run_for(4_000)
    end_of(page, "sample-two")
    page.clock.run_for(4_000)
    end_of(page, "sample-one")  # back: it begins anew
    page.clock.run_for(4_000)
    assert read_so_far(page) == []
    hide = """hidden => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange")); }"""
    page.evaluate(hide, True)
    page.clock.run_for(60_000)
    assert read_so_far(page) == []
    page.evaluate(hide, False)
    page.clock.run_for(5_100)
    assert read_so_far(page) == ["sample-one"]


def test_the_map_and_the_line_of_the_landing_page_lead_on(reader, url):
    page = open_chapter(reader, url, "map.html")
    page.locator(".continue a").wait_for()
    # nothing was done: no mark, and no section to go on with
    assert page.locator(".done").count() == 0
    assert page.locator(".continue").inner_text() == DONE["today"]
    other = open_chapter(reader, url)
    end_of(other, "sample-one")
    other.clock.run_for(5_100)
    assert read_so_far(other) == ["sample-one"]
    # the map hears of it
    mark = page.locator(".map > ol > li > p + .done")
    mark.wait_for()
    assert (
        mark.inner_text() == "read 1 of 3 sections, 0 of 6 questions mastered"
    )
    assert page.locator(".done").count() == 1
    line = page.locator(".continue")
    left = "15 minutes left · Today: what to do now"
    assert line.inner_text() == f"{DONE['continue']} 1. two {left}"
    assert (
        line.get_by_role("link", name="1. two")
        .get_attribute("href")
        .endswith("/sample.html#sample-two")
    )
    page.clock.resume()  # for the frames that axe waits for
    assert violations_by_theme(page) == {"light": [], "dark": []}


def test_what_is_due_and_mastered_is_counted_on_the_map(reader, url):
    page = open_chapter(reader, url, "map.html")
    good = [{"time": NOW - day * DAY, "score": 1} for day in (4, 2)]
    keep(page, second_money={"reviews": good}, sample_gain=LOG["sample-gain"])
    page.reload()
    page.locator(".done").nth(1).wait_for()
    assert page.locator(".done").all_inner_texts() == [
        "read 0 of 3 sections, 0 of 6 questions mastered",
        "read 0 of 1 sections, 1 of 1 questions mastered",
    ]
    assert page.locator(".continue").inner_text() == "Today: 1 due"
    other = open_chapter(reader, url, "map.html")
    other.evaluate("localStorage.clear()")
    page.locator(".done").first.wait_for(state="detached")
    assert page.locator(".continue").inner_text() == DONE["today"]


# ---------------------------------------------------------------- words


def test_the_page_says_the_rules_that_the_scripts_keep():
    said = (ROOT / "book" / "today.md").read_text(encoding="utf-8")
    assert "## How it is counted" in said
    assert "five seconds" in said
    assert "const STAY = 5_000;" in embed.asset("reading.js")
    assert "ten days" in said
    assert "const MASTERED = 10;" in embed.asset("fsrs.js")


def test_every_string_of_today_is_used_and_none_stands_twice():
    sources = [*embed.modules("today"), *embed.modules("marks")]
    code = "".join(embed.asset(f"{name}.js") for name in dict.fromkeys(sources))
    dynamic = ("read-yes", "read-no", "up-to-", "count-")
    for name in (*embed.strings("today"), *DONE):
        used = f'"{name}"' in code or f".{name}" in code
        assert used or name.startswith(dynamic), name
    own = set(embed.strings("today"))
    assert not own & (
        set(embed.strings("quiz")) | set(embed.strings("trainer"))
    )
