"""Numbers as the book prints them: with a true minus, and no minus before zero.

    numeral(-0.0321, "+.3f")     # −0.032, not -0.032
    numeral(-0.0004, "+.3f")     # 0.000, not -0.000: a rounded zero has no sign

Whatever is printed for a reader goes through here: intervals, tables,
takeaways, explorables. A terminal that lacks the minus gets a hyphen
(`console.py`).
"""

import re
from typing import Any

MINUS = "−"
WRITTEN = re.compile(r"[-+−]?(?:\d[\d,]*)?\.?\d+(?:e[-+]?\d+)?(?: ?%)?")


def numeral(value: Any, spec: str = "") -> str:
    """`format(value, spec)` of a number, with a true minus.

    Where all digits are zeros, there is no sign, neither minus nor plus.

    >>> numeral(-1234.5, ",.1f"), numeral(-0.0004, "+.3f"), numeral(3, "+d")
    ('−1,234.5', '0.000', '+3')
    """
    text = format(value, spec)
    digits = re.sub(r"e[-+]\d+", "", text)
    if re.search("0", digits) and not re.search("[1-9]", digits):
        text = format(abs(value * 0), re.sub("[-+]", "", spec))
    return text.replace("-", MINUS)


def signed(value: float) -> str:
    """Three decimals and a sign.

    >>> signed(0.203), signed(-0.032), signed(-0.0001)
    ('+0.203', '−0.032', '0.000')
    """
    return numeral(value, "+.3f")


def brief(value: float) -> str:
    """Two decimals and a sign, without the zero before the point, for a narrow
    cell; three where two would be zeros.

    >>> brief(0.203), brief(-0.032), brief(-1.5), brief(-0.003), brief(0)
    ('+.20', '−.03', '−1.50', '−.003', '.00')
    """
    text = numeral(value, "+.2f" if abs(value) >= 0.005 else "+.3f")
    text = "0.00" if text == "0.000" else text
    return re.sub(r"^(\D?)0(?=\.)", r"\1", text)


def is_written(text: str) -> bool:
    """Whether a text is a number and no more.

    >>> is_written("-0.032"), is_written("1,000"), is_written("12 %"), is_written("p = 1")
    (True, True, True, False)
    """
    return bool(WRITTEN.fullmatch(text.strip()))


def mended(text: str) -> str:
    """A number that is a text already, as `numeral` prints it.

    >>> mended("-0.032"), mended("-0.000"), mended("+12 %")
    ('−0.032', '0.000', '+12 %')
    """
    text = text.strip().replace("-", MINUS)
    return text if re.search("[1-9]", text) else text.lstrip(f"{MINUS}+")
