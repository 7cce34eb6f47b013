"""Chapter 2's first figure: which loss trains which block, all designs side by
side.

Choose a loss: what its gradient reaches lights up, and the way by which it
reaches what is the other task's own is drawn bold. Who reaches whom was found
out by backward passes (`shared_networks.wirings`), not drawn by hand. The
browser has the same drawing (`web/view_wiring.js`).
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from mtl_lessons import embed, stored

from .explorable import Explorable, Guess
from .grid import Axis, Point

SAY = embed.strings("wiring")
TASKS = ("a", "b")
# -> the tasks whose losses act
LOSS_CHOICES = {"loss-a": "a", "loss-b": "b", "loss-both": "ab"}
MIXERS = ("gate", "stitch")
ALL = "all"
# name -> design and levels in what is stored
WIRINGS = {
    "Shared bottom": ("Shared bottom", 1),
    "Cross-stitch": ("Cross-stitch", 1),
    "OMoE": ("OMoE", 1),
    "MMoE": ("MMoE", 1),
    "CGC": ("CGC, PLE", 1),
    "PLE": ("CGC, PLE", 2),
    "AdaTT": ("AdaTT", 1),
}

WiringRecord = Mapping[str, Any]  # as from `shared_networks.wirings`


class DrawnBlock(NamedTuple):
    """A part of a network; `tasks` are those whose losses reach it, `row` is
    where it stands, from the foot.
    """

    row: int
    level: int
    kind: str
    owner: str
    tasks: str


class Wire(NamedTuple):
    """`reader` reads `source`: places in a list of blocks, -1 for the input."""

    source: int
    reader: int


class Size(NamedTuple):
    """Of a drawing: its width, where columns stand, and how large boxes are."""

    width: int
    columns: Mapping[str, int]  # their centres
    box: tuple[int, int]
    step: int  # from a row to the next
    foot: int  # below the lowest row, for the input


PHONE = Size(160, {"a": 27, "shared": 80, "b": 133}, (50, 16), 28, 18)
LARGE = Size(320, {"a": 54, "shared": 160, "b": 266}, (98, 38), 62, 24)

# ESMM: a is the click, b the purchase on all impressions, which is a product.
# The wirings of the others are stored; a test holds both to real gradients.
ESMM = (
    DrawnBlock(1, 1, "tables", "shared", "ab"),
    DrawnBlock(2, 2, "tower", "a", "ab"),
    DrawnBlock(2, 2, "tower", "b", "b"),
    DrawnBlock(3, 3, "product", "b", "b"),
)
ESMM_WIRES = (Wire(-1, 0), Wire(0, 1), Wire(0, 2), Wire(1, 3), Wire(2, 3))


class DrawnNetwork(NamedTuple):
    """Blocks and wires of a design."""

    blocks: tuple[DrawnBlock, ...]
    wires: tuple[Wire, ...]

    def last(self, task: str) -> int:
        """The block on which the loss of a task stands."""
        own = [i for i, one in enumerate(self.blocks) if one.owner == task]
        return max(own, key=lambda i: self.blocks[i].row)

    def below(self, block: int) -> set[int]:
        """All blocks from which there is a way up to this one, and itself."""
        found = {block}
        for wire in self.wires:
            if wire.reader == block and wire.source >= 0:
                found |= self.below(wire.source)
        return found

    def own(self, task: str) -> list[int]:
        """The places of a task's own blocks."""
        return [i for i, one in enumerate(self.blocks) if one.owner == task]

    def leaks(self, task: str) -> set[Wire]:
        """The wires by which the loss of a task reaches what is the other's
        own.
        """
        start = self.below(self.last(task))
        taken = set(self.own(_task_beside(task))) & start
        return {
            wire
            for wire in self.wires
            if wire.reader in start and self.below(wire.source) & taken
            if wire.source >= 0
        }

    def passes(self, wire: Wire) -> str:
        """The tasks whose gradients go down a wire."""
        if wire.source < 0:
            return ""
        source, reader = self.blocks[wire.source], self.blocks[wire.reader]
        return "".join(t for t in reader.tasks if t in source.tasks)


