"""What the model is held against: baselines, and each task trained alone, over
seeds.
"""

from collections.abc import Mapping

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import keras, tf
from mtl_lessons.stored import Progress, rounded
from mtl_lessons.training import Restart
from mtl_lessons.world import Rows, World

from .data import WORLD, Data, Test
from .steps import HISTORY, PADDING, TAGS, build, compiled

ops = keras.ops

BATCH = 512
EPOCHS = 3

Weights = tuple[float, float]  # of the two losses: the item's, the interests'


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

SIDES: dict[str, Weights] = {
    "item alone": (1.0, 0.0),
    "interest alone": (0.0, 1.0),
    "both": (1.0, 1.0),
}


def experiment(
    seeds: int = 5,
    sides: Mapping[str, Weights] = SIDES,
    epochs: int = EPOCHS,
    progress: Progress | None = None,
) -> dict[str, dict[str, list[float]]]:
    """Train with one loss, with the other, with both: same model, start, rows
    and steps.

    `sides`: the weights of the two losses, by name. After each pass over the
    rows a side is judged by the users kept to choose by, and its best pass
    counts: best in its own task, or in the mean of both if both weigh
    something. (So no side is trained longer than is good for it.) Returns by
    side and task a list over seeds; `epochs` of a side lists the passes chosen.
    `progress(done, total)` counts trainings.

    >>> from mtl_lessons import stored
    >>> # of five seeds; computing them takes minutes
    >>> results = stored.read("two_tasks")["sides"]
    >>> len(results["both"]["item"]), results["both"]["epochs"]
    (5, [3, 3, 3, 3, 3])
    """
    data = [Data.of_world(World(seed=seed, **WORLD)) for seed in range(seeds)]
    held_against = [baselines(of_seed) for of_seed in data]
    results = {
        name: _lists([scores[name] for scores in held_against])
        for name in held_against[0]
    }
    # so that one compiled step serves all sides
    weights_now = tf.Variable(1.0), tf.Variable(1.0)
    model = compiled(weights_now, jit_compile=True, steps_per_execution=8)
    done = 0
    for side, weights in sides.items():
        for variable, weight in zip(weights_now, weights, strict=True):
            variable.assign(weight)
        runs = []
        for seed in range(seeds):
            runs.append(best_pass(model, data[seed], seed, weights, epochs))
            done += 1
            if progress:
                progress(done, len(sides) * seeds)
        results[side] = _lists(runs)
    return results


def best_pass(
    model: keras.Model, data: Data, seed: int, weights: Weights, epochs: int
) -> dict[str, float]:
    """Scores on the test users after the pass over the rows that the check
    users like best.

    >>> data = Data.of_world(World(seed=0, **WORLD), rows=1_024)
    >>> best_pass(compiled(), data, seed=0, weights=(1.0, 1.0), epochs=1)["epochs"]
    1
    """
    restarting(model)(seed)
    judged = [
        task
        for task, weight in zip(("item", "interest"), weights, strict=True)
        if weight
    ]
    passes = []
    for epoch in range(epochs):
        model.fit(data.train.x, data.train.labels, batch_size=BATCH, verbose=0)
        check = evaluate(model, data.check)
        liked = np.mean([check[task] for task in judged])
        passes.append(
            (liked, evaluate(model, data.test) | {"epochs": epoch + 1})
        )
    return max(passes, key=lambda run: run[0])[1]


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
    items, tags = (
        model.output[task].shape[-1] for task in ("item", "interest")
    )
    return Restart(model, lambda: build(items, tags))


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


def _lists(runs: list[dict[str, float]]) -> dict[str, list[float]]:
    return {key: [run[key] for run in runs] for key in runs[0]}


# -------------------------------------------------- what ships with the package

# of the interests; 12.5: mean over labelled rows
SCALES = (0.1, 1.0, 12.5, 50.0, 150.0, 500.0)
USERS = (0, 1, 2, 3)
LENGTHS = (0, 2, 10)


def grid(seeds: int = 5, progress: Progress | None = None) -> dict[str, object]:
    """What the chapter reads; of every training a list over seeds.

    `scales`: both scores, by weight of the interests. `sides`: what
    `experiment` finds. `seen`: see `seen`.

    >>> from mtl_lessons import stored
    >>> # what it gave when the package was made
    >>> sorted(stored.read("two_tasks"))
    ['scales', 'seen', 'sides']
    """
    scaled = {f"{scale:g}": (1.0, scale) for scale in SCALES}
    found = experiment(seeds, SIDES | scaled, progress=progress)
    short = rounded(found, digits=4)
    scales = [
        {"weight": scale} | _scores(short[f"{scale:g}"]) for scale in SCALES
    ]
    sides = {side: runs for side, runs in short.items() if side not in scaled}
    return {"scales": scales, "seen": seen(), "sides": sides}


def _scores(runs: dict[str, list[float]]) -> dict[str, list[float]]:
    return {task: runs[task] for task in ("item", "interest")}


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
    data = Data.of_world(world)
    category = np.eye(TAGS)[world.catalogue.category]
    true_items, true_tags = data.test.p_item @ category, data.test.p_interest
    assert true_tags is not None  # of a world, everything is known
    both = _trained(data, SIDES["both"], EPOCHS)
    item_alone = _trained(data, SIDES["item alone"], EPOCHS)
    interest_alone = _trained(data, SIDES["interest alone"], epochs=1)
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
                    name: np.round(row, 3).tolist()
                    for name, row in predicted.items()
                }
                records.append(
                    {"user": user, "length": length, "trained": kind} | numbers
                )
    return records


def _trained(data: Data, weights: Weights, epochs: int) -> keras.Model:
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
