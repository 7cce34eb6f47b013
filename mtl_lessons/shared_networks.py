"""Chapter 2: what tasks share, and how: from one common trunk to gated experts.

Every network here is a Keras layer from `(batch, d)` to a dict `{task: (batch, width)}`, so a head reads `network(x)["click"]`:

- `SharedBottom`, `CrossStitch`: sharing that does not look at the input;
- `OMoE`, `MMoE`, `CGC`, `PLE`, `AdaTT`: experts and gates. They are all made of one part, the `Level`, and differ only in its
  wiring: which group of experts reads which vector, and which gate mixes which groups.

All experts of a level are one batched product over a leading expert axis. Looking inside: `gate_weights`, `expert_outputs`,
`reach` (which loss trains which block), `usage`, `likeness`, and drawings of them. The experiment: `train_together` trains many
runs of any model at once, `relatedness` compares designs on the data of the MMoE paper.

Importing this module imports TensorFlow.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from mtl_lessons import figures
from mtl_lessons.backend import keras, tf
from mtl_lessons.metrics import Interval, interval

layers, ops = keras.layers, keras.ops
serialisable = keras.saving.register_keras_serializable("mtl_lessons")

SHARED = "shared"  # the name of what belongs to no task
NEVER = -6e4  # a logit whose softmax is 0, in half precision too

Outputs = dict  # {name: tensor of shape (batch, width)}


# ---------------------------------------------------------------- the two parts: experts and a gate


@serialisable
class Experts(layers.Layer):
    """`count` dense layers as one batched product: `f_e(x) = φ(x W_e + b_e)`.

    From `(batch, d)`, which all read, or `(count, batch, d)`, one input for each, to `(count, batch, units)`. Weights: `W` of
    shape `(count, d, units)` and `b` of shape `(count, 1, units)`, so `count (d units + units)` numbers.

    `initializer` is understood as a *distribution*: every expert makes a draw of its own. Its seed is not used, because with
    a seed, or one object for all, experts would start as clones; `keras.utils.set_random_seed` fixes a run.
    """

    def __init__(self, count: int, units: int, activation="relu", initializer="he_normal", **kwargs):
        super().__init__(**kwargs)
        self.count, self.units = _at_least_one("count", count), _at_least_one("units", units)
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


@serialisable
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
        self.count, self.dropout = _at_least_one("count", count), dropout
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
    """`Σ_e weights[b, e] outputs[e, b]`: from `(batch, count)` and `(count, batch, width)` to `(batch, width)`."""
    return ops.sum(ops.transpose(weights)[..., None] * outputs, axis=0)  # half the time of an einsum, which moves the axes


# ---------------------------------------------------------------- a level: groups of experts, and gates that mix groups


class Block(NamedTuple):
    """A part of a network that a loss may or may not train: its level (from 1), its kind, and whose it is."""

    level: int
    kind: str
    owner: str


@serialisable
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
        self.units, self.dropout = _widths(units), dropout
        if strange := {group for groups in self.wiring.values() for group in groups} - self.groups.keys():
            raise ValueError(f"gates: expected groups among {sorted(self.groups)}, found {sorted(strange)}")
        self.experts = [Experts(self.count, width, activation, initializer) for width in self.units]
        self.gates = {gate: Gate(sum(self.groups[g] for g in groups), dropout) for gate, groups in self.wiring.items()}

    @property
    def count(self) -> int:
        """Experts of all groups."""
        return sum(_at_least_one(f"experts of {group}", n) for group, n in self.groups.items())

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
            gate.build(_of(input_shape, name))

    def call(self, x, training=False):
        return self.mixed(self.gate_weights(x, training), self.expert_outputs(x))

    def mixed(self, weights: Mapping, outputs) -> Outputs:
        """What each gate makes of the experts."""
        return {gate: mix(weights[gate], self.readable(gate, outputs)) for gate in self.gates}

    def readable(self, gate: str, outputs):
        """The outputs of the experts that a gate mixes, in the order of its weights."""
        groups = self.wiring[gate]
        return outputs if groups == list(self.groups) else ops.concatenate([outputs[self.slices[group]] for group in groups])

    def gate_weights(self, x, training=False) -> dict:
        """`{gate: (batch, experts that it mixes)}`; `columns` names the experts."""
        return {name: gate(_of(x, name), training=training) for name, gate in self.gates.items()}

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


@serialisable
class SharedBottom(Network):
    """One trunk, and every task reads its end: `h_t(x) = h(x)` (Caruana 1997).

    `units` are the widths of the trunk's ReLU layers. Weights: `Σ (d_in + 1) units`.
    """

    def __init__(self, tasks: Sequence[str], units: Sequence[int], **kwargs):
        super().__init__(tasks, **kwargs)
        self.units = _widths(units)
        self.trunk = [layers.Dense(n, "relu", kernel_initializer="he_normal") for n in self.units]

    def build(self, input_shape):
        shape = _flat(input_shape)
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


@serialisable
class CrossStitch(Network):
    """A network per task; after each layer they are mixed, unit by unit, by learned constants (Misra et al. 2016).

    `x'_t = Σ_s α_ts ⊙ x_s`, where `α` has shape `(tasks, tasks, width)` and does not depend on the row. It starts with `own` for
    a task's own network and the rest in equal parts for the others. Weights: `T Σ (d_in + 1) units + T² Σ units`.
    """

    def __init__(self, tasks: Sequence[str], units: Sequence[int], own: float = 0.9, **kwargs):
        super().__init__(tasks, **kwargs)
        self.units, self.own = _widths(units), own
        self.networks = [Experts(len(self.tasks), n) for n in self.units]

    def build(self, input_shape):
        shape, count = _flat(input_shape), len(self.tasks)
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
        shape = _flat(input_shape)
        for level in self.levels:
            level.build(shape)
            shape = dict.fromkeys(level.gates, (input_shape[0], level.units[-1]))

    def call(self, x, training=False):
        for level in self.levels:
            x = level(x, training=training)
        return {task: _of(x, task) for task in self.tasks}

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


@serialisable
class MMoE(GatedNetwork):
    """Multi-gate mixture of experts: all experts are common, every task has a gate of its own (Ma et al. 2018).

    `h_t(x) = Σ_e softmax(x W_t)_e f_e(x)`. With `units=(H,)`, weights: `E (d + 1) H + T d E`. All experts are computed for every row.
    """

    def __init__(self, tasks: Sequence[str], experts: int, units: Sequence[int], dropout: float = 0.0, **kwargs):
        super().__init__(tasks, **kwargs)
        self.arguments = {"experts": experts, "units": _widths(units), "dropout": dropout}
        self.levels = [Level({SHARED: experts}, self.wires(), units, dropout)]

    def wires(self) -> dict[str, list[str]]:
        return {task: [SHARED] for task in self.tasks}

    def get_config(self):
        return super().get_config() | dict(self.arguments)


@serialisable
class OMoE(MMoE):
    """One-gate mixture of experts: `h_t(x) = h(x) = Σ_e softmax(x W)_e f_e(x)`, the control of the MMoE paper.

    It has the experts and a gate that looks at the row, but all tasks get the same mix. Weights: `E (d + 1) H + d E`.
    """

    def wires(self) -> dict[str, list[str]]:
        return {SHARED: [SHARED]}


@serialisable
class PLE(GatedNetwork):
    """Progressive layered extraction: private and shared experts, level over level (Tang et al. 2020).

    Args:
        own, shared: private experts of each task, and shared experts, at every level.
        units: for every level, the widths of the layers of its experts: `[(64,), (32,)]` are two levels.

    At every level a task's gate mixes its own and the shared experts. Below the top there is a shared gate too: it mixes *all* experts of
    the level. Level 1 reads x; above, a task's experts and its gate read the task's mix of the level below, the shared ones the shared mix.
    Weights of a level with experts of one layer: `(T own + shared)(d + 1) H + T d (own + shared)`, and `d (T own + shared)` of the shared gate.
    """

    def __init__(
        self, tasks: Sequence[str], own: int, shared: int, units: Sequence[Sequence[int]], dropout: float = 0.0, **kwargs
    ):
        super().__init__(tasks, **kwargs)
        self.arguments = {"own": own, "shared": shared, "units": _levels(units), "dropout": dropout}
        groups = dict.fromkeys(self.tasks, own) | {SHARED: shared}
        gates = {task: [task, SHARED] for task in self.tasks}
        below = gates | {SHARED: list(groups)}
        *lower, top = self.arguments["units"]
        self.levels = [Level(groups, below, widths, dropout) for widths in lower] + [Level(groups, gates, top, dropout)]

    def get_config(self):
        return super().get_config() | dict(self.arguments)


@serialisable
class CGC(PLE):
    """Customized gate control: PLE with a single level, so a task's loss never reaches another's private experts.

    `h_t(x) = Σ_e softmax(x W_t)_e f_e(x)` over the experts of t and the shared ones. `units` are the widths of each expert's layers.
    """

    def __init__(self, tasks: Sequence[str], own: int, shared: int, units: Sequence[int], dropout: float = 0.0, **kwargs):
        super().__init__(tasks, own, shared, [units], dropout, **kwargs)

    def get_config(self):
        return super().get_config() | {"units": list(self.arguments["units"][0])}


@serialisable
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

    def mixed(self, weights: Mapping, outputs) -> Outputs:
        fused = super().mixed(weights, outputs)
        return {t: fused[t] + ops.einsum("e,ebh->bh", v, outputs[self.slices[t]]) for t, v in self.residual.items()}

    def blocks(self, level: int = 1) -> dict[Block, list]:
        return super().blocks(level) | {Block(level, "residual", task): [(v, ...)] for task, v in self.residual.items()}


@serialisable
class AdaTT(GatedNetwork):
    """Adaptive task-to-task fusion without shared experts (Li et al. 2023, AdaTT-sp).

    Every task has `own` experts at every level, and its gate mixes the experts of *all* tasks; a residual adds its own once more
    (`Fusion`). What is shared is decided by the gates alone. `units` as in `PLE`. Weights of a level with experts of one layer:
    `T own (d + 1) H + T d T own + T own`. (The authors' code draws the residual's start at random, and fixes it at 1 if `own` is 1.)
    """

    def __init__(self, tasks: Sequence[str], own: int, units: Sequence[Sequence[int]], dropout: float = 0.0, **kwargs):
        super().__init__(tasks, **kwargs)
        self.arguments = {"own": own, "units": _levels(units), "dropout": dropout}
        groups, gates = dict.fromkeys(self.tasks, own), {task: self.tasks for task in self.tasks}
        self.levels = [Fusion(groups, gates, widths, dropout) for widths in self.arguments["units"]]

    def get_config(self):
        return super().get_config() | dict(self.arguments)


# ---------------------------------------------------------------- checks of arguments


def _at_least_one(name: str, number: int) -> int:
    if not isinstance(number, int | np.integer) or number < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, found {number!r}")
    return int(number)


def _widths(units: Sequence[int]) -> list[int]:
    if not isinstance(units, Iterable) or isinstance(units, str) or not list(units):
        raise ValueError(f"units: expected the widths of one layer or more, such as (64, 32), found {units!r}")
    return [_at_least_one("units", n) for n in units]


def _levels(units: Sequence[Sequence[int]]) -> list[list[int]]:
    if not isinstance(units, Iterable) or isinstance(units, str) or not list(units):
        raise ValueError(f"units: expected the widths of every level, such as [(64,), (32,)], found {units!r}")
    return [_widths(level) for level in units]


def _flat(shape) -> tuple:
    """The shape of an input, which has to be `(batch, d)`."""
    if isinstance(shape, dict) or len(shape) != 2 or shape[-1] is None:
        raise ValueError(f"expected input of shape (batch, d), found {shape}")
    return tuple(shape)


def _of(x, name: str):
    """The part of an input that bears this name; one that is not a dict, and the shared mix, are for all."""
    return x.get(name, x.get(SHARED)) if isinstance(x, dict) else x


# ---------------------------------------------------------------- looking inside


def reach(network: Network, x, task: str) -> set[Block]:
    """The blocks that the loss of one task trains: those with a gradient other than zero, by one real backward pass.

    Stands in for the loss: the sum of squares of what the network gives this task, over the rows `x`, `(batch, d)`.
    """
    if task not in network.tasks:
        raise ValueError(f"expected a task of {list(network.tasks)}, found {task!r}")
    with tf.GradientTape() as tape:
        loss = ops.sum(ops.square(network(x)[task]))
    gradients = _gradients(tape, loss, network.trainable_weights)
    return {block for block, parts in network.blocks().items() if any(np.any(gradients[w.path][i]) for w, i in parts)}


def _gradients(tape: tf.GradientTape, loss, weights: Sequence) -> dict[str, np.ndarray]:
    """By the path of each weight; zeros where the loss does not depend on it."""
    found = tape.gradient(loss, [weight.value for weight in weights])
    return {w.path: np.zeros(w.shape) if g is None else np.asarray(g) for w, g in zip(weights, found, strict=True)}


class Usage(NamedTuple):
    """How a gate uses its experts: the mean weight of each and its standard deviation over rows, and the mean entropy.

    `entropy` is that of a row's weights divided by its maximum, log n: 1 = all alike, 0 = a single expert.
    """

    mean: np.ndarray
    deviation: np.ndarray
    entropy: float


def usage(weights) -> Usage:
    """`Usage` of the weights of one gate, `(batch, n)`."""
    weights = np.asarray(weights, float)
    entropy = -(weights * np.log(np.maximum(weights, 1e-12))).sum(-1).mean() / np.log(max(weights.shape[-1], 2))
    return Usage(weights.mean(0), weights.std(0), float(entropy))


def likeness(outputs) -> np.ndarray:
    """How alike experts are: correlations `(experts, experts)` of their outputs `(experts, batch, width)`, unit by unit, averaged.

    Clones have 1, independent ones about 0. A unit that gives the same for every row counts as 0.
    """
    outputs = np.asarray(outputs, float)
    centred = outputs - outputs.mean(1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    units = centred / np.where(norms > 0, norms, 1)
    return np.einsum("ebh,fbh->ef", units, units) / outputs.shape[-1]


def clone_experts(network: GatedNetwork) -> None:
    """Make all experts of each level equal to its first one: what one seed for all of them does."""
    for weight in (w for level in network.levels for expert in level.experts for w in expert.weights):
        weight.assign(np.repeat(np.asarray(weight)[:1], weight.shape[0], 0))


def draw_gates(network: GatedNetwork, x, level: int = -1) -> Figure:
    """Mean weight of every expert in every gate of a level, for the rows `(batch, d)`; the line is one standard deviation."""
    part, found = network.levels[level], network.gate_weights(x)[level]
    figure, rows = figures.new(height=0.9 + 0.8 * len(found), nrows=len(found), sharex=False, squeeze=False)
    for axes, (gate, weights) in zip(rows[:, 0], found.items()):
        use, places = usage(weights), np.arange(len(part.columns(gate)))
        axes.bar(places, use.mean, yerr=use.deviation, color=figures.BLUE, ecolor=figures.ORANGE, width=0.7)
        axes.set(ylim=(0, 1), ylabel=gate, xticks=places, xticklabels=part.columns(gate))
    return figure


def draw_experts(network: GatedNetwork, x, level: int = -1) -> Figure:
    """`likeness` of the experts of a level, for the rows `(batch, d)`, as a table of shades with its numbers."""
    alike, names = likeness(network.expert_outputs(x)[level]), network.levels[level].columns()
    figure, axes = figures.new(width=4.4, height=4.0)
    axes.imshow(np.abs(alike), cmap="Blues", vmin=0, vmax=1.6)
    for (row, column), value in np.ndenumerate(alike):
        axes.text(column, row, f"{value:.1f}".replace("-0.0", "0.0"), ha="center", va="center", fontsize=9)
    axes.set(xticks=range(len(names)), yticks=range(len(names)), yticklabels=names)
    axes.set_xticklabels(names, rotation=60)
    return figure


# ---------------------------------------------------------------- the experiment: many seeds as one model

Progress = Callable[[int, int], None]
TASKS = ("a", "b")
D, EXPERTS, WIDTH, TOWER = 32, 8, 16, 8  # input, experts, their units, units of a tower


def ridge_tasks(relatedness: float, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The synthetic data of the MMoE paper (Ma et al. 2018, section 3.2): x of shape `(rows, 32)`, y of shape `(rows, 2)`.

    `y_k = z_k + Σ_i sin(α_i z_k + β_i) + noise` with `z_k = w_k · x`, where x is standard normal and w_1, w_2 are unit vectors whose
    cosine is `relatedness`. y has variance 1. The paper gives neither α, β nor their number; here three sines, α = 1, 1.5, 2,
    and β drawn once for both tasks; the noise has a deviation of 0.05 before y is scaled.
    """
    if not -1 <= relatedness <= 1:
        raise ValueError(f"relatedness: expected a cosine in [-1, 1], found {relatedness}")
    rng = np.random.default_rng(seed)
    u, v = np.linalg.qr(rng.normal(size=(D, 2)))[0].T
    w = np.stack([u, relatedness * u + np.sqrt(1 - relatedness**2) * v], 1)
    phase = rng.uniform(0, 2 * np.pi, 3)
    x = rng.normal(size=(rows, D)).astype("float32")
    z = x @ w
    y = z + np.sin(z[..., None] * np.linspace(1, 2, 3) + phase).sum(-1)
    return x, ((y + 0.05 * rng.normal(size=y.shape)) / y.std(0)).astype("float32")


