"""Chapter 9's page on serving: calls, small tables, retrieval, drift, warm models."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from mtl_lessons import metrics, stored
from mtl_lessons.serving import calls, drift, nets, quantise, retrieval, warm
from mtl_lessons.world import World

# ---- calls ----


@pytest.fixture(scope="module")
def small():
    return calls.ranker(heads=2, experts=2)


def test_all_ways_give_the_same_probabilities(small, tmp_path):
    rows = calls.feed(40)
    found = calls.ways(small.joint, tmp_path)
    assert "LiteRT" in found
    answers = {name: call(rows) for name, call in found.items()}
    first = answers["tf.function(model)"]
    assert sorted(first) == ["task0", "task1"]
    for name, answer in answers.items():
        assert sorted(answer) == sorted(first), name
        assert calls.gap(first, answer) < 1e-6, name


def test_a_graph_answers_any_number_of_rows(small):
    call = calls.graph(small.joint)
    assert {n: call(calls.feed(n))["task0"].shape for n in (1, 7)} == {
        1: (1, 1),
        7: (7, 1),
    }


def test_the_users_side_once_changes_no_answer(small):
    both = calls.user_side(small)
    rows = calls.with_history(9)
    once, repeated = both["once"](rows), both["repeated"](rows)
    for task in once:
        np.testing.assert_allclose(once[task], repeated[task], atol=1e-6)


def test_what_a_stored_cost_says_and_one_ratio_again(small):
    grid = stored.read("serving_calls")
    ratio = {way["way"]: way["ratio"] for way in grid["ways"]}
    assert min(ratio["model(rows), eager"]) > 3
    assert min(ratio["predict, batches of 32"]) > 8
    rows = calls.feed(50)
    thunks = {
        "graph": partial(calls.graph(small.joint), rows),
        "predict": lambda: small.joint.predict(rows, verbose=0),
    }
    found = calls.costs(thunks, rounds=3, seconds=0.05)
    # not a race: far below what was measured
    assert min(calls.ratios(found, "graph")["predict"]) > 2


def test_a_budget_has_a_cell_for_every_position():
    grid = stored.read("serving_budget")
    found = {(c["heads"], c["experts"], c["rows"]) for c in grid["joint"]}
    rows = {n * b for n in calls.CANDIDATES for b in calls.BATCHES}
    assert found == {
        (h, e, r) for h in calls.HEADS for e in calls.EXPERTS for r in rows
    }
    assert [cell["users"] for cell in grid["user"]] == list(calls.BATCHES)


# ---- small tables ----

tables = arrays(
    "float32",
    st.tuples(st.integers(1, 6), st.integers(1, 9)),
    elements=st.floats(-100, 100, width=32),
)


@given(tables, st.sampled_from(quantise.BITS))
def test_a_rounded_number_is_at_most_half_a_scale_off(table, bits):
    small = quantise.SmallTable.of(table, bits)
    found = small.rows(np.arange(len(table)))
    assert found.shape == table.shape
    assert (np.abs(found - table) <= small.scales * 0.5001 + 1e-6).all()


@given(tables)
def test_codes_come_back_in_the_order_of_the_ids(table):
    small = quantise.SmallTable.of(table, 4)
    ids = np.arange(len(table))[::-1]
    np.testing.assert_array_equal(
        small.rows(ids), small.rows(np.arange(len(table)))[::-1]
    )


def test_four_bits_by_hand():
    # largest 7: the scale is 1, and codes are the numbers
    small = quantise.SmallTable.of(np.array([[7.0, -7.0, 2.4]]), 4)
    assert small.codes.tolist() == [[14, 9]]  # 14 | 0 << 4, then 2 + 7
    assert small.rows([0]).tolist() == [[7.0, -7.0, 2.0]]
    assert small.nbytes == 2 + 4


def test_a_row_of_zeros_stays_zero():
    small = quantise.SmallTable.of(np.zeros((2, 3)), 8)
    assert not small.rows([0, 1]).any()


@pytest.mark.parametrize(
    ("table", "bits", "said"),
    [
        (np.zeros((2, 2)), 5, "bits: expected one of (8, 4, 2), found 5"),
        (np.zeros(2), 8, "table: expected finite numbers of shape"),
        (np.full((1, 1), np.nan), 8, "table: expected finite numbers"),
    ],
)
def test_a_table_that_cannot_be_rounded(table, bits, said):
    with pytest.raises(ValueError) as caught:
        quantise.SmallTable.of(table, bits)
    assert said in str(caught.value)


def test_what_rounding_costs_is_stored():
    cells = {c["kind"]: c for c in stored.read("serving_tables")["cells"]}
    for head in nets.TASKS:
        base = np.array(cells["float32"]["auc"][head])
        int8 = np.array(cells["int8"]["auc"][head]) - base
        crude = np.array(cells["2 bits"]["auc"][head]) - base
        assert np.abs(int8).max() < 1e-3
        assert metrics.interval(crude).high < -0.005


# ---- retrieval ----


@given(st.integers(0, 100), st.floats(-5, 5), st.floats(-5, 5))
def test_a_weighted_sum_of_logits_is_one_inner_product(seed, x, y):
    rng = np.random.default_rng(seed)
    ua, ub = rng.normal(size=(2, 3, 4))
    va, vb = rng.normal(size=(2, 5, 4))
    query = retrieval.joined([ua, ub], [x, y])
    expected = x * ua @ va.T + y * ub @ vb.T
    np.testing.assert_allclose(
        query @ retrieval.joined([va, vb]).T, expected, atol=1e-9
    )


@given(st.integers(0, 100))
def test_the_nearest_lengthened_item_has_the_largest_product(seed):
    rng = np.random.default_rng(seed)
    items = rng.normal(size=(30, 4)) * rng.gamma(1, size=(30, 1))
    query = rng.normal(size=4)
    longer = retrieval.lengthened(items)
    lengths = np.linalg.norm(longer, axis=1)
    np.testing.assert_allclose(lengths, lengths[0])
    near = np.linalg.norm(longer - np.append(query, 0), axis=1)
    assert near.argmin() == (items @ query).argmax()


def test_what_cannot_be_joined_or_chosen():
    with pytest.raises(ValueError, match="weights: expected one for each of 2"):
        retrieval.joined([np.ones((1, 1))] * 2, [1.0])
    with pytest.raises(ValueError, match="k: expected 1 to 3 items, found 4"):
        retrieval.best(np.zeros((1, 3)), 4)
    with pytest.raises(ValueError, match="kind: expected one of exact"):
        retrieval.searched("tree", np.ones((1, 2)), np.ones((3, 2)))


def test_own_weights_are_slopes():
    a, b = np.full((1, 3), 0.3), np.full((1, 3), -1.0)
    by_a, by_b = retrieval.slopes("P(click) P(buy)", a, b, np.array([[0, 1]]))
    p, q = expit(0.3), expit(-1.0)
    assert by_a[0, 0] == pytest.approx(p * (1 - p) * q, rel=1e-5)
    assert by_b[0, 0] == pytest.approx(p * q * (1 - q), rel=1e-5)


def test_one_world_of_the_stored_recalls_again():
    grid = stored.read("serving_retrieval")
    world = World(seed=2, users=300, items=grid["items"])
    for row in retrieval.compared(world, fetched=(200,)):
        point = {name: row[name] for name in ("fusion", "way", "fetched")}
        found = stored.at(grid["cells"], **point)["recall"]
        assert row["recall"] == pytest.approx(found[2], abs=0.003), point


def test_the_inner_product_trap_again():
    """A graph of neighbours by inner product misses items; by distance of
    lengthened vectors it does not.
    """
    world = World(seed=4, users=300, items=20_000)
    users, goods = retrieval.two_heads(world, users=50)
    queries, items = retrieval.joined(users), retrieval.joined(goods)
    wanted = retrieval.best(queries @ items.T, 100)
    found = {
        kind: retrieval.recall(wanted, retrieval.searched(kind, queries, items))
        for kind in retrieval.INDEXES
    }
    assert found["exact"] > 0.999
    assert found["HNSW, lengthened"] > 0.99
    assert found["HNSW, inner product"] < 0.9


# ---- drift ----


def test_the_intercept_makes_sums_agree():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.6, 500)
    labels = (rng.random(500) < drift.moved(p, 0.7)).astype(float)
    intercept = drift.refit(labels, p)
    assert drift.moved(p, intercept).sum() == pytest.approx(labels.sum())
    assert drift.pcoc(labels, drift.moved(p, intercept)) == pytest.approx(1)


def test_an_intercept_leaves_the_order_as_it_was():
    p = np.random.default_rng(1).uniform(0.01, 0.9, 200)
    labels = np.arange(200) % 3 == 0
    assert metrics.auc(labels, drift.moved(p, 1.3)) == metrics.auc(labels, p)


def test_an_alarm_by_hand():
    # a gap of 0.5 a row, an error of 0.5 / sqrt(rows): 4 of them after 16
    labels, p = np.ones(100), np.full(100, 0.5)
    assert drift.alarm(labels, p, every=10) == 20
    assert drift.alarm(p, p) is None


def test_bad_labels():
    with pytest.raises(ValueError, match="at least one positive"):
        drift.pcoc([0, 0], [0.1, 0.1])
    with pytest.raises(ValueError, match="expected both 0 and 1"):
        drift.refit(np.ones(3), np.full(3, 0.5))


def test_one_world_of_the_stored_drift_again():
    grid = stored.read("serving_drift")
    found = drift.one(World(seed=1), grid["rows"])
    assert found.keys() == grid["runs"].keys()
    for name, value in found.items():
        expected = grid["runs"][name][1]
        assert value == pytest.approx(expected, rel=0.02, abs=0.01), name


# ---- warm models ----


def test_true_chances_of_the_three_labels():
    rows = nets.log(World(seed=3), 200_000)
    for task in nets.TASKS:
        assert rows[task].mean() == pytest.approx(
            rows[f"p_{task}"].mean(), rel=0.04
        )


def test_seeds_do_not_touch_each_other():
    """Two nets side by side are trained as each of them alone."""
    logs = [
        nets.log(World(seed=seed, users=40, items=20), 5_000) for seed in (0, 1)
    ]
    sizes = {
        "users": 40,
        "items": 20,
        "tasks": ("click",),
        "dim": 2,
        "units": (4,),
    }
    both = nets.HeadNets(2, **sizes)
    both.fit(logs, 1)
    alone = nets.HeadNets(1, **sizes)
    alone.fit(logs[:1], 1)
    np.testing.assert_allclose(
        both.scores(logs)["click"][0],
        alone.scores(logs[:1])["click"][0],
        atol=1e-4,
    )


def test_a_frozen_trunk_leaves_the_old_heads_as_they_were():
    logs = [nets.log(World(seed=0, users=40, items=20), 5_000)]
    net = nets.HeadNets(
        1, users=40, items=20, tasks=("click",), dim=2, units=(4,)
    )
    before = net.scores(logs)["click"]
    net.add_head("purchase")
    net.fit(
        logs, 1, ("purchase",), train=lambda name: name.startswith("purchase")
    )
    after = net.scores(logs)
    np.testing.assert_array_equal(after["click"], before)
    assert list(after) == ["click", "purchase"]


def test_a_masked_label_teaches_nothing():
    rows = nets.log(World(seed=0, users=40, items=20), 5_000)
    rows |= {nets.MASK.format("click"): np.zeros(5_000, "float32")}
    net = nets.HeadNets(
        1, users=40, items=20, tasks=("click",), dim=2, units=(4,)
    )
    before = net.scores([rows])["click"]
    net.fit([rows], 1)
    np.testing.assert_array_equal(net.scores([rows])["click"], before)


def test_the_experiments_have_the_stored_arms():
    assert [c["arm"] for c in stored.read("serving_heads")["cells"]] == [
        "before",
        *warm.HEAD_ARMS,
    ]
    assert [c["arm"] for c in stored.read("serving_distil")["cells"]] == [
        "large model",
        *warm.DISTIL_ARMS,
    ]
    epochs = stored.read("serving_epochs")["cells"]
    assert [cell["arm"] for cell in epochs] == list(warm.EPOCH_ARMS)
    shape = np.shape(epochs[0]["auc"]["click"])
    assert shape == (6, warm.READ * warm.PER_EPOCH)


def test_the_experiments_run_at_a_small_size():
    """What the grids run, with few rows: all arms, all heads."""
    small = {"seeds": 2, "rows": 6_000}
    heads = warm.heads_grid(
        **small, arms=["new head, trunk frozen"], epochs=[1]
    )
    frozen = heads["cells"][1]["auc"]
    assert frozen["click"] == heads["cells"][0]["auc"]["click"]
    distil = warm.distil_grid(**small, arms=["teacher"], epochs=[1])
    assert distil["cells"][0]["weights"] > distil["cells"][1]["weights"]
    sizes = {"users": 200, "items": 50}
    read = warm.epochs_grid(**small, arms=["tables fixed"], read=2, sizes=sizes)
    assert np.shape(read["cells"][0]["auc"]["long"])[0] == 2
