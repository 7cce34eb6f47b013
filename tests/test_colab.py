"""The published notebook alone, with Colab's versions.

It installs the package from the site, moves nothing else, and runs to the end.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import notebooks
import pytest
from mtl_book import chapters, copies
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]

CONSTRAINTS = ROOT / "tests" / "colab-constraints.txt"
FREEZES = sorted((ROOT.parent / "shared" / "colab").glob("pip-freeze-*.txt"))
RUN = """
import nbformat, sys
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[1])
"""


def pins(text):
    return {
        name.lower(): version
        for name, version in re.findall(
            r"^([\w.-]+)==(\S+)$", text, re.MULTILINE
        )
    }


def test_the_constraints_are_those_of_colab():
    if not FREEZES:
        pytest.skip("no list of Colab's packages here")
    colab, ours = pins(FREEZES[-1].read_text()), pins(CONSTRAINTS.read_text())
    assert ours and {name: colab.get(name) for name in ours} == ours
    assert (
        FREEZES[-1].stem.removeprefix("pip-freeze-") in CONSTRAINTS.read_text()
    )


@pytest.fixture(scope="session")
def colab():
    """The Python of an environment with Colab's versions.

    It is kept in _build as long as the constraints stay as they are.
    """
    stamp = hashlib.sha256(
        CONSTRAINTS.read_bytes() + sys.version.encode()
    ).hexdigest()[:12]
    folder = ROOT / "_build" / f"colab-{stamp}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run(
            [
                folder / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "-r",
                CONSTRAINTS,
            ],
            check=True,
        )
        (folder / "ready").touch()
    return folder / "bin" / "python"


def uninstall(python):
    subprocess.run(
        [
            python,
            "-m",
            "pip",
            "uninstall",
            "--quiet",
            "--yes",
            "mtl-lessons",
            "latex2mathml",
        ],
        check=True,
    )


def install(python, wheel):
    command = [python, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, wheel, "latex2mathml>=3.77,<4"], check=True)


def frozen(python):
    return set(
        subprocess.run(
            [python, "-m", "pip", "freeze"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\n")
    )


def run(python, path, **environment):
    env = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONPATH"
    } | environment
    return subprocess.run(
        [python, "-c", RUN, path.name],
        cwd=path.parent,
        env=env,
        capture_output=True,
        text=True,
    )


FIRST, *OTHERS = sorted(
    notebooks.chapters(), key=lambda path: chapters.names().index(path.stem)
)


@pytest.fixture(scope="module")
def package(colab, wheel):
    """The package of this checkout is installed."""
    uninstall(colab)
    install(colab, wheel)


@pytest.fixture
def missing(colab, wheel, package):
    """The package is not there, while a test runs."""
    uninstall(colab)
    yield
    uninstall(colab)  # whatever the test has brought
    install(colab, wheel)


@pytest.fixture
def installed(colab, wheel, missing, serve, tmp_path_factory):
    """The published first chapter, run where the package is missing.

    Its setup cell installs the package, and moves nothing else.
    """
    before = frozen(colab)
    target = tmp_path_factory.mktemp("colab") / FIRST.name
    with serve(wheel.parents[1]) as address:
        copies.publish(FIRST, target, f"{address}/wheels/{wheel.name}")
        done = run(colab, target)
    assert done.returncode == 0, done.stderr[-3000:]
    moved = {
        line.split("==")[0].split(" @")[0] for line in before ^ frozen(colab)
    }
    assert moved == {"mtl-lessons", "latex2mathml"}
    return target


def assert_ran_to_the_end(path):
    cells = [
        cell
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    ]
    assert all(cell.execution_count for cell in cells)
    bundles = [
        output.data
        for cell in cells
        for output in cell.outputs
        if "data" in output
    ]
    if any("explorables.show(" in cell.source for cell in cells):
        # ipywidgets 7 was there, and live
        assert any(notebooks.VIEW in bundle for bundle in bundles)


def test_a_published_notebook_installs_what_is_missing_and_runs(installed):
    assert_ran_to_the_end(installed)


@pytest.mark.parametrize("chapter", OTHERS, ids=lambda path: path.stem)
def test_the_published_notebook_runs_alone(chapter, colab, package, tmp_path):
    """All chapters have the same setup cell; here the package is there already."""
    copies.publish(chapter, tmp_path / chapter.name, None)
    done = run(colab, tmp_path / chapter.name)
    assert done.returncode == 0, done.stderr[-3000:]
    assert_ran_to_the_end(tmp_path / chapter.name)


TRAIN = """
from mtl_lessons import explorables

def train(relatedness, labels, seeds, progress):
    progress(1, 2)
    runs = {
        name: [0.5 + 0.1 * (name == "shared") + 0.01 * seed for seed in range(seeds)]
        for name in ("single", "shared", "bayes")
    }
    runs |= {f"item_{name}": values for name, values in runs.items()}
    return {"relatedness": relatedness, "labels": labels} | runs

import ipywidgets
widget = explorables.show("transfer_map", train=train).widget
widget.inputs["labels"].value = 777
widget.button.click()
assert "777" in widget.panel.value and "+0.100" in widget.panel.value, widget.message.value
print(ipywidgets.__version__)
"""


def test_the_explorable_trains_with_the_ipywidgets_of_colab(
    colab, package, tmp_path
):
    done = subprocess.run(
        [colab, "-c", TRAIN], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.strip() == pins(CONSTRAINTS.read_text())["ipywidgets"], (
        done.stderr[-2000:]
    )


@pytest.mark.parametrize(
    "address",
    [None, "http://127.0.0.1:9/wheels/mtl_lessons-0-py3-none-any.whl"],
    ids=["no address", "no network"],
)
def test_without_the_package_the_setup_cell_says_what_to_do(
    address, colab, missing, tmp_path
):
    notebook = notebooks.with_setup(nbformat.v4.new_notebook())
    nbformat.write(notebook, tmp_path / "source.ipynb")
    copies.publish(
        tmp_path / "source.ipynb", tmp_path / "notebook.ipynb", address
    )
    done = run(colab, tmp_path / "notebook.ipynb", PIP_RETRIES="0")
    assert done.returncode != 0
    assert (
        "Could not install mtl_lessons" in done.stderr
        and "pip install -e ." in done.stderr
    )


def test_the_setup_cell_moves_nothing():
    (command,) = re.findall(r"pip = \[(.*)\]", notebooks.SETUP)
    assert '"--no-deps"' in command and "upgrade" not in notebooks.SETUP.lower()
    # quoted, or a shell would write files named =3.77
    quoted = re.findall(r'"([\w-]+[<>=][^"]*)"', notebooks.SETUP)
    assert [Requirement(text).name for text in quoted] == ["latex2mathml"]
    assert not re.search(r"^\s*!|%pip", notebooks.SETUP, re.MULTILINE)
