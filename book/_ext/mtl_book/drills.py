"""Each coding drill at an address of its own, the list of all, and what runs them.

`book/drill/<name>.html` can be read without a script: task, starter, hints, solution, and how to
run it in a terminal. With one, it has an editor, and Python in the browser judges what was written.
`{mtl-drills}` lists all by chapter.

What the browser runs is made by `vendor.py` and lies in `mtl_vendor`. Where that is missing, the
book is built all the same, and its drills run in a terminal only.
"""

import ast
import gzip
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from string import Formatter

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge
from sphinx.util.docutils import SphinxDirective

from mtl_lessons import drills, embed, quiz
from mtl_lessons.drills import Drill, browser
from mtl_lessons.drills.drill import TASKS
from mtl_lessons.markup import tag
from mtl_lessons.quiz import coding
from mtl_lessons.quiz.page import cite, link
from mtl_lessons.quiz.pieces import SAY as WORDS
from mtl_lessons.quiz.pieces import inline, rich

from . import quizzes, singles, vault

PACKAGE = Path(embed.__file__).parent
FOLDER = "drill"
SAY = embed.strings("drill-page")
STORAGE = {
    name: words for name, words in WORDS.items() if name.startswith("storage-")
}
SECONDS = 10  # that an answer may take
MEGABYTES = 256  # that Python may use
LARGEST = 20_000  # characters of an answer that is kept or comes with a link
# folders of `mtl_vendor`, each with its version behind an @
PYODIDE, CODEMIRROR = "pyodide", "codemirror"
FILES = (
    "mtl_lessons"  # the folder of the book's own modules that the browser runs
)
RUN = "cell:"  # a source that is a run of the book
# where a fact stands in a message, while that is Markdown
OPEN, CLOSE = "\ue000", "\ue001"


def by_chapter() -> list[tuple[str, str, list[Drill]]]:
    """Names and titles of chapters with their drills, in the order of the book."""
    titles = {bank.path.stem: title for title, bank in vault.topics()}
    order = list(titles)
    every = sorted(
        map(drills.load, drills.names()),
        key=lambda drill: (
            order.index(drill.topic),
            quiz.LEVELS.index(drill.level),
            drill.title,
        ),
    )
    return [
        (topic, titles[topic], list(some))
        for topic, some in groupby(every, key=lambda drill: drill.topic)
    ]


def edition(drill: Drill) -> str:
    """Eight digits that change when what is asked does, as for a question."""
    return quiz.edition(coding.as_question(drill))


def level_and_time(drill: Drill) -> str:
    level = WORDS[f"level-{drill.level}"]
    return SAY["level-and-time"].format(level=level, minutes=drill.minutes)


# ---- the list ----


def listing() -> str:
    """All drills by chapter; a script marks those that were solved."""
    return tag(
        "div",
        embed.data({"strings": SAY}),
        *(
            tag(
                "section",
                tag("h2", escape(title)),
                tag("ul", *map(row, some)),
                id=f"drills-{topic}",
            )
            for topic, title, some in by_chapter()
        ),
        class_="mtl-drills",
    )


def row(drill: Drill) -> str:
    return tag(
        "li",
        tag(
            "a",
            escape(drill.title),
            href=f"{FOLDER}/{drill.name}.html",
        ),
        " ",
        tag("small", level_and_time(drill)),
        data_key=drill.key,
    )


class DrillsDirective(SphinxDirective):
    """The list of all drills: `{mtl-drills}`."""

    def run(self) -> list[nodes.Node]:
        for path in (*TASKS.glob("*.yml"), quizzes.STRINGS):
            self.env.note_dependency(str(path))
        return [nodes.raw("", listing(), format="html")]


# ---- a page for each ----


