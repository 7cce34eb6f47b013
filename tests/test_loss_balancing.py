"""Chapter 3's parts: methods, the trainer, the chapter's world.

Methods by hand, as properties of generated gradients, and against NumPy.
"""

from functools import partial
from itertools import permutations

import balances
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize, nnls

from mtl_lessons import loss_balancing as lb
from mtl_lessons import stored
from mtl_lessons.backend import keras, tf
from mtl_lessons.loss_balancing import controls, experiment, front

IN_PAPERS = {  # what a method is called here, if not as its class
    "Equal": "equal",
    "Fixed": "fixed",
    "Uncertainty": "uncertainty",
    "Aggregator": "mean",
    "IMTLG": "IMTL-G",
    "NashMTL": "Nash-MTL",
    "AlignedMTL": "Aligned-MTL",
}
BALANCES = {
    IN_PAPERS.get(name, name): partial(make, 2)
    for name, make in balances.BALANCES.items()
}
AGGREGATORS = {
    IN_PAPERS.get(name, name): make(2)
    for name, make in balances.AGGREGATORS.items()
}
every_aggregator = pytest.mark.parametrize("name", AGGREGATORS)
QUICK = settings(max_examples=15, deadline=None, derandomize=True)
TWO_TO_FOUR = st.integers(2, 4)
PAIR = np.array([[3.0, 1.0], [-1.0, 1.0]])


@st.composite
def gradients(draw, tasks=TWO_TO_FOUR, apart=0.05):
    """T gradients of lengths 0.1 to 10 in a space large enough for them.

    None is nearly a combination of the others.
    """
    t = draw(tasks)
    g = draw(arrays(float, (t, t + 1), elements=st.floats(-1, 1, width=16)))
    lengths = np.linalg.norm(g, axis=1)
    assume(lengths.min() > 0.1)
    units = g / lengths[:, None]
    assume(np.linalg.eigvalsh(units @ units.T)[0] > apart)
    return (
        units * np.array([draw(st.floats(0.1, 10)) for _ in range(t)])[:, None]
    )


def weights(name, g):
    return AGGREGATORS[name](lb.gram(g)).numpy()


# ---------------------------------------------------------------- aggregators: by hand


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("mean", (1.0, 1.0)),
        ("PCGrad", (0.8, 1.6)),  # g1' = (2, 2), g2' = (-.4, 1.2)
        ("UPGrad", (0.8, 1.6)),
        ("MGDA", (0.0, 1.0)),  # w = (1/4, 3/4)
        # w = (5 - √5) / 10 · (1, 2)
        (
            "Aligned-MTL",
            (1 / 2 - 5**0.5 / 10, 3 / 2 - 3 * 5**0.5 / 10),
        ),
        ("IMTL-G", (0.236068, 1.0)),
        # two tasks: equal shares of the unit gradients as well
        ("Nash-MTL", (0.236068, 1.0)),
    ],
)
def test_two_gradients_by_hand(name, direction):
    np.testing.assert_allclose(
        lb.step(AGGREGATORS[name], PAIR), direction, atol=1e-5
    )


def test_nash_bargains_until_g_alpha_is_one_over_alpha():
    alpha = lb.NashMTL().bargain(lb.gram(PAIR)).numpy()
    np.testing.assert_allclose(alpha, [0.4253, 0.9511], atol=1e-4)
    np.testing.assert_allclose(
        lb.gram(PAIR).numpy() @ alpha, 1 / alpha, atol=1e-5
    )


def test_mgda_listens_to_the_short_gradient():
    np.testing.assert_allclose(
        weights("MGDA", np.diag([10.0, 1.0])), [1 / 101, 100 / 101], atol=1e-6
    )


@QUICK
@given(g=gradients())
def test_aligned_gradients_are_orthogonal_and_as_long_as_the_least_singular_value(
    g,
):
    u, s, vt = np.linalg.svd(g, full_matrices=False)  # rows are gradients
    np.testing.assert_allclose(
        lb.step(AGGREGATORS["Aligned-MTL"], g),
        s[-1] * (u @ vt).mean(0),
        rtol=1e-4,
        atol=1e-6,
    )


@every_aggregator
def test_a_task_without_labels_is_left_out(name):
    g = np.array([[3.0, 1.0, 0.0], [0.0, 0.0, 0.0], [-1.0, 1.0, 0.5]])
    found = AGGREGATORS[name](lb.gram(g), known=[True, False, True]).numpy()
    np.testing.assert_allclose(
        found, np.insert(weights(name, g[[0, 2]]), 1, 0.0), atol=1e-9
    )
    assert (AGGREGATORS[name](lb.gram(g), known=[False] * 3).numpy() == 0).all()


@every_aggregator
@pytest.mark.parametrize("scale", [1e-90, 1e90])
def test_tiny_and_huge_gradients_are_as_good_as_others(name, scale):
    np.testing.assert_allclose(
        weights(name, scale * PAIR), weights(name, PAIR), rtol=1e-6
    )


def test_cagrad_without_a_radius_is_the_mean():
    np.testing.assert_allclose(
        lb.CAGrad(c=0.0)(lb.gram(PAIR)).numpy(), [0.5, 0.5], atol=1e-12
    )


def test_three_tasks_can_all_lose_by_imtl_g():
    g = np.array([[0.0, 0.0, 1.0], [2.0, -3.0, 2.0], [-2.0, 1.0, 2.0]])
    projections = (
        g @ lb.step(AGGREGATORS["IMTL-G"], g) / np.linalg.norm(g, axis=1)
    )
    # equal, and backwards
    np.testing.assert_allclose(projections, -0.54279, atol=1e-4)


# ---------------------------------------------------------------- aggregators: properties


@every_aggregator
@QUICK
@given(g=gradients())
def test_order_of_tasks_does_not_matter(name, g):
    if name == "PCGrad" and len(g) > 2:
        return  # it projects in a random order: held below, over all orders
    turned = np.arange(len(g))[::-1]
    np.testing.assert_allclose(
        weights(name, g[turned]), weights(name, g)[turned], rtol=1e-3, atol=1e-4
    )


