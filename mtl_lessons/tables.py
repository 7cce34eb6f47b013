"""Tables of results, in which an interval is drawn beside its numbers.

The last line of a cell::

    tables.show(
        [
            {"world": "related", "gain on ads": gain, "labels": 2000},
            {"world": "unrelated", "gain on ads": other, "labels": 30000},
        ],
        caption="Both models, five seeds.",
    )

The column that decides stands right after the rows' names. On a phone the table
scrolls in itself and the names stay in view. A terminal gets the same in lines.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from numbers import Integral, Real
from typing import Any

import numpy as np

from mtl_lessons import embed
from mtl_lessons.console import showable
from mtl_lessons.markup import tag, to_html, to_text
from mtl_lessons.metrics import Interval
from mtl_lessons.numerals import is_written, mended, numeral

SAY = embed.strings("table")
# of a drawn interval: its size, and the margin in which nothing is drawn
WIDTH, HEIGHT, MARGIN = 96, 16, 6
LONG = 24  # characters of a text that needs room
DIGITS = 3  # significant ones, of the largest number of a column
BLANK = ("", "–", "NaN")  # in a column of numbers: there is none
RANGE = 100  # in a column of one format, the largest over the smallest

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows with the same columns, to be displayed.

    >>> Table([{"task": "click", "auc": 0.75}, {"task": "ads", "auc": 0.7}])
    task    auc
    click  0.75
    ads    0.70
    """

    rows: Sequence[Row]
    caption: str | None = None
    null: Mapping[str, float] = field(default_factory=dict)

    @property
    def columns(self) -> list["Column"]:
        return [
            Column(name, [row[name] for row in self.rows], self.null.get(name))
            for name in self.rows[0]
        ]

    def _repr_html_(self) -> str:
        columns = self.columns
        head = "".join(column.head() for column in columns)
        body = "".join(
            tag("tr", *cells)
            for cells in zip(
                columns[0].names(), *(column.html() for column in columns[1:])
            )
        )
        parts = [
            tag("caption", to_html(self.caption, inline=True))
            if self.caption
            else "",
            tag("thead", tag("tr", head)),
            tag("tbody", body),
        ]
        inside = tag("div", tag("table", *parts), class_="mtl-scroll")
        box = tag("div", inside, self._key(), class_="mtl-table")
        return embed.dress(box, "table")

    def _key(self) -> str:
        """What the marks of intervals mean, if there are some."""
        drawn = [column for column in self.columns if column.has_intervals]
        if not drawn:
            return ""
        nulls = ", ".join(dict.fromkeys(column.null_text for column in drawn))
        words = [
            f"{_mark(clear)} {escape(SAY[key].format(null=nulls))}"
            for key, clear in (("excludes", True), ("includes", False))
        ]
        return tag("p", " · ".join(words), class_="mtl-key")

    def __repr__(self) -> str:
        columns = [column.lines() for column in self.columns]
        lines = [to_text(self.caption)] if self.caption else []
        lines += ["  ".join(cells).rstrip() for cells in zip(*columns)]
        return showable("\n".join(lines))


def show(
    rows: Iterable[Row],
    caption: str | None = None,
    first: str | None = None,
    null: Mapping[str, float] | None = None,
) -> None:
    """Display rows as a table.

    Args:
        rows: dicts with the same keys, which are the columns. A cell is text
            (Markdown, in one line), a number, or an `Interval`. The digits of
            numbers are those of the column; a text may have others.
        caption: Markdown, above the table.
        first: the column of the rows' names, which is kept in view; by default
            the first one.
        null: for columns of intervals, the value that means "no difference",
            if it is not 0: 1 for ratios. With another than 0, numbers have no
            plus sign.

    Raises:
        ValueError: if there is no row, or rows differ in their keys, or a
            column is named that is not there.

    >>> from mtl_lessons.metrics import Interval
    >>> gain, cost = Interval(0.2, 0.18, 0.22), Interval(-0.01, -0.03, 0.01)
    >>> show([
    ...     {"gain": gain, "world": "related", "labels": 2000},
    ...     {"gain": cost, "world": "unrelated", "labels": 30000},
    ... ], first="world")
    world      gain                     labels
    related    +0.200 [+0.180, +0.220]   2,000
    unrelated  −0.010 [−0.030, +0.010]  30,000
    """
    ordered = _ordered(list(rows), first)
    table = Table(ordered, caption, dict(null or {}))
    for name in table.null:
        column = {column.name: column for column in table.columns}.get(name)
        if column is None or not column.has_intervals:
            raise ValueError(
                f"null: expected columns of intervals, found {name!r}"
            )
    embed.display(table)