class Wiring(Explorable):
    """Which loss reaches which block: loss x design."""

    view = "wiring"

    def __init__(self, records: Sequence[WiringRecord] | None = None) -> None:
        records = records or stored.read("shared_networks")["wirings"]
        found = {(one["design"], one["levels"]): one for one in records}
        self.networks = {
            name: drawn_network(found[kept]) for name, kept in WIRINGS.items()
        }
        self.networks["ESMM"] = DrawnNetwork(ESMM, ESMM_WIRES)
        names = tuple(self.networks)
        axes = (
            Axis(
                "loss",
                SAY["loss"],
                tuple(LOSS_CHOICES),
                labels=tuple(SAY[loss] for loss in LOSS_CHOICES),
            ),
            Axis("design", SAY["design"], (ALL, *names), (SAY[ALL], *names)),
        )
        start = {"loss": "loss-b", "design": ALL}
        super().__init__(axes, SAY["title"], SAY["caption"], start)
        options = ("CGC", "MMoE", "PLE", SAY["none-of-them"])
        self.guess = Guess(SAY["ask"], options, 2, SAY["told"], start)

    @property
    def given(self) -> Mapping[str, Any]:
        sizes = {"small": PHONE, "large": LARGE}
        return {
            "losses": list(LOSS_CHOICES.values()),
            "boxes": {name: size.box for name, size in sizes.items()},
            "designs": [
                {"name": name, "says": self._labels(name)}
                | {part: _layout(one, size) for part, size in sizes.items()}
                for name, one in self.networks.items()
            ],
            "words": [self.says(state) for state in self.states],
            "say": {"by": SAY["by"], "by-none": SAY["by-none"]},
        }

    def _labels(self, name: str) -> list[list[str]]:
        """For each loss the label of a drawing, and what stands below it."""
        return [
            [self._label(name, losses), self.verdict(name, losses)]
            for losses in LOSS_CHOICES.values()
        ]

    # ---- words ----

    def words(self, state: Point) -> list[str]:
        said = {axis.name: axis.text(state[axis.name]) for axis in self.axes}
        point = SAY["point"].format(**said)
        losses = LOSS_CHOICES[state["loss"]]
        if state["design"] != ALL:
            chosen = self.networks[state["design"]]
            return [point, *(others_trained(chosen, task) for task in losses)]
        return [point, *(line for task in losses for line in self._all(task))]

    def _all(self, task: str) -> list[str]:
        """In which designs a loss changes what is the other task's own, and in
        which it does not.
        """
        changed, spared = [], []
        for name, one in self.networks.items():
            if reached := _blocks_trained(one, task):
                changed.append(f"{name} ({_kinds_at(one, reached)})")
            else:
                spared.append(name)
        said = {"task": task, "other": _task_beside(task)}
        return [
            SAY["changes"].format(designs=", ".join(changed), **said),
            SAY["leaves"].format(designs=", ".join(spared), **said),
        ]

    def verdict(self, name: str, losses: str) -> str:
        """What stands below a small drawing: a few words, if one loss acts."""
        if len(losses) > 1:
            return ""
        one, other = self.networks[name], _task_beside(losses)
        own = _private(one, other)
        reached = _blocks_trained(one, losses)
        short = "reaches" if reached else own
        kinds = _kinds_at(one, reached)
        said = {"task": losses, "other": other, "kinds": kinds}
        return SAY[f"short-{short}"].format(**said)

    # ---- the drawing ----

    def draw(self, state: Point) -> str:
        """All designs, small, or the chosen one, large: from the input below to
        the towers above.
        """
        losses = LOSS_CHOICES[state["loss"]]
        if state["design"] != ALL:
            drawn = self._svg(state["design"], losses, LARGE)
            return f'<div class="mtl-wiring" data-turn="1.0">{drawn}</div>'
        drawn = "".join(
            f'<div data-turn="1.{i}"><b>{name}</b>'
            f"{self._svg(name, losses, PHONE)}"
            f"<span>{escape(self.verdict(name, losses))}</span></div>"
            for i, name in enumerate(self.networks, 1)
        )
        return f'<div class="mtl-wirings">{drawn}</div>'

    def _label(self, name: str, losses: str) -> str:
        """For who cannot see the drawing: the blocks, by the losses that train
        them.
        """
        groups: dict[str, list[str]] = {}
        for block in self.networks[name].blocks:
            by = _by([loss for loss in losses if loss in block.tasks])
            groups.setdefault(by, []).append(_name(block))
        said = "; ".join(
            f"{by}: {', '.join(names)}" for by, names in groups.items()
        )
        return escape(f"{name}. {said}")

    def _svg(self, name: str, losses: str, size: Size) -> str:
        layout = _layout(self.networks[name], size)
        wires = "".join(
            f'<g class="{_way(losses, passes, leaks)}"><path d="{path}"/></g>'
            for path, passes, leaks in layout["wires"]
        )
        boxes = "".join(
            _box(size, box, losses, size is LARGE) for box in layout["boxes"]
        )
        frame = f'viewBox="0 0 {size.width} {layout["height"]}"'
        label = self._label(name, losses)
        x = size.columns["shared"]
        return (
            f'<svg class="mtl-wires" {frame} role="img" aria-label="{label}">'
            f"{wires}{boxes}"
            f'<text x="{x}" y="{layout["height"] - 4}">x</text></svg>'
        )


