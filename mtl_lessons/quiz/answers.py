"""Reading what somebody typed, and judging it, as the script of a page does
(`web/answers.js`).

    readings("1,234", percent=False)      # [1.234, 1234.0]: both are written so
    near([1.234, 1234.0], 1234, 0.5)      # True

A table of cases, `tests/readings.json`, holds both languages to the same
readings.
"""

import math
import re
from collections.abc import Iterable

from mtl_lessons import embed

SAY = embed.strings("terminal")

# ---- characters ----
SPACES = re.compile(
    "[\t\n\r \u00a0\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]"
)
# of East Asian keyboards: "５％"
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
TIMES = dict.fromkeys(map(ord, "×✕·⋅*"), "x")
SLASHES = dict.fromkeys(map(ord, "\u2044\u2215"), "/")
APOSTROPHES = dict.fromkeys(map(ord, "’_"), "'")
FRACTION_SIGNS = {
    "½": "1/2",
    "⅓": "1/3",
    "⅔": "2/3",
    "¼": "1/4",
    "¾": "3/4",
    "⅕": "1/5",
    "⅙": "1/6",
    "⅛": "1/8",
    "⅒": "1/10",
}
FRACTIONS = {
    ord(sign): f" {fraction}" for sign, fraction in FRACTION_SIGNS.items()
}
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")

# ---- numbers ----
# "1 1/2"
MIXED = re.compile(rf"[0-9]{SPACES.pattern}+[0-9]+{SPACES.pattern}*/")
PERCENT = re.compile(r"(.*?)(%|percent)?")
FRACTION = re.compile(r"([-+]?[0-9]+)/([0-9]+)")
POWER = r"(?:10(?:\^|xx)[({]?([-+]?[0-9]+)[)}]?)"
SCALED = re.compile(rf"([-+]?)([0-9.,']+)(?:e([-+]?[0-9]+)|x{POWER})?")
POWER_ALONE = re.compile(rf"([-+]?){POWER}")
DECIMAL = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
GROUPED = (  # by thousands, each with the mark of its groups
    (re.compile(r"[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?"), ","),
    (
        re.compile(
            r"[1-9][0-9]{0,2}(\.[0-9]{3})+,[0-9]+|[1-9][0-9]{0,2}(\.[0-9]{3}){2,}"
        ),
        ".",
    ),
    (re.compile(r"[1-9][0-9]{0,2}('[0-9]{3})+([.,][0-9]+)?"), "'"),
)


def readings(text: str, percent: bool) -> list[float]:
    """The numbers that `text` may mean.

    None if it cannot be read, two where a comma may be either mark. Read are
    decimal points and commas, thousands ("49,152", "49 152", "49'152",
    "4.915.200"), powers ("5e-2", "5×10⁻²", "10^3"), fractions ("3/4", "½"),
    percent signs, and minus signs and digits of any keyboard.

    Args:
        text: what was typed.
        percent: whether it is asked for in percent, so that "5 %" is 5;
            elsewhere it is 0.05.
    """
    text = simple(text)
    if MIXED.search(text):
        return []  # without its space it would be another number
    parts = PERCENT.fullmatch(SPACES.sub("", text))
    assert parts, "both parts of the pattern may be empty"
    body, sign = parts.groups()
    unit = 0.01 if sign and not percent else 1
    found = [value * unit for value in amounts(body)]
    return [value for value in dict.fromkeys(found) if math.isfinite(value)]


def simple(text: str) -> str:
    """`text` in small letters, with one character for all minus signs, and so
    on.
    """
    text = text.translate(FULL_WIDTH)
    text = re.sub(
        "[⁰¹²³⁴-⁹⁺⁻]+", lambda power: f"^{power[0].translate(RAISED)}", text
    )
    return text.translate(
        DASHES | TIMES | SLASHES | APOSTROPHES | FRACTIONS
    ).lower()


def amounts(body: str) -> list[float]:
    """The numbers that `body`, without spaces or a percent sign, may be."""
    if fraction := FRACTION.fullmatch(body):
        above, below = map(float, fraction.groups())
        return [above / below] if below else []
    if power := POWER_ALONE.fullmatch(body):
        sign, exponent = power.groups()
        return [float(f"{sign}1e{exponent}")]
    if not (scaled := SCALED.fullmatch(body)):
        return []
    sign, digits, exponent, power = scaled.groups()
    return [
        float(f"{sign}{form}e{exponent or power or 0}")
        for form in decimals(digits)
    ]


def decimals(digits: str) -> list[str]:
    """What `digits` may be, with a decimal point: first as a fraction, then by
    thousands.
    """
    forms = [digits.replace(",", ".", 1)]
    forms += [
        digits.replace(mark, "").replace(",", ".")
        for pattern, mark in GROUPED
        if pattern.fullmatch(digits)
    ]
    return [form for form in forms if DECIMAL.fullmatch(form)]


def near(found: Iterable[float], value: float, tolerance: float) -> bool:
    """Whether one of the readings is within `tolerance` of `value`, its edge
    included.
    """
    return any(
        abs(reading - value) <= tolerance * (1 + 1e-9) for reading in found
    )


# ---- what is typed in a terminal ----


def number(text: str, percent: bool) -> list[float]:
    """The numbers that `text` may mean, as by `readings`.

    Raises:
        ValueError: none.
    """
    if found := readings(text, percent):
        return found
    raise ValueError(SAY["expected-number"])


def places(text: str, most: int, exactly: int | None = None) -> list[int]:
    """Numbers from 1 to `most`, all different, as in "1, 3 4".

    Raises:
        ValueError: something else was typed, or not as many as `exactly` says.
    """
    parts = re.split(r"[,\s]+", text.strip())
    found = [int(part) for part in parts if part.isdecimal()]
    fits = len(found) == len(parts) == len(set(found)) and set(found) <= set(
        range(1, most + 1)
    )
    if not fits or (exactly and len(found) != exactly):
        raise ValueError(
            SAY["expected-numbers"].format(
                count=exactly or SAY["some"], most=most
            )
        )
    return found
