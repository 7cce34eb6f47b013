"""Chapter 1: what multi-task learning is, and how to find out whether it helps.

- `attempt` runs a snippet that may fail, and `reach` tells which layers a task's loss can train;
- `shared_bottom`: what the article's `Sequential` should have been, one trunk with one head per task;
- `two_tasks`: the smallest shared bottom there is (one table of users) and, with `shared=False`, its *fair* control;
- `transfer`: the gain of sharing over that control, over several seeds, in a world whose truth is known.

Importing this module imports TensorFlow.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mtl_lessons import metrics, stored
from mtl_lessons.backend import keras, tf
from mtl_lessons.stored import Progress, counted
from mtl_lessons.training import Restart
from mtl_lessons.world import Rows, World, split_by_time

layers = keras.layers

STEPS, BATCH = 250, 2048
IMPRESSIONS = STEPS * BATCH  # item impressions to learn from: one pass over them, in order of time
CHECK = TEST = 20_000  # later impressions to choose a setting by, and still later ones to judge by, of items and of ads alike
DECAYS = (0.05, 1.0)  # of the weights: what each model may choose from


# ---------------------------------------------------------------- two instruments


class Outcome:
    """How an `attempt` ended: `error`, or None if it ran to the end; `warnings`, the texts of those that were raised."""

    def __init__(self):
        self.error: Exception | None = None
        self.warnings: list[str] = []


@contextmanager
def attempt():
    """Run a block that may fail, print in one line how it ended, and go on. Yields the `Outcome`."""
    outcome = Outcome()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield outcome
        except Exception as error:
            outcome.error = error
    meant = [warning for warning in caught if not issubclass(warning.category, DeprecationWarning)]  # that is for developers
    outcome.warnings = [str(warning.message) for warning in meant]
    ended = outcome.error
    print(_one_line(ended) if ended else "It ran to the end. No error.")


def _one_line(error: Exception) -> str:
    return ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])


def reach(model: keras.Model, x: Rows, y: Rows, task: str) -> set[str]:
    """Names of the layers whose weights get a gradient other than zero from the binary cross-entropy of one task.

    `x` and `y` are batches as for `fit`; `y[task]` is `(batch, 1)`. A weight that no task but this one reaches is
    private to it; what several reach is shared.
    """
    with tf.GradientTape() as tape:
        loss = keras.ops.mean(keras.losses.binary_crossentropy(y[task], model(x)[task]))
    owners = [(layer.name, weight.value) for layer in model.layers for weight in layer.trainable_weights]
    gradients = tape.gradient(loss, [weight for _, weight in owners])
    dense = [None if g is None else tf.convert_to_tensor(g) for g in gradients]
    return {name for (name, _), g in zip(owners, dense, strict=True) if g is not None and np.any(g)}


# ---------------------------------------------------------------- the right version of the article's model


def shared_bottom(
    vocabularies: dict[str, int], tasks: Sequence[str], width: int = 16, units: Sequence[int] = (128, 64)
) -> keras.Model:
    """One trunk and one head per task (Caruana, 1997): `P(task | x) = σ(v_task · trunk(x) + b_task)`.

    `vocabularies` names the categorical inputs and says how many ids each has; an input is a batch of whole numbers,
    `(batch,)`. Embeddings of `width` numbers come first, on ids; a trunk of dense ReLU layers of `units` follows; the
    heads are parallel, each gives `(batch, 1)` and bears its task's name.
    """
    inputs = {name: keras.Input((), dtype="int32", name=name) for name in vocabularies}
    tables = {name: layers.Embedding(size, width, name=f"{name}_table") for name, size in vocabularies.items()}
    x = layers.Concatenate(name="features")([tables[name](inputs[name]) for name in vocabularies])
    for i, n in enumerate(units):
        x = layers.Dense(n, activation="relu", name=f"trunk_{i}")(x)
    return keras.Model(inputs, {task: layers.Dense(1, activation="sigmoid", name=task)(x) for task in tasks})


# ---------------------------------------------------------------- two tasks with one table of users, or with two


def two_tasks(users: int, items: int, ads: int, width: int, shared: bool = True) -> keras.Model:
    """Clicks on items and clicks on ads: each is `σ(user · target + bias of the target)`.

    With `shared`, both tasks read the same table of users, `(users, width)`; it is all that they share. Without, each
    has a table of its own, which starts from the same numbers. Then no weight is common to both, so one `fit` trains two
    single-task models at once.
    Inputs `user, item, ad_user, ad`: `(batch,)` each, since the two tasks have rows of their own. Outputs `item_click`
    and `ad_click`: `(batch, 1)` each.
    """
    inputs = {name: keras.Input((), dtype="int32", name=name) for name in ("user", "item", "ad_user", "ad")}
    item_users = _table(users, width, "users", seed=1)
    ad_users = item_users if shared else _table(users, width, "ad_users", seed=1)
    heads = {
        "item_click": _click(item_users(inputs["user"]), inputs["item"], items, "item", seed=2),
        "ad_click": _click(ad_users(inputs["ad_user"]), inputs["ad"], ads, "ad", seed=3),
    }
    return keras.Model(inputs, heads)


def _table(rows: int, width: int, name: str, seed: int) -> layers.Embedding:
    start = keras.initializers.RandomNormal(stddev=0.1, seed=seed)
    return layers.Embedding(rows, width, name=name, embeddings_initializer=start)


def _click(user, target, targets: int, name: str, seed: int):
    vector = _table(targets, user.shape[-1], f"{name}s", seed)(target)
    bias = layers.Embedding(targets, 1, name=f"{name}_bias", embeddings_initializer="zeros")(target)
    logit = layers.Add(name=f"{name}_logit")([layers.Dot(axes=1)([user, vector]), bias])
    return layers.Activation("sigmoid", name=f"{name}_click")(logit)


# ---------------------------------------------------------------- the experiment


def transfer(
    relatedness: float,
    labels: int,
    seeds: int = 5,
    width: int = 4,
    ad_weight: float | None = None,
    decays: Sequence[float] = DECAYS,
    progress: Progress | None = None,
) -> dict:
    """Train with a shared and with separate tables of users; judge both on later impressions.

    The dense task is a click on an item (512 000 impressions), the sparse one a click on an ad (`labels` impressions);
    `relatedness` is the correlation of the users' tastes in the two. A step sees 2048 rows of each task; its loss is
    `L_item + ad_weight L_ad`, each a sum over these rows. The default `ad_weight = labels / 512 000` is the natural one: it
    lets every label count once. Optimiser: AdamW. All of it, and the start of every table, is the same for both models.
    Only the weight decay is each model's own choice among `decays`, by AUC on impressions between training and test: the single
    models choose one per task, the shared one has to do with one for both.

    Returns AUCs, a list over seeds each. Of the sparse task: `single`, `shared`, and `bayes`, the ceiling, which the
    true probabilities reach. Of the dense task: the same with `item_` before. With `check_` before: on the impressions
    that the choice was made by. `at[decay]`: the AUCs of both models at that decay. `progress(done, total)` counts steps.
    """
    if labels < 1 or seeds < 2:
        raise ValueError(f"needs labels >= 1 and seeds >= 2, found labels={labels}, seeds={seeds}")
    worlds = [World(seed=seed, ad_relatedness=relatedness) for seed in range(seeds)]
    past, check, future = (side_by_side(logs, worlds) for logs in zip(*(_logs(w, labels) for w in worlds), strict=True))
    weight = labels / IMPRESSIONS if ad_weight is None else ad_weight
    sizes = [seeds * n for n in (worlds[0].users, worlds[0].items, worlds[0].ads)]
    result = {"relatedness": relatedness, "labels": labels, "at": {decay: {} for decay in decays}}
    result |= _aucs("bayes", future, future, seeds)
    report = _Report(progress, total=2 * len(decays) * STEPS)
    for kind, together in {"single": [["single"], ["item_single"]], "shared": [["shared", "item_shared"]]}.items():
        trainee = _trainee(*sizes, width, kind == "shared", STEPS)
        for decay in _trainings(trainee, past, seeds, weight, decays, report):
            on_check, on_test = (_aucs(kind, rows, _predict(trainee.model, rows), seeds) for rows in (check, future))
            result["at"][decay] |= {f"check_{name}": aucs for name, aucs in on_check.items()} | on_test
        for names in together:
            best = max(result["at"].values(), key=lambda aucs: np.mean([aucs[f"check_{name}"] for name in names]))
            result |= {key: best[key] for name in names for key in (name, f"check_{name}")}
    return result


def gain(result: dict, task: str = "") -> metrics.Interval:
    """Mean and 95 % interval of `AUC shared - AUC single`, paired by seed; `task="item_"` for the dense task."""
    return metrics.interval(np.subtract(result[f"{task}shared"], result[f"{task}single"]))


def side_by_side(logs: Sequence[Rows], worlds: Sequence[World]) -> Rows:
    """Logs of several worlds as one log in which they never touch: row 0 of each world, then row 1 of each, and so on.

    The ids of world s are moved up by s times the size of a world, so that every world has its own rows in each table
    and one `fit` trains all seeds. Adam treats each weight by itself, and a summed loss adds nothing across worlds, so that
    equals training one world after the other.
    """
    size = {"user": worlds[0].users, "item": worlds[0].items, "ad_user": worlds[0].users, "ad": worlds[0].ads}
    moved = [{name: column + s * size.get(name, 0) for name, column in log.items()} for s, log in enumerate(logs)]
    return {name: np.stack([log[name] for log in moved], axis=1).reshape(-1) for name in moved[0]}


@lru_cache(maxsize=5)  # the worlds of the settings tried last
def _logs(world: World, labels: int) -> tuple[Rows, Rows, Rows]:
    """Rows to train on, to choose by and to test on, by time, both tasks' in pairs; few ad rows repeat until they are as many."""
    items, ads = _items(replace(world, ad_relatedness=0.0)), _in_three(world.ad_impressions, labels)
    return tuple(_pair(*rows) for rows in zip(items, ads, strict=True))