@dataclass(frozen=True)
class Column:
    """A column: its cells as text and as HTML, in one format."""

    name: str
    cells: Sequence[Any]
    null: float | None = None

    @property
    def has_intervals(self) -> bool:
        return any(isinstance(cell, Interval) for cell in self.cells)

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers, and are aligned at the right."""
        return all(
            _is_empty(cell)
            or _is_number(cell)
            or (isinstance(cell, str) and (cell in BLANK or is_written(cell)))
            for cell in self.cells
        )

    @property
    def middle(self) -> float:
        """The value that means "no difference"."""
        return self.null or 0.0

    @property
    def null_text(self) -> str:
        return numeral(self.middle, "g")

    def texts(self) -> list[str]:
        """Each cell as text; Markdown stays as it is."""
        spec = _spec([float(cell) for cell in self.cells if _is_float(cell)])
        bounds = _bounds_spec(self._bounds(), plus=not self.middle)
        return [self._text(cell, spec, bounds) for cell in self.cells]

    def _bounds(self) -> list[float]:
        """The numbers of its intervals."""
        return [
            number
            for cell in self.cells
            if isinstance(cell, Interval)
            for number in cell
            if math.isfinite(number)
        ]

    def _text(self, cell: Any, spec: str, bounds: str) -> str:
        if _is_empty(cell):
            return SAY["missing"]
        if isinstance(cell, Interval):
            return format(cell, bounds)
        if isinstance(cell, bool | np.bool_):
            return SAY["yes" if cell else "no"]
        if isinstance(cell, Integral):
            return numeral(cell, ",d")
        if _is_float(cell):
            return numeral(cell, spec or _spec([float(cell)]))
        text = " ".join(str(cell).split())
        return mended(text) if is_written(text) else text

    def lines(self) -> list[str]:
        """Head and cells as text, of one width."""
        texts = [to_text(text) for text in (self.name, *self.texts())]
        width = max(map(len, texts))
        align = str.rjust if self.is_number else str.ljust
        return [align(text, width) for text in texts]

    def head(self) -> str:
        """The cell above the column."""
        return tag(
            "th", to_html(self.name, inline=True), scope="col", **self._kind()
        )

    def names(self) -> list[str]:
        """The cells as names of their rows."""
        return [
            tag("th", to_html(text, inline=True), scope="row")
            for text in self.texts()
        ]

    def html(self) -> list[str]:
        """The cells."""
        scale = self._scale()
        return [
            tag("td", self._inside(cell, text, scale), **self._kind())
            for cell, text in zip(self.cells, self.texts())
        ]

    def _kind(self) -> dict[str, str]:
        """The class of its cells: numbers, or long texts."""
        if self.is_number:
            return {"class_": "mtl-number"}
        texts = [str(cell) for cell in self.cells if isinstance(cell, str)]
        long = max(map(len, texts), default=0) > LONG
        return {"class_": "mtl-words"} if long else {}

    def _inside(self, cell: Any, text: str, scale: tuple[float, float]) -> str:
        if not isinstance(cell, Interval):
            return to_html(text, inline=True)
        mean, ends = text.split(" ", 1)
        clear = excludes(cell, self.middle)
        mean = tag("b", mean) if clear else mean
        words = tag("span", f"{mean} {ends}")
        drawn = _drawn(cell, self.middle, scale, clear)
        return tag("div", words, drawn, class_="mtl-interval")

    def _scale(self) -> tuple[float, float]:
        """The smallest and the largest value that is drawn."""
        values = [*self._bounds(), self.middle]
        return min(values), max(values)


def excludes(interval: Interval, null: float = 0.0) -> bool:
    """Whether an interval leaves out a value.

    >>> excludes(Interval(0.2, 0.1, 0.3)), excludes(Interval(0.9, 0.8, 1.0), 1)
    (True, False)
    """
    return interval.low > null or interval.high < null


# ------------------------------------------------------------------ what is drawn


def _drawn(
    interval: Interval,
    null: float,
    scale: tuple[float, float],
    clear: bool,
) -> str:
    """The interval as a bar, its mean as a dot, and a line where nothing
    differs.
    """
    if not all(map(math.isfinite, interval)):
        return ""
    mean, low, high, zero = (_percent(x, scale) for x in (*interval, null))
    middle = HEIGHT / 2
    parts = [
        f'<path class="mtl-null" d="M{zero:.1f} 0V{HEIGHT}"/>',
        f'<path class="mtl-range" d="M{low:.1f} {middle:g}H{high:.1f}"/>',
        f'<circle cx="{mean:.1f}" cy="{middle:g}" r="3.5"/>',
    ]
    return _svg(WIDTH, clear, parts)


def _mark(clear: bool) -> str:
    """The dot alone, for the key."""
    return _svg(16, clear, ['<circle cx="8" cy="8" r="3.5"/>'])


def _svg(width: int, clear: bool, parts: Sequence[str]) -> str:
    kind = "mtl-clear" if clear else "mtl-open"
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {HEIGHT}" width="{width}" '
        f'height="{HEIGHT}" aria-hidden="true">{"".join(parts)}</svg>'
    )


def _percent(value: float, scale: tuple[float, float]) -> float:
    low, high = scale
    share = (value - low) / (high - low) if high > low else 0.5
    return MARGIN + share * (WIDTH - 2 * MARGIN)


# ------------------------------------------------------------------ rows and digits


def _ordered(rows: Sequence[Row], first: str | None) -> list[dict[str, Any]]:
    """The rows, with one column before the others."""
    if not rows or not rows[0]:
        raise ValueError("rows: expected at least one, with a cell, found none")
    columns = list(rows[0])
    for number, row in enumerate(rows, 1):
        if set(row) != set(columns):
            raise ValueError(
                f"rows: expected the columns {columns} in each, found "
                f"{list(row)} in row {number}"
            )
    if first is not None and first not in columns:
        raise ValueError(f"first: expected one of {columns}, found {first!r}")
    columns.sort(key=lambda name: name != first)
    return [{name: row[name] for name in columns} for row in rows]


def _is_number(cell: Any) -> bool:
    return isinstance(cell, Real) and not isinstance(cell, bool | np.bool_)


def _is_float(cell: Any) -> bool:
    return _is_number(cell) and not isinstance(cell, Integral)


def _is_empty(cell: Any) -> bool:
    return cell is None or (_is_float(cell) and math.isnan(float(cell)))


def _spec(numbers: Sequence[float]) -> str:
    """A format for all floats of a column; none if their sizes differ too much.

    No more decimals than they have.

    >>> _spec([0.7312, 0.912]), _spec([0.0, 0.5, 1.0]), _spec([1e-5, 20.5])
    (',.3f', ',.1f', '')
    """
    sizes = [abs(x) for x in numbers if math.isfinite(x) and x]
    if not sizes:
        return ",.0f"
    decimals = min(
        _decimals(max(sizes)), max(_decimals_of(size) for size in sizes)
    )
    alike = len(sizes) == 1 or max(sizes) <= RANGE * min(sizes)
    return f",.{decimals}f" if alike else ""


def _bounds_spec(numbers: Sequence[float], plus: bool) -> str:
    """A format for the intervals of a column: three decimals, where that fits.

    >>> _bounds_spec([0.2, -0.1], plus=True), _bounds_spec([0.0041], plus=True)
    ('+,.3f', '+,.5f')
    """
    largest = max(map(abs, numbers), default=0)
    usual = 0.01 <= largest < 10 or not largest
    return f"{'+' * plus},.{3 if usual else _decimals(largest)}f"


def _decimals(largest: float) -> int:
    """How many decimals show the significant digits of a number."""
    return max(0, DIGITS - 1 - math.floor(math.log10(largest)))


def _decimals_of(number: float) -> int:
    """How many decimals a number has."""
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return max(0, -int(exponent))
