"""What the other tests ask of pages finds what it should.

That is text that is hard to read, and what a keyboard does not reach.
"""

import pytest
from access import unreached, violations, violations_by_theme

PAGE = """<!doctype html>
<html lang="en" data-theme="light"><meta charset="utf-8"><title>Page</title>
<style>
body {{ background: #fff; color: #222 }}
[data-theme=dark] body {{ background: #121212; color: #ddd }}
div {{ width: 9rem }}
</style>
<main><h1>Page</h1><p>Plain text.</p><p>More of it.</p>{body}</main></html>"""
GREY = (
    '<p style="color: #6b6b6b">Grey: enough on white, too little on black.</p>'
)
ONE_OF_MANY = (
    "<p>Text.</p>" * 9
    + '<p><button disabled style="color: #bbb">Off</button> <span style="color: #bbb">On</span></p>'
    + "<p>Text.</p>" * 9
)
ON_A_GROUND = '<p style="background: #e9f4f6">A ground of <b>one</b> theme.</p>'


@pytest.fixture
def shown(browser):
    page = browser.new_page(reduced_motion="reduce")
    yield lambda body: (page.set_content(PAGE.format(body=body)), page)[1]
    page.close()


@pytest.mark.parametrize(
    ("body", "light", "dark"),
    [("", 0, 0), (GREY, 0, 1), (ONE_OF_MANY, 1, 0), (ON_A_GROUND, 0, 1)],
)
def test_text_that_is_hard_to_read_is_found_in_the_theme_where_it_is(
    shown, body, light, dark
):
    found = violations_by_theme(shown(body))
    assert {theme: len(rules) for theme, rules in found.items()} == {
        "light": light,
        "dark": dark,
    }
    assert {rule for rules in found.values() for rule, _ in rules} <= {
        "color-contrast"
    }


LINK = '<a href="#x" style="color: #00008b; text-decoration: none">link</a>'


def test_a_kind_of_text_is_judged_once_wherever_it_stands(shown):
    known = set()
    light = '<span style="color: #bbb">Light.</span>'
    assert [
        rule for rule, _ in violations(shown(f"<p>{light}</p>"), known=known)
    ] == ["color-contrast"]
    assert violations(shown(f"<p>Text. {light}</p>"), known=known) == []
    on_another_ground = f'<p style="background: #ffe">{light}</p>'
    assert [
        rule for rule, _ in violations(shown(on_another_ground), known=known)
    ] == ["color-contrast"]
    assert (
        violations(
            shown(
                f'<p style="color: #757575">Grey text with a {LINK} in it.</p>'
            ),
            known=known,
        )
        == []
    )
    in_dark_text = violations(
        shown(f"<p>Dark text with a {LINK} in it.</p>"), known=known
    )
    assert [rule for rule, _ in in_dark_text] == ["link-in-text-block"]


FORMULA = "<math><mi>x</mi><mo>+</mo><mi>yyyyyyyyyyyyyyyyy</mi></math>"


@pytest.mark.parametrize(
    ("body", "total"),
    [
        (f"<div>{FORMULA}</div>", 0),  # it sticks out, but does not scroll
        (f'<div style="overflow: auto">{FORMULA}</div>', 1),
        (f'<div style="overflow: auto" tabindex="0">{FORMULA}</div>', 0),
        (
            f'<div style="overflow: auto">{FORMULA} <a href="#x">link</a></div>',
            0,
        ),
        # arrow keys choose there
        (
            f'<div style="overflow: auto"><label><input type="radio"> {FORMULA}</label></div>',
            1,
        ),
        ('<div style="overflow: auto">short</div>', 0),
        # where letters are set wide
        (
            '<pre style="overflow: auto; width: 20rem">as wide as thirty letters are</pre>',
            1,
        ),
    ],
)
def test_what_scrolls_and_cannot_be_reached_is_found(shown, body, total):
    assert len(unreached(shown(body))) == total
