"""Census-Income (KDD), the benchmark of many multi-task papers, with the
baselines that those papers leave out.

Two tasks: income above 50,000 dollars, and never married. The models: one
column alone; a logistic regression; two single-task networks; a shared bottom;
MMoE; gradient boosting, one model a task. The file is that of
`datasets.census_income`: downloaded, or your own copy, named by the variable
`MTL_CENSUS`::

    MTL_CENSUS=census-income.test.gz python -m mtl_lessons grid evaluation_census

Source of the data: UCI Machine Learning Repository (2000), Census-Income (KDD),
https://doi.org/10.24432/C5N30T, CC BY 4.0.
"""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mtl_lessons.datasets import CENSUS_NUMBERS, census_income
from mtl_lessons.metrics import Array, auc
from mtl_lessons.stored import Progress, rounded
from mtl_lessons.world import Rows

PATH = "MTL_CENSUS"  # the variable that names a copy of your own
TASKS = ("income", "never married")
SPLITS = 5
EPOCHS, BATCH, RATE = 3, 1024, 0.004
WIDTH, EXPERTS, TOWER = 128, 8, 16  # of all networks
LEFT_OUT = ("income", "marital_status", "instance_weight")
RARE = 20  # a category with fewer rows is put with the other rare ones
TREES = {"max_iter": 80, "learning_rate": 0.15, "max_bins": 64}
NETWORKS = ("logistic regression", "two single nets", "shared bottom", "MMoE")
BOOSTING = "gradient boosting"


class People(NamedTuple):
    """The rows as models take them.

    - `y`: both labels, (rows, 2).
    - `names`: the columns; `codes`: each as a number, (rows, columns).
    - `wide`: numbers standardised, categories one-hot, (rows, inputs).

    >>> People(np.zeros((1, 2)), ["age"], np.zeros((1, 1)), np.zeros((1, 1))).names
    ['age']
    """

    y: Array
    names: list[str]
    codes: Array
    wide: Array


def load(path: str | None = None) -> Rows:
    """The test part of the census, from `path`, else from the place that
    `MTL_CENSUS` names, else downloaded. 99,762 rows.
    """
    return census_income("test", path=path or os.environ.get(PATH))


def prepare(rows: Rows) -> People:
    """Labels and inputs. Marital status is the label, and the survey weight no
    feature: both are left out.

    >>> rows = {"income": np.array([0, 1]), "age": np.array([30.0, 50.0]),
    ...         "marital_status": np.array(["Never married", "Widowed"], object),
    ...         "sex": np.array(["Female", "Male"], object)}
    >>> people = prepare(rows)
    >>> people.names, people.y.tolist()
    (['age', 'sex'], [[0.0, 1.0], [1.0, 0.0]])
    """
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    single = rows["marital_status"] == "Never married"
    y = np.column_stack([rows["income"], single]).astype("float32")
    inputs = [name for name in rows if name not in LEFT_OUT]
    numbers = [name for name in inputs if name in CENSUS_NUMBERS]
    words = [name for name in inputs if name not in CENSUS_NUMBERS]
    amounts = np.column_stack([rows[name] for name in numbers])
    texts = np.column_stack([rows[name] for name in words])
    logs = np.log1p(np.maximum(amounts, 0))
    scaled = (logs - logs.mean(0)) / np.maximum(logs.std(0), 1e-6)
    encoder = OneHotEncoder(
        min_frequency=RARE,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
        dtype="float32",
    )
    one_hot = encoder.fit_transform(texts)
    codes = np.hstack([amounts, OrdinalEncoder().fit_transform(texts)])
    wide = np.hstack([scaled, one_hot]).astype("float32")
    return People(y, numbers + words, codes.astype("float32"), wide)


def split(rows: int, seed: int) -> tuple[Array, Array, Array]:
    """Rows to train (60 %), to choose the epoch (20 %) and to test (20 %).

    >>> [len(part) for part in split(10, seed=0)]
    [6, 2, 2]
    """
    order = np.random.default_rng([98, seed]).permutation(rows)
    first, second = int(0.6 * rows), int(0.8 * rows)
    return order[:first], order[first:second], order[second:]


def columns_alone(people: People, seed: int = 0) -> dict[str, dict[str, float]]:
    """Test AUC of one column alone, by task: its values' smoothed rates.

    Smoothing is by one row of the mean rate. Columns come best first.
    """
    train, _, test = split(len(people.y), seed)
    found: dict[str, dict[str, float]] = {}
    for t, task in enumerate(TASKS):
        y, scores = people.y[:, t], {}
        for place, name in enumerate(people.names):
            value = np.unique(people.codes[:, place], return_inverse=True)[1]
            seen = np.bincount(value[train], minlength=value.max() + 1)
            yes = np.bincount(value[train], y[train], value.max() + 1)
            rate = (yes + y[train].mean()) / (seen + 1)
            scores[name] = auc(y[test], rate[value[test]])
        ranked = sorted(scores, key=lambda name: -scores[name])
        found[task] = {name: scores[name] for name in ranked}
    return found


