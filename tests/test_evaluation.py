"""Chapter 8: intervals by hand and against a bootstrap, estimators of a policy, heads and lists."""

import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_data import REAL_CENSUS

from mtl_lessons import evaluation, metrics, stored
from mtl_lessons.evaluation import (
    Logged,
    benchmark,
    coverage,
    heads,
    intervals,
    null,
    online,
    policies,
    policy_grid,
    product,
    sampled,
)
from mtl_lessons.metrics import Interval

SEEDS = st.integers(0, 10_000)

# ---------------------------------------------------------------- intervals


def drawn(seed: int, rows: int = 60):
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % 2
    scores = np.round(rng.normal(size=rows) + labels, 1)  # with ties
    return labels, scores, rng


@given(SEEDS)
def test_the_influences_have_the_auc_of_the_metrics_and_no_mean(seed):
    labels, scores, _ = drawn(seed)
    auc, moves = evaluation.influence(labels, scores)
    assert auc == pytest.approx(metrics.auc(labels, scores))
    assert moves.sum() == pytest.approx(0, abs=1e-9)


@given(SEEDS)
def test_an_influence_is_what_one_row_more_adds(seed):
    """A copy of row i moves the AUC by about influence_i / n."""
    labels, scores, _ = drawn(seed, rows=400)
    auc, moves = evaluation.influence(labels, scores)
    n = len(labels)
    for i in (0, 1, 2, 3):
        more = metrics.auc(
            np.append(labels, labels[i]), np.append(scores, scores[i])
        )
        assert n * (more - auc) == pytest.approx(moves[i], abs=0.05)


def test_the_standard_error_is_that_of_a_bootstrap_over_users():
    rng = np.random.default_rng(0)
    rows = coverage.people(rng, users=150, rows=10)
    old = rows["x"] @ np.ones(coverage.FEATURES)
    new = old + rng.normal(size=len(old))
    _, before = evaluation.influence(rows["y"], old)
    _, after = evaluation.influence(rows["y"], new)
    error = evaluation.standard_error(after - before, rows["user"])
    places = np.arange(1500).reshape(150, 10)
    gains = []
    for _ in range(150):
        own = places[rng.integers(150, size=150)].ravel()
        y = rows["y"][own]
        gains.append(metrics.auc(y, new[own]) - metrics.auc(y, old[own]))
    assert error == pytest.approx(np.std(gains), rel=0.25)


def test_each_row_its_own_group_is_no_group():
    labels, scores, _ = drawn(1)
    _, moves = evaluation.influence(labels, scores)
    assert evaluation.standard_error(moves) == pytest.approx(
        evaluation.standard_error(moves, np.arange(len(moves)))
    )


def test_the_gain_of_a_model_over_itself_is_nothing():
    labels, scores, _ = drawn(2)
    assert evaluation.auc_gain(labels, scores, scores) == Interval(0, 0, 0)


def test_both_sources_of_luck_make_the_interval_wider():
    labels, _, rng = drawn(3, rows=300)
    old = rng.normal(size=(4, 300))
    new = old + 0.3 * rng.normal(size=(4, 300)) + 0.2 * labels
    found = evaluation.recipe_gain(labels, old, new, np.arange(300) // 5)
    halves = {k: v.high - v.mean for k, v in found.items()}
    assert halves["both"] == pytest.approx(
        np.hypot(halves["users"], halves["seeds"])
    )


def test_a_ratio_of_the_same_denominators_is_a_mean():
    clicks = np.array([1.0, 0, 2, 1, 0, 3])
    found = evaluation.ratio(clicks, np.full(6, 4.0))
    error = clicks.std() / np.sqrt(6) / 4
    assert found.mean == pytest.approx(7 / 24)
    assert found.high - found.mean == pytest.approx(1.959964 * error)


@given(SEEDS)
def test_rows_of_a_user_summed_first_give_the_same_ratio(seed):
    rng = np.random.default_rng(seed)
    user = rng.integers(20, size=200)
    a, b = rng.random(200), 1 + rng.random(200)
    by_row = evaluation.ratio(a, b, user)
    names = np.unique(user)
    summed = [
        np.array([column[user == name].sum() for name in names])
        for column in (a, b)
    ]
    by_user = evaluation.ratio(*summed)
    assert by_row == pytest.approx(by_user)


def test_needed_users_grow_with_the_square():
    assert evaluation.needed(0.01, 1000, 0.001) == pytest.approx(
        100 * evaluation.needed(0.01, 1000, 0.01), rel=1e-3
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: evaluation.influence([1, 1], [0.1, 0.2]), "labels: expected"),
        (
            lambda: evaluation.influence([1, 0], [0.1]),
            r"expected one shape \(rows,\)",
        ),
        (
            lambda: evaluation.influence([1, 0], [0.1, np.nan]),
            "expected finite",
        ),
        (
            lambda: evaluation.standard_error([1.0, 2.0], groups=[1]),
            "groups: expected",
        ),
        (lambda: evaluation.needed(0.1, 10, 0.0), "difference, error"),
        (lambda: evaluation.ratio([1.0], [0.0]), "denominators: expected"),
        (
            lambda: evaluation.joint(Interval(0, 0, 0), Interval(1, 1, 1)),
            "other: expected",
        ),
        (
            lambda: evaluation.by_slice([0, 1], [0.1, 0.2], {"x": [0, 0]}),
            "slices: expected rows",
        ),
        (
            lambda: evaluation.by_slice([0, 1], [0.1, 0.2], {"x": [1]}),
            "slices: expected x",
        ),
        (
            lambda: evaluation.sampled_recall([10], items=10),
            "rank: expected",
        ),
        (lambda: evaluation.guardrails(1.5, 3), "power, metrics"),
        (
            lambda: evaluation.team_draft([1], [1], 2, np.random.default_rng()),
            "length: expected",
        ),
        (
            lambda: online.ratio_gain(
                *[online.Arm(np.ones(2), np.ones(2))] * 2, by="day"
            ),
            "by: expected",
        ),
        (
            lambda: evaluation.exchange_rates({"a": np.ones((1, 2))}),
            "heads: expected",
        ),
        (lambda: policy_grid.policy(np.ones((1, 2)), -1.0), "temperature"),
        (lambda: null.tables(np.ones((3, 2)), 1), "found: expected"),
        (lambda: benchmark.network("PLE", 3, 0), "kind: expected"),
    ],
)
def test_bad_input_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---------------------------------------------------------------- nets and grids


