"""A figure to play with on a page that is no notebook: `{mtl-explorable} transfer_map`."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mtl_lessons import explorables


class ExplorableDirective(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        try:
            figure = explorables.show(self.arguments[0])
        except ValueError as error:
            raise self.error(str(error)) from error
        return [nodes.raw("", figure.html(), format="html")]


def setup(app: Sphinx) -> None:
    app.add_directive("mtl-explorable", ExplorableDirective)
