"""Addresses that tell a content: `site.css?v=1a2b3c4d`.

Scripts, style sheets and the bank have one, so that a browser may keep them for ever and no page
meets a script of another build. A script's is made of its own text and of all that it imports.
"""

import re
from hashlib import sha256
from pathlib import Path

IMPORTED = re.compile(r'((?:from |import\()"\./)([\w/-]+\.js)(?:\?v=\w+)?(")')
LINKED = re.compile(
    r'((?:href|src|data-bank)="[^"]*_static/)([\w./-]+)(?:\?v=\w+)?(")'
)
BANK = "mtl/bank.json"  # whose files, one a topic, share an address


def digest(*texts: bytes) -> str:
    """What stands for some texts in an address.

    >>> digest(b"a", b"b"), digest(b"ab")
    ('f2f0cba9', 'fb8e20fc')
    """
    lengths = ",".join(str(len(text)) for text in texts)
    return sha256(b"".join([*texts, lengths.encode()])).hexdigest()[:8]


def versions(static: Path) -> dict[str, str]:
    """The version of each file of `_static` that has one, by its name there.

    Scripts are written anew: what they import has its version in their text.
    """
    found = {}

    def script(path: Path) -> str:
        name = path.relative_to(static).as_posix()
        if name not in found:
            text = IMPORTED.sub(
                lambda part: (
                    f"{part[1]}{part[2]}?v={script(path.parent / part[2])}{part[3]}"
                ),
                path.read_text(encoding="utf-8"),
            )
            path.write_text(text, encoding="utf-8")
            found[name] = digest(text.encode())
        return found[name]

    for folder in (static, static / "mtl"):
        for path in sorted(folder.glob("*.js")):
            script(path)
        for path in sorted(folder.glob("*.css")):
            name = path.relative_to(static).as_posix()
            found[name] = digest(path.read_bytes())
    texts = (
        path.read_bytes() for path in sorted(static.glob("mtl/bank*.json"))
    )
    return found | {BANK: digest(*texts)}


def addressed(page: str, found: dict[str, str]) -> str:
    """A page whose links to what has a version name it.

    >>> addressed('<script src="../_static/a.js?v=old">', {"a.js": "12"})
    '<script src="../_static/a.js?v=12">'
    """
    return LINKED.sub(
        lambda link: (
            f"{link[1]}{link[2]}?v={found[link[2]]}{link[3]}"
            if link[2] in found
            else link[0]
        ),
        page,
    )


def write(out: Path) -> None:
    """Give all files of a built site their addresses, on all its pages."""
    found = versions(out / "_static")
    for path in out.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        if (new := addressed(page, found)) != page:
            path.write_text(new, encoding="utf-8")