def drawn_network(record: WiringRecord) -> DrawnNetwork:
    """Blocks and wires of what is stored; a residual is a part of its gate.

    A tower for each task stands on top, which its own loss trains alone.
    """
    mixed = bool(record["reads"][0])
    blocks: list[DrawnBlock] = []
    for level, kind, owner, tasks in record["blocks"]:
        if kind != "residual":
            row = 2 * level - 1 + (kind in MIXERS) if mixed else level
            blocks.append(DrawnBlock(row, level, kind, owner, tasks))
    top = len(record["reads"]) * (2 if mixed else 1) + 1
    blocks += [DrawnBlock(top, top, "tower", task, task) for task in TASKS]
    return DrawnNetwork(tuple(blocks), tuple(_wires(record, blocks)))


def _wires(record: WiringRecord, blocks: Sequence[DrawnBlock]) -> list[Wire]:
    """From what is read to what reads it, level by level."""

    def in_row(row: int) -> dict[str, int]:
        """The places of the blocks of a row, by owner."""
        return {b.owner: i for i, b in enumerate(blocks) if b.row == row}

    wires = []
    below: dict[str, int] = {"shared": -1}  # the input
    row = 1
    for reads in record["reads"]:
        experts, mixers = in_row(row), in_row(row + 1) if reads else {}
        for owner, place in experts.items():
            wires.append(Wire(below.get(owner, below.get("shared", -1)), place))
        for mixer, groups in reads.items():
            wires += [Wire(experts[one], mixers[mixer]) for one in groups]
        below = mixers or experts
        row += 2 if reads else 1
    towers = in_row(row)
    wires += [
        Wire(below.get(task, below.get("shared", -1)), place)
        for task, place in towers.items()
    ]
    return wires


def _task_beside(task: str) -> str:
    return "ba"[TASKS.index(task)]


# ---- words ----


def others_trained(one: DrawnNetwork, task: str) -> str:
    """What the loss of a task trains of the other task's own."""
    other = _task_beside(task)
    reached = _blocks_trained(one, task)
    key = "reaches" if reached else _private(one, other)
    blocks = ", ".join(_place_of(one.blocks[i]) for i in reached)
    return SAY[key].format(task=task, other=other, blocks=blocks)


