"""Chapter 1: what multi-task learning is, and how to find out whether it helps.

- `attempt` runs a snippet that may fail, and `reach` tells which layers a
  task's loss can train;
- `shared_bottom`: what the article's `Sequential` should have been, one trunk
  with one head per task;
- `two_tasks`: the smallest shared bottom there is (one table of users), with
  `shared=False` its *fair* control, and with a `Tie` soft sharing;
- `transfer`: the gain of sharing over that control, over several seeds, in a
  world whose truth is known; `search`: the same, with every setting tried;
- `ways`: sharing beside its neighbours, pretraining and frozen features, and a
  control task.

Importing this module imports TensorFlow.
"""

import warnings
from collections.abc import (
    Callable,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
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

RATE = 0.06  # the learning rate at the start; it falls along a cosine
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
    users: int,
    items: int,
    ads: int,
    width: int,
    shared: bool = True,
    tie: Tensor | None = None,
) -> keras.Model:
    """Clicks on items and clicks on ads: each is `σ(user · target + bias of the
    target)`.

    With `shared`, both tasks read the same table of users, `(users, width)`; it
    is all that they share. Without, each has a table of its own, which starts
    from the same numbers. Then no weight is common to both, so one `fit` trains
    two single-task models at once. With a `tie` besides, these two tables are
    drawn to each other (`Tie`): soft sharing. Inputs `user, item, ad_user, ad`:
    `(batch,)` each, since the two tasks have rows of their own. Outputs
    `item_click` and `ad_click`: `(batch, 1)` each.

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
    if tie is not None:
        tied = Tie(item_users, ad_users, tie, name="tie")
        heads["ad_click"] = tied(heads["ad_click"])
    return keras.Model(inputs, heads)


class Tie(layers.Layer):
    """Soft sharing: adds `c / 2 · ‖A − B‖²` to the loss, for two tables A, B.

    `strength` is c: 0 leaves them apart, and the larger it is, the nearer they
    come to one table. What is put in comes out as it was.

    >>> one, two = layers.Embedding(3, 2), layers.Embedding(3, 2)
    >>> one.build(), two.build()
    (None, None)
    >>> one.set_weights([np.ones((3, 2))]), two.set_weights([np.zeros((3, 2))])
    (None, None)
    >>> tie = Tie(one, two, strength=10.0)
    >>> float(tie(keras.ops.ones(1))[0]), float(tie.losses[0])
    (1.0, 30.0)
    """

    def __init__(
        self,
        first: layers.Embedding,
        second: layers.Embedding,
        strength: Tensor | float,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.tables = (first, second)
        self.strength = strength

    def call(self, inputs: Tensor) -> Tensor:
        """Returns `inputs`."""
        first, second = self.tables
        gap = first.embeddings - second.embeddings
        penalty = keras.ops.sum(keras.ops.square(gap)) / 2
        self.add_loss(self.strength * penalty)
        return inputs


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
    logs = _side_by_side_logs(relatedness, labels, seeds)
    weight = labels / IMPRESSIONS if ad_weight is None else ad_weight
    at: dict[float, Aucs] = {decay: {} for decay in decays}
    result: dict[str, Any] = {"relatedness": relatedness, "labels": labels}
    result |= _aucs("bayes", logs.future, logs.future, seeds)
    report = _Report(progress, total=2 * len(decays) * STEPS)
    for kind, choices in CHOICES.items():
        trainee = _trainee(*logs.sizes, width, kind)
        for decay in _trainings(
            trainee, logs.past, seeds, weight, decays, report
        ):
            at[decay] |= _judged(kind, trainee.model, logs, seeds)
        for names in choices:
            result |= _chosen(at, names)
    return result | {"at": at}


def _judged(kind: str, model: keras.Model, logs: "_Logs", seeds: int) -> Aucs:
    """AUCs on the rows to choose by (`check_` before the name) and to test on."""
    on_check = _aucs(kind, logs.check, _predict(model, logs.check), seeds)
    on_test = _aucs(kind, logs.future, _predict(model, logs.future), seeds)
    return {f"check_{name}": aucs for name, aucs in on_check.items()} | on_test


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


class _Logs(NamedTuple):
    """The logs of several worlds side by side, and the sizes of the tables."""

    past: Rows
    check: Rows
    future: Rows
    sizes: tuple[int, int, int]


def _side_by_side_logs(relatedness: float, labels: int, seeds: int) -> _Logs:
    worlds = [
        World(seed=seed, ad_relatedness=relatedness) for seed in range(seeds)
    ]
    by_world = [_logs(world, labels) for world in worlds]
    past, check, future = (
        side_by_side(logs, worlds) for logs in zip(*by_world, strict=True)
    )
    first = worlds[0]
    users, items, ads = (
        seeds * n for n in (first.users, first.items, first.ads)
    )
    return _Logs(past, check, future, (users, items, ads))


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
    tie: tf.Variable
    restart: Restart


# tracing takes longer than a training; each kind, narrow and wide
@lru_cache(maxsize=4)
def _trainee(
    users: int, items: int, ads: int, width: int, kind: str
) -> _Trainee:
    tie = tf.Variable(0.0)
    model = two_tasks(
        users,
        items,
        ads,
        width,
        shared=kind == "shared",
        tie=tie if kind == "tied" else None,
    )
    if kind == "frozen":
        model.get_layer("ad_users").trainable = False
    return _compiled(model, tie)


def _compiled(model: keras.Model, tie: tf.Variable | None = None) -> _Trainee:
    decay = tf.Variable(0.0)
    ad_weight = tf.Variable(1.0)
    # a mean shrinks as worlds are added, down to Adam's epsilon
    loss = keras.losses.BinaryCrossentropy(reduction="sum")
    model.compile(
        keras.optimizers.AdamW(RATE, weight_decay=decay),
        loss={"item_click": loss, "ad_click": loss},
        loss_weights={"item_click": 1.0, "ad_click": ad_weight},
        jit_compile=True,
    )
    tie = tf.Variable(0.0) if tie is None else tie
    return _Trainee(model, decay, ad_weight, tie, Restart(model))


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
    for decay in decays:
        _train(trainee, past, seeds, weight, decay, report=report)
        yield decay


def _train(
    trainee: _Trainee,
    past: Rows,
    seeds: int,
    weight: float,
    decay: float,
    rate: float = RATE,
    tie: float = 0.0,
    table: list[np.ndarray] | None = None,
    report: "_Report | None" = None,
) -> None:
    """One pass over the rows from the start, or with a `table` of users for
    ads that was trained before.
    """
    trainee.restart()
    trainee.decay.assign(decay)
    trainee.ad_weight.assign(weight)
    trainee.tie.assign(tie)
    if table is not None:
        trainee.model.get_layer("ad_users").set_weights(table)
    clicks = {name: past[name][:, None] for name in ("item_click", "ad_click")}
    trainee.model.fit(
        _inputs(past),
        clicks,
        batch_size=BATCH * seeds,
        shuffle=False,
        verbose=0,
        callbacks=[_Cosine(rate), report or _Report(None, total=1)],
    )


class _Cosine(keras.callbacks.Callback):
    """Lets the learning rate fall to 0 along half a cosine over all steps."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def on_train_batch_begin(
        self,
        batch: int,
        logs: dict | None = None,  # noqa: ARG002
    ) -> None:
        done = (1 + np.cos(np.pi * batch / STEPS)) / 2
        self.model.optimizer.learning_rate.assign(self.rate * done)


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


