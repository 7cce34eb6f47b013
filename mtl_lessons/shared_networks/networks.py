"""The networks: Keras layers from `(batch, d)` to `{task: (batch, width)}`.

Those with gates differ only in how levels are wired.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mtl_lessons.backend import Tensor, keras, register

from .arguments import (
    PerTask,
    TensorShape,
    at_least_one,
    by_task,
    flat,
    widths,
    widths_by_level,
)
from .level import (
    SHARED,
    Block,
    Experts,
    Input,
    Level,
    LevelPart,
    Outputs,
    part_of,
)

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

layers = keras.layers
ops = keras.ops

Blocks = dict[Block, list[LevelPart]]


# ---------------------------------------------------------------- without gates


class Network(layers.Layer):
    """From `(batch, d)` to `{task: (batch, width)}`.

    A subclass says how; `blocks` names the parts for `reach`.

    One task alone is allowed: it is the single-task control.

    >>> Network(["click", "shared"])
    Traceback (most recent call last):
    ValueError: tasks: expected different names, none of them 'shared', found ['click', 'shared']
    """

    def __init__(self, tasks: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self.tasks = [tasks] if isinstance(tasks, str) else list(tasks)
        repeated = len(set(self.tasks)) < len(self.tasks)
        if (
            isinstance(tasks, str)
            or not self.tasks
            or repeated
            or SHARED in self.tasks
        ):
            expected = (
                f"tasks: expected different names, none of them {SHARED!r}"
            )
            raise ValueError(f"{expected}, found {self.tasks}")

    def blocks(self) -> Blocks:
        """The parts of the network that a loss trains or not.

        Of each the variables, and which part of them.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: expected blocks(), found none"
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"tasks": list(self.tasks)}


@register
class SharedBottom(Network):
    """One trunk, and every task reads its end: `h_t(x) = h(x)` (Caruana 1997).

    Weights: `Σ (d_in + 1) units`, the widths of the trunk's ReLU layers.

    >>> network = SharedBottom(["click", "buy"], units=(5, 4))
    >>> network(ops.ones((8, 6)))["buy"].shape.as_list()
    [8, 4]
    >>> network.count_params()  # 7 · 5 + 6 · 4
    59
    """

    def __init__(
        self, tasks: Sequence[str], units: Sequence[int], **options: Any
    ) -> None:
        super().__init__(tasks, **options)
        self.units = widths(units)
        self.trunk = [
            layers.Dense(width, "relu", kernel_initializer="he_normal")
            for width in self.units
        ]

    def build(self, input_shape: TensorShape) -> None:
        shape = flat(input_shape)
        for layer in self.trunk:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, x: Tensor) -> Outputs:
        for layer in self.trunk:
            x = layer(x)
        return dict.fromkeys(self.tasks, x)

    def blocks(self) -> Blocks:
        blocks: Blocks = {}
        for level, layer in enumerate(self.trunk, 1):
            blocks[Block(level, "trunk", SHARED)] = [
                (weight, ...) for weight in layer.weights
            ]
        return blocks

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"units": list(self.units)}


