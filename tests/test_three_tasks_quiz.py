"""The buggy code of chapter 6's questions is really run: each shows what its question says it shows."""

from functools import partial

import numpy as np
import pytest

from mtl_lessons import metrics, quiz
from mtl_lessons.backend import keras, tf
from mtl_lessons.inputs_outputs import Binary, Categorical, OneOfK
from mtl_lessons.shared_networks import SharedBottom
from mtl_lessons.three_tasks import Framework, Head

CODE = {question["id"].removeprefix("three-tasks-"): question for question in quiz.load("three_tasks").questions}
RNG = np.random.default_rng(0)


def run(name, **names):
    exec(CODE[name]["code"], names)
    return names


def test_every_bug_is_run_here():
    bugs = {name for name, question in CODE.items() if question["type"] == "bug"}
    assert bugs == {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")} - {
        "every-bug-is-run-here"
    }


def test_one_number_for_all():
    model = run("one-number-for-all", keras=keras, Dense=keras.layers.Dense)["model"]
    x = RNG.normal(size=(2000, 20)).astype("float32")
    rating = keras.Model(model.inputs[0], model.layers[2].output)(x).numpy()[:, 0]
    ads = model(x).numpy()[np.argsort(rating)]
    beside, anyhow = np.abs(np.diff(ads, axis=0)).max(1), np.abs(ads - ads[::-1]).max(1)
    assert np.median(beside) < np.median(anyhow) / 50


def logs():
    user, ad = RNG.integers(5, size=900), RNG.integers(4, size=900)
    click = (RNG.random(900) < 0.3).astype(float)
    return [
        {"user": user, "chosen": ad},
        {"user": user, "ad": ad, "ad_click": click},
        {"user": user, "item": ad, "rating": click},
    ]


def test_zeros_for_missing():
    given = logs()
    y = run("zeros-for-missing", np=np, logs=given, prediction=0.0)["y"]["ad_click"]
    assert y.mean() == pytest.approx(given[1]["ad_click"].mean() / 3)


def test_label_among_features():
    given = {
        "choices": {"user": np.arange(3), "item": np.array([7, 8, 9])},
        "ratings": {"user": np.arange(2), "item": np.array([1, 2])},
    }
    found = run("label-among-features", np=np, logs=given)
    np.testing.assert_array_equal(found["x"]["item"][:3], found["chosen"][:3])


def test_mask_too_late():
    prediction = tf.Variable([0.5, 0.5])
    with tf.GradientTape() as tape:
        loss = run("mask-too-late", tf=tf, label=tf.constant([1.0, np.nan]), prediction=prediction)["loss"]
    assert loss == 0.25 and np.isnan(tape.gradient(loss, prediction)[1])


def test_no_interaction():
    layers = keras.layers
    x = {"user": np.repeat(np.arange(6), 8), "ad": np.tile(np.arange(8), 6)}
    tables = {"user_table": layers.Embedding(6, 5), "ad_table": layers.Embedding(8, 5)}
    click = run("no-interaction", Dense=layers.Dense, Concatenate=layers.Concatenate, x=x, **tables)["click"]
    orders = np.argsort(np.reshape(click, (6, 8)), axis=1)
    assert (orders == orders[0]).all()


def test_error_as_a_gain():
    single = [{"chosen": 0.6, "ad_click": 0.7, "rating": 0.8 + seed / 100} for seed in range(3)]
    multi = [{**run_, "rating": run_["rating"] - 0.13 + seed / 1000} for seed, run_ in enumerate(single)]
    assert run("error-as-a-gain", np=np, metrics=metrics, multi=multi, single=single)["report"]["rating"].high < -0.1


def test_sum_of_replicas():
    step = run("sum-of-replicas", tf=tf)["train_step"]
    x, y = RNG.normal(size=(8, 1)).astype("float32"), RNG.normal(size=(8, 1)).astype("float32")
    moved = []
    for rows in (slice(0, 8), slice(0, 4), slice(4, 8)):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        step(model, (x[rows], y[rows]))
        moved.append(1 - model.get_weights()[0].item())
    assert moved[1] + moved[2] == pytest.approx(2 * moved[0], rel=1e-4)  # what two replicas' summed gradients do


def test_load_then_build(tmp_path):
    user = Categorical("user", ids=5)
    heads = [Head(Binary("click"), [Categorical("ad", ids=4)]), Head(OneOfK("chosen", classes=4))]
    made = Framework([user], heads, partial(SharedBottom, units=(4,))).build("adam")
    (tmp_path / "models").mkdir()
    made.save(tmp_path / "models" / "monday")
    code = CODE["load-then-build"]["code"].replace("models/", f"{tmp_path}/models/").replace("steps=500", "steps=10")
    first_two = {}
    exec("\n".join(code.splitlines()[:1]), {"Framework": Framework}, first_two)
    loaded = first_two["framework"].predict({"user": np.arange(5)})["chosen"]
    np.testing.assert_allclose(loaded, made.predict({"user": np.arange(5)})["chosen"], atol=1e-6)
    names = {"Framework": Framework, "keras": keras, "tuesday": [{"user": np.arange(5), "chosen": np.arange(5) % 4}]}
    exec("\n".join(code.splitlines()[:2]), names)
    assert np.abs(names["framework"].predict({"user": np.arange(5)})["chosen"] - loaded).max() > 1e-3
