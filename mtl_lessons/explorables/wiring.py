"""Chapter 2's first figure to play with: which loss trains which block.

Choose a design, its levels, and a loss. The colour of a block says whether that loss trains it, which was found out by a backward
pass (`shared_networks.wirings`), not drawn by hand.
"""

from functools import cache
from html import escape

from .. import embed, stored
from .explorable import Explorable
from .grid import Axis, Point

SAY = embed.strings("shared_networks")
TASKS = ("a", "b")


@cache
def measured() -> dict:
    """The packaged measurements."""
    return stored.read("shared_networks")


COLUMNS = {"a": 54, "shared": 160, "b": 266}  # centres, in a drawing 320 wide
WIDTH, HEIGHT, STEP = 98, 36, 62
LOSSES = {"loss-a": "a", "loss-b": "b", "loss-both": "ab"}  # what the reader chooses -> the tasks whose losses act
MIXERS = ("gate", "stitch", "residual")


def wiring(records: list[dict] | None = None) -> Explorable:
    """Which loss reaches which block: design x levels x loss. `records` as from `shared_networks.wirings`."""
    found = {(record["design"], record["levels"]): record for record in records or measured()["wirings"]}
    designs, levels = (tuple(dict.fromkeys(values)) for values in zip(*found))
    axes = (
        Axis("design", SAY["design"], designs),
        Axis("levels", SAY["levels"], levels),
        Axis("loss", SAY["loss"], tuple(SAY[loss] for loss in LOSSES)),
    )
    return Explorable(
        axes,
        title=SAY["wiring-title"],
        caption=SAY["wiring-caption"],
        words=lambda point: _wiring_words(found[point["design"], point["levels"]], point),
        draw=lambda point: _wiring_drawing(found[point["design"], point["levels"]], _losses(point)),
        start={"design": "CGC, PLE", "levels": 2, "loss": SAY["loss-b"]},
    )


def _losses(point: Point) -> str:
    return next(tasks for loss, tasks in LOSSES.items() if SAY[loss] == point["loss"])


def _wiring_words(record: dict, point: Point) -> list[str]:
    lines = [SAY["wiring-point"].format(design=record["design"], levels=record["levels"], loss=point["loss"])]
    for task in _losses(point):
        other = "ba"[TASKS.index(task)]
        theirs = [_name(block) for block in record["blocks"] if block[2] == other and task in block[3]]
        owned = any(block[2] == other for block in record["blocks"])
        key = "reaches" if theirs else "spares" if owned else "nothing-private"
        lines.append(SAY[key].format(task=task, other=other, blocks=", ".join(theirs)))
    return lines


def _name(block: list) -> str:
    return SAY["block"].format(level=block[0], kind=SAY[block[1]], owner=block[2])


def _wiring_drawing(record: dict, losses: str) -> str:
    """Boxes from the input below to the towers above; a box says in text, too, which of the chosen losses train it."""
    boxes = [(x, y, SAY[kind], tasks) for (level, kind, x, y), tasks in _places(record).items()]
    height = 70 + STEP * _rows(record)
    boxes = [(x, height - y, text, tasks) for x, y, text, tasks in boxes]
    boxes += [(COLUMNS[task], 24, SAY["tower"].format(task=task), task) for task in TASKS]
    wires = "".join(f"M{x} {height - y} {u} {height - v}" for x, y, u, v in _wires(record, height))
    drawn = "".join(_box(x, y, text, [loss for loss in losses if loss in tasks]) for x, y, text, tasks in boxes)
    said = _wiring_said(record, losses)
    return (
        f'<svg class="mtl-wires" viewBox="0 0 320 {height}" role="img" aria-label="{escape(said)}">'
        f'<path class="mtl-axis" d="{wires}"/>{drawn}<text x="160" y="{height - 6}">x</text></svg>'
    )


def _wiring_said(record: dict, losses: str) -> str:
    """For who cannot see the drawing: the blocks, by the losses that train them."""
    groups = {}
    for level, kind, owner, tasks in record["blocks"]:
        groups.setdefault(_by([loss for loss in losses if loss in tasks]), []).append(f"{SAY[kind]} {level} {owner}")
    return "; ".join(f"{by}: {', '.join(names)}" for by, names in groups.items())


def _by(losses: list[str]) -> str:
    return SAY["by"].format(tasks=" + ".join(losses)) if losses else SAY["by-none"]


def _box(x: int, y: int, text: str, losses: list[str]) -> str:
    hue = "both" if len(losses) > 1 else losses[0] if losses else "none"
    return (  # single quotes, since a page carries hundreds of these as JSON
        f"<g class='mtl-by-{hue}'><path d='M{x - WIDTH // 2} {y - HEIGHT // 2}h{WIDTH}v{HEIGHT}h-{WIDTH}z'/>"
        f"<text x='{x}' y='{y - 3}'>{text}</text><text x='{x}' y='{y + 12}'>{_by(losses)}</text></g>"
    )


def _rows(record: dict) -> int:
    """Rows of boxes below the towers: one or two for each level."""
    return len(record["reads"]) * (2 if record["reads"][0] else 1)


def _row(record: dict, level: int, mixer: bool) -> int:
    return STEP * (2 * level - 1 + mixer if record["reads"][0] else level) - 18


def _places(record: dict) -> dict[tuple, str]:
    """Where each box stands, from the foot: `(level, kind, x, y)`, and whose losses reach it; a residual is a part of its gate."""
    places = {}
    for level, kind, owner, tasks in record["blocks"]:
        if kind != "residual":
            places[level, kind, COLUMNS[owner], _row(record, level, kind in MIXERS)] = tasks
    return places


def _wires(record: dict, height: int) -> list[tuple]:
    """Lines `(x, y, x, y)` from what is read to what reads it, heights from the foot."""
    half, wires, last = HEIGHT // 2, [], None
    for level, reads in enumerate(record["reads"], 1):
        sources = [b[2] for b in record["blocks"] if b[0] == level and b[1] not in MIXERS]
        low, high = _row(record, level, False), _row(record, level, True)
        for owner in sources:
            x, y = (COLUMNS[_from(owner, last)], _row(record, level - 1, True) + half) if last else (160, 20)
            wires.append((x, y, COLUMNS[owner], low - half))
        wires += [(COLUMNS[g], low + half, COLUMNS[mix], high - half) for mix, groups in reads.items() for g in groups]
        last = list(reads) or sources
    top = (high if record["reads"][0] else low) + half
    return wires + [(COLUMNS[_from(task, last)], top, COLUMNS[task], height - 24 - half) for task in TASKS]


def _from(owner: str, below: list[str]) -> str:
    """Whose mix of the level below this one reads."""
    return owner if owner in below else "shared"
