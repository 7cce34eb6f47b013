"""Chapter 7's figure: groupings, gains by hand, the same in package and browser, what is told."""

from html import unescape

import numpy as np
import pytest
from figure import as_browsers_write, turned

from mtl_lessons import choosing_tasks as choosing
from mtl_lessons.choosing_tasks import judge
from mtl_lessons.explorables import groups as shown
from mtl_lessons.metrics import interval

GROUPS = shown.Groups()
WORLD = judge.read("orthogonal")


def state(**changes):
    return GROUPS.start | changes


def at(*groups):
    return shown.GROUPINGS.index(groups)


def test_there_is_every_grouping_of_up_to_three_networks_once():
    assert len(shown.GROUPINGS) == len(set(shown.GROUPINGS)) == 1 + 31 + 90


def test_a_task_moves_where_it_is_sent():
    one = at((0, 1, 2), (3, 4, 5))
    turned_ = shown.GROUPINGS[shown.moved(shown.GROUPINGS[one], 2, 1)]
    assert turned_ == ((0, 1), (2, 3, 4, 5))
    alone = shown.GROUPINGS[shown.moved(shown.GROUPINGS[one], 2, 2)]
    assert alone == ((0, 1), (2,), (3, 4, 5))
    # networks are numbered by their first tasks: one that is left empty goes
    back = shown.moved(((0, 1), (2,), (3, 4, 5)), 2, 0)
    assert shown.GROUPINGS[back] == ((0, 1, 2), (3, 4, 5))


def test_every_turn_leads_to_a_grouping_in_which_the_task_has_moved():
    for grouping in shown.GROUPINGS:
        now = shown.networks(grouping)
        for task, places in enumerate(shown._turns(grouping)):
            for network, place in enumerate(places):
                after = shown.networks(shown.GROUPINGS[place])
                others = [t for t in range(6) if t != task]
                # the others stay with whom they were
                for i in others:
                    for j in others:
                        assert (now[i] == now[j]) == (after[i] == after[j])
                if network == now[task]:
                    assert after == now


@pytest.mark.parametrize(
    "grouping", [((0, 1, 2), (3, 4, 5)), ((0,), (1, 2, 3, 4, 5))]
)
def test_values_are_those_of_the_package(grouping):
    measured = GROUPS.measured["orthogonal"]
    value = interval(choosing.value(WORLD.excess, grouping))
    np.testing.assert_allclose(
        measured.values[shown.GROUPINGS.index(grouping)], value, atol=1e-4
    )
    pair = choosing.gain(WORLD.excess, grouping[1])
    found = measured.gain(grouping, grouping[1][0])
    assert found.mean == pytest.approx(pair[:, 0].mean(), abs=1e-4)


@pytest.mark.parametrize("name", shown.SIGNALS)
def test_a_signals_choice_is_that_of_the_package(name):
    signal = WORLD.signals[name].mean(0)
    for count in (2, 3):
        place = GROUPS.measured["orthogonal"].choice(name, count)
        best = choosing.choose(signal, choosing.partitions(range(6), count))
        assert choosing.promise(
            signal, shown.GROUPINGS[place]
        ) == pytest.approx(choosing.promise(signal, best), abs=1e-8)


def test_what_the_guess_is_told_is_so():
    guess = GROUPS.guess
    means = []
    for option in guess.options:
        groups = tuple(
            tuple(choosing.TASKS.index(task) for task in group.split(" + "))
            for group in option.split(" | ")
        )
        means.append(choosing.value(WORLD.excess, groups).mean())
    assert guess.right == int(np.argmax(means))
    # by a distance that no seed turns round
    assert max(means) > sorted(means)[-2] + 0.15
    assert f"{max(means):.2f}" in guess.told
    assert guess.at["grouping"] == shown.GROUPINGS.index(((0, 1, 2), (3, 4, 5)))


def test_the_start_is_the_interesting_state_in_words():
    first, gain, choice = GROUPS.words(GROUPS.start)
    assert first.startswith("orthogonal world, ")
    assert "of 31" in gain and "place 1;" in choice


STATES = [
    state(),
    state(grouping=0),
    state(world="friendly", signal="CKA", grouping=77),
    state(signal="label counts", grouping=121),
    state(world="friendly", signal="gradient cosine", grouping=14),
]


def test_the_browser_shows_the_same(page):
    figure = page(shown=GROUPS, copies=1).locator("figure")
    for one, (words, drawing) in zip(
        STATES, turned(figure, GROUPS, STATES), strict=True
    ):
        assert words == unescape(" ".join(GROUPS.says(one).split()))
        assert drawing == as_browsers_write(GROUPS.draw(one))


def test_a_click_moves_a_task(page):
    figure = page(shown=GROUPS, copies=1).locator("figure")
    dial = figure.get_by_label("Grouping")
    before = dial.get_attribute("aria-valuetext")
    figure.locator("[data-turn]").first.click()
    after = dial.get_attribute("aria-valuetext")
    assert after != before
    assert figure.locator(".mtl-panel p").inner_text().count("place") == 2