def test_a_net_is_the_same_alone_and_in_company():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    y = 1.0 * (x[:, :1] + x[:, 1:2] > 0)

    def logits(seeds):
        nets = evaluation.nets.RankNets(
            x,
            y,
            first=np.zeros(len(seeds), int),
            count=300,
            seen=np.ones((len(seeds), 4)),
            seeds=seeds,
        )
        nets.fit(40)
        return nets.logits(x)

    assert np.allclose(logits([5, 7])[1], logits([7])[0], atol=1e-4)


def test_the_gradients_are_those_of_the_loss():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20, 3)), 1.0 * (rng.random((20, 2)) < 0.5)
    nets = evaluation.nets.RankNets(x, y, [0], 20, np.ones((1, 3)), [0])
    nets.weights = [w.astype("float64") for w in nets.weights]

    def loss():
        z = nets.weights
        h = np.maximum(x @ z[0][0] + z[1][0], 0) @ z[2][0] + z[3][0]
        return (np.logaddexp(0, h) - y * h).mean(0).sum()

    gradients = nets._gradients(x[None], y[None])
    for weight, gradient in zip(nets.weights, gradients):
        place = tuple(n // 2 for n in weight.shape)
        start, step = weight[place], 1e-5
        weight[place] = start + step
        above = loss()
        weight[place] = start - step
        below = loss()
        weight[place] = start
        slope = (above - below) / (2 * step)
        assert gradient[place] == pytest.approx(slope, abs=1e-6)


def test_the_stored_intervals_are_those_of_one_repetition_again():
    kept = stored.read("evaluation_intervals")
    assert len(kept["cells"]) == coverage.REPETITIONS
    fresh = coverage.measured(coverage.repetition(3))
    assert np.allclose(fresh["gains"], kept["cells"][3]["gains"], atol=2e-3)
    assert np.allclose(fresh["true"], kept["cells"][3]["true"], atol=2e-3)


def test_more_seeds_cover_less_and_users_with_seeds_cover():
    cells = stored.read("evaluation_intervals")["cells"]
    seeds = [coverage.covered(cells, n, "seeds")["the recipe"] for n in (5, 16)]
    both = [coverage.covered(cells, n, "both")["the recipe"] for n in (5, 16)]
    assert seeds[1] < seeds[0] - 0.1 and min(both) >= 0.9


def test_the_stored_nets_are_those_of_training_again():
    kept = stored.read("evaluation_null")["cells"]
    assert len(kept) == null.NETS
    fresh = null.aucs(range(7, 9))
    assert np.allclose(fresh, [kept[n]["auc"] for n in (7, 8)], atol=3e-3)


# ---------------------------------------------------------------- sampled, products, policies


@given(st.integers(0, 29), st.integers(1, 12))
def test_the_sampled_recall_is_that_of_drawing(rank, negatives):
    exact = evaluation.sampled_recall([rank], 30, k=2, negatives=negatives)
    rng = np.random.default_rng(rank)
    drawn_ranks = [
        (rng.choice(29, negatives, replace=False) < rank).sum()
        for _ in range(600)
    ]
    assert exact == pytest.approx(np.mean(np.array(drawn_ranks) < 2), abs=0.09)


def test_sampling_all_others_is_the_full_recall():
    rank = np.array([0, 5, 9, 10, 40])
    full = evaluation.recall(rank, 10)
    assert evaluation.sampled_recall(rank, 50, 10, 49) == full


def test_the_two_recalls_disagree():
    found = sampled.two_recalls(0)
    history, factors = found["own history"], found["4 factors"]
    assert history["all items"] > factors["all items"]
    assert history["sampled"] < factors["sampled"]


def test_users_alone_rank_no_page():
    found = heads.two_orders(0)
    assert found["users"]["GAUC"] == 0.5 and found["users"]["AUC"] > 0.65
    assert found["users + items"]["clicks"] == found["items"]["clicks"]
    gap = found["items"]["clicks"] - found["users + categories"]["clicks"]
    assert gap > 0 > found["items"]["AUC"] - found["users + categories"]["AUC"]


def test_a_product_of_two_right_averages_is_wrong():
    found = heads.average_and_slices(1)
    assert found["product of two flat heads"] < 0.75
    assert found["purchase head, all rows"] > 1.2
    assert found["click head, all rows"] == pytest.approx(1, abs=0.1)


def test_what_a_head_knows_of_requests_moves_no_list():
    page = product.Page(seed=1, requests=50)
    shifted = page.heads["like"] + np.linspace(0, 3, 50)[:, None]
    p = {"like": 1 / (1 + np.exp(-shifted))}
    # of log-odds no order changes; of log p it nearly stays
    assert (shifted.argmax(1) == page.heads["like"].argmax(1)).all()
    assert evaluation.exchange_rates(p) == {"like": 1.0}


def test_replacing_a_head_by_itself_changes_nothing():
    page = product.Page(seed=2, requests=50)
    found = page.compare("like", page.heads["like"])
    assert found == {"AUC": 0, "GAUC": 0, "moved": 0, "value": 0}


def one_log() -> Logged:
    """Two rows; the new policy takes the first candidate always."""
    return Logged(
        reward=[1.0, 0.0],
        shown=[0, 1],
        propensity=[0.25, 0.5],
        target=[[1.0, 0.0], [1.0, 0.0]],
        guess=[[0.5, 0.2], [0.3, 0.1]],
    )


def test_the_estimators_by_hand():
    log = one_log()
    assert evaluation.weights(log).tolist() == [4, 0]
    assert evaluation.ips(log) == 2 and evaluation.ips(log, clip=3) == 1.5
    assert evaluation.snips(log) == 1 and evaluation.replay(log) == 1
    assert evaluation.direct(log) == 0.4
    # .4 + (4 (1 - .5) + 0) / 2
    assert evaluation.doubly_robust(log) == pytest.approx(1.4)
    assert evaluation.effective_share(log) == 0.5


def test_ips_and_dr_are_right_in_the_mean_over_all_logs():
    """All logs of two requests with two candidates, weighted by their chances."""
    rewards = np.array([[1.0, 0.0], [0.3, 0.8]])
    chances = np.array([[0.7, 0.3], [0.2, 0.8]])
    target = np.array([[0.5, 0.5], [0.9, 0.1]])
    truth = (target * rewards).sum(1).mean()
    guess = np.array([[0.2, 0.9], [0.5, 0.5]])  # wrong
    means = {"IPS": 0.0, "DR": 0.0}
    for shown in itertools.product((0, 1), repeat=2):
        at = (np.arange(2), np.array(shown))
        log = Logged(rewards[at], shown, chances[at], target, guess)
        chance = chances[at].prod()
        means["IPS"] += chance * evaluation.ips(log)
        means["DR"] += chance * evaluation.doubly_robust(log)
    assert means == pytest.approx({"IPS": truth, "DR": truth})


@given(SEEDS)
def test_dr_with_a_model_that_knows_all_rewards_is_exact(seed):
    rng = np.random.default_rng(seed)
    rewards = rng.random((8, 3))
    target = rng.dirichlet(np.ones(3), size=8)
    shown = rng.integers(3, size=8)
    at = (np.arange(8), shown)
    log = Logged(rewards[at], shown, rng.uniform(0.01, 1, 8), target, rewards)
    assert evaluation.doubly_robust(log) == pytest.approx(
        (target * rewards).sum(1).mean()
    )


@given(SEEDS)
def test_snips_stays_within_the_rewards_and_a_bound_lowers_ips(seed):
    log = policy_grid.draw(np.random.default_rng(seed), 1.0, rows=60)
    if np.asarray(evaluation.weights(log)).sum() == 0:
        return
    assert 0 <= evaluation.snips(log) <= 1
    assert evaluation.ips(log, clip=2) <= evaluation.ips(log)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"propensity": [0.0, 0.5]}, "propensity: expected"),
        ({"shown": [0]}, "target, guess, shown"),
        ({"target": [[0.0, 1.0], [1.0, 0.0]]}, "log: expected a row"),
    ],
)
def test_a_log_that_cannot_be_is_told(change, message):
    log = one_log()._replace(**change)
    with pytest.raises(ValueError, match=message):
        policies.estimates(log)
    with pytest.raises(ValueError, match="clip: expected"):
        evaluation.weights(one_log(), clip=0)


