"""Metrics against values worked by hand, against slow definitions, and against bad input."""

import doctest
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from mtl_lessons import metrics

patient = settings(max_examples=60, deadline=None)

# few different scores, so that ties are common
scored_labels = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=2, max_size=40
).map(
    lambda pairs: tuple(
        np.array(column, float) for column in zip(*pairs, strict=True)
    )
)


def pairwise_auc(labels, scores):
    """AUC by its definition: every positive against every negative."""
    positives, negatives = (
        scores[labels == 1][:, None],
        scores[labels == 0][None, :],
    )
    return np.mean((positives > negatives) + 0.5 * (positives == negatives))


# ---------------------------------------------------------------------- intervals


def test_p_is_below_five_percent_where_the_interval_leaves_zero_out():
    for shift in np.linspace(0, 4, 41):
        runs = np.array([1.0, 2.0, 2.5, 4.0, -1.0]) - shift
        found = metrics.interval(runs)
        assert (metrics.p_value(runs) < 0.05) == (found.low * found.high > 0)


def test_holm_by_hand():
    # .01 × 3; .03 × 2; the largest stays, but never below one before it
    assert metrics.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert metrics.holm([0.5, 0.9]) == pytest.approx([1, 1])
    assert metrics.holm([0.02]) == pytest.approx([0.02])


@patient
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_the_raw_p_and_bonferronis(raw):
    found = metrics.holm(raw)
    for p, corrected in zip(raw, found):
        assert p <= corrected <= min(1, p * len(raw)) + 1e-12
    order = np.argsort(raw, kind="stable")
    assert np.all(np.diff(np.array(found)[order]) >= 0)


def test_interval_by_hand():
    # mean 2, s = 1, n = 3: 4.3027 / sqrt(3) = 2.4841
    mean, low, high = metrics.interval([1, 2, 3])
    assert mean == pytest.approx(2)
    assert (low, high) == (
        pytest.approx(2 - 2.4841, abs=1e-4),
        pytest.approx(2 + 2.4841, abs=1e-4),
    )


def test_interval_prints():
    gain = metrics.Interval(0.2031, 0.1866, -0.2194)
    assert str(gain) == "+0.203 [+0.187, −0.219]"
    assert f"{gain}" == str(gain)
    assert f"{gain:.1f}" == "0.2 [0.2, −0.2]"


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    runs = [
        metrics.interval(rng.normal(3, 2, size=5), level=0.8)
        for _ in range(2000)
    ]
    assert np.mean([run.low <= 3 <= run.high for run in runs]) == pytest.approx(
        0.8, abs=0.03
    )


@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan], [[1.0, 2.0]]])
def test_interval_needs_two_finite_runs(values):
    with pytest.raises(ValueError, match="at least 2 runs|finite|at least one"):
        metrics.interval(values)


def test_interval_rejects_a_level_in_percent():
    with pytest.raises(
        ValueError, match="level: expected a number between 0 and 1, found 95"
    ):
        metrics.interval([1, 2], level=95)


# ---------------------------------------------------------------------- AUC, GAUC


def test_auc_by_hand():
    assert metrics.auc([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]) == pytest.approx(
        0.75
    )
    assert metrics.auc([1, 0, 0, 1], [0.5, 0.5, 0.5, 0.5]) == pytest.approx(0.5)
    # one tie, one win
    assert metrics.auc([1, 0, 0], [0.5, 0.5, 0.1]) == pytest.approx(0.75)


@patient
@given(scored_labels)
def test_auc_is_its_definition_ties_included(pair):
    labels, scores = pair
    assume(0 < labels.sum() < len(labels))
    assert metrics.auc(labels, scores) == pytest.approx(
        pairwise_auc(labels, scores)
    )


@patient
@given(scored_labels)
def test_auc_ignores_monotone_changes_and_mirrors(pair):
    labels, scores = pair
    assume(0 < labels.sum() < len(labels))
    value = metrics.auc(labels, scores)
    assert metrics.auc(labels, np.exp(scores) - 7) == pytest.approx(value)
    assert metrics.auc(labels, -scores) == pytest.approx(1 - value)
    assert metrics.auc(1 - labels, scores) == pytest.approx(1 - value)


