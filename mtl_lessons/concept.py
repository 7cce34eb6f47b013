"""Chapter 1: what multi-task learning is, and how to find out whether it helps.

- `attempt` runs a snippet that may fail, and `reach` tells which layers a
  task's loss can train;
- `shared_bottom`: what the article's `Sequential` should have been, one trunk
  with one head per task;
- `two_tasks`: the smallest shared bottom there is (one table of users) and,
  with `shared=False`, its *fair* control;
- `transfer`: the gain of sharing over that control, over several seeds, in a
  world whose truth is known.

Importing this module imports TensorFlow.
"""

import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons import metrics, stored
from mtl_lessons.backend import Tensor, keras, tf
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.training import Restart
from mtl_lessons.world import Rows, World, split_by_time

layers = keras.layers

STEPS = 250
BATCH = 2048
# item impressions to learn from: one pass over them, in order of time
IMPRESSIONS = STEPS * BATCH
# of items and of ads alike:
CHECK = 20_000  # later impressions to choose a setting by
TEST = 20_000  # still later ones to judge by
Aucs = dict[str, list[float]]  # of each seed

DECAYS = (0.05, 1.0)  # of the weights: what each model may choose from


# -------------------------------------------------------------- two instruments


class Outcome:
    """How an `attempt` ended.

    `error` is None if it ran to the end; `warnings` are the texts of those that
    were raised.

    >>> Outcome().error is None
    True
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.warnings: list[str] = []


@contextmanager
def attempt() -> Generator[Outcome, None, None]:
    """Run a block that may fail, print in one line how it ended, and go on.
    Yields the `Outcome`.

    >>> with attempt() as outcome:
    ...     [1, 2].index(3)
    ValueError: 3 is not in list
    """
    outcome = Outcome()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield outcome
        except Exception as error:
            outcome.error = error
    for warning in caught:
        # that is for developers
        if not issubclass(warning.category, DeprecationWarning):
            outcome.warnings.append(str(warning.message))
    error = outcome.error
    print(_one_line(error) if error else "It ran to the end. No error.")


def _one_line(error: Exception) -> str:
    first_line = str(error).strip().splitlines()[:1]
    return ": ".join([type(error).__name__, *first_line])


def reach(model: keras.Model, x: Rows, y: Rows, task: str) -> set[str]:
    """Names of the layers that the loss of one task trains.

    Their weights get a gradient other than zero from the binary cross-entropy
    of that task.

    `x` and `y` are batches as for `fit`; `y[task]` is `(batch, 1)`. A weight
    that no task but this one reaches is private to it; what several reach is
    shared.

    >>> model = shared_bottom({"user": 3}, tasks=["click", "buy"], width=2, units=(4,))
    >>> x = {"user": np.array([0, 1])}
    >>> sorted(reach(model, x, {"click": np.array([[0.0], [1.0]])}, "click"))
    ['click', 'trunk_0', 'user_table']
    """
    with tf.GradientTape() as tape:
        loss = keras.ops.mean(
            keras.losses.binary_crossentropy(y[task], model(x)[task])
        )
    reached = set()
    weights = {
        layer.name: _values(layer.trainable_weights) for layer in model.layers
    }
    for name, gradients in tape.gradient(loss, weights).items():
        if any(
            np.any(tf.convert_to_tensor(g)) for g in gradients if g is not None
        ):
            reached.add(name)
    return reached


def _values(variables: Sequence[Tensor]) -> list[Tensor]:
    """What a tape wants to see: TensorFlow's variables behind Keras'."""
    return [variable.value for variable in variables]


# --------------------------------------------------- the article's model, right


def shared_bottom(
    vocabularies: dict[str, int],
    tasks: Sequence[str],
    width: int = 16,
    units: Sequence[int] = (128, 64),
) -> keras.Model:
    """One trunk and one head per task (Caruana, 1997).

    `P(task | x) = σ(v_task · trunk(x) + b_task)`.

    `vocabularies` names the categorical inputs and says how many ids each has;
    an input is a batch of whole numbers, `(batch,)`. Embeddings of `width`
    numbers come first, on ids; a trunk of dense ReLU layers of `units` follows;
    the heads are parallel, each gives `(batch, 1)` and bears its task's name.

    >>> model = shared_bottom({"user": 3, "item": 5}, tasks=["click", "buy"], width=2, units=(4,))
    >>> {task: tuple(output.shape) for task, output in model.output.items()}
    {'click': (None, 1), 'buy': (None, 1)}
    """
    inputs = {
        name: keras.Input((), dtype="int32", name=name) for name in vocabularies
    }
    vectors = []
    for name, size in vocabularies.items():
        table = layers.Embedding(size, width, name=f"{name}_table")
        vectors.append(table(inputs[name]))
    x = layers.Concatenate(name="features")(vectors)
    for i, n in enumerate(units):
        x = layers.Dense(n, activation="relu", name=f"trunk_{i}")(x)
    heads = {
        task: layers.Dense(1, activation="sigmoid", name=task)(x)
        for task in tasks
    }
    return keras.Model(inputs, heads)


# --------------------------------------------------- one table of users, or two


INPUTS = ("user", "item", "ad_user", "ad")


def two_tasks(
    users: int, items: int, ads: int, width: int, shared: bool = True
) -> keras.Model:
    """Clicks on items and clicks on ads: each is `σ(user · target + bias of the
    target)`.

    With `shared`, both tasks read the same table of users, `(users, width)`; it
    is all that they share. Without, each has a table of its own, which starts
    from the same numbers. Then no weight is common to both, so one `fit` trains
    two single-task models at once. Inputs `user, item, ad_user, ad`: `(batch,)`
    each, since the two tasks have rows of their own. Outputs `item_click` and
    `ad_click`: `(batch, 1)` each.

    >>> model = two_tasks(users=10, items=5, ads=3, width=2)
    >>> # 10 · 2 more
    >>> model.count_params(), two_tasks(10, 5, 3, 2, shared=False).count_params()
    (44, 64)
    """
    inputs = {
        name: keras.Input((), dtype="int32", name=name) for name in INPUTS
    }
    item_users = _table(users, width, "users", seed=1)
    ad_users = (
        item_users if shared else _table(users, width, "ad_users", seed=1)
    )
    heads = {
        "item_click": _click(
            item_users(inputs["user"]), inputs["item"], items, "item", seed=2
        ),
        "ad_click": _click(
            ad_users(inputs["ad_user"]), inputs["ad"], ads, "ad", seed=3
        ),
    }
    return keras.Model(inputs, heads)


def _table(rows: int, width: int, name: str, seed: int) -> layers.Embedding:
    start = keras.initializers.RandomNormal(stddev=0.1, seed=seed)
    return layers.Embedding(
        rows, width, name=name, embeddings_initializer=start
    )


def _click(
    user: Tensor, target: Tensor, targets: int, name: str, seed: int
) -> Tensor:
    vector = _table(targets, user.shape[-1], f"{name}s", seed)(target)
    bias = layers.Embedding(
        targets, 1, name=f"{name}_bias", embeddings_initializer="zeros"
    )(target)
    logit = layers.Add(name=f"{name}_logit")(
        [layers.Dot(axes=1)([user, vector]), bias]
    )
    return layers.Activation("sigmoid", name=f"{name}_click")(logit)


# --------------------------------------------------------------- the experiment


def transfer(
    relatedness: float,
    labels: int,
    seeds: int = 5,
    width: int = 4,
    ad_weight: float | None = None,
    decays: Sequence[float] = DECAYS,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train with a shared and with separate tables of users; judge both on
    later impressions.

    The dense task is a click on an item (512 000 impressions), the sparse one a
    click on an ad (`labels` impressions); `relatedness` is the correlation of
    the users' tastes in the two. A step sees 2048 rows of each task; its loss
    is `L_item + ad_weight L_ad`, each a sum over these rows. The default
    `ad_weight = labels / 512 000` is the natural one: it lets every label count
    once. Optimiser: AdamW. All of it, and the start of every table, is the same
    for both models. Only the weight decay is each model's own choice among
    `decays`, by AUC on impressions between training and test: the single models
    choose one per task, the shared one has to do with one for both.

    Returns AUCs, a list over seeds each. Of the sparse task: `single`,
    `shared`, and `bayes`, the ceiling, which the true probabilities reach. Of
    the dense task: the same with `item_` before. With `check_` before: on the
    impressions that the choice was made by. `at[decay]`: the AUCs of both
    models at that decay. `progress(done, total)` counts steps.

    >>> # a call with labels trains for minutes
    >>> transfer(relatedness=0.5, labels=0)
    Traceback (most recent call last):
    ValueError: labels, seeds: expected at least 1 and at least 2, found labels=0, seeds=5
    >>> cell = stored.at(shipped()["cells"], relatedness=0.95, labels=500)
    >>> len(cell["single"]), len(cell["shared"])  # an AUC for each seed
    (5, 5)
    """
    if labels < 1 or seeds < 2:
        found = f"labels={labels}, seeds={seeds}"
        raise ValueError(
            f"labels, seeds: expected at least 1 and at least 2, found {found}"
        )
    worlds = [
        World(seed=seed, ad_relatedness=relatedness) for seed in range(seeds)
    ]
    by_world = [_logs(world, labels) for world in worlds]
    past, check, future = (
        side_by_side(logs, worlds) for logs in zip(*by_world, strict=True)
    )
    weight = labels / IMPRESSIONS if ad_weight is None else ad_weight
    sizes = [
        seeds * n for n in (worlds[0].users, worlds[0].items, worlds[0].ads)
    ]
    at: dict[float, Aucs] = {decay: {} for decay in decays}
    result: dict[str, Any] = {"relatedness": relatedness, "labels": labels}
    result |= _aucs("bayes", future, future, seeds)
    report = _Report(progress, total=2 * len(decays) * STEPS)
    for kind, choices in CHOICES.items():
        trainee = _trainee(*sizes, width, kind == "shared", STEPS)
        for decay in _trainings(trainee, past, seeds, weight, decays, report):
            on_check = _aucs(kind, check, _predict(trainee.model, check), seeds)
            at[decay] |= {
                f"check_{name}": aucs for name, aucs in on_check.items()
            }
            at[decay] |= _aucs(
                kind, future, _predict(trainee.model, future), seeds
            )
        for names in choices:
            result |= _chosen(at, names)
    return result | {"at": at}


