"""Takeaways: what is claimed is asserted, numbers are those of the run, in print and in HTML."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_lessons import embed, takeaway
from mtl_lessons.markup import to_text
from mtl_lessons.metrics import Interval

ADS = Interval(0.2031, 0.1866, 0.2194)


def test_a_conclusion_that_holds_is_displayed(displayed):
    text = "**Ads gain {ads}** with {rows:,} labels; items {item:+.3f}."
    shown = takeaway.show(
        text, holds=[ADS.low > 0.15, True], ads=ADS, rows=2000, item=-0.0001
    )
    assert shown is None
    assert repr(displayed[0]) == (
        "Takeaway: Ads gain +0.203 [+0.187, +0.219] with 2,000 labels; "
        "items 0.000."
    )


@pytest.mark.parametrize(
    "holds", [[False], [True, np.bool_(False)], (np.float32(1) < 0,)]
)
def test_one_that_does_not_hold_raises_and_names_the_text(displayed, holds):
    with pytest.raises(AssertionError, match=r"false: Ads gain −0\.256 \[−"):
        takeaway.show(
            "**Ads** gain {x}.", holds, x=Interval(-0.256, -0.3, -0.1)
        )
    assert displayed == []


@pytest.mark.parametrize(
    ("holds", "found"),
    [
        ([], "none"),
        (True, "True"),
        (np.True_, "True"),
        ([0.3], "0.3 as number 1"),
        ([True, None], "None as number 2"),
        ([np.array([True, False])], "[True, False] as number 1"),
    ],
)
def test_what_is_no_condition_is_refused(displayed, holds, found):
    with pytest.raises(ValueError, match=r"holds: expected") as error:
        takeaway.show("All is well.", holds)
    assert str(error.value).endswith(f"found {found}") and not displayed


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("A gain of {gain}.", {}),
        ("A gain of {gain.middle}.", {"gain": ADS}),
        ("A gain of {}.", {"gain": ADS}),
        ("A gain.", {"gain": ADS}),
        ("A gain of {gain}.", {"gain": 0.2031123456}),
        ("A gain of {gain:.3q}.", {"gain": 0.2}),
        ("$\\frac{a}{b}$", {"a": 1}),
        ("$\\nothing$", {}),
    ],
)
def test_text_and_numbers_fit(displayed, text, numbers):
    with pytest.raises(ValueError, match="expected|format code"):
        takeaway.show(text, [True], **numbers)
    assert displayed == []


def test_attributes_formats_and_braces():
    said = takeaway.say(
        "{gain.low:.2f} {name} {p} $\\frac{{1}}{{2}}$ {yes}",
        gain=Interval(-0.1, -0.204, 0.1),
        name="CGC",
        p=0.5,
        yes=np.True_,
    )
    assert said == "−0.20 CGC 0.5 $\\frac{1}{2}$ True"


@given(st.floats(-1, 1), st.sampled_from(["+.3f", ".1%", ".2f"]))
def test_never_minus_zero_and_never_a_hyphen(value, spec):
    said = takeaway.say("{x:" + spec + "}", x=value)
    assert "-" not in said and not re.match(r"[−+]0?[.0]*%?$", said)


def test_html_is_a_box_with_markdown_and_its_own_style():
    html = takeaway.Takeaway("**Ads** & <b> $x^2$\n\n- one")._repr_html_()
    box = ElementTree.fromstring(embed.strip(html))
    assert (box.tag, box.get("class")) == ("aside", "mtl-takeaway")
    assert box[0].text == "Takeaway" and box.find("p/strong").text == "Ads"
    assert box.find(".//math") is not None and box.find("ul/li").text == "one"
    assert "&lt;b&gt;" in html and ".mtl-takeaway" in html
    assert " style=" not in html


def test_an_interval_stays_in_one_line():
    html = takeaway.Takeaway(f"A gain of {ADS}, [1, 2].")._repr_html_()
    assert "+0.203 [+0.187,\N{NO-BREAK SPACE}+0.219]" in html


def test_plain_text_has_no_marks():
    text = "**Ads** *gain* `x`\nhere, $x^2$.\n\n- one\n- two\n\n2. three"
    assert to_text(text) == "Ads gain x here, $x^2$.\n- one\n- two\n2. three"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_terminal_without_ipython_gets_text(encoding):
    code = (
        "import sys; sys.modules['IPython'] = sys.modules['IPython.display'] = None\n"
        "from mtl_lessons import takeaway\n"
        "takeaway.show('Ads gain {x:+.2f}.', [True], x=-0.5)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": encoding, "PYTHONPATH": ":".join(sys.path)},
    )
    minus = {"utf-8": "−", "ascii": "-"}[encoding]
    assert done.stdout.decode(encoding) == f"Takeaway: Ads gain {minus}0.50.\n"
