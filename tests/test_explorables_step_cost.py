"""Chapter 9's figure: it says and draws what was measured, in every position."""

import re

import pytest
from figure import Tags

from mtl_lessons import stored
from mtl_lessons.explorables import points
from mtl_lessons.explorables.step_cost import (
    ENDS,
    LEFT,
    OPTIMIZERS,
    RIGHT,
    StepCost,
    _x,
)

CELLS = stored.read("scale_steps")["cells"]
FIGURE = StepCost()
POINTS = points(FIGURE.axes)


def test_there_is_a_measurement_for_every_bar_and_no_other():
    assert len(POINTS) * len(OPTIMIZERS) == len(CELLS) == 90
    assert {cell["optimizer"] for cell in CELLS} == set(OPTIMIZERS)
    for point in POINTS:
        assert all(FIGURE.ms(point, name) > 0 for name in OPTIMIZERS)


def test_the_recipe_measures_these_points():
    from mtl_lessons.scale import steps

    rows, batch, table = (axis.values for axis in FIGURE.axes)
    assert (rows, batch) == (steps.SIZES, steps.BATCHES)
    assert table == tuple(steps.TABLES)
    assert tuple(steps.OPTIMIZERS) == OPTIMIZERS
    assert f"median of {steps.TIMED}" in FIGURE.caption
    assert f"rows × {steps.WIDTH} numbers" in FIGURE.caption


def test_what_the_guess_is_told_is_so():
    guess, start = FIGURE.guess, FIGURE.start
    rows = {**start, "table": "RowEmbedding"}
    assert guess.right == 2 and guess.at == rows
    few = FIGURE.ms({**rows, "rows": 10_000}, "LazyAdam")
    assert FIGURE.ms(rows, "LazyAdam") < 3 * few
    for change in ((start, "LazyAdam"), (rows, "Adam")):
        assert FIGURE.ms(*change) > 5 * few
    for ms in (FIGURE.ms(start, "Adam"), FIGURE.ms(rows, "Adam")):
        assert f"{ms:.0f} ms" in guess.told


def test_the_words_are_those_of_the_measurements():
    named, listed, times = FIGURE.words(FIGURE.start)
    assert named == (
        "Rows of the table 1,000,000, Rows of the batch 512, Layer Embedding"
    )
    assert f"Adam {FIGURE.ms(FIGURE.start, 'Adam'):.0f} ms" in listed
    few = {**FIGURE.start, "rows": 10_000}
    ratio = FIGURE.ms(FIGURE.start, "Adam") / FIGURE.ms(few, "Adam")
    assert f"{ratio:.1f} times the step at 10,000 rows for Adam" in times
    assert len(FIGURE.words(few)) == 2


def test_every_bar_is_as_long_as_it_says_and_inside_its_frame():
    for point in POINTS:
        svg = FIGURE.draw(point)
        Tags(svg)
        ends = dict(re.findall(r"data-key='(\w+)' d='M\d+ \d+H(\d+)'", svg))
        assert list(ends) == list(OPTIMIZERS)
        for name, end in ends.items():
            ms = FIGURE.ms(point, name)
            assert ENDS[0] <= ms <= ENDS[1]
            assert LEFT < int(end) == _x(ms) <= RIGHT


def test_the_axis_is_logarithmic():
    assert (_x(ENDS[0]), _x(ENDS[1])) == (LEFT, RIGHT)
    assert _x(10) - _x(1) == pytest.approx(_x(100) - _x(10), abs=1)