def two_towers(network: Network, d: int = D, tower: int = TOWER) -> keras.Model:
    """Behind the network a tower for each task: a ReLU layer and one number, `(batch, 1)`, called by the task's name."""
    x = keras.Input((d,))
    shared = network(x)
    hidden = {task: layers.Dense(tower, "relu", kernel_initializer="he_normal")(shared[task]) for task in network.tasks}
    return keras.Model(x, {task: layers.Dense(1, name=task)(h) for task, h in hidden.items()})


def matched_width(d: int = D, experts: int = EXPERTS, width: int = WIDTH, tower: int = TOWER, tasks: int = 2) -> int:
    """Units of a shared bottom that has as many weights as an MMoE, biases, gates and towers included."""
    mmoe = experts * (d + 1) * width + tasks * d * experts + tasks * width * tower
    return round(mmoe / (d + 1 + tasks * tower))


DESIGNS = {
    "shared bottom": lambda: SharedBottom(TASKS, (matched_width(),)),
    "OMoE": lambda: OMoE(TASKS, EXPERTS, (WIDTH,)),
    "MMoE": lambda: MMoE(TASKS, EXPERTS, (WIDTH,)),
}


def train_together(
    models: Sequence[keras.Model],
    x: np.ndarray,
    y: np.ndarray,
    steps: int = 500,
    batch: int = 256,
    rate: float = 0.01,
    progress: Progress | None = None,
) -> np.ndarray:
    """Train models of one structure side by side, as a single model with a leading axis for runs.

    `x` is `(runs, rows, d)` and `y` `(runs, rows, tasks)`, each run with data of its own. Every weight becomes one variable
    `(runs, *shape)`; `tf.vectorized_map` turns the model's operations into batched ones. The loss is the sum of all runs' mean
    squared errors, and Adam treats each number by itself, so this equals training one after the other. The models end up
    with the trained weights. Returns the loss of each step, averaged over runs.
    """
    if len(models) != len(x) or len(models) != len(y):
        raise ValueError(f"expected as many models as runs of x and y, found {len(models)}, {len(x)} and {len(y)}")
    parallel = list(zip(*(model.trainable_weights for model in models), strict=True))
    stacked = [keras.Variable(np.stack([np.asarray(w) for w in weights])) for weights in parallel]
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))
    optimizer.build(stacked)
    step = _step(models[0], stacked, optimizer)
    rng, losses = np.random.default_rng(0), []
    for done in range(1, steps + 1):
        rows = rng.integers(x.shape[1], size=batch)
        losses.append(step(tf.constant(x[:, rows]), tf.constant(y[:, rows])))
        if progress:
            progress(done, steps)
    for variable, weights in zip(stacked, parallel):
        for value, weight in zip(np.asarray(variable), weights):
            weight.assign(value)
    return np.array(losses) / len(models)


