"""Chapter 5: two tasks from one history: which item comes next, and what a user is interested in.

    model = compiled()                                  # history -> {"item": logits, "interest": logits}
    data = Data.of_world(World(seed=0, **WORLD))
    model.fit(data.train.x, data.train.labels, batch_size=512, epochs=4)
    evaluate(model, data.test)                          # {"item": Recall@10, "interest": mean AUC of the tags}

A history holds up to ten items, the oldest first, filled up with -1 in front. The next item is *one of* 500: a softmax over all of
them, as in retrieval. Interests are *any of* twelve tags: a sigmoid for each. Of the users one in twelve has told us
theirs; elsewhere that label is NaN.

- `user_vector`, `trunk`, `build`, `compiled`, `report`: the model answers of the chapter's five steps;
- `Data`: rows to train on and users to test on, with the truth;
- `baselines`, `experiment`: what the model is held against, over seeds.

Importing this module imports TensorFlow.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mtl_lessons import metrics
from mtl_lessons.backend import keras
from mtl_lessons.world import Rows, World

layers, ops = keras.layers, keras.ops

ITEMS, TAGS, HISTORY, PADDING = 500, 12, 10, -1
WIDTH, UNITS = 16, 64
WORLD = {"users": 3_000, "items": ITEMS, "categories": TAGS, "dim": 8}
EVENTS, ROWS, BATCH, EPOCHS = 120_000, 76_800, 512, 4

Progress = Callable[[int, int], None]


# ---------------------------------------------------------------- step 1: from a history to a vector


def user_vector() -> keras.Model:
    """The mean of the vectors of the items that are there: `(batch, length)` whole numbers give `(batch, WIDTH)`.

    Padding, -1, has no effect, and of an empty history the mean is 0.
    """
    history = keras.Input((None,), dtype="int32", name="history")
    vectors = layers.Embedding(ITEMS + 1, WIDTH, name="items")(history + 1)  # row 0 is that of the padding
    there = ops.cast(history != PADDING, "float32")[..., None]
    mean = ops.sum(there * vectors, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)
    return keras.Model(history, mean, name="user_vector")


# ---------------------------------------------------------------- step 2: the shared trunk


def trunk() -> keras.Model:
    """What both tasks read: `(batch, length)` gives `(batch, UNITS)`."""
    users = user_vector()
    shared = layers.Dense(UNITS, activation="relu", name="shared")(users.output)
    return keras.Model(users.input, shared, name="trunk")


# ---------------------------------------------------------------- step 3: two heads


def build() -> keras.Model:
    """Two heads on one trunk, in logits: `item`, `(batch, ITEMS)`, and `interest`, `(batch, TAGS)`."""
    shared = trunk()
    heads = {
        "item": layers.Dense(ITEMS, name="item")(shared.output),  # one of many: a softmax
        "interest": layers.Dense(TAGS, name="interest")(shared.output),  # any of them: sigmoids
    }
    return keras.Model(shared.input, heads, name="two_tasks")


# ---------------------------------------------------------------- step 4: losses and their scale


def compiled(weights: tuple[float, float] = (1.0, 1.0)) -> keras.Model:
    """The model with a loss for each task, `weights[0] L_item + weights[1] L_interest`, each a mean over all rows of the batch.

    With weights of 1 every label counts once, the natural weight; that of a task is then proportional to how many rows have its label.
    """
    model = build()
    model.compile(
        keras.optimizers.Adam(0.005),
        loss={"item": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "interest": interest_loss},
        loss_weights={"item": weights[0], "interest": weights[1]},
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
    """Users that training has not seen: history, labels, and their true probabilities."""

    x: np.ndarray
    interest: np.ndarray  # (users, TAGS)
    p_item: np.ndarray  # (users, ITEMS)
    p_interest: np.ndarray  # (users, TAGS)


class Data(NamedTuple):
    """What to train on and what to be judged by; a fifth of the users is for the test."""

    train: Train
    test: Test

    @classmethod
    def of_world(cls, world: World, rows: int = ROWS, labelled: float = 0.08) -> "Data":
        """Draw `rows` moments of users; the share `labelled` of the users to learn from has told us their interests."""
        log, interests = _by_user(world), world.interests()
        test, past = np.split(np.arange(world.users), [world.users // 5])
        rng = np.random.default_rng([world.seed, 5])
        user = rng.choice(past, rows)
        at = log.first[user] + 1 + (rng.random(rows) * (log.end - log.first - 1)[user]).astype(int)
        told = user < past[0] + labelled * len(past)
        interest = np.where(told[:, None], interests["interest"][user], np.float32(np.nan))
        train = Train(log.history(user, at), {"item": log.item[at], "interest": interest})
        truth = world.item_probabilities()[test], interests["p_interest"][test]
        return cls(train, Test(log.history(test, log.end[test]), interests["interest"][test], *truth))


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
    order = np.argsort(events["user"], kind="stable")
    counts = np.bincount(events["user"], minlength=world.users)
    return _Log(events["item"][order], np.cumsum(counts) - counts, np.cumsum(counts))


# ---------------------------------------------------------------- the experiment


def evaluate(model: keras.Model, test: Test) -> dict[str, float]:
    """As `scored`, of a model's predictions."""
    return scored(model.predict(test.x, batch_size=1024, verbose=0), test)


