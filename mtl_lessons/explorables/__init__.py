"""Figures to play with: one dial per setting, and for every position of the dials something in words and drawn.

An explorable has three lives, all from the same object::

    transfer_map()            # the last line of a notebook's cell

- without a script it is a figure: the point to begin with, in words and drawn;
- on the site, or in a notebook's output, `web/explorable.js` adds the dials;
- in a live kernel it is ipywidgets with the same dials.

There are two kinds. `Explorable` has any number of dials; it brings words and a drawing for each of their positions, or the
name of a view of `web/explorable.js` that computes them in the browser. `GainMap` is one over measurements on a grid of
two settings: it shows them as a table too, coloured and signed, and in a live kernel it trains at a point that the
reader picks. `transfer_map` is an example of how to describe one.
"""

from importlib import import_module

from .explorable import Explorable
from .gain_map import GainMap, Train
from .grid import Axis, Cell, Grid, Point, as_cell, brief, place, points, signed
from .widget import VIEW

__all__ = ["VIEW", "Axis", "Cell", "Explorable", "GainMap", "Grid", "Point", "Train"]
__all__ += ["FIGURES", "as_cell", "brief", "place", "points", "show", "signed"]

FIGURES = {  # a file beside this one -> what it calls its figure
    "transfer_map": "transfer_map",
    "wiring": "wiring",
    "gates": "gates",
    "two_gradients": "two_gradients",
    "front": "front",
    "bias_box": "bias_box",
    "fusion": "fusion",
    "heads_seen": "heads_seen",
    "ads_map": "transfer_map",
}


def show(name: str, **options) -> Explorable:
    """A figure of the book by its name: `show("fusion")`."""
    return getattr(import_module(f"{__package__}.{name}"), FIGURES[name])(**options)
