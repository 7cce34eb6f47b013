"""Several small rankers side by side, one for each seed, trained in one pass.

    logs = [log(World(seed=seed), 100_000) for seed in range(5)]
    nets = HeadNets(5, users=600, items=300, tasks=("click", "long"))
    nets.fit(logs, epochs=2)
    nets.scores(later)["click"]  # (5, rows) logits

A net reads the tables of its users and items, `[u · v, u, v, context]`, has a
trunk of ReLU layers and a small tower for each task. All weights have a first
axis of seeds: a matrix product of five nets is one batched product. No loss
joins two seeds and Adam looks at each weight by itself, so this equals training
one net after the other.

Three labels stand on every impression, each with its true probability: `click`,
`long` (clicked, and watched for more than a minute) and `purchase` (clicked,
and bought). Importing this module imports TensorFlow.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from mtl_lessons import metrics
from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.world import CONTEXT, Rows, World

TASKS = ("click", "long", "purchase")
MINUTE = 60.0
BATCH, RATE = 1024, 0.02
# of the labels of a task in a log, where it has any
MASK = "has_{}"
TRUE = "p_{}"


def log(world: World, rows: int) -> Rows:
    """Impressions with the labels of `TASKS`, all rows known, in order of time.

    `p_long = p_click Φ((ln mean_watch - ln 60) / noise - noise / 2)`, as watch
    time is lognormal around its mean.

    >>> rows = log(World(seed=0), 1000)
    >>> sorted(name for name in rows if name.startswith("p_"))
    ['p_click', 'p_long', 'p_purchase']
    """
    seen = world.impressions(rows)
    noise = world.watch_noise
    above = (np.log(seen["mean_watch"]) - np.log(MINUTE)) / noise - noise / 2
    found = {name: seen[name] for name in ("user", "item", "context", "time")}
    return found | {
        "click": seen["click"],
        # NaN, where nobody clicked, is above nothing
        "long": (seen["watch"] > MINUTE).astype(float),
        "purchase": np.nan_to_num(seen["conversion"]),
        "p_click": seen["p_click"],
        "p_long": seen["p_click"] * norm.cdf(above),
        "p_purchase": seen["p_ctcvr"],
    }


class HeadNets:
    """`seeds` rankers of one design, each with weights of its own.

    - `dim`: numbers of a user and of an item; `units`: of the trunk's layers;
      `tower`: of each task's hidden layer.
    - `weights`: variables by name, the first axis seeds: `users`, `items`,
      `trunk0`, `trunk0_bias`, ..., `click0`, `click0_bias`, `click1`, ...

    >>> nets = HeadNets(2, users=5, items=3, tasks=("click",), dim=2, units=(4,))
    >>> nets.weights["trunk0"].shape.as_list()
    [2, 12, 4]
    >>> nets.parameters  # of one net
    117
    """

    def __init__(
        self,
        seeds: int,
        users: int,
        items: int,
        tasks: Sequence[str] = TASKS,
        dim: int = 8,
        units: Sequence[int] = (32, 16),
        tower: int = 8,
        first_seed: int = 0,
    ) -> None:
        self.seeds, self.tasks = seeds, tuple(tasks)
        self.dim, self.units, self.tower = dim, tuple(units), tower
        self.rngs = [
            np.random.default_rng([first_seed + seed, 9])
            for seed in range(seeds)
        ]
        self.weights: dict[str, Tensor] = {}
        self.step: Callable[[dict[str, Tensor]], None] = lambda rows: None  # noqa: ARG005
        for name, rows in (("users", users), ("items", items)):
            self._add(name, (rows, dim), 0.05)
        width = 3 * dim + CONTEXT
        for i, n in enumerate(self.units):
            self._dense(f"trunk{i}", width, n)
            width = n
        for task in self.tasks:
            self.add_head(task)

    def add_head(self, task: str) -> None:
        """A tower for a task, with fresh weights."""
        self.tasks = tuple(dict.fromkeys([*self.tasks, task]))
        self._dense(f"{task}0", self.units[-1], self.tower)
        self._dense(f"{task}1", self.tower, 1)

    def _dense(self, name: str, width: int, n: int) -> None:
        self._add(name, (width, n), float(np.sqrt(2 / (width + n))))
        self._add(f"{name}_bias", (1, n), 0.0)

    def _add(self, name: str, shape: tuple[int, int], scale: float) -> None:
        start = [scale * rng.normal(size=shape) for rng in self.rngs]
        self.weights[name] = tf.Variable(
            np.asarray(start, "float32"), name=name
        )

    @property
    def parameters(self) -> int:
        """Weights of one net."""
        sizes = [int(np.prod(w.shape[1:])) for w in self.weights.values()]
        return sum(sizes)

    def state(self) -> dict[str, np.ndarray]:
        """A copy of all weights."""
        return {name: w.numpy() for name, w in self.weights.items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Put weights back; those that the state lacks stay."""
        for name, values in state.items():
            self.weights[name].assign(values)

    # ------------------------------------------------------------ forward

    def logits(
        self, user: Tensor, item: Tensor, context: Tensor
    ) -> dict[str, Tensor]:
        """Logits by task, `(seeds, rows)`, of ids `(seeds, rows)`."""
        w = self.weights
        u = tf.gather(w["users"], user, batch_dims=1)
        v = tf.gather(w["items"], item, batch_dims=1)
        x = tf.concat([u * v, u, v, context], axis=-1)
        for i in range(len(self.units)):
            x = tf.nn.relu(x @ w[f"trunk{i}"] + w[f"trunk{i}_bias"])
        found = {}
        for task in self.tasks:
            h = tf.nn.relu(x @ w[f"{task}0"] + w[f"{task}0_bias"])
            out = h @ w[f"{task}1"] + w[f"{task}1_bias"]
            found[task] = out[..., 0]
        return found

    def scores(
        self, logs: Sequence[Rows], chunk: int = 20_000
    ) -> dict[str, np.ndarray]:
        """Logits by task, `(seeds, rows)`, for a log of each seed."""
        x = stacked(logs, ("user", "item", "context"))
        rows = len(logs[0]["user"])
        parts = [
            self.logits(*(column[:, i : i + chunk] for column in x.values()))
            for i in range(0, rows, chunk)
        ]
        return {
            task: np.concatenate([part[task].numpy() for part in parts], axis=1)
            for task in self.tasks
        }

    # ------------------------------------------------------------ training

    def fit(
        self,
        logs: Sequence[Rows],
        epochs: float,
        losses: Sequence[str] | None = None,
        train: Callable[[str], bool] = lambda name: True,  # noqa: ARG005
        rate: float = RATE,
        optimizer: keras.Optimizer | None = None,
        first_epoch: int = 0,
        after: Callable[[int], None] | None = None,
        every: int = 0,
    ) -> keras.Optimizer:
        """Adam on the sum of the tasks' log losses, each over its labelled
        rows.

        `losses`: the tasks that are trained, all by default; `train` says of a
        weight's name whether it moves. Rows are shuffled anew in each epoch.
        `after(step)` is called after every `every` steps. Returns the
        optimiser, with which training can go on.
        """
        losses = tuple(losses or self.tasks)
        columns = ["user", "item", "context", *losses]
        masks = [MASK.format(task) for task in losses]
        x = stacked(logs, [*columns, *(m for m in masks if m in logs[0])])
        moving = [w for name, w in self.weights.items() if train(name)]
        if optimizer is None:
            optimizer = keras.optimizers.Adam(rate)
            optimizer.build(moving)
            # going on with an optimiser traces nothing anew
            step = _step(self, losses, moving, optimizer)
            self.step = tf.function(step, autograph=False)
        step = self.step
        order = self._orders(len(logs[0]["user"]), epochs, first_epoch)
        for done, rows in enumerate(order, 1):
            step({name: _take(column, rows) for name, column in x.items()})
            if after and every and done % every == 0:
                after(done)
        return optimizer

    def _orders(
        self, rows: int, epochs: float, first_epoch: int
    ) -> Iterator[np.ndarray]:
        """Which rows each step sees, `(seeds, BATCH)`."""
        steps = rows // BATCH
        left = round(epochs * steps)
        epoch = first_epoch
        while left > 0:
            orders = np.stack(
                [
                    np.random.default_rng([seed, epoch, 7]).permutation(rows)
                    for seed in range(self.seeds)
                ]
            )
            for i in range(min(steps, left)):
                yield orders[:, i * BATCH : (i + 1) * BATCH]
            left -= steps
            epoch += 1