def scored(scores: Rows, test: Test) -> dict[str, float]:
    """Recall@10 *expected* under the true probabilities, which leaves out the luck of the draw, and the mean AUC of the tags."""
    top = np.argsort(-scores["item"], axis=1, kind="stable")[:, :10]
    recall = np.take_along_axis(test.p_item, top, axis=1).sum(axis=1).mean()
    aucs = [metrics.auc(test.interest[:, tag], scores["interest"][:, tag]) for tag in range(TAGS)]
    return {"item": float(recall), "interest": float(np.mean(aucs))}


def baselines(data: Data) -> dict[str, dict[str, float]]:
    """What takes no model: chance, popularity (and the tags' base rates), and the truth itself, which nothing can beat."""
    users, rng = len(data.test.x), np.random.default_rng(0)
    popular = np.bincount(data.train.labels["item"], minlength=ITEMS)
    known = data.train.labels["interest"]
    scores = {
        "random": {"item": rng.random((users, ITEMS)), "interest": rng.random((users, TAGS))},
        "popularity": {"item": np.tile(popular, (users, 1)), "interest": np.tile(np.nanmean(known, axis=0), (users, 1))},
        "Bayes": {"item": data.test.p_item, "interest": data.test.p_interest},
    }
    return {name: scored(score, data.test) for name, score in scores.items()}


SIDES = {"item alone": (1.0, 0.0), "interest alone": (0.0, 1.0), "both": (1.0, 1.0)}


def experiment(seeds: int = 5, epochs: int = EPOCHS, progress: Progress | None = None) -> dict[str, dict[str, list[float]]]:
    """Train with one loss, with the other, with both: same model, start, rows and steps. By side and task, a list over seeds.

    The sides that learn one task have a score in the other, too: that of a head which was never trained. `progress(done, total)`
    counts trainings.
    """
    results = {}
    for seed in range(seeds):
        data = Data.of_world(World(seed=seed, **WORLD))
        found = baselines(data)
        for n, (side, weights) in enumerate(SIDES.items(), 1):
            keras.utils.set_random_seed(seed)
            model = compiled(weights)
            model.fit(data.train.x, data.train.labels, batch_size=BATCH, epochs=epochs, verbose=0)
            found[side] = evaluate(model, data.test)
            if progress:
                progress(seed * len(SIDES) + n, seeds * len(SIDES))
        for side, scores in found.items():
            for task, score in scores.items():
                results.setdefault(side, {}).setdefault(task, []).append(score)
    return results


def gain(results: dict, task: str) -> metrics.Interval:
    """Mean and 95 % interval of both together over that task alone, paired by seed."""
    return metrics.interval(np.subtract(results["both"][task], results[f"{task} alone"][task]))