# What chooses one decay: of the single models each, of the shared one both
# tasks.
CHOICES = {
    "single": [["single"], ["item_single"]],
    "shared": [["shared", "item_shared"]],
}


def _chosen(at: dict[float, Aucs], names: list[str]) -> Aucs:
    """The AUCs at the decay that is best to choose by, on average of all names."""
    checked = [f"check_{name}" for name in names]
    best = max(
        at.values(), key=lambda aucs: np.mean([aucs[name] for name in checked])
    )
    chosen = {}
    for name in names:
        chosen[name] = best[name]
        chosen[f"check_{name}"] = best[f"check_{name}"]
    return chosen


def gain(result: dict, task: str = "") -> metrics.Interval:
    """Mean and 95 % interval of `AUC shared - AUC single`, paired by seed.

    `task="item_"` for the dense task.

    >>> print(gain({"shared": [0.7, 0.72], "single": [0.6, 0.62]}))
    +0.100 [+0.100, +0.100]
    """
    return metrics.interval(
        np.subtract(result[f"{task}shared"], result[f"{task}single"])
    )


def side_by_side(logs: Sequence[Rows], worlds: Sequence[World]) -> Rows:
    """Logs of several worlds as one log in which they never touch.

    Row 0 of each world comes first, then row 1 of each, and so on.

    The ids of world s are moved up by s times the size of a world, so that
    every world has its own rows in each table and one `fit` trains all seeds.
    Adam treats each weight by itself, and a summed loss adds nothing across
    worlds, so that equals training one world after the other.

    >>> worlds = [World(seed=seed, users=100) for seed in range(2)]
    >>> side_by_side([{"user": np.array([3, 4])}] * 2, worlds)["user"].tolist()
    [3, 103, 4, 104]
    """
    first = worlds[0]
    size = {
        "user": first.users,
        "item": first.items,
        "ad_user": first.users,
        "ad": first.ads,
    }
    together = {}
    for name in logs[0]:
        moved = [
            log[name] + s * size.get(name, 0) for s, log in enumerate(logs)
        ]
        together[name] = np.stack(moved, axis=1).reshape(-1)
    return together


