"""A learner's file, read without running it.

What does a step's answer depend on, and is it still the starter?
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

# of this package; they need no TensorFlow
LIGHT = {"mtl_lessons.metrics", "mtl_lessons.world"}
HEAVY = ("keras", "tensorflow", "mtl_lessons.")
# targets that only bind
PLAIN = (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.expr_context)


class Source:
    """The statements of a file at its top level: which names they bind, and
    which they use.

    A statement that binds nothing (a call, `np.random.seed(1)`) may matter to
    every answer, so it belongs to all of them. One that is about TensorFlow
    (`tf.random.set_seed(1)`, `build().summary()`) cannot matter to an answer
    that uses neither TensorFlow nor anything else of what it uses, so `run`
    leaves it out there.
    """

    def __init__(self, text: bytes, path: Path) -> None:
        self.path, self.tree = path, ast.parse(text, filename=str(path))

    @classmethod
    def read(cls, path: Path | str) -> "Source":
        """`SyntaxError` (or `ValueError`) if it is no Python, `OSError` if it
        cannot be read.
        """
        return cls(Path(path).read_bytes(), Path(path))

    def is_starter(self, name: str) -> bool:
        """Whether the answer is nowhere in the file, or all that it does is to
        return dots.
        """
        binding = [
            statement
            for statement in self.tree.body
            if name in _binds(statement)
        ]
        if binding:
            return _is_dots(binding[-1])
        may_be_anywhere = any(
            "*" in _binds(statement) for statement in self.tree.body
        )
        return not may_be_anywhere and name not in self._words

    def digest(self, name: str) -> str:
        """The same as long as nothing changes that the answer depends on;
        comments do not count.
        """
        parts = [ast.dump(statement) for statement in self._needed(name)]
        return hashlib.sha256(
            "\n".join(parts + self._beside).encode()
        ).hexdigest()

    def needs_tensorflow(self, name: str) -> bool:
        """Whether what `run` runs imports TensorFlow: itself, as Keras, or with
        our modules.
        """
        return _is_heavy(self._run(name))

    def run(self, name: str) -> dict:
        """What the statements define that the answer depends on, and no others.

        Raises what they raise.
        """
        module = ast.Module(self._run(name), type_ignores=[])
        found = {
            "__name__": "<answer>",
            "__file__": str(self.path),
            "__builtins__": __builtins__,
        }
        exec(compile(module, str(self.path), "exec"), found)
        return found

    def _needed(self, name: str) -> list[ast.stmt]:
        """The statements that the answer depends on, in the order of the file."""
        return self._closure({name}, self._beyond_names)

    def _run(self, name: str) -> list[ast.stmt]:
        """Those of `_needed` that `run` runs."""
        own = self._closure({name})
        if _is_heavy(own):
            return self._needed(name)
        names = {name}.union(
            *(
                _binds(statement)
                for statement in own
                if not _is_import(statement)
            )
        )
        beyond = [
            statement
            for statement in self._beyond_names
            if self._matters(statement, names)
        ]
        return self._closure({name}, beyond)

    def _matters(self, statement: ast.stmt, names: set[str]) -> bool:
        """Whether a statement may matter to an answer without TensorFlow, made
        of those names.
        """
        with_it = self._closure(set(), [statement])
        if "*" in _binds(statement) or not _is_heavy(with_it):
            return True
        return any(_uses(one) & names for one in with_it)

    @cached_property
    def _beyond_names(self) -> list[ast.stmt]:
        """The statements that bind no names, or that nobody knows which."""
        bound = [(statement, _binds(statement)) for statement in self.tree.body]
        return [
            statement for statement, names in bound if not names or "*" in names
        ]

    def _closure(
        self, names: set[str], statements: Iterable[ast.stmt] = ()
    ) -> list[ast.stmt]:
        """The statements, and all that they or the names depend on, in the
        order of the file.
        """
        found = list(statements)
        wanted, seen = names.union(*map(_uses, found)), set()
        while new := wanted - seen:
            seen |= new
            more = [
                one
                for one in self.tree.body
                if _binds(one) & new and one not in found
            ]
            found += more
            wanted = wanted.union(*map(_uses, more))
        return [statement for statement in self.tree.body if statement in found]

    @cached_property
    def _words(self) -> set[str]:
        """All names in the file, and all its texts: `globals()["build"]`
        defines something, too.
        """
        nodes = list(ast.walk(self.tree))
        names = {
            getattr(node, "id", None) or getattr(node, "name", None)
            for node in nodes
        }
        constants = {
            node.value for node in nodes if isinstance(node, ast.Constant)
        }
        return {word for word in names | constants if isinstance(word, str)}

    @cached_property
    def _beside(self) -> list[str]:
        """The text of the modules that lie beside the file and are imported
        from it, or by them.
        """
        texts, names = {}, list(_imported(self.tree))
        while names:
            file = self.path.parent / f"{names.pop()}.py"
            if file in texts or not file.is_file() or file == self.path:
                continue
            texts[file] = file.read_bytes().decode("utf-8", "replace")
            try:
                names += _imported(ast.parse(texts[file]))
            except (SyntaxError, ValueError):
                continue
        return [texts[file] for file in sorted(texts)]


def _binds(statement: ast.stmt) -> set[str]:
    """The names that a statement binds at the top level; none if it changes
    other things, too.
    """
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {statement.name}
        case ast.Import():
            return {
                (alias.asname or alias.name).split(".")[0]
                for alias in statement.names
            }
        case ast.ImportFrom():
            return {alias.asname or alias.name for alias in statement.names}
        case ast.Assign() | ast.AnnAssign():
            targets = (
                statement.targets
                if isinstance(statement, ast.Assign)
                else [statement.target]
            )
            names = [node for target in targets for node in ast.walk(target)]
            if all(isinstance(node, PLAIN) for node in names):
                return {node.id for node in names if isinstance(node, ast.Name)}
    return set()


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _is_heavy(statements: list[ast.stmt]) -> bool:
    """Whether one of them imports TensorFlow: itself, as Keras, or with one of
    our modules.
    """
    modules = {
        module for statement in statements for module in _modules(statement)
    } - LIGHT
    return any(module.startswith(HEAVY) for module in modules)


def _uses(statement: ast.stmt) -> set[str]:
    return {
        node.id for node in ast.walk(statement) if isinstance(node, ast.Name)
    }


def _is_dots(statement: ast.stmt) -> bool:
    """`name = ...`, or a function of a docstring and `return ...`, alone."""
    if isinstance(statement, ast.Assign):
        return _dots(statement.value)
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    body = (
        statement.body[1:]
        if ast.get_docstring(statement) is not None
        else statement.body
    )
    return (
        len(body) == 1
        and isinstance(body[0], ast.Return | ast.Expr)
        and _dots(body[0].value)
    )


def _dots(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is ...


def _imported(tree: ast.Module) -> Iterator[str]:
    """The first parts of the names of all modules that are imported."""
    return (module.split(".")[0] for module in _modules(tree))


def _modules(tree: ast.AST) -> Iterator[str]:
    """The names of modules that are imported, and of what is imported from
    them: it may be one.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            part_of = node.module.count(".") or node.module != "mtl_lessons"
            parts = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from [node.module] if part_of else parts
