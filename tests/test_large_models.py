"""Chapter 10: codes, mixtures, adapters, judges, laws and costs, by hand and by property."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_lessons import large_models as lm
from mtl_lessons import metrics, stored
from mtl_lessons.backend import keras, tf
from mtl_lessons.large_models import (
    adapters,
    batched,
    catalogue,
    items,
    judges,
    mixtures,
    scaling,
    sequence,
    text,
)
from mtl_lessons.world import World, split_by_time

# ---- semantic ids ----


def test_codes_of_a_line_by_hand():
    """Two levels of two words: first the half, then the place within it."""
    x = np.array([[0.0], [1.0], [10.0], [11.0]])
    quantiser = lm.Quantiser.fit(x, levels=2, codes=2)
    codes = quantiser.encode(x)
    assert codes[0, 0] == codes[1, 0] != codes[2, 0] == codes[3, 0]
    assert sorted(quantiser.centres[0].ravel()) == [0.5, 10.5]
    assert sorted(quantiser.centres[1].ravel()) == [-0.5, 0.5]
    np.testing.assert_allclose(quantiser.decode(codes), x)
    assert lm.variance_left(x, quantiser) == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4), st.integers(2, 6))
def test_more_levels_never_leave_more(seed, levels, codes):
    x = np.random.default_rng(seed).normal(size=(60, 3))
    left = [
        lm.variance_left(x, lm.Quantiser.fit(x, k, codes, seed))
        for k in range(1, levels + 1)
    ]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(left))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_nearest_centre_is_nearest(seed):
    rng = np.random.default_rng(seed)
    x, centres = rng.normal(size=(30, 4)), rng.normal(size=(5, 4))
    apart = ((x[:, None] - centres) ** 2).sum(-1)
    np.testing.assert_array_equal(lm.nearest(x, centres), apart.argmin(1))


def test_a_centre_without_rows_moves():
    """One row far away is found, whatever the start."""
    x = np.r_[np.zeros((50, 1)), [[100.0]]]
    assert lm.kmeans(x, codes=2).max() == 100


def test_rows_and_prefixes_of_codes():
    codes = np.array([[1, 0], [1, 2], [0, 2]])
    assert lm.rows(codes, of=3).tolist() == [[1, 3], [1, 5], [0, 5]]
    grams = lm.prefixes(codes)
    assert grams[0, 0] == grams[1, 0] != grams[2, 0]
    assert len(np.unique(grams)) == 2 + 3
    assert lm.colliding(codes) == 0


# ---- items made of parts ----


def small_log(n=3000, seed=0):
    return World(seed=seed, users=60, items=40).impressions(n)


def test_one_hot_content_is_an_own_id():
    """A projection of one-hot contents learns what a table learns."""
    logs = [small_log()]
    ids = items.Parts([np.arange(40)[:, None]])
    content = items.Parts(None, [np.eye(40)])
    by_id, by_content = (
        items.train(logs, 60, parts, epochs=3)[0] for parts in (ids, content)
    )
    scores = [model.score(logs[0]) for model in (by_id, by_content)]
    assert np.corrcoef(scores)[0, 1] > 0.9


def test_seeds_do_not_meet():
    """The first of two seeds is trained as if the second had other labels."""
    one, other = small_log(), small_log(seed=1)
    changed = other | {"click": 1 - other["click"]}
    parts = items.Parts([np.arange(40)[:, None]] * 2)
    found = [
        items.train([one, second], 60, parts, epochs=1)[0].score(one)
        for second in (other, changed)
    ]
    np.testing.assert_allclose(*found, atol=1e-5)


def test_items_are_made_of_something():
    with pytest.raises(ValueError, match="parts: expected a table or content"):
        items.train([small_log()], 60, items.Parts())


def test_what_is_stored_of_cold_items():
    found = stored.read("large_models_items")
    arm = {c["arm"]: c for c in found["cells"] if c["noise"] == 0.5}
    codes, content = arm["semantic codes"], arm["content, projected"]
    for weaker in ("random codes", "one hash", "own id"):
        assert np.mean(arm[weaker]["cold"]) < np.mean(codes["cold"]) - 0.1
    assert np.mean(content["cold"]) > np.mean(codes["cold"])


# ---- mixtures ----


def test_shares_by_hand():
    assert lm.expected_share(0.5) == 0.5
    assert lm.expected_share(0.1, scale=9) == pytest.approx(0.5)
    assert lm.token_share(0.5, tokens=(2, 48)) == pytest.approx(0.96)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 10))
def test_a_clipped_gradient_keeps_its_direction(seed, norm):
    gradient = np.random.default_rng(seed).normal(size=(4, 5))
    short = lm.clip(gradient, norm)
    lengths = np.linalg.norm(short, axis=1)
    assert (lengths <= norm + 1e-9).all()
    cosines = (short * gradient).sum(1)
    whole = lengths * np.linalg.norm(gradient, axis=1)
    np.testing.assert_allclose(cosines, whole, rtol=1e-6)


@pytest.mark.parametrize("scheme", mixtures.SCHEMES[:3])
def test_without_clipping_a_mixture_is_a_weight(scheme):
    found = lm.share_found(scheme, "SGD", share=0.3, steps=1500)
    assert np.mean(found) == pytest.approx(0.3, abs=0.02)


def test_a_clipped_mixture_as_stored():
    cells = stored.read("large_models_mixtures")["cells"]
    point = {"optimiser": "SGD, clipped", "scheme": "rows mixed", "scale": 1.0}
    found = lm.share_found("rows mixed", "SGD, clipped")
    expected = stored.at(cells, **point)["found"]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_adam_divides_a_private_weight_out():
    full, tenth = (
        np.mean(mixtures.private_error("loss weight", "Adam", share))
        for share in (1.0, 0.1)
    )
    assert full == pytest.approx(tenth, rel=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lm.expected_share(1.5), "share: expected 0 to 1"),
        (lambda: lm.share_found("rows mixed", "Lion"), "optimiser: expected"),
        (lambda: lm.share_found("none", "SGD", steps=2), "scheme: expected"),
        (lambda: lm.private_error("none", "SGD"), "scheme: expected"),
        (lambda: lm.kmeans(np.ones((2, 1)), 3), "codes: expected a number"),
        (lambda: lm.Quantiser.fit(np.ones((9, 1)), 0), "levels: expected 1"),
        (lambda: lm.scaled(np.ones((1, 2)), 0), "norm: expected a number"),
        (lambda: lm.adapter_weights(3, 3, -1), "rank: expected 0 or more"),
        (lambda: lm.fit_law([1, 2], [1, 2]), "size: expected 3 points"),
        (lambda: lm.ranker_operations(0, 5), "weights: expected a number"),
        (lambda: lm.price_per_thousand(1, 1, 2, 1), "used: expected a share"),
        (
            lambda: lm.prediction_powered(*map(np.ones, (4, 3, 2))),
            "truth: expected 3 labels, found 2",
        ),
        (
            lambda: lm.learn("guess", judges.draw(9), judges.draw(9)),
            "way: expected one of",
        ),
        (lambda: lm.sharing(np.ones((2, 2)), [1, 1], -1), "depth: expected"),
    ],
)
def test_bad_input_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- batched training ----


def test_adagrad_and_adam_as_keras_has_them():
    start, gradient = [1.0, -2.0], [0.3, -0.7]
    for ours, theirs in (
        (
            batched.adagrad(0.1, start=0.5),
            keras.optimizers.Adagrad(0.1, initial_accumulator_value=0.5),
        ),
        (batched.adam(0.1), keras.optimizers.Adam(0.1)),
    ):
        weight, other = batched.variable(start), keras.Variable(start)
        move = ours(weight)
        for k in (1.0, 2.0, -1.0):
            move(k * tf.constant(gradient))
            theirs.apply([k * tf.constant(gradient)], [other])
        np.testing.assert_allclose(weight, np.asarray(other), atol=1e-5)


def test_a_batch_larger_than_the_log_is_told():
    weight = batched.variable(np.zeros((1, 1)))
    rows = {"y": np.zeros((1, 3))}
    with pytest.raises(ValueError, match="batch: expected at most 3 rows"):
        lm.fit(
            [weight], lambda _: tf.reduce_sum(weight), rows, lm.adam(0.1), 1, 4
        )


# ---- text, adapters ----


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_standardised_text_is_even_and_of_length_one(seed):
    x = np.random.default_rng(seed).normal(3, 2, size=(40, 6))
    known = np.arange(40) < 30
    found = lm.standardised(x, known)
    np.testing.assert_allclose(found[known].mean(0), 0, atol=1e-9)
    assert (found[known] ** 2).sum(1).mean() == pytest.approx(1)


def test_an_adapter_is_a_change_of_the_matrix():
    rng = np.random.default_rng(0)
    x, w, a, b = (
        rng.normal(size=shape).astype("float32")
        for shape in ((5, 4), (4, 3), (4, 2), (2, 3))
    )
    np.testing.assert_allclose(
        adapters.adapted(*map(tf.constant, (x, w, a, b))),
        x @ (w + a @ b),
        rtol=1e-4,
        atol=1e-5,
    )


def test_weights_of_adapters_by_hand():
    assert lm.adapter_weights(d=16, units=32, rank=2) == 2 * (16 + 32)
    wide, narrow = adapters.ARMS["one trunk, wider"], lm.Sharing(rank=2)
    assert lm.trunk_weights(wide) == lm.trunk_weights(narrow)


def test_at_distance_zero_tasks_differ_in_their_heads_alone():
    tasks = adapters.draw(0.0)
    assert tasks.x["train"].shape == (
        adapters.SEEDS,
        adapters.TASKS,
        adapters.ROWS,
        adapters.D,
    )
    assert tasks.y["test"].std() == pytest.approx(1, abs=0.05)


def test_every_arm_of_the_text_is_stored():
    cells = stored.read("large_models_text")["cells"]
    assert [cell["arm"] for cell in cells] == list(text.ARMS)


# ---- sequences ----


def test_a_transformer_does_not_see_the_future():
    keras.utils.set_random_seed(0)
    model = lm.transformer(heads=True)
    log = sequence.draw(20)
    seen = lm.tokens(log)[:2]
    changed = seen.copy()
    changed[:, 11] = 2 - changed[:, 11] // 2  # the action after the sixth item
    outputs = [model(tokens).numpy() for tokens in (seen, changed)]
    np.testing.assert_allclose(outputs[0][:, :6], outputs[1][:, :6], atol=1e-5)
    if (seen != changed).any():
        assert np.abs(outputs[0][:, 6:] - outputs[1][:, 6:]).max() > 1e-6


def test_tokens_and_labels_by_hand():
    log = sequence.ActionLog(*(np.array([[k, k]]) for k in (7, 2, 0, 0)))
    assert lm.tokens(log).tolist() == [[10, 2, 10, 2]]
    assert lm.labels(np.array([[0, 2]])).tolist() == [[[0, 0], [1, 1]]]


def test_both_kinds_of_output_give_chances():
    even = lm.chances(np.zeros((1, 3)))
    np.testing.assert_allclose(even, [[2 / 3, 1 / 3]])
    np.testing.assert_allclose(lm.chances(np.zeros((1, 2))), [[0.5, 0.5]])


def test_the_past_of_a_row_ends_before_it():
    log = sequence.draw(20)
    data = sequence.as_rows(log, old=15, ids=False)
    past = data.x[0].reshape(20, sequence.LENGTH, sequence.LENGTH)
    assert (past[:, 0] == 0).all()
    assert ((past > 0).sum(-1) == np.arange(sequence.LENGTH)).all()
    assert not data.train.reshape(20, -1)[15:].any()


# ---- judges ----


def test_a_regression_by_newton_has_no_slope_left():
    labels = judges.draw(300)
    w = lm.logistic(labels.x, labels.truth, strength=2.0)
    p = judges.sigmoid(labels.x @ w)
    slope = labels.x.T @ (p - labels.truth) + 2.0 * w
    np.testing.assert_allclose(slope, 0, atol=1e-8)


def test_a_strong_prior_is_kept():
    labels, prior = judges.draw(50), np.arange(10.0) / 10
    found = lm.logistic(labels.x, labels.truth, prior, strength=1e6)
    np.testing.assert_allclose(found, prior, atol=1e-3)


def test_the_judges_habit_is_in_its_weights():
    many = judges.draw(50_000, habit=1.0)
    length = judges.LENGTH
    assert lm.logistic(many.x, many.truth)[length] == pytest.approx(0, abs=0.05)
    assert lm.logistic(many.x, many.judged)[length] > 0.8


def test_a_rectified_mean_by_hand():
    many = np.repeat([1.0, 0.0], [62, 38])
    said, truth = np.repeat([1.0, 0.0], [6, 4]), np.repeat([1.0, 0.0], [5, 5])
    found = lm.prediction_powered(many, said, truth)
    assert found.mean == pytest.approx(0.62 - 0.1)
    half = 1.96 * np.sqrt(many.var(ddof=1) / 100 + 0.1 / 10)
    assert found.high - found.mean == pytest.approx(half, rel=1e-3)


# ---- laws and costs ----


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 0.5), st.floats(0.05, 0.5), st.floats(0.3, 1.5))
def test_a_law_is_found_again(floor, a, b):
    size = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    found = lm.fit_law(size, lm.Law(floor, a, b)(size))
    np.testing.assert_allclose(
        found(np.array([32.0])), lm.Law(floor, a, b)(32.0), rtol=1e-2
    )


def test_costs_by_hand():
    assert lm.ranker_operations(2e6, 100) == 4e8
    assert lm.generated_operations(1e9, 90, 10) == 2e11
    plain = lm.sequence_operations(1e6, 100)
    assert (
        lm.sequence_operations(1e6, 100, width=8, layers=1) == plain + 4 * 8e4
    )
    # 3600 s of work for a thousand requests: the price of an hour
    assert (
        lm.price_per_thousand(3.6, device=1.0, used=1.0, price_per_hour=7) == 7
    )
    assert lm.tokens_per_thousand(2, 1000, 0, 3, 9) == pytest.approx(1.5)


def test_the_width_of_tables_is_stored():
    cells = stored.read("large_models_scaling")["cells"]
    assert [cell["width"] for cell in cells] == list(scaling.WIDTHS)


# ---- the catalogue ----


def test_the_catalogue_as_stored():
    assert catalogue.grid() == stored.read("large_models_catalogue")


def test_items_share_the_first_places():
    codes = np.array([[0, 1], [0, 2], [1, 1]])
    assert lm.sharing(codes, [0, 1], 0).all()
    assert lm.sharing(codes, [0, 1], 1).tolist() == [True, True, False]
    assert lm.sharing(codes, [0, 1], 9).tolist() == [True, False, False]


# ---- one point of each stored grid again ----


def test_adapters_as_stored():
    cells = stored.read("large_models_adapters")["cells"]
    cell = stored.at(cells, distance=0.0, arm="one trunk")
    tasks = adapters.draw(0.0)
    _, found = lm.fit_adapters(tasks, adapters.ARMS["one trunk"], cell["rate"])
    np.testing.assert_allclose(found, cell["error"], atol=0.01)


def test_text_as_stored():
    cells = stored.read("large_models_text")["cells"]
    cell = stored.at(cells, arm="id + text of norm 1")
    shelf = text.Shelf()
    scores = text.train(shelf, cell["arm"], cell["rate"])[text.SEEDS :]
    for log, cold, z, expected in zip(
        shelf.tests, shelf.cold, scores, cell["cold"], strict=True
    ):
        on = cold[log["item"]][: len(z)]
        p = log["p_click"][: len(z)][on]
        assert metrics.expected_auc(p, z[on]) == pytest.approx(
            expected, abs=0.01
        )


def test_a_sequence_as_stored():
    cells = stored.read("large_models_sequence")["cells"]
    arm = "ranker, pooled past"
    cell = stored.at(cells, users=500, seed=0, arm=arm)
    log = sequence.draw(500 + sequence.NEW, seed=0)
    _, p = sequence.run(arm, log, 500, cell["rate"])
    found = sequence.judged(p, log, 500)
    np.testing.assert_allclose(found, cell["auc"], atol=0.02)


def test_a_width_as_stored():
    """The narrowest, on one seed's log: its weights start elsewhere than among five."""
    cell = stored.read("large_models_scaling")["cells"][0]
    world = World(
        seed=0, users=scaling.USERS, items=scaling.ITEMS, dim=scaling.DIM
    )
    past, test = split_by_time(world.impressions(scaling.IMPRESSIONS), 0.2)
    log, _ = split_by_time(past, 0.1)
    ids = items.Parts([np.arange(scaling.ITEMS)[:, None]])
    (model,) = items.train(
        [log], scaling.USERS, ids, width=cell["width"], pull=cell["pull"]
    )
    z = model.score(test)
    found = np.mean(np.logaddexp(0, z) - test["p_click"] * z)
    assert found == pytest.approx(cell["loss"][0], abs=0.01)