def test_expected_auc_is_the_mean_over_draws():
    rng = np.random.default_rng(1)
    p, score = rng.random(4000), rng.random(4000)
    score = score + p
    drawn = metrics.interval(
        [metrics.auc(rng.random(4000) < p, score) for _ in range(40)],
        level=0.999,
    )
    assert drawn.low <= metrics.expected_auc(p, score) <= drawn.high
    # p uniform: 5/6
    assert metrics.expected_auc(p) == pytest.approx(5 / 6, abs=0.01)


@patient
@given(st.integers(0, 10_000))
def test_no_score_beats_the_truth_in_expectation(seed):
    rng = np.random.default_rng(seed)
    p = rng.random(50)
    assert (
        metrics.expected_auc(p, rng.random(50))
        <= metrics.expected_auc(p) + 1e-12
    )


def test_gauc_by_hand():
    """10 rows with AUC .9 and another user's 90 rows with AUC .5: .54; the plain mean is .70."""
    # 22.5 of 25 pairs: 2 ties with 2, loses to 5 and 4
    few = (
        [1] * 5 + [0] * 5,
        [9, 8, 7, 6, 2, 2, 1, 0, 5, 4],
    )
    assert pairwise_auc(*(np.array(column) for column in few)) == pytest.approx(
        0.9
    )
    labels, scores = few[0] + [1, 0] * 45, few[1] + [3] * 90
    assert metrics.gauc(labels, scores, [7] * 10 + [3] * 90) == pytest.approx(
        (0.54, 2, 2, 1.0)
    )


def test_gauc_leaves_out_users_of_one_class():
    labels = [1, 0, 1, 1, 0, 0, 0]
    users = ["a", "a", "b", "b", "c", "c", "c"]
    value, counted, of_users, coverage = metrics.gauc(
        labels, [2, 1, 5, 6, 9, 9, 9], users
    )
    assert (value, counted, of_users, coverage) == pytest.approx(
        (1.0, 1, 3, 2 / 7)
    )


@patient
@given(scored_labels, st.integers(1, 4), st.integers(0, 99))
def test_gauc_is_the_weighted_mean_of_the_users_aucs(pair, number, seed):
    labels, scores = pair
    users = np.random.default_rng(seed).integers(number, size=len(labels))
    groups = [users == user for user in np.unique(users)]
    groups = [rows for rows in groups if 0 < labels[rows].sum() < rows.sum()]
    assume(groups)
    slow = np.average(
        [roc_auc_score(labels[g], scores[g]) for g in groups],
        weights=[g.sum() for g in groups],
    )
    fast = metrics.gauc(labels, scores, users)
    assert fast.value == pytest.approx(slow)
    assert fast.users == len(groups)
    assert fast.coverage == pytest.approx(
        sum(g.sum() for g in groups) / len(labels)
    )


@patient
@given(scored_labels, st.integers(0, 99))
def test_gauc_ignores_the_level_of_a_user(pair, seed):
    """GAUC sees order within users only: shifting all scores of a user changes nothing."""
    labels, scores = pair
    assume(0 < labels.sum() < len(labels))
    users = np.random.default_rng(seed).integers(3, size=len(labels))
    assume(
        any(0 < labels[users == u].sum() < (users == u).sum() for u in range(3))
    )
    assert metrics.gauc(labels, scores + 100 * users, users) == pytest.approx(
        metrics.gauc(labels, scores, users)
    )


def test_ids_of_users_may_be_of_any_kind_and_of_several():
    labels, scores = [1, 0, 1, 0], [4, 3, 1, 2]
    for a, b in (
        (7, 3),
        ("a", "b"),
        (1, "1"),
        (("a", 1), ("a", 2)),
        (0.5, None),
    ):
        users = [a, a, b, b]
        if b is None:
            with pytest.raises(
                ValueError,
                match="users: expected an id for every row, found 2 missing of 4",
            ):
                metrics.gauc(labels, scores, users)
        else:
            assert metrics.gauc(
                labels, scores, np.fromiter(users, object, 4)
            ) == pytest.approx((0.5, 2, 2, 1.0))
    assert metrics.gauc(labels, scores, [1, 1, "1", "1"]) == metrics.gauc(
        labels, scores, [1, 1, 2, 2]
    )