@lru_cache(maxsize=5)
def _items(world: World) -> tuple[Rows, Rows, Rows]:
    """The same for items, whatever the taste for ads: what one setting drew, the next need not draw again."""
    columns = ("user", "item", "time", "click", "p_click")

    def draw(n: int) -> Rows:
        log = world.impressions(n)
        return {name: log[name] for name in columns}

    return _in_three(draw, IMPRESSIONS)


def _in_three(draw: Callable[[int], Rows], n: int) -> tuple[Rows, Rows, Rows]:
    past, later = split_by_time(draw(n + CHECK + TEST), (CHECK + TEST) / (n + CHECK + TEST))
    return past, *split_by_time(later, TEST / (CHECK + TEST))


def _pair(items: Rows, ads: Rows) -> Rows:
    rows = {"user": items["user"], "item": items["item"], "item_click": items["click"], "item_truth": items["p_click"]}
    rows |= {"ad_user": ads["user"], "ad": ads["ad"], "ad_click": ads["click"], "ad_truth": ads["p_click"]}
    return {name: np.resize(column, len(items["user"])) for name, column in rows.items()}


def _inputs(rows: Rows) -> Rows:
    return {name: rows[name] for name in ("user", "item", "ad_user", "ad")}


def _predict(model: keras.Model, rows: Rows) -> dict[str, np.ndarray]:
    return {name: np.asarray(p) for name, p in model(_inputs(rows)).items()}


