"""YAML against a shape: every kind of mismatch, on its line, and files that are no YAML."""

import re

import pytest
import yaml

from mtl_lessons import shapes

FILE = """name: a
sizes:
- 1
- 2
notes: {3: three}
flag: true
"""
SHAPE = {
    "name": re.compile("[a-z]+"),
    "sizes": [float],
    "notes": {int: str},
    "flag": bool,
    "level?": {"high", "low"},
    "more?": dict,
    "texts?": {str: str},
}


def found(text: str) -> list[tuple[int, str]]:
    return list(shapes.mismatches(yaml.compose(text, yaml.SafeLoader), SHAPE))


def test_what_fits_has_no_mismatch():
    assert found(FILE) == []
    assert (
        found(FILE + "level: low\nmore: {a: [1], 2: b}\ntexts: {a: b}\n") == []
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("name: a\n", "", 1, "expected the key name, found none"),
        (
            "name: a",
            "name: A",
            1,
            "name: expected text like [a-z]+, found str 'A'",
        ),
        (
            "name: a",
            "name: [a]",
            1,
            "name: expected one value, found something else",
        ),
        ("- 2", "- two", 4, "sizes: expected float, found str 'two'"),
        (
            "- 1\n- 2",
            "  1",
            3,
            "sizes: expected a list with at least one entry, found int '1'",
        ),
        (
            "\n- 1\n- 2",
            " []",
            2,
            "sizes: expected a list with at least one entry, found something else",
        ),
        ("{3: ", "{c: ", 5, "notes: expected int, found str 'c'"),
        ("{3: three}", "{3: 3}", 5, "notes: expected str, found int '3'"),
        (
            "{3: three}",
            "none",
            5,
            "notes: expected keys and values, found str 'none'",
        ),
        ("true", "1", 6, "flag: expected bool, found int '1'"),
        (
            "flag: true",
            "flag: true\nlevel: mid",
            7,
            "level: expected one of high, low, found str 'mid'",
        ),
        (
            "flag: true",
            "flag: true\nflag: true",
            7,
            "expected the key flag once, found it 2 times",
        ),
        ("flag: true", "flag: true\nflags: 1", 7, "found flags"),
        (
            "flag: true",
            "flag: true\nmore: 1",
            7,
            "more: expected keys and values, found int '1'",
        ),
        (
            "flag: true",
            "flag: true\ntexts: {a: ' '}",
            7,
            "texts: expected str, found str ' '",
        ),
    ],
)
def test_a_mismatch_has_its_line(old, new, line, reason):
    assert old in FILE
    assert any(
        at == line and said.endswith(reason)
        for at, said in found(FILE.replace(old, new, 1))
    )


def test_an_empty_file_is_a_mismatch_on_its_first_line():
    assert found("") == [(1, "expected keys and values, found something else")]


def test_read_gives_nodes_and_data_and_says_where_yaml_breaks(tmp_path):
    path = tmp_path / "some.yml"
    path.write_text(FILE, encoding="utf-8")
    root, data = shapes.parsed(path)
    assert data["sizes"] == [1, 2]
    assert shapes.line_of(shapes.inside(root, "sizes", 1)) == 4
    assert shapes.inside(root, "notes", 3).value == "three"
    path.write_text("a: 1\nb: [1\n", encoding="utf-8")
    with pytest.raises(
        ValueError, match="some.yml:3: expected YAML: .*expected .,. or"
    ):
        shapes.parsed(path)