# ------------------------------ six ways to use a dense task for a sparse one


class Way(NamedTuple):
    """A way to train for ads with item clicks beside them: the network, whether
    one setting has to serve both tasks, and the learning rates to try.

    >>> WAYS["one table"].both, WAYS["fine-tuned"].both
    (True, False)
    """

    kind: str
    both: bool
    rates: tuple[float, ...]


class Trial(NamedTuple):
    """What is tried: learning rate at the start, strength of the tie, decay.

    >>> len(trials("frozen"))
    15
    """

    rate: float
    tie: float
    decay: float


FAST = (0.96, 0.48, 0.24, 0.12, 0.06)
WIDE = (0.24, 0.06, 0.015, 0.004, 0.001)
WAYS = {
    "alone": Way("single", both=False, rates=FAST),
    "one table": Way("shared", both=True, rates=FAST),
    "tied tables": Way("tied", both=True, rates=(0.12,)),
    "fine-tuned": Way("single", both=False, rates=WIDE),
    "frozen": Way(
        "frozen", both=False, rates=(0.12, 0.06, 0.03, 0.015, 0.0075)
    ),
    "shuffled": Way("shared", both=False, rates=FAST),
}
TIES = (0.008, 0.064, 0.25, 1.0, 4.0)
WAY_DECAYS = (0.05, 1.0, 4.0)