@every_aggregator
@QUICK
@given(g=gradients(), scale=st.sampled_from([1e-4, 0.1, 30.0, 1e4]))
def test_the_unit_of_all_losses_does_not_matter(name, g, scale):
    if name == "PCGrad" and len(g) > 2:
        return
    np.testing.assert_allclose(
        weights(name, scale * g), weights(name, g), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("name", ["IMTL-G", "Nash-MTL"])
@QUICK
@given(g=gradients(), unit=st.floats(0.01, 100))
def test_the_unit_of_one_loss_changes_the_length_only(name, g, unit):
    other = g.copy()
    other[0] *= unit
    one, two = lb.step(AGGREGATORS[name], g), lb.step(AGGREGATORS[name], other)
    assert abs(one @ two) == pytest.approx(
        np.linalg.norm(one) * np.linalg.norm(two), rel=1e-3
    )


@pytest.mark.parametrize("name", ["UPGrad", "MGDA", "Nash-MTL"])
@QUICK
@given(g=gradients())
def test_no_conflict_is_left_for_any_number_of_tasks(name, g):
    d = lb.step(AGGREGATORS[name], g)
    assert (g @ d / np.linalg.norm(g, axis=1)).min() > -1e-4 * np.linalg.norm(d)


@pytest.mark.parametrize(
    "name", ["PCGrad", "UPGrad", "MGDA", "IMTL-G", "Nash-MTL"]
)
@QUICK
@given(g=gradients(st.just(2)))
def test_no_conflict_is_left_between_two(name, g):
    d = lb.step(AGGREGATORS[name], g)
    assert (g @ d / np.linalg.norm(g, axis=1)).min() > -1e-4 * np.linalg.norm(d)


@QUICK
@given(g=gradients())
def test_cagrad_stays_near_the_mean_and_helps_the_worst(g):
    d, mean = 1.5 * lb.step(AGGREGATORS["CAGrad"], g), g.mean(0)
    assert np.linalg.norm(d - mean) <= (0.5 + 1e-6) * np.linalg.norm(mean)
    assert (g @ d).min() >= (g @ mean).min() - 1e-6


@QUICK
@given(g=gradients())
def test_imtl_g_projects_equally(g):
    d, units = (
        lb.step(AGGREGATORS["IMTL-G"], g),
        g / np.linalg.norm(g, axis=1, keepdims=True),
    )
    assert weights("IMTL-G", g).sum() == pytest.approx(1)
    assert np.ptp(units @ d) < 1e-3 * max(1, np.abs(units @ d).max())


@QUICK
@given(g=gradients(st.just(2)))
def test_pcgrad_and_upgrad_are_one_for_two_tasks(g):
    np.testing.assert_allclose(
        weights("PCGrad", g), weights("UPGrad", g), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("name", ["PCGrad", "UPGrad"])
def test_without_conflict_projections_leave_the_mean(name):
    g = np.array([[1.0, 0.2, 0.0], [0.3, 1.0, 0.5], [0.0, 0.1, 2.0]])
    np.testing.assert_allclose(weights(name, g), np.full(3, 1 / 3), atol=1e-9)


@every_aggregator
@pytest.mark.parametrize("tasks", [2, 3, 5])
def test_where_the_gradients_agree_all_are_the_mean(name, tasks):
    g = np.tile([[3.0, -4.0, 1.0]], (tasks, 1))
    np.testing.assert_allclose(lb.step(AGGREGATORS[name], g), g[0], rtol=1e-4)


@every_aggregator
def test_opposed_gradients_of_one_length_cancel(name):
    np.testing.assert_allclose(
        lb.step(AGGREGATORS[name], [[2.0, 1.0], [-2.0, -1.0]]),
        [0, 0],
        atol=1e-3,
    )


@pytest.mark.parametrize(
    "name", ["PCGrad", "UPGrad", "MGDA", "IMTL-G", "Nash-MTL"]
)
def test_opposed_gradients_stop_the_projections_whatever_their_lengths(name):
    np.testing.assert_allclose(
        lb.step(AGGREGATORS[name], [[2.0, 0.0], [-1.0, 0.0]]), [0, 0], atol=5e-3
    )
    np.testing.assert_allclose(
        lb.step(AGGREGATORS["mean"], [[2.0, 0.0], [-1.0, 0.0]]), [0.5, 0]
    )


@every_aggregator
def test_a_gradient_of_zero_has_no_coefficient_and_breaks_nothing(name):
    g = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]])
    found = weights(name, g)
    assert np.isfinite(found).all() and found[1] == 0
    assert (weights(name, 0 * g) == 0).all()
    if name == "MGDA":  # the hull contains zero, so zero is its shortest vector
        assert np.abs(found).max() < 1e-6


@every_aggregator
@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_broken_gradient_is_not_hidden(name, broken):
    assert np.isnan(weights(name, np.array([[1.0, broken], [0.0, 1.0]]))).all()


@every_aggregator
def test_compiled_by_xla_it_is_the_same(name):
    three = np.array([[3.0, 1.0, 0.0], [-1.0, 1.0, 0.5], [0.2, -2.0, 1.0]])
    # with two tasks the random order has nothing to choose
    g = PAIR if name == "PCGrad" else three
    compiled = tf.function(AGGREGATORS[name], jit_compile=True)
    np.testing.assert_allclose(
        compiled(lb.gram(g)), weights(name, g), atol=1e-5
    )


# ---------------------------------------------------------------- aggregators: NumPy says the same


def numpy_pcgrad(g, order):
    out = []
    for i in range(len(g)):
        v = g[i].copy()
        for j in order[i]:
            if j != i and v @ g[j] < 0:
                v -= v @ g[j] / (g[j] @ g[j]) * g[j]
        out.append(v)
    return np.mean(out, axis=0)


@QUICK
@given(g=gradients(st.just(3)))
def test_pcgrad_is_the_papers_loop_in_some_order(g):
    found = lb.step(AGGREGATORS["PCGrad"], g)
    orders = [
        [*a, i] for i in range(3) for a in permutations(set(range(3)) - {i})
    ]
    by_task = [[o for o in orders if o[-1] == i] for i in range(3)]
    loops = [
        numpy_pcgrad(g, order)
        for order in (
            (a, b, c)
            for a in by_task[0]
            for b in by_task[1]
            for c in by_task[2]
        )
    ]
    assert min(np.abs(found - loop).max() for loop in loops) < 1e-9


@QUICK
@given(g=gradients())
def test_upgrad_is_nonnegative_least_squares(g):
    # onto the cone that conflicts with no g: v + gᵀu, u >= 0, shortest
    def project(v):
        return v + nnls(-g.T, v)[0] @ g

    np.testing.assert_allclose(
        lb.step(AGGREGATORS["UPGrad"], g),
        np.mean([project(v) for v in g], axis=0),
        atol=2e-4,
    )