def _blocks_trained(one: DrawnNetwork, task: str) -> list[int]:
    """The other task's own blocks that the loss of a task trains."""
    own = one.own(_task_beside(task))
    return [i for i in own if task in one.blocks[i].tasks]


def _private(one: DrawnNetwork, task: str) -> str:
    """Has a task blocks of its own below its tower (`"private"`), none but a
    gate (`"gate-alone"`), or none (`"nothing-private"`)?
    """
    kinds = {one.blocks[i].kind for i in one.own(task)} - {"tower", "product"}
    if not kinds:
        return "nothing-private"
    return "private" if kinds - set(MIXERS) else "gate-alone"


def _kinds_at(one: DrawnNetwork, places: Sequence[int]) -> str:
    kinds = [SAY[f"kind-{one.blocks[i].kind}"] for i in places]
    return ", ".join(dict.fromkeys(kinds))


def _place_of(block: DrawnBlock) -> str:
    kind = SAY[f"kind-{block.kind}"]
    if block.kind in ("tower", "product"):
        return SAY["tower-of"].format(kind=kind, owner=block.owner)
    return SAY["block"].format(kind=kind, level=block.level)


def _name(block: DrawnBlock) -> str:
    kind = SAY[f"kind-{block.kind}"]
    if block.kind in ("tower", "product"):
        return f"{kind} {block.owner}"
    owner = "" if block.owner == "shared" else f" {block.owner}"
    return f"{kind} {block.level}{owner}"


def _by(losses: Sequence[str]) -> str:
    return (
        SAY["by"].format(tasks=" + ".join(losses)) if losses else SAY["by-none"]
    )


# ---- the drawing ----


def _layout(one: DrawnNetwork, size: Size) -> dict[str, Any]:
    """Where boxes and wires stand in a drawing of some size, and who passes."""
    top = max(block.row for block in one.blocks)
    height = size.foot + size.step * top
    half = size.box[1] // 2

    def middle(row: int) -> int:
        return size.step * (top - row) + half + 1

    def path(wire: Wire) -> str:
        reader = one.blocks[wire.reader]
        x, y = size.columns[reader.owner], middle(reader.row) + half
        u, v = size.columns["shared"], height - size.foot + 4
        if wire.source >= 0:
            source = one.blocks[wire.source]
            u, v = size.columns[source.owner], middle(source.row) - half
        return f"M{x} {y}L{u} {v}"  # downwards, as gradients go

    leaks = {task: one.leaks(task) for task in TASKS}
    return {
        "height": height,
        "boxes": [
            [
                size.columns[block.owner],
                middle(block.row),
                SAY[f"box-{block.kind}"].format(task=block.owner),
                block.tasks,
            ]
            for block in one.blocks
        ],
        "wires": [
            [
                path(wire),
                one.passes(wire),
                "".join(task for task in TASKS if wire in leaks[task]),
            ]
            for wire in one.wires
        ],
    }


def _hue(losses: str, tasks: str) -> str:
    """The class of what some losses reach."""
    acting = [loss for loss in losses if loss in tasks]
    return "both" if len(acting) > 1 else acting[0] if acting else "none"


def _way(losses: str, passes: str, leaks: str) -> str:
    """The classes of a wire."""
    bold = " mtl-leak" if any(loss in leaks for loss in losses) else ""
    return f"mtl-by-{_hue(losses, passes)}{bold}"


def _box(size: Size, box: Sequence[Any], losses: str, large: bool) -> str:
    x, y, text, tasks = box
    width, height = size.box
    acting = [loss for loss in losses if loss in tasks]
    second = f'<text x="{x}" y="{y + 14}">{_by(acting)}</text>' if large else ""
    return (
        f'<g class="mtl-by-{_hue(losses, tasks)} mtl-box"><path d="M{x - width // 2} '
        f'{y - height // 2}h{width}v{height}h-{width}z"/>'
        f'<text x="{x}" y="{y - 2 if large else y + 4}">{text}</text>{second}</g>'
    )
