"""What the trainer keeps and when it asks again: the store and the scheduler, in a real browser.

The scheduler is compared with PyPI's `fsrs`.
"""

import itertools
import json
from datetime import UTC, datetime, timedelta

import fsrs
import pytest
from access import PATIENCE
from browser import with_modules
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_quiz_browser import KEY, OLDER

DAY = 86_400_000
NOW = 1_800_000_000_000
CLOCK = f"window.now = {NOW}; Date.now = () => window.now;"
MODULES = """<!doctype html><title>State</title><link rel="icon" href="data:,">
<script type="module">
import * as store from "./store.js"; import * as fsrs from "./fsrs.js";
Object.assign(window, {...store, fsrs}); window.ready = true;
</script>"""
REFUSES = """const set = Storage.prototype.setItem;
  Storage.prototype.setItem = function (...given) {
    if (window.refuse) throw new DOMException("full", window.refuse);
    set.apply(this, given); };"""
REFUSE = "name => { window.refuse = name; }"
FIREFOX = "NS_ERROR_DOM_QUOTA_REACHED"


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    return with_modules(folder, "index.html", MODULES)


@pytest.fixture
def open_tab(browser, web, serve):
    """Opens a tab of one browser: `storage` is what it finds, `init` a script that runs first."""
    with serve(web) as url:
        context = browser.new_context()

        def open_one(storage=None, init=""):
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.add_init_script(CLOCK + init)
            page.goto(f"{url}/index.html")
            if storage:
                page.evaluate(
                    """all => {
                      for (const [key, text] of Object.entries(all))
                        localStorage.setItem(key, text);
                    }""",
                    storage,
                )
            page.wait_for_function("window.ready")
            return page

        yield open_one
        context.close()


def state(**questions):
    return {
        KEY: json.dumps(
            {
                "version": 2,
                "questions": {
                    name.replace("_", "-"): entry
                    for name, entry in questions.items()
                },
            }
        )
    }


def read(tab):
    return tab.evaluate("store.read()")


def stored(tab):
    return tab.evaluate("key => JSON.parse(localStorage.getItem(key))", KEY)


def answer(tab, name, right=True, minutes=0, **more):
    tab.evaluate("minutes => { window.now += minutes * 60000; }", minutes)
    return tab.evaluate(
        "([id, kept]) => store.answer(id, kept)",
        [name, {"edition": "e", "right": right, "answer": ["0"], **more}],
    )


# ---- reviews ----


def test_an_answer_is_a_review_and_a_retry_is_none(open_tab):
    tab = open_tab()
    assert answer(tab, "a", False, sure=75) == NOW
    assert answer(tab, "a", True, minutes=9) is None
    assert answer(tab, "a", True, minutes=2) == NOW + 11 * 60_000
    entry = read(tab)["a"]
    assert (
        entry["attempts"] == 3
        and entry["right"] is True
        and entry["time"] == NOW + 11 * 60_000
    )
    assert entry["reviews"] == [
        {"time": NOW, "score": 0, "sure": 75},
        {"time": NOW + 11 * 60_000, "score": 1},
    ]


def test_ticks_in_a_rubric_correct_their_review_and_no_other(open_tab):
    tab = open_tab()
    give = "([points, review]) => store.answer('a', {points, total: 4, answer: {}}, review)"
    first = tab.evaluate(give, [0])
    tab.evaluate(give, [3, first])
    assert (
        read(tab)["a"]["reviews"] == [{"time": NOW, "score": 0.75}]
        and read(tab)["a"]["attempts"] == 1
    )
    assert tab.evaluate(give, [1]) is None  # tried again at once
    tab.evaluate(give, [4, None])
    assert (
        read(tab)["a"]["reviews"] == [{"time": NOW, "score": 0.75}]
        and read(tab)["a"]["attempts"] == 2
    )


# ---- what storage holds ----


def test_what_an_older_edition_kept_becomes_a_review(open_tab):
    old = {
        "a": {
            "edition": "e",
            "attempts": 2,
            "right": True,
            "answer": ["1"],
            "time": NOW - DAY,
        },
        "b": {
            "edition": "e",
            "attempts": 1,
            "points": 3,
            "total": 4,
            "answer": {"text": "x", "ticks": []},
            "time": NOW - 5,
        },
        "c": {"much": "else"},
        "d": 5,
    }
    tab = open_tab({OLDER: json.dumps(old)})
    found = read(tab)
    assert found["a"] == old["a"] | {
        "reviews": [{"time": NOW - DAY, "score": 1}]
    }
    assert found["b"]["reviews"] == [{"time": NOW - 5, "score": 0.75}]
    assert found["c"] == {"much": "else", "reviews": []} and found["d"] == 5
    answer(tab, "a", False)
    assert [
        review["score"] for review in stored(tab)["questions"]["a"]["reviews"]
    ] == [1, 0]
    assert tab.evaluate(
        "key => localStorage.getItem(key)", OLDER
    ) is None and set(stored(tab)["questions"]) == set(old)


