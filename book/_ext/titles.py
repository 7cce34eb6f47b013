"""What a wheel gets beside the files of the checkout: the titles of the chapters' sections.

Run by hatchling when it builds one. They are computed then, so that no copy can be stale.
"""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import mkdtemp

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Titles(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict) -> None:
        if version == "editable":  # which reads the notebooks themselves
            return
        sections = _module(Path(self.root, "mtl_lessons/quiz/sections.py"))
        found = sections.everywhere(Path(self.root, "book"))
        path = Path(mkdtemp(), sections.STORED)
        path.write_text(
            json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        build_data["force_include"][str(path)] = (
            f"mtl_lessons/questions/{path.name}"
        )


def _module(path: Path):
    """A module by its file: the package itself needs more than a build has."""
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
