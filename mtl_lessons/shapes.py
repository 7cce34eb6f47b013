"""Whether a YAML file is what it should be, with the line of everything that is
not.

A shape says what is expected:

- a type: `str`, `int`, `float` (an int is one, too) or `bool`, not empty;
- a pattern, which a whole text has to match, or a set of words, one of which it
  has to be;
- `[shape]`: a list with at least one entry, each of that shape;
- `{"name": shape, "note?": shape}`: these keys and no others, of which `note`
  may be missing;
- `{int: shape}` or `{str: shape}`: any keys of that type; `dict`: any keys and
  values.

For example, with `- {name: a, size: large}` in a file::

    root, data = read(path)
    list(mismatches(root, [{"name": str, "size": int}]))
    # [(1, "size: expected int, found str 'large'")]
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

Shape = Any  # one of the above: a type, a pattern, a set, a list or a dict

# the former, written in C, is not everywhere
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
YAML_TAGS = {  # what YAML calls a value that fits a type
    str: {"str"},
    int: {"int"},
    float: {"int", "float"},
    bool: {"bool"},
}


def parsed(path: Path) -> tuple[yaml.Node | None, Any]:
    """The root node of a file, which knows its lines, and its data; None for an
    empty file.

    Raises:
        ValueError: it is not YAML; the message has the line.
    """
    loader = LOADER(path.read_text(encoding="utf-8"))
    try:
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", error)
        line = mark.line + 1 if mark else 1
        raise ValueError(
            f"{path.name}:{line}: expected YAML: {problem}"
        ) from error


def line_of(node: yaml.Node | None) -> int:
    """The line on which a node begins, from 1."""
    return node.start_mark.line + 1 if node else 1


def inside(node: yaml.Node, *path: str | int) -> yaml.Node:
    """The node to which `path` leads by keys and places: `inside(root,
    "questions", 0, "stem")`.
    """
    for step in path:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[step]
        else:
            node = next(
                value for key, value in node.value if key.value == str(step)
            )
    return node


def badly_braced(
    node: yaml.Node, key: str, text: str
) -> Iterator[tuple[int, str]]:
    """A text of a node in which no facts can be filled in: its line, and why."""
    try:
        list(Formatter().parse(text))
    except ValueError as error:
        expected = "braces around the names of facts, {{ and }} for others"
        line = line_of(inside(node, key))
        yield line, f"{key}: expected {expected}, found: {error}"


def mismatches(
    node: yaml.Node | None, shape: Shape
) -> Iterator[tuple[int, str]]:
    """Where a node is not of `shape`: pairs of a line and of what was expected
    and found there.
    """
    if isinstance(shape, list):
        yield from _not_a_list(node, shape[0])
    elif shape is dict or isinstance(shape, dict):
        yield from _not_a_mapping(node, shape)
    elif not isinstance(node, yaml.ScalarNode):
        yield line_of(node), f"expected one value, {_found(node)}"
    elif (expected := _not_a_value(node, shape)) is not None:
        yield line_of(node), f"expected {expected}, {_found(node)}"


def _found(node: yaml.Node | None) -> str:
    if isinstance(node, yaml.ScalarNode):
        return f"found {_tag(node)} {node.value!r:.60}"
    return "found something else"


def _tag(node: yaml.Node) -> str:
    """YAML's short name of a type: `tag:yaml.org,2002:str` is `str`."""
    return node.tag.rpartition(":")[2]


def _not_a_list(
    node: yaml.Node | None, entry: Shape
) -> Iterator[tuple[int, str]]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        yield (
            line_of(node),
            f"expected a list with at least one entry, {_found(node)}",
        )
        return
    for child in node.value:
        yield from mismatches(child, entry)


def _not_a_mapping(
    node: yaml.Node | None, shape: Shape
) -> Iterator[tuple[int, str]]:
    if not isinstance(node, yaml.MappingNode):
        yield line_of(node), f"expected keys and values, {_found(node)}"
    elif shape is dict:
        return
    elif isinstance(kind := next(iter(shape), None), type):
        for key, child in node.value:
            yield from mismatches(key, kind)
            yield from mismatches(child, shape[kind])
    else:
        yield from _wrong_keys(node, shape)
        for key, child in node.value:
            part = shape.get(key.value, shape.get(f"{key.value}?"))
            if part is not None:
                for line, reason in mismatches(child, part):
                    yield line, f"{key.value}: {reason}"


def _wrong_keys(
    node: yaml.MappingNode, shape: dict
) -> Iterator[tuple[int, str]]:
    """Keys that are missing, unknown, or there twice (YAML would silently keep
    the last).
    """
    times = Counter(key.value for key, _ in node.value)
    known = {key.rstrip("?") for key in shape}
    for key in shape:
        if not key.endswith("?") and key not in times:
            yield line_of(node), f"expected the key {key}, found none"
    for key, _ in node.value:
        name = key.value
        if name not in known:
            yield (
                line_of(key),
                f"expected only the keys {', '.join(sorted(known))}, found "
                f"{name}",
            )
        elif times[name] > 1:
            yield (
                line_of(key),
                f"expected the key {name} once, found it {times[name]} times",
            )


def _not_a_value(node: yaml.ScalarNode, shape: Shape) -> str | None:
    """What was expected of a single value, where it is not that; None where it
    is.
    """
    if isinstance(shape, set):
        return (
            None
            if node.value in shape
            else f"one of {', '.join(sorted(shape))}"
        )
    if isinstance(shape, re.Pattern):
        return (
            None
            if shape.fullmatch(node.value)
            else f"text like {shape.pattern}"
        )
    fits = _tag(node) in YAML_TAGS[shape] and node.value.strip()
    return None if fits else shape.__name__