@register
class CrossStitch(Network):
    """A network per task, mixed after each layer by learned constants (Misra et
    al. 2016).

    `x'_t = Σ_s α_ts ⊙ x_s`, α a number for every pair of tasks *and unit* that
    does not depend on the row. Weights: `T Σ (d_in + 1) units + T² Σ units`.

    `α` has shape `(tasks, tasks, width)`. (Code that stitches whole layers has
    one number for every pair.) It starts with `own` for a task's own network
    and the rest in equal parts for the others.

    >>> network = CrossStitch(["click", "buy"], units=(5,))
    >>> network(ops.ones((8, 6)))["buy"].shape.as_list()
    [8, 5]
    >>> network.count_params()  # 2 · 7 · 5 + 4 · 5
    90
    """

    def __init__(
        self,
        tasks: Sequence[str],
        units: Sequence[int],
        own: float = 0.9,
        **options: Any,
    ) -> None:
        super().__init__(tasks, **options)
        self.units = widths(units)
        self.own = own
        self.networks = [
            Experts(len(self.tasks), width) for width in self.units
        ]

    def build(self, input_shape: TensorShape) -> None:
        shape = flat(input_shape)
        for network in self.networks:
            network.build(shape)
            shape = network.compute_output_shape(shape)
        self.stitches = [
            self._stitch(level) for level in range(len(self.units))
        ]

    def _stitch(self, level: int) -> Tensor:
        """α of a level, `(tasks, tasks, width)`, at its start."""
        count = len(self.tasks)
        alpha = np.full((count, count), (1 - self.own) / max(count - 1, 1))
        np.fill_diagonal(alpha, self.own if count > 1 else 1)
        start = alpha[..., None] * np.ones(self.units[level])
        return self.add_weight(
            name=f"stitch_{level}",
            shape=start.shape,
            initializer=lambda shape, dtype: ops.cast(start, dtype),  # noqa: ARG005
        )

    def call(self, x: Tensor) -> Outputs:
        for network, stitch in zip(self.networks, self.stitches):
            x = ops.einsum("tsh,sbh->tbh", stitch, network(x))
        return dict(zip(self.tasks, ops.unstack(x, len(self.tasks))))

    def blocks(self) -> Blocks:
        blocks: Blocks = {}
        for level, (network, stitch) in enumerate(
            zip(self.networks, self.stitches), 1
        ):
            for i, task in enumerate(self.tasks):
                own = slice(i, i + 1)
                weights = network.trainable_weights
                blocks[Block(level, "network", task)] = [
                    (weight, own) for weight in weights
                ]
                blocks[Block(level, "stitch", task)] = [(stitch, i)]
        return blocks

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "units": list(self.units),
            "own": self.own,
        }


# ---------------------------------------------------------------- with gates


class GatedNetwork(Network):
    """Levels, each of which reads what the one below it mixed.

    A subclass makes `levels` in its `__init__`.

    >>> network = MMoE(["click", "buy"], experts=4, units=(3,))
    >>> x = ops.ones((1, 6))
    >>> h = network(x)
    >>> (weights,) = network.gate_weights(x)  # of the only level
    >>> weights["buy"].numpy().tolist()  # a gate starts with its experts alike
    [[0.25, 0.25, 0.25, 0.25]]
    """

    levels: list[Level]

    def build(self, input_shape: TensorShape) -> None:
        shape = flat(input_shape)
        for level in self.levels:
            level.build(shape)
            shape = dict.fromkeys(
                level.gates, (input_shape[0], level.units[-1])
            )

    def call(self, x: Tensor, training: bool = False) -> Outputs:
        for level in self.levels:
            x = level(x, training=training)
        return {task: part_of(x, task) for task in self.tasks}

    def gate_weights(self, x: Tensor) -> list[Outputs]:
        """The gates' weights for the rows `(batch, d)`, level by level.

        Each level has `{gate: (batch, experts that it mixes)}`.
        """
        return [level.gate_weights(inputs) for level, inputs in self._inputs(x)]

    def expert_outputs(self, x: Tensor) -> list[Tensor]:
        """The experts' outputs for the rows `(batch, d)`, level by level.

        Each level has `(experts, batch, width)`.
        """
        return [
            level.expert_outputs(inputs) for level, inputs in self._inputs(x)
        ]

    def _inputs(self, x: Tensor) -> Iterator[tuple[Level, Input]]:
        for level in self.levels:
            yield level, x
            x = level(x)

    def blocks(self) -> Blocks:
        blocks: Blocks = {}
        for number, level in enumerate(self.levels, 1):
            blocks |= level.blocks(number)
        return blocks