def on_simplex(objective, tasks):
    starts = np.vstack(
        [np.full(tasks, 1 / tasks), np.eye(tasks) * 0.9 + 0.1 / tasks]
    )
    sums = {"type": "eq", "fun": lambda w: w.sum() - 1}
    found = [
        minimize(
            objective,
            s,
            bounds=[(0, 1)] * tasks,
            constraints=sums,
            tol=1e-14,
            options={"maxiter": 500},
        )
        for s in starts
    ]
    return min(found, key=lambda result: result.fun)


@QUICK
@given(g=gradients(apart=0.1))
def test_mgda_is_the_shortest_vector_of_the_hull(g):
    best = on_simplex(lambda w: (w @ g) @ (w @ g), len(g))
    assert (
        np.linalg.norm(lb.step(AGGREGATORS["MGDA"], g))
        <= np.sqrt(best.fun) * (1 + 1e-4) + 1e-6
    )
    assert (
        weights("MGDA", g).sum() == pytest.approx(1, abs=1e-6)
        and weights("MGDA", g).min() >= 0
    )


@QUICK
@given(g=gradients(apart=0.1))
def test_cagrad_solves_its_dual(g):
    mean = g.mean(0)
    radius = 0.5 * np.linalg.norm(mean)
    best = on_simplex(
        lambda w: (w @ g) @ mean + radius * np.linalg.norm(w @ g), len(g)
    )
    worst = (g @ (1.5 * lb.step(AGGREGATORS["CAGrad"], g))).min()
    # strong duality: the primal value is the dual's
    assert worst >= best.fun - 1e-3 * max(1, np.abs(g @ mean).max())


@QUICK
@given(g=gradients())
def test_nash_and_imtl_g_solve_their_equations(g):
    G, n = g @ g.T, np.linalg.norm(g, axis=1)
    alpha = weights("Nash-MTL", g)
    products = (G @ alpha) * alpha
    assert np.ptp(products) < 1e-3 * products.max()  # G α ∝ 1 / α
    np.testing.assert_allclose(
        weights("IMTL-G", g),
        (a := np.linalg.solve(G, n)) / a.sum(),
        rtol=1e-2,
        atol=1e-3,
    )


# ---------------------------------------------------------------- weightings: by hand


def built(weighting, tasks=2):
    weighting.build((tasks,))
    weighting.built = True
    return weighting


def test_uncertainty_at_its_optimum_weighs_by_half_the_inverse_loss():
    losses = tf.constant([0.1, 0.3])
    # σ² = L, and 2 L
    weighting = built(
        lb.Uncertainty(["regression", "classification"], start=[0.1, 0.6])
    )
    with tf.GradientTape() as tape:
        tape.watch(losses)
        total = weighting(losses)
    np.testing.assert_allclose(
        tape.gradient(total, losses), [1 / 0.2, 1 / 0.6], rtol=1e-5
    )
    assert float(total) == pytest.approx(1 + np.log(0.1) / 2 + np.log(0.6) / 2)
    with tf.GradientTape() as tape:
        total = weighting(losses)
    np.testing.assert_allclose(
        tape.gradient(total, weighting.stored.value), [0, 0], atol=1e-6
    )


def test_speed_changes_how_fast_the_variance_moves_not_what_it_is():
    slow, fast = (
        built(lb.Uncertainty(["regression"] * 2, start=[4.0, 9.0], speed=s))
        for s in (1.0, 5.0)
    )
    np.testing.assert_allclose(slow.variances(), fast.variances(), rtol=1e-6)
    for weighting in (slow, fast):
        weighting.stored.assign_add([0.1, 0.1])
    np.testing.assert_allclose(
        fast.variances() / [4.0, 9.0], np.exp([0.5, 0.5]), rtol=1e-5
    )
    np.testing.assert_allclose(
        slow.variances() / [4.0, 9.0], np.exp([0.1, 0.1]), rtol=1e-5
    )


def test_dwa_by_hand():
    np.testing.assert_allclose(
        lb.dwa_weights([0.4, 0.19], [0.5, 0.2]), [0.9625, 1.0375], atol=1e-4
    )


def test_dwa_waits_two_epochs_and_averages_within_each():
    weighting = built(lb.DWA(every=2))
    for losses in ([0.6, 0.2], [0.4, 0.2], [0.5, 0.19]):
        weighting.after_step(tf.constant(losses), None)
        np.testing.assert_array_equal(weighting.weights_used, [1, 1])
    # epochs: (.5, .2), then (.4, .19)
    weighting.after_step(tf.constant([0.3, 0.19]), None)
    np.testing.assert_allclose(
        weighting.weights_used, [0.9625, 1.0375], atol=1e-4
    )


@pytest.mark.parametrize(
    ("alpha", "targets"), [(0.0, (1.25, 1.25)), (1.5, (0.843, 1.707))]
)
def test_gradnorm_targets_by_hand(alpha, targets):
    found = lb.gradnorm_targets(
        tf.constant([2.0, 0.5]), [0.35, 0.08], [0.7, 0.1], alpha
    )
    np.testing.assert_allclose(found, targets, atol=1e-3)


def test_gradnorm_descends_the_distance_to_its_targets():
    weighting = built(lb.GradNorm(alpha=1.5, rate=0.0))
    weighting.logits.assign([0.2, -0.3])
    # the first batch
    weighting.before_step(tf.constant([0.7, 0.1]), tf.constant([1.0, 1.0]))
    weighting.mean.assign([0, 0])
    losses, lengths = np.array([0.35, 0.08]), np.array([2.0, 0.5])
    relative = lengths / [0.7, 0.1]

    def weights_of(xi):
        return 2 * np.exp(xi) / np.exp(xi).sum()

    xi = np.array([0.2, -0.3])
    targets = lb.gradnorm_targets(
        tf.constant(weights_of(xi) * relative),
        losses,
        np.array([0.7, 0.1]),
        1.5,
    ).numpy()
    distance = [
        np.abs(weights_of(xi + e) * relative - targets).sum()
        for e in (*1e-6 * np.eye(2), *-1e-6 * np.eye(2))
    ]
    weighting.before_step(
        tf.constant(losses, "float32"), tf.constant(lengths, "float32")
    )
    slope = np.subtract(distance[:2], distance[2:]) / 2e-6
    np.testing.assert_allclose(
        weighting.mean / 0.1, slope, rtol=1e-2, atol=1e-3
    )
    np.testing.assert_allclose(weighting.initial, [0.7, 0.1], rtol=1e-6)


