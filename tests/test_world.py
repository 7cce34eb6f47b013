"""The world keeps its word.

Draws agree with the truth that comes with them, and each dial does what it says.
"""

from dataclasses import fields
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from mtl_lessons import metrics, world
from mtl_lessons.world import World, keep_labels, split_by_time

N = 200_000
patient = settings(max_examples=30, deadline=None)
DIALS = [field.name for field in fields(World)]


@cache
def log(n=N, rows_seed=0, **dials):
    return World(**dials).impressions(n, rows_seed)


def assert_rate(labels, probabilities, sigmas=4.5):
    """The number of ones lies where independent draws with these probabilities put it."""
    spread = np.sqrt((probabilities * (1 - probabilities)).sum())
    assert abs(labels.sum() - probabilities.sum()) < sigmas * spread


def assert_calibrated(labels, probabilities):
    """The rate is right in every tenth of the predicted range."""
    for part in np.array_split(np.argsort(probabilities), 10):
        assert_rate(labels[part], probabilities[part])


# ---------------------------------------------------------------------- draws against the truth


@pytest.mark.parametrize("confounding", [0.0, 1.5])
def test_yes_and_no_come_at_their_true_chances(confounding):
    rows = log(confounding=confounding)
    clicked = rows["click"] == 1
    assert_calibrated(rows["click"], rows["p_click"])
    assert_calibrated(rows["click"], rows["propensity"])
    assert_calibrated(rows["would_convert"], rows["p_conversion"])
    assert_calibrated(np.nan_to_num(rows["conversion"]), rows["p_ctcvr"])
    assert_calibrated(
        rows["conversion"][clicked], rows["p_conversion_clicked"][clicked]
    )
    assert_calibrated(
        np.isfinite(rows["rating"])[clicked], rows["p_rated"][clicked]
    )


def test_ads_and_interests_come_at_their_true_chances():
    ads = World().ad_impressions(N)
    assert_calibrated(ads["click"], ads["p_click"])
    interests = World(users=5000).interests()
    assert_calibrated(
        interests["interest"].ravel(), interests["p_interest"].ravel()
    )
    for labels, truth in zip(
        interests["interest"].T, interests["p_interest"].T, strict=True
    ):
        assert_rate(labels, truth)


def test_the_best_auc_is_reached_by_the_truth_and_by_nothing_else_in_the_rows():
    rows = log()
    for label, truth in (
        ("click", "p_click"),
        ("would_convert", "p_conversion"),
    ):
        best = metrics.expected_auc(rows[truth])
        assert metrics.auc(rows[label], rows[truth]) == pytest.approx(
            best, abs=0.005
        )
        for other in (
            "p_click",
            "p_conversion",
            "mean_watch",
            "mean_rating",
            "hidden",
            "time",
        ):
            assert (
                other == truth
                or metrics.expected_auc(rows[truth], rows[other]) < best - 0.01
            )


def test_the_floor_of_rmse_is_the_noise():
    rows = log(rating_noise=0.9)
    rated = np.isfinite(rows["rating"])
    assert metrics.rmse(
        rows["rating"][rated], rows["mean_rating"][rated]
    ) == pytest.approx(0.9, rel=0.03)
    survey = World(rating_noise=0.9).rating_survey(N)
    assert metrics.rmse(
        survey["rating"], survey["mean_rating"]
    ) == pytest.approx(0.9, rel=0.01)
    exact = World(rating_noise=0).rating_survey(100)
    np.testing.assert_allclose(exact["rating"], exact["mean_rating"], rtol=1e-6)


@pytest.mark.parametrize("noise", [0.0, 0.3, 0.5])
def test_watch_time_has_its_mean_and_its_floor(noise):
    rows = log(watch_noise=noise)
    clicked = rows["click"] == 1
    watch, mean = rows["watch"][clicked], rows["mean_watch"][clicked]
    ratio = metrics.interval(watch / mean, level=0.9999)
    assert ratio.low - 1e-6 <= 1 <= ratio.high + 1e-6
    floor = np.sqrt(np.mean(mean**2) * np.expm1(noise**2))
    assert metrics.rmse(watch, mean) == pytest.approx(floor, rel=0.05, abs=1e-4)
    assert np.std(np.log(watch / mean)) == pytest.approx(
        noise, rel=0.02, abs=1e-6
    )


