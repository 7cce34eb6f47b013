"""Figures: the same bytes in every run, colours that suit both themes.

And a name for who does not see them.
"""

import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

from mtl_lessons import figures

PAGES = ("#ffffff", "#121212", "#14181e")


def curve():
    fig, ax = figures.new()
    for power in range(1, 6):
        ax.plot(
            [x / 50 for x in range(51)],
            [(x / 50) ** power for x in range(51)],
            label=f"task {power}",
        )
    ax.bar([0.2, 0.4], [0.1, 0.2], width=0.1, hatch="//", edgecolor="black")
    ax.set(xlabel="recall & <precision>", ylabel="AUC", title="$x^2$")
    ax.legend()
    return fig


def shown(figure, **options) -> str:
    return figures.picture(
        figure, **({"alt": "Five curves rise."} | options)
    )._repr_html_()


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", figures.COLOURS)
@pytest.mark.parametrize("page", PAGES)
def test_colours_stand_out_from_both_pages(colour, page):
    low, high = sorted([luminance(colour), luminance(page)])
    assert (high + 0.05) / (low + 0.05) >= 3


def test_the_same_figure_is_the_same_bytes():
    assert shown(curve()) == shown(curve())


def test_ink_is_the_colour_of_the_text_and_nothing_is_white():
    html = shown(curve())
    assert "currentColor" in html
    assert not re.search(r"#000000|#ffffff", html, re.IGNORECASE)


def test_no_inline_style_and_no_style_sheet():
    assert not re.search(r"<style|\sstyle=", shown(curve()))


def test_text_stays_text_in_the_font_of_the_page():
    html = shown(curve())
    assert ">recall &amp; &lt;precision&gt;</text>" in html
    assert re.findall(r'font-family="(.*?)"', html) == ["system-ui, sans-serif"]


def test_text_is_large_enough_on_a_phone():
    root = ElementTree.fromstring(figures.picture(curve(), "alt").svg)
    # a phone of 360 px with margins
    scale = 328 / float(root.get("viewBox").split()[2])
    sizes = [
        float(node.get("font-size").removesuffix("px"))
        for node in root.iter("text")
        if node.get("font-size")
    ]
    assert sizes and min(sizes) * scale >= 9


def test_it_has_a_name_and_a_size_that_a_page_can_shrink():
    root = ElementTree.fromstring(
        figures.picture(curve(), 'Five <curves> "rise".').svg
    )
    assert (root.get("role"), root.get("aria-label")) == (
        "img",
        'Five <curves> "rise".',
    )
    assert (
        root.get("viewBox") == "0 0 316.8 201.6" and root.get("width") == "422"
    )


def test_ids_are_few_used_and_differ_between_figures():
    one, other = curve(), curve()
    other.axes[0].set_title("another")
    htmls = [shown(one), shown(other)]
    ids = [set(re.findall(r' id="(.*?)"', html)) for html in htmls]
    for html, own in zip(htmls, ids):
        assert own == set(
            re.findall(r'(?:url\(|href=")#([\w-]+)', html)
        ) and all(name.startswith("mtl-") for name in own)
    assert ids[0] and not ids[0] & ids[1]


def test_a_short_form_of_the_font_is_understood():
    """As matplotlib 3.10 writes it."""
    plain = dict(
        figures._plain(
            {
                "style": "font: italic 700 12px 'DejaVu Sans', sans-serif; "
                "text-anchor: middle; fill: #000000"
            }
        )
    )
    assert plain == {
        "font-style": "italic",
        "font-weight": "700",
        "font-size": "12px",
        "text-anchor": "middle",
        "fill": "currentColor",
    }


def test_drawing_survives_the_cleaning():
    """As many marks as matplotlib drew: 5 curves, 2 bars, and every label."""
    html = shown(curve())
    assert all(f'stroke="{colour}"' in html for colour in figures.COLOURS)
    assert html.count("url(#mtl-") >= 7 and html.count("task ") == 5


def test_it_is_small():
    assert len(shown(curve())) < 20_000


def test_without_an_alt_text_it_is_refused():
    with pytest.raises(ValueError, match="alt text"):
        figures.picture(curve(), " ")


def test_the_caption_is_markdown_and_the_plain_text_is_the_alt():
    picture = figures.picture(
        curve(), "Five curves rise.", caption="*Recall* rises as $x^2$ <b>"
    )
    assert (
        "<figcaption><em>Recall</em> rises as <math" in picture._repr_html_()
        and "&lt;b&gt;</figcaption>" in picture._repr_html_()
    )
    assert repr(picture) == "Figure: Five curves rise."


def test_show_displays_html_and_text(monkeypatch):
    displayed = []
    monkeypatch.setattr("IPython.display.display", displayed.append)
    assert figures.show(curve(), "Five curves rise.") is None
    assert [repr(picture) for picture in displayed] == [
        "Figure: Five curves rise."
    ]


def test_a_figure_of_pyplot_is_closed_and_styled_within_the_context_only():
    code = """
from mtl_lessons import figures
import matplotlib; matplotlib.use("Agg")
from matplotlib import pyplot as plt
with figures.style():
    fig, ax = plt.subplots(figsize=(4.4, 2.8))
line, = ax.plot([1, 2])
figures.picture(fig, "A line.")
print(plt.get_fignums(), line.get_color())"""
    assert (
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        == "[] #1b86c4\n"
    )
    assert (
        mpl.rcParams["axes.prop_cycle"]
        == mpl.rcParamsDefault["axes.prop_cycle"]
    )
