"""The part that all gated networks are made of: experts, gates, and a level, which is both, wired.

All experts of a level are one batched product over a leading expert axis, and all its gates mix them by another.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from mtl_lessons.backend import keras, register

from .arguments import at_least_one, widths

layers, ops = keras.layers, keras.ops

SHARED = "shared"  # the name of what belongs to no task
NEVER = -6e4  # a logit whose softmax is 0, in half precision too

Outputs = dict  # {name: tensor of shape (batch, width)}


# ---------------------------------------------------------------- the two parts: experts and a gate


@register
class Experts(layers.Layer):
    """`count` dense layers as one batched product: `f_e(x) = φ(x W_e + b_e)`.

    From `(batch, d)`, which all read, or `(count, batch, d)`, one input for each, to `(count, batch, units)`. Weights: `W` of
    shape `(count, d, units)` and `b` of shape `(count, 1, units)`, so `count (d units + units)` numbers.

    `initializer` is understood as a *distribution*: every expert makes a draw of its own. Its seed is not used, because with
    a seed, or one object for all, experts would start as clones; `keras.utils.set_random_seed` fixes a run.
    """

    def __init__(self, count: int, units: int, activation="relu", initializer="he_normal", **kwargs):
        super().__init__(**kwargs)
        self.count, self.units = at_least_one("count", count), at_least_one("units", units)
        self.activation = keras.activations.get(activation)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        if len(input_shape) not in (2, 3) or (len(input_shape) == 3 and input_shape[0] not in (self.count, None)):
            raise ValueError(f"expected input of shape (batch, d) or ({self.count}, batch, d), found {tuple(input_shape)}")
        self.kernel = self.add_weight(name="kernel", shape=(self.count, input_shape[-1], self.units), initializer=self._draw)
        self.bias = self.add_weight(name="bias", shape=(self.count, 1, self.units), initializer="zeros")

    def _draw(self, shape, dtype):
        return ops.stack([fresh(self.initializer)(shape[1:], dtype) for _ in range(shape[0])])

    def call(self, x):
        return self.activation(ops.matmul(x, self.kernel) + self.bias)

    def compute_output_shape(self, input_shape):
        return (self.count, input_shape[-2], self.units)

    def get_config(self):
        return super().get_config() | {
            "count": self.count,
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "initializer": keras.initializers.serialize(self.initializer),
        }


def fresh(initializer: keras.Initializer) -> keras.Initializer:
    """The same distribution with a seed of its own (from Keras' global one)."""
    config = initializer.get_config()
    return initializer.from_config(config | {"seed": None}) if "seed" in config else initializer


@register
class Gate(layers.Layer):
    """How much of each of `count` experts a row gets: `softmax(x W)`, from `(batch, d)` to `(batch, count)`; rows sum to 1.

    It has no bias, as in the MMoE paper, so `d count` weights. They start at zero: all experts alike.

    In training, `dropout` is the chance with which a row has to do without an expert; the others share its weight. (Gate
    dropout against polarised gates: Zhao et al. 2019.)
    """

    def __init__(self, count: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout: expected a chance in [0, 1), found {dropout}")
        self.count, self.dropout = at_least_one("count", count), dropout
        self.random = keras.random.SeedGenerator() if dropout else None

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.count), initializer="zeros")

    def call(self, x, training=False):
        logits = ops.matmul(x, self.kernel)
        if self.dropout and training:
            logits = ops.where(self._kept(ops.shape(logits)), logits, ops.cast(NEVER, logits.dtype))
        return ops.softmax(logits)

    def _kept(self, shape):
        """Which experts each row keeps: at least one."""
        kept = keras.random.uniform(shape, seed=self.random) >= self.dropout
        return ops.logical_or(kept, ops.logical_not(ops.any(kept, axis=-1, keepdims=True)))

    def get_config(self):
        return super().get_config() | {"count": self.count, "dropout": self.dropout}


def mix(weights, outputs):
    """`h_g = Σ_e weights_ge f_e`, row by row and for all gates at once.

    From `(batch, gates, experts)` and `(experts, batch, width)` to `(batch, gates, width)`.
    """
    return ops.matmul(weights, ops.transpose(outputs, (1, 0, 2)))


# ---------------------------------------------------------------- a level: groups of experts, and gates that mix groups


class Block(NamedTuple):
    """A part of a network that a loss may or may not train: its level (from 1), its kind, and whose it is."""

    level: int
    kind: str
    owner: str


