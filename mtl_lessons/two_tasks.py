"""Chapter 5: two tasks from one history: which item comes next, and what a user is interested in.

    model = compiled()                                  # history -> {"item": logits, "interest": logits}
    data = Data.of_world(World(seed=0, **WORLD))
    model.fit(data.train.x, data.train.labels, batch_size=512, epochs=3)
    evaluate(model, data.test)                          # {"item": Recall@10, "interest": mean AUC of the tags}

A history holds up to ten items, the oldest first, filled up with -1 in front. The next item is *one of* 500: a softmax over all of
them, as in retrieval. Interests are *any of* twelve tags: a sigmoid for each. Of the users one in twelve has told us
theirs; elsewhere that label is NaN.

- `user_vector`, `trunk`, `build`, `compiled`, `report`: the model answers of the chapter's five steps;
- `Data`: rows to train on and users to test on, of a simulated world, with the truth, or of MovieLens;
- `baselines`, `experiment`: what the model is held against, over seeds.

Importing this module imports TensorFlow.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import keras, tf
from mtl_lessons.datasets import MovieLens
from mtl_lessons.stored import Progress
from mtl_lessons.training import Restart
from mtl_lessons.world import Rows, World

layers, ops = keras.layers, keras.ops

ITEMS, TAGS, HISTORY, PADDING = 500, 12, 10, -1
WIDTH, UNITS = 16, 64
WORLD = {"users": 3_000, "items": ITEMS, "categories": TAGS, "dim": 8}
EVENTS, ROWS, BATCH, EPOCHS = 120_000, 76_800, 512, 3


# ---------------------------------------------------------------- step 1: from a history to a vector


def user_vector(items: int = ITEMS) -> keras.Model:
    """The mean of the vectors of the items that are there: `(batch, length)` whole numbers give `(batch, WIDTH)`.

    Padding, -1, has no effect, and of an empty history the mean is 0.
    """
    history = keras.Input((None,), dtype="int32", name="history")
    vectors = layers.Embedding(items + 1, WIDTH, name="items")(history + 1)  # row 0 is that of the padding
    there = ops.cast(history != PADDING, "float32")[..., None]
    mean = ops.sum(there * vectors, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)
    return keras.Model(history, mean, name="user_vector")


# ---------------------------------------------------------------- step 2: the shared trunk


def trunk(items: int = ITEMS) -> keras.Model:
    """What both tasks read: `(batch, length)` gives `(batch, UNITS)`."""
    users = user_vector(items)
    shared = layers.Dense(UNITS, activation="relu", name="shared")(users.output)
    return keras.Model(users.input, shared, name="trunk")


# ---------------------------------------------------------------- step 3: two heads


def build(items: int = ITEMS, tags: int = TAGS) -> keras.Model:
    """Two heads on one trunk, in logits: `item`, `(batch, items)`, and `interest`, `(batch, tags)`."""
    shared = trunk(items)
    heads = {
        "item": layers.Dense(items, name="item")(shared.output),  # one of many: a softmax
        "interest": layers.Dense(tags, name="interest")(shared.output),  # any of them: sigmoids
    }
    return keras.Model(shared.input, heads, name="two_tasks")


# ---------------------------------------------------------------- step 4: losses and their scale


def compiled(weights: tuple[float, float] = (1.0, 1.0), items: int = ITEMS, tags: int = TAGS, **options) -> keras.Model:
    """The model with a loss for each task, `weights[0] L_item + weights[1] L_interest`, each a mean over all rows of the batch.

    With weights of 1 every label counts once, the natural weight: a task weighs by how many rows have its label. `options` are
    those of `compile`.
    """
    model = build(items, tags)
    model.compile(
        keras.optimizers.Adam(0.005),
        loss={"item": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "interest": interest_loss},
        loss_weights={"item": weights[0], "interest": weights[1]},
        **options,
    )
    return model


def interest_loss(label, logit):
    """Mean cross-entropy of the tags, `(batch,)`; a label that is NaN, "we do not know", costs nothing."""
    known = ~ops.isnan(label)
    label = ops.where(known, label, 0.0)  # before the loss: NaN times 0 is NaN
    each = ops.binary_crossentropy(label, logit, from_logits=True)
    return ops.mean(ops.where(known, each, 0.0), axis=-1)


# ---------------------------------------------------------------- step 5: each task by its own measure


def report(item, interest, scores) -> dict[str, float]:
    """Recall@10 of the next item, and the AUC of each tag, averaged.

    `item`: the chosen items, `(rows,)`; `interest`: 0 and 1, or NaN in all of a row, `(rows, TAGS)`; `scores`: by task,
    `(rows, ITEMS)` and `(rows, TAGS)`, logits or probabilities. Both measures ask for an order only, so either will do.
    """
    top = np.argsort(-scores["item"], axis=1, kind="stable")[:, :10]
    known = ~np.isnan(interest).any(axis=1)
    aucs = [metrics.auc(interest[known, tag], scores["interest"][known, tag]) for tag in range(interest.shape[1])]
    return {"item": float(np.mean((top == item[:, None]).any(axis=1))), "interest": float(np.mean(aucs))}


# ---------------------------------------------------------------- the data


class Train(NamedTuple):
    """Moments in the lives of the users: what they had chosen, `(rows, HISTORY)`, what came next, and what interests them."""

    x: np.ndarray
    labels: Rows


class Test(NamedTuple):
    """Users that training has not seen: history, labels, and their true probabilities. (Of real users nobody knows these: then `p_item` is 1
    for what was chosen, and `p_interest` is None.)"""

    x: np.ndarray
    interest: np.ndarray  # (users, tags)
    p_item: np.ndarray  # (users, items)
    p_interest: np.ndarray | None  # (users, tags)


class Data(NamedTuple):
    """Rows to train on, users to choose a setting by, and users to be judged by."""

    train: Train
    check: Test
    test: Test

    @classmethod
    def of_world(cls, world: World, rows: int = ROWS, labelled: float = 0.08) -> "Data":
        """Draw `rows` moments of users; the share `labelled` of the users to learn from has told us their interests.

        A fifth of the users is for the test, a tenth to choose by.
        """
        log, interests = _by_user(world), world.interests()
        test, check, past = np.split(np.arange(world.users), [world.users // 5, 3 * world.users // 10])
        rng = np.random.default_rng([world.seed, 5])
        user = rng.choice(past, rows)
        at = log.first[user] + 1 + (rng.random(rows) * (log.end - log.first - 1)[user]).astype(int)
        told = user < past[0] + labelled * len(past)
        interest = np.where(told[:, None], interests["interest"][user], np.float32(np.nan))
        train = Train(log.history(user, at), {"item": log.item[at], "interest": interest})
        return cls(train, *(_judges(world, log, interests, users) for users in (check, test)))

    @classmethod
    def of_movielens(cls, films: MovieLens, labelled: float = 0.08, seed: int = 0) -> "Data":
        """Films that a user rated 4 or more, one after the other; the tags are the genres of this user's *later* favourites.

        Users are drawn into those of the test (a fifth), to choose by (a tenth), and to learn from, of whom the share `labelled` has told. A
        test user is judged at the middle of the list. Users with fewer than four favourites are left out.
        """
        liked = {name: column[films.ratings["rating"] >= 4] for name, column in films.ratings.items()}
        log, rng = _in_order(liked["user"], liked["item"], liked["user"].max() + 1), np.random.default_rng(seed)
        users = rng.permutation(np.flatnonzero(log.end - log.first >= 4))
        test, check, past = np.split(users, [len(users) // 5, 3 * len(users) // 10])
        told = past[: max(1, round(labelled * len(past)))]
        user = np.repeat(past, (log.end - log.first - 1)[past])
        at = np.concatenate([np.arange(log.first[u] + 1, log.end[u]) for u in past])
        genres = films.items["genre"].astype("float32")
        interest = np.where(np.isin(user, told)[:, None], _later(log, genres, user, at), np.float32(np.nan))
        order = rng.permutation(len(user))
        train = Train(log.history(user, at)[order], {"item": log.item[at][order], "interest": interest[order]})
        return cls(train, *(_judged_midway(log, genres, users) for users in (check, test)))


class _Log(NamedTuple):
    """Events by user: those of user u are `item[first[u]:end[u]]`, the oldest first."""

    item: np.ndarray
    first: np.ndarray
    end: np.ndarray

    def history(self, user: np.ndarray, at: np.ndarray) -> np.ndarray:
        """The ten events before each place `at`, as far as they are this user's."""
        places = at[:, None] - np.arange(HISTORY, 0, -1)
        return np.where(places >= self.first[user][:, None], self.item[places], PADDING).astype("int32")


