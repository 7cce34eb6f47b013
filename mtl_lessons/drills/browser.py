"""A drill in a page: Python's way out is closed, then answers are judged.

The worker of the site imports this module, in which Pyodide runs. An answer is
plain Python there as elsewhere: what leads from Python to the browser is gone.
"""

import json
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from typing import Any

from mtl_lessons.drills import judge

BRIDGE = ("js", "pyodide", "pyodide_js", "_pyodide", "_pyodide_core")
LONGEST = 2000  # characters of each text that a page gets, but what was printed


class NoBridge:
    """Finds no module that leads to the browser, as if there were none."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> ModuleSpec | None:
        """Raises `ModuleNotFoundError` for such a module, and finds no other."""
        if name.partition(".")[0] in BRIDGE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def close_bridge() -> None:
    """Forget what leads to the browser, and find it no more."""
    for name in list(sys.modules):
        if name.partition(".")[0] in BRIDGE:
            del sys.modules[name]
    sys.meta_path.insert(0, NoBridge)


def judged(request: str) -> str:
    """The verdict on an answer, as JSON.

    Args:
        request: JSON with the `name` of a drill, the `answer` that it asks
            for, the `source` that was written, and the `texts` of its messages.
    """
    asked = json.loads(request)
    task = import_module(f"mtl_lessons.drills.tasks.{asked['name']}")
    verdict = judge.judge(
        task, asked["answer"], asked["source"], asked["texts"]
    ).plain()
    facts = {name: fact[:LONGEST] for name, fact in verdict["facts"].items()}
    text = verdict["text"][:LONGEST]
    return json.dumps(verdict | {"text": text, "facts": facts})
