"""What a learner sees: plain text in a terminal, HTML in a notebook; of a
check, how it ended.
"""

import html
import re
from dataclasses import dataclass, field

from mtl_lessons import embed
from mtl_lessons.console import showable
from mtl_lessons.markup import to_html
from mtl_lessons.mistake import NOT_ATTEMPTED, OUTCOMES

MARKS = dict(zip(OUTCOMES, "✓✗!·", strict=True))
CODE = re.compile(
    r'<pre><code class="language-python">(.*?)</code></pre>', re.DOTALL
)


@dataclass(frozen=True)
class Shown:
    """A heading and a text in Markdown."""

    heading: str
    text: str = ""
    # the title of a section, and its target
    more: tuple[str, str] | None = None
    folded: bool = False  # in HTML, only the heading is seen at first

    def __repr__(self) -> str:
        more = (
            embed.strings("exercises")["read"].format(section=self.more[0])
            if self.more
            else ""
        )
        return showable(
            "\n".join(filter(None, [self.heading, self.text.strip(), more]))
        )

    def _repr_html_(self) -> str:
        heading = html.escape(self.heading)
        text = CODE.sub(_coloured, to_html(self.text, as_typed=True))
        if self.folded:
            return f'<details class="mtl-exercise"><summary>{heading}</summary>{text}</details>'
        inside = f"<p><strong>{heading}</strong></p>{text}{self._link()}"
        return f'<div class="mtl-exercise"{self._attributes()}>{inside}</div>'

    def _link(self) -> str:
        """Where to read more."""
        if not self.more:
            return ""
        title, target = self.more
        link = f'<a href="#{target}">{html.escape(title)}</a>'
        return f"<p>{html.escape(embed.strings('exercises')['read']).format(section=link)}</p>"

    def _attributes(self) -> str:
        return ""


@dataclass(frozen=True)
class Stack:
    """Parts, one below the other."""

    parts: tuple[Shown, ...]

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.parts))

    def _repr_html_(self) -> str:
        return "".join(part._repr_html_() for part in self.parts)


@dataclass(frozen=True, repr=False)
class Result(Shown):
    """How a check ended.

    `outcome` is one of OUTCOMES, `key` the message, `error` what the learner's
    code raised.
    """

    outcome: str = NOT_ATTEMPTED
    key: str = ""
    facts: dict = field(default_factory=dict)
    error: BaseException | None = None

    def _attributes(self) -> str:
        return f' data-outcome="{self.outcome}"'


def code(source: str) -> str:
    """Python as Markdown."""
    return f"```python\n{source.strip()}\n```"


def _coloured(block: re.Match) -> str:
    """Python in HTML, in the classes that pages of the site have colours for."""
    try:
        from pygments import highlight
        from pygments.formatters.html import HtmlFormatter
        from pygments.lexers.python import PythonLexer
    except ImportError:  # comes with Jupyter, where HTML is shown
        return block[0]
    source = html.unescape(block[1]).strip()
    return highlight(source, PythonLexer(), HtmlFormatter())
