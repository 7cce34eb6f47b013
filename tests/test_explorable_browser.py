"""A map in a real browser, alone on a page as in a notebook's output.

Its dials, its table and the keyboard; and how the engine mounts.
"""

import re

import pytest

from mtl_lessons.explorables import brief, show, signed


def gain(relatedness: float, labels: int) -> float:
    """The mean gain that the grid holds at a point."""
    return (
        show("transfer_map")
        .grid.at(relatedness=relatedness, labels=labels)
        .gain()
        .mean
    )


def current(figure) -> str:
    return figure.locator("td[aria-current=true]").inner_text().split()[0]


def test_a_dial_chooses_a_point_and_the_status_says_so(page):
    figure = page().locator("figure").first
    before = figure.locator(".mtl-panel svg").inner_html()
    dial = figure.get_by_label("Labels of the sparse task")
    assert dial.get_attribute("aria-valuetext") == "2,000"
    dial.focus()
    dial.press("End")
    assert dial.get_attribute("aria-valuetext") == "120,000"
    assert current(figure) == brief(gain(0.95, 120_000))
    assert (
        f"labels of the sparse task 120,000. Sparse task: AUC {signed(gain(0.95, 120_000))}"
        in figure.locator(".mtl-panel p").text_content()
    )
    assert figure.locator(".mtl-panel svg").inner_html() != before
    figure.get_by_role("status").get_by_text("120,000").wait_for(
        state="attached"
    )
    assert (
        figure.get_by_role("status").text_content()
        == figure.locator(".mtl-panel p").text_content()
    )


def test_the_status_waits_until_the_dial_rests(page):
    figure = page().locator("figure").first
    figure.evaluate(
        """figure => {
             figure.said = [];
             const status = figure.querySelector("[role=status]");
             const said = new MutationObserver(() => figure.said.push(status.textContent));
             said.observe(status, { childList: true });
           }"""
    )
    # turned at once, however slow the machine is
    dial = figure.get_by_label("Relatedness of the tasks")
    dial.evaluate(
        """dial => {
             for (let i = 0; i < 4; i++) {
               dial.stepDown();
               dial.dispatchEvent(new Event("input", { bubbles: true }));
             }
           }"""
    )
    figure.get_by_role("status").get_by_text(
        "Relatedness of the tasks 0.00"
    ).wait_for(state="attached")
    assert len(figure.evaluate("figure => figure.said")) == 1


def test_a_click_on_the_table_turns_the_dials(page):
    figure = page().locator("figure").first
    button = (
        figure.get_by_role("row", name=re.compile("^0.50"))
        .get_by_role("button")
        .nth(3)
    )
    button.click()
    assert current(figure) == button.inner_text().split()[0]
    assert (
        figure.get_by_label("Relatedness of the tasks").get_attribute(
            "aria-valuetext"
        )
        == "0.50"
    )
    assert figure.get_by_label("Labels of the sparse task").input_value() == "3"
    assert (
        "labels of the sparse task 30,000"
        in figure.locator(".mtl-panel p").text_content()
    )


def test_arrow_keys_walk_the_table_and_stop_at_its_edges(page):
    opened = page()
    figure = opened.locator("figure").first
    figure.locator("td[aria-current] button").focus()
    for key in (
        "ArrowDown",
        "ArrowRight",
        "ArrowUp",
        "ArrowLeft",
        "ArrowLeft",
        "ArrowLeft",
    ):
        opened.keyboard.press(key)
    assert (
        figure.get_by_label("Relatedness of the tasks").get_attribute(
            "aria-valuetext"
        )
        == "0.75"
    )
    assert (
        figure.get_by_label("Labels of the sparse task").get_attribute(
            "aria-valuetext"
        )
        == "500"
    )
    assert (
        opened.evaluate(
            "document.activeElement.closest('td').getAttribute('aria-current')"
        )
        == "true"
    )


def test_one_stop_of_the_tab_key_for_the_table_and_one_for_each_dial(page):
    opened = page()
    stops = []
    for _ in range(4):
        opened.keyboard.press("Tab")
        stops.append(opened.evaluate("document.activeElement.type"))
    # the second figure begins
    assert stops == ["button", "range", "range", "button"]


def test_two_on_a_page_do_not_mix(page):
    opened = page()
    first, second = opened.locator("figure").all()
    second.get_by_label("Labels of the sparse task").press("Home")
    assert (
        current(first)
        == brief(gain(0.95, 2_000))
        != current(second)
        == brief(gain(0.95, 500))
    )


def test_the_engine_mounts_once_however_often_it_runs(page):
    # the page carries two copies of the engine
    figure = page().locator("figure").first
    assert (
        figure.locator("input").count() == 2
        and figure.get_by_role("status").count() == 1
    )


@pytest.mark.parametrize(
    ("width", "script"), [(320, True), (320, False), (1300, True)]
)
def test_no_cell_is_cut_off_or_too_small_for_a_finger(page, width, script):
    figure = page(width, script=script).locator("figure").first
    fields = figure.locator("td").all()
    assert len(fields) == 25
    for field in (fields[0], fields[12], fields[24]):
        box, text = (
            field.bounding_box(),
            field.locator("span[aria-hidden]").bounding_box(),
        )
        assert (
            box["x"] <= text["x"]
            and text["x"] + text["width"] <= box["x"] + box["width"] <= width
        )
        assert min(box["width"], box["height"]) >= 24
