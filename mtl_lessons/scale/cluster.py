"""Chapter 6's framework on several machines, by TensorFlow's parameter servers.

*Servers* (`ps`) hold the weights, big tables in shards; *workers* compute
gradients; a *coordinator* hands out the steps (Li et al., 2014). All of them
are named in a description, the `cluster` of a `TF_CONFIG`:

    {"cluster": {"worker": ["localhost:0", "localhost:0"],
                 "ps": ["localhost:0", "localhost:0"]}}

    python -m mtl_lessons cluster description.json --steps 100 --checkpoint kept

starts what is on this machine (port 0: any that is free), trains as the
coordinator, and goes on from the checkpoint if there is one. What the command
started ends with it. On another machine, `python -m mtl_lessons.scale.processes`
serves what the `TF_CONFIG` there says.

Keras' `fit` and optimisers do not work on sharded tables (chapter 9 shows how
they fail), so a step is written out here. Importing this module imports
TensorFlow.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.inputs_outputs import tasks as task_kinds
from mtl_lessons.loss_balancing.losses import TaskLosses, as_loss
from mtl_lessons.three_tasks.framework import Framework
from mtl_lessons.three_tasks.rows import Log, draw, length, several

from .processes import Cluster, Processes, described
from .rows import adagrad_rows

SHARD = 4096  # bytes: a variable is cut into shards no smaller

# the columns of a step: features, labels
Batch = tuple[dict[str, np.ndarray], dict[str, np.ndarray]]


@contextmanager
def coordinated(cluster: Cluster) -> Generator[tuple[Any, Any], None, None]:
    """TensorFlow's strategy and coordinator of a cluster that is running.

    At the end the coordinator stops looking for its workers. It would go on,
    and this process would not end, were they gone before.
    """
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(cluster), rpc_layer="grpc"
    )
    shards = tf.distribute.experimental.partitioners.MinSizePartitioner(
        SHARD, max_shards=len(cluster["ps"])
    )
    strategy = tf.distribute.ParameterServerStrategy(
        resolver, variable_partitioner=shards
    )
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
    try:
        yield strategy, coordinator
    finally:
        coordinator._cluster.stop()  # noqa: SLF001 - it has no public name


# ------------------------------------------------------------------- training


class Sharded:
    """A framework's model whose tables may lie in shards, and its step.

    Make it in the scope of a strategy. The loss is the sum of the tasks' losses
    by the heads' weights; the optimiser is Adagrad, in touched rows where a
    gradient is rows. Raises `ValueError` for a framework whose tables are not
    "rows", or with a balance: a state of one would be a race between workers,
    and an aggregator would see one worker's rows alone.
    """

    def __init__(
        self,
        framework: Framework,
        rate: float = 0.1,
        start: float = 1e-4,
        seed: int = 0,
    ) -> None:
        if framework.tables != "rows":
            raise ValueError(
                f"tables: expected 'rows', found {framework.tables!r}"
            )
        if framework.balance is not None:
            found = type(framework.balance).__name__
            raise ValueError(f"balance: expected none, found {found}")
        self.rate, self.weights = rate, [h.weight for h in framework.heads]
        losses = task_kinds.losses(framework.tasks)
        self.losses = TaskLosses(
            {task: as_loss(loss) for task, loss in losses.items()}
        )
        keras.utils.set_random_seed(seed)
        self.graph = framework.graph()
        self.variables = [v.value for v in self.graph.trainable_variables]
        # cut as the variables are, so that each shard has its own beside it
        self.sums = [_filled(v.shape, start) for v in self.variables]
        self.done = tf.Variable(0, trainable=False, dtype=tf.int64)

    def step(self, x: Mapping[str, Tensor], y: Mapping[str, Tensor]) -> Tensor:
        """One step of one worker; the tasks' losses before it, `(T,)`."""
        parts = [part for v in self.variables for part in _parts(v)]
        sums = [part for v in self.sums for part in _parts(v)]
        with tf.GradientTape() as tape:
            losses = self.losses(y, self.graph(x, training=True))
            total = tf.add_n(
                [w * own for w, own in zip(self.weights, losses, strict=True)]
            )
        for g, part, own in zip(tape.gradient(total, parts), parts, sums):
            if isinstance(g, tf.IndexedSlices):
                adagrad_rows(part, own, g, self.rate)
            elif g is not None:
                own.assign_add(g**2)
                part.assign_sub(self.rate * g / tf.sqrt(own + 1e-7))
        return tf.stack(losses)

    def steps_done(self) -> int:
        """How many steps have been taken, those before a checkpoint too."""
        return int(tf.convert_to_tensor(self.done))

    def values(self) -> list[np.ndarray]:
        """The weights, whole."""
        return [
            np.concatenate([part.numpy() for part in _parts(variable)])
            for variable in self.variables
        ]

    def shards(self) -> dict[str, list[tuple[int, str]]]:
        """Of what is in more than one: the rows of each shard, and its server."""
        found = {}
        for named, value in zip(self.graph.trainable_variables, self.variables):
            parts = _parts(value)
            if len(parts) > 1:
                found[named.path] = [
                    (int(part.shape[0]), _server(part)) for part in parts
                ]
        return found

    def checkpoint(self) -> tf.train.Checkpoint:
        """Of all that a run needs to go on."""
        names = [f"{i:03}" for i in range(len(self.variables))]
        kept = {f"weight_{n}": v for n, v in zip(names, self.variables)}
        kept |= {f"sums_{n}": v for n, v in zip(names, self.sums)}
        return tf.train.Checkpoint(done=self.done, **kept)


