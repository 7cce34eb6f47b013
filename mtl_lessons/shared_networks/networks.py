"""The networks: Keras layers from `(batch, d)` to `{task: (batch, width)}`. Those with gates differ only in how levels are wired."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from mtl_lessons.backend import keras, register

from .arguments import at_least_one, by_task, flat, widths, widths_by_level
from .level import SHARED, Block, Experts, Level, part_of

__all__ = [
    "Network",
    "SharedBottom",
    "CrossStitch",
    "GatedNetwork",
    "OMoE",
    "MMoE",
    "CGC",
    "PLE",
    "AdaTT",
    "Fusion",
]

layers, ops = keras.layers, keras.ops

Own = int | Mapping[str, int] | Sequence[int]  # private experts: a number for all tasks, or for each


# ---------------------------------------------------------------- networks without gates


class Network(layers.Layer):
    """From `(batch, d)` to `{task: (batch, width)}`. A subclass says how; `blocks` names the parts for `reach`.

    One task alone is allowed: it is the single-task control.
    """

    def __init__(self, tasks: Sequence[str], **kwargs):
        super().__init__(**kwargs)
        self.tasks = [tasks] if isinstance(tasks, str) else list(tasks)
        if isinstance(tasks, str) or not self.tasks or len(set(self.tasks)) < len(self.tasks) or SHARED in self.tasks:
            raise ValueError(f"tasks: expected different names, none of them {SHARED!r}, found {self.tasks}")

    def get_config(self):
        return super().get_config() | {"tasks": list(self.tasks)}


@register
class SharedBottom(Network):
    """One trunk, and every task reads its end: `h_t(x) = h(x)` (Caruana 1997).

    `units` are the widths of the trunk's ReLU layers. Weights: `Σ (d_in + 1) units`.
    """

    def __init__(self, tasks: Sequence[str], units: Sequence[int], **kwargs):
        super().__init__(tasks, **kwargs)
        self.units = widths(units)
        self.trunk = [layers.Dense(n, "relu", kernel_initializer="he_normal") for n in self.units]

    def build(self, input_shape):
        shape = flat(input_shape)
        for layer in self.trunk:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, x):
        for layer in self.trunk:
            x = layer(x)
        return dict.fromkeys(self.tasks, x)

    def blocks(self) -> dict[Block, list]:
        return {Block(i, "trunk", SHARED): [(w, ...) for w in layer.weights] for i, layer in enumerate(self.trunk, 1)}

    def get_config(self):
        return super().get_config() | {"units": list(self.units)}


@register
class CrossStitch(Network):
    """A network per task; after each layer they are mixed, unit by unit, by learned constants (Misra et al. 2016).

    `x'_t = Σ_s α_ts ⊙ x_s`, where `α` has shape `(tasks, tasks, width)` and does not depend on the row. It starts with `own` for
    a task's own network and the rest in equal parts for the others. Weights: `T Σ (d_in + 1) units + T² Σ units`.
    """

    def __init__(self, tasks: Sequence[str], units: Sequence[int], own: float = 0.9, **kwargs):
        super().__init__(tasks, **kwargs)
        self.units, self.own = widths(units), own
        self.networks = [Experts(len(self.tasks), n) for n in self.units]

    def build(self, input_shape):
        shape, count = flat(input_shape), len(self.tasks)
        for network in self.networks:
            network.build(shape)
            shape = network.compute_output_shape(shape)
        start = np.full((count, count), (1 - self.own) / max(count - 1, 1))
        np.fill_diagonal(start, self.own if count > 1 else 1)
        self.stitches = [self._stitch(start[..., None] * np.ones(n), f"stitch_{i}") for i, n in enumerate(self.units)]

    def _stitch(self, start: np.ndarray, name: str):
        return self.add_weight(name=name, shape=start.shape, initializer=lambda shape, dtype: ops.cast(start, dtype))

    def call(self, x):
        for network, stitch in zip(self.networks, self.stitches):
            x = ops.einsum("tsh,sbh->tbh", stitch, network(x))
        return dict(zip(self.tasks, ops.unstack(x, len(self.tasks))))

    def blocks(self) -> dict[Block, list]:
        found = {}
        for level, (network, stitch) in enumerate(zip(self.networks, self.stitches), 1):
            for i, task in enumerate(self.tasks):
                found[Block(level, "network", task)] = [(w, slice(i, i + 1)) for w in network.trainable_weights]
                found[Block(level, "stitch", task)] = [(stitch, i)]
        return found

    def get_config(self):
        return super().get_config() | {"units": list(self.units), "own": self.own}


# ---------------------------------------------------------------- networks with gates: only the wiring differs


class GatedNetwork(Network):
    """Levels, each of which reads what the one below it mixed. A subclass makes `levels` in its `__init__`."""

    levels: list[Level]

    def build(self, input_shape):
        shape = flat(input_shape)
        for level in self.levels:
            level.build(shape)
            shape = dict.fromkeys(level.gates, (input_shape[0], level.units[-1]))

    def call(self, x, training=False):
        for level in self.levels:
            x = level(x, training=training)
        return {task: part_of(x, task) for task in self.tasks}

    def gate_weights(self, x) -> list[dict]:
        """The gates' weights for the rows `(batch, d)`, level by level: `{gate: (batch, experts that it mixes)}`."""
        return [level.gate_weights(inputs) for level, inputs in self._inputs(x)]

    def expert_outputs(self, x) -> list:
        """The experts' outputs for the rows `(batch, d)`, level by level: `(experts, batch, width)`."""
        return [level.expert_outputs(inputs) for level, inputs in self._inputs(x)]

    def _inputs(self, x) -> Iterable[tuple[Level, object]]:
        for level in self.levels:
            yield level, x
            x = level(x)

    def blocks(self) -> dict[Block, list]:
        return {block: parts for i, level in enumerate(self.levels, 1) for block, parts in level.blocks(i).items()}