def test_items_are_chosen_with_their_true_probabilities():
    place = World(users=20, items=12, categories=3)
    truth, rows = place.item_probabilities(), place.item_events(N)
    np.testing.assert_allclose(truth.sum(1), 1)
    np.testing.assert_array_equal(
        rows["p_item"], truth[rows["user"], rows["item"]]
    )
    counts = np.zeros_like(truth)
    np.add.at(counts, (rows["user"], rows["item"]), 1)
    expected = truth * counts.sum(1, keepdims=True)
    often = expected > 5
    assert (
        stats.chi2.sf(
            ((counts - expected)[often] ** 2 / expected[often]).sum(),
            often.sum(),
        )
        > 1e-4
    )
    assert counts[expected < 1e-3].sum() == 0


def test_impressions_show_items_by_popularity_and_users_evenly():
    rows, place = log(), World()
    items = np.bincount(rows["item"], minlength=place.items)
    assert stats.chisquare(items, N * place.catalogue.popularity).pvalue > 1e-4
    assert (
        stats.chisquare(np.bincount(rows["user"], minlength=place.users)).pvalue
        > 1e-4
    )
    np.testing.assert_array_equal(
        rows["category"], place.catalogue.category[rows["item"]]
    )


@pytest.mark.parametrize("confounding", [0.0, 0.5, 3.0])
def test_averaging_over_the_mood_agrees_with_a_fine_sum(confounding):
    click, conversion = (
        np.array([-8.0, -4.0, -1.0, 2.0]),
        np.array([1.0, -2.0, 0.0, -9.0]),
    )
    mood = np.linspace(-9, 9, 20_001)[:, None]
    weights = stats.norm.pdf(mood) * (mood[1] - mood[0])
    clicks, conversions = (
        expit(click + confounding * mood),
        expit(conversion + confounding * mood),
    )
    slow = [
        (weights * value).sum(0)
        for value in (clicks, conversions, clicks * conversions)
    ]
    fast = World(confounding=confounding)._average_over_mood(click, conversion)
    np.testing.assert_allclose(fast, slow, atol=5e-5)


# ---------------------------------------------------------------------- what a real log lacks


def test_labels_are_missing_where_a_real_log_has_none():
    rows = log()
    clicked, rated = rows["click"] == 1, np.isfinite(rows["rating"])
    np.testing.assert_array_equal(np.isfinite(rows["conversion"]), clicked)
    np.testing.assert_array_equal(np.isfinite(rows["watch"]), clicked)
    assert (rated <= clicked).all()
    assert 0.15 < rated[clicked].mean() < 0.3
    np.testing.assert_array_equal(
        rows["conversion"][clicked], rows["would_convert"][clicked]
    )
    complete = set(rows) - {"conversion", "watch", "rating"}
    assert all(np.isfinite(rows[name]).all() for name in complete)


def test_people_rate_what_they_like_only_with_selection_bias():
    def excess(bias):
        rows = log(selection_bias=bias)
        rated, clicked = np.isfinite(rows["rating"]), rows["click"] == 1
        return (
            rows["mean_rating"][rated].mean()
            - rows["mean_rating"][clicked].mean()
        )

    assert abs(excess(0.0)) < 0.03
    assert excess(1.0) > excess(0.5) > 0.2


# ---------------------------------------------------------------------- dials