def test_what_cannot_be_read_is_set_aside(open_tab):
    tab = open_tab({KEY: "{broken", OLDER: "[also]"})
    assert read(tab) == {} and tab.evaluate("store.troubles") == ["corrupt"]
    answer(tab, "a")
    assert set(stored(tab)["questions"]) == {"a"}
    assert sorted(tab.evaluate("store.aside()").values()) == [
        "[also]",
        "{broken",
    ]


def test_what_cannot_be_set_aside_stays_where_it_is(open_tab):
    init = "window.refuse = false;" + REFUSES.replace(
        "window.refuse", "window.refuse || given[0].includes('unreadable')"
    )
    tab = open_tab({KEY: "{broken"}, init)
    answer(tab, "a")
    tab.evaluate("store.forget(['b'])")
    assert (
        tab.evaluate("key => localStorage.getItem(key)", KEY) == "{broken"
        and read(tab)["a"]["right"] is True
    )


def test_what_a_newer_edition_kept_is_left_alone(open_tab):
    newer = {KEY: json.dumps({"version": 3, "questions": {"a": {"cards": 1}}})}
    tab = open_tab(newer)
    assert read(tab) == {} and tab.evaluate("store.troubles") == ["newer"]
    answer(tab, "a")
    tab.evaluate("store.forget(['b'])")
    assert tab.evaluate("key => localStorage.getItem(key)", KEY) == newer[KEY]
    assert read(tab)["a"]["right"] is True  # until the page is left


def test_a_clock_set_back_is_told_and_loses_nothing(open_tab):
    later = {"time": NOW + 5 * DAY, "score": 1}
    tab = open_tab(state(a={"reviews": [later]}))
    assert read(tab)["a"]["reviews"] == [later] and tab.evaluate(
        "store.troubles"
    ) == ["clock"]
    assert (
        tab.evaluate(
            "fsrs.isDue(fsrs.card(store.read().a.reviews), Date.now())"
        )
        is True
    )
    answer(tab, "a")
    assert read(tab)["a"]["reviews"] == [later, {"time": NOW, "score": 1}]
    card = tab.evaluate("fsrs.card(store.read().a.reviews)")
    assert card["last"] == NOW and NOW + DAY <= card["due"] < NOW + 5 * DAY
    # clocks differ a little
    tab = open_tab(state(a={"reviews": [{"time": NOW + 30_000, "score": 1}]}))
    assert read(tab) and tab.evaluate("store.troubles") == []


def test_two_tabs_add_to_each_other_and_hear_of_it(open_tab):
    one, other = open_tab(), open_tab()
    other.evaluate(
        "() => { window.heard = 0; store.listen(() => window.heard++); }"
    )
    answer(one, "a")
    # a tab of another process sees what was written when it hears of it
    other.wait_for_function("window.heard === 1")
    answer(other, "a", False, minutes=20)
    answer(other, "b")
    one.wait_for_function("'b' in store.read()")
    assert [review["score"] for review in read(one)["a"]["reviews"]] == [
        1,
        0,
    ] and set(read(one)) == {"a", "b"}
    assert other.evaluate("window.heard") == 1  # not of itself
    one.evaluate("localStorage.clear()")
    other.wait_for_function("window.heard === 2")


def test_what_a_full_storage_refuses_is_merged_with_what_another_tab_wrote(
    open_tab,
):
    one, other = open_tab(init=REFUSES), open_tab()
    one.evaluate(REFUSE, FIREFOX)
    answer(one, "a")
    assert one.evaluate("store.troubles") == ["full"]
    answer(other, "a", False, minutes=30)
    answer(other, "b")
    assert [review["score"] for review in read(one)["a"]["reviews"]] == [
        1,
        0,
    ] and read(one)["a"]["right"] is False
    one.evaluate("window.refuse = false")
    answer(one, "c", minutes=40)
    assert (
        set(stored(other)["questions"]) == {"a", "b", "c"}
        and len(stored(other)["questions"]["a"]["reviews"]) == 2
    )


