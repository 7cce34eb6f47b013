"""Figures to play with: a dial per setting, and for every position words and a
drawing.

A figure has three lives, all from the same object::

    explorables.show("fusion")    # the last line of a notebook's cell

- without a script it is a figure: the point to begin with, in words and drawn;
- on the site, or in a notebook's output, `web/explorable.js` adds the dials;
- in a live kernel it is ipywidgets with the same dials.

There are two kinds. An `Explorable` has any number of dials; it brings words
and a drawing for each of their positions, or names a view that computes them in
the browser. A `GainMap` is one over measurements on a grid of two settings: it
shows them as a table too, coloured and signed, and in a live kernel it trains
at a point that the reader picks.

A figure has a file here and a line in `FIGURES`; its texts are the part of its
name in `web/strings.en.json`. `bias_box` is an example of the first kind,
`transfer_map` of the second.
"""

from importlib import import_module
from typing import Any

from mtl_lessons.numerals import brief, signed

from .explorable import Explorable, Guess
from .gain_map import GainMap, Train
from .grid import Axis, Cell, Grid, Point, as_cell, place, points
from .widget import VIEW

__all__ = ["FIGURES", "VIEW", "show"]
__all__ += [
    "Axis",
    "Cell",
    "Explorable",
    "GainMap",
    "Grid",
    "Guess",
    "Point",
    "Train",
]
__all__ += ["as_cell", "brief", "place", "points", "signed"]

FIGURES = {  # a file beside this one -> its class, in the order of the book
    "transfer_map": "TransferMap",
    "wiring": "Wiring",
    "gates": "Gates",
    "race": "Race",
    "two_gradients": "TwoGradients",
    "front": "Front",
    "bias_box": "BiasBox",
    "fusion": "FusionFigure",
    "heads_seen": "HeadsSeen",
    "ads_map": "AdsMap",
    "policy_value": "PolicyValue",
    "step_cost": "StepCost",
    "budget": "Budget",
    "groups": "Groups",
    "codes_tree": "CodesTree",
}


def show(name: str, **options: Any) -> Explorable:
    """A figure of the book by its name; `options` are those of its class.

    Raises:
        ValueError: no figure has that name.
    """
    if name not in FIGURES:
        raise ValueError(
            f"name: expected one of {', '.join(FIGURES)}, found {name!r}; "
            f"a new figure needs its line in FIGURES ({__file__})"
        )
    module = import_module(f"{__package__}.{name}")
    figure = getattr(module, FIGURES[name])(**options)
    figure.name = name
    return figure