def test_where_both_rankings_agree_the_items_are_good():
    """What the figure says of replay: those rows are no sample."""
    x, p = policy_grid.requests(np.random.default_rng(0), 40_000)
    old, new = (x @ w for w in (policy_grid.OLD, policy_grid.NEW))
    first = new.argmax(1)
    agree = old.argmax(1) == first
    rates = p[np.arange(len(p)), first]
    assert rates[agree].mean() > rates[~agree].mean() + 0.2


def test_the_stored_policies_are_those_of_drawing_again():
    kept = stored.read("evaluation_policy")["cells"]
    fresh = policy_grid.cell(2.0, logs=40, clips=(5.0,))[0]
    was = stored.at(kept, temperature=2.0, clip=5.0)
    for name in policies.ESTIMATORS:
        error = was[name]["sd"] / np.sqrt(40)
        assert abs(fresh[name]["mean"] - was[name]["mean"]) < 5 * error


# ---------------------------------------------------------------- online and real data


def test_users_are_the_unit_of_a_ratio():
    assert evaluation.false_alarms("users", tests=200) < 0.1
    assert evaluation.false_alarms("impressions", tests=200) > 0.2


@given(SEEDS)
def test_a_draft_takes_the_best_of_both_and_each_item_once(seed):
    rng = np.random.default_rng(seed)
    one, other = rng.permutation(8), rng.permutation(8)
    page, team = evaluation.team_draft(one, other, 6, rng)
    assert len(set(page)) == 6 and sum(team) == 3
    assert page[0] == (one, other)[team[0]][0]


