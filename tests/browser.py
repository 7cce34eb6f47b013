"""A reader in a real browser, whoever's page it is: what goes wrong on a page is written down."""

from pathlib import Path

from access import PATIENCE

WEB = Path(__file__).resolve().parents[1] / "mtl_lessons" / "web"


def watch(context, address: str) -> list[str]:
    """A list that fills with what goes wrong on the pages of a context.

    That is what they log as an error or a warning, what they raise, and what they ask of another
    host than that of the address.
    """
    faults: list[str] = []

    def logged(message):
        if message.type in ("error", "warning"):
            faults.append(message.text)

    def asked(request):
        if not request.url.startswith((address, "data:", "blob:")):
            faults.append(f"asked for {request.url}")

    context.on("console", logged)
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on("request", asked)
    return faults


def new_reader(browser, address: str, **options):
    """A context (empty storage), and the list of what goes wrong on its pages."""
    context = browser.new_context(**{"reduced_motion": "reduce"} | options)
    context.set_default_timeout(PATIENCE)
    return context, watch(context, address)


def with_modules(folder: Path, name: str, page: str) -> Path:
    """A folder with the scripts of the site, and a page of that name that imports them."""
    for path in WEB.glob("*.js"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / name).write_text(page, encoding="utf-8")
    return folder
