"""Chapter 6: a framework of three tasks, or four: what chapters 1 to 4 built,
put together.

    ad = Categorical("ad", ids=60)
    item = Categorical("item", ids=300)
    framework = Framework(
        # chapter 4: what all tasks read
        features=[Categorical("user", ids=600)],
        heads=[
            # recommendation: a softmax over items
            Head(OneOfK("chosen", classes=300)),
            # an ad is an input, not an output
            Head(Binary("ad_click", rate=0.3), [ad]),
            Head(Regression("rating", mean=3.5), [item], weight=2.0),
        ],
        # chapter 2: what they share
        network=partial(MMoE, experts=4, units=(32,)),
    )
    framework.build(keras.optimizers.Adam(0.01))
    framework.fit([choices, ads, ratings], steps=500, batch=[512, 128, 256])
    framework.evaluate([later_choices, later_ads, later_ratings])

`balance=Uncertainty([...])`, of chapter 3, takes the place of the weights.

**A log is a dict of columns** (or a DataFrame), features and labels, and there
may be several: each task has rows of its own. A step sees some rows of every
log, stacked into one batch. A row has no label for a task that its log knows
nothing about, and such a label costs nothing (chapter 4). What only one head
reads, the ad or the item that is judged, goes to that head alone, so the label
of one task can never be an input of another.

Importing this module imports TensorFlow.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from mtl_lessons import shared_networks
from mtl_lessons.backend import keras, tf
from mtl_lessons.inputs_outputs import features as feature_kinds
from mtl_lessons.inputs_outputs import tasks as task_kinds
from mtl_lessons.inputs_outputs.features import Feature
from mtl_lessons.inputs_outputs.given import plain
from mtl_lessons.inputs_outputs.tasks import Task
from mtl_lessons.loss_balancing import (
    Aggregator,
    Balanced,
    Equal,
    Fixed,
    Weighting,
    gram,
)
from mtl_lessons.scale.rows import LazyAdam, RowEmbedding
from mtl_lessons.shared_networks.arguments import at_least_one
from mtl_lessons.training import Restart

from .rows import Log, draw, length, several, stacked_feature, stacked_label

layers = keras.layers

Scores = dict[str, float]
# how tables are kept -> the layer of one, and Adam for it
TABLES = {
    "whole": (layers.Embedding, keras.optimizers.Adam),
    "rows": (RowEmbedding, LazyAdam),
}
# called with the tasks' names, gives a network of chapter 2
MakeNetwork = Callable[..., Any]
Part = TypeVar("Part")


# ------------------------------------------------------------- what is declared


@dataclass(frozen=True)
class Head:
    """A task, the features that its head alone reads, and the weight of its
    loss.

    The weight counts if no balance is chosen. Raises `ValueError` for a weight
    below 0.

    >>> from mtl_lessons.inputs_outputs import Binary, Categorical
    >>> head = Head(Binary("ad_click", rate=0.3), [Categorical("ad", ids=60)], weight=2.0)
    >>> head.name, head.weight
    ('ad_click', 2.0)
    """

    task: Task
    reads: Sequence[Feature] = ()
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "reads", tuple(_each("reads", self.reads, Feature))
        )
        object.__setattr__(self, "weight", plain(self.weight))
        self.task.expect(
            0 <= self.weight < np.inf, "a weight of 0 or more", self.weight
        )

    @property
    def name(self) -> str:
        return self.task.name


class Framework:
    """Features and heads are declared, a network and a balance chosen.

    `build`, `fit`, `evaluate`, `explain`, `save` follow.

    - `features`: what the shared network reads.
    - `heads`: one `Head` for each task.
    - `network`: called with the tasks' names, gives a network of chapter 2:
      `partial(SharedBottom, units=(32,))`.
    - `balance`: a weighting or an aggregator of chapter 3; without one, the
      heads' weights are `Fixed`.
    - `shared`: False makes the control of chapter 1, tables and a network for
      each task. No weight is common to two tasks then, so that one `fit` trains
      them all as single tasks, on the same rows, in the same steps.
    - `tables`: "rows" makes big tables cheap (chapter 9): a step reads and
      writes the rows of its batch alone. "whole": Keras' own layers and
      optimisers, whose step costs the whole table.

    Raises `ValueError` for no heads or features, heads and features of one
    name, a balance beside weights other than 1, a feature of two kinds, or
    other `tables`.

    >>> from mtl_lessons.inputs_outputs import Binary, Categorical, Regression
    >>> from mtl_lessons.shared_networks import SharedBottom
    >>> ad_click = Head(Binary("ad_click"), [Categorical("ad", ids=2)])
    >>> rating = Head(Regression("rating", mean=3.5))
    >>> bottom = partial(SharedBottom, units=(4,))
    >>> framework = Framework([Categorical("user", ids=3)], [ad_click, rating], bottom).build()
    >>> ads = {"user": [0, 1, 2], "ad": [0, 1, 1], "ad_click": [0, 1, 1]}
    >>> ratings = {"user": [0, 2], "rating": [5, 1]}
    >>> history = framework.fit([ads, ratings], steps=2, batch=2, epochs=1)
    >>> framework.predict(ads)["rating"].shape
    (3, 1)
    >>> [row["labels"] for row in framework.explain([ads, ratings])]
    [3, 2]
    """

    def __init__(
        self,
        features: Sequence[Feature],
        heads: Sequence[Head],
        network: MakeNetwork,
        balance: Weighting | Aggregator | None = None,
        shared: bool = True,
        tables: str = "whole",
    ) -> None:
        self.features = _each("features", features, Feature)
        self.heads = _each("heads", heads, Head)
        self.network = _plain_network(network)
        self.balance = balance
        self.shared = shared
        self.tables = tables
        if tables not in TABLES:
            expected = " or ".join(map(repr, TABLES))
            raise ValueError(f"tables: expected {expected}, found {tables!r}")
        self.model: Balanced | None = None
        self.start: Any = None  # a `Restart`, once it is built
        names = [head.name for head in self.heads]
        if not names or len(set(names)) < len(names):
            raise ValueError(
                f"heads: expected tasks with different names, found {names}"
            )
        weights = [head.weight for head in self.heads]
        if balance is not None and any(weight != 1 for weight in weights):
            both = f"weights {weights} and {type(balance).__name__}"
            raise ValueError(
                f"balance: expected weights or a balance, found {both}"
            )
        if not self.features:
            raise ValueError(
                "features: expected one or more that all tasks read, found none"
            )
        self.inputs = self._read_by(self.heads)
        self._check_names(names)

    def _read_by(self, heads: Iterable[Head]) -> list[Feature]:
        """The features that all tasks read, then those of the heads, each once."""
        features = [*self.features]
        for head in heads:
            features += head.reads
        return _different(features)

    def _check_names(self, tasks: list[str]) -> None:
        """A log has one column of a name: a feature of a task's name would be
        its own answer.
        """
        features = [feature.name for feature in self.inputs]
        twice = set(tasks) & set(features) or {"network"} & {*tasks, *features}
        if twice:
            expected = (
                "tasks and features of different names, none of them 'network'"
            )
            names = ", ".join(map(repr, sorted(twice)))
            raise ValueError(f"heads: expected {expected}, found {names} twice")

    @property
    def tasks(self) -> list[Task]:
        return [head.task for head in self.heads]

    # ------------------------------------------------------------ build

    def build(
        self, optimizer: keras.Optimizer | str | None = None, **options: Any
    ) -> "Framework":
        """Make the model and compile it; `options` as those of `compile`.
        Returns itself.

        The optimiser is Adam unless another is given, and where `tables` are
        "rows" it is `LazyAdam`.

        In the control no layer is shared. There an aggregator has nothing to
        compare, and every task descends its own loss; so it is with GradNorm,
        whose place `Equal` takes.
        """
        balance, last_shared = self._balance_at()
        own = type(balance).from_config(balance.get_config())
        if optimizer is None:
            _, adam = TABLES[self.tables]
            optimizer = adam()
        self.model = Balanced(self.graph(), own, last_shared)
        self.model.compile(
            optimizer, loss=task_kinds.losses(self.tasks), **options
        )
        self.start = Restart(self.model, self.graph)
        return self

    def _balance_at(self) -> tuple[Weighting | Aggregator, str | None]:
        """The balance, and the last shared layer if it looks at gradients
        there.
        """
        if self.balance is None:
            return Fixed([head.weight for head in self.heads]), None
        if not getattr(self.balance, "wants_gradients", False):
            return self.balance, None
        if not self.shared:
            return Equal(), None
        return self.balance, "network"

    def graph(self) -> keras.Model:
        """From the inputs to `{task: prediction}`."""
        if self.shared:
            return self._joint(self.heads)
        inputs = {feature.name: feature.input() for feature in self.inputs}
        alone = {head.name: self._joint([head]) for head in self.heads}
        predictions = {}
        for task, model in alone.items():
            read = {name: inputs[name] for name in model.input}
            predictions[task] = model(read)[task]
        return keras.Model(inputs, predictions)

    def _joint(self, heads: Sequence[Head]) -> keras.Model:
        """One network for these heads."""
        table, _ = TABLES[self.tables]
        inputs, vectors = feature_kinds.tensors(self._read_by(heads), table)
        x = _concatenated([vectors[feature.name] for feature in self.features])
        shared = self.network([head.name for head in heads], name="network")(x)
        read = {}
        for head in heads:
            target = [vectors[feature.name] for feature in head.reads]
            read[head.name] = meet(shared[head.name], target)
        tasks = [head.task for head in heads]
        return keras.Model(inputs, task_kinds.heads(tasks, read))

    # --------------------------------------------------- fit, predict, evaluate

    def fit(
        self,
        logs: Log | Sequence[Log],
        steps: int = 500,
        batch: int | Sequence[int] = 256,
        epochs: int = 10,
        seed: int = 0,
        **options: Any,
    ) -> keras.callbacks.History:
        """Train; every step sees `batch` rows of each log.

        They are drawn without replacement until a log is used up, then anew.
        The steps are divided into `epochs`, of which Keras' history, which is
        returned, tells the losses. `options` go to Keras' `fit`.
        """
        steps = at_least_one("steps", steps)
        epochs = at_least_one("epochs", epochs)
        if steps % epochs:
            raise ValueError(
                f"steps: expected steps that epochs divide, found {steps} and "
                f"{epochs}"
            )
        logs = several(logs)
        x, y = self.rows(logs)
        by_log: Any = [batch] * len(logs) if np.ndim(batch) == 0 else batch
        batches = [at_least_one("batch", rows) for rows in by_log]
        lengths = [length(log) for log in logs]
        order = draw(lengths, batches, steps, np.random.default_rng(seed))
        x = {name: column[order] for name, column in x.items()}
        y = {name: column[order] for name, column in y.items()}
        plan = {
            "batch_size": sum(batches),
            "epochs": epochs,
            "steps_per_epoch": steps // epochs,
            "shuffle": False,
            "verbose": 0,
        }
        return self.built.fit(x, y, **plan | options)

    def rows(
        self,
        logs: Log | Sequence[Log],
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """All logs as one: features, and labels by task.

        A feature is unknown where a log lacks it, and a label is NaN.
        """
        logs = several(logs)
        for number, log in enumerate(logs, 1):
            self._check_log(f"log {number}", log)
        widths = {task.name: task.columns for task in self.tasks}
        widths |= {task.space: 1 for task in self.tasks if task.space}
        labels = {
            name: stacked_label(name, width, logs)
            for name, width in widths.items()
        }
        return self._features_of(logs), task_kinds.targets(self.tasks, labels)

    def columns(self, logs: Log | Sequence[Log]) -> dict[str, np.ndarray]:
        """The features of all logs, as the network reads them."""
        return self._features_of(several(logs))

    def _features_of(self, logs: Sequence[Log]) -> dict[str, np.ndarray]:
        return {
            feature.name: stacked_feature(feature, logs)
            for feature in self.inputs
        }

    def _check_log(self, name: str, log: Log) -> None:
        """A feature missing by mistake must not pass as unknown, nor a space as
        an empty one.
        """
        heads = [head for head in self.heads if head.name in log]
        if not heads:
            tasks = [head.name for head in self.heads]
            raise ValueError(
                f"{name}: expected a label among {tasks}, found {list(log)}"
            )
        read = [feature.name for feature in self._read_by(heads)]
        missing = ", ".join(feature for feature in read if feature not in log)
        if missing:
            tasks = [head.name for head in heads]
            raise ValueError(
                f"{name}: expected the features that {tasks} read, found no "
                f"{missing}"
            )
        for head in heads:
            space = head.task.space
            there = space is None or space in log
            head.task.expect(
                there, f"its space {space!r} in {name}", f"only {list(log)}"
            )

    def predict(self, log: Log) -> dict[str, np.ndarray]:
        """Predictions by task, `(rows, outputs)`; features that the rows lack
        are unknown.
        """
        return self._predicted(self.columns([log]))

    def evaluate(self, logs: Log | Sequence[Log]) -> Scores:
        """By task, what it is `judged_by` on the rows that have its label."""
        x, y = self.rows(logs)
        p = self._predicted(x)
        return {
            task.name: task.judge(y[task.name], p[task.name])
            for task in self.tasks
        }

    def _predicted(self, x: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        network = self.built.network
        if not len(next(iter(x.values()))):  # Keras predicts nothing of no rows
            return {
                task.name: np.empty((0, task.outputs), "float32")
                for task in self.tasks
            }
        return network.predict(x, batch_size=8192, verbose=0)

    @property
    def built(self) -> Balanced:
        """The model. Raises `ValueError` if there is none yet."""
        if self.model is None:
            raise ValueError(
                "framework: expected one that is built, found one that is not: "
                "call build() first"
            )
        return self.model

    # ------------------------------------------------------------ explain

    def explain(self, logs: Log | Sequence[Log]) -> list[dict[str, Any]]:
        """A row per task, of what it is and what it trains.

        `kind` of task; `reads`, what its head reads; `labels`, how many;
        `trains`, how many weights its loss trains; `alone`, how many of them no
        other loss trains.
        """
        x, y = self.rows(logs)
        weights = self.built.network.trainable_variables
        sizes = [int(np.prod(weight.shape)) for weight in weights]
        reached = {}
        for task, gradients in zip(y, self.gradients(x, y)):
            reached[task] = {
                number for number, g in enumerate(gradients) if np.any(g)
            }
        rows = []
        for head in self.heads:
            own = reached[head.name]
            others = [
                numbers
                for task, numbers in reached.items()
                if task != head.name
            ]
            reads = ["shared", *(feature.name for feature in head.reads)]
            known = ~np.isnan(y[head.name])
            row = {
                "task": head.name,
                "kind": type(head.task).__name__,
                "reads": " + ".join(reads),
                "labels": int(known.any(axis=1).sum()),
                "trains": sum(sizes[number] for number in own),
                "alone": sum(
                    sizes[number] for number in own.difference(*others)
                ),
            }
            rows.append(row)
        return rows

    def cosines(self, logs: Log | Sequence[Log]) -> np.ndarray:
        """Cosines `(T, T)` of the tasks' gradients, at the weights that two or
        more reach.

        (Chapter 3.) A task without labels in the logs has no gradient, and its
        cosines are NaN. Raises `ValueError` if no two tasks reach a weight, as
        with one head, or in the control.
        """
        x, y = self.rows(logs)
        by_weight = zip(*self.gradients(x, y))
        shared = [
            gradients
            for gradients in by_weight
            if sum(map(np.any, gradients)) > 1
        ]
        if not shared:
            names = ", ".join(head.name for head in self.heads)
            raise ValueError(
                "cosines: expected weights that two tasks reach, found none "
                f"of {names}"
            )
        vectors = [_one_vector(gradients) for gradients in zip(*shared)]
        products = gram(np.stack(vectors)).numpy()
        norms = np.sqrt(np.diag(products))
        norms = np.where(norms > 0, norms, np.nan)
        return products / np.outer(norms, norms)

    def gradients(
        self,
        x: dict[str, np.ndarray],
        y: dict[str, np.ndarray],
    ) -> list[list[np.ndarray]]:
        """Of each task's loss, by each weight of the network.

        Zeros where the loss does not depend on the weight.
        """
        model = self.built
        weights = [weight.value for weight in model.network.trainable_variables]
        with tf.GradientTape(persistent=True) as tape:
            losses = model.task_losses(y, model.network(x))
        by_task = []
        zero = tf.UnconnectedGradients.ZERO
        for loss in losses:
            gradients = tape.gradient(loss, weights, unconnected_gradients=zero)
            by_task.append(
                [
                    tf.convert_to_tensor(gradient).numpy()
                    for gradient in gradients
                ]
            )
        return by_task

    # ------------------------------------------------------------ save, load

    def save(self, folder: str | Path) -> None:
        """Write the declaration and the trained model into a folder, or
        nothing.

        They are `framework.json` and `model.keras`. Raises `ValueError` for a
        feature, task or network that is none of this package's: `load` could
        not find it.
        """
        folder = Path(folder)
        model = self.built
        declaration = self._declaration()
        with tempfile.TemporaryDirectory() as whole:
            model.save(Path(whole) / "model.keras")
            (Path(whole) / "framework.json").write_text(
                declaration, encoding="utf-8"
            )
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("model.keras", "framework.json"):
                shutil.move(Path(whole) / name, folder / name)

    def _declaration(self) -> str:
        """What `load` makes the framework of, in JSON."""
        features = [
            _declared(feature_kinds, feature) for feature in self.features
        ]
        heads = [_declared_head(head) for head in self.heads]
        network = _declared_network(self.network)
        balance = self.balance
        if balance is not None:
            balance = keras.saving.serialize_keras_object(balance)
        declaration = {
            "features": features,
            "heads": heads,
            "network": network,
            "balance": balance,
            "shared": self.shared,
            "tables": self.tables,
        }
        return json.dumps(declaration, indent=1)

    @classmethod
    def load(cls, folder: str | Path) -> "Framework":
        """What `save` wrote; it goes on training where it stopped."""
        declaration = json.loads(
            (Path(folder) / "framework.json").read_text(encoding="utf-8")
        )
        features = [
            _made(feature_kinds, feature) for feature in declaration["features"]
        ]
        heads = [_made_head(head) for head in declaration["heads"]]
        kind = getattr(shared_networks, declaration["network"]["kind"])
        network = partial(kind, **declaration["network"]["options"])
        balance = declaration["balance"]
        if balance is not None:
            balance = keras.saving.deserialize_keras_object(balance)
        framework = cls(
            features,
            heads,
            network,
            balance,
            declaration["shared"],
            declaration.get("tables", "whole"),  # of files before chapter 9
        )
        framework.model = keras.models.load_model(Path(folder) / "model.keras")
        return framework


# ----------------------------------------------------------- parts of the model


def meet(
    shared: keras.KerasTensor, target: Sequence[keras.KerasTensor]
) -> keras.KerasTensor:
    """What a head reads: `[u, v, u ⊙ v]`; without a target, the shared vector.

    v is what is judged, the target's tensors side by side; u is the shared
    vector, mapped to the width of v. With a weight of 1 on each product this is
    chapter 1's `user · ad + bias of the ad`.

    >>> user, ad = keras.Input((8,)), keras.Input((4,))
    >>> meet(user, [ad]).shape  # u, v and u ⊙ v, 4 numbers each
    (None, 12)
    >>> meet(user, []).shape
    (None, 8)
    """
    if not target:
        return shared
    v = _concatenated(target)
    u = layers.Dense(v.shape[-1], use_bias=False)(shared)
    product = layers.Multiply()([u, v])
    return layers.Concatenate()([u, v, product])


def _concatenated(tensors: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
    if len(tensors) == 1:
        return tensors[0]
    return layers.Concatenate()(list(tensors))


def _one_vector(gradients: Iterable[np.ndarray]) -> np.ndarray:
    """The gradients by all weights, end to end."""
    return np.concatenate([gradient.ravel() for gradient in gradients])


def _different(features: Iterable[Feature]) -> list[Feature]:
    """Each feature once, in order; a feature that two heads read has to be
    declared alike.
    """
    by_name = {}
    for feature in features:
        first = by_name.setdefault(feature.name, feature)
        expected = f"the same declaration wherever it is read, {first}"
        feature.expect(first == feature, expected, feature)
    return list(by_name.values())


def _each(name: str, items: Any, kind: type[Part]) -> list[Part]:
    """A list of the items, of which one may come without a list around it."""
    if isinstance(items, kind):
        return [items]
    items = list(items)
    strange = [
        type(item).__name__ for item in items if not isinstance(item, kind)
    ]
    if strange:
        raise ValueError(
            f"{name}: expected a list of {kind.__name__}, found "
            f"{', '.join(strange)}"
        )
    return items


# ------------------------------------------------- written down, and made again


def _plain_network(network: MakeNetwork) -> MakeNetwork:
    """Without NumPy's numbers among the options, which JSON cannot hold."""
    if not callable(network):
        expected = "a network of chapter 2, partial(SharedBottom, units=(32,))"
        raise ValueError(f"network: expected {expected}, found {network!r}")
    if not isinstance(network, partial):
        return network
    options = {name: plain(option) for name, option in network.keywords.items()}
    return partial(network.func, *network.args, **options)