def _by_user(world: World) -> _Log:
    events = world.item_events(EVENTS)
    return _in_order(events["user"], events["item"], world.users)


def _in_order(user: np.ndarray, item: np.ndarray, users: int) -> _Log:
    """Events that are in order of time, sorted by user."""
    counts = np.bincount(user, minlength=users)
    return _Log(item[np.argsort(user, kind="stable")], np.cumsum(counts) - counts, np.cumsum(counts))


def _judges(world: World, log: _Log, interests: Rows, users: np.ndarray) -> Test:
    history = log.history(users, log.end[users])
    return Test(history, interests["interest"][users], world.item_probabilities()[users], interests["p_interest"][users])


def _later(log: _Log, genres: np.ndarray, user: np.ndarray, at: np.ndarray) -> np.ndarray:
    """1 for the genres of a user's favourites after each place, the next one included: `(places, genres)`."""
    ends = log.end[user]
    seen = np.concatenate([np.zeros((1, genres.shape[1])), np.cumsum(genres[log.item], axis=0)])
    return (seen[ends] - seen[at] > 0).astype("float32")


def _judged_midway(log: _Log, genres: np.ndarray, users: np.ndarray) -> Test:
    at = (log.first[users] + log.end[users]) // 2
    chosen = np.eye(len(genres), dtype="float32")[log.item[at]]
    return Test(log.history(users, at), _later(log, genres, users, at), chosen, None)