@register
class MMoE(GatedNetwork):
    """Multi-gate mixture of experts: all experts are common, every task has a gate of its own (Ma et al. 2018).

    `h_t(x) = Σ_e softmax(x W_t)_e f_e(x)`. With `units=(H,)`, weights: `E (d + 1) H + T d E`. All experts are computed for every row.
    """

    def __init__(self, tasks: Sequence[str], experts: int, units: Sequence[int], dropout: float = 0.0, **kwargs):
        super().__init__(tasks, **kwargs)
        self.arguments = {"experts": experts, "units": widths(units), "dropout": dropout}
        self.levels = [Level({SHARED: experts}, self.wires(), units, dropout)]

    def wires(self) -> dict[str, list[str]]:
        return {task: [SHARED] for task in self.tasks}

    def get_config(self):
        return super().get_config() | dict(self.arguments)


@register
class OMoE(MMoE):
    """One-gate mixture of experts: `h_t(x) = h(x) = Σ_e softmax(x W)_e f_e(x)`, the control of the MMoE paper.

    It has the experts and a gate that looks at the row, but all tasks get the same mix. Weights: `E (d + 1) H + d E`.
    """

    def wires(self) -> dict[str, list[str]]:
        return {SHARED: [SHARED]}


def _shortly(own: Mapping[str, int]) -> int | dict[str, int]:
    """One number where all tasks have the same."""
    return dict(own) if len(set(own.values())) > 1 else next(iter(own.values()))