@pytest.mark.parametrize(
    "users",
    [
        ["a", float("nan")],
        [None, 1],
        np.array([1.0, np.nan]),
        np.array(["2026-01-01", "NaT"], "M8[D]"),
    ],
)
def test_a_missing_id_is_nobodys(users):
    with pytest.raises(
        ValueError,
        match="users: expected an id for every row, found 1 missing of 2",
    ):
        metrics.gauc([0, 1], [0.1, 0.2], users)


def test_gauc_without_a_usable_user():
    with pytest.raises(ValueError, match="found none among 2"):
        metrics.gauc([1, 0], [0.2, 0.1], [1, 2])


# ---------------------------------------------------------------------- losses, calibration


@pytest.mark.parametrize(
    ("p", "entropy"),
    [(0.01, 0.056), (0.30, 0.611), (0.5, 0.6931), (0, 0), (1, 0)],
)
def test_binary_entropy_by_hand(p, entropy):
    assert metrics.binary_entropy(p) == pytest.approx(entropy, abs=5e-4)


def test_log_loss_by_hand():
    assert metrics.log_loss([1, 0], [0.8, 0.4]) == pytest.approx(
        -(np.log(0.8) + np.log(0.6)) / 2
    )


def test_normalised_entropy_of_the_base_rate_is_one():
    labels = np.r_[np.ones(30), np.zeros(70)]
    assert metrics.normalised_entropy(
        labels, np.full(100, 0.3)
    ) == pytest.approx(1)
    assert metrics.log_loss(labels, np.full(100, 0.3)) == pytest.approx(
        metrics.binary_entropy(0.3)
    )
    assert metrics.normalised_entropy(labels, np.where(labels, 0.6, 0.2)) < 1


def test_calibration_ratio_by_hand():
    labels = np.r_[np.ones(2), np.zeros(98)]  # rate .020
    assert metrics.calibration_ratio(
        labels, np.full(100, 0.024)
    ) == pytest.approx(1.2)


def test_calibration_error_by_hand():
    # two bins: predictions .1, .3 (mean .2, rate 0) and .6, .8 (mean .7, rate 1)
    assert metrics.calibration_error(
        [0, 0, 1, 1], [0.1, 0.3, 0.6, 0.8], bins=2
    ) == pytest.approx(0.25)
    # right on average, wrong everywhere
    assert metrics.calibration_error(
        [0, 1], [0.5, 0.5], bins=2
    ) == pytest.approx(0)
    assert metrics.calibration_ratio(
        [0, 0, 1, 1], [0.9, 0.9, 0.1, 0.1]
    ) == pytest.approx(1)
    assert metrics.calibration_error(
        [0, 0, 1, 1], [0.9, 0.9, 0.1, 0.1], bins=2
    ) == pytest.approx(0.9)


def test_calibration_error_of_the_truth_is_what_the_docstring_says():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.29, 0.31, 20_000)
    errors = [
        metrics.calibration_error(rng.random(20_000) < p, p, bins=20)
        for _ in range(30)
    ]
    assert np.mean(errors) == pytest.approx(
        0.8 * np.sqrt(0.3 * 0.7 * 20 / 20_000), rel=0.1
    )
    assert metrics.calibration_error(p, p) == pytest.approx(0, abs=1e-12)


def test_bins_of_one_width_by_hand():
    labels, p = [0, 1, 0, 1, 1], [0.1, 0.2, 0.25, 0.5, 0.9]
    # (0, .5]: predicted .2625, rate .5, 4 rows; (.5, 1]: .9 and 1, 1 row
    assert metrics.expected_calibration_error(
        labels, p, bins=2
    ) == pytest.approx(0.8 * 0.2375 + 0.2 * 0.1)
    # one bin for all: the error of the mean
    assert metrics.expected_calibration_error(
        labels, p, bins=1
    ) == pytest.approx(0.6 - 0.39)
    # a bin has its right end, as in the paper; 0 is in the first
    assert metrics.expected_calibration_error(
        [1, 0, 0, 0], [0.7, 0.6, 0, 1], bins=10
    ) == pytest.approx((0.3 + 0.6 + 0 + 1) / 4)