def test_forgetting_works_on_a_full_storage_and_leaves_the_rest(open_tab):
    tab = open_tab(state(a={"reviews": []}, b={"reviews": []}))
    tab.evaluate("store.forget(['a'])")
    assert set(stored(tab)["questions"]) == {"b"}
    full = open_tab(state(a={"reviews": []}), REFUSES)
    full.evaluate(REFUSE, "QuotaExceededError")
    full.evaluate("store.forget(['a'])")
    assert read(full) == {} and stored(full) is None


# ---- the scheduler, against the reference ----

HISTORY = st.lists(
    st.tuples(
        st.one_of(
            st.integers(0, 3 * DAY),
            st.integers(0, 400 * DAY),
            st.sampled_from([0, DAY - 1, DAY, DAY + 1]),
        ),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=25,
)
EPOCH = datetime.fromtimestamp(NOW / 1000, UTC)


def reference(history, options):
    """What PyPI's `fsrs` says after a history.

    The stability, difficulty, due time (ms) and, 30 days later, recall.
    """
    scheduler = fsrs.Scheduler(
        parameters=options["parameters"],
        desired_retention=options["retention"],
        maximum_interval=options["longest"],
        learning_steps=(),
        relearning_steps=(),
        enable_fuzzing=False,
    )
    card, at = fsrs.Card(card_id=1), EPOCH
    for wait, grade in history:
        at += timedelta(milliseconds=wait)
        card, _ = scheduler.review_card(card, fsrs.Rating(grade), at)
    due = (card.due - EPOCH) / timedelta(milliseconds=1)
    return (
        card.stability,
        card.difficulty,
        due,
        scheduler.get_card_retrievability(
            card, at + timedelta(days=30, hours=5)
        ),
    )


OURS = """([history, options]) => {
  let at = 0, card = null;
  for (const [wait, grade] of history)
    card = fsrs.review(card, {time: (at += wait), grade}, options);
  const later = at + 30 * 86400000 + 5 * 3600000;
  return [card.stability, card.difficulty, card.due, fsrs.recallAt(card, later, options)];
}"""
LOG = """([times, now]) => {
  const {due, last, ...card} = fsrs.card(times.map((time) => ({time, score: 1})), now);
  return {...card, due, last};
}"""


@pytest.fixture(scope="module")
def scheduler(browser, web):
    from serve import serving

    with serving(web) as url:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{url}/index.html")
        page.wait_for_function("window.ready")
        yield page
        page.close()


def options(tab, **changed):
    return tab.evaluate("({...fsrs.OPTIONS})") | changed


def test_the_parameters_are_the_references(scheduler):
    assert (
        tuple(options(scheduler)["parameters"]) == fsrs.Scheduler().parameters
    )


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=HISTORY)
def test_every_history_is_scheduled_as_by_the_reference(scheduler, history):
    chosen = options(scheduler)
    assert scheduler.evaluate(OURS, [history, chosen]) == pytest.approx(
        reference(history, chosen), rel=1e-9
    )


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    history=HISTORY,
    retention=st.floats(0.75, 0.98),
    longest=st.integers(1, 36500),
    data=st.data(),
)
def test_so_are_other_options_and_parameters(
    scheduler, history, retention, longest, data
):
    from fsrs.scheduler import LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS

    drawn = [
        data.draw(st.floats(low, high))
        for low, high in zip(LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS)
    ]
    chosen = {"parameters": drawn, "retention": retention, "longest": longest}
    ours, theirs = (
        scheduler.evaluate(OURS, [history, chosen]),
        reference(history, chosen),
    )
    assert ours[:2] + ours[3:] == pytest.approx(
        theirs[:2] + theirs[3:], rel=1e-7
    )
    # where a half is rounded, the last digit decides
    assert abs(ours[2] - theirs[2]) <= DAY


REVIEW = st.fixed_dictionaries(
    {"time": st.integers(NOW - 9, NOW), "score": st.sampled_from([0, 0.5, 1])}
)
ENTRY = st.one_of(
    st.fixed_dictionaries(
        {
            "reviews": st.lists(
                REVIEW, max_size=4, unique_by=lambda review: review["time"]
            )
        },
        optional={
            "time": st.integers(NOW - 9, NOW),
            "attempts": st.integers(0, 3),
            "answer": st.sampled_from(["0", "1"]),
        },
    ),
    st.sampled_from(
        [
            None,
            5,
            "x",
            [],
            {},
            {"reviews": "x"},
            {"time": "x", "reviews": [None, {"time": 1}]},
        ]
    ),
)
STATE = st.dictionaries(st.sampled_from(["a", "b", "c"]), ENTRY)