def _step(
    nets: HeadNets,
    losses: Sequence[str],
    moving: list[Any],
    optimizer: keras.Optimizer,
) -> Callable[[dict[str, Tensor]], None]:
    def step(rows: dict[str, Tensor]) -> None:
        with tf.GradientTape() as tape:
            logits = nets.logits(rows["user"], rows["item"], rows["context"])
            total = 0.0
            for task in losses:
                loss = tf.nn.sigmoid_cross_entropy_with_logits(
                    rows[task], logits[task]
                )
                mask = rows.get(MASK.format(task))
                if mask is None:
                    total += tf.reduce_sum(tf.reduce_mean(loss, axis=1))
                else:
                    known = tf.maximum(tf.reduce_sum(mask, axis=1), 1.0)
                    total += tf.reduce_sum(
                        tf.reduce_sum(loss * mask, axis=1) / known
                    )
        gradients = tape.gradient(total, moving)
        optimizer.apply(
            [
                tf.zeros_like(w) if g is None else tf.convert_to_tensor(g)
                for g, w in zip(gradients, moving)
            ],
            moving,
        )

    return step


def stacked(
    logs: Sequence[Rows], columns: Sequence[str]
) -> dict[str, np.ndarray]:
    """Columns of a log for each seed as `(seeds, rows, ...)`."""
    found = {}
    for name in columns:
        column = np.stack([log[name] for log in logs])
        whole = name in ("user", "item")
        found[name] = column.astype("int32" if whole else "float32")
    return found


def _take(column: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return column[np.arange(len(rows))[:, None], rows]


# ------------------------------------------------------------ judging


def aucs(
    scores: Mapping[str, np.ndarray], logs: Sequence[Rows]
) -> dict[str, list[float]]:
    """Expected AUC by task, a number for each seed: against the true chances."""
    return {
        task: [
            metrics.expected_auc(log[TRUE.format(task)], row)
            for log, row in zip(logs, found)
        ]
        for task, found in scores.items()
    }


def pcocs(
    scores: Mapping[str, np.ndarray], logs: Sequence[Rows]
) -> dict[str, list[float]]:
    """Predicted over true mean by task, a number for each seed."""
    return {
        task: [
            float(expit(row).mean() / log[TRUE.format(task)].mean())
            for log, row in zip(logs, found)
        ]
        for task, found in scores.items()
    }