@patient
@given(st.integers(0, 1000), st.integers(1, 30))
def test_bins_bound_the_error_of_the_mean_and_are_bounded_by_that_of_the_rows(
    seed, bins
):
    rng = np.random.default_rng(seed)
    labels, p = rng.integers(0, 2, 60), rng.random(60).round(1)
    for error in (
        metrics.calibration_error,
        metrics.expected_calibration_error,
    ):
        assert (
            abs(p.mean() - labels.mean()) - 1e-12
            <= error(labels, p, bins)
            <= np.abs(p - labels).mean() + 1e-12
        )


# ---------------------------------------------------------------- means of what was seen in part

rows_seen_in_part = st.lists(
    st.tuples(st.floats(-5, 5), st.floats(0.05, 1), st.floats(-5, 5)),
    min_size=1,
    max_size=5,
).map(
    lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True))
)


def expected_of(estimate, chances):
    """The mean over everything that can be observed, each with its probability."""
    patterns = [
        np.array(pattern) for pattern in product((0, 1), repeat=len(chances))
    ]
    return sum(
        np.where(o == 1, chances, 1 - chances).prod() * estimate(o)
        for o in patterns
    )


@patient
@given(rows_seen_in_part)
def test_weighted_up_what_was_seen_has_the_mean_of_all(rows):
    values, chances, guesses = rows
    ips = expected_of(
        lambda o: metrics.ips_mean(np.where(o, values, np.nan), o, chances),
        chances,
    )
    robust = expected_of(
        lambda o: metrics.doubly_robust_mean(
            np.where(o, values, np.nan), o, chances, guesses
        ),
        chances,
    )
    assert (ips, robust) == pytest.approx(
        (values.mean(), values.mean()), abs=1e-9
    )


@patient
@given(rows_seen_in_part, st.integers(0, 99))
def test_right_guesses_forgive_wrong_propensities_and_normalised_weights_a_common_factor(
    rows, seed
):
    values, chances, _ = rows
    seen = np.random.default_rng(seed).random(len(values)) < 0.5
    assert metrics.doubly_robust_mean(
        values, seen, chances, imputed=values
    ) == pytest.approx(values.mean(), abs=1e-9)
    assume(seen.any())
    of_half = metrics.ips_mean(values, seen, chances / 2, normalised=True)
    assert metrics.ips_mean(
        values, seen, chances, normalised=True
    ) == pytest.approx(of_half, abs=1e-9)
    assert metrics.ips_mean(
        np.full(len(values), 7.0), seen, chances, normalised=True
    ) == pytest.approx(7)


def test_a_metric_of_all_impressions_from_the_clicked_ones():
    rng = np.random.default_rng(0)
    chance, p, bought = (
        rng.uniform(0.05, 0.9, 200_000),
        rng.random(200_000),
        rng.random(200_000),
    )
    # who is likely to click is likely to buy
    bought = (bought < 0.2 + 0.6 * chance).astype(float)
    clicked, errors = rng.random(200_000) < chance, (p - bought) ** 2
    assert bought[clicked].mean() > bought.mean() + 0.05
    for truth, values in ((bought.mean(), bought), (errors.mean(), errors)):
        assert metrics.ips_mean(values, clicked, chance) == pytest.approx(
            truth, abs=0.02
        )
        assert metrics.doubly_robust_mean(
            values, clicked, chance, np.full(200_000, 0.4)
        ) == pytest.approx(truth, abs=0.02)


# ---------------------------------------------------------------------- lists, numbers


