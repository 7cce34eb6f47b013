"""How a notebook output carries the engine that makes it interactive.

On the site, one copy of the engine serves all pages. A notebook's output has to
bring its own, since in Colab every output is a page of its own. So outputs are
stored without the engine (`strip`) and published with it (`carry`).

An engine is a script of `mtl_lessons/web` with all that it imports, and the
style sheets that stand in `SHEETS`.
"""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

IMPORT = re.compile(
    r'^import \{[^}]*\} from "\./([\w-]+)\.js";\n', re.MULTILINE
)
ENGINE = re.compile(
    r"\n<(style|script)\b[^<>]* data-mtl-engine>.*?</\1>", re.DOTALL
)

# what is shown -> its style sheets, in the order in which they are read
SHEETS = {
    "quiz": ("base", "quiz"),
    "explorable": ("base", "explorable"),
    "exercise": ("base", "exercise"),
    "trainer": ("base", "quiz", "trainer"),
    "vault": ("base", "quiz", "trainer", "vault"),
    "drills": ("base", "drill"),
    "drill": ("base", "exercise", "vault", "drill"),
    "desk": ("base", "vault", "drill"),
    "practice": ("base", "exercise", "drill"),
    "interview": ("base", "exercise", "drill"),
    "search": ("base", "search"),
    "figure": ("base", "still"),
    "table": ("base", "still"),
    "takeaway": ("base", "still"),
    "printable": ("base", "quiz", "trainer"),
    "piece": ("sheet",),
}


def asset(name: str) -> str:
    """The text of a file in `mtl_lessons/web`, such as `"quiz.js"`."""
    return (
        files("mtl_lessons").joinpath("web", name).read_text(encoding="utf-8")
    )


@cache
def modules(name: str) -> tuple[str, ...]:
    """The modules of the script `name`, each after those that it imports: the
    last is itself.
    """
    imported = [
        part
        for direct in IMPORT.findall(asset(f"{name}.js"))
        for part in modules(direct)
    ]
    return (*dict.fromkeys(imported), name)


def bundle(name: str) -> str:
    """The script `name` and all that it imports as one, for where there are no
    files.

    What its modules call their own at the top has to have different names.
    """
    sources = (IMPORT.sub("", asset(f"{part}.js")) for part in modules(name))
    return "\n".join(
        re.sub(r"^export ", "", source, flags=re.MULTILINE)
        for source in sources
    )


def sheets(name: str) -> str:
    """The style sheets of `name` (`"quiz"`, ...) as one."""
    return "\n".join(asset(f"{sheet}.css") for sheet in SHEETS[name])


@cache
def strings(part: str) -> dict[str, str]:
    """Every text that the engine shows in `part` (`"quiz"`, ...): a translation
    is one file.
    """
    return json.loads(asset("strings.en.json"))[part]


def data(value: object) -> str:
    """`value` as a JSON element that a script can read and that no text in it
    can end.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True).replace(
        "<", "\\u003c"
    )
    return f'<script type="application/json">{text}</script>'


def carry(html: str, name: str) -> str:
    """`html` with the engine `name` (`"quiz"`, ...) behind it: runs anywhere,
    needs no network.
    """
    styles = f"<style data-mtl-engine>\n{sheets(name)}</style>"
    script = f'<script type="module" data-mtl-engine>\n{bundle(name)}</script>'
    return f"{strip(html)}\n{styles}\n{script}"


def dress(html: str, name: str) -> str:
    """`html` with the style of `name` (`"takeaway"`, ...) behind it.

    For what needs no script.

    >>> dress("<p>12</p>", "table").startswith("<p>12</p>\\n<style data-mtl-engine>")
    True
    """
    return f"{html}\n<style data-mtl-engine>\n{sheets(name)}</style>"


def display(shown: Any) -> None:
    """Display an object in a notebook; elsewhere, print it."""
    try:
        from IPython.display import display as display_in_notebook
    except ImportError:
        print(shown)
    else:
        display_in_notebook(shown)


def strip(html: str) -> str:
    """`html` as it was before `carry`."""
    return ENGINE.sub("", html)
