"""Figures: the same bytes in every run, colours that suit both themes.

And a name for who does not see them.
"""

import re
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

from mtl_lessons import embed, figures

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
    return embed.strip(
        figures.picture(
            figure, **({"alt": "Five curves rise."} | options)
        )._repr_html_()
    )


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


def texts(figure) -> dict:
    """Each text of a figure, and the elements around it."""
    root = ElementTree.fromstring(figures.picture(figure, "alt").svg)
    above = {child: parent for parent in root.iter() for child in parent}
    return {"".join(x.itertext()): (x, above[x]) for x in root.iter("text")}


def test_a_text_can_be_scaled_in_place():
    """It has no transform of its own, and is known to be centred or right."""
    fig, ax = figures.new()
    ax.plot([1, 100], [1, 100])
    ax.set(yscale="log", title="$x^2$ rises", ylabel="AUC")
    ax.text(0.5, 2, "two\nlines", ha="center")
    ax.text(0.5, 9, "turned", rotation=45)
    found = texts(fig)
    assert not [x for x, _ in found.values() if x.get("transform")]
    assert found["two"][1].get("class") == "mtl-center"
    assert found["turned"][1].get("transform").endswith("rotate(-45)")
    assert found["AUC"][0].get("text-anchor") == "middle"
    title = next(above for name, (_, above) in found.items() if "r" in name[:4])
    assert title.tag == "g"
    html = shown(fig)
    assert 'class="mtl-right"' in html and 'class="mtl-center"' in html


def test_lines_have_the_unit_of_the_text():
    widths = re.findall(r'stroke-width="(.*?)"', shown(curve()))
    assert "0.15em" in widths and all(width[-2:] == "em" for width in widths)


def test_a_title_is_heavier():
    title = texts(curve_with_title("The gain is clear"))["The gain is clear"][0]
    assert title.get("font-weight") in ("bold", "700")


def curve_with_title(title):
    fig, ax = figures.new()
    ax.plot([1, 2], [3, 4])
    ax.set(title=title)
    return fig


def test_a_line_is_named_at_its_last_point_in_its_colour():
    fig, ax = figures.new()
    (line,) = ax.plot([0, 1, 2], [1, 2, float("nan")], color=figures.ORANGE)
    named = figures.label(ax, line, "ads")
    assert (named.xy, named.get_color()) == ((1, 2), figures.ORANGE)
    free = figures.label(ax, (0.5, 1), "here", color=figures.BLUE)
    assert (free.xy, free.get_color()) == ((0.5, 1), figures.BLUE)
    assert texts(fig)["ads"][0].get("fill") == figures.ORANGE
    (nothing,) = ax.plot([], [])
    with pytest.raises(ValueError, match="where: expected a line with a point"):
        figures.label(ax, nothing, "nothing")


def test_names_of_lines_do_not_touch():
    fig, ax = figures.new()
    for end in (0.5, 0.51, 0.52, 0.0, 1.0):
        ax.plot([0, 1], [0, end], label=f"to {end}")
    ax.plot([0, 1], [1, 0], label="_none")
    named = figures.label_lines(ax)
    assert [text.get_text() for text in named] == [
        "to 0.5", "to 0.51", "to 0.52", "to 0.0", "to 1.0",
    ]  # fmt: skip
    boxes = [text.get_window_extent() for text in named]
    apart = sorted((box.y0 + box.y1) / 2 for box in boxes)
    least = min(b - a for a, b in pairwise(apart)) * 72 / fig.dpi
    assert least >= 11.9
    right = fig.bbox.x1
    fig.draw_without_rendering()
    assert all(text.get_window_extent().x1 <= right + 1 for text in named)


@pytest.mark.parametrize("colour", figures.COLOURS)
@pytest.mark.parametrize(
    ("page", "ink"), [("#ffffff", "#222832"), ("#14181e", "#ced6dd")]
)
def test_text_of_a_colour_can_be_read(colour, page, ink):
    """still.css mixes it with the colour of the page's text."""
    rule = (
        rf'text\[fill="{colour}"\] {{\s*fill: '
        rf"color-mix\(in srgb, {colour} (\d+)%, var\(--mtl-text\)\)"
    )
    share = int(re.search(rule, embed.asset("still.css"))[1]) / 100
    channels = zip(*(bytes.fromhex(text[1:]) for text in (colour, ink)))
    mixed = bytes(round(share * a + (1 - share) * b) for a, b in channels)
    low, high = sorted([luminance("#" + mixed.hex()), luminance(page)])
    assert (high + 0.05) / (low + 0.05) >= 4.5
