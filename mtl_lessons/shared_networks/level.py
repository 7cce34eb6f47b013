"""The part that all gated networks are made of: experts, gates, and a level,
which is both, wired.

All experts of a level are one batched product over a leading expert axis, and
all its gates mix them by another.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from types import EllipsisType
from typing import Any, NamedTuple

from mtl_lessons.backend import Tensor, keras, register

from .arguments import TensorShape, at_least_one, widths

layers, ops = keras.layers, keras.ops

SHARED = "shared"  # the name of what belongs to no task
NEVER = -6e4  # a logit whose softmax is 0, in half precision too

# (batch, d) for all, or a vector for each, by name
Input = Tensor | dict[str, Tensor]
Outputs = dict[str, Tensor]  # {name: tensor of shape (batch, width)}
# a variable, and the index of a part of it
LevelPart = tuple[Tensor, int | slice | EllipsisType]


# -------------------------------------------- the two parts: experts and a gate


@register
class Experts(layers.Layer):
    """`count` dense layers as one batched product: `f_e(x) = φ(x W_e + b_e)`.

    From `(batch, d)`, which all read, or `(count, batch, d)`, one input for
    each, to `(count, batch, units)`. Weights: `W` of shape `(count, d, units)`
    and `b` of shape `(count, 1, units)`, so `count (d units + units)` numbers.

    `initializer` is understood as a *distribution*: every expert makes a draw
    of its own. Its seed is not used, because with a seed, or one object for
    all, experts would start as clones; `keras.utils.set_random_seed` fixes a
    run.

    >>> experts = Experts(count=2, units=3)
    >>> experts(keras.ops.ones((5, 4))).shape.as_list()
    [2, 5, 3]
    >>> experts.count_params()  # 2 (4 · 3 + 3)
    30
    """

    def __init__(
        self,
        count: int,
        units: int,
        activation: Any = "relu",
        initializer: Any = "he_normal",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.count = at_least_one("count", count)
        self.units = at_least_one("units", units)
        self.activation = keras.activations.get(activation)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape: TensorShape) -> None:
        for_all = len(input_shape) == 2
        for_each = len(input_shape) == 3 and input_shape[0] in (
            self.count,
            None,
        )
        if not for_all and not for_each:
            expected = f"x: expected input of shape (batch, d) or ({self.count}, batch, d)"
            raise ValueError(f"{expected}, found {tuple(input_shape)}")
        kernel = (self.count, input_shape[-1], self.units)
        bias = (self.count, 1, self.units)
        self.kernel = self.add_weight(
            name="kernel", shape=kernel, initializer=self._draw
        )
        self.bias = self.add_weight(
            name="bias", shape=bias, initializer="zeros"
        )

    def _draw(self, shape: TensorShape, dtype: str) -> Tensor:
        """The kernels, each a draw of its own."""
        count, *kernel = shape
        return ops.stack(
            [fresh(self.initializer)(kernel, dtype) for _ in range(count)]
        )

    def call(self, x: Tensor) -> Tensor:
        return self.activation(ops.matmul(x, self.kernel) + self.bias)

    def compute_output_shape(self, input_shape: TensorShape) -> TensorShape:
        return (self.count, input_shape[-2], self.units)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "count": self.count,
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "initializer": keras.initializers.serialize(self.initializer),
        }


def fresh(initializer: keras.Initializer) -> keras.Initializer:
    """The same distribution with a seed of its own (from Keras' global one)."""
    config = initializer.get_config()
    if "seed" not in config:
        return initializer
    return initializer.from_config(config | {"seed": None})


@register
class Gate(layers.Layer):
    """How much of each of `count` experts a row gets: `softmax(x W + b)`.

    From `(batch, d)` to `(batch, count)`; rows sum to 1.

    Without `bias`, as in the MMoE paper, `b` is left out: `d count` weights.
    All weights start at zero: all experts alike.

    In training, `dropout` is the chance with which a row has to do without an
    expert; the others share its weight. (Gate dropout against polarised gates:
    Zhao et al. 2019.)

    >>> Gate(count=4)(keras.ops.ones((1, 6))).numpy().tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(
        self,
        count: int,
        dropout: float = 0.0,
        bias: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if not 0 <= dropout < 1:
            raise ValueError(
                f"dropout: expected a chance in [0, 1), found {dropout}"
            )
        self.count = at_least_one("count", count)
        self.dropout = dropout
        self.has_bias = bias
        self.random = keras.random.SeedGenerator() if dropout else None

    def build(self, input_shape: TensorShape) -> None:
        kernel = (input_shape[-1], self.count)
        self.kernel = self.add_weight(
            name="kernel", shape=kernel, initializer="zeros"
        )
        if self.has_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.count,), initializer="zeros"
            )

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        logits = ops.matmul(x, self.kernel)
        if self.has_bias:
            logits = logits + self.bias
        if self.dropout and training:
            kept = self._kept(ops.shape(logits))
            logits = ops.where(kept, logits, ops.cast(NEVER, logits.dtype))
        return ops.softmax(logits)

    def _kept(self, shape: TensorShape) -> Tensor:
        """Which experts each row keeps; one that would keep none keeps all."""
        kept = keras.random.uniform(shape, seed=self.random) >= self.dropout
        some = ops.any(kept, axis=-1, keepdims=True)
        return ops.logical_or(kept, ops.logical_not(some))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "count": self.count,
            "dropout": self.dropout,
            "bias": self.has_bias,
        }


def mix(weights: Tensor, outputs: Tensor) -> Tensor:
    """`h_g = Σ_e weights_ge f_e`, row by row and for all gates at once.

    From `(batch, gates, experts)` and `(experts, batch, width)` to `(batch,
    gates, width)`.

    >>> # two experts, a row, a unit
    >>> outputs = keras.ops.reshape([1.0, 5.0], (2, 1, 1))
    >>> mix(keras.ops.array([[[0.5, 0.5], [1.0, 0.0]]]), outputs).numpy().tolist()
    [[[3.0], [1.0]]]
    """
    return ops.matmul(weights, ops.transpose(outputs, (1, 0, 2)))


# ---------------------------------------------- a level: groups and their gates


class Block(NamedTuple):
    """A part of a network that a loss may or may not train: its level (from 1),
    kind and owner.

    >>> Block(1, "gate", "click").owner
    'click'
    """

    level: int
    kind: str
    owner: str


@register
class Level(layers.Layer):
    """Groups of experts, and gates that each mix some of the groups.

    Args: experts: group -> how many experts it has, such as `{"a": 2, "b": 2,
    "shared": 1}`.
        gates: gate -> the groups that it mixes, such as `{"a": ["a", "shared"],
        "b": ["b", "shared"]}`. units: the widths of the layers of each expert.
        dropout, bias: of the gates.

    Input: one vector for all, `(batch, d)`, or a dict with a vector for every
    group and gate, by name. Output: a dict with the mix of every gate, `(batch,
    units[-1])`. A group's experts and the gate of the same name read the same
    vector.

    >>> level = Level({"a": 1, "shared": 2}, gates={"a": ["a", "shared"]}, units=(4,))
    >>> level(keras.ops.ones((5, 3)))["a"].shape.as_list()
    [5, 4]
    >>> level.columns("a")
    ['a 1', 'shared 1', 'shared 2']
    """

    def __init__(
        self,
        experts: Mapping[str, int],
        gates: Mapping[str, Sequence[str]],
        units: Sequence[int],
        dropout: float = 0.0,
        activation: Any = "relu",
        initializer: Any = "he_normal",
        bias: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.groups = dict(experts)
        self.wiring = {gate: list(groups) for gate, groups in gates.items()}
        self.units = widths(units)
        self.dropout = dropout
        self.bias = bias
        strange = set().union(*self.wiring.values()) - self.groups.keys()
        if strange:
            expected = f"gates: expected groups among {sorted(self.groups)}"
            raise ValueError(f"{expected}, found {sorted(strange)}")
        self.experts = [
            Experts(self.count, width, activation, initializer)
            for width in self.units
        ]
        self.gates = {
            gate: Gate(len(self.columns(gate)), dropout, bias)
            for gate in self.wiring
        }

    @property
    def count(self) -> int:
        """Experts of all groups."""
        return sum(
            at_least_one(f"experts of {group}", n)
            for group, n in self.groups.items()
        )

    @property
    def slices(self) -> dict[str, slice]:
        """Where each group lies on the expert axis."""
        ends = accumulate(self.groups.values())
        return {
            group: slice(end - n, end)
            for (group, n), end in zip(self.groups.items(), ends)
        }

    def build(self, input_shape: TensorShape | dict[str, TensorShape]) -> None:
        shape = self._read_by_experts(input_shape)
        for expert in self.experts:
            expert.build(shape)
            shape = expert.compute_output_shape(shape)
        for name, gate in self.gates.items():
            gate.build(part_of(input_shape, name))

    def _read_by_experts(
        self, input_shape: TensorShape | dict[str, TensorShape]
    ) -> TensorShape:
        if isinstance(input_shape, dict):
            return (self.count, *next(iter(input_shape.values())))
        return tuple(input_shape)

    def call(self, x: Input, training: bool = False) -> Outputs:
        return self.mixed(
            self.gate_weights(x, training), self.expert_outputs(x)
        )

    def mixed(self, weights: Outputs, outputs: Tensor) -> Outputs:
        """What each gate makes of the experts."""
        mixes = mix(self.table(weights), outputs)
        return dict(zip(self.gates, ops.unstack(mixes, axis=1)))

    def table(self, weights: Outputs) -> Tensor:
        """All gates side by side, `(batch, gates, experts)`.

        0 where a gate does not read an expert.
        """
        rows = [
            ops.matmul(weights[gate], self.places(gate)) for gate in self.gates
        ]
        return ops.stack(rows, axis=1)

    def places(self, gate: str) -> Tensor:
        """Which expert each weight of a gate is for.

        One 1 in each row of `(experts that it mixes, experts)`.
        """
        numbers = range(self.count)
        experts: list[int] = []
        for group in self.wiring[gate]:
            experts += numbers[self.slices[group]]
        return ops.one_hot(experts, self.count, dtype=self.compute_dtype)

    def gate_weights(self, x: Input, training: bool = False) -> Outputs:
        """`{gate: (batch, experts that it mixes)}`; `columns` names the
        experts.
        """
        return {
            name: gate(part_of(x, name), training=training)
            for name, gate in self.gates.items()
        }

    def expert_outputs(self, x: Input) -> Tensor:
        """`(experts, batch, width)`, group by group in the order of `experts`."""
        if isinstance(x, dict):
            read: list[Tensor] = []
            for group, count in self.groups.items():
                read += [x[group]] * count
            x = ops.stack(read)
        for expert in self.experts:
            x = expert(x)
        return x

    def columns(self, gate: str | None = None) -> list[str]:
        """A name for every weight of a gate, or, without one, for every expert.

        Such as `["a 1", "a 2", "shared 1"]`.
        """
        groups = self.groups if gate is None else self.wiring[gate]
        return [
            f"{group} {i + 1}"
            for group in groups
            for i in range(self.groups[group])
        ]

    def blocks(self, level: int = 1) -> dict[Block, list[LevelPart]]:
        """The weights of every group and gate.

        Pairs of a variable and the part of it that belongs to the block.
        """
        weights = [
            weight
            for expert in self.experts
            for weight in expert.trainable_weights
        ]
        blocks: dict[Block, list[LevelPart]] = {}
        for group, rows in self.slices.items():
            blocks[Block(level, "experts", group)] = [
                (weight, rows) for weight in weights
            ]
        for name, gate in self.gates.items():
            blocks[Block(level, "gate", name)] = [
                (weight, ...) for weight in gate.trainable_weights
            ]
        return blocks

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "experts": dict(self.groups),
            "gates": {
                gate: list(groups) for gate, groups in self.wiring.items()
            },
            "units": list(self.units),
            "dropout": self.dropout,
            "bias": self.bias,
            "activation": keras.activations.serialize(
                self.experts[0].activation
            ),
            "initializer": keras.initializers.serialize(
                self.experts[0].initializer
            ),
        }


def part_of(x: Any, name: str) -> Any:
    """The part of an input that bears this name.

    One that is not a dict, and the shared mix, are for all.
    """
    return x.get(name, x.get(SHARED)) if isinstance(x, dict) else x