@pytest.mark.parametrize("task", ["ad", "conversion", "rating"])
@pytest.mark.parametrize("relatedness", [-1.0, 0.0, 0.5, 0.95, 1.0])
def test_relatedness_is_the_correlation_of_tastes(task, relatedness):
    tastes = World(seed=3, **{f"{task}_relatedness": relatedness}).tastes
    own = getattr(tastes, task)
    np.testing.assert_allclose(
        (tastes.click * own).mean(0), relatedness, atol=1e-9
    )
    np.testing.assert_allclose(own.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(own.var(0), 1)


@patient
@given(st.floats(0, 1), st.integers(0, 99))
def test_selection_bias_is_the_cosine_of_what_sells_and_what_is_clicked(
    bias, seed
):
    goods = World(seed=seed, selection_bias=bias, users=40).catalogue
    np.testing.assert_allclose(
        (goods.click * goods.conversion).sum(1), bias, atol=1e-9
    )
    assert goods.click_context @ goods.conversion_context == pytest.approx(
        bias, abs=1e-9
    )
    assert (
        goods.click_quality * goods.conversion_quality
    ).mean() == pytest.approx(bias, abs=1e-9)


def test_selection_bias_rises_with_its_dial_from_none():
    """True rate of purchase among clicks over that among all rows."""

    def ratio(bias, seed):
        rows = log(n=50_000, seed=seed, selection_bias=bias)
        return (
            rows["p_ctcvr"].mean()
            / rows["p_click"].mean()
            / rows["p_conversion"].mean()
        )

    ratios = np.array(
        [
            [ratio(bias, seed) for bias in (0.0, 0.3, 0.7, 1.0)]
            for seed in range(8)
        ]
    )
    none = metrics.interval(ratios[:, 0], level=0.99)
    assert none.low < 1 < none.high
    assert np.abs(ratios[:, 0] - 1).max() < 0.06
    assert (np.diff(ratios, axis=1) > 0.1).all()


def test_selection_bias_leaves_clicks_alone():
    np.testing.assert_array_equal(
        log(selection_bias=0.0)["click"], log(selection_bias=1.0)["click"]
    )


def test_confounding_fools_even_the_best_model_of_clicked_rows():
    """With a hidden mood, even the best guess from clicked rows is too high on all rows.

    On the clicked rows it is right.
    """
    overshoot = []
    for confounding in (0.0, 0.5, 1.0, 2.0):
        rows = log(confounding=confounding)
        clicked = rows["click"] == 1
        best = rows["p_conversion_clicked"]
        assert metrics.calibration_ratio(
            rows["conversion"][clicked], best[clicked]
        ) == pytest.approx(1, abs=0.03)
        overshoot.append(metrics.calibration_ratio(rows["p_conversion"], best))
    assert overshoot[0] == pytest.approx(1, abs=1e-12)
    assert overshoot[1] > 1.1
    assert (np.diff(overshoot) > 0.1).all()
    # the true propensity, mood included, repairs what no feature can
    weights = 1 / rows["propensity"][clicked]
    repaired = np.average(rows["conversion"][clicked], weights=weights)
    assert repaired == pytest.approx(rows["p_conversion"].mean(), rel=0.1)


def test_without_confounding_nothing_is_hidden():
    rows = log()
    np.testing.assert_allclose(
        rows["p_conversion_clicked"], rows["p_conversion"]
    )
    np.testing.assert_allclose(rows["propensity"], rows["p_click"])


def test_decision_noise_lowers_every_ceiling():
    def ceilings(noise):
        place = World(decision_noise=noise)
        rows = log(n=50_000, decision_noise=noise)
        return np.array(
            [
                metrics.expected_auc(rows["p_click"]),
                metrics.expected_auc(rows["p_conversion"]),
                metrics.expected_auc(place.ad_impressions(50_000)["p_click"]),
                metrics.expected_auc(place.interests()["p_interest"].ravel()),
                np.sort(place.item_probabilities())[:, -10:].sum(1).mean(),
            ]
        )

    assert (ceilings(0.5) > ceilings(1.0) + 0.05).all()
    assert (ceilings(1.0) > ceilings(4.0) + 0.1).all()


def test_the_default_world_is_the_one_described():
    """13 to 15 % of rows are clicked; those sell 1.7 times as often as all rows would."""
    for seed in range(3):
        rows = log(seed=seed)
        assert 0.12 < rows["click"].mean() < 0.16
        assert 0.11 < rows["p_conversion"].mean() < 0.15
        assert (
            1.6
            < np.nanmean(rows["conversion"]) / rows["p_conversion"].mean()
            < 1.9
        )
        assert 0.8 < metrics.expected_auc(rows["p_click"]) < 0.87
        assert 0.8 < metrics.expected_auc(rows["p_conversion"]) < 0.86


# ---------------------------------------------------------------------- seeds, order, sizes

METHODS = ["impressions", "ad_impressions", "item_events", "rating_survey"]


def assert_same(first, second):
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_rows_other_seed_other_rows(method):
    rows = getattr(World(seed=1, confounding=1), method)(300, seed=5)
    assert_same(
        rows, getattr(World(seed=1, confounding=1), method)(300, seed=5)
    )
    for other in (
        getattr(World(seed=2, confounding=1), method)(300, seed=5),
        getattr(World(seed=1), method)(300, seed=6),
    ):
        assert (other["user"] != rows["user"]).any()
        assert (other["time"] != rows["time"]).any()


@pytest.mark.parametrize("method", METHODS)
@patient
@given(short=st.integers(1, 60), more=st.integers(0, 60))
def test_a_longer_log_begins_with_the_shorter(method, short, more):
    draw = getattr(World(users=30), method)
    longer = draw(short + more)
    assert_same(
        draw(short), {name: column[:short] for name, column in longer.items()}
    )


def test_a_dial_changes_nothing_else():
    plain, biased = log(n=1000), log(n=1000, confounding=2.0, rating_noise=0.0)
    for name in (
        "user",
        "item",
        "category",
        "time",
        "context",
        "mean_watch",
        "mean_rating",
        "hidden",
    ):
        np.testing.assert_array_equal(plain[name], biased[name])


@pytest.mark.parametrize("method", METHODS)
def test_time_rises_about_a_second_a_row(method):
    time = getattr(World(), method)(20_000)["time"]
    assert time[0] > 0
    assert (np.diff(time) > 0).all()
    assert time[-1] / len(time) == pytest.approx(
        world.SECONDS_BETWEEN_ROWS, rel=0.05
    )


@patient
@given(
    users=st.integers(9, 60),
    items=st.integers(3, 20),
    ads=st.integers(1, 5),
    categories=st.integers(1, 30),
    dim=st.integers(2, 4),
    n=st.integers(1, 50),
    confounding=st.floats(0, 3),
    noise=st.floats(0.1, 10),
)
def test_worlds_of_any_size_are_sound(
    users, items, ads, categories, dim, n, confounding, noise
):
    sizes = {
        "user": max(users, 4 * dim + 1),
        "item": items,
        "ad": ads,
        "category": categories,
    }
    place = World(
        users=max(users, 4 * dim + 1),
        items=items,
        ads=ads,
        categories=categories,
        dim=dim,
        confounding=confounding,
        decision_noise=noise,
    )
    for method in METHODS:
        rows = getattr(place, method)(n)
        assert {len(column) for column in rows.values()} == {n}
        for name, column in rows.items():
            if name in sizes:
                assert column.dtype == np.int32
                assert column.min() >= 0
                assert column.max() < sizes[name]
            elif name.startswith("p_") or name == "propensity":
                assert ((column > 0) & (column < 1 + 1e-12)).all(), name
    assert place.interests()["interest"].shape == (place.users, categories)


@pytest.mark.parametrize("dial", DIALS)
def test_a_dial_out_of_range_is_named_with_its_range(dial):
    low, high = world.RANGES[dial]
    for wrong in (low - 1, high + 1):
        with pytest.raises(
            ValueError,
            match=rf"{dial}: expected a number in \[{low}, {high}\], found {wrong}",
        ):
            World(**{dial: wrong})


def test_every_dial_has_a_range_and_a_word_in_the_docstring():
    assert list(world.RANGES) == DIALS
    assert all(f"`{dial}`" in World.__doc__ for dial in DIALS)


def test_bad_sizes_are_named():
    with pytest.raises(
        TypeError, match="users: expected a whole number, found 10.5"
    ):
        World(users=10.5)
    with pytest.raises(
        ValueError, match="users: expected more than 4 dim = 32, found 20"
    ):
        World(users=20, dim=8)
    with pytest.raises(
        ValueError,
        match=r"selection_bias: expected a number in \[0, 1\], found nan",
    ):
        World(selection_bias=float("nan"))
    for method in METHODS:
        with pytest.raises(
            ValueError, match="n: expected at least 1 row, found 0"
        ):
            getattr(World(), method)(0)
        with pytest.raises(
            TypeError,
            match="n: expected a whole number of rows, found 1000000.0",
        ):
            getattr(World(), method)(1e6)


# ---------------------------------------------------------------------- splits and densities


@patient
@given(
    times=st.lists(st.integers(0, 9), min_size=2, max_size=30),
    share=st.floats(0.05, 0.95),
)
def test_the_split_is_by_time_and_loses_nothing(times, share):
    rows = {"time": np.array(times), "id": np.arange(len(times))}
    cut = min(round(len(times) * (1 - share)), len(times) - 1)
    if sorted(times)[cut] == min(times):  # the training side would be empty
        with pytest.raises(ValueError, match="different times"):
            split_by_time(rows, share)
        return
    train, test = split_by_time(rows, share)
    assert train["time"].max() < test["time"].min()
    assert sorted([*train["id"], *test["id"]]) == list(range(len(times)))
    assert len(test["id"]) >= 1
    assert (np.diff(train["id"]) > 0).all()


def test_the_split_of_a_log_has_the_share_asked_for():
    train, test = split_by_time(log(n=1000), test_share=0.25)
    assert (len(train["time"]), len(test["time"])) == (750, 250)
    assert train["context"].shape == (750, world.CONTEXT)
    assert_same(
        {name: np.concatenate([train[name], test[name]]) for name in train},
        log(n=1000),
    )


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_that_leaves_a_side_empty_is_refused(share):
    with pytest.raises(
        ValueError, match="test_share: expected a number between 0 and 1"
    ):
        split_by_time(log(n=1000), share)


def test_rows_that_cannot_be_cut():
    with pytest.raises(ValueError, match="1 different times"):
        split_by_time({"time": np.zeros(5)})
    with pytest.raises(
        ValueError, match="rows: expected columns of one length, not empty"
    ):
        split_by_time({"time": np.arange(3), "user": np.arange(2)})
    with pytest.raises(
        ValueError, match="rows: expected columns of one length, not empty"
    ):
        split_by_time({"time": np.arange(0)})


def test_density_is_the_share_of_labels_kept():
    rows = log()
    thin = keep_labels(rows, {"click": 0.1, "rating": 0.5})
    assert np.isfinite(thin["click"]).mean() == pytest.approx(0.1, abs=0.005)
    assert np.isfinite(thin["rating"]).sum() / np.isfinite(
        rows["rating"]
    ).sum() == pytest.approx(0.5, abs=0.03)
    kept = np.isfinite(thin["click"])
    np.testing.assert_array_equal(thin["click"][kept], rows["click"][kept])
    assert np.isfinite(rows["click"]).all()
    assert all(
        thin[name] is rows[name] for name in set(rows) - {"click", "rating"}
    )


@patient
@given(first=st.floats(0, 1), second=st.floats(0, 1), seed=st.integers(0, 9))
def test_a_thinner_set_of_labels_is_part_of_a_thicker_one(first, second, seed):
    rows = {"label": np.arange(200)}
    low, high = sorted((first, second))
    few, many = (
        np.isfinite(keep_labels(rows, {"label": share}, seed)["label"])
        for share in (low, high)
    )
    assert (few <= many).all()


def test_density_keeps_all_none_and_whole_rows():
    interests = World().interests()
    assert_same(keep_labels(interests, {"interest": 1.0}), interests)
    assert np.isnan(keep_labels(interests, {"interest": 0.0})["interest"]).all()
    known = np.isfinite(
        keep_labels(interests, {"interest": 0.3}, seed=2)["interest"]
    )
    np.testing.assert_array_equal(known.all(1), known.any(1))
    assert (
        known[:, 0]
        != np.isfinite(
            keep_labels(interests, {"interest": 0.3}, seed=3)["interest"]
        )[:, 0]
    ).any()


def test_density_of_a_task_that_is_not_there():
    with pytest.raises(
        KeyError, match="expected a column of .*, found 'clicks'"
    ):
        keep_labels(log(n=1000), {"clicks": 0.5})
    with pytest.raises(
        ValueError,
        match=r"density of 'click': expected a share in \[0, 1\], found 10",
    ):
        keep_labels(log(n=1000), {"click": 10})
