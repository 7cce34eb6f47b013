"""The package as others get it: what it imports, what its wheel holds and asks for."""

import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
COLAB = ROOT.parent / "shared" / "colab"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT], check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def imported_by(statement):
    """Top-level modules that are loaded after a statement, in a fresh Python."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_package_imports_nothing_heavy():
    assert imported_by("import mtl_lessons") - imported_by("pass") == {"mtl_lessons"}


@pytest.mark.parametrize("module", ["world", "metrics", "datasets", "quiz", "explorables", "figures", "markup", "embed"])
def test_only_models_import_tensorflow(module):
    assert not imported_by(f"import mtl_lessons.{module}") & {"tensorflow", "keras"}


def test_the_wheel_holds_modules_data_engines_and_questions(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("mtl_lessons/")}
    there = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "mtl_lessons").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    there -= {name for name in there if name.startswith("mtl_lessons/_questions/")}
    questions = {f"mtl_lessons/_questions/{path.name}" for path in (ROOT / "book" / "questions").glob("*.yml")}
    assert packed == there | questions | {"mtl_lessons/_questions/references.bib"}


def test_the_wheel_asks_for_ranges(metadata):
    python = SpecifierSet(metadata["Requires-Python"])
    assert [minor for minor in range(9, 16) if f"3.{minor}.5" in python] == [11, 12, 13]
    requirements = [Requirement(text) for text in metadata.get_all("Requires-Dist")]
    assert requirements and not [r for r in requirements if not r.specifier or "==" in str(r.specifier)]


def test_colab_satisfies_every_requirement_but_one(metadata):
    freezes = sorted(COLAB.glob("pip-freeze-*.txt"))
    if not freezes:
        pytest.skip("no list of Colab's packages here")
    ships = {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, version in re.findall(r"^([\w.-]+)==(.+)$", freezes[-1].read_text(), re.M)
    }
    requirements = [Requirement(text) for text in metadata.get_all("Requires-Dist")]
    assert {r.name for r in requirements if r.name not in ships} == {"latex2mathml"}
    assert not [r for r in requirements if r.name in ships and ships[r.name] not in r.specifier]


def test_the_pins_satisfy_the_ranges(metadata):
    pins = dict(re.findall(r"^([\w.-]+)==(.+)$", (ROOT / "requirements.txt").read_text().lower(), re.M))
    assert not [r for r in map(Requirement, metadata.get_all("Requires-Dist")) if pins[r.name] not in r.specifier]
    assert {"jupyter-book", "tensorflow", "matplotlib", "ipywidgets", "nbval"} <= pins.keys()
