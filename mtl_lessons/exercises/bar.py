"""A progress bar in a notebook or a terminal; nothing where nobody looks."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

BAR_WIDTH = 40


@contextmanager
def bar(total: int, label: str) -> Generator[Callable[[int], None]]:
    """Yields `show(done)`. The bar is gone when the block ends."""
    nowhere = (lambda _done: None), (lambda: None)
    show, clear = _notebook(label, total) or _terminal(label, total) or nowhere
    show(0)
    try:
        yield show
    finally:
        clear()


def _notebook(label: str, total: int) -> tuple[Callable, Callable] | None:
    ipython = sys.modules.get("IPython")
    if (
        ipython is None
        or getattr(ipython.get_ipython(), "kernel", None) is None
    ):
        return None
    display, as_html = ipython.display.display, ipython.display.HTML
    html = f'<label>{label} <progress max="{total}" value="{{}}"></progress></label>'
    handle = display(as_html(html.format(0)), display_id=True)
    return (
        lambda done: handle.update(as_html(html.format(done))),
        lambda: handle.update(as_html("")),
    )


def _terminal(label: str, total: int) -> tuple[Callable, Callable] | None:
    if not sys.stderr.isatty():
        return None

    def write(text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)

    def show(done: int) -> None:
        full = round(BAR_WIDTH * done / total)
        write(
            f"\r{label} [{'#' * full}{'.' * (BAR_WIDTH - full)}] {done} / {total}"
        )

    def clear() -> None:
        write("\r" + " " * (len(label) + BAR_WIDTH + 24) + "\r")

    return show, clear