def test_a_budget_for_each_arm_shows_that_nothing_is_gained():
    found = evaluation.shared_budget(users=50_000)
    assert found["A/B, one budget"] > 0.1
    assert abs(found["A/B, a budget each"]) < 0.01
    assert found["if all had it"] == 0


def test_the_stored_census_has_its_form():
    kept = stored.read("evaluation_census")
    names = [cell["model"] for cell in kept["cells"]]
    assert names == [*benchmark.NETWORKS, benchmark.BOOSTING]
    assert kept["splits"] >= 3 and "CC BY 4.0" in kept["source"]
    assert kept["splits"] == benchmark.SPLITS
    assert "grid evaluation_census" in kept["command"]
    for cell in kept["cells"]:
        for task in benchmark.TASKS:
            assert len(cell[task]) == kept["splits"]
            assert all(0.9 < value < 1 for value in cell[task])


def test_one_column_of_the_census_again():
    path = os.environ.get(benchmark.PATH) or REAL_CENSUS
    if not Path(path).exists():
        pytest.skip(f"no census file: {path} ({benchmark.PATH} names one)")
    rows = benchmark.load(path)
    few = {
        name: rows[name]
        for name in ("income", "marital_status", "age", "household_and_family")
    }
    alone = benchmark.columns_alone(benchmark.prepare(few))
    kept = stored.read("evaluation_census")
    assert len(rows["income"]) == kept["rows"]
    for name in ("age", "household_and_family"):
        assert alone["never married"][name] == pytest.approx(
            kept["columns"]["never married"][name], abs=1e-4
        )


def test_the_benchmarks_mmoe_has_the_weights_counted_by_hand():
    experts, gates = 8 * (5 + 1) * 16, 2 * 5 * 8
    towers = 2 * ((16 + 1) * 16 + 16 + 1)
    model = benchmark.network("MMoE", 5, seed=0)
    assert model.count_params() == experts + gates + towers
    assert model.output_shape == (None, 2)


def test_boosting_learns_from_made_up_people(monkeypatch):
    monkeypatch.setitem(benchmark.TREES, "max_iter", 4)
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, size=1500)
    rich = 1 * (rng.random(1500) < 1 / (1 + np.exp(-(age - 55) / 8)))
    single = np.where(age < 40, "Never married", "Widowed")
    people = benchmark.prepare(
        {
            "age": age.astype("float32"),
            "sex": rng.choice(["Female", "Male"], 1500).astype(object),
            "marital_status": single.astype(object),
            "income": rich,
        }
    )
    income, never_married = benchmark.boosted(people, 0)
    assert income > 0.7 and never_married > 0.99


def test_the_interval_of_a_normal_estimate_by_hand():
    found = intervals.around(1.0, 0.5)
    assert found.high == pytest.approx(1.98, abs=0.001)
