"""The notebooks of the book: one setup cell, outputs that are compared.

nbval runs each chapter beside.
"""

import importlib.util
import json
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import notebooks
import pytest
from mtl_book import copies
from packaging.requirements import Requirement

from mtl_lessons import embed, quiz
from mtl_lessons.quiz import stored

ROOT = Path(__file__).resolve().parents[1]

CHAPTERS = notebooks.chapters()
NOT_COMPARED = {"nbval-ignore-output", "nbval-skip"}


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def small(*sources, **metadata):
    """A notebook of code cells."""
    cells = [
        nbformat.v4.new_code_cell(source, id=f"cell-{i}", execution_count=i + 1)
        for i, source in enumerate(sources)
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_setup_cell_is_the_generated_one(path):
    (setup,) = [
        cell
        for cell in code_cells(path)
        if "setup" in cell.metadata.get("tags", [])
    ]
    assert setup.source == notebooks.SETUP.rstrip()
    assert code_cells(path)[0] == setup and setup.id == "setup"


def test_the_setup_cell_is_ready_where_all_is_there(capsys):
    exec(notebooks.SETUP, {})
    assert capsys.readouterr().out == "Ready.\n"


def test_the_setup_cell_names_what_is_missing(monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name in ("sklearn", "yaml") else there(name),
    )
    with pytest.raises(
        RuntimeError,
        match=r"Not found: sklearn, yaml\. (.|\n)*pip install -e \.",
    ):
        exec(notebooks.SETUP, {})
    with pytest.raises(
        RuntimeError, match="pip install https://example.org/x.whl"
    ):
        exec(
            notebooks.SETUP.replace(
                'WHEEL = ""', 'WHEEL = "https://example.org/x.whl"'
            ),
            {},
        )


def test_the_setup_cell_asks_for_every_requirement_of_the_package():
    (needed,) = (
        line
        for line in notebooks.SETUP.splitlines()
        if line.startswith("needed = ")
    )
    asked = {
        packages_distributions()[name][0].lower()
        for name in json.loads(
            needed.split(" = ")[1].removesuffix(".split()")
        ).split()
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert asked == {Requirement(text).name for text in project["dependencies"]}


def test_a_bare_folder_is_not_the_package(tmp_path):
    (tmp_path / "mtl_lessons" / "data").mkdir(parents=True)
    # -S: a Python without installed packages, where the folder is found
    command = [
        sys.executable,
        "-S",
        "-c",
        notebooks.SETUP,
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env={}, capture_output=True, text=True
    )
    assert "Could not install mtl_lessons from anywhere" in done.stderr


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_what_is_stored_is_what_the_tool_stores(path):
    notebook = read(path)
    assert notebook == notebooks.normalise(read(path))
    assert "nbformat_minor" in notebook and not nbformat.validate(notebook)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_outputs_are_compared_or_a_reason_is_given(path, capsys):
    cells = [cell for cell in code_cells(path) if cell.outputs]
    free = [
        cell
        for cell in cells
        if NOT_COMPARED & set(cell.metadata.get("tags", []))
    ]
    assert [
        cell.source for cell in free if not cell.metadata.get("reason")
    ] == []
    share = 1 - len(free) / len(cells)
    with capsys.disabled():
        print(
            f"\n{path.name}: {len(cells) - len(free)} of {len(cells)} cells "
            f"with outputs compared ({share:.0%})"
        )
    assert share >= 0.8


def test_a_failing_cell_is_named(tmp_path):
    with pytest.raises(
        RuntimeError, match=r"cell 2 \(1 / 0\): ZeroDivisionError"
    ):
        notebooks.execute(small("x = 1", "1 / 0", "x"), tmp_path)


def test_a_cell_that_logs_is_named(tmp_path):
    with pytest.raises(
        RuntimeError,
        match=r"cell 1 \(import sys\): expected nothing on stderr, found oh no",
    ):
        notebooks.execute(
            small("import sys\nprint('oh no', file=sys.stderr)"), tmp_path
        )


@pytest.mark.parametrize(
    ("source", "output", "passes"),
    [
        ("print(1 + 1)", "2\n", True),
        ("print(1 + 1)", "3\n", False),
        ("1 / 0", "2\n", False),
    ],
    ids=["fresh", "stale", "failing"],
)
def test_nbval_names_a_stale_or_a_failing_cell(
    pytester, source, output, passes
):
    notebook = small("import math", source)
    notebook.cells[1].outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=output)
    ]
    nbformat.write(notebook, pytester.path / "chapter.ipynb")
    result = pytester.runpytest_subprocess("--nbval", "--nbval-current-env")
    assert (result.ret == 0) is passes
    if not passes:
        result.stdout.fnmatch_lines(["*Cell 1*"])


def kept(*quiz_of):
    """A notebook that shows the quiz of chapter 1 and has stored that of `quiz_of`."""
    notebook = small("from mtl_lessons import quiz", 'quiz.show("concept")')
    data = stored.kept(quiz.show(*quiz_of)._repr_mimebundle_())
    notebook.cells[1].outputs = [
        nbformat.v4.new_output("execute_result", data=data, execution_count=2)
    ]
    return notebook