def trials(way: str) -> list[Trial]:
    """Fifteen for each way: five rates, or five ties, at three decays; one
    less where a step of decay, rate times decay, would be 2 or more and diverge.

    >>> trials("tied tables")[0]
    Trial(rate=0.12, tie=0.008, decay=0.05)
    """
    ties = TIES if way == "tied tables" else (0.0,)
    every = product(WAYS[way].rates, ties, WAY_DECAYS)
    return [Trial(*one) for one in every if one[0] * one[2] < 2]


def ways(
    relatedness: float,
    labels: int,
    seeds: int = 5,
    tried: Mapping[str, Sequence[Trial]] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Six ways to train for clicks on ads, of which five use clicks on items.

    - `alone`: two tables of users that never meet.
    - `one table`: hard sharing, as in `transfer`.
    - `tied tables`: two tables, drawn to each other by a `Tie`: soft sharing.
    - `fine-tuned`: the table of ads starts from the table that was trained on
      items; then ads alone train it.
    - `frozen`: that table of items is used as it is.
    - `shuffled`: one table, but each item click belongs to another row: a
      control task.

    Of its `trials` (or those that `tried` names) a way takes its own best by
    AUC on the rows between training and test: of ads, or, if one model has to
    serve both tasks, on average of ads and items. Data, steps and the natural
    weight are those of `transfer`.

    Returns for each way `ads` and `items`, the AUC of each seed, and the
    `trial` that was chosen; of `alone` also `items_trial`. Items of ways that
    leave the model of items as it is are those of `alone`; of `shuffled` there
    are none.

    >>> related, *_ = shipped()["ways"]
    >>> list(related["found"]) == list(WAYS)
    True
    >>> len(related["found"]["tied tables"]["ads"])
    5
    """
    logs = _side_by_side_logs(relatedness, labels, seeds)
    weight = labels / IMPRESSIONS
    found: dict[str, Any] = {}
    table = None
    for name in counted(list(WAYS), progress):
        way = WAYS[name]
        trainee = _trainee(*logs.sizes, 4, way.kind)
        past = _shuffled(logs.past, seeds) if name == "shuffled" else logs.past
        start = table if name in ("fine-tuned", "frozen") else None
        runs = []
        for trial in tried[name] if tried else trials(name):
            _train(trainee, past, seeds, weight, **trial._asdict(), table=start)
            aucs = _judged(way.kind, trainee.model, logs, seeds)
            run = {
                "trial": list(trial),
                "ads": rounded(aucs[way.kind], digits=4),
                "items": rounded(aucs[f"item_{way.kind}"], digits=4),
                "check_ads": aucs[f"check_{way.kind}"],
                "check_items": aucs[f"check_item_{way.kind}"],
                "table": trainee.model.get_layer("users").get_weights(),
            }
            runs.append(run)
        judges = ("check_ads", "check_items") if way.both else ("check_ads",)
        best = best_of(runs, judges)
        found[name] = {part: best[part] for part in ("ads", "items", "trial")}
        if name == "alone":
            of_items = best_of(runs, ["check_items"])
            table = of_items["table"]
            found[name]["items"] = of_items["items"]
            found[name]["items_trial"] = of_items["trial"]
        elif not way.both:
            found[name]["items"] = found["alone"]["items"]
    del found["shuffled"]["items"]
    return {"relatedness": relatedness, "labels": labels, "found": found}


def best_of(
    tried: Sequence[dict[str, Any]], judges: Sequence[str]
) -> dict[str, Any]:
    """The trial with the highest mean of all its seeds under all `judges`.

    >>> tried = [{"check": [0.5, 0.7], "rate": 1}, {"check": [0.7, 0.7], "rate": 2}]
    >>> best_of(tried, ["check"])["rate"]
    2
    """
    return max(tried, key=lambda run: np.mean([run[judge] for judge in judges]))


def _shuffled(past: Rows, seeds: int) -> Rows:
    """The same rows, with the item clicks of each world in another order."""
    clicks = past["item_click"].reshape(-1, seeds)
    order = np.random.default_rng(0).permutation(len(clicks))
    return past | {"item_click": clicks[order].reshape(-1)}


# ---------------------------------------------------- the map of the explorable

RELATEDNESS = (0.0, 0.25, 0.5, 0.75, 0.95)
LABELS = (500, 2_000, 8_000, 30_000, 120_000)

# what is tried at (0, 30 000), the most harmful point of the map
WIDTHS = (2, 4, 8, 16, 32)
AD_WEIGHTS = (0.0586, 0.15, 0.4, 1.0)  # the first is the natural one
ALL_DECAYS = (0.0125, 0.05, 0.2, 0.5, 1.0)
POINTS = ((0.95, 2_000), (0.75, 8_000), (0.0, 30_000))  # of `ways`


def search(
    widths: Sequence[int] = WIDTHS,
    ad_weights: Sequence[float] = AD_WEIGHTS,
    decays: Sequence[float] = ALL_DECAYS,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """The shared and the single models of unrelated tastes and 30 000 labels,
    at every setting.

    Returns a row for each width, weight of the ads and decay: AUCs of each
    seed, named as in `transfer`, those to choose by with `check_` before.

    >>> rows = shipped()["search"]
    >>> len(rows) == len(WIDTHS) * len(AD_WEIGHTS) * len(ALL_DECAYS)
    True
    """
    rows = []
    for width, weight in counted(list(product(widths, ad_weights)), progress):
        result = transfer(
            0.0, 30_000, width=width, ad_weight=weight, decays=decays
        )
        for decay, aucs in result["at"].items():
            setting = {"width": width, "ad_weight": weight, "decay": decay}
            rows.append(setting | rounded(aucs, digits=4))
    return rows


def transfer_grid(progress: Progress | None = None) -> dict[str, Any]:
    """`transfer` at every point of RELATEDNESS x LABELS; `search`; and `ways`
    at three points.

    >>> sorted(shipped())  # what it gave; it takes two hours
    ['axes', 'cells', 'recipe', 'search', 'ways']
    """
    points = list(product(RELATEDNESS, LABELS))
    cells = []
    for point in counted(points, progress):
        result = transfer(*point)
        judged = [
            name for name in result if not name.startswith(("check_", "at"))
        ]
        cells.append(rounded({name: result[name] for name in judged}, digits=4))
    return {
        "axes": [
            {"name": "relatedness", "values": list(RELATEDNESS)},
            {"name": "labels", "values": list(LABELS)},
        ],
        "cells": cells,
        "search": search(),
        "ways": [ways(*point) for point in POINTS],
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
