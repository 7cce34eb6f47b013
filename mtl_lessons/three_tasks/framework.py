"""Chapter 6: a framework of three tasks, or four: what chapters 1 to 4 built, put together.

    framework = Framework(
        features=[Categorical("user", ids=600)],                                # chapter 4: what all tasks read
        heads=[
            Head(OneOfK("chosen", classes=300)),                                # item recommendation: a softmax over items
            Head(Binary("ad_click", rate=0.3), [Categorical("ad", ids=60)]),    # an ad is an input, not an output
            Head(Regression("rating", mean=3.5), [Categorical("item", ids=300)], weight=2.0),
        ],
        network=partial(MMoE, experts=4, units=(32,)),                          # chapter 2: what they share
        balance=Uncertainty([...]),                                             # chapter 3: or nothing, for the weights above
    )
    framework.build(keras.optimizers.Adam(0.01))
    framework.fit([choices, ads, ratings], steps=500, batch=[512, 128, 256])
    framework.evaluate([later_choices, later_ads, later_ratings])

**A log is a dict of columns** (or a DataFrame), features and labels, and there may be several: each task has rows of its own. A step sees some rows
of every log, stacked into one batch. A row has no label for a task that its log knows nothing about, and such a label costs nothing
(chapter 4). What only one head reads, the ad or the item that is judged, goes to that head alone, so the label of one task can
never be an input of another.

Importing this module imports TensorFlow.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mtl_lessons import shared_networks
from mtl_lessons.backend import keras, tf
from mtl_lessons.inputs_outputs import features as kinds
from mtl_lessons.inputs_outputs import tasks as goals
from mtl_lessons.inputs_outputs.features import Feature
from mtl_lessons.inputs_outputs.given import plain
from mtl_lessons.inputs_outputs.tasks import Task
from mtl_lessons.loss_balancing import Balanced, Equal, Fixed, gram
from mtl_lessons.shared_networks.arguments import at_least_one
from mtl_lessons.training import Restart

from .rows import Log, draw, length, several, stacked_feature, stacked_label

layers = keras.layers

Scores = dict[str, float]


# ---------------------------------------------------------------- what is declared


@dataclass(frozen=True)
class Head:
    """A task, the features that its head alone reads, and the weight of its loss, if no balance is chosen."""

    task: Task
    reads: Sequence[Feature] = ()
    weight: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "reads", tuple(_each("reads", self.reads, Feature)))
        object.__setattr__(self, "weight", plain(self.weight))
        self.task.expect(0 <= self.weight < np.inf, "a weight of 0 or more", self.weight)

    @property
    def name(self) -> str:
        return self.task.name


class Framework:
    """Features and heads are declared, a network and a balance chosen; `build`, `fit`, `evaluate`, `explain`, `save` follow.

    - `features`: what the shared network reads.
    - `heads`: one `Head` for each task.
    - `network`: called with the tasks' names, gives a network of chapter 2: `partial(SharedBottom, units=(32,))`.
    - `balance`: a weighting or an aggregator of chapter 3; without one, the heads' weights are `Fixed`.
    - `shared`: False makes the control of chapter 1, tables and a network for each task. No weight is common to two tasks
      then, so that one `fit` trains them all as single tasks, on the same rows, in the same steps.

    Raises `ValueError` for no heads or features, parts of one name, a balance beside weights other than 1, or a
    feature of two kinds.
    """

    def __init__(self, features: Sequence[Feature], heads: Sequence[Head], network: partial, balance=None, shared: bool = True):
        self.features, self.heads = _each("features", features, Feature), _each("heads", heads, Head)
        self.network, self.balance = _plain_network(network), balance
        self.shared, self.model, self.start = shared, None, None
        names = [head.name for head in self.heads]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"heads: expected tasks with different names, found {names}")
        if balance is not None and any(head.weight != 1 for head in self.heads):
            weights = [head.weight for head in self.heads]
            raise ValueError(f"balance: expected weights or a balance, found weights {weights} and {type(balance).__name__}")
        if not self.features:
            raise ValueError("features: expected one or more that all tasks read, found none")
        self.inputs = _different([*self.features, *(feature for head in self.heads for feature in head.reads)])
        self._check_names(names)

    def _check_names(self, tasks: list[str]) -> None:
        """A log has one column of a name, so that a feature of a task's name would be its own answer."""
        features = [feature.name for feature in self.inputs]
        if twice := sorted(set(tasks) & set(features) or {"network"} & {*tasks, *features}):
            expected = "tasks and features of different names, none of them 'network'"
            raise ValueError(f"heads: expected {expected}, found {', '.join(map(repr, twice))} twice")

    @property
    def tasks(self) -> list[Task]:
        return [head.task for head in self.heads]

    # ------------------------------------------------------------ build

    def build(self, optimizer="adam", **options) -> "Framework":
        """Make the model and compile it; `options` as those of `compile`. Returns itself.

        In the control no layer is shared. There an aggregator has nothing to compare, and every task descends
        its own loss; so it is with GradNorm, whose place `Equal` takes.
        """
        balance = self.balance or Fixed([head.weight for head in self.heads])
        at = "network" if getattr(balance, "wants_gradients", False) else None  # the last shared layer
        if at and not self.shared:
            balance, at = Equal(), None
        own = type(balance).from_config(balance.get_config())
        self.model = Balanced(self.graph(), own, at)
        self.model.compile(optimizer, loss=goals.losses(self.tasks), **options)
        self.start = Restart(self.model, self.graph)
        return self

    def graph(self) -> keras.Model:
        """From the inputs to `{task: prediction}`."""
        if self.shared:
            return self._joint(self.heads)
        inputs = {feature.name: feature.input() for feature in self.inputs}
        alone = {head.name: self._joint([head]) for head in self.heads}
        return keras.Model(inputs, {t: model({name: inputs[name] for name in model.input})[t] for t, model in alone.items()})

    def _joint(self, heads: Sequence[Head]) -> keras.Model:
        own = [feature for head in heads for feature in head.reads]
        inputs, vectors = kinds.tensors(_different([*self.features, *own]))
        x = _side_by_side([vectors[feature.name] for feature in self.features])
        shared = self.network([head.name for head in heads], name="network")(x)
        read = {head.name: meet(shared[head.name], [vectors[feature.name] for feature in head.reads]) for head in heads}
        return keras.Model(inputs, goals.heads([head.task for head in heads], read))

    # ------------------------------------------------------------ fit, predict, evaluate

    def fit(
        self,
        logs: Log | Sequence[Log],
        steps: int = 500,
        batch: int | Sequence[int] = 256,
        epochs: int = 10,
        seed: int = 0,
        **options,
    ):
        """Train; every step sees `batch` rows of each log, drawn without replacement until a log is used up, then anew.

        The steps are divided into `epochs`, of which Keras' history, which is returned, tells the losses.
        """
        steps, epochs = at_least_one("steps", steps), at_least_one("epochs", epochs)
        if steps % epochs:
            raise ValueError(f"steps: expected steps that epochs divide, found {steps} and {epochs}")
        logs = several(logs)
        x, y = self.rows(logs)
        batches = [batch] * len(logs) if np.ndim(batch) == 0 else batch
        batches = [at_least_one("batch", rows) for rows in batches]
        order = draw([length(log) for log in logs], batches, steps, np.random.default_rng(seed))
        x, y = ({name: column[order] for name, column in part.items()} for part in (x, y))
        plan = {"batch_size": sum(batches), "epochs": epochs, "steps_per_epoch": steps // epochs, "shuffle": False, "verbose": 0}
        return self.built.fit(x, y, **plan | options)

    def rows(self, logs: Sequence[Log]) -> tuple[dict, dict]:
        """All logs as one: features, unknown where a log lacks one, and labels, NaN where a log lacks one."""
        logs = several(logs)
        for number, log in enumerate(logs, 1):
            self._check(f"log {number}", log)
        labels = {task.name: task.columns for task in self.tasks} | {task.space: 1 for task in self.tasks if task.space}
        labels = {name: stacked_label(name, columns, logs) for name, columns in labels.items()}
        return self.columns(logs), goals.targets(self.tasks, labels)

    def columns(self, logs: Sequence[Log]) -> dict[str, np.ndarray]:
        """The features of all logs, as the network reads them."""
        logs = several(logs)
        return {feature.name: stacked_feature(feature, logs) for feature in self.inputs}

    def _check(self, name: str, log: Log) -> None:
        """A feature missing by mistake must not pass as unknown, nor a space as one in which no row lies."""
        heads = [head for head in self.heads if head.name in log]
        if not heads:
            raise ValueError(f"{name}: expected a label among {[head.name for head in self.heads]}, found {list(log)}")
        wanted = [feature.name for feature in (*self.features, *(f for head in heads for f in head.reads))]
        if missing := [feature for feature in wanted if feature not in log]:
            raise ValueError(f"{name}: expected the features that {[h.name for h in heads]} read, found no {', '.join(missing)}")
        for task in (head.task for head in heads):
            there = task.space is None or task.space in log
            task.expect(there, f"its space {task.space!r} in {name}", f"only {list(log)}")

    def predict(self, log: Log) -> dict[str, np.ndarray]:
        """Predictions by task, `(rows, outputs)`; features that the rows lack are unknown."""
        return self._predicted(self.columns([log]))

    def evaluate(self, logs: Sequence[Log]) -> Scores:
        """By task, what it is `judged_by` on the rows that have its label."""
        x, y = self.rows(logs)
        p = self._predicted(x)
        return {task.name: task.judge(y[task.name], p[task.name]) for task in self.tasks}

    def _predicted(self, x: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        network = self.built.network
        if not len(next(iter(x.values()))):  # Keras predicts nothing of no rows
            return {task.name: np.empty((0, task.outputs), "float32") for task in self.tasks}
        return network.predict(x, batch_size=8192, verbose=0)

    @property
    def built(self) -> Balanced:
        if self.model is None:
            raise ValueError("expected a framework that is built, found one that is not: call build() first")
        return self.model

    # ------------------------------------------------------------ explain

    def explain(self, logs: Sequence[Log]) -> list[dict]:
        """A row per task: its kind, what its head reads, its labels, the weights that its loss trains, and how many it trains alone."""
        x, y = self.rows(logs)
        reached = {task: {n for n, g in enumerate(row) if np.any(g)} for task, row in zip(y, self.gradients(x, y))}
        sizes = [int(np.prod(weight.shape)) for weight in self.built.network.trainable_variables]
        alone = {task: mine.difference(*(reached[t] for t in reached if t != task)) for task, mine in reached.items()}
        return [
            {
                "task": head.name,
                "kind": type(head.task).__name__,
                "reads": " + ".join(["shared", *(feature.name for feature in head.reads)]),
                "labels": int((~np.isnan(y[head.name])).any(1).sum()),
                "trains": sum(sizes[n] for n in reached[head.name]),
                "alone": sum(sizes[n] for n in alone[head.name]),
            }
            for head in self.heads
        ]

    def cosines(self, logs: Sequence[Log]) -> np.ndarray:
        """Cosines `(T, T)` of the tasks' gradients, at the weights that two tasks or more reach (chapter 3).

        A task without labels in the logs has no gradient, and its cosines are NaN. Raises `ValueError` if no
        two tasks reach a weight, as with one head, or in the control.
        """
        columns = [column for column in zip(*self.gradients(*self.rows(logs))) if sum(map(np.any, column)) > 1]
        if not columns:
            names = ", ".join(head.name for head in self.heads)
            raise ValueError(f"cosines: expected weights that two tasks reach, found none of {names}")
        products = gram(np.stack([np.concatenate([g.ravel() for g in row]) for row in zip(*columns)])).numpy()
        lengths = np.sqrt(np.diag(products))
        lengths = np.where(lengths > 0, lengths, np.nan)
        return products / np.outer(lengths, lengths)

    def gradients(self, x: dict, y: dict) -> list[list[np.ndarray]]:
        """Of each task's loss, by each weight of the network; zeros where it does not depend on it."""
        weights = [weight.value for weight in self.built.network.trainable_variables]
        with tf.GradientTape(persistent=True) as tape:
            losses = self.model.task_losses(y, self.model.network(x))
        found = [tape.gradient(loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO) for loss in losses]
        return [[tf.convert_to_tensor(gradient).numpy() for gradient in row] for row in found]

    # ------------------------------------------------------------ save, load

    def save(self, folder: str | Path) -> None:
        """Write the declaration (`framework.json`) and the trained model (`model.keras`) into a folder, or nothing.

        Raises `ValueError` for a feature, task or network that is none of this package's: `load` could not find it.
        """
        folder, model, declared = Path(folder), self.built, self._declaration()
        with tempfile.TemporaryDirectory() as whole:
            model.save(Path(whole) / "model.keras")
            (Path(whole) / "framework.json").write_text(declared, encoding="utf-8")
            folder.mkdir(parents=True, exist_ok=True)
            for part in ("model.keras", "framework.json"):
                shutil.move(Path(whole) / part, folder / part)

    def _declaration(self) -> str:
        heads = [
            {"task": _declared(goals, h.task), "reads": [_declared(kinds, f) for f in h.reads], "weight": h.weight}
            for h in self.heads
        ]
        declared = {
            "features": [_declared(kinds, feature) for feature in self.features],
            "heads": heads,
            "network": _declared_network(self.network),
            "balance": self.balance and keras.saving.serialize_keras_object(self.balance),
            "shared": self.shared,
        }
        return json.dumps(declared, indent=1)

    @classmethod
    def load(cls, folder: str | Path) -> "Framework":
        """What `save` wrote; it goes on training where it stopped."""
        declared = json.loads((Path(folder) / "framework.json").read_text(encoding="utf-8"))
        heads = [
            Head(_object(goals, h["task"]), tuple(_object(kinds, f) for f in h["reads"]), h["weight"]) for h in declared["heads"]
        ]
        network = partial(getattr(shared_networks, declared["network"]["kind"]), **declared["network"]["options"])
        balance = declared["balance"] and keras.saving.deserialize_keras_object(declared["balance"])
        found = cls([_object(kinds, f) for f in declared["features"]], heads, network, balance, declared["shared"])
        found.model = keras.models.load_model(Path(folder) / "model.keras")
        return found


# ---------------------------------------------------------------- parts of the model


def meet(shared, target: Sequence):
    """What a head reads: `[u, v, u ⊙ v]`, u the shared vector mapped to the width of v, v what is judged; without v, the shared vector.

    With a weight of 1 on each product this is chapter 1's `user · ad + bias of the ad`.
    """
    if not target:
        return shared
    v = _side_by_side(target)
    u = layers.Dense(v.shape[-1], use_bias=False)(shared)
    return layers.Concatenate()([u, v, layers.Multiply()([u, v])])


def _side_by_side(tensors: Sequence):
    return layers.Concatenate()(list(tensors)) if len(tensors) > 1 else tensors[0]


def _different(features: Iterable[Feature]) -> list[Feature]:
    """Each feature once, in order; a feature that two heads read has to be declared alike."""
    found = {}
    for feature in features:
        first = found.setdefault(feature.name, feature)
        feature.expect(first == feature, f"the same declaration wherever it is read, {first}", feature)
    return list(found.values())


def _each(name: str, parts: Sequence, kind: type) -> list:
    parts = [parts] if isinstance(parts, kind) else list(parts)
    if strange := [type(part).__name__ for part in parts if not isinstance(part, kind)]:
        raise ValueError(f"{name}: expected a list of {kind.__name__}, found {', '.join(strange)}")
    return parts


def _plain_network(network: Callable) -> Callable:
    """Without NumPy's numbers among the options, which JSON cannot hold."""
    if not callable(network):
        expected = "a network of chapter 2, partial(SharedBottom, units=(32,))"
        raise ValueError(f"network: expected {expected}, found {network!r}")
    if not isinstance(network, partial):
        return network
    options = {name: plain(option) for name, option in network.keywords.items()}
    return partial(network.func, *network.args, **options)


def _declared_network(network: Callable) -> dict:
    kind, options = getattr(network, "func", network), getattr(network, "keywords", {})
    name = getattr(kind, "__name__", repr(kind))
    if getattr(shared_networks, name, None) is not kind or getattr(network, "args", ()):
        expected = "a network of chapter 2 with options by name, to be written down"
        raise ValueError(f"network: expected {expected}, found {network!r}")
    try:
        json.dumps(options)
    except TypeError as error:
        expected = "options that JSON can hold"
        raise ValueError(f"network: expected {expected}, found {options} ({error})") from error
    return {"kind": name, "options": options}


def _declared(module, part: Feature | Task) -> dict:
    name = type(part).__name__
    known = getattr(module, name, None) is type(part)
    part.expect(known, f"a kind of {module.__name__}, to be written down", name)
    return {"kind": name} | asdict(part)


def _object(module, declared: dict) -> Feature | Task:
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in declared.items() if name != "kind"}
    return getattr(module, declared["kind"])(**options)
