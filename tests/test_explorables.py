"""Explorables: the grid's checks, the figure without a script, and the widget in a kernel."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from figure import Tags
from nbclient import NotebookClient

from mtl_lessons import embed
from mtl_lessons.explorables import VIEW, Axis, Explorable, Grid, explorable
from mtl_lessons.explorables.drawing import LEFT, RIGHT
from mtl_lessons.explorables.transfer_map import MEASURES, TransferMap

ROOT = Path(__file__).resolve().parents[1]
SAY = {"relatedness": "Relatedness", "labels": "Labels <n>"}
GAINS = {(0.0, 500): -0.1, (0.0, 2000): 0.0, (0.9, 500): 0.2, (0.9, 2000): 0.1}


def record(
    relatedness: float, labels: int, gain: float, seeds: int = 3
) -> dict:
    single = [0.6 + seed / 100 for seed in range(seeds)]
    shared = [run + gain + (seed - 1) / 1000 for seed, run in enumerate(single)]
    dense = {"item_single": single, "item_shared": single[::-1]}
    return {
        "relatedness": relatedness,
        "labels": labels,
        "single": single,
        "shared": shared,
        "bayes": [0.9] * seeds,
    } | dense


@pytest.fixture
def data() -> dict:
    axes = [
        {"name": "relatedness", "values": [0.0, 0.9]},
        {"name": "labels", "values": [500, 2000]},
    ]
    return {
        "axes": axes,
        "cells": [record(*point, gain) for point, gain in GAINS.items()],
    }


@pytest.fixture
def grid(data) -> Grid:
    return Grid.read(data, MEASURES, SAY)


@pytest.fixture
def in_kernel(monkeypatch):
    monkeypatch.setattr(explorable, "live", lambda: True)


# ---------------------------------------------------------------- the grid


def test_a_cell_is_found_by_its_dials(grid):
    assert grid.at(labels=500, relatedness=0.9).gain().mean == pytest.approx(
        0.2
    )
    assert [cell.verdict() for cell in grid.cells] == [
        "loss",
        "unclear",
        "gain",
        "gain",
    ]
    assert [tuple(cell.point.values()) for cell in grid.cells] == list(GAINS)


def test_gain_is_paired_by_seed(grid):
    """Seeds differ by far more than their gains do; unpaired, no interval would leave out 0."""
    mean, low, high = grid.at(relatedness=0.9, labels=2000).gain()
    half = 4.303 * 0.001 / 3**0.5  # t(.975, 2 degrees of freedom) s / √n
    assert (mean, low, high) == pytest.approx(
        (0.1, 0.1 - half, 0.1 + half), abs=1e-5
    )


@pytest.mark.parametrize(
    "point, message",
    [
        (
            {"relatedness": 0.9},
            "expected the dials relatedness, labels, found relatedness",
        ),
        ({"relatedness": 0.9, "label": 500}, "found relatedness, label"),
        (
            {"relatedness": 0.5, "labels": 500},
            "dial relatedness: expected one of 0.0, 0.9, found 0.5",
        ),
    ],
)
def test_a_point_off_the_grid_is_named(grid, point, message):
    with pytest.raises(ValueError, match=message):
        grid.at(**point)


@pytest.mark.parametrize(
    "spoil, message",
    [
        (
            lambda cells: cells.pop(),
            "expected a cell at relatedness=0.9, labels=2000, found none",
        ),
        (
            lambda cells: cells.append(cells[0]),
            "expected one cell at relatedness=0.0, labels=500, found two",
        ),
        (
            lambda cells: cells.append(record(0.5, 500, 0.1)),
            "on the grid only, found relatedness=0.5, labels=500",
        ),
        (
            lambda cells: cells[1].pop("bayes"),
            "at relatedness=0.0, labels=2000: expected .*, found no bayes",
        ),
        (
            lambda cells: cells[1].pop("labels"),
            "expected a cell with the dials relatedness, labels, found none for labels",
        ),
        (
            lambda cells: cells[2]["shared"].pop(),
            "at relatedness=0.9, labels=500: .* 3 of single, 2 of shared",
        ),
    ],
)
def test_a_spoilt_grid_is_refused_and_the_point_named(data, spoil, message):
    spoil(data["cells"])
    with pytest.raises(ValueError, match=message):
        Grid.read(data, MEASURES, SAY)


def test_the_packaged_grid_has_five_seeds_and_both_signs():
    cells = TransferMap().grid.cells
    assert {len(runs) for cell in cells for runs in cell.runs.values()} >= {5}
    assert {"gain", "loss"} <= {cell.verdict() for cell in cells}
    assert all(
        0 <= run <= 1
        for cell in cells
        for runs in cell.runs.values()
        for run in runs
    )


# ---------------------------------------------------------------- without a script


def test_the_table_says_sign_and_certainty_in_text(grid):
    html = TransferMap(grid).html()
    fields = re.findall(
        r'<td data-verdict="(\w+)" data-heat="(\d)"( aria-current="true")?>(.*?)</td>',
        html,
    )
    assert [field[:3] for field in fields] == [
        ("loss", "2", ""),
        ("unclear", "0", ""),
        ("gain", "4", ' aria-current="true"'),
        ("gain", "2", ""),
    ]
    assert [re.sub("<.*?>", "", field[3]) for field in fields] == [
        "−.10 ▼clear loss",
        ".00 ○unclear",
        "+.20 ▲clear gain",
        "+.10 ▲clear gain",
    ]


def test_the_table_has_headers_and_a_caption(grid):
    tags = Tags(TransferMap(grid).html()).tags
    assert [attributes["scope"] for tag, attributes in tags if tag == "th"] == [
        "col",
        "colgroup",
        "col",
        "col",
        "row",
        "row",
    ]
    assert {
        "figure",
        "figcaption",
        "table",
        "caption",
        "thead",
        "tbody",
        "svg",
    } <= {tag for tag, _ in tags}


def test_nothing_inline_that_a_strict_policy_would_block(grid):
    for tag, attributes in Tags(TransferMap(grid).html()).tags:
        assert not [
            name
            for name in attributes
            if name == "style" or name.startswith("on")
        ]
        assert tag != "script" or attributes == {"type": "application/json"}


def test_text_is_escaped(grid):
    html = TransferMap(grid).html()
    assert (
        "Labels &lt;n&gt;" in html
        and "labels &lt;n&gt; 500" in html
        and "<n>" not in html
    )


def test_words_give_both_tasks_with_their_intervals(grid):
    point, sparse, dense = TransferMap(grid).words(
        grid.at(relatedness=0.9, labels=500)
    )
    assert point == "Relatedness 0.90, labels <n> 500"
    assert (
        sparse
        == "Sparse task: AUC +0.200 by sharing, 95\u00a0% interval +0.198 to +0.202: clear gain."
    )
    assert dense == "Dense task: 0.000, −0.050 to +0.050: unclear."


def test_the_drawing_has_a_dot_per_seed_where_it_belongs(grid):
    drawing = TransferMap(grid).draw(grid.at(relatedness=0.9, labels=500))
    single, _shared, bayes = re.findall(r'class="mtl-dots" d="(.*?)"', drawing)
    left, right = LEFT, RIGHT
    # the axis runs from 0.4 to 0.9
    assert [
        float(x) for x in re.findall(r"M([\d.]+) ", bayes)
    ] == pytest.approx([right] * 3)
    expected = [
        left + (right - left) * (run - 0.4) / 0.5 for run in (0.6, 0.61, 0.62)
    ]
    assert [
        float(x) for x in re.findall(r"M([\d.]+) ", single)
    ] == pytest.approx(expected, abs=0.06)
    assert "Shared 0.810 (0.783–0.837)" in drawing


def test_the_same_grid_gives_the_same_bytes(data):
    assert (
        TransferMap(Grid.read(data, MEASURES, SAY)).html()
        == TransferMap(Grid.read(data, MEASURES, SAY)).html()
    )


def test_the_data_of_the_dials(grid):
    text = re.search(
        r'<script type="application/json">(.*?)</script>',
        TransferMap(grid).html(),
    )[1]
    data = json.loads(text)
    assert data["dials"] == [
        {"label": "Relatedness", "choice": False, "values": ["0.00", "0.90"]},
        {"label": "Labels <n>", "choice": False, "values": ["500", "2,000"]},
    ]
    assert len(data["cells"]) == 4 and data["start"] == 2


def test_large_numbers_are_short_in_a_head_of_a_column():
    axis = Axis("labels", "Labels", (500, 1500, 120_000))
    assert [axis.short(value) for value in axis.values] == [
        "500",
        "1,500",
        "120k",
    ]


def test_plain_text_is_a_table(grid):
    lines = repr(TransferMap(grid)).splitlines()
    assert lines[1] == "Relatedness (rows), Labels <n> (columns)"
    assert lines[3].split() == ["0.00", "−0.100", "▼", "0.000", "○"]


# ---------------------------------------------------------------- dials alone


class Powers(Explorable):
    """Any number of dials: a power of a number, with a choice."""

    def __init__(self):
        power = Axis("power", "Power", (2, 3), labels=("square", "cube"))
        how = Axis(
            "how", "Said", ("plain", "loud"), labels=("plainly", "loudly!")
        )
        axes = (how, power, Axis("x", "x", (1, 2, 3)))
        start = {"how": "plain", "power": 3, "x": 2}
        super().__init__(axes, "Powers <of> x", "Multiply & see.", start)

    def words(self, state):
        how, power, _ = self.axes
        said = f"{power.text(state['power'])} of {state['x']}, {how.text(state['how'])}"
        return [said, f"It is {state['x'] ** state['power']}."]

    def draw(self, state):
        return f'<svg viewBox="0 0 9 9" role="img" aria-label="{state["x"]}"></svg>'


class Computed(Powers):
    """The same, if the browser had a view for it."""

    view = "powers"
    given = {"base": 2}


def test_every_position_of_the_dials_is_drawn_beforehand():
    html = Powers().html()
    data = json.loads(
        re.search(r'<script type="application/json">(.*?)</script>', html)[1]
    )
    assert data["dials"] == [
        {"label": "Said", "choice": True, "values": ["plainly", "loudly!"]},
        {"label": "Power", "choice": False, "values": ["square", "cube"]},
        {"label": "x", "choice": False, "values": ["1", "2", "3"]},
    ]
    said = [re.sub("<.*?>", "", cell["words"]) for cell in data["cells"]]
    assert said[data["start"]] == "cube of 2, plainly. It is 8."
    assert len(said) == 12 and said[-1] == "cube of 3, loudly!. It is 27."
    assert "given" not in data and Tags(html)


def test_without_a_script_the_start_stands_between_title_and_caption():
    text = re.sub("<script.*?</script>|<.*?>", "", Powers().html())
    assert (
        text
        == "Powers &lt;of&gt; xcube of 2, plainly. It is 8.Multiply &amp; see."
    )
    assert (
        repr(Powers())
        == "Powers <of> x\ncube of 2, plainly\nIt is 8.\nMultiply & see."
    )


def test_a_view_that_computes_is_told_its_data_and_no_cells():
    html = Computed().html()
    data = json.loads(
        re.search(r'<script type="application/json">(.*?)</script>', html)[1]
    )
    assert (data["view"], data["given"]) == (
        "powers",
        {"base": 2},
    ) and "cells" not in data
    assert "It is 8." in html


def test_the_widget_has_a_list_for_choices_and_a_slider_for_numbers():
    widget = Powers().widget
    assert [type(dial).__name__ for dial in widget.dials.values()] == [
        "Dropdown",
        "SelectionSlider",
        "SelectionSlider",
    ]
    assert (
        "It is 8." in widget.panel.value
        and "Multiply &amp; see." in widget.foot.value
    )
    (
        widget.dials["how"].value,
        widget.dials["power"].value,
        widget.dials["x"].value,
    ) = "loud", 2, 3
    assert (
        "square of 3, loudly!" in widget.panel.value
        and "It is 9." in widget.panel.value
    )


# ---------------------------------------------------------------- the bundle


def test_outside_a_kernel_there_is_html_and_text_only(grid):
    shown = TransferMap(grid)
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert embed.strip(bundle["text/html"]) == shown.html()


def test_in_a_kernel_the_bundle_names_the_widget(grid, in_kernel):
    shown = TransferMap(grid)
    assert shown._repr_mimebundle_()[VIEW] == {
        "version_major": 2,
        "version_minor": 0,
        "model_id": shown.widget.box.model_id,
    }


# ---------------------------------------------------------------- the widget


@pytest.fixture
def trainings() -> list:
    return []


@pytest.fixture
def widget(grid, trainings):
    def train(relatedness, labels, seeds, progress):
        trainings.append(
            (
                relatedness,
                labels,
                seeds,
                widget.button.disabled,
                widget.bar.layout.visibility,
            )
        )
        progress(3, 10)
        trainings.append((widget.bar.value, widget.bar.max))
        return record(relatedness, labels, 0.05, seeds)

    widget = TransferMap(grid, train).widget
    return widget


def test_dials_choose_a_cell(widget):
    assert "labels &lt;n&gt; 500." in widget.panel.value
    widget.dials["labels"].value = 2000
    assert (
        "labels &lt;n&gt; 2,000." in widget.panel.value
        and "+0.100" in widget.panel.value
    )
    assert re.search(r'aria-current="true">\+\.10', widget.head.value)


def test_every_control_has_a_label(widget):
    controls = [
        *widget.dials.values(),
        *widget.inputs.values(),
        widget.seeds,
        widget.button,
    ]
    assert all(control.description for control in controls)


def test_the_button_trains_at_the_picked_point(widget, trainings):
    (
        widget.inputs["relatedness"].value,
        widget.inputs["labels"].value,
        widget.seeds.value,
    ) = (
        1.0,
        750,
        4,
    )
    widget.button.click()
    assert trainings == [(1.0, 750, 4, True, "visible"), (3, 10)]
    assert "Yours: Relatedness 1.00, labels &lt;n&gt; 750" in widget.head.value
    assert widget.head.value.count("<td") == 5 and re.search(
        r'aria-current="true">\+\.0', widget.head.value
    )
    assert (
        "labels &lt;n&gt; 750." in widget.panel.value
        and 'role="status"' in widget.message.value
    )
    assert (
        not widget.button.disabled and widget.bar.layout.visibility == "hidden"
    )


def test_a_point_of_the_readers_own_stays_in_the_map(widget):
    widget.button.click()
    widget.dials["relatedness"].value = 0.0
    assert widget.head.value.count("Yours: ") == 1


@pytest.mark.parametrize(
    "error, reason",
    [
        (
            RuntimeError("out of <memory>"),
            "RuntimeError: out of &lt;memory&gt;",
        ),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_an_error_is_shown_and_the_button_comes_back(grid, error, reason):
    def train(**arguments):
        raise error

    widget = TransferMap(grid, train).widget
    widget.button.click()
    assert (
        widget.message.value
        == f'<p role="alert">The training failed. {reason}</p>'
    )
    assert not widget.button.disabled and widget.own == []


def test_a_training_that_returns_too_little_is_an_error(grid):
    widget = TransferMap(
        grid,
        lambda relatedness, labels, **_: {
            "relatedness": relatedness,
            "labels": labels,
        },
    ).widget
    widget.button.click()
    assert "expected single, shared, bayes" in widget.message.value


def test_a_real_kernel_shows_a_widget_that_trains(data, tmp_path):
    (tmp_path / "grid.json").write_text(json.dumps(data), encoding="utf-8")
    show = f"""
import json, sys
sys.path.insert(0, {str(ROOT)!r})
from mtl_lessons.explorables import Grid
from mtl_lessons.explorables.transfer_map import MEASURES, SAY, TransferMap
grid = Grid.read(json.load(open("grid.json")), MEASURES, SAY)
def train(relatedness, labels, seeds, progress):
    progress(1, 1)
    return json.load(open("grid.json"))["cells"][0] | {{"labels": labels}}
shown = TransferMap(grid, train)
print("ipywidgets" in sys.modules, "tensorflow" in sys.modules)
shown"""
    click = """
shown.widget.button.click()
print(len(shown.widget.own), shown.widget.message.value[:17])"""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (show, click)]
    )
    NotebookClient(
        notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    (printed, shown), (clicked,) = (cell.outputs for cell in notebook.cells)
    assert printed.text == "False False\n"
    assert set(shown.data) == {"text/plain", "text/html", VIEW}
    state = notebook.metadata.widgets[
        "application/vnd.jupyter.widget-state+json"
    ]["state"]
    assert state[shown.data[VIEW]["model_id"]]["model_name"] == "VBoxModel"
    assert clicked.text == '1 <p role="status">\n'