@pytest.mark.parametrize(
    ("quiz_of", "passes"),
    [
        (["concept"], True),
        (["two_tasks"], False),
        (["concept", ["concept-multi-what"]], False),
    ],
    ids=["the same", "another", "some questions of it"],
)
def test_nbval_compares_which_quiz_it_is_and_no_question(
    pytester, monkeypatch, quiz_of, passes
):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    nbformat.write(kept(*quiz_of), pytester.path / "chapter.ipynb")
    sanitize = ROOT / "tests" / "nbval.cfg"
    result = pytester.runpytest_subprocess(
        "--nbval", "--nbval-current-env", "--nbval-sanitize-with", sanitize
    )
    assert (result.ret == 0) is passes


def test_normalise_drops_what_changes_and_keeps_the_rest():
    notebook = small("1", widgets={"state": 1})
    cell = notebook.cells[0]
    cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01"}
    html = '<div class="mtl-explorable">?</div>'
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="a\n"),
        nbformat.v4.new_output("stream", name="stdout", text="b\n"),
        nbformat.v4.new_output(
            "display_data",
            data={
                "text/html": embed.carry(html, "explorable"),
                notebooks.VIEW: {"model_id": "x"},
            },
        ),
    ]
    notebook = notebooks.normalise(notebook)
    assert (
        notebook.metadata.kernelspec.name == "python3"
        and "widgets" not in notebook.metadata
    )
    assert cell.metadata == {} and [
        output.get("text") for output in cell.outputs
    ] == [
        "a\nb\n",
        None,
    ]
    assert cell.outputs[1].data == {"text/html": html}


def test_a_quiz_that_was_run_is_stored_as_its_mark():
    cell = kept("concept").cells[1]
    stored_data = dict(cell.outputs[0].data)
    cell.outputs[0].data = nbformat.from_dict(
        quiz.show("concept")._repr_mimebundle_()
    )
    assert "mtl-question" in cell.outputs[0].data["text/html"]
    notebooks.normalise(nbformat.v4.new_notebook(cells=[cell]))
    assert cell.outputs[0].data == stored_data


@pytest.mark.parametrize("kind", ["figure", "table", "takeaway"])
def test_what_stands_still_is_published_with_its_style(kind):
    stored_html = f'<div class="mtl-{kind}">x</div>'
    data = {"text/html": stored_html}
    copies._fill(data)
    assert ".mtl-takeaway" in data["text/html"]
    assert embed.strip(data["text/html"]) == stored_html


def test_publish_fills_in_the_address_the_engine_and_plain_markdown(tmp_path):
    notebook = notebooks.with_setup(small("quiz"))
    notebook.cells.insert(
        0,
        nbformat.v4.new_markdown_cell(
            "(here)=\n# Title\n\nAs shown {cite:p}`caruana1997,tang2020ple`: "
            "{term}`GAUC` of {term}`all experts <expert>`."
        ),
    )
    notebook.cells.append(
        nbformat.v4.new_markdown_cell("```{mtl-sources} fifty2021tag\n```")
    )
    html = '<div class="mtl-explorable">?</div>'
    notebook.cells[2].outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": html})
    ]
    nbformat.write(notebook, tmp_path / "source.ipynb")
    copies.publish(
        tmp_path / "source.ipynb",
        tmp_path / "target.ipynb",
        "https://example.org/wheels/x.whl",
    )
    title, setup, shown, sources = read(tmp_path / "target.ipynb").cells
    assert (
        title.source
        == '<a id="here"></a>\n# Title\n\nAs shown (Caruana 1997; Tang et al. 2020): '
        "GAUC of all experts."
    )
    assert 'WHEEL = "https://example.org/wheels/x.whl"  #' in setup.source
    assert shown.outputs[0].data["text/html"] == embed.carry(html, "explorable")
    assert (
        all(
            name in sources.source
            for name in ("Caruana", "Progressive", "Fifty")
        )
        and "{mtl" not in sources.source
    )


def test_the_list_of_sources_has_what_the_questions_cite():
    assert {"caruana1997", "ma2018mmoe"} <= set(
        copies.cited(small(), "shared_networks")
    )
    assert copies.cited(small(), "no_such_chapter") == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_stores_no_question_and_publishes_its_five(path, tmp_path):
    chapter = path.stem
    outputs = [output for cell in code_cells(path) for output in cell.outputs]
    asked = [
        stored.asked(output.get("data", {}).get("text/html", ""))
        for output in outputs
    ]
    *steps, five = [quiz for quiz in asked if quiz]
    assert five == stored.Asked(chapter)
    assert all(step.folded and len(step.ids) == 1 for step in steps)
    assert "mtl-question" not in path.read_text(encoding="utf-8")
    copies.publish(path, tmp_path / path.name, None)
    published = (tmp_path / path.name).read_text(encoding="utf-8")
    shown = published.count('class=\\"mtl-question\\"')
    assert shown == 5 + len(steps)
    assert f'quiz.show(\\"{chapter}\\", every=True)' in published
    assert stored.MARK.search(published) is None


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_published_chapter_has_no_myst_left(path, tmp_path):
    copies.publish(path, tmp_path / path.name, None)
    text = "\n".join(
        cell.source
        for cell in read(tmp_path / path.name).cells
        if cell.cell_type == "markdown"
    )
    assert not [
        mark for mark in ("{cite", "```{", ":::", ")=\n") if mark in text
    ]