# ---------------------------------------------------------------- each task against what it has to beat


def scored(scores: Rows, test: Test) -> dict[str, float]:
    """Recall@10 *expected* under the true probabilities, which leaves out the luck of the draw, and the mean AUC of the tags.

    A tag that all test users have, or none, is left out.
    """
    top = np.argsort(-scores["item"], axis=1, kind="stable")[:, :10]
    recall = np.take_along_axis(test.p_item, top, axis=1).sum(axis=1).mean()
    both = np.flatnonzero(np.ptp(test.interest, axis=0))
    aucs = [metrics.auc(test.interest[:, tag], scores["interest"][:, tag]) for tag in both]
    return {"item": float(recall), "interest": float(np.mean(aucs))}


def evaluate(model: keras.Model, test: Test) -> dict[str, float]:
    """As `scored`, of a model's predictions."""
    return scored({name: np.asarray(score) for name, score in model(test.x).items()}, test)


def baselines(data: Data) -> dict[str, dict[str, float]]:
    """What takes no model: chance, popularity (and the tags' base rates), and the truth itself, where it is known: nothing can beat it."""
    (users, items), tags, rng = data.test.p_item.shape, data.test.interest.shape[1], np.random.default_rng(0)
    popular, known = np.bincount(data.train.labels["item"], minlength=items), data.train.labels["interest"]
    scores = {
        "random": {"item": rng.random((users, items)), "interest": rng.random((users, tags))},
        "popularity": {"item": np.tile(popular, (users, 1)), "interest": np.tile(np.nanmean(known, axis=0), (users, 1))},
    }
    if data.test.p_interest is not None:
        scores["Bayes"] = {"item": data.test.p_item, "interest": data.test.p_interest}
    return {name: scored(score, data.test) for name, score in scores.items()}


# ---------------------------------------------------------------- the experiment

SIDES = {"item alone": (1.0, 0.0), "interest alone": (0.0, 1.0), "both": (1.0, 1.0)}


def experiment(
    seeds: int = 5, sides: Mapping[str, tuple[float, float]] = SIDES, epochs: int = EPOCHS, progress: Progress | None = None
) -> dict[str, dict[str, list[float]]]:
    """Train with one loss, with the other, with both: same model, start, rows and steps. By side and task, a list over seeds.

    `sides`: the weights of the two losses, by name. After each pass over the rows a side is judged by the users kept to choose by, and
    its best pass counts: best in its own task, or in the mean of both if both weigh something. (So no side is trained longer than is
    good for it.) `epochs` of a side lists the passes chosen. `progress(done, total)` counts trainings.
    """
    data = [Data.of_world(World(seed=seed, **WORLD)) for seed in range(seeds)]
    found = [baselines(of_seed) for of_seed in data]
    results = {name: _lists([scores[name] for scores in found]) for name in found[0]}
    of_both = tf.Variable(1.0), tf.Variable(1.0)  # variables, so that one compiled step serves all sides
    model = compiled(of_both, jit_compile=True, steps_per_execution=8)
    for n, (side, weights) in enumerate(sides.items()):
        for variable, weight in zip(of_both, weights, strict=True):
            variable.assign(weight)
        runs = []
        for seed in range(seeds):
            runs.append(best_pass(model, data[seed], seed, weights, epochs))
            if progress:
                progress(n * seeds + seed + 1, len(sides) * seeds)
        results[side] = _lists(runs)
    return results