def train(
    sharded: Sharded,
    batches: Sequence[Batch],
    strategy: Any = None,
    coordinator: Any = None,
    wait: bool = True,
) -> list[float]:
    """Take the steps that are not done yet; the last step's losses by task.

    With a coordinator, workers take them: with `wait` one after the other,
    which equals one process; else each as soon as a worker is free.
    """

    @tf.function(reduce_retracing=True, autograph=False)
    def step(x: Mapping[str, Tensor], y: Mapping[str, Tensor]) -> Tensor:
        if strategy is None:
            return sharded.step(x, y)
        return strategy.run(sharded.step, (x, y))

    losses = None
    for x, y in batches[sharded.steps_done() :]:
        x = {name: tf.constant(column) for name, column in x.items()}
        y = {name: tf.constant(column) for name, column in y.items()}
        if coordinator is None:
            losses = step(x, y)
        else:
            losses = coordinator.schedule(step, (x, y))
            if wait:
                coordinator.join()
        sharded.done.assign_add(1)
    if coordinator is not None:
        coordinator.join()
    found = losses if coordinator is None else losses and losses.fetch()
    return [] if found is None else [float(loss) for loss in found]


def batches(
    framework: Framework,
    logs: Log | Sequence[Log],
    steps: int,
    batch: int = 128,
    seed: int = 0,
) -> list[Batch]:
    """What each of the steps sees: `batch` rows of each log, as in `fit`."""
    logs = several(logs)
    x, y = framework.rows(logs)
    y = {task: label.astype("float32") for task, label in y.items()}
    sizes = [batch] * len(logs)
    rng = np.random.default_rng(seed)
    order = draw([length(log) for log in logs], sizes, steps, rng)
    return [
        (
            {name: column[at] for name, column in x.items()},
            {task: label[at] for task, label in y.items()},
        )
        for at in order.reshape(steps, -1)
    ]


def gap(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> float:
    """The largest difference between the weights of two models, as `values`
    gives them.

    >>> gap([np.array([1.0, 2.0])], [np.array([1.0, 2.5])])
    0.5
    """
    pairs = zip(one, other, strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def _parts(variable: Tensor) -> list[Tensor]:
    """The shards of a variable; one that is whole is its only shard."""
    return list(getattr(variable, "variables", [variable]))


def _server(part: Tensor) -> str:
    """`ps 0`: where a shard lies."""
    spec = tf.DeviceSpec.from_string(part.device)
    return f"{spec.job} {spec.task}"


def _filled(shape: Sequence[int], value: float) -> Tensor:
    whole = tuple(shape)

    # asked for a shard, TensorFlow gives its shape, and much else
    def start(shape: Any = None, **_: Any) -> Tensor:
        return tf.fill(whole if shape is None else shape, value)

    return tf.Variable(start, shape=whole, dtype=tf.float32, trainable=False)


# ------------------------------------------------------------------ a command


def run(
    given: Mapping[str, Any] | str | Path,
    steps: int = 100,
    checkpoint: str | Path | None = None,
    wait: bool = True,
) -> dict[str, Any]:
    """Chapter 6's three tasks, trained on the cluster of a description.

    Returns how many steps were `resumed` from the checkpoint and how many are
    `done`, the `losses` of the last one, and the `shards`.
    """
    framework, given_steps = example(steps)
    cluster = described(given)
    with Processes(cluster), coordinated(cluster) as (strategy, coordinator):
        with strategy.scope():
            sharded = Sharded(framework)
        manager = None
        if checkpoint is not None:
            manager = tf.train.CheckpointManager(
                sharded.checkpoint(), str(checkpoint), max_to_keep=2
            )
            manager.restore_or_initialize()
        resumed = sharded.steps_done()
        losses = train(sharded, given_steps, strategy, coordinator, wait)
        if manager is not None:
            manager.save()
        names = [task.name for task in framework.tasks]
        return {
            "resumed": resumed,
            "done": sharded.steps_done(),
            "losses": dict(zip(names, losses)),
            "shards": sharded.shards(),
        }


def example(steps: int) -> tuple[Framework, list[Batch]]:
    """Chapter 6's framework with tables as rows, and what each step sees."""
    from mtl_lessons import three_tasks
    from mtl_lessons.world import World

    framework = three_tasks.declare()
    framework = Framework(
        framework.features, framework.heads, framework.network, tables="rows"
    )
    past, _ = three_tasks.logs(World(seed=0), ads=2_000, test=1_000)
    return framework, batches(framework, past, steps)


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """What `run` returns, for a terminal.

    >>> shards = {"user_table": [(301, "ps"), (301, "ps")]}
    >>> report = {"resumed": 0, "done": 9, "losses": {"click": 0.5}, "shards": shards}
    >>> for line in lines(report):
    ...     print(line)
    resumed at step 0, done 9
    user_table: 301 rows on ps, 301 rows on ps
    loss of click: 0.5000
    """
    yield f"resumed at step {report['resumed']}, done {report['done']}"
    for name, shards in report["shards"].items():
        yield f"{name}: {', '.join(f'{n} rows on {at}' for n, at in shards)}"
    for task, loss in report["losses"].items():
        yield f"loss of {task}: {loss:.4f}"