@lru_cache(maxsize=5)  # the worlds of the settings tried last
def _logs(world: World, labels: int) -> tuple[Rows, Rows, Rows]:
    """Rows to train on, to choose by and to test on, by time, both tasks' in
    pairs.

    Few ad rows repeat until they are as many.
    """
    items = _items(replace(world, ad_relatedness=0.0))
    ads = _in_three(world.ad_impressions, labels)
    past, check, future = map(_pair, items, ads)
    return past, check, future


@lru_cache(maxsize=5)
def _items(world: World) -> tuple[Rows, Rows, Rows]:
    """The same for items, whatever the taste for ads.

    What one setting drew, the next need not draw again.
    """
    columns = ("user", "item", "time", "click", "p_click")

    def draw(n: int) -> Rows:
        log = world.impressions(n)
        return {name: log[name] for name in columns}

    return _in_three(draw, IMPRESSIONS)


def _in_three(draw: Callable[[int], Rows], n: int) -> tuple[Rows, Rows, Rows]:
    rows = n + CHECK + TEST
    past, later = split_by_time(draw(rows), (CHECK + TEST) / rows)
    check, future = split_by_time(later, TEST / (CHECK + TEST))
    return past, check, future


def _pair(items: Rows, ads: Rows) -> Rows:
    rows = {
        "user": items["user"],
        "item": items["item"],
        "item_click": items["click"],
        "item_truth": items["p_click"],
        "ad_user": ads["user"],
        "ad": ads["ad"],
        "ad_click": ads["click"],
        "ad_truth": ads["p_click"],
    }
    return {
        name: np.resize(column, len(items["user"]))
        for name, column in rows.items()
    }


