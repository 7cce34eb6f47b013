"""The reference of the package, from its docstrings: a page for each module of a chapter.

They are read, not imported (griffe), so a build needs no TensorFlow. What is written is Markdown in
`book/api/`, which is built like any page of the book; a page whose module has not changed keeps its
time, and is not built again.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "book" / "api"
# what several chapters use
SHARED = (
    "world",
    "datasets",
    "metrics",
    "training",
    "figures",
    "takeaway",
    "tables",
    "listings",
    "numerals",
    "stored",
)


def modules() -> list[str]:
    """Those of the chapters, in the order of their notebooks' names, then the shared ones."""
    chapters = sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))
    return [name for name in (*chapters, *SHARED) if _source(name).exists()]


def write() -> None:
    """Write the pages; away with those whose module is gone."""
    package = _load()
    pages = {f"{name}.md": page(package[name]) for name in modules()}
    PAGES.mkdir(exist_ok=True)
    for path in PAGES.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = PAGES / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def page(module: griffe.Module) -> str:
    """The Markdown of a module's page: what it is, then whatever it exports."""
    parts = [f"(api-{module.name})=", f"# `{module.name}`", *_described(module)]
    for thing in _exported(module):
        parts += _entry(thing)
    return "\n\n".join(parts) + "\n"


def _load() -> griffe.Module:
    loader = griffe.GriffeLoader(search_paths=[ROOT], docstring_parser="google")
    package = loader.load("mtl_lessons")
    for name in modules():
        loader.expand_exports(package[name])
    loader.expand_wildcards(package, external=False)
    loader.resolve_aliases()
    return package


def _source(name: str) -> Path:
    module = ROOT / "mtl_lessons" / name
    return (
        module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
    )


def _exported(module: griffe.Module) -> Iterator[griffe.Object]:
    """Exported classes and functions, in the order of `__all__`.

    Without it: those of the module's own that have no underscore.
    """
    own = [
        name
        for name, thing in module.members.items()
        if not thing.is_alias and name[0] != "_"
    ]
    for name in map(str, module.exports or own):
        thing = _named(module, name)
        if thing.is_class or thing.is_function:
            yield thing


def _named(module: griffe.Module, name: str) -> griffe.Object:
    """What a module calls by a name: where a submodule bears it too, what was imported counts."""
    if name in module.imports:
        return module.package[module.imports[name].partition(".")[2]]
    return module[name]


def _entry(thing: griffe.Object) -> list[str]:
    parts = [f"## {thing.name}", _code(_signature(thing)), *_described(thing)]
    if thing.is_class:
        for method in _methods(thing):
            parts += [
                f"### {thing.name}.{method.name}",
                _code(_signature(method)),
                *_described(method),
            ]
    return parts


def _methods(kind: griffe.Class) -> list[griffe.Function]:
    """The public methods that the class itself describes."""
    own = (
        thing
        for thing in kind.members.values()
        if thing.is_function and thing.name[0] != "_"
    )
    return [thing for thing in own if thing.has_docstring]


def _signature(thing: griffe.Object) -> str:
    """The call, a parameter a line where it would be longer than a line of code."""
    call = re.sub(
        r"\bself, |\bself\b|\bcls, |\bcls\b", "", _call(thing), count=1
    )
    if len(call) <= 74:
        return call
    start, inside, end = re.fullmatch(
        r"(\w+\()(.*)(\).*?)", call, flags=re.DOTALL
    ).groups()
    return f"{start}\n    {_split(inside)},\n{end}"


def _call(thing: griffe.Object) -> str:
    if thing.is_function:
        return thing.signature()
    if "__init__" not in thing.all_members:
        return f"{thing.name}()"
    return thing.all_members["__init__"].signature(
        name=thing.name, return_type=False
    )


def _split(parameters: str) -> str:
    """A new line after each comma that stands in no bracket."""
    depth, found = 0, ""
    for character in parameters:
        depth += (character in "([{") - (character in ")]}")
        found += ",\n   " if character == "," and not depth else character
    return found


def _described(thing: griffe.Object) -> Iterator[str]:
    """The docstring, section by section."""
    for section in thing.docstring.parsed if thing.docstring else []:
        if section.kind is griffe.DocstringSectionKind.text:
            yield _fenced(section.value)
        elif section.kind is griffe.DocstringSectionKind.examples:
            yield "\n\n".join(_fenced(text) for _, text in section.value)
        elif section.kind is griffe.DocstringSectionKind.returns:
            yield "\n".join(f"Returns: {_flat(part)}" for part in section.value)
        else:
            yield "\n".join(
                f"- {_name(part)}: {_flat(part)}" for part in section.value
            )


def _name(part: griffe.DocstringElement) -> str:
    return f"`{getattr(part, 'name', part.annotation)}`"


def _flat(part: griffe.DocstringElement) -> str:
    return " ".join(part.description.split())


def _code(text: str, language: str = "python") -> str:
    return f"```{language}\n{text}\n```"


def _fenced(text: str) -> str:
    """Examples (`>>>`, up to the next empty line) as blocks of code.

    A heading in one would be a heading of the page.
    """
    text = re.sub(
        r"^(>>> .*(?:\n(?!\s*$).*)*)",
        lambda found: _code(found[1], "pycon"),
        text,
        flags=re.MULTILINE,
    )
    return text.replace("::\n\n", ":\n\n")
