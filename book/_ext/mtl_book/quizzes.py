"""Questions of the bank on the pages of the site.

- `{mtl-quiz}` shows some of them, by their ids.
- Where a notebook has stored the mark of a quiz, its questions are put.
- `{mtl-sources}` lists what a chapter cites, in its text and in its questions.

Such a page is read again when the bank changes.
"""

import posixpath
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinxcontrib.bibtex.directives import BibliographyDirective

from mtl_lessons import embed, quiz
from mtl_lessons.quiz import stored

BOOK = Path(__file__).resolve().parents[2]
QUESTIONS, REFERENCES = BOOK / "questions", BOOK / "references.bib"
STRINGS = Path(embed.__file__).parent / "web" / "strings.en.json"
LOGGER = logging.getLogger(__name__)


def questions(
    env: BuildEnvironment,
    chapter: str,
    ids: list[str] | None,
    every: bool = False,
    folded: bool = False,
) -> str:
    """The HTML of a quiz on the page that is being read.

    Raises:
        ValueError: the bank is not valid, or has no such question.
    """
    notebook = BOOK / f"{chapter}.ipynb"  # a topic has none
    titles = [notebook] if notebook.exists() else []
    for read in (QUESTIONS / f"{chapter}.yml", REFERENCES, STRINGS, *titles):
        env.note_dependency(str(read))
    page = posixpath.basename(env.docname)
    return quiz.show(
        chapter, ids, every, folded, folder=QUESTIONS, page=page
    ).html


class QuizDirective(SphinxDirective):
    """Questions of the bank, by their ids: `{mtl-quiz} concept-what-is-a-task concept-gain`."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        ids = self.arguments[0].split()
        banks = [path.stem for path in QUESTIONS.glob("*.yml")]
        named = [bank for bank in banks if ids[0].startswith(quiz.prefix(bank))]
        if not named:
            expected = "expected an id that begins with the name of a bank in book/questions"
            raise self.error(f"{expected}, found {ids[0]}")
        try:
            html = questions(self.env, max(named, key=len), ids)
        except ValueError as error:
            raise self.error(str(error)) from error
        return [nodes.raw("", html, format="html")]


def fill(app: Sphinx, doctree: nodes.document) -> None:
    """Put the questions where a notebook has stored the mark of a quiz."""
    for node in doctree.findall(nodes.raw):
        asked = stored.asked(node.astext())
        if asked is None:
            continue
        try:
            node[:] = [nodes.Text(questions(app.env, *asked))]
        except (ValueError, FileNotFoundError) as error:
            LOGGER.warning(str(error), location=app.env.docname)


class SourcesDirective(BibliographyDirective):
    """The references of a chapter, by what its text and its questions cite.

    `{mtl-sources} caruana1997 ma2018mmoe` names more, on which it builds without a citation.
    """

    has_content = False

    def run(self) -> list[nodes.Node]:
        chapter = posixpath.basename(self.env.docname)
        keys = quiz.sources(chapter, QUESTIONS)
        if keys:
            self.env.note_dependency(str(QUESTIONS / f"{chapter}.yml"))
        keys += " ".join(self.arguments).split()
        # to the base class, an argument means another thing
        self.arguments = []
        also = f' or key % "^({"|".join(keys)})$"' if keys else ""
        self.options["filter"] = "docname in docnames" + also
        return super().run()


def setup(app: Sphinx) -> None:
    app.add_directive("mtl-quiz", QuizDirective)
    app.add_directive("mtl-sources", SourcesDirective)
    app.connect("doctree-read", fill)