def best_pass(model: keras.Model, data: Data, seed: int, weights: tuple[float, float], epochs: int) -> dict[str, float]:
    """Scores on the test users after the pass over the rows that the check users like best."""
    restarting(model)(seed)
    passes = []
    for epoch in range(epochs):
        model.fit(data.train.x, data.train.labels, batch_size=BATCH, verbose=0)
        check = evaluate(model, data.check)
        liked = np.mean([check[task] for task, weight in zip(("item", "interest"), weights, strict=True) if weight])
        passes.append((liked, evaluate(model, data.test) | {"epochs": epoch + 1}))
    return max(passes, key=lambda run: run[0])[1]


def restarting(model: keras.Model) -> Restart:
    """Called with a seed, it puts a model of `compiled` back to the start that this seed gives."""
    items, tags = (model.output[task].shape[-1] for task in ("item", "interest"))
    return Restart(model, lambda: build(items, tags))


def _lists(runs: list[dict[str, float]]) -> dict[str, list[float]]:
    return {key: [run[key] for run in runs] for key in runs[0]}


def gain(results: dict, task: str) -> metrics.Interval:
    """Mean and 95 % interval of both together over that task alone, paired by seed."""
    return metrics.interval(np.subtract(results["both"][task], results[f"{task} alone"][task]))


# ---------------------------------------------------------------- what the chapter's figures are drawn from

SCALES = (0.1, 1.0, 12.5, 50.0, 150.0, 500.0)  # weights of the interests; 12.5 makes it the mean over labelled rows
USERS, LENGTHS = (0, 1, 2, 3), (0, 2, 10)


def grid(seeds: int = 5, progress: Progress | None = None) -> dict:
    """What the chapter reads; of every training a list over seeds.

    `scales`: both scores, by weight of the interests. `sides`: what `experiment` finds. `seen`: see
    `seen`.
    """
    scaled = {f"{scale:g}": (1.0, scale) for scale in SCALES}
    found = experiment(seeds, SIDES | scaled, progress=progress)
    rounded = {side: _rounded(runs) for side, runs in found.items()}
    scales = [{"weight": scale} | _scores(rounded[f"{scale:g}"]) for scale in SCALES]
    sides = {side: runs for side, runs in rounded.items() if side not in scaled}
    return {"scales": scales, "seen": seen(), "sides": sides}


def _rounded(runs: dict[str, list[float]]) -> dict[str, list[float]]:
    return {key: np.round(values, 4).tolist() for key, values in runs.items()}


def _scores(runs: dict[str, list[float]]) -> dict[str, list[float]]:
    return {task: runs[task] for task in ("item", "interest")}


def seen() -> list[dict]:
    """What the heads say of some test users of world 0, for histories of some lengths: `items`, the probability of the next item summed by
    category, and `tags`, that of each interest; the same under the truth; `alone`: each head trained without the other task."""
    world = World(seed=0, **WORLD)
    data, category = Data.of_world(world), np.eye(TAGS)[world.catalogue.category]
    models = {side: _trained(data, weights, 1 if side == "interest alone" else EPOCHS) for side, weights in SIDES.items()}
    truth = {"items": data.test.p_item @ category, "tags": data.test.p_interest}
    records = []
    for length in LENGTHS:
        x = np.where(np.arange(HISTORY) >= HISTORY - length, data.test.x, PADDING)
        for kind, (item, interest) in {"alone": ("item alone", "interest alone"), "both": ("both", "both")}.items():
            shares = np.asarray(ops.softmax(models[item](x)["item"])) @ category
            tags = np.asarray(ops.sigmoid(models[interest](x)["interest"]))
            for user in USERS:
                said = {"items": shares[user], "tags": tags[user]} | {f"true_{name}": of[user] for name, of in truth.items()}
                record = {"user": user, "length": length, "trained": kind}
                records.append(record | {name: np.round(values, 3).tolist() for name, values in said.items()})
    return records


def _trained(data: Data, weights: tuple[float, float], epochs: int) -> keras.Model:
    model = compiled(weights)
    restarting(model)(seed=0)
    model.fit(data.train.x, data.train.labels, batch_size=BATCH, epochs=epochs, verbose=0)
    return model
