"""Chapter 7: signals by hand, groups and gains, the batched networks, the stored grids."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from mtl_lessons import choosing_tasks as choosing
from mtl_lessons import stored
from mtl_lessons.choosing_tasks import (
    auxiliary,
    experiment,
    judge,
    leaks,
    nets,
    probes,
)
from mtl_lessons.choosing_tasks.sets import SETS, numbers

RNG = np.random.default_rng(0)

# ---- the world ----


def test_the_weights_of_relatives_stand_at_the_asked_cosine():
    for cosine in (-0.5, 0.0, 0.8, 1.0):
        found = choosing.weights("save", cosine)
        assert found @ choosing.weights("click") == pytest.approx(cosine)
        assert np.linalg.norm(found) == pytest.approx(1)
        np.testing.assert_allclose(
            found, choosing.weights("review", cosine), atol=1e-12
        )


def test_a_seed_is_the_same_alone_and_among_others():
    both, alone = choosing.draw([3, 5], 50), choosing.draw([5], 50)
    for one, other in zip(both, alone, strict=True):
        np.testing.assert_array_equal(one[1], other[0])


def test_labels_follow_the_truth_and_correlate_as_was_built():
    rows = choosing.draw([0, 1], 40_000)
    np.testing.assert_allclose(rows.y.mean(1), rows.truth.mean(1), atol=0.01)
    correlation = np.corrcoef(rows.y[0].T)
    at = choosing.TASKS.index
    assert abs(correlation[at("click"), at("save")]) < 0.03
    assert correlation[at("click"), at("play")] > 0.2
    assert correlation[at("click"), at("search")] > 0.1
    friendly = choosing.draw([0], 40_000, cosine=0.8)
    assert np.corrcoef(friendly.y[0].T)[at("click"), at("save")] > 0.2


def test_other_shares_of_labels_change_nothing_else():
    few, all_ = (
        choosing.draw([0], 200),
        choosing.draw([0], 200, 0.0, {"save": 1}),
    )
    np.testing.assert_array_equal(few.y, all_.y)
    assert all_.known[0, :, 1].all() and not few.known[0, :, 1].all()
    np.testing.assert_array_equal(few.known[0, :, 0], all_.known[0, :, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: choosing.draw([0], 0), "rows: expected at least 1, found 0"),
        (
            lambda: choosing.draw([0], 5, 1.5),
            "cosine: expected from -1 to 1, found 1.5",
        ),
        (
            lambda: choosing.draw([0], 5, 0, {"like": 1}),
            "labels: expected some of click, .*, found 'like'",
        ),
        (
            lambda: choosing.partitions([0, 1], 3),
            "networks: expected from 1 to 2, found 3",
        ),
        (
            lambda: choosing.joining(np.ones((1, 63, 6)), (0, 1), 1),
            r"new: expected none of \(0, 1\), found 1",
        ),
        (
            lambda: numbers("like"),
            "names: expected some of click, .*, found 'like'",
        ),
        (
            lambda: auxiliary.switched("noise"),
            "case: expected one of room, .*, found 'noise'",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- signals ----


def quadratics():
    """Two losses over two weights, and their gradients, by hand."""
    targets = np.array([[1.0, 0.0], [0.0, 2.0]])
    weights = np.array([0.5, -1.0])
    loss = lambda w: ((w - targets) ** 2).sum(1) / 2 + 1
    return weights, loss, weights - targets


def test_the_look_ahead_by_hand_and_its_first_order():
    weights, loss, gradients = quadratics()
    before = loss(weights)
    # 1 + (0.25 + 1) / 2 and 1 + (0.25 + 9) / 2
    np.testing.assert_allclose(before, [1.625, 5.625])
    for rate in (1e-5, 0.1):
        after = np.stack([loss(weights - rate * g) for g in gradients])
        ahead = choosing.lookahead(before, after)
        line = choosing.first_order(gradients, before, rate)
        # the loss is quadratic: what is missing is ½ rate² ‖g_i‖² / L_j
        missing = rate**2 * (gradients**2).sum(1)[:, None] / 2 / before
        np.testing.assert_allclose(ahead, line - missing, atol=1e-12)
    # g_i · g_j = (-0.5, -1) · (0.5, -3) = 2.75
    np.testing.assert_allclose(
        choosing.first_order(gradients, before, 0.1)[0, 1], 0.1 * 2.75 / 5.625
    )


@given(st.integers(2, 5), st.integers(1, 6), st.integers(0, 10))
@settings(max_examples=30, deadline=None)
def test_a_cosine_is_symmetric_bounded_and_blind_to_lengths(tasks, size, seed):
    rng = np.random.default_rng(seed)
    g = rng.normal(size=(tasks, size))
    found = choosing.gradient_cosine(g)
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    np.testing.assert_allclose(np.diag(found), 1)
    assert (np.abs(found) <= 1 + 1e-12).all()
    scaled = g * rng.uniform(0.1, 9, size=(tasks, 1))
    np.testing.assert_allclose(
        choosing.gradient_cosine(scaled), found, atol=1e-9
    )


def test_a_gradient_of_zero_has_a_cosine_of_zero():
    assert choosing.gradient_cosine([[0.0, 0.0], [1.0, 0.0]])[0, 1] == 0


@given(st.integers(0, 30))
@settings(max_examples=20, deadline=None)
def test_cka_knows_no_rotation_scale_or_shift_and_lies_in_0_1(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(40, 3)), rng.normal(size=(40, 5))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    found = choosing.cka(a, b)
    assert 0 <= found <= 1
    assert choosing.cka(2 * a @ turn + 7, b) == pytest.approx(found)
    assert choosing.cka(b, a) == pytest.approx(found)
    assert choosing.cka(a, a @ turn) == pytest.approx(1)


def test_cka_of_one_unit_each_is_the_squared_correlation():
    a, b = RNG.normal(size=(2, 50, 1))
    b = b + a
    r = np.corrcoef(a[:, 0], b[:, 0])[0, 1]
    assert choosing.cka(a, b) == pytest.approx(r**2)


def test_labels_correlate_on_common_rows_alone():
    y = np.array([[1, 1], [0, 0], [1, 0], [0, 1], [1, 0], [0, 1]])
    known = np.ones_like(y)
    known[4:, 1] = 0  # without them the two are independent
    assert choosing.label_correlation(y, known)[0, 1] == pytest.approx(0)
    assert choosing.label_correlation(y, np.ones_like(y))[0, 1] < -0.3
    known[:, 1] = 0
    assert math.isnan(choosing.label_correlation(y, known)[0, 1])


def test_label_counts_have_a_direction():
    known = np.zeros((100, 2))
    known[:, 0], known[:10, 1] = 1, 1
    found = choosing.label_counts(known)
    assert found[0, 1] == pytest.approx(math.log(10)) == -found[1, 0]


# ---- gains and groups ----


def losses(seeds=2):
    """Excess losses of all sets: any numbers, where a task is in a set."""
    drawn = np.random.default_rng(1).uniform(0.01, 0.1, size=(seeds, 63, 6))
    return np.where(nets.mask(SETS)[None] > 0, drawn, np.nan)


def test_a_gain_by_hand():
    excess = losses()
    alone, both = (
        excess[0, SETS.index((1,)), 1],
        excess[0, SETS.index((1, 4)), 1],
    )
    assert choosing.gain(excess, (1, 4))[0, 0] == pytest.approx(
        math.log(alone / both)
    )
    pairs = choosing.pair_gains(excess)
    assert pairs[0, 4, 1] == pytest.approx(math.log(alone / both))
    assert np.isnan(pairs[:, 2, 2]).all()


def test_gains_of_joining_add_up_to_the_gain_of_the_whole():
    """From a task alone up to all six, whatever the order."""
    excess = losses()
    for order in ((0, 1, 2, 3, 4, 5), (3, 5, 0, 4, 2, 1)):
        total = np.zeros((2, 6))
        for n in range(1, 6):
            inside = order[:n]
            found = choosing.joining(excess, inside, order[n])
            total[:, list(inside)] += found[:, :-1]
            total[:, order[n]] += found[:, -1]
        np.testing.assert_allclose(
            total, choosing.gain(excess, (0, 1, 2, 3, 4, 5))
        )


@pytest.mark.parametrize(
    ("tasks", "counts"), [(3, [1, 3, 1]), (5, [1, 15, 25, 10, 1])]
)
def test_partitions_are_all_and_each_once(tasks, counts):
    """Stirling numbers of the second kind."""
    for networks, count in enumerate(counts, 1):
        found = choosing.partitions(range(tasks), networks)
        assert len(found) == len(set(found)) == count
        for grouping in found:
            assert len(grouping) == networks and all(grouping)
            assert sorted(itertools.chain(*grouping)) == list(range(tasks))


def test_the_choice_is_the_best_of_all_by_its_own_promise():
    signal = RNG.normal(size=(6, 6))
    groupings = choosing.partitions(range(6), 3)
    best = choosing.choose(signal, groupings)
    promises = [choosing.promise(signal, one) for one in groupings]
    assert choosing.promise(signal, best) == max(promises)


def test_centring_lets_a_likeness_leave_a_task_alone():
    alike = np.full((6, 6), 0.3)
    alike[:3, :3] = alike[3:5, 3:5] = 0.6
    groupings = choosing.partitions(range(6), 3)
    wanted = ((0, 1, 2), (3, 4), (5,))
    assert choosing.choose(alike, groupings) != wanted
    assert choosing.choose(choosing.centred(alike), groupings) == wanted
    off = ~np.eye(6, dtype=bool)
    assert choosing.centred(alike)[off].mean() == pytest.approx(0)


def test_agreement_is_spearmans_without_the_diagonal():
    a, b = RNG.normal(size=(2, 6, 6))
    off = ~np.eye(6, dtype=bool)
    expected = spearmanr(a[off], b[off])[0]
    a[np.diag_indices(6)] = np.nan
    assert choosing.agreement(a, b) == pytest.approx(expected)


def test_a_signal_that_is_the_truth_of_the_others_ranks_perfectly():
    gains = RNG.normal(size=(3, 6, 6))
    signal = np.stack([choosing.without(gains, seed) for seed in range(3)])
    assert judge.ranks(signal, gains) == [1.0] * 3


def test_counts_tell_no_pair_sums():
    counts = choosing.label_counts(
        RNG.random((500, 6)) < [1, 0.1, 0.5, 1, 0.1, 0.5]
    )
    assert choosing.symmetric_agreement(counts, RNG.normal(size=(6, 6))) == 0


# ---- the batched networks ----


@pytest.fixture(scope="module")
def rows():
    return nets.data([0, 1])


def test_a_set_trains_as_if_it_were_alone(rows):
    """Neither other sets nor other seeds of the batch change it."""
    together = nets.train(rows, [0, 1], [(0,), (0, 1), (2, 3, 4)], steps=24)
    second = nets.NetRows(
        *(type(part)(*(c[1:] for c in part)) for part in rows)
    )
    alone = nets.train(second, [1], [(0, 1)], steps=24)
    np.testing.assert_allclose(
        together.excess[1, 1, :2], alone.excess[0, 0, :2], atol=1e-5
    )


def test_a_head_outside_of_its_set_is_not_trained(rows):
    trained = nets.train(rows, [0, 1], [(0,), (0, 1)], steps=12)
    start = nets.TaskNets([0, 1], sets=2).heads.numpy()
    now = trained.nets.heads.numpy()
    np.testing.assert_array_equal(now[:, 0, :, 1:], start[:, 0, :, 1:])
    assert (now[:, 1, :, 1] != start[:, 1, :, 1]).any()


def test_a_probe_leaves_the_run_as_it_was_and_steps_nothing_at_rate_0(
    rows, monkeypatch
):
    monkeypatch.setattr(probes, "RATE", 0.0)
    found = probes.in_joint_run(rows, [0, 1], steps=12, every=4, every_full=6)
    np.testing.assert_allclose(found["lookahead"], 0, atol=1e-6)
    diagonal = found["gradient cosine"].diagonal(axis1=1, axis2=2)
    np.testing.assert_allclose(diagonal, 1, atol=1e-5)


# ---- what is stored ----


def test_one_seed_of_the_store_again(rows):
    """Single tasks, a pair and all six, in the orthogonal world."""
    sets = [(0,), (1,), (0, 1), tuple(range(6))]
    again = nets.train(rows, [0, 1], sets).excess
    for world in (judge.read("orthogonal"),):
        for k, one in enumerate(sets):
            there = world.excess[:2, SETS.index(one)][:, list(one)]
            here = again[:, k, list(one)]
            assert np.abs(np.log(here / there)).max() < 0.5, one


def test_the_store_has_every_set_and_signal_of_every_seed():
    data = stored.read("choosing_tasks")
    assert [tuple(s) for s in data["sets"]] == list(SETS)
    for world in choosing.WORLDS:
        found = judge.read(world)
        assert found.excess.shape == (experiment.SEEDS, 63, 6)
        assert np.isfinite(found.excess).sum() == experiment.SEEDS * 192
        for signal in found.signals.values():
            assert signal.shape == (experiment.SEEDS, 6, 6)
    for width in experiment.OTHER_WIDTHS:
        rows = data["widths"][str(width)]
        shape = choosing.excess(rows, experiment.FEW).shape
        assert shape == (experiment.SEEDS, 22, 6)


def test_what_the_chapter_says_of_the_worlds():
    """The bars that were set before the chapter was written."""
    found = judge.read("orthogonal")
    first = [
        choosing.agreement(a, b)
        for a, b in zip(
            found.signals["lookahead"],
            found.signals["first order"],
            strict=True,
        )
    ]
    assert min(first) > 0.9  # the look ahead is its first order
    likeness = judge.ranks(
        found.signals["CKA"], found.gains, choosing.symmetric_agreement
    )
    cosine = judge.ranks(
        found.signals["gradient cosine"],
        found.gains,
        choosing.symmetric_agreement,
    )
    assert np.mean(likeness) > np.mean(cosine) + 0.2


# ---- auxiliary tasks ----


def test_descend_finds_a_minimum():
    w = auxiliary.tf.Variable([[3.0], [-2.0]])
    x = RNG.normal(size=(1, 64, 2)).astype("float32")
    y = x @ np.array([[0.5], [1.5]], "float32")
    loss = lambda _, x, y: auxiliary.tf.reduce_mean((x[0] @ w - y[0]) ** 2)
    auxiliary.descend([w], loss, [x, y], 0.2, 150, 32)
    np.testing.assert_allclose(w.numpy()[:, 0], [0.5, 1.5], atol=0.05)


def test_a_case_shares_what_it_says():
    x, truth, y = auxiliary.pair(auxiliary.CASES["labels"], 0)
    assert x.shape == (18_000, 24) and truth.shape == y.shape == (18_000, 2)
    logit = np.log(truth / (1 - truth))
    # 4 of 8 features in common, each with weight 1/2 and 1/√8
    expected = 4 * (1 / 2) * (1 / math.sqrt(8))
    assert np.corrcoef(logit.T)[0, 1] == pytest.approx(expected, abs=0.03)
    opposed = auxiliary.pair(auxiliary.CASES["room"], 0)[1]
    logit = np.log(opposed / (1 - opposed))
    assert np.corrcoef(logit.T)[0, 1] == pytest.approx(0, abs=0.03)


def test_one_leak_of_the_store_again():
    there = stored.read("choosing_tasks_auxiliary")["leak"][0]
    here = auxiliary.leaky_target(0)
    for target in leaks.TARGETS:
        for judged, value in there[target].items():
            assert here[target][judged] == pytest.approx(value, abs=0.02)
