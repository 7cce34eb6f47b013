"""Chapter 2's first figure: which loss trains which block.

Choose a design, its levels, and a loss. The colour of a block says whether that
loss trains it, which was found out by a backward pass
(`shared_networks.wirings`), not drawn by hand.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from mtl_lessons import embed, stored

from .explorable import Explorable
from .grid import Axis, Point

SAY = embed.strings("wiring")
TASKS = ("a", "b")
# -> the tasks whose losses act
LOSSES = {"loss-a": "a", "loss-b": "b", "loss-both": "ab"}
MIXERS = ("gate", "stitch", "residual")
COLUMNS = {"a": 54, "shared": 160, "b": 266}  # centres, in a drawing 320 wide
WIDTH, HEIGHT, STEP = 98, 36, 62

Record = Mapping[str, Any]  # as from `shared_networks.wirings`
Wire = tuple[int, int, int, int]  # from (x, y) to (x, y), heights from the foot


class Block(NamedTuple):
    """A part of a network; `tasks` are those whose losses reach it."""

    level: int
    kind: str
    owner: str
    tasks: str


class Wiring(Explorable):
    """Which loss reaches which block: design x levels x loss."""

    def __init__(self, records: Sequence[Record] | None = None) -> None:
        records = records or stored.read("shared_networks")["wirings"]
        self.found = {
            (record["design"], record["levels"]): record for record in records
        }
        designs, levels = (
            tuple(dict.fromkeys(values)) for values in zip(*self.found)
        )
        axes = (
            Axis("design", SAY["design"], designs),
            Axis("levels", SAY["levels"], levels),
            Axis(
                "loss",
                SAY["loss"],
                tuple(LOSSES),
                labels=tuple(SAY[loss] for loss in LOSSES),
            ),
        )
        start = {"design": "CGC, PLE", "levels": 2, "loss": "loss-b"}
        super().__init__(axes, SAY["title"], SAY["caption"], start)

    def record(self, point: Point) -> Record:
        return self.found[point["design"], point["levels"]]

    def words(self, state: Point) -> list[str]:
        blocks = _blocks(self.record(state))
        said = {axis.name: axis.text(state[axis.name]) for axis in self.axes}
        lines = [_reach(blocks, task) for task in LOSSES[state["loss"]]]
        return [SAY["point"].format(**said), *lines]

    def draw(self, state: Point) -> str:
        """Boxes from the input below to the towers above; each says in text
        what trains it.
        """
        record, losses = self.record(state), LOSSES[state["loss"]]
        height = 70 + STEP * _rows(record)
        boxes = [
            (x, height - y, SAY[f"kind-{kind}"], tasks)
            for (level, kind, x, y), tasks in _places(record).items()
        ]
        boxes += [
            (COLUMNS[task], 24, SAY["tower"].format(task=task), task)
            for task in TASKS
        ]
        drawn = "".join(
            _box(x, y, text, [loss for loss in losses if loss in tasks])
            for x, y, text, tasks in boxes
        )
        wires = "".join(
            f"M{x} {height - y} {u} {height - v}"
            for x, y, u, v in _wires(record, height)
        )
        said = escape(_said(_blocks(record), losses))
        frame = f'viewBox="0 0 320 {height}" role="img" aria-label="{said}"'
        return (
            f'<svg class="mtl-wires" {frame}><path class="mtl-axis" d="{wires}"/>'
            f'{drawn}<text x="160" y="{height - 6}">x</text></svg>'
        )


def _blocks(record: Record) -> list[Block]:
    return [Block(*block) for block in record["blocks"]]


# ---- words ----


def _reach(blocks: Sequence[Block], task: str) -> str:
    """What the loss of a task trains of the other task's own."""
    other = "ba"[TASKS.index(task)]
    own = [block for block in blocks if block.owner == other]
    reached = [_name(block) for block in own if task in block.tasks]
    key = "reaches" if reached else "spares" if own else "nothing-private"
    return SAY[key].format(task=task, other=other, blocks=", ".join(reached))


def _name(block: Block) -> str:
    return SAY["block"].format(
        level=block.level, kind=SAY[f"kind-{block.kind}"], owner=block.owner
    )


def _said(blocks: Sequence[Block], losses: str) -> str:
    """For who cannot see the drawing: the blocks, by the losses that train
    them.
    """
    groups: dict[str, list[str]] = {}
    for block in blocks:
        by = _by([loss for loss in losses if loss in block.tasks])
        kind = SAY[f"kind-{block.kind}"]
        groups.setdefault(by, []).append(f"{kind} {block.level} {block.owner}")
    return "; ".join(
        f"{by}: {', '.join(names)}" for by, names in groups.items()
    )


def _by(losses: Sequence[str]) -> str:
    return (
        SAY["by"].format(tasks=" + ".join(losses)) if losses else SAY["by-none"]
    )


# ---- the drawing ----


def _box(x: int, y: int, text: str, losses: Sequence[str]) -> str:
    hue = "both" if len(losses) > 1 else losses[0] if losses else "none"
    left, top = x - WIDTH // 2, y - HEIGHT // 2
    return (  # single quotes, since a page carries hundreds of these as JSON
        f"<g class='mtl-by-{hue}'><path d='M{left} "
        f"{top}h{WIDTH}v{HEIGHT}h-{WIDTH}z'/>"
        f"<text x='{x}' y='{y - 3}'>{text}</text>"
        f"<text x='{x}' y='{y + 12}'>{_by(losses)}</text></g>"
    )


def _rows(record: Record) -> int:
    """Rows of boxes below the towers: one or two for each level."""
    return len(record["reads"]) * (2 if record["reads"][0] else 1)


def _row(record: Record, level: int, mixer: bool) -> int:
    """Height of the middle of a row of boxes, from the foot."""
    row = 2 * level - 1 + mixer if record["reads"][0] else level
    return STEP * row - 18


def _places(record: Record) -> dict[tuple[int, str, int, int], str]:
    """Where each box `(level, kind, x, y)` stands, from the foot, and whose
    losses reach it.

    A residual is a part of its gate.
    """
    places = {}
    for block in _blocks(record):
        if block.kind != "residual":
            y = _row(record, block.level, block.kind in MIXERS)
            places[block.level, block.kind, COLUMNS[block.owner], y] = (
                block.tasks
            )
    return places


def _wires(record: Record, height: int) -> list[Wire]:
    """Lines from what is read to what reads it."""
    half = HEIGHT // 2
    wires: list[Wire] = []
    last: list[str] = []  # who stands in the uppermost row so far
    for level, reads in enumerate(record["reads"], 1):
        blocks = [block for block in _blocks(record) if block.level == level]
        sources = [block.owner for block in blocks if block.kind not in MIXERS]
        low, high = _row(record, level, False), _row(record, level, True)
        for owner in sources:
            x, y = 160, 20  # of the input
            if last:
                x, y = (
                    COLUMNS[_from(owner, last)],
                    _row(record, level - 1, True) + half,
                )
            wires.append((x, y, COLUMNS[owner], low - half))
        for mixer, groups in reads.items():
            wires += [
                (COLUMNS[one], low + half, COLUMNS[mixer], high - half)
                for one in groups
            ]
        last = list(reads) or sources
    top = (high if record["reads"][0] else low) + half
    towers = [
        (COLUMNS[_from(task, last)], top, COLUMNS[task]) for task in TASKS
    ]
    return wires + [(*wire, height - 24 - half) for wire in towers]


def _from(owner: str, below: Sequence[str]) -> str:
    """Whose mix of the level below this one reads."""
    return owner if owner in below else "shared"