def _step(model: keras.Model, stacked: Sequence, optimizer: keras.Optimizer):
    state = model.non_trainable_variables  # of random numbers, if gates drop experts: one stream for all runs

    def predict(run):
        weights, x = run
        outputs, after = model.stateless_call(weights, [variable.value for variable in state], x, training=True)
        return tf.concat([outputs[task] for task in outputs], axis=-1), after

    @tf.function
    def step(x, y):
        values = [variable.value for variable in stacked]
        with tf.GradientTape() as tape:
            predicted, after = tf.vectorized_map(predict, (values, x))
            loss = tf.reduce_sum(tf.reduce_mean(tf.square(predicted - y), [1, 2]))
        optimizer.apply_gradients(zip(tape.gradient(loss, values), stacked))
        for variable, value in zip(state, after):
            variable.assign(value[0])
        return loss

    return step


def relatedness(
    values: Sequence[float] = (0.0, 0.5, 1.0),
    seeds: int = 12,
    steps: int = 500,
    rows: int = 20_000,
    designs: Mapping[str, Callable[[], Network]] = DESIGNS,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Mean squared error on 4000 fresh rows, of each design: `(values, seeds)`; 1 is what a constant guess has.

    All runs of a design, every seed at every relatedness, are one batched model. A seed fixes the data's directions and the
    start of the weights, so that designs and values of relatedness are compared seed by seed. `progress(done, total)` counts steps.
    """
    pairs = [(value, seed) for value in values for seed in range(seeds)]
    x, y = (np.stack(part) for part in zip(*(ridge_tasks(value, rows + 4000, seed) for value, seed in pairs)))
    errors = {}
    for i, (name, make) in enumerate(designs.items()):
        models = [_seeded(make, seed) for _, seed in pairs]
        report = progress and (lambda done, total, i=i: progress(i * total + done, len(designs) * total))
        train_together(models, x[:, :rows], y[:, :rows], steps, progress=report)
        runs = [mean_error(model, x[i, rows:], y[i, rows:]) for i, model in enumerate(models)]
        errors[name] = np.reshape(runs, (len(values), seeds))
    return errors


def _seeded(make: Callable[[], Network], seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return two_towers(make())


def mean_error(model: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """Mean squared error over rows and tasks; y is `(rows, tasks)`."""
    outputs = model(x)
    return float(np.mean([np.mean((outputs[task][:, 0] - y[:, i]) ** 2) for i, task in enumerate(TASKS)]))


def ratio(errors: np.ndarray, others: np.ndarray) -> Interval:
    """Geometric mean of `errors / others` over seeds with a 95 % interval, paired by seed: shape `(seeds,)` each."""
    return Interval(*np.exp(interval(np.log(errors) - np.log(others))))


# ---------------------------------------------------------------- what stands behind the chapter's two explorables

WIRED = {  # by number of levels; OMoE and MMoE have one, and that many layers in each expert
    "Shared bottom": lambda n: SharedBottom(TASKS, [8] * n),
    "Cross-stitch": lambda n: CrossStitch(TASKS, [8] * n),
    "OMoE": lambda n: OMoE(TASKS, 4, [8] * n),
    "MMoE": lambda n: MMoE(TASKS, 4, [8] * n),
    "CGC, PLE": lambda n: PLE(TASKS, 2, 1, [[8]] * n),
    "AdaTT": lambda n: AdaTT(TASKS, 2, [[8]] * n),
}
LEVELS = (1, 2)


def wirings() -> list[dict]:
    """Which loss reaches which block, for all of WIRED x LEVELS, by real backward passes.

    Each record: `design`, `levels`; `blocks`, a list of `[level, kind, owner, tasks whose loss reaches it]`; and `reads`, for
    every level, `{mix: groups that it is made of}`.
    """
    return [_wiring(design, levels) for design in WIRED for levels in LEVELS]


def _wiring(design: str, levels: int) -> dict:
    keras.utils.set_random_seed(0)
    network = WIRED[design](levels)
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    reached = {task: reach(network, x, task) for task in TASKS}
    blocks = [[*block, "".join(task for task in TASKS if block in reached[task])] for block in network.blocks()]
    return {"design": design, "levels": levels, "blocks": blocks, "reads": _reads(network)}


def _reads(network: Network) -> list[dict[str, list[str]]]:
    if isinstance(network, GatedNetwork):
        return [{gate: list(groups) for gate, groups in level.wiring.items()} for level in network.levels]
    mixes = {task: list(TASKS) for task in TASKS} if isinstance(network, CrossStitch) else {}
    return [mixes for _ in network.units]


SIDE = 16  # cells of the gate map on each side


def two_rules(x: np.ndarray) -> np.ndarray:
    """Two tasks on the square [-1, 1]²: a's rule changes at x1 = 0, b's at x2 = 0. From `(rows, 2)` to `(rows, 2)`."""
    left, below = x.T < 0
    a = np.where(left, np.sin(4 * x[:, 1]), np.cos(4 * x[:, 1]))
    b = np.where(below, np.sin(4 * x[:, 0]), np.cos(4 * x[:, 0]))
    return np.stack([a, b], 1)


def gate_map(experts: int = 4, steps: int = 2000) -> dict:
    """Train MMoE on `two_rules` and look at its gates: `weights[task][expert]` is a map, `(SIDE, SIDE)`, x2 rising, then x1.

    The network sees x1, x2 and a constant. Also `error`, the mean squared error on the map's points.
    """
    keras.utils.set_random_seed(0)
    network = MMoE(TASKS, experts, (16,))
    model = two_towers(network, d=3, tower=16)
    x = np.random.default_rng(0).uniform(-1, 1, size=(20_000, 2))
    train_together([model], _with_constant(x)[None], two_rules(x).astype("float32")[None], steps)
    ticks = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    points = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    (weights,) = network.gate_weights(_with_constant(points))
    maps = {task: np.asarray(w).T.reshape(experts, SIDE, SIDE).round(2).tolist() for task, w in weights.items()}
    return {"weights": maps, "error": round(mean_error(model, _with_constant(points), two_rules(points)), 3)}


def _with_constant(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, np.ones((len(x), 1))], 1).astype("float32")


if __name__ == "__main__":  # python -m mtl_lessons.shared_networks > mtl_lessons/data/shared_networks.json
    import json

    print(json.dumps({"wirings": wirings(), "gates": gate_map()}))