@register
class Level(layers.Layer):
    """Groups of experts, and gates that each mix some of the groups.

    Args:
        experts: group -> how many experts it has, such as `{"a": 2, "b": 2, "shared": 1}`.
        gates: gate -> the groups that it mixes, such as `{"a": ["a", "shared"], "b": ["b", "shared"]}`.
        units: the widths of the layers of each expert.
        dropout: of the gates.

    Input: one vector for all, `(batch, d)`, or a dict with a vector for every group and gate, by name. Output: a dict with the
    mix of every gate, `(batch, units[-1])`. A group's experts and the gate of the same name read the same vector.
    """

    def __init__(
        self,
        experts: Mapping[str, int],
        gates: Mapping[str, Sequence[str]],
        units: Sequence[int],
        dropout: float = 0.0,
        activation="relu",
        initializer="he_normal",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.groups, self.wiring = dict(experts), {gate: list(groups) for gate, groups in gates.items()}
        self.units, self.dropout = widths(units), dropout
        if strange := {group for groups in self.wiring.values() for group in groups} - self.groups.keys():
            raise ValueError(f"gates: expected groups among {sorted(self.groups)}, found {sorted(strange)}")
        self.experts = [Experts(self.count, width, activation, initializer) for width in self.units]
        self.gates = {gate: Gate(sum(self.groups[g] for g in groups), dropout) for gate, groups in self.wiring.items()}

    @property
    def count(self) -> int:
        """Experts of all groups."""
        return sum(at_least_one(f"experts of {group}", n) for group, n in self.groups.items())

    @property
    def slices(self) -> dict[str, slice]:
        """Where each group lies on the expert axis."""
        ends = list(accumulate(self.groups.values()))
        return {group: slice(end - n, end) for (group, n), end in zip(self.groups.items(), ends)}

    def build(self, input_shape):
        shape = (self.count, *next(iter(input_shape.values()))) if isinstance(input_shape, dict) else tuple(input_shape)
        for expert in self.experts:
            expert.build(shape)
            shape = expert.compute_output_shape(shape)
        for name, gate in self.gates.items():
            gate.build(part_of(input_shape, name))

    def call(self, x, training=False):
        return self.mixed(self.gate_weights(x, training), self.expert_outputs(x))

    def mixed(self, weights: Mapping, outputs) -> Outputs:
        """What each gate makes of the experts."""
        return dict(zip(self.gates, ops.unstack(mix(self.table(weights), outputs), axis=1)))

    def table(self, weights: Mapping):
        """All gates side by side, `(batch, gates, experts)`, with 0 where a gate does not read an expert."""
        return ops.stack([ops.matmul(weights[gate], self.places(gate)) for gate in self.gates], axis=1)

    def places(self, gate: str):
        """Which expert each weight of a gate is for: one 1 in each row of `(experts that it mixes, experts)`."""
        experts = [i for group in self.wiring[gate] for i in range(self.count)[self.slices[group]]]
        return ops.one_hot(experts, self.count, dtype=self.compute_dtype)

    def gate_weights(self, x, training=False) -> dict:
        """`{gate: (batch, experts that it mixes)}`; `columns` names the experts."""
        return {name: gate(part_of(x, name), training=training) for name, gate in self.gates.items()}

    def expert_outputs(self, x):
        """`(experts, batch, width)`, group by group in the order of `experts`."""
        if isinstance(x, dict):
            x = ops.stack([x[group] for group, n in self.groups.items() for _ in range(n)])
        for expert in self.experts:
            x = expert(x)
        return x

    def columns(self, gate: str | None = None) -> list[str]:
        """A name for every weight of a gate, or, without one, for every expert: `["a 1", "a 2", "shared 1"]`."""
        groups = self.groups if gate is None else self.wiring[gate]
        return [f"{group} {i + 1}" for group in groups for i in range(self.groups[group])]

    def blocks(self, level: int = 1) -> dict[Block, list]:
        """The weights of every group and gate: pairs of a variable and the part of it that belongs to the block."""
        weights = [weight for expert in self.experts for weight in expert.trainable_weights]
        found = {Block(level, "experts", group): [(w, part) for w in weights] for group, part in self.slices.items()}
        return found | {Block(level, "gate", name): [(gate.kernel, ...)] for name, gate in self.gates.items()}

    def get_config(self):
        return super().get_config() | {
            "experts": dict(self.groups),
            "gates": {gate: list(groups) for gate, groups in self.wiring.items()},
            "units": list(self.units),
            "dropout": self.dropout,
            "activation": keras.activations.serialize(self.experts[0].activation),
            "initializer": keras.initializers.serialize(self.experts[0].initializer),
        }


def part_of(x, name: str):
    """The part of an input that bears this name; one that is not a dict, and the shared mix, are for all."""
    return x.get(name, x.get(SHARED)) if isinstance(x, dict) else x