def _inputs(rows: Rows) -> Rows:
    return {name: rows[name] for name in INPUTS}


def _predict(model: keras.Model, rows: Rows) -> dict[str, np.ndarray]:
    return {name: np.asarray(p) for name, p in model(_inputs(rows)).items()}


class _Trainee(NamedTuple):
    """A compiled model, and its start.

    What a training of it can choose are variables, so that one compiled step
    serves all.
    """

    model: keras.Model
    decay: tf.Variable
    ad_weight: tf.Variable
    restart: Restart


# tracing takes longer than a training; each kind, narrow and wide
@lru_cache(maxsize=4)
def _trainee(
    users: int, items: int, ads: int, width: int, shared: bool, steps: int
) -> _Trainee:
    return _compiled(two_tasks(users, items, ads, width, shared), steps)


def _compiled(model: keras.Model, steps: int) -> _Trainee:
    decay = tf.Variable(0.0)
    ad_weight = tf.Variable(1.0)
    rate = keras.optimizers.schedules.CosineDecay(0.06, steps)
    # a mean shrinks as worlds are added, down to Adam's epsilon
    loss = keras.losses.BinaryCrossentropy(reduction="sum")
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=decay),
        loss={"item_click": loss, "ad_click": loss},
        loss_weights={"item_click": 1.0, "ad_click": ad_weight},
        jit_compile=True,
    )
    return _Trainee(model, decay, ad_weight, Restart(model))