def test_famo_weights_and_its_first_move():
    np.testing.assert_allclose(
        lb.famo_weights([0.0, 0.0], [4.0, 1.0]), [0.2, 0.8], rtol=1e-5
    )
    weighting = built(lb.FAMO(rate=0.025))
    # the first loss halved
    weighting.after_step(tf.constant([4.0, 1.0]), tf.constant([2.0, 1.0]))
    # Adam's first step is its rate
    np.testing.assert_allclose(weighting.logits, [-0.025, 0.025], rtol=1e-4)


@pytest.mark.parametrize("name", balances.WEIGHTINGS)
def test_a_loss_that_is_not_finite_is_forgotten(name):
    one, other = (built(balances.WEIGHTINGS[name](2)) for _ in range(2))
    ones, good = tf.ones(2), tf.constant([2.0, 1.0])
    for losses in (good, tf.constant([np.nan, np.inf]), good / 2):
        for weighting in (one, other)[: 2 if np.isfinite(losses).all() else 1]:
            if weighting.wants_gradients:
                weighting.before_step(losses, ones * losses)
            weighting.after_step(losses, losses / 2)
    for weighting in (one, other):
        assert all(np.isfinite(v.numpy()).all() for v in weighting.variables)
    np.testing.assert_allclose(one(good / 4), other(good / 4), rtol=0.1)


@pytest.mark.parametrize("name", balances.WEIGHTINGS)
def test_a_loss_below_zero_is_descended_never_ascended(name):
    weighting = built(balances.WEIGHTINGS[name](2))
    for losses in (
        tf.constant([-0.5, 1.0]),
        tf.constant([0.0, 1.0]),
        tf.constant([-0.9, 0.5]),
    ):
        with tf.GradientTape() as tape:
            tape.watch(losses)
            total = weighting(losses)
        slopes = tape.gradient(total, losses).numpy()
        assert np.isfinite(slopes).all() and slopes.min() >= 0 and slopes[1] > 0
        if weighting.wants_gradients:
            weighting.before_step(losses, tf.abs(losses))
        weighting.after_step(losses, losses * 0.9)
    assert all(np.isfinite(v.numpy()).all() for v in weighting.variables)


def test_a_first_loss_of_nearly_nothing_does_not_rule():
    weighting = built(lb.GradNorm())
    for first in (1e-6, 1.0, 1.0, 1.0):
        weighting.before_step(tf.constant([first, 1.0]), tf.ones(2))
        with tf.GradientTape() as tape:
            losses = tf.constant([1.0, 1.0])
            tape.watch(losses)
            total = weighting(losses)
        assert tape.gradient(total, losses)[0] < 20
    # it doubles
    np.testing.assert_allclose(weighting.initial, [8e-6, 1.0], rtol=1e-5)


def test_a_task_that_is_fitted_does_not_stop_the_other_in_famo():
    weighting = built(lb.FAMO())
    weighting.after_step(tf.constant([1.0, 1.0]), tf.constant([0.9, 0.9]))
    for fitted, share in ((1e-9, 1 / 101), (0.0, 1.0)):
        losses = tf.constant([fitted, 1.0])
        with tf.GradientTape() as tape:
            tape.watch(losses)
            total = weighting(losses)
        np.testing.assert_allclose(
            tape.gradient(total, losses)[1], share, rtol=0.02
        )


def test_random_weights_sum_to_the_number_of_tasks():
    weighting = built(lb.RLW(seed=3))
    totals = [float(weighting(tf.constant([1.0, 1.0]))) for _ in range(3)]
    np.testing.assert_allclose(totals, 2, rtol=1e-6)
    assert (
        len({float(weighting(tf.constant([1.0, 0.0]))) for _ in range(3)}) == 3
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: lb.Fixed([1.0, -1.0]), "expected weights >= 0"),
        (lambda: built(lb.Fixed([1.0])), "one entry for each of 2 tasks"),
        (lambda: lb.Uncertainty(["regression", "clicks"]), "found clicks"),
        (
            lambda: built(lb.Uncertainty(["regression"] * 3)),
            "one entry for each of 2 tasks",
        ),
        (
            lambda: built(lb.Uncertainty(["regression"] * 2, start=[1.0])),
            "one entry for each of 2 tasks",
        ),
        (lambda: lb.DWA(every=0), "every >= 1"),
        (lambda: lb.CAGrad(c=1.0), "0 <= c < 1"),
        (lambda: lb.MGDA()(tf.eye(11)), "at most 10 tasks"),
        (lambda: lb.MGDA()(tf.ones((2, 3))), r"Gram matrix \(T, T\)"),
        (
            lambda: AGGREGATORS["mean"](tf.ones(3)),
            r"Aggregator: expected a Gram matrix \(T, T\), found shape \(3,\)",
        ),
        (
            lambda: lb.gram(np.ones(3)),
            r"gram: expected gradients \(T, n\), found shape \(3,\)",
        ),
        (
            lambda: lb.dwa_weights([1.0, 2.0], [1.0]),
            "dwa_weights: expected vectors of one length",
        ),
        (lambda: lb.Fixed([np.nan, 1.0]), "expected weights >= 0"),
        (lambda: lb.Fixed([np.inf, 1.0]), "expected weights >= 0"),
        (
            lambda: lb.Uncertainty(["regression"], start=[0.0]),
            "expected variances above 0",
        ),
        (
            lambda: lb.Uncertainty(["regression"], speed=0),
            "expected a speed above 0",
        ),
        (lambda: lb.DWA(2.5), "a whole number, found 2.5"),
        (lambda: lb.DWA(2, temperature=0), "expected a temperature above 0"),
        (
            lambda: lb.GradNorm(rate=np.nan),
            "GradNorm: expected rate >= 0, found nan",
        ),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---------------------------------------------------------------- the trainer

TASKS = ("a", "b")
LOSSES = {"a": "mse", "b": keras.losses.BinaryCrossentropy()}
DATA = np.random.default_rng(0)
X = DATA.normal(size=(64, 3)).astype("float32")
Y = {"a": X[:, 0] * 5, "b": (X[:, 1] > X[:, 0]).astype("float32")}


def network(seed=0):
    keras.utils.set_random_seed(seed)
    x = keras.Input((3,))
    z = keras.layers.Dense(4, "tanh", name="trunk")(x)
    heads = {
        "a": keras.layers.Dense(1, name="a"),
        "b": keras.layers.Dense(1, "sigmoid", name="b"),
    }
    return keras.Model(x, {task: head(z) for task, head in heads.items()})


