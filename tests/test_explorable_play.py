"""What every figure lets a reader do: guess first, start again, link to a state, and play.

In a real browser, on a page as a notebook's output is.
"""

import pytest
from access import until

from mtl_lessons.explorables import Axis, Explorable, Guess, race, show


class Toy(Explorable):
    """A dial of four, played, with a guess."""

    name = "toy"
    plays = "round"
    pace = 30

    def __init__(self):
        axes = (Axis("round", "Round", (0, 1, 2, 3)),)
        super().__init__(axes, "A toy", "Of one dial.", {"round": 1})
        ask, told = "Who wins in round 3?", "It says so."
        self.guess = Guess(ask, ("a", "b"), 1, told, {"round": 3})

    def words(self, state):
        return [f"Round {state['round']}", "A line."]

    def draw(self, state):
        x = 40 * state["round"]
        return (
            '<svg viewBox="0 0 200 40" role="img" aria-label="A ball on its way">'
            f'<circle data-key="ball" cx="{x}" cy="20" r="9"/></svg>'
        )


@pytest.fixture
def toy(page):
    def open_toy(**options):
        return page(shown=Toy(), copies=1, **options).locator("figure")

    return open_toy


def dial(figure):
    return figure.get_by_label("Round")


def says(figure):
    return figure.locator(".mtl-panel p").inner_text()


def test_a_guess_is_judged_and_shown(toy):
    figure = toy()
    figure.get_by_role("button", name="a", exact=True).click()
    assert figure.get_by_text("Not so. b. It says so.").is_visible()
    assert dial(figure).input_value() == "3" and "Round 3" in says(figure)
    figure.get_by_role("button", name="b", exact=True).click()
    assert figure.get_by_text("Right. It says so.").is_visible()
    pressed = figure.locator("[aria-pressed=true]").all_inner_texts()
    assert pressed == ["b"]


def test_a_guess_is_said_to_a_screen_reader(toy):
    figure = toy()
    figure.get_by_role("button", name="b", exact=True).press("Enter")
    said = figure.get_by_role("status").get_by_text("Right. It says so.")
    said.wait_for(state="attached")


def test_starting_again_forgets_the_guess_and_the_dials(toy):
    figure = toy()
    figure.get_by_role("button", name="a", exact=True).click()
    figure.get_by_role("button", name="Start again").click()
    assert figure.locator("[aria-pressed=true]").count() == 0
    assert dial(figure).input_value() == "1" and "Round 1" in says(figure)
    told = figure.locator(".mtl-guess").get_by_text("It says so.")
    assert not told.is_visible()


def test_it_plays_to_the_end_and_from_the_start_once_more(toy):
    figure = toy()
    play = figure.locator(".mtl-tools button").first
    play.click()
    until(figure.page, "document.querySelector('fieldset input').value === '3'")
    until(
        figure.page,
        "document.querySelector('.mtl-tools button').textContent === 'Play'",
    )
    assert "Round 3" in says(figure)
    play.click()
    assert play.inner_text() in ("Pause", "Play")
    until(figure.page, "document.querySelector('fieldset input').value === '3'")


def test_a_hand_on_the_dial_stops_it(page):
    class Slow(Toy):
        pace = 60_000

    figure = page(shown=Slow(), copies=1).locator("figure")
    play = figure.get_by_role("button", name="Play")
    play.click()
    pause = figure.get_by_role("button", name="Pause")
    assert pause.is_visible()
    dial(figure).press("ArrowRight")
    assert play.is_visible() and not pause.is_visible()


def test_a_link_leads_back_to_the_state(toy):
    figure = toy()
    dial(figure).press("ArrowRight")
    figure.get_by_role("link", name="Link to this state").click()
    assert figure.page.url.endswith("?at=toy.2#toy")
    assert "Round 2" in says(figure)
    figure.page.goto(figure.page.url.replace("toy.2#", "toy.9#"))
    assert "Round 1" in says(figure)  # no such place: where it begins


def test_a_drawing_glides_unless_less_motion_is_asked_for(toy):
    gliding = "figure => figure.getAnimations({ subtree: true }).length"
    for motion, count in (("no-preference", 1), ("reduce", 0)):
        figure = toy(reduced_motion=motion)
        dial(figure).press("ArrowRight")
        assert figure.evaluate(gliding) == count


def test_without_a_script_the_answer_is_folded(toy):
    figure = toy(script=False)
    assert figure.get_by_text("Who wins in round 3?").is_visible()
    assert not figure.get_by_text("b. It says so.").is_visible()
    assert figure.locator("button").count() == 0
    figure.locator("summary").click()
    assert figure.get_by_text("b. It says so.").is_visible()


# ---- the border in a map ----


@pytest.fixture
def covered(page):
    """The map of chapter 1 as a reader finds it."""
    return page(copies=1, guess=True).locator("figure")


def cell(figure, relatedness, labels):
    return figure.get_by_role("button", name=f"{relatedness}, {labels}")


def test_a_map_tells_nothing_until_it_was_guessed_at(covered):
    assert "+.23" not in covered.locator(".mtl-map tbody").inner_text()
    assert not covered.locator(".mtl-panel").is_visible()
    assert cell(covered, "0.95", "2,000").is_visible()
    covered.get_by_role("button", name="Show what was measured").click()
    assert "+.23" in covered.locator(".mtl-map tbody").inner_text()
    assert covered.locator(".mtl-panel").is_visible()
    assert covered.locator(".mtl-off").count() == 0  # nothing was guessed
    assert not covered.locator(".mtl-guess").get_by_text("points").is_visible()


def test_a_border_is_judged_cell_by_cell(covered):
    grid = show("transfer_map").grid
    helps = [one.verdict() == "gain" for one in grid.cells]
    cell(covered, "0.95", "120,000").click()  # in its row everywhere
    assert covered.locator("[aria-pressed=true]").count() == 5
    covered.get_by_role("button", name="Show what was measured").click()
    right = sum(one == (i >= len(helps) - 5) for i, one in enumerate(helps))
    told = f"Your guess was right at {right} of 25 points."
    assert covered.get_by_text(told).first.is_visible()  # and said
    assert covered.locator(".mtl-off").count() == 25 - right


def test_a_border_is_taken_back_and_drawn_by_keyboard(covered):
    one = cell(covered, "0.95", "2,000")
    one.click()
    one.click()
    assert covered.locator("[aria-pressed=true]").count() == 0
    one.focus()
    one.press("ArrowRight")
    covered.page.keyboard.press("Enter")
    pressed = covered.locator("[aria-pressed=true]")
    assert pressed.count() == 3  # 500, 2,000 and 8,000
    covered.get_by_role("button", name="Show what was measured").press("Enter")
    covered.get_by_role("button", name="Start again").click()
    assert covered.get_by_role("button", name="Show what").is_visible()
    assert covered.locator("[aria-pressed=true]").count() == 0


def test_every_named_figure_has_a_name_of_its_own():
    assert show("race").name == "race" and race.Race().name == ""
    assert 'id="transfer_map"' in show("transfer_map").html()
