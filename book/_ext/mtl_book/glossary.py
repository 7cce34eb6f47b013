"""Terms that a page explains in place.

Where a page uses a term of `book/glossary.md`, {term}`GAUC` or {term}`experts <expert>`, the words
become a button that opens the entry as a popover; browsers do that without a script. On the page of
the glossary and inside links and headings, a term stays what it is.
"""

import re
from html import escape

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

PAGE = "book/glossary"
# Words inside these cannot be buttons.
TAKEN = (nodes.reference, nodes.title)
ROLE = re.compile(r"\{term\}`(?:([^`<]+?)\s*<[^`>]+>|([^`<]+))`")

# ---- on the site ----


class Term(nodes.Inline, nodes.TextElement):
    """Words that open an entry: `entry` is its id."""


class Entry(nodes.General, nodes.Element):
    """An entry: `entry` is its id, `name` the term, `target` its place in the glossary."""


def visit_term(translator, node: Term) -> None:
    translator.body.append(
        f'<button class="term" type="button" popovertarget="{node["entry"]}">'
    )


def depart_term(translator, node: Term) -> None:
    translator.body.append("</button>")


def visit_entry(translator, node: Entry) -> None:
    name = escape(node["name"])
    translator.body.append(
        f'<div class="entry" id="{node["entry"]}" popover role="dialog" aria-label="{name}">\n'
        f'<p class="entry__name">{name}</p>\n'
    )


def depart_entry(translator, node: Entry) -> None:
    translator.body.append(
        f'<p class="entry__more"><a href="{escape(node["target"])}">In the glossary</a></p></div>\n'
    )


def note_use(app: Sphinx, doctree: nodes.document) -> None:
    """A page that uses terms is read again when an entry changes."""
    used = doctree.findall(addnodes.pending_xref)
    if any(link.get("reftype") == "term" for link in used):
        app.env.note_dependency(app.env.doc2path(PAGE))


def entries(env) -> dict[str, tuple[nodes.term, nodes.definition]]:
    """The entries of the glossary by the ids of their places there."""
    if PAGE not in env.found_docs:
        return {}
    found = {}
    for item in env.get_doctree(PAGE).findall(nodes.definition_list_item):
        terms = [child for child in item if isinstance(child, nodes.term)]
        for term in terms:
            found |= dict.fromkeys(term["ids"], (term, item[-1]))
    return found


def open_in_place(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make the terms of a page buttons, and put the entries that they open at its end."""
    if docname == PAGE:
        return
    links = [
        inline.parent
        for inline in list(doctree.findall(nodes.inline))
        if "std-term" in inline["classes"]
        and isinstance(inline.parent, nodes.reference)
    ]
    if not links:
        return
    known, used = entries(app.env), {}
    for link in links:
        place = link.get("refuri", "").partition("#")[2]
        if place not in known:
            continue
        if any(_within(link, kind) for kind in TAKEN):
            link.replace_self(nodes.Text(link.astext()))
            continue
        name = f"entry-{place.removeprefix('term-')}"
        link.replace_self(Term("", link.astext(), entry=name))
        used.setdefault(place, (name, link["refuri"]))
    for place, (name, target) in used.items():
        term, definition = known[place]
        entry = Entry(entry=name, name=term.astext(), target=target)
        entry += [child.deepcopy() for child in definition]
        for node in entry.findall(nodes.Element):
            node["ids"] = []
        document = doctree.copy()  # what is resolved has to be a document
        document += entry
        app.env.resolve_references(document, docname, app.builder)
        _last_place(doctree).append(document[0])


def _within(node: nodes.Node, kind: type) -> bool:
    while (node := node.parent) is not None:
        if isinstance(node, kind):
            return True
    return False


def _last_place(doctree: nodes.document) -> nodes.Element:
    """The outermost section of a page, or the page."""
    sections = [child for child in doctree if isinstance(child, nodes.section)]
    return sections[-1] if sections else doctree


# ---- in a published notebook ----


def plain(text: str) -> str:
    """Markdown with its terms as words: `experts` of {term}`experts <expert>`."""
    return ROLE.sub(lambda found: found[1] or found[2], text)


def setup(app: Sphinx) -> None:
    app.add_node(Term, html=(visit_term, depart_term))
    app.add_node(Entry, html=(visit_entry, depart_entry))
    app.connect("doctree-read", note_use)
    app.connect("doctree-resolved", open_in_place)
