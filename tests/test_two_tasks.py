"""Chapter 5's model answers, its data and its experiment.

By values worked out by hand and by properties.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_lessons import stored, two_tasks
from mtl_lessons.backend import keras, tf
from mtl_lessons.datasets import MovieLens
from mtl_lessons.two_tasks import HISTORY, ITEMS, PADDING, TAGS, Data
from mtl_lessons.world import World


@pytest.fixture(scope="module")
def world():
    return World(seed=1, **two_tasks.WORLD)


@pytest.fixture(scope="module")
def data(world):
    return Data.of_world(world, rows=4_000)


@pytest.fixture(scope="module")
def users():
    return two_tasks.user_vector()


histories = st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=HISTORY)


def padded(ids, length=HISTORY):
    return np.array([[PADDING] * (length - len(ids)) + list(ids)], "int32")


@settings(max_examples=25, deadline=None)
@given(histories, st.integers(0, 5))
def test_a_user_is_the_mean_of_the_items_that_are_there(ids, more):
    users = two_tasks.user_vector()
    table = users.get_layer("items").get_weights()[0]
    expected = np.mean([table[i + 1] for i in ids], axis=0)
    assert np.allclose(users(padded(ids, len(ids) + more)), expected, atol=1e-6)


def test_of_an_empty_history_the_mean_is_zero(users):
    assert not np.any(users(padded([])))


def test_padding_has_no_gradient(users):
    with tf.GradientTape() as tape:
        aim = tf.reduce_sum(users(padded([3, 8])))
    (gradient,) = tape.gradient(
        aim, [users.get_layer("items").trainable_weights[0].value]
    )
    moved = np.abs(np.asarray(tf.convert_to_tensor(gradient))).sum(1)
    assert set(np.flatnonzero(moved)) == {3 + 1, 8 + 1}


def test_the_heads_are_parallel_and_share_all_below(data):
    model = two_tasks.build()
    with tf.GradientTape(persistent=True) as tape:
        outputs = model(data.train.x[:16])
        aims = {name: tf.reduce_sum(out**2) for name, out in outputs.items()}
    assert tape.gradient(aims["item"], outputs["interest"]) is None
    reached = {
        name: {
            w.path
            for w in model.trainable_weights
            if tape.gradient(aim, w.value) is not None
        }
        for name, aim in aims.items()
    }
    assert reached["item"] & reached["interest"] == {
        "items/embeddings",
        "shared/kernel",
        "shared/bias",
    }
    assert {name: out.shape for name, out in outputs.items()} == {
        "item": (16, ITEMS),
        "interest": (16, TAGS),
    }


def test_the_size_is_what_one_counts_by_hand():
    # table 501 x 16, trunk 16 x 64 + 64, item head 64 x 500 + 500, interest head 64 x 12 + 12
    assert (
        two_tasks.build().count_params()
        == 501 * 16 + (16 * 64 + 64) + (64 * 500 + 500) + (64 * 12 + 12)
        == 42_384
    )


def test_the_interest_loss_leaves_out_what_is_unknown_and_its_gradient():
    label = np.array([[1.0, 0.0], [np.nan, np.nan]], "float32")
    logit = tf.constant([[0.0, np.log(3.0)], [5.0, -5.0]], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logit)
        loss = two_tasks.interest_loss(label, logit)
        total = tf.reduce_mean(loss)
    # -log σ(0) = log 2, and -log(1 - σ(log 3)) = log 4
    assert np.allclose(loss, [(np.log(2) + np.log(4)) / 2, 0], atol=1e-6)
    assert np.allclose(
        tape.gradient(total, logit), [[-0.5 / 4, 0.75 / 4], [0, 0]], atol=1e-6
    )


def test_the_compiled_loss_is_the_weighted_sum(data):
    model = two_tasks.compiled((2.0, 3.0))
    x, labels = (
        data.train.x[:64],
        {name: label[:64] for name, label in data.train.labels.items()},
    )
    logits = model(x)
    item = tf.reduce_mean(
        keras.losses.sparse_categorical_crossentropy(
            labels["item"], logits["item"], from_logits=True
        )
    )
    interest = tf.reduce_mean(
        two_tasks.interest_loss(labels["interest"], logits["interest"])
    )
    total = model.compute_loss(
        x=x,
        y={name: tf.constant(label) for name, label in labels.items()},
        y_pred=logits,
    )
    assert np.isclose(
        total, 2 * item + 3 * interest, rtol=1e-5
    ) and np.isfinite(total)


def test_report_by_hand():
    scores = {
        "item": np.tile(-np.arange(ITEMS, dtype=float), (4, 1)),
        "interest": np.array([[0.1], [0.9], [0.5], [0.3]]),
    }
    item = np.array([0, 9, 10, 499])  # two of four among the first ten
    # two pairs of a yes and a no, both in order
    interest = np.array([[0.0], [1.0], [np.nan], [1.0]])
    assert two_tasks.report(item, interest, scores) == pytest.approx(
        {"item": 0.5, "interest": 1.0}
    )


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_report_asks_for_an_order_only(seed):
    rng = np.random.default_rng(seed)
    item, interest = (
        rng.integers(30, size=50),
        rng.integers(2, size=(50, 3)).astype(float),
    )
    interest[0], interest[1] = 0, 1
    scores = {
        "item": rng.normal(size=(50, 30)),
        "interest": rng.normal(size=(50, 3)),
    }
    squeezed = {
        name: 1 / (1 + np.exp(-score)) for name, score in scores.items()
    }
    assert two_tasks.report(item, interest, scores) == pytest.approx(
        two_tasks.report(item, interest, squeezed)
    )


def test_histories_come_before_what_is_predicted_and_are_the_users_own(world):
    log = two_tasks.data.by_user(world)
    user = np.array([5, 5, 7])
    first = log.first[user]
    history = log.history(user, first + [0, 3, 12])
    assert np.all(history[0] == PADDING)
    assert list(history[1]) == [PADDING] * 7 + list(
        log.item[first[1] : first[1] + 3]
    )
    assert list(history[2]) == list(log.item[first[2] + 2 : first[2] + 12])


def test_events_of_a_user_are_in_order_of_time(world):
    events, log = (
        world.item_events(two_tasks.EVENTS),
        two_tasks.data.by_user(world),
    )
    mine = events["item"][events["user"] == 42]
    assert np.array_equal(log.item[log.first[42] : log.end[42]], mine)


def test_users_to_learn_from_to_choose_by_and_to_be_judged_by_differ(
    world, data
):
    assert (len(data.test.x), len(data.check.x)) == (600, 300)
    unknown = np.isnan(data.train.labels["interest"])
    assert np.array_equal(unknown.any(1), unknown.all(1))
    assert 0.9 < unknown.all(1).mean() < 0.94  # 8 % of the users have told
    told = np.unique(data.train.labels["interest"][~unknown.any(1)], axis=0)
    assert len(told) <= 0.08 * 2_100
    assert np.allclose(
        data.test.p_item.sum(1), 1
    ) and data.test.p_interest.shape == (600, TAGS)
    assert np.all(data.train.labels["item"] < ITEMS)


def test_the_truth_beats_popularity_and_that_chance(data):
    found = two_tasks.baselines(data)
    recall = {name: scores["item"] for name, scores in found.items()}
    assert recall["Bayes"] > 3 * recall["popularity"] > 9 * recall["random"]
    assert np.isclose(recall["random"], 10 / ITEMS, atol=0.01)
    assert (
        found["popularity"]["interest"] == pytest.approx(0.5)
        and found["Bayes"]["interest"] > 0.8
    )


def test_the_best_possible_recall_is_the_mass_of_the_ten_likeliest(data):
    best = np.sort(data.test.p_item, axis=1)[:, -10:].sum(1).mean()
    assert np.isclose(two_tasks.baselines(data)["Bayes"]["item"], best)


def test_a_seed_gives_the_start_of_a_model_of_these_sizes():
    model = two_tasks.compiled(items=30, tags=3)
    two_tasks.restarting(model)(seed=3)
    keras.utils.set_random_seed(3)
    for weight, fresh in zip(
        model.get_weights(), two_tasks.build(30, 3).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weight, fresh)


def looks(*check):
    """Looks of which the check users give these scores, the test users 1 more."""
    return [
        two_tasks.experiments.Look(
            (number + 1) / 3,
            scores,
            {task: 1 + s for task, s in scores.items()},
        )
        for number, scores in enumerate(check)
    ]


def test_each_task_has_its_own_best_pass(monkeypatch):
    found = looks(
        {"item": 0.1, "interest": 0.7},
        {"item": 0.3, "interest": 0.6},
        {"item": 0.2, "interest": 0.5},
    )
    monkeypatch.setattr(two_tasks.experiments, "_looks", lambda *_: found)
    assert two_tasks.trained(None, None, 0) == pytest.approx(
        {
            "item": 1.3,
            "pass_item": 2 / 3,
            "interest": 1.7,
            "pass_interest": 1 / 3,
            "item_then": 1.1,
            "interest_then": 1.6,
        }
    )
    assert two_tasks.trained(None, None, 0, ["item"]) == pytest.approx(
        {"item": 1.3, "pass_item": 2 / 3}
    )


@pytest.mark.parametrize(
    ("judged", "ends"), [(["item"], 4), (["item", "interest"], 6), ([], 8)]
)
def test_a_training_ends_a_pass_after_its_last_best_score(
    judged, ends, monkeypatch
):
    scores = [
        {"item": 1 - 0.1 * n, "interest": 1 - abs(n - 2)} for n in range(8)
    ]
    given = iter(score for score in scores for _ in ("check", "test"))
    monkeypatch.setattr(
        two_tasks.experiments, "evaluate", lambda *_: next(given)
    )
    data = two_tasks.Data.of_world(World(**two_tasks.WORLD), rows=3 * 512)
    watch = two_tasks.experiments.Watch(data, judged)
    model = two_tasks.compiled()
    model.optimizer.build(model.trainable_variables)
    watch.set_model(model)
    model.stop_training = False
    for step in range(8):
        model.optimizer.iterations.assign(step + 1)
        watch.on_train_batch_end(step)
        if model.stop_training:
            break
    assert len(watch.looks) == ends


def test_a_setting_for_both_is_chosen_by_the_interests_under_a_guard():
    trials = [
        {"side": "both", "item": 0.500, "interest": 0.70},
        {"side": "both", "item": 0.496, "interest": 0.80},
        {"side": "both", "item": 0.494, "interest": 0.90},
        {"side": "interest alone", "interest": 0.5},
        {"side": "interest alone", "interest": 0.6},
    ]
    assert two_tasks.choose(trials, "both")["interest"] == 0.80
    assert two_tasks.choose(trials, "interest alone")["interest"] == 0.6


def test_a_head_that_reads_only_trains_nothing_below():
    model = two_tasks.reading()
    with tf.GradientTape(persistent=True) as tape:
        outputs = model(np.array([[3, 8]]))
        aims = {name: tf.reduce_sum(out**2) for name, out in outputs.items()}
    reached = {
        name: {
            w.path.split("/")[0]
            for w in model.trainable_weights
            if tape.gradient(aim, w.value) is not None
        }
        for name, aim in aims.items()
    }
    assert reached == {
        "item": {"items", "shared", "item"},
        "interest": {"interest"},
    }


def test_the_experiment_keeps_its_promises():
    told = []
    sides = {"interest alone": (0.0, 1.0), "both": (1.0, 1.0)}
    found = two_tasks.experiment(
        seeds=[0],
        sides=sides,
        passes=1,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 2), (2, 2)]
    assert found.keys() == sides.keys()
    assert found["interest alone"].keys() == {"interest", "pass_interest"}
    assert found["both"]["pass_item"] == [1.0]
    popular = two_tasks.baselines(two_tasks.experiments.world_of(0))
    assert found["both"]["item"][0] > 2 * popular["popularity"]["item"]


def test_what_is_stored_is_what_a_training_gives():
    bench = two_tasks.experiments.TwoTaskBench(two_tasks.build)
    stored_run = stored.at(
        stored.read("two_tasks")["optimizers"], optimizer="Adam", weight=0.1
    )
    again = bench.curve(0, (1.0, 0.1), passes=1)
    assert again == pytest.approx(stored_run["interest"][0][:3], abs=0.01)


def test_the_control_has_as_many_trials_and_more():
    tuned = stored.read("two_tasks")["tuned"]
    for side, setting in tuned["settings"].items():
        own = [trial for trial in tuned["trials"] if trial["side"] == side]
        assert len(own) == {"interest alone": 20, "both": 16}[side]
        chosen = two_tasks.choose(tuned["trials"], side)
        assert setting == {name: chosen[name] for name in setting}


def small_movielens(users=40, films=30, favourites=8):
    """Every user likes films of one genre only, and rates as many others badly."""
    rng = np.random.default_rng(0)
    genre = np.eye(3, dtype="int8")[np.arange(films) % 3]
    user = np.repeat(np.arange(users), 2 * favourites)
    good = np.tile([True, False], users * favourites)
    kind = np.where(good, user % 3, (user + 1) % 3)
    item = kind + 3 * rng.integers(films // 3, size=len(user))
    rating = np.where(good, 5.0, 2.0)
    ratings = {
        "user": user,
        "item": item.astype("int32"),
        "rating": rating,
        "time": np.arange(len(user)),
    }
    return MovieLens(ratings, {"genre": genre})


def test_movielens_as_two_tasks():
    data = Data.of_movielens(small_movielens())
    assert (
        len(data.test.x) == 8
        and len(data.check.x) == 4
        and len(data.train.x) == 28 * 7
    )
    known = ~np.isnan(data.train.labels["interest"]).any(axis=1)
    assert known.sum() == 2 * 7  # 8 % of 28 users
    # a user's later favourites, like the earlier ones, are all of one genre
    of_item = data.train.labels["item"][known] % 3
    assert np.array_equal(
        data.train.labels["interest"][known], np.eye(3)[of_item]
    )
    seen = data.test.x[:, -1] % 3
    assert np.array_equal(
        data.test.interest, np.eye(3)[seen]
    ) and np.array_equal(data.test.p_item.argmax(1) % 3, seen)
    assert set(two_tasks.baselines(data)) == {"random", "popularity"}
    model = two_tasks.compiled(items=30, tags=3)
    restart = two_tasks.restarting(model)
    found = two_tasks.trained(restart, data, seed=0, passes=2)
    assert 0 <= found["item"] <= 1 and 0 <= found["interest"] <= 1
