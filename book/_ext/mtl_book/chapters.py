"""The chapters on the landing page, in the order of the table of contents.

- `{mtl-chapters} map`: title, what is asked (both from the bank), and for whom, how long and after
  what, which a notebook says at the end of its first cell;
- `{mtl-chapters} downloads`: their notebooks.
- `{mtl-chapters} proof`: how much there is, counted.
- `{mtl-chapters} continue`: the line that leads on from where a reader stopped (`web/marks.js`).

Beside the time that a notebook says, its page and the map say how long its quiz takes.
"""

import json
import posixpath
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mtl_lessons import drills, embed, exercises, explorables, quiz, stored
from mtl_lessons.markup import tag

ROOT = Path(__file__).resolve().parents[3]
BOOK = ROOT / "book"
ENTRY = re.compile(r"^( *)- file: book/(\w+)$", re.MULTILINE)
CAPTION = re.compile(r"^ *- caption: (.+)$", re.MULTILINE)


def names() -> list[str]:
    """The chapters: what the table of contents lists and a notebook is."""
    return list(numbers())


def numbers() -> dict[str, str]:
    """The number of each chapter; a further page of a chapter, which is
    indented below it, has that of the chapter and its own: `4.1`.
    """
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    found, chapter, page, depth = {}, 0, 0, 0
    for indent, name in ENTRY.findall(contents):
        if not (BOOK / f"{name}.ipynb").exists():
            continue
        nested = chapter > 0 and len(indent) > depth
        if nested:
            page += 1
        else:
            chapter, page, depth = chapter + 1, 0, len(indent)
        found[name] = f"{chapter}.{page}" if nested else f"{chapter}"
    return found


def captions() -> dict[str, str]:
    """The part that begins with a chapter: its name in the table of contents."""
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    found = {}
    for caption in CAPTION.finditer(contents):
        first = ENTRY.search(contents, caption.end())
        if first and first[2] in names():
            found[first[2]] = caption[1]
    return found


def with_quiz(said: str, name: str) -> str:
    """For whom, how long and after what, with the time of the quiz beside the chapter's own."""
    parts = said.split(" · ")
    times = [
        i for i, part in enumerate(parts) if re.search(r"\d minutes", part)
    ]
    if not times:
        raise ValueError(
            f"{name}.ipynb: expected its first cell to end in *level · n minutes*, "
            f"found {said!r:.60}"
        )
    minutes = quiz.minutes(quiz.load(name, BOOK / "questions").five)
    unit = "minute" if minutes == 1 else "minutes"
    parts.insert(times[0] + 1, f"quiz {minutes} {unit}")
    return " · ".join(parts)


def said_first(name: str) -> str:
    """What a notebook says at the end of its first cell: for whom, how long, after what."""
    notebook = json.loads((BOOK / f"{name}.ipynb").read_text(encoding="utf-8"))
    last = "".join(notebook["cells"][0]["source"]).rpartition("\n\n")[2]
    if not re.fullmatch(r"\*[^*]*\*", last):
        raise ValueError(
            f"{name}.ipynb: expected its first cell to end in *level · time*, found {last!r:.60}"
        )
    return with_quiz(" ".join(last.split()), name)


def entry(name: str) -> str:
    """A chapter of the map, as Markdown; before it the part that it begins."""
    head = quiz.load(name, BOOK / "questions").data
    number = numbers()[name]
    mark = "   - " if "." in number else f"{number}. "
    space = " " * len(mark)
    part = f"\n{captions()[name]}\n\n" if name in captions() else ""
    return (
        f"{part}{mark}**[{head['title']}]({name}.ipynb)** {head['about']}\n"
        f"{space}{said_first(name)}\n"
    )


def download(name: str, number: str) -> str:
    return f'<a href="../notebooks/{name}.ipynb" download>chapter {number}</a>'


def led(name: str, words: str) -> str:
    """Words that lead to the list of what is counted, if it has a page."""
    if name not in ("questions", "drills"):
        return words
    return tag("a", words, href=f"{name}.html")


def proof() -> str:
    """How many chapters, questions, figures, exercises and sources there are."""
    counts = {
        "chapters": len(
            {number.partition(".")[0] for number in numbers().values()}
        ),
        "questions": sum(
            len(bank.questions) for bank in quiz.everything(BOOK / "questions")
        ),
        "drills": len(drills.names()),
        "figures": len(explorables.FIGURES),
        "runs": len(stored.RECIPES),
        "exercises": len(exercises.names()),
        "sources": len(quiz.references(BOOK)),
    }
    say = embed.strings("site")
    return tag(
        "ul",
        *(
            tag("li", tag("strong", str(count)), " ", led(name, say[name]))
            for name, count in counts.items()
        ),
        class_="proof",
    )


class ChaptersDirective(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        for name in names():
            self.env.note_dependency(str(BOOK / f"{name}.ipynb"))
            self.env.note_dependency(str(BOOK / "questions" / f"{name}.yml"))
        self.env.note_dependency(str(ROOT / "_toc.yml"))
        if self.arguments == ["map"]:
            try:
                return self.parse_text_to_nodes("".join(map(entry, names())))
            except ValueError as error:
                raise self.error(str(error)) from error
        if self.arguments == ["proof"]:
            return [nodes.raw("", proof(), format="html")]
        if self.arguments == ["continue"]:
            line = tag("p", "", class_="continue")
            return [nodes.raw("", line, format="html")]
        links = [download(name, number) for name, number in numbers().items()]
        return [nodes.raw("", f"<p>{', '.join(links)}</p>", format="html")]


def tell_time(app: Sphinx, doctree: nodes.document) -> None:
    """Put the time of the quiz beside the time of the chapter, on the chapter's page."""
    name = posixpath.basename(app.env.docname)
    if name not in names() or not (BOOK / "questions" / f"{name}.yml").exists():
        return
    for said in doctree.findall(nodes.emphasis):
        for text in said.findall(nodes.Text):
            if re.search(r"\d minutes", text):
                said.replace(text, nodes.Text(with_quiz(text, name)))
                return


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", tell_time)
    app.add_directive("mtl-chapters", ChaptersDirective)