@register
class MMoE(GatedNetwork):
    """Multi-gate mixture of experts (Ma et al. 2018): all experts are common,
    every task has a gate of its own.

    `h_t(x) = Σ_e softmax(x W_t)_e f_e(x)`. With `units=(H,)`, weights: `E (d +
    1) H + T d E`. All experts are computed for every row.

    >>> network = MMoE(["click", "buy"], experts=4, units=(5,))
    >>> network(ops.ones((8, 6)))["buy"].shape.as_list()
    [8, 5]
    >>> network.count_params()  # 4 · 7 · 5 + 2 · 6 · 4
    188
    """

    def __init__(
        self,
        tasks: Sequence[str],
        experts: int,
        units: Sequence[int],
        dropout: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(tasks, **options)
        self.arguments = {
            "experts": experts,
            "units": widths(units),
            "dropout": dropout,
        }
        self.levels = [Level({SHARED: experts}, self.wires(), units, dropout)]

    def wires(self) -> dict[str, list[str]]:
        return {task: [SHARED] for task in self.tasks}

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | dict(self.arguments)


@register
class OMoE(MMoE):
    """One-gate mixture of experts, the control of the MMoE paper: all tasks get
    the same mix.

    `h_t(x) = h(x) = Σ_e softmax(x W)_e f_e(x)`. Weights: `E (d + 1) H + d E`.

    It has the experts, and a gate that looks at the row.

    >>> network = OMoE(["click", "buy"], experts=4, units=(5,))
    >>> h = network(ops.ones((8, 6)))
    >>> bool(ops.all(h["click"] == h["buy"]))
    True
    >>> network.count_params()  # 4 · 7 · 5 + 6 · 4
    164
    """

    def wires(self) -> dict[str, list[str]]:
        return {SHARED: [SHARED]}


def _shortly(own: Mapping[str, int]) -> int | dict[str, int]:
    """One number where all tasks have the same."""
    numbers = set(own.values())
    return dict(own) if len(numbers) > 1 else numbers.pop()


@register
class PLE(GatedNetwork):
    """Progressive layered extraction (Tang et al. 2020): private and shared
    experts, level over level.

    Each level is a `CGC`, `h_t = Σ_e softmax(x_t W_t)_e f_e`. Below the top a
    shared gate mixes *all* experts; so another task's loss reaches the private
    experts there.

    Args: own, shared: private experts of each task, and shared experts, at
    every level. `own` is
        one number for all tasks, or `{task: number}`, or a list in the order of
        the tasks. units: for every level, the widths of the layers of its
        experts: `[(64,), (32,)]` are two levels.

    At every level a task's gate mixes its own and the shared experts. Level 1
    reads x; above, a task's experts and its gate read the task's mix of the
    level below, the shared ones the shared mix. Weights of a level with experts
    of one layer, with `O = Σ own`: `(O + shared)(d + 1) H + d (O + T shared)`,
    and `d (O + shared)` of the shared gate.

    >>> network = PLE(["click", "buy"], own=2, shared=1, units=[(5,), (4,)])
    >>> network(ops.ones((8, 6)))["buy"].shape.as_list()
    [8, 4]
    >>> [list(level.gates) for level in network.levels]
    [['click', 'buy', 'shared'], ['click', 'buy']]
    """

    def __init__(
        self,
        tasks: Sequence[str],
        own: PerTask,
        shared: int,
        units: Sequence[Sequence[int]],
        dropout: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(tasks, **options)
        private = by_task("own", own, self.tasks)
        common = at_least_one("shared", shared)
        by_level = widths_by_level(units)
        self.arguments = {
            "own": _shortly(private),
            "shared": common,
            "units": by_level,
            "dropout": dropout,
        }
        groups = private | {SHARED: common}
        gates = {task: [task, SHARED] for task in self.tasks}
        gates_below = gates | {SHARED: list(groups)}
        *lower, top = by_level
        self.levels = [
            Level(groups, gates_below, sizes, dropout) for sizes in lower
        ]
        self.levels.append(Level(groups, gates, top, dropout))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | dict(self.arguments)


@register
class CGC(PLE):
    """Customized gate control (Tang et al. 2020): PLE with a single level.

    `h_t(x) = Σ_e softmax(x W_t)_e f_e(x)` over the experts of t and the shared
    ones. So a task's loss never reaches another's private experts.

    `units` are the widths of each expert's layers.

    >>> network = CGC(["click", "buy"], own=[2, 1], shared=1, units=(5,))
    >>> network(ops.ones((8, 6)))["buy"].shape.as_list()
    [8, 5]
    >>> network.levels[0].columns("buy")
    ['buy 1', 'shared 1']
    """

    def __init__(
        self,
        tasks: Sequence[str],
        own: PerTask,
        shared: int,
        units: Sequence[int],
        dropout: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(tasks, own, shared, [units], dropout, **options)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "units": list(self.arguments["units"][0])
        }


@register
class Fusion(Level):
    """A level whose gates add a residual.

    It is a linear mix of the task's own experts, with one learned weight for
    each.

    `h_t = Σ_e (softmax(x_t W_t)_e + v_te) f_e`, where `v_te = 0` unless e
    belongs to t. It starts with equal `v` that sum to 1.

    >>> fusion = Fusion({"a": 2, "b": 1}, gates={"a": ["a", "b"], "b": ["a", "b"]}, units=(4,))
    >>> fusion(ops.ones((5, 3)))["a"].shape.as_list()
    [5, 4]
    >>> fusion.residual["a"].numpy().tolist()
    [0.5, 0.5]
    """

    def build(self, input_shape: TensorShape | dict[str, TensorShape]) -> None:
        super().build(input_shape)
        self.residual = {
            task: self._own(task, count) for task, count in self.groups.items()
        }

    def _own(self, task: str, count: int) -> Tensor:
        start = keras.initializers.Constant(1 / count)
        return self.add_weight(
            name=f"own_{task}", shape=(count,), initializer=start
        )

    def table(self, weights: Outputs) -> Tensor:
        rows = []
        for task, own in self.slices.items():
            around = (own.start, self.count - own.stop)
            rows.append(ops.pad(self.residual[task], around))
        return super().table(weights) + ops.cast(
            ops.stack(rows), self.compute_dtype
        )

    def blocks(self, level: int = 1) -> Blocks:
        blocks = super().blocks(level)
        for task, weight in self.residual.items():
            blocks[Block(level, "residual", task)] = [(weight, ...)]
        return blocks


@register
class AdaTT(GatedNetwork):
    """Adaptive task-to-task fusion without shared experts (Li et al. 2023,
    AdaTT-sp).

    A task's gate mixes the experts of *all* tasks, and a residual adds its own
    once more: `h_t = Σ_e (softmax(x_t W_t)_e + v_te) f_e` (`Fusion`).

    Every task has `own` experts at every level. What is shared is decided by
    the gates alone, which have a bias, as in the authors' code. `units` as in
    `PLE`. Weights of a level with experts of one layer:
    `O (d + 1) H + T (d + 1) O + O`, where O is the sum of `own`, which may
    differ from task to task as in `PLE`. (The authors' code draws the start of
    gates and residual at random, and fixes the residual at 1 if `own` is 1.)

    >>> network = AdaTT(["click", "buy"], own=2, units=[(5,), (4,)])
    >>> network(ops.ones((8, 6)))["buy"].shape.as_list()
    [8, 4]
    >>> network.levels[0].columns("buy")
    ['click 1', 'click 2', 'buy 1', 'buy 2']
    """

    def __init__(
        self,
        tasks: Sequence[str],
        own: PerTask,
        units: Sequence[Sequence[int]],
        dropout: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(tasks, **options)
        private = by_task("own", own, self.tasks)
        by_level = widths_by_level(units)
        gates = dict.fromkeys(self.tasks, self.tasks)
        self.arguments = {
            "own": _shortly(private),
            "units": by_level,
            "dropout": dropout,
        }
        self.levels = [
            Fusion(private, gates, sizes, dropout, bias=True)
            for sizes in by_level
        ]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | dict(self.arguments)
