"""Markdown and TeX to HTML: what is a formula, what is money, and what must stay text."""

from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_lessons.markup import math, to_html, to_text

FORMULAS = [
    r"L = \sum_{t=1}^{T} w_t L_t",
    r"\Delta_m = \frac{1}{T} \sum_t (-1)^{l_t} \frac{M_t - B_t}{B_t}",
    r"\mathcal{L}_{\text{click}} = -\,y \log \hat{y} - (1-y)\log(1-\hat{y})",
    r"p(\text{conversion} \mid \text{click}) < 0.5",
    r"\begin{cases} x & \text{if } y \ge 0 \\ 0 & \text{otherwise} \end{cases}",
    r"\begin{aligned} a &= b \\ &= c \end{aligned}",
    r"\left\| \nabla_\theta L_1 \right\|_2",
    r"\operatorname{AUC} \in [0, 1]",
    r"50\%",
    r"\theta \in \mathbb{R}^{n \times d}",
]


@pytest.mark.parametrize("tex", FORMULAS)
@pytest.mark.parametrize("display", [False, True])
def test_math_is_well_formed_mathml_with_its_tex(tex, display):
    root = ElementTree.fromstring(math(tex, display))
    assert root.tag == "math" and root.get("alttext") == tex
    assert root.get("display") == ("block" if display else "inline")
    assert "\\" not in "".join(root.itertext())


def test_escapes_within_text_are_undone():
    assert "<mtext>y_click:50%,$5,#1</mtext>" in math(
        r"\text{y\_click:50\%,\$5,\#1}"
    )


@pytest.mark.parametrize(
    "tex",
    [
        "",
        "  ",
        r"\frac{a}{b",
        "}",
        "a } {",
        r"\nosuchcommand x",
        r"\left( x",
        "x^",
        "a & b",
        r"\begin{cases} a",
    ],
)
def test_wrong_tex_is_refused_by_name(tex):
    with pytest.raises(ValueError) as caught:
        math(tex)
    assert f"found ${tex}$" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("a $x$ b", ["x"]),
        ("$x$ and $y$", ["x", "y"]),
        ("**$x$**", ["x"]),
        ("$a_1 * b * c_1$", ["a_1 * b * c_1"]),
        ("$a<b$", ["a<b"]),
        ("$x$-axis, ($y$).", ["x", "y"]),
        (r"\$5 and $x$", ["x"]),
        ("$$x$$", ["x"]),
        ("$$\nx\n= y\n- z\n$$", ["x\n= y\n- z"]),
        ("text\n$$\nx\n$$\nmore", ["x"]),
        ("- item\n\n  $$\n  x\n  $$\n- other", ["x"]),
        ("> $$x\n> +y$$", ["x\n+y"]),
        ("a $$x$$ b", ["x"]),
        # money and code
        ("costs $5 and $6", []),
        (r"costs \$5", []),
        ("between $5-$6", []),
        ("$ a $", []),
        ("one $ only", []),
        ("`$x$`", []),
        ("$5 for `x$`", []),
        ("```\n$x$\n```", []),
        ("    $$x$$", []),
        ("$$ never closed", []),
    ],
)
def test_what_is_a_formula(text, formulas):
    assert [
        unescape(part.split('"')[0])
        for part in to_html(text).split('alttext="')[1:]
    ] == formulas


def test_dollars_survive_where_they_are_no_formula():
    assert to_html(r"\$5 and `$x$`") == "<p>$5 and <code>$x$</code></p>\n"


def test_quotes_are_printed_curly_but_as_typed_in_code_and_messages():
    text = """It's "so" in `"code"` and $x"$."""
    assert to_html(text, inline=True).startswith(
        "It’s “so” in <code>&quot;code&quot;</code> and <math"
    )
    assert to_html(text, inline=True, as_typed=True).startswith(
        "It's &quot;so&quot; in <code>"
    )
    assert to_text(text) == """It's "so" in "code" and $x"$."""


def test_inline_has_no_paragraph():
    assert to_html("a *b* $x$", inline=True).startswith("a <em>b</em> <math")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "`<b>`",
        "```\n</code><b>\n```",
        "[a](javascript:alert(1))",
        '$"><b$',
    ],
)
def test_html_in_the_text_stays_text(text):
    assert not {"script", "img", "b", "a"} & tags(to_html(text))


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)


def tags(html: str) -> set[str]:
    parser = Tags()
    parser.feed(html)
    return parser.seen


MARKDOWN = {
    "p",
    "em",
    "strong",
    "code",
    "pre",
    "ul",
    "ol",
    "li",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "a",
    "img",
    "hr",
    "br",
}


@given(
    st.text(st.characters(exclude_characters="$", exclude_categories=["Cs"]))
    | st.text("*_`[]()<>#-+>!&\\\"' \n\tab1.", max_size=60)
)
def test_any_text_without_dollars_is_rendered_with_known_tags_only(text):
    assert tags(to_html(text)) <= MARKDOWN
    to_html(text, inline=True)


@given(st.text("$\\{}`a1 \n^_", max_size=30))
def test_any_dollars_give_html_or_an_error_that_names_the_tex(text):
    try:
        assert tags(to_html(text)) >= set()
    except ValueError as error:
        assert "expected TeX that MathML can show, found $" in str(error)
