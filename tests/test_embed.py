"""What an output carries: the whole engine in one script, the sheets that it needs, no more."""

import re

import pytest

from mtl_lessons import embed

SCRIPTS = ("quiz", "explorable")  # what outputs carry
OWN = {
    "quiz": ".mtl-question",
    "explorable": ".mtl-panel",
    "exercise": ".mtl-exercise summary",
    "table": ".mtl-takeaway",
}


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A folder of scripts instead of the package's."""
    monkeypatch.setattr(
        embed,
        "asset",
        lambda name: (tmp_path / name).read_text(encoding="utf-8"),
    )
    embed.modules.cache_clear()
    yield tmp_path
    embed.modules.cache_clear()


def test_a_bundle_has_each_module_once_after_what_it_imports(web):
    (web / "c.js").write_text("export const c = 1;\n", encoding="utf-8")
    (web / "b.js").write_text(
        'import { c } from "./c.js";\nexport const b = c;\n', encoding="utf-8"
    )
    several_lines = 'import {\n  b,\n} from "./b.js";\nimport { c } from "./c.js";\nb + c;\n'
    (web / "a.js").write_text(several_lines, encoding="utf-8")
    assert embed.modules("a") == ("c", "b", "a")
    assert embed.bundle("a") == "const c = 1;\n\nconst b = c;\n\nb + c;\n"


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_bundle_imports_nothing_and_names_nothing_twice(name):
    script = embed.bundle(name)
    assert (
        not re.search(r"^(import|export)\s", script, re.MULTILINE)
        and "</script" not in script.lower()
    )
    pattern = r"^(?:async )?(?:const|let|function|class) (\w+)"
    names = re.findall(pattern, script, re.MULTILINE)
    assert len(names) == len(set(names)) > 10


def test_the_engine_of_figures_has_every_view_and_no_more():
    views = {
        path.stem
        for path in embed.files("mtl_lessons").joinpath("web").glob("view_*.js")
    }
    own = {
        *("parts", "aggregators", "motion", "guess", "grips"),
        "explorable",
    }
    assert set(embed.modules("explorable")) == own | views


@pytest.mark.parametrize("name", OWN)
def test_an_output_carries_its_own_style_and_no_other(name):
    style = embed.sheets(name)
    assert {other: rule in style for other, rule in OWN.items()} == {
        other: other == name for other in OWN
    }
    assert "--mtl-page:" in style and not re.search(
        r"url\(|@import|</style", style
    )