def balanced(balance, representation="trunk", optimizer=None, **options):
    """A model that trains step by step, unless `options` of `compile` say otherwise."""
    model = lb.Balanced(network(), balance, representation)
    model.compile(
        optimizer or keras.optimizers.SGD(0.1),
        loss=LOSSES,
        **{"run_eagerly": True} | options,
    )
    return model


def numpy_gradients(model):
    """Of each loss, for the trunk's kernel and bias, the representation and each head.

    The chain rule written out.
    """
    W, c, va, ca, vb, cb = (np.float64(w) for w in network().get_weights())
    z = np.tanh(X @ W + c)
    errors = {
        "a": 2 * (z @ va + ca - Y["a"][:, None]) / 64,
        "b": (1 / (1 + np.exp(-(z @ vb + cb))) - Y["b"][:, None]) / 64,
    }
    at_z = np.stack([errors["a"] @ va.T, errors["b"] @ vb.T])
    heads = [
        z.T @ errors["a"],
        errors["a"].sum(0),
        z.T @ errors["b"],
        errors["b"].sum(0),
    ]
    return (
        at_z,
        heads,
        lambda g: [X.T @ (g * (1 - z**2)), (g * (1 - z**2)).sum(0)],
    )


@every_aggregator
@pytest.mark.parametrize("representation", [None, "trunk"])
def test_one_step_with_an_aggregator_is_numpys(name, representation):
    model = balanced(BALANCES[name](), representation)
    start = [np.float64(w) for w in model.network.get_weights()]
    model.fit(X, Y, batch_size=64, verbose=0)
    at_z, heads, back = numpy_gradients(model)
    trunk = [back(g) for g in at_z]
    flat = (
        at_z.reshape(2, -1)
        if representation
        else np.stack([np.concatenate([k.ravel(), b]) for k, b in trunk])
    )
    w = 2 * weights(name, flat)
    moved = [w[0] * trunk[0][i] + w[1] * trunk[1][i] for i in (0, 1)] + heads
    for before, gradient, after in zip(
        start, moved, model.network.get_weights(), strict=True
    ):
        np.testing.assert_allclose(after, before - 0.1 * gradient, atol=2e-5)


def first_random_weights(seed):
    """Of RLW, written out: twice the softmax of two normal numbers."""
    noise = np.exp(
        tf.random.stateless_normal((2,), [seed, 0]).numpy().astype("float64")
    )
    return tuple(2 * noise / noise.sum())


@pytest.mark.parametrize(
    ("name", "factors"),
    [
        ("equal", (1, 1)),
        ("fixed", (0.5, 2)),
        ("uncertainty", (0.25, 1)),  # 1 / (2 σ²) and 1 / σ², from σ² = 2 and 1
        ("DWA", (1, 1)),
        ("RLW", first_random_weights(seed=5)),
    ],
)
def test_one_step_with_a_weighting_is_numpys(name, factors):
    model = balanced(BALANCES[name]())
    start = [np.float64(w) for w in model.network.get_weights()]
    model.fit(X, Y, batch_size=64, verbose=0)
    at_z, heads, back = numpy_gradients(model)
    moved = back(factors[0] * at_z[0] + factors[1] * at_z[1]) + [
        factors[i // 2] * h for i, h in enumerate(heads)
    ]
    for before, gradient, after in zip(
        start, moved, model.network.get_weights(), strict=True
    ):
        np.testing.assert_allclose(after, before - 0.1 * gradient, atol=2e-5)


def test_one_step_of_gradnorm_and_famo_weighs_by_the_initial_and_the_current_loss():
    z = np.tanh(X @ network().get_weights()[0])
    _, _, va, _, vb, _ = network().get_weights()
    p = 1 / (1 + np.exp(-(z @ vb)[:, 0]))
    losses = np.array(
        [
            np.mean(((z @ va)[:, 0] - Y["a"]) ** 2),
            -np.mean(Y["b"] * np.log(p) + (1 - Y["b"]) * np.log(1 - p)),
        ]
    )
    famo = (1 / losses) / (1 / losses).sum()
    for name, factors in {"GradNorm": 1 / losses, "FAMO": famo}.items():
        model = balanced(BALANCES[name]())
        start = model.network.get_weights()
        model.fit(X, Y, batch_size=64, verbose=0)
        at_z, _, back = numpy_gradients(model)
        expected = (
            start[0]
            - 0.1 * back(factors[0] * at_z[0] + factors[1] * at_z[1])[0]
        )
        np.testing.assert_allclose(
            model.network.get_weights()[0], expected, atol=2e-5, err_msg=name
        )


def test_without_conflict_pcgrad_is_the_plain_sum():
    same = {"a": Y["a"], "b": Y["a"]}
    models = [
        lb.Balanced(_twin(), balance) for balance in (lb.Equal(), lb.PCGrad())
    ]
    for model in models:
        model.compile(
            keras.optimizers.SGD(0.01),
            loss={"a": "mse", "b": "mse"},
            run_eagerly=True,
        )
        model.fit(X, same, batch_size=16, shuffle=False, verbose=0)
    for one, two in zip(
        *(model.network.get_weights() for model in models), strict=True
    ):
        np.testing.assert_allclose(one, two, atol=1e-5)


def _twin():
    """Two heads that start as one, so that their gradients agree."""
    x = keras.Input((3,))
    z = keras.layers.Dense(
        4, "tanh", kernel_initializer=keras.initializers.GlorotUniform(seed=1)
    )(x)
    return keras.Model(
        x,
        {
            t: keras.layers.Dense(1, kernel_initializer="ones", name=t)(z)
            for t in TASKS
        },
    )


@pytest.mark.parametrize("name", BALANCES)
def test_it_trains_saves_reloads_and_goes_on_as_if_nothing_had_been(
    name, tmp_path
):
    # a trace of each kind is enough, and costs more than all the rest
    eager = name not in (
        "FAMO",
        "PCGrad",
    )
    options = {
        "metrics": {"b": ["accuracy"]},
        "run_eagerly": eager,
        "jit_compile": False,
    }
    model = balanced(BALANCES[name](), optimizer="adam", **options)
    history = model.fit(
        X,
        Y,
        batch_size=32,
        epochs=2,
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.TerminateOnNaN()],
    ).history
    assert {"loss", "a_loss", "b_loss"} < set(history) and any(
        "accuracy" in key for key in history
    )
    assert history["loss"][0] == pytest.approx(
        history["a_loss"][0] + history["b_loss"][0], rel=1e-5
    )
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for one, two in zip(model.variables, again.variables, strict=True):
        np.testing.assert_array_equal(one, two, err_msg=one.path)
    for each in (model, again):
        each.fit(X, Y, batch_size=32, shuffle=False, verbose=0)
    scores, others = (
        each.evaluate(X, Y, batch_size=64, verbose=0, return_dict=True)
        for each in (model, again)
    )
    assert scores == pytest.approx(others, rel=1e-5)