def network(kind: str, inputs: int, seed: int) -> Any:
    """A Keras model `(rows, inputs) -> (rows, 2)` of `NETWORKS`, compiled."""
    from mtl_lessons.backend import keras
    from mtl_lessons.shared_networks import MMoE, SharedBottom

    keras.utils.set_random_seed(seed)
    layers = keras.layers
    x = keras.Input((inputs,))

    def head(hidden: Any) -> Any:
        tower = layers.Dense(TOWER, "relu")(hidden)
        return layers.Dense(1, "sigmoid")(tower)

    tasks = ["income", "single"]
    if kind == "logistic regression":
        outputs = [layers.Dense(1, "sigmoid")(x) for _ in TASKS]
    elif kind == "two single nets":
        half = WIDTH // 2
        outputs = [head(layers.Dense(half, "relu")(x)) for _ in TASKS]
    elif kind == "shared bottom":
        hidden = SharedBottom(tasks, units=(WIDTH,))(x)
        outputs = [head(hidden[task]) for task in tasks]
    elif kind == "MMoE":
        units = (WIDTH // EXPERTS,)
        hidden = MMoE(tasks, experts=EXPERTS, units=units)(x)
        outputs = [head(hidden[task]) for task in tasks]
    else:
        raise ValueError(
            f"kind: expected one of {', '.join(NETWORKS)}, found {kind!r}"
        )
    model = keras.Model(x, layers.Concatenate()(outputs))

    def loss(y: Any, p: Any) -> Any:
        each = keras.losses.binary_crossentropy(y[..., None], p[..., None])
        return keras.ops.mean(each, axis=-1)

    model.compile(keras.optimizers.Adam(RATE), loss)
    return model


def trained(kind: str, people: People, seed: int) -> list[float]:
    """Test AUCs of a network, each task at its best epoch on the check rows."""
    train, check, test = split(len(people.y), seed)
    model = network(kind, people.wide.shape[1], seed)
    best, found = [-np.inf] * len(TASKS), [np.nan] * len(TASKS)
    for _ in range(EPOCHS):
        model.fit(
            people.wide[train], people.y[train], batch_size=BATCH, verbose=0
        )
        chosen = model.predict(people.wide[check], batch_size=8192, verbose=0)
        judged = model.predict(people.wide[test], batch_size=8192, verbose=0)
        for t in range(len(TASKS)):
            quality = auc(people.y[check, t], chosen[:, t])
            if quality > best[t]:
                best[t] = quality
                found[t] = auc(people.y[test, t], judged[:, t])
    return found


def boosted(people: People, seed: int) -> list[float]:
    """Test AUCs of gradient boosting, a model for each task."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    train, _, test = split(len(people.y), seed)
    found = []
    for t in range(len(TASKS)):
        model = HistGradientBoostingClassifier(
            **TREES, early_stopping=False, random_state=seed
        )
        model.fit(people.codes[train], people.y[train, t])
        p = model.predict_proba(people.codes[test])[:, 1]
        found.append(auc(people.y[test, t], p))
    return found


def on_split(
    people: People, seed: int, tick: Callable[[], None] = lambda: None
) -> dict[str, list[float]]:
    """Test AUCs of all models on one split, `{model: [income, never
    married]}`; `tick` is called after each.
    """
    found = {}
    for name in (*NETWORKS, BOOSTING):
        found[name] = (
            boosted(people, seed)
            if name == BOOSTING
            else trained(name, people, seed)
        )
        tick()
    return found


def grid(progress: Progress | None = None) -> dict[str, Any]:
    """All models on five random splits of one file: minutes."""
    people = prepare(load())
    total, done = SPLITS * (len(NETWORKS) + 1), iter(range(1, 1000))

    def tick() -> None:
        if progress:
            progress(next(done), total)

    return summary(
        people, [on_split(people, seed, tick) for seed in range(SPLITS)]
    )


def summary(
    people: People, runs: list[dict[str, list[float]]]
) -> dict[str, Any]:
    """What is stored: the models' AUCs by split, and the best single columns."""
    alone = columns_alone(people)
    return {
        "source": "UCI Machine Learning Repository (2000), Census-Income "
        "(KDD), https://doi.org/10.24432/C5N30T, CC BY 4.0",
        "command": f"{PATH}=census-income.test.gz python -m mtl_lessons grid "
        "evaluation_census",
        "rows": len(people.y),
        "inputs": people.wide.shape[1],
        "rates": rounded(people.y.mean(0), 4),
        "splits": len(runs),
        "columns": {
            task: dict(list(rounded(scores, 4).items())[:5])
            for task, scores in alone.items()
        },
        "cells": [
            {"model": name}
            | {
                task: rounded([run[name][t] for run in runs], 5)
                for t, task in enumerate(TASKS)
            }
            for name in runs[0]
        ],
    }
