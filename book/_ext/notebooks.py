"""What is done to notebooks by machine: their first cell, and their outputs.

    python book/_ext/notebooks.py setup            # put the setup cell into every notebook
    python book/_ext/notebooks.py execute [NAME…]  # then run them (or these), store their outputs

Outputs are stored without what changes from run to run (widget ids, timestamps), without the
engine of explorables, which the site has once for all pages, and without the questions of quizzes,
which are in the bank. `mtl_book.copies` puts them back.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
# the notebooks of this checkout, with its own package
sys.path.insert(0, str(ROOT))

from mtl_lessons import embed  # noqa: E402
from mtl_lessons.explorables import VIEW  # noqa: E402
from mtl_lessons.quiz import stored  # noqa: E402

# A line that ends in a backslash goes on in the cell.
SETUP = """\
# Run this cell first. It installs mtl_lessons where that is missing, and touches nothing else.
import importlib.util
import subprocess
import sys

WHEEL = ""  # in a published notebook: the address of the package

if getattr(importlib.util.find_spec("mtl_lessons"), "origin", None) is None:  \
# a bare folder has no origin
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    if not WHEEL or subprocess.run([*pip, WHEEL, "latex2mathml>=3.77,<4"]).returncode:
        raise RuntimeError(
            f"Could not install mtl_lessons from \
{WHEEL or 'anywhere: this notebook has no address'}.\\n"
            "In a clone of the book, run: pip install -e .\\n"
            "Without a network, download that file and latex2mathml elsewhere, bring them here,\\n"
            "and run: pip install --no-deps FILE FILE"
        )
    importlib.invalidate_caches()
needed = "ipywidgets keras latex2mathml markdown_it matplotlib numpy scipy sklearn tensorflow \
yaml".split()
if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
    raise RuntimeError(
        f"Not found: {', '.join(missing)}. \
To add what is missing, and move nothing that fits, run:\\n"
        f"pip install {WHEEL or '-e .'}"
    )
print("Ready.")
"""


def chapters() -> list[Path]:
    """The notebooks of the book."""
    return sorted(BOOK.glob("*.ipynb"))


def with_setup(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with the setup cell as its first code cell, as it is written above."""
    notebook.cells = [
        cell
        for cell in notebook.cells
        if "setup" not in cell.metadata.get("tags", [])
    ]
    cell = nbformat.v4.new_code_cell(
        SETUP.rstrip(), id="setup", metadata={"tags": ["setup", "hide-input"]}
    )
    first = next(
        (
            i
            for i, other in enumerate(notebook.cells)
            if other.cell_type == "code"
        ),
        len(notebook.cells),
    )
    notebook.cells.insert(first, cell)
    return notebook


def execute(
    notebook: nbformat.NotebookNode, folder: Path = BOOK
) -> nbformat.NotebookNode:
    """Run all cells in a fresh kernel, in `folder`.

    Raises:
        RuntimeError: a cell failed, or wrote to stderr: a reader should not meet a log. Names it.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=900,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise RuntimeError(
            f"{_unfinished(notebook)}: {error.ename}: {error.evalue}"
        ) from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise RuntimeError(f"{_unfinished(notebook)}: {error}") from error
    for place, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                said = output.text.strip()[:200]
                raise RuntimeError(
                    f"{_name(place, cell)}: expected nothing on stderr, found {said}"
                )
    return normalise(notebook)


def _unfinished(notebook: nbformat.NotebookNode) -> str:
    """The cell at which the run stopped: the last that has a number."""
    started = [
        (i, cell)
        for i, cell in enumerate(notebook.cells, 1)
        if cell.get("execution_count")
    ]
    return _name(*started[-1]) if started else "before the first cell"


def _name(place: int, cell: nbformat.NotebookNode) -> str:
    return f"cell {place} ({cell.source.strip().splitlines()[0]:.50})"


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what differs from run to run or from machine to machine."""
    kernel = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": kernel, "language_info": {"name": "python"}}
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = _merged(cell.outputs)
            for output in cell.outputs:
                if "data" in output:
                    output.data = nbformat.from_dict(_still(output.data))
    return notebook


def _still(data: dict) -> dict:
    """What an output shows, without the ids of widgets, the engine, and the questions of a quiz."""
    data = {
        kind: shown for kind, shown in stored.kept(data).items() if kind != VIEW
    }
    if "text/html" in data:
        data["text/html"] = embed.strip(data["text/html"])
    return data


def _merged(outputs: list) -> list:
    """Neighbouring pieces of one stream as one: where a kernel cuts it is chance."""
    merged = []
    for output in outputs:
        if (
            merged
            and output.output_type == "stream"
            and merged[-1].get("name") == output.name
        ):
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def main(command: str, *names: str) -> None:
    for path in chapters():
        if names and path.stem not in names:
            continue
        notebook, start = (
            with_setup(nbformat.read(path, as_version=4)),
            time.perf_counter(),
        )
        if command == "execute":
            notebook = execute(notebook)
            print(
                f"{path.relative_to(ROOT)}: {time.perf_counter() - start:.0f} s"
            )
        nbformat.write(notebook, path)


if __name__ == "__main__":
    if sys.argv[1:2] not in (["setup"], ["execute"]):
        sys.exit(__doc__)
    main(*sys.argv[1:])