# of each kind of step; aggregators alone stand above
@pytest.mark.parametrize("name", ["GradNorm", "FAMO", "CAGrad"])
def test_compiled_by_xla_it_trains_the_same(name):
    plain = balanced(BALANCES[name]())
    compiled = balanced(BALANCES[name](), run_eagerly=False, jit_compile=True)
    for model in (plain, compiled):
        model.fit(X, Y, batch_size=16, shuffle=False, verbose=0)
    for one, two in zip(
        plain.network.get_weights(), compiled.network.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, two, atol=1e-4)


def test_sample_weights_and_uneven_batches_count_rows():
    model = balanced(lb.Equal())
    model.optimizer.learning_rate = 0.0
    half = np.repeat([1.0, 0.0], 32).astype("float32")
    logs = model.fit(
        X,
        Y,
        batch_size=48,
        sample_weight={"a": half, "b": half},
        shuffle=False,
        verbose=0,
    ).history
    p = model.network.predict(X, verbose=0)["a"][:, 0]
    assert logs["a_loss"][0] == pytest.approx(
        np.mean(half * (p - Y["a"]) ** 2), rel=1e-4
    )


@pytest.mark.parametrize("balance", [lb.Equal, lb.UPGrad])
def test_a_penalty_on_weights_counts_once(balance):
    def moved(penalty):
        keras.utils.set_random_seed(0)
        x = keras.Input((3,))
        z = keras.layers.Dense(
            4,
            "tanh",
            kernel_regularizer=keras.regularizers.L2(penalty),
            name="trunk",
        )(x)
        model = lb.Balanced(
            keras.Model(
                x, {t: keras.layers.Dense(1, name=t)(z) for t in TASKS}
            ),
            balance(),
            "trunk",
        )
        model.compile(
            keras.optimizers.SGD(0.01),
            loss=dict.fromkeys(TASKS, "mse"),
            run_eagerly=True,
        )
        start = model.network.get_layer("trunk").kernel.numpy()
        model.fit(X, Y, batch_size=64, verbose=0)
        return start, model.network.get_layer("trunk").kernel.numpy()

    (start, free), (_, pulled) = moved(0.0), moved(10.0)
    np.testing.assert_allclose(
        pulled - free, -0.01 * 2 * 10.0 * start, atol=1e-5
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: lb.Balanced(
                keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]),
                lb.Equal(),
            ),
            "outputs {task: tensor}",
        ),
        (
            lambda: lb.Balanced(network(), lb.GradNorm()),
            "name it, representation",
        ),
        (
            lambda: lb.Balanced(network(), lb.Equal()).compile(
                loss={"c": "mse"}
            ),
            "a loss for each of a, b, found c",
        ),
        (
            lambda: lb.Balanced(network(), lb.Equal()).compile(loss="mse"),
            "found mse",
        ),
        (
            lambda: balanced(lb.Equal(), loss_weights={"a": 1.0, "b": 2.0}),
            "loss_weights: expected weights as a balance",
        ),
        (
            lambda: balanced(lb.Equal()).fit(X, {"a": Y["a"]}, verbose=0),
            "labels {task: tensor} for a, b, found a",
        ),
    ],
)
def test_misuse_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---------------------------------------------------------------- the chapter's world


def test_the_worlds_labels_scatter_around_its_truth_as_it_says():
    _, labels, truth = experiment.world(0)
    for task, noise in experiment.NOISE.items():
        assert np.std(labels[task] - truth[task]) == pytest.approx(
            noise, rel=0.02
        )
    assert labels["click"].mean() == pytest.approx(
        truth["click"].mean(), abs=0.01
    )
    perfect = {task: column[:, None] for task, column in truth.items()}
    best = experiment.score(perfect, labels, truth)
    assert (
        (best["watch"], best["rating"]) == pytest.approx((1, 1))
        and best["click"] > 0.8
        and best["loss"] < 0.6
    )


@pytest.mark.parametrize("representation", ["trunk", None])
def test_the_weights_of_an_aggregator_are_those_of_the_gradients_and_a_look_leaves_no_trace(
    representation,
):
    x = keras.Input((3,))
    z = keras.layers.Dense(
        2, use_bias=False, kernel_initializer="ones", name="trunk"
    )(x)
    model = lb.Balanced(
        keras.Model(x, {t: keras.layers.Dense(1, name=t)(z) for t in TASKS}),
        lb.PCGrad(),
        representation,
    )
    model.compile("sgd", loss=dict.fromkeys(TASKS, "mse"))
    labels = {task: X[:, :1] * sign for task, sign in zip(TASKS, (1, -2))}
    at_z = []
    for task in TASKS:
        head = model.network.get_layer(task).kernel.numpy()
        at_z.append(
            2 * (X @ np.ones((3, 2)) @ head - labels[task]) @ head.T / len(X)
        )
    gradients = np.stack(
        [(g if representation else X.T @ g).ravel() for g in at_z]
    )
    expected = lb.PCGrad()(lb.gram(gradients)).numpy()
    for _ in range(2):
        np.testing.assert_allclose(
            experiment.task_weights(model, X, labels), expected, rtol=1e-4
        )
    assert float(model.balance.draws) == 0


def test_the_weights_of_a_weighting_are_the_slopes_of_its_loss():
    model = balanced(lb.Fixed([0.5, 2.0]))
    np.testing.assert_allclose(
        experiment.task_weights(model, X, Y), [0.5, 2], rtol=1e-6
    )


def test_a_bench_starts_afresh_for_every_seed(monkeypatch):
    for name, value in {
        "ROWS": 2048,
        "TEST": 500,
        "STEPS": 4,
        "EPOCHS": 1,
    }.items():
        monkeypatch.setattr(experiment, name, value)
    bench = experiment.Bench(lb.GradNorm())
    first = bench.run(0)
    assert bench.run(1) != pytest.approx(first, abs=1e-3) and bench.run(
        0
    ) == pytest.approx(first, abs=1e-4)