def pages(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    """A page for each drill, with the one before and after it."""
    yield from singles.changed(app, FOLDER, contexts(app))


def contexts(app: Sphinx) -> Iterator[tuple[str, dict]]:
    """The name of each page, and what its template needs."""
    there = {Path(name).name for name in app.env.found_docs}
    banks = {bank.path.stem: bank for _, bank in vault.topics()}
    folder = vendor(app)
    weight = Weight.of(folder) if folder else None
    every = [
        (title, drill) for _, title, some in by_chapter() for drill in some
    ]
    for i, (title, drill) in enumerate(every):
        bank = banks[drill.topic]
        place = quiz.Place.of(bank, page="", pages=there, up="../")
        context = singles.context_of(
            escape(drill.title),
            page(title, drill, place, weight),
            turn(every[i - 1][1]) if i else None,
            turn(every[i + 1][1]) if every[i + 1 :] else None,
        )
        book = Path(app.config.root_doc).parent
        yield f"{book}/{FOLDER}/{drill.name}", context


def turn(drill: Drill) -> dict[str, str]:
    """A link to the page of a drill, as the frame of a page wants it."""
    return {"link": f"{drill.name}.html", "title": escape(drill.title)}


def page(
    title: str, drill: Drill, place: quiz.Place, weight: "Weight | None"
) -> str:
    """A drill as it is read; `weight`: of what runs it, if anything does."""
    way = tag(
        "p",
        tag("a", SAY["all"], href="../drills.html"),
        " › ",
        tag("a", escape(title), href=f"../{drill.topic}.html"),
        class_="mtl-way",
    )
    return tag(
        "section",
        way,
        tag("h1", escape(drill.title)),
        tag("p", level_and_time(drill), class_="mtl-level"),
        rich(drill.task),
        desk(drill, place, weight),
        tag("h2", SAY["hints"]),
        *hints(drill),
        tag("h2", SAY["solution"]),
        solution(drill),
        tag("h2", SAY["after"]),
        after(drill, place),
        tag("h2", SAY["terminal"]),
        tag("p", SAY["terminal-words"]),
        code(command(drill), "console"),
        class_="mtl-one",
        id=f"drill-{drill.name}",
    )


def desk(drill: Drill, place: quiz.Place, weight: "Weight | None") -> str:
    """Where an answer is written: the starter, and what a script makes an editor of."""
    asked = {
        "strings": SAY | STORAGE,
        "key": drill.key,
        "edition": edition(drill),
        "starter": drill.starter,
        "largest": LARGEST,
        "command": command(drill),
        "codemirror": weight.codemirror if weight else "",
        "request": {
            "name": drill.name,
            "answer": drill.answer,
            "texts": drill.texts,
        },
        "python": {
            "files": modules(drill),
            "packages": packages(drill),
            "folder": weight.pyodide if weight else "",
            "bytes": weight.counted if weight else 0,
            "seconds": SECONDS,
            "megabytes": MEGABYTES,
        },
    }
    instead = SAY["no-script"] if weight else SAY["terminal-only"]
    return tag(
        "div",
        tag("h2", SAY["answer"]),
        tag("div", code(drill.starter, "python"), class_="mtl-starter"),
        tag("p", instead, class_="mtl-instead"),
        *(
            (
                embed.data(asked),
                tag(
                    "p",
                    SAY["first-run"].format(
                        megabytes=round(weight.whole / 1e6)
                    ),
                    class_="mtl-first",
                    hidden=True,
                ),
                tag("template", messages(drill, place)),
            )
            if weight
            else ()
        ),
        class_="mtl-drill mtl-quiz" if weight else "mtl-desk",
        role="group",
        aria_label=SAY["answer"],
    )


def messages(drill: Drill, place: quiz.Place) -> str:
    """What a verdict may say, by its key; what is of this drill alone with the section that
    explains it.
    """
    rows = []
    for name, text in drill.texts.items():
        inside = tag("div", with_facts(text))
        if told := drill.messages.get(name):
            where = section(told.read or drill.read, place)
            inside += tag("p", SAY["read"], " ", where)
        rows.append(tag("div", inside, data_key=name))
    return "".join(rows)


def with_facts(text: str) -> str:
    """A message as HTML; a `data` element stands where a fact will be.

    Raises `ValueError` for a fact that is formatted: a page fills it in as text.

    >>> with_facts("*{steps}* steps")
    '<p><em><data value="steps"></data></em> steps</p>\\n'
    """
    marked = ""
    for before, name, spec, conversion in Formatter().parse(text):
        if spec or conversion:
            raise ValueError(f"{text!r}: expected {{{name}}} without a format")
        marked += before + (f"{OPEN}{name}{CLOSE}" if name else "")
    html = rich(marked)
    return html.replace(OPEN, '<data value="').replace(CLOSE, '"></data>')


def section(anchor: str, place: quiz.Place) -> str:
    """A section by the name that its page gives it, as a link: `scale#hashing`."""
    return link(inline(place.section(anchor)), place.target(anchor))


def hints(drill: Drill) -> Iterator[str]:
    total = len(drill.hints)
    for number, hint in enumerate(drill.hints, 1):
        name = SAY["hint"].format(number=number, total=total)
        yield tag(
            "details", tag("summary", name), rich(hint), class_="mtl-hint-fold"
        )


def solution(drill: Drill) -> str:
    return tag(
        "details",
        tag("summary", SAY["solution-fold"]),
        code(drill.model_answer, "python"),
        rich(drill.explained),
        class_="mtl-solution",
    )


def after(drill: Drill, place: quiz.Place) -> str:
    """What an interviewer asks next, the section that explains, and the sources."""
    cited = "; ".join(
        section(source.removeprefix(RUN), place)
        if source.startswith(RUN)
        else cite(source, place)
        for source in drill.source
    )
    rows = {
        "follow-up": inline(drill.follow_up),
        "section": section(drill.read, place),
        "source": cited,
    }
    shown = [
        tag("dt", SAY[name]) + tag("dd", html) for name, html in rows.items()
    ]
    return tag("dl", *shown)


def command(drill: Drill) -> str:
    """How to do the same drill in a terminal."""
    return f"python -m mtl_lessons drill {drill.name}"


@cache
def highlighter() -> PygmentsBridge:
    return PygmentsBridge("html")


def code(text: str, language: str) -> str:
    """Code in colours."""
    block = highlighter().highlight_block(text, language)
    return tag("div", block, class_=f"highlight-{language} notranslate")


# ---- what runs them ----


def vendor(app: Sphinx) -> Path | None:
    """The folder of what runs drills, if it was made."""
    folder = Path(app.srcdir, app.config.mtl_vendor)
    return folder if has_all(folder) else None


def has_all(folder: Path) -> bool:
    """Whether a folder holds what runs drills."""
    return all([*folder.glob(f"{name}@*")] for name in (PYODIDE, CODEMIRROR))


@dataclass(frozen=True)
class Weight:
    """What runs drills: its folders, and the bytes that a browser loads before its first run, as
    they travel, all and those that are counted while they come.
    """

    pyodide: str
    codemirror: str
    whole: int
    counted: int

    @classmethod
    def of(cls, folder: Path) -> "Weight":
        (pyodide,) = folder.glob(f"{PYODIDE}@*")
        (codemirror,) = folder.glob(f"{CODEMIRROR}@*")
        sizes = {".mjs": 0, ".zip": 0, ".packed": 0}
        for path in pyodide.iterdir():
            if path.suffix in sizes:
                read = path.read_bytes()
                # a host compresses scripts; the others are packed already
                travels = gzip.compress(read) if path.suffix == ".mjs" else read
                sizes[path.suffix] += len(travels)
        return cls(
            pyodide.name,
            codemirror.name,
            whole=sum(sizes.values()),
            counted=sizes[".zip"] + sizes[".packed"],
        )


def modules(drill: Drill) -> list[str]:
    """The files of the book that a drill runs on, from the folder of the package."""
    found: dict[Path, None] = {}
    waiting = [Path(browser.__file__), drill.path]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = None
            waiting += imported(path)
    return sorted(path.relative_to(PACKAGE).as_posix() for path in found)


def packages(drill: Drill) -> list[str]:
    """The folders of these files: in the browser, each is a package with nothing of its own."""
    folders = {
        parent.as_posix()
        for file in modules(drill)
        for parent in Path(file).parents
    }
    return sorted(folders)


def imported(path: Path) -> Iterator[Path]:
    """The modules of this package that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.level:
            continue
        names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        for name in names:
            package, *parts = str(name).split(".")
            file = PACKAGE.joinpath(*parts).with_suffix(".py")
            if package == PACKAGE.name and file.is_file():
                yield file


def publish(app: Sphinx) -> None:
    """Put what runs drills beside the pages: Python, the editor, and the book's own modules."""
    static = Path(app.outdir, "_static")
    for made in (*static.glob("*@*"), static / FILES):
        shutil.rmtree(made, ignore_errors=True)
    folder = vendor(app)
    if folder is None:
        return
    for made in folder.glob("*@*"):
        shutil.copytree(made, static / made.name)
    copy_modules(static)


def copy_modules(static: Path) -> None:
    """The book's own modules, as the browser's Python imports them."""
    for name in drills.names():
        for file in modules(drills.load(name)):
            target = static / FILES / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PACKAGE / file, target)


def setup(app: Sphinx) -> None:
    app.add_directive("mtl-drills", DrillsDirective)
    app.connect("html-collect-pages", pages)
