"""A drill and the package, where it has the same method: the same numbers on random inputs."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from mtl_lessons import drills, evaluation, metrics

SEEDS = range(5)


def answer(name):
    """The model answer of a drill."""
    drill = drills.load(name)
    return getattr(drill.module, drill.answer)


@pytest.fixture(params=SEEDS, ids=lambda seed: f"seed{seed}")
def rng(request):
    return np.random.default_rng(request.param)


def test_gauc(rng):
    users = rng.integers(20, size=200)
    labels = rng.integers(2, size=200)
    scores = rng.integers(30, size=200) / 30  # with ties
    ours = answer("gauc")(users.tolist(), labels.tolist(), scores.tolist())
    assert ours == pytest.approx(metrics.gauc(labels, scores, users).value)


def test_ndcg(rng):
    grades = rng.integers(4, size=30)
    scores = rng.normal(size=30)
    for k in (1, 5, 30):
        ours = answer("ndcg")(grades.tolist(), scores.tolist(), k)
        assert ours == pytest.approx(metrics.ndcg_at_k([grades], [scores], k))


def test_recall(rng):
    scores = rng.normal(size=(6, 20))
    relevant = (rng.random((6, 20)) < 0.2).astype(int)
    seen = (rng.random((6, 20)) < 0.2) & (relevant == 0)
    of_user = [
        {
            "ranked": [f"item{i}" for i in np.argsort(-scores[user])],
            "relevant": {f"item{i}" for i in np.flatnonzero(relevant[user])},
            "seen": {f"item{i}" for i in np.flatnonzero(seen[user])},
        }
        for user in range(6)
    ]
    given = [
        {f"user{user}": own[part] for user, own in enumerate(of_user)}
        for part in ("ranked", "relevant", "seen")
    ]
    shown = np.where(seen, -np.inf, scores)
    for k in (1, 4, 20):
        ours = answer("recall_at_k")(*given, k)
        assert ours == pytest.approx(metrics.recall_at_k(relevant, shown, k))


def test_normalised_entropy(rng):
    p = rng.random(100)
    labels = (rng.random(100) < p).astype(int)
    known = rng.random(100) < 0.7
    ours = answer("normalised_entropy")(
        [int(y) if ok else None for y, ok in zip(labels, known)], p.tolist()
    )
    theirs = metrics.normalised_entropy(labels[known], p[known])
    assert ours == pytest.approx(theirs)


def test_calibration_where_the_bins_come_out_even(rng):
    p = rng.random(60) ** 2
    labels = (rng.random(60) < p).astype(int)
    for bins in (1, 4, 20):
        ratio, error = answer("pcoc")(labels.tolist(), p.tolist(), bins)
        assert ratio == pytest.approx(metrics.calibration_ratio(labels, p))
        theirs = metrics.calibration_error(labels, p, bins)
        assert error == pytest.approx(theirs)


def test_isotonic_regression_of_scikit_learn(rng):
    p = rng.random(300).round(2)
    labels = (rng.random(300) < p**2).astype(int)
    ours = answer("isotonic")(labels.tolist(), p.tolist())
    assert ours == pytest.approx(IsotonicRegression().fit_transform(p, labels))


def of_log(rng, rows=50, items=4):
    """A log, and a new policy's chances."""
    target = rng.dirichlet(np.ones(items), size=rows)
    shown = rng.integers(items, size=rows)
    return evaluation.Logged(
        reward=rng.normal(size=rows),
        shown=shown,
        propensity=rng.uniform(0.05, 1, size=rows),
        target=target,
        guess=rng.normal(size=(rows, items)),
    )


@pytest.mark.parametrize("clip", [np.inf, 1.5])
def test_ips_and_snips(rng, clip):
    log = of_log(rng)
    wanted = log.target[np.arange(len(log.shown)), log.shown]
    ours = answer("off_policy")(
        log.reward.tolist(), log.propensity.tolist(), wanted.tolist(), clip
    )
    theirs = evaluation.ips(log, clip), evaluation.snips(log, clip)
    assert ours == pytest.approx(theirs)


def test_doubly_robust(rng):
    log = of_log(rng)
    parts = log.reward, log.shown, log.propensity, log.target, log.guess
    ours = answer("doubly_robust")(*(part.tolist() for part in parts))
    assert ours == pytest.approx(evaluation.doubly_robust(log))


def test_holm(rng):
    p_values = (rng.random(12) ** 2).tolist()
    assert answer("holm")(p_values) == pytest.approx(metrics.holm(p_values))


def test_power(rng):
    rate, lift = rng.uniform(0.05, 0.4), rng.uniform(-0.3, 0.3)
    changed = rate * (1 + lift)
    error = np.sqrt((rate * (1 - rate) + changed * (1 - changed)) / 1000)
    theirs = evaluation.needed(error, 1000, abs(changed - rate))
    ours = answer("power")(rate, lift, level=0.05, power=0.8)
    assert 0 <= ours - theirs <= 1  # one rounds up


def test_bootstrap_over_users_and_the_delta_method(rng):
    """Two ways to the interval of a ratio of sums: about the same one."""
    rows = 1 + rng.poisson(3, size=400)
    users = np.repeat(np.arange(400), rows)
    old = rng.normal(size=len(users))
    new = old + 0.1 + np.repeat(rng.normal(size=400), rows)
    low, high = answer("user_bootstrap")(
        users.tolist(), old.tolist(), new.tolist(), 2000, seed=0
    )
    theirs = evaluation.ratio(new - old, np.ones(len(users)), users)
    width = theirs.high - theirs.low
    assert (low, high) == pytest.approx(
        (theirs.low, theirs.high), abs=0.06 * width
    )


class Coins:
    """Draws who goes first, as `team_draft` asks for it, from coins."""

    def __init__(self, coins):
        self.coins = iter(coins)

    def permutation(self, _):
        coin = next(self.coins)
        return coin, 1 - coin


def test_team_draft(rng):
    items = np.array(list("abcdefghijkl"))
    old, new = (rng.permutation(items)[:9].tolist() for _ in range(2))
    coins = rng.integers(2, size=8).tolist()
    clicked = set(rng.choice(items, 5, replace=False).tolist())
    page, team = evaluation.team_draft(old, new, 8, Coins(coins))
    votes = sum(
        2 * side - 1 for item, side in zip(page, team) if item in clicked
    )
    found = answer("interleaving")(old, new, coins, 8, clicked)
    assert found == (page, votes)