def test_static_weights_are_factors_over_the_loss_of_a_constant():
    labels = {
        task: column[: experiment.ROWS]
        for task, column in experiment.world(0)[1].items()
    }
    said = np.multiply(
        experiment.static(2.0, 0.5).chosen, experiment.initial_losses(labels)
    )
    np.testing.assert_allclose(said, [2, 1, 0.5], rtol=1e-6)


def test_uncertainty_of_the_chapter_starts_where_it_would_rest():
    balance = built(experiment.uncertainty(), 3)
    losses = tf.constant(experiment._constants(), "float32")
    with tf.GradientTape() as tape:
        total = balance(losses)
    np.testing.assert_allclose(
        tape.gradient(total, balance.stored.value), 0, atol=1e-5
    )


def test_a_search_is_decided_on_validation_rows_seed_by_seed():
    searched = {
        "a": [{"check": 0.4, "loss": 0.9}, {"check": 0.6, "loss": 0.1}],
        "b": [{"check": 0.5, "loss": 0.2}, {"check": 0.5, "loss": 0.7}],
    }
    assert [run["loss"] for run in experiment.tuned(searched)] == [0.9, 0.7]


def test_all_factors_are_tried_at_three_rates_and_the_inner_ones_at_others():
    sizes = [
        sum(name.startswith("static") for name in experiment.candidates(rate))
        for rate in experiment.RATES
    ]
    assert sizes == [25, 9, 25, 25, 9] and set(experiment.ADAPTIVE) < set(
        experiment.candidates(experiment.RATES[-1])
    )
    assert experiment.candidates(0.01)[
        "static 0.5, 2"
    ]().chosen == pytest.approx(experiment.static(0.5, 2.0).chosen)


def test_the_stored_experiment_has_what_its_grid_would_have():
    tables = stored.read("loss_balancing_experiment")
    assert {float(rate): set(found) for rate, found in tables.items()} == {
        rate: set(experiment.candidates(rate)) for rate in experiment.RATES
    }
    assert {
        len(runs) for found in tables.values() for runs in found.values()
    } == {5}


def test_the_search_of_the_rate_is_closed():
    """No optimum at the edge, for static weights and every method."""
    tables = stored.read("loss_balancing_experiment")
    for wanted in ("static", *experiment.ADAPTIVE):
        for seed in range(5):
            tried = {
                rate: min(
                    runs[seed]["check"]
                    for name, runs in found.items()
                    if name.startswith(wanted)
                )
                for rate, found in tables.items()
            }
            assert min(tried, key=tried.get) in ("0.01", "0.02", "0.04"), wanted


# ---------------------------------------------------------------- the controls


def test_a_bound_by_hand():
    bounded = built(lb.Bounded([0.2, None], rate=0.1))
    losses = tf.constant([0.3, 5.0])
    with tf.GradientTape() as tape:
        tape.watch(losses)
        total = bounded(losses)
    assert float(total) == pytest.approx(1 * (0.3 / 0.2 - 1) + 5)
    # λ / B for the bounded task, 1 for the other
    np.testing.assert_allclose(tape.gradient(total, losses), [5, 1], rtol=1e-6)
    bounded.after_step(losses, None)
    np.testing.assert_allclose(
        bounded.multipliers, [np.exp(0.1 * 0.5), 1], rtol=1e-6
    )
    # far above counts as twice the bound
    bounded.after_step(tf.constant([9.0, 5.0]), None)
    np.testing.assert_allclose(
        bounded.multipliers, [np.exp(0.1 * 1.5), 1], rtol=1e-6
    )
    bounded.after_step(tf.constant([np.nan, 5.0]), None)
    bounded.after_step(
        tf.constant([0.0, 5.0]), None, known=tf.constant([False, True])
    )
    np.testing.assert_allclose(
        bounded.multipliers, [np.exp(0.1 * 1.5), 1], rtol=1e-6
    )


def test_the_multiplier_rests_at_the_bound_with_the_derivative_of_the_trade_off():
    """min b with a <= B, where a = x² and b = (x - 1)²: x = √B, and
    λ = B · -db/da."""
    bounded = built(lb.Bounded([0.25, None], rate=0.05))
    x = tf.Variable(0.0)
    for _ in range(3000):
        with tf.GradientTape() as tape:
            losses = tf.stack([x**2, (x - 1) ** 2])
            total = bounded(losses)
        x.assign_sub(0.01 * tape.gradient(total, x))
        bounded.after_step(losses, None)
    assert float(x) == pytest.approx(0.5, abs=0.01)
    # -b'/a' = (1 - x) / x = 1 at x = 1/2
    assert float(bounded.multipliers[0]) == pytest.approx(0.25, abs=0.02)


def test_clipping_each_task_is_a_weight_of_the_limit_over_the_length():
    g = np.array([[30.0, 40.0], [0.3, 0.4]])
    found = controls.ClipEach(most=1.0)(lb.gram(g)).numpy()
    np.testing.assert_allclose(found, [1 / 50 / 2, 1 / 2], rtol=1e-6)


def test_ways_to_clip_are_those_of_keras_and_one_of_ours():
    ways = controls.clipped()
    settings = {
        way: (
            bench.model.optimizer.global_clipnorm,
            bench.model.optimizer.clipnorm,
        )
        for way, bench in ways.items()
    }
    assert settings == {
        "over everything": (controls.CLIP, None),
        "per variable": (None, controls.CLIP),
        "per task": (None, None),
    }
    assert isinstance(ways["per task"].model.balance, controls.ClipEach)
    assert ways["per task"].model.representation is None


def test_the_product_is_what_uncertainty_descends_once_settled():
    losses = np.array([0.3, 2.0])
    settled = built(lb.Uncertainty(["regression"] * 2, start=losses))
    with tf.GradientTape(persistent=True) as tape:
        given = tf.constant(losses, "float32")
        tape.watch(given)
        one, other = settled(given), controls.Product()(given)
    np.testing.assert_allclose(
        2 * tape.gradient(one, given), tape.gradient(other, given), rtol=1e-5
    )


def test_a_batch_without_a_positive_points_away_from_the_gradient_over_all():
    share, found = controls.rare_batches(batches=60)
    positives, loss, length, cosine = found["512 rows"]
    assert share == pytest.approx(controls.RARE, rel=0.25)
    assert positives.mean() == pytest.approx(512 * share, rel=0.4)
    none = positives == 0
    assert cosine[none].max() < 0 and length[none].max() < length[~none].min()
    assert np.corrcoef(positives, loss)[0, 1] > 0.9


