"""The package as others get it: what it imports, what its wheel holds and asks for."""

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections import defaultdict
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mtl_lessons.quiz import sections

ROOT = Path(__file__).resolve().parents[1]
COLAB = ROOT.parent / "shared" / "colab"


@pytest.fixture(scope="session")
def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (
            name for name in archive.namelist() if name.endswith("METADATA")
        )
        return Parser().parsestr(archive.read(name).decode())


def imported_by(statement):
    """Top-level modules that are loaded after a statement, in a fresh Python."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
    )


def test_importing_the_package_imports_nothing_heavy():
    assert imported_by("import mtl_lessons") - imported_by("pass") == {
        "mtl_lessons"
    }


@pytest.mark.parametrize(
    "module",
    [
        "world",
        "metrics",
        "datasets",
        "quiz",
        "explorables",
        "figures",
        "takeaway",
        "tables",
        "listings",
        "numerals",
        "markup",
        "embed",
    ],
)
def test_only_models_import_tensorflow(module):
    assert not imported_by(f"import mtl_lessons.{module}") & {
        "tensorflow",
        "keras",
    }


def test_every_text_file_is_opened_with_its_encoding():
    """Without one, Windows reads and writes in the code page of the country."""
    unnamed = []
    for path in (ROOT / "mtl_lessons").rglob("*.py"):
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call)
        ]
        for call in calls:
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            # by position, the encoding is the last
            places = {"read_text": 1, "write_text": 2}
            text = name in places and len(call.args) < places[name]
            text |= isinstance(call.func, ast.Name) and name == "open"
            if text and not any(
                keyword.arg == "encoding" for keyword in call.keywords
            ):
                unnamed.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert unnamed == []


def test_the_wheel_holds_modules_data_engines_and_questions(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name
            for name in archive.namelist()
            if name.startswith("mtl_lessons/")
        }
    there = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "mtl_lessons").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    questions = {
        f"mtl_lessons/questions/{path.name}"
        for path in (ROOT / "book" / "questions").glob("*.yml")
    }
    built = {
        "mtl_lessons/references.bib",
        "mtl_lessons/questions/sections.json",
    }
    assert packed == there | questions | built
    assert [
        name for name in packed if "/right/" in name or "/wrong/" in name
    ] == []  # a learner finds no answers there


def test_the_wheel_carries_both_licences(wheel, metadata):
    assert metadata["License-Expression"] == "MIT AND CC-BY-4.0"
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            Path(name).name: archive.read(name)
            for name in archive.namelist()
            if "/licenses/" in name
        }
    assert packed == {
        name: (ROOT / name).read_bytes() for name in ("LICENSE", "LICENSE-text")
    }


def test_the_wheel_alone_shows_a_cited_quiz(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "from mtl_lessons import quiz; "
        "print(quiz.__file__, quiz.show('concept', every=True).html)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
    )
    assert (
        done.stdout.startswith(str(tmp_path)) and "Caruana 1997" in done.stdout
    ), done.stderr
    # a title, where there is no notebook to read it from
    assert ">What is a task?</a>" in done.stdout


def test_the_wheel_knows_what_each_section_of_the_notebooks_is_called(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = json.loads(archive.read("mtl_lessons/questions/sections.json"))
    assert packed == sections.everywhere(ROOT / "book")
    assert packed["concept"]["what-is-a-task"] == "What is a task?"


def test_an_editable_install_copies_nothing(tmp_path):
    """Copies of the bank beside the checkout would go stale."""
    code = "from hatchling.build import build_editable; import sys; build_editable(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, check=True)
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        assert [
            name
            for name in archive.namelist()
            if "dist-info" not in name and not name.endswith(".pth")
        ] == []


def test_the_wheel_asks_for_ranges(metadata):
    python = SpecifierSet(metadata["Requires-Python"])
    assert [minor for minor in range(9, 16) if f"3.{minor}.5" in python] == [
        11,
        12,
        13,
    ]
    requirements = [
        Requirement(text) for text in metadata.get_all("Requires-Dist")
    ]
    assert requirements and not [
        r for r in requirements if not r.specifier or "==" in str(r.specifier)
    ]


def test_colab_satisfies_every_requirement_but_one(metadata):
    freezes = sorted(COLAB.glob("pip-freeze-*.txt"))
    if not freezes:
        pytest.skip("no list of Colab's packages here")
    ships = {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, version in re.findall(
            r"^([\w.-]+)==(.+)$", freezes[-1].read_text(), re.MULTILINE
        )
    }
    every = map(Requirement, metadata.get_all("Requires-Dist"))
    # what an extra asks for, no notebook needs
    requirements = [r for r in every if "extra" not in str(r.marker)]
    assert {r.name for r in requirements if r.name not in ships} == {
        "latex2mathml"
    }
    assert not [
        r
        for r in requirements
        if r.name in ships and ships[r.name] not in r.specifier
    ]


def test_the_pins_satisfy_the_ranges(metadata):
    pins = dict(
        re.findall(
            r"^([\w.-]+)==(.+)$",
            (ROOT / "requirements.txt").read_text().lower(),
            re.MULTILINE,
        )
    )
    assert not [
        r
        for r in map(Requirement, metadata.get_all("Requires-Dist"))
        if pins[r.name] not in r.specifier
    ]
    assert {
        "jupyter-book",
        "tensorflow",
        "matplotlib",
        "ipywidgets",
        "nbval",
        "hatchling",
        "editables",
    } <= pins.keys()


def test_a_type_has_one_name_and_a_name_means_one_type():
    """A reader who meets `Task` in two places may take it for the same."""
    homes = defaultdict(list)
    for path in sorted((ROOT / "mtl_lessons").rglob("*.py")):
        for name in types_of(ast.parse(path.read_text(encoding="utf-8"))):
            homes[name].append(path.relative_to(ROOT).as_posix())
    twice = {name: found for name, found in homes.items() if len(found) > 1}
    assert not twice, f"expected one home for each type, found {twice}"


def types_of(tree: ast.Module) -> list[str]:
    """Classes and aliases of types that a module defines."""
    classes = [
        node.name for node in tree.body if isinstance(node, ast.ClassDef)
    ]
    aliases = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
        and re.fullmatch(r"[A-Z][a-z]\w*", target.id)
    ]
    return classes + aliases