def test_recall_by_hand():
    relevant = [[1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    scores = [[4, 3, 2, 1], [4, 3, 2, 1], [1, 2, 3, 4]]
    # (1/2 + 0) / 2, the last row does not count
    assert metrics.recall_at_k(relevant, scores, 2) == pytest.approx(0.25)
    assert metrics.recall_at_k(relevant, scores, np.int64(4)) == pytest.approx(
        1
    )


def test_recall_of_equal_scores_takes_the_first():
    assert metrics.recall_at_k([[0, 1, 0]], [[0, 0, 0]], 1) == pytest.approx(0)
    assert metrics.recall_at_k([[1, 0, 0]], [[0, 0, 0]], 1) == pytest.approx(1)


def test_an_item_with_a_score_of_minus_infinity_is_never_shown():
    seen = -np.inf
    assert metrics.recall_at_k([[1, 1, 0]], [[seen, 2, 1]], 3) == pytest.approx(
        1 / 2
    )
    assert metrics.ndcg_at_k([[1, 1, 0]], [[seen, 2, 1]], 3) == pytest.approx(
        1 / (1 + 1 / np.log2(3))
    )
    assert metrics.ndcg_at_k(
        [[1, 0, 0]], [[seen, seen, seen]], 2
    ) == pytest.approx(0)
    (row,) = metrics.table(
        {
            "item": {
                "kind": "ranking",
                "labels": [[0, 1, 0]],
                "predictions": [[seen, 2, 1]],
                "k": 1,
            }
        }
    )
    assert row["recall@1"] == pytest.approx(1)
    with pytest.raises(
        ValueError,
        match=r"scores \(but for -inf\): expected finite numbers, found 1",
    ):
        metrics.recall_at_k([[0, 1]], [[np.inf, 1]], 1)


def test_a_very_high_relevance_does_not_overflow():
    assert metrics.ndcg_at_k(
        [[2000, 1999, 0]], [[2, 3, 1]], 3
    ) == pytest.approx((0.5 + 1 / np.log2(3)) / (1 + 0.5 / np.log2(3)))


def test_ndcg_by_hand():
    assert metrics.ndcg_at_k([[3, 0, 2]], [[9, 8, 7]], 3) == pytest.approx(
        8.5 / (7 + 3 / np.log2(3))
    )
    assert metrics.ndcg_at_k([[3, 0, 2]], [[9, 8, 7]], 3) == pytest.approx(
        0.956, abs=5e-4
    )
    assert metrics.ndcg_at_k(
        [[3, 0, 2], [0, 0, 0]], [[3, 1, 2], [1, 2, 3]], 2
    ) == pytest.approx(1)


@patient
@given(st.integers(0, 1000), st.integers(1, 8))
def test_ndcg_and_recall_against_slow_definitions(seed, k):
    rng = np.random.default_rng(seed)
    relevance, scores = (
        rng.integers(0, 4, size=(5, 8)),
        rng.permuted(np.tile(np.arange(8.0), (5, 1)), axis=1),
    )
    relevance[:, 0] = 1
    discount = 1 / np.log2(np.arange(2, 2 + k))
    slow_ndcg, slow_recall = [], []
    for gains, order in zip(
        relevance, np.argsort(-scores, axis=1), strict=True
    ):
        best = np.sort(gains)[::-1][:k]
        slow_ndcg.append(
            ((2.0 ** gains[order[:k]] - 1) @ discount)
            / ((2.0**best - 1) @ discount)
        )
        slow_recall.append((gains[order[:k]] > 0).sum() / (gains > 0).sum())
    assert metrics.ndcg_at_k(relevance, scores, k) == pytest.approx(
        np.mean(slow_ndcg)
    )
    assert metrics.recall_at_k(relevance > 0, scores, k) == pytest.approx(
        np.mean(slow_recall)
    )


def test_rmse_by_hand():
    assert metrics.rmse([1, 2, 3], [1, 2, 6]) == pytest.approx(np.sqrt(3))


# ---------------------------------------------------------------------- all tasks in one number


def test_relative_gain_by_hand():
    multi, single = (
        {"click": 0.77, "watch": 9.0, "rating": 1.1},
        {"rating": 1.0, "watch": 10.0, "click": 0.7},
    )
    # +10 % of AUC, 10 % less error, 10 % more error
    assert metrics.relative_gain(
        multi, single, less_is_better=["watch", "rating"]
    ) == pytest.approx((10 + 10 - 10) / 3)
    assert metrics.relative_gain(multi, single) == pytest.approx(
        (10 - 10 + 10) / 3
    )
    assert metrics.relative_gain(multi, single, "watch") == pytest.approx(
        (10 + 10 + 10) / 3
    )


@patient
@given(
    st.lists(
        st.tuples(st.floats(0.1, 10), st.floats(0.1, 10), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    st.floats(0.01, 100),
)
def test_relative_gain_ignores_units_and_turns_with_the_sign_of_good(
    rows, unit
):
    multi, single = (
        {f"{i}": unit * row[side] for i, row in enumerate(rows)}
        for side in (0, 1)
    )
    less = [f"{i}" for i, row in enumerate(rows) if row[2]]
    exact = [
        (Fraction(m) / Fraction(s) - 1) * (-1 if flip else 1)
        for m, s, flip in rows
    ]
    found = metrics.relative_gain(multi, single, less)
    assert found == pytest.approx(
        float(100 * sum(exact) / len(rows)), rel=1e-9, abs=1e-9
    )
    assert metrics.relative_gain(
        multi, single, set(multi) - set(less)
    ) == pytest.approx(-found)
    assert metrics.relative_gain(single, single, less) == pytest.approx(0)


def test_the_examples_of_the_docstrings_are_right():
    found = doctest.testmod(metrics)
    assert found.failed == 0 and found.attempted >= 7


# ---------------------------------------------------------------------- bad input

MASKED = np.ma.masked_array([1.0, 0.0], [False, True])


@pytest.mark.parametrize(
    ("metric", "arguments", "name"),
    [
        (metrics.auc, (MASKED, [0.1, 0.2]), "labels"),
        (metrics.rmse, ([1, 0], MASKED), "predictions"),
        (metrics.interval, (MASKED,), "values"),
        (metrics.expected_auc, (MASKED,), "probabilities"),
        (metrics.gauc, ([1, 0], [0.1, 0.2], MASKED), "users"),
        (metrics.recall_at_k, (MASKED[None], [[1, 2]], 1), "relevance"),
        (metrics.ips_mean, (MASKED, [1, 0], [1, 1]), "values"),
        (
            metrics.table,
            (
                {
                    "x": {
                        "kind": "regression",
                        "labels": MASKED,
                        "predictions": [1, 2],
                    }
                },
            ),
            "task 'x': labels",
        ),
    ],
)
def test_what_is_masked_does_not_pass_as_a_number(metric, arguments, name):
    with pytest.raises(
        ValueError,
        match=f"{name}: expected no masked entries, found 1 of 2: leave these rows out",
    ):
        metric(*arguments)


def test_a_mask_that_masks_nothing_is_no_mask():
    assert metrics.rmse(
        np.ma.masked_array([1.0, 2.0], [False, False]), [1, 2]
    ) == pytest.approx(0)


@pytest.mark.parametrize(
    ("metric", "arguments", "message"),
    [
        (
            metrics.auc,
            ([1, 1], [0.1, 0.2]),
            "labels: expected both classes, found only 1",
        ),
        (metrics.auc, ([0, 2], [0.1, 0.2]), r"0 or 1, found \[2.0\]"),
        (
            metrics.auc,
            ([0, 1], [0.1, np.nan]),
            "predictions: expected finite numbers, found 1 NaN or infinite of 2",
        ),
        (
            metrics.auc,
            ([0, np.nan], [0.1, 0.2]),
            "labels: expected finite numbers",
        ),
        (
            metrics.auc,
            ([0, 1, 1], [0.1, 0.2]),
            r"one shape, found \(3,\) and \(2,\)",
        ),
        (metrics.auc, ([[0, 1]], [[0.1, 0.2]]), r"shape \(rows,\)"),
        (
            metrics.auc,
            ([], []),
            "labels: expected at least one number, found none",
        ),
        (metrics.expected_auc, ([0, 0], [0.1, 0.2]), "one class only"),
        (
            metrics.expected_auc,
            ([0.5, 1.5],),
            r"probabilities: expected probabilities in \[0, 1\], found 0.5 to 1.5",
        ),
        (
            metrics.gauc,
            ([0, 1], [0.1, 0.2], [1]),
            r"users: expected shape \(2,\), found \(1,\)",
        ),
        (
            metrics.log_loss,
            ([0, 1], [0.1, 1.2]),
            r"predictions: expected probabilities in \[0, 1\], found 0.1 to 1.2",
        ),
        (metrics.normalised_entropy, ([0, 0], [0.1, 0.2]), "both classes"),
        (
            metrics.calibration_ratio,
            ([0, 0], [0.1, 0.2]),
            "labels: expected a positive label, found none",
        ),
        (
            metrics.calibration_error,
            ([0, 1], [0.1, 0.2], 0),
            "bins: expected a whole number of at least 1, found 0",
        ),
        (
            metrics.calibration_error,
            ([0, 1], [0.1, 0.2], 2.5),
            "bins: expected a whole number of at least 1, found 2.5",
        ),
        (
            metrics.expected_calibration_error,
            ([0, 1], [0.1, 0.2], True),
            "bins: expected a whole number of at least 1, found True",
        ),
        (
            metrics.ips_mean,
            ([1], [1], [0]),
            "propensities: expected chances above 0, found 0",
        ),
        (
            metrics.ips_mean,
            ([1], [2], [1]),
            "observed: expected 0 and 1, found 2",
        ),
        (
            metrics.ips_mean,
            ([1, np.nan], [1, 1], [1, 1]),
            "values of observed rows: expected finite numbers, found 1",
        ),
        (
            metrics.ips_mean,
            ([1, 2], [1], [1, 1]),
            r"expected one shape \(rows,\), found \(2,\), \(1,\), \(2,\)",
        ),
        (
            metrics.ips_mean,
            ([1], [0], [1], True),
            "observed: expected a 1 among 1 rows, found none",
        ),
        (
            metrics.doubly_robust_mean,
            ([1, 2], [1, 1], [1, 1], [0]),
            r"imputed: expected shape \(2,\), found \(1,\)",
        ),
        (
            metrics.relative_gain,
            ({"a": 1}, {"b": 1}),
            r"expected the same tasks, found \['a'\] and \['b'\]",
        ),
        (metrics.relative_gain, ({}, {}), "expected the same tasks"),
        (
            metrics.relative_gain,
            ({"a": 1}, {"a": 1}, ["b"]),
            r"less_is_better: expected tasks among \['a'\], found \['b'\]",
        ),
        (
            metrics.relative_gain,
            ({"a": 1}, {"a": 0}),
            "single: expected values above 0, .*, found 0",
        ),
        (
            metrics.recall_at_k,
            ([[0, 1]], [[1, 2]], 2.0),
            r"k: expected a whole number in \[1, 2\], .*, found 2.0",
        ),
        (metrics.binary_entropy, (1.1,), "found 1.1"),
        (
            metrics.recall_at_k,
            ([[0, 1]], [[1, 2]], 3),
            r"k: expected a whole number in \[1, 2\], .*, found 3",
        ),
        (
            metrics.recall_at_k,
            ([[0, 2]], [[1, 2]], 1),
            "relevant: expected 0 and 1 only, found 2",
        ),
        (
            metrics.recall_at_k,
            ([[0, 0]], [[1, 2]], 1),
            "expected a row with something relevant, found none among 1",
        ),
        (
            metrics.ndcg_at_k,
            ([[0, -1]], [[1, 2]], 1),
            "relevance: expected 0 or more, found -1",
        ),
        (metrics.ndcg_at_k, ([0, 1], [1, 2], 1), r"shape \(rows, items\)"),
        (metrics.rmse, ([1, 2], [1, np.inf]), "finite"),
    ],
)
def test_bad_input_is_named(metric, arguments, message):
    with pytest.raises(ValueError, match=message):
        metric(*arguments)


# ---------------------------------------------------------------------- the table


@pytest.fixture
def tasks():
    return {
        "click": {
            "kind": "binary",
            "labels": [1, 0, 0, 1],
            "predictions": [0.9, 0.2, 0.4, 0.3],
            "users": list("aabb"),
        },
        "rating": {
            "kind": "regression",
            "labels": [np.nan, 3, 4, np.nan],
            "predictions": [0, 3, 2, 9],
        },
        "item": {
            "kind": "ranking",
            "labels": [[0, 1], [np.nan, 1]],
            "predictions": [[2, 1], [1, 2]],
            "k": 1,
        },
    }


def test_table_has_a_row_per_task_with_its_own_metrics(tasks):
    click, rating, item = metrics.table(tasks)
    assert click["rows"] == click["of"] == 4
    assert click["auc"] == pytest.approx(0.75)
    assert (click["gauc"], click["gauc_coverage"]) == pytest.approx((0.5, 1))
    assert click["calibration_ratio"] == pytest.approx(0.9)
    assert rating == {
        "task": "rating",
        "kind": "regression",
        "rows": 2,
        "of": 4,
        "rmse": pytest.approx(np.sqrt(2)),
    }
    assert item == {
        "task": "item",
        "kind": "ranking",
        "rows": 1,
        "of": 2,
        "recall@1": 0,
        "ndcg@1": 0,
    }


def test_rows_without_a_label_change_nothing(tasks):
    click = tasks["click"]
    longer = {
        name: [*column, *column[:1]]
        for name, column in click.items()
        if name != "kind"
    } | {"kind": "binary"}
    longer["labels"][-1] = np.nan
    (short,), (long,) = (
        metrics.table({"click": click}),
        metrics.table({"click": longer}),
    )
    assert long | {"of": 4} == pytest.approx(short)


def test_a_list_of_fewer_items_than_ten_is_judged_by_all():
    (row,) = metrics.table(
        {
            "item": {
                "kind": "ranking",
                "labels": [[0, 1, 0]],
                "predictions": [[1, 2, 3]],
            }
        }
    )
    assert row["recall@3"] == pytest.approx(1)


def test_a_cell_is_rounded_whatever_the_kind_of_its_number_and_stays_in_its_place():
    _, _, row = metrics.markdown(
        [{"a|b": np.float32(0.5), "c": "x|y\nz", "d": np.int64(2), "e": True}],
        digits=1,
    ).splitlines()
    assert row == r"| 0.5 | x\|y z | 2 | True |"


def test_markdown_shows_every_column_and_a_dash_for_what_is_missing(tasks):
    header, rule, click, rating, _ = metrics.markdown(
        metrics.table(tasks), digits=2
    ).splitlines()
    assert header.startswith(
        "| task | kind | rows | of | auc | gauc | gauc_coverage | log_loss |"
    )
    assert (
        header.count("|")
        == rule.count("|")
        == click.count("|")
        == rating.count("|")
    )
    assert "| 0.75 | 0.50 | 1.00 |" in click
    assert rating.startswith("| rating | regression | 2 | 4 | – |")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (
            {"kind": "clicks", "labels": [1], "predictions": [1]},
            "task 'x': kind: expected one of binary, regression",
        ),
        (
            {
                "kind": "binary",
                "labels": [1, np.nan],
                "predictions": [0.5, 0.5],
            },
            "task 'x': .*both classes",
        ),
        (
            {"kind": "binary", "labels": [1, 0], "predictions": [0.5, np.nan]},
            "task 'x': predictions: expected finite numbers",
        ),
        (
            {"kind": "regression", "labels": [np.nan], "predictions": [1]},
            "task 'x': labels: expected a label, found none among 1 rows",
        ),
        (
            {"kind": "regression", "labels": [], "predictions": []},
            "task 'x': labels: expected at least one number",
        ),
        (
            {"kind": "regression", "labels": 1.0, "predictions": 1.0},
            "task 'x': labels: expected a list, found 1.0",
        ),
        (
            {"kind": "regression", "labels": [1]},
            "task 'x': expected kind, labels, predictions, found no predictions",
        ),
        (
            {"labels": [1], "predictions": [1]},
            "task 'x': kind: expected one of .*, found None",
        ),
        (
            {
                "kind": "regression",
                "labels": [1],
                "predictions": [1],
                "user": [1],
            },
            "task 'x': options of regression: expected none, found 'user'",
        ),
        (
            {"kind": "regression", "labels": [1, 2], "predictions": [1]},
            "task 'x': .*one shape",
        ),
        (
            {
                "kind": "binary",
                "labels": [1, 0],
                "predictions": [0.5, 0.4],
                "users": [1],
            },
            "task 'x': users: expected shape",
        ),
    ],
)
def test_table_names_the_task_of_a_bad_column(task, message):
    with pytest.raises(ValueError, match=message):
        metrics.table({"x": task})
