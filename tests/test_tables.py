"""Tables: cells by hand, one scale for a column, HTML that is well formed, lines of text."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_lessons import embed, tables
from mtl_lessons.metrics import Interval

CLEAR, OPEN = Interval(0.2, 0.1, 0.3), Interval(-0.0002, -0.1, 0.1)
ROWS = [
    {"gain": CLEAR, "world": "*related*", "labels": 2000},
    {"gain": OPEN, "world": "other <b>", "labels": 30000},
]
NUMBERS = st.floats(-1e4, 1e4) | st.floats(-1e-3, 1e-3)


def table(rows, first=None, caption=None, null=None):
    ordered = tables._ordered(rows, first)
    return tables.Table(ordered, caption, null or {})


def parsed(shown) -> ElementTree.Element:
    return ElementTree.fromstring(embed.strip(shown._repr_html_()))


def column(*cells) -> list[str]:
    return tables.Column("x", cells).texts()


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ([0.7312, np.float32(0.9), -0.0001], ["0.731", "0.900", "−0.0001"]),
        ([0.7312, 0.91245, 0.1], ["0.731", "0.912", "0.100"]),
        ([0.0, 0.5, 1.0], ["0.0", "0.5", "1.0"]),
        ([12.345, 1.2], ["12.3", "1.2"]),
        ([1234.56, -120.7], ["1,235", "−121"]),
        ([0.0694, 0.0123456], ["0.0694", "0.0123"]),
        ([20.5, 1e-05], ["20.5", "0.00001"]),
        ([0.0, -0.0], ["0", "0"]),
        ([2000, np.int64(-30000)], ["2,000", "−30,000"]),
        ([True, np.bool_(False), None, float("nan")], ["yes", "no", "–", "–"]),
        (["-0.02", "-0.000", "p = -1"], ["−0.02", "0.000", "p = -1"]),
        ([CLEAR, OPEN], [str(CLEAR), "0.000 [−0.100, +0.100]"]),
        ([Interval(25.0, 20.0, 30.12)], ["+25.0 [+20.0, +30.1]"]),
        ([Interval(0.002, -0.001, 0.004)], ["+0.00200 [−0.00100, +0.00400]"]),
        ([float("inf"), 1.5], ["inf", "1.5"]),
    ],
)
def test_cells_by_hand(cells, texts):
    assert column(*cells) == texts


def test_a_terminal_gets_aligned_lines():
    assert repr(table(ROWS, "world", "Gains of `ads`")).splitlines() == [
        "Gains of ads",
        "world      gain                     labels",
        "related    +0.200 [+0.100, +0.300]   2,000",
        "other <b>  0.000 [−0.100, +0.100]   30,000",
    ]


def test_show_displays_it_with_its_first_column(displayed):
    assert tables.show(iter(ROWS), first="world") is None
    assert repr(displayed[0]).startswith("world")
    assert tables.show(ROWS, first=None) is None
    assert repr(displayed[1]).startswith("gain")


def test_html_has_a_caption_heads_and_names_of_rows():
    box = parsed(table(ROWS, "world", "**Both** models"))
    assert box.get("class") == "mtl-table"
    assert box.find(".//caption/strong").text == "Both"
    heads = [cell.text for cell in box.iterfind(".//thead//th[@scope='col']")]
    assert heads == ["world", "gain", "labels"]
    names = box.findall(".//tbody//th[@scope='row']")
    assert ["".join(name.itertext()) for name in names] == [
        "related",
        "other <b>",
    ]
    numbers = box.findall(".//tbody//td[@class='mtl-number']")
    assert [cell.text for cell in numbers] == ["2,000", "30,000"]
    assert not re.search(r"\sstyle=|fill=|stroke=", embed.strip(html(ROWS)))
    assert ".mtl-table" in html(ROWS)


def html(rows) -> str:
    return table(rows)._repr_html_()


def test_an_interval_is_drawn_on_the_scale_of_its_column():
    """From -0.1 to 0.3 on 84 units from 6: 0 is at 27, 0.2 at 69."""
    box = parsed(table(ROWS, "world"))
    first, second = box.findall(".//td/div[@class='mtl-interval']")
    assert first.find("span/b").text == "+0.200"
    assert second.find("span/b") is None
    clear, unclear = first.find("svg"), second.find("svg")
    kinds = [drawn.get("class") for drawn in (clear, unclear)]
    assert kinds == ["mtl-clear", "mtl-open"]
    assert clear.find("circle").get("cx") == "69.0"
    paths = [path.get("d") for path in clear.iterfind("path")]
    assert paths == ["M27.0 0V16", "M48.0 8H90.0"]
    assert unclear.findall("path")[1].get("d") == "M6.0 8H48.0"
    assert {drawn.get("aria-hidden") for drawn in (clear, unclear)} == {"true"}


def test_marks_are_explained_where_there_are_intervals():
    key = parsed(table(ROWS)).find("p[@class='mtl-key']")
    assert "leaves out 0" in "".join(key.itertext())
    assert parsed(table([{"a": 1}])).find("p") is None


def test_ratios_have_another_line_and_no_plus():
    rows = [
        {"net": "a", "ratio": Interval(0.9, 0.8, 0.95)},
        {"net": "b", "ratio": Interval(1.2, 0.9, 1.3)},
    ]
    shown = table(rows, null={"ratio": 1})
    assert "0.900 [0.800, 0.950]" in repr(shown)
    kinds = [x.get("class") for x in parsed(shown).iterfind(".//td//svg")]
    assert kinds == ["mtl-clear", "mtl-open"]
    assert "leaves out 1" in shown._repr_html_()


def test_an_interval_without_end_is_text_alone():
    shown = table([{"m": "a", "x": Interval(0.1, -float("inf"), 1.0)}])
    assert "[−inf, +1.000]" in repr(shown)
    assert parsed(shown).find(".//td//svg") is None


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=4))
def test_whatever_is_in_it_is_well_formed_and_within_its_drawing(triples):
    triples = [sorted(triple) for triple in triples]
    rows = [
        {"row": i, "x": Interval(middle, low, high), "y": low}
        for i, (low, middle, high) in enumerate(triples)
    ]
    box = parsed(table(rows))
    places = [float(dot.get("cx")) for dot in box.iterfind(".//td//circle")]
    assert all(6 <= x <= 90 for x in places) and len(places) == len(rows)
    text = "".join(box.itertext())
    assert not re.search(r"-\d|[−+]0?\.?0+(?![\d.,])", text)


@given(st.lists(NUMBERS, min_size=1))
def test_a_number_keeps_its_first_digits(numbers):
    for number, text in zip(numbers, column(*numbers)):
        read = float(text.replace("−", "-").replace(",", ""))
        largest = max(map(abs, numbers))
        assert read == pytest.approx(number, rel=0.006, abs=0.006 * largest)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([], {}, "rows: expected at least one"),
        ([{}], {}, "rows: expected at least one"),
        ([{"a": 1}, {"b": 1}], {}, "found ['b'] in row 2"),
        ([{"a": 1}], {"first": "b"}, "first: expected one of ['a'], found 'b'"),
        ([{"a": 1}], {"null": {"a": 1}}, "null: expected columns of intervals"),
    ],
)
def test_what_does_not_fit_is_refused(rows, options, message, displayed):
    with pytest.raises(ValueError, match=re.escape(message)):
        tables.show(rows, **options)
    assert displayed == []
