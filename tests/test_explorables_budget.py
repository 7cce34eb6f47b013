"""Chapter 9's budget of a ranker: times by hand, package and browser, what is told."""

import pytest
from figure import as_browsers_write, turned
from test_explorables_two_gradients import same_but_for_the_last_digit

from mtl_lessons.explorables import budget as shown

BUDGET = shown.Budget()


def state(**changes):
    return BUDGET.start | changes


def test_a_time_by_hand():
    at = state(candidates=250, batch=4)
    parts = BUDGET.parts(at)
    assert parts["wait"] == 3 * shown.GAP
    assert parts["user"] == BUDGET.user[4]
    # 4 · 250 candidates in one call, as for one request of 1,000
    assert parts["rows"] == BUDGET.parts(state(candidates=1000))["rows"]
    assert BUDGET.total(at) == pytest.approx(sum(parts.values()))


def test_more_work_takes_more_time():
    """At the ends of every dial; between, small steps are within the error of a measurement."""
    low = state(candidates=125, heads=1, experts=1)
    for dial, most in (("candidates", 1000), ("heads", 16), ("experts", 16)):
        assert BUDGET.total(low | {dial: most}) > BUDGET.total(low)


def test_what_the_guess_is_told_is_so():
    base = BUDGET.total(BUDGET.start)
    times = {
        dial: BUDGET.further(BUDGET.start, dial)[1] / base
        for dial in shown.ASKED
    }
    assert max(times, key=times.get) == "experts"
    assert BUDGET.guess.options[BUDGET.guess.right].startswith("16 experts")
    assert times["experts"] > 1.25 * times["heads"]
    for dial, ratio in times.items():
        assert f"{ratio:.1f} for the {dial}" in BUDGET.guess.told


def test_a_dial_at_its_end_has_no_further_step():
    assert BUDGET.further(state(batch=8), "batch") == (None, None)
    assert BUDGET.draw(state(batch=8)).count("–") == 2


def test_the_start_in_words():
    first, takes, within, rate = BUDGET.words(BUDGET.start)
    assert (
        first == "500 candidates, heads: 4, experts: 4, requests in a call: 1"
    )
    assert f"{BUDGET.total(BUDGET.start):.1f} ms" in takes
    assert within == "That is within the budget of 20 ms."
    assert "requests a second" in rate


STATES = [
    state(),
    state(experts=16, batch=2),
    state(candidates=1000, heads=16, experts=16, batch=8),
    state(candidates=125, heads=1, experts=1),
]


def test_the_browser_draws_the_same(page):
    figure = page(shown=BUDGET, copies=1).locator("figure")
    for at, (words, drawing) in zip(
        STATES, turned(figure, BUDGET, STATES), strict=True
    ):
        expected = " ".join(BUDGET.says(at).split())
        same_but_for_the_last_digit(words, expected, 0.1)
        same_but_for_the_last_digit(
            drawing, as_browsers_write(BUDGET.draw(at)), 0.1
        )