class _Trainee(NamedTuple):
    """A compiled model, what a training of it can choose, as variables, so that one compiled step serves all, and its start."""

    model: keras.Model
    decay: tf.Variable
    ad_weight: tf.Variable
    restart: Restart


@lru_cache(maxsize=4)  # tracing takes longer than a training; each kind, narrow and wide
def _trainee(users: int, items: int, ads: int, width: int, shared: bool, steps: int) -> _Trainee:
    return _compiled(two_tasks(users, items, ads, width, shared), steps)


def _compiled(model: keras.Model, steps: int) -> _Trainee:
    decay, ad_weight = tf.Variable(0.0), tf.Variable(1.0)
    loss = keras.losses.BinaryCrossentropy(reduction="sum")  # a mean shrinks as worlds are added, down to Adam's epsilon
    model.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.06, steps), weight_decay=decay),
        loss={"item_click": loss, "ad_click": loss},
        loss_weights={"item_click": 1.0, "ad_click": ad_weight},
        jit_compile=True,
    )
    return _Trainee(model, decay, ad_weight, Restart(model))


def _trainings(
    trainee: _Trainee, past: Rows, seeds: int, weight: float, decays: Sequence[float], report: "_Report"
) -> Iterator[float]:
    """Train with one decay after the other, each time from the same start; yields after each, for the model to be judged."""
    clicks = {name: past[name][:, None] for name in ("item_click", "ad_click")}
    for value in decays:
        trainee.restart()
        trainee.decay.assign(value)
        trainee.ad_weight.assign(weight)
        trainee.model.fit(_inputs(past), clicks, batch_size=BATCH * seeds, shuffle=False, verbose=0, callbacks=[report])
        yield value