@register
class PLE(GatedNetwork):
    """Progressive layered extraction: private and shared experts, level over level (Tang et al. 2020).

    Args:
        own, shared: private experts of each task, and shared experts, at every level. `own` is one number for all
            tasks, or `{task: number}`, or a list in the order of the tasks.
        units: for every level, the widths of the layers of its experts: `[(64,), (32,)]` are two levels.

    At every level a task's gate mixes its own and the shared experts. Below the top there is a shared gate too: it mixes *all* experts of
    the level. Level 1 reads x; above, a task's experts and its gate read the task's mix of the level below, the shared ones the shared mix.
    Weights of a level with experts of one layer, with `O = Σ own`: `(O + shared)(d + 1) H + d (O + T shared)`, and `d (O + shared)` of the
    shared gate.
    """

    def __init__(
        self, tasks: Sequence[str], own: Own, shared: int, units: Sequence[Sequence[int]], dropout: float = 0.0, **kwargs
    ):
        super().__init__(tasks, **kwargs)
        own, shared = by_task("own", own, self.tasks), at_least_one("shared", shared)
        self.arguments = {"own": _shortly(own), "shared": shared, "units": widths_by_level(units), "dropout": dropout}
        groups = own | {SHARED: shared}
        gates = {task: [task, SHARED] for task in self.tasks}
        below = gates | {SHARED: list(groups)}
        *lower, top = self.arguments["units"]
        self.levels = [Level(groups, below, sizes, dropout) for sizes in lower] + [Level(groups, gates, top, dropout)]

    def get_config(self):
        return super().get_config() | dict(self.arguments)


@register
class CGC(PLE):
    """Customized gate control: PLE with a single level, so a task's loss never reaches another's private experts.

    `h_t(x) = Σ_e softmax(x W_t)_e f_e(x)` over the experts of t and the shared ones. `units` are the widths of each expert's layers.
    """

    def __init__(self, tasks: Sequence[str], own: Own, shared: int, units: Sequence[int], dropout: float = 0.0, **kwargs):
        super().__init__(tasks, own, shared, [units], dropout, **kwargs)

    def get_config(self):
        return super().get_config() | {"units": list(self.arguments["units"][0])}


@register
class Fusion(Level):
    """A level whose gates add a residual: a linear mix of the task's own experts, with one learned weight for each.

    `h_t = Σ_e (softmax(x_t W_t)_e + v_te) f_e`, where `v_te = 0` unless e belongs to t. It starts with equal `v` that sum to 1.
    """

    def build(self, input_shape):
        super().build(input_shape)
        self.residual = {
            task: self.add_weight(name=f"own_{task}", shape=(n,), initializer=keras.initializers.Constant(1 / n))
            for task, n in self.groups.items()
        }

    def table(self, weights: Mapping):
        own = [ops.pad(v, (part.start, self.count - part.stop)) for v, part in zip(self.residual.values(), self.slices.values())]
        return super().table(weights) + ops.cast(ops.stack(own), self.compute_dtype)

    def blocks(self, level: int = 1) -> dict[Block, list]:
        return super().blocks(level) | {Block(level, "residual", task): [(v, ...)] for task, v in self.residual.items()}


@register
class AdaTT(GatedNetwork):
    """Adaptive task-to-task fusion without shared experts (Li et al. 2023, AdaTT-sp).

    Every task has `own` experts at every level, and its gate mixes the experts of *all* tasks; a residual adds its own once more
    (`Fusion`). What is shared is decided by the gates alone. `units` as in `PLE`. Weights of a level with experts of one layer:
    `O (d + 1) H + T d O + O`, where O is the sum of `own`, which may differ from task to task as in `PLE`. (The authors' code draws
    the residual's start at random, and fixes it at 1 if `own` is 1.)
    """

    def __init__(self, tasks: Sequence[str], own: Own, units: Sequence[Sequence[int]], dropout: float = 0.0, **kwargs):
        super().__init__(tasks, **kwargs)
        own, gates = by_task("own", own, self.tasks), {task: self.tasks for task in self.tasks}
        self.arguments = {"own": _shortly(own), "units": widths_by_level(units), "dropout": dropout}
        self.levels = [Fusion(own, gates, sizes, dropout) for sizes in self.arguments["units"]]

    def get_config(self):
        return super().get_config() | dict(self.arguments)