def _declared_network(network: MakeNetwork) -> dict[str, Any]:
    kind = getattr(network, "func", network)
    options = getattr(network, "keywords", {})
    name = getattr(kind, "__name__", repr(kind))
    known = getattr(shared_networks, name, None) is kind
    if not known or getattr(network, "args", ()):
        expected = (
            "a network of chapter 2 with options by name, to be written down"
        )
        raise ValueError(f"network: expected {expected}, found {network!r}")
    try:
        json.dumps(options)
    except TypeError as error:
        expected = "options that JSON can hold"
        raise ValueError(
            f"network: expected {expected}, found {options} ({error})"
        ) from error
    return {"kind": name, "options": options}


def _declared_head(head: Head) -> dict[str, Any]:
    return {
        "task": _declared(task_kinds, head.task),
        "reads": [_declared(feature_kinds, feature) for feature in head.reads],
        "weight": head.weight,
    }


def _declared(module: ModuleType, declared: Feature | Task) -> dict[str, Any]:
    name = type(declared).__name__
    known = getattr(module, name, None) is type(declared)
    declared.expect(
        known, f"a kind of {module.__name__}, to be written down", name
    )
    return {"kind": name} | asdict(declared)


def _made_head(declaration: dict[str, Any]) -> Head:
    task = _made(task_kinds, declaration["task"])
    reads = [_made(feature_kinds, feature) for feature in declaration["reads"]]
    return Head(task, reads, declaration["weight"])


def _made(module: ModuleType, declaration: dict[str, Any]) -> Any:
    settings = {
        name: value for name, value in declaration.items() if name != "kind"
    }
    return getattr(module, declaration["kind"])(**settings)