def _aucs(kind: str, rows: Rows, predictions: dict, seeds: int) -> dict[str, list[float]]:
    """AUC of each seed and task; the columns of `predictions` are `ad_click, item_click`, of the truth `ad_truth, ...`."""
    suffix = "truth" if kind == "bayes" else "click"
    by_seed = {
        t: (rows[f"{t}_click"].reshape(-1, seeds), predictions[f"{t}_{suffix}"].reshape(-1, seeds)) for t in ("ad", "item")
    }
    aucs = {t: [metrics.auc(y[:, s], p[:, s]) for s in range(seeds)] for t, (y, p) in by_seed.items()}
    return {kind: aucs["ad"], f"item_{kind}": aucs["item"]}


class _Report(keras.callbacks.Callback):
    """Tells `progress`, if there is one, how many steps of all trainings are done."""

    def __init__(self, progress: Progress | None, total: int):
        super().__init__()
        self.progress, self.done, self.total = progress, 0, total

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        if self.progress:
            self.progress(self.done, self.total)


# ---------------------------------------------------------------- the map behind the chapter's explorable

RELATEDNESS = (0.0, 0.25, 0.5, 0.75, 0.95)
LABELS = (500, 2_000, 8_000, 30_000, 120_000)

ANATOMY = {  # what is changed for both models at (0, 30 000), the most harmful point of the map
    "width 4, weight 1": {"ad_weight": 1.0},
    "width 16, natural weight": {"width": 16},
    "width 16, weight 0.15": {"width": 16, "ad_weight": 0.15},
}


def transfer_grid(progress: Progress | None = None) -> dict:
    """`transfer` at every point of RELATEDNESS x LABELS, and with every change of ANATOMY: axes, cells, anatomy, and the recipe
    that made them.
    """
    points = [(relatedness, labels) for relatedness in RELATEDNESS for labels in LABELS]
    cells = []
    for point in counted(points, progress):
        found = {name: values for name, values in transfer(*point).items() if not name.startswith(("check_", "at"))}
        cells.append(_rounded(found))
    return {
        "axes": [
            {"name": "relatedness", "label": "Relatedness of the tasks", "values": list(RELATEDNESS)},
            {"name": "labels", "label": "Labels of the sparse task", "values": list(LABELS)},
        ],
        "cells": cells,
        "anatomy": {name: _rounded(transfer(0.0, 30_000, **change)) for name, change in ANATOMY.items()},
        "recipe": "mtl_lessons.concept.transfer(relatedness, labels): 5 seeds, width 4, natural weight, each model's own decay",
    }


def _rounded(result: dict) -> dict:
    """A result of `transfer`, with four digits; keys are texts, as JSON has them."""
    at = {str(decay): _rounded(aucs) for decay, aucs in result["at"].items()} if "at" in result else {}
    numbers = {name: np.round(values, 4).tolist() for name, values in result.items() if name != "at"}
    return numbers | ({"at": at} if at else {})


def shipped() -> dict:
    """What `transfer_grid` gave when the package was made."""
    return stored.read("concept_transfer")
