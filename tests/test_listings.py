"""Listings: the source as it is, without the indentation of a method, in Markdown and as text."""

import functools
import inspect

import pytest

from mtl_lessons import listings, metrics


def test_functions_and_classes_one_after_the_other(displayed):
    assert listings.show(metrics.interval, metrics.Interval) is None
    text = repr(displayed[0])
    function, kind = map(
        inspect.getsource, (metrics.interval, metrics.Interval)
    )
    assert text == f"{function.strip()}\n\n\n{kind.strip()}"
    assert displayed[0]._repr_markdown_() == f"```python\n{text}\n```"


def test_a_method_loses_its_indentation_and_keeps_its_docstring():
    source = listings.source(listings.Listing._repr_markdown_)
    assert source.splitlines() == [
        "def _repr_markdown_(self) -> str:",
        '    fence = "````" if "```" in self.source else "```"',
        '    return f"{fence}python\\n{self.source}\\n{fence}"',
    ]
    assert '"""' in listings.source(listings.show)


def test_what_is_wrapped_is_shown():
    @functools.cache
    def double(x):
        return 2 * x

    assert "return 2 * x" in listings.source(double)


@pytest.mark.parametrize("objects", [(), (3,), (len,), ("text",)])
def test_what_has_no_source_is_refused(displayed, objects):
    with pytest.raises(ValueError, match="objects: expected .*found"):
        listings.show(*objects)
    assert displayed == []