def _trainings(
    trainee: _Trainee,
    past: Rows,
    seeds: int,
    weight: float,
    decays: Sequence[float],
    report: "_Report",
) -> Iterator[float]:
    """Train with one decay after the other, each time from the same start.

    Yields after each, for the model to be judged.
    """
    clicks = {name: past[name][:, None] for name in ("item_click", "ad_click")}
    plan = {
        "batch_size": BATCH * seeds,
        "shuffle": False,
        "verbose": 0,
        "callbacks": [report],
    }
    for value in decays:
        trainee.restart()
        trainee.decay.assign(value)
        trainee.ad_weight.assign(weight)
        trainee.model.fit(_inputs(past), clicks, **plan)
        yield value


def _aucs(kind: str, rows: Rows, predictions: Rows, seeds: int) -> Aucs:
    """AUC of each seed and task.

    The columns of `predictions` are `ad_click, item_click`, of the truth
    `ad_truth, item_truth`.
    """
    suffix = "truth" if kind == "bayes" else "click"
    aucs = {}
    for task in ("ad", "item"):
        y = rows[f"{task}_click"].reshape(-1, seeds)
        p = predictions[f"{task}_{suffix}"].reshape(-1, seeds)
        aucs[task] = [metrics.auc(y[:, s], p[:, s]) for s in range(seeds)]
    return {kind: aucs["ad"], f"item_{kind}": aucs["item"]}


class _Report(keras.callbacks.Callback):
    """Tells `progress`, if there is one, how many steps of all trainings are
    done.
    """

    def __init__(self, progress: Progress | None, total: int) -> None:
        super().__init__()
        self.progress = progress
        self.done = 0
        self.total = total

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:  # noqa: ARG002
        self.done += 1
        if self.progress:
            self.progress(self.done, self.total)


# ---------------------------------------------------- the map of the explorable

RELATEDNESS = (0.0, 0.25, 0.5, 0.75, 0.95)
LABELS = (500, 2_000, 8_000, 30_000, 120_000)

ANATOMY: dict[
    str, dict[str, Any]
    # what is changed for both models at (0, 30 000), the most harmful point of
    # the map
] = {
    "width 4, weight 1": {"ad_weight": 1.0},
    "width 16, natural weight": {"width": 16},
    "width 16, weight 0.15": {"width": 16, "ad_weight": 0.15},
}


def transfer_grid(progress: Progress | None = None) -> dict[str, Any]:
    """`transfer` at every point of RELATEDNESS x LABELS, and with every change
    of ANATOMY.

    Axes, cells, anatomy, and the recipe that made them.

    >>> sorted(shipped())  # what it gave; it takes an hour
    ['anatomy', 'axes', 'cells', 'recipe']
    """
    points = list(product(RELATEDNESS, LABELS))
    cells = []
    for point in counted(points, progress):
        result = transfer(*point)
        judged = [
            name for name in result if not name.startswith(("check_", "at"))
        ]
        cells.append(rounded({name: result[name] for name in judged}, digits=4))
    anatomy = {}
    for name, change in ANATOMY.items():
        anatomy[name] = rounded(transfer(0.0, 30_000, **change), digits=4)
    return {
        "axes": [
            {"name": "relatedness", "values": list(RELATEDNESS)},
            {"name": "labels", "values": list(LABELS)},
        ],
        "cells": cells,
        "anatomy": anatomy,
        "recipe": "mtl_lessons.concept.transfer(relatedness, labels): "
        "5 seeds, width 4, natural weight, each model's own decay",
    }


def shipped() -> dict[str, Any]:
    """What `transfer_grid` gave when the package was made.

    >>> # five values of relatedness, five numbers of labels
    >>> len(shipped()["cells"])
    25
    """
    return stored.read("concept_transfer")
