"""What a section found, in a box: asserted first, then said.

The last line of a cell::

    takeaway.show(
        "**Ads gain {ads}** with 2,000 labels; items do not move.",
        holds=[ads.low > 0.15, abs(items.mean) < 0.02],
        ads=ads,
    )

The conclusion is Markdown, its numbers are those of the run, and it is shown
only if all that it claims holds. A reader of the page sees a box, a terminal
gets `Takeaway: …`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Number
from string import Formatter
from typing import Any

import numpy as np

from mtl_lessons import embed
from mtl_lessons.console import showable
from mtl_lessons.markup import check_formulas, tag, to_html, to_text
from mtl_lessons.numerals import numeral

LONG_NUMBER = 9  # characters of a number that is printed as it is
ENDS = re.compile(r"\[([−+]?[\d.,%]+), ([−+]?[\d.,%]+)\]")
LABEL = embed.strings("takeaway")["label"]


@dataclass(frozen=True)
class Takeaway:
    """A conclusion in Markdown, to be displayed.

    >>> Takeaway("**Sharing helps** while labels are few.")
    Takeaway: Sharing helps while labels are few.
    """

    text: str

    def _repr_html_(self) -> str:
        word = tag("p", LABEL, class_="mtl-label")
        # the two ends of an interval stay in one line
        text = ENDS.sub("[\\1,\N{NO-BREAK SPACE}\\2]", self.text)
        box = tag("aside", word, to_html(text), class_="mtl-takeaway")
        return embed.dress(box, "takeaway")

    def __repr__(self) -> str:
        return showable(f"{LABEL}: {to_text(self.text)}")


def show(text: str, holds: Iterable[Any], **numbers: Any) -> None:
    """Display a conclusion, after asserting that it holds.

    Args:
        text: Markdown, with the names of `numbers` in braces. A format may
            follow: `{auc:.3f}`, `{rows:,}`. A literal brace, as in a formula,
            is doubled.
        holds: what the text claims, each a condition that was computed; at
            least one.
        numbers: an `Interval` prints as `+0.203 [+0.187, +0.219]`, others by
            their format; minus signs are true ones, a rounded zero has none.

    Raises:
        AssertionError: if a condition is false; names the text.
        ValueError: if there is no condition, or one is no yes or no, if text
            and numbers do not fit, or if a formula cannot be shown.

    >>> show("A gain of {gain:+.2f}.", holds=[0.203 > 0.1], gain=0.203)
    Takeaway: A gain of +0.20.
    >>> show("A gain of {gain:+.2f}.", holds=[-0.5 > 0.1], gain=-0.5)
    Traceback (most recent call last):
        ...
    AssertionError: takeaway: expected all to hold, found number 1 of 1 false: A gain of −0.50.
    """
    said = say(text, **numbers)
    _check(said, holds)
    embed.display(Takeaway(said))


def say(text: str, /, **numbers: Any) -> str:
    """The text with its numbers in their places.

    >>> say("from {low:.2f} to {high:.2f}", low=-0.5, high=-0.001)
    'from −0.50 to 0.00'
    """
    try:
        names = [name for _, name, _, _ in Formatter().parse(text)]
        said = Numbers().vformat(text, (), numbers)
    except (LookupError, AttributeError, TypeError) as error:
        found = str(error) or type(error).__name__
        raise ValueError(
            f"text: expected names of {', '.join(numbers) or 'no numbers'} in "
            f"braces, and a literal brace doubled, found {found}"
        ) from None
    used = {re.split(r"[.[]", name)[0] for name in names if name}
    if unused := sorted(numbers.keys() - used):
        raise ValueError(
            f"numbers: expected those of the text, found also {unused}"
        )
    check_formulas(said)
    return said


class Numbers(Formatter):
    """`str.format`, but numbers as the book prints them."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """A float needs a format, unless it is short."""
        if isinstance(value, bool | np.bool_) or not isinstance(value, Number):
            return format(value, format_spec)
        if not format_spec and len(f"{value}") > LONG_NUMBER:
            raise ValueError(
                "text: expected a format such as {name:.3f} for a float, "
                f"found none for {value}"
            )
        return numeral(value, format_spec)


def _check(said: str, holds: Iterable[Any]) -> None:
    """Raise unless all conditions are true, and there is one."""
    if isinstance(holds, bool | np.bool_) or not isinstance(holds, Iterable):
        raise ValueError(f"holds: expected a list of conditions, found {holds}")
    conditions = [np.asarray(condition) for condition in holds]
    if not conditions:
        raise ValueError("holds: expected at least one condition, found none")
    for number, condition in enumerate(conditions, 1):
        if condition.dtype != bool or condition.shape:
            raise ValueError(
                "holds: expected True or False for each, found "
                f"{condition.tolist()!r} as number {number}"
            )
        if not condition:
            raise AssertionError(
                "takeaway: expected all to hold, found number "
                f"{number} of {len(conditions)} false: {to_text(said)}"
            )
