"""What the model is held against: baselines, and each task trained alone, over
seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import count
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import keras, tf
from mtl_lessons.stored import Progress, counted, rounded
from mtl_lessons.training import Restart
from mtl_lessons.world import Rows, World

from .data import WORLD, Data, Test
from .steps import (
    HISTORY,
    ITEMS,
    PADDING,
    TAGS,
    build,
    compiled,
    interest_loss,
    trunk,
)

ops = keras.ops

BATCH = 512
EPOCHS = 3
RATE = 0.005

Weights = tuple[float, float]  # of the two losses: the item's, the interests'
Tick = Callable[..., None]  # told when a training is done


# --------------------------------------------------- what each task has to beat


def scored(scores: Rows, test: Test) -> dict[str, float]:
    """*Expected* recall@10 under the true probabilities, and the mean AUC of
    the tags.

    The expectation leaves out the luck of the draw. A tag that all test users
    have, or none, is left out.

    >>> test = Test(np.zeros((2, 10)), np.array([[1.0], [0.0]]), np.full((2, 20), 1 / 20), None)
    >>> scored({"item": np.zeros((2, 20)), "interest": np.array([[0.9], [0.2]])}, test)
    {'item': 0.5, 'interest': 1.0}
    """
    top = np.argsort(-scores["item"], axis=1, kind="stable")[:, :10]
    recall = np.take_along_axis(test.p_item, top, axis=1).sum(axis=1).mean()
    both = np.flatnonzero(np.ptp(test.interest, axis=0))
    aucs = [
        metrics.auc(test.interest[:, tag], scores["interest"][:, tag])
        for tag in both
    ]
    return {"item": float(recall), "interest": float(np.mean(aucs))}


def evaluate(model: keras.Model, test: Test) -> dict[str, float]:
    """As `scored`, of a model's predictions.

    >>> data = Data.of_world(World(seed=0, **WORLD), rows=10)
    >>> sorted(evaluate(build(), data.test))
    ['interest', 'item']
    """
    return scored(
        {task: np.asarray(logits) for task, logits in model(test.x).items()},
        test,
    )


def baselines(data: Data) -> dict[str, dict[str, float]]:
    """What takes no model: chance, popularity, and the truth, where it is
    known.

    The popularity of a tag is its base rate. Nothing can beat the truth.

    >>> found = baselines(Data.of_world(World(seed=0, **WORLD), rows=5_000))
    >>> found["random"]["item"] < found["popularity"]["item"] < found["Bayes"]["item"]
    True
    """
    test, labels = data.test, data.train.labels
    users, items = test.p_item.shape
    tags = test.interest.shape[1]
    rng = np.random.default_rng(0)
    popular = np.bincount(labels["item"], minlength=items)
    rates = np.nanmean(labels["interest"], axis=0)
    scores = {
        "random": {
            "item": rng.random((users, items)),
            "interest": rng.random((users, tags)),
        },
        "popularity": {
            "item": np.tile(popular, (users, 1)),
            "interest": np.tile(rates, (users, 1)),
        },
    }
    if test.p_interest is not None:
        scores["Bayes"] = {"item": test.p_item, "interest": test.p_interest}
    return {name: scored(score, test) for name, score in scores.items()}


# --------------------------------------------------------------- the experiment

TASKS = ("item", "interest")
SEEDS = 5
SIDES: dict[str, Weights] = {
    "item alone": (1.0, 0.0),
    "interest alone": (0.0, 1.0),
    "both": (1.0, 1.0),
}
LOOKS = 3  # at the scores, in each pass over the rows
PATIENCE = 1.0  # passes without a better score of a judged task end a training
PASSES = 8  # at most


class Look(NamedTuple):
    """Scores of a model in training, after so many passes over the rows.

    >>> Look(1.0, {"item": 0.5}, {"item": 0.52}).test["item"]
    0.52
    """

    passes: float
    check: dict[str, float]
    test: dict[str, float]


class Watch(keras.callbacks.Callback):
    """Looks at all scores three times a pass, and ends a training that gets no
    better.

    No better: for a whole pass, none of the tasks in `judged` has had a new
    best score on the check users. Without `judged` the training goes on.

    >>> data = Data.of_world(World(seed=0, **WORLD), rows=3 * BATCH)
    >>> watch, model = Watch(data), compiled()
    >>> _ = model.fit(*data.train, batch_size=BATCH, verbose=0, callbacks=[watch])
    >>> [round(look.passes, 2) for look in watch.looks]
    [0.33, 0.67, 1.0]
    """

    def __init__(self, data: Data, judged: Sequence[str] = ()) -> None:
        super().__init__()
        self.data, self.judged = data, tuple(judged)
        self.pass_ = -(-len(data.train.x) // BATCH)  # in steps
        self.looks: list[Look] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        done = int(self.model.optimizer.iterations)
        if done % max(1, self.pass_ // LOOKS):
            return
        scores = (
            evaluate(self.model, users)
            for users in (self.data.check, self.data.test)
        )
        self.looks.append(Look(done / self.pass_, *scores))
        if self.judged and all(map(self._waits, self.judged)):
            self.model.stop_training = True

    def _waits(self, task: str) -> bool:
        since = self.looks[-1].passes - best(self.looks, task).passes
        return since > PATIENCE - 1e-6


def best(looks: Sequence[Look], task: str) -> Look:
    """The look at which the check users like a task best.

    >>> looks = [Look(1.0, {"item": 0.5}, {}), Look(2.0, {"item": 0.4}, {})]
    >>> best(looks, "item").passes
    1.0
    """
    return max(looks, key=lambda look: look.check[task])


def trained(
    restart: Restart,
    data: Data,
    seed: int,
    judged: Sequence[str] = TASKS,
    passes: int = PASSES,
    rate: float | None = None,
) -> dict[str, float]:
    """Scores on the test users, each task at the pass that its check users like
    best.

    Each task in `judged` has its best pass, `pass_<task>`. Who serves one model
    for both must choose one of the two: `<task>_then` is the score of a task at
    the best pass of the other. `rate`: another learning rate than the model's.

    >>> data = Data.of_world(World(seed=0, **WORLD), rows=3 * BATCH)
    >>> found = trained(restarting(compiled()), data, seed=0, passes=1)
    >>> sorted(found)[:4]
    ['interest', 'interest_then', 'item', 'item_then']
    """
    looks = _looks(restart, data, seed, judged, passes, rate)
    found = {}
    for task in judged:
        at = best(looks, task)
        found |= {task: at.test[task], f"pass_{task}": at.passes}
    if len(judged) == len(TASKS):
        at_item, at_interest = (best(looks, task) for task in TASKS)
        found["item_then"] = at_interest.test["item"]
        found["interest_then"] = at_item.test["interest"]
    return found


def _looks(
    restart: Restart,
    data: Data,
    seed: int,
    judged: Sequence[str],
    passes: int,
    rate: float | None = None,
) -> list[Look]:
    restart(seed)
    if rate:
        restart.model.optimizer.learning_rate.assign(rate)
    watch = Watch(data, judged)
    restart.model.fit(
        data.train.x,
        data.train.labels,
        batch_size=BATCH,
        epochs=passes,
        verbose=0,
        callbacks=[watch],
    )
    return watch.looks


def restarting(model: keras.Model) -> Restart:
    """Called with a seed, it puts a model of `compiled` back to the start that
    this seed gives.

    >>> model = compiled(items=3, tags=2)
    >>> restart = restarting(model)
    >>> restart(1)
    >>> first = model.get_weights()
    >>> restart(1)
    >>> all(np.array_equal(a, b) for a, b in zip(first, model.get_weights()))
    True
    """
    items, tags = (model.output[task].shape[-1] for task in TASKS)
    return Restart(model, lambda: build(items, tags))


def experiment(
    seeds: Sequence[int] = range(SEEDS),
    sides: Mapping[str, Weights] = SIDES,
    network: Callable[[], keras.Model] = build,
    passes: int = PASSES,
    progress: Progress | None = None,
) -> dict[str, dict[str, list[float]]]:
    """Train with one loss, with the other, with both: same model, start, rows
    and steps.

    `sides`: the weights of the two losses, by name. Returns by side what
    `trained` finds, as lists over seeds. `progress(done, total)` counts
    trainings.

    >>> from mtl_lessons import stored
    >>> # of five seeds; computing them takes minutes
    >>> results = stored.read("two_tasks")["sides"]
    >>> len(results["both"]["item"]), results["both"]["pass_item"][0] > 2
    (5, True)
    """
    bench = TwoTaskBench(network)
    runs = {side: [] for side in sides}
    points = [(seed, side) for seed in seeds for side in sides]
    for seed, side in counted(points, progress):
        runs[side].append(bench.trained(seed, sides[side], passes=passes))
    return {side: _by_name(of_side) for side, of_side in runs.items()}


class TwoTaskBench:
    """One compiled network, trained again and again: in other worlds, with
    other weights.

    >>> TwoTaskBench(lambda: build(width=4)).restart.model.count_params()
    35604
    """

    def __init__(
        self,
        network: Callable[[], keras.Model],
        optimizer: keras.optimizers.Optimizer | None = None,
    ) -> None:
        # so that one compiled step serves all weights
        self.weights = tf.Variable(1.0), tf.Variable(1.0)
        model = network()
        of_item = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(
            optimizer or keras.optimizers.Adam(RATE),
            loss={"item": of_item, "interest": interest_loss},
            loss_weights=dict(zip(TASKS, self.weights, strict=True)),
            jit_compile=True,
            steps_per_execution=10,
        )
        self.restart = Restart(model, network)

    def trained(
        self,
        seed: int,
        weights: Weights,
        rate: float | None = None,
        passes: int = PASSES,
    ) -> dict[str, float]:
        """What `trained` finds; judged is what has a weight."""
        self._weigh(weights)
        judged = [
            task for task, weight in zip(TASKS, weights, strict=True) if weight
        ]
        return trained(self.restart, world_of(seed), seed, judged, passes, rate)

    def curve(self, seed: int, weights: Weights, passes: int) -> list[float]:
        """The AUC of the tags at each look."""
        self._weigh(weights)
        looks = _looks(self.restart, world_of(seed), seed, (), passes)
        return [look.test["interest"] for look in looks]

    def _weigh(self, weights: Weights) -> None:
        for variable, weight in zip(self.weights, weights, strict=True):
            variable.assign(weight)


@cache
def world_of(seed: int) -> Data:
    """The chapter's rows and users of the world with that seed.

    >>> world_of(0).test.x.shape
    (600, 10)
    """
    return Data.of_world(World(seed=seed, **WORLD))


def reading() -> keras.Model:
    """The chapter's model, but the interests' loss trains its head alone.

    The head reads the trunk; no gradient of its loss goes on into it.

    >>> reading().count_params() == build().count_params()
    True
    """
    shared = trunk()
    item = keras.layers.Dense(ITEMS, name="item")(shared.output)
    read = ops.stop_gradient(shared.output)
    interest = keras.layers.Dense(TAGS, name="interest")(read)
    return keras.Model(shared.input, {"item": item, "interest": interest})


def gain(
    results: Mapping[str, Mapping[str, list[float]]], task: str
) -> metrics.Interval:
    """Mean and 95 % interval of both together over that task alone, paired by
    seed.

    >>> results = {"both": {"item": [0.3, 0.4]}, "item alone": {"item": [0.2, 0.3]}}
    >>> round(gain(results, "item").mean, 3)
    0.1
    """
    return metrics.interval(
        np.subtract(results["both"][task], results[f"{task} alone"][task])
    )


def _by_name(runs: list[dict[str, float]]) -> dict[str, list[float]]:
    return {key: [run[key] for run in runs] for key in runs[0]}


# ------------------------------------------------- the search for each side

WIDTHS = (8, 16, 32, 64)  # of the table
RATES = (0.000625, 0.00125, 0.0025, 0.005)
# the control's best was at the lowest rate: it gets four trials more
LOWER = 0.0003125
TUNING = 5  # the world in which settings are chosen; no result is from it
GUARD = 0.005  # of recall that a setting of both may miss of the best
SEARCHED = ("interest alone", "both")  # the task that gains, and its control


def trials(tick: Tick, seed: int = TUNING) -> list[dict[str, Any]]:
    """Both searched sides with every width and every rate, in one world.

    >>> from mtl_lessons import stored
    >>> len(stored.read("two_tasks")["tuned"]["trials"])
    36
    """
    found = []
    for width in WIDTHS:
        bench = TwoTaskBench(partial(build, width=width))
        for rate in (LOWER, *RATES):
            for side in SEARCHED[:1] if rate == LOWER else SEARCHED:
                point = {"side": side, "width": width, "rate": rate}
                scores = bench.trained(seed, SIDES[side], rate, PASSES)
                found.append(point | scores)
                tick()
    return found


def choose(found: Sequence[dict[str, Any]], side: str) -> dict[str, Any]:
    """The trial of a side that counts.

    That with the best AUC of the interests; for both together, of those whose
    recall is within `GUARD` of the best recall.

    >>> a = {"side": "both", "item": 0.500, "interest": 0.7}
    >>> b = {"side": "both", "item": 0.496, "interest": 0.8}
    >>> c = {"side": "both", "item": 0.400, "interest": 0.9}
    >>> choose([a, b, c], "both")["interest"]
    0.8
    """
    own = [trial for trial in found if trial["side"] == side]
    if side == "both":
        enough = max(trial["item"] for trial in own) - GUARD
        own = [trial for trial in own if trial["item"] >= enough]
    return max(own, key=itemgetter("interest"))


def tuned(tick: Tick, seeds: Sequence[int] = range(SEEDS)) -> dict[str, Any]:
    """The trials, and each side at its own setting in worlds that chose
    nothing.

    >>> from mtl_lessons import stored
    >>> sorted(stored.read("two_tasks")["tuned"])
    ['settings', 'sides', 'trials']
    """
    found = trials(tick)
    settings = {}
    sides = {}
    for side in SEARCHED:
        chosen = choose(found, side)
        settings[side] = {name: chosen[name] for name in ("width", "rate")}
        width, rate = settings[side].values()
        bench = TwoTaskBench(partial(build, width=width))
        runs = []
        for seed in seeds:
            runs.append(bench.trained(seed, SIDES[side], rate, PASSES))
            tick()
        sides[side] = _by_name(runs)
    return {"trials": found, "settings": settings, "sides": sides}


# -------------------------------------------------- what ships with the package

# of the interests; 12.5: mean over labelled rows
SCALES = (0.1, 1.0, 12.5, 150.0, 500.0)
OPTIMIZERS = {
    "Adam": lambda: keras.optimizers.Adam(RATE),
    "SGD": lambda: keras.optimizers.SGD(1.0, momentum=0.9),
}
SLOW = (0.1, 1.0)  # the weights at which the two are compared
USERS = (0, 1, 2, 3)
LENGTHS = (0, 2, 10)


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """What the chapter reads; of every training a list over five seeds.

    `sides`: what `experiment` finds, `scales`: the same by weight of the
    interests. `reading`: both, but the interests' loss trains its own head
    alone. `optimizers`: AUC of the tags at each look, by optimiser and weight.
    `tuned`, `seen`: see there.

    >>> from mtl_lessons import stored
    >>> # what it gave when the package was made
    >>> sorted(stored.read("two_tasks"))
    ['optimizers', 'reading', 'scales', 'seen', 'sides', 'tuned']
    """
    scaled = {f"{scale:g}": (1.0, scale) for scale in SCALES}
    trials_ = len(WIDTHS) * (1 + len(SEARCHED) * len(RATES))
    sides_ = len(scaled) + 3 + len(OPTIMIZERS) * len(SLOW) + len(SEARCHED)
    runs = SEEDS * sides_ + trials_
    done = count(1)

    def tick(*_: int) -> None:
        if progress:
            progress(next(done), runs)

    others = {side: SIDES[side] for side in ("item alone", "interest alone")}
    seeds = range(SEEDS)
    found = experiment(seeds, others | scaled, passes=PASSES, progress=tick)
    both = {"both": SIDES["both"]}
    reads = experiment(seeds, both, reading, PASSES, progress=tick)
    short = rounded(_held_against() | found, digits=4)
    scales = [{"weight": scale} | short.pop(f"{scale:g}") for scale in SCALES]
    natural = {
        name: runs for name, runs in scales[1].items() if name != "weight"
    }
    return {
        "scales": scales,
        "seen": seen(),
        "sides": short | {"both": natural},
        "reading": rounded(reads["both"], digits=4),
        "optimizers": optimizers(tick, seeds),
        "tuned": _few_digits(tuned(tick, seeds)),
    }


def optimizers(tick: Tick, seeds: Sequence[int] = range(SEEDS)) -> list[dict]:
    """AUC of the tags at each look of two passes: a list over seeds of lists.

    >>> from mtl_lessons import stored
    >>> found = stored.read("two_tasks")["optimizers"]
    >>> [(run["optimizer"], run["weight"]) for run in found]
    [('Adam', 0.1), ('Adam', 1.0), ('SGD', 0.1), ('SGD', 1.0)]
    """
    found = []
    for name, make in OPTIMIZERS.items():
        bench = TwoTaskBench(build, make())
        for weight in SLOW:
            runs = []
            for seed in seeds:
                runs.append(bench.curve(seed, (1.0, weight), passes=2))
                tick()
            point = {"optimizer": name, "weight": weight}
            found.append(point | {"interest": rounded(runs, digits=4)})
    return found


def _held_against() -> dict[str, dict[str, list[float]]]:
    """The baselines of five worlds."""
    scores = [baselines(world_of(seed)) for seed in range(SEEDS)]
    return {
        name: _by_name([of_world[name] for of_world in scores])
        for name in scores[0]
    }


def _few_digits(value: Any) -> Any:
    """With numbers that are no longer than four decimals; rates as they are."""
    if isinstance(value, dict):
        return {
            key: part if key in ("rate", "width") else _few_digits(part)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_few_digits(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


def seen() -> list[dict]:
    """What the heads predict for some test users of world 0, by length of the
    history.

    `items`: the probability of the next item summed by category; `tags`: that
    of each interest; `true_items` and `true_tags`: the same under the truth.
    `trained`: with both tasks, or each head without the other.

    >>> from mtl_lessons import stored
    >>> sorted(stored.read("two_tasks")["seen"][0])
    ['items', 'length', 'tags', 'trained', 'true_items', 'true_tags', 'user']
    """
    world = World(seed=0, **WORLD)
    data = world_of(0)
    category = np.eye(TAGS)[world.catalogue.category]
    true_items, true_tags = data.test.p_item @ category, data.test.p_interest
    assert true_tags is not None  # of a world, everything is known
    both = _trained_at(data, SIDES["both"], EPOCHS)
    item_alone = _trained_at(data, SIDES["item alone"], EPOCHS)
    interest_alone = _trained_at(data, SIDES["interest alone"], epochs=1)
    heads = {"alone": (item_alone, interest_alone), "both": (both, both)}
    records = []
    for length in LENGTHS:
        x = np.where(
            np.arange(HISTORY) >= HISTORY - length, data.test.x, PADDING
        )
        for kind, (of_item, of_interest) in heads.items():
            items = np.asarray(ops.softmax(of_item(x)["item"])) @ category
            tags = np.asarray(ops.sigmoid(of_interest(x)["interest"]))
            for user in USERS:
                predicted = {
                    "items": items[user],
                    "tags": tags[user],
                    "true_items": true_items[user],
                    "true_tags": true_tags[user],
                }
                numbers = {
                    name: np.round(row, 3).astype(float).round(3).tolist()
                    for name, row in predicted.items()
                }
                records.append(
                    {"user": user, "length": length, "trained": kind} | numbers
                )
    return records


def _trained_at(data: Data, weights: Weights, epochs: int) -> keras.Model:
    model = compiled(weights)
    restarting(model)(seed=0)
    model.fit(
        data.train.x,
        data.train.labels,
        batch_size=BATCH,
        epochs=epochs,
        verbose=0,
    )
    return model
