"""Numbers in print: a true minus, zero without a sign, and read back as written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_lessons.metrics import Interval
from mtl_lessons.numerals import brief, is_written, mended, numeral, signed

NUMBERS = st.floats(-1e6, 1e6) | st.floats(-1e-3, 1e-3)
SPECS = st.sampled_from(["", "+.3f", ".0f", "+.1%", ",.2f", ".2e", "g", ".3"])


def read(text: str) -> float:
    text = text.replace("−", "-").replace(",", "")
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


@pytest.mark.parametrize(
    ("value", "spec", "expected"),
    [
        (-0.0321, "+.3f", "−0.032"),
        (0.2031, "+.3f", "+0.203"),
        (-0.0004, "+.3f", "0.000"),
        (0.0004, "+.3f", "0.000"),
        (-0.0, "", "0.0"),
        (-0.0004, ".1%", "0.0%"),
        (-1234567, ",d", "−1,234,567"),
        (0, "+d", "0"),
        (-3e-5, ".0e", "−3e−05"),
        (-0.0001, "8.2f", "    0.00"),
        (np.float32(-0.25), ".2f", "−0.25"),
        (np.int64(-7), "", "−7"),
        (float("-inf"), ".2f", "−inf"),
        (float("nan"), "+.3f", "+nan"),
    ],
)
def test_by_hand(value, spec, expected):
    assert numeral(value, spec) == expected


@given(NUMBERS, SPECS)
def test_zero_has_no_sign_and_what_is_written_is_read_back(value, spec):
    text = numeral(value, spec)
    assert "-" not in text
    assert read(text) == pytest.approx(read(format(value, spec)), abs=0)
    assert (text[0] in "−+") <= (read(text) != 0)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_so_is_an_interval(mean, low, high):
    text = str(Interval(mean, low, high))
    numbers = text.replace("[", "").replace("]", "").replace(",", "").split()
    assert [read(number) for number in numbers] == [
        pytest.approx(round(value, 3)) for value in (mean, low, high)
    ]
    assert "-" not in text and "−0.000" not in text and "+0.000" not in text


@pytest.mark.parametrize(
    ("value", "long", "short"),
    [(0.2, "+0.200", "+.20"), (-0.03, "−0.030", "−.03"), (0, "0.000", ".00")],
)
def test_signed_and_brief(value, long, short):
    assert (signed(value), brief(value)) == (long, short)


@given(NUMBERS)
def test_a_number_that_is_text_is_known_and_mended(value):
    text = f"{value:+,.3f}"
    assert is_written(text) and mended(text) == numeral(value, "+,.3f")


@pytest.mark.parametrize("text", ["p = 1", "", "-", "2 of 3", "1.2.3", "−"])
def test_other_texts_are_no_numbers(text):
    assert not is_written(text)