def test_the_stored_controls_have_what_their_grid_would_have():
    kept = stored.read("loss_balancing_controls")
    assert list(kept["rivals"]) == list(controls.rivals())
    assert {np.shape(found) for found in kept["rivals"].values()} == {
        (front.SEEDS, 2)
    }
    assert list(kept["clipping"]) == list(controls.clipped())


def test_a_grid_of_controls_has_errors_by_seed_and_scores(monkeypatch):
    class Bench:
        def run(self, seed):
            return {"loss": seed + 0.12345}

    plan = {"bounded": (controls.bounded, "a world")}
    monkeypatch.setattr(controls, "rivals", lambda: plan)
    monkeypatch.setattr(controls, "clipped", lambda: {"per task": Bench()})
    monkeypatch.setattr(
        front,
        "train",
        lambda balance, seeds, world: [[0.12345, 1.0]] * len(seeds),
    )
    told = []
    found = controls.grid(lambda done, total: told.append((done, total)))
    assert found["rivals"] == {"bounded": [[0.1234, 1.0]] * front.SEEDS}
    assert found["clipping"]["per task"][4] == {"loss": 4.1234}
    assert told == [(1, 2), (2, 2)]


def test_a_stored_control_is_what_training_gives():
    kept = stored.read("loss_balancing_controls")["rivals"]["bounded, unit 2"]
    found = front.train(controls.bounded(), [0], world=controls.in_unit(2.0))
    np.testing.assert_allclose(found[0], kept[0], atol=0.03)


# ---------------------------------------------------------------- the front


def test_a_rivals_world_has_the_noise_and_the_unit_that_are_asked_for():
    x, quiet = front.rival_world(0, noise=0.0)
    _, loud = front.rival_world(0, unit=3.0)
    _, plain = front.rival_world(0)
    np.testing.assert_allclose(loud["b"], 3 * plain["b"], rtol=1e-5)
    np.testing.assert_array_equal(loud["a"], quiet["a"])
    # without noise the label is a function of one direction of x
    near = np.argsort(quiet["b"][:, 0])
    direction = np.linalg.lstsq(x, quiet["b"][:, 0], rcond=None)[0]
    hidden = x @ direction
    assert abs(np.corrcoef(hidden[near], np.arange(len(near)))[0, 1]) > 0.9


def test_a_rivals_label_reads_one_direction_at_sixty_degrees_to_the_others():
    x, labels = front.rival_world(3)
    read = np.stack(
        [
            np.linalg.lstsq(x, labels[task][:, 0], rcond=None)[0]
            for task in front.RIVALS
        ]
    )
    read /= np.linalg.norm(read, axis=1, keepdims=True)
    assert read[0] @ read[1] == pytest.approx(front.COSINE, abs=0.03)
    assert [labels[task].var() for task in front.RIVALS] == pytest.approx(
        [1, 1], abs=0.03
    )


def test_half_the_weight_is_the_plain_sum_and_a_seed_decides_the_run(
    monkeypatch,
):
    """The plain sum as an aggregator, which takes the other way through `train`."""
    for name, value in {
        "RIVAL_ROWS": 1024,
        "RIVAL_TEST": 500,
        "RIVAL_STEPS": 4,
        "RIVAL_EPOCHS": 2,
    }.items():
        monkeypatch.setattr(front, name, value)
    half, plain = (
        front.train(balance, seeds=[0, 1])
        for balance in (front.fixed(0.5), lb.Aggregator())
    )
    np.testing.assert_allclose(half, plain, rtol=1e-4)
    assert np.abs(half[0] - half[1]).min() > 0


def test_a_grid_is_a_row_for_each_weight_and_each_method(monkeypatch):
    trained, said = [], []

    def train(balance, seeds):
        trained.append(balance)
        return np.full((len(seeds), 2), len(trained) / 4)

    plan = {
        "SEEDS": 3,
        "WEIGHTS": (0.2, 0.7),
        "METHODS": {"FAMO": lb.FAMO, "MGDA": lb.MGDA},
    }
    for name, value in (
        plan | {"train": train, "concave": lambda: "the front"}
    ).items():
        monkeypatch.setattr(front, name, value)
    found = front.grid(progress=lambda done, total: said.append((done, total)))
    assert found == {
        "weights": [0.2, 0.7],
        "sweep": [[[0.25, 0.25]] * 3, [[0.5, 0.5]] * 3],
        "methods": {"FAMO": [[0.75, 0.75]] * 3, "MGDA": [[1.0, 1.0]] * 3},
        "concave": "the front",
    }
    assert [type(balance) for balance in trained] == [
        lb.Fixed,
        lb.Fixed,
        lb.FAMO,
        lb.MGDA,
    ]
    assert [list(balance.chosen) for balance in trained[:2]] == [
        [0.4, 1.6],
        pytest.approx([1.4, 0.6]),
    ]
    assert said == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_saturating_losses_by_hand():
    np.testing.assert_allclose(
        front.saturating(np.array([0.0, 1.0])),
        [[1 - np.exp(-1), 0], [1 - np.exp(-1), 1 - np.exp(-4)]],
    )


@QUICK
@given(x=st.floats(-2, 2))
def test_slopes_are_the_derivatives_of_the_saturating_losses(x):
    ends = front.saturating(np.array([x - 1e-6, x + 1e-6]))
    np.testing.assert_allclose(
        front.slopes(np.array([x]))[:, 0],
        (ends[:, 1] - ends[:, 0]) / 2e-6,
        atol=1e-6,
    )


@QUICK
@given(w=st.floats(0.02, 0.98), start=st.floats(-1, 1))
def test_descent_on_the_sum_rests_and_on_the_larger_term_balances(w, start):
    x = front.descend(np.array([w]), np.array([start]))
    assert abs(w * front.slopes(x)[0] + (1 - w) * front.slopes(x)[1]) < 1e-3
    a, b = front.saturating(
        front.descend(np.array([w]), np.array([start]), worst=True)
    )[:, 0]
    assert w * a == pytest.approx((1 - w) * b, abs=0.01)


def test_between_its_ends_the_concave_front_lies_above_their_chord():
    curve = np.array(front.concave(weights=(0.5,), starts=3)["curve"])
    # but for a last step before each end
    assert curve.sum(1)[2:-2].min() > curve.sum(1)[0]


def test_of_two_ends_the_sum_takes_the_better():
    for weight, end in ((0.3, [1 - np.exp(-4), 0]), (0.7, [0, 1 - np.exp(-4)])):
        np.testing.assert_allclose(
            front.concave(weights=(weight,), starts=5)["sum"], [end], atol=0.01
        )