def times(entry):
    reviews = entry.get("reviews") if isinstance(entry, dict) else None
    return (
        {
            review["time"]
            for review in reviews
            if isinstance(review, dict) and "score" in review
        }
        if isinstance(reviews, list)
        else set()
    )


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(one=STATE, other=STATE)
@example(
    one={"a": {"time": "x", "reviews": []}},
    other={"a": {"time": NOW, "reviews": []}},
)
def test_merging_loses_no_review_and_no_question_and_does_nothing_twice(
    scheduler, one, other
):
    merged, again, back = scheduler.evaluate(
        "([a, b]) => { const m = merge(a, b); return [m, merge(m, b), merge(b, a)]; }",
        [one, other],
    )
    assert set(merged) == set(one) | set(other)
    for name in merged:
        assert (
            times(merged[name])
            == times(one.get(name)) | times(other.get(name))
            == times(back[name])
        )
        assert times(again[name]) == times(merged[name])
        both = [
            entry
            for entry in (one.get(name), other.get(name))
            if isinstance(entry, dict)
        ]
        latest = max(
            (
                entry.get("time")
                for entry in both
                if isinstance(entry.get("time"), int)
            ),
            default=None,
        )
        if latest is not None:
            assert merged[name]["time"] == latest


@pytest.mark.parametrize(
    ("score", "sure", "grade"),
    [
        (0, None, 1),
        (0.49, 95, 1),
        (0.5, None, 2),
        (0.79, 95, 2),
        (1, 25, 2),
        (0.8, None, 3),
        (1, 50, 3),
        (1, 75, 3),
        (1, 95, 4),
        (0, 95, 1),
    ],
)
def test_an_answer_is_a_grade(scheduler, score, sure, grade):
    fact = {"score": score} | ({} if sure is None else {"sure": sure})
    assert scheduler.evaluate("fact => fsrs.grade(fact)", fact) == grade


# Days of a log, one of them wrong (ms where it is a date); the days that count instead; today.
WRONG = {
    "ahead, first": ([400, 3, 10], [3, 3, 10], 10),
    "ahead, later": ([0, 3, 403, 10, 25], [0, 3, 3, 10, 25], 25),
    "ahead, and today it is that day": ([0, 400, 1], [0, 0, 1], 400),
    "ahead, and nothing since": ([0, 3, 403], [0, 3, 3], 10),
    "ahead twice": ([0, 403, 404, 10], [0, 0, 0, 10], 10),
    "1970, first": ([-NOW / DAY, 3, 10], [3, 3, 10], 10),
    "1970, later": ([0, -NOW / DAY, 3, 10], [0, 0, 3, 10], 10),
    "1970, and nothing since": ([0, 3, -NOW / DAY], [0, 3, 3], 10),
    "set back": ([0, 3, -500, 10], [0, 3, 3, 10], 10),
    "set back, after one review": ([0, -500, 2], [0, 0, 2], 2),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_clock_that_was_wrong_moves_no_interval(scheduler, name):
    found, counted, today = (
        [NOW + day * DAY for day in days]
        for days in (*WRONG[name][:2], [WRONG[name][2]])
    )
    card = scheduler.evaluate(LOG, [found, *today])
    waits = [
        0,
        *(later - earlier for earlier, later in itertools.pairwise(counted)),
    ]
    stability, difficulty, due, _ = reference(
        [(wait, 3) for wait in waits], options(scheduler)
    )
    assert (card["stability"], card["difficulty"]) == pytest.approx(
        (stability, difficulty)
    )
    assert (card["last"], card["due"]) == (counted[-1], counted[0] + due)


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(waits=st.lists(st.integers(0, 400 * DAY), max_size=20))
def test_a_log_in_order_is_believed(scheduler, waits):
    times = [{"time": NOW + sum(waits[:i])} for i in range(len(waits))]
    now = times[-1]["time"] if times else NOW
    assert (
        scheduler.evaluate("([log, now]) => fsrs.dated(log, now)", [times, now])
        == times
    )


def test_a_log_leads_to_a_card_and_an_empty_one_to_none(scheduler):
    assert scheduler.evaluate("fsrs.card([])") is None
    card = scheduler.evaluate(
        "now => fsrs.card([{time: now, score: 1}, {time: now + 3 * 86400000, score: 0}])",
        NOW,
    )
    expected = reference([(0, 3), (3 * DAY, 1)], options(scheduler))
    assert (
        card["stability"],
        card["difficulty"],
        card["due"] - NOW,
    ) == pytest.approx(expected[:3])
